"""The log of assignments: the first row of a unit wins. Knows rows and SQL; who decided, and why, is not its business."""

from collections.abc import Iterable, Sequence
from typing import Any

import asyncpg

from litmus_server.domain.assignment import Candidate, Stored
from litmus_server.domain.event import Kind, LoggedEvent
from litmus_server.store.events import EventWriter
from litmus_server.store.journal import BatchIds
from litmus_server.store.sql import statement


class AssignmentWriter:
    """Writes batches of candidates; answers what is stored, or None where the experiment is not running any more."""

    def __init__(self, ids: BatchIds, first: Any, stored: Any, events: EventWriter) -> None:
        self._ids, self._first, self._stored, self._events = ids, first, stored, events

    @classmethod
    async def bind(cls, connection: "asyncpg.Connection[Any]", ids: BatchIds) -> "AssignmentWriter":
        """Prepare on one connection."""
        events = await EventWriter.bind(connection, ids)
        first = await connection.prepare(statement("assign_first"))
        return cls(ids, first, await connection.prepare(statement("assign_stored")), events)

    async def __call__(
        self, batch: int, rows: Sequence[Candidate], again: bool, /
    ) -> Sequence[Stored | None]:
        """One statement, exposures included, except for rows that met somebody else's: in their batch, or at this moment.

        An exposure that has to wait for the second look is logged in a transaction of its own; its request is answered
        after both, and its id makes sending it again safe.
        """
        first: dict[tuple[Any, ...], int] = {}  # of two in one batch the first counts
        repeated = [place for place, row in enumerate(rows) if first.setdefault(row[:2], place) != place]
        places = list(first.values())
        columns: list[Sequence[Any]] = list(
            zip(*(rows if not repeated else [rows[place] for place in places]), strict=True)
        )
        columns[-1], twice = _once(columns[-1])
        answers: list[Stored | None] = [_won(row) for row in rows]
        unseen = []
        for row in await self._first.fetch(*columns, batch, self._ids.take()):
            place = places[row["place"] - 1]
            answers[place] = None
            if row["variant"] is None:
                unseen.append(place)
            else:
                answers[place] = _found(row, again and row["batch"] == batch)
        if unseen:
            await self._look(batch, rows, unseen, again, answers)
        for place in repeated:
            answer = answers[first[rows[place][:2]]]
            answers[place] = answer and answer._replace(fresh=False)
        await self._expose(rows, (*(places[place] for place in twice), *unseen, *repeated), answers)
        return answers

    async def _look(
        self,
        batch: int,
        rows: Sequence[Candidate],
        unseen: Sequence[int],
        again: bool,
        answers: list[Stored | None],
    ) -> None:
        """A second statement sees what was committed while the first one ran."""
        units, numbers = zip(*(rows[place][:2] for place in unseen), strict=True)
        found = {(row["unit"], row["experiment"]): row for row in await self._stored.fetch(units, numbers)}
        for place in unseen:
            row = found.get(rows[place][:2])
            answers[place] = row and _found(row, again and row["batch"] == batch)

    async def _expose(
        self, rows: Sequence[Candidate], places: Iterable[int], answers: Sequence[Stored | None]
    ) -> None:
        shown = [
            LoggedEvent(row.exposure, Kind.EXPOSURE, row.experiment, row.unit, None, None, None, None, None, row.door,
                        row.key_id, False, None)
            for row, answer in ((rows[place], answers[place]) for place in places)
            if row.exposure and answer
        ]  # fmt: skip
        if shown:
            await self._events(self._ids.take(), shown)


def _once(ids: Sequence[str | None]) -> tuple[list[str | None], list[int]]:
    """The ids without those that came before in the list, and the places of these."""
    once, twice, seen = list(ids), [], set()
    for place, each in enumerate(ids):
        if each is None:
            continue
        if each in seen:
            once[place] = None
            twice.append(place)
        seen.add(each)
    return once, twice


def _won(row: Candidate) -> Stored:
    return Stored(row.variant, row.epoch, row.propensity, row.bucket, row.revision, True)


def _found(row: "asyncpg.Record", fresh: bool) -> Stored:
    return Stored(row["variant"], row["epoch"], row["propensity"], row["bucket"], row["revision"], fresh)
