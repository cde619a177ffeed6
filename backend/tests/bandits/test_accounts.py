"""What a bandit saved: unbiased, with an interval that holds the truth; against every unit one by one."""

import numpy as np
import pytest
from litmus_server.bandits.accounts import Saved, Traffic, regret_saved, saved, traffic
from litmus_server.bandits.policies import ThompsonSampling
from litmus_server.bandits.tallies import Tallies
from litmus_server.domain.holdback import Baseline, Holdback
from litmus_server.stats.absence import TooFew, Undefined
from litmus_server.stats.adaptive import AfterBandit, Batch, Scores
from litmus_server.stats.moments import MICRO, Moments


def bandit(
    rates: tuple[float, ...], floor: float, runs: int, batches: int, seed: int
) -> tuple[Scores, np.ndarray]:
    """Scores of many bandits, and how much each saved in expectation, given the propensities that it came to."""
    rng, arms = np.random.default_rng(seed), len(rates)
    n, total, e = (np.zeros((runs, batches, arms)) for _ in range(3))
    for b in range(batches):
        seen, won = n.sum(axis=1), total.sum(axis=1)
        p = ThompsonSampling().shares(Tallies(seen, won)) if b else np.full((runs, arms), 1 / arms)
        e[:, b] = floor + (1 - arms * floor) * p
        n[:, b] = rng.multinomial(100, e[:, b])
        total[:, b] = rng.binomial(n[:, b].astype(int), rates)
    truth = (n.sum(axis=2)[..., None] * (e - 1 / arms) * np.array(rates)).sum(axis=(1, 2))
    return Scores(n, total, total, e), truth


@pytest.mark.parametrize(
    ("rates", "least"), [((0.1, 0.11, 0.12, 0.13, 0.14), 0.9), ((0.62, 0.7, 0.8), 0.9), ((0.1, 0.1), 0.9)]
)
def test_the_interval_of_what_was_saved_holds_the_truth(rates: tuple[float, ...], least: float) -> None:
    scores, truth = bandit(rates, 0.01, 200, 60, 5)
    estimate, variance = saved(scores)
    held = np.abs(estimate - truth) <= 1.96 * np.sqrt(variance)
    assert held.mean() >= least
    assert estimate.mean() == pytest.approx(truth.mean(), abs=4 * np.std(estimate - truth) / np.sqrt(200))


def conversions(successes: int, units: int) -> Moments:
    return Moments(units, successes * MICRO, successes * MICRO**2, successes * MICRO**3)


BATCHES = (
    Batch((conversions(50, 500), conversions(60, 500)), (0.5, 0.5)),
    Batch((conversions(20, 210), conversions(95, 790)), (0.2, 0.8)),
    Batch((conversions(4, 52), conversions(118, 948)), (0.05, 0.95)),
)


def test_sums_give_what_the_scores_of_every_unit_give() -> None:
    estimate, squares = 0.0, 0.0
    seen, won = np.zeros(2), np.zeros(2)
    for batch in BATCHES:
        n = np.array([arm.n for arm in batch.arms])
        s = np.array([arm.s1 / MICRO for arm in batch.arms])
        e = np.array(batch.propensities)
        mu = won / seen if seen.all() else s / n
        for k in range(2):
            for y, count in ((1.0, s[k]), (0.0, n[k] - s[k])):
                scored = mu.copy()
                scored[k] += (y - mu[k]) / e[k]
                psi = (e - 0.5) @ scored
                estimate, squares = estimate + count * psi, squares + count * psi**2
        seen, won = seen + n, won + s
    found = regret_saved(AfterBandit(BATCHES))
    assert isinstance(found, Saved)
    assert found.estimate == pytest.approx(estimate)
    assert (found.upper - found.estimate) / 1.959964 >= np.sqrt(squares) * (1 - 1e-9)
    assert found.units == 3000
    assert found.per_unit == pytest.approx(estimate / 3000)


def test_where_fewer_are_better_the_same_shift_is_a_loss() -> None:
    more = regret_saved(AfterBandit(BATCHES))
    fewer = regret_saved(AfterBandit(BATCHES), higher_is_better=False)
    assert isinstance(more, Saved)
    assert isinstance(fewer, Saved)
    assert (fewer.estimate, fewer.lower, fewer.upper) == pytest.approx(
        (-more.estimate, -more.upper, -more.lower)
    )


def test_an_equal_split_has_saved_nothing_that_could_be_estimated() -> None:
    found = regret_saved(AfterBandit(BATCHES[:1]))
    assert isinstance(found, Undefined)
    few = regret_saved(AfterBandit((Batch((conversions(1, 20), conversions(2, 20)), (0.4, 0.6)),)))
    assert isinstance(few, TooFew)


def test_traffic_says_who_leads_what_explores_and_who_is_at_the_floor() -> None:
    assert traffic((2_000, 52_000, 946_000), (True, True, True), 2_000) == Traffic(
        2, 54_000, (True, False, False), 6_000
    )
    assert traffic((0, 500_000, 500_000), (False, True, True), 2_000) == Traffic(
        1, 500_000, (False, False, False), 4_000
    )
    assert isinstance(traffic((0, 0), (False, False), 0), Undefined)
    assert traffic((1_000_000, 0), (True, True), 0) == Traffic(0, 0, (False, True), 0)


def held(
    rates: tuple[float, ...], holdback: Holdback, runs: int, batches: int, seed: int
) -> tuple[Scores, np.ndarray, np.ndarray]:
    """Scores of many bandits with a holdback, what each brought against it in expectation, and what counting those who were held
    back against the others says.
    """
    rng, arms, h = np.random.default_rng(seed), len(rates), holdback.share / 1e6
    parts = np.array(holdback.parts([True] * arms, 0)) / 1e6
    n, total, e = (np.zeros((runs, batches, arms)) for _ in range(3))
    units, won = np.zeros((2, runs)), np.zeros((2, runs))  # of the others, and of those held back
    for b in range(batches):
        p = np.full((runs, arms), 1 / arms)
        if b:
            p = ThompsonSampling().shares(Tallies(n.sum(axis=1), total.sum(axis=1)))
        e[:, b] = parts + (1 - h) * (0.002 + (1 - arms * 0.002) * p)
        drawn = rng.multinomial(100, e[:, b])
        back = rng.binomial(drawn, parts / e[:, b])
        for side, counts in enumerate((drawn - back, back)):
            successes = rng.binomial(counts, rates)
            total[:, b] += successes
            units[side] += counts.sum(axis=1)
            won[side] += successes.sum(axis=1)
        n[:, b] = drawn
    truth = (n.sum(axis=2)[..., None] * (e - parts / h) * np.array(rates)).sum(axis=(1, 2))
    difference = won[0] / units[0] - won[1] / units[1]
    return Scores(n, total, total, e), truth, difference * units[0]


@pytest.mark.parametrize("to", Baseline)
@pytest.mark.parametrize("rates", [(0.1, 0.11, 0.12, 0.13, 0.14), (0.62, 0.7, 0.8), (0.1, 0.1)])
def test_what_a_bandit_brings_against_its_holdback_is_unbiased_and_its_interval_holds_it(
    rates: tuple[float, ...], to: Baseline
) -> None:
    scores, truth, counted = held(rates, Holdback(50_000, to), 200, 60, 5)
    estimate, variance = saved(scores, 0 if to is Baseline.CONTROL else None)
    error = estimate - truth
    assert np.mean(np.abs(error) <= 1.96 * np.sqrt(variance)) >= 0.9
    assert abs(error.mean()) <= 4 * error.std() / np.sqrt(200)
    # Counting who was held back estimates the same, with no less noise: given the arm it says nothing more.
    assert abs((counted - truth).mean()) <= 4 * (counted - truth).std() / np.sqrt(200)
    assert error.std() <= 1.1 * (counted - truth).std()


def test_against_an_arm_that_was_not_drawn_the_baseline_is_an_equal_split() -> None:
    batches = (Batch((conversions(50, 500), conversions(60, 500), Moments()), (0.5, 0.5, 0.0)), Batch((Moments(), conversions(20, 200), conversions(95, 800)), (0.0, 0.2, 0.8)))  # fmt: skip
    scores = AfterBandit(batches).scores
    both, alone = saved(scores)[0], saved(scores, 2)[0]
    first = Scores(scores.n[:1], scores.n[:1] * 0, scores.n[:1] * 0, scores.e[:1])
    assert saved(first, 2)[0] == saved(first)[0] == 0
    assert both != alone
