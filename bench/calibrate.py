"""Does Thompson sampling from snapshots cost what it may? Mean regret in environments whose rates are known.

    python bench/calibrate.py [--runs 400] [--processes 2]

The product's policy, rounding and refresh rule, without a floor and with the default one. Seeds are fixed, so a run
gives the same figures again. Bars: `spec/bandits/regret.json`; ends with 1 when one is missed. Minutes long.
"""

import argparse
import json
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from litmus_server.bandits.allocation import DEFAULT_FLOOR_PPM
from litmus_server.bandits.policies import ThompsonSampling
from litmus_server.bandits.simulate import ENVIRONMENTS, Run, mean_and_error, simulate

CASES = json.loads((Path(__file__).parents[1] / "spec" / "bandits" / "regret.json").read_text())["cases"]
MOST_VERSIONS = 250


def one(environment: str, floor_ppm: int, seed: int) -> Run:
    rng = np.random.default_rng(seed)
    return simulate(ENVIRONMENTS[environment], ThompsonSampling(), rng, floor_ppm=floor_ppm)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    options = parser.parse_args()
    start, missed, found = time.perf_counter(), [], {}
    print(
        f"{'mean regret ± s.e.':<12}  {'no floor':>14} {'bar':>5}  {'floor 0.2 %':>14} {'cost':>6}  versions  traffic of the best"
    )
    with ProcessPoolExecutor(options.processes) as pool:
        for case in CASES:
            name, bar = case["environment"], case["bar"]
            free, floored = (
                list(pool.map(partial(one, name, floor), range(options.runs), chunksize=10))
                for floor in (0, DEFAULT_FLOOR_PPM)
            )
            (mean, error), (with_floor, its_error) = (
                mean_and_error([r.regret for r in runs]) for runs in (free, floored)
            )
            rates = ENVIRONMENTS[name].rates
            best = np.mean([run.trials[int(np.argmax(rates))] / sum(run.trials) for run in free])
            versions = max(run.versions for run in free)
            print(
                f"{name:<18}  {mean:7.1f} ± {error:4.1f} {bar:5}  {with_floor:7.1f} ± {its_error:4.1f} "
                f"{with_floor / mean - 1:+6.1%}  {versions:8}  {best:7.1%}",
                flush=True,
            )
            found[name] = {
                "regret": round(mean, 2),
                "error": round(error, 2),
                "with_floor": round(with_floor, 2),
            }
            missed += [f"{name}: {mean:.1f} > {bar}"] if mean > bar else []
            missed += [f"{name}: {versions} versions"] if versions > MOST_VERSIONS else []
    print(f"{options.runs} runs each, {time.perf_counter() - start:.0f} s")
    print(json.dumps(found))
    if missed:
        sys.exit("missed: " + "; ".join(missed))


if __name__ == "__main__":
    main()
