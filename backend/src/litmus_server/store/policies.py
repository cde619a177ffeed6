"""Policies: what a learner reads, and the compare-and-swap by which it publishes. It computes nothing."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import asyncpg

from litmus_server.domain.policy import Policy, Watermark
from litmus_server.ports import Observed, PolicyRow, Standing
from litmus_server.store.database import available, snapshot
from litmus_server.store.reports import read_sheet

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

    async def observed(
        self, experiment: int, wants_sheet: Callable[[Mapping[str, Any]], bool]
    ) -> Observed | None:
        """See the port."""
        async with snapshot(self._pool) as connection:
            row = await connection.fetchrow(_OBSERVED, experiment)
            if row is None:
                return None
            entry = row["document"]
            primary = next((metric["id"] for metric in entry["metrics"] if metric["role"] == "primary"), 0)
            units, conversions = ([0] * len(entry["variants"]) for _ in range(2))
            for variant, metric, n in await connection.fetch(_COUNTS, experiment, primary):
                (conversions if metric else units)[variant] = n
            joined = await connection.fetchval(_JOINED, experiment, len(entry["variants"]))
            sheet = None
            if wants_sheet(entry):
                mine = [metric for metric in entry["metrics"] if metric["role"] == "primary"]
                sheet = await read_sheet(connection, experiment, entry | {"metrics": mine})
            watermark = Watermark(row["seq"], row["folded_at"])
            return Observed(_standing(row), entry, watermark, units, conversions, joined, sheet)

    async def publish(self, policy: Policy) -> bool:
        """See the port. The row of the experiment is locked, so that no change of it can slip in between."""
        async with available(), self._pool.acquire() as connection, connection.transaction():
            running = await connection.fetchval(_RUNNING, policy.experiment, policy.revision)
            return bool(running) and await publish(connection, policy)


async def publish(connection: "asyncpg.Connection[Any]", policy: Policy) -> bool:
    """Make it the newest version in the caller's transaction, and hint; `published_at` becomes the database's time.

    False, and nothing done, unless it follows the newest version: somebody else was faster.
    """
    inserted = await connection.fetchval(
        _INSERT,
        policy.experiment,
        policy.version,
        policy.revision,
        policy.parent,
        list(policy.propensities),
        dict(policy.document),
        policy.checksum,
        policy.units,
    )
    if inserted:
        await connection.execute(_HEAD, policy.experiment, policy.version)
        await connection.execute("select pg_notify($1, $2)", CHANNEL, str(policy.experiment))
    return bool(inserted)


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
select variant, metric, n from moments where experiment = $1 and span = 0 and metric in (0, $2)
"""

# The first version that had a share for a variant says how many units there were when it was added.
_JOINED = """
select array (
    select coalesce((
        select units from policy where experiment = $1 and cardinality(propensities) > k order by version limit 1
    ), 0)
    from generate_series(0, $2::integer - 1) k
    order by k
)
"""

# A lock that a change of the experiment waits for, and that waits for it; then the row is read anew.
_RUNNING = """
select true from experiments where no = $1 and revision = $2 and status = 'running' and archived_at is null for share
"""

# The primary key decides between two who follow the same parent.
_INSERT = """
insert into policy (experiment, version, revision, parent, propensities, state, checksum, units)
select $1::integer, $2::integer, $3, $4::integer, $5, $6, $7, $8
where $4::integer is not distinct from (select version from policy_head where experiment = $1)
  and $2::integer = coalesce($4, 0) + 1
on conflict (experiment, version) do nothing
returning true
"""

_HEAD = """
insert into policy_head (experiment, version) values ($1, $2)
on conflict (experiment) do update set version = excluded.version where policy_head.version < excluded.version
"""
