"""What planned looks and the reserve leave together: the common part of all intervals, and never another verdict than the p-value's."""

import datetime as dt
import random
from math import inf

import pytest
from litmus_server.analysis.answers import Planned
from litmus_server.analysis.looks import Schedule
from litmus_server.domain.look import Look
from litmus_server.stats.beta import Interval
from litmus_server.stats.contrast import LinearContrast, Scale
from litmus_server.stats.critical import RESERVE, AlwaysValid
from litmus_server.stats.group_sequential import Spending
from litmus_server.stats.inference import compare

NOW = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
SCHEDULE = Schedule(10, Spending(), 0.05 * (1 - RESERVE))


def watched(drift: float, seed: int, until: float) -> tuple[list[Look], LinearContrast]:
    """Looks at tenths of a Brownian motion with this drift, and what is there at the fraction `until`."""
    looks: list[Look] = []
    rng, score, at = random.Random(seed), 0.0, 0.0
    while True:
        step = min(0.1, until - at)
        at, score = at + step, score + rng.gauss(drift * step, step**0.5)
        contrast = LinearContrast(10 + score / at, 10.0, 0.5 / at, 0.5 / at)
        due = SCHEDULE.due(at, looks, over=False)
        if due is not None:
            looks.append(SCHEDULE.take(contrast, due, looks, metric=1, variant=1, at=NOW, planned_units=10, units=1, exact_estimate=False))  # fmt: skip
        if at > until - 1e-9:
            return looks, contrast


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("alpha", [0.05, 0.01])
def test_the_interval_is_what_all_looks_and_the_reserve_have_in_common(seed: int, alpha: float) -> None:
    looks, now = watched(2.5, seed, 0.85)
    reserve = AlwaysValid.tuned(0.85, 1.0, 0.05 * RESERVE)
    for scale in Scale:
        found = Planned(SCHEDULE.kept(looks), now, reserve).at(alpha, scale)
        there = [now.limits(reserve.value(alpha * RESERVE), scale)]
        for kept in SCHEDULE.kept(looks):
            q = kept.boundary.value(alpha * (1 - RESERVE), kept.contrast.df)
            there.append(kept.contrast.limits(q, scale))
        ends = [each for each in there if isinstance(each, tuple)]  # a look without an interval says nothing
        lower, upper = (fold(each[k] for each in ends) for k, fold in enumerate((max, min)))
        if lower > upper:
            assert not isinstance(found.interval, Interval)
            continue
        assert isinstance(found.interval, Interval)
        assert (found.interval.lower, found.interval.upper) == pytest.approx((lower, upper), rel=1e-9)


@pytest.mark.parametrize("seed", range(40))
def test_an_interval_leaves_out_zero_exactly_where_p_is_below_alpha(seed: int) -> None:
    looks, now = watched(random.Random(seed).uniform(-4, 4), seed, 0.77)
    answer = Planned(SCHEDULE.kept(looks), now, AlwaysValid.tuned(0.77, 1.0, 0.05 * RESERVE))
    for alpha in (0.2, 0.05, 0.01):
        for scale in Scale:
            found = answer.at(alpha, scale)
            if isinstance(found.interval, Interval):
                outside = found.interval.lower > 0 or found.interval.upper < 0
                assert outside == (found.p_value < alpha)


def test_without_a_reserve_nothing_is_said_before_the_first_look() -> None:
    found = Planned([], LinearContrast(12.0, 10.0, 0.01, 0.01), None).at(0.05, Scale.DIFFERENCE)
    assert found.p_value == 1
    assert found.interval == Interval(-inf, inf, 0.95)
    assert compare(LinearContrast(12.0, 10.0, 0.01, 0.01), AlwaysValid(8.0)).p_value < 0.05


def test_a_look_is_due_once_for_each_step_and_never_after_the_end() -> None:
    looks, _ = watched(0.0, 1, 1.2)
    assert [look.number for look in looks] == list(range(1, 11))
    assert SCHEDULE.due(1.5, looks, over=True) is None
    assert SCHEDULE.due(0.35, [], over=False) == (3, 0.35, False)
    assert SCHEDULE.due(0.04, [], over=False) is None
    assert SCHEDULE.due(0.04, [], over=True) == (1, 0.04, True)
