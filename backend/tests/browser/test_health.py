"""What the health page answers when somebody asks: whether an effect depends on other experiments, and whether it lasts."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from collections.abc import Iterator
from math import exp

import pytest
from litmus_server.services.experiments import Experiments
from litmus_server.store.control import Control
from litmus_server.store.database import open_pool
from playwright.async_api import Locator, Page, expect
from serving import Served
from units import START, Unit, keep

from .conftest import NewTab, held, nonsense, there
from .world import Json, World

pytestmark = pytest.mark.asyncio(loop_scope="module")
DAY = dt.timedelta(days=1)
A_WEEK = {"name": "purchase", "kind": "conversion", "window_seconds": 7 * 86_400}


@pytest.fixture(scope="module")
def world(litmus: Served) -> Iterator[World]:
    with World(litmus.base_url) as world:
        yield world


def card(page: Page, title: str) -> Locator:
    return page.get_by_role("figure").filter(has=page.get_by_role("heading", name=title, exact=True))


def variants_of(world: World, keys: list[str], units: list[str]) -> list[dict[str, str]]:
    """Which variant each unit has in each of these experiments, in the order of the units."""
    found: list[dict[str, str]] = []
    for first in range(0, len(units), 100):
        some = units[first : first + 100]
        requests = [{"experiment_id": key, "unit_id": unit} for unit in some for key in keys]
        answers = world.post("/assignments", {"requests": requests})["assignments"]
        by_unit: dict[str, dict[str, str]] = {unit: {} for unit in some}
        for answer in answers:
            by_unit[answer["unit_id"]][answer["experiment_key"]] = answer["variant_key"]
        found += by_unit.values()
    return found


def log(world: World, key: str, events: list[Json]) -> None:
    for first in range(0, len(events), 500):
        world.log(key, events[first : first + 500])


@pytest.fixture(scope="module")
def banner(world: World) -> str:
    """Its treatment helps only where the price shown is the old one: units are in both experiments, each drawn by itself."""
    kind = {"unit_type": "reader"}
    banner, price = (world.create(name, start=True, **kind) for name in ("Banner", "Price shown"))
    units = [f"reader-{number}" for number in range(2400)]
    events: dict[str, list[Json]] = {banner: [], price: []}
    seen: dict[tuple[str, str], int] = {}
    rates = {("treatment", "control"): 0.6, ("treatment", "treatment"): 0.1}
    for unit, has in zip(units, variants_of(world, [banner, price], units), strict=True):
        cell = (has[banner], has[price])
        seen[cell] = seen.get(cell, 0) + 1
        for key in (banner, price):
            events[key].append({"type": "exposure", "unit_id": unit})
        if seen[cell] * 0.6180339887 % 1 < rates.get(cell, 0.3):
            events[banner].append(bought(unit))
    for key in (price, banner):
        log(world, key, events[key])
        world.exposed(key, len(units))
    return banner


def bought(unit: str) -> Json:
    return {"type": "conversion", "unit_id": unit, "metric_name": "purchase"}


@pytest.fixture(scope="module")
def fading(litmus: Served, world: World) -> str:
    """What its treatment adds to a rate of 0.2 wears off within a few days. Units came over two weeks, long ago: their rows are written."""
    key = world.create("Fading", start=True, primary_metric=A_WEEK)
    units = []
    for day in range(14):
        for number in range(200):
            variant = number % 2
            converts = number * 0.6180339887 % 1 < 0.2 + variant * 0.6 * exp(-day / 4)
            values = {"purchase": 1} if converts else {}
            units.append(Unit(f"{day}-{number}", variant, START + day * DAY, values))

    async def write() -> None:
        async with await open_pool(litmus.database_url, size=2) as pool:
            await keep(pool, await Experiments(Control(pool)).get(key), units)

    asyncio.run(write())
    world.exposed(key, len(units))
    return key


@pytest.fixture(scope="module")
def alone(world: World) -> str:
    """Its units are of a type that no other experiment has, and came just now."""
    key = world.create("Alone", start=True, unit_type="hermit", primary_metric=A_WEEK)
    units = [f"hermit-{number}" for number in range(100)]
    variants_of(world, [key], units)
    log(world, key, [{"type": "exposure", "unit_id": unit} for unit in units])
    world.exposed(key, len(units))
    return key


async def choose(page: Page, select: str, option: str) -> None:
    await page.get_by_role("combobox", name=select).click()
    await page.get_by_role("option", name=option, exact=True).click()


async def test_an_effect_that_depends_on_another_experiment_is_said_and_shown_in_figures(
    world: World, banner: str, tab: NewTab
) -> None:
    [other] = world.get(f"/experiments/{banner}/interactions")["others"]
    assert other["finding"] == "depends"
    page = (await tab()).page
    await there(page, f"/experiments/{banner}/health", "Banner")
    shared = card(page, "Other experiments on the same units")
    await expect(shared).not_to_contain_text("Price shown")  # nobody has asked yet
    await shared.get_by_role("button", name="Look at other experiments").click()
    await expect(shared.get_by_role("status")).to_contain_text("the effect depends on 1 other.")
    await expect(shared.get_by_role("link", name="Price shown")).to_have_attribute(
        "href", f"/experiments/{other['experiment_key']}"
    )
    found = shared.get_by_role("listitem").filter(has_text="Price shown")
    await expect(found).to_contain_text("the effect depends on it")
    await expect(found).to_contain_text("2,400 units in both, 100.0% of this one’s")
    await expect(found).to_contain_text(other["sentence"])
    figures = found.get_by_role("button", name="Figures with Price shown")
    await expect(figures).to_have_attribute("aria-expanded", "false")
    await figures.click()
    rows = found.locator("tbody tr")
    await expect(rows).to_have_count(4)
    for row, cell in zip(await rows.all(), other["cells"], strict=True):
        await expect(row).to_contain_text(cell["variant_key"])
        await expect(row).to_contain_text(cell["other_variant_key"])
        await expect(row).to_contain_text(f"{cell['units']:,}")
        await expect(row).to_contain_text(f"{cell['mean']:.2%}")
    await expect(found).to_contain_text("where Price shown has treatment instead of control differs by")
    await held(page)
    await shared.get_by_role("button", name="Look at the other experiments again").click()
    await expect(rows).to_have_count(4)  # what was opened stays open


async def test_an_experiment_whose_units_are_in_no_other_one_is_told_so(alone: str, tab: NewTab) -> None:
    page = (await tab()).page
    await there(page, f"/experiments/{alone}/health", "Alone")
    shared = card(page, "Other experiments on the same units")
    await shared.get_by_role("button", name="Look at other experiments").click()
    await expect(shared).to_contain_text("No other experiment ran beside it")
    await expect(shared.get_by_role("listitem")).to_have_count(0)
    await held(page)


async def test_an_effect_that_wears_off_is_said_without_being_asked_and_drawn_by_cohort_and_by_age(
    world: World, fading: str, tab: NewTab
) -> None:
    found = world.get(f"/experiments/{fading}/cohorts")
    [curve] = found["cohorts"]["curves"]
    assert curve["pattern"] == "novelty"
    page = (await tab()).page
    await there(page, f"/experiments/{fading}/health", "Fading")
    lasting = card(page, "Does the effect last?")
    await expect(lasting).to_contain_text(f"It fades. {curve['sentence']}")
    await expect(lasting.get_by_role("img", name="Effect on Purchase by cohort")).to_be_visible()
    await held(page)
    await lasting.get_by_role("button", name=re.compile("as a table")).click()
    await expect(lasting.get_by_role("table").locator("tbody tr")).to_have_count(len(curve["points"]))
    assert await nonsense(page) == []
    await choose(page, "By cohort or by age", "by age")
    [by_age] = found["ages"]["curves"]
    await expect(lasting).to_contain_text(f"Too early to tell. {by_age['sentence']}")
    await expect(lasting.get_by_role("img")).to_have_count(0)
    await choose(page, "By cohort or by age", "by cohort")
    await choose(page, "Age at which units are compared", "after 1 day")
    sooner = world.get(f"/experiments/{fading}/cohorts?age_days=1")
    assert sooner["age_seconds"] == DAY.total_seconds()
    await expect(lasting).to_contain_text(sooner["cohorts"]["curves"][0]["sentence"])
    await held(page)


async def test_of_units_that_came_just_now_nobody_is_told_whether_the_effect_lasts(
    world: World, alone: str, tab: NewTab
) -> None:
    refused = world.get(f"/experiments/{alone}/cohorts")["cohorts"]["refused"]
    assert refused
    page = (await tab()).page
    await there(page, f"/experiments/{alone}/health", "Alone")
    lasting = card(page, "Does the effect last?")
    await expect(lasting).not_to_contain_text(refused)
    await lasting.get_by_role("button", name="Compare the cohorts").click()
    await expect(lasting).to_contain_text(refused)
    await expect(lasting.get_by_role("img")).to_have_count(0)
    await held(page)
