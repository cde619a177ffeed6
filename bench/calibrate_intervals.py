"""Do intervals and p-values keep what they promise under repeated looks? Simulated experiments whose truth is known.

    python bench/calibrate_intervals.py [--runs 4000] [--processes 2]

False alarms of every sequential method that is offered, looking every 100 units to 100,000, for six laws at three splits; power of
planned looks against the fixed test; coverage and bias at the moment of stopping; and how often an interval and its p-value
disagree. Seeds are fixed, so a run gives the same figures again. Ends with 1 when a bar is missed. Minutes long.
"""

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import product
from math import inf, sqrt

import numpy as np
from litmus_server.stats.absence import Undefined
from litmus_server.stats.contrast import Contrast, LinearContrast, Scale, ScoreContrast
from litmus_server.stats.critical import (
    AlwaysValid,
    Critical,
    Fixed,
    GroupSequential,
    Hybrid,
    best_ratio,
    normal_score,
)
from litmus_server.stats.group_sequential import Shape, Spending, boundaries, median_unbiased
from litmus_server.stats.inference import compare
from litmus_server.stats.simulate import LAWS, Watched, always_valid, hybrid, plan, planned, watch
from numpy.polynomial import Chebyshev
from numpy.typing import NDArray

ALPHA = 0.05
LOOKS = 1000  # every 100 units to 100,000
SPLITS = (50, 10, 2)  # units of 100 that get the treatment
POCOCK = Spending(Shape.POCOCK)
FOURTEEN = plan(14, LOOKS)


def cell(everywhere: dict[str, NDArray[np.float64]], runs: int, at: tuple[str, int]) -> dict[str, float]:
    """The rates of rejection of one law and split, without an effect."""
    law, split = at
    rng = np.random.default_rng([SPLITS.index(split), list(LAWS).index(law)])
    watched = watch(LAWS[law], split, rng, runs=runs)
    found = {
        "always valid": float(always_valid(watched).mean()),
        "OBF 14": float(planned(watched, FOURTEEN).mean()),
        "Pocock 14": float(planned(watched, FOURTEEN, spending=POCOCK).mean()),
        "hybrid": float(hybrid(watched, FOURTEEN).mean()),
    }
    # A look at each time: error that is spent where monitoring is closed is lost, which is conservative.
    score = np.abs(normal_score(watched.statistic, watched.df))
    for name, bounds in everywhere.items():
        crossed = (score > bounds) & watched.open
        found[name] = float(crossed.any(axis=1).mean())
    found["open at the end"] = float(watched.open[:, -1].mean())
    found["first open"] = float(np.median(watched.first_open()))
    return found


def false_alarms(runs: int, pool: ProcessPoolExecutor) -> list[str]:
    even = [(k + 1) / LOOKS for k in range(LOOKS)]
    everywhere = {
        "OBF 1000": np.array(boundaries(even, ALPHA)),
        "Pocock 1000": np.array(boundaries(even, ALPHA, POCOCK)),
    }
    most, missed = ALPHA + 3 * sqrt(ALPHA * (1 - ALPHA) / runs), []
    cells = list(product(LAWS, SPLITS))
    print(f"False alarms at {ALPHA} of {runs} experiments without an effect; at most {most:.4f} may be")
    for (law, split), found in zip(cells, pool.map(partial(cell, everywhere, runs), cells), strict=True):
        rates = {name: rate for name, rate in found.items() if "open" not in name}
        print(
            f"{law:<22} {split:2}/{100 - split}  "
            + "  ".join(f"{name} {rate:.4f}" for name, rate in rates.items())
            + f"  open at the end {found['open at the end']:.2f}, from {found['first open']:.0f} units of treatment",
            flush=True,
        )
        missed += [f"{law} {split}: {name} {rate:.4f}" for name, rate in rates.items() if rate > most]
        if law.startswith("bernoulli") and split == 50 and found["first open"] > 2500:
            missed.append(f"{law} opens at {found['first open']}")
    return missed


def conversions(units: int, lift: float, runs: int, rng: np.random.Generator) -> Watched:
    """A tenth of units convert, by batches; the start rule holds long before the first planned look."""
    n = np.arange(1, LOOKS + 1) * units // LOOKS // 2
    k1, k0 = (
        rng.binomial(units // LOOKS // 2, 0.1 * (1 + each), (runs, LOOKS)).cumsum(axis=1)
        for each in (lift, 0)
    )
    p = (k1 + k0) / (2 * n)
    with np.errstate(invalid="ignore"):
        z = np.nan_to_num((k1 - k0) / n / np.sqrt(p * (1 - p) * 2 / n))
    is_open = np.minimum(k1, k0) >= 20
    return Watched(z, np.full_like(z, inf), is_open, n / n[-1], n)


def power(runs: int) -> list[str]:
    missed = []
    print(
        "Power where a single look at the end has about 0.80, and the part of the plan until it ends at twice the effect"
    )
    for units in (10_000, 100_000, 1_000_000):
        rng = np.random.default_rng(units)
        lift = 0.0
        for _ in range(5):  # the effect and the variance under it depend on each other
            rate = 0.1 * (1 + lift)
            lift = 2.8016 * sqrt((0.1 * 0.9 + rate * (1 - rate)) / (units / 2)) / 0.1
        watched = conversions(units, lift, runs, rng)
        fixed = float((np.abs(watched.statistic[:, -1]) > Fixed().value(ALPHA)).mean())
        found = {
            "OBF 14": float(planned(watched, FOURTEEN).mean()),
            "hybrid": float(hybrid(watched, FOURTEEN).mean()),
            "always valid": float(always_valid(watched).mean()),
        }
        double = conversions(units, 2 * lift, runs, rng)
        bounds = np.full(LOOKS, inf)
        bounds[FOURTEEN] = boundaries([(k + 1) / 14 for k in range(14)], 0.9 * ALPHA)
        ratios = double.fraction * best_ratio(0.1 * ALPHA)
        bounds = np.minimum(bounds, [AlwaysValid(r).value(0.1 * ALPHA) for r in ratios])
        crossed = (np.abs(double.statistic) > bounds) & double.open
        ended = np.where(crossed.any(axis=1), double.fraction[crossed.argmax(axis=1)], 1.0).mean()
        print(
            f"{units:9,} units  fixed {fixed:.3f}  "
            + "  ".join(f"{name} {p:.3f} ({p / fixed:.1%})" for name, p in found.items())
            + f"  hybrid ends at {ended:.2f}",
            flush=True,
        )
        missed += [
            f"{n} {p / fixed:.3f}" for n, p in found.items() if n != "always valid" and p < 0.95 * fixed
        ]
        missed += [f"always valid {found['always valid']:.3f}"] if found["always valid"] < 0.5 else []
        missed += [f"hybrid ends at {ended:.3f}"] if ended > 0.43 else []
    return missed


def stopped(job: tuple[str, float, int]) -> tuple[str, float, float, float, float, float]:
    """Coverage and bias of one spending function at one effect (in standard errors of the end), at the moment of stopping."""
    shape, drift, runs = job
    rng = np.random.default_rng(round(drift * 10))
    t = np.array([(k + 1) / 14 for k in range(14)])
    bounds = boundaries(t.tolist(), ALPHA, Spending(Shape(shape)))
    steps = np.diff(t, prepend=0)
    s = np.cumsum(rng.normal(size=(runs, 14)) * np.sqrt(steps) + drift * steps, axis=1)
    z = s / np.sqrt(t)
    crossed = np.abs(z) > np.array(bounds)
    last = np.where(crossed.any(axis=1), crossed.argmax(axis=1), 13)
    seen = z[np.arange(runs), last]
    raw, middle = seen / np.sqrt(t[last]), np.empty(runs)
    held = float((np.abs(raw - drift) <= np.array(bounds)[last] / np.sqrt(t[last])).mean())
    for k in np.unique(last).tolist():
        # The estimate is an odd, smooth function of the statistic at each stage: sixteen points of it are enough.
        size = np.abs(seen[last == k])
        fit = Chebyshev.interpolate(
            np.vectorize(lambda x, k=k: median_unbiased(x, t[: k + 1].tolist(), bounds[: k + 1])),
            15,
            domain=[size.min(), max(size.max(), size.min() + 0.01)],
        )
        middle[last == k] = np.copysign(fit(size), seen[last == k]) / sqrt(t[k])
    above = float((middle > drift).mean())
    return shape, drift, held, float(np.median(raw)), float(np.median(middle)), above


def estimates(runs: int, pool: ProcessPoolExecutor) -> list[str]:
    missed = []
    print("At the moment of stopping, 14 planned looks: effects in standard errors of the end")
    jobs = [(s.value, d, runs) for s in (Shape.OBRIEN_FLEMING, Shape.POCOCK) for d in (0.0, 1.4, 2.8, 5.6)]
    for shape, drift, held, raw, middle, above in pool.map(stopped, jobs):
        print(
            f"{shape:<15} effect {drift:.1f}: interval holds it {held:.3f}, median of what is seen {raw:.3f}, "
            f"of the median-unbiased estimate {middle:.3f}, above the effect {above:.3f}",
            flush=True,
        )
        missed += [f"coverage {held:.4f}"] if held < 0.95 - 3 * sqrt(0.0475 / runs) else []
        missed += [f"median {above:.3f}"] if abs(above - 0.5) > 3 * sqrt(0.25 / runs) else []
        missed += (
            [f"bias {middle / drift - 1:.3f}"] if drift >= 2.8 and abs(middle / drift - 1) > 0.02 else []
        )
    return missed


def contradictions(seed_and_runs: tuple[int, int]) -> tuple[int, int, int]:
    """Of random contrasts, levels, methods and scales: asked, decided (there was an interval), and disagreeing."""
    seed, runs = seed_and_runs
    rng = np.random.default_rng(seed)
    ways: list[Critical] = [Fixed(), AlwaysValid(0.5), AlwaysValid(9.0), AlwaysValid(400.0)]
    ways += [GroupSequential((0.2, 0.5), s) for s in (Spending(), POCOCK)]
    ways += [Hybrid(GroupSequential((0.2, 0.5, 0.9)), AlwaysValid(10.0)), Hybrid(None, AlwaysValid(3.0))]
    decided = wrong = 0
    levels = np.round(np.exp(rng.uniform(np.log(1e-3), np.log(0.3), 12)), 4)
    for _ in range(runs):
        way = ways[rng.integers(len(ways))]
        alpha = float(rng.choice(levels))
        contrast: Contrast
        if rng.random() < 0.5:
            n1, n0 = (int(10 ** rng.uniform(0, 6)) for _ in range(2))
            p = 10 ** rng.uniform(-3, 0)
            k1, k0 = int(rng.binomial(n1, min(1, p * rng.uniform(0.8, 1.2)))), int(rng.binomial(n0, p))
            if k1 + k0 in {0, n1 + n0}:
                continue
            contrast = ScoreContrast(k1, n1, k0, n0)
        else:
            v1, v0 = 10 ** rng.uniform(-6, 6, 2)
            apart = rng.normal() * 3 * sqrt(v1 + v0)
            base = float(rng.normal() * 10 ** rng.uniform(-3, 3) * sqrt(v0))
            df = inf if rng.random() < 0.5 else float(10 ** rng.uniform(0.5, 6))
            contrast = LinearContrast(
                base + apart, base, v1, v0, float(rng.uniform(-0.9, 0.9) * sqrt(v1 * v0)), df
            )
        scale = Scale.LIFT if rng.random() < 0.5 else Scale.DIFFERENCE
        found = compare(contrast, way, alpha, scale=scale)
        if not isinstance(found.interval, Undefined):
            decided += 1
            wrong += (not found.interval.lower <= 0 <= found.interval.upper) != (found.p_value < alpha)
    return runs, decided, wrong


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=4000)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    options = parser.parse_args()
    start = time.perf_counter()
    with ProcessPoolExecutor(options.processes) as pool:
        asked, decided, wrong = np.sum(
            list(pool.map(contradictions, [(k, 17_000) for k in range(8)])), axis=0
        )
        print(
            f"Of {asked:,} random contrasts {decided:,} had an interval, and {wrong} of these contradicted its p-value"
        )
        missed = [f"{wrong} contradictions"] if wrong else []
        missed += power(options.runs)
        missed += estimates(25 * options.runs, pool)
        missed += false_alarms(options.runs, pool)
    print(f"{time.perf_counter() - start:.0f} s")
    if missed:
        sys.exit("missed: " + "; ".join(missed))


if __name__ == "__main__":
    main()
