"""How often a rule promotes when nothing differs: the recursion against simulated Beta posteriors, and what must hold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from litmus_server.stats.false_alarms import Look, false_alarms
from scipy.special import ndtri

DAILY = tuple(Look(1000 * k, 0.95) for k in range(1, 29))


def simulated(
    looks: tuple[Look, ...], shares: tuple[float, ...], prior: tuple[float, float], rate: float
) -> float:
    """By draws: Bernoulli units, and P(best) of two Beta posteriors by the normal law of their difference."""
    rng, runs = np.random.default_rng(5), 4000
    successes, units, promoted = np.zeros((runs, 2)), np.zeros(2), np.zeros(runs, bool)
    for look in looks:
        now = np.round(look.units * np.array(shares))
        successes += rng.binomial((now - units).astype(int), rate, (runs, 2))
        units = now
        a, b = prior[0] + successes, prior[1] + units - successes
        mean, variance = a / (a + b), a * b / (a + b) ** 2 / (a + b + 1)
        z = (mean[:, 0] - mean[:, 1]) / np.sqrt(variance.sum(axis=1))
        promoted |= np.abs(z) >= ndtri(look.threshold)
    return float(promoted.mean())


def test_a_single_look_is_wrong_as_often_as_its_threshold_says_on_each_side() -> None:
    assert false_alarms((Look(1000, 0.95),), (0.5, 0.5)) == pytest.approx(0.1, abs=1e-12)
    assert false_alarms((Look(1000, 0.99),), (0.2, 0.8)) == pytest.approx(0.02, abs=1e-12)


def test_twenty_eight_daily_looks_at_95_percent_are_wrong_in_46_percent_of_experiments() -> None:
    assert false_alarms(DAILY, (0.5, 0.5)) == pytest.approx(0.46, abs=0.005)


@pytest.mark.parametrize(
    ("looks", "shares", "prior"),
    [
        (DAILY[:14], (0.5, 0.5), (1.0, 1.0)),
        (DAILY[:14], (0.9, 0.1), (1.0, 9.0)),
        (tuple(Look(1000 * 2**k, 0.95) for k in range(8)), (0.5, 0.5), (1.0, 1.0)),
        (DAILY[:14], (0.5, 0.5), (100.0, 900.0)),
    ],
)
def test_it_is_what_simulated_posteriors_do(
    looks: tuple[Look, ...], shares: tuple[float, ...], prior: tuple[float, float]
) -> None:
    expected = false_alarms(looks, shares, sum(prior))
    error = 3 * (expected * (1 - expected) / 4000) ** 0.5
    assert simulated(looks, shares, prior, 0.1) == pytest.approx(expected, abs=error + 0.01)


def test_more_variants_are_simulated_and_the_same_every_time() -> None:
    looks = DAILY[:14]
    three, five = (false_alarms(looks, (1 / k,) * k) for k in (3, 5))
    assert false_alarms.__wrapped__(looks, (1 / 3,) * 3) == three
    # Three draws of three normal means: the greatest one is the best with 95 % in 2.5 % of cases at one look.
    assert false_alarms((Look(1000, 0.95),), (1 / 3,) * 3) == pytest.approx(0.0258, abs=0.005)
    assert five < three < false_alarms(looks, (0.5, 0.5))


@settings(max_examples=30, deadline=None)
@given(
    st.integers(1, 20),
    st.floats(0.5, 0.999),
    st.floats(0.05, 0.95),
    st.floats(0, 5000),
)
def test_more_looks_are_wrong_more_often_and_a_higher_threshold_or_a_stronger_prior_less(
    count: int, threshold: float, share: float, prior: float
) -> None:
    looks = tuple(Look(100 * k, threshold) for k in range(1, count + 1))
    shares = (share, 1 - share)
    rate = false_alarms(looks, shares, prior)
    assert 0 <= rate <= 1
    assert rate <= false_alarms((*looks, Look(100 * count + 100, threshold)), shares, prior) + 1e-9
    assert false_alarms(looks, shares, prior + 100) <= rate + 1e-9
    higher = tuple(Look(each.units, (1 + each.threshold) / 2) for each in looks)
    assert false_alarms(higher, shares, prior) <= rate + 1e-9


@pytest.mark.parametrize("bad", [(), (Look(5, 0.9), Look(5, 0.9)), (Look(9, 0.9), Look(5, 0.9))])
def test_looks_have_increasing_units(bad: tuple[Look, ...]) -> None:
    with pytest.raises(ValueError, match="increasing"):
        false_alarms(bad, (0.5, 0.5))


def test_what_is_no_rule_is_refused() -> None:
    with pytest.raises(ValueError, match="threshold"):
        Look(10, 0.4)
    with pytest.raises(ValueError, match="two shares"):
        false_alarms(DAILY, (1.0,))
