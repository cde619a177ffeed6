"""Policies through their seam: what they answer, what they refuse, what they load."""

import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from litmus_server.bandits.policies import POLICIES, Arm, InvalidPolicy, State, ThompsonSampling, policy
from litmus_server.stats.pbest import pbest_beta


@st.composite
def arms(draw: st.DrawFn) -> Arm:
    trials = draw(st.integers(0, 10**6))
    return Arm(draw(st.integers(0, trials)), trials, draw(st.booleans()))


STATES = st.lists(arms(), min_size=1, max_size=8).map(lambda found: State(tuple(found)))


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
@settings(max_examples=50, deadline=None)
@pytest.mark.parametrize("kind", POLICIES)
def test_every_policy_gives_probabilities_to_active_arms_only(kind: str, state: State) -> None:
    propensities = policy(kind, {}).propensities(state)
    assert sum(propensities) == pytest.approx(1, abs=1e-12)
    assert all(p >= 0 if arm.active else p == 0 for p, arm in zip(propensities, state.arms, strict=True))


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
