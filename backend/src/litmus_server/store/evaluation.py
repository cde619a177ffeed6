"""What off-policy evaluation reads: the sums of each version, and with what propensities its units were drawn. It computes nothing."""

from collections.abc import Mapping
from typing import Any

import asyncpg

from litmus_server.bandits.contextual import CONTEXTUAL
from litmus_server.domain.draft import ExperimentType, is_id
from litmus_server.ports import ArchivedVersion, DecisionLog, LoggedUnits, LoggedVersion
from litmus_server.stats.moments import MICRO
from litmus_server.store.database import available, snapshot
from litmus_server.store.replay import Archive
from litmus_server.store.reports import EVERYBODYS, read_sheet


class DecisionLogs:
    """`ports.DecisionLogs` in PostgreSQL."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        """Uses one connection of the pool for each call."""
        self._pool = pool

    async def find(self, reference: str) -> DecisionLog | None:
        """See the port."""
        column = "x.id = $1::uuid" if is_id(reference) else "x.key = $1"
        async with snapshot(self._pool) as connection:
            head = await connection.fetchrow(f"{_HEAD} where {column}", reference)
            if head is None:
                return None
            no, entry = head["no"], head["document"]
            sheet = await read_sheet(connection, no, entry)
            rows: list[asyncpg.Record] = []
            if entry["type"] not in CONTEXTUAL:
                adaptive = ExperimentType(entry["type"]).adaptive
                rows = await connection.fetch(_POLICIES if adaptive else _WEIGHTS, no)
        versions = {row["epoch"]: LoggedVersion(tuple(row["shares"]), row["state"]) for row in rows}
        return DecisionLog(head["now"], entry, sheet, versions)

    async def version(self, experiment: int, version: int) -> ArchivedVersion | None:
        """See the port."""
        async with available(), self._pool.acquire() as connection, connection.transaction(readonly=True):
            archive = Archive(connection)
            policy = (await archive.policies([(experiment, version)])).get((experiment, version))
            if policy is None:
                return None
            place = experiment, policy.revision
            document = (await archive.configurations([place])).get(place)
        return None if document is None else ArchivedVersion(document, policy)

    async def units(self, entry: Mapping[str, Any], metric: Mapping[str, Any]) -> LoggedUnits:
        """See the port."""
        cap = metric["cap"] and metric["cap"]["value"]
        binary = metric["kind"] == "conversion"
        found: list[asyncpg.Record] = []
        unknown, arms = 0, len(entry["variants"])
        async with available(), self._pool.acquire() as connection, connection.transaction(readonly=True):
            await connection.execute("set local statement_timeout = 0; set local work_mem = '64MB'")
            async for row in connection.cursor(
                _UNITS, entry["no"], metric["slot"], binary, cap, prefetch=_SLICE
            ):
                shares = row["shares"]
                if shares is None or row["variant"] >= len(shares) or shares[row["variant"]] <= 0:
                    unknown += 1  # it was moved by hand, or is of before the features
                else:
                    found.append(row)
        return LoggedUnits(
            [row["epoch"] for row in found],
            [row["variant"] for row in found],
            [[*row["shares"], *[0] * (arms - len(row["shares"]))] for row in found],
            [row["features"] or {} for row in found],
            [row["eligible"] for row in found],
            [float(row["outcome"]) / MICRO for row in found],
            unknown,
        )


_SLICE = 2_000

_UNITS = """
select a.epoch, s.variant, a.context -> 'shares' as shares, a.context -> 'features' as features, a.context -> 'eligible' as eligible,
       case when $3 then (s.counts[$2] is not null)::integer * 1000000::numeric else least(coalesce(s.totals[$2], 0), $4::numeric) end as outcome
from unit_state s
join assignment a on a.unit = s.unit and a.experiment = s.experiment
where s.experiment = $1 and s.first_at is not null
order by a.epoch, s.unit
"""

_HEAD = """
select x.no, now() as now, c.document
from experiments x
join configuration c on c.experiment = x.no and c.revision = x.revision
"""

_POLICIES = f"""
select version as epoch, propensities as shares, state from policy where experiment = $1 and {EVERYBODYS}
"""

# Weights of one epoch are the same in all its revisions, but for variants that were added with weight 0.
_WEIGHTS = """
select distinct on (epoch) epoch, shares, null::jsonb as state
from (
    select (document->>'epoch')::int as epoch, revision,
           array(select jsonb_array_elements_text(document->'weights')::int) as shares
    from configuration
    where experiment = $1 and document->>'status' = 'running'
) c
order by epoch, revision desc
"""
