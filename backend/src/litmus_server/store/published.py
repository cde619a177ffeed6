"""Reads what was published: configuration entries and policies, in one snapshot of the database."""

from collections.abc import Mapping
from typing import Any

import asyncpg

from litmus_server.ports import Changes, PolicyRow
from litmus_server.store.database import available

_HEAD = "select revision from configuration_head"
_ENTRIES = """
select c.document
from experiments x
join configuration c on c.experiment = x.no and c.revision = x.revision
where x.revision > $1
order by x.no
"""
_DELETED = "select experiment from experiment_deleted where revision > $1"
# The heads are compared one by one: "versions greater than the last I saw" would miss what commits late.
_POLICIES = """
select p.experiment, p.version, p.revision, p.propensities, p.state -> 'model' as model
from policy_head h
join policy p on p.experiment = h.experiment and p.version = h.version
left join unnest($1::int[], $2::int[]) known (experiment, version) on known.experiment = h.experiment
where known.version is null or h.version > known.version
"""


class Published:
    """What a deciding process needs to know, and nothing else."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        """Uses one connection of the pool for each read."""
        self._pool = pool

    async def changes(self, since: int, versions: Mapping[int, int]) -> Changes:
        """See `ports.Configuration`."""
        async with (
            available(),
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read"),
        ):
            revision = await connection.fetchval(_HEAD)
            entries = await connection.fetch(_ENTRIES, since) if revision > since else []
            deleted = await connection.fetch(_DELETED, since) if revision > since > 0 else []
            policies = await connection.fetch(_POLICIES, list(versions), list(versions.values()))
            return Changes(
                revision,
                [row[0] for row in entries],
                [PolicyRow(*row) for row in policies],
                [row[0] for row in deleted],
            )
