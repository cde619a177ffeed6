"""Do contextual policies learn what they may? Rewards on handwritten digits, and regret in three segments.

    python bench/calibrate_contextual.py [--runs 60] [--seeds 5] [--processes 2] [--short]

Digits: 64 pixels, ten arms, a reward of 1 for the right digit, `spec/bandits/digits.csv.gz`; a new model after every reward
and no floor, as the figures of other libraries are made, and beside it the product's own refresh and floor. Segments: the
product with its default settings. Seeds are fixed. Ends with 1 when a bar is missed. `--short` leaves out the four passes.
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
from litmus_server.bandits.contextual_simulate import classification, segments3x4, simulate
from litmus_server.bandits.refresh import RefreshRule
from litmus_server.bandits.simulate import mean_and_error
from litmus_server.domain.draft import PARAMETERS, ExperimentType

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


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
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
        for name, run, runs, bar, direction in cases:
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
