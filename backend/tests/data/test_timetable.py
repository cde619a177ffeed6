"""Schedules and ramps on a real database: done once by whoever looks, seen by everybody, and told in the audit."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

import pytest
from litmus_server.services.timetable import Timetable
from litmus_server.store.alarms import AlarmBook
from litmus_server.store.control import Control

from .conftest import Door

BASE = "/api/v1/experiments"
HOUR = dt.timedelta(hours=1)
RAMP = [{"traffic": 0.01, "hours": 24}, {"traffic": 0.1, "hours": 24}, {"traffic": 1}]
TWO = [{"name": "a", "weight": 0.5}, {"name": "b", "weight": 0.5}]


def worker(door: Door) -> Timetable:
    """What a worker looks with; any number of them share the database."""
    return Timetable(Control(door.runtime.pool), AlarmBook(door.runtime.pool))


async def now(door: Door) -> dt.datetime:
    ((moment,),) = await door.fetch("select clock_timestamp()")
    assert isinstance(moment, dt.datetime)
    return moment


async def create(door: Door, key: str = "x", **fields: Any) -> None:
    answer = await door.post(BASE, {"name": key, "variants": TWO} | fields)
    assert answer.status_code == 200, answer.text


async def shown(door: Door, key: str = "x") -> dict[str, Any]:
    body: dict[str, Any] = (await door.get(f"{BASE}/{key}")).json()
    return body


async def act(door: Door, path: str, **body: Any) -> dict[str, Any]:
    answer = await door.post(f"{BASE}/{path}", body)
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


async def trail(door: Door, key: str = "x") -> list[tuple[str, str, str | None]]:
    """What was done by whom and why, oldest first."""
    entries = (await door.get(f"{BASE}/{key}/audit")).json()["entries"]
    return [(each["action"], each["principal"], each["reason"]) for each in reversed(entries)]


async def test_many_workers_start_and_end_an_experiment_once_however_late(door: Door) -> None:
    begun = await now(door)
    starts, ends = begun + HOUR, begun + 5 * HOUR
    for key in ("x", "y"):
        await create(door, key, starts_at=starts.isoformat(), ends_at=ends.isoformat())
    workers = [worker(door) for _ in range(5)]
    assert [await each.look() for each in workers] == [[]] * 5
    assert (await shown(door))["status"] == "draft"
    looks = await asyncio.gather(*(each.look(begun + 3 * HOUR) for each in workers))
    assert len([identity for look in looks for identity in look]) == 2
    await door.runtime.experiments._refresh()  # type: ignore[misc]  # in life a hint does it
    assert (await door.assign("x", "ann"))["in_experiment"]
    body = await shown(door)
    assert (body["status"], body["starts_at"]) == ("running", None)
    looks = await asyncio.gather(*(each.look(begun + 9 * HOUR) for each in workers))
    assert len([identity for look in looks for identity in look]) == 2
    due = [each.astimezone(dt.UTC).isoformat().replace("+00:00", "Z") for each in (starts, ends)]
    for key in ("x", "y"):
        assert (await shown(door, key))["status"] == "completed"
        assert await trail(door, key) == [
            ("create", "development", None),
            ("start", "schedule", f"due at {due[0]}"),
            ("stop", "schedule", f"due at {due[1]}"),
        ]


async def test_a_schedule_that_is_cancelled_does_nothing(door: Door) -> None:
    begun = await now(door)
    await create(door, starts_at=(begun + HOUR).isoformat())
    answer = await door.client.patch(f"{BASE}/x", json={"starts_at": None})
    assert (answer.status_code, answer.json()["starts_at"]) == (200, None)
    assert await worker(door).look(begun + 9 * HOUR) == []
    wrong = await door.client.patch(f"{BASE}/x", json={"starts_at": begun.isoformat()})
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (400, "/starts_at")
    assert (await shown(door))["status"] == "draft"


async def test_a_start_that_cannot_be_done_is_shown_and_not_tried_again(door: Door) -> None:
    begun = await now(door)
    await create(door, starts_at=(begun + HOUR).isoformat(), ends_at=(begun + 2 * HOUR).isoformat())
    timetable = worker(door)
    assert len(await timetable.look(begun + 3 * HOUR)) == 1
    assert await timetable.look(begun + 4 * HOUR) == []
    body = await shown(door)
    assert (body["status"], body["starts_at"]) == ("draft", None)
    assert "has passed" in body["start_failed"]["message"]
    action, principal, reason = (await trail(door))[-1]
    assert (action, principal) == ("start_failed", "schedule")
    assert reason is not None
    assert "has passed" in reason
    # Nobody who was not due waits for it.
    await create(door, "other", starts_at=(begun + HOUR).isoformat())
    assert len(await timetable.look(begun + 5 * HOUR)) == 1


@pytest.mark.parametrize("kind", ["ab", "thompson_sampling", "flag"])
async def test_a_ramp_grows_is_held_and_goes_on(door: Door, kind: str) -> None:
    await create(door, type=kind, ramp=RAMP, variants=None if kind == "flag" else TWO)
    body = await shown(door)
    assert (body["traffic_allocation"], body["ramp_progress"]) == (1.0, None)
    assert [each["traffic"] for each in body["ramp"]] == [0.01, 0.1, 1.0]
    await act(door, "x/start")
    body = await shown(door)
    since = dt.datetime.fromisoformat(body["ramp_progress"]["since"])
    assert (body["traffic_allocation"], body["ramp_progress"]["step"], body["ramp_progress"]["of"]) == (
        0.01,
        1,
        3,
    )
    assert dt.datetime.fromisoformat(body["ramp_progress"]["next_at"]) == since + 24 * HOUR
    timetable = worker(door)
    held = await act(door, "x/ramp/hold", actor="ann", reason="looking")
    assert [held["ramp_progress"][name] for name in ("held_by", "held_reason", "next_at")] == [
        "ann",
        "looking",
        None,
    ]
    assert await act(door, "x/ramp/hold", actor="bob") == held
    assert await timetable.look(since + 48 * HOUR) == []
    assert (await act(door, "x/ramp/resume", actor="ann"))["ramp_progress"]["held_by"] is None
    assert len(await timetable.look(since + 48 * HOUR)) == 1
    body = await shown(door)
    assert (body["traffic_allocation"], body["ramp_progress"]["step"]) == (0.1, 2)
    assert len(await timetable.look(since + 80 * HOUR)) == 1
    body = await shown(door)
    assert (body["traffic_allocation"], body["ramp_progress"], body["epoch"]) == (1.0, None, 1)
    actions = [each[0] for each in await trail(door)]
    assert actions == ["create", "start", "hold_ramp", "resume_ramp", "raise_traffic", "raise_traffic"]
    wrong = await door.post(f"{BASE}/x/ramp/hold", {})
    assert (wrong.status_code, "no ramp" in wrong.json()["message"]) == (400, True)


async def test_raising_the_share_only_adds_units(door: Door) -> None:
    await create(door, ramp=[{"traffic": 0.2, "hours": 1}, {"traffic": 0.6, "hours": 1}, {"traffic": 1}])
    await act(door, "x/start")
    units = [f"u{k}" for k in range(150)]
    inside: dict[str, str] = {}
    for hours in (0, 2, 4):
        await worker(door).look(await now(door) + hours * HOUR)
        await door.runtime.experiments._refresh()  # type: ignore[misc]
        said = {unit: await door.assign("x", unit) for unit in units}
        grown = {unit: each["variant_key"] for unit, each in said.items() if each["in_experiment"]}
        assert inside.items() <= grown.items()
        assert len(grown) > len(inside)
        inside = grown
    assert len(inside) == len(units)


async def test_an_alarm_that_stands_holds_the_ramp_and_says_so(door: Door) -> None:
    await create(door, ramp=RAMP)
    await act(door, "x/start")
    begun, timetable = await now(door), worker(door)
    raise_ = "insert into alarm (experiment, kind, message) select no, 'sample_ratio', '48 % where 50 % should be' from experiments"
    await door.fetch(raise_)
    assert len(await timetable.look()) == 1
    progress = (await shown(door))["ramp_progress"]
    assert (progress["held_by"], progress["next_at"]) == ("alarm", None)
    assert progress["alarm"] == progress["held_reason"] == "sample_ratio: 48 % where 50 % should be"
    assert await timetable.look(begun + 100 * HOUR) == []
    assert (await act(door, "x/ramp/resume"))["ramp_progress"]["held_by"] == "alarm"
    await door.fetch("update alarm set cleared_at = clock_timestamp()")
    assert len(await timetable.look(begun + 100 * HOUR)) == 1
    assert (await shown(door))["ramp_progress"]["alarm"] is None
    assert len(await timetable.look(begun + 100 * HOUR)) == 1
    assert (await shown(door))["traffic_allocation"] == 0.1
    told = [(action, principal) for action, principal, _ in await trail(door)]
    assert told[2:] == [("hold_ramp", "schedule"), ("resume_ramp", "schedule"), ("raise_traffic", "schedule")]


async def test_what_cannot_be_done_for_no_known_reason_holds_up_nobody(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = await now(door)
    for k, key in enumerate(("bad", "good")):
        await create(door, key, starts_at=(begun + HOUR + k * HOUR).isoformat())
    timetable = worker(door)
    bad = (await shown(door, "bad"))["id"]
    change = timetable._advance

    async def broken(identity: str, *rest: Any) -> bool:
        if identity == bad:
            raise RuntimeError("broken")
        return await change(identity, *rest)

    monkeypatch.setattr(timetable, "_advance", broken)
    assert await timetable.look(begun + 3 * HOUR) == [(await shown(door, "good"))["id"]]
    monkeypatch.undo()
    assert await timetable.look(begun + 3 * HOUR) == []  # it rests
    assert await timetable.look(begun + 4 * HOUR) == [bad]
