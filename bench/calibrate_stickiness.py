"""What do units that return cost a bandit, by what sticks to them, and which of their draws have the probability that the log says?

    python bench/calibrate_stickiness.py [--runs 1000]

Five rates from .10 to .14, 20,000 visits, 4,000 units that come five times at any moment, Thompson sampling from snapshots without
a floor. Regret by what sticks; beside it soft that learns only from draws whose probability is exact. The per-arm sample-ratio
test at 5 % over all that counts as a draw, and of soft over all visits. How many revisits of soft are left to chance at all. And
false alarms of Welch's test over stays as units, under equal arms, where units differ much: half convert never, half often. Seeds
are fixed. Ends with 1 when a bar is missed. Some minutes.
"""

import argparse
import sys
import time
from dataclasses import dataclass, replace

import numpy as np
from litmus_server.bandits.environments import ENVIRONMENTS, Environment
from litmus_server.bandits.policies import ThompsonSampling
from litmus_server.bandits.returning import Keep, Stickiness, Visits
from litmus_server.bandits.simulate import Design, mean_and_error, simulate
from litmus_server.bandits.tallies import Tallies
from numpy.typing import NDArray
from scipy.special import ndtri

Array = NDArray[np.float64]

WORLD = replace(ENVIRONMENTS["ladder5"], visits=5)
KEPT = {
    "forever": Stickiness(Keep.FOREVER),
    "ttl:2000": Stickiness(Keep.TTL, 2_000),
    "ttl:8000": Stickiness(Keep.TTL, 8_000),
    "soft": Stickiness(Keep.SOFT),
    "none": Stickiness(Keep.NONE),
}
CHUNK = 100


@dataclass
class Told:
    """What became of runs in which each draw was looked at. `surplus` is Z of each arm, per run."""

    regret: list[Array]
    surplus: list[Array]
    revisits: int = 0
    settled: int = 0
    """Those whose arm the first draw left no choice about."""


def lives(world: Environment, kept: Stickiness, runs: int, *, learn_fresh: bool, count_fresh: bool) -> Told:
    """A version every 100 visits, at least a ten-thousandth an arm, so that every Z has a spread."""
    told, arms = Told([], []), len(world.rates)
    rates = np.array(world.rates)
    for chunk in range(runs // CHUNK):
        rng = np.random.default_rng([20261120, chunk])
        visits = Visits(rng, world.horizon, world.visits, kept, CHUNK, arms)
        trials, wins, over, spread = (np.zeros((CHUNK, arms)) for _ in range(4))
        lost = np.zeros(CHUNK)
        first_arm = np.full((CHUNK, world.horizon), -1)
        first_shares: dict[int, Array] = {}
        for start in range(0, world.horizon, 100):
            policy = ThompsonSampling()
            p = (
                policy.weighed(policy.chances(Tallies(trials, wins)))
                if start
                else np.full((CHUNK, arms), 1 / arms)
            )
            p = 0.9995 * p + 0.0001
            p /= p.sum(axis=1, keepdims=True)
            given = visits.arms(rng, start, start + 100, p)
            chosen = np.eye(arms, dtype=np.int8)[given]
            fresh = visits.fresh[start : start + 100]
            if kept.keep is Keep.SOFT:
                fresh = _first(visits._who, start)
                _chance(told, visits._who[start : start + 100], fresh, given, p, first_arm, first_shares)
            counted = chosen[:, fresh] if count_fresh else chosen
            over += counted.sum(axis=1) - counted.shape[1] * p
            spread += counted.shape[1] * p * (1 - p)
            outcome = (rng.random(given.shape) < rates[given])[:, :, None] * chosen
            learned = fresh if learn_fresh else slice(None)
            trials += chosen[:, learned].sum(axis=1)
            wins += outcome[:, learned].sum(axis=1)
            lost += (rates.max() - rates[given]).sum(axis=1)
        told.regret.append(lost)
        told.surplus.append(over / np.sqrt(spread))
    return told


def _first(who: NDArray[np.int64], start: int) -> NDArray[np.bool_]:
    seen = np.zeros(int(who.max()) + 1, dtype=bool)
    seen[who[:start]] = True
    here = who[start : start + 100]
    first = np.zeros(len(here), dtype=bool)
    first[np.unique(here, return_index=True)[1]] = True
    return first & ~seen[here]


def _chance(
    told: Told, who: NDArray[np.int64], fresh: NDArray[np.bool_], given: NDArray[np.int64], p: Array, first_arm: NDArray[np.int64],
    first_shares: dict[int, Array],
) -> None:  # fmt: skip
    """Of revisits, those to which the first draw left nothing to chance: the arm's share has shrunk against none of the others."""
    rows = np.arange(len(p))
    for place, unit in enumerate(who.tolist()):
        if fresh[place]:
            first_arm[:, unit], first_shares[unit] = given[:, place], p
            continue
        grown = p / first_shares[unit]
        mine = grown[rows, first_arm[:, unit]]
        told.revisits += len(p)
        told.settled += int((mine >= grown.max(axis=1) - 1e-12).sum())


def false_alarms(runs: int, rng: np.random.Generator) -> float:
    """Of Welch's test at 5 % over stays, where half of the units convert at 40 % of their visits and half never."""
    visits, units, lasts = 20_000, 4_000, 2_000
    alarms = 0
    for _ in range(runs):
        kept = Visits(rng, visits, 5, Stickiness(Keep.TTL, lasts), 1, 2)
        arm = kept.arms(rng, 0, visits, np.array([[0.5, 0.5]]))[0]
        outcome = rng.random(visits) < np.where(rng.random(units) < 0.5, 0.4, 0.0)[kept._who]
        order = np.lexsort((np.arange(visits), kept._who))
        stay = np.cumsum(kept.fresh[order]) - 1
        total = np.bincount(stay, outcome[order])
        of = arm[order][kept.fresh[order]]
        a, b = total[of == 0], total[of == 1]
        z = (a.mean() - b.mean()) / np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))
        alarms += abs(z) > ndtri(0.975)
    return alarms / runs


def main() -> int:
    given = argparse.ArgumentParser()
    given.add_argument("--runs", type=int, default=1_000)
    runs = max(CHUNK, given.parse_args().runs // CHUNK * CHUNK)
    began, missed = time.monotonic(), []
    print(f"regret, {runs:,} runs, versions on growth")
    regret = {}
    for name, kept in KEPT.items():
        parts = [
            simulate(
                WORLD,
                Design(ThompsonSampling(), stickiness=kept),
                np.random.default_rng([7, chunk]),
                runs=CHUNK,
            ).final
            for chunk in range(runs // CHUNK)
        ]
        regret[name], error = mean_and_error(np.concatenate(parts))
        print(f"  {name:<10} {regret[name]:7.1f} ± {error:.1f}")
    if regret["ttl:2000"] > 0.7 * regret["forever"]:
        missed.append("ttl earns less than it should")
    if regret["ttl:2000"] > 1.25 * regret["soft"]:
        missed.append("soft would earn much more than ttl")
    exact = lives(WORLD, KEPT["soft"], runs, learn_fresh=True, count_fresh=True)
    value, error = mean_and_error(np.concatenate(exact.regret))
    print(f"  soft that learns from exact draws only {value:7.1f} ± {error:.1f} (a version every 100)")
    print("per-arm sample ratio at 5 %: rejected of all arms and runs")
    for name, kept, fresh in (
        ("forever, first draws", KEPT["forever"], True), ("ttl:2000, every draw", KEPT["ttl:2000"], True),
        ("none, every visit", KEPT["none"], False), ("soft, first draws", KEPT["soft"], True), ("soft, all visits", KEPT["soft"], False),
        ("forever, all visits", KEPT["forever"], False),
    ):  # fmt: skip
        told = lives(WORLD, kept, runs, learn_fresh=False, count_fresh=fresh)
        z = np.concatenate(told.surplus)
        rejected = float((np.abs(z) > ndtri(0.975)).mean())
        print(f"  {name:<22} {rejected:6.1%}")
        if "all" not in name and not 0.04 <= rejected <= 0.06:
            missed.append(f"sample ratio of {name}")
        if name == "soft, all visits":
            print(
                f"  of its revisits, left nothing to chance by the first draw: {told.settled / told.revisits:.1%}"
            )
    alarms = false_alarms(2 * runs, np.random.default_rng(11))
    print(f"false alarms over stays as units, {2 * runs:,} runs, units differ: {alarms:.1%}")
    if alarms > 0.05 + 3 * np.sqrt(0.05 * 0.95 / (2 * runs)):
        missed.append("stays are not units")
    print(f"{time.monotonic() - began:.0f} s; {'; '.join(missed) or 'all bars met'}")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
