"""What a policy would have cost: Bernoulli environments whose rates are known, decided from published propensities.

For tests, calibration and documentation. It runs the product's own policy, floor and refresh rule. It must not know
a database, an event or a real clock: time is counted in decisions, and every outcome is known at once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from litmus.decide import BUCKETS

from litmus_server.bandits.allocation import allocate
from litmus_server.bandits.policies import Arm, Policy, State
from litmus_server.bandits.refresh import RefreshRule


@dataclass(frozen=True, slots=True)
class Environment:
    """Arms that convert at fixed `rates`, for `horizon` decisions."""

    rates: tuple[float, ...]
    horizon: int


ENVIRONMENTS = {
    "ladder5": Environment((0.10, 0.11, 0.12, 0.13, 0.14), 20_000),
    "easy2": Environment((0.10, 0.12), 20_000),
    "hard10": Environment((0.10, *[0.05] * 3, *[0.02] * 3, *[0.01] * 3), 20_000),
    "cl10": Environment((0.50, *[0.40] * 9), 20_000),
    "fivemodel": Environment((0.62, 0.66, 0.70, 0.74, 0.80), 5_000),
}
"""The environments of the literature and of the five-model tutorial; reference regrets in `spec/bandits/regret.json`."""


@dataclass(frozen=True, slots=True)
class Run:
    """One life of a policy. `regret` is Σ (best rate − rate of the arm that decided), over all decisions."""

    regret: float
    versions: int
    trials: tuple[int, ...]


def simulate(
    environment: Environment,
    policy: Policy,
    rng: np.random.Generator,
    *,
    floor_ppm: int = 0,
    rule: RefreshRule | None = None,
    cap: int = 1_000,
) -> Run:
    """Decide `horizon` times from snapshots, republished on growth or after `cap` decisions (the maximum age)."""
    rates = np.array(environment.rates)
    active = [True] * len(rates)
    successes, trials = np.zeros(len(rates), dtype=np.int64), np.zeros(len(rates), dtype=np.int64)
    versions = 0
    for decisions in _batches(environment.horizon, rule or RefreshRule(), cap):
        state = State(tuple(map(Arm, successes.tolist(), trials.tolist())))
        ppm = allocate(policy.propensities(state), active, floor_ppm)
        versions += 1
        chosen = rng.multinomial(decisions, np.array(ppm) / BUCKETS)
        trials += chosen
        successes += rng.binomial(chosen, rates)
    regret = float(trials @ (rates.max() - rates))
    return Run(regret, versions, tuple(trials.tolist()))


def mean_and_error(values: Sequence[float]) -> tuple[float, float]:
    """The mean over runs and its standard error."""
    return float(np.mean(values)), float(np.std(values, ddof=1) / np.sqrt(len(values)))


def _batches(horizon: int, rule: RefreshRule, cap: int) -> Iterator[int]:
    """How many decisions each version makes. It does not depend on the outcomes, because all are known at once."""
    done = 0
    while done < horizon:
        until = min(rule.outcomes_due(done), done + cap, horizon)
        yield until - done
        done = until
