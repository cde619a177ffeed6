"""A bandit that learns how long conversions take, from events to shares: a slow arm is not taken for a bad one."""

import datetime as dt
from collections import defaultdict
from typing import Any

import asyncpg
import numpy as np
import pytest
from fold.judge import Event
from fold.ledger import fold_all, write_batch
from folded import make
from litmus_server.analysis.document import computed
from litmus_server.bandits.cohorts import Cohort
from litmus_server.bandits.delays import matured
from litmus_server.bandits.version import shares_of
from litmus_server.domain.draft import parse_draft
from litmus_server.domain.errors import Invalid
from litmus_server.domain.experiment import Experiment
from litmus_server.domain.policy import PolicyState, read_state
from litmus_server.services.learning import Learning
from litmus_server.store.database import connect
from litmus_server.store.reports import ReportStore
from litmus_server.store.verify import verify

pytestmark = pytest.mark.database

HOUR = 3600.0
FAST, SLOW = 0.3 * HOUR, 12 * HOUR
RATES = (0.20, 0.30)
SIGNED = {"name": "signed", "kind": "conversion", "window_days": 10}


def lived(experiment: Experiment, now: dt.datetime, units: int = 1_500) -> list[Event]:
    """What units of the last thirty hours have done by now: the better arm's need forty times as long."""
    rng, metric = np.random.default_rng(11), experiment.metrics[0].id
    log = []
    for variant, (rate, mean) in enumerate(zip(RATES, (FAST, SLOW), strict=True)):
        for k, age in enumerate(rng.uniform(0, 30 * HOUR, units)):
            unit, exposed = f"{variant}-{k}", now - dt.timedelta(seconds=age)
            log.append(Event(unit, 1, exposed, experiment.no, variant, 1))
            if rng.random() < rate and (delay := rng.exponential(mean)) < age:
                for again in (0, 60):  # only the first one counts
                    at = exposed + dt.timedelta(seconds=delay + again)
                    log.append(Event(unit, 3, at, experiment.no, variant, 1, metric, 1_000_000))
    return log


async def learned(
    pool: "asyncpg.Pool[Any]", learning: Learning, experiment: Experiment
) -> tuple[PolicyState, tuple[int, ...]]:
    assert await learning.learn(experiment.no)
    row = await pool.fetchrow(
        "select state, propensities from policy where experiment = $1 order by version desc limit 1",
        experiment.no,
    )
    assert row is not None
    state = read_state(row["state"])
    assert state is not None
    return state, tuple(row["propensities"])


async def test_the_better_arm_gets_the_traffic_although_its_units_need_forty_times_as_long(
    pool: "asyncpg.Pool[Any]", learning: Learning, database_url: str
) -> None:
    patient = await make(
        pool, "patient", variants=2, primary_metric=SIGNED, parameters={"learned_delays": True}
    )
    hasty = await make(pool, "hasty", variants=2, primary_metric=SIGNED)
    connection = await connect(database_url)
    now = await connection.fetchval("select now()")
    order = np.random.default_rng(5)
    for number, experiment in enumerate((patient, hasty)):
        log = lived(experiment, now)
        for part, places in enumerate(np.array_split(order.permutation(len(log)), 4)):
            await write_batch(connection, 10 * number + part, [log[place] for place in places])
            await fold_all(connection)  # conversions before their exposures, second ones before first ones
    assert await verify(connection) == []
    await connection.close()

    naive, wrong = await learned(pool, learning, hasty)
    state, shares = await learned(pool, learning, patient)
    assert wrong[0] > 700_000  # the worse one
    assert shares[1] > 990_000
    assert shares_of(state) == shares
    fast, slow = state.variants
    assert fast.mean_delay_hours == pytest.approx(FAST / HOUR, rel=0.25)
    assert slow.mean_delay_hours == pytest.approx(SLOW / HOUR, rel=0.35)
    assert fast.arrived is not None
    assert slow.arrived is not None
    assert 0.97 < fast.arrived < 1
    assert 0.4 < slow.arrived < 0.75
    assert (naive.variants[1].n, naive.variants[1].arrived, naive.variants[1].mean_delay_hours) == (
        1_500,
        None,
        None,
    )
    for variant, rate in zip(state.variants, RATES, strict=True):
        assert variant.lower is not None
        assert variant.upper is not None
        assert variant.lower - 0.03 < rate < variant.upper + 0.03

    # The report shows the same, and what is still to come.
    facts = await ReportStore(pool).facts(patient.no)
    assert facts is not None
    bandit = computed(facts).report.bandit
    assert bandit is not None
    _, shown = bandit.arms
    assert shown.arrived == pytest.approx(slow.arrived, abs=0.01)
    assert shown.mean_delay_hours == pytest.approx(slow.mean_delay_hours, rel=0.01)
    assert shown.to_come == pytest.approx(RATES[1] * 1_500 * (1 - slow.arrived), rel=0.25)


async def test_what_is_learned_follows_from_the_exact_sums_by_the_hour(
    pool: "asyncpg.Pool[Any]", learning: Learning, database_url: str
) -> None:
    experiment = await make(
        pool, "summed", variants=2, primary_metric=SIGNED, parameters={"learned_delays": True}
    )
    connection = await connect(database_url)
    now = await connection.fetchval("select now()")
    log = lived(experiment, now, units=150)
    await write_batch(connection, 1, log)
    await fold_all(connection)
    await connection.close()
    state, _ = await learned(pool, learning, experiment)
    published = await pool.fetchval(
        "select max(published_at) from policy where experiment = $1", experiment.no
    )

    exposed = {event.unit: event for event in log if event.kind == 1}
    first: dict[str, dt.datetime] = {}
    for event in log:
        if event.kind == 3:
            first[event.unit] = min(event.occurred_at, first.get(event.unit, event.occurred_at))
    cells: dict[tuple[int, int], list[float]] = defaultdict(lambda: [0, 0, 0.0])
    for unit, event in exposed.items():
        cell = cells[event.variant or 0, int(event.occurred_at.timestamp() // HOUR)]
        cell[0] += 1
        if unit in first:
            cell[1] += 1
            cell[2] += (first[unit] - event.occurred_at).total_seconds()
    stamp = published.timestamp()
    arms = [
        [
            Cohort(stamp - (hour * HOUR + min((hour + 1) * HOUR, stamp)) / 2, int(n), int(c), late)
            for (arm, hour), (n, c, late) in sorted(cells.items())
            if arm == variant
        ]
        for variant in (0, 1)
    ]
    expected = matured(arms, attribution=10 * 86_400)
    for variant, each in zip(state.variants, expected, strict=True):
        assert variant.successes == each.arm.successes
        assert variant.n == pytest.approx(each.arm.trials, rel=1e-3)
        assert each.mean_delay is not None
        assert variant.mean_delay_hours == pytest.approx(each.mean_delay / HOUR, rel=1e-3)


async def test_before_the_first_conversion_nothing_is_said_of_delays(
    pool: "asyncpg.Pool[Any]", database_url: str
) -> None:
    experiment = await make(
        pool, "early", variants=2, primary_metric=SIGNED, parameters={"learned_delays": True}
    )
    connection = await connect(database_url)
    log = lived(experiment, await connection.fetchval("select now()"), units=50)
    await write_batch(connection, 1, [event for event in log if event.kind == 1])
    await fold_all(connection)
    await connection.close()
    facts = await ReportStore(pool).facts(experiment.no)
    assert facts is not None
    bandit = computed(facts).report.bandit
    assert bandit is not None
    for arm in bandit.arms:
        assert (arm.units, arm.arrived, arm.to_come, arm.mean_delay_hours) == (50, None, None, None)


async def test_who_does_not_ask_has_no_sums_of_delays_and_keeps_its_days(pool: "asyncpg.Pool[Any]") -> None:
    asks = await make(pool, "asks", primary_metric=SIGNED, parameters={"learned_delays": True})
    not_asked = await make(pool, "not asked", primary_metric=SIGNED, parameters={"learned_delays": False})
    assert (asks.cohort_hours, not_asked.cohort_hours) == (1, 24)
    rows = await pool.fetch("select experiment, metric, totals, delay from derived_metric")
    assert [tuple(row) for row in rows] == [(asks.no, asks.metrics[0].id, [], 1)]


async def test_delays_are_summed_beside_covariates(
    pool: "asyncpg.Pool[Any]", learning: Learning, database_url: str
) -> None:
    visits = {"name": "visits", "kind": "mean"}
    experiment = await make(
        pool,
        "adjusted",
        variants=2,
        primary_metric=SIGNED | {"covariates": ["visits"]},
        secondary_metrics=[visits],
        parameters={"learned_delays": True},
    )
    connection = await connect(database_url)
    now = await connection.fetchval("select now()")
    log = lived(experiment, now, units=300)
    visited = [
        Event(each.unit, 2, each.occurred_at - dt.timedelta(days=1), metric=experiment.metrics[1].id, value=5)
        for each in log
        if each.kind == 1
    ]
    await write_batch(connection, 1, [*log, *visited])
    await fold_all(connection)
    assert await verify(connection) == []
    await connection.close()
    state, _ = await learned(pool, learning, experiment)
    assert all(each.mean_delay_hours is not None for each in state.variants)
    facts = await ReportStore(pool).facts(experiment.no)
    assert facts is not None
    adjusting = facts.sheet.arm(experiment.metrics[0].id, 0).adjusting
    assert adjusting is not None
    assert adjusting.first[-1] == 5 * 300


@pytest.mark.parametrize(
    ("fields", "because"),
    [
        (
            {"primary_metric": {"name": "revenue", "kind": "mean"}, "parameters": {"learned_delays": True}},
            "kind mean",
        ),
        (
            {"primary_metric": SIGNED, "parameters": {"learned_delays": True, "mean_delay_hours": 3}},
            "mean_delay_hours",
        ),
        ({"primary_metric": SIGNED, "parameters": {"learned_delays": 1}}, "true or false"),
        (
            {"type": "lints", "primary_metric": SIGNED, "parameters": {"learned_delays": True}},
            "unknown field",
        ),
    ],
    ids=["a metric of numbers", "a delay that is known", "no boolean", "a contextual type"],
)
def test_delays_that_cannot_be_learned_are_refused(fields: dict[str, Any], because: str) -> None:
    document = {"name": "x", "type": "thompson_sampling", "variants": [{"name": "a"}, {"name": "b"}]} | fields
    with pytest.raises(Invalid) as refused:
        parse_draft(document)
    [fault] = [each for each in refused.value.faults if each.pointer == "/parameters/learned_delays"]
    assert because in fault.message
