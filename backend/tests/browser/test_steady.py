"""Nothing moves under the eyes of somebody who reads: not while numbers come in, and not on a screen that is very wide."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.async_api import Page, expect
from serving import Served

from .conftest import NewTab, there
from .world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")
MOST = 0.1  # what counts as good, of a page's whole life; a page that is read should have less
RATES = {"control": 0.2, "treatment": 0.6}
_WATCH = """() => {
  window.moved = []
  const told = node => (node?.nodeType === Node.TEXT_NODE ? node.parentElement : node)
  const all = entries => entries.filter(each => !each.hadRecentInput).forEach(each => window.moved.push({
    by: each.value,
    what: each.sources.map(source => [told(source.node)?.tagName, told(source.node)?.textContent.trim().slice(0, 60), source.previousRect.y, source.currentRect.y].join(' '))
  }))
  const observer = new PerformanceObserver(list => all(list.getEntries()))
  observer.observe({ type: 'layout-shift', buffered: true })
  window.movements = () => { all(observer.takeRecords()); return window.moved }
}"""
# The most characters in a line of text, and what it begins with.
_LONGEST = r"""() => {
  let longest = [0, '']
  for (const each of document.querySelectorAll('main :is(p, li, dd, figcaption)')) {
    const text = each.innerText.replace(/\s+/g, ' ').trim()
    const lines = Math.max(1, Math.round(each.clientHeight / parseFloat(getComputedStyle(each).lineHeight)))
    if (text.length / lines > longest[0]) longest = [text.length / lines, text]
  }
  return longest
}"""


@pytest.fixture(scope="module")
def world(litmus: Served) -> Iterator[World]:
    with World(litmus.base_url) as world:
        yield world


async def movements(page: Page) -> tuple[float, list[Any]]:
    """How much has moved since the page was loaded, and what."""
    seen: list[Any] = await page.evaluate("window.movements()")
    return sum(each["by"] for each in seen), seen


@pytest.mark.parametrize("units_before", [0, 600])
async def test_numbers_that_come_in_move_nothing(world: World, tab: NewTab, units_before: int) -> None:
    """On the overview and the results, of a test and of a bandit: all at once, for each waits for the numbers most of the time."""
    pages = itertools.product(("ab", "thompson_sampling"), ("", "/results"))
    await asyncio.gather(*(moves_nothing(world, tab, *page, units_before) for page in pages))


async def moves_nothing(world: World, tab: NewTab, kind: str, tab_of: str, units_before: int) -> None:
    key = world.create(f"Steady {kind} {tab_of} {units_before}", start=True, type=kind)
    await asyncio.to_thread(world.visit, key, range(units_before), RATES)
    await asyncio.to_thread(world.exposed, key, units_before)
    page = (await tab(viewport={"width": 1440, "height": 900})).page
    await page.add_init_script(f"({_WATCH})()")
    await there(page, f"/experiments/{key}{tab_of}")
    for first in range(units_before, units_before + 750, 150):
        await asyncio.to_thread(world.visit, key, range(first, first + 150), RATES)
        units = f"{first + 150:,}"
        seen = re.compile(rf"\b{units} (exposures|exposed units)")
        await expect(page.locator("main").get_by_text(seen).first).to_be_visible()
    moved, what = await movements(page)
    assert moved < MOST, (kind, tab_of, what)


@pytest.mark.parametrize(
    "path",
    ["", "/new", "/wide", "/wide/results", "/wide/health", "/wide/events", "/wide/history", "/wide/edit"],
)
async def test_on_a_very_wide_screen_nothing_is_cut_off_and_lines_can_be_read(
    wide: None, tab: NewTab, path: str
) -> None:
    page = (await tab(viewport={"width": 2560, "height": 1300})).page
    await there(page, f"/experiments{path}")
    assert await page.evaluate("document.documentElement.scrollWidth") <= 2560
    characters, line = await page.evaluate(_LONGEST)
    assert characters <= 140, line


@pytest.fixture(scope="module")
def wide(world: World) -> None:
    story = "People read the button as a promise. " * 20
    key = world.create("Wide", key="wide", start=True, hypothesis=story, description=story)
    world.visit(key, range(400), RATES)
    world.exposed(key, 400)
