"""Interactions of two experiments, against regression, and how often they are found where there are none."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from hypothesis import given, settings
from hypothesis import strategies as st
from litmus_server.stats.absence import TooFew, Undefined
from litmus_server.stats.critical import AlwaysValid
from litmus_server.stats.interaction import Crossed, Grid, crossed, not_open, skew_of_contrast
from litmus_server.stats.moments import JointMoments
from litmus_server.stats.start import TooSkewed, skew_of_difference
from scipy import stats

# On the path for this import only: bench/fold.py would hide the folder of that name beside us.
with pytest.MonkeyPatch.context() as path:
    path.syspath_prepend(Path(__file__).parents[3] / "bench")
    _BENCH = import_module("calibrate_interactions")
WORLDS, detectable, rates = _BENCH.WORLDS, _BENCH.detectable, _BENCH.rates

Rows = list[tuple[int, int, float]]
"""(variant, variant of the other, value)."""


def drawn(seed: int, n: int = 3000, rows: int = 3, columns: int = 2, interaction: float = 0.0) -> Rows:
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, rows, n), rng.integers(0, columns, n)
    y = rng.normal(3 + 0.1 * a + 0.2 * b + interaction * (a > 0) * (b > 0), 1 + 0.5 * a)
    return [(int(i), int(j), round(float(v), 6)) for i, j, v in zip(a, b, y, strict=True)]


def grid(of: Rows, rows: int = 3, columns: int = 2) -> Grid:
    return [
        [
            JointMoments.of([(round(v * 1e6),) for i, j, v in of if (i, j) == (a, b)], 1)
            for b in range(columns)
        ]
        for a in range(rows)
    ]


def cells(of: Rows, rows: int = 3, columns: int = 2, planned: int = 10_000) -> Crossed:
    found = crossed([grid(of, rows, columns)], ([1 / rows] * rows, [1 / columns] * columns), planned)
    assert isinstance(found, Crossed)
    return found


def frame(of: Rows) -> pd.DataFrame:
    return pd.DataFrame(of, columns=["a", "b", "y"])


def test_the_test_is_walds_of_a_regression_with_hc2_errors() -> None:
    of = drawn(1, interaction=0.2)
    judge = smf.ols("y ~ C(a) * C(b)", frame(of)).fit(cov_type="HC2")
    names = ["C(a)[T.1]:C(b)[T.1]", "C(a)[T.2]:C(b)[T.1]"]
    found = cells(of).interaction()
    assert found.differences == pytest.approx(judge.params[names].to_numpy(), rel=1e-9)
    assert found.covariance == pytest.approx(judge.cov_params().loc[names, names].to_numpy(), rel=1e-9)
    wald = judge.wald_test(np.eye(6)[4:], use_f=False, scalar=True)
    assert found.statistic == pytest.approx(float(wald.statistic), rel=1e-9)
    assert found.p_once == pytest.approx(float(wald.pvalue), rel=0.02)  # F with some 1,500 degrees of freedom


def test_of_two_by_two_the_single_look_is_welchs_t() -> None:
    of = drawn(2, n=400, rows=2, interaction=0.5)
    found = cells(of, 2).interaction()
    groups = [np.array([v for i, j, v in of if (i, j) == cell]) for cell in ((0, 0), (0, 1), (1, 0), (1, 1))]
    parts = [g.var(ddof=1) / g.size for g in groups]
    df = sum(parts) ** 2 / sum(p**2 / (g.size - 1) for p, g in zip(parts, groups, strict=True))
    t = found.differences[0] / np.sqrt(sum(parts))
    assert found.df == pytest.approx(df)
    assert found.p_once == pytest.approx(2 * stats.t.sf(abs(t), df))
    assert found.reach_once(0.05)[0] == pytest.approx(stats.t.ppf(0.975, df) * np.sqrt(sum(parts)))


def test_of_one_difference_the_watched_answer_is_the_mixture_that_reports_use() -> None:
    of = drawn(3, n=2000, rows=2, interaction=0.3)
    found = cells(of, 2).interaction()
    error = float(np.sqrt(found.covariance[0, 0]))
    alike = AlwaysValid(float(found.mixing[0, 0]) / error**2)
    assert found.p_always == pytest.approx(alike.p_value(found.differences[0] / error), rel=1e-9)
    assert found.reach_always(0.01)[0] == pytest.approx(alike.value(0.01) * error, rel=1e-9)


def test_effects_within_and_averaged_are_linear_hypotheses_of_the_same_regression() -> None:
    of = drawn(4, interaction=0.4)
    judge = smf.ols("y ~ C(a) * C(b)", frame(of)).fit(cov_type="HC2")
    found = cells(of)
    for weights in ([1.0, 0.0], [0.0, 1.0], [0.3, 0.7]):
        contrast, ratio = found.effect(2, weights)
        row = np.array([0, 0, 1, 0, 0, weights[1]])
        wanted = judge.t_test(row)
        assert contrast.treatment - contrast.control == pytest.approx(wanted.effect[0], rel=1e-9)
        assert contrast.standard_error == pytest.approx(float(wanted.sd[0, 0]), rel=1e-9)
        assert ratio > 0


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10**6), st.floats(1e-4, 0.4), st.sampled_from([(2, 2), (3, 2), (2, 4)]), st.floats(0, 1)
)
def test_no_interval_contradicts_its_test(
    seed: int, alpha: float, shape: tuple[int, int], size: float
) -> None:
    rows, columns = shape
    found = cells(drawn(seed, 1200, rows, columns, size), rows, columns).interaction()
    for reach, p in ((found.reach_once(alpha), found.p_once), (found.reach_always(alpha), found.p_always)):
        leaves_out = bool((np.abs(found.differences) > reach).any())
        assert not leaves_out or p < alpha
        if found.differences.size == 1:
            assert leaves_out == (p < alpha)


def test_stretches_of_other_weights_are_compared_within_themselves() -> None:
    """The outcome rises by 5 while both weights move to one half: pooled, the pairs of variants seem to interact."""
    rng = np.random.default_rng(5)
    strata, everything = [], []
    for share, level in ((0.1, 0.0), (0.5, 5.0)):
        a, b = (rng.random((2, 20_000)) < share).astype(int)
        of = [
            (int(i), int(j), round(float(v), 6))
            for i, j, v in zip(a, b, level + rng.normal(0, 1, 20_000), strict=True)
        ]
        strata.append(grid(of, 2))
        everything += of
    found = crossed(strata, ([0.9, 0.1], [0.9, 0.1]), 40_000)
    assert isinstance(found, Crossed)
    assert found.units == 40_000
    assert found.interaction().p_once > 0.01
    assert cells(everything, 2).interaction().p_once < 1e-10


def test_a_stretch_that_lacks_a_pair_is_left_out_and_counted() -> None:
    whole, lacking = drawn(6, 2000, 2), [row for row in drawn(7, 1000, 2) if row[:2] != (1, 1)]
    found = crossed([grid(whole, 2), grid(lacking, 2)], ([0.5, 0.5], [0.5, 0.5]), 10_000)
    assert isinstance(found, Crossed)
    assert (found.units, found.left_out) == (2000, len(lacking))
    assert found.interaction().differences == pytest.approx(cells(whole, 2).interaction().differences)


def test_what_cannot_be_told_has_a_reason() -> None:
    shares = ([0.5, 0.5], [0.5, 0.5])
    assert isinstance(crossed([], shares, 1000), TooFew)
    few = grid(drawn(8, 40, 2), 2)
    assert isinstance(crossed([few], shares, 1000), TooFew)
    assert isinstance(not_open(few, [[9, 9], [9, 9]]), TooFew)
    constant = grid([(a, b, 1.0) for a in range(2) for b in range(2) for _ in range(60)], 2)
    assert isinstance(crossed([constant], shares, 1000), Undefined)
    many = grid(drawn(9, 2000, 2), 2)
    assert not_open(many, [[30, 30], [30, 19]]) == TooFew(
        "an interaction, in each pair of variants with a value,", 20, 19
    )
    full = [[cell.n for cell in row] for row in many]
    assert isinstance(not_open(many, full, binary=True), TooFew)
    assert not_open(many, full) is None
    with pytest.raises(ValueError, match="2 by 2"):
        crossed([grid(drawn(1), 3, 2)], shares, 1000)


def test_the_start_rule_sees_the_skew_that_an_uneven_split_leaves() -> None:
    rng = np.random.default_rng(10)
    a, b = (rng.random((2, 8000)) < 0.1).astype(int)
    of = [
        (int(i), int(j), round(float(v), 6))
        for i, j, v in zip(a, b, rng.lognormal(0, 1.5, 8000), strict=True)
    ]
    skewed = grid(of, 2)
    assert isinstance(not_open(skewed, [[cell.n for cell in row] for row in skewed]), TooSkewed)
    assert skew_of_contrast(3.0, [1, -1], [100, 900]) == pytest.approx(
        float(skew_of_difference(3.0, 100, 900))
    )


def test_a_ratio_is_compared_by_its_linearised_values() -> None:
    rng = np.random.default_rng(11)
    a, b = rng.integers(0, 2, (2, 4000))
    d = rng.integers(1, 6, 4000)
    y = np.round(d * rng.gamma(2 + 0.5 * a * b, 1, 4000), 6)
    of = [
        [
            JointMoments.of([(round(u * 1e6), int(v) * 10**6) for u, v in zip(y[(a == i) & (b == j)], d[(a == i) & (b == j)], strict=True)], 2)
            for j in range(2)
        ]
        for i in range(2)
    ]  # fmt: skip
    assert not_open(of, [[1, 1], [1, 1]]) is None  # values are not asked of ratios
    found = crossed([of], ([0.5, 0.5], [0.5, 0.5]), 10_000)
    assert isinstance(found, Crossed)
    means, variances = [], []
    for i, j in ((0, 0), (0, 1), (1, 0), (1, 1)):
        u, v = y[(a == i) & (b == j)], d[(a == i) & (b == j)]
        ratio = u.sum() / v.sum()
        means.append(ratio)
        variances.append(((u - ratio * v) / v.mean()).var(ddof=1) / u.size)
    assert found.interaction().differences[0] == pytest.approx(means[3] - means[2] - means[1] + means[0])
    assert found.interaction().covariance[0, 0] == pytest.approx(sum(variances))


@pytest.mark.parametrize("place", [0, 2, 8], ids=[WORLDS[k].name for k in (0, 2, 8)])
def test_false_alarms_stay_below_alpha_however_often_somebody_looks(place: int) -> None:
    watched, once, opened = rates(WORLDS[place], runs=150, units=6000, looks=8, seed=place)
    assert opened == 1
    assert watched <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 150)
    assert once <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 150)


def test_an_interaction_that_a_single_look_finds_four_times_in_five_is_found() -> None:
    watched, once, _ = rates(WORLDS[0], 150, 6000, 8, 77, detectable(WORLDS[0], 6000))
    assert 0.7 < once < 0.9
    assert watched > 0.3
