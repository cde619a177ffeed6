"""What the fold derives of some metrics beside moments: joint sums (ratios, caps, several covariates, delays of
conversions) and sketches (quantiles).

Both are functions of the rows of unit_state and of what is declared. While rows change, their part is taken away and added
again; when a declaration changes, it is computed from all rows without a lock, and added under it: the fold only ever adds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Any

import asyncpg

from litmus_server.domain.experiment import Experiment, Status
from litmus_server.domain.metric import Derivation, derivation
from litmus_server.store.database import PATIENT
from litmus_server.store.fold_lock import fold_transaction
from litmus_server.store.sql import statement


@dataclass(frozen=True, slots=True)
class Lack:
    """What the tables lack at some moment; it may be added at any later one, as long as the declarations stay."""

    joint: Sequence["asyncpg.Record"]
    sketch: Sequence["asyncpg.Record"]

    @property
    def experiments(self) -> set[int]:
        """Which it is of."""
        return {row["experiment"] for row in [*self.joint, *self.sketch]}

    def __len__(self) -> int:
        return len(self.joint) + len(self.sketch)


async def declare(connection: "asyncpg.Connection[Any]", experiment: Experiment) -> bool:
    """In the transaction that changes the experiment: what is derived of its metrics; whether its log is to be folded again."""
    delays = experiment.learns_delays
    wanted = {
        metric.id: derivation(metric, experiment.metrics, delays=delays) for metric in experiment.metrics
    }
    known = {row["metric"]: _derivation(row) for row in await connection.fetch(_KNOWN, experiment.no)}
    gone = [metric for metric in known if wanted.get(metric) is None]
    changed = {metric: each for metric, each in wanted.items() if each and each != known.get(metric)}
    is_draft = experiment.status is Status.DRAFT
    await connection.execute(_GONE, experiment.no, gone)
    await connection.executemany(
        _DECLARE,
        [
            (
                experiment.no,
                metric,
                list(each.totals),
                list(each.binary),
                list(each.before),
                each.cap,
                each.sketch,
                each.delay,
                *zip(*terms(each), strict=True),
                experiment.revision,
                is_draft,
            )
            for metric, each in changed.items()
        ],
    )
    return bool(gone or changed) and not is_draft


def terms(derived: Derivation) -> list[tuple[int, int | None, int | None]]:
    """The factors of each sum, places of values from 1: as `stats.moments.JointMoments` orders them, triples of totals only; and at
    the end the delay alone.
    """
    places = range(1, len(derived.totals) + len(derived.before) + 1)
    own = range(1, len(derived.totals) + 1)
    return [
        *((a, None, None) for a in places),
        *((a, b, None) for a, b in combinations_with_replacement(places, 2)),
        *combinations_with_replacement(own, 3),
        *([] if derived.delay is None else [(len(places) + 1, None, None)]),
    ]


async def has_derived(connection: "asyncpg.Connection[Any]", experiments: Sequence[int]) -> bool:
    """Whether anything is derived of a metric of these experiments."""
    return bool(await connection.fetchval(_HAS, experiments))


async def touched(
    connection: "asyncpg.Connection[Any]", batches: Sequence[int], only: Sequence[str] | None
) -> tuple[Sequence[str], Sequence[int], Sequence[int]] | None:
    """What metric events of these batches (`only`: these of their events) may change, for `shift`: units, experiments, metrics."""
    row = await connection.fetchrow(statement("derived_pairs"), batches, only)
    return (row["units"], row["experiments"], row["metrics"]) if row and row["units"] else None


async def shift(
    connection: "asyncpg.Connection[Any]",
    sign: int,
    units: Sequence[str],
    experiments: Sequence[int],
    metrics: Sequence[int] = (),
) -> bool:
    """In a fold transaction: add (1) or take away (-1) the part of these rows, of these metrics beside them (none: of all); whether
    some sums may all be 0 now.
    """
    return bool(await connection.fetchval(statement("derived_shift"), sign, units, experiments, metrics))


async def sweep_derived(connection: "asyncpg.Connection[Any]", experiments: Sequence[int]) -> None:
    """A row that holds only zeros must not stay: a recompute would not make it."""
    await connection.execute(
        "delete from joint_moments where experiment = any($1::integer[]) and 0 = all (sums)", experiments
    )
    await connection.execute(
        "delete from sketch where experiment = any($1::integer[]) and n = 0", experiments
    )


async def refill(connection: "asyncpg.Connection[Any]", experiment: int) -> int:
    """After what is derived of an experiment's metrics changed: how many rows of sums were made.

    Safe while serving and safe to repeat. The change itself must be committed before.
    """
    async with fold_transaction(connection):
        # Whoever folds from here on has seen the change.
        for table in ("joint_moments", "sketch"):
            await connection.execute(_ANEW.format(table=table), experiment)
        if not await connection.fetchval(_UNDONE, experiment):
            return 0
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute("set local statement_timeout = 0; set local work_mem = '64MB'")
        revisions = await connection.fetch(_REVISIONS, experiment)
        lack = await lacking(connection, experiment, whole=False)
    async with fold_transaction(connection):
        made = await add(connection, lack)
        for row in revisions:
            await connection.execute(_DONE, experiment, row["metric"], row["revision"])
        await sweep_derived(connection, [experiment])
        await connection.execute("update fold_mark set seq = seq + 1 where experiment = $1", experiment)
    return made


async def lacking(connection: "asyncpg.Connection[Any]", experiment: int | None, *, whole: bool) -> Lack:
    """In one snapshot: what is missing of this experiment, or (None) of all; of metrics that are whole, or are to become so."""
    return Lack(
        await connection.fetch(statement("derived_joint_lack"), experiment, whole, timeout=PATIENT),
        await connection.fetch(statement("derived_sketch_lack"), experiment, whole, timeout=PATIENT),
    )


async def add(connection: "asyncpg.Connection[Any]", lack: Lack) -> int:
    """In a fold transaction: add what is missing, but for metrics that were declared anew since; how many rows."""
    current = {
        (row["experiment"], row["metric"]): row["revision"]
        for row in await connection.fetch(
            "select experiment, metric, revision from derived_metric where experiment = any($1::integer[])",
            sorted(lack.experiments),
        )
    }
    joint, sketch = (
        [
            tuple(row.values())
            for row in rows
            if current.get((row["experiment"], row["metric"])) == row["revision"]
        ]
        for rows in (lack.joint, lack.sketch)
    )
    await connection.executemany(_ADD_JOINT, [(*row[:5], row[6]) for row in joint])
    await connection.executemany(_ADD_SKETCH, [(*row[:4], row[5]) for row in sketch])
    return len(joint) + len(sketch)


async def drop_strange(connection: "asyncpg.Connection[Any]") -> int:
    """In a fold transaction: delete what no declaration asks for; how many rows."""
    gone = 0
    for table in ("joint_moments", "sketch"):
        done = await connection.execute(_STRANGE.format(table=table))
        gone += int(done.split()[-1])
    return gone


def _derivation(row: "asyncpg.Record") -> Derivation:
    cap = row["cap"]
    return Derivation(
        tuple(row["totals"]),
        tuple(row["indicator"]),
        tuple(row["before"]),
        None if cap is None else int(cap),
        row["sketch"],
        row["delay"],
    )


_HAS = "select exists (select from derived_metric where experiment = any($1::integer[]))"

_KNOWN = (
    "select metric, totals, indicator, before, cap, sketch, delay from derived_metric where experiment = $1"
)

_GONE = "delete from derived_metric where experiment = $1 and metric = any($2::integer[])"

_DECLARE = """
insert into derived_metric (
    experiment, metric, totals, indicator, before, cap, sketch, delay, first, second, third, revision, whole
)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
on conflict (experiment, metric) do update
set totals = excluded.totals, indicator = excluded.indicator, before = excluded.before, cap = excluded.cap, sketch = excluded.sketch,
    delay = excluded.delay, first = excluded.first, second = excluded.second, third = excluded.third, revision = excluded.revision, whole = excluded.whole
"""

_ANEW = """
delete from {table} t
where t.experiment = $1 and not exists (
    select
    from derived_metric d
    where d.experiment = t.experiment and d.metric = t.metric and d.sketch = ('{table}' = 'sketch') and d.whole
)
"""

# Not what is being made whole: to that the fold adds already.
_STRANGE = """
delete from {table} t
where t.experiment > 0 and not exists (
    select
    from derived_metric d
    where d.experiment = t.experiment and d.metric = t.metric and d.sketch = ('{table}' = 'sketch')
)
"""

_UNDONE = "select exists (select from derived_metric where experiment = $1 and not whole)"

_REVISIONS = "select metric, revision from derived_metric where experiment = $1 and not whole"

_DONE = "update derived_metric set whole = true where experiment = $1 and metric = $2 and revision = $3"

_ADD_JOINT = """
insert into joint_moments as o (experiment, metric, variant, epoch, cohort, sums)
values ($1, $2, $3, $4, $5, $6)
on conflict (experiment, metric, variant, epoch, cohort) do update
set sums = array(
    select coalesce(t.mine, 0) + coalesce(t.more, 0)
    from unnest(o.sums, excluded.sums) with ordinality t (mine, more, term)
    order by t.term
)
"""

_ADD_SKETCH = """
insert into sketch as o (experiment, metric, variant, bucket, n)
values ($1, $2, $3, $4, $5)
on conflict (experiment, metric, variant, bucket) do update set n = o.n + excluded.n
"""
