"""The log of assignments: the first row of a unit wins. Knows rows and SQL; who decided, and why, is not its business."""

from collections.abc import Sequence
from typing import Any

import asyncpg

from litmus_server.domain.assignment import Candidate, Stored
from litmus_server.domain.event import Kind, LoggedEvent
from litmus_server.store.events import EventWriter
from litmus_server.store.journal import BatchIds
from litmus_server.store.sql import statement


class AssignmentWriter:
    """Writes batches of candidates; answers what is stored, or None where the experiment is not running any more."""

    def __init__(
        self, connection: "asyncpg.Connection[Any]", first: Any, stored: Any, events: EventWriter
    ) -> None:
        self._connection, self._first, self._stored, self._events = connection, first, stored, events

    @classmethod
    async def bind(cls, connection: "asyncpg.Connection[Any]", ids: BatchIds) -> "AssignmentWriter":
        """Prepare on one connection."""
        first = await connection.prepare(statement("assign_first"))
        stored = await connection.prepare(statement("assign_stored"))
        return cls(connection, first, stored, await EventWriter.bind(connection, ids))

    async def __call__(
        self, batch: int, rows: Sequence[Candidate], again: bool, /
    ) -> Sequence[Stored | None]:
        """One transaction, and one statement in the common case that all are new and none logs an exposure."""
        if any(row.exposure for row in rows):
            async with self._connection.transaction():
                answers = await self._assign(batch, rows, again)
                await self._expose(batch, rows, answers, again)
                return answers
        return await self._assign(batch, rows, again)

    async def _assign(self, batch: int, rows: Sequence[Candidate], again: bool) -> list[Stored | None]:
        by_key = {row[:2]: row for row in reversed(rows)}  # of two in one batch the first counts
        columns = list(zip(*by_key.values(), strict=True))[:10]
        won = {(row[0], row[1]) for row in await self._first.fetch(*columns, batch)}
        if len(won) == len(rows):
            return [_as_stored(row, True) for row in rows]
        found = {key: _as_stored(by_key[key], False) for key in won}
        others = [key for key in by_key if key not in won]
        units, numbers = [unit for unit, _ in others], [number for _, number in others]
        for row in await self._stored.fetch(units, numbers) if others else ():
            mine = again and row["batch"] == batch
            found[row["unit"], row["experiment"]] = _as_stored(row, mine)
        answers: list[Stored | None] = []
        for candidate in rows:
            answer = found.get(candidate[:2])
            if candidate[:2] in won:
                won.remove(candidate[:2])
                answer = _as_stored(candidate, True)
            answers.append(answer)
        return answers

    async def _expose(
        self, batch: int, rows: Sequence[Candidate], answers: Sequence[Stored | None], again: bool
    ) -> None:
        shown = [
            LoggedEvent(row.exposure, Kind.EXPOSURE, row.experiment, row.unit, None, None, None, None, None, row.door,
                        row.key_id, False, None)
            for row, answer in zip(rows, answers, strict=True)
            if row.exposure and answer
        ]  # fmt: skip
        if shown:
            await self._events(batch, shown, again)


def _as_stored(row: "Candidate | asyncpg.Record", fresh: bool) -> Stored:
    if isinstance(row, Candidate):
        return Stored(row.variant, row.epoch, row.propensity, row.bucket, row.revision, fresh)
    return Stored(row["variant"], row["epoch"], row["propensity"], row["bucket"], row["revision"], fresh)
