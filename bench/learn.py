"""What one refresh of a policy costs, how exact it is, and its ratio to 10,000 Beta draws an arm in the same run.

    python bench/learn.py [--rounds 15]

The best round counts: what disturbs a round is the neighbours. Bars: 5 arms within 1 ms, 100 arms within 120 ms,
no reference missed by more than 1e-9.
"""

import argparse
import json
import platform
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from litmus_server.bandits.allocation import allocate
from litmus_server.bandits.arms import Arm, State
from litmus_server.bandits.policies import ThompsonSampling
from litmus_server.stats.beta import credible_intervals
from litmus_server.stats.pbest import pbest_beta, pbest_normal
from numpy.typing import NDArray

SPEC = Path(__file__).parents[1] / "spec" / "stats"


def arms_alike(count: int) -> State:
    """As an experiment has them: rates near one another, the leader with most of the traffic."""
    rng = np.random.default_rng(count)
    trials = rng.integers(200, 5_000, count).tolist()
    trials[-1] = 200_000
    return State(
        tuple(Arm(round(n * p), n) for n, p in zip(trials, rng.uniform(0.08, 0.12, count), strict=True))
    )


def arms_unlike(count: int) -> State:
    """The worst case for the panels: sample sizes from 1 to 1e8, rates from 0 to 1."""
    rng = np.random.default_rng(count)
    trials = (10 ** rng.uniform(0, 8, count)).astype(int).tolist()
    return State(tuple(Arm(int(n * p), n) for n, p in zip(trials, rng.uniform(0, 1, count), strict=True)))


def refresh(state: State) -> None:
    allocate(ThompsonSampling().propensities(state), [True] * len(state.arms))


def posteriors(state: State) -> NDArray[np.float64]:
    """Two rows, alpha and beta, of an arm each column."""
    return np.array([ThompsonSampling().posterior(arm) for arm in state.arms if isinstance(arm, Arm)]).T


def draws(state: State) -> None:
    """What others do instead: the share of 10,000 joint draws that each arm wins (standard error 0.005)."""
    a, b = posteriors(state)
    samples = np.random.default_rng(1).beta(a, b, (10_000, len(a)))
    np.bincount(samples.argmax(axis=1), minlength=len(a))


def intervals(state: State) -> None:
    """A report's series: 500 points of every arm."""
    a, b = np.repeat(posteriors(state), 500, axis=1)
    credible_intervals(a, b)


def best_of(rounds: int, run: Callable[[State], None], state: State) -> float:
    """Milliseconds of the quickest round."""
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        run(state)
        best = min(best, time.perf_counter() - start)
    return best * 1e3


def worst_error() -> float:
    """Over all golden references."""
    errors = []
    for name, compute, first, second in (
        ("pbest_beta.json", pbest_beta, "a", "b"),
        ("pbest_normal.json", pbest_normal, "mean", "sd"),
    ):
        for case in json.loads((SPEC / name).read_text())["cases"]:
            p = np.array(compute(case[first], case[second]).probability)
            errors.append(float(np.abs(p - case["p"]).max()))
    return max(errors)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    found: dict[str, float] = {}
    for name, state in [
        ("2 arms", arms_alike(2)),
        ("5 arms", arms_alike(5)),
        ("20 arms", arms_alike(20)),
        ("100 arms", arms_alike(100)),
        ("100 arms, 1 to 1e8 trials", arms_unlike(100)),
    ]:
        exact, drawn = best_of(rounds, refresh, state), best_of(rounds, draws, state)
        print(
            f"refresh, {name:28} {exact:8.2f} ms   {exact / drawn:5.2f} of 10,000 draws an arm ({drawn:.2f} ms)"
        )
        found[name] = round(exact, 3)
    found["2,500 intervals"] = round(best_of(rounds, intervals, arms_alike(5)), 3)
    print(f"2,500 credible intervals              {found['2,500 intervals']:8.2f} ms")
    found["worst error"] = worst_error()
    print(f"worst error on the references         {found['worst error']:8.1e}")
    print(json.dumps({"python": platform.python_version(), "numpy": np.__version__, **found}))


if __name__ == "__main__":
    main()
