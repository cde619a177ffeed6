"""Policies through their seam: what they answer, what they refuse, what they load."""

import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from litmus_server.bandits.arms import Arm, NumberArm, State
from litmus_server.bandits.greedy import epsilon_greedy
from litmus_server.bandits.policies import (
    KLUCB,
    POLICIES,
    UCB1,
    EpsilonGreedy,
    InvalidPolicy,
    ThompsonSampling,
    TopTwo,
    UCBTuned,
    next_version,
    policy,
)
from litmus_server.bandits.tallies import Tallies
from litmus_server.bandits.thompson import exploration, top_two
from litmus_server.bandits.upper_bounds import _kl
from litmus_server.stats.moments import Moments
from litmus_server.stats.pbest import pbest_beta, pbest_normal
from litmus_server.stats.pbest_many import many_beta, many_normal

GOLDEN = json.loads((Path(__file__).parents[3] / "spec" / "bandits" / "policies.json").read_text())


@st.composite
def arms(draw: st.DrawFn) -> Arm:
    trials = draw(st.integers(0, 10**6))
    return Arm(draw(st.integers(0, trials)), trials, draw(st.booleans()))


@st.composite
def number_arms(draw: st.DrawFn) -> NumberArm:
    n = draw(st.integers(0, 10**6))
    mean = draw(st.floats(-1e9, 1e9)) if n else 0.0
    return NumberArm(n, mean, draw(st.floats(0, 1e12)) if n > 1 else 0.0, draw(st.booleans()))


STATES = st.builds(
    State,
    st.lists(arms(), min_size=1, max_size=8).map(tuple)
    | st.lists(number_arms(), min_size=1, max_size=8).map(tuple),
    st.booleans(),
    st.none() | st.floats(1, 1e6),
)
NUMBERS = (NumberArm(400, 10.0, 9.0), NumberArm(300, 10.5, 9.0), NumberArm(90, 9.0, 16.0))


def test_thompson_sampling_gives_each_arm_its_probability_of_being_the_best() -> None:
    state = State((Arm(10, 100), Arm(20, 100)))
    best = pbest_beta([11, 21], [91, 81]).probability
    assert ThompsonSampling().propensities(state) == best


def test_before_the_first_outcome_all_arms_are_equal() -> None:
    state = State((Arm(0, 0),) * 5)
    assert ThompsonSampling().propensities(state) == pytest.approx([0.2] * 5, abs=1e-14)


def test_the_prior_counts_as_outcomes() -> None:
    informed = ThompsonSampling(prior_alpha=3, prior_beta=7)
    assert informed.posterior(Arm(2, 5)) == (5, 10)
    assert ThompsonSampling(5, 10).propensities(State((Arm(0, 0), Arm(0, 10)))) == pytest.approx(
        informed.propensities(State((Arm(2, 5), Arm(2, 15)))), abs=1e-14
    )


@given(STATES.filter(lambda state: any(arm.active for arm in state.arms)))
@settings(max_examples=60, deadline=None)
@pytest.mark.parametrize("kind", POLICIES)
def test_every_policy_gives_probabilities_to_active_arms_only(kind: str, state: State) -> None:
    propensities = policy(kind, {}).propensities(state)
    assert sum(propensities) == pytest.approx(1, abs=1e-9)
    assert all(p >= 0 if arm.active else p == 0 for p, arm in zip(propensities, state.arms, strict=True))


@pytest.mark.parametrize("variance", [5e-324, 1e-310, 1e-299])
@pytest.mark.parametrize("kind", POLICIES)
def test_a_variance_at_the_end_of_the_floats_contests_nothing_away(kind: str, variance: float) -> None:
    state = State((NumberArm(2, 0.0, variance), NumberArm(10**6, 0.0, 0.0)))
    propensities = policy(kind, {}).propensities(state)
    assert sum(propensities) == pytest.approx(1, abs=1e-9)
    assert min(propensities) >= 0


def test_an_inactive_arm_takes_no_part_in_the_contest() -> None:
    two, three = (
        State((Arm(10, 100), Arm(20, 100))),
        State((Arm(10, 100), Arm(99, 100, active=False), Arm(20, 100))),
    )
    first, second = ThompsonSampling().propensities(two)
    assert ThompsonSampling().propensities(three) == (first, 0.0, second)


def test_a_state_without_an_active_arm_has_no_propensities() -> None:
    with pytest.raises(ValueError, match="no arm is active"):
        ThompsonSampling().propensities(State((Arm(1, 2, active=False),)))


def test_outcomes_are_counted_over_all_arms() -> None:
    assert State((Arm(1, 4), Arm(0, 3, active=False))).outcomes == 7


@pytest.mark.parametrize(("successes", "trials"), [(-1, 3), (4, 3), (0, -1)])
def test_an_arm_cannot_succeed_more_often_than_it_was_tried(successes: int, trials: int) -> None:
    with pytest.raises(ValueError, match="between 0 and trials"):
        Arm(successes, trials)


@pytest.mark.parametrize("kind", POLICIES)
def test_a_hundred_arms_are_decided_and_one_arm_gets_everything(kind: str) -> None:
    many = State(tuple(Arm(10 + k, 200) for k in range(100)))
    shares = policy(kind, {}).propensities(many)
    assert sum(shares) == pytest.approx(1)
    assert max(shares) == shares[-1]
    assert policy(kind, {}).propensities(State((Arm(1, 3),))) == pytest.approx((1.0,))


@pytest.mark.parametrize("kind", POLICIES)
def test_fewer_is_better_is_the_mirror_of_more_is_better(kind: str) -> None:
    rates = State((Arm(10, 100), Arm(20, 110), Arm(3, 50)))
    failures = State(
        tuple(Arm(arm.trials - arm.successes, arm.trials) for arm in rates.arms if isinstance(arm, Arm))
    )
    rule = policy(kind, {})
    assert rule.propensities(replace(rates, higher_is_better=False)) == pytest.approx(
        rule.propensities(failures), abs=1e-9
    )
    numbers = State(NUMBERS, higher_is_better=False)
    negated = State(tuple(NumberArm(arm.n, -arm.mean, arm.variance) for arm in NUMBERS))
    assert rule.propensities(numbers) == pytest.approx(rule.propensities(negated), abs=1e-9)


@pytest.mark.parametrize("kind", POLICIES)
def test_neither_the_currency_nor_its_origin_changes_a_propensity(kind: str) -> None:
    rule = policy(kind, {})
    shares = rule.propensities(State(NUMBERS))
    for scale, shift in ((100.0, 0.0), (1e-6, 0.0), (1.0, 1e6)):
        moved = tuple(NumberArm(arm.n, scale * arm.mean + shift, scale**2 * arm.variance) for arm in NUMBERS)
        assert rule.propensities(State(moved)) == pytest.approx(shares, abs=1e-6)


@pytest.mark.parametrize("kind", POLICIES)
def test_numbers_that_are_all_the_same_favour_nobody(kind: str) -> None:
    state = State((NumberArm(5, 3.0, 0.0), NumberArm(5, 3.0, 0.0), NumberArm(5, 3.0, 0.0)))
    assert policy(kind, {}).propensities(state) == pytest.approx([1 / 3] * 3, abs=1e-9)


def test_numbers_are_contested_by_normal_posteriors_with_a_unit_of_prior() -> None:
    """With many units neither the prior unit nor the common variance matters any more."""
    state = State(NUMBERS)
    wide = tuple(NumberArm(arm.n * 1000, arm.mean, arm.variance * 1000) for arm in NUMBERS)
    expected = pbest_normal(
        [10, 10.5, 9], [math.sqrt(9 / 400), math.sqrt(9 / 300), math.sqrt(16 / 90)]
    ).probability
    assert ThompsonSampling().propensities(State(wide)) == pytest.approx(expected, abs=1e-3)
    assert ThompsonSampling().propensities(state) == pytest.approx(expected, abs=0.02)


def test_an_arm_in_which_nobody_bought_yet_is_not_certain_to_sell_nothing() -> None:
    nobody = NumberArm.of(Moments.of([0] * 40))
    some = NumberArm.of(Moments.of([0] * 38 + [20_000_000, 30_000_000]))
    assert 0.01 < ThompsonSampling().propensities(State((nobody, some)))[0] < 0.5


def test_the_moments_of_an_arm_are_taken_exactly() -> None:
    arm = NumberArm.of(Moments.of([10**15 - 10**6, 10**15, 10**15 + 10**6]))
    assert (arm.n, arm.mean, arm.variance) == (3, 1e9, 1.0)
    assert NumberArm.of(Moments()) == NumberArm(0, 0.0, 0.0)


def test_many_experiments_at_once_have_the_chances_of_each() -> None:
    rng = np.random.default_rng(4)
    for arms_count in (2, 5, 10):
        n = rng.integers(0, 10 ** rng.integers(1, 6, (60, arms_count)))
        s = rng.binomial(n, rng.uniform(0.01, 0.8, (60, 1)))
        a, b = 1.0 + s, 1.0 + n - s
        exact = [pbest_beta(*row).probability for row in zip(a, b, strict=True)]
        assert np.abs(many_beta(np.asarray(a), np.asarray(b)) - exact).max() < 3e-6
        mean, sd = rng.normal(size=(60, arms_count)), 10 ** rng.uniform(-2, 1, (60, arms_count))
        exact = [pbest_normal(*row).probability for row in zip(mean, sd, strict=True)]
        assert np.abs(many_normal(mean, sd) - exact).max() < 3e-6
    small = np.array([[0.01, 2.0], [0.5, 0.5]])
    assert many_beta(small, small)[0] == pytest.approx(pbest_beta(small[0], small[0]).probability, abs=1e-12)


# --- top-two and exploration sampling ---------------------------------------------------------------------------


def test_closed_forms_are_those_of_the_references() -> None:
    chances = np.array([GOLDEN["from_chances"]["p"]])
    assert top_two(chances, 0.5)[0] == pytest.approx(GOLDEN["from_chances"]["top_two_beta_half"], abs=1e-12)
    assert exploration(chances)[0] == pytest.approx(GOLDEN["from_chances"]["exploration_sampling"], abs=1e-12)


def test_top_two_is_what_drawing_until_another_arm_wins_gives() -> None:
    p, rng = np.array([0.5, 0.3, 0.15, 0.05]), np.random.default_rng(8)
    first = rng.choice(4, 400_000, p=p)
    other = rng.choice(4, 400_000, p=p)
    while (same := first == other).any():
        other[same] = rng.choice(4, int(same.sum()), p=p)
    drawn = np.where(rng.random(400_000) < 0.7, first, other)
    counted = np.bincount(drawn, minlength=4) / 400_000
    assert top_two(p[None], 0.7)[0] == pytest.approx(counted, abs=4 * math.sqrt(0.25 / 400_000))


@pytest.mark.parametrize("rule", [lambda p: top_two(p, 0.5), exploration])
def test_a_certain_winner_still_shares_with_its_challengers(rule: Any) -> None:
    assert rule(np.array([[1.0, 0.0, 0.0]]))[0] == pytest.approx([0.5, 0.25, 0.25])
    assert rule(np.array([[1 - 3e-17, 1e-17, 2e-17]]))[0].sum() == pytest.approx(1)
    assert rule(np.array([[1.0]]))[0] == pytest.approx([1.0])


# --- upper bounds ----------------------------------------------------------------------------------------------


def played(indices: Any, mean: Any, n: Any, pulls: int) -> Any:
    """The textbook: pull the arm with the highest bound, count it, look again; outcomes never come in."""
    n = n.astype(float).copy()
    start = n.copy()
    for _ in range(pulls):
        n[np.argmax(indices(mean, n))] += 1
    return (n - start) / pulls


@pytest.mark.parametrize("case", GOLDEN["kl_ucb"])
def test_the_bound_of_kl_ucb_is_that_of_the_references(case: dict[str, Any]) -> None:
    if not 0 < case["mean"] < 1:
        return  # means of the product are never 0 or 1
    bound = np.array([case["index"]])
    reached = case["n"] * _kl(np.array([case["mean"]]), bound)
    assert reached == pytest.approx(math.log(case["t"]), abs=1e-9)


def test_upper_bounds_are_the_fractions_that_the_next_pulls_fall_on() -> None:
    trials, successes, pulls = np.array([300, 200, 100, 40]), np.array([36, 28, 9, 4]), 4000
    state = State(tuple(map(Arm, successes.tolist(), trials.tolist())), ahead=pulls)
    mean = Tallies.of(state).gain[0]
    budget = math.log(640 + pulls)

    def ucb1(m: Any, n: Any) -> Any:
        return m + np.sqrt(2 * budget / n)

    def tuned(m: Any, n: Any) -> Any:
        return m + np.sqrt(budget / n * np.minimum(0.25, m * (1 - m) + np.sqrt(2 * budget / n)))

    def kl(m: Any, n: Any) -> Any:
        low, high = m, np.ones_like(m) - 1e-15
        for _ in range(40):
            middle = (low + high) / 2
            inside = n * _kl(m, middle) <= budget
            low, high = np.where(inside, middle, low), np.where(inside, high, middle)
        return low

    for rule, indices in ((UCB1(), ucb1), (UCBTuned(), tuned), (KLUCB(), kl)):
        assert rule.propensities(state) == pytest.approx(
            played(indices, mean, trials, pulls), abs=2 / pulls * 4
        )


def test_an_arm_with_more_pulls_than_its_bound_needs_gets_none_of_the_next() -> None:
    state = State((Arm(50, 100), Arm(10, 10_000)), ahead=100)
    assert KLUCB().propensities(state) == (1.0, 0.0)


@pytest.mark.parametrize("kind", ["ucb", "ucb1", "ucb_tuned"])
def test_a_bound_that_no_float_tells_from_certainty_still_explores(kind: str) -> None:
    first = State((Arm(1, 1), Arm(0, 1), Arm(0, 0)))
    shares = policy(kind, {"c": 100}).propensities(first)
    assert min(shares) > 0.01


def test_more_c_explores_more() -> None:
    state = State((Arm(55, 400), Arm(60, 400)), ahead=400)
    least = [
        min(policy(kind, {"c": c}).propensities(state))
        for kind in ("ucb", "ucb1", "ucb_tuned")
        for c in (0.2, 2, 20)
    ]
    for small, usual, large in zip(*[iter(least)] * 3, strict=True):
        assert small <= usual < large


# --- epsilon-greedy --------------------------------------------------------------------------------------------


def test_epsilon_greedy_gives_the_best_mean_all_but_the_spread_part() -> None:
    state = State((Arm(10, 100), Arm(30, 100), Arm(20, 100)))
    assert EpsilonGreedy(0.3).propensities(state) == pytest.approx([0.1, 0.8, 0.1])
    tied = State((Arm(30, 100), Arm(30, 100), Arm(20, 100)))
    assert EpsilonGreedy(0.3).propensities(tied) == pytest.approx([0.45, 0.45, 0.1])
    untried = State((Arm(30, 100), Arm(0, 0), Arm(20, 100)))
    assert EpsilonGreedy(0.3).propensities(untried) == pytest.approx([0.1, 0.8, 0.1])


@pytest.mark.parametrize(("outcomes", "share"), [(1, 1.0), (8, 0.5), (1_000, 0.1), (1_000_000, 0.01)])
def test_a_decaying_epsilon_is_itself_at_a_thousand_outcomes(outcomes: int, share: float) -> None:
    tallies = Tallies(np.array([[outcomes, 0.0]]), np.array([[outcomes / 2, 0.0]]))
    assert epsilon_greedy(tallies, 0.1, decay=True)[0, 0] == pytest.approx(share / 2)


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("epsilon_greedy", "epsilon", 1.1),
        ("epsilon_greedy", "epsilon", -0.1),
        ("epsilon_greedy", "epsilon", float("nan")),
        ("epsilon_greedy", "decay", 0.5),
        ("epsilon_greedy", "decay", "yes"),
        ("epsilon_greedy", "decay", []),
        ("ucb", "c", 0),
        ("ucb1", "c", "2"),
        ("top_two", "beta", 0),
        ("top_two", "beta", 1.01),
        ("top_two", "prior_alpha", 0),
    ],
)
def test_parameters_out_of_range_are_refused_by_name(kind: str, name: str, value: Any) -> None:
    with pytest.raises(InvalidPolicy, match=name) as refused:
        policy(kind, {name: value})
    assert refused.value.parameter == name


# --- what is published -----------------------------------------------------------------------------------------


def test_the_next_version_has_floors_and_sums_to_a_million() -> None:
    state = State((Arm(10, 1000), Arm(200, 1000), Arm(5, 5, active=False)))
    ppm = next_version(ThompsonSampling(), state)
    assert sum(ppm) == 1_000_000
    assert ppm[0] >= 2_000
    assert ppm[2] == 0


@pytest.mark.parametrize("kind", POLICIES)
def test_arms_that_were_added_later_share_a_tenth_until_they_have_shown_something(kind: str) -> None:
    old, flood = (Arm(500, 5000), Arm(600, 5000)), (Arm(0, 0, joined=9_000), Arm(3, 20, joined=10_000))
    ppm = next_version(policy(kind, {}), State((*old, *flood)), 0)
    assert ppm[2] + ppm[3] <= 100_001
    settled = (Arm(500, 5000), Arm(50, 100, joined=9_000))
    assert next_version(TopTwo(), State(settled), 0)[1] > 400_000
    assert next_version(policy(kind, {}), State(flood), 0)[0] > 0  # nobody else is there to take the rest


def test_rates_and_numbers_do_not_mix() -> None:
    with pytest.raises(ValueError, match="all rates or all numbers"):
        State((Arm(1, 2), NumberArm(2, 0.5, 0.1)))
    with pytest.raises(ValueError, match="at least once"):
        State((Arm(1, 2),), ahead=0)
    with pytest.raises(ValueError, match="figures of no units"):
        NumberArm(3, float("nan"), 1)


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf"), 1e10, "1", None, True])
@pytest.mark.parametrize("parameter", ["prior_alpha", "prior_beta"])
def test_a_prior_that_is_no_positive_number_is_refused_by_name(parameter: str, value: Any) -> None:
    with pytest.raises(InvalidPolicy, match=parameter) as refused:
        policy("thompson_sampling", {parameter: value})
    assert refused.value.parameter == parameter


def test_what_no_policy_takes_is_refused_by_name() -> None:
    with pytest.raises(InvalidPolicy, match="takes no epsilon; it takes prior_alpha, prior_beta") as refused:
        policy("thompson_sampling", {"epsilon": 0.1})
    assert refused.value.parameter == "epsilon"
    with pytest.raises(InvalidPolicy, match="sampling_thompson is not a policy") as refused:
        policy("sampling_thompson", {})
    assert refused.value.parameter is None


def test_checking_a_configuration_loads_no_numerical_library() -> None:
    program = (
        "import sys; from litmus_server.bandits.policies import policy;"
        "policy('thompson_sampling', {'prior_alpha': 2}); print('numpy' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
