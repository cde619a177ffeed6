"""The tests by name, against scipy; their golden numbers are in test_effects.py."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from litmus_server.stats.absence import TooFew, Undefined
from litmus_server.stats.inference import Comparison
from litmus_server.stats.moments import Moments
from litmus_server.stats.textbook import (
    ChiSquared,
    chi_squared_test,
    conversions_chi_squared_test,
    student_t_test,
    two_proportion_z_test,
    welch_t_test,
)
from scipy import stats

VALUES = st.lists(st.integers(-(10**7), 10**7), min_size=3, max_size=15).filter(lambda v: len(set(v)) > 1)


@given(VALUES, VALUES)
@settings(max_examples=50, deadline=None)
def test_t_tests_are_those_of_scipy(first: list[int], second: list[int]) -> None:
    y1, y0 = np.array(first) / 1e6, np.array(second) / 1e6
    for test, equal in ((welch_t_test, False), (student_t_test, True)):
        found, expected = (
            test(Moments.of(first), Moments.of(second)),
            stats.ttest_ind(y1, y0, equal_var=equal),
        )
        assert isinstance(found, Comparison)
        assert found.p_value == pytest.approx(expected.pvalue, rel=1e-7, abs=1e-12)
        low, high = expected.confidence_interval()
        assert (found.interval.lower, found.interval.upper) == pytest.approx((low, high), abs=1e-9)  # type: ignore[union-attr]


@given(st.lists(st.lists(st.integers(15, 10**6), min_size=3, max_size=3), min_size=2, max_size=6))
@settings(max_examples=60, deadline=None)
def test_chi_squared_of_k_variants_is_that_of_scipy(table: list[list[int]]) -> None:
    expected = stats.chi2_contingency(table, correction=False)
    found = chi_squared_test(table)
    if float(np.min(expected.expected_freq)) < 5:
        assert isinstance(found, TooFew)
        return
    assert isinstance(found, ChiSquared)
    assert (found.statistic, found.df) == pytest.approx((expected.statistic, expected.dof), rel=1e-9)
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-9)
    assert found.least_expected == pytest.approx(float(np.min(expected.expected_freq)))


def test_two_variants_have_the_same_p_value_by_z_and_by_chi_squared() -> None:
    z, chi = two_proportion_z_test(30, 400, 55, 420), conversions_chi_squared_test([(30, 400), (55, 420)])
    assert isinstance(z, Comparison)
    assert isinstance(chi, ChiSquared)
    assert z.p_value == pytest.approx(chi.p_value, rel=1e-11)
    assert z.statistic**2 == pytest.approx(chi.statistic, rel=1e-11)


def test_variants_without_units_and_outcomes_that_nobody_has_are_left_out() -> None:
    assert chi_squared_test([(10, 0, 20), (0, 0, 0), (15, 0, 12)]) == chi_squared_test([(10, 20), (15, 12)])
    assert isinstance(chi_squared_test([(10, 20)]), Undefined)
    assert isinstance(conversions_chi_squared_test([(10, 10), (20, 20)]), Undefined)
    assert chi_squared_test([(1, 200), (2, 150)]) == TooFew("each cell of chi-squared, by expectation,", 5, 1)
    assert isinstance(two_proportion_z_test(0, 10, 0, 10), Undefined)
    assert isinstance(welch_t_test(Moments(), Moments()), TooFew)
    for table in ([(1, 2), (3,)], [(1, -1), (3, 4)]):
        with pytest.raises(ValueError, match="counts"):
            chi_squared_test(table)
    with pytest.raises(ValueError, match="between 0 and units"):
        conversions_chi_squared_test([(3, 2), (1, 1)])
