"""How a lift and its intervals moved, point by point, against the contrast of all units up to there."""

import random

import numpy as np
import pytest
from litmus_server.analysis.document import report_of
from litmus_server.domain.series import EffectSeries
from litmus_server.stats.contrast import LinearContrast, Scale
from litmus_server.stats.critical import AlwaysValid, Fixed, best_ratio, information
from sheets import TODAY, Unit, entry, facts, metric, sheet

FIRST = TODAY - 24 * 10
PLANNED = 3000


def arriving(days: int, a_day: int) -> list[Unit]:
    """So many units of each arm on each day."""
    rng = random.Random(4)
    return [
        (arm, 1, FIRST + 24 * day, rng.gauss((10.0, 10.4)[arm], 3), 0.0)
        for day in range(days)
        for arm in (0, 1)
        for _ in range(a_day)
    ]


def moved(units: list[Unit]) -> EffectSeries:
    mine = [metric()]
    [found] = (
        report_of(facts(entry(mine, 2, planned_units=PLANNED), sheet(mine, {1: units}))).metrics[0].series
    )
    return found


def test_every_point_has_the_interval_that_may_be_watched_and_that_of_one_look() -> None:
    units = arriving(6, 150)
    found = moved(units)
    assert found.by == "cohort"
    assert len(found.at) == 6
    for k in range(6):
        one, zero = (
            np.array([unit[3] for unit in units if unit[0] == arm and unit[2] <= FIRST + 24 * k])
            for arm in (1, 0)
        )
        contrast = LinearContrast(
            one.mean(), zero.mean(), one.var(ddof=1) / len(one), zero.var(ddof=1) / len(zero)
        )
        share = information(len(one), len(zero)) / information(PLANNED // 2, PLANNED // 2)
        watched = contrast.limits(AlwaysValid(share * best_ratio(0.05)).value(0.05), Scale.LIFT)
        once = contrast.limits(Fixed().value(0.05), Scale.LIFT)
        assert (found.lower[k], found.upper[k]) == pytest.approx(watched, abs=1e-8)
        assert (found.fixed_lower[k], found.fixed_upper[k]) == pytest.approx(once, abs=1e-8)


def test_to_look_once_never_costs_more_than_to_watch_and_watching_costs_less_and_less() -> None:
    found = moved(arriving(6, 150))
    lower, once_lower, once_upper, upper = (
        np.array(ends, dtype=float)
        for ends in (found.lower, found.fixed_lower, found.fixed_upper, found.upper)
    )
    assert (lower < once_lower).all()
    assert (once_upper < upper).all()
    price = (upper - lower) - (once_upper - once_lower)
    assert (np.diff(price) < 0).all()


def test_before_the_start_rule_there_is_neither() -> None:
    found = moved(arriving(2, 3))
    assert found.lift[-1] is not None
    for ends in (found.lower, found.upper, found.fixed_lower, found.fixed_upper):
        assert list(ends) == [None, None]


def test_one_unit_has_a_mean_and_no_interval() -> None:
    found = moved([(0, 1, FIRST, 5.0, 0.0), (1, 1, FIRST, 8.0, 0.0)])
    assert list(found.lift) == pytest.approx([0.6])
    assert list(found.lower) == [None]
