"""Critical values: golden numbers, their duality with p-values, and what must hold of every one of them."""

import math
from itertools import pairwise
from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from litmus_server.stats.contrast import Scale
from litmus_server.stats.critical import (
    AlwaysValid,
    Critical,
    Fixed,
    GroupSequential,
    Hybrid,
    best_ratio,
    information,
)
from litmus_server.stats.estimators import means
from litmus_server.stats.group_sequential import Shape, Spending
from litmus_server.stats.roots import root
from scipy import integrate, stats
from stats.vectors import CRITICAL, DIFFERS, outputs, single

GOLDEN = outputs(CRITICAL)
WAYS: list[Critical] = [
    Fixed(),
    GroupSequential((0.3, 0.55, 0.8)),
    GroupSequential((0.2, 0.7), Spending(Shape.POCOCK)),
    GroupSequential((0.2, 0.7), final=True),
    AlwaysValid(0.3),
    AlwaysValid(8.2),
    AlwaysValid(2000.0),
    Hybrid(GroupSequential((0.3, 0.55, 0.8)), AlwaysValid(9.0)),
    Hybrid(None, AlwaysValid(9.0)),
]
WAY = st.sampled_from(WAYS)
DF = st.one_of(st.just(inf), st.floats(30, 1e6))
ALPHA = st.floats(1e-4, 0.4)


@given(WAY, DF, ALPHA, st.floats(-12, 12), st.booleans())
@settings(max_examples=300, deadline=None)
def test_a_statistic_is_beyond_the_critical_value_exactly_where_its_p_value_is_below_alpha(
    way: Critical, df: float, alpha: float, statistic: float, one_sided: bool
) -> None:
    q = way.value(alpha, df, one_sided=one_sided)
    p = way.p_value(statistic, df, one_sided=one_sided)
    size = statistic if one_sided else abs(statistic)
    assert 0 < p <= 1
    if abs(size - q) > 1e-7 * q:
        assert (p < alpha) == (size > q)


@given(WAY, DF, ALPHA)
@settings(max_examples=60, deadline=None)
def test_no_way_of_looking_often_is_more_lenient_than_one_look(
    way: Critical, df: float, alpha: float
) -> None:
    for one_sided in (False, True):
        q = way.value(alpha, df, one_sided=one_sided)
        assert q >= Fixed().value(alpha, df, one_sided=one_sided) * (1 - 1e-9)


@given(st.floats(1e-3, 1e6), ALPHA)
def test_one_side_at_alpha_lies_between_two_sides_at_twice_alpha_and_at_alpha(r: float, alpha: float) -> None:
    one = AlwaysValid(r).value(alpha / 2, one_sided=True)
    assert AlwaysValid(r).value(alpha) * (1 - 1e-9) <= one <= AlwaysValid(r).value(alpha / 2) * (1 + 1e-9)


def test_fixed_p_values_are_right_down_to_1e_300() -> None:
    # Beyond z = 30 from the asymptotic series of Mills' ratio, which is exact to 1e-12 there.
    for z in (31.0, 34.0, 36.9):
        series = 1 - 1 / z**2 + 3 / z**4 - 15 / z**6 + 105 / z**8 - 945 / z**10
        log_p = -z * z / 2 - math.log(z * math.sqrt(2 * math.pi)) + math.log(2 * series)
        assert math.log(Fixed().p_value(z)) == pytest.approx(log_p, rel=1e-13)
    assert Fixed().p_value(36.9) < 1e-297
    # With one and two degrees of freedom the tail is elementary: arc tangent, and 1 ÷ (…).
    assert Fixed().p_value(1e80, 1) == pytest.approx(2 / math.pi * 1e-80, rel=1e-12)
    assert Fixed().p_value(1e70, 2) == pytest.approx(1e-140, rel=1e-12)


@given(st.floats(0.5, 40), st.floats(1.5, 1e7))
@settings(max_examples=200, deadline=None)
def test_t_tails_are_those_of_scipy(t: float, df: float) -> None:
    expected = 2 * stats.t.sf(t, df)
    assert Fixed().p_value(t, df) == pytest.approx(expected, rel=1e-10, abs=1e-300)


def test_the_normal_mixture_is_that_of_the_prototype_and_its_own_integral() -> None:
    golden = GOLDEN["proto/normal_mixture_z"]
    for z, r, expected in golden["log_e"]:
        assert AlwaysValid(r).log_evidence(z) == pytest.approx(expected, rel=1e-12)
    for r, alpha, expected in golden["z_crit"]:
        assert AlwaysValid(r).value(alpha) == pytest.approx(expected, rel=1e-12)
    # The definition: the likelihood ratio of z under an effect d·√n₀, averaged over d ~ N(0, 1), and over d > 0 for one side.
    for z, r in ((0.3, 0.5), (2.0, 8.2), (-1.0, 3.0)):

        def ratio(d: float, z: float = z, r: float = r) -> float:
            return float(np.exp(d * math.sqrt(r) * z - d * d * r / 2) * stats.norm.pdf(d))

        both, _ = integrate.quad(ratio, -12, 12, epsabs=1e-13)
        upper, _ = integrate.quad(ratio, 0, 12, epsabs=1e-13)
        assert math.exp(AlwaysValid(r).log_evidence(z)) == pytest.approx(both, rel=1e-9)
        assert math.exp(AlwaysValid(r).log_evidence(z, one_sided=True)) == pytest.approx(2 * upper, rel=1e-9)


def test_the_best_ratio_is_that_of_the_prototype_and_makes_the_critical_value_least() -> None:
    for alpha, expected in GOLDEN["proto/r_star"].items():
        found = best_ratio(float(alpha))
        assert found == pytest.approx(expected, rel=1e-10)
        least = AlwaysValid(found).value(float(alpha))
        assert least < min(AlwaysValid(found * k).value(float(alpha)) for k in (0.97, 1.03))


def test_growthbooks_sequential_interval_is_ours_at_its_approximate_ratio() -> None:
    contrast = means(single("treatment", "y"), single("control", "y"))
    a = -2 * math.log(0.05)
    for tool in ("gb", "gbhead"):
        for planned in (1000, 5000):
            q = AlwaysValid(1020 / planned * (a + math.log(1 + a))).value(0.05)
            expected = GOLDEN[f"{tool}/sequential_absolute_N{planned}"]["ci"]
            assert contrast.limits(q, Scale.DIFFERENCE) == pytest.approx(expected, rel=1e-12)  # type: ignore[union-attr]


def test_howards_mixture_and_villes_sequence_are_ours() -> None:
    a = -2 * math.log(0.05)
    found = AlwaysValid(a + math.log(1 + a)).log_evidence(30 / math.sqrt(100))
    assert found == pytest.approx(GOLDEN["cs/normal_log_mixture_2s"], rel=1e-9)
    # ville: mean ± q·sd/√n; the same half width over the same q at each of its times.
    golden = GOLDEN["vi/asymp_cs"]
    sizes = {t: (high - low) / 2 for t, (_, low, high) in golden["at"].items()}
    units = {t: half / AlwaysValid(int(t) / golden["rho"]).value(0.05) for t, half in sizes.items()}
    deviations = [units[t] * math.sqrt(int(t)) for t in ("100", "200", "500")]
    assert golden["rho"] == pytest.approx(500 / best_ratio(0.05), rel=1e-5)
    assert deviations[2] == pytest.approx(math.sqrt(single("control", "y").variance), rel=2e-3)  # type: ignore[arg-type]
    assert max(deviations) / min(deviations) < 1.2


def test_the_two_sample_msprt_is_the_mixture() -> None:
    expected = GOLDEN["proto/msprt_two_sample"]
    z, r = 0.1 / math.sqrt(2 / 1000), 1000 * 0.01 / 2
    assert AlwaysValid(r).log_evidence(z) == pytest.approx(
        expected["log_e_same_with_r_equals_n_tau2_over_2s2"]
    )
    assert math.exp(AlwaysValid(r).log_evidence(z)) == pytest.approx(expected["Lambda"])


def test_the_t_mixture_is_that_of_lindon_and_others() -> None:
    """savvi's regression on [1, treated, x] at 20 to 1000 rows: half widths and p-values from its own errors."""
    for rows, golden in GOLDEN["sv/avlm_phi1"].items():
        # It counts the coefficient that is tested twice: n − 3 would be right, as the next test's definition shows.
        df = int(rows) - 4
        for beta, se, (low, high), p in zip(*(golden[k] for k in ("beta", "se", "ci", "p")), strict=True):
            # What it mixes with follows from its p-value, in one of two ways; its interval must follow from one of them.
            def gap(x: float, t: float = beta / se, df: int = df, log_p: float = math.log(p)) -> float:
                return AlwaysValid(math.exp(x)).log_evidence(t, df) + log_p

            grid = np.linspace(-6, 14, 200).tolist()
            roots = [root(gap, x, y) for x, y in pairwise(grid) if (gap(x) > 0) != (gap(y) > 0)]
            halves = [AlwaysValid(math.exp(x)).value(0.05, df) * se for x in roots]
            assert any(half == pytest.approx((high - low) / 2, rel=1e-4) for half in halves)


@given(st.floats(0, 9), st.floats(1e-2, 1e3), st.floats(3, 300))
def test_the_t_mixture_is_the_ratio_of_the_densities_of_t_with_and_without_its_effects(
    t: float, r: float, df: float
) -> None:
    """With effects of variance r (in squared standard errors) t is √(1 + r) times as wide."""
    ratio = stats.t.logpdf(t, df, scale=math.sqrt(1 + r)) - stats.t.logpdf(t, df)
    assert AlwaysValid(r).log_evidence(t, df) == pytest.approx(ratio, rel=1e-9, abs=1e-9)


@given(st.floats(1e-2, 1e4), ALPHA)
def test_with_many_degrees_of_freedom_t_is_the_normal_mixture(r: float, alpha: float) -> None:
    assert AlwaysValid(r).value(alpha, 1e9) == pytest.approx(AlwaysValid(r).value(alpha), rel=1e-5)
    assert AlwaysValid(r).value(alpha, 100) > AlwaysValid(r).value(alpha)


def test_so_few_degrees_of_freedom_that_nothing_can_be_concluded_have_no_critical_value() -> None:
    assert AlwaysValid(0.1).value(0.05, 5) == inf
    assert AlwaysValid(0.1).p_value(1e6, 5) > 0.05


def test_the_hybrid_rejects_where_either_part_does() -> None:
    planned, reserve = GroupSequential((0.5,)), AlwaysValid(9.0)
    hybrid = Hybrid(planned, reserve)
    assert hybrid.value(0.05) == min(planned.value(0.045), reserve.value(0.005))
    assert Hybrid(None, reserve).value(0.05) == reserve.value(0.005)
    assert hybrid.p_value(40.0) == pytest.approx(10 * reserve.p_value(40.0), rel=1e-12)


def test_an_experiment_that_ended_early_spends_all_its_error_at_the_end() -> None:
    assert GroupSequential((0.4,), final=True).value(0.05) == pytest.approx(Fixed().value(0.05), rel=1e-12)
    assert GroupSequential((0.2, 0.4), final=True).value(0.05) < GroupSequential((0.2, 0.4)).value(0.05)


def test_information_is_that_of_the_smaller_arm_when_the_other_is_large() -> None:
    assert information(100, 100) == 50
    assert information(100, 10**9) == pytest.approx(100, rel=1e-6)
    assert information(0, 5) == 0.0


def test_impossible_levels_ratios_and_shares_are_refused() -> None:
    for way in WAYS:
        for alpha in (0, 1, 95, math.nan):
            with pytest.raises(ValueError, match="between 0 and 1"):
                way.value(alpha)
        with pytest.raises(ValueError, match="degrees of freedom"):
            Fixed().value(0.05, 0)
    for ratio in (0, -1, inf, math.nan):
        with pytest.raises(ValueError, match="information ratio"):
            AlwaysValid(ratio)
    with pytest.raises(ValueError, match="planned information"):
        AlwaysValid.tuned(1, 0)
    for share in (0, 1):
        with pytest.raises(ValueError, match="share"):
            Hybrid(None, AlwaysValid(1), share)


def test_figures_of_units_are_narrowest_at_their_plan_and_are_there_before_the_first_unit() -> None:
    assert AlwaysValid.of_units(500, 2_000, 0.05) == AlwaysValid.tuned(500, 2_000, 0.05)
    assert AlwaysValid.of_units(500, None, 0.05) == AlwaysValid.tuned(500, 10_000, 0.05)
    assert AlwaysValid.of_units(0, None, 0.05) == AlwaysValid.tuned(1, 10_000, 0.05)


def test_every_golden_critical_value_is_matched_or_differs_for_a_reason() -> None:
    elsewhere = {name for name in GOLDEN if name.startswith("sc/")}  # test_group_sequential.py
    matched = {
        "sv/avlm_phi1",
        "cs/normal_log_mixture_2s",
        "vi/asymp_cs",
        "proto/normal_mixture_z",
        "proto/r_star",
        "proto/msprt_two_sample",
        *(f"{tool}/sequential_absolute_N{n}" for tool in ("gb", "gbhead") for n in (1000, 5000)),
    }
    assert set(GOLDEN) - set(DIFFERS) - elsewhere - matched == set()
