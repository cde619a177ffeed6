"""The log of assignments as a stream, the archive of what it was drawn by, and its draws made again in SQL.

One snapshot of the database for all of it, and no more in memory than a page.
"""

import datetime as dt
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg

from litmus_server.domain.policy import Policy
from litmus_server.domain.replay import Again, Drawn, Logged, Past, Source
from litmus_server.store.database import connect, snapshot
from litmus_server.store.sql import statement

PAGE = 2_000
"""Assignments at once."""


@dataclass(frozen=True, slots=True)
class Range:
    """Which assignments: of one experiment (its number) or of all, with `since` ≤ assigned < `until`."""

    experiment: int | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None


@asynccontextmanager
async def archive(url: str) -> AsyncIterator["Archive"]:
    """The database at `url` as it is at this moment, however long it is read."""
    connection = await connect(url)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            # Node may take its time over a page, and nothing here is in anybody's way.
            await connection.execute(
                "set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0"
            )
            yield Archive(connection)
    finally:
        connection.terminate()


class PastDecisions:
    """`ports.PastDecisions` in PostgreSQL."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        """Uses one connection of the pool for each call."""
        self._pool = pool

    async def find(self, experiment: int, unit: str) -> Past | None:
        """See the port."""
        async with snapshot(self._pool) as connection:
            return await Archive(connection).past(experiment, unit)


class Archive:
    """Reads in the transaction that its connection is in."""

    def __init__(self, connection: "asyncpg.Connection[Any]") -> None:
        """`connection` is in a transaction; pages are read by a server-side cursor."""
        self._connection = connection

    async def number(self, reference: str) -> int | None:
        """The number of the experiment that has this id or key."""
        number: int | None = await self._connection.fetchval(_NUMBER, reference)
        return number

    async def pages(self, range_: Range) -> AsyncIterator[list[Logged]]:
        """The assignments, in no order, PAGE at a time."""
        cursor = await self._connection.cursor(_ROWS, range_.experiment, range_.since, range_.until)
        while rows := await cursor.fetch(PAGE):
            yield [_logged(row) for row in rows]

    async def past(self, experiment: int, unit: str) -> Past | None:
        """The assignment of one unit, and what it was drawn by; None when it has none."""
        row = await self._connection.fetchrow(_ROW, unit, experiment)
        if row is None:
            return None
        logged = _logged(row)
        source = logged.source
        documents = await self.configurations([(experiment, source.revision)])
        policies = await self.policies([(experiment, source.epoch)])
        return Past(
            logged,
            documents.get((experiment, source.revision)),
            policies.get((experiment, source.epoch)),
        )

    async def configurations(
        self, wanted: Collection[tuple[int, int]]
    ) -> Mapping[tuple[int, int], Mapping[str, Any]]:
        """The documents of these (experiment, revision), as far as there are any."""
        rows = await self._connection.fetch(_CONFIGURATIONS, *_columns(wanted))
        return {(row["experiment"], row["revision"]): row["document"] for row in rows}

    async def policies(self, wanted: Collection[tuple[int, int]]) -> Mapping[tuple[int, int], Policy]:
        """The policies of these (experiment, version), as far as there are any."""
        rows = await self._connection.fetch(_POLICIES, *_columns(wanted))
        return {
            (row["experiment"], row["version"]): Policy(**{**row, "propensities": tuple(row["propensities"])})
            for row in rows
        }

    async def drawn(self, asked: Sequence[tuple[Source, str, Sequence[int] | None]]) -> list[Again]:
        """These units decided in SQL, without their audiences; shares of a unit's own count before the policy's. The documents of
        all sources have to be there.
        """
        sources = [source for source, _, _ in asked]
        own = [None if shares is None else "{" + ",".join(map(str, shares)) + "}" for _, _, shares in asked]
        rows = await self._connection.fetch(
            statement("replay_draw"), *zip(*sources, strict=True), [unit for _, unit, _ in asked], own
        )
        return [_again(row) for row in rows]


def _columns(pairs: Collection[tuple[int, int]]) -> tuple[list[int], list[int]]:
    return [one for one, _ in pairs], [other for _, other in pairs]


def _logged(row: "asyncpg.Record") -> Logged:
    return Logged(
        Source(row["experiment"], row["revision"], row["epoch"]),
        row["unit"],
        row["attributes"],
        row["assigned_at"],
        Drawn(row["variant"], row["propensity"], row["bucket"], row["epoch"]),
        row["context"],
    )


def _again(row: "asyncpg.Record") -> Again:
    return Again(row["reason"], Drawn(row["variant"], row["propensity"], row["bucket"], row["epoch"]))


_NUMBER = "select no from experiments where id::text = $1 or key = $1"

_COLUMNS = "select unit, experiment, variant, epoch, propensity, bucket, revision, assigned_at, attributes, context from assignment"

_ROW = f"{_COLUMNS} where unit = $1 and experiment = $2"

_ROWS = f"""
{_COLUMNS}
where ($1::integer is null or experiment = $1) and ($2::timestamptz is null or assigned_at >= $2)
  and ($3::timestamptz is null or assigned_at < $3)
"""

_CONFIGURATIONS = """
select experiment, revision, document
from configuration
join unnest($1::int[], $2::bigint[]) w (experiment, revision) using (experiment, revision)
"""

_POLICIES = """
select experiment, version, revision, parent, propensities, units, checksum, published_at, state as document
from policy
join unnest($1::int[], $2::int[]) w (experiment, version) using (experiment, version)
"""
