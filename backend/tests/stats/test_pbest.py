"""P(best) against golden vectors, exact rationals, closed forms and scipy, and what must always hold."""

import json
from fractions import Fraction
from math import comb, prod
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from litmus_server.stats.pbest import QuadratureFailed, _integrate, pbest_beta, pbest_normal
from numpy.polynomial.legendre import leggauss
from scipy import stats

SPEC = Path(__file__).parents[3] / "spec" / "stats"

SHAPE = st.one_of(st.floats(1e-3, 10), st.floats(1, 1e4), st.floats(1, 1e8))
ARM = st.tuples(SHAPE, SHAPE)
ARMS = st.lists(ARM, min_size=2, max_size=8)


def golden(name: str) -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = json.loads((SPEC / name).read_text())["cases"]
    return cases


def columns(arms: list[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [a for a, _ in arms], [b for _, b in arms]


def by_scipy(arms: list[tuple[float, float]]) -> list[float]:
    """40 nodes between neighbouring quantiles of all arms, on the rate itself, with scipy's pdf and cdf."""
    posteriors = [stats.beta(a, b) for a, b in arms]
    levels = [1e-15, 1e-9, 1e-6, 1e-3, 0.05, 0.3, 0.7, 0.95, 1 - 1e-3, 1 - 1e-6, 1 - 1e-9]
    ends = np.unique(np.concatenate([[0, 1], *(p.ppf(levels) for p in posteriors)]))
    x, w = leggauss(40)
    half = np.diff(ends)[:, None] / 2
    nodes, weights = ends[:-1, None] + half * (1 + x), half * w
    below = [p.cdf(nodes) for p in posteriors]
    return [
        float(np.sum(p.pdf(nodes) * weights * np.prod([f for j, f in enumerate(below) if j != k], axis=0)))
        for k, p in enumerate(posteriors)
    ]


def second_beats_first(first: tuple[int, int], second: tuple[int, int]) -> Fraction:
    """Exact, for integers: Beta(a, b) is the a-th smallest of a + b − 1 uniforms, so interleavings are counted."""
    (a, b), (c, d) = first, second
    total = comb(a + b + c + d - 2, a + b - 1)
    # The first is below the second when, of all values below the second's c-th smallest, at least a are the first's.
    ways = sum(comb(i + c - 1, i) * comb(a + b - 1 - i + d - 1, d - 1) for i in range(a, a + b))
    return Fraction(ways, total)


@pytest.mark.parametrize("case", golden("pbest_beta.json"))
def test_beta_arms_agree_with_the_references(case: dict[str, Any]) -> None:
    assert pbest_beta(case["a"], case["b"]).probability == pytest.approx(case["p"], abs=1e-9, rel=0)


@pytest.mark.parametrize("case", golden("pbest_normal.json"))
def test_normal_arms_agree_with_the_references(case: dict[str, Any]) -> None:
    assert pbest_normal(case["mean"], case["sd"]).probability == pytest.approx(case["p"], abs=1e-9, rel=0)


@given(st.lists(st.tuples(st.floats(1, 1e4), st.floats(1, 1e4)), min_size=2, max_size=5))
@settings(max_examples=40, deadline=None)
def test_beta_arms_agree_with_integration_over_the_rate(arms: list[tuple[float, float]]) -> None:
    assert pbest_beta(*columns(arms)).probability == pytest.approx(by_scipy(arms), abs=1e-9, rel=0)


SMALL = st.integers(1, 60)


@given(st.tuples(SMALL, SMALL), st.tuples(SMALL, SMALL))
@settings(max_examples=60, deadline=None)
def test_two_arms_agree_with_exact_rationals_in_probability_and_loss(
    first: tuple[int, int], second: tuple[int, int]
) -> None:
    best = pbest_beta(*columns([first, second]))
    (a, b), (c, d) = first, second
    exact = second_beats_first(first, second)
    # E[(q − p)⁺] = E[q]·P(q' > p) − E[p]·P(q > p'), where a prime stands for one more success.
    regret_of_first = Fraction(c, c + d) * second_beats_first(first, (c + 1, d)) - Fraction(
        a, a + b
    ) * second_beats_first((a + 1, b), second)
    assert best.probability[1] == pytest.approx(float(exact), abs=1e-13, rel=0)
    assert best.expected_loss[0] == pytest.approx(float(regret_of_first), abs=1e-13, rel=0)
    assert best.expected_best == pytest.approx(float(Fraction(a, a + b) + regret_of_first), abs=1e-13, rel=0)


@pytest.mark.parametrize("others", [1, 4, 99])
@pytest.mark.parametrize("b", [1e-3, 0.5, 1, 30, 1e8])
@pytest.mark.parametrize("a", [1e-3, 0.5, 1, 30, 1e8])
def test_any_arm_beats_uniform_arms_as_often_as_the_closed_form_says(a: float, b: float, others: int) -> None:
    best = pbest_beta([a] + [1] * others, [b] + [1] * others)
    exact = prod((a + i) / (a + b + i) for i in range(others))  # E[x^others]
    assert best.probability[0] == pytest.approx(exact, abs=1e-13, rel=0)


@given(st.lists(st.floats(1e-6, 1e8), min_size=2, max_size=20))
@settings(max_examples=60, deadline=None)
def test_power_law_arms_win_in_proportion_to_their_exponent(exponents: list[float]) -> None:
    best = pbest_beta(exponents, [1.0] * len(exponents))
    exact = [a / sum(exponents) for a in exponents]
    assert best.probability == pytest.approx(exact, abs=1e-12, rel=0)
    assert best.expected_best == pytest.approx(sum(exponents) / (1 + sum(exponents)), abs=1e-12, rel=0)


@given(ARMS)
@settings(max_examples=100, deadline=None)
def test_probabilities_sum_to_one_and_no_arm_is_better_than_the_best(arms: list[tuple[float, float]]) -> None:
    a, b = (np.array(column) for column in columns(arms))
    best = pbest_beta(a, b)
    assert sum(best.probability) == pytest.approx(1, abs=1e-14)
    assert min(best.probability) >= 0
    assert min(best.expected_loss) >= 0
    assert a / (a + b) + best.expected_loss == pytest.approx(
        np.full(len(arms), best.expected_best), abs=1e-14
    )


@given(ARMS, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_permuting_arms_permutes_the_answer(arms: list[tuple[float, float]], random: Any) -> None:
    order = list(range(len(arms)))
    random.shuffle(order)
    straight, shuffled = pbest_beta(*columns(arms)), pbest_beta(*columns([arms[k] for k in order]))
    assert shuffled.probability == pytest.approx([straight.probability[k] for k in order], abs=1e-13)


@given(ARMS, st.floats(0.1, 1e3))
@settings(max_examples=60, deadline=None)
def test_successes_never_make_an_arm_less_likely_to_be_best(
    arms: list[tuple[float, float]], more: float
) -> None:
    (a, b), *others = arms
    before, after = pbest_beta(*columns(arms)), pbest_beta(*columns([(a + more, b), *others]))
    assert after.probability[0] >= before.probability[0] - 1e-13


@given(ARMS)
@settings(max_examples=30, deadline=None)
def test_where_lower_is_better_failures_count_as_successes(arms: list[tuple[float, float]]) -> None:
    a, b = columns(arms)
    lowest, highest = pbest_beta(a, b, higher_is_better=False), pbest_beta(b, a)
    assert lowest.probability == highest.probability
    assert lowest.expected_loss == highest.expected_loss
    assert lowest.expected_best == pytest.approx(1 - highest.expected_best, abs=1e-15)


@pytest.mark.parametrize("arms", [2, 5, 100])
@pytest.mark.parametrize("n", [0, 10, 1e4, 1e8])
def test_identical_arms_share_equally_at_any_sample_size(n: float, arms: int) -> None:
    best = pbest_beta([1 + 0.1 * n] * arms, [1 + 0.9 * n] * arms)
    assert best.probability == pytest.approx([1 / arms] * arms, abs=1e-14)


def test_two_huge_arms_agree_with_the_normal_limit() -> None:
    a, b = np.array([1e7, 1.0002e7]), np.array([9e7, 8.9998e7])
    mean, variance = a / (a + b), a * b / (a + b) ** 3
    limit = stats.norm.cdf((mean[1] - mean[0]) / np.sqrt(variance.sum()))
    assert pbest_beta(a, b).probability[1] == pytest.approx(limit, abs=1e-8)


@given(
    st.lists(st.tuples(st.floats(-5, 5), st.floats(1e-4, 1e4)), min_size=2, max_size=2), st.floats(-1e6, 1e6)
)
@settings(max_examples=100, deadline=None)
def test_two_normal_arms_agree_with_the_closed_form_wherever_they_lie(
    arms: list[tuple[float, float]], offset: float
) -> None:
    mean, sd = (np.array(column) for column in columns(arms))
    mean = mean + offset
    s = float(np.hypot(*sd))
    z = float(mean[1] - mean[0]) / s
    best = pbest_normal(mean, sd)
    assert best.probability[1] == pytest.approx(stats.norm.cdf(z), abs=1e-12)
    assert best.expected_loss[0] == pytest.approx(
        s * (stats.norm.pdf(z) + z * stats.norm.cdf(z)), abs=1e-10 * s
    )
    lowest = pbest_normal(mean, sd, higher_is_better=False)
    assert lowest.probability[0] == pytest.approx(stats.norm.cdf(z), abs=1e-12)


def test_a_sharp_arm_among_wide_ones_loses_nothing() -> None:
    # The case that Gauss–Hermite gets wrong: the third arm is all but a point at 0.3.
    best = pbest_normal([0, 0.1, 0.3], [1, 1, 1e-4])
    point = stats.norm.cdf(0.3) * stats.norm.cdf(0.2)
    assert best.probability[2] == pytest.approx(point, abs=1e-8)
    assert best.expected_best == pytest.approx(0.3 + best.expected_loss[2], abs=1e-12)


def test_one_arm_is_the_best() -> None:
    assert pbest_beta([3], [5]).probability == (1.0,)
    assert pbest_beta([3], [5], higher_is_better=False).expected_best == pytest.approx(3 / 8)
    assert pbest_normal([7], [2]).expected_best == 7


def test_probabilities_that_do_not_add_up_are_refused() -> None:
    def spike(x: Any) -> Any:
        return np.exp(-0.5 * (x / 1e-3) ** 2)

    def wide(x: Any) -> Any:
        return np.exp(-0.5 * x**2)

    coarse = np.array([-10.0, 0.7, 10.0])
    with pytest.raises(QuadratureFailed, match="add up to"):
        _integrate([coarse, coarse], [spike, wide], np.zeros(2), np.positive)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ([], []),
        ([1, 2], [1]),
        ([0, 1], [1, 1]),
        ([1, 1], [-1, 1]),
        ([1, np.nan], [1, 1]),
        ([1, np.inf], [1, 1]),
        (1, 1),
    ],
)
def test_what_is_no_list_of_posteriors_is_refused(a: Any, b: Any) -> None:
    with pytest.raises(ValueError, match="must be"):
        pbest_beta(a, b)


def test_a_normal_arm_needs_a_spread() -> None:
    with pytest.raises(ValueError, match="sd must be > 0"):
        pbest_normal([0, 1], [1, 0])
