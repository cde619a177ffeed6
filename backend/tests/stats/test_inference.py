"""Comparisons: non-inferiority, one side, and what holds over several looks."""

from math import inf, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from litmus_server.stats.absence import Undefined
from litmus_server.stats.beta import Interval
from litmus_server.stats.contrast import LinearContrast, Scale, ScoreContrast
from litmus_server.stats.critical import AlwaysValid, Fixed, GroupSequential
from litmus_server.stats.inference import (
    Alternative,
    Comparison,
    Direction,
    compare,
    non_inferiority,
    running,
)
from scipy import stats


def ends(comparison: Comparison) -> tuple[float, float]:
    assert isinstance(comparison.interval, Interval)
    return comparison.interval.lower, comparison.interval.upper


def test_non_inferiority_with_an_absolute_margin_is_the_shifted_one_sided_test() -> None:
    contrast = LinearContrast(9.9, 10.0, 0.01, 0.01)
    found = non_inferiority(contrast, Fixed(), 0.5)
    z = (9.9 - 10.0 + 0.5) / sqrt(0.02)
    assert (found.statistic, found.p_value) == pytest.approx((z, stats.norm.sf(z)), rel=1e-12)
    assert ends(found) == pytest.approx((-0.1 - 1.6448536269514722 * sqrt(0.02), inf))
    assert found.significant
    assert not non_inferiority(contrast, Fixed(), 0.01).significant


def test_non_inferiority_with_a_relative_margin_needs_no_delta_method() -> None:
    contrast = LinearContrast(9.9, 10.0, 0.01, 0.04)
    found = non_inferiority(contrast, Fixed(), 0.05, scale=Scale.LIFT)
    z = (9.9 - 0.95 * 10.0) / sqrt(0.01 + 0.95**2 * 0.04)
    assert found.p_value == pytest.approx(stats.norm.sf(z), rel=1e-12)
    lower, upper = ends(found)
    assert (lower > -0.05) == found.significant
    assert upper == inf


def test_where_less_is_better_harm_is_more() -> None:
    latency = LinearContrast(101.0, 100.0, 1.0, 1.0)
    found = non_inferiority(latency, Fixed(), 5.0, direction=Direction.DECREASE)
    assert found.statistic == pytest.approx((5.0 - 1.0) / sqrt(2.0))
    assert ends(found)[0] == -inf
    assert found.significant
    mirrored = non_inferiority(LinearContrast(-101.0, -100.0, 1.0, 1.0), Fixed(), 5.0)
    assert found.p_value == pytest.approx(mirrored.p_value)


def test_two_sided_non_inferiority_is_half_as_lenient() -> None:
    contrast = ScoreContrast(480, 1000, 500, 1000)
    one = non_inferiority(contrast, Fixed(), 0.05, 0.025)
    two = non_inferiority(contrast, Fixed(), 0.05, 0.05, one_sided=False)
    assert one.significant == (two.significant and two.statistic > 0)
    assert two.p_value == pytest.approx(2 * one.p_value)
    for margin in (0, -1, inf):
        with pytest.raises(ValueError, match="margin"):
            non_inferiority(contrast, Fixed(), margin)


@given(
    st.floats(-10, 10).filter(bool),
    st.floats(-10, 10).filter(bool),
    st.floats(0.01, 5),
    st.floats(0.01, 5),
    st.floats(-0.9, 0.9),
    st.sampled_from(list(Scale)),
    st.sampled_from(list(Alternative)),
)
@settings(max_examples=300, deadline=None)
def test_any_supposed_effect_is_outside_the_interval_exactly_where_it_is_refuted(
    m1: float, m0: float, v1: float, v0: float, null: float, scale: Scale, alternative: Alternative
) -> None:
    contrast = LinearContrast(m1, m0, v1, v0)
    for way in (Fixed(), AlwaysValid(5.0), GroupSequential((0.5,))):
        found = compare(contrast, way, scale=scale, null=null, alternative=alternative)
        if isinstance(found.interval, Undefined) or abs(abs(found.statistic) - found.critical_value) < 1e-7:
            continue
        assert (not found.interval.lower <= null <= found.interval.upper) == found.significant


def test_before_anything_may_be_concluded_the_interval_is_everything() -> None:
    contrast = LinearContrast(2.0, 1.0, 0.01, 0.01)
    found = compare(contrast, GroupSequential((0.5, 1.2, 1.4)), scale=Scale.LIFT)
    assert ends(found) == (-inf, inf)
    assert (found.p_value, found.significant) == (1.0, False)


def test_over_several_looks_p_never_rises_and_the_interval_never_widens() -> None:
    rng = np.random.default_rng(1)
    y = rng.normal(0.3, 1, (2, 4000)).cumsum(axis=1)
    kept: Comparison | None = None
    for n in range(50, 4000, 50):
        contrast = LinearContrast(float(y[0, n] / n), float(y[1, n] / n), 1 / n, 1 / n)
        now = compare(contrast, AlwaysValid.tuned(n, 4000))
        following = now if kept is None else running(kept, now)
        if kept is not None:
            assert following.p_value <= kept.p_value
            (a, b), (c, d) = ends(kept), ends(following)
            assert a <= c <= d <= b
            assert (not c <= 0 <= d) == following.significant
        kept = following
    assert kept is not None
    assert kept.critical_value == now.critical_value


def test_looks_that_have_nothing_in_common_leave_no_interval() -> None:
    first = compare(LinearContrast(2.0, 1.0, 1e-4, 1e-4), Fixed())
    second = compare(LinearContrast(1.0, 2.0, 1e-4, 1e-4), Fixed())
    both = running(first, second)
    assert isinstance(both.interval, Undefined)
    assert both.significant
    assert running(both, first).interval == first.interval
    with pytest.raises(ValueError, match="different things"):
        running(first, compare(LinearContrast(1.0, 2.0, 1e-4, 1e-4), Fixed(), 0.1))


def test_one_sided_levels_above_one_half_have_no_interval() -> None:
    found = compare(LinearContrast(1.0, 1.0, 1.0, 1.0), Fixed(), 0.7, alternative=Alternative.GREATER)
    assert isinstance(found.interval, Undefined)
    assert found.p_value == 0.5
