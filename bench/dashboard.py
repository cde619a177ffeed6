"""The dashboard before somebody's eyes, in a real Chromium: how soon a page is there, how soon an event, and what an hour leaves behind.

A hundred experiments run, and events come in for all of them meanwhile. Needs the build (`make dashboard`).

uv run python bench/dashboard.py [--loads 5] [--events 60] [--minutes 60] [--rate 100] [--folder DIR]
"""

import argparse
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any
from uuid import uuid4

from playwright.sync_api import Browser, Page, sync_playwright
from stage import EXPERIMENTS, HERE, Stage, furnish, show, stage

LOOKED_AT = "bench-0"
PAGES = {
    "list": "/experiments",
    "new": "/experiments/new",
    "overview": f"/experiments/{LOOKED_AT}",
    "results": f"/experiments/{LOOKED_AT}/results",
}
_WAITING = "main [aria-busy='true'], main .animate-pulse"
# Interactive: the heading is there, nothing is being loaded any more, and the page had the time to draw a frame after it.
_WATCH = f"""() => {{
  const look = () => {{
    if (document.querySelector('main h1') && !document.querySelector("{_WAITING}")) {{
      requestAnimationFrame(() => {{ window.interactive = performance.now() }})
    }} else requestAnimationFrame(look)
  }}
  look()
}}"""
_TIMES = """() => ({
  first_paint_ms: Math.round(performance.getEntriesByName('first-contentful-paint')[0].startTime),
  interactive_ms: Math.round(window.interactive),
  script_kb: Math.round(performance.getEntriesByType('resource').filter(each => each.name.endsWith('.js')).reduce((n, each) => n + each.encodedBodySize, 0) / 1000),
})"""


def main() -> None:
    parse = argparse.ArgumentParser(description=__doc__)
    parse.add_argument("--loads", type=int, default=5, help="of each page, of which the median is shown")
    parse.add_argument("--events", type=int, default=60, help="that are waited for on the screen")
    parse.add_argument(
        "--minutes", type=float, default=60, help="of live updates, of which the memory is shown; 0: none"
    )
    parse.add_argument("--rate", type=int, default=100, help="events a second beside it")
    parse.add_argument("--folder", type=Path, default=Path("/var/tmp/litmus-dashboard"))
    given = parse.parse_args()
    with stage(given.folder, ENV="development") as on:
        furnish(on, 100_000)
        _settled(on)
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=_chromium(), args=["--no-sandbox"])
            for name, path in PAGES.items():
                loads = [_load(browser, on.base + path) for _ in range(given.loads)]
                show(f"first load, {name}", {each: median(load[each] for load in loads) for each in loads[0]})
            with _traffic(on, given.rate):
                _answers(on)
                page = browser.new_page()
                _events(on, page, given.events)
                page.close()
                _memory(on, browser, given.minutes)
            browser.close()


def _settled(on: Stage) -> None:
    """A few units in each experiment, all of them counted."""
    on.call("POST", "/api/v1/events", {"events": _visits(range(400))})
    while True:
        listed = on.call("GET", "/api/v1/experiments?status=running&include=summary&limit=200")
        if all(each["exposed_units"] for each in listed["summaries"].values()):
            return
        time.sleep(1)


def _chromium() -> str:
    script = HERE.parent / "frontend" / "scripts" / "chromium.mjs"
    return subprocess.run(["node", script], capture_output=True, text=True, check=True).stdout.strip()


def _load(browser: Browser, url: str) -> dict[str, float]:
    """A page in a browser that has nothing of it yet."""
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script(f"({_WATCH})()")
    page.goto(url)
    _until(
        page, "() => window.interactive > 0 && performance.getEntriesByName('first-contentful-paint').length"
    )
    found: dict[str, float] = page.evaluate(_TIMES)
    context.close()
    return found


def _until(page: Page, holds: str, arg: object = None) -> None:
    """Until this holds, looked at in every frame. (The page's policy forbids Playwright's own way, which needs eval.)"""
    page.evaluate(
        f"""arg => new Promise((done) => {{
          const look = () => (({holds})(arg) ? done() : requestAnimationFrame(look))
          look()
        }})""",
        arg,
    )


def _visits(units: range, experiment: str | None = None) -> list[dict[str, Any]]:
    """Exposures, and every fifth unit converts; of all experiments (units are assigned one each), or of this one."""
    found = []
    for n in units:
        key = experiment or f"bench-{n % EXPERIMENTS}"
        unit = f"{n % 4194304 * 2654435761 % 4294967296:08x}-{n}"
        about = {"experiment_id": key, "unit_id": unit}
        found.append({"event_id": str(uuid4()), "type": "exposure", **about})
        if n % 5 == 0:
            found.append(
                {"event_id": str(uuid4()), "type": "conversion", "metric_name": "conversion", **about}
            )
    return found


@contextmanager
def _traffic(on: Stage, rate: int) -> Iterator[None]:
    """Events for all experiments, as long as one looks."""
    over = threading.Event()

    def send() -> None:
        for first in count(1000, max(1, rate // 4)):
            if over.wait(0.25):
                return
            on.call(
                "POST",
                "/api/v1/events",
                {"events": _visits(range(first % 90_000, first % 90_000 + rate // 4))},
            )

    sender = threading.Thread(target=send)
    sender.start()
    try:
        yield
    finally:
        over.set()
        sender.join()


def _answers(on: Stage, times: int = 300) -> None:
    """What the results page asks for, until it is answered."""
    waits: dict[str, list[float]] = {"report": [], "results": [], "both": []}
    for k in range(times):
        both = 0.0
        for what, query in (("report", ""), ("results", "?metric=conversion")):
            began = time.perf_counter()
            on.call("GET", f"/api/v1/experiments/bench-{k % EXPERIMENTS}/{what}{query}")
            waits[what].append(time.perf_counter() - began)
            both += waits[what][-1]
        waits["both"].append(both)
    show(
        "what the results page asks for",
        {"times": times, **{f"{what}_p95_ms": _p95(each) for what, each in waits.items()}},
    )


def _p95(waits: list[float]) -> float:
    return round(1e3 * sorted(waits)[min(len(waits) - 1, int(len(waits) * 0.95))], 1)


def _events(on: Stage, page: Page, times: int) -> None:
    """From the acknowledgement of an exposure to the total that is seen, and to its row in the stream."""
    variants = [{"name": name, "weight": 0.5} for name in ("control", "treatment")]
    key = f"seen-{int(time.time())}"
    on.call(
        "POST", "/api/v1/experiments", {"name": key, "variants": variants, "primary_metric": "conversion"}
    )
    on.call("POST", f"/api/v1/experiments/{key}/start", {})
    for name, path, seen in (
        (
            "total",
            f"/experiments/{key}",
            "n => document.querySelector('[aria-label=Totals] .num')?.textContent.trim() === String(n)",
        ),
        (
            "row",
            f"/experiments/{key}/events",
            "n => document.querySelector('main').textContent.includes(`visitor-${n}`)",
        ),
    ):
        first = 1 if name == "total" else times + 1
        page.goto(on.base + path)
        page.wait_for_selector("[title='As it happens, over a WebSocket']")
        waits = []
        for n in range(first, first + times):
            unit = f"visitor-{n}"
            on.call("POST", f"/api/v1/experiments/{key}/assign", {"unit_id": unit})
            event = {"event_id": str(uuid4()), "type": "exposure", "experiment_id": key, "unit_id": unit}
            on.call("POST", "/api/v1/events", {"events": [event]})
            began = time.perf_counter()
            _until(page, seen, n)
            waits.append(time.perf_counter() - began)
        show(
            f"event to the screen, {name}",
            {
                "times": times,
                "p50_ms": round(1e3 * median(waits), 1),
                "p95_ms": _p95(waits),
                "max_ms": round(1e3 * max(waits), 1),
            },
        )


def _memory(on: Stage, browser: Browser, minutes: float) -> None:
    """The heaps of two pages after garbage is collected: after five minutes, and since then. Until then what grows is the engine's compiled code."""
    if not minutes:
        return
    heaps = {name: _watched(on, browser, name) for name in ("results", "events")}
    clock = browser.new_page()  # whose waiting lets the driver hand on what pages tell it meanwhile
    for first in range(0, 80_000, 8_000):  # the stream's page keeps 500, and a look brings it 100 of them
        on.call("POST", "/api/v1/events", {"events": _visits(range(first, first + 8_000, EXPERIMENTS))})
        clock.wait_for_timeout(1_500)
    clock.wait_for_timeout(300_000)
    before = {name: heap() for name, heap in heaps.items()}
    looks = max(1, round(minutes / 10))
    for look in range(1, looks + 1):
        clock.wait_for_timeout(60_000 * minutes / looks)
        for name, heap in heaps.items():
            after = heap()
            show(
                f"memory after {minutes / looks * look:g} minutes of live updates, {name}",
                {
                    "before_mb": round(before[name], 2),
                    "after_mb": round(after, 2),
                    "change_percent": round(100 * (after / before[name] - 1), 1),
                },
            )


def _watched(on: Stage, browser: Browser, name: str) -> Callable[[], float]:
    """A page of the experiment that is looked at, in a context (so a heap) of its own; answers what measures it, in MB."""
    page = browser.new_context().new_page()
    page.goto(f"{on.base}/experiments/{LOOKED_AT}/{name}")
    page.wait_for_selector("[title='As it happens, over a WebSocket']" if name == "events" else "main h1")
    session = page.context.new_cdp_session(page)

    def heap() -> float:
        """The least of ten looks: what is just being drawn, on a machine that is busy some megabytes, is not what stays."""
        found = []
        for _ in range(10):
            page.wait_for_timeout(1_000)
            for _ in range(3):
                session.send("HeapProfiler.collectGarbage")
            found.append(session.send("Runtime.getHeapUsage")["usedSize"])
        return float(min(found)) / 1e6

    return heap


if __name__ == "__main__":
    main()
