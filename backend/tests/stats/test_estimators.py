"""Estimators against statsmodels' regressions, simulation, and inputs that have no answer."""

import warnings
from math import sqrt

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from litmus_server.stats.absence import Absence, TooFew, Undefined
from litmus_server.stats.contrast import LinearContrast, effect
from litmus_server.stats.critical import Fixed
from litmus_server.stats.estimators import (
    Adjustment,
    adjusted_means,
    adjusted_ratios,
    means,
    pooled_means,
    proportions,
    rates,
    ratios,
)
from litmus_server.stats.inference import compare
from litmus_server.stats.moments import MICRO, JointMoments, Moments
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64] | NDArray[np.int64]


def joint(*columns: Array) -> JointMoments:
    rows = (np.column_stack(columns) * MICRO).round().astype(np.int64)
    return JointMoments.of(rows.tolist(), len(columns))


def fast(*columns: Array) -> JointMoments:
    """Without triple products, for simulations: floats that are exact enough there."""
    data = np.column_stack(columns)
    p = data.shape[1]
    products = data.T @ data
    return JointMoments(
        len(data),
        tuple(round(float(s) * MICRO) for s in data.sum(axis=0)),
        tuple(round(float(products[i, j]) * MICRO**2) for i in range(p) for j in range(i, p)),
    )


def made(contrast: LinearContrast | Absence) -> LinearContrast:
    assert isinstance(contrast, LinearContrast), contrast
    return contrast


def sample(n: int, effect: float, slopes: tuple[float, ...], seed: int) -> tuple[Array, ...]:
    rng = np.random.default_rng(seed)
    x = [rng.gamma(2, 1.5, n).round(4) for _ in slopes]
    y = effect + sum((s * each for s, each in zip(slopes, x, strict=True)), rng.normal(size=n))
    return (np.round(y, 4), *x)


@pytest.mark.parametrize("covariates", [1, 3])
def test_lin_is_the_regression_of_each_arm_at_the_common_mean_and_what_its_covariates_add(
    covariates: int,
) -> None:
    t = sample(90, 1.0, (0.9, -0.3, 0.4)[:covariates], 1)
    c = sample(310, 0.7, (0.4, 0.1, 0.0)[:covariates], 2)
    found = made(adjusted_means(joint(*t), joint(*c)))
    centre = np.concatenate([np.column_stack(t[1:]), np.column_stack(c[1:])]).mean(axis=0)
    fits = []
    for arm in (t, c):
        x = np.column_stack([np.ones(len(arm[0])), *(x - m for x, m in zip(arm[1:], centre, strict=True))])
        fits.append(sm.OLS(arm[0], x).fit())
    assert effect(found) == pytest.approx(fits[0].params[0] - fits[1].params[0], rel=1e-9)
    apart = (fits[0].params - fits[1].params)[1:]
    spread = np.atleast_2d(np.cov(np.concatenate([np.column_stack(t[1:]), np.column_stack(c[1:])]).T))
    variance = fits[0].bse[0] ** 2 + fits[1].bse[0] ** 2 + apart @ spread @ apart / 400
    assert found.standard_error == pytest.approx(sqrt(variance), rel=1e-9)


def test_ancovas_slope_is_that_of_the_common_regression() -> None:
    t, c = sample(150, 1.0, (0.9, 0.2), 3), sample(400, 0.5, (0.9, 0.2), 4)
    found = made(adjusted_means(joint(*t), joint(*c), Adjustment.ANCOVA))
    d = np.repeat([1.0, 0.0], [150, 400])
    x = np.column_stack([np.ones(550), d, *(np.concatenate(pair) for pair in zip(t[1:], c[1:], strict=True))])
    fit = sm.OLS(np.concatenate([t[0], c[0]]), x).fit()
    assert effect(found) == pytest.approx(fit.params[1], rel=1e-9)
    assert found.standard_error == pytest.approx(float(fit.get_robustcov_results("HC0").bse[1]), rel=0.02)


@pytest.mark.parametrize("method", list(Adjustment))
def test_a_covariate_that_says_nothing_changes_nothing(method: Adjustment) -> None:
    y1, y0 = (sample(n, e, (), seed)[0] for n, e, seed in ((60, 1.0, 5), (80, 0.0, 6)))
    plain = made(means(joint(y1).marginal(0), joint(y0).marginal(0)))
    constant = made(adjusted_means(joint(y1, np.full(60, 7.0)), joint(y0, np.full(80, 7.0)), method))
    for name in ("treatment", "control", "standard_error", "df"):
        assert getattr(constant, name) == pytest.approx(getattr(plain, name), rel=1e-12)


@pytest.mark.parametrize("method", list(Adjustment))
def test_a_covariate_twice_or_in_other_units_is_the_same_covariate(method: Adjustment) -> None:
    (y1, x1), (y0, x0) = sample(100, 1.0, (0.8,), 7), sample(120, 0.0, (0.5,), 8)
    once = made(adjusted_means(joint(y1, x1), joint(y0, x0), method))
    twice = made(adjusted_means(joint(y1, x1, 1000 * x1), joint(y0, x0, 1000 * x0), method))
    assert effect(twice) == pytest.approx(effect(once), rel=1e-8)
    assert twice.standard_error == pytest.approx(once.standard_error, rel=1e-8)
    assert twice.df == pytest.approx(once.df)


def test_the_base_of_an_adjusted_lift_is_controls_plain_mean_and_its_error_goes_with_it() -> None:
    """Variances of the adjusted difference and of control, and their covariance, over simulated experiments."""
    rng = np.random.default_rng(9)
    found, told = [], []
    for _ in range(1500):
        x1, x0 = rng.gamma(2, 1, 40), rng.gamma(2, 1, 160)
        y1, y0 = 2 + 1.5 * x1 + rng.normal(size=40), 2 + 0.3 * x0 + rng.normal(size=160)
        contrast = made(adjusted_means(fast(y1, x1), fast(y0, x0)))
        assert contrast.control == pytest.approx(float(y0.mean()), rel=1e-6)
        found.append((contrast.treatment, contrast.control))
        told.append((contrast.v_treatment, contrast.v_control, contrast.covariance))
    actual, expected = np.cov(np.array(found).T), np.mean(told, axis=0)
    assert expected == pytest.approx([actual[0, 0], actual[1, 1], actual[0, 1]], rel=0.12)


def test_lins_interval_holds_the_effect_where_slopes_differ_and_arms_too_only_with_its_last_term() -> None:
    rng = np.random.default_rng(10)
    held, held_without, widths = 0, 0, []
    runs, truth = 1000, 2.4  # 1.2 · E[x]
    for _ in range(runs):
        x1, x0 = rng.gamma(2, 1, 160), rng.gamma(2, 1, 40)
        y1, y0 = 1.5 * x1 + rng.normal(size=160) * 0.3, 0.3 * x0 + rng.normal(size=40) * 0.3
        contrast = made(adjusted_means(fast(y1, x1), fast(y0, x0)))
        q = Fixed().value(0.05, contrast.df)
        apart = abs(float(effect(contrast)) - truth)  # type: ignore[arg-type]
        held += apart < q * contrast.standard_error
        last = (1.2**2) * 2 / 200
        held_without += apart < q * sqrt(max(contrast.standard_error**2 - last, 0))
        cuped = made(adjusted_means(fast(y1, x1), fast(y0, x0), Adjustment.CUPED))
        widths.append(contrast.standard_error / cuped.standard_error)
    assert held / runs > 0.95 - 4 * sqrt(0.05 * 0.95 / runs)
    assert held_without / runs < 0.9
    assert np.median(widths) < 0.9


def test_adjusting_a_ratio_keeps_its_error_and_narrows_it() -> None:
    rng = np.random.default_rng(12)
    rejected, narrower = 0, []
    for _ in range(800):
        arms = []
        for n in (300, 500):
            level = rng.beta(4, 12, n)
            before, after = rng.poisson(8, n) + 1, rng.poisson(8, n) + 1
            arms.append((rng.binomial(after, level), after, rng.binomial(before, level), before))
        adjusted = made(adjusted_ratios(fast(*arms[0]), fast(*arms[1])))
        plain = made(ratios(fast(*arms[0][:2]), fast(*arms[1][:2])))
        rejected += compare(adjusted, Fixed()).significant
        narrower.append(adjusted.standard_error / plain.standard_error)
        assert adjusted.control == pytest.approx(plain.control, rel=1e-9)
    assert rejected / 800 == pytest.approx(0.05, abs=4 * sqrt(0.0475 / 800))
    assert np.median(narrower) < 0.97


def test_ratios_of_units_whose_events_go_together_are_right_where_events_alone_are_not() -> None:
    rng = np.random.default_rng(13)
    by_unit = by_event = 0
    for _ in range(1000):
        arms = []
        for n in (200, 300):
            sessions = rng.poisson(6, n) + 1
            arms.append((rng.binomial(sessions, rng.beta(1, 3, n)), sessions))
        by_unit += compare(made(ratios(fast(*arms[0]), fast(*arms[1]))), Fixed()).significant
        (k1, n1), (k0, n0) = ((int(a.sum()), int(b.sum())) for a, b in arms)
        by_event += compare(proportions(k1, n1, k0, n0), Fixed()).significant  # type: ignore[arg-type]
    assert by_unit / 1000 == pytest.approx(0.05, abs=4 * sqrt(0.0475 / 1000))
    assert by_event / 1000 > 0.1


@given(st.lists(st.integers(-(10**9), 10**9), min_size=2, max_size=20), st.data())
@settings(max_examples=50, deadline=None)
def test_welch_and_student_are_those_of_scipy(values: list[int], data: st.DataObject) -> None:
    other = data.draw(st.lists(st.integers(-(10**9), 10**9), min_size=2, max_size=20))
    for estimator, equal in ((means, False), (pooled_means, True)):
        contrast = estimator(Moments.of(values), Moments.of(other))
        if not isinstance(contrast, LinearContrast):
            assert len(set(values)) == 1 or len(set(other)) == 1
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = stats.ttest_ind(np.array(values) / 1e6, np.array(other) / 1e6, equal_var=equal)
        assert contrast.statistic() == pytest.approx(expected.statistic, rel=1e-6, abs=1e-9)
        assert contrast.df == pytest.approx(expected.df, rel=1e-9)


def test_what_has_no_standard_error_says_why() -> None:
    same, one, none = Moments.of([5] * 9), Moments.of([5]), Moments()
    some = Moments.of(range(9))
    assert means(same, some) == Undefined("a standard error", "the values of treatment do not vary")
    assert means(some, same) == Undefined("a standard error", "the values of control do not vary")
    assert means(same, same) == Undefined("a standard error", "the values of both arms do not vary")
    assert pooled_means(same, same) == Undefined("a standard error", "the values of both arms do not vary")
    assert means(one, some) == TooFew("a standard error of treatment", 2, 1)
    assert means(some, none) == TooFew("a standard error of control", 2, 0)
    assert pooled_means(some, one) == TooFew("a variance", 2, 1)
    assert pooled_means(none, one) == TooFew("a mean", 1, 0)
    assert proportions(0, 0, 1, 2) == TooFew("a proportion of treatment", 1, 0)
    for all_or_nothing in ((0, 5, 0, 9), (5, 5, 9, 9)):
        assert isinstance(proportions(*all_or_nothing), Undefined)
    assert isinstance(proportions(0, 5, 9, 9), object)
    assert rates(0, 10, 3, 10) == Undefined("a standard error", "treatment has no event")
    with pytest.raises(ValueError, match="between 0 and units"):
        proportions(3, 2, 1, 1)
    with pytest.raises(ValueError, match="exposure > 0"):
        rates(1, 0, 1, 1)


def test_a_ratio_whose_denominator_may_be_zero_is_not_defined() -> None:
    weak = joint(np.arange(1.0, 21), np.array([0.0] * 17 + [5.0, -4.0, 3.0]))
    good = joint(np.arange(1.0, 21), np.arange(2.0, 22))
    assert ratios(weak, good) == Undefined(
        "the ratio", "the mean denominator of treatment is too near to zero"
    )
    assert adjusted_ratios(good, weak) == Undefined(
        "the ratio", "the mean denominator of control is too near to zero"
    )
    with pytest.raises(ValueError, match="numerator and a denominator"):
        ratios(joint(np.arange(3.0)), joint(np.arange(3.0)))


def test_a_regression_needs_more_units_than_covariates_and_something_left_to_explain() -> None:
    y, x = np.array([1.0, 2, 4]), np.array([3.0, 1, 2])
    enough = sample(20, 0.0, (1.0, 1.0), 14)
    assert adjusted_means(joint(y, x, x * x), joint(*enough)) == TooFew(
        "a regression on 2 covariates in treatment", 4, 3
    )
    exact = np.arange(12.0)
    found = adjusted_means(joint(2 * exact, exact), joint(*enough[:2]))
    assert found == Undefined("a standard error", "the values of treatment, after adjustment, do not vary")
    with pytest.raises(ValueError, match="same covariates"):
        adjusted_means(joint(y, x), joint(*enough))
    assert adjusted_means(joint(y[:1], x[:1]), joint(*enough[:2])) == TooFew(
        "a standard error of treatment", 2, 1
    )
