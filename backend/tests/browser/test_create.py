"""Experiments made in the browser: from nothing to a running A/A, the five models of the tutorial, and what is typed while things go wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from five_models import MODELS
from playwright.async_api import Page, expect
from serving import Served

from .conftest import NewTab, held, there, violations
from .world import HOSTILE, World

pytestmark = pytest.mark.asyncio(loop_scope="module")

PRESETS = {
    "Engagement time": "engagement_time",
    "Rating given": "rating_given",
    "Added to watchlist": "add_to_watchlist",
}


@pytest.fixture(scope="module")
def world(litmus: Served) -> Iterator[World]:
    with World(litmus.base_url) as world:
        yield world


async def _required(page: Page) -> int:
    """Fields that are marked as required and have to be filled."""
    marked = page.get_by_role("textbox", name=re.compile(r"\*"))
    return sum([not await marked.nth(at).input_value() for at in range(await marked.count())])


async def _new(page: Page) -> None:
    await there(page, "/experiments/new", "New experiment")


async def _create(page: Page) -> str:
    """The key of the draft that the form makes."""
    await page.get_by_role("button", name="Create draft").click()
    await expect(page).to_have_url(re.compile(r"/experiments/(?!new)[^/]+$"))
    return page.url.rsplit("/", 1)[1]


async def test_an_aa_runs_after_one_field_and_five_interactions(world: World, tab: NewTab) -> None:
    page = (await tab()).page
    await there(page, "/experiments", "Experiments")
    await page.get_by_role("link", name="New experiment").first.click()  # 1
    await page.get_by_role("button", name=re.compile("^A.A check")).click()  # 2
    assert await _required(page) == 1
    await page.get_by_label("Name", exact=False).first.click()  # 3
    await page.keyboard.type("Is all wired up")  # 4
    await page.get_by_role("button", name="Create and start").click()  # 5
    await expect(page.get_by_role("button", name="Stop", exact=True)).to_be_visible()
    found = world.get("/experiments/is-all-wired-up")
    assert (found["status"], found["type"], len(found["variants"])) == ("running", "ab", 2)
    assert found["variants"][0]["config"] == found["variants"][1]["config"]


async def test_the_five_models_of_the_tutorial_are_a_template(world: World, tab: NewTab) -> None:
    page = (await tab()).page
    await there(page, "/experiments/new", "New experiment")
    await page.get_by_role("button", name=re.compile("^Five models")).click()
    await page.get_by_role("textbox", name=re.compile("^Name")).fill("Suggested order again")
    await page.get_by_role("button", name="Create draft").click()
    await expect(page.get_by_role("button", name="Start", exact=True)).to_be_visible()
    found = world.get("/experiments/suggested-order-again")
    assert [each["key"] for each in found["variants"]] == [model.key for model in MODELS]
    assert [each["name"] for each in found["metrics"]] == ["order_accepted", "order_value", "latency_ms"]
    assert found["type"] == "thompson_sampling"


async def test_what_the_server_refuses_is_said_and_nothing_typed_is_lost(world: World, tab: NewTab) -> None:
    world.create("Taken")
    opened = await tab()
    page = opened.page
    await there(page, "/experiments/new", "New experiment")
    name = page.get_by_role("textbox", name=re.compile("^Name"))
    await page.get_by_role("button", name="Create draft").click()
    await expect(name).to_have_attribute("aria-invalid", "true")
    await name.fill("Taken")
    await page.get_by_role("button", name="Create draft").click()
    await expect(
        page.get_by_role("alert").filter(has_text=re.compile("taken|exists|already", re.IGNORECASE)).first
    ).to_be_visible()
    await expect(name).to_have_value("Taken")
    await name.fill(HOSTILE)
    await page.get_by_role("button", name="Create draft").click()
    await expect(page.get_by_role("heading", name=HOSTILE, level=1)).to_be_visible()
    assert (await page.title()).startswith(HOSTILE)
    opened.forget("409", "400", "422")


@pytest.mark.parametrize("template", ["A.B test", "Careful release", "Five models", "Flag"])
async def test_the_form_of_a_new_experiment_is_accessible(litmus: Served, tab: NewTab, template: str) -> None:
    page = (await tab()).page
    await there(page, "/experiments/new", "New experiment")
    await page.get_by_role("button", name=re.compile(f"^{template}")).click()
    await page.get_by_role("button", name="Create draft").click()  # so that its faults are seen too
    await held(page)


async def test_an_edit_is_accessible_and_changes_what_it_says(world: World, tab: NewTab) -> None:
    key = world.create(f"{HOSTILE} to edit", key="to-edit")
    page = (await tab()).page
    await there(page, f"/experiments/{key}/edit")
    await held(page)
    await page.get_by_role("textbox", name="Hypothesis").fill("Better <b>words</b>.")
    await page.get_by_role("button", name=re.compile("^Save")).click()
    await expect(page.get_by_text("Better <b>words</b>.")).to_be_visible()
    assert world.get(f"/experiments/{key}")["hypothesis"] == "Better <b>words</b>."


async def test_the_metric_names_of_the_mission_are_presets(litmus: Served, tab: NewTab) -> None:
    page = (await tab()).page
    await there(page, "/experiments/new", "New experiment")
    for label, name in PRESETS.items():
        await page.get_by_role("button", name="Common metrics").click()
        await page.get_by_role("menuitem", name=label).click()
        await expect(page.get_by_role("textbox", name=re.compile("^Event name")).last).to_have_value(name)


async def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_survives_a_reload_and_a_lost_connection(
    world: World, tab: NewTab
) -> None:
    opened = await tab()
    page = opened.page
    await _new(page)
    await page.get_by_role("button", name="Create draft").click()
    await page.get_by_role("alert").get_by_role("button").first.click()
    name = f"{HOSTILE} שלום, half a form"
    await page.keyboard.type(name)
    await page.get_by_role("button", name="Config of treatment").click()
    config = page.get_by_role("textbox", name="Config of treatment")
    await config.fill('{"steps": }')
    await page.get_by_role("button", name="Create draft").click()
    await expect(page.get_by_role("alert").filter(has_text="line 1, column 11")).to_be_visible()
    await page.reload()
    await expect(page.get_by_label("Name", exact=True)).to_have_value(name)
    await page.get_by_role("button", name="Config of treatment").click()
    await config.fill('{"steps": 2}')
    await page.context.set_offline(True)
    await page.get_by_role("button", name="Create draft").click()
    await expect(page.get_by_role("alert").filter(has_text="What you typed is kept")).to_be_visible()
    await page.context.set_offline(False)
    made = world.get(f"/experiments/{await _create(page)}")
    assert made["name"] == name
    assert made["variants"][1]["config"] == {"steps": 2}
    assert await page.title() != "1"
    opened.forget("ERR_INTERNET_DISCONNECTED")


async def test_metrics_an_audience_and_the_size_are_planned_beside_the_form(
    world: World, tab: NewTab
) -> None:
    page = (await tab()).page
    await _new(page)
    await page.get_by_label("Name", exact=True).fill("planned")
    await page.get_by_role("button", name="Common metrics").click()
    await page.get_by_role("menuitem", name="Order The unit bought").click()
    await page.get_by_role("button", name="Condition", exact=True).click()
    await page.get_by_label("Attribute", exact=True).fill("age")
    await page.get_by_label("Value", exact=True).fill("18")
    await page.get_by_text("Test it with a unit").click()
    await page.get_by_role("button", name="Does it match?").click()
    await expect(page.get_by_text("This unit is eligible")).to_be_visible()
    await page.get_by_label("Converts today").fill("10")
    await page.get_by_label("Least lift worth it").fill("10")
    await page.get_by_role("button", name=re.compile("^Plan .* units$")).click()
    made = world.get(f"/experiments/{await _create(page)}")
    asked = {"baseline_rate": 0.1, "minimum_effect": 0.1}
    assert made["planned_units"] == world.post("/power", asked)["sample_size"]["units"]
    assert made["audience"] == {"all": [{"attribute": "age", "operator": "equals", "value": 18}]}
    assert (made["primary_metric"], made["analysis"]["minimum_effect"]) == ("order", 0.1)


async def test_two_people_who_edit_at_once_see_each_other_and_lose_nothing(world: World, tab: NewTab) -> None:
    world.create("shared")
    opened = await tab()
    page = opened.page
    await page.goto("/experiments/shared/edit")
    await page.get_by_label("Hypothesis").fill("mine")
    world.patch("/experiments/shared", {"owner": "bob", "hypothesis": "his", "actor": "bob"})
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("alert")).to_contain_text("bob changed it meanwhile")
    await page.get_by_role("button", name="Put mine on top").click()
    await page.get_by_role("button", name="Save").click()
    await expect(page).to_have_url(re.compile("/experiments/shared$"))
    now = world.get("/experiments/shared")
    assert (now["hypothesis"], now["owner"]) == ("mine", "bob")
    opened.forget("409")


async def test_an_audience_is_named_changed_and_kept_while_somebody_uses_it(
    world: World, tab: NewTab
) -> None:
    page = (await tab()).page
    await page.goto("/audiences/new")
    await page.get_by_label("Name", exact=True).fill("Grown up")
    await page.get_by_label("Attribute", exact=True).fill("age")
    await page.get_by_label("Comparison").click()
    await page.get_by_role("option", name="is at least").click()
    await page.get_by_label("Value", exact=True).fill("18")
    await page.get_by_role("button", name="Create").click()
    await expect(page).to_have_url(re.compile("/audiences$"))
    assert world.get("/audiences/grown-up")["condition"] == {
        "all": [{"attribute": "age", "operator": "greater_or_equal", "value": 18}]
    }
    world.create("user", audience={"audience": "grown-up"})
    await page.get_by_role("link", name="Grown up").click()
    await expect(page.get_by_role("link", name="user", exact=True)).to_be_visible()
    await expect(page.get_by_role("button", name="Delete")).to_be_disabled()


async def test_how_many_an_audience_means_is_counted_while_it_is_built(world: World, tab: NewTab) -> None:
    page = (await tab()).page
    await _new(page)
    await page.get_by_text(re.compile("Unit, .*holdout")).click()
    await page.get_by_label("Unit", exact=True).fill("parcel")
    await page.get_by_role("button", name="Condition", exact=True).click()
    await page.get_by_label("Attribute", exact=True).fill("country")
    await page.get_by_label("Value", exact=True).fill("DE")
    await expect(page.get_by_text("No traffic yet")).to_be_visible()
    variants = [{"name": "control", "weight": 0.5}, {"name": "b", "weight": 0.5}]
    body = {"name": "parcels", "unit_type": "parcel", "variants": variants}
    world.post("/experiments", body)
    world.post("/experiments/parcels/start", {})
    requests = [
        {"experiment_id": "parcels", "unit_id": f"p{k}", "attributes": {"country": "DE" if k < 3 else "FR"}}
        for k in range(10)
    ]
    world.post("/assignments", {"requests": requests})
    await page.get_by_label("Value", exact=True).fill("FR")
    await expect(page.get_by_text("7 of 10 units match (70.0%)")).to_be_visible()
    await page.get_by_label("Attribute", exact=True).fill("plan")
    await expect(page.get_by_text("How many match cannot be counted")).to_be_visible()
    await expect(page.get_by_text("is not kept with assignments")).to_be_visible()
    assert await violations(page) == []


async def test_several_things_are_varied_at_once_and_what_was_taken_out_comes_back(
    world: World, tab: NewTab
) -> None:
    page = (await tab()).page
    await _new(page)
    await page.get_by_label("Name", exact=True).fill("both at once")
    await page.get_by_role("button", name="Vary several things at once").click()
    for factor, (name, levels) in enumerate((("layout", ("list", "grid")), ("colour", ("grey", "blue")))):
        box = page.get_by_role("group", name=f"Factor {factor + 1}")
        await box.get_by_role("textbox", name=re.compile("^What is varied")).fill(name)
        await box.get_by_role("textbox", name=re.compile("^Level 1")).fill(levels[0])
        await box.get_by_role("textbox", name=re.compile("^Level 2")).fill(levels[1])
        await box.get_by_role("button", name=f"Config of {levels[1]}").click()
        await box.get_by_role("textbox", name=f"Config of {levels[1]}").fill(f'{{"{name}": true}}')
    await expect(page.get_by_role("button", name=re.compile("^Config of .*, "))).to_have_count(4)
    await page.get_by_role("button", name="Remove list, blue").click()
    await page.get_by_role("button", name="Undo: bring back list, blue").click()
    await page.get_by_role("button", name="Remove grid, grey").click()
    await page.get_by_text(re.compile("Unit, .*holdout")).click()
    await page.get_by_role("button", name="Forced unit", exact=True).click()
    await page.get_by_role("textbox", name=re.compile("^User id")).fill("mara")
    await page.get_by_role("textbox", name="Attributes that are kept").fill("plan")
    await page.keyboard.press("Enter")
    assert await violations(page) == []
    made = world.get(f"/experiments/{await _create(page)}")
    assert [each["factors"] for each in made["variants"]] == [
        {"layout": "list", "colour": "grey"}, {"layout": "list", "colour": "blue"}, {"layout": "grid", "colour": "blue"},
    ]  # fmt: skip
    assert [each["config"] for each in made["variants"]] == [
        {},
        {"colour": True},
        {"layout": True, "colour": True},
    ]
    assert (made["forced"], made["dimensions"][-1]) == ({"mara": "list-blue"}, "plan")
    # an edit changes what it says, and brings nothing back
    await page.goto("/experiments/both-at-once/edit")
    await (
        page.get_by_role("group", name="Factor 2")
        .get_by_role("textbox", name=re.compile("^Name"))
        .nth(2)
        .fill("Sky")
    )
    await page.get_by_role("button", name="Save").click()
    await expect(page).to_have_url(re.compile("/experiments/both-at-once$"))
    assert [each["name"] for each in world.get("/experiments/both-at-once")["variants"]] == [
        "list, grey", "list, Sky", "grid, Sky",
    ]  # fmt: skip


async def test_what_only_some_need_of_a_bandit_is_there_and_held_at_its_field(
    world: World, tab: NewTab
) -> None:
    page = (await tab()).page
    await _new(page)
    await page.get_by_role("button", name=re.compile("^Several ideas")).click()
    await page.get_by_label("Name", exact=True).fill("fading")
    await page.get_by_text("By which algorithm").click()
    await page.get_by_text("Change over time, delays, promotion").click()
    await page.get_by_label("Half-life, days").fill("0")
    await page.get_by_label("Known delay, hours").fill("6")
    await page.get_by_role("button", name="Create draft").click()
    await expect(page.get_by_role("alert").filter(has_text="Parameters half life days")).to_be_visible()
    await page.get_by_label("Half-life, days").fill("7")
    await page.get_by_label("Promotion threshold").fill("0.98")
    await page.get_by_role("switch", name="Learned delays").click()
    await page.get_by_role("button", name="Create draft").click()
    await expect(
        page.get_by_text("a delay that is known needs no learning: keep one of both", exact=True)
    ).to_be_visible()
    await page.get_by_label("Known delay, hours").fill("")
    assert await violations(page) == []
    made = world.get(f"/experiments/{await _create(page)}")
    kept = {
        name: made["parameters"][name] for name in ("half_life_days", "learned_delays", "promotion_threshold")
    }
    assert kept == {"half_life_days": 7, "learned_delays": True, "promotion_threshold": 0.98}


async def test_how_it_is_judged_and_what_else_only_some_need_is_typed_sent_and_found_again_in_the_editor(
    world: World, tab: NewTab
) -> None:
    opened = await tab()
    page = opened.page
    await _new(page)
    await page.get_by_label("Name", exact=True).fill("judged")
    await page.get_by_role("button", name="Common metrics").click()
    await page.get_by_role("menuitem", name="Order The unit bought").click()
    await page.get_by_role("button", name="Details of order").click()
    await page.get_by_label("Least lift worth it, %").fill("1.5")
    await page.get_by_text("Level, power and method").click()
    await page.get_by_label("Method", exact=True).click()
    await page.get_by_role("option", name="Group sequential").click()
    await page.get_by_text("Looks, several questions, adjustment, prior").click()
    await page.get_by_role("textbox", name="Planned looks").fill("101")
    for label, choice in (
        ("Looks that come early", "As much"),
        ("Several questions at once", "The share of false alarms"),
        ("Questions that count together", "All metrics and variants"),
        ("Adjusted for what units did before", "ANCOVA"),
    ):
        await page.get_by_role("combobox", name=re.compile(f"^{label}")).click()
        await page.get_by_role("option", name=re.compile(f"^{choice}")).click()
    await page.get_by_label("Around, %").fill("1")
    await page.get_by_label("Give or take, %").fill("2")
    await page.get_by_text(re.compile("Unit, .*holdout")).click()
    await page.get_by_role("switch", name="Public").click()
    await page.get_by_role("button", name="Create draft").click()
    await expect(page.get_by_text("must be a number from 1 to 100", exact=True)).to_be_visible()
    await page.get_by_role("textbox", name="Planned looks").fill("5")
    await page.get_by_role("button", name="Create draft").click()
    # what only the server knows stands at its field, too
    await expect(page.get_by_text(re.compile("^group_sequential plans its looks"))).to_be_visible()
    await page.get_by_label("Planned units").fill("9000")
    assert await violations(page) == []
    key = await _create(page)
    made = world.get(f"/experiments/{key}/definition")
    asked = {
        "method": "group_sequential", "looks": 5, "spending": "pocock", "correction": "benjamini_hochberg", "scope": "experiment",
        "adjustment": "ancova", "prior": {"mean": 0.01, "sd": 0.02},
    }  # fmt: skip
    assert {name: made["analysis"][name] for name in asked} == asked
    assert (made["public"], made["primary_metric"]["minimum_effect"]) == (True, 0.015)

    await page.goto(f"/experiments/{key}/edit")
    await page.get_by_text("Looks, several questions, adjustment, prior").click()
    await expect(page.get_by_role("textbox", name="Planned looks")).to_have_value("5")
    await expect(page.get_by_label("Give or take, %")).to_have_value("2")
    await expect(page.get_by_role("switch", name="Public")).to_be_checked()
    await expect(page.get_by_role("button", name="Save")).to_be_disabled()
    await page.get_by_label("Hypothesis").fill("So it is.")
    await page.get_by_role("button", name="Save").click()
    await expect(page).to_have_url(re.compile("/experiments/judged$"))
    assert world.get(f"/experiments/{key}/definition") == {**made, "hypothesis": "So it is."}
    opened.forget("400", "422")


async def test_a_flag_has_values_of_the_type_that_was_chosen(world: World, tab: NewTab) -> None:
    page = (await tab()).page
    await _new(page)
    await page.get_by_label("Name", exact=True).fill("which banner")
    await page.get_by_role("radio", name=re.compile("^Switch")).check(force=True)
    await expect(page.get_by_text("Every field is right")).to_be_visible()
    await page.get_by_label("Its value is").click()
    await page.get_by_role("option", name="A text").click()
    await page.get_by_role("button", name="Config of treatment").click()
    config = page.get_by_role("textbox", name="Config of treatment")
    await expect(config).to_have_value('"treatment"')
    await config.fill("7")
    await page.get_by_role("button", name="Create draft").click()
    await expect(page.get_by_role("alert").filter(has_text="must be a text in quotes").first).to_be_visible()
    await config.fill('"spring"')
    assert await violations(page) == []
    made = world.get(f"/experiments/{await _create(page)}/definition")
    assert (made["value_type"], [each["config"] for each in made["variants"]]) == (
        "string",
        ["control", "spring"],
    )
