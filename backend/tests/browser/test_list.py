"""The list of experiments as people use it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from playwright.async_api import expect
from serving import Served, serving

from .conftest import NewTab, focus, violations

pytestmark = pytest.mark.asyncio(loop_scope="module")
HOSTILE = '<img src=x onerror="document.title=1"> مرحبا'


def create(litmus: Served, name: str, *, start: bool = False, **more: Any) -> str:
    variants = [{"name": "control", "weight": 0.5}, {"name": "treatment", "weight": 0.5}]
    body = {"name": name, "variants": variants, "primary_metric": "conversion", **more}
    key: str = (
        httpx2.post(f"{litmus.base_url}/api/v1/experiments", json=body)
        .raise_for_status()
        .json()["experiment_key"]
    )
    if start:
        httpx2.post(f"{litmus.base_url}/api/v1/experiments/{key}/start", json={}).raise_for_status()
    return key


@pytest.fixture(scope="module")
def litmus() -> Iterator[Served]:
    """A server of its own: the list is held to what is in it, and to nothing else."""
    with serving() as server:
        yield server


@pytest.fixture(scope="module")
def experiments(litmus: Served) -> None:
    create(litmus, "Checkout button", start=True, owner="Mara", tags=["checkout"])
    create(litmus, "Search ranker", start=True, owner="Chen")
    create(litmus, HOSTILE)
    create(litmus, "Old banner", owner="Mara")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1440])
async def test_it_is_accessible_and_fits_in_both_themes(
    experiments: None, tab: NewTab, theme: str, width: int
) -> None:
    page = (await tab(color_scheme=theme, viewport={"width": width, "height": 900})).page
    await page.goto("/")
    await expect(page).to_have_url(re.compile("/experiments$"))
    await expect(page.get_by_role("link", name="Checkout button", exact=False).first).to_be_visible()
    assert await violations(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth") <= width


async def test_search_filters_and_order_are_in_the_address(experiments: None, tab: NewTab) -> None:
    page = (await tab()).page
    await page.goto("/experiments")
    rows = page.locator("a[data-row]")
    await expect(rows).to_have_count(4)
    await page.keyboard.press("Control+k")
    await page.keyboard.type("button")
    await expect(rows).to_have_count(1)
    await page.get_by_role("group", name="Status").get_by_role("button", name="Drafts").click()
    await expect(page.get_by_text("No experiments match")).to_be_visible()
    assert "q=button" in page.url
    assert "status=draft" in page.url
    await page.get_by_role("button", name="Show everything").click()
    await expect(rows).to_have_count(4)
    await page.goto("/experiments?owner=Mara&sort=name")
    await expect(rows.locator("bdi")).to_have_text(["Checkout button", "Old banner"])


async def test_a_view_is_kept_in_this_browser(experiments: None, tab: NewTab) -> None:
    page = (await tab()).page
    await page.goto("/experiments?status=running")
    await page.get_by_role("button", name="Views").click()
    await page.get_by_role("menuitem", name="Save this view").click()
    await page.get_by_label("Name").fill("What runs")
    await page.get_by_role("button", name="Save", exact=True).click()
    await page.goto("/experiments")
    await expect(page.locator("a[data-row]")).to_have_count(4)
    await page.get_by_role("button", name="Views").click()
    await page.get_by_role("menuitem", name="What runs").click()
    await expect(page.locator("a[data-row]")).to_have_count(2)
    await expect(page.get_by_role("button", name="What runs")).to_be_visible()


async def test_rows_go_by_arrow_keys_and_open_by_enter(experiments: None, tab: NewTab) -> None:
    page = (await tab()).page
    await page.goto("/experiments?sort=name")
    first = page.locator("a[data-row]").first
    await first.focus()
    await page.keyboard.press("ArrowDown")
    second = page.locator("a[data-row]").nth(1)
    await expect(second).to_be_focused()
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile(r"/experiments/[^/]+$"))


async def test_what_is_selected_is_paused_together_with_a_reason(
    experiments: None, litmus: Served, tab: NewTab
) -> None:
    page = (await tab()).page
    await page.goto("/experiments?status=running")
    await page.get_by_role("checkbox", name="Select all").click()
    await page.get_by_role("toolbar").get_by_role("button", name="Pause").click()
    await page.get_by_label("Reason").fill("a rehearsal")
    await page.get_by_role("dialog").get_by_role("button", name="Pause").click()
    await expect(page.get_by_text("2 experiments paused", exact=True).first).to_be_visible()
    listed = httpx2.get(f"{litmus.base_url}/api/v1/experiments?status=paused").json()
    assert listed["count"] == 2
    trail = httpx2.get(f"{litmus.base_url}/api/v1/experiments/{listed['experiments'][0]['key']}/audit").json()
    assert trail["entries"][0]["reason"] == "a rehearsal"


async def test_a_draft_is_put_away_and_back_again(experiments: None, tab: NewTab) -> None:
    page = (await tab()).page
    await page.goto("/experiments?q=banner")
    await page.get_by_role("button", name="More for Old banner").click()
    await page.get_by_role("menuitem", name="Archive").click()
    await expect(page.get_by_text("No experiments match")).to_be_visible()
    await page.get_by_role("button", name="Undo").click()
    await expect(page.locator("a[data-row]")).to_have_count(1)


@pytest.mark.parametrize("key", ["Enter", "Space", "ArrowDown"])
async def test_the_menu_of_a_row_takes_the_focus_and_gives_it_back_each_time(
    experiments: None, tab: NewTab, key: str
) -> None:
    page = (await tab()).page
    await page.goto("/experiments?sort=name")
    await focus(page, "More for Checkout button")
    more = page.get_by_role("button", name="More for Checkout button")
    for _ in range(2):  # it is made by the first time
        await expect(more).to_have_attribute("aria-haspopup", "menu")
        await expect(more).to_have_attribute("aria-expanded", "false")
        await page.keyboard.press(key)
        await expect(page.get_by_role("menu", name="More for Checkout button")).to_be_visible()
        await expect(page.get_by_role("menuitem", name="Clone")).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("menu")).to_be_hidden()
        await expect(more).to_be_focused()


async def test_a_mark_tells_its_sentence_by_keyboard_and_by_pointer(experiments: None, tab: NewTab) -> None:
    page = (await tab(viewport={"width": 1440, "height": 900})).page
    await page.goto("/experiments?sort=name&q=checkout")
    mark = page.get_by_role("button", name=re.compile("^Health: "))
    said = ((await mark.get_attribute("aria-label")) or "").removeprefix("Health: ")
    sentence = mark.get_by_text(said)
    await mark.focus()
    await expect(sentence).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(sentence).to_be_hidden()
    await expect(mark).to_be_focused()
    await mark.hover()
    await sentence.hover()
    await expect(sentence).to_be_visible()
    assert await violations(page) == []
    await page.get_by_role("heading", level=1).hover()
    await expect(sentence).to_be_hidden()


async def test_a_name_is_text_whatever_is_in_it(experiments: None, tab: NewTab) -> None:
    page = (await tab()).page
    await page.goto("/experiments")
    await expect(page.get_by_text(HOSTILE).first).to_be_visible()
    assert await page.locator("main img, table img").count() == 0
    assert await page.title() == "Experiments · Litmus"


async def test_while_the_server_is_away_what_was_there_stays(experiments: None, tab: NewTab) -> None:
    opened = await tab()
    page = opened.page
    await page.goto("/experiments")
    await expect(page.locator("a[data-row]")).to_have_count(4)
    await page.context.set_offline(True)
    await page.get_by_role("group", name="Status").get_by_role("button", name="Archived").click()
    await expect(page.get_by_text("The server cannot be reached")).to_be_visible()
    await page.get_by_role("group", name="Status").get_by_role("button", name="All").click()
    await expect(page.locator("a[data-row]")).to_have_count(4)
    await page.context.set_offline(False)
    await expect(page.get_by_text("The server cannot be reached")).to_be_hidden()
    opened.faults[:] = [fault for fault in opened.faults if "ERR_INTERNET_DISCONNECTED" not in fault]


async def test_an_unknown_page_says_so(tab: NewTab) -> None:
    opened = await tab()
    page = opened.page
    await page.goto("/no/such/page")
    await expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
    await page.get_by_role("button", name="All experiments").click()
    await expect(page).to_have_url(re.compile("/experiments$"))
    opened.faults[:] = [fault for fault in opened.faults if "Page not found: /no/such/page" not in fault]


@pytest.mark.parametrize("path", ["/static/frontend/index.html", "/static/frontend/login.html"])
async def test_the_printed_addresses_lead_to_the_dashboard(experiments: None, tab: NewTab, path: str) -> None:
    page = (await tab()).page
    await page.goto(path)
    await expect(page.get_by_role("heading", name="Experiments")).to_be_visible()
