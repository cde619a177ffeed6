"""What comes before the draw: forced units, previews, stored assignments, and only then whoever is refused."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
from typing import Any

import pytest
from litmus.decide import bucket
from litmus_server.domain.preview import sign_preview
from litmus_server.services.decisions import Assigned, Request

from .conftest import CAUSE, Door, opened

pytestmark = pytest.mark.database

GERMANS = {"attribute": "country", "operator": "equals", "value": "DE"}
IN, OUT = {"country": "DE"}, {"country": "FR"}


async def asked(door: Door, *units: str, **more: Any) -> list[dict[str, Any]]:
    requests = [{"experiment_id": "checkout", "unit_id": unit, **more} for unit in units]
    answer = await door.post("/api/v1/assignments", {"requests": requests})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["assignments"]
    return found


async def test_a_unit_that_is_in_stays_in_whatever_its_attributes_are_by_now_in_every_process(
    door: Door, database_url: str
) -> None:
    await door.make("checkout", audience=GERMANS)
    units = [f"u{k}" for k in range(50)]
    refused = await asked(door, *units, attributes=OUT)
    assert {each["reason"] for each in refused} == {"audience"}
    async with opened(database_url) as other:
        first = await asked(other, *units[:25], attributes=IN)
        assert all(each["fresh"] for each in first)
    again = await asked(
        door, *units, attributes=OUT
    )  # this process refused them, and never saw them assigned
    assert [each["variant_key"] for each in again[:25]] == [each["variant_key"] for each in first]
    assert {each["reason"] for each in again[:25]} == {"stored"}
    assert {each["reason"] for each in again[25:]} == {"audience"}
    one = await door.assign("checkout", "u3", attributes=OUT, log_exposure=True)
    assert (one["reason"], one["in_experiment"]) == ("stored", True)
    assert len(await door.fetch("select from event where unit = 'u3'")) == 1
    assert len(await door.fetch("select from assignment")) == 25


async def test_others_have_their_turn_while_a_batch_of_slow_texts_is_decided(door: Door) -> None:
    pattern = {"attribute": "x", "operator": "matches", "value": "x.{1,80}yz"}
    made = await door.post(
        "/api/v1/experiments", {"name": "slow", "type": "flag", "audience": {"not": pattern}}
    )  # a flag waits for no database
    assert made.status_code == 200
    await door.move("slow", "running")
    dice = random.Random(20261120)
    texts = ["".join(dice.choices("xy", k=2_048)) for _ in range(100)]
    requests = [Request("slow", f"u{k}", {"x": text}) for k, text in enumerate(texts)]
    batch = asyncio.create_task(door.runtime.decisions.assign_many(requests, 1, None))
    turns = 0
    while not batch.done():
        turns += 1
        await asyncio.sleep(0)
    assert turns > 10
    assert {answer.reason for answer in await batch if isinstance(answer, Assigned)} == {"flag"}


async def test_a_raised_holdout_takes_nobody_out_who_is_in(door: Door, database_url: str) -> None:
    await door.make("checkout")
    units = [f"u{k}" for k in range(100)]
    first = await asked(door, *units[:50])
    answer = await door.client.put("/api/v1/holdout", json={"share": 0.5})
    assert answer.status_code == 200
    salt = answer.json()["salt"]
    async with opened(database_url) as fresh:  # a process that has nobody in its cache
        after = await asked(fresh, *units)
    assert [each["variant_key"] for each in after[:50]] == [each["variant_key"] for each in first]
    assert {each["reason"] for each in after[:50]} == {"stored"}
    for unit, each in zip(units[50:], after[50:], strict=True):
        held = bucket(f"holdout:{salt}", unit) < 500_000
        assert each["reason"] == ("holdout" if held else "assigned")


async def test_many_who_ask_at_once_get_their_own_answers(door: Door) -> None:
    await door.make("checkout", audience=GERMANS)
    units = [f"u{k}" for k in range(300)]
    first = {each["unit_id"]: each for each in await asked(door, *units[::2], attributes=IN)}
    door.runtime.decisions._cache.__init__(10)  # type: ignore[misc]
    answers = await asyncio.gather(*(door.assign("checkout", unit, attributes=OUT) for unit in units))
    for unit, answer in zip(units, answers, strict=True):
        was = first.get(unit)
        assert answer["reason"] == ("audience" if was is None else "stored")
        assert was is None or answer["variant_key"] == was["variant_key"]


async def test_a_forced_unit_gets_its_variant_before_its_assignment_and_nothing_is_logged(door: Door) -> None:
    await door.make("checkout")
    units = [f"u{k}" for k in range(20)]
    before = {each["unit_id"]: each["variant_key"] for each in await asked(door, *units)}
    await door.experiments.edit("checkout", {"forced": dict.fromkeys([*units, "new"], "treatment")}, CAUSE)
    for unit in (*units, "new"):
        answer = await door.assign("checkout", unit, log_exposure=True)
        shown = (answer["variant_key"], answer["reason"], answer["in_experiment"], answer["assignment_id"])
        assert shown == ("treatment", "forced", False, None)
    assert await door.fetch("select from event") == []
    exposure = {"event_id": "1", "type": "exposure", "experiment_id": "checkout", "unit_id": "new"}
    assert (await door.send(exposure))[0]["reason"] == "not_in_experiment"
    await door.experiments.edit("checkout", {"forced": None}, CAUSE)
    after = {each["unit_id"]: each["variant_key"] for each in await asked(door, *units)}
    assert after == before


async def test_a_preview_shows_its_variant_and_logs_nothing(door: Door) -> None:
    experiment = await door.make("checkout", audience=GERMANS)
    page = "https://shop.example/cart?size=3#top"
    for variant in ("control", "treatment"):
        path = "/api/v1/experiments/checkout/previews"
        made = (await door.post(path, {"variant": variant, "expires_in": 600, "page": page})).json()
        assert made["url"] == f"https://shop.example/cart?size=3&litmus_preview={made['token']}#top"
        for more in ({}, {"attributes": IN}, {"log_exposure": True}):
            answer = await door.assign("checkout", "ann", preview=made["token"], **more)
            assert (answer["variant_key"], answer["reason"], answer["in_experiment"]) == (
                variant,
                "forced",
                False,
            )
        (many,) = await asked(door, "ann", preview=made["token"])
        assert (many["variant_key"], many["reason"]) == (variant, "forced")
    assert await door.fetch("select from assignment") == []
    assert await door.fetch("select from event") == []
    await door.move("checkout", "paused")
    paused = await door.assign(str(experiment.id), "ann", preview=made["token"])
    assert (paused["variant_key"], paused["reason"]) == ("control", "paused")


async def test_a_preview_that_is_forged_expired_or_anothers_is_refused_with_the_reason(door: Door) -> None:
    experiment, other = await door.make("checkout"), await door.make("other")
    secret = door.runtime.settings.signing_secret()
    now = dt.datetime.now(dt.UTC)
    soon, past = now + dt.timedelta(minutes=1), now - dt.timedelta(seconds=1)
    for token, said in (
        (sign_preview(secret, str(experiment.id), "treatment", past), "expired"),
        (sign_preview("another secret", str(experiment.id), "treatment", soon), "not made by this server"),
        (sign_preview(secret, str(other.id), "treatment", soon), "for this experiment"),
        (sign_preview(secret, str(experiment.id), "gone", soon), "no more"),
        ("", "not made by this server"),
        ("treatment", "preview"),
        ("é.é", "no preview token"),
    ):
        answer = await door.post("/api/v1/experiments/checkout/assign", {"unit_id": "u", "preview": token})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/preview"), token
        assert said in answer.json()["message"]
        (many,) = await asked(door, "u", preview=token)
        assert many["status"] == 400
    path = "/api/v1/experiments/checkout/previews"
    for body, pointer in (
        ({"variant": "gone"}, "/variant"),
        ({}, "/variant"),
        ({"variant": "control", "expires_in": 59}, "/expires_in"),
        ({"variant": "control", "expires_in": 2_592_001}, "/expires_in"),
        ({"variant": "control", "page": "javascript:alert(1)"}, "/page"),
        ({"variant": "control", "page": "https://["}, "/page"),
        ({"variant": "control", "unit": "u"}, "/unit"),
    ):
        refused = await door.post(path, body)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, pointer)
