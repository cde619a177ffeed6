"""The alarms that stand. Who finds what is wrong writes the table; here it is read."""

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

from litmus_server.domain.alarm import Alarm, AlarmKind
from litmus_server.store.database import available

_STANDING = """
select experiment, kind, raised_at, message
from alarm
where cleared_at is null and experiment = any ($1::int[])
order by raised_at, id
"""


class AlarmBook:
    """See `ports.Alarms`."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        """Uses one connection of the pool for each read."""
        self._pool = pool

    async def standing(self, experiments: Sequence[int]) -> Mapping[int, Sequence[Alarm]]:
        """See the port."""
        standing: dict[int, list[Alarm]] = {}
        async with available(), self._pool.acquire() as connection:
            for row in await connection.fetch(_STANDING, list(experiments)):
                alarm = Alarm(AlarmKind(row["kind"]), row["raised_at"], row["message"])
                standing.setdefault(row["experiment"], []).append(alarm)
        return standing
