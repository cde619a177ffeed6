"""Every page of an experiment, whatever is in it: accessible in both themes, on a phone, with the API's own numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from launched import until
from playwright.async_api import expect
from serving import Served

from .conftest import NewTab, held, nonsense, there
from .world import HOSTILE, World

pytestmark = pytest.mark.asyncio(loop_scope="module")
TABS = ("", "/results", "/health", "/events", "/history")
EDGE = {"one": range(1), "nobody": range(0)}


@pytest.fixture(scope="module")
def world(litmus: Served) -> Iterator[World]:
    with World(litmus.base_url) as world:
        yield world


@pytest.fixture(scope="module")
def checkout(world: World) -> str:
    """An A/B test whose treatment is better, with a guardrail, a rejected event, a ramp behind it and a story."""
    key = world.create(
        "Checkout wording", start=True, owner="Mara", tags=["checkout"], planned_units=4000,
        hypothesis="“Buy now” reads as a promise, so more people pay.",
        secondary_metrics=[
            {"name": "order_value", "kind": "mean"}, {"name": "refund", "role": "guardrail", "direction": "decrease"}
        ],
    )  # fmt: skip
    world.visit(key, range(3000), {"control": 0.2, "treatment": 0.27}, {"control": 30.0, "treatment": 31.0})
    world.log(key, [{"type": "metric", "unit_id": "unit-1", "metric_name": "order_value", "value": "a lot"}])
    return key


@pytest.fixture(scope="module")
def ideas(world: World) -> str:
    """A bandit that has learned something."""
    names = ("current", "idea A", "idea B", "idea C", "idea D")
    key = world.create(
        "Five ideas", start=True, type="thompson_sampling", variants=[{"name": name} for name in names]
    )
    rates = {"current": 0.2, "idea-a": 0.25, "idea-b": 0.3, "idea-c": 0.35, "idea-d": 0.6}
    for first in range(0, 1200, 400):
        world.visit(key, range(first, first + 400), rates)
        world.exposed(key, first + 400)
    return key


@pytest.fixture(scope="module")
def ended(world: World) -> str:
    key = world.create("Old banner", start=True)
    world.visit(key, range(200), {"control": 0.5, "treatment": 0.5})
    world.post(f"/experiments/{key}/conclude", {"winner": "treatment", "actor": "Mara", "reason": "better"})
    return key


@pytest.fixture(scope="module")
def crowd(world: World) -> str:
    """Fifty variants with hostile names, one of them with a config of 100 kB; forty metrics, and more that nobody declared; a few units."""
    variants = [
        {"key": f"arm-{number}", "name": f"{HOSTILE} {number}", "weight": 0.02, "config": {"number": number}}
        for number in range(50)
    ]
    variants[7]["config"] = {"text": "<b>" * 33_000}
    key = world.create(
        f"{HOSTILE} a name that goes on and on, so that it has to be wrapped somewhere", start=True,
        key="crowd", owner="<i>x</i>", tags=["<b>", "عربي"], hypothesis="<b>bold</b> & שלום", variants=variants,
        secondary_metrics=[{"name": f"metric_with_a_long_name_{number}"} for number in range(39)],
        audience={"any": [{"attribute": "email", "operator": "ends_with", "value": "<script>"}, {"not": {"attribute": "a", "operator": "equals", "value": 1}}]},
    )  # fmt: skip
    world.visit(key, range(300), {"arm-1": 1.0, "arm-2": 0.5})
    undeclared = [f"nobody_declared_{number}" for number in range(8)]
    world.log(
        key,
        [{"type": "metric", "unit_id": "unit-1", "metric_name": name, "value": -1} for name in undeclared],
    )
    return key


@pytest.fixture(scope="module")
def shared(world: World) -> None:
    """An audience with a hostile name, and a layer that two experiments share."""
    where = {"attribute": "country", "operator": "equals", "value": "<b>DE</b>"}
    world.post("/audiences", {"key": "germans", "name": HOSTILE, "condition": where})
    world.post("/layers", {"key": "checkout", "name": HOSTILE})
    for name in ("Upper", "Lower"):
        world.create(f"{name} half", layer={"key": "checkout", "share": 0.5}, start=True)


@pytest.mark.parametrize("tab_of", TABS, ids=lambda tab: tab or "/overview")
async def test_a_test_with_an_effect_is_accessible(checkout: str, tab: NewTab, tab_of: str) -> None:
    page = (await tab()).page
    await there(page, f"/experiments/{checkout}{tab_of}", "Checkout wording")
    await held(page)


@pytest.mark.parametrize("tab_of", ["", "/results"], ids=lambda tab: tab or "/overview")
@pytest.mark.parametrize("which", ["ideas", "ended", "crowd"])
async def test_a_bandit_an_end_and_a_crowd_are_accessible(
    request: pytest.FixtureRequest, tab: NewTab, which: str, tab_of: str
) -> None:
    page = (await tab()).page
    await there(page, f"/experiments/{request.getfixturevalue(which)}{tab_of}")
    await held(page)


@pytest.mark.parametrize("kind", ["ab", "thompson_sampling"])
@pytest.mark.parametrize("units", EDGE)
async def test_nobody_and_one_unit_are_said_in_words(
    world: World, tab: NewTab, kind: str, units: str
) -> None:
    key = world.create(f"{kind} of {units}", start=True, type=kind)
    world.visit(key, EDGE[units], {"control": 1.0, "treatment": 1.0})
    world.exposed(key, len(EDGE[units]))
    page = (await tab()).page
    for path in ("", "/results", "/health"):
        await there(page, f"/experiments/{key}{path}")
        assert await nonsense(page) == []
    await page.goto(f"/experiments/{key}/results")
    await held(page)


@pytest.fixture(scope="module")
def edges(world: World) -> str:
    """A control that earned nothing, so that there is no percentage of it; and three units, of which no interval knows an end."""
    key = world.create(
        "Edges", start=True, primary_metric={"name": "order_value", "kind": "mean", "unit": "EUR"},
        secondary_metrics=[{"name": "purchase", "kind": "conversion"}, {"name": "never"}, {"name": "late", "kind": "quantile", "quantile": 0.9}],
    )  # fmt: skip
    world.visit(key, range(60), {"control": 0.0, "treatment": 1.0}, {"control": 0.0, "treatment": 31.0})
    world.exposed(key, 60)
    return key


@pytest.mark.parametrize("tab_of", ["", "/results", "/health"], ids=lambda tab: tab or "/overview")
async def test_without_a_baseline_and_with_intervals_that_reach_infinity_nothing_is_nonsense(
    world: World, edges: str, tab: NewTab, tab_of: str
) -> None:
    page = (await tab()).page
    await there(page, f"/experiments/{edges}{tab_of}", "Edges")
    await held(page)
    if tab_of == "/results":
        effects = [each for metric in world.report(edges)["metrics"] for each in metric["effects"]]
        assert any(each["lift"]["estimate"] is None for each in effects), "there is a baseline after all"
        await expect(page.get_by_role("table").filter(has_text="Metric and variant").first).to_contain_text(
            "no percentage"
        )


async def test_every_chart_of_the_results_leaves_as_figures_and_those_that_are_drawn_as_a_picture(
    checkout: str, tab: NewTab
) -> None:
    page = (await tab()).page
    await there(page, f"/experiments/{checkout}/results", "Checkout wording")
    figures = page.get_by_role("figure")
    titles = [
        await figures.nth(at).get_by_role("heading").first.inner_text() for at in range(await figures.count())
    ]
    assert "Lift against control" in titles
    for title in titles:
        for kind in ("Figures (CSV)", "Figures (JSON)", "Picture (PNG)"):
            await page.get_by_role("button", name=f"Download {title}", exact=True).click()
            item = page.get_by_role("menuitem", name=kind)
            if kind.startswith("Picture") and title == "What was counted":
                await expect(item).to_have_count(0)
                await page.keyboard.press("Escape")
                continue
            async with page.expect_download() as started:
                await item.click()
            file = await (await started.value).path()
            content = file.read_bytes()
            assert content.startswith({"C": b"", "J": b"["}.get(kind[9], b"\x89PNG")), (title, kind)
            assert len(content) > 40, (title, kind)


async def test_a_verdict_names_what_it_is_about_and_says_times_in_the_readers_zone(
    world: World, tab: NewTab
) -> None:
    key = world.create(
        "Zones", start=True, planned_units=1000,
        variants=[{"key": "a1", "name": "As it is", "weight": 0.5}, {"key": "b2", "name": "Bolder words", "weight": 0.5}],
    )  # fmt: skip
    world.visit(key, range(1000), {"a1": 0.1, "b2": 0.5})
    report = world.exposed(key, 1000)
    assert report["verdict"]["until"] is not None
    page = (await tab(locale="de-DE", timezone_id="Pacific/Auckland")).page
    await there(page, f"/experiments/{key}/results", "Zones")
    verdict = page.get_by_role("region", name="Verdict")
    await expect(verdict).not_to_contain_text("UTC")
    await expect(verdict).to_contain_text("GMT+13")


async def test_a_draft_says_what_will_come(world: World, tab: NewTab) -> None:
    key = world.create("A draft")
    page = (await tab()).page
    await there(page, f"/experiments/{key}/results")
    await expect(page.get_by_text("No results yet")).to_be_visible()
    await there(page, f"/experiments/{key}")
    await held(page)


@pytest.mark.parametrize(
    "path",
    [
        "/metrics-catalogue",
        "/audiences",
        "/audiences/new",
        "/audiences/germans",
        "/layers",
        "/events",
        "/events?show=rejected",
        "/audit",
    ],
)
async def test_what_experiments_share_is_accessible(
    shared: None, checkout: str, tab: NewTab, path: str
) -> None:
    page = (await tab()).page
    await there(page, path)
    await held(page)


async def test_the_numbers_are_those_of_the_api(world: World, checkout: str, tab: NewTab) -> None:
    report = world.exposed(checkout, 3000)
    page = (await tab()).page
    await there(page, f"/experiments/{checkout}")
    totals = page.get_by_role("region", name="Totals")
    await expect(totals).to_contain_text(f"Exposed units{_count(report['exposed_units'])}")
    await expect(totals).to_contain_text(
        f"Purchase{_count(sum(each['conversions'] for each in report['variants']))}"
    )
    variants = page.get_by_role("figure").filter(has=page.get_by_role("heading", name="Variants", exact=True))
    for each in report["variants"]:
        row = variants.get_by_role("listitem").filter(has_text=each["variant_key"])
        await expect(row).to_contain_text(_count(each["exposed_units"]))
        await expect(row).to_contain_text(f"{each['share']:.1%}")
    # the server says times in UTC, the page in the reader's zone; its numbers are the same
    said = report["verdict"]["sentence"].split(" UTC")[-1]
    await expect(page.get_by_role("region", name="Verdict")).to_contain_text(said)

    await there(page, f"/experiments/{checkout}/results")
    for metric in report["metrics"]:
        name = metric["metric"]["name"].replace("_", " ").capitalize()
        effect = metric["effects"][0]
        row = page.get_by_role("row", name=f"treatment, {name}: details")
        await expect(row).to_contain_text(_lift(effect))
        counted = page.get_by_role("table").filter(has_text="Converted units").locator("tbody")
        for variant in metric["variants"]:
            seen = counted.filter(has_text=name).get_by_role("row", name=variant["variant_key"])
            await expect(seen).to_contain_text(_count(variant["conversions"]))


async def test_a_policy_that_decides_by_features_is_shown_against_the_units_that_were_held_back(
    world: World, tab: NewTab
) -> None:
    key = world.create(
        "For each unit", start=True, type="lints", variants=[{"name": "control"}, {"name": "treatment"}],
        features=[{"name": "member", "type": "boolean"}], holdback={"share": 0.5, "to": "control"},
    )  # fmt: skip
    for first in range(0, 1000, 500):
        world.visit(key, range(first, first + 500), {"control": 0.2, "treatment": 0.8})
        world.exposed(key, first + 500)
    found: list[dict[str, Any]] = []

    def told() -> bool:
        found.append(world.report(key)["contextual"])
        brought = found[-1] and found[-1]["holdback"]["brought"]["estimate"]
        return brought is not None and found[-1]["learned_units"] + found[-1]["held_units"] == 1000

    until(told, "the report says what the policy brought")
    page = (await tab()).page
    await there(page, f"/experiments/{key}/results")
    arms = page.get_by_role("figure").filter(has=page.get_by_role("heading", name="Arms", exact=True))
    await expect(arms).to_contain_text("Gained by deciding by features")
    brought = f"{found[-1]['holdback']['brought']['estimate']:.1f}".removesuffix(".0")
    await expect(arms).to_contain_text(f"+{brought} conversions")
    for side in ("learned", "held"):
        await expect(arms).to_contain_text(f"{found[-1][f'{side}_units']} units")
    await held(page)


async def test_a_name_is_text_and_a_long_config_is_folded(crowd: str, tab: NewTab) -> None:
    page = (await tab()).page
    for path in TABS:
        await there(page, f"/experiments/{crowd}{path}")
        assert await page.locator("main img, main script, main b, main i:not([class])").count() == 0
        assert (await page.title()).startswith(HOSTILE)
        assert await nonsense(page) == []
    await page.goto(f"/experiments/{crowd}")
    await page.get_by_role("button", name="Show all 50 variants").click()
    await expect(page.get_by_title(f"{HOSTILE} 49", exact=True).first).to_be_visible()


async def test_a_link_shows_all_that_was_asked_to_be_shown_and_stands_still_where_the_view_stood_still(
    world: World, crowd: str, tab: NewTab
) -> None:
    world.exposed(crowd, 300)
    page = (await tab()).page
    await there(page, f"/experiments/{crowd}")
    await page.get_by_role("button", name="Show all 50 variants").click()
    await expect(page).to_have_url(re.compile(r"\?all=variants$"))
    await page.reload()
    await expect(page.get_by_title(f"{HOSTILE} 49", exact=True).first).to_be_visible()
    await page.get_by_role("button", name="Show fewer").click()
    await expect(page).to_have_url(re.compile(f"/experiments/{crowd}$"))

    await there(page, f"/experiments/{crowd}/results")
    rows = (
        page.get_by_role("table").filter(has_text="Lift and interval").get_by_role("button", name=": details")
    )
    metrics = page.get_by_role("region", name="What was counted").get_by_role(
        "rowheader", name=re.compile("^Metric with")
    )
    few = await rows.count(), await metrics.count()
    await page.get_by_role("button", name=re.compile("^Show all .* rows$")).click()
    await page.get_by_role("button", name=re.compile("^Show all .* metrics$")).click()
    await page.get_by_role("switch", name="Auto-refresh").click()
    await expect(page).to_have_url(
        re.compile(r"\?all=effects,counts&refresh=off$|\?all=effects%2Ccounts&refresh=off$")
    )
    other = (await tab()).page
    await other.goto(page.url)
    await expect(other.get_by_role("switch", name="Auto-refresh")).not_to_be_checked()
    for seen in (page, other):
        await expect(seen.get_by_role("button", name="Show fewer")).to_have_count(2)
        last = seen.get_by_role("region", name="What was counted").get_by_role(
            "rowheader", name="Metric with a long name 38"
        )
        await expect(last).to_be_visible()
    assert await rows.count() > few[0]
    assert await metrics.count() > few[1]
    await other.get_by_role("switch", name="Auto-refresh").click()
    await expect(other).to_have_url(re.compile(r"/results\?all=effects(,|%2C)counts$"))


async def test_an_experiment_that_nobody_knows_is_said_to_be_unknown(litmus: Served, tab: NewTab) -> None:
    opened = await tab()
    await opened.page.goto("/experiments/no-such-thing")
    await expect(
        opened.page.get_by_text("Nothing is called this").or_(opened.page.get_by_text("no-such-thing")).first
    ).to_be_visible()
    await opened.page.get_by_role("link", name="All experiments", exact=True).click()
    await expect(opened.page.get_by_role("heading", name="Experiments", level=1)).to_be_visible()
    opened.forget("404", "/ws/experiments/no-such-thing/")


def _count(number: int) -> str:
    return f"{number:,}"


def _lift(effect: dict[str, Any]) -> str:
    """As the page writes it in British English, or nothing where there is none."""
    lift = effect["lift"]
    if None in (lift["estimate"], lift["lower"], lift["upper"]):
        return ""
    estimate, lower, upper = (f"{lift[end]:+.1%}" for end in ("estimate", "lower", "upper"))
    return f"{estimate}{lower} to {upper}".replace("-", "\N{MINUS SIGN}")
