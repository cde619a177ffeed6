"""Do contextual policies learn what they may? Rewards on handwritten digits, and regret in three segments.

    python bench/calibrate_contextual.py [--runs 60] [--seeds 5] [--held 1000] [--processes 2] [--short] [--only holdback]

Digits: 64 pixels, ten arms, a reward of 1 for the right digit, `spec/bandits/digits.csv.gz`; a new model after every reward
and no floor, as the figures of other libraries are made, and beside it the product's own refresh and floor. Segments: the
product with its default settings. Holdback: whether the interval of what a policy brought, in the same segments, holds what it brought in
truth, at one look and at every look from 400 units on. Seeds are fixed. Ends with 1 when a bar is missed. `--short` leaves out the four passes.
"""

import argparse
import gzip
import json
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from litmus_server.bandits.contextual_simulate import Outcome, classification, segments3x4, simulate
from litmus_server.bandits.held_back import Brought, brought
from litmus_server.bandits.refresh import RefreshRule
from litmus_server.bandits.simulate import mean_and_error
from litmus_server.domain.draft import PARAMETERS, ExperimentType
from litmus_server.domain.holdback import Baseline, Held, Holdback
from litmus_server.stats.critical import AlwaysValid, Fixed, best_ratio

DIGITS = Path(__file__).parents[1] / "spec" / "bandits" / "digits.csv.gz"
EXPLORATION = {"linucb": 0.25, "lints": 0.4}
DRAWS = 2
"""Runs a seed: the order of the digits is the seed's, what the policy draws is not."""


def defaults(kind: str) -> dict[str, float]:
    taken = PARAMETERS[ExperimentType(kind)].items()
    return {name: each.default for name, each in taken if each.default is not None}


@cache
def digits() -> Any:
    with gzip.open(DIGITS) as file:
        table = np.loadtxt(file, delimiter=",")
    return table[:, :-1], table[:, -1].astype(np.int64)


def on_digits(kind: str, passes: int, *, as_served: bool, run: int) -> float:
    seed, draw = divmod(run, DRAWS)
    parameters = defaults(kind) | {"exploration": EXPLORATION[kind]}
    if not as_served:
        parameters["floor"] = 0.0
    examples, labels = digits()
    stream = classification(examples, labels, 16, seed, passes)
    rng = np.random.default_rng(10_000 * (draw + 1) + seed)
    return simulate(kind, parameters, stream, rng, rule=RefreshRule() if as_served else None).earned


def on_segments(kind: str, run: int) -> float:
    rng = np.random.default_rng(10_000 + run)
    return simulate(kind, defaults(kind), segments3x4(run), rng, rule=RefreshRule()).regret


HORIZON = 10_000
LOOKS = np.unique(np.geomspace(400, HORIZON, 40).astype(int))
HOLDBACKS = [Holdback(round(share * 1e6), to) for share in (0.05, 0.2) for to in Baseline]
HOLDS_ONCE, HOLDS_ALWAYS = 0.935, 0.94


def on_holdback(kind: str, holdback: Holdback, run: int) -> tuple[float, float, float, float, bool]:
    """What it brought in truth, what is said of that, half the interval, and whether that holds at the last look (1, 0, nan: none)
    and at all of them."""
    rng = np.random.default_rng(50_000 + run)
    stream = segments3x4(90_000 + run, HORIZON)
    lived = simulate(kind, defaults(kind), stream, rng, rule=RefreshRule(), holdback=holdback)
    always = all(
        found.lower <= lived.brought[units - 1] <= found.upper
        for units in LOOKS
        if (found := said(lived, holdback, units, watched=True)) is not None
    )
    truth, last = float(lived.brought[-1]), said(lived, holdback, HORIZON, watched=False)
    if last is None:
        return truth, np.nan, np.nan, np.nan, always
    return (
        truth,
        last.estimate,
        (last.upper - last.lower) / 2,
        float(last.lower <= truth <= last.upper),
        always,
    )


def said(lived: Outcome, holdback: Holdback, units: int, *, watched: bool) -> Brought | None:
    groups = []
    for side in (False, True):
        mine = lived.held[:units] == side
        count, converted = int(mine.sum()), int(lived.reward[:units][mine].sum())
        powers = (converted * 1_000_000**power for power in (1, 2, 3))
        groups.append(Held(holdback.to, holdback.share, side, count, converted, *powers))
    critical = AlwaysValid(units / HORIZON * best_ratio(0.05)) if watched else Fixed()
    found = brought(groups, critical, alpha=0.05, binary=True, higher_is_better=True)
    return found if isinstance(found, Brought) else None


def calibrate_holdback(pool: ProcessPoolExecutor, runs: int) -> list[str]:
    """Prints a line a policy and holdback; answers what misses its bar."""
    missed = []
    for kind in ("segmented_thompson", "linucb"):
        for holdback in HOLDBACKS:
            rows = np.array(list(pool.map(partial(on_holdback, kind, holdback), range(runs), chunksize=4)))
            truth, estimate, half = (np.nanmean(rows[:, k]) for k in range(3))
            once, always = float(np.nanmean(rows[:, 3])), float(rows[:, 4].mean())
            error = float(np.nanstd(rows[:, 1] - rows[:, 0]))
            name = f"{kind}, {holdback.share / 1e6:.0%} {holdback.to}"
            print(
                f"{name:36} brought {truth:7.1f}   said {estimate:7.1f}   ± {half:6.1f}   error {error:6.1f}   "
                f"holds once {once:.3f}   always {always:.3f}   told in {np.isfinite(rows[:, 1]).mean():.0%} of runs",
                flush=True,
            )
            allowed = 3 * (0.05 * 0.95 / runs) ** 0.5
            if once < HOLDS_ONCE - allowed or always < HOLDS_ALWAYS - allowed:
                missed.append(f"{name}: {once:.3f}, {always:.3f}")
    return missed


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--held", type=int, default=1000, help="runs of each holdback")
    parser.add_argument("--only", choices=["holdback"])
    parser.add_argument("--short", action="store_true")
    options = parser.parse_args()
    many = options.seeds * DRAWS
    cases: list[tuple[str, Callable[[int], float], int, float | None, int]] = []
    wanted: dict[str, tuple[tuple[int, float], ...]] = {
        "linucb": ((1, 0.858), (4, 0.942)),
        "lints": ((1, 0.840), (4, 0.939)),
    }
    for kind, bars in wanted.items():
        for passes, least in bars:
            if passes == 4 and options.short:
                continue
            name = f"digits, {passes} pass{'es' if passes > 1 else ''}: {kind}"
            cases.append((name, partial(_digits, kind, passes, False), many, least, 1))
            cases.append((f"{name}, as served", partial(_digits, kind, passes, True), many, None, 1))
    cases += [
        (f"segments3x4, defaults: {kind}", partial(on_segments, kind), options.runs, bar, -1)
        for kind, bar in (
            ("linucb", 110.0),
            ("lints", 110.0),
            ("squarecb", None),
            ("segmented_thompson", None),
        )
    ]
    start, missed, found = time.perf_counter(), [], {}
    with ProcessPoolExecutor(options.processes) as pool:
        missed += calibrate_holdback(pool, 100 if options.short else options.held)
        for name, run, runs, bar, direction in cases if options.only is None else ():
            mean, error = mean_and_error(np.array(list(pool.map(run, range(runs)))))
            digits_after = 4 if direction > 0 else 1
            print(
                f"{name:36} {mean:9.{digits_after}f} ± {error:.{digits_after}f}   bar {bar or '–'}",
                flush=True,
            )
            found[name] = {"mean": round(mean, 4), "error": round(error, 4)}
            if bar is not None and direction * mean < direction * bar:
                missed.append(f"{name}: {mean:.4f}, bar {bar}")
    print(f"{time.perf_counter() - start:.0f} s")
    print(json.dumps(found))
    if missed:
        sys.exit("missed: " + "; ".join(missed))


def _digits(kind: str, passes: int, as_served: bool, run: int) -> float:
    return on_digits(kind, passes, as_served=as_served, run=run)


if __name__ == "__main__":
    main()
