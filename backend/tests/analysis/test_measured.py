"""From declarations and a log to the sums of a report: every kind of metric against a recount of its units."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest
from fold.judge import Event
from fold.ledger import at, fold_all, write_batch
from folded import CAUSE, MICRO, make
from litmus_server.domain.experiment import Experiment
from litmus_server.jobs.handlers import handlers
from litmus_server.jobs.registry import Context
from litmus_server.services.analysis import Analysis
from litmus_server.services.experiments import Experiments
from litmus_server.services.learning import Learning
from litmus_server.stats.moments import JointMoments, Moments
from litmus_server.stats.quantiles import bucket
from litmus_server.stats.sheet import Sheet, Waiting, of_cohort, of_epoch
from litmus_server.stats.winsor import Cap, frozen_cap
from litmus_server.store.caps import ripe
from litmus_server.store.contextual_sums import ContextualStore
from litmus_server.store.control import Control
from litmus_server.store.jobs import Job, Queue
from litmus_server.store.policies import PolicyStore
from litmus_server.store.refold import refold_experiment
from litmus_server.store.reports import ReportStore
from litmus_server.store.verify import verify

pytestmark = pytest.mark.database

DAY = 86_400
CAP = 30 * MICRO
METRICS: dict[str, Any] = {
    "primary_metric": "order",
    "secondary_metrics": [
        {"name": "revenue", "window_days": 3},
        {"name": "visits", "covariates": []},
        {"name": "capped", "cap": {"value": 30}, "covariates": ["revenue"]},
        {"name": "basket", "kind": "ratio", "numerator": "revenue", "denominator": "order"},
        {"name": "share", "kind": "ratio", "numerator": "visits", "denominator": "capped", "covariates": []},
        {"name": "median", "kind": "quantile", "quantile": 0.5},
        {"name": "again", "kind": "conversion", "covariates": ["revenue", "visits"]},
    ],
}
NAMES = ["order", "revenue", "visits", "capped", "median", "again"]


@dataclass
class Unit:
    """What a unit is known by: totals inside the window and before the exposure, and whether there is any event."""

    variant: int
    epoch: int
    cohort: int
    y: dict[str, int]
    x: dict[str, int]
    seen: set[str]


def log_of(experiment: Experiment, seed: int) -> tuple[list[Event], list[Unit]]:
    dice = random.Random(seed)
    ids = {metric.name: metric.id for metric in experiment.metrics}
    windows = {metric.name: metric.window_seconds for metric in experiment.metrics}
    log, units = [], []
    for k in range(120):
        first = dice.randrange(6) * DAY + dice.randrange(3600)
        stood = (f"u{k}", experiment.no, k % 3, 1 + k % 2)
        unit = Unit(stood[2], stood[3], 0, dict.fromkeys(NAMES, 0), dict.fromkeys(NAMES, 0), set())
        unit.cohort = int(at(first).timestamp()) // DAY * 24
        log.append(Event(stood[0], 1, at(first), *stood[1:]))
        for name in NAMES:
            for _ in range(dice.choice([0, 0, 1, 2])):
                away = dice.choice([-DAY, DAY, 2 * DAY, windows[name] + 1]) + dice.randrange(60)
                value = dice.randrange(-(10**6), 40 * 10**6)
                log.append(Event(stood[0], 2, at(first + away), *stood[1:], ids[name], value))
                if away < 0:
                    unit.x[name] += value
                elif away < windows[name]:
                    unit.y[name] += value
                    unit.seen.add(name)
        units.append(unit)
    dice.shuffle(log)
    return log, units


def without_triples(rows: list[tuple[int, ...]], width: int) -> JointMoments:
    whole = JointMoments.of(rows, width)
    return JointMoments(whole.n, whole.first, whole.second)


def values(name: str, unit: Unit) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """(what is compared, the covariates) of one unit."""
    one = {each: MICRO * (each in unit.seen) for each in NAMES}
    match name:
        case "order":
            return (one["order"],), ()
        case "revenue":
            return (unit.y["revenue"],), (unit.x["revenue"],)
        case "visits":
            return (unit.y["visits"],), ()
        case "capped":
            return (min(unit.y["capped"], CAP),), (min(unit.x["capped"], CAP), unit.x["revenue"])
        case "basket":
            return (unit.y["revenue"], one["order"]), (unit.x["revenue"], unit.x["order"])
        case "share":
            return (unit.y["visits"], unit.y["capped"]), ()
        case _:
            return (one["again"],), (unit.x["again"], unit.x["revenue"], unit.x["visits"])


async def sheet_of(pool: asyncpg.Pool[Any], experiment: Experiment) -> Sheet:
    facts = await ReportStore(pool).facts(experiment.no)
    assert facts is not None
    return facts.sheet


async def test_every_kind_of_metric_has_the_moments_of_its_units(pool: asyncpg.Pool[Any]) -> None:
    experiment = await make(pool, "kinds", type="ab", **METRICS)
    ids = {metric.name: metric.id for metric in experiment.metrics}
    log, units = log_of(experiment, 5)
    async with pool.acquire() as connection:
        for number, begin in enumerate(range(0, len(log), 70), 1):
            await write_batch(connection, number, log[begin : begin + 70])
            await fold_all(connection)
        assert await verify(connection) == []
    sheet = await sheet_of(pool, experiment)
    cohorts = sheet.cohorts()
    assert (len(cohorts), sheet.epochs()) == (6, [1, 2])
    now = at(0).timestamp() + 8 * DAY
    closed = sheet.closed(3 * DAY, now)
    assert 0 < sum(closed(1, cohort) for cohort in cohorts) < 6
    choices: list[tuple[Any, Callable[[Unit], bool]]] = [
        (None, lambda unit: True),
        (of_epoch(2), lambda unit: unit.epoch == 2),
        (of_cohort(cohorts[2]), lambda unit: unit.cohort == cohorts[2]),
        (closed, lambda unit: unit.cohort * 3600 + DAY + 3 * DAY <= now),
    ]
    for name in ("order", "revenue", "visits", "capped", "basket", "share", "again"):
        for variant in range(3):
            for meant, chosen in choices:
                mine = [unit for unit in units if unit.variant == variant and chosen(unit)]
                arm = sheet.arm(ids[name], variant, meant)
                rows = [values(name, unit) for unit in mine]
                assert arm.n == len(mine)
                assert arm.outcome == JointMoments.of(
                    [own for own, _ in rows], len(values(name, units[0])[0])
                )
                if values(name, units[0])[1]:
                    joint = [own + others for own, others in rows]
                    assert arm.adjusting == without_triples(joint, len(joint[0]) if joint else 2)
                else:
                    assert arm.adjusting is None
                if name in NAMES:
                    assert arm.raw == Moments.of(unit.y[name] for unit in mine)
                    assert arm.seen == sum(name in unit.seen for unit in mine)
    for variant in range(3):
        counts = Counter(bucket(unit.y["median"]) for unit in units if unit.variant == variant)
        assert sheet.sketch(ids["median"], variant) == counts


async def test_a_changed_declaration_waits_for_the_fold_and_then_has_every_unit(
    pool: asyncpg.Pool[Any],
) -> None:
    experiment = await make(pool, "changing", type="ab", **METRICS)
    ids = {metric.name: metric.id for metric in experiment.metrics}
    log, units = log_of(experiment, 6)
    async with pool.acquire() as connection:
        await write_batch(connection, 1, log)
        await fold_all(connection)
        service = Experiments(Control(pool))
        secondary: list[dict[str, Any]] = [dict(each) for each in METRICS["secondary_metrics"]]
        secondary[2]["cap"] = {"value": 12}
        secondary[0]["cap"] = {"value": 20}
        await service.edit(experiment.key, {"secondary_metrics": secondary}, CAUSE)
        assert (
            await connection.fetchval("select count(*) from job where kind = 'refold' and state = 'queued'")
            == 1
        )
        waiting = await sheet_of(pool, experiment)
        assert waiting.measures[ids["capped"]].waiting is Waiting.FOLD
        assert waiting.arm(ids["capped"], 0).outcome is None
        assert waiting.arm(ids["basket"], 0).outcome is not None
        await refold_experiment(connection, experiment.no)
        assert await verify(connection) == []
    sheet = await sheet_of(pool, experiment)
    for name, cap in (("capped", 12 * MICRO), ("revenue", 20 * MICRO)):
        arm = sheet.arm(ids[name], 1)
        mine = [min(unit.y[name], cap) for unit in units if unit.variant == 1]
        assert arm.outcome == JointMoments.of([(y,) for y in mine], 1)
        assert sheet.measures[ids[name]].cap == cap


async def test_a_cap_is_frozen_once_from_all_variants_and_is_then_what_counts(
    pool: asyncpg.Pool[Any],
) -> None:
    experiment = await make(
        pool,
        "frozen",
        type="ab",
        primary_metric={"name": "spend", "kind": "mean", "cap": {"quantile": 0.999}},
    )
    [metric] = experiment.metrics
    service = Experiments(Control(pool))
    async with pool.acquire() as connection:
        for batch, (low, high) in enumerate(((0, 4_999), (4_999, 5_400)), 1):
            await connection.execute(_CROWD, batch, experiment.no, metric.id, low, high)
            await fold_all(connection)
            if batch == 1:
                assert await ripe(connection) == []
        assert (await sheet_of(pool, experiment)).measures[metric.id].waiting is Waiting.CAP
        totals = [int(row[0]) for row in await connection.fetch("select totals[1] from unit_state")]
        expected = frozen_cap(totals)
        assert isinstance(expected, Cap)
        assert expected.upper is not None
        [found] = await ripe(connection)
        assert (found.experiment, found.metric, found.value) == (str(experiment.id), "spend", expected.upper)
        registry = handlers(
            Learning(PolicyStore(pool), Queue(pool)), Analysis(ReportStore(pool), ContextualStore(pool))
        )
        job = Job(1, "freeze_caps", {}, None, 1, 5)
        for frozen in ([[str(experiment.id), "spend"]], []):
            assert await registry[job.kind](Context(job, pool), job.payload) == {"frozen": frozen}
        # Whoever has computed it at the same time changes nothing.
        await service.freeze_cap(found.experiment, found.metric, 5, CAUSE)
        await refold_experiment(connection, experiment.no)
        assert await verify(connection) == []
        audit = await connection.fetch("select after from audit where action = 'freeze_cap'")
        assert [row["after"]["frozen_caps"] for row in audit] == [{"spend": expected.upper / MICRO}]
        sheet = await sheet_of(pool, experiment)
        own = await connection.fetch("select totals[1] from unit_state where variant = 1")
        capped = JointMoments.of([(expected.apply(int(row[0])),) for row in own], 1)
        assert sheet.arm(metric.id, 1).outcome == capped
        assert sheet.arm(metric.id, 1).raw != capped.marginal(0)
    shown = (await service.get("frozen")).metrics[0].cap
    assert shown is not None
    assert (shown.value, shown.quantile) == (expected.upper, 0.999)


# Units with one exposure and one event each.
_CROWD = """
with units as (select u from generate_series($4::int, $5::int - 1) u),
queued as (insert into fold_queue (batch) values ($1))
insert into event (batch, event_id, kind, experiment, variant, epoch, unit, metric, value, occurred_at, door)
select $1, gen_random_uuid(), k, $2, u % 2, 1, 'u' || u, case k when 2 then $3::int end,
       case k when 2 then ((u::bigint * 7919) % 100003) * 1000 end, now() + (k - 1) * interval '1 second', 1
from units, generate_series(1, 2) k
"""
