"""The fold: batches of the event log become state, moments and rollups, each exactly once.

It knows the log and its own tables, not where events come from or who reads the result. Any order, repetition and
batching of the accepted log gives the same tables to the last bit.
"""

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import structlog

from litmus_server.store.database import AWAY, connect
from litmus_server.store.fold_lock import fold_transaction
from litmus_server.store.refold import Pairs, mark, refold, sweep
from litmus_server.store.sql import statement

CHANNEL = "litmus_fold"
"""NOTIFY on it is a hint that a batch waits."""

_MOST_EVENTS = 10_000
_MOST_BATCHES = 1_000
_LONGEST_WRITE = dt.timedelta(minutes=10)
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
            try:
                await self._serve(url, stop, poll, folded)
            except (*AWAY, asyncpg.PostgresError) as error:
                _log.warning("fold interrupted", error=str(error) or type(error).__name__, retry_in=patience)
                await _first(stop.wait(), timeout=patience)
                patience = min(5.0, patience * 2)
            else:
                return

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
        taken = list(takewhile(...))
