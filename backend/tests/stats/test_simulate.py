"""The short run of `bench/calibrate_intervals.py`: watched experiments without an effect are rarely called, and why monitoring waits."""

from math import sqrt

import numpy as np
import pytest
from litmus_server.stats.estimators import means, proportions
from litmus_server.stats.group_sequential import Shape, Spending
from litmus_server.stats.moments import MICRO, Moments
from litmus_server.stats.simulate import LAWS, Law, always_valid, hybrid, plan, planned, watch
from litmus_server.stats.start import not_open

RUNS, UNITS = 300, 20_000
MOST = 0.05 + 4 * sqrt(0.05 * 0.95 / RUNS)


@pytest.mark.parametrize("split", [50, 2])
@pytest.mark.parametrize("law", ["bernoulli 0.05", "exponential", "zero-inflated revenue"])
def test_looking_every_hundred_units_makes_no_more_false_alarms_than_one_look(law: str, split: int) -> None:
    watched = watch(LAWS[law], split, np.random.default_rng(1), runs=RUNS, units=UNITS)
    looks = plan(14, UNITS // 100)
    for rejected in (
        always_valid(watched),
        planned(watched, looks),
        planned(watched, looks, spending=Spending(Shape.POCOCK)),
        hybrid(watched, looks),
    ):
        assert rejected.mean() < MOST
    if split == 50:
        naive = (np.abs(watched.statistic) > 1.96) & watched.open
        assert naive.any(axis=1).mean() > 0.25


def test_monitoring_stays_closed_where_rare_values_meet_a_small_arm() -> None:
    watched = watch(LAWS["log-normal, sigma 2"], 2, np.random.default_rng(2), runs=50, units=UNITS)
    assert not watched.open.any()
    assert not hybrid(watched, plan(14, UNITS // 100)).any()
    assert np.isinf(watched.first_open()).all()


@pytest.mark.parametrize("binary", [True, False])
def test_what_is_simulated_is_what_estimators_and_the_start_rule_answer(binary: bool) -> None:
    rng = np.random.default_rng(3)
    size = (1, 4, 500)
    amounts = np.ones(size) if binary else rng.random(size).round(6)
    values = np.where(rng.random(size) < 0.3, amounts, 0.0)
    watched = watch(Law(lambda *_: values, binary), 100, rng, runs=1, units=2000, each=500)
    for look in range(4):
        t, c = (
            (values[0, : look + 1, part] * MICRO).round().ravel() for part in (slice(100), slice(100, None))
        )
        first, second = (Moments.of(map(int, arm)) for arm in (t, c))
        nonzero = (int((t != 0).sum()), int((c != 0).sum()))
        contrast = proportions(nonzero[0], t.size, nonzero[1], c.size) if binary else means(first, second)
        assert watched.statistic[0, look] == pytest.approx(contrast.statistic(), rel=1e-9)  # type: ignore[union-attr]
        assert watched.df[0, look] == pytest.approx(contrast.df, rel=1e-9)  # type: ignore[union-attr]
        assert watched.open[0, look] == (not_open(first, second, nonzero, binary=binary) is None)
        assert watched.fraction[look] == pytest.approx((look + 1) / 4)
