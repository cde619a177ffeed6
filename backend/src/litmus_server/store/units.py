"""Every exposed unit of an experiment with what it did, for analysts: read by a cursor, in parts, in one snapshot."""

import datetime as dt
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from typing import Any

import asyncpg

from litmus_server.ports import ExportedUnits
from litmus_server.store.database import available, snapshot

_PART = 2_000  # rows
_LONGEST = 600  # seconds that a snapshot may be held for a reader who is slow


class UnitStore:
    """`ports.UnitBook` in PostgreSQL."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        """Uses one connection of the pool as long as somebody reads."""
        self._pool = pool

    async def units(self, experiment: int) -> ExportedUnits | None:
        """See the port."""
        async with available():
            if await self._pool.fetchval("select true from experiments where no = $1", experiment) is None:
                return None
            rows = await self._pool.fetch(_METRICS, experiment)
        return ExportedUnits(
            [row["name"] for row in rows], self._parts(experiment, [row["slot"] for row in rows])
        )

    async def _parts(self, experiment: int, slots: Sequence[int]) -> AsyncIterator[list[Sequence[Any]]]:
        async with snapshot(self._pool) as connection:
            await connection.execute(f"set local statement_timeout = '{_LONGEST}s'")
            await connection.execute(f"set local idle_in_transaction_session_timeout = '{_LONGEST}s'")
            cursor = await connection.cursor(_UNITS, experiment)
            while rows := await cursor.fetch(_PART):
                yield [_row(row, slots) for row in rows]


def _row(row: "asyncpg.Record", slots: Sequence[int]) -> list[Any]:
    found: list[Any] = [row["unit"], row["variant"], row["epoch"], _text(row["first_at"])]
    for slot in slots:
        for name in ("counts", "totals", "before"):
            value = row[name][slot - 1] if slot <= len(row[name]) else None
            if name == "counts":
                found.append(value or 0)
            else:
                found.append(_units(value))
    return found


def _text(at: dt.datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _units(micro: Decimal | None) -> Decimal:
    """In the metric's units, exactly."""
    return Decimal(0) if micro is None else (micro / 1_000_000).normalize() + 0


_METRICS = """
select e.slot, m.name
from experiment_metric e
join metric m on m.id = e.metric
where e.experiment = $1 and e.kind <> 'ratio'
order by e.slot
"""

_UNITS = """
select s.unit, v.key as variant, s.epoch, s.first_at, s.counts, s.totals, s.before
from unit_state s
join experiments x on x.no = s.experiment
join experiment_variants v on v.experiment_id = x.id and v.ordinal = s.variant
where s.experiment = $1 and s.first_at is not null
"""
