"""A bandit before somebody's eyes, from its start to its stop; and what may happen meanwhile: no WebSocket, no server, a wrong clock."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from five_models import MODELS
from launched import home, launched
from playwright.async_api import Locator, Page, expect
from serving import Served

from .conftest import NewTab, nonsense, there
from .world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")
BEST = max(MODELS, key=lambda model: model.rate)


@pytest.fixture(scope="module")
def world(litmus: Served) -> Iterator[World]:
    with World(litmus.base_url) as world:
        yield world


@asynccontextmanager
async def traffic(world: World, key: str) -> AsyncIterator[None]:
    """New units and what they do, as long as one looks: the better models serve them better."""
    ended = asyncio.Event()
    rates = {model.key: model.rate - 0.3 * (model is not BEST) for model in MODELS}

    async def visits() -> None:
        first = 0
        while not ended.is_set():
            await asyncio.to_thread(world.visit, key, range(first, first + 60), rates)
            first += 60
            await asyncio.sleep(0.2)

    running = asyncio.create_task(visits())
    try:
        yield
    finally:
        ended.set()
        await running


def exposed(page: Page) -> Locator:
    """The total that the page shows."""
    return page.get_by_role("region", name="Totals").locator(".num").first


async def grows(page: Page) -> None:
    await expect(exposed(page)).not_to_have_text(await exposed(page).inner_text())


async def test_a_bandit_is_started_seen_to_converge_and_stopped_in_the_browser(
    world: World, tab: NewTab
) -> None:
    variants = [{"key": model.key, "name": model.name, "is_control": model is MODELS[0]} for model in MODELS]
    key = world.create(
        "Suggested order", type="thompson_sampling", primary_metric="purchase", variants=variants
    )
    page = (await tab()).page
    await there(page, f"/experiments/{key}", "Suggested order")
    await page.get_by_role("button", name="Start", exact=True).click()
    await page.get_by_label("Your name").fill("tutorial.user")
    await page.get_by_role("dialog").get_by_role("button", name="Start", exact=True).click()
    await expect(page.get_by_role("button", name="Stop", exact=True)).to_be_visible()

    async with traffic(world, key):
        await grows(page)
        await grows(page)
        await page.get_by_role("link", name="Results", exact=True).first.click()
        await expect(page.get_by_role("switch", name="Auto-refresh")).to_be_checked()
        arms = page.get_by_role("table").filter(has_text="Share of the next decisions")
        first = arms.locator("tbody tr").first
        await expect(first).to_contain_text(BEST.name, timeout=60_000)
        share = first.get_by_role("cell").nth(1)
        await expect(share).to_have_text(re.compile(r"^\s*[6-9]\d\.\d%"), timeout=60_000)
        assert await nonsense(page) == []
        await page.get_by_role("link", name="Overview", exact=True).click()
        await expect(page.get_by_role("region", name="Totals")).to_contain_text(BEST.name)
        await page.get_by_role("button", name="Stop", exact=True).click()
        choices = page.get_by_role("dialog").get_by_role("radio")
        await expect(choices.first).to_be_checked()
        await expect(choices.nth(1)).to_have_accessible_name(re.compile(f"^{BEST.name}"))
        await page.get_by_label("Reason").fill("convergence reached")
        await page.get_by_role("button", name="Stop experiment").click()
        await expect(page.get_by_text("Completed", exact=True).first).to_be_visible()
        await expect(page.get_by_role("button", name="Stop", exact=True)).to_be_hidden()
        await expect(page.get_by_text("“convergence reached”")).to_be_visible()

    assert world.get(f"/experiments/{key}")["status"] == "completed"
    newest = world.get(f"/experiments/{key}/audit")["entries"][0]
    assert (newest["actor"], newest["reason"]) == ("tutorial.user", "convergence reached")


async def test_where_websockets_are_blocked_the_page_asks(world: World, tab: NewTab) -> None:
    key = world.create("Behind a proxy", start=True)
    page = (await tab()).page
    await page.route_web_socket(re.compile("/ws/"), lambda socket: socket.close())
    await there(page, f"/experiments/{key}", "Behind a proxy")
    await expect(page.get_by_title("WebSockets are blocked: the page asks every two seconds")).to_be_visible()
    world.visit(key, range(50), {})
    await expect(exposed(page)).to_have_text("50")
    await page.get_by_role("navigation", name="Experiment").get_by_role("link", name="Events").click()
    await expect(page.get_by_role("cell", name="unit-7", exact=True)).to_be_visible()
    world.visit(key, range(50, 51), {})
    await expect(page.get_by_role("cell", name="unit-50", exact=True)).to_be_visible()


async def test_a_reason_that_was_typed_survives_a_lost_connection(world: World, tab: NewTab) -> None:
    key = world.create("Half filled", start=True)
    opened = await tab()
    page = opened.page
    await there(page, f"/experiments/{key}", "Half filled")
    await page.get_by_role("button", name="Stop", exact=True).click()
    await page.get_by_label("Reason").fill("enough seen")
    await page.context.set_offline(True)
    await page.get_by_role("button", name="Stop experiment").click()
    await expect(page.get_by_role("dialog").get_by_role("alert")).to_be_visible()
    await expect(page.get_by_label("Reason")).to_have_value("enough seen")
    await page.context.set_offline(False)
    await page.get_by_role("button", name="Stop experiment").click()
    await expect(page.get_by_text("Completed", exact=True).first).to_be_visible()
    assert world.get(f"/experiments/{key}/audit")["entries"][0]["reason"] == "enough seen"
    opened.forget("ERR_INTERNET_DISCONNECTED")


@pytest.mark.parametrize("days", [-1, 1])
async def test_a_clock_that_is_a_day_off_changes_nothing(world: World, tab: NewTab, days: int) -> None:
    key = world.create(f"Clock {days}", start=True)
    world.visit(key, range(300), {"control": 0.2, "treatment": 0.6})
    world.exposed(key, 300)
    page = (await tab()).page
    await page.clock.set_system_time(datetime.now(UTC) + timedelta(days=days))
    await there(page, f"/experiments/{key}/results?range=1h", f"Clock {days}")
    await expect(page.get_by_text("300 exposed units").first).to_be_visible()
    await page.get_by_role("button", name=re.compile("lift over time as a table")).click()
    await expect(
        page.get_by_role("region", name=re.compile("lift over time")).locator("tbody tr").first
    ).to_be_visible()
    await there(page, f"/experiments/{key}", f"Clock {days}")
    running = page.get_by_role("complementary").filter(has_text="Running for")
    await expect(running).to_contain_text(re.compile(r"\d+ s\b"))
    await there(page, "/experiments", "Experiments")
    row = page.get_by_role("row").filter(has_text=f"Clock {days}")
    await expect(row).not_to_contain_text(re.compile(r"\d+ [hd] ago|\b(24|23|1) (h|d)\b"))


async def test_the_page_goes_on_when_its_server_comes_back(tab: NewTab) -> None:
    with home() as folder:
        with launched(folder) as server:
            port = server.ready().port
            opened = await tab(base_url=f"http://localhost:{port}")
            page = opened.page
            with World(f"http://localhost:{port}") as world:
                key = world.create("Restarted", start=True)
                world.visit(key, range(40), {})
            await there(page, f"/experiments/{key}", "Restarted")
            await expect(exposed(page)).to_have_text("40")
        await expect(page.get_by_text("The server cannot be reached")).to_be_visible()
        await expect(exposed(page)).to_have_text("40")
        with launched(folder, PORT=str(port)) as server:
            server.ready()
            with World(f"http://localhost:{port}") as world:
                world.visit(key, range(40, 60), {})
            await expect(exposed(page)).to_have_text("60", timeout=40_000)
            await expect(page.get_by_text("The server cannot be reached")).to_be_hidden()
            opened.forget(
                "ERR_CONNECTION_REFUSED", "ERR_EMPTY_RESPONSE", "ERR_CONNECTION_RESET", "WebSocket", "503"
            )
            await page.close()
