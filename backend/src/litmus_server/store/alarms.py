"""Alarms as they are read, and the hand that clears one. Who finds what is wrong writes the table: `store/acting.py`."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

from litmus_server.domain.alarm import Alarm, AlarmKind
from litmus_server.store.database import available


class AlarmBook:
    """See `ports.Alarms`."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        """Uses one connection of the pool for each read."""
        self._pool = pool

    async def standing(self, experiments: Sequence[int]) -> Mapping[int, Sequence[Alarm]]:
        """See the port."""
        async with available(), self._pool.acquire() as connection:
            return await read_standing(connection, experiments)


async def read_standing(
    connection: "asyncpg.Connection[Any]", experiments: Sequence[int]
) -> dict[int, list[Alarm]]:
    """See `ports.Alarms.standing`."""
    standing: dict[int, list[Alarm]] = {}
    for row in await connection.fetch(_STANDING, list(experiments)):
        standing.setdefault(row["experiment"], []).append(_alarm(row))
    return standing


async def read_alarms(
    connection: "asyncpg.Connection[Any]", experiment: int, before: int | None, limit: int
) -> list[Alarm]:
    """Newest first, at most `limit`, those raised before the one of this id."""
    return [_alarm(row) for row in await connection.fetch(_OF, experiment, before, limit)]


async def acknowledge(
    connection: "asyncpg.Connection[Any]", experiment: int, alarm: int, by: str, at: dt.datetime
) -> Alarm | None:
    """The alarm as it was, cleared in this person's name if it stood; None when the experiment has none of this id."""
    found = await connection.fetchrow(_ONE, experiment, alarm)
    if found is not None:
        await connection.execute(_ACKNOWLEDGE, found["id"], at, by)
    return None if found is None else _alarm(found)


def _alarm(row: asyncpg.Record) -> Alarm:
    return Alarm(
        id=row["id"],
        kind=AlarmKind(row["kind"]),
        metric=row["name"],
        raised_at=row["raised_at"],
        message=row["message"],
        evidence=row["evidence"],
        cleared_at=row["cleared_at"],
        acknowledged_by=row["cleared_by"],
    )


_SELECT = """
select a.experiment, a.id, a.kind, n.name, a.raised_at, a.message, a.evidence, a.cleared_at, a.cleared_by
from alarm a
left join metric n on n.id = a.metric
"""

_STANDING = f"""{_SELECT}
where a.cleared_at is null and a.experiment = any ($1::int[])
order by a.raised_at, a.id
"""

_OF = f"""{_SELECT}
where a.experiment = $1 and ($2::bigint is null or a.id < $2)
order by a.id desc
limit $3
"""

_ONE = f"""{_SELECT}
where a.experiment = $1 and a.id = $2
for update of a
"""

_ACKNOWLEDGE = """
update alarm set cleared_at = greatest($2, raised_at), cleared_by = $3
where id = $1 and cleared_at is null
"""
