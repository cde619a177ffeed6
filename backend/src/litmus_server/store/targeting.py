"""Audiences, layers and the holdout in PostgreSQL: changed under the head's lock, with the experiments that they touch.

It must not know which changes are allowed; the service does.
"""

import datetime as dt
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import asyncpg

from litmus_server.domain.audience import Audience
from litmus_server.domain.audit import Cause
from litmus_server.domain.experiment import Experiment, rfc3339
from litmus_server.domain.layer import Layer
from litmus_server.domain.reach import Met
from litmus_server.domain.weights import to_fraction
from litmus_server.ports import Holdout, Lately, User
from litmus_server.store.audit import record
from litmus_server.store.control import Change, Control, locked, next_revision, read_experiments
from litmus_server.store.database import available, snapshot
from litmus_server.store.shared import read_layers

MOST_MET = 10_000
"""Assignments that are looked at to tell how many units an audience means: a share is then known to one per cent."""
_STRETCHES = tuple(dt.timedelta(hours=hours) for hours in (0.1, 1, 6, 24))
"""How far back they are looked for: the shortest one that has enough of them."""
_PATIENCE = "1s"


class TargetingChange(Change):
    """See `ports.TargetingChange`."""

    async def audiences(self) -> list[Audience]:
        """All, by key."""
        return await _audiences(self._connection)

    async def layers(self) -> list[Layer]:
        """All, by key, with the places that are taken."""
        return await read_layers(self._connection)

    async def layer(self, key: str) -> Layer | None:
        """With the places that are taken."""
        found = await read_layers(self._connection, [key])
        return found[0] if found else None

    async def holdout(self) -> Holdout:
        """As it is now."""
        return await _holdout(self._connection)

    async def users(self, *, audiences: Collection[str] = (), layer: str | None = None) -> list[User]:
        """Experiments that name one of these audiences, or this layer, whatever their status."""
        return await _users(self._connection, audiences, layer)

    async def naming(self, audiences: Collection[str]) -> list[Experiment]:
        """The experiments that name one of these audiences."""
        return await read_experiments(self._connection, _NAMING.format(1), sorted(audiences))

    async def held_out(self) -> list[Experiment]:
        """The running experiments that take part in the holdout."""
        return await read_experiments(
            self._connection, "holdout and status = 'running' and archived_at is null"
        )

    async def save_audience(self, before: Audience | None, after: Audience, cause: Cause) -> Audience:
        """Write it under the next revision."""
        after = replace(after, revision=await next_revision(self._connection))
        await self._connection.execute(
            _AUDIENCE, after.key, after.name, after.description, after.condition, after.revision, after.created_at,
            after.updated_at,
        )  # fmt: skip
        was = None if before is None else _shown_audience(before)
        await self._told("audience", after.key, cause, was, _shown_audience(after))
        return after

    async def delete_audience(self, audience: Audience, cause: Cause) -> int:
        """Remove it; answers the revision without it."""
        await self._connection.execute("delete from audience where key = $1", audience.key)
        await self._told("audience", audience.key, cause, _shown_audience(audience), None)
        return await next_revision(self._connection)

    async def save_layer(self, before: Layer | None, after: Layer, cause: Cause) -> Layer:
        """Write it under the next revision, but for its places, which are the experiments'."""
        after = replace(after, revision=await next_revision(self._connection))
        await self._connection.execute(
            _LAYER, after.key, after.name, after.description, after.salt, after.revision, after.created_at,
            after.updated_at,
        )  # fmt: skip
        was = None if before is None else _shown_layer(before)
        await self._told("layer", after.key, cause, was, _shown_layer(after))
        return after

    async def delete_layer(self, layer: Layer, cause: Cause) -> int:
        """Remove it; answers the revision without it."""
        await self._connection.execute("delete from layer where key = $1", layer.key)
        await self._told("layer", layer.key, cause, _shown_layer(layer), None)
        return await next_revision(self._connection)

    async def save_holdout(self, before: Holdout, share: int, cause: Cause) -> Holdout:
        """Write the share, in ppm, under the next revision."""
        revision = await next_revision(self._connection)
        await self._connection.execute(
            "update holdout set share = $1, revision = $2, updated_at = $3", share, revision, self.at
        )
        was, now = ({"share": to_fraction(each)} for each in (before.share, share))
        await self._told("holdout", "holdout", cause, was, now)
        return await self.holdout()

    async def _told(
        self,
        subject: str,
        key: str,
        cause: Cause,
        before: Mapping[str, Any] | None,
        after: Mapping[str, Any] | None,
    ) -> None:
        action = "create" if before is None else "edit" if after is not None else "delete"
        await record(
            self._connection, self.at, action, cause, key=key, before=before, after=after, subject=subject
        )


class TargetingStore(Control):
    """See `ports.TargetingBook`."""

    @asynccontextmanager
    async def change(self) -> AsyncIterator[TargetingChange]:
        """One transaction: committed at the end of the block, undone when it raises."""
        async with available(), self._pool.acquire() as connection, connection.transaction():
            yield TargetingChange(connection, *await locked(connection))

    async def audiences(self) -> list[Audience]:
        """All, by key."""
        async with snapshot(self._pool) as connection:
            return await _audiences(connection)

    async def layers(self) -> list[Layer]:
        """All, by key, with the places that are taken."""
        async with snapshot(self._pool) as connection:
            return await read_layers(connection)

    async def holdout(self) -> Holdout:
        """As it is now."""
        async with snapshot(self._pool) as connection:
            return await _holdout(connection)

    async def users(self, *, audiences: Collection[str] = (), layer: str | None = None) -> list[User]:
        """See the port."""
        async with snapshot(self._pool) as connection:
            return await _users(connection, audiences, layer)

    async def met(self, unit_type: str | None) -> Lately:
        """See the port. A stretch that takes too long is left out, and the shorter one before it is the answer."""
        async with available(), self._pool.acquire() as connection:
            now = await connection.fetchval("select now()")
            found, since, whole = [], now, False
            for stretch in _STRETCHES:
                with suppress(asyncpg.QueryCanceledError):
                    async with connection.transaction(readonly=True):
                        await connection.execute(f"set local statement_timeout = '{_PATIENCE}'")
                        found = await connection.fetch(_MET, now - stretch, MOST_MET + 1)
                    since, whole = now - stretch, len(found) <= MOST_MET
                    if whole:
                        continue
                break
            found = found[:MOST_MET]
            numbers = list({row["experiment"] for row in found})
            kept = {
                row["no"]: (row["unit_type"], frozenset(row["dimensions"]))
                for row in await connection.fetch(_KEEPS, numbers)
            }
        log = []
        for row in found:
            of, keeps = kept.get(row["experiment"], (None, frozenset[str]()))
            if of is not None and unit_type in {None, of}:
                log.append(Met(row["unit"], row["attributes"], keeps))
        return Lately(since, whole, log)


async def _audiences(connection: "asyncpg.Connection[Any]") -> list[Audience]:
    return [Audience(**row) for row in await connection.fetch(_AUDIENCES)]


async def _holdout(connection: "asyncpg.Connection[Any]") -> Holdout:
    return Holdout(*await connection.fetchrow("select salt, share, revision, updated_at from holdout"))


async def _users(
    connection: "asyncpg.Connection[Any]", audiences: Collection[str], layer: str | None
) -> list[User]:
    return [User(*row) for row in await connection.fetch(_USERS, sorted(audiences), layer)]


def _shown_audience(audience: Audience) -> dict[str, Any]:
    return {
        "name": audience.name,
        "description": audience.description,
        "condition": audience.condition,
        "created_at": rfc3339(audience.created_at),
    }


def _shown_layer(layer: Layer) -> dict[str, Any]:
    return {
        "name": layer.name,
        "description": layer.description,
        "salt": layer.salt,
        "created_at": rfc3339(layer.created_at),
    }


# In no order: what the index by time finds is read as it lies, so that the limit bounds the work.
_MET = "select unit, experiment, attributes from assignment where assigned_at >= $1 limit $2"

# Dimensions are fixed when an experiment starts.
_KEEPS = "select no, unit_type, dimensions from experiments where no = any ($1)"

_AUDIENCES = """
select key, name, description, condition, revision, created_at, updated_at from audience order by key
"""

_AUDIENCE = """
insert into audience (key, name, description, condition, revision, created_at, updated_at)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (key) do update set name = excluded.name, description = excluded.description, condition = excluded.condition,
    revision = excluded.revision, updated_at = excluded.updated_at
"""

_LAYER = """
insert into layer (key, name, description, salt, revision, created_at, updated_at)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (key) do update set name = excluded.name, description = excluded.description, revision = excluded.revision,
    updated_at = excluded.updated_at
"""

# An object with the key "audience" is a name wherever it stands in a condition: values are scalars, or lists of them.
_NAMING = """
audience is not null
and jsonb_path_exists(audience, '$.** ? (@.audience == $keys[*])', jsonb_build_object('keys', ${}::text[]))
"""

_USERS = f"""
select id, key, name, status
from experiments
where ({_NAMING.format(1)}) or layer = (select no from layer where key = $2)
order by key
"""
