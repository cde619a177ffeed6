"""Compute rows of state again from the log, and give moments and rollup the difference.

One road for everything that is not "one more event": an exposure that came after its metrics, a metric declared late,
another width of cohorts, rebuilding.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from litmus_server.store.contextual_queue import enqueue_units
from litmus_server.store.derived import has_derived, refill, shift, sweep_derived
from litmus_server.store.fold_lock import fold_transaction
from litmus_server.store.sql import statement

_SLICE = 2_000


@dataclass(frozen=True, slots=True)
class Pairs:
    """Units and experiments, side by side; `variants`, `epochs` and `exposures` are what the log does not hold yet."""

    units: Sequence[str]
    experiments: Sequence[int]
    variants: Sequence[int | None]
    epochs: Sequence[int | None]
    exposures: Sequence[dt.datetime | None]

    @classmethod
    def of(cls, units: Sequence[str], experiments: Sequence[int]) -> "Pairs":
        """Pairs of which the log holds everything."""
        nothing = [None] * len(units)
        return cls(units, experiments, nothing, nothing, nothing)


@dataclass(frozen=True, slots=True)
class Refolded:
    """How many rows changed, and by how many the exposed units of each experiment grew."""

    rows: int
    grown: Counter[int]


async def refold(connection: "asyncpg.Connection[Any]", pairs: Pairs, minutes_from: dt.datetime) -> Refolded:
    """In a fold transaction. Reads batches that are folded, never one that waits."""
    derived = await has_derived(connection, pairs.experiments)
    before = await _shift(connection, -1, pairs, minutes_from, derived=derived)
    done = await _rows(connection, pairs, minutes_from, write=True)
    after = await _shift(connection, 1, pairs, minutes_from, derived=derived)
    if done["units"]:
        await enqueue_units(connection, done["units"], done["experiments"])
    if before or after or done["emptied"]:
        await sweep(connection, pairs.experiments)
    grown = Counter(done["entered"] or ())
    grown.subtract(done["withdrawn"] or ())
    return Refolded(len(done["units"] or ()), grown)


async def wrong(connection: "asyncpg.Connection[Any]", pairs: Pairs, minutes_from: dt.datetime) -> Pairs:
    """In a fold transaction: those of these pairs whose rows are not what the log says. Changes nothing."""
    found = await _rows(connection, pairs, minutes_from, write=False)
    return Pairs.of(found["units"] or (), found["experiments"] or ())


async def _shift(
    connection: "asyncpg.Connection[Any]",
    sign: int,
    pairs: Pairs,
    minutes_from: dt.datetime,
    *,
    derived: bool,
) -> bool:
    """Add (1) or take away (-1) what the rows add to the tables of sums; whether some row may hold only zeros now."""
    emptied = await connection.fetchval(
        statement("refold_shift"), sign, pairs.units, pairs.experiments, minutes_from
    )
    return bool(emptied) | (derived and await shift(connection, sign, pairs.units, pairs.experiments))


async def _rows(
    connection: "asyncpg.Connection[Any]", pairs: Pairs, minutes_from: dt.datetime, *, write: bool
) -> "asyncpg.Record":
    row = await connection.fetchrow(
        statement("refold_rows"),
        pairs.units,
        pairs.experiments,
        pairs.variants,
        pairs.epochs,
        pairs.exposures,
        minutes_from,
        write,
    )
    assert row is not None
    return row


async def sweep(connection: "asyncpg.Connection[Any]", experiments: Iterable[int]) -> None:
    """A row that holds only zeros must not stay: a recompute would not make it."""
    numbers = sorted(set(experiments))
    await connection.execute(
        "delete from moments where experiment = any($1::integer[]) and n = 0 and x2 = 0", numbers
    )
    await connection.execute(
        "delete from rollup where experiment = any($1::integer[]) and events = 0 and total = 0 and units = 0",
        numbers,
    )
    await sweep_derived(connection, numbers)


async def mark(
    connection: "asyncpg.Connection[Any]",
    experiments: Iterable[int],
    grown: Counter[int],
    newest: dt.datetime | None,
) -> None:
    """In a fold transaction: these experiments changed. `newest`: received_at of the newest event, None for none."""
    numbers = sorted(set(experiments))
    if numbers:
        await connection.execute(
            statement("fold_mark"), numbers, [grown[number] for number in numbers], newest
        )


async def refold_experiment(connection: "asyncpg.Connection[Any]", experiment: int) -> int:
    """After a metric was declared late, or its cap or covariates, `cohort_hours` or a window changed: how many rows changed.

    Safe while serving and safe to repeat: slices of units, each one fold transaction. The change itself must be
    committed before.
    """
    changed, after = 0, ""
    while True:
        async with fold_transaction(connection) as minutes_from:
            units = [
                row[0] for row in await connection.fetch(statement("refold_units"), experiment, after, _SLICE)
            ]
            if units:
                done = await refold(connection, Pairs.of(units, [experiment] * len(units)), minutes_from)
                await mark(connection, [experiment], done.grown, None)
        if not units:
            return changed + await refill(connection, experiment)
        changed, after = changed + done.rows, units[-1]
