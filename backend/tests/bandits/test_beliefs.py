"""What is believed of each arm, beside what decides."""

import numpy as np
import pytest
from litmus_server.bandits.arms import Arm, NumberArm, State
from litmus_server.bandits.beliefs import beliefs
from litmus_server.bandits.policies import ThompsonSampling
from litmus_server.stats.absence import TooFew, Undefined
from scipy import stats

RATES = (Arm(10, 100), Arm(90, 100, active=False), Arm(20, 110))
NUMBERS = (NumberArm(400, 10.0, 9.0), NumberArm(300, 10.5, 9.0), NumberArm(5, 30.0, 9.0, active=False))


@pytest.mark.parametrize("higher", [True, False])
def test_rates_are_believed_in_as_they_are_decided_on(higher: bool) -> None:
    state = State(RATES, higher)
    found = beliefs(state, 2, 3)
    assert isinstance(found, tuple)
    assert [each.win_probability or 0.0 for each in found] == pytest.approx(
        ThompsonSampling(2, 3).propensities(state)
    )
    assert found[1].win_probability is found[1].expected_loss is None
    judge = stats.beta(12, 93)
    assert (found[0].alpha, found[0].beta) == (12, 93)
    assert found[0].expected == pytest.approx(judge.mean())
    assert (found[0].lower, found[0].upper) == pytest.approx(judge.interval(0.95))


def test_numbers_are_believed_in_in_their_own_units() -> None:
    found = beliefs(State(NUMBERS))
    assert isinstance(found, tuple)
    first = found[0]
    assert first.sd is not None
    assert first.expected == pytest.approx(10.0, abs=0.01)
    assert first.sd == pytest.approx(3 / 20, rel=0.02)
    assert (first.lower, first.upper) == pytest.approx(stats.norm(first.expected, first.sd).interval(0.95))
    rng = np.random.default_rng(2)
    drawn = np.stack([rng.normal(each.expected, each.sd or 0.0, 400_000) for each in found[:2]])
    assert found[1].win_probability == pytest.approx((drawn[1] > drawn[0]).mean(), abs=0.002)
    assert found[0].expected_loss == pytest.approx((drawn.max(axis=0) - drawn[0]).mean(), abs=0.002)
    assert found[2].win_probability is None
    assert [each.win_probability or 0.0 for each in found] == pytest.approx(
        ThompsonSampling().propensities(State(NUMBERS))
    )


def test_what_cannot_be_believed_says_why() -> None:
    assert isinstance(beliefs(State((NumberArm(1, 3.0, 0.0), NumberArm(0, 0.0, 0.0)))), TooFew)
    same = beliefs(State((NumberArm(4, 3.0, 0.0), NumberArm(4, 3.0, 0.0))))
    assert isinstance(same, Undefined)
    assert "the same" in same.reason


def test_without_an_active_arm_nobody_wins() -> None:
    found = beliefs(State((Arm(1, 2, active=False),)))
    assert isinstance(found, tuple)
    assert found[0].win_probability is None
