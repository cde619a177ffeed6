"""The pages of one experiment as people use them."""

from __future__ import annotations

import re
from uuid import uuid4

import httpx2
import pytest
from playwright.async_api import expect
from serving import Served

from .conftest import NewTab, held

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def wording(litmus: Served) -> str:
    """A running experiment with 60 exposed units, some conversions, and an event that was rejected."""
    with httpx2.Client(base_url=litmus.base_url) as api:
        variants = [
            {"name": "Control", "key": "control", "weight": 0.5},
            {"name": "<b>Buy now</b>", "key": "buy_now", "weight": 0.5},
        ]
        body = {"name": "Wording", "key": "wording", "variants": variants, "primary_metric": "purchase"}
        api.post("/api/v1/experiments", json=body).raise_for_status()
        api.post("/api/v1/experiments/wording/start", json={"reason": "reviewed"}).raise_for_status()
        units = [f"unit-{k}" for k in range(60)]
        requests = [{"experiment_id": "wording", "unit_id": unit} for unit in units]
        api.post("/api/v1/assignments", json={"requests": requests}).raise_for_status()
        events = [event("exposure", unit) for unit in units]
        events += [event("conversion", unit, metric_name="purchase") for unit in units[::3]]
        events += [event("exposure", "a-stranger")]
        answer = api.post("/api/v1/events", json={"events": events}).raise_for_status().json()
        assert (answer["accepted"], answer["rejected"]) == (80, 1)
    return "/experiments/wording"


def event(kind: str, unit: str, **more: str) -> dict[str, str]:
    return {"event_id": str(uuid4()), "type": kind, "experiment_id": "wording", "unit_id": unit, **more}


async def test_an_event_is_on_the_page_while_it_is_open(wording: str, litmus: Served, tab: NewTab) -> None:
    page = (await tab()).page
    await page.goto(f"{wording}/events")
    await expect(page.get_by_text("rejected: its unit is not in the experiment")).to_be_visible()
    httpx2.post(
        f"{litmus.base_url}/api/v1/events", json={"events": [event("exposure", "another-stranger")]}
    ).raise_for_status()
    await expect(page.get_by_text("another-stranger")).to_be_visible()


async def test_a_link_shows_the_same_view(wording: str, tab: NewTab) -> None:
    page = (await tab()).page
    await page.goto(f"{wording}/results")
    await page.get_by_role("combobox", name="Time range").click()
    await page.get_by_role("option", name="Last 24 hours").click()
    await page.get_by_role("tab", name="New units").click()
    await expect(page).to_have_url(re.compile(r"range=24h.*over=units"))
    again = (await tab()).page
    await again.goto(page.url)
    await expect(again.get_by_role("heading", name=re.compile("newly exposed units"))).to_be_visible()
    await expect(again.get_by_role("combobox", name="Time range")).to_contain_text("Last 24 hours")


async def test_results_and_the_sample_ratio_are_told_by_segment(wording: str, tab: NewTab) -> None:
    page = (await tab()).page
    await page.goto(f"{wording}/results")
    await page.get_by_role("combobox", name="Segment").click()
    await page.get_by_role("option", name="By day of first exposure").click()
    await expect(page).to_have_url(re.compile("segment=day"))
    slices = page.get_by_role("figure").filter(has=page.get_by_role("heading", name="Purchase by day"))
    await expect(slices.get_by_role("rowheader").first).to_contain_text("60 units, 100.0% of all")
    await expect(slices.get_by_role("button", name=re.compile("Buy now.*details"))).to_be_visible()
    await expect(slices).to_contain_text("differs by day of first exposure cannot be told yet")
    await page.goto(f"{wording}/health?segment=bucket")
    slices = page.get_by_role("region", name="Sample ratio by slice")
    await expect(slices.get_by_role("rowheader", name=re.compile("Bucket")).first).to_be_visible()
    await expect(page.get_by_text("No slice stands out by itself.")).to_be_visible()


async def test_a_definition_is_taken_away_in_both_notations(wording: str, tab: NewTab) -> None:
    page = (await tab()).page
    await page.goto(wording)
    for notation, begin in {"YAML": "---\nkind: experiment", "JSON": '{\n  "kind": "experiment"'}.items():
        await page.get_by_role("button", name="More actions").click()
        async with page.expect_download() as download:
            await page.get_by_role("menuitem", name=f"Definition ({notation})").click()
        taken = await download.value
        assert taken.suggested_filename == f"wording.definition.{notation.lower()}"
        assert (await taken.path()).read_text(encoding="utf-8").startswith(begin)


async def test_a_chart_is_a_table_and_a_picture_too(wording: str, tab: NewTab) -> None:
    page = (await tab()).page
    await page.goto(wording)
    await page.get_by_role("button", name="Show Exposed units so far as a table").click()
    await expect(page.get_by_role("region", name="Exposed units so far, as a table")).to_contain_text(
        "buy_now"
    )
    await page.get_by_role("button", name="Show Exposed units so far as a chart").click()
    await page.get_by_role("button", name="Download Exposed units so far").click()
    async with page.expect_download() as download:
        await page.get_by_role("menuitem", name="Picture (PNG)").click()
    picture = await (await download.value).path()
    assert picture.read_bytes().startswith(b"\x89PNG")


async def test_pausing_can_be_undone_and_stopping_says_who_and_why(
    wording: str, litmus: Served, tab: NewTab
) -> None:
    page = (await tab()).page
    await page.goto(wording)
    await page.get_by_role("button", name="Pause").press("Enter")
    await page.get_by_role("dialog").get_by_role("button", name="Pause").press("Enter")
    await expect(page.get_by_role("button", name="Resume")).to_be_visible()
    await page.get_by_role("button", name="Undo").press("Enter")
    await page.get_by_role("button", name="Stop", exact=True).press("Enter")
    dialog = page.get_by_role("dialog", name="Stop this experiment?")
    await expect(dialog).to_contain_text("Everybody gets Control")
    await dialog.get_by_label("Reason").fill("convergence reached")
    await dialog.get_by_label("Your name").fill("tutorial.user")
    await dialog.get_by_role("button", name="Stop experiment").press("Enter")
    await expect(page.locator("header").get_by_text("Completed")).to_be_visible()
    entry = httpx2.get(f"{litmus.base_url}/api/v1/experiments/wording/audit?limit=1").json()["entries"][0]
    assert (entry["action"], entry["actor"], entry["reason"]) == (
        "stop",
        "tutorial.user",
        "convergence reached",
    )


async def test_a_unit_is_told_why_it_gets_its_variant(litmus: Served, tab: NewTab) -> None:
    body = {
        "name": "Told",
        "key": "told",
        "variants": [
            {"name": "Control", "key": "control", "weight": 0.5},
            {"name": "<b>Buy now</b>", "key": "buy_now", "weight": 0.5},
        ],
    }
    with httpx2.Client(base_url=f"{litmus.base_url}/api/v1") as api:
        api.post("/experiments", json=body).raise_for_status()
        api.post("/experiments/told/start", json={}).raise_for_status()
        assigned = api.post("/experiments/told/assign", json={"unit_id": "unit-7"}).raise_for_status().json()
        told = api.post("/experiments/told/explain", json={"unit_id": "unit-7"}).raise_for_status().json()
    page = (await tab()).page
    await page.goto("/experiments/told")
    card = page.get_by_role("region", name="Why this variant?")
    await card.get_by_role("textbox", name="Unit to explain").fill("unit-7")
    await card.get_by_role("button", name="Explain").click()
    await expect(card).to_contain_text(
        f"{assigned['variant_name']} for unit-7, drawn with probability 50.00%"
    )
    await expect(card).to_contain_text("Assigned before: it was assigned, and keeps what it got")
    await expect(card).to_contain_text(f"bucket {told['logged']['bucket']:,}")
    await expect(card).to_contain_text("Made again from the archive, it comes out the same.")
    await held(page)


async def test_an_explanation_shows_what_the_audience_found_and_what_is_wrong_with_the_question(
    litmus: Served, tab: NewTab
) -> None:
    body = {
        "name": "Germans",
        "key": "germans",
        "variants": [{"name": "a", "weight": 0.5}, {"name": "b", "weight": 0.5}],
        "audience": {"attribute": "country", "operator": "in", "value": ["DE", "AT"]},
    }
    with httpx2.Client(base_url=f"{litmus.base_url}/api/v1") as api:
        api.post("/experiments", json=body).raise_for_status()
        api.post("/experiments/germans/start", json={}).raise_for_status()
    opened = await tab()
    page = opened.page
    await page.goto("/experiments/germans")
    card = page.get_by_role("region", name="Why this variant?")
    await card.get_by_role("textbox", name="Unit to explain").fill("somebody")
    await card.get_by_text("Attributes").click()
    attributes = card.get_by_role("textbox", name="Attributes of the unit")
    await expect(attributes).to_have_value(re.compile('"country": "DE"'))
    await attributes.fill('{"country": "FR"}')
    await attributes.press("Tab")
    await card.get_by_role("button", name="Explain").click()
    await expect(card).to_contain_text("which is not in the experiment")
    await expect(card).to_contain_text('country is one of ["DE","AT"]: it is "FR"')
    await attributes.fill('{"country": ')
    await expect(card.get_by_role("alert")).to_contain_text("The JSON is not JSON: look at line 1")
    await expect(card.get_by_role("button", name="Explain")).to_be_disabled()
    await attributes.fill('["DE"]')
    await card.get_by_role("button", name="Explain").click()
    await expect(card.get_by_role("alert")).to_contain_text("/attributes")
    opened.forget("400 (Bad Request)")


async def test_an_explanation_shows_what_the_model_expects(litmus: Served, tab: NewTab) -> None:
    body = {
        "name": "By age",
        "key": "by_age",
        "type": "linucb",
        "variants": [{"name": "a", "weight": 0.5}, {"name": "b", "weight": 0.5}],
        "features": [{"name": "age", "type": "number", "low": 0, "high": 100}],
        "primary_metric": "purchase",
    }
    with httpx2.Client(base_url=f"{litmus.base_url}/api/v1") as api:
        api.post("/experiments", json=body).raise_for_status()
        api.post("/experiments/by_age/start", json={}).raise_for_status()
    page = (await tab()).page
    await page.goto("/experiments/by_age")
    card = page.get_by_role("region", name="Why this variant?")
    await card.get_by_role("textbox", name="Unit to explain").fill("somebody")
    await card.get_by_text("Attributes").click()
    await expect(card.get_by_role("textbox", name="Attributes of the unit")).to_have_value(
        re.compile('"age": 0')
    )
    await card.get_by_role("button", name="Explain").click()
    await expect(card).to_contain_text("What the model expects of it now")
    await expect(card).to_contain_text("Nothing was learned yet: all variants have equal shares.")
