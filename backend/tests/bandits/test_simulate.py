"""Regret, against an independent simulation: 4 combined standard errors. The long run is `bench/calibrate_bandits.py`."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from litmus_server.bandits.cohorts import Forgetting
from litmus_server.bandits.environments import ENVIRONMENTS, Environment
from litmus_server.bandits.modes import MODES, PromotionRule
from litmus_server.bandits.policies import (
    KLUCB,
    UCB1,
    EpsilonGreedy,
    EqualSplit,
    ExplorationSampling,
    Policy,
    ThompsonSampling,
    TopTwo,
    UCBTuned,
)
from litmus_server.bandits.simulate import Design, equal_split, mean_and_error, simulate
from litmus_server.bandits.tallies import Array, Tallies
from litmus_server.domain.draft import Purpose

SPEC = Path(__file__).parents[3] / "spec" / "bandits"
CASES = json.loads((SPEC / "regret.json").read_text())["cases"]
OTHERS = json.loads((SPEC / "policies.json").read_text())["regret"]

POLICIES: dict[str, Policy] = {
    "KL-UCB, 1,000 decisions ahead": KLUCB(),
    "UCB1": UCB1(),
    "UCB1-tuned": UCBTuned(),
    "epsilon 0.1": EpsilonGreedy(),
    "top-two": TopTwo(),
    "exploration sampling": ExplorationSampling(),
    "equal split": EqualSplit(),
}


def lives(environment: str, design: Design, runs: int, seed: int = 1) -> Any:
    return simulate(ENVIRONMENTS[environment], design, np.random.default_rng(seed), runs=runs)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["environment"])
def test_thompson_sampling_from_snapshots_costs_what_the_reference_costs(case: dict[str, Any]) -> None:
    runs = lives(case["environment"], Design(ThompsonSampling()), 40)
    mean, error = mean_and_error(runs.final)
    reference, reference_error = case["growth"] or case["per_request"]
    assert abs(mean - reference) <= 4 * math.hypot(error, reference_error)
    assert runs.versions <= 250


@pytest.mark.parametrize("case", OTHERS, ids=lambda case: f"{case['policy']}, {case['environment']}")
def test_the_other_policies_cost_what_the_references_cost(case: dict[str, Any]) -> None:
    """Versions cost a little more than a look at every outcome; hence two per cent beside the error."""
    design = Design(POLICIES[case["policy"]], every=case["every"])
    mean, error = mean_and_error(lives(case["environment"], design, 60).final)
    allowed = 4 * math.hypot(error, case["error"]) + 0.02 * case["mean"]
    assert abs(mean - case["mean"]) <= allowed


def test_every_arm_of_an_upper_bound_can_be_drawn() -> None:
    runs = lives("hard10", Design(KLUCB(), floor_ppm=1, every=1000), 50)
    assert 0 < runs.least_propensity < 1


def test_all_decisions_are_made_and_their_regret_is_counted() -> None:
    world = Environment((0.2, 0.5), 333)
    runs = simulate(world, Design(ThompsonSampling()), np.random.default_rng(1), runs=3)
    assert runs.trials.sum(axis=1).tolist() == [333] * 3
    assert runs.final == pytest.approx(runs.trials[:, 0] * 0.3)
    assert (np.diff(runs.regret, axis=1) >= 0).all()
    assert runs.decisions[-1] == 333


def test_the_same_seed_lives_the_same_life() -> None:
    first, second = (lives("easy2", Design(ThompsonSampling()), 3, seed=7) for _ in range(2))
    assert (first.regret == second.regret).all()


class Stubborn(Policy):
    """Always the first arm."""

    def shares(self, tallies: Tallies) -> Array:
        out = np.zeros_like(tallies.n)
        out[:, 0] = 1
        return out


def test_the_floor_keeps_every_arm_alive() -> None:
    world = Environment((0.9, 0.1, 0.1), 30_000)
    starved, floored = (
        simulate(world, Design(Stubborn(), floor), np.random.default_rng(3), runs=1).trials[0]
        for floor in (0, 2_000)
    )
    assert starved[1] + starved[2] <= 1  # the first decision knows no policy
    assert floored[1] + floored[2] == pytest.approx(120, abs=4 * math.sqrt(120))


def test_what_is_forgotten_costs_where_nothing_changes_and_pays_where_the_best_arm_does() -> None:
    sliding = Forgetting(window=5_000)
    found = {
        (name, memory): lives(name, Design(ThompsonSampling(), forgetting=memory), 40).final.mean()
        for name in ("ladder5", "switching")
        for memory in (None, sliding)
    }
    assert found["ladder5", sliding] > 1.3 * found["ladder5", None]
    assert found["switching", sliding] < 0.95 * found["switching", None]


def test_delays_that_differ_by_arm_are_learned_or_told() -> None:
    """The bars: 200 with estimated delays, 130 with their law; what has not converted taken for a failure costs 290."""
    found = {
        how: lives("slow_best", Design(ThompsonSampling(), correct=how), 40).final.mean()
        for how in ("nothing", "estimated", "law")
    }
    assert found["nothing"] > 250
    assert found["estimated"] <= 200
    assert found["law"] <= 130


def test_five_models_are_promoted_as_their_mode_promises() -> None:
    earn, learn = MODES[Purpose.EARN], MODES[Purpose.LEARN]
    for policy, floor, threshold, most_wrong, within in (
        (ThompsonSampling(), earn.floor_ppm, 0.95, 0.03, 5_000),
        (TopTwo(), learn.floor_ppm, 0.99, 0.01, 1_700),
    ):
        runs = lives("fivemodel", Design(policy, floor, promotion=PromotionRule(threshold, 500, 0)), 100)
        done = runs.promoted >= 0
        assert done.mean() >= 0.94
        assert (done & (runs.promoted != 4)).mean() <= most_wrong
        assert np.median(runs.promoted_at[done]) <= within


def test_money_is_learned_from_too() -> None:
    world = ENVIRONMENTS["revenue4"]
    runs = lives("revenue4", Design(ThompsonSampling()), 30)
    assert runs.final.mean() < 0.6 * equal_split(world)


@pytest.mark.parametrize(
    ("rates", "horizon", "message"),
    [((0.1,), 10, "2 to 100 arms"), ((0.1, 1.2), 10, "between 0 and 1"), ((0.1, 0.2), 0, "horizon")],
)
def test_what_is_no_world_is_refused(rates: tuple[float, ...], horizon: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Environment(rates, horizon)


def test_delays_are_corrected_only_where_there_are_any() -> None:
    with pytest.raises(ValueError, match="nothing arrives late"):
        lives("easy2", Design(ThompsonSampling(), correct="law"), 1)
