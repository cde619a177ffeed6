"""Does a report claim what is not there? Experiments without an effect, watched through the functions that reports are made by.

    python bench/calibrate_report.py [--runs 4000] [--processes 2]

The default methods as they are shipped: always valid without a plan, from the exact test of conversions over to the asymptotic interval
where the start rule lets it begin; and hybrid, with looks that are kept, the reserve between them, and what is left at the end. How many
of the experiments claim an effect at any of their looks, and how many effects are found beside one look at the end. All windows are
closed; `calibrate_windows.py` has open ones. Seeds are fixed. Ends with 1 when a bar is missed. Half an hour of one core.
"""

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from math import sqrt
from pathlib import Path

import numpy as np
from litmus_server.domain.plan import DEFAULT_PLAN

sys.path.insert(0, str(Path(__file__).parents[1] / "backend" / "tests"))
from watching import Law, Plan, Seen, watch

ALPHA, KEPT = 0.05, 0.95
LAWS = (
    Law("Bernoulli .01", rate=0.01),
    Law("Bernoulli .05", rate=0.05),
    Law("exponential", draw=lambda rng, n: rng.exponential(1.0, n)),
    Law("revenue", draw=lambda rng, n: np.where(rng.random(n) < 0.05, np.exp(rng.normal(0.0, 1.0, n)), 0.0)),
)
ALWAYS = Plan(LAWS[0], "always_valid", 20_000, 100)
HYBRID = Plan(LAWS[0], "hybrid", 11_200, 56, planned=DEFAULT_PLAN.looks)


def sample(where: int, runs: int, part: int) -> list[Seen]:
    rng = np.random.default_rng([where, part])
    return [watch(CELLS[where], rng) for _ in range(runs)]


def powered(units: int) -> Plan:
    """With the lift of a rate of 0.1 that one look at the end finds in 80 of 100 experiments."""
    lift = 0.0
    for _ in range(5):
        rate = 0.1 * (1 + lift)
        lift = 2.8016 * sqrt((0.09 + rate * (1 - rate)) / (units / 2)) / 0.1
    return replace(HYBRID, law=Law("Bernoulli .1", rate=0.1), units=units, lift=lift)


FALSE = [
    replace(plan, law=law, share=share) for plan in (ALWAYS, HYBRID) for law in LAWS for share in (0.5, 0.1)
]
TRUE = [powered(units) for units in (11_200, 112_000, 1_120_000)]
CELLS = [*FALSE, *TRUE]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=4000)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    options = parser.parse_args()
    parts = 8
    runs = options.runs // parts * parts
    start, missed = time.perf_counter(), []
    most = ALPHA + 3 * sqrt(ALPHA * (1 - ALPHA) / runs)
    print(f"Claims of {runs} experiments at {ALPHA}; without an effect at most {most:.4f} may claim one")
    with ProcessPoolExecutor(options.processes) as pool:
        for where, plan in enumerate(CELLS):
            jobs = pool.map(partial(sample, where, runs // parts), range(parts))
            seen = [each for job in jobs for each in job]
            claims = [each for each in seen if each.by is not None]
            rate, fixed = len(claims) / runs, sum(each.fixed for each in seen) / runs
            exact = sum(each.by == "exact" for each in claims) / runs
            ended = np.mean([each.at for each in seen])
            what = f"{plan.method:<12} {plan.law.name:<14} {plan.share:3.0%} treated, {plan.units:9,} units"
            if not plan.lift:
                print(f"{what}: {rate:.4f}, of these by the exact test {exact:.4f}", flush=True)
                missed += [f"{what}: {rate:.4f}"] if rate > most else []
                continue
            print(
                f"{what}: found {rate:.3f}, one look {fixed:.3f} ({rate / fixed:.1%}), ends at {ended:.2f}",
                flush=True,
            )
            missed += [f"{what}: {rate / fixed:.3f}"] if rate < KEPT * fixed else []
    print(f"{time.perf_counter() - start:.0f} s")
    if missed:
        sys.exit("missed: " + "; ".join(missed))


if __name__ == "__main__":
    main()
