"""Experiments and batches put into a database by plain SQL, and the fold's tables read back as the judge writes them."""

import asyncio
import datetime as dt
import random
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import astuple
from typing import Any, TypeAlias

import asyncpg
from fold.judge import Declared, Event, Tables
from litmus_server.domain.metric import Derivation
from litmus_server.store.derived import terms
from litmus_server.store.fold import Fold, Folded

_TABLES = [
    "event",
    "fold_queue",
    "unit_state",
    "moments",
    "joint_moments",
    "sketch",
    "derived_metric",
    "rollup",
    "fold_mark",
    "fold_fault",
    "experiment_metric",
    "experiments",
]
Connection: TypeAlias = "asyncpg.Connection[Any]"


async def declare(connection: Connection, experiments: Iterable[Declared]) -> None:
    """Experiments, with all metric numbers up to 40 to exist."""
    await connection.execute(
        "insert into metric (name) select 'metric_' || n from generate_series(1, 40) n on conflict do nothing"
    )
    for experiment in experiments:
        await connection.execute(
            """
            insert into experiments (no, id, key, name, type, status, unit_type, salt, traffic, revision, cohort_hours)
            overriding system value
            values ($1, $2, $3, $3, 'ab', 'running', $4, 's', 1000000, 1, $5)
            """,
            experiment.number,
            uuid.uuid4(),
            f"experiment-{experiment.number}",
            experiment.unit_type,
            experiment.cohort_hours,
        )
        await declare_metrics(connection, experiment, whole=True)


async def declare_metrics(connection: Connection, experiment: Declared, *, whole: bool = False) -> None:
    """`whole`: nothing is folded yet."""
    await connection.executemany(
        """
        insert into experiment_metric (experiment, metric, slot, role, kind, window_seconds)
        values ($1, $2, $3, 'primary', 'mean', $4)
        on conflict (experiment, metric) do update set window_seconds = excluded.window_seconds
        """,
        [(experiment.number, metric, slot, window) for metric, (slot, window) in experiment.metrics.items()],
    )
    await connection.execute("delete from derived_metric where experiment = $1", experiment.number)
    await connection.executemany(
        "insert into derived_metric values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1, $12)",
        [
            (
                experiment.number,
                metric,
                list(each.totals),
                list(each.binary),
                list(each.before),
                each.cap,
                each.sketch,
                each.delay,
                *zip(*terms(Derivation(*astuple(each))), strict=True),
                whole,
            )
            for metric, each in experiment.derived.items()
        ],
    )


async def write_batch(connection: Connection, batch: int, events: Sequence[Event]) -> list[uuid.UUID]:
    """What the transaction of a journal leaves behind; the ids of the events."""
    async with connection.transaction():
        return await insert(connection, batch, events)


async def insert(connection: Connection, batch: int, events: Sequence[Event]) -> list[uuid.UUID]:
    """The same without a transaction of its own."""
    ids = [uuid.uuid4() for _ in events]
    await connection.executemany(
        """
        insert into event (batch, event_id, kind, experiment, variant, epoch, unit, unit_type, metric, value, occurred_at,
                           is_bot, door)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1)
        """,
        [
            (
                batch, event_id, e.kind, e.experiment, e.variant, e.epoch, e.unit, e.unit_type, e.metric, e.value,
                e.occurred_at, e.is_bot,
            )
            for event_id, e in zip(ids, events, strict=True)
        ],
    )  # fmt: skip
    await connection.execute("insert into fold_queue (batch) values ($1)", batch)
    return ids


async def fold_all(connection: Connection) -> list[Folded]:
    """Fold until nothing waits."""
    fold, done = Fold(), []
    while (folded := await fold.fold_once(connection)).batches:
        done.append(folded)
    return done


async def until(connection: Connection, condition: str) -> None:
    """Wait for what a query can see."""
    while not await connection.fetchval(f"select {condition}"):  # noqa: ASYNC110 - no event says it
        await asyncio.sleep(0.01)


async def clear(connection: Connection) -> None:
    """An empty database again, faster than a new one or a truncated one."""
    for table in _TABLES:
        await connection.execute(f"delete from {table}")
    await connection.execute("update fold_lock set minutes_from = '-infinity'")


async def tables(connection: Connection) -> Tables:
    async with connection.transaction(isolation="repeatable_read"):
        states = await connection.fetch(
            "select unit, experiment, variant, epoch, cohort, first_at, counts, totals, before, firsts from unit_state"
        )
        moments = await connection.fetch(
            "select experiment, variant, metric, span, epoch, cohort, n, s1, s2, s3, x1, x2, xy from moments"
        )
        rollup = await connection.fetch(
            "select experiment, variant, metric, span, at, events, total, units from rollup"
        )
        marks = await connection.fetch("select experiment, units from fold_mark where units <> 0")
        joint = await connection.fetch(
            "select experiment, metric, variant, epoch, cohort, sums from joint_moments"
        )
        sketch = await connection.fetch("select experiment, metric, variant, bucket, n from sketch")
    return Tables(
        {tuple(row[:2]): tuple(row[2:]) for row in states},
        {tuple(row[:6]): tuple(row[6:]) for row in moments},
        {(*row[:4], row[4].replace(tzinfo=dt.UTC)): tuple(row[5:]) for row in rollup},
        {row[0]: row[1] for row in marks},
        {tuple(row[:5]): tuple(row[5]) for row in joint},
        {tuple(row[:4]): (row[4],) for row in sketch},
    )


def at(seconds: float) -> dt.datetime:
    """A moment on a fixed day, so many seconds after noon."""
    return dt.datetime(2026, 3, 4, 12, tzinfo=dt.UTC) + dt.timedelta(seconds=seconds)


def random_log(seed: int, size: int) -> list[Event]:
    """Accepted events of some forty units around `at(0)`, a third of them before their unit's exposure."""
    dice = random.Random(seed)
    log = []
    for _ in range(size):
        unit = f"unit-{dice.randrange(40)}"
        experiment = dice.choice([None, 1, 1, 2, 3, 4])
        kind = dice.choice([1, 2, 2, 3]) if experiment else 2
        log.append(
            Event(
                unit,
                kind,
                at(dice.choice([1, 60, 3600, 86_400, 40 * 86_400]) * dice.uniform(-1, 1)),
                experiment,
                variant=int(unit[5:]) % 3 if experiment else None,
                epoch=1 + int(unit[5:]) % 2 if experiment else None,
                metric=dice.choice([1, 2, 3, 9]) if kind > 1 else None,
                value=dice.randrange(-(10**7), 10**8) if kind > 1 else None,
                unit_type=dice.choice([None, "session"]) if experiment is None else None,
                is_bot=dice.random() < 0.05,
            )
        )
    return log
