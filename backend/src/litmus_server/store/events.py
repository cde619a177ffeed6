"""The event log: append-only, each id once. Knows rows and SQL; the rules for one event are in `domain/event.py`."""

from collections.abc import Sequence
from typing import Any

import asyncpg

from litmus_server.domain.event import Accepted, Duplicate, LoggedEvent, Outcome, Reason, Rejected
from litmus_server.store.journal import BatchIds
from litmus_server.store.sql import statement

_ACCEPTED, _DUPLICATE = Accepted(), Duplicate()
_REFUSED: dict[str, Outcome] = {
    "duplicate": _DUPLICATE,
    Reason.NOT_IN_EXPERIMENT.value: Rejected(
        Reason.NOT_IN_EXPERIMENT, "the unit has no assignment in this experiment: assign it first"
    ),
    Reason.VARIANT_MISMATCH.value: Rejected(
        Reason.VARIANT_MISMATCH, "variant_key is not the variant that is stored for this unit"
    ),
}


class EventWriter:
    """Writes batches of events; answers one outcome per row."""

    def __init__(self, connection: "asyncpg.Connection[Any]", ids: BatchIds, insert: Any) -> None:
        self._connection, self._ids, self._insert = connection, ids, insert

    @classmethod
    async def bind(cls, connection: "asyncpg.Connection[Any]", ids: BatchIds) -> "EventWriter":
        """Prepare on one connection, whose planner must not read whole tables for a batch."""
        await connection.execute("set enable_seqscan = off; set plan_cache_mode = force_generic_plan")
        return cls(connection, ids, await connection.prepare(statement("log_events")))

    async def __call__(
        self, batch: int, rows: Sequence[LoggedEvent], again: bool = False, /
    ) -> Sequence[Outcome]:
        """One statement, one transaction, unless an id comes twice or the batch was sent before.

        What is in the log under a batch id was put there by that batch, whole or not at all; and the fold may have taken
        it already. So nothing is ever added to a batch: what is left over goes under an id of its own.
        """
        if again and (mine := await self._logged_by(batch)):
            return await self._resume(mine, rows)
        first: dict[str, int] = {}
        repeated = [place for place, row in enumerate(rows) if first.setdefault(row.event_id, place) != place]
        places = list(first.values())
        outcomes: list[Outcome] = [_ACCEPTED] * len(rows)
        columns = zip(*(rows if not repeated else [rows[place] for place in places]), strict=True)
        for place, refusal in await self._insert.fetch(batch, *columns):
            outcomes[places[place - 1]] = _REFUSED[refusal]
        if repeated:
            await self._judge_repeated(rows, repeated, first, outcomes)
        return outcomes

    async def _judge_repeated(
        self, rows: Sequence[LoggedEvent], repeated: list[int], first: dict[str, int], outcomes: list[Outcome]
    ) -> None:
        """An id whose first event was rejected is not remembered: the second one gets its own chance."""
        chances = []
        for place in repeated:
            if isinstance(outcomes[first[rows[place].event_id]], Rejected):
                chances.append(place)
            else:
                outcomes[place] = _DUPLICATE
        if chances:
            later = await self(self._ids.take(), [rows[place] for place in chances])
            for place, outcome in zip(chances, later, strict=True):
                outcomes[place] = outcome

    async def _logged_by(self, batch: int) -> set[str]:
        found = await self._connection.fetch("select event_id::text from event where batch = $1", batch)
        return {row[0] for row in found}

    async def _resume(self, mine: set[str], rows: Sequence[LoggedEvent]) -> Sequence[Outcome]:
        outcomes: list[Outcome] = [_ACCEPTED] * len(rows)
        rest = []
        for place, row in enumerate(rows):
            if row.event_id in mine:
                mine.discard(row.event_id)
            else:
                rest.append(place)
        if rest:
            later = await self(self._ids.take(), [rows[place] for place in rest])
            for place, outcome in zip(rest, later, strict=True):
                outcomes[place] = outcome
        return outcomes
