"""Rules on what the doors logged and the fold added up: ratios, caps, and a bandit's own versions."""

from __future__ import annotations

import datetime as dt
from typing import Any

from litmus_server.services.acting import Acting
from litmus_server.store.acting import ActBook
from litmus_server.store.database import connect
from litmus_server.store.fold import Fold

from .conftest import Door

REVENUE = {"name": "revenue", "kind": "mean"}
ORDERS = {"name": "orders", "kind": "mean"}
VALUE = {
    "name": "order_value",
    "kind": "ratio",
    "numerator": "revenue",
    "denominator": "orders",
    "role": "guardrail",
}


async def folded(door: Door) -> None:
    connection = await connect(door.database_url)
    try:
        fold = Fold()
        while (await fold.fold_once(connection)).batches:
            pass
    finally:
        await connection.close()


async def use(door: Door, key: str, units: int, values: dict[str, dict[str, float]]) -> None:
    """Units come, and those of each variant have these values of each metric, spread a little."""
    events: list[dict[str, Any]] = []
    asked = [{"experiment_id": key, "unit_id": f"{key}-{k}"} for k in range(units)]
    answer = await door.post("/api/v1/assignments", {"requests": asked})
    for k, each in enumerate(answer.json()["assignments"]):
        about = {"experiment_id": key, "unit_id": each["unit_id"]}
        events.append(about | {"type": "exposure", "event_id": f"{key}-{k}-e"})
        for place, (metric, value) in enumerate(values[each["variant_key"]].items()):
            spread = 0.8 + 0.1 * (k // 5**place % 5)
            more = {"type": "metric", "metric_name": metric, "value": round(value * spread, 4)}
            events.append(about | more | {"event_id": f"{key}-{k}-{metric}"})
    assert {each["outcome"] for each in await door.send(*events)} <= {"accepted", "duplicate"}
    await folded(door)


async def statuses(door: Door) -> dict[str, str]:
    return {row["key"]: row["status"] for row in await door.fetch("select key, status from experiments")}


async def test_ratios_and_means_with_a_cap_are_guarded_too(door: Door) -> None:
    capped = {**REVENUE, "role": "guardrail", "cap": {"value": 20}}
    late = {**REVENUE, "role": "guardrail", "cap": {"quantile": 0.999}}
    await door.make("ratio", secondary_metrics=[REVENUE, ORDERS, VALUE])
    await door.make("capped", secondary_metrics=[capped])
    await door.make("late", secondary_metrics=[late])
    await door.make("fine", secondary_metrics=[REVENUE, ORDERS, VALUE])
    harm = {"control": {"revenue": 10.0, "orders": 2.0}, "treatment": {"revenue": 9.0, "orders": 2.0}}
    more = {"control": {"revenue": 10.0, "orders": 2.0}, "treatment": {"revenue": 11.0, "orders": 2.0}}
    await use(door, "ratio", 900, harm)
    await use(door, "fine", 900, more)
    for key in ("capped", "late"):
        await use(door, key, 900, {arm: {"revenue": each["revenue"]} for arm, each in harm.items()})
    await Acting(ActBook(door.runtime.pool), dt.timedelta(0)).look()
    assert await statuses(door) == {
        "ratio": "paused",
        "capped": "paused",
        "late": "paused",
        "fine": "running",
    }


async def test_what_a_worker_has_judged_is_left_alone_until_something_is_new(door: Door) -> None:
    await door.make("x", primary_metric="order")
    await use(door, "x", 50, {"control": {}, "treatment": {}})
    book = ActBook(door.runtime.pool)
    await Acting(book, dt.timedelta(0)).look()
    assert await book.watched(dt.timedelta(0), 10) == []
    await use(door, "x", 60, {"control": {}, "treatment": {}})
    assert await book.watched(dt.timedelta(hours=1), 10) == []
    (watched,) = await book.watched(dt.timedelta(0), 10)
    assert await book.watched(dt.timedelta(hours=1), 10) == []
    ((no,),) = await door.fetch("select no from experiments")
    assert watched.no == no
