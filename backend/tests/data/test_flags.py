"""Flags and shipped winners: the same doors answer, and nothing is kept of whoever asks."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Door

BASE = "/api/v1/experiments"


async def flag(door: Door, key: str = "checkout", **changes: Any) -> dict[str, Any]:
    answer = await door.post(BASE, {"name": key, "type": "flag", **changes})
    assert answer.status_code == 200, answer.text
    await door.move(key, "running")
    body: dict[str, Any] = (await door.get(f"{BASE}/{key}")).json()
    return body


async def patch(door: Door, key: str, **changes: Any) -> dict[str, Any]:
    answer = await door.client.patch(f"{BASE}/{key}", json=changes)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def values(door: Door, key: str, count: int = 200, **attributes: Any) -> list[Any]:
    requests = [{"experiment_id": key, "unit_id": f"u{k}", "attributes": attributes} for k in range(count)]
    answer = await door.post("/api/v1/assignments", {"requests": requests})
    assert answer.status_code == 200, answer.text
    return [each["config"] for each in answer.json()["assignments"]]


async def test_a_flag_answers_with_its_value_and_stores_nothing(door: Door) -> None:
    shown = await flag(door)
    assert (shown["type"], shown["value_type"], shown["primary_metric"]) == ("flag", "boolean", None)
    assert [(each["key"], each["config"], each["weight"]) for each in shown["variants"]] == [
        ("off", False, 0.0),
        ("on", True, 1.0),
    ]
    said = await door.assign("checkout", "ann")
    assert (said["config"], said["reason"], said["in_experiment"], said["fresh"]) == (
        True,
        "flag",
        False,
        False,
    )
    assert await door.fetch("select 1 from assignment") == []


async def test_a_change_of_a_flag_is_at_once_that_of_everybody(door: Door) -> None:
    await flag(door, traffic_allocation=0.5)
    half = await values(door, "checkout")
    assert {True, False} == set(half)
    assert await values(door, "checkout") == half
    less = await patch(door, "checkout", traffic_allocation=0.25)
    assert less["traffic_allocation"] == 0.25
    fewer = await values(door, "checkout")
    assert 0 < sum(fewer) < sum(half)
    assert all(was for was, now in zip(half, fewer, strict=True) if now)
    await patch(
        door,
        "checkout",
        traffic_allocation=1,
        variants=[{"key": "on", "weight": 0}, {"key": "off", "weight": 1}],
    )
    assert set(await values(door, "checkout")) == {False}
    await patch(door, "checkout", variants=[{"key": "on", "weight": 1}, {"key": "off", "weight": 0}])
    assert set(await values(door, "checkout")) == {True}
    await door.move("checkout", "paused")
    assert set(await values(door, "checkout")) == {False}  # the kill switch
    await door.move("checkout", "running")
    assert set(await values(door, "checkout")) == {True}


async def test_a_flag_has_an_audience(door: Door) -> None:
    condition = {"attribute": "plan", "operator": "equals", "value": "pro"}
    await flag(
        door, "limits", value_type="number", audience=condition,
        variants=[{"name": "usual", "config": 10, "weight": 0}, {"name": "more", "config": 99.5, "weight": 1}],
    )  # fmt: skip
    assert set(await values(door, "limits", plan="pro")) == {99.5}
    assert set(await values(door, "limits", plan="free")) == {10}
    assert set(await values(door, "limits")) == {10}


@pytest.mark.parametrize("kind", ["exposure", "conversion", "metric"])
async def test_events_of_a_flag_are_rejected(door: Door, kind: str) -> None:
    await flag(door)
    await door.assign("checkout", "ann")
    event = {"event_id": "e1", "type": kind, "experiment_id": "checkout", "unit_id": "ann"}
    (outcome,) = await door.send(event | ({} if kind == "exposure" else {"metric_name": "click", "value": 1}))
    assert (outcome["outcome"], outcome["reason"]) == ("rejected", "not_in_experiment")
    assert await door.fetch("select 1 from event") == []


async def test_a_shipped_winner_is_everybodys_value_until_it_is_changed_or_withdrawn(door: Door) -> None:
    await door.make("ranking", traffic_allocation=0.5)
    stored = [each for each in await values(door, "ranking") if each]
    assert stored
    rows = await door.fetch("select count(*) from assignment")

    async def shipped(route: str, winner: str | None, config: Any, reason: str) -> None:
        answer = await door.post(
            f"{BASE}/ranking/{route}", {"winner": winner, "actor": "ann", "reason": "because"}
        )
        assert answer.status_code == 200, answer.text
        assert {str(each) for each in await values(door, "ranking")} == {str(config)}
        said = await door.assign("ranking", "nobody so far")
        assert (said["reason"], said["in_experiment"], said["config"]) == (reason, False, config)

    early = await door.post(f"{BASE}/ranking/winner", {"winner": "treatment"})
    assert (early.status_code, "conclude" in early.json()["message"]) == (400, True)
    await shipped("conclude", "treatment", {"n": 1}, "shipped")
    await shipped("winner", "control", {}, "shipped")
    await shipped("conclude", "treatment", {"n": 1}, "shipped")
    await shipped("winner", None, {}, "completed")
    await shipped("winner", "treatment", {"n": 1}, "shipped")
    before = (await door.get(f"{BASE}/ranking")).json()
    await shipped("winner", "treatment", {"n": 1}, "shipped")
    assert (await door.get(f"{BASE}/ranking")).json() == before
    assert await door.fetch("select count(*) from assignment") == rows
    trail = (await door.get(f"{BASE}/ranking/audit")).json()["entries"]
    assert [
        (each["action"], each["before"].get("winner"), each["after"].get("winner")) for each in trail[:5]
    ] == [
        ("ship", None, "treatment"),
        ("ship", "treatment", None),
        ("conclude", "control", "treatment"),
        ("ship", "treatment", "control"),
        ("conclude", None, "treatment"),
    ]
    for body, pointer in (({"winner": "nobody"}, "/winner"), ({}, "/winner"), ({"winner": 7}, "/winner")):
        wrong = await door.post(f"{BASE}/ranking/winner", body)
        assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (400, pointer)
    assert (await door.get(f"{BASE}/ranking")).json() == before
