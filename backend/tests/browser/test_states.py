"""What a page is while it cannot show what it is for: an error, a server that is away, nothing there yet. Nobody is left with a blank."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.async_api import Page, Route, expect
from serving import Served, serving

from .conftest import NewTab, Tab, held, there
from .world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")
PAGES = ("list", "one", "results")
_BROKEN = {"title": "Something broke", "detail": "The tables are on fire.", "request_id": "req-4711"}
_ASKED = {"list": r"/api/v1/experiments\?", "one": r"/api/v1/experiments/[^/]+$", "results": r"/report(\?|$)"}


@pytest.fixture(scope="module")
def world(litmus: Served) -> Iterator[World]:
    with World(litmus.base_url) as world:
        yield world


@pytest.fixture(scope="module")
def key(world: World) -> str:
    key = world.create("In trouble", start=True)
    world.visit(key, range(300), {"control": 0.2, "treatment": 0.5})
    world.exposed(key, 300)
    return key


@pytest.fixture(scope="module")
def bare() -> Iterator[str]:
    """A server that nobody has made an experiment on."""
    with serving() as server:
        yield server.base_url


def path(which: str, key: str) -> str:
    one = f"/experiments/{key}"
    return {"list": "/experiments", "one": one, "results": f"{one}/results", "health": f"{one}/health"}[which]


async def without_live(opened: Tab) -> Page:
    """Its page, which has to ask for everything."""
    await opened.page.route_web_socket(re.compile("/ws/"), lambda socket: socket.close())
    return opened.page


async def broken(route: Route) -> None:
    await route.fulfill(status=500, content_type="application/problem+json", json=_BROKEN)


@pytest.mark.parametrize("which", PAGES)
async def test_an_error_is_said_in_the_servers_words_and_can_be_tried_again(
    key: str, tab: NewTab, which: str
) -> None:
    opened = await tab()
    page = await without_live(opened)

    await page.route(re.compile(_ASKED[which]), broken)
    await page.goto(path(which, key))
    alert = page.get_by_role("alert").filter(has_text="The tables are on fire.")
    await expect(alert).to_contain_text("req-4711")
    await held(page)
    await page.unroute_all()
    await alert.get_by_role("button", name="Try again").click()
    await expect(alert).to_be_hidden()
    await expect(page.get_by_text("In trouble").first).to_be_visible()
    await page.close()
    opened.forget("500 (Internal Server Error)")


@pytest.mark.parametrize("which", ["one", "health"])
async def test_a_report_that_cannot_be_read_is_no_endless_loading(key: str, tab: NewTab, which: str) -> None:
    opened = await tab()
    page = await without_live(opened)
    await page.route(re.compile(_ASKED["results"]), broken)
    await page.goto(path(which, key))
    alert = page.get_by_role("alert").filter(has_text="The report cannot be read.")
    await expect(alert).to_be_visible()
    await held(page)
    await page.unroute_all()
    await expect(alert).to_be_hidden()
    await expect(page.locator("main .animate-pulse")).to_have_count(0)
    await page.close()
    opened.forget("500 (Internal Server Error)")


@pytest.mark.parametrize("which", PAGES)
async def test_a_server_that_is_away_from_the_beginning_is_said_to_be(
    key: str, tab: NewTab, which: str
) -> None:
    opened = await tab()
    page = await without_live(opened)
    await page.route(re.compile("/api/v1/"), lambda route: route.abort("connectionrefused"))
    await page.goto(path(which, key))
    await expect(page.get_by_role("alert").filter(has_text="No connection")).to_be_visible()
    await expect(page.get_by_text("we keep trying")).to_be_visible()
    await held(page)
    await page.close()
    opened.forget("ERR_CONNECTION_REFUSED")


@pytest.mark.parametrize("which", PAGES)
async def test_a_page_whose_server_has_gone_away_stays_as_it_was(key: str, tab: NewTab, which: str) -> None:
    opened = await tab()
    page = await without_live(opened)
    await there(page, path(which, key))
    await page.route(re.compile("/api/v1/"), lambda route: route.abort("connectionrefused"))
    await expect(page.get_by_text("we keep trying")).to_be_visible(timeout=40_000)
    await expect(page.get_by_text("In trouble").first).to_be_visible()
    await held(page)
    await page.close()
    opened.forget("ERR_CONNECTION_REFUSED")


@pytest.mark.parametrize("query", ["", "?status=archived", "?q=nothing+like+this"])
async def test_a_list_without_an_experiment_says_what_to_do(bare: str, tab: NewTab, query: str) -> None:
    page = (await tab(base_url=bare)).page
    await there(page, f"/experiments{query}", "Experiments")
    said = {"": "No experiments yet", "?status=archived": "The archive is empty"}
    await expect(page.get_by_text(said.get(query, "No experiments match"))).to_be_visible()
    await held(page)


@pytest.mark.parametrize("which", ["one", "results"])
@pytest.mark.parametrize("started", [False, True], ids=["draft", "started"])
async def test_an_experiment_without_a_unit_says_what_is_missing(
    world: World, tab: NewTab, which: str, started: bool
) -> None:
    key = world.create(f"Nobody {which} {started}", start=started)
    page = (await tab()).page
    await there(page, path(which, key))
    said = "Nobody has been exposed yet" if started else "No results yet" if which == "results" else "Draft"
    await expect(page.get_by_text(said, exact=True).first).to_be_visible()
    await held(page)
