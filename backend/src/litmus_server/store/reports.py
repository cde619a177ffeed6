"""What reports are made of, and where they are kept. It reads moments, rollups and policies; it computes nothing.

No statement here touches the event log or a table with a row a unit: the cost of a report does not depend on events.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import asyncpg

from litmus_server.domain.draft import is_id
from litmus_server.domain.errors import NotFound
from litmus_server.domain.policy import Policy
from litmus_server.domain.series import Extent, Interval, Strip, Window, finest, window
from litmus_server.ports import Counters, Facts, ReportState, SeriesRows, Subject, Total
from litmus_server.store.database import available

CHANNEL = "litmus_report"
"""NOTIFY carries the experiment's number: a hint that it has a newer report."""


class ReportStore:
    """`ports.ReportBook` and `ports.Readings` in PostgreSQL."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        """Uses one connection of the pool for each call."""
        self._pool = pool

    async def facts(self, experiment: int) -> Facts | None:
        """See `ports.ReportBook`."""
        async with (
            available(),
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            head = await connection.fetchrow(_HEAD, experiment)
            if head is None:
                return None
            entry = head["document"]
            declared = [metric["id"] for metric in entry["metrics"]]
            sums = await connection.fetch(_SUMS, experiment, [0, *declared])
            totals = await _totals(connection, experiment)
            primary = next((each["id"] for each in entry["metrics"] if each["role"] == "primary"), None)
            shown_metrics = [0] if primary is None else [0, primary]
            extent = await _extent(connection, experiment, shown_metrics)
            shown = None if extent is None else window(extent, finest(extent))
            strips = await _strips(connection, experiment, shown_metrics, shown, totals) if shown else []
        return Facts(
            now=head["now"],
            entry=entry,
            state=ReportState(head["seq"], head["revision"], head["policy_version"]),
            folded_at=head["folded_at"],
            lag_seconds=head["lag_seconds"],
            propensities=head["propensities"],
            sums={(row["variant"], row["metric"]): (row["n"], int(row["s1"])) for row in sums},
            totals=totals,
            window=shown,
            strips=strips,
        )

    async def is_current(self, experiment: int) -> bool:
        """See `ports.ReportBook`."""
        async with available():
            return await self._pool.fetchval(_IS_CURRENT, experiment) is not None

    async def keep(
        self, experiment: int, state: ReportState, computed_at: dt.datetime, document: bytes
    ) -> None:
        """See `ports.ReportBook`."""
        async with available(), self._pool.acquire() as connection, connection.transaction():
            await connection.execute(_KEEP, experiment, *state, computed_at, document.decode())
            await connection.execute("select pg_notify($1, $2)", CHANNEL, str(experiment))

    async def subject(self, reference: str) -> Subject | None:
        """See `ports.Readings`."""
        column = "x.id = $1::uuid" if is_id(reference) else "x.key = $1"
        async with available():
            row = await self._pool.fetchrow(f"{_SUBJECT} where {column}", reference)
        if row is None:
            return None
        kept = None
        if row["kept_seq"] is not None:
            kept = ReportState(row["kept_seq"], row["kept_revision"], row["kept_policy_version"])
        now = ReportState(row["seq"], row["revision"], row["policy_version"])
        return Subject(row["no"], str(row["id"]), row["key"], row["type"], now, kept, row["age"])

    async def document(self, experiment: int) -> tuple[ReportState, bytes] | None:
        """See `ports.Readings`."""
        async with available():
            row = await self._pool.fetchrow(_DOCUMENT, experiment)
        if row is None:
            return None
        return ReportState(row["seq"], row["revision"], row["policy_version"]), row["document"].encode()

    async def counters(self, experiment: int) -> Counters:
        """See `ports.Readings`."""
        async with (
            available(),
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            variants = await connection.fetch(_VARIANTS, experiment)
            totals = await _totals(connection, experiment)
        names = [(str(row["id"]), row["name"]) for row in variants]
        return Counters(str(variants[0]["experiment_id"]), variants[0]["now"], names, totals)

    async def series(
        self,
        experiment: int,
        metric: str | None,
        interval: Interval | None,
        since: dt.datetime | None,
        until: dt.datetime | None,
    ) -> SeriesRows:
        """See `ports.Readings`."""
        async with (
            available(),
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            entry = await connection.fetchval(_ENTRY, experiment)
            totals = await _totals(connection, experiment)
            found, declared = _find(entry, totals, metric)
            metrics = [0] if found is None else [0, found[0]]
            extent = await _extent(connection, experiment, metrics)
            shown = None if extent is None else window(extent, interval or finest(extent), since, until)
            strips = await _strips(connection, experiment, metrics, shown, totals) if shown else []
        names = [(each["id"], each["key"]) for each in entry["variants"]]
        return SeriesRows(names, found, declared, shown, strips)

    async def policies(self, experiment: int, before: int | None, limit: int) -> list[Policy]:
        """See `ports.Readings`."""
        async with available():
            rows = await self._pool.fetch(_POLICIES, experiment, before, limit)
        return [Policy(**{**row, "propensities": tuple(row["propensities"])}) for row in rows]


async def _totals(connection: "asyncpg.Connection[Any]", experiment: int) -> list[Total]:
    return [
        Total(row["variant"], row["metric"], row["name"], row["events"], int(row["total"]), row["units"])
        for row in await connection.fetch(_TOTALS, experiment)
    ]


async def _extent(
    connection: "asyncpg.Connection[Any]", experiment: int, metrics: Sequence[int]
) -> Extent | None:
    row = await connection.fetchrow(_EXTENT, experiment, metrics)
    return None if row["first_hour"] is None else Extent(**row)


async def _strips(
    connection: "asyncpg.Connection[Any]",
    experiment: int,
    metrics: Sequence[int],
    shown: Window,
    totals: Sequence[Total],
) -> list[Strip]:
    rows = await connection.fetch(
        _STRIPS,
        experiment,
        _SPANS[shown.interval],
        shown.starts_at,
        metrics,
        shown.interval.seconds,
    )
    units = {(total.variant, total.metric): total.units for total in totals}
    return [Strip(**row, all_units=units.get((row["variant"], row["metric"]), 0)) for row in rows]


def _find(entry: Any, totals: Sequence[Total], wanted: str | None) -> tuple[tuple[int, str] | None, bool]:
    """The metric that is meant, as (number, name), and whether it is declared."""
    for metric in entry["metrics"]:
        if metric["name"] == wanted or (wanted is None and metric["role"] == "primary"):
            return (metric["id"], metric["name"]), True
    for total in totals:
        if total.name is not None and total.name == wanted:
            return (total.metric, total.name), False
    if wanted is not None:
        raise NotFound("Metric", wanted)
    return None, False


_STATE = """
x.revision, coalesce(f.seq, 0) as seq, coalesce(h.version, 0) as policy_version
"""

_MARKS = """
left join fold_mark f on f.experiment = x.no
left join policy_head h on h.experiment = x.no
"""

_HEAD = f"""
select {_STATE}, now() as now, c.document, f.folded_at, p.propensities,
       (select coalesce(extract(epoch from clock_timestamp() - min(received_at)), 0)::float8 from fold_queue) as lag_seconds
from experiments x
join configuration c on c.experiment = x.no and c.revision = x.revision
{_MARKS}
left join policy p on p.experiment = x.no and p.version = h.version
where x.no = $1
"""

_SUMS = """
select variant, metric, n, s1 from moments where experiment = $1 and span = 0 and metric = any ($2)
"""

_TOTALS = """
select r.variant, r.metric, m.name, r.events, r.total, r.units
from rollup r
left join metric m on m.id = r.metric
where r.experiment = $1 and r.span = 0
order by r.metric, r.variant
"""

# One look at each end of a range of the primary key.
_EXTENT = """
select min(first_hour) as first_hour, max(last_hour) as last_hour,
       min(first_minute) as first_minute, max(last_minute) as last_minute
from unnest($2::integer[]) as wanted (metric)
cross join lateral (
    select (select min(at) from rollup where experiment = $1 and span = 1 and metric = wanted.metric) as first_hour,
           (select max(at) from rollup where experiment = $1 and span = 1 and metric = wanted.metric) as last_hour,
           (select min(at) from rollup where experiment = $1 and span = 2 and metric = wanted.metric) as first_minute,
           (select max(at) from rollup where experiment = $1 and span = 2 and metric = wanted.metric) as last_minute
) ends
"""

_SPANS = {Interval.HOUR: 1, Interval.MINUTE: 2, Interval.DAY: 3}  # of rollup

# One row a variant and metric: arrays are a tenth of the cost of rows, and their order does not matter.
_STRIPS = """
select variant, metric, array_agg(date_part('epoch', at)::bigint / $5::bigint) as intervals, array_agg(units) as units,
       coalesce(array_agg(events) filter (where metric <> 0), '{}') as events,
       coalesce(array_agg((total * 0.000001)::float8) filter (where metric <> 0), '{}') as totals
from rollup
where experiment = $1 and span = $2 and at >= $3 and metric = any ($4)
group by variant, metric
"""

_KEEP = """
insert into report (experiment, seq, revision, policy_version, computed_at, document) values ($1, $2, $3, $4, $5, $6)
on conflict (experiment) do update
set seq = excluded.seq, revision = excluded.revision, policy_version = excluded.policy_version,
    computed_at = excluded.computed_at, document = excluded.document
where report.computed_at < excluded.computed_at
"""

_SUBJECT = f"""
select x.no, x.id, x.key, x.type, {_STATE},
       r.seq as kept_seq, r.revision as kept_revision, r.policy_version as kept_policy_version,
       coalesce(extract(epoch from clock_timestamp() - r.computed_at), 0)::float8 as age
from experiments x
{_MARKS}
left join report r on r.experiment = x.no
"""

_IS_CURRENT = f"""
select true
from experiments x
{_MARKS}
join report r on r.experiment = x.no and (r.seq, r.revision, r.policy_version)
                                       = (coalesce(f.seq, 0), x.revision, coalesce(h.version, 0))
where x.no = $1
"""

_DOCUMENT = "select seq, revision, policy_version, document from report where experiment = $1"

_ENTRY = """
select c.document from experiments x join configuration c on c.experiment = x.no and c.revision = x.revision where x.no = $1
"""

_VARIANTS = """
select v.experiment_id, v.id, v.name, now() as now
from experiments x
join experiment_variants v on v.experiment_id = x.id
where x.no = $1
order by v.ordinal
"""

_POLICIES = """
select experiment, version, revision, parent, propensities, units, checksum, published_at, state as document
from policy
where experiment = $1 and ($2::integer is null or version < $2)
order by version desc
limit $3
"""
