"""Exposed units with what they did, as the fold leaves them; and the sums that follow from them, made by the product's own recompute."""

import datetime as dt
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg
from folded import make
from litmus_server.domain.experiment import Experiment
from litmus_server.store.derived import add, lacking
from litmus_server.store.fold_lock import fold_transaction
from litmus_server.store.sql import statement

MICRO = 1_000_000


@dataclass(frozen=True, slots=True)
class Unit:
    """`values` and `before` by the metric's name, in its units; a unit without a value of a metric has no event of it."""

    name: str
    variant: int
    first_at: dt.datetime
    values: Mapping[str, float] = field(default_factory=dict)
    before: Mapping[str, float] = field(default_factory=dict)
    attributes: Mapping[str, Any] | None = None
    epoch: int = 1


async def keep(pool: "asyncpg.Pool[Any]", experiment: Experiment, units: Sequence[Unit]) -> None:
    """Write the rows of these units, and all sums anew."""
    slots = max(metric.slot for metric in experiment.metrics)
    places = {metric.name: metric.slot - 1 for metric in experiment.metrics}
    rows, assigned = [], []
    for unit in units:
        counts: list[int | None] = [None] * slots
        totals: list[int | None] = [None] * slots
        before: list[int | None] = [None] * slots
        firsts: list[dt.datetime | None] = [None] * slots
        for name, value in unit.values.items():
            place = places[name]
            counts[place], totals[place] = 1, round(value * MICRO)
            firsts[place] = unit.first_at + dt.timedelta(minutes=5)
        for name, value in unit.before.items():
            before[places[name]] = round(value * MICRO)
        cohort = int(unit.first_at.timestamp()) // 3600 // 24 * 24
        rows.append(
            (
                unit.name,
                experiment.no,
                unit.variant,
                unit.epoch,
                cohort,
                unit.first_at,
                counts,
                totals,
                before,
                firsts,
            )
        )
        assigned.append((unit.name, experiment.no, unit.variant, unit.epoch, unit.attributes, unit.first_at))
    async with pool.acquire() as connection:
        await connection.executemany(_STATE, rows)
        await connection.executemany(_ASSIGNMENT, assigned)
        moments = await connection.fetch(statement("rebuild_moments"))
        lack = await lacking(connection, None, whole=True)
        async with fold_transaction(connection):
            if moments:
                await connection.execute(statement("rebuild_add_moments"), *zip(*moments, strict=True))
            await add(connection, lack)
            await connection.execute(_MARK, experiment.no, len(units))


START = dt.datetime(2026, 10, 1, 12, tzinfo=dt.UTC)
COUNTRIES = [*(f"c{k:02}" for k in range(25) for _ in range(30 - k)), None]


def drawn(count: int = 600, seed: int = 3) -> list[Unit]:
    """Of 25 countries and none, over four days; some bought, some before their exposure too."""
    rng = random.Random(seed)
    units = []
    for k in range(count):
        spent = round(rng.expovariate(0.1), 2)
        values = {"order": 1, "spend": spent} if rng.random() < 0.4 else {}
        country = rng.choice(COUNTRIES)
        units.append(
            Unit(
                f"u{k}", rng.randint(0, 1), START + dt.timedelta(days=rng.randint(0, 3)), values,
                {"spend": round(rng.expovariate(0.1), 2)} if rng.random() < 0.5 else {},
                None if country is None else {"country": country},
            )
        )  # fmt: skip
    return units


async def shop(pool: "asyncpg.Pool[Any]", units: list[Unit], name: str = "shop", **fields: Any) -> Experiment:
    made = await make(
        pool, name, variants=2, type="ab",
        primary_metric={"name": "spend", "kind": "mean"},
        secondary_metrics=[
            {"name": "order", "kind": "conversion"},
            {"name": "basket", "kind": "ratio", "numerator": "spend", "denominator": "order"},
            {"name": "p90", "kind": "quantile", "quantile": 0.9},
        ],
        **fields,
    )  # fmt: skip
    await keep(pool, made, units)
    return made


_STATE = """
insert into unit_state (unit, experiment, variant, epoch, cohort, first_at, counts, totals, before, firsts)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""

_ASSIGNMENT = """
insert into assignment (unit, experiment, variant, door, epoch, propensity, bucket, revision, batch, attributes, assigned_at)
values ($1, $2, $3, 1, $4, 500000, 0, 1, 1, $5, $6)
"""

_MARK = """
insert into fold_mark as f (experiment, seq, units, folded_at) values ($1, 1, $2, now())
on conflict (experiment) do update set seq = f.seq + 1, units = f.units + excluded.units, folded_at = now()
"""
