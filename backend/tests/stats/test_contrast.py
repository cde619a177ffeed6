"""Contrasts: the interval holds exactly the supposed effects that the statistic does not refute, on both scales."""

import math
from math import inf, sqrt

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from litmus_server.stats.absence import Undefined
from litmus_server.stats.contrast import (
    Contrast,
    LinearContrast,
    Scale,
    ScoreContrast,
    _lesser_rate,
    _likeliest,
    delta_lift,
    effect,
    log_lift,
)
from litmus_server.stats.critical import AlwaysValid, Fixed, GroupSequential, Hybrid
from litmus_server.stats.inference import compare
from scipy import optimize, stats

SIGNED = st.floats(-1e6, 1e6).filter(lambda x: abs(x) > 1e-6)
POSITIVE = st.floats(1e-6, 1e6)


@st.composite
def linear(draw: st.DrawFn) -> LinearContrast:
    v1, v0 = draw(POSITIVE), draw(POSITIVE)
    covariance = draw(st.floats(-0.95, 0.95)) * sqrt(v1 * v0)
    df = draw(st.one_of(st.just(inf), st.floats(5, 1e6)))
    return LinearContrast(draw(SIGNED), draw(SIGNED), v1, v0, covariance, df)


@st.composite
def score(draw: st.DrawFn, most: int = 100_000) -> ScoreContrast:
    n1, n0 = draw(st.integers(1, most)), draw(st.integers(1, most))
    k1, k0 = draw(st.integers(0, n1)), draw(st.integers(0, n0))
    assume(0 < k1 + k0 < n1 + n0)
    return ScoreContrast(k1, n1, k0, n0)


CONTRAST = st.one_of(linear(), score())
SCALE = st.sampled_from(list(Scale))
Q = st.floats(0.3, 12)


@given(CONTRAST, SCALE, Q)
@settings(max_examples=400, deadline=None)
def test_at_the_ends_of_the_interval_the_statistic_is_the_critical_value(
    contrast: Contrast, scale: Scale, q: float
) -> None:
    limits = contrast.limits(q, scale)
    if isinstance(limits, Undefined):
        return
    low, high = limits
    assert low <= high
    lowest = (
        {Scale.DIFFERENCE: -1.0, Scale.LIFT: -1.0}[scale] if isinstance(contrast, ScoreContrast) else -inf
    )
    for end, expected in ((low, q), (high, -q)):
        if (
            isinstance(contrast, ScoreContrast)
            and (end <= lowest + 1e-9 or end >= 1 - 1e-9)
            and abs(end) <= 1
        ):
            continue  # the edge of what is possible, where the statistic jumps
        # The statistic of an end that floats can only nearly name.
        slack = (
            1e-6 * q
            + abs(contrast.statistic(end * (1 + 1e-12), scale) - contrast.statistic(end, scale)) * 100
        )
        assert contrast.statistic(end, scale) == pytest.approx(expected, abs=slack)


@given(CONTRAST, SCALE, st.floats(0.001, 0.3), st.booleans())
@settings(max_examples=400, deadline=None)
def test_zero_is_outside_the_interval_exactly_where_p_is_below_alpha(
    contrast: Contrast, scale: Scale, alpha: float, sequential: bool
) -> None:
    way = Hybrid(GroupSequential((0.4, 0.8)), AlwaysValid(7.0)) if sequential else Fixed()
    found = compare(contrast, way, alpha, scale=scale)
    assume(abs(abs(found.statistic) - found.critical_value) > 1e-7)
    if not isinstance(found.interval, Undefined):
        assert (not found.interval.lower <= 0 <= found.interval.upper) == found.significant
    assert found.significant == compare(contrast, way, alpha).significant  # one test, whatever the scale


@given(linear(), Q, st.floats(0.01, 100), st.floats(-100, 100))
@settings(max_examples=100, deadline=None)
def test_units_of_measurement_change_no_lift_and_scale_the_difference(
    contrast: LinearContrast, q: float, c: float, shift: float
) -> None:
    scaled = LinearContrast(
        c * contrast.treatment,
        c * contrast.control,
        c * c * contrast.v_treatment,
        c * c * contrast.v_control,
        c * c * contrast.covariance,
    )
    assert scaled.statistic() == pytest.approx(contrast.statistic(), rel=1e-9)
    ours, theirs = contrast.limits(q, Scale.LIFT), scaled.limits(q, Scale.LIFT)
    if not isinstance(ours, Undefined) and contrast.control**2 > 1.0001 * q**2 * contrast.v_control:
        assert theirs == pytest.approx(ours, rel=1e-6, abs=1e-9)
    moved = LinearContrast(
        contrast.treatment + shift, contrast.control + shift, contrast.v_treatment, contrast.v_control
    )
    plain = LinearContrast(contrast.treatment, contrast.control, contrast.v_treatment, contrast.v_control)
    assert moved.statistic() == pytest.approx(plain.statistic(), rel=1e-6, abs=1e-6)


@given(CONTRAST)
def test_swapped_arms_have_the_opposite_statistic(contrast: Contrast) -> None:
    swapped: Contrast
    if isinstance(contrast, ScoreContrast):
        swapped = ScoreContrast(
            contrast.control_successes,
            contrast.control_units,
            contrast.treatment_successes,
            contrast.treatment_units,
        )
    else:
        assert isinstance(contrast, LinearContrast)
        swapped = LinearContrast(
            contrast.control,
            contrast.treatment,
            contrast.v_control,
            contrast.v_treatment,
            contrast.covariance,
            contrast.df,
        )
    assert swapped.statistic() == pytest.approx(-contrast.statistic(), rel=1e-9, abs=1e-12)
    assert effect(swapped) == -effect(contrast)  # type: ignore[operator]


@given(linear())
def test_a_metric_and_its_negative_have_opposite_effects_on_both_scales(contrast: LinearContrast) -> None:
    """More is positive whatever control's sign: the lift is of |control|."""
    negative = LinearContrast(
        -contrast.treatment,
        -contrast.control,
        contrast.v_treatment,
        contrast.v_control,
        contrast.covariance,
    )
    for scale in Scale:
        assert effect(negative, scale) == -effect(contrast, scale)  # type: ignore[operator]
        ours, theirs = contrast.limits(1.5, scale), negative.limits(1.5, scale)
        if not isinstance(ours, Undefined) and not isinstance(theirs, Undefined):
            assert theirs == pytest.approx((-ours[1], -ours[0]), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    "counts",
    [
        (1, 781_405_627, 2, 528_385_292),
        (2, 2_913_316_026, 0, 371_996_437),
        (0, 10**9, 7, 10**9),
        (1_506_682_130, 1_506_682_131, 62_091_439, 62_091_440),
        (9_092_369, 9_092_370, 175_241_893, 175_241_893),
        (3, 3, 1, 10**8),
    ],
)
@pytest.mark.parametrize("scale", list(Scale))
def test_rates_of_one_in_a_billion_and_all_but_one_keep_their_digits(
    counts: tuple[int, int, int, int], scale: Scale
) -> None:
    contrast = ScoreContrast(*counts)
    for q in (0.3, 1.96, 4.9):
        limits = contrast.limits(q, scale)
        if isinstance(limits, Undefined):
            assert counts[2] == 0
            continue
        assert (limits[0] > 0 or limits[1] < 0) == (abs(contrast.statistic()) > q)
        for end, expected in zip(limits, (q, -q), strict=True):
            if -1 < end < 1:
                assert contrast.statistic(end, scale) == pytest.approx(expected, abs=1e-6)


@given(score(3000), st.floats(0, 0.95))
@settings(max_examples=100, deadline=None)
def test_the_rates_under_a_difference_are_the_likeliest_by_brute_force(
    contrast: ScoreContrast, delta: float
) -> None:
    k1, n1, k0, n0 = contrast._counts

    def unlikelihood(p0: float) -> float:
        p1 = p0 + delta
        terms = ((k1, p1), (n1 - k1, 1 - p1), (k0, p0), (n0 - k0, 1 - p0))
        return -sum(k * math.log(p) for k, p in terms if k)

    low, high = 1e-12, 1 - delta - 1e-12
    best = optimize.minimize_scalar(
        unlikelihood, bounds=(low, high), method="bounded", options={"xatol": 1e-12}
    )
    found = _lesser_rate(k0, n0, k1, n1, delta)
    assert 0 <= found <= 1 - delta
    assert unlikelihood(min(max(found, low), high)) <= best.fun + 1e-7 * (1 + abs(best.fun))


@given(score(3000), st.floats(0.05, 5))
@settings(max_examples=60, deadline=None)
def test_the_rates_under_a_ratio_are_the_likeliest_by_brute_force(
    contrast: ScoreContrast, theta: float
) -> None:
    k1, n1, k0, n0 = contrast._counts

    def unlikelihood(p0: float) -> float:
        terms = ((k1, theta * p0), (n1 - k1, 1 - theta * p0), (k0, p0), (n0 - k0, 1 - p0))
        return -sum(k * math.log(p) for k, p in terms if k)

    low, high = 1e-12, min(1.0, 1 / theta) - 1e-12
    best = optimize.minimize_scalar(
        unlikelihood, bounds=(low, high), method="bounded", options={"xatol": 1e-12}
    )
    p0, q0 = _likeliest(k1, n1, k0, n0, theta - 1)
    assert p0 + q0 == pytest.approx(1, abs=1e-12)
    assert unlikelihood(min(max(p0, low), high)) <= best.fun + 1e-7 * (1 + abs(best.fun))


def test_the_score_interval_is_the_published_one() -> None:
    """Fagerland, Lydersen and Laake, Statistical Methods in Medical Research 24 (2015), table 4: 7 of 34 and 1 of 34."""
    low, high = ScoreContrast(7, 34, 1, 34).limits(1.959963984540054)  # type: ignore[misc]
    assert (round(low, 3), round(high, 2)) == (0.028, 0.34)


def coverage(p0: float, lift: float, n: int, runs: int) -> dict[str, tuple[float, float]]:
    """How often the true lift lies below and above each interval."""
    rng = np.random.default_rng(7)
    missed = {"fieller": [0, 0], "delta": [0, 0], "score": [0, 0]}
    for k1, k0 in zip(rng.binomial(n, p0 * (1 + lift), runs), rng.binomial(n, p0, runs), strict=True):
        p1, p = k1 / n, k0 / n
        wald = LinearContrast(p1, p, p1 * (1 - p1) / n, p * (1 - p) / n)
        q = Fixed().value(0.05)
        for name, limits in (
            ("fieller", wald.limits(q, Scale.LIFT)),
            ("delta", delta_lift(wald, q)),
            ("score", ScoreContrast(int(k1), n, int(k0), n).limits(q, Scale.LIFT)),
        ):
            assert not isinstance(limits, Undefined)
            missed[name][0] += lift < limits[0]
            missed[name][1] += lift > limits[1]
    return {name: (low / runs, high / runs) for name, (low, high) in missed.items()}


def test_lifts_of_few_conversions_are_held_95_times_in_100_with_even_tails_where_delta_is_lopsided() -> None:
    found = coverage(0.05, 0.2, 500, 2000)
    for name in ("fieller", "score"):
        low, high = found[name]
        assert low + high == pytest.approx(0.05, abs=4 * sqrt(0.05 * 0.95 / 2000))
        assert min(low, high) > 0.01
    assert found["delta"][1] > 3 * found["delta"][0]


def test_a_baseline_near_zero_has_no_lift_and_keeps_its_difference() -> None:
    contrast = LinearContrast(1.0, 0.1, 0.01, 0.01)
    limits = contrast.limits(1.96, Scale.LIFT)
    assert isinstance(limits, Undefined)
    assert (
        limits.reason
        == "the lift is not defined: control is 1 standard errors away from zero, which is too near"
    )
    assert not isinstance(contrast.limits(1.96), Undefined)
    assert isinstance(effect(LinearContrast(1.0, 0.0, 0.01, 0.01), Scale.LIFT), Undefined)
    assert isinstance(delta_lift(LinearContrast(1.0, 0.0, 0.01, 0.01), 2), Undefined)
    assert isinstance(log_lift(LinearContrast(-1.0, 1.0, 0.01, 0.01), 2), Undefined)
    assert isinstance(ScoreContrast(3, 10, 0, 10).limits(1.96, Scale.LIFT), Undefined)


def test_nothing_and_everything_have_intervals_at_the_edge() -> None:
    assert ScoreContrast(0, 10, 10, 10).limits(1.96)[0] == -1.0  # type: ignore[index]
    assert ScoreContrast(10, 10, 0, 10).limits(1.96)[1] == 1.0  # type: ignore[index]
    low, high = ScoreContrast(0, 500, 7, 500).limits(1.96, Scale.LIFT)  # type: ignore[misc]
    assert low == -1.0
    assert -1 < high < 0
    for contrast in (ScoreContrast(1, 2, 1, 2), LinearContrast(1.0, 1.0, 1.0, 1.0)):
        for scale in Scale:
            assert contrast.limits(inf, scale) == (-inf, inf)


def test_impossible_contrasts_are_refused() -> None:
    for numbers in ((math.nan, 1, 1, 1), (1, inf, 1, 1), (1, 1, -1, 1), (1, 1, 0, 0), (1, 1, 1, 1, 1)):
        with pytest.raises(ValueError, match=r"no contrast|no variance"):
            LinearContrast(*numbers)
    for counts in ((3, 2, 1, 1), (-1, 2, 1, 1), (0, 5, 0, 5), (5, 5, 5, 5), (0, 0, 1, 2)):
        with pytest.raises(ValueError, match="no two proportions"):
            ScoreContrast(*counts)


def test_the_scores_p_value_is_that_of_scipys_chi_squared_at_any_size() -> None:
    for k1, n1, k0, n0 in ((12, 1000, 30, 1100), (5, 50, 900_000, 10**7), (1, 10**6, 9, 10**6)):
        found = compare(ScoreContrast(k1, n1, k0, n0), Fixed())
        table = [[k1, n1 - k1], [k0, n0 - k0]]
        assert found.p_value == pytest.approx(
            stats.chi2_contingency(table, correction=False).pvalue, rel=1e-9
        )
