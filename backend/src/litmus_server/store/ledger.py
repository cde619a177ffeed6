"""Reads back what was written about one unit, and keeps the names of metrics as numbers."""

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import asyncpg

from litmus_server.domain.assignment import Stored
from litmus_server.domain.errors import Overloaded
from litmus_server.domain.stickiness import Stay
from litmus_server.ports import StayAsked
from litmus_server.store.database import available
from litmus_server.store.sql import statement

_MOST_AT_ONCE, _MOST_WAITING = 2_000, 20_000

T = TypeVar("T")
Pair = tuple[str, int]  # unit, experiment

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


class _Look(Generic[T]):
    """Look-ups of one kind: while one is under way those who ask gather for the next, which is one statement for all of them."""

    def __init__(self, name: str, read: Callable[[Sequence[Pair]], Awaitable[Mapping[Pair, T]]]) -> None:
        self._name, self._read = name, read
        self._asked: list[tuple[Pair, asyncio.Future[T | None]]] = []
        self._looking: asyncio.Task[None] | None = None

    async def of(self, unit: str, experiment: int) -> T | None:
        if len(self._asked) >= _MOST_WAITING:
            raise Overloaded(f"Too many {self._name} are being looked up")
        answer: asyncio.Future[T | None] = asyncio.get_running_loop().create_future()
        self._asked.append(((unit, experiment), answer))
        if self._looking is None:
            self._looking = asyncio.create_task(self._look(), name=self._name)
        return await answer

    async def _look(self) -> None:
        while self._asked:
            batch, self._asked = self._asked[:_MOST_AT_ONCE], self._asked[_MOST_AT_ONCE:]
            try:
                found = await self._read([pair for pair, _ in batch])
            except Exception as error:
                for _, answer in batch:
                    if not answer.done():
                        answer.set_exception(error)
            else:
                for pair, answer in batch:
                    if not answer.done():
                        answer.set_result(found.get(pair))
        self._looking = None


def _found(row: "asyncpg.Record") -> Stored:
    return Stored(row["variant"], row["epoch"], row["propensity"], row["bucket"], row["revision"], False)


class UnitLedger:
    """The two logs, read by unit."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        """Uses one connection of the pool for each read."""
        self._pool = pool
        self._assignments = _Look("assignments", self._stored)
        self._stays = _Look("stays", self._newest)

    async def assignment(self, unit: str, experiment: int) -> Stored | None:
        """The stored assignment, or None. Raises Overloaded when too many wait."""
        return await self._assignments.of(unit, experiment)

    async def stay(self, unit: str, experiment: int) -> Stay | None:
        """The newest stay, over or not, or None. Raises Overloaded when too many wait."""
        return await self._stays.of(unit, experiment)

    async def stays(self, asked: Sequence[StayAsked]) -> Sequence[str | None]:
        """See `ports.Ledger`."""
        rows = await self._pinned("stay_at", *zip(*asked, strict=True))
        names: list[str | None] = [None] * len(asked)
        for row in rows:
            names[row["place"] - 1] = None if row["over"] else row["unit"]
        return names

    async def _stored(self, pairs: Sequence[tuple[str, int]]) -> Mapping[tuple[str, int], Stored]:
        units, numbers = zip(*pairs, strict=True)
        async with available():
            rows = await self._pool.fetch(statement("assign_stored"), units, numbers)
        return {(row["unit"], row["experiment"]): _found(row) for row in rows}

    async def _newest(self, pairs: Sequence[tuple[str, int]]) -> Mapping[tuple[str, int], Stay]:
        units, numbers = zip(*pairs, strict=True)
        rows = await self._pinned("stay_newest", units, numbers)
        return {
            (row["stay_of"], row["experiment"]): Stay(
                row["unit"], _found(row), row["assigned_at"], row["age"]
            )
            for row in rows
        }

    async def _pinned(self, name: str, *values: Sequence[Any]) -> "list[asyncpg.Record]":
        """By the index, however small the table was when this was planned: an order by time is no reason for it to the planner."""
        async with (
            available(),
            self._pool.acquire() as connection,
            connection.transaction(readonly=True),
        ):
            await connection.execute(
                "set local enable_seqscan = off; set local plan_cache_mode = force_generic_plan"
            )
            return list(await connection.fetch(statement(name), *values))

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
