"""Group-sequential boundaries against published ones, multivariate normal probabilities and simulation."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from litmus_server.stats.critical import Fixed
from litmus_server.stats.group_sequential import (
    Shape,
    Spending,
    boundaries,
    boundary,
    median_unbiased,
    repeated_p_value,
    stagewise,
)
from numpy.typing import NDArray
from scipy import integrate, stats
from stats.vectors import CRITICAL, outputs

GOLDEN = outputs(CRITICAL)
OBF, POCOCK = Spending(), Spending(Shape.POCOCK)
EVEN = tuple(k / 5 for k in range(1, 6))
FRACTIONS = st.lists(st.floats(0.02, 1), min_size=1, max_size=5).map(
    lambda steps: [sum(steps[: k + 1]) / sum(steps) for k in range(len(steps))]
)
SHAPES = st.sampled_from([OBF, POCOCK, Spending(Shape.POWER, 3.0)])


def staying_inside(fractions: list[float], lower: list[float], upper: list[float]) -> float:
    """P(all statistics between their bounds) without an effect, by scipy's multivariate normal distribution."""
    t = np.array(fractions)
    correlation = np.sqrt(np.minimum.outer(t, t) / np.maximum.outer(t, t))
    return float(
        stats.multivariate_normal.cdf(
            upper, cov=correlation, lower_limit=lower, abseps=1e-9, releps=1e-9, maxpts=500_000, rng=1
        )
    )


def test_obrien_fleming_type_boundaries_are_the_published_ones() -> None:
    """gsDesign's sfLDOF, five looks, one-sided 0.025."""
    assert boundaries(EVEN, 0.05) == pytest.approx([4.8769, 3.3570, 2.6803, 2.2898, 2.0310], abs=5e-5)


@pytest.mark.parametrize(
    ("name", "spending", "one_sided"),
    [
        ("sc/gst_power_rho1_2s", Spending(Shape.POWER, 1), False),
        ("sc/gst_power_rho3_2s", Spending(Shape.POWER, 3), False),
        ("sc/gst_power_rho2_1s", Spending(Shape.POWER, 2), True),
    ],
)
def test_power_family_boundaries_are_those_of_spotify(name: str, spending: Spending, one_sided: bool) -> None:
    assert boundaries(EVEN, 0.05, spending, one_sided=one_sided) == pytest.approx(GOLDEN[name], abs=5e-4)


@pytest.mark.parametrize("spending", [OBF, POCOCK])
@pytest.mark.parametrize("fractions", [EVEN, (0.1, 0.11, 0.5, 1.0), (0.3, 0.9, 1.4)])
@pytest.mark.parametrize("one_sided", [False, True])
def test_the_whole_error_is_spent_at_the_end_by_the_multivariate_normal(
    spending: Spending, fractions: tuple[float, ...], one_sided: bool
) -> None:
    bounds = list(boundaries(fractions, 0.05, spending, one_sided=one_sided))
    lower = [-np.inf if one_sided else -b for b in bounds]
    assert 1 - staying_inside(list(fractions), lower, bounds) == pytest.approx(0.05, abs=5e-6)


@pytest.mark.parametrize("spending", [OBF, POCOCK])
@pytest.mark.parametrize("early", [0.01, 0.5, 0.97])
def test_two_looks_spend_their_error_to_ten_digits(spending: Spending, early: float) -> None:
    first, second = boundaries((early, 1.0), 0.05, spending)

    def stays(z: float) -> float:
        middle, spread = z * np.sqrt(early), np.sqrt(1 - early)
        low, high = (stats.norm.cdf((end - middle) / spread) for end in (-second, second))
        return float(stats.norm.pdf(z) * (high - low))

    reach = min(first, 12.0)
    inside, _ = integrate.quad(stays, -reach, reach, epsabs=1e-13, limit=400, points=[-2.0, 0.0, 2.0])
    assert 1 - inside == pytest.approx(0.05, abs=1e-10)


@given(SHAPES, st.floats(0.001, 0.3), st.booleans())
@settings(max_examples=25, deadline=None)
def test_one_look_at_the_end_is_the_fixed_test(spending: Spending, alpha: float, one_sided: bool) -> None:
    fixed = Fixed()
    q = fixed.value(alpha, one_sided=one_sided)
    assert boundary([1.0], alpha, spending, one_sided=one_sided) == pytest.approx(q, rel=1e-12)
    p = repeated_p_value(q, [1.0], spending, one_sided=one_sided)
    assert p == pytest.approx(alpha, rel=1e-8)


def test_many_close_and_uneven_looks_keep_their_error() -> None:
    """Against paths of Brownian motion: the boundary is crossed as often as alpha says."""
    rng = np.random.default_rng(3)
    fractions = np.sort(rng.uniform(0.05, 1, 60))
    fractions[-1] = 1
    bounds = np.array(boundaries(fractions.tolist(), 0.1, POCOCK))
    steps = np.sqrt(np.diff(fractions, prepend=0))
    paths = np.cumsum(rng.normal(size=(40_000, 60)) * steps, axis=1) / np.sqrt(fractions)
    crossed = (np.abs(paths) > bounds).any(axis=1).mean()
    assert crossed == pytest.approx(0.1, abs=4 * np.sqrt(0.09 / 40_000))


@given(SHAPES, FRACTIONS, st.floats(0, 6), st.sampled_from([0.2, 0.05, 0.01]), st.booleans())
@settings(max_examples=12, deadline=None)
def test_the_repeated_p_value_is_below_alpha_exactly_beyond_the_boundary(
    spending: Spending, fractions: list[float], statistic: float, alpha: float, one_sided: bool
) -> None:
    p = repeated_p_value(statistic, fractions, spending, one_sided=one_sided)
    bound = boundary(fractions, alpha, spending, one_sided=one_sided)
    if abs(statistic - bound) > 1e-7:
        assert (p < alpha) == (statistic > bound)
    if 1e-10 < p < 0.49:
        exact = boundary(fractions, p, spending, one_sided=one_sided)
        assert exact == pytest.approx(statistic, abs=1e-7)


def test_a_boundary_depends_on_no_later_look_and_on_no_unit_of_time() -> None:
    assert boundaries(EVEN[:3], 0.05) == boundaries(EVEN, 0.05)[:3]
    assert boundaries((0.2, 0.5), 0.05)[0] == boundaries(EVEN, 0.05)[0]


def test_looks_beyond_the_plan_conclude_nothing() -> None:
    assert boundaries((0.5, 1.2, 1.3), 0.05)[2] == np.inf
    assert repeated_p_value(9.0, (0.5, 1.2, 1.3)) == 1.0


def test_looks_that_do_not_increase_are_refused() -> None:
    for fractions in ((), (0.0, 1.0), (0.5, 0.5), (0.6, 0.5), (0.5, np.nan), (np.inf,)):
        with pytest.raises(ValueError, match="increasing fractions"):
            boundaries(fractions, 0.05)
    for alpha in (0, 1, 5, np.nan):
        with pytest.raises(ValueError, match="between 0 and 1"):
            boundaries((1.0,), alpha)
    with pytest.raises(ValueError, match="rho"):
        Spending(Shape.POWER, 0)
    with pytest.raises(ValueError, match="needs its boundary"):
        stagewise(1.0, (0.5, 1.0), (2.0,), 0.5)


def outcomes(
    drift: float, fractions: tuple[float, ...], bounds: tuple[float, ...], runs: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Where each simulated test stopped, and its statistic there."""
    rng = np.random.default_rng(11)
    t = np.array(fractions)
    steps = np.diff(t, prepend=0)
    path = np.cumsum(rng.normal(size=(runs, len(t))) * np.sqrt(steps) + drift * steps, axis=1) / np.sqrt(t)
    beyond = np.abs(path) > np.array(bounds)
    stop = np.where(beyond.any(axis=1), beyond.argmax(axis=1), len(t) - 1)
    return stop, path[np.arange(runs), stop]


@pytest.mark.parametrize("drift", [0.0, 1.5, 2.8])
def test_estimates_after_stopping_are_too_great_half_of_the_time(drift: float) -> None:
    bounds = boundaries(EVEN, 0.05, POCOCK)
    stop, z = outcomes(drift, EVEN, bounds, 400)
    found, raw = [], []
    for k, statistic in zip(stop.tolist(), z.tolist(), strict=True):
        unit = np.sqrt(EVEN[k])
        found.append(median_unbiased(statistic, EVEN[: k + 1], bounds[: k + 1]) / unit)
        raw.append(statistic / unit)
    error = 4 * np.sqrt(0.25 / 400)
    assert np.mean(np.array(found) > drift) == pytest.approx(0.5, abs=error)
    if drift == 2.8:  # where many stop early, what they stopped at exaggerates
        assert np.median(raw) > drift * 1.1


def test_stagewise_limits_hold_the_effect_as_often_as_they_say() -> None:
    bounds = boundaries(EVEN, 0.05)
    stop, z = outcomes(2.0, EVEN, bounds, 120)
    held = 0
    for k, statistic in zip(stop.tolist(), z.tolist(), strict=True):
        looks, unit = EVEN[: k + 1], np.sqrt(EVEN[k])
        low, high = (stagewise(statistic, looks, bounds[: k + 1], p) / unit for p in (0.1, 0.9))
        held += low < 2.0 < high
    assert held / 120 == pytest.approx(0.8, abs=4 * np.sqrt(0.16 / 120))


@given(st.floats(-6, 6))
@settings(max_examples=30, deadline=None)
def test_without_an_earlier_look_the_estimate_is_what_was_seen_and_arms_swapped_it_changes_its_sign(
    z: float,
) -> None:
    assert median_unbiased(z, [0.7], [3.0]) == pytest.approx(z, abs=1e-9)
    bounds = boundaries(EVEN[:3], 0.05)
    there, back = (median_unbiased(s * z, EVEN[:3], bounds) for s in (1, -1))
    assert there == pytest.approx(-back, abs=1e-8)
    assert abs(there) <= abs(z) + 1e-8


@given(st.floats(-5, 5), st.floats(0.01, 0.49))
@settings(max_examples=20, deadline=None)
def test_stagewise_limits_are_in_order(z: float, tail: float) -> None:
    bounds = boundaries(EVEN[:3], 0.05)
    limits = [stagewise(z, EVEN[:3], bounds, p) for p in (tail, 0.5, 1 - tail)]
    assert all(a < b for a, b in pairwise(limits))
