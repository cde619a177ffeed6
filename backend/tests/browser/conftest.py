"""A real Chromium on a real server. A page that complains on its console, asks another origin or breaks its policy fails its test."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from litmus_server.http.dashboard import built
from playwright.async_api import Browser, ConsoleMessage, Page, Request, async_playwright, expect
from serving import Served, serving

FRONTEND = Path(__file__).parents[3] / "frontend"


def chromium() -> str:
    """The machine's own, or the one that an npm package brought."""
    found = subprocess.run(
        ["node", FRONTEND / "scripts" / "chromium.mjs"], capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr
    return found.stdout.strip()


@pytest.fixture(scope="session")
def litmus() -> Iterator[Served]:
    """One server for all: each test has experiments of its own. What depends on what else is there brings another one."""
    assert built() is not None, "the dashboard is not built: make dashboard"
    with serving() as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=chromium(), args=sandbox)
        yield browser
        await browser.close()


class Tab:
    """A page, and what was wrong with it."""

    def __init__(self, page: Page, origin: str) -> None:
        self.page, self._origin = page, origin
        self.faults: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        page.on("request", self._asked)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.faults.append(f"console: {message.text}")

    def _asked(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https", "ws", "wss"} and parts.netloc != self._origin:
            self.faults.append(f"another origin was asked: {request.url}")

    def forget(self, *expected: str) -> None:
        """Take out the faults that name one of these: what a test breaks on purpose."""
        self.faults[:] = [fault for fault in self.faults if not any(each in fault for each in expected)]


expect.set_options(timeout=20_000)  # the machine may be busy; nothing is measured here
NewTab = Callable[..., Awaitable[Tab]]


@pytest_asyncio.fixture(loop_scope="module")
async def tab(browser: Browser, litmus: Served) -> AsyncIterator[NewTab]:
    """Open one; the options are those of a Playwright context. Faults that a test expects it forgets itself."""
    opened = []

    async def open_(**options: Any) -> Tab:
        chosen = {"locale": "en-GB", "timezone_id": "Europe/Berlin", "reduced_motion": "reduce", **options}
        base_url = chosen.setdefault("base_url", litmus.base_url)
        context = await browser.new_context(**chosen)
        context.set_default_timeout(20_000)
        opened.append(Tab(await context.new_page(), urlsplit(base_url).netloc))
        return opened[-1]

    yield open_
    for each in opened:
        await each.page.context.close()
    assert [fault for each in opened for fault in each.faults] == []


@cache
def _axe() -> str:
    return (FRONTEND / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


_AT_REST = """() => document.getAnimations().every(each => each.playState !== 'running'
  || !each.effect.target.closest('[role=dialog], [role=menu], [data-slot=overlay]'))"""


async def violations(page: Page) -> list[str]:
    """What axe finds once no dialog fades in any more: WCAG 2.2 A and AA, and its best practices."""
    await page.wait_for_function(_AT_REST)
    await page.evaluate(_axe())
    found = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{each['impact']} {each['id']}: {node['target']} {node['failureSummary']}"
        for each in found["violations"]
        for node in each["nodes"]
    ]


async def focus(page: Page, name: str) -> None:
    """With the Tab key, to what has this name; a fault of the page when it cannot be reached so."""
    seen: list[str] = []
    for _ in range(80):
        await page.keyboard.press("Tab")
        at = page.locator(":focus")
        label = (
            await at.get_attribute("aria-label") or (await at.inner_text()).strip()
            if await at.count()
            else ""
        )
        if label == name:
            return
        seen.append(label)
    raise AssertionError(f"{name!r} is not reached by keyboard, only {seen}")


_NONSENSE = """() => {
  const odd = /\\b(NaN|undefined|Infinity)\\b|\\[object /
  const found = []
  for (const element of document.querySelectorAll('body, body *')) {
    if (['SCRIPT', 'STYLE'].includes(element.tagName)) continue
    for (const each of element.attributes) if (odd.test(each.value)) found.push(`${element.tagName} ${each.name}="${each.value}"`)
    for (const each of element.childNodes) if (each.nodeType === Node.TEXT_NODE && odd.test(each.data)) found.push(each.data.trim())
  }
  return found
}"""


async def nonsense(page: Page) -> list[str]:
    """What no number and no drawing may be: NaN and its like, in any text and any attribute."""
    found: list[str] = await page.evaluate(_NONSENSE)
    return found


FIRST_LOAD = 270_000  # bytes of packed script that a first load of any page may bring
_SCRIPTS = """() => performance.getEntriesByType('resource').filter(each => each.name.endsWith('.js'))
  .reduce((sum, each) => sum + each.encodedBodySize, 0)"""


async def weight(page: Page) -> int:
    """Bytes of the script that this page has brought since it was loaded, as they came over the wire."""
    found: int = await page.evaluate(_SCRIPTS)
    return found


async def there(page: Page, path: str, heading: str | re.Pattern[str] | None = None) -> None:
    """Go there, and wait until nothing on the page is still being loaded: with no more script than it may bring."""
    await page.goto(path)
    await expect(page.get_by_role("heading", level=1, name=heading).first).to_be_visible()
    await expect(page.locator("main [aria-busy='true'], main .animate-pulse")).to_have_count(0)
    assert await weight(page) <= FIRST_LOAD


async def held(page: Page) -> None:
    """In both themes and on a phone: nothing that axe finds, nothing that is cut off, no NaN."""
    found = []
    for theme in ("light", "dark"):
        await page.emulate_media(color_scheme="dark" if theme == "dark" else "light", reduced_motion="reduce")
        await expect(page.locator(f"html.{theme}")).to_have_count(1)
        found += [f"{theme}: {each}" for each in await violations(page)]
    wide = page.viewport_size
    await page.set_viewport_size({"width": 375, "height": 800})
    found += [f"phone: {each}" for each in await violations(page)]
    assert found == []
    assert await page.evaluate("document.documentElement.scrollWidth") <= 375
    assert await nonsense(page) == []
    if wide is not None:
        await page.set_viewport_size(wide)
