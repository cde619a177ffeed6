"""Variants that come and go while a bandit runs, and its holdback: over the API, a real database, and in three languages."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import asyncpg
import pytest
from litmus_server.domain.holdback import Holdback, mixed, unmixed
from litmus_server.services.analysis import Analysis
from litmus_server.store.contextual_sums import ContextualStore
from litmus_server.store.reports import ReportStore

from .conftest import Door
from .test_contextual import FEATURES, FIVE, Loop
from .test_replay import LANGUAGES, replayed

pytestmark = pytest.mark.database

THREE = FIVE[:3]


@pytest.fixture
def loop(door: Door, connection: asyncpg.Connection[Any]) -> Loop:
    return Loop(door, connection)


async def change(loop: Loop, key: str, **fields: Any) -> dict[str, Any]:
    answer = await loop.door.client.patch(f"/api/v1/experiments/{key}", json=fields)
    assert answer.status_code == 200, answer.text
    await loop.door.runtime.data._snapshots.refresh()
    found: dict[str, Any] = answer.json()
    return found


async def shares(loop: Loop, key: str) -> list[int]:
    """Those of the newest version."""
    rows = await loop.door.fetch(
        "select p.propensities from policy_head h join policy p using (experiment, version) "
        f"join experiments x on x.no = h.experiment where x.key = '{key}'"
    )
    return list(rows[0][0])


async def learned(loop: Loop, experiment: Any, rates: dict[str, float], count: int) -> list[dict[str, Any]]:
    """So many units arrive and convert, and a version follows."""
    units = await loop.arrive(experiment.key, count)
    lucky = [each for each in units if loop.rng.random() < rates.get(each["variant_key"], 0.1)]
    await loop.convert(experiment.key, lucky)
    await loop.learn(experiment)
    return units


async def report(loop: Loop, experiment: Any) -> dict[str, Any]:
    store = ReportStore(loop.door.runtime.pool)
    assert await Analysis(store, ContextualStore(loop.door.runtime.pool)).report(experiment.no)
    answer = await loop.door.client.get(f"/api/v1/experiments/{experiment.key}/report")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_variant_joins_a_running_bandit_and_nobody_moves(loop: Loop) -> None:
    bandit = await loop.door.make("five", mode="earn", variants=THREE)
    rates = {"arm-2": 0.5, "late": 0.9}
    before = []
    for _ in range(2):
        before += await learned(loop, bandit, rates, 150)
    was = await shares(loop, "five")
    shown = await change(loop, "five", variants=[{"key": "late", "name": "Late", "config": {"n": 4}}])
    late = shown["variants"][-1]
    assert (late["key"], late["ordinal"], late["state"], late["weight"]) == ("late", 3, "active", 0)
    assert late["created_at"] > shown["started_at"]
    now = await shares(loop, "five")
    parts = Holdback(50_000).parts([True] * 4, 0)
    assert sum(now) == 1_000_000
    assert unmixed(now, parts)[3] == pytest.approx(2_000, abs=3)  # its floor, until the learner speaks
    assert [each > 0 for each in was] == [True] * 3
    again = [await loop.door.assign("five", each["unit_id"]) for each in before[:20]]
    assert [each["variant_key"] for each in again] == [each["variant_key"] for each in before[:20]]
    assert not any(each["fresh"] for each in again)
    # As long as nobody knows it, it has at most a tenth, and something.
    await learned(loop, bandit, rates, 150)
    burning = unmixed(await shares(loop, "five"), parts)
    assert 2_000 <= burning[3] <= 102_000
    for _ in range(14):
        await learned(loop, bandit, rates, 250)
    assert unmixed(await shares(loop, "five"), parts)[3] > 500_000
    found = await report(loop, bandit)
    arms = {arm["variant_key"]: arm for arm in found["bandit"]["arms"]}
    # AIPW counts it from its own versions on; the batches before it are not held against it.
    mean = arms["late"]["mean"]
    assert abs(mean["estimate"] - 0.9) < 2 * (
        mean["upper"] - mean["lower"]
    )  # four times as wide as the interval: draws are by chance
    assert found["health"]["sample_ratio"]["mismatch"] is False
    assert found["bandit"]["holdback"]["share"] == 0.05
    assert found["bandit"]["holdback"]["brought"] == found["bandit"]["saved"]  # uniform is an equal split
    assert found["bandit"]["holdback"]["per_unit"]["lower"] > 0
    for language in LANGUAGES:
        tally = await replayed(loop.door, language)
        assert (tally.differs, tally.unknown, tally.forged) == (0, {}, [])
        assert tally.same == 450 + 14 * 250
    audit = (await loop.door.client.get("/api/v1/experiments/five/audit")).json()["entries"]
    assert any("late" in (entry["after"] or {}).get("variants", {}) for entry in audit)


async def test_a_retired_variant_keeps_its_units_and_its_open_rewards_and_gets_no_other(loop: Loop) -> None:
    bandit = await loop.door.make("five", type="thompson_sampling", variants=THREE)
    units = await learned(loop, bandit, {}, 150)
    mine = [each for each in units if each["variant_key"] == "arm-2"]
    assert len(mine) > 20
    shown = await change(loop, "five", variants=[{"key": "arm-2", "state": "retired"}])
    assert [each["state"] for each in shown["variants"]] == ["active", "active", "retired"]
    assert (await shares(loop, "five"))[2] == 0
    assert {each["variant_key"] for each in await loop.arrive("five", 80)} <= {"arm-0", "arm-1"}
    stays = await loop.door.assign("five", mine[0]["unit_id"])
    assert (stays["variant_key"], stays["fresh"], stays["reason"]) == ("arm-2", False, "stored")
    await loop.convert("five", mine)
    await loop.learn(bandit)
    assert (await shares(loop, "five"))[2] == 0  # all of its units converted, and it is gone for ever
    found = await report(loop, bandit)
    assert found["variants"][2]["conversions"] >= len(mine)
    refused = await loop.door.client.patch(
        "/api/v1/experiments/five", json={"variants": [{"key": "arm-2", "state": "active"}]}
    )
    assert refused.status_code == 400
    assert "for ever" in refused.text
    for language in LANGUAGES:
        assert (await replayed(loop.door, language)).differs == 0


@pytest.mark.parametrize("to", ["uniform", "control"])
async def test_the_holdback_is_in_every_propensity_whatever_is_changed(loop: Loop, to: str) -> None:
    held = {"share": 0.2, "to": to}
    bandit = await loop.door.make("five", type="thompson_sampling", variants=THREE, holdback=held)
    rates = {"arm-2": 0.9}
    least = [200_000, 0, 0] if to == "control" else [66_667, 66_666, 66_667]
    assert all(share >= part for share, part in zip(await shares(loop, "five"), least, strict=True))
    for _ in range(4):
        await learned(loop, bandit, rates, 150)
    now = await shares(loop, "five")
    assert now[2] > 700_000
    assert all(share >= part for share, part in zip(now, least, strict=True))
    await change(loop, "five", variants=[{"key": "arm-1", "state": "paused"}])
    paused = await shares(loop, "five")
    assert (paused[1], sum(paused)) == (0, 1_000_000)
    assert paused[0] >= (200_000 if to == "control" else 100_000)
    await change(loop, "five", holdback=None)
    bare = await shares(loop, "five")
    assert mixed(bare, Holdback(200_000).parts([True, False, True], 0))[1] == 0
    assert bare[0] < 50_000
    answer = (await loop.door.client.get("/api/v1/experiments/five")).json()
    assert answer["holdback"] is None
    for language in LANGUAGES:
        assert (await replayed(loop.door, language)).differs == 0


async def test_a_variant_joins_a_contextual_bandit_with_a_tenth_at_most(loop: Loop) -> None:
    bandit = await loop.door.make("some", type="lints", variants=THREE, features=FEATURES)
    for _ in range(2):
        await learned(loop, bandit, {"arm-2": 0.5}, 150)
    await change(loop, "some", variants=[{"key": "late", "name": "Late"}])
    await loop.arrive("some", 20)  # by the shares of the version that the change published
    assert await loop.learn(bandit) is not None
    units = await loop.arrive("some", 120)
    own = [(await loop.door.fetch(f"select context from assignment where unit = '{each['unit_id']}'"))[0][0]["shares"] for each in units]  # fmt: skip
    assert all(sum(each) == 1_000_000 and 0 < each[3] <= 100_000 for each in own)
    assert any(each[3] == 100_000 for each in own)
    assert all(list(accumulate(each)) == sorted(accumulate(each)) for each in own)
    for language in LANGUAGES:
        tally = await replayed(loop.door, language)
        assert (tally.differs, tally.unknown, tally.forged) == (0, {}, [])


async def test_a_request_whose_variants_are_all_paused_gets_control_with_the_reason_and_nothing_is_kept(
    loop: Loop,
) -> None:
    await loop.door.make("five", type="thompson_sampling", variants=THREE)
    await change(
        loop, "five", variants=[{"key": "arm-1", "state": "paused"}, {"key": "arm-2", "state": "retired"}]
    )
    answer = await loop.door.assign("five", "u", eligible=["arm-1", "arm-2"])
    assert (answer["variant_key"], answer["reason"], answer["in_experiment"]) == (
        "arm-0",
        "ineligible",
        False,
    )
    assert (answer["propensity"], answer["fresh"]) == (1, False)
    asked = {"experiment_id": "five", "unit_id": "u", "eligible": ["arm-1"]}
    many = (await loop.door.post("/api/v1/assignments", {"requests": [asked]})).json()["assignments"]
    assert [each["reason"] for each in many] == ["ineligible"]
    assert await loop.door.fetch("select * from assignment") == []
    await change(loop, "five", variants=[{"key": "arm-1", "state": "active"}])
    later = await loop.door.assign("five", "u", eligible=["arm-1", "arm-2"])
    assert (later["variant_key"], later["reason"], later["propensity"]) == ("arm-1", "assigned", 1)
