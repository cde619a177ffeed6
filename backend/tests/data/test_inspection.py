"""Looking at what came in: the events and dead letters of an experiment, one unit, and counts that can be explained."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from decimal import Decimal
from typing import Any
from unittest.mock import ANY
from urllib.parse import quote
from uuid import UUID, uuid4

import msgspec
import pytest
from litmus.decide import compile_entry
from litmus_server.domain.event import storable
from litmus_server.domain.explanation import explained
from litmus_server.domain.inspection import Position, SeenEvent, Side, Stretch, merged, read_cursor
from litmus_server.store import inspection as store
from litmus_server.store.database import connect
from litmus_server.store.fold import Fold

from .conftest import CAUSE, Door

pytestmark = pytest.mark.database

NOW = dt.datetime.now(dt.UTC)


def exposure(experiment: str, unit: str, **more: Any) -> dict[str, Any]:
    return {
        "event_id": str(uuid4()),
        "type": "exposure",
        "experiment_id": experiment,
        "unit_id": unit,
        **more,
    }


def metric(
    experiment: str | None, unit: str, name: str = "spend", value: float = 1, **more: Any
) -> dict[str, Any]:
    named = {} if experiment is None else {"experiment_id": experiment}
    return {
        "event_id": str(uuid4()), "type": "metric", "unit_id": unit, "metric_name": name, "value": value, **named, **more,
    }  # fmt: skip


async def read(door: Door, experiment: str, **query: Any) -> dict[str, Any]:
    answer = await door.get(f"/api/v1/experiments/{experiment}/events", params=query)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def walked(door: Door, path: str, list_name: str = "events", **query: Any) -> list[dict[str, Any]]:
    """All pages, one after the other."""
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    for _ in range(1000):
        answer = await door.get(path, params={**query, **cursor})
        assert answer.status_code == 200, answer.text
        body = answer.json()
        found += body[list_name]
        if body["next_cursor"] is None:
            return found
        cursor = {"cursor": body["next_cursor"]}
    raise AssertionError("the pages do not end")


async def fold(door: Door) -> None:
    connection = await connect(door.database_url)
    while (await Fold().fold_once(connection)).batches:
        pass
    await connection.close()


async def test_an_event_is_shown_with_all_that_was_sent_and_what_it_became(door: Door) -> None:
    made = await door.make("shop")
    variant = (await door.assign("shop", "u"))["variant_key"]
    sent = metric(
        "shop", "u", "spend", 19.9, occurred_at=NOW.isoformat(), metadata={"order": 12345678901234567890, "price": 1.10}
    )  # fmt: skip
    await door.send(sent)
    (event,) = (await read(door, "shop"))["events"]
    received_at = dt.datetime.fromisoformat(event.pop("received_at"))
    occurred_at = dt.datetime.fromisoformat(event.pop("occurred_at"))
    assert abs((received_at - dt.datetime.now(dt.UTC)).total_seconds()) < 60
    assert abs((occurred_at - NOW).total_seconds()) < 5
    assert event == {
        "outcome": "accepted", "event_id": sent["event_id"], "type": "metric", "experiment_id": str(made.id),
        "experiment_key": "shop", "unit_id": "u", "unit_type": None, "variant_key": variant, "metric_name": "spend",
        "value": 19.9, "door": "canonical", "metadata": sent["metadata"], "reason": None, "message": None, "body": None,
    }  # fmt: skip


async def test_a_value_is_shown_to_its_last_digit(door: Door) -> None:
    await door.make("shop")
    await door.assign("shop", "u")
    events = [{**metric("shop", "u"), "value": "@"} for _ in range(3)]
    values = ["999999999999.000001", "-0.000001", "1000000"]
    body = msgspec.json.encode({"events": events}).decode()
    for value in values:
        body = body.replace('"@"', value, 1)
    assert (await door.post("/api/v1/events", body)).json()["accepted"] == 3
    answer = await door.get("/api/v1/experiments/shop/events")
    shown = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal).decode(answer.content)["events"]
    assert {Decimal(each["value"]) for each in shown} == {Decimal(value) for value in values}


async def test_a_rejected_event_is_shown_with_its_reason_and_its_body(door: Door) -> None:
    await door.make("shop")
    sent = metric("shop", "stranger", "spend", 2.5, variant_key="control", metadata={"a": 1})
    await door.send(sent)
    (event,) = (await read(door, "shop"))["events"]
    assert event["outcome"] == "rejected"
    assert event["reason"] == "not_in_experiment"
    assert "assign it first" in event["message"]
    body = msgspec.json.decode(event["body"])
    assert {name: body[name] for name in sent if name != "value"} == {
        name: value for name, value in sent.items() if name != "value"
    }
    told = ("type", "unit_id", "variant_key", "metric_name", "value", "metadata", "event_id")
    assert {name: event[name] for name in told} == {name: sent[name] for name in told}


async def test_pages_hold_every_event_once_newest_first_and_are_not_moved_by_new_ones(door: Door) -> None:
    await door.make("shop")
    for k in range(3):
        await door.assign("shop", f"u{k}")
    sent = []
    for _ in range(6):
        batch = [metric("shop", f"u{k % 4}") for k in range(9)]  # u3 is a stranger
        await door.send(*batch)
        sent += batch
    first = await read(door, "shop", limit=7)
    await door.send(*(metric("shop", "u0") for _ in range(5)))
    rest = await walked(door, "/api/v1/experiments/shop/events", limit=7, cursor=first["next_cursor"])
    found = first["events"] + rest
    assert Counter(each["event_id"] for each in found) == Counter(each["event_id"] for each in sent)
    times = [each["received_at"] for each in found]
    assert times == sorted(times, reverse=True)
    assert {each["outcome"] for each in found} == {"accepted", "rejected"}


FILTERS: list[dict[str, Any]] = [
    {}, {"outcome": "accepted"}, {"outcome": "rejected"}, {"type": "exposure"}, {"type": "metric"}, {"type": "conversion"},
    {"metric": "spend"}, {"metric": "conversion"}, {"metric": "never"}, {"variant": "control"}, {"unit": "b/ä"},
    {"unit": "nobody"}, {"reason": "not_in_experiment"}, {"reason": "value", "unit": "a"},
    {"outcome": "accepted", "type": "metric", "metric": "spend", "variant": "treatment"},
    {"outcome": "rejected", "metric": "spend"}, {"unit": "a", "type": "metric"},
]  # fmt: skip


async def test_filters_choose_exactly_the_events_that_they_mean(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Judged by the list without filters; with stretches so short that every search has to go on."""
    monkeypatch.setattr(store, "_CHUNK", 2)
    monkeypatch.setattr(store, "_LETTERS", 2)
    monkeypatch.setattr(store, "BUDGET", 0.0)
    await door.make("shop")
    for unit in ("a", "b/ä"):
        await door.assign("shop", unit)
    for unit in ("a", "b/ä", "stranger"):
        await door.send(
            exposure("shop", unit), metric("shop", unit), metric("shop", unit, "clicks"),
            {**metric("shop", unit), "type": "conversion", "metric_name": None}, metric("shop", unit, value=1e13),
            {**metric("shop", unit), "type": "reward"},
        )  # fmt: skip
    path = "/api/v1/experiments/shop/events"
    everything = await walked(door, path, limit=3)
    assert len(everything) == 18
    fields = {"metric": "metric_name", "variant": "variant_key", "unit": "unit_id"}
    for query in FILTERS:
        found = await walked(door, path, limit=3, **query)
        meant = [
            each
            for each in everything
            if all(
                ("metric" if each["type"] == "reward" and name == "type" else each[fields.get(name, name)])
                == wanted
                for name, wanted in query.items()
            )
        ]
        assert found == meant, query
    assert any(each["type"] == "reward" for each in everything)


async def test_since_and_until_bound_the_time_of_receipt(door: Door) -> None:
    await door.make("shop")
    await door.assign("shop", "u")
    for _ in range(4):
        await door.send(metric("shop", "u"), metric("shop", "stranger"))
    times = sorted({each["received_at"] for each in await walked(door, "/api/v1/experiments/shop/events")})
    found = await walked(door, "/api/v1/experiments/shop/events", since=times[2], until=times[5])
    assert sorted({each["received_at"] for each in found}) == times[2:5]


MEANINGLESS: list[tuple[dict[str, Any], str]] = [
    ({"outcome": "duplicate"}, "outcome"), ({"type": "view"}, "type"), ({"limit": 0}, "limit"), ({"limit": 201}, "limit"),
    ({"cursor": "abc"}, "cursor"), ({"since": "17"}, "since"), ({"reason": "odd"}, "reason"),
    ({"outcome": "accepted", "reason": "clock"}, "reason"), ({"since": "2026-02-01", "until": "2026-01-01"}, "since"),
    ({"metric": "a\0"}, "metric"), ({"unit": "a\0"}, "unit"), ({"variant": "nobody"}, "variant"), ({"named": "maybe"}, "named"),
]  # fmt: skip


async def test_a_query_that_means_nothing_is_told_where(door: Door) -> None:
    await door.make("shop")
    for query, name in MEANINGLESS:
        answer = await door.get("/api/v1/experiments/shop/events", params=query)
        assert answer.status_code == 400, answer.text
        assert f"/query/{name}" in [fault["pointer"] for fault in answer.json()["errors"]], answer.text


async def test_an_unknown_experiment_has_no_events(door: Door) -> None:
    answer = await door.get("/api/v1/experiments/nobody/events")
    assert (answer.status_code, answer.json()["error"]) == (404, "Experiment not found")
    answer = await door.get("/api/v1/dead-letters?experiment=nobody")
    assert answer.status_code == 400
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/query/experiment"]


async def test_events_that_name_no_experiment_are_shown_where_they_count(door: Door) -> None:
    """Exactly those that the fold counts: after the exposure, of the experiment's type of unit."""
    metrics: dict[str, Any] = {"primary_metric": {"name": "spend", "kind": "mean"}}
    for name, unit_type in (("one", "user"), ("two", "user"), ("sessions", "session")):
        await door.make(name, unit_type=unit_type, **metrics)
        await door.assign(name, "u")
        await door.assign(name, "v")
    await door.send(metric(None, "u", value=1))  # before any exposure
    await door.send(exposure("one", "u"), exposure("sessions", "u"), exposure("two", "v"))
    late = [
        metric(None, "u", value=2),
        metric(None, "u", value=4, unit_type="user"),
        metric(None, "v", value=8),
    ]
    await door.send(*late, metric(None, "u", value=16, unit_type="session"), metric("one", "u", value=32))
    await fold(door)
    for name in ("one", "two", "sessions"):
        unnamed = await walked(door, f"/api/v1/experiments/{name}/events", named="false", limit=1)
        named = await walked(door, f"/api/v1/experiments/{name}/events", type="metric")
        assert all(each["experiment_id"] is None for each in unnamed)
        assert {each["variant_key"] for each in unnamed} <= {"control", "treatment"}
        counted = (await door.get(f"/api/v1/experiments/{name}/metrics")).json()["variant_metrics"].values()
        total = sum(each["conversions"]["spend"]["sum"] for each in counted if each["conversions"])
        assert (
            total
            == sum(each["value"] for each in unnamed + named)
            == {"one": 38, "two": 8, "sessions": 16}[name]
        )
    of_unit = await walked(door, "/api/v1/experiments/one/events", named="false", unit="u")
    assert sorted(each["value"] for each in of_unit) == [2, 4]
    assert await walked(door, "/api/v1/experiments/one/events", named="false", unit="v") == []


async def test_dead_letters_of_no_experiment_are_found_with_their_counts(door: Door) -> None:
    await door.make("shop")
    await door.send(metric("nobody", "u"), metric("nobody", "v"), {"event_id": "e", "type": "view"})
    await door.send(metric("shop", "stranger"))
    body = (await door.get("/api/v1/dead-letters")).json()
    assert Counter(each["reason"] for each in body["dead_letters"]) == {
        "unknown_experiment": 2,
        "malformed": 1,
    }
    assert all(each["experiment_id"] is None for each in body["dead_letters"])
    hour = dt.datetime.now(dt.UTC).replace(minute=0, second=0, microsecond=0)
    counts = {each["reason"]: each["count"] for each in body["counts"]}
    assert counts == {"unknown_experiment": 2, "malformed": 1}
    assert hour - dt.timedelta(hours=1) <= dt.datetime.fromisoformat(body["counts"][0]["hour"]) <= hour
    one = (await door.get("/api/v1/dead-letters", params={"reason": "malformed"})).json()
    assert [each["event_id"] for each in one["dead_letters"]] == ["e"]
    assert [each["count"] for each in one["counts"]] == [1]
    of_shop = (await door.get("/api/v1/dead-letters", params={"experiment": "shop"})).json()
    assert [each["unit_id"] for each in of_shop["dead_letters"]] == ["stranger"]
    assert [each["reason"] for each in of_shop["counts"]] == ["not_in_experiment"]
    paged = await walked(door, "/api/v1/dead-letters", "dead_letters", limit=1)
    assert paged == body["dead_letters"]
    old = (await door.get("/api/v1/dead-letters", params={"until": "2020-01-01"})).json()
    assert old == {"dead_letters": [], "counts": [], "next_cursor": None}


UNREADABLE = [
    "", "[]", "nonsense", '{"type": 7, "value": "x", "occurred_at": "never"}', '{"value": 1e400}', '{"value": true}',
    '{"occurred_at": "9999-12-31T23:59:59-23:00"}', "[" * 3000, '{"metadata": "\\ud800"}',
]  # fmt: skip


async def test_a_dead_letter_that_cannot_be_read_is_shown_as_it_came(door: Door) -> None:
    await door.make("shop")
    for body in UNREADABLE:
        await door.runtime.pool.execute(
            "insert into dead_letter (experiment, reason, message, door, body) select no, 'malformed', 'm', 1, $1 from experiments",
            storable(body),
        )
    events = (await read(door, "shop"))["events"]
    assert [event["body"] for event in reversed(events)] == [storable(body) for body in UNREADABLE]
    for event in events:
        assert event["type"] is event["metric_name"] is event["occurred_at"] is None


UNITS = ["u", "u\n", "u\nv", " ", "a/b/c", "/", "ä ö?#%25", "x" * 256, "user/events", "雪\U0001f4a5"]


async def test_a_unit_is_found_whatever_it_is_called(door: Door) -> None:
    await door.make("shop")
    for unit in UNITS:
        await door.assign("shop", unit)
        await door.send(exposure("shop", unit))
    for unit in UNITS:
        answer = await door.get(f"/api/v1/units/{quote(unit, safe='')}")
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert body["unit_id"] == unit
        assert [each["experiment_key"] for each in body["assignments"]] == ["shop"]
        assert [each["unit_id"] for each in body["events"]] == [unit]


async def test_a_unit_is_shown_with_its_assignments_what_they_counted_and_its_events(door: Door) -> None:
    made = await door.make("shop", primary_metric={"name": "spend", "kind": "mean", "window_days": 1})
    await door.make("other")
    assigned = await door.assign("shop", "u", attributes={"country": "DE"})
    await door.assign("other", "u")
    await door.send(exposure("shop", "u"), metric("shop", "u", value=2.5), metric(None, "u", value=4))
    await door.send(metric("shop", "u", value=1e13), metric("shop", "another"))
    await fold(door)
    body = (await door.get("/api/v1/units/u", params={"limit": 3})).json()
    assert [each["experiment_key"] for each in body["assignments"]] == ["other", "shop"]
    shop = body["assignments"][1]
    same = (
        "experiment_id", "assignment_id", "variant_id", "variant_key", "variant_name", "propensity", "revision", "policy_version",
    )  # fmt: skip
    assert {name: shop[name] for name in same} == {name: assigned[name] for name in same}
    assert (shop["epoch"], shop["door"], shop["attributes"]) == (1, "canonical", {"country": "DE"})
    assert shop["experiment_id"] == str(made.id)
    (spend,) = shop["metrics"]
    counted = {name: spend[name] for name in ("name", "role", "kind", "events", "total", "before")}
    assert counted == {
        "name": "spend",
        "role": "primary",
        "kind": "mean",
        "events": 2,
        "total": 6.5,
        "before": 0,
    }
    exposed_at = dt.datetime.fromisoformat(shop["first_exposure"])
    assert dt.datetime.fromisoformat(spend["window_ends_at"]) - exposed_at == dt.timedelta(days=1)
    assert body["assignments"][0]["first_exposure"] is None
    everything = await walked(door, "/api/v1/units/u", limit=1)
    assert everything[:3] == body["events"]
    assert Counter((each["outcome"], each["experiment_key"]) for each in everything) == {
        ("accepted", "shop"): 2, ("accepted", None): 1, ("rejected", "shop"): 1,
    }  # fmt: skip


async def test_of_a_unit_that_never_came_nothing_is_known(door: Door) -> None:
    body = (await door.get("/api/v1/units/nobody")).json()
    assert body == {"unit_id": "nobody", "assignments": [], "events": [], "next_cursor": None}
    assert (await door.get("/api/v1/units/%00")).status_code == 404


async def test_an_adaptive_assignment_tells_its_policy_version(door: Door) -> None:
    await door.make("bandit", type="thompson_sampling")
    assigned = await door.assign("bandit", "u")
    (shown,) = (await door.get("/api/v1/units/u")).json()["assignments"]
    assert shown["policy_version"] == assigned["policy_version"]
    assert shown["epoch"] is None


async def explain(door: Door, experiment: str, unit: str, **more: Any) -> dict[str, Any]:
    answer = await door.post(f"/api/v1/experiments/{experiment}/explain", {"unit_id": unit, **more})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    (settled,) = (step for step in body["steps"] if step["outcome"] == "settled")
    same = ("reason", "variant_key", "propensity")
    assert {name: settled[name] for name in same} == {name: body[name] for name in same}
    return body


@pytest.mark.parametrize("kind", ["ab", "thompson_sampling"])
async def test_a_decision_is_explained_as_it_is_then_made(door: Door, kind: str) -> None:
    await door.make("shop", type=kind, traffic_allocation=0.5)
    same = (
        "variant_key",
        "reason",
        "propensity",
        "in_experiment",
        "revision",
        "policy_version",
        "experiment_id",
        "unit_id",
    )
    reasons = set()
    for unit in ("a/b", "ä", " ", "\n", "\u2028", *(f"u{k}" for k in range(12))):
        told = await explain(door, "shop", unit)
        made = await door.assign("shop", unit)
        assert {name: told[name] for name in same} == {name: made[name] for name in same}
        again = await explain(door, "shop", unit)
        repeated = await door.assign("shop", unit)
        assert {name: again[name] for name in same} == {name: repeated[name] for name in same}
        reasons |= {told["reason"], again["reason"]}
        traffic = {step["name"]: step for step in told["steps"]}["traffic"]
        assert (traffic["bucket"] < traffic["stop"]) == (told["reason"] != "traffic")
    assert reasons == {"assigned", "stored", "traffic"}
    await door.experiments.edit("shop", {"description": "later"}, CAUSE)
    for unit in ("a/b", "u1", "new"):
        told, made = await explain(door, "shop", unit), await door.assign("shop", unit)
        assert {name: told[name] for name in same} == {name: made[name] for name in same}
    preview = await explain(door, "shop", "u1", preview="treatment")
    assert (preview["reason"], preview["variant_key"], preview["in_experiment"]) == (
        "forced",
        "treatment",
        False,
    )
    await door.move("shop", "paused")
    assert (await explain(door, "shop", "a/b"))["reason"] == "paused"
    assert await door.fetch("select from event") == []


async def test_a_stored_decision_is_explained_by_what_it_was_drawn_by_then(door: Door) -> None:
    audience = {"attribute": "country", "operator": "equals", "value": "DE"}
    await door.make("shop", type="thompson_sampling", audience=audience, traffic_allocation=0.9)
    assert (await explain(door, "shop", "u1"))["logged"] is None
    units = [f"u{k}" for k in range(20)]
    made = {unit: await door.assign("shop", unit, attributes={"country": "DE"}) for unit in units}
    await door.experiments.edit("shop", {"traffic_allocation": 1}, CAUSE)
    (policy,) = await door.fetch("select version, revision, checksum from policy where version = 1")
    inside = [unit for unit in units if made[unit]["in_experiment"]]
    for unit in inside:
        told = (await explain(door, "shop", unit))["logged"]
        assert (told["verdict"], told["variant_key"], told["revision"]) == (
            "same",
            made[unit]["variant_key"],
            made[unit]["revision"],
        )
        assert told["policy"] == {
            "version": policy["version"],
            "revision": policy["revision"],
            "published_at": ANY,
            "checksum": policy["checksum"],
            "genuine": True,
        }
        assert (told["epoch"], told["attributes"]) == (None, {"country": "DE"})
        (drawn,) = (each for each in told["ranges"] if each["variant_key"] == told["variant_key"])
        assert drawn["start"] <= told["bucket"] < drawn["stop"]
        assert drawn["propensity"] == told["propensity"] == made[unit]["propensity"]
        steps = {step["name"]: step for step in told["steps"]}
        assert (steps["traffic"]["stop"], steps["audience"]["finding"]["found"]) == (900_000, "DE")
        assert (steps["variant"]["outcome"], steps["variant"]["bucket"]) == ("settled", told["bucket"])
    first = inside[0]
    await door.fetch(f"update assignment set attributes = null where unit = '{first}'")
    assert (await explain(door, "shop", first))["logged"]["verdict"] == "attributes"
    await door.fetch("update policy set propensities = '{400000,600000}' where version = 1")
    told = [(await explain(door, "shop", unit))["logged"] for unit in inside[1:]]
    assert {each["verdict"] for each in told} == {"differs"}
    assert {each["policy"]["genuine"] for each in told} == {False}
    await door.fetch("delete from policy where version = 1")
    told = [(await explain(door, "shop", unit))["logged"] for unit in inside[1:]]
    assert {(each["verdict"], each["policy"], tuple(each["ranges"])) for each in told} == {
        ("policy", None, ())
    }


async def test_an_explanation_shows_what_the_audience_looked_at(door: Door) -> None:
    audience = {"all": [
        {"attribute": "country", "operator": "equals", "value": "DE"}, {"not": {"attribute": "age", "operator": "less", "value": 18}},
    ]}  # fmt: skip
    await door.make("shop")
    live = await door.runtime.inspection._snapshots.look("shop")
    assert live is not None
    aimed = compile_entry({**live.document, "audience": audience, "policy": None})
    told = explained(aimed, "u", {"country": "FR", "age": 30}, None, None)
    finding = {step.name: step for step in told.steps}["audience"].finding
    assert finding is not None
    country, age = finding.parts
    assert (told.reason, finding.word, finding.matched) == ("audience", "all", False)
    assert (country.attribute, country.wanted, country.found, country.matched) == (
        "country",
        "DE",
        "FR",
        False,
    )
    assert (age.word, age.matched, age.parts[0].found) == ("not", True, 30)
    assert explained(aimed, "u", {"country": "DE", "age": 30}, None, None).reason == "assigned"


async def test_a_question_about_a_decision_that_means_nothing_is_told_where(door: Door) -> None:
    await door.make("shop")
    questions: list[tuple[dict[str, Any], str]] = [
        ({}, "/unit_id"), ({"unit_id": 7}, "/unit_id"), ({"user_id": 7}, "/user_id"), ({"unit_id": ""}, "/unit_id"), ({"unit_id": "x" * 257}, "/unit_id"), ({"unit_id": "\0"}, "/unit_id"),
        ({"unit_id": "u", "attributes": 3}, "/attributes"), ({"unit_id": "u", "preview": "nobody"}, "/preview"),
        ({"unit_id": "u", "attributes": {"a": "x" * 70_000}}, "/attributes"), ({"unit_id": "u", "forced": 1}, "/forced"),
    ]  # fmt: skip
    for question, pointer in questions:
        answer = await door.post("/api/v1/experiments/shop/explain", question)
        assert answer.status_code == 400, answer.text
        assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]
    assert (await door.post("/api/v1/experiments/nobody/explain", {"unit_id": "u"})).status_code == 404


PLACE = (dt.datetime.min.replace(tzinfo=dt.UTC), NOW, UUID(int=7), 50)
PLANS: list[tuple[str, tuple[object, ...], str]] = [
    (store._NAMED, (1, None, None, None, None, *PLACE), "experiment_received_at_idx"),
    (store._UNNAMED, (1, None, None, None, None, *PLACE), "experiment_received_at_idx"),
    (store._ALL_OF_UNIT, (None, None, None, None, "u", *PLACE), "unit_occurred_at_idx"),
    *((news, (1, None, None, None, None, NOW, 50, [1], *more), "experiment_received_at_idx")
      for pair in store._NEWS.values() for news, more in zip(pair, ((), (9,)), strict=True)),
    (store._LETTERS_OF_NONE, (PLACE[0], NOW, 7, 50), "dead_letter_by_experiment"),
    (store._LETTERS_OF_EXPERIMENT, (PLACE[0], NOW, 7, 50, 1), "dead_letter_by_experiment"),
    (store._LETTERS_OF_UNIT, (PLACE[0], NOW, 7, 50, "u"), "dead_letter_by_unit"),
    (store._NEW_LETTERS, (1, NOW, 50, [1]), "dead_letter_by_experiment"),
]  # fmt: skip


async def test_what_a_read_costs_does_not_depend_on_how_much_is_stored(database_url: str) -> None:
    """Each goes along an index and stops at its limit, however small or large the planner thinks the tables are."""
    connection = await connect(database_url)
    for events in (0, 20_000):
        await connection.execute(
            "insert into event (batch, occurred_at, event_id, experiment, kind, door, unit)"
            " select n / 100, now(), gen_random_uuid(), nullif(n % 2, 0), 2, 1, 'u' || n % 1000 from generate_series(1, $1::int) n",
            events,
        )
        await connection.execute(
            "insert into dead_letter (experiment, unit, reason, message, door, body)"
            " select nullif(n % 2, 0), 'u' || n % 1000, 'value', '', 1, '' from generate_series(1, $1::int) n",
            events,
        )
        await connection.execute("analyze event, dead_letter")
        for statement, values, index in PLANS:
            async with connection.transaction():
                await connection.execute(store._PINNED)
                rows = await connection.fetch(f"explain (costs off) {statement}", *values)
            plan = "\n".join(row[0] for row in rows)
            assert index in plan, plan
            assert "Seq Scan" not in plan, plan
            # What comes from the index is in order but for equal times (an incremental sort), or is limited before it is sorted.
            for sort in re.finditer(r"^( *)(?:->  )?Sort$", plan, re.MULTILINE):
                assert "Limit" in plan[sort.end() :], plan
    await connection.close()


def test_a_cursor_names_its_place() -> None:
    for place in (Position(NOW, True, UUID(int=2**128 - 1).int), Position(NOW, False, 0)):
        assert read_cursor(place.cursor) == place


def test_a_page_ends_where_a_source_was_not_looked_through_any_more() -> None:
    def seen(second: int, accepted: bool) -> tuple[Position, SeenEvent]:
        at = NOW + dt.timedelta(seconds=second)
        side = Side.ACCEPTED if accepted else Side.REJECTED
        event = SeenEvent(side, str(second), None, None, None, None, None, None, None, None, None, at, None)
        return Position(at, accepted, second), event

    near = Stretch([seen(9, True), seen(7, True)], seen(6, True)[0])
    far = Stretch([seen(8, False), seen(5, False)], None)
    page = merged([near, far], 50)
    assert [event.event_id for event in page.events] == ["9", "8", "7"]
    assert page.next_cursor == seen(6, True)[0].cursor
    assert [event.event_id for event in merged([near, far], 2).events] == ["9", "8"]
    assert merged([far], 2).next_cursor is None
