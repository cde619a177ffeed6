"""The fold: batches of the event log become state, moments and rollups, each exactly once.

It knows the log and its own tables, not where events come from or who reads the result. Any order, repetition and
batching of the accepted log gives the same tables to the last bit.
"""

import asyncio
import datetime as dt
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import structlog

from litmus_server.store.contextual_queue import enqueue_batches
from litmus_server.store.database import AWAY, connect
from litmus_server.store.derived import shift, touched
from litmus_server.store.fold_lock import fold_transaction
from litmus_server.store.refold import Pairs, mark, refold, sweep
from litmus_server.store.sql import statement

CHANNEL = "litmus_fold"
"""NOTIFY on it is a hint that a batch waits."""

_MOST_EVENTS = 10_000
_MOST_BATCHES = 1_000
_LONGEST_WRITE = dt.timedelta(minutes=10)
_PATIENCE = 5.0  # seconds: the longest pause between two attempts
_EVER = dt.datetime.min.replace(tzinfo=dt.UTC)
# SQLSTATE classes that blame the data: not supported, data exception, integrity, program limit. A missing column (42) or a
# full disk (53) is no event's fault: those are tried again, or every event would be put aside.
_BLAMES_DATA = ("0A", "22", "23", "54")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Folded:
    """One transaction's work: `waited` is the age in seconds of the oldest batch in it, `more` that others wait."""

    batches: int = 0
    events: int = 0
    experiments: frozenset[int] = frozenset()
    faults: int = 0
    waited: float = 0.0
    more: bool = False


@dataclass(slots=True)
class _Effect:
    """What the statements of one transaction did so far."""

    events: int = 0
    experiments: set[int] = field(default_factory=set)
    grown: Counter[int] = field(default_factory=Counter)
    newest: dt.datetime | None = None

    def add(self, row: "asyncpg.Record") -> None:
        self.events += row["events"]
        self.experiments.update(row["experiments"] or ())
        if row["newest"] is not None and (self.newest is None or row["newest"] > self.newest):
            self.newest = row["newest"]

    def merge(self, other: "_Effect") -> None:
        self.events += other.events
        self.experiments |= other.experiments


class Fold:
    """Folds what waits. Any number of them may run at once on any machines; they take turns."""

    def __init__(self) -> None:
        """Remembers only hints: how large batches were, and where the queue begins."""
        self._limit = _MOST_EVENTS
        self._typical = 100.0  # events a batch
        self._floor = _EVER
        self._full_scan_at = 0.0

    async def fold_once(self, connection: "asyncpg.Connection[Any]") -> Folded:
        """One transaction with the oldest batches, at most about 10,000 events.

        A batch that PostgreSQL refuses for its data is split down to the guilty events: those are kept in `fold_fault`,
        and the rest is folded. Every other error is the caller's to retry: nothing has changed.
        """
        if not await connection.fetchval("select exists (select from fold_queue)"):
            return Folded()
        batches: list[int] = []
        try:
            async with fold_transaction(connection) as minutes_from:
                batches, waited, more = await self._take(connection)
                if not batches:
                    return Folded()
                effect = await _fold(connection, batches, None, minutes_from)
                await _leave_queue(connection, batches)
        except asyncpg.PostgresError as error:
            if batches and _is_data_error(error):
                return await _fold_apart(connection, batches)
            if batches:  # too much at once, perhaps
                self._limit = max(1, self._limit // 4)
            raise
        self._limit = min(_MOST_EVENTS, self._limit * 2)
        return Folded(len(batches), effect.events, frozenset(effect.experiments), 0, waited, more)

    async def run(
        self,
        url: str,
        stop: asyncio.Event,
        *,
        poll: float = 0.05,
        folded: Callable[[Folded], None] = lambda _: None,
    ) -> None:
        """Fold until `stop` is set, through every failure; what is being folded then is finished first.

        `folded` hears of every transaction that folded something.
        """
        patience = poll
        while not stop.is_set():
            began = time.monotonic()
            try:
                await self._serve(url, stop, poll, folded)
            except (*AWAY, asyncpg.PostgresError) as error:
                patience = poll if time.monotonic() - began > _PATIENCE else min(_PATIENCE, patience * 2)
                _log.warning("fold interrupted", error=str(error) or type(error).__name__, retry_in=patience)
                await _first(stop.wait(), timeout=patience)

    async def _serve(
        self, url: str, stop: asyncio.Event, poll: float, folded: Callable[[Folded], None]
    ) -> None:
        connection = await connect(url)
        try:
            hint = asyncio.Event()
            await connection.add_listener(CHANNEL, lambda *_: hint.set())
            while not stop.is_set():
                hint.clear()
                done = await self.fold_once(connection)
                if done.batches:
                    folded(done)
                if not done.more:
                    await _first(stop.wait(), hint.wait(), timeout=poll)
        finally:
            connection.terminate()

    async def _take(self, connection: "asyncpg.Connection[Any]") -> tuple[list[int], float, bool]:
        """The oldest batches, the age in seconds of the oldest, and whether more wait."""
        if time.monotonic() > self._full_scan_at:
            self._floor, self._full_scan_at = _EVER, time.monotonic() + 60
        most = int(min(_MOST_BATCHES, max(1, 2 * self._limit / self._typical)))
        rows = await connection.fetch(statement("fold_take"), self._floor, most + 1)
        if not rows:
            return [], 0.0, False
        self._floor = rows[0]["received_at"] - _LONGEST_WRITE
        batches: list[int] = []
        events = 0
        for row in rows[:most]:
            if batches and events + row["events"] > self._limit:
                break
            batches.append(row["batch"])
            events += row["events"]
        self._typical = max(1.0, events / len(batches))
        return batches, rows[0]["age"].total_seconds(), len(batches) < len(rows)


async def lag(connection: "asyncpg.Connection[Any]") -> float:
    """The age in seconds of the oldest batch that waits; 0 when none does."""
    age: dt.timedelta | None = await connection.fetchval(
        "select clock_timestamp() - min(received_at) from fold_queue"
    )
    return age.total_seconds() if age else 0.0


async def prune_minutes(
    connection: "asyncpg.Connection[Any]", keep: dt.timedelta = dt.timedelta(days=2)
) -> int:
    """Delete the minutes of `rollup` that are older than `keep`, and make no such minute again; how many went."""
    async with fold_transaction(connection):
        return int((await connection.execute(statement("fold_prune"), keep)).split()[-1])


async def _fold(
    connection: "asyncpg.Connection[Any]",
    batches: Sequence[int],
    only: Sequence[str] | None,
    minutes_from: dt.datetime,
) -> _Effect:
    """The tables with these batches in them; `only`: with these of their events."""
    effect = _Effect()
    # Exposures first: then every metric event finds the row that it belongs to, or none.
    exposures = await connection.fetchrow(statement("fold_exposures"), batches, only, minutes_from)
    assert exposures is not None
    effect.add(exposures)
    effect.grown.update(exposures["entered"] or ())
    if exposures["units"]:
        late = Pairs(*(exposures[name] for name in ("units", "pairs", "variants", "epochs", "firsts")))
        effect.grown.update((await refold(connection, late, minutes_from)).grown)
    rows = await touched(connection, batches, only) if exposures["derived"] else None
    emptied = rows is not None and await shift(connection, -1, *rows)
    metrics = await connection.fetchrow(statement("fold_metrics"), batches, only, minutes_from)
    assert metrics is not None
    effect.add(metrics)
    emptied |= rows is not None and await shift(connection, 1, *rows)
    if metrics["emptied"] or emptied:
        await sweep(connection, effect.experiments)
    await mark(connection, effect.experiments, effect.grown, effect.newest)
    await enqueue_batches(connection, batches, only, effect.experiments)
    return effect


async def _leave_queue(connection: "asyncpg.Connection[Any]", batches: Sequence[int]) -> None:
    await connection.execute("delete from fold_queue where batch = any($1::bigint[])", batches)


async def _fold_apart(connection: "asyncpg.Connection[Any]", batches: Sequence[int]) -> Folded:
    """Batches that fail together, each alone, so that only the guilty one is searched through."""
    done = Folded(more=True)
    for batch in batches:
        try:
            async with fold_transaction(connection) as minutes_from:
                if not await _waits(connection, batch):
                    continue
                effect, faults = await _fold(connection, [batch], None, minutes_from), 0
                await _leave_queue(connection, [batch])
        except asyncpg.PostgresError as error:
            if not _is_data_error(error):
                raise
            effect, faults = await _fold_guilty(connection, batch)
        done = Folded(
            done.batches + 1,
            done.events + effect.events,
            done.experiments | effect.experiments,
            done.faults + faults,
            more=True,
        )
    return done


async def _fold_guilty(connection: "asyncpg.Connection[Any]", batch: int) -> tuple[_Effect, int]:
    """A batch with a guilty event: fold all others, and keep that one in `fold_fault`.

    Any batching gives the same tables, so parts of a batch may be folded one after the other. What is in `fold_fault` is
    not there for a recompute: so all events start in it, and leave it with the part that they are folded in.
    """
    effect = _Effect()
    async with fold_transaction(connection) as minutes_from:
        if not await _waits(connection, batch):
            return effect, 0
        events = [row[0] for row in await connection.fetch(statement("fold_suspect"), batch)]
        await _leave_queue(connection, [batch])
        faults = 0
        parts = [events]
        while parts:
            part = parts.pop()
            try:
                async with connection.transaction():
                    effect.merge(await _fold(connection, [batch], part, minutes_from))
                    await connection.execute("delete from fold_fault where event_id = any($1::uuid[])", part)
            except asyncpg.PostgresError as error:
                if not _is_data_error(error):
                    raise
                if len(part) > 1:
                    middle = len(part) // 2
                    parts += [part[middle:], part[:middle]]
                    continue
                faults += 1
                await connection.execute(
                    "update fold_fault set error = $2 where event_id = $1", part[0], str(error)
                )
                _log.error("event put aside by the fold", event_id=str(part[0]), error=str(error))
    return effect, faults


async def _waits(connection: "asyncpg.Connection[Any]", batch: int) -> bool:
    return bool(await connection.fetchval("select exists (select from fold_queue where batch = $1)", batch))


def _is_data_error(error: asyncpg.PostgresError) -> bool:
    return str(error.sqlstate or "").startswith(_BLAMES_DATA)


async def _first(*waiting: Awaitable[object], timeout: float) -> None:
    """Until one of them is done, or so many seconds have passed."""
    tasks = [asyncio.ensure_future(one) for one in waiting]
    try:
        await asyncio.wait(tasks, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
