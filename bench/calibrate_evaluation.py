"""Off-policy evaluation: do its intervals hold the truth, and is the gain what the other policy would have earned?

uv run python bench/calibrate_evaluation.py [--runs 2000]

A bandit decides 20,000 units from versions of growing size; its log is then asked what other policies would have earned on these
very units, which is known. Bar: at least 93 % of
95 % intervals hold it, doubly robust and gain, wherever the log is not refused more often than not.
"""

import argparse
import sys
from collections import defaultdict

import numpy as np
from litmus_server.bandits.evaluation import Evaluation, evaluate
from litmus_server.stats.adaptive import Batch
from litmus_server.stats.moments import MICRO, Moments
from litmus_server.stats.pbest import pbest_beta
from numpy.typing import NDArray

Array = NDArray[np.float64]
WORLDS = {
    "ladder5": (0.10, 0.11, 0.12, 0.13, 0.14),
    "equal2": (0.10, 0.10),
    "equal5": (0.10,) * 5,
    "rare3": (0.010, 0.012, 0.015),
    "fivemodel": (0.62, 0.66, 0.70, 0.74, 0.80),
}
FLOORS = (0.002, 0.05)


def sizes(horizon: int) -> list[int]:
    """Versions by growth of 5 %, the first one of 200 units."""
    out, done = [200], 200
    while done < horizon:
        out.append(min(max(1, done // 20), horizon - done))
        done += out[-1]
    return out


def converted(successes: int, units: int) -> Moments:
    return Moments(units, successes * MICRO, successes * MICRO**2, successes * MICRO**3)


def shares(a: Array, b: Array, floor: float) -> Array:
    p = np.array(pbest_beta(a.tolist(), b.tolist()).probability)
    out: Array = floor + (1 - floor * len(p)) * p
    return np.asarray(out / out.sum())


def life(
    rates: Array, floor: float, horizon: int, rng: np.random.Generator
) -> tuple[list[Batch], dict[str, list[Array]]]:
    """A bandit's log, and the shares that other policies have in each of its batches."""
    arms = len(rates)
    wins, tries = np.zeros(arms), np.zeros(arms)
    batches: list[Batch] = []
    targets: dict[str, list[Array]] = defaultdict(list)
    uniform = np.full(arms, 1 / arms)
    for size in sizes(horizon):
        e = shares(1 + wins, 1 + tries - wins, floor)
        mean = (wins + 1) / (tries + 2)
        greedy = np.full(arms, 0.1 / arms) + 0.9 * (np.arange(arms) == mean.argmax())
        targets["uniform"].append(uniform)
        targets["first arm"].append(np.eye(arms)[0])
        targets["last arm"].append(np.eye(arms)[-1])
        targets["epsilon-greedy"].append(greedy)
        targets["the log's own"].append(e)
        n = rng.multinomial(size, e)
        s = rng.binomial(n, rates)
        batches.append(Batch(tuple(map(converted, s.tolist(), n.tolist())), tuple(e)))
        wins, tries = wins + s, tries + n
    return batches, targets


def coverage(rates: Array, floor: float, horizon: int, runs: int, seed: int) -> dict[str, dict[str, float]]:
    """By target: how often the truth was inside, how often evaluation was refused, how wide the gain's interval is."""
    rng = np.random.default_rng(seed)
    inside: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for _ in range(runs):
        batches, targets = life(rates, floor, horizon, rng)
        units = np.array([sum(arm.n for arm in batch.arms) for batch in batches])
        drawn = np.array([batch.propensities for batch in batches]) @ rates
        for name, rows in targets.items():
            found = evaluate(batches, [row.tolist() for row in rows])
            kept = inside[name]
            kept["refused"].append(not isinstance(found, Evaluation))
            if not isinstance(found, Evaluation):
                continue
            value = float(units @ (np.array(rows) @ rates) / units.sum())
            truth = {
                "doubly_robust": value,
                "self_normalised": value,
                "inverse_propensity": value,
                "gain": value - float(units @ drawn / units.sum()),
            }
            for what, true in truth.items():
                interval = getattr(found, what).interval
                kept[what].append(interval.lower <= true <= interval.upper)
            kept["width"].append(found.gain.interval.upper - found.gain.interval.lower)
            kept["error"].append(found.gain.estimate - truth["gain"])
    return {
        name: {what: float(np.mean(values)) for what, values in each.items()} for name, each in inside.items()
    }


def main() -> None:
    parse = argparse.ArgumentParser(description=__doc__)
    parse.add_argument("--runs", type=int, default=2_000)
    given = parse.parse_args()
    missed = []
    print(
        f"{'world':<10} {'floor':>6} {'target':<15} {'dr':>6} {'snips':>6} {'ips':>6} {'gain':>6} {'width':>8} {'bias':>9} refused"
    )
    for world, rates in WORLDS.items():
        for floor in FLOORS:
            for name, found in coverage(np.array(rates), floor, 20_000, given.runs, 20261120).items():
                told = {"doubly_robust": 0.0, "self_normalised": 0.0, "inverse_propensity": 0.0, "gain": 0.0, "width": 0.0, "error": 0.0} | found  # fmt: skip
                print(
                    f"{world:<10} {floor:>6} {name:<15} {told['doubly_robust']:>6.3f} {told['self_normalised']:>6.3f} "
                    f"{told['inverse_propensity']:>6.3f} {told['gain']:>6.3f} {told['width']:>8.4f} {told['error']:>9.5f} {told['refused']:>6.1%}"
                )
                missed += [
                    (world, floor, name, what, told[what])
                    for what in ("doubly_robust", "gain")
                    if told["refused"] < 0.5 and name != "the log's own" and not told[what] >= 0.93
                ]
    print("missed:", missed or "nothing")
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
