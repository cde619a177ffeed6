"""Whether effects change from group to group: against weighted least squares, in recursive residuals, and watched."""

from __future__ import annotations

from math import exp, log

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from litmus_server.stats.absence import TooFew, Undefined
from litmus_server.stats.critical import AlwaysValid
from litmus_server.stats.drift import Drift, Ends, agreeing, cochran, drift, ends
from scipy import stats
from statsmodels.stats.meta_analysis import combine_effects

Rows = list[tuple[float, float]]
rows = st.lists(st.tuples(st.floats(-5, 5), st.floats(0.01, 4)), min_size=3, max_size=12)


def line(x: np.ndarray, y: np.ndarray, covariance: np.ndarray) -> Drift:
    found = drift(x, y, covariance)
    assert isinstance(found, Drift)
    return found


def recursive(x: np.ndarray, y: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """wₖ and gₖ by their definition: each effect against the weighted mean of those before it."""
    w, g = [], []
    for k in range(1, y.size):
        weights = 1 / v[:k]
        error = np.sqrt(v[k] + 1 / weights.sum())
        w.append((y[k] - weights @ y[:k] / weights.sum()) / error)
        g.append((x[k] - weights @ x[:k] / weights.sum()) / error)
    return np.array(w), np.array(g)


@given(rows)
def test_the_slope_is_that_of_weighted_least_squares(of: Rows) -> None:
    x, y = np.log1p(np.arange(len(of))), np.array([a for a, _ in of])
    v = np.array([b for _, b in of])
    judge = sm.WLS(y, sm.add_constant(x), weights=1 / v).fit()
    found = line(x, y, np.diag(v))
    assert found.slope == pytest.approx(judge.params[1], abs=1e-9)
    assert found.at_zero == pytest.approx(judge.params[0], abs=1e-9)
    assert found.error == pytest.approx(judge.normalized_cov_params[1, 1] ** 0.5)


@given(rows)
def test_slope_and_q_are_sums_of_what_each_further_group_adds(of: Rows) -> None:
    """What makes them safe to watch: numerator Σ gw, information Σ g², Q = Σ w²."""
    x, y, v = np.log1p(np.arange(len(of))), np.array([a for a, _ in of]), np.array([b for _, b in of])
    for k in range(2, y.size + 1):
        w, g = recursive(x[:k], y[:k], v[:k])
        found = line(x[:k], y[:k], np.diag(v[:k]))
        assert found.information == pytest.approx(g @ g)
        assert found.slope * found.information == pytest.approx(g @ w, abs=1e-8)
        assert cochran(y[:k], v[:k]).statistic == pytest.approx(w @ w, abs=1e-8)


def test_q_is_what_meta_analysis_computes() -> None:
    y, v = np.array([0.3, 0.1, -0.2, 0.5]), np.array([0.01, 0.02, 0.015, 0.03])
    judge, found = combine_effects(y, v), cochran(y, v)
    assert found.statistic == pytest.approx(judge.q)
    assert found.df == 3
    assert found.p_value == pytest.approx(stats.chi2.sf(judge.q, 3))
    assert found.i_squared == pytest.approx(judge.i2)


def test_the_evidence_of_a_spread_is_the_mean_of_likelihood_ratios() -> None:
    y, v = np.array([0.3, 0.1, -0.2, 0.5]), np.array([0.01, 0.02, 0.015, 0.03])
    w, _ = recursive(np.arange(4.0), y, v)
    ratios = [np.prod(stats.norm.pdf(w, 0, (1 + r) ** 0.5) / stats.norm.pdf(w)) for r in (0.25, 1, 4)]
    assert cochran(y, v).log_evidence() == pytest.approx(log(np.mean(ratios)))


def test_a_unit_that_is_in_all_groups_does_not_count_as_several() -> None:
    """1,000 units with a level of their own, at five ages: the slope's error is that of units' own slopes."""
    rng = np.random.default_rng(3)
    ages = np.log1p(np.arange(5.0))
    units = rng.normal(0, 3, (1000, 1)) + rng.normal(0, 1, (1000, 5)) + 0.2 * ages
    found = line(ages, units.mean(axis=0), np.cov(units.T) / 1000)
    weights = 1 / np.cov(units.T).diagonal()
    middle = weights @ ages / weights.sum()
    c = weights * (ages - middle) / (weights @ (ages - middle) ** 2)
    own = units @ c
    assert found.slope == pytest.approx(own.mean())
    assert found.error == pytest.approx(own.std(ddof=1) / 1000**0.5)
    assert found.statistic > 5
    alone = line(ages, units.mean(axis=0), np.diag(np.cov(units.T).diagonal()) / 1000)
    assert alone.error > 2 * found.error


def test_first_and_last_third_are_compared() -> None:
    found = ends([4.0, 2.0, 9.0, 9.0, 9.0, 1.0, 3.0], np.diag([1.0, 3.0, 1, 1, 1, 1.0, 1.0]))
    assert isinstance(found, Ends)
    assert found.first == pytest.approx((3.5, 0.75**0.5))
    assert found.last == pytest.approx((2.0, 0.5**0.5))
    assert found.statistic == pytest.approx(-1.5 / 1.25**0.5)


def test_nothing_is_said_of_too_few_groups_and_of_what_is_no_group() -> None:
    assert drift([0.0], [1.0], [[1.0]]) == TooFew("a slope", 2, 1)
    assert isinstance(drift([1.0, 1.0], [1.0, 2.0], np.eye(2)), Undefined)
    assert ends([1.0, 2.0], np.eye(2)) == TooFew("first against last third", 3, 2)
    with pytest.raises(ValueError, match="variance above zero"):
        drift([0.0, 1.0], [1.0, 2.0], np.diag([1.0, 0.0]))
    with pytest.raises(ValueError, match="no effects"):
        cochran([], [])


def test_only_what_all_suppositions_contradict_counts() -> None:
    assert agreeing([(2.0, 5.0), (3.0, 4.0)]) == 4.0
    assert agreeing([(-2.0, 5.0), (3.0, 4.0)]) == -np.inf


def test_whoever_looks_after_every_group_is_misled_as_rarely_as_is_said() -> None:
    """4,000 sets of 60 groups of growing size, of one effect: at 5 in 100, by slope and by spread, at any of 58 looks."""
    rng = np.random.default_rng(5)
    x, misled = np.log1p(np.arange(60.0)), np.zeros(2)
    v = 1 / rng.uniform(50, 200, 60) / np.linspace(1, 3, 60)
    information = np.array([line(x[:k], x[:k], np.diag(v[:k])).information for k in range(3, 61)])
    weights = np.cumsum(1 / v)
    y = 0.4 + rng.normal(0, 1, (4000, 60)) * v**0.5
    before = np.cumsum(y / v, axis=1)[:, :-1] / weights[:-1]
    w = (y[:, 1:] - before) / (v[1:] + 1 / weights[:-1]) ** 0.5
    g = (x[1:] - (np.cumsum(x / v)[:-1] / weights[:-1])) / (v[1:] + 1 / weights[:-1]) ** 0.5
    z = (np.cumsum(w * g, axis=1) / np.cumsum(g * g) ** 0.5)[:, 1:]
    q = np.cumsum(w * w, axis=1)[:, 1:]
    for by_set in zip(z, q, strict=True):
        slope = any(
            AlwaysValid(i / information[20] * 8).log_evidence(each) >= log(20)
            for each, i in zip(by_set[0], information, strict=True)
            if abs(each) > 2
        )
        df = np.arange(2, 60)
        logs = [0.5 * (by_set[1] * r / (1 + r) - df * np.log1p(r)) for r in (0.25, 1, 4)]
        misled += [slope, bool((np.logaddexp.reduce(logs) - log(3) >= log(20)).any())]
    assert (misled / 4000 <= 0.05 + 3 * (0.05 * 0.95 / 4000) ** 0.5).all()
    assert (misled / 4000 >= 0.005).all()  # it is not that nothing is ever found
    assert exp(-cochran(y[0], v).log_evidence()) > 0
