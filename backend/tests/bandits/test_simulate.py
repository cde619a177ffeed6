"""Regret, against an independent simulation: 4 combined standard errors. The long run is `bench/calibrate.py`."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from litmus_server.bandits.policies import State, ThompsonSampling
from litmus_server.bandits.simulate import ENVIRONMENTS, Environment, mean_and_error, simulate

CASES = json.loads((Path(__file__).parents[3] / "spec" / "bandits" / "regret.json").read_text())["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["environment"])
def test_thompson_sampling_from_snapshots_costs_what_the_reference_costs(case: dict[str, Any]) -> None:
    runs = [
        simulate(ENVIRONMENTS[case["environment"]], ThompsonSampling(), np.random.default_rng(seed))
        for seed in range(20)
    ]
    mean, error = mean_and_error([run.regret for run in runs])
    reference, reference_error = case["growth"] or case["per_request"]
    assert abs(mean - reference) <= 4 * math.hypot(error, reference_error)
    assert all(run.versions <= 250 for run in runs)


def test_all_decisions_are_made_and_their_regret_is_counted() -> None:
    environment = Environment((0.2, 0.5), 333)
    run = simulate(environment, ThompsonSampling(), np.random.default_rng(1))
    assert sum(run.trials) == 333
    assert run.regret == pytest.approx(run.trials[0] * 0.3)


def test_the_same_seed_lives_the_same_life() -> None:
    first, second = (
        simulate(ENVIRONMENTS["easy2"], ThompsonSampling(), np.random.default_rng(7)) for _ in range(2)
    )
    assert first == second


def test_the_floor_keeps_every_arm_alive() -> None:
    class Greedy:
        def propensities(self, state: State) -> tuple[float, ...]:
            return (1.0, *[0.0] * (len(state.arms) - 1))

    environment = Environment((0.9, 0.1, 0.1), 30_000)
    starved = simulate(environment, Greedy(), np.random.default_rng(3))
    floored = simulate(environment, Greedy(), np.random.default_rng(3), floor_ppm=2_000)
    assert starved.trials == (30_000, 0, 0)
    assert floored.trials[1] + floored.trials[2] == pytest.approx(120, abs=4 * math.sqrt(120))
