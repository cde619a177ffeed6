"""Beliefs about an effect: golden posteriors, scipy's quadrature, exact rationals, and calibration when the prior is true."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from litmus_server.stats.bayes import DEFAULT_PRIOR, NormalBelief, RateBelief, conclude, fitted_prior
from litmus_server.stats.beta import BetaPosterior
from litmus_server.stats.contrast import Scale
from litmus_server.stats.pbest import pbest_beta
from scipy import integrate, optimize, stats

GOLDEN = json.loads((Path(__file__).parents[3] / "spec" / "stats" / "beliefs.json").read_text())
FLAT = NormalBelief(0.0, math.inf)

SHAPE = st.one_of(st.floats(0.3, 10), st.floats(1, 1e3), st.floats(1, 1e7))
RATE = st.builds(BetaPosterior, SHAPE, SHAPE)


@pytest.mark.parametrize("case", [case for case in GOLDEN["cases"] if case["kind"] == "normal"])
def test_normal_beliefs_agree_with_the_references(case: dict[str, Any]) -> None:
    prior = FLAT if case["prior_sd"] is None else NormalBelief(0.0, case["prior_sd"])
    belief = prior.after(case["effect"], case["standard_error"])
    found = conclude(belief)
    got = [
        belief.mean,
        belief.sd,
        *_ends(found),
        found.chance_to_win,
        found.loss_of_control,
        found.loss_of_treatment,
    ]
    expected = [case["mean"], case["sd"], *case["interval"], *(case[k] for k in ("chance_to_win", "loss_of_control", "loss_of_treatment"))]  # fmt: skip
    assert got == pytest.approx(expected, rel=GOLDEN["relative_tolerance"])


@pytest.mark.parametrize("case", [case for case in GOLDEN["cases"] if case["kind"] == "rates"])
def test_beliefs_about_rates_agree_with_the_references(case: dict[str, Any]) -> None:
    belief = RateBelief(BetaPosterior(*case["control"]), BetaPosterior(*case["treatment"]), Scale.DIFFERENCE)
    found = conclude(belief)
    for key in set(case) & {"chance_to_win", "loss_of_treatment", "loss_of_control"}:
        assert getattr(found, key) == pytest.approx(case[key], abs=GOLDEN["absolute_tolerance"])
    if "interval" in case:
        assert _ends(found) == pytest.approx(case["interval"], abs=GOLDEN["absolute_tolerance"])


def _ends(found: Any) -> list[float]:
    return [found.interval.lower, found.interval.upper]


def by_scipy(control: BetaPosterior, treatment: BetaPosterior, scale: Scale, effect: float) -> float:
    """40 nodes between neighbouring quantiles of control and images of treatment's, with scipy's pdf and cdf."""
    c, t = stats.beta(control.alpha, control.beta), stats.beta(treatment.alpha, treatment.beta)
    levels = [1e-12, 1e-9, 1e-6, 1e-3, 0.05, 0.3, 0.7, 0.95, 1 - 1e-3, 1 - 1e-6, 1 - 1e-9]
    images = t.ppf(levels) - effect if scale is Scale.DIFFERENCE else t.ppf(levels) / (1 + effect)
    ends = np.unique(np.concatenate([[0, 1], c.ppf(levels), images]).clip(0, 1))
    x, w = np.polynomial.legendre.leggauss(40)
    half = np.diff(ends)[:, None] / 2
    nodes = ends[:-1, None] + half * (1 + x)
    reached = nodes + effect if scale is Scale.DIFFERENCE else nodes * (1 + effect)
    return float((c.pdf(nodes) * half * w * t.cdf(reached)).sum())


REGULAR = st.builds(BetaPosterior, st.floats(1, 1e4), st.floats(1, 1e4))


@given(REGULAR, REGULAR, st.floats(-0.9, 0.9), st.sampled_from(list(Scale)))
@settings(max_examples=60, deadline=None)
def test_the_distribution_of_an_effect_agrees_with_integration_over_the_rate(
    control: BetaPosterior, treatment: BetaPosterior, effect: float, scale: Scale
) -> None:
    belief = RateBelief(control, treatment, scale)
    assert belief.below(effect) == pytest.approx(by_scipy(control, treatment, scale, effect), abs=1e-9)


@given(RATE, RATE)
@settings(max_examples=30, deadline=None)
def test_quantiles_and_probabilities_are_inverse_to_each_other(
    control: BetaPosterior, treatment: BetaPosterior
) -> None:
    for scale in Scale:
        belief = RateBelief(control, treatment, scale)
        ends = [belief.quantile(q) for q in (0.025, 0.5, 0.975)]
        assert ends == sorted(ends)
        assert [belief.below(end) for end in ends] == pytest.approx([0.025, 0.5, 0.975], abs=1e-7)
        for end in ends:
            assert belief.below(end) + belief.above(end) == pytest.approx(1, abs=1e-9)


@given(RATE, RATE)
@settings(max_examples=30, deadline=None)
def test_the_chance_to_win_is_the_probability_of_being_the_best_of_two(
    control: BetaPosterior, treatment: BetaPosterior
) -> None:
    best = pbest_beta([control.alpha, treatment.alpha], [control.beta, treatment.beta])
    for scale in Scale:
        found = conclude(RateBelief(control, treatment, scale))
        assert found.chance_to_win == pytest.approx(best.probability[1], abs=1e-9)
        assert (found.loss_of_control, found.loss_of_treatment) == best.expected_loss
    lower = conclude(RateBelief(control, treatment), higher_is_better=False)
    assert lower.chance_to_win == pytest.approx(best.probability[0], abs=1e-9)
    assert (lower.loss_of_treatment, lower.loss_of_control) == best.expected_loss


def test_large_counts_agree_with_the_normal_limit() -> None:
    control, treatment = BetaPosterior(1e8, 9e8), BetaPosterior(1.0002e8, 8.9998e8)
    spread = math.sqrt(2 * 0.09 / 1e9)
    normal = NormalBelief(2e-5, spread)
    belief = RateBelief(control, treatment, Scale.DIFFERENCE)
    for q in (0.025, 0.5, 0.975):
        assert belief.quantile(q) == pytest.approx(normal.quantile(q), abs=1e-3 * spread)


@given(st.floats(-8, 8), st.floats(1e-3, 1e3))
@settings(max_examples=50, deadline=None)
def test_normal_losses_agree_with_integration(z: float, sd: float) -> None:
    more, less = NormalBelief(z * sd, sd).expected_excess()
    assert more - less == pytest.approx(z * sd, rel=1e-12, abs=1e-12 * sd)
    by_quad = sum(integrate.quad(stats.norm.sf, z + k, z + k + 1, epsabs=0)[0] for k in range(24))
    assert less == pytest.approx(sd * by_quad, rel=1e-9)


def test_small_probabilities_and_losses_keep_their_digits() -> None:
    belief = NormalBelief(30.0, 1.0)
    assert belief.below(0) == pytest.approx(stats.norm.sf(30), rel=1e-12)
    assert belief.below(0) == pytest.approx(4.9e-198, rel=0.01)
    # φ(z)·(1/z² − 3/z⁴ + 15/z⁶ − …), the tail's expansion.
    expansion = sum((-1) ** k * math.prod(range(1, 2 * k + 2, 2)) / 30 ** (2 * k + 2) for k in range(8))
    assert belief.expected_excess()[1] == pytest.approx(stats.norm.pdf(30) * expansion, rel=1e-9)


@given(st.floats(-1, 1), st.floats(0.001, 1), st.floats(-1, 1), st.floats(0.001, 1))
@settings(max_examples=50, deadline=None)
def test_updating_multiplies_densities_in_any_order(m: float, sd: float, effect: float, error: float) -> None:
    prior = NormalBelief(m, sd)
    once = prior.after(effect, error)
    w = 1 / sd**2 + 1 / error**2
    assert once.mean == pytest.approx((m / sd**2 + effect / error**2) / w, rel=1e-9, abs=1e-12)
    assert once.sd == pytest.approx(w**-0.5, rel=1e-12)
    there, back = once.after(0.3, 0.2), prior.after(0.3, 0.2).after(effect, error)
    assert [there.mean, there.sd] == pytest.approx([back.mean, back.sd], abs=1e-12)


def test_a_flat_prior_leaves_the_estimate_and_says_what_it_is() -> None:
    after = FLAT.after(0.1, 0.02)
    assert (after.mean, after.sd) == (0.1, 0.02)
    assert FLAT.flat
    assert not DEFAULT_PRIOR.flat


def test_a_prior_follows_the_scale_that_is_shown() -> None:
    lift = DEFAULT_PRIOR.after(0.03, 0.01)
    difference = DEFAULT_PRIOR.scaled(-20.0).after(0.6, 0.2)
    assert [difference.mean, difference.sd] == pytest.approx([20 * lift.mean, 20 * lift.sd])
    assert conclude(difference).chance_to_win == pytest.approx(conclude(lift).chance_to_win)


def test_harm_equivalence_and_benefit_share_the_whole() -> None:
    for belief in (NormalBelief(0.02, 0.01), RateBelief(BetaPosterior(200, 800), BetaPosterior(230, 770))):
        found = conclude(belief, equivalence=0.015)
        assert found.harm + found.equivalence + found.benefit == pytest.approx(1, abs=1e-12)
        mirrored = conclude(belief, equivalence=0.015, higher_is_better=False)
        assert (mirrored.harm, mirrored.benefit) == (found.benefit, found.harm)
        assert conclude(belief).equivalence == pytest.approx(0, abs=1e-12)


def test_the_prior_of_past_experiments_is_their_true_spread_and_of_none_the_default() -> None:
    assert fitted_prior([], []).sd == pytest.approx(DEFAULT_PRIOR.sd, rel=1e-12)
    rng = np.random.default_rng(12)
    error = rng.uniform(0.005, 0.04, 400)
    estimate = rng.normal(0, 0.02, 400) + error * rng.standard_normal(400)
    found = fitted_prior(estimate, error)
    assert found.mean == 0
    assert found.sd == pytest.approx(0.02, rel=0.15)

    def unlikelihood(log_sd: float) -> float:
        return -float(np.sum(stats.norm.logpdf(estimate, scale=np.hypot(math.exp(log_sd), error))))

    most_likely = math.exp(optimize.minimize_scalar(unlikelihood, bounds=(-8, 0), method="bounded").x)
    assert found.sd == pytest.approx(most_likely, rel=0.02)
    one = fitted_prior([0.0], [0.01]).sd
    assert 0.4 * DEFAULT_PRIOR.sd < one < DEFAULT_PRIOR.sd


def test_when_the_prior_is_true_it_is_safe_to_stop_when_sure() -> None:
    """28 looks, stop at 95 %: with the true prior the stated probability is right, with a flat one it is not."""
    rng, runs, looks = np.random.default_rng(4), 4000, 28
    truth = rng.normal(0, 0.05, runs)
    paths = truth[:, None] + np.cumsum(rng.normal(0, 0.2, (runs, looks)), axis=1) / np.arange(1, looks + 1)
    for prior, honest in ((NormalBelief(0.0, 0.05), True), (FLAT, False)):
        stated, right = [], []
        for effect, path in zip(truth, paths, strict=True):
            for look in range(looks):
                chance = prior.after(path[look], 0.2 / math.sqrt(look + 1)).above(0)
                if max(chance, 1 - chance) >= 0.95:
                    stated.append(max(chance, 1 - chance))
                    right.append((effect > 0) == (chance > 0.5))
                    break
        gap = abs(np.mean(stated) - np.mean(right))
        error = math.sqrt(0.05 * 0.95 / len(stated))
        assert (gap < 3 * error) if honest else (gap > 0.05)


def test_what_is_no_belief_is_refused() -> None:
    for mean, sd in ((0, 0), (0, -1), (math.nan, 1), (math.inf, 1), (0, math.nan)):
        with pytest.raises(ValueError, match="finite mean"):
            NormalBelief(mean, sd)
    for effect, error in ((math.nan, 1), (0, 0), (0, math.inf)):
        with pytest.raises(ValueError, match="standard error"):
            DEFAULT_PRIOR.after(effect, error)
    with pytest.raises(ValueError, match="level"):
        conclude(DEFAULT_PRIOR, level=95)
    with pytest.raises(ValueError, match="equivalence"):
        conclude(DEFAULT_PRIOR, equivalence=-0.1)
    with pytest.raises(ValueError, match="past experiments"):
        fitted_prior([0.1], [0.0])
    with pytest.raises(ValueError, match="flat"):
        fitted_prior([], [], FLAT)
    with pytest.raises(ValueError, match="between 0 and 1"):
        RateBelief(BetaPosterior(1, 1), BetaPosterior(1, 1)).quantile(1.0)
