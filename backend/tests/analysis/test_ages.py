"""What units did by how long they had been there, read from the log: against a judge that knows nothing of SQL."""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations_with_replacement
from typing import Any

import asyncpg
import pytest
from fold.judge import Event
from fold.ledger import fold_all, write_batch
from folded import make
from litmus_server.domain.cohorts import AGES, SECONDS
from litmus_server.domain.experiment import Experiment
from litmus_server.ports import Aged
from litmus_server.stats.moments import MICRO
from litmus_server.stats.sheet import EXPOSED
from litmus_server.store.slices import SliceStore

pytestmark = pytest.mark.database

NOW = dt.datetime.now(dt.UTC)
UNITS = 60
CAP = 5 * MICRO


async def shop(pool: asyncpg.Pool[Any]) -> Experiment:
    return await make(
        pool,
        "shop",
        variants=2,
        type="ab",
        primary_metric={"name": "spend", "kind": "mean", "window_days": 14},
        secondary_metrics=[
            {"name": "order", "kind": "conversion", "window_days": 14},
            {"name": "capped", "kind": "mean", "window_days": 14, "cap": {"value": CAP / MICRO}},
            {"name": "basket", "kind": "ratio", "numerator": "spend", "denominator": "order"},
        ],
    )


def log_of(made: Experiment, newest: float = 0) -> list[Event]:
    """Units that came over thirty days until `newest` days ago, and what they did before, in and after their window; some of it on edges."""
    rng = random.Random(4)
    events = []
    for k in range(UNITS):
        unit, variant = f"u{k}", k % 2
        first = NOW - dt.timedelta(days=newest + rng.uniform(0, 30))
        events.append(Event(unit, 1, first, made.no, variant, 1))
        for _ in range(rng.randint(0, 12)):
            days = rng.choice([rng.uniform(-3, 16), *AGES[:6]])
            miss = rng.choice([0, 0, 1, -1])
            loose = rng.random() < 0.2
            events.append(
                Event(
                    unit,
                    2,
                    first + dt.timedelta(days=days, microseconds=miss),
                    None if loose else made.no,
                    None if loose else variant,
                    None if loose else 1,
                    metric=rng.choice([metric.id for metric in made.metrics[:3]]),
                    value=rng.choice([MICRO, 2 * MICRO, 7 * MICRO, -MICRO, 1]),
                    is_bot=rng.random() < 0.1,
                )
            )
    return events


async def folded(pool: asyncpg.Pool[Any], made: Experiment, log: list[Event]) -> None:
    async with pool.acquire() as connection:
        await write_batch(connection, 1, log)
        await fold_all(connection)


async def read(pool: asyncpg.Pool[Any], made: Experiment, name: str, days: int) -> Aged:
    def chosen(entry: Mapping[str, Any]) -> Mapping[str, Any]:
        metric = next(each for each in entry["metrics"] if each["name"] == name)
        return {**metric, "window_seconds": days * SECONDS}

    found = await SliceStore(pool).aged(made.no, chosen)
    assert found is not None
    return found


def done(log: list[Event], made: Experiment, name: str, days: int) -> dict[str, dict[int, int]]:
    """By unit, what each did at each age, in micro-units; an age without an event is not in it."""
    number = next(metric.id for metric in made.metrics if metric.name == name)
    firsts = {event.unit: event.occurred_at for event in log if event.kind == 1}
    found: dict[str, dict[int, int]] = {unit: {} for unit in firsts}
    starts = [start for start in AGES if start < days]
    for event in log:
        if event.metric != number or event.is_bot or event.value is None:
            continue
        after = (event.occurred_at - firsts[event.unit]) / dt.timedelta(days=1)
        if 0 <= after < days:
            age = max(k for k, start in enumerate(starts) if start <= after)
            found[event.unit][age] = found[event.unit].get(age, 0) + event.value
    return found


@pytest.mark.parametrize(("name", "days"), [("spend", 14), ("spend", 7), ("order", 7), ("capped", 4)])
async def test_sums_by_age_and_by_cohort_are_those_of_the_log(
    pool: asyncpg.Pool[Any], name: str, days: int
) -> None:
    made = await shop(pool)
    log = log_of(made)
    await folded(pool, made, log)
    aged = await read(pool, made, name, days)
    number, starts = aged.entry["metrics"][0]["id"], [start for start in AGES if start < days]
    did = done(log, made, name, days)
    firsts = {event.unit: event.occurred_at for event in log if event.kind == 1}
    rows: dict[int, list[list[int]]] = defaultdict(list)
    seen: dict[int, list[int]] = {arm: [0] * len(starts) for arm in (0, 1)}
    totals: dict[int, list[int]] = defaultdict(list)
    for unit, by_age in did.items():
        arm = int(unit[1:]) % 2
        day_after = dt.datetime.combine(firsts[unit].date() + dt.timedelta(days=1), dt.time(), dt.UTC)
        if name == "order":
            by_age = {min(by_age): MICRO} if by_age else {}
        elif name == "capped":
            by_age = {age: min(value, CAP) for age, value in by_age.items()}
        total = sum(did[unit].values())
        totals[arm].append(
            MICRO * bool(by_age) if name == "order" else min(total, CAP) if name == "capped" else total
        )
        if day_after + dt.timedelta(days=days) <= aged.now:
            rows[arm].append([by_age.get(age, 0) for age in range(len(starts))])
            for age in by_age:
                seen[arm][age] += 1
    for arm in (0, 1):
        sums = aged.ages[arm, 1]
        assert sums.units.n == len(rows[arm]) > 0
        assert sums.units.first == tuple(map(sum, zip(*rows[arm], strict=True)))
        pairs = combinations_with_replacement(range(len(starts)), 2)
        assert sums.units.second == tuple(sum(row[i] * row[j] for row in rows[arm]) for i, j in pairs)
        assert sums.seen == tuple(seen[arm])
        outcome = aged.sheet.arm(number, arm).outcome
        assert outcome is not None
        assert (outcome.n, outcome.first) == (UNITS // 2, (sum(totals[arm]),))
        assert outcome.second == (sum(total**2 for total in totals[arm]),)


async def test_at_the_end_of_the_window_sums_are_the_reports(pool: asyncpg.Pool[Any]) -> None:
    made = await shop(pool)
    await folded(pool, made, log_of(made, newest=20))
    for name in ("spend", "order"):
        aged = await read(pool, made, name, 14)
        for arm in (0, 1):
            outcome = aged.sheet.arm(aged.entry["metrics"][0]["id"], arm).outcome  # from moments
            assert outcome is not None
            assert outcome.n == aged.ages[arm, 1].units.n == UNITS // 2
            assert outcome.first == (sum(aged.ages[arm, 1].units.first),)  # from the log


async def test_what_is_not_folded_does_not_count_and_a_ratio_has_no_ages(pool: asyncpg.Pool[Any]) -> None:
    made = await shop(pool)
    log = log_of(made)
    await folded(pool, made, log)
    before = await read(pool, made, "spend", 7)
    async with pool.acquire() as connection:
        await write_batch(
            connection,
            2,
            [
                replace(event, kind=2, metric=made.metrics[0].id, value=MICRO)
                for event in log
                if event.kind == 1
            ],
        )
    after = await read(pool, made, "spend", 7)
    assert after.ages == before.ages
    assert after.sheet.plain == before.sheet.plain
    assert (await read(pool, made, "basket", 14)).ages == {}
    assert EXPOSED in {metric for metric, _ in after.sheet.plain}
