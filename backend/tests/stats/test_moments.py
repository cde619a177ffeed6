"""Exact moments: against the statistics module's rationals, and what must always hold of merging."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from litmus_server.stats.absence import TooFew
from litmus_server.stats.moments import MICRO, JointMoments, Moments

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


ROWS = st.lists(st.tuples(*[st.integers(-(10**15), 10**15)] * 3), max_size=12)


@given(ROWS.filter(lambda rows: len(rows) >= 2))
def test_joint_results_are_the_floats_nearest_to_the_exact_values(rows: list[tuple[int, int, int]]) -> None:
    units = [[Fraction(value, MICRO) for value in row] for row in rows]
    n = len(units)
    means = [sum((row[i] for row in units), Fraction(0)) / n for i in range(3)]
    joint = JointMoments.of(rows, 3)
    covariances = joint.covariances
    assert joint.means == tuple(map(float, means))
    assert not isinstance(covariances, TooFew)
    for i in range(3):
        assert joint.marginal(i) == Moments.of(row[i] for row in rows)
        for j in range(3):
            products = ((row[i] - means[i]) * (row[j] - means[j]) for row in units)
            assert covariances[i][j] == float(sum(products, Fraction(0)) / (n - 1))


@given(ROWS.filter(bool), st.tuples(*[st.integers(-3, 3)] * 3))
def test_the_third_moment_of_a_combination_is_that_of_the_combined_values(
    rows: list[tuple[int, int, int]], weights: tuple[int, int, int]
) -> None:
    combined = [sum(w * value for w, value in zip(weights, row, strict=True)) for row in rows]
    exact = number(Moments.of(combined).third_central_moment)
    # Terms of both signs cancel in floats; their sizes bound what is lost.
    size = sum(abs(w) * max(abs(row[i]) for row in rows) / MICRO for i, w in enumerate(weights)) ** 3
    assert number(JointMoments.of(rows, 3).third_central_moment(weights)) == pytest.approx(
        exact, rel=1e-9, abs=1e-12 * size
    )


@given(ROWS, ROWS)
def test_joint_moments_merge_and_remove_like_the_rows(
    first: list[tuple[int, int, int]], second: list[tuple[int, int, int]]
) -> None:
    a, b = JointMoments.of(first, 3), JointMoments.of(second, 3)
    assert a.merge(b) == b.merge(a) == JointMoments.of([*first, *second], 3)
    assert a.merge(b).remove(b) == a


def test_a_million_updates_and_removals_leave_the_exact_variance() -> None:
    rng = np.random.default_rng(5)
    values = (10**9 * MICRO + (rng.normal(size=1000) * MICRO).round()).astype(np.int64)
    n, s1, s2, s3 = 1000, *(sum(int(v) ** k for v in values) for k in (1, 2, 3))
    for at, new in zip(
        rng.integers(0, 1000, 10**6).tolist(), (rng.normal(size=10**6) * MICRO).round().tolist(), strict=True
    ):
        old, value = int(values[at]), 10**9 * MICRO + int(new)
        s1, s2, s3 = s1 + value - old, s2 + value**2 - old**2, s3 + value**3 - old**3
        values[at] = value
    assert Moments(n, s1, s2, s3) == Moments.of(map(int, values))
    centred = (values - 10**9 * MICRO) / MICRO
    assert number(Moments(n, s1, s2, s3).variance) == pytest.approx(float(centred.var(ddof=1)), rel=1e-9)


def test_joint_moments_of_no_rows_are_refused() -> None:
    for n, first, second in (
        (2, (1, 1), (1, 1)),  # three products are needed
        (-1, (0,), (0,)),
        (0, (1,), (1,)),
        (2, (3,), (4,)),  # 3² > 2·4
        (2, (0, 0), (2, 3, 2)),  # correlated more than perfectly
    ):
        with pytest.raises(ValueError, match=r"need|no values"):
            JointMoments(n, first, second)
    with pytest.raises(ValueError, match="other values"):
        JointMoments.of([], 2).merge(JointMoments.of([], 3))
    with pytest.raises(ValueError, match="not kept"):
        JointMoments(1, (1,), (1,)).marginal(0)


def test_joint_moments_of_too_few_units_say_so() -> None:
    empty, one = JointMoments.of([], 2), JointMoments.of([(1, 2)], 2)
    assert empty.means == TooFew("a mean", 1, 0)
    assert one.covariances == TooFew("a covariance", 2, 1)
    assert empty.third_central_moment((1, 1)) == TooFew("a third central moment", 1, 0)
    assert one.means == (1e-6, 2e-6)
