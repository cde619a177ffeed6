"""Off-policy evaluation: do its intervals hold the truth, and is the gain what the other policy would have earned?

uv run python bench/calibrate_evaluation.py [--runs 2000] [--only segments3x4]

A bandit decides 20,000 units from versions of growing size; its log is then asked what other policies would have earned on these
very units, which is known. In `segments3x4` each unit has shares of its own, by its segment and, one unit in five, by the three of four arms that it
may get; "a version" is the archived model of the middle of the log, which has learned from half of the units that judge it. Bar: at least 93 % of
95 % intervals hold it, doubly robust and gain, wherever the log is not refused more often than not; a version has none, and its bias is shown.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
from litmus_server.bandits.contextual import MICRO as REWARD
from litmus_server.bandits.contextual import SEGMENTED, Sums, columns_of, fit, read_model, vector_of
from litmus_server.bandits.contextual_simulate import SEGMENT_RATES, SEGMENT_SCHEMA, SEGMENT_SHARES
from litmus_server.bandits.evaluation import Evaluation, NoOverlap, evaluate
from litmus_server.bandits.unit_evaluation import Units, evaluate_units
from litmus_server.stats.absence import TooFew
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
WITHOUT_BAR = {"the log's own", "a version"}
HORIZON = 20_000
CONTEXTUAL = "segments3x4"
OWN = ("lints", SEGMENTED)
PARAMETERS = {"exploration": 1.0, "ridge": 1.0, "prior_alpha": 1.0, "prior_beta": 1.0}


class Asked(NamedTuple):
    """What was answered about a policy, and the truth: what it and the log's own were expected to earn a unit."""

    policy: str
    found: Evaluation | NoOverlap | TooFew
    value: float
    logged: float


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


def asked_of_versions(rates: Array, floor: float, rng: np.random.Generator) -> Iterator[Asked]:
    batches, targets = life(rates, floor, HORIZON, rng)
    units = np.array([sum(arm.n for arm in batch.arms) for batch in batches])
    drawn = np.array([batch.propensities for batch in batches]) @ rates
    for name, rows in targets.items():
        found = evaluate(batches, [row.tolist() for row in rows])
        value = float(units @ (np.array(rows) @ rates) / units.sum())
        yield Asked(name, found, value, float(units @ drawn / units.sum()))


class Learned:
    """What was learned in each segment of each arm, and the shares that a model of this type makes of it."""

    def __init__(self, kind: str, floor: float) -> None:
        self._kind, self._parameters = kind, PARAMETERS | {"floor": floor}
        self._vectors = [vector_of(kind, SEGMENT_SCHEMA, {"segment": name}) for name in "abc"]
        segments, self.arms = SEGMENT_RATES.shape
        self.units, self.wins = np.zeros((segments, self.arms), int), np.zeros((segments, self.arms), int)

    def shares(self, eligible: Array) -> Array:
        """By row of `eligible` (which arms), segment and arm."""
        x = np.array(self._vectors, dtype=object)
        lower = np.tril_indices(columns_of(self._kind, SEGMENT_SCHEMA))
        sums = []
        for n, s in zip(self.units.T.tolist(), self.wins.T.tolist(), strict=True):
            outer = sum(count * np.outer(v, v) for count, v in zip(n, x, strict=True))
            cross = sum(count * REWARD * v for count, v in zip(s, x, strict=True))
            sums.append(Sums(sum(n), outer[lower].tolist(), cross.tolist(), sum(s) * REWARD**2))
        document = fit(self._kind, self._parameters, sums, SEGMENT_SCHEMA, higher_is_better=True, binary=True)
        model = read_model(document, self._kind, SEGMENT_SCHEMA, self.arms)
        return np.array([[model.shares(v, on) for v in self._vectors] for on in eligible.tolist()]) / 1e6


def asked_of_units(kind: str, floor: float, rng: np.random.Generator) -> Iterator[Asked]:
    learned = Learned(kind, floor)
    eligible = np.ones((1 + learned.arms, learned.arms), dtype=bool)
    eligible[1:] = ~np.eye(learned.arms, dtype=bool)
    segment = rng.choice(len(SEGMENT_SHARES), HORIZON, p=SEGMENT_SHARES)
    allowed = np.where(rng.random(HORIZON) < 0.8, 0, rng.integers(1, 1 + learned.arms, HORIZON))
    expected, luck, dice = SEGMENT_RATES[segment], rng.random(HORIZON), rng.random(HORIZON)
    e = np.empty(expected.shape)
    arm, batch = np.empty(HORIZON, int), np.empty(HORIZON, int)
    versions, start = [], 0
    for number, size in enumerate(sizes(HORIZON)):
        mine = slice(start, start + size)
        versions.append(learned.shares(eligible))
        e[mine] = versions[-1][allowed[mine], segment[mine]]
        arm[mine] = (dice[mine, None] >= e[mine].cumsum(axis=1)).sum(axis=1).clip(max=learned.arms - 1)
        batch[mine] = number
        won = luck[mine] < expected[mine][np.arange(size), arm[mine]]
        np.add.at(learned.units, (segment[mine], arm[mine]), 1)
        np.add.at(learned.wins, (segment[mine], arm[mine]), won)
        start += size
    y = (luck < expected[np.arange(HORIZON), arm]).astype(float)
    possible = eligible[allowed]
    worth = np.where(possible, expected, -1)
    targets = {
        "uniform": possible / possible.sum(axis=1, keepdims=True),
        "each its best": np.eye(learned.arms)[worth.argmax(axis=1)],
        "a version": versions[len(versions) // 2][allowed, segment],
        "the log's own": e,
    }
    logged = float((e * expected).sum(axis=1).mean())
    for name, q in targets.items():
        found = evaluate_units(Units(batch, arm, y, e), q)
        yield Asked(name, found, float((q * expected).sum(axis=1).mean()), logged)


def coverage(
    ask: Callable[[np.random.Generator], Iterator[Asked]], runs: int, seed: int
) -> dict[str, dict[str, float]]:
    """By policy: how often the truth was inside, how often evaluation was refused, how wide the gain's interval is."""
    rng = np.random.default_rng(seed)
    inside: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for _ in range(runs):
        for policy, found, value, logged in ask(rng):
            kept = inside[policy]
            kept["refused"].append(not isinstance(found, Evaluation))
            if not isinstance(found, Evaluation):
                continue
            truth = {
                "doubly_robust": value,
                "self_normalised": value,
                "inverse_propensity": value,
                "gain": value - logged,
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
    parse.add_argument("--only", choices=[*WORLDS, CONTEXTUAL])
    given = parse.parse_args()
    missed = []
    asked: list[tuple[str, str, float, Callable[[np.random.Generator], Iterator[Asked]]]] = [
        (world, "thompson_sampling", floor, partial(asked_of_versions, np.array(rates), floor))
        for world, rates in WORLDS.items()
        for floor in FLOORS
    ]
    asked += [
        (CONTEXTUAL, kind, floor, partial(asked_of_units, kind, floor)) for kind in OWN for floor in FLOORS
    ]
    print(
        f"{'world':<11} {'type':<18} {'floor':>6} {'target':<15} {'dr':>6} {'snips':>6} {'ips':>6} {'gain':>6} {'width':>8} {'bias':>9} refused"
    )
    for world, kind, floor, ask in asked:
        if given.only not in {None, world}:
            continue
        for name, found in coverage(ask, given.runs, 20261120).items():
            told = {"doubly_robust": 0.0, "self_normalised": 0.0, "inverse_propensity": 0.0, "gain": 0.0, "width": 0.0, "error": 0.0} | found  # fmt: skip
            print(
                f"{world:<11} {kind:<18} {floor:>6} {name:<15} {told['doubly_robust']:>6.3f} {told['self_normalised']:>6.3f} "
                f"{told['inverse_propensity']:>6.3f} {told['gain']:>6.3f} {told['width']:>8.4f} {told['error']:>9.5f} {told['refused']:>6.1%}",
                flush=True,
            )
            missed += [
                (world, kind, floor, name, what, told[what])
                for what in ("doubly_robust", "gain")
                if told["refused"] < 0.5 and name not in WITHOUT_BAR and not told[what] >= 0.93
            ]
    print("missed:", missed or "nothing")
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
