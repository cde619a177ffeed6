"""Effects against other tools on the same data: every golden case is matched, or differs for a reason that is written here."""

from math import inf
from pathlib import Path
from typing import Any

import pytest
from litmus_server.stats.contrast import (
    Contrast,
    LinearContrast,
    Scale,
    ScoreContrast,
    delta_lift,
    delta_standard_error,
    effect,
    log_lift,
)
from litmus_server.stats.critical import Fixed
from litmus_server.stats.estimators import (
    Adjustment,
    adjusted_means,
    means,
    proportions,
    rates,
    ratios,
)
from litmus_server.stats.inference import Alternative, compare
from litmus_server.stats.moments import MICRO, Moments
from litmus_server.stats.textbook import chi_squared_test, conversions_chi_squared_test
from stats.vectors import DIFFERS, EFFECTS, both, outputs, single

GOLDEN = outputs(EFFECTS)
Z = Fixed().value(0.05)
REL = 1e-12


def made(contrast: Any) -> LinearContrast:
    assert isinstance(contrast, LinearContrast), contrast
    return contrast


def wald(infinite: bool = False) -> LinearContrast:
    """The proportions with unpooled variances p(1 − p)/n, and Welch's degrees of freedom or none."""
    p1, n1, p0, n0 = 168 / 520, 520, 146 / 500, 500
    v1, v0 = p1 * (1 - p1) / n1, p0 * (1 - p0) / n0
    df = (v1 + v0) ** 2 / (v1**2 / (n1 - 1) + v0**2 / (n0 - 1))
    return LinearContrast(p1, p0, v1, v0, df=inf if infinite else df)


def welch() -> LinearContrast:
    return made(means(single("treatment", "y"), single("control", "y")))


def interval(
    contrast: Contrast, scale: Scale = Scale.DIFFERENCE, alternative: Alternative = Alternative.DIFFERENT
) -> tuple[float, float, float]:
    found = compare(contrast, Fixed(), scale=scale, alternative=alternative)
    return found.interval.lower, found.interval.upper, found.p_value  # type: ignore[union-attr]


def lift(contrast: LinearContrast) -> tuple[float, float, float]:
    """By the delta method, with a p-value of its own."""
    q = Fixed().value(0.05, contrast.df)
    low, high = delta_lift(contrast, q)  # type: ignore[misc]
    statistic = effect(contrast, Scale.LIFT) / delta_standard_error(contrast)  # type: ignore[operator]
    return low, high, Fixed().p_value(statistic, contrast.df)


CUPED = made(adjusted_means(*both("y", "x"), Adjustment.CUPED))
SCORE = proportions(168, 520, 146, 500)


def test_differences_and_their_tests_are_those_of_other_tools() -> None:
    cases: dict[str, Contrast] = {
        "gb/proportion_absolute": wald(),
        "gbhead/proportion_absolute": wald(),
        "gb/ratio_absolute": made(ratios(*both("o", "s"))),
        "gbhead/ratio_absolute": made(ratios(*both("o", "s"))),
        "gb/cuped_mean_absolute": CUPED,
        "gbhead/cuped_mean_absolute": CUPED,
    }
    for name, contrast in cases.items():
        expected = GOLDEN[name]
        low, high, p = interval(contrast)
        assert effect(contrast) == pytest.approx(expected["expected"], rel=REL), name
        assert contrast.standard_error == pytest.approx(expected["uplift_stddev"], rel=REL), name
        assert [low, high] == pytest.approx(expected["ci"], rel=REL, abs=1e-13), name
        assert p == pytest.approx(expected.get("p_value", expected.get("pValue")), rel=1e-11), name


def test_lifts_by_the_delta_method_are_those_of_other_tools() -> None:
    cases = {
        "gb/ratio_relative": made(ratios(*both("o", "s"))),
        "gbhead/mean_welch_relative": welch(),
        "gbhead/proportion_relative": wald(),
    }
    for name, contrast in cases.items():
        expected = GOLDEN[name]
        low, high, p = lift(contrast)
        assert effect(contrast, Scale.LIFT) == pytest.approx(expected["expected"], rel=REL), name
        assert delta_standard_error(contrast) == pytest.approx(expected["uplift_stddev"], rel=REL), name
        assert [low, high] == pytest.approx(expected["ci"], rel=1e-11), name
        assert p == pytest.approx(expected.get("p_value", expected.get("pValue")), rel=1e-11), name


def test_welch_is_that_of_scipy_spotify_and_tea_tasting() -> None:
    low, high, p = interval(welch())
    assert [low, high, p] == pytest.approx([*GOLDEN["sm/welch"]["ci"], GOLDEN["sm/welch"]["pvalue"]], rel=REL)
    assert (welch().statistic(), welch().df) == pytest.approx(
        (GOLDEN["sm/welch"]["statistic"], GOLDEN["sm/welch"]["df"]), rel=REL
    )
    spotify = GOLDEN["sc/ttest"]
    assert [low, high, p] == pytest.approx(
        [spotify["ci_lower"], spotify["ci_upper"], spotify["p-value"]], rel=REL
    )
    normal = LinearContrast(welch().treatment, welch().control, welch().v_treatment, welch().v_control)
    spotify = GOLDEN["sc/ztest"]
    assert interval(normal) == pytest.approx(
        (spotify["ci_lower"], spotify["ci_upper"], spotify["p-value"]), rel=REL
    )
    tea = GOLDEN["tt/mean_welch"]
    # On the logarithm the two variances, divided by their squared means, have degrees of freedom of their own.
    a, b = welch().v_treatment / welch().treatment ** 2, welch().v_control / welch().control ** 2
    df = (a + b) ** 2 / (a**2 / 519 + b**2 / 499)
    ends = log_lift(welch(), Fixed().value(0.05, df))
    assert ends == pytest.approx(
        (tea["rel_effect_size_ci_lower"], tea["rel_effect_size_ci_upper"]), rel=1e-11
    )
    assert p == pytest.approx(tea["pvalue"], rel=REL)


def test_one_sided_tests_are_those_of_other_tools() -> None:
    low, high, p = interval(welch(), alternative=Alternative.GREATER)
    tea = GOLDEN["tt/mean_greater"]
    assert (low, p) == pytest.approx((tea["effect_size_ci_lower"], tea["pvalue"]), rel=REL)
    assert high == inf
    low, high, p = interval(welch(), alternative=Alternative.LESS)
    growthbook = GOLDEN["gbhead/onesided_lesser_absolute"]
    assert (high, p) == pytest.approx((growthbook["ci"][1], growthbook["pValue"]), rel=REL)
    assert low == -inf


def test_cuped_is_that_of_tea_tasting_but_for_the_base_of_the_lift() -> None:
    """tea-tasting divides by the adjusted control mean; our lift is of the control mean that the report shows."""
    tea = GOLDEN["tt/mean_cuped"]
    low, high, p = interval(CUPED)
    assert (low, high, p) == pytest.approx(
        (tea["effect_size_ci_lower"], tea["effect_size_ci_upper"], tea["pvalue"]), rel=1e-11
    )
    assert effect(CUPED, Scale.LIFT) == pytest.approx(tea["effect_size"] / CUPED.control, rel=REL)


def test_lins_effect_is_that_of_the_interacted_regression_and_its_error_between_hc2_and_a_little_more() -> (
    None
):
    lin = made(adjusted_means(*both("y", "x")))
    golden = GOLDEN["sm/lin_interacted"]
    assert effect(lin) == pytest.approx(golden["HC2"]["effect"], rel=1e-11)
    # HC errors take the covariates as given; the last term, (β₁ − β₀)² v/N, says that they were drawn.
    assert golden["HC2"]["se"] < lin.standard_error < golden["HC2"]["se"] * 1.02


def test_the_pooled_z_is_the_score_statistic_and_its_square_chi_squared() -> None:
    assert isinstance(SCORE, ScoreContrast)
    low, high, p = interval(SCORE)
    assert SCORE.statistic() == pytest.approx(GOLDEN["sm/two_prop_z_pooled"]["z"], rel=REL)
    for name, key in (
        ("sm/two_prop_z_pooled", "p"),
        ("tt/prop_norm", "pvalue"),
        ("sm/chi2_2x2", "p"),
    ):
        assert p == pytest.approx(GOLDEN[name][key], rel=1e-11), name
    found = chi_squared_test([(168, 352), (146, 354)])
    assert (found.statistic, found.p_value, found.df) == pytest.approx(  # type: ignore[union-attr]
        tuple(GOLDEN["sm/chi2_2x2"].values()), rel=1e-11
    )
    found = conversions_chi_squared_test([(120, 1000), (135, 1000), (160, 1000)])
    assert (found.statistic, found.p_value, found.df) == pytest.approx(  # type: ignore[union-attr]
        tuple(GOLDEN["sm/chi2_kx2"].values()), rel=1e-11
    )
    # tea-tasting's interval is of the pooled error, at every difference: close, and no more.
    tea = GOLDEN["tt/prop_norm"]
    assert [low, high] == pytest.approx([tea["effect_size_ci_lower"], tea["effect_size_ci_upper"]], rel=5e-3)


def test_walds_intervals_of_proportions_are_those_of_statsmodels() -> None:
    contrast = wald(infinite=True)
    expected = GOLDEN["sm/two_prop_diff_ci_wald"]
    assert interval(contrast)[:2] == pytest.approx(expected, rel=REL)
    tea = GOLDEN["tt/prop_norm_unequal"]
    low, high, p = interval(contrast)
    assert (low, high, p) == pytest.approx(
        (tea["effect_size_ci_lower"], tea["effect_size_ci_upper"], tea["pvalue"]), rel=REL
    )
    expected = [each - 1 for each in GOLDEN["sm/two_prop_ratio_ci_log"]]
    assert log_lift(contrast, Z) == pytest.approx(expected, rel=1e-11)


def test_fiellers_intervals_are_those_of_the_prototype() -> None:
    low, high, _ = interval(welch(), Scale.LIFT)
    assert (low, high) == pytest.approx(
        (GOLDEN["proto/fieller_lift_y"]["lo"], GOLDEN["proto/fieller_lift_y"]["hi"]), rel=1e-11
    )
    low, high, _ = interval(wald(infinite=True), Scale.LIFT)
    assert (low, high) == pytest.approx(
        (GOLDEN["proto/fieller_lift_conv"]["lo"], GOLDEN["proto/fieller_lift_conv"]["hi"]), rel=1e-11
    )


def test_walds_test_of_two_poisson_rates_is_that_of_statsmodels() -> None:
    contrast = made(rates(120, 1000, 90, 980))
    assert contrast.statistic() == pytest.approx(GOLDEN["sm/poisson2_wald"]["stat"], rel=REL)
    assert interval(contrast)[2] == pytest.approx(GOLDEN["sm/poisson2_wald"]["p"], rel=REL)


def test_the_variance_of_merged_blocks_is_exact_where_floats_answer_zero() -> None:
    first = Moments.of(round((10**9 + y) * MICRO) for y in (1, 2, 3.5))
    merged = first.merge(Moments.of(round((10**9 + y) * MICRO) for y in (-4, 8.25)))
    assert merged.variance == pytest.approx(GOLDEN["proto/chan_merge"]["var"], rel=1e-15)


def test_every_golden_effect_is_matched_or_differs_for_a_reason() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in GOLDEN if f'"{name}"' not in text and name not in DIFFERS] == []
