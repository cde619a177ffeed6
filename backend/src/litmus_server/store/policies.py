"""Policies: what a learner reads, and the compare-and-swap by which it publishes. It computes nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

from litmus_server.bandits.checksum import checksum
from litmus_server.domain.policy import Policy, Watermark, signed
from litmus_server.ports import Observed, PolicyRow, Standing
from litmus_server.store.database import available

CHANNEL = "litmus_policy"
"""NOTIFY carries the experiment's number: a hint that it has a newer policy."""


class PolicyStore:
    """`ports.Policies` in PostgreSQL."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        """Uses one connection of the pool for each call."""
        self._pool = pool

    async def standings(self, types: Sequence[str]) -> list[Standing]:
        """See the port. One index scan; it does not touch moments."""
        async with available():
            return [_standing(row) for row in await self._pool.fetch(_STANDINGS, list(types))]

    async def observed(self, experiment: int) -> Observed | None:
        """See the port."""
        async with (
            available(),
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            row = await connection.fetchrow(_OBSERVED, experiment)
            if row is None:
                return None
            entry = row["document"]
            primary = next((metric["id"] for metric in entry["metrics"] if metric["role"] == "primary"), 0)
            units, conversions = ([0] * len(entry["variants"]) for _ in range(2))
            for variant, metric, n in await connection.fetch(_COUNTS, experiment, primary):
                (conversions if metric else units)[variant] = n
            watermark = Watermark(row["seq"], row["folded_at"])
            return Observed(_standing(row), entry, watermark, units, conversions)

    async def publish(
        self,
        standing: Standing,
        propensities: Sequence[int],
        state: Mapping[str, Any],
        units: int,
    ) -> int | None:
        """See the port. The row of the experiment is locked, so that no change of it can slip in between."""
        parent = standing.policy.version if standing.policy else 0
        async with available(), self._pool.acquire() as connection, connection.transaction():
            if not await connection.fetchval(_ALIVE, standing.experiment, standing.revision):
                return None
            return await insert_policy(
                connection,
                standing.experiment,
                parent=parent,
                revision=standing.revision,
                propensities=propensities,
                state=state,
                units=units,
            )


async def head(connection: "asyncpg.Connection[Any]", experiment: int) -> Policy | None:
    """The newest version, as the caller's transaction sees it."""
    row = await connection.fetchrow(_NEWEST, experiment)
    return None if row is None else _policy(row)


async def insert_policy(
    connection: "asyncpg.Connection[Any]",
    experiment: int,
    *,
    parent: int,
    revision: int,
    propensities: Sequence[int],
    state: Mapping[str, Any],
    units: int,
) -> int | None:
    """Publish version `parent` + 1 (0: there is none yet) in the caller's transaction, and hint; answers the version.

    None, and nothing done, when the newest version is not `parent`: somebody else was faster.
    """
    version = parent + 1
    signature = checksum(signed(version, revision, propensities, state))
    row = experiment, version, revision, parent or None, list(propensities), dict(state), signature, units
    if not await connection.fetchval(_INSERT, *row):
        return None
    await connection.execute(_HEAD, experiment, version)
    await connection.execute("select pg_notify($1, $2)", CHANNEL, str(experiment))
    return version


def _policy(row: asyncpg.Record) -> Policy:
    return Policy(**{**row, "propensities": tuple(row["propensities"])})


def _standing(row: asyncpg.Record) -> Standing:
    policy = None
    if row["version"] is not None:
        policy = PolicyRow(row["no"], row["version"], row["policy_revision"], tuple(row["propensities"]))
    return Standing(
        row["no"],
        row["revision"],
        row["seq"],
        row["units"],
        row["now"],
        policy,
        row["policy_seq"],
        row["policy_units"] or 0,
        row["published_at"],
    )


_SELECT = """
select x.no, x.revision, coalesce(f.seq, 0) as seq, coalesce(f.units, 0) as units, now() as now, f.folded_at,
       p.version, p.revision as policy_revision, p.propensities, p.units as policy_units, p.published_at,
       coalesce((p.state #>> '{watermark,seq}')::bigint, 0) as policy_seq
"""

_FROM = """
from experiments x
left join fold_mark f on f.experiment = x.no
left join policy_head h on h.experiment = x.no
left join policy p on p.experiment = x.no and p.version = h.version
"""

_STANDINGS = f"{_SELECT} {_FROM} where x.status = 'running' and x.archived_at is null and x.type = any ($1)"

_OBSERVED = f"""
{_SELECT}, c.document {_FROM}
join configuration c on c.experiment = x.no and c.revision = x.revision
where x.no = $1 and x.status = 'running' and x.archived_at is null
"""

_COUNTS = """
select variant, metric, sum(n)::bigint as n from moments where experiment = $1 and metric in (0, $2) group by variant, metric
"""

# A lock that a change of the experiment waits for, and that waits for it; then the row is read anew.
_ALIVE = """
select true from experiments where no = $1 and revision = $2 and status = 'running' and archived_at is null for share
"""

_NEWEST = """
select p.experiment, p.version, p.revision, p.parent, p.propensities, p.units, p.checksum, p.published_at, p.state
from policy_head h
join policy p on p.experiment = h.experiment and p.version = h.version
where h.experiment = $1
"""

# The primary key decides between two who follow the same parent.
_INSERT = """
insert into policy (experiment, version, revision, parent, propensities, state, checksum, units)
select $1::integer, $2::integer, $3, $4::integer, $5, $6, $7, $8
where $4::integer is not distinct from (select version from policy_head where experiment = $1)
on conflict (experiment, version) do nothing
returning true
"""

_HEAD = """
insert into policy_head (experiment, version) values ($1, $2)
on conflict (experiment) do update set version = excluded.version where policy_head.version < excluded.version
"""
