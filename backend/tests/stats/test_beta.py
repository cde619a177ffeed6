"""The Beta posterior, against golden intervals, scipy and exact rationals."""

import json
import math
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from litmus_server.stats.beta import BetaPosterior, credible_intervals
from scipy import stats

GOLDEN = json.loads((Path(__file__).parents[3] / "spec" / "stats" / "beta_intervals.json").read_text())

SHAPE = st.one_of(st.floats(0.05, 10), st.floats(1, 1e5), st.floats(1, 1e10))
LEVEL = st.floats(0.01, 0.9999)


def exact_probability_below(x: float, alpha: int, beta: int) -> Fraction:
    """P(rate ≤ x) for integers: at least alpha of alpha + beta − 1 uniforms are below x."""
    p, n = Fraction(x), alpha + beta - 1
    below = sum(math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(alpha, n + 1))
    return Fraction(below)


@pytest.mark.parametrize("case", GOLDEN["cases"])
def test_intervals_agree_with_the_references(case: dict[str, Any]) -> None:
    interval = BetaPosterior(case["alpha"], case["beta"]).interval(case["level"])
    assert [interval.lower, interval.upper] == pytest.approx(
        case["interval"], rel=GOLDEN["relative_tolerance"]
    )
    assert interval.level == case["level"]


@given(st.integers(1, 40), st.integers(1, 40), LEVEL)
@settings(max_examples=40, deadline=None)
def test_each_tail_holds_its_half_of_the_rest_in_exact_rationals(alpha: int, beta: int, level: float) -> None:
    interval = BetaPosterior(alpha, beta).interval(level)
    tail = (1 - Fraction(level)) / 2
    below = exact_probability_below(interval.lower, alpha, beta)
    above = 1 - exact_probability_below(interval.upper, alpha, beta)
    assert float(below / tail) == pytest.approx(1, rel=1e-9)
    assert float(above / tail) == pytest.approx(1, rel=1e-9)


@given(SHAPE, SHAPE, LEVEL)
@settings(max_examples=200, deadline=None)
def test_intervals_agree_with_scipy_at_any_size(alpha: float, beta: float, level: float) -> None:
    interval = BetaPosterior(alpha, beta).interval(level)
    expected = stats.beta(alpha, beta).interval(level)
    assert [interval.lower, interval.upper] == pytest.approx(expected, rel=1e-9, abs=1e-300)
    assert 0 <= interval.lower <= interval.upper <= 1


def test_huge_counts_agree_with_the_normal_limit() -> None:
    posterior = BetaPosterior.of_counts(10**9, 10**10)
    sd = math.sqrt(0.1 * 0.9 / 1e10)
    expected = [0.1 - 1.959963984540054 * sd, 0.1 + 1.959963984540054 * sd]
    interval = posterior.interval()
    assert [interval.lower, interval.upper] == pytest.approx(expected, abs=1e-4 * sd)


@pytest.mark.parametrize("prior", [0.1, 0.5, 1.0])
def test_no_data_and_no_success_have_intervals_inside_zero_and_one(prior: float) -> None:
    for successes, trials in ((0, 0), (0, 10**8), (10**8, 10**8)):
        interval = BetaPosterior.of_counts(successes, trials, prior, prior).interval()
        assert 0 <= interval.lower < interval.upper <= 1


def test_many_intervals_are_those_of_one_at_a_time() -> None:
    alpha, beta = np.array([1.0, 147, 1e6]), np.array([1.0, 355, 9e6])
    lower, upper = credible_intervals(alpha, beta, 0.8)
    for k in range(3):
        one = BetaPosterior(alpha[k], beta[k]).interval(0.8)
        assert (lower[k], upper[k]) == (one.lower, one.upper)


def test_the_mean_is_alpha_over_both() -> None:
    assert BetaPosterior.of_counts(146, 500).mean == pytest.approx(147 / 502)
    assert BetaPosterior.of_counts(0, 0, 3, 7).mean == pytest.approx(0.3)


@pytest.mark.parametrize(("alpha", "beta"), [(0, 1), (1, 0), (-1, 1), (math.nan, 1), (1, math.inf)])
def test_what_is_no_posterior_is_refused(alpha: float, beta: float) -> None:
    with pytest.raises(ValueError, match="must be > 0"):
        BetaPosterior(alpha, beta)


def test_impossible_counts_and_levels_are_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and trials"):
        BetaPosterior.of_counts(3, 2)
    for level in (0, 1, 95, math.nan):
        with pytest.raises(ValueError, match="between 0 and 1"):
            BetaPosterior(1, 1).interval(level)


def test_importing_it_does_not_load_scipy() -> None:
    program = "import sys; import litmus_server.stats.beta; print('scipy' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
