"""Reads back what was written about one unit, and keeps the names of metrics as numbers."""

import asyncio
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

from litmus_server.domain.assignment import Stored
from litmus_server.domain.errors import Overloaded
from litmus_server.store.database import available
from litmus_server.store.sql import statement

_MOST_AT_ONCE, _MOST_WAITING = 2_000, 20_000

_FIRST_EXPOSURES = """
select t.unit, t.experiment, e.first_at
from unnest($1::text[], $2::int[]) as t(unit, experiment)
cross join lateral (
    select min(occurred_at) as first_at
    from event
    where unit = t.unit and experiment = t.experiment and kind = 1
) e
where e.first_at is not null
"""


class UnitLedger:
    """The two logs, read by unit."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        """Uses one connection of the pool for each read."""
        self._pool = pool
        self._asked: list[tuple[str, int, asyncio.Future[Stored | None]]] = []
        self._looking: asyncio.Task[None] | None = None

    async def assignment(self, unit: str, experiment: int) -> Stored | None:
        """The stored assignment, or None. While one look is under way those who ask gather for the next: one statement for all
        of them. Raises Overloaded when too many wait.
        """
        if len(self._asked) >= _MOST_WAITING:
            raise Overloaded("Too many assignments are being looked up")
        answer: asyncio.Future[Stored | None] = asyncio.get_running_loop().create_future()
        self._asked.append((unit, experiment, answer))
        if self._looking is None:
            self._looking = asyncio.create_task(self._look(), name="assignments")
        return await answer

    async def _look(self) -> None:
        while self._asked:
            batch, self._asked = self._asked[:_MOST_AT_ONCE], self._asked[_MOST_AT_ONCE:]
            waiting = [answer for *_, answer in batch]
            try:
                found = await self._stored([(unit, experiment) for unit, experiment, _ in batch])
            except Exception as error:
                for answer in waiting:
                    if not answer.done():
                        answer.set_exception(error)
            else:
                for unit, experiment, answer in batch:
                    if not answer.done():
                        answer.set_result(found.get((unit, experiment)))
        self._looking = None

    async def _stored(self, pairs: Sequence[tuple[str, int]]) -> Mapping[tuple[str, int], Stored]:
        units, numbers = zip(*pairs, strict=True)
        async with available():
            rows = await self._pool.fetch(statement("assign_stored"), units, numbers)
        return {
            (row["unit"], row["experiment"]): Stored(
                row["variant"], row["epoch"], row["propensity"], row["bucket"], row["revision"], False
            )
            for row in rows
        }

    async def first_exposures(
        self, pairs: Sequence[tuple[str, int]]
    ) -> Mapping[tuple[str, int], dt.datetime]:
        """From the log itself, which is right even when the fold lags."""
        units, numbers = zip(*pairs, strict=True)
        async with available():
            rows = await self._pool.fetch(_FIRST_EXPOSURES, units, numbers)
        return {(row[0], row[1]): row[2] for row in rows}


class MetricRegistry:
    """Names as numbers, the same in every process and for ever."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        """Uses one connection of the pool for each call."""
        self._pool = pool

    async def numbers(self, names: Sequence[str]) -> Mapping[str, int]:
        """The numbers of these names, making those that are new."""
        async with available(), self._pool.acquire() as connection:
            await connection.execute(
                'insert into metric (name) select n from unnest($1::text[]) n order by n collate "C" on conflict do nothing',
                names,
            )
            rows = await connection.fetch("select name, id from metric where name = any($1::text[])", names)
        return {row[0]: row[1] for row in rows}

    async def admit(self, experiment: int, metrics: Sequence[int], limit: int) -> set[int]:
        """Under a lock of this experiment's names, so that two processes cannot both take the last places."""
        async with available(), self._pool.acquire() as connection, connection.transaction():
            await connection.execute("select pg_advisory_xact_lock(724196531, $1)", experiment)
            used = {
                row[0]
                for row in await connection.fetch(
                    "select metric from metric_use where experiment = $1", experiment
                )
            }
            new = [metric for metric in metrics if metric not in used][: max(0, limit - len(used))]
            await connection.execute(
                "insert into metric_use (experiment, metric) select $1, m from unnest($2::int[]) m",
                experiment,
                new,
            )
        return {metric for metric in metrics if metric in used} | set(new)
