"""Exact moments: against the statistics module's rationals, and what must always hold of merging."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from litmus_server.stats.absence import TooFew
from litmus_server.stats.moments import MICRO, Moments

VALUES = st.lists(st.integers(-(10**18), 10**18), max_size=30)


def number(value: float | TooFew) -> float:
    assert isinstance(value, float)
    return value


@given(VALUES.filter(lambda values: len(values) >= 2))
def test_results_are_the_floats_nearest_to_the_exact_values(values: list[int]) -> None:
    units, n = [Fraction(value, MICRO) for value in values], len(values)
    mean = sum(units, Fraction(0)) / n
    moments = Moments.of(values)
    assert moments.mean == float(mean)
    assert moments.variance == float(sum((y - mean) ** 2 for y in units) / (n - 1))
    assert moments.third_central_moment == float(sum((y - mean) ** 3 for y in units) / n)


def test_a_large_mean_costs_no_digit_of_the_variance() -> None:
    rng = np.random.default_rng(2)
    deviations = [round(float(z) * MICRO) for z in rng.normal(size=10_000)]
    near = np.array(deviations) / MICRO
    moments = Moments.of(10**9 * MICRO + deviation for deviation in deviations)
    assert number(moments.variance) == pytest.approx(float(near.var(ddof=1)), rel=1e-9)
    assert number(moments.mean) - 1e9 == pytest.approx(float(near.mean()), abs=1e-6)


@given(VALUES, VALUES)
def test_merging_is_adding_the_values(first: list[int], second: list[int]) -> None:
    assert Moments.of(first).merge(Moments.of(second)) == Moments.of([*first, *second])


@given(VALUES, VALUES, VALUES)
def test_merging_is_associative_and_commutative_to_the_last_bit(
    first: list[int], second: list[int], third: list[int]
) -> None:
    a, b, c = Moments.of(first), Moments.of(second), Moments.of(third)
    assert a.merge(b).merge(c) == a.merge(b.merge(c))
    assert a.merge(b) == b.merge(a)
    assert a.merge(Moments()) == a


@given(VALUES, VALUES)
def test_removing_inverts_merging(first: list[int], second: list[int]) -> None:
    a, b = Moments.of(first), Moments.of(second)
    assert a.merge(b).remove(b) == a


def test_removing_what_was_never_added_is_refused() -> None:
    with pytest.raises(ValueError, match="no values"):
        Moments.of([1, 2]).remove(Moments.of([1, 2, 3]))
    with pytest.raises(ValueError, match="no values"):
        Moments.of([1, 2]).remove(Moments.of([100]))
    with pytest.raises(ValueError, match="no values"):
        Moments.of([1, 2]).remove(Moments.of([2, 3]))


@pytest.mark.parametrize(
    ("name", "units", "needed"),
    [("mean", 0, 1), ("variance", 0, 2), ("variance", 1, 2), ("third_central_moment", 0, 1)],
)
def test_too_few_units_are_a_value_with_a_reason(name: str, units: int, needed: int) -> None:
    absent = getattr(Moments.of([5] * units), name)
    assert isinstance(absent, TooFew)
    assert (absent.needed, absent.got) == (needed, units)
    assert absent.reason == f"{absent.what} needs at least {needed} unit{'s' * (needed > 1)}, and has {units}"


def test_equal_values_have_no_variance_and_no_skew() -> None:
    moments = Moments.of([MICRO // 10] * 3)
    assert (moments.mean, moments.variance, moments.third_central_moment) == (0.1, 0.0, 0.0)


def test_a_billion_units_at_the_largest_value_do_not_overflow() -> None:
    n, largest = 10**9, 10**18
    moments = Moments(n, n * largest, n * largest**2, n * largest**3)
    assert moments.mean == 1e12
    assert math.isfinite(number(moments.third_central_moment))
