"""Every type of bandit learns from rates and from numbers, in both directions, and what it publishes follows from its state."""

import datetime as dt
import random
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
import numpy as np
import pytest
from folded import MICRO, add_moments, make, observe
from litmus_server.bandits.policies import POLICIES
from litmus_server.bandits.version import shares_of
from litmus_server.domain.experiment import Experiment
from litmus_server.domain.policy import PolicyState, read_state
from litmus_server.services.learning import Learning
from scipy import stats

pytestmark = pytest.mark.database

EUROS = {"name": "revenue", "kind": "mean"}


async def newest(pool: "asyncpg.Pool[Any]", experiment: Experiment) -> tuple[PolicyState, list[int]]:
    row = await pool.fetchrow(
        "select state, propensities from policy where experiment = $1 order by version desc limit 1",
        experiment.no,
    )
    assert row is not None
    state = read_state(row["state"])
    assert state is not None
    return state, row["propensities"]


async def sell(
    pool: "asyncpg.Pool[Any]",
    experiment: Experiment,
    values: Sequence[Sequence[int]],
    *,
    days_ago: int = 0,
) -> None:
    """Exposed units by ordinal, each with a total in whole euros, all of one cohort and the first epoch."""
    number, now = experiment.metrics[0].id, dt.datetime.now(dt.UTC)
    cohort = int((now - dt.timedelta(days=days_ago)).timestamp() // 86_400) * 24
    async with pool.acquire() as connection, connection.transaction():
        for variant, totals in enumerate(values):
            await add_moments(connection, experiment.no, variant, 1, cohort, 0, len(totals), 0)
            sums = (
                sum(map(bool, totals)),
                *(sum((each * MICRO) ** power for each in totals) for power in (1, 2)),
            )
            await connection.execute(_SOLD, experiment.no, variant, number, cohort, *sums)
        await connection.execute(_MARK, experiment.no, sum(map(len, values)))


_SOLD = """
insert into moments as m (experiment, variant, epoch, cohort, metric, span, n, s1, s2, s3, x1, x2, xy)
select $1, $2, epoch_of, cohort_of, $3, span, $5, $6, $7, 0, 0, 0, 0 from moments_spans(1, $4)
on conflict (experiment, span, metric, variant, epoch, cohort) do update
set n = m.n + excluded.n, s1 = m.s1 + excluded.s1, s2 = m.s2 + excluded.s2
"""

_MARK = """
insert into fold_mark as f (experiment, seq, units, folded_at) values ($1, 1, $2, now())
on conflict (experiment) do update set seq = f.seq + 1, units = f.units + excluded.units, folded_at = now()
"""


@pytest.mark.parametrize("kind", POLICIES)
@pytest.mark.parametrize("direction", ["increase", "decrease"])
async def test_every_type_sends_most_to_the_best_rate_and_its_version_can_be_computed_again(
    pool: "asyncpg.Pool[Any]", learning: Learning, kind: str, direction: str
) -> None:
    experiment = await make(
        pool, "rates", type=kind, primary_metric={"name": "sign-up", "direction": direction}
    )
    rates = (100, 200, 300) if direction == "increase" else (300, 200, 100)
    await observe(pool, experiment, (1000, 1000, 1000), rates)
    assert await learning.learn(experiment.no) is not None
    state, shares = await newest(pool, experiment)
    assert max(shares) == shares[2]
    assert min(shares) >= state.floor == (10_000 if kind in {"top_two", "exploration_sampling"} else 2_000)
    assert sum(shares) == 1_000_000
    assert list(shares_of(state)) == shares
    assert [each.successes for each in state.variants] == list(rates)
    wins = [each.win_probability or 0 for each in state.variants]
    assert wins[2] > 0.99


@pytest.mark.parametrize("kind", POLICIES)
@pytest.mark.parametrize("direction", ["increase", "decrease"])
async def test_every_type_learns_from_numbers(
    pool: "asyncpg.Pool[Any]", learning: Learning, kind: str, direction: str
) -> None:
    experiment = await make(pool, "numbers", type=kind, primary_metric=EUROS | {"direction": direction})
    dice = random.Random(3)
    values = [[dice.randrange(low, low + 61) for _ in range(120)] for low in (0, 20, 10)]
    if direction == "decrease":
        values = [[80 - each for each in totals] for totals in values]
    await sell(pool, experiment, values)
    assert await learning.learn(experiment.no) is not None
    state, shares = await newest(pool, experiment)
    for arm, totals in zip(state.variants, values, strict=True):
        assert arm.n == len(totals)
        assert arm.mean == pytest.approx(float(np.mean(totals)), rel=1e-12)
        assert arm.variance == pytest.approx(float(np.var(totals, ddof=1)), rel=1e-9)
        assert arm.alpha is arm.successes is None
        assert arm.lower is not None
        assert arm.expected is not None
        assert arm.upper is not None
        assert arm.lower < arm.expected < arm.upper
    assert list(shares_of(state)) == shares
    assert max(shares) == shares[1]


async def test_thompson_sampling_of_numbers_is_the_chance_that_one_mean_exceeds_the_other(
    pool: "asyncpg.Pool[Any]", learning: Learning
) -> None:
    experiment = await make(pool, "chance", variants=2, primary_metric=EUROS, parameters={"floor": 0})
    dice = random.Random(5)
    values = [[dice.randrange(0, 100) for _ in range(400)], [dice.randrange(0, 104) for _ in range(400)]]
    await sell(pool, experiment, values)
    await learning.learn(experiment.no)
    _, shares = await newest(pool, experiment)
    a, b = (np.array(totals, dtype=float) for totals in values)
    z = (b.mean() - a.mean()) / np.sqrt(a.var(ddof=1) / 400 + b.var(ddof=1) / 400)
    # The prior is worth one unit, and the variances are drawn together by thirty of 400.
    assert shares[1] / 1e6 == pytest.approx(stats.norm.cdf(z), abs=0.01)


async def test_numbers_without_a_spread_share_traffic_equally_and_believe_nothing(
    pool: "asyncpg.Pool[Any]", learning: Learning
) -> None:
    experiment = await make(pool, "flat", variants=2, primary_metric=EUROS)
    await sell(pool, experiment, [[7] * 20, [7] * 20])
    await learning.learn(experiment.no)
    row = await pool.fetchrow(
        "select propensities, state from policy where experiment = $1 order by version desc limit 1",
        experiment.no,
    )
    assert row is not None
    assert row["propensities"] == [500_000, 500_000]


async def test_old_units_count_half_after_the_half_life_and_not_at_all_after_the_window(
    pool: "asyncpg.Pool[Any]", learning: Learning
) -> None:
    def of(parameters: Mapping[str, float]) -> dict[str, Any]:
        return {"variants": 2, "primary_metric": EUROS, "parameters": parameters}

    fading = await make(pool, "fading", **of({"half_life_days": 10}))
    sliding = await make(pool, "sliding", **of({"window_days": 5}))
    for experiment in (fading, sliding):
        await sell(pool, experiment, [[10, 30] * 50, [40, 60] * 50], days_ago=20)
        await sell(pool, experiment, [[40, 60] * 50, [10, 30] * 50])
        await learning.learn(experiment.no)
    state, shares = await newest(pool, fading)
    half = [each.n for each in state.variants]
    assert half == [pytest.approx(100 + 25, rel=0.08)] * 2
    assert state.variants[0].mean == pytest.approx((100 * 50 + 25 * 20) / 125, rel=0.02)
    assert shares[0] > shares[1]
    state, shares = await newest(pool, sliding)
    assert [each.n for each in state.variants] == [100, 100]
    assert [each.mean for each in state.variants] == [50, 20]
    assert [each.units for each in state.variants] == [200, 200]
    assert list(shares_of(state)) == shares


async def test_units_that_had_no_time_to_convert_are_not_failures_where_the_delay_is_known(
    pool: "asyncpg.Pool[Any]", learning: Learning
) -> None:
    signed = {"name": "signed", "kind": "conversion"}
    plain = await make(pool, "plain", variants=2, primary_metric=signed)
    patient = await make(
        pool, "patient", variants=2, primary_metric=signed, parameters={"mean_delay_hours": 24 * 40}
    )
    for experiment in (plain, patient):
        # The second variant's units are new; a tenth of those who will sign have.
        await sell(pool, experiment, [[1] * 60 + [0] * 40, [0] * 100], days_ago=60)
        await sell(pool, experiment, [[0] * 100, [1] * 5 + [0] * 95], days_ago=2)
        await learning.learn(experiment.no)
    naive, _ = await newest(pool, plain)
    state, _ = await newest(pool, patient)
    assert [each.n for each in naive.variants] == [200, 200]
    old, new = state.variants
    assert old.successes == 60
    assert new.successes == 5
    assert old.n < 200
    assert new.n < 200
    assert old.arrived is not None
    assert new.arrived is not None
    assert 0 < new.arrived < 1
    assert all(each.arrived is None for each in naive.variants)


async def test_two_equal_arms_are_treated_alike(pool: "asyncpg.Pool[Any]", learning: Learning) -> None:
    for kind in POLICIES:
        experiment = await make(pool, f"equal {kind}", variants=2, type=kind)
        await observe(pool, experiment, (300, 300), (30, 30))
        await learning.learn(experiment.no)
        _, shares = await pool.fetchrow(
            "select version, propensities from policy where experiment = $1 order by version desc limit 1",
            experiment.no,
        )
        if kind == "epsilon_greedy":
            assert sorted(shares) == [51_900, 948_100] or shares == [500_000, 500_000]
        else:
            assert abs(shares[0] - shares[1]) <= 2
