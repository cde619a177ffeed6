"""Experiments as the control plane makes them, and moments as a fold of many events leaves them."""

import datetime as dt
import random
from collections.abc import Sequence
from typing import Any

import asyncpg
from litmus_server.domain.access import Principal, Role
from litmus_server.domain.audit import Cause
from litmus_server.domain.draft import parse_draft
from litmus_server.domain.experiment import Experiment
from litmus_server.services.experiments import Experiments
from litmus_server.store.control import Control

CAUSE = Cause(Principal("tester", Role.ADMIN), "tester", "a test")
MICRO = 1_000_000
HOUR = 478_000
"""A cohort: hours since 1970."""


async def make(
    pool: "asyncpg.Pool[Any]", name: str, *, variants: int = 3, start: bool = True, **fields: Any
) -> Experiment:
    """An experiment of type thompson_sampling, unless told otherwise, that is running, unless told otherwise."""
    kind = fields.pop("type", "thompson_sampling")
    document = {"name": name, "type": kind, "variants": [{"name": f"model-{k}"} for k in range(variants)]}
    if kind == "ab":
        document["variants"] = [{"name": f"model-{k}", "weight": 1 / variants} for k in range(variants)]
    service = Experiments(Control(pool))
    made = await service.create(parse_draft(document | fields), CAUSE)
    return await service.start(made.key, CAUSE) if start else made


async def observe(
    pool: "asyncpg.Pool[Any]",
    experiment: Experiment,
    units: Sequence[int],
    conversions: Sequence[int],
    *,
    metric: int = 0,
    rng: random.Random | None = None,
) -> None:
    """Add exposed units and converted ones by ordinal, spread over epochs and cohorts, as the fold would.

    `metric` is the place among the declared metrics; each conversion has the value 1.
    """
    rng = rng or random.Random(7)
    number = experiment.metrics[metric].id
    async with pool.acquire() as connection, connection.transaction():
        for variant, (exposed, converted) in enumerate(zip(units, conversions, strict=True)):
            for of, count in ((0, exposed), (number, converted)):
                for part in split(count, 4, rng):
                    epoch, cohort = rng.randint(1, 9), HOUR + 24 * rng.randint(0, 3)
                    await add_moments(
                        connection, experiment.no, variant, epoch, cohort, of, part, MICRO * part
                    )
                await add_rollup(connection, experiment.no, variant, of, count, MICRO * count, count)
        await connection.execute(_MARK, experiment.no, sum(units))


def split(count: int, parts: int, rng: random.Random) -> list[int]:
    """Non-negative whole numbers with this sum."""
    cuts = sorted(rng.randint(0, count) for _ in range(parts - 1))
    return [end - start for start, end in zip([0, *cuts], [*cuts, count], strict=True)]


async def add_moments(
    connection: Any, experiment: int, variant: int, epoch: int, cohort: int, metric: int, n: int, s1: int
) -> None:
    """`n` units that have the same value each."""
    sums = (0, 0, 0) if metric == 0 or not n else (s1, s1**2 // n, s1**3 // n**2)
    await connection.execute(_MOMENTS, experiment, variant, epoch, cohort, metric, n, *sums)


async def add_rollup(
    connection: Any,
    experiment: int,
    variant: int,
    metric: int,
    events: int,
    total: int,
    units: int,
    *,
    span: int = 0,
    at: dt.datetime | None = None,
) -> None:
    await connection.execute(_ROLLUP, experiment, variant, metric, span, at, events, total, units)


_MOMENTS = """
insert into moments as m (experiment, variant, epoch, cohort, metric, span, n, s1, s2, s3, x1, x2, xy)
select $1, $2, epoch_of, cohort_of, $5, span, $6, $7, $8, $9, 0, 0, 0 from moments_spans($3, $4)
on conflict (experiment, span, metric, variant, epoch, cohort) do update
set n = m.n + excluded.n, s1 = m.s1 + excluded.s1, s2 = m.s2 + excluded.s2, s3 = m.s3 + excluded.s3
"""

_ROLLUP = """
insert into rollup as r (experiment, variant, metric, span, at, events, total, units)
values ($1, $2, $3, $4, coalesce($5::timestamptz, '-infinity'), $6, $7, $8)
on conflict (experiment, span, at, variant, metric) do update
set events = r.events + excluded.events, total = r.total + excluded.total, units = r.units + excluded.units
"""

_MARK = """
insert into fold_mark as f (experiment, seq, units, folded_at) values ($1, 1, $2, now())
on conflict (experiment) do update set seq = f.seq + 1, units = f.units + excluded.units, folded_at = now()
"""
