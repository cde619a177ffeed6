"""The start rule: what it measures, against simulation, and what it refuses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from litmus_server.stats.absence import TooFew
from litmus_server.stats.moments import Moments
from litmus_server.stats.start import TooSkewed, not_open, skew_of_difference, skewness
from scipy import stats

VALUES = st.lists(st.integers(-(10**12), 10**12), min_size=3, max_size=30).filter(lambda v: len(set(v)) > 1)


@given(VALUES)
def test_the_skewness_is_that_of_scipy(values: list[int]) -> None:
    low = min(values)
    expected = float(stats.skew(np.array([v - low for v in values], dtype=float)))
    assert skewness(Moments.of(values)) == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_values_that_do_not_vary_have_no_skewness() -> None:
    assert skewness(Moments.of([7] * 60)) == 0.0
    assert skewness(Moments()) == 0.0


def test_the_skew_of_a_difference_is_that_of_simulated_ones() -> None:
    rng = np.random.default_rng(4)
    n1, n0 = 20, 180
    differences = rng.gamma(n1, 1 / n1, 400_000) - rng.gamma(n0, 1 / n0, 400_000)  # means of exponentials
    assert skew_of_difference(2.0, n1, n0) == pytest.approx(float(stats.skew(differences)), abs=0.02)


@given(st.floats(-50, 50), st.integers(1, 10**7), st.integers(1, 10**7))
def test_an_even_split_has_no_skew_and_arms_can_be_swapped(skew: float, n1: int, n0: int) -> None:
    assert skew_of_difference(skew, n1, n1) == 0.0
    assert skew_of_difference(skew, n1, n0) == pytest.approx(skew_of_difference(skew, n0, n1), abs=1e-12)


def binary(n: int, k: int) -> Moments:
    return Moments.of([10**6] * k + [0] * (n - k))


def test_monitoring_waits_for_units_values_and_both_outcomes() -> None:
    assert not_open(binary(49, 25), binary(500, 250), (25, 250)) == TooFew("monitoring treatment", 50, 49)
    named = not_open(binary(49, 25), binary(500, 250), (25, 250), names=("buy_now", "as_it_is"))
    assert named == TooFew("monitoring buy_now", 50, 49)
    few = not_open(binary(500, 250), binary(500, 19), (250, 19))
    assert few == TooFew("monitoring control, not counting units without a value,", 20, 19)
    assert isinstance(few, TooFew)
    assert few.reason == (
        "monitoring control, not counting units without a value, needs at least 20 units, and has 19"
    )
    assert not_open(binary(500, 490), binary(500, 250), (490, 250)) is None
    most = not_open(binary(500, 490), binary(500, 250), (490, 250), binary=True)
    assert most == TooFew("monitoring treatment, not counting units with a success,", 20, 10)


def test_monitoring_waits_where_skew_and_an_uneven_split_meet() -> None:
    closed = not_open(binary(1000, 20), binary(49_000, 980), (20, 980), binary=True)
    assert isinstance(closed, TooSkewed)
    assert closed.skew == pytest.approx(
        skew_of_difference(0.96 / np.sqrt(0.02 * 0.98), 1000, 49_000), rel=1e-9
    )
    assert "skewness of 0.21" in closed.reason
    grown = int(np.ceil(closed.more))
    assert grown == 2
    assert not_open(binary(2000, 40), binary(98_000, 1960), (40, 1960), binary=True) is None
    assert not_open(binary(25_000, 500), binary(25_000, 500), (500, 500), binary=True) is None


def test_balanced_conversions_of_one_per_cent_open_by_2500_units_an_arm() -> None:
    assert not_open(binary(2500, 25), binary(2500, 25), (25, 25), binary=True) is None
