"""Without a mouse: each of the flows that people come for, by Tab, arrows, Enter and Escape alone."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.async_api import Page, expect
from serving import Served

from .conftest import NewTab, focus, held, there
from .world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def world(litmus: Served) -> Iterator[World]:
    with World(litmus.base_url) as world:
        yield world


async def press(page: Page, name: str, key: str = "Enter") -> None:
    """Tab to what has this name, and press."""
    await focus(page, name)
    await page.keyboard.press(key)


async def test_from_the_list_an_experiment_is_opened_started_paused_resumed_and_stopped_with_a_reason(
    world: World, tab: NewTab
) -> None:
    key = world.create("Without a mouse")
    page = (await tab()).page
    await there(page, "/experiments", "Experiments")
    await page.keyboard.press("Control+k")
    await page.keyboard.type("without a")
    rows = page.locator("a[data-row]")
    await expect(rows).to_have_count(1)
    await focus(page, "Without a mouse\nwithout-a-mouse")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1, name="Without a mouse")).to_be_visible()

    dialog = page.get_by_role("dialog")
    await press(page, "Start")
    await expect(dialog).to_be_visible()
    await press(page, "Start")
    await expect(dialog).to_be_hidden()
    await press(page, "Pause")
    await expect(dialog).to_be_visible()
    await held(page)
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await expect(page.get_by_role("button", name="Pause")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(dialog).to_be_visible()
    await press(page, "Pause")
    await expect(page.get_by_role("button", name="Resume")).to_be_visible()
    await press(page, "Resume")
    await expect(page.get_by_role("button", name="Pause")).to_be_visible()
    await press(page, "Stop", "Space")
    await expect(dialog).to_be_visible()
    await held(page)
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="Stop", exact=True)).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(dialog).to_be_visible()
    await page.get_by_label("Reason").focus()
    await page.keyboard.type("seen enough")
    await press(page, "Stop experiment")
    await expect(page.locator("header").get_by_text("Completed")).to_be_visible()
    trail = world.get(f"/experiments/{key}/audit")["entries"]
    assert [each["action"] for each in trail][:3] == ["stop", "resume", "pause"]
    assert trail[0]["reason"] == "seen enough"


async def test_an_experiment_is_made_and_started(world: World, tab: NewTab) -> None:
    page = (await tab()).page
    await there(page, "/experiments", "Experiments")
    await press(page, "New experiment")
    await expect(page).to_have_url(re.compile("/experiments/new$"))
    await press(page, "Several ideas\nA bandit moves traffic to what works")
    await page.get_by_role("textbox", name=re.compile("^Name")).focus()
    await page.keyboard.type("Made by keyboard")
    await press(page, "Create and start")
    await expect(page.get_by_role("button", name="Stop", exact=True)).to_be_visible()
    found = world.get("/experiments/made-by-keyboard")
    assert (found["status"], found["type"]) == ("running", "thompson_sampling")


async def test_results_are_chosen_opened_and_left(world: World, tab: NewTab) -> None:
    key = world.create(
        "Results by keyboard", start=True, secondary_metrics=[{"name": "order_value", "kind": "mean"}]
    )
    world.visit(key, range(400), {"control": 0.2, "treatment": 0.5})
    world.exposed(key, 400)
    page = (await tab()).page
    await there(page, f"/experiments/{key}/results", "Results by keyboard")
    await press(page, "Segment")
    await expect(page.get_by_role("option", name="All units")).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_role("option", name="By country")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("segment=country"))
    await expect(page.get_by_role("combobox", name="Segment")).to_be_focused()
    await press(page, "treatment, Purchase: details")
    await expect(page.get_by_text("What to believe")).to_be_visible()
    await press(page, "Why: What to believe")
    await expect(page.get_by_role("dialog").get_by_text("posterior").first).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="Why: What to believe")).to_be_focused()


async def test_the_menu_of_a_small_screen_keeps_the_focus_and_gives_it_back(tab: NewTab) -> None:
    page = (await tab(viewport={"width": 375, "height": 800})).page
    await there(page, "/experiments", "Experiments")
    await press(page, "Open the menu")
    menu = page.get_by_role("dialog", name="Menu")
    await expect(menu).to_be_visible()
    await held(page)
    await page.keyboard.press("Escape")
    await expect(menu).to_be_hidden()
    await expect(page.get_by_role("button", name="Open the menu")).to_be_focused()
    await page.keyboard.press("Enter")
    await focus(page, "Audiences")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1, name="Audiences")).to_be_visible()
    await expect(menu).to_be_hidden()


async def test_the_sidebar_is_narrowed_and_stays_so(tab: NewTab) -> None:
    page = (await tab()).page
    await there(page, "/experiments", "Experiments")
    await press(page, "Narrow the sidebar")
    await expect(page.get_by_role("button", name="Widen the sidebar")).to_be_focused()
    await page.reload()
    await expect(page.get_by_role("button", name="Widen the sidebar")).to_be_visible()
    await held(page)


async def test_the_first_tab_skips_to_the_content(tab: NewTab) -> None:
    page = (await tab()).page
    await there(page, "/experiments", "Experiments")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#main")).to_be_focused()
