"""Units that are drawn anew after a while, and decisions that are a unit each: what is drawn, who wins, and what counts for which draw."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from itertools import pairwise
from typing import Any

import pytest
from litmus.decide import bucket
from litmus_server.domain.assignment import parse_assignment_id
from litmus_server.domain.experiment import Experiment
from litmus_server.processes.replay import Language
from litmus_server.services.decisions import Assigned, Request
from litmus_server.store.fold import Fold

from .conftest import Door, opened
from .test_replay import replayed

pytestmark = pytest.mark.database

HOUR = 3600


async def rotating(door: Door, key: str = "ad", **fields: Any) -> Experiment:
    return await door.make(key, **{"sticky": "ttl", "ttl_seconds": HOUR, **fields})


async def age(door: Door, seconds: float) -> None:
    """As if all that is logged had been logged so much earlier."""
    for table in ("assignment set assigned_at = assigned_at", "event set occurred_at = occurred_at"):
        await door.runtime.pool.execute(f"update {table} - make_interval(secs => $1)", seconds)
    await door.runtime.pool.execute("update status_history set at = at - make_interval(secs => $1)", seconds)


def variant_of(experiment: Experiment, stay: str) -> str:
    return experiment.variants[0 if bucket(f"variant:{experiment.salt}", stay) < 500_000 else 1].key


async def test_a_unit_is_drawn_anew_when_its_stay_is_over_and_not_before(
    door: Door, database_url: str
) -> None:
    experiment = await rotating(door)
    first = await door.assign("ad", "u/1")
    assert (first["fresh"], first["reason"], first["unit_id"]) == (True, "assigned", "u/1")
    assert first["variant_key"] == variant_of(experiment, "u/1/1")
    (row,) = await door.fetch("select unit, stay_of, assigned_at from assignment")
    assert (row["unit"], row["stay_of"]) == ("u/1/1", "u/1")
    assert dt.datetime.fromisoformat(first["expires_at"]) == row["assigned_at"] + dt.timedelta(seconds=HOUR)
    assert await door.assign("ad", "u/1") == {**first, "fresh": False, "reason": "stored"}
    await age(door, HOUR - 5)
    async with opened(database_url) as later:
        kept = await later.assign("ad", "u/1")
        assert (kept["fresh"], kept["assignment_id"]) == (False, first["assignment_id"])
        read = await later.get("/api/v1/experiments/ad/assignments/u%2F1")
        assert read.json() == kept
    await age(door, 5)
    async with opened(database_url) as much_later:
        gone = await much_later.get("/api/v1/experiments/ad/assignments/u%2F1")
        assert gone.status_code == 404
        second = await much_later.assign("ad", "u/1")
        assert (second["fresh"], second["reason"]) == (True, "assigned")
        assert second["variant_key"] == variant_of(experiment, "u/1/2")
        assert parse_assignment_id(second["assignment_id"])[1] == "u/1/2"
        assert (await much_later.assign("ad", "u/1"))["assignment_id"] == second["assignment_id"]
    assert len(await door.fetch("select from assignment")) == 2


async def test_two_nodes_at_the_moment_of_expiry_begin_one_stay_and_nobody_goes_back_to_the_one_before(
    door: Door, database_url: str
) -> None:
    experiment = await rotating(door)
    await door.runtime.pool.execute(
        """update configuration set document = document || '{"ttl_seconds": 1}'"""
    )
    seen: list[tuple[float, float, Assigned]] = []

    async def visit(node: Door, number: int, unit: str) -> None:
        """Until it is told of its third stay, however long the machine takes for them."""
        while True:
            began = time.monotonic()
            answer = await node.runtime.decisions.assign(Request("ad", unit, {}), number, None)
            seen.append((began, time.monotonic(), answer))
            if (answer.stay or "").endswith("/3"):
                return
            await asyncio.sleep(0.002)

    async with opened(database_url) as one, opened(database_url) as other, asyncio.timeout(120):
        await asyncio.gather(
            *(visit(node, number, f"u{k}") for k in range(40) for number, node in enumerate((one, other), 1))
        )
    rows = {
        row["unit"]: row
        for row in await door.fetch(
            "select unit, stay_of, variant, door, assigned_at from assignment order by assigned_at"
        )
    }
    for _, _, answer in seen:
        assert answer.stay is not None
        assert answer.variant == rows[answer.stay]["variant"], answer
    assert sum(answer.fresh for _, _, answer in seen) == len(rows)
    # Both asked for every stay; which of them wins is up to the machine.
    assert {row["door"] for row in rows.values()} <= {1, 2}
    for unit in {row["stay_of"] for row in rows.values()}:
        mine = [row for row in rows.values() if row["stay_of"] == unit]
        assert [row["unit"] for row in mine] == [f"{unit}/{k + 1}" for k in range(len(mine))]
        assert all(row["variant"] == int(variant_of(experiment, row["unit"]) == "treatment") for row in mine)
        for before, after in pairwise(mine):
            assert after["assigned_at"] - before["assigned_at"] >= dt.timedelta(seconds=1)
        asked = sorted(
            (began, ended, int((answer.stay or "").rpartition("/")[2]))
            for began, ended, answer in seen
            if answer.unit == unit
        )
        for number in range(2, len(mine) + 1):
            known = min(ended for _, ended, stay in asked if stay >= number)
            assert all(stay >= number for began, _, stay in asked if began > known), unit
        assert len(mine) >= 3


async def test_what_a_unit_does_counts_for_the_stay_in_which_it_did_it(door: Door, database_url: str) -> None:
    experiment = await rotating(door, primary_metric="sale")
    units = [f"u{k}" for k in range(24)]
    drawn = [[variant_of(experiment, f"{unit}/{stay}") for unit in units] for stay in (1, 2)]
    if drawn[0].count("control") == drawn[1].count(
        "control"
    ):  # else it would not be seen if outcomes went to the other draw
        units.remove(
            next(
                unit
                for unit, first, second in zip(units, *drawn, strict=True)
                if unit != "u0" and first != second
            )
        )
    for unit in units:
        await door.assign("ad", unit, log_exposure=True)
    now = dt.datetime.now(dt.UTC)
    await age(door, 3 * HOUR)
    async with opened(database_url) as node:
        for unit in units:
            answer = await node.assign("ad", unit, log_exposure=True)
            assert parse_assignment_id(answer["assignment_id"])[1] == f"{unit}/2"
        sold = {"type": "conversion", "metric_name": "sale", "experiment_id": "ad"}
        outcomes = [
            await node.send(
                {**sold, "event_id": f"{unit}-first", "unit_id": unit, "occurred_at": _at(now, -2.5)},
                {**sold, "event_id": f"{unit}-between", "unit_id": unit, "occurred_at": _at(now, -1)},
                {**sold, "event_id": f"{unit}-second", "unit_id": unit, "value": 2},
                {**sold, "event_id": f"{unit}-ahead", "unit_id": unit, "value": 3, "occurred_at": _at(now, 0.05)},
                {"event_id": f"{unit}-none", "type": "metric", "metric_name": "sale", "unit_id": unit, "value": 4},
                {**sold, "event_id": f"{unit}-other", "unit_id": unit,
                 "variant_key": "control" if variant_of(experiment, f"{unit}/2") == "treatment" else "treatment"},
            )
            for unit in units
        ]  # fmt: skip
        again = await node.send(
            {"event_id": "u0-none", "type": "metric", "metric_name": "sale", "unit_id": "u0", "value": 4}
        )
        assert again[0]["outcome"] == "duplicate"
    for first, between, second, ahead, none, other in outcomes:
        assert {each["outcome"] for each in (first, second, ahead, none)} == {"accepted"}
        assert (between["outcome"], between["reason"]) == ("rejected", "not_in_experiment")
        assert "was over" in between["message"]
        assert other["reason"] == "variant_mismatch"
    fold = Fold()
    async with door.runtime.pool.acquire() as connection:
        while (await fold.fold_once(connection)).batches:
            pass
    found = await door.fetch(
        """select variant, metric, sum(n)::int as n, (sum(s1) / 1000000)::int as total
           from moments where experiment = $1 and span = 0 group by 1, 2 order by 1, 2""",
        experiment.no,
    )
    sale = experiment.metrics[0].id
    expected = []
    for ordinal, key in enumerate(("control", "treatment")):
        first_ones = sum(variant_of(experiment, f"{unit}/1") == key for unit in units)
        second_ones = sum(variant_of(experiment, f"{unit}/2") == key for unit in units)
        assert min(first_ones, second_ones) > 0
        assert first_ones != second_ones
        expected += [
            (ordinal, 0, first_ones + second_ones, 0),
            (ordinal, sale, first_ones + second_ones, first_ones + (2 + 3 + 4) * second_ones),
        ]
    assert [tuple(row) for row in found] == expected


def _at(now: dt.datetime, hours: float) -> str:
    return (now + dt.timedelta(hours=hours)).isoformat()


async def test_all_that_comes_before_the_draw_asks_for_the_unit(door: Door, database_url: str) -> None:
    experiment = await rotating(door, traffic_allocation=0.3, forced={"u0": "treatment"})
    await door.client.put("/api/v1/holdout", json={"share": 0.2})
    units = [f"u{k}" for k in range(40)]
    first = {unit: await door.assign("ad", unit) for unit in units}
    await age(door, HOUR)
    async with opened(database_url) as node:
        second = {unit: await node.assign("ad", unit) for unit in units}
    reasons = {unit: answer["reason"] for unit, answer in first.items()}
    assert set(reasons.values()) == {"forced", "holdout", "traffic", "assigned"}
    assert {unit: answer["reason"] for unit, answer in second.items()} == reasons
    inside = [unit for unit in units if reasons[unit] == "assigned"]
    assert all(bucket(f"traffic:{experiment.salt}", unit) < 300_000 for unit in inside)
    assert all(second[unit]["fresh"] for unit in inside)


@pytest.mark.parametrize("language", list(Language))
async def test_every_stay_is_made_again_in_every_language(
    door: Door, database_url: str, language: Language
) -> None:
    await rotating(door, traffic_allocation=0.6)
    await rotating(door, "bandit", type="thompson_sampling", variants=[{"name": f"v{k}"} for k in range(3)])
    await door.client.put("/api/v1/holdout", json={"share": 0.1})
    await door.make("plain")
    units = ["u/1", "ü", "a/b/c", "/", *(f"u{k}" for k in range(30))]
    requests = [
        {"experiment_id": key, "unit_id": unit} for unit in units for key in ("ad", "bandit", "plain")
    ]
    for _ in range(2):
        async with opened(database_url) as node:
            answer = await node.post("/api/v1/assignments", {"requests": requests})
            assert all("variant_key" in each for each in answer.json()["assignments"])
        await age(door, HOUR)
    tally = await replayed(door, language)
    (stored,) = await door.fetch(
        "select count(*) as n, count(*) filter (where unit like '%/2') as again from assignment"
    )
    assert stored["again"] >= 30
    assert (tally.same, tally.total, tally.shown) == (stored["n"], stored["n"], [])


async def test_an_explanation_shows_the_stay_and_after_it_the_draw_that_would_begin_the_next(
    door: Door, database_url: str
) -> None:
    experiment = await rotating(door)

    async def explained(node: Door) -> dict[str, Any]:
        answer = await node.post("/api/v1/experiments/ad/explain", {"unit_id": "u"})
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        assert body["unit_id"] == "u"
        return body

    assert (await explained(door))["variant_key"] == variant_of(experiment, "u/1")
    await door.assign("ad", "u")
    told = await explained(door)
    assert (told["reason"], told["logged"]["verdict"]) == ("stored", "same")
    await age(door, HOUR)
    told = await explained(door)
    assert (told["reason"], told["logged"]) == ("assigned", None)
    assert told["steps"][-1]["bucket"] == bucket(f"variant:{experiment.salt}", "u/2")
    async with opened(database_url) as node:
        await node.assign("ad", "u", log_exposure=True)
    page = (await door.get("/api/v1/units/u")).json()
    assert [parse_assignment_id(each["assignment_id"])[1] for each in page["assignments"]] == ["u/2", "u/1"]
    assert [each["unit_id"] for each in page["events"]] == ["u/2"]


async def test_a_stay_ends_also_while_nothing_runs_and_paused_decides_before_it(
    door: Door, database_url: str
) -> None:
    await rotating(door)
    first = await door.assign("ad", "u")
    await door.move("ad", "paused")
    assert (await door.assign("ad", "u"))["reason"] == "paused"
    await door.move("ad", "running")
    assert (await door.assign("ad", "u"))["assignment_id"] == first["assignment_id"]
    await door.move("ad", "paused")
    await age(door, HOUR)
    await door.move("ad", "running")
    async with opened(database_url) as node:
        assert (await node.assign("ad", "u"))["fresh"] is True


async def test_a_node_that_has_not_heard_of_a_stop_begins_no_stay(door: Door, database_url: str) -> None:
    await rotating(door)
    async with opened(database_url) as other:
        await door.move("ad", "completed")
        answer = await other.runtime.decisions.assign(Request("ad", "u", {}), 1, None)
    assert (answer.reason, answer.in_experiment) == ("completed", False)
    assert not await door.fetch("select from assignment")


async def test_who_decides_without_the_server_is_told_to_ask_it(door: Door) -> None:
    await rotating(door)
    (entry,) = (await door.get("/api/v1/snapshot")).json()["experiments"]
    assert entry["needs_server"] is True
    assert "ttl_seconds" not in entry


async def test_each_decision_is_a_unit_of_its_own_where_nothing_sticks(door: Door) -> None:
    await door.make("ad", sticky="none", type="thompson_sampling", variants=[{"name": "a"}, {"name": "b"}])
    assert (await door.get("/api/v1/experiments/ad")).json()["unit_type"] == "decision"
    path = "/api/v1/experiments/ad/assign"
    one, other = (await door.post(path, {}), await door.post(path, {}))
    assert one.json()["fresh"]
    assert other.json()["fresh"]
    assert one.json()["unit_id"] != other.json()["unit_id"]
    repeated = [(await door.post(path, {}, headers={"X-Request-Id": "retry-0001"})).json() for _ in range(2)]
    assert [each["fresh"] for each in repeated] == [True, False]
    assert repeated[0]["unit_id"] == repeated[1]["unit_id"]
    many = (await door.post("/api/v1/assignments", {"requests": [{"experiment_id": "ad"}] * 5})).json()
    assert len({each["unit_id"] for each in many["assignments"]}) == 5
    assert all(each["fresh"] for each in many["assignments"])
    named = [await door.assign("ad", "impression-1") for _ in range(2)]
    assert [each["fresh"] for each in named] == [True, False]
    outcome = await door.send(
        {"event_id": "e", "type": "exposure", "experiment_id": "ad", "unit_id": one.json()["unit_id"]}
    )
    assert outcome[0]["outcome"] == "accepted"
    await door.make("plain")
    refused = await door.post("/api/v1/experiments/plain/assign", {})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/unit_id")


@pytest.mark.parametrize(
    ("fields", "pointer", "said"),
    [
        ({"sticky": "soft"}, "/sticky", "soft is not offered"),
        ({"sticky": "always"}, "/sticky", "must be one of forever, ttl, none"),
        ({"sticky": "ttl"}, "/ttl_seconds", "is required where sticky is ttl"),
        ({"sticky": "ttl", "ttl_seconds": 59}, "/ttl_seconds", "from 60"),
        ({"sticky": "ttl", "ttl_seconds": "1h"}, "/ttl_seconds", "must be a whole number"),
        ({"ttl_seconds": 3600}, "/ttl_seconds", "is for sticky ttl, and this is forever"),
        ({"sticky": "none", "unit_type": "user"}, "/sticky", "does not go with units of type user"),
        ({"sticky": "forever", "unit_type": "decision"}, "/sticky", "does not go with units of type decision"),
        ({"sticky": "ttl", "ttl_seconds": 60, "type": "flag"}, "/sticky", "nothing is stored of a flag's units"),
    ],
)  # fmt: skip
async def test_what_cannot_be_meant_is_refused_with_its_place(
    door: Door, fields: dict[str, Any], pointer: str, said: str
) -> None:
    body = {
        "name": "x",
        "variants": [
            {"name": "a", "weight": 0.5, "config": True},
            {"name": "b", "weight": 0.5, "config": False},
        ],
    }
    answer = await door.post("/api/v1/experiments", body | fields)
    assert answer.status_code == 400
    assert [(each["pointer"], said in each["message"]) for each in answer.json()["errors"]] == [
        (pointer, True)
    ]


async def test_a_draft_may_change_what_sticks_and_what_has_started_may_not(door: Door) -> None:
    await door.make("x", status="draft")

    async def patched(**fields: Any) -> tuple[Any, ...]:
        answer = await door.client.patch("/api/v1/experiments/x", json=fields)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        return body["sticky"], body["ttl_seconds"], body["unit_type"]

    assert await patched(sticky="ttl", ttl_seconds=600) == ("ttl", 600, "user")
    assert await patched(unit_type="session") == ("ttl", 600, "session")
    assert await patched(ttl_seconds=900) == ("ttl", 900, "session")
    assert await patched(unit_type="decision") == ("none", None, "decision")
    assert await patched(sticky="forever") == ("forever", None, "user")
    assert await patched(sticky="none") == ("none", None, "decision")
    assert await patched(unit_type="user") == ("forever", None, "user")
    await patched(sticky="ttl", ttl_seconds=600)
    assert (await door.post("/api/v1/experiments/x/clone", {"name": "y"})).status_code == 200
    clone = (await door.get("/api/v1/experiments/y")).json()
    assert (clone["sticky"], clone["ttl_seconds"]) == ("ttl", 600)
    await door.move("x", "running")
    for change in ({"sticky": "forever"}, {"ttl_seconds": 700}, {"sticky": "none"}):
        refused = await door.client.patch("/api/v1/experiments/x", json=change)
        assert refused.status_code == 400, refused.text
        assert "units were assigned under it" in refused.json()["errors"][0]["message"]
