"""All tables of the fold again from the log, while serving.

First unit_state, by slices of units, each one fold transaction, of which only rows that are wrong are written: it can be
interrupted and begun again, and the fold waits for one slice at most. Then what moments, rollup and fold_mark lack is computed in one snapshot, without a lock, and added
under it: differences stay true while the fold goes on, because the fold only ever adds.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import asyncpg

from litmus_server.domain.errors import Conflict
from litmus_server.store.contextual_queue import relearn
from litmus_server.store.database import connect
from litmus_server.store.derived import add, drop_strange, lacking
from litmus_server.store.fold_lock import PINNED, fold_transaction
from litmus_server.store.refold import Pairs, mark, refold, sweep, wrong
from litmus_server.store.sql import statement

_SLICE = 10_000  # events
_ALONE = 7_241_965_310_423  # any number, the same in every version: who rebuilds holds this lock


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a rebuild has come: `unit` is the last one done, `events` about how many of the log are behind it."""

    unit: str
    events: int
    changed: int


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """How many rows were not what the log says, table by table; all zero when nothing was wrong."""

    unit_state: int
    moments: int
    rollup: int
    fold_mark: int
    derived: int = 0
    """Of joint_moments and sketch."""


async def rebuild(
    url: str, progress: Callable[[Progress], None] = lambda _: None, *, after: str = ""
) -> Rebuilt:
    """Make the tables what the log says; `after`: the unit of the last `Progress` of a rebuild that was interrupted.

    Raises `Conflict` while another one runs.
    """
    connection = await connect(url)
    try:
        # Two would both add what they both find missing.
        if not await connection.fetchval("select pg_try_advisory_lock($1)", _ALONE):
            raise Conflict("Another rebuild is running on this database")
        changed = await _rebuild_states(connection, progress, after)
        sums = await _rebuild_sums(connection)
        await relearn(connection)
    finally:
        await connection.close()
    return Rebuilt(changed, *sums)


async def _rebuild_states(
    connection: "asyncpg.Connection[Any]", progress: Callable[[Progress], None], after: str
) -> int:
    events, changed = 0, 0
    while True:
        upto, last = await _slice(connection, after)
        if upto is None:
            return changed
        async with fold_transaction(connection) as minutes_from:
            changed += int(await connection.fetchval(statement("rebuild_marks"), after, upto))
            row = await connection.fetchrow(statement("rebuild_pairs"), after, upto)
            assert row is not None
            pairs = Pairs.of(row["units"] or (), row["experiments"] or ())
            # Nearly all rows are right, and to take away and add what a right one adds costs as much as to compute it.
            pairs = await wrong(connection, pairs, minutes_from)
            if pairs.units:
                done = await refold(connection, pairs, minutes_from)
                await mark(connection, pairs.experiments, done.grown, None)
                changed += done.rows
        after, events = upto, events + _SLICE
        progress(Progress(upto, events, changed))
        if last:
            return changed


async def _slice(connection: "asyncpg.Connection[Any]", after: str) -> tuple[str | None, bool]:
    """Up to which unit the next slice goes, and whether it is the last one."""
    async with connection.transaction(readonly=True):
        await connection.execute(PINNED)
        upto = await connection.fetchval(statement("rebuild_slice"), after, _SLICE)
        if upto is not None:
            return str(upto), False
        end: str | None = await connection.fetchval(statement("rebuild_last"))
        return end, True


async def _rebuild_sums(connection: "asyncpg.Connection[Any]") -> tuple[int, int, int, int]:
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute("set local statement_timeout = 0; set local work_mem = '256MB'")
        moments = await connection.fetch(statement("rebuild_moments"))
        rollup = await connection.fetch(statement("rebuild_rollup"))
        units = await connection.fetch(statement("rebuild_units"))
        lack = await lacking(connection, None, whole=True)
    experiments = {row["experiment"] for row in [*moments, *rollup, *units]} | lack.experiments
    async with fold_transaction(connection):
        strange = await drop_strange(connection)
    if experiments:
        async with fold_transaction(connection) as minutes_from:
            if moments:
                await connection.execute(statement("rebuild_add_moments"), *zip(*moments, strict=True))
            if rollup:
                await connection.execute(
                    statement("rebuild_add_rollup"), *zip(*rollup, strict=True), minutes_from
                )
            await add(connection, lack)
            await sweep(connection, experiments)
            grown = Counter({row["experiment"]: row["units"] for row in units})
            await mark(connection, experiments, grown, None)
    return len(moments), len(rollup), len(units), strange + len(lack)
