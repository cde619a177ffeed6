"""What reports are made of, and where they are kept. It reads moments, rollups and policies; it computes nothing.

No statement here touches the event log or a table with a row a unit: the cost of a report does not depend on events.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from litmus_server.domain.draft import CONTEXTUAL, is_id
from litmus_server.domain.errors import NotFound
from litmus_server.domain.holdback import Baseline, Held
from litmus_server.domain.look import Look
from litmus_server.domain.plan import NamedPrior, plan_of
from litmus_server.domain.policy import Policy
from litmus_server.domain.series import Extent, Interval, Strip, Window, finest, window
from litmus_server.domain.summary import Summary
from litmus_server.ports import (
    Counters,
    Facts,
    KeptReport,
    ReportState,
    SeriesRows,
    Subject,
    Summarized,
    Total,
)
from litmus_server.stats.sheet import EXPOSED, Measure, Sheet, Waiting, parse_strips
from litmus_server.store.alarms import read_standing
from litmus_server.store.database import available, snapshot

CHANNEL = "litmus_report"
"""NOTIFY carries the experiment's number: a hint that it has a newer report."""


EVERYBODYS = """
not exists (
    select from assignment a
    where a.experiment = policy.experiment and a.epoch = policy.version and a.context ? 'eligible'
)
"""
"""Of a row of `policy`: every unit was drawn by its shares, for none was drawn among some of the variants only."""


class ReportStore:
    """`ports.ReportBook` and `ports.Readings` in PostgreSQL."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        """Uses one connection of the pool for each call."""
        self._pool = pool

    async def facts(self, experiment: int) -> Facts | None:
        """See `ports.ReportBook`."""
        async with snapshot(self._pool) as connection:
            head = await connection.fetchrow(_HEAD, experiment)
            if head is None:
                return None
            entry = head["document"]
            declared = [metric["id"] for metric in entry["metrics"]]
            sums = await connection.fetch(_SUMS, experiment, [0, *declared])
            sheet = await read_sheet(connection, experiment, entry)
            totals = await _totals(connection, experiment)
            primary = next((each["id"] for each in entry["metrics"] if each["role"] == "primary"), None)
            shown_metrics = [0] if primary is None else [0, primary]
            extent = await _extent(connection, experiment, shown_metrics)
            shown = None if extent is None else window(extent, finest(extent))
            strips = await _strips(connection, experiment, shown_metrics, shown, totals) if shown else []
            shares = await read_shares(connection, experiment, sheet, learned=head["policy_version"] > 0)
            looks = await connection.fetch(_LOOKS, experiment)
            rejected = await connection.fetch(_REJECTED, experiment)
            alarms = await read_standing(connection, [experiment])
            fitted = plan_of(entry.get("analysis")).prior is NamedPrior.FITTED
            past = await connection.fetch(_PAST, experiment) if fitted else []
            held = await read_held(connection, experiment) if entry["type"] in CONTEXTUAL else []
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
            sheet=sheet,
            shares=shares,
            looks=[Look(**row) for row in looks],
            rejected={row["reason"]: row["count"] for row in rejected},
            alarms=alarms.get(experiment, []),
            past=[(row["lift"], row["error"]) for row in past],
            held=held,
        )

    async def is_current(self, experiment: int) -> bool:
        """See `ports.ReportBook`."""
        async with available():
            return await self._pool.fetchval(_IS_CURRENT, experiment) is not None

    async def keep(
        self,
        experiment: int,
        report: KeptReport,
        computed_at: dt.datetime,
        looks: Sequence[Look],
        summary: bytes,
    ) -> None:
        """See `ports.ReportBook`."""
        document = report.document.decode()
        async with available(), self._pool.acquire() as connection, connection.transaction():
            # Two workers may find the same look due: the first one's is the fact.
            await connection.executemany(
                _LOOK, [(experiment, *(getattr(look, each.name) for each in fields(Look))) for look in looks]
            )
            await connection.execute(
                _KEEP,
                experiment,
                *report.state,
                computed_at,
                report.changes_at,
                document,
                summary.decode(),
            )
            await connection.execute("select pg_notify($1, $2)", CHANNEL, str(experiment))

    async def looking(self) -> list[int]:
        """See `ports.ReportBook`."""
        async with available():
            return [row["no"] for row in await self._pool.fetch(_LOOKING)]

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
        return Subject(row["no"], str(row["id"]), row["key"], row["type"], now, kept, row["age"], row["at"])

    async def document(self, experiment: int) -> KeptReport | None:
        """See `ports.Readings`."""
        async with available():
            row = await self._pool.fetchrow(_DOCUMENT, experiment)
        if row is None:
            return None
        state = ReportState(row["seq"], row["revision"], row["policy_version"])
        return KeptReport(state, row["document"].encode(), row["changes_at"])

    async def summaries(self, experiments: Sequence[UUID]) -> list[Summarized]:
        """See `ports.Readings`."""
        async with available():
            rows = await self._pool.fetch(_SUMMARIES, experiments)
        return [
            Summarized(
                row["no"],
                row["id"],
                None if row["summary"] is None else msgspec.json.decode(row["summary"], type=Summary),
                row["stale"],
                row["age"],
            )
            for row in rows
        ]

    async def counters(self, experiment: int) -> Counters:
        """See `ports.Readings`."""
        async with snapshot(self._pool) as connection:
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
        async with snapshot(self._pool) as connection:
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


async def read_held(connection: "asyncpg.Connection[Any]", experiment: int) -> list[Held]:
    """What units of a contextual experiment brought that were held back, and all others."""
    return [
        Held(Baseline(baseline), share, back, *map(int, sums))
        for baseline, share, back, *sums in await connection.fetch(_HELD, experiment)
    ]


async def read_sheet(
    connection: "asyncpg.Connection[Any]", experiment: int, entry: Mapping[str, Any]
) -> Sheet:
    """The sums of the metrics that this document declares, in the snapshot that the connection has."""
    derived = {row["metric"]: row for row in await connection.fetch(_DERIVED, experiment)}
    measures = {metric["id"]: _measure(metric, derived.get(metric["id"])) for metric in entry["metrics"]}
    found: list[list[tuple[int, int, str]]] = [[], [], []]
    for table, metric, variant, cells in await connection.fetch(_CELLS, experiment, [EXPOSED, *measures]):
        found[table].append((metric, variant, cells))
    plain, joint, sketch = map(parse_strips, found)
    buckets = {key: dict(zip(strip.epochs, strip.cohorts, strict=True)) for key, strip in sketch.items()}
    return Sheet(entry["cohort_hours"], measures, plain, joint, buckets)


def _measure(metric: Mapping[str, Any], derived: "asyncpg.Record | None") -> Measure:
    kind, cap, covariates = metric["kind"], metric["cap"], metric["covariates"]
    waiting = Waiting.FOLD if derived is not None and not derived["whole"] else None
    delays = derived is not None and derived["delay"] is not None and waiting is None
    if derived is not None and not derived["outcomes"]:  # plain sums say all but how long it takes
        return Measure(binary=True, delays=delays)
    if derived is None or derived["sketch"]:
        if cap is not None and cap["value"] is None:
            waiting = Waiting.CAP
        return Measure(
            binary=kind == "conversion", before=kind == "mean" and covariates != [], waiting=waiting
        )
    return Measure(
        binary=kind == "conversion",
        outcomes=derived["outcomes"],
        covariates=derived["covariates"],
        cap=None if derived["cap"] is None else int(derived["cap"]),
        waiting=waiting,
        delays=delays,
    )


async def read_shares(
    connection: "asyncpg.Connection[Any]", experiment: int, sheet: Sheet, *, learned: bool
) -> dict[int, list[int]]:
    """By ordinal in ppm: of the policy's versions where shares are learned, else of the epochs of fixed weights. A version under
    which a request named eligible variants has none: some of its units had others.
    """
    if learned:
        rows = await connection.fetch(_PROPENSITIES, experiment, sheet.epochs())
    else:
        rows = await connection.fetch(_WEIGHTS, experiment)
    return {row["epoch"]: row["shares"] for row in rows}


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

_DERIVED = """
select metric, cardinality(totals) as outcomes, cardinality(before) as covariates, cap, sketch, delay, whole
from derived_metric
where experiment = $1
"""

# Cells as text: a tenth of the cost of rows of decimals. 0: moments; 1: joint sums; 2: of a sketch, buckets and their counts.
_CELLS = """
select 0 as what, metric, variant, string_agg(concat_ws(' ', epoch, cohort, n, s1, s2, s3, x1, x2, xy), ';') as cells
from moments
where experiment = $1 and span = 1 and metric = any ($2)
group by metric, variant
union all
select 1, metric, variant, string_agg(concat_ws(' ', epoch, cohort, array_to_string(sums, ' ')), ';')
from joint_moments
where experiment = $1 and metric = any ($2)
group by metric, variant
union all
select 2, metric, variant, string_agg(concat_ws(' ', bucket, n), ';')
from sketch
where experiment = $1 and metric = any ($2)
group by metric, variant
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
insert into report (experiment, seq, revision, policy_version, computed_at, changes_at, document, summary)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (experiment) do update
set seq = excluded.seq, revision = excluded.revision, policy_version = excluded.policy_version,
    computed_at = excluded.computed_at, changes_at = excluded.changes_at, document = excluded.document,
    summary = excluded.summary
where report.computed_at < excluded.computed_at
"""

_SUBJECT = f"""
select x.no, x.id, x.key, x.type, {_STATE},
       r.seq as kept_seq, r.revision as kept_revision, r.policy_version as kept_policy_version,
       coalesce(extract(epoch from clock_timestamp() - r.computed_at), 0)::float8 as age, clock_timestamp() as at
from experiments x
{_MARKS}
left join report r on r.experiment = x.no and (r.changes_at is null or r.changes_at > clock_timestamp())
"""

_SUMMARIES = f"""
select x.no, x.id, r.summary,
       coalesce((r.seq, r.revision, r.policy_version) is distinct from (coalesce(f.seq, 0), x.revision, coalesce(h.version, 0))
                or r.changes_at <= clock_timestamp(), true) as stale,
       coalesce(extract(epoch from clock_timestamp() - r.computed_at), 'infinity')::float8 as age
from experiments x
{_MARKS}
left join report r on r.experiment = x.no
where x.id = any ($1::uuid[]) and x.status <> 'draft'
"""

_IS_CURRENT = f"""
select true
from experiments x
{_MARKS}
join report r on r.experiment = x.no and (r.seq, r.revision, r.policy_version)
                                       = (coalesce(f.seq, 0), x.revision, coalesce(h.version, 0))
where x.no = $1 and (r.changes_at is null or r.changes_at > clock_timestamp())
"""

# A few rows a running experiment: those that have a plan, and a report that is older than what it tells of.
_LOOKING = """
select x.no
from experiments x
left join fold_mark f on f.experiment = x.no
left join report r on r.experiment = x.no
where x.planned_units is not null and x.status in ('running', 'completed') and x.archived_at is null
  and coalesce(x.analysis ->> 'method', 'hybrid') in ('hybrid', 'group_sequential')
  and (r.experiment is null or r.changes_at <= now()
       or (r.seq < coalesce(f.seq, 0) and r.computed_at < now() - interval '1 minute'))
order by x.no
limit 100
"""

_DOCUMENT = "select seq, revision, policy_version, changes_at, document from report where experiment = $1"

_WEIGHTS = """
select distinct on (epoch) (document ->> 'epoch')::integer as epoch,
       array(select jsonb_array_elements_text(document -> 'weights')::integer) as shares
from configuration
where experiment = $1
order by epoch, revision desc
"""

# A variant that was added later had no share until then.
WHOLE_SHARES = """
propensities || array_fill(0, array[(
    select count(*)::integer from experiments x join experiment_variants v on v.experiment_id = x.id where x.no = policy.experiment
) - cardinality(propensities)])
"""

_PROPENSITIES = f"""
select version as epoch, {WHOLE_SHARES} as shares
from policy
where experiment = $1 and version = any ($2) and {EVERYBODYS}
"""

_LOOKS = f"select {', '.join(each.name for each in fields(Look))} from look where experiment = $1"

_LOOK = f"""
insert into look (experiment, {", ".join(each.name for each in fields(Look))})
values ($1, {", ".join(f"${place}" for place in range(2, len(fields(Look)) + 2))})
on conflict (experiment, metric, variant, number) do nothing
"""

_REJECTED = """
select reason, sum(count)::bigint as count from dead_letter_count where experiment = $1 group by reason order by reason
"""

_HELD = """
select baseline, share, held, units, seen, total, squares, cubes from contextual_held where experiment = $1 order by 1, 2, 3
"""

# Of all that ended: of winners only, any prior would look justified.
_PAST = """
select (e -> 'difference' ->> 'estimate')::float8 / abs((e ->> 'control_mean')::float8) as lift,
       (e ->> 'standard_error')::float8 / abs((e ->> 'control_mean')::float8) as error
from report r
join experiments x on x.no = r.experiment
cross join json_array_elements(r.document -> 'metrics') m
cross join json_array_elements(m -> 'effects') e
where x.status = 'completed' and x.no <> $1 and m -> 'metric' ->> 'role' = 'primary'
  and e -> 'difference' ->> 'estimate' is not null and (e ->> 'standard_error')::float8 > 0
  and (e ->> 'control_mean')::float8 <> 0
order by r.computed_at desc
limit 1000
"""

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
select experiment, version, revision, parent, propensities, units, checksum, published_at, state - 'model' as document
from policy
where experiment = $1 and ($2::integer is null or version < $2)
order by version desc
limit $3
"""
