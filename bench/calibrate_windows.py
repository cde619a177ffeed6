"""Does the report keep what its methods promise while windows are open, and when people end what looks good?

    python bench/calibrate_windows.py [--runs 1000] [--processes 2]

Experiments without an effect, through the report's own functions (`analysis.effects`): sheets by day, windows that lock units, the
looks that were kept, the exact test before them, totals that go on growing. Four looks a day. Seeds are fixed. Ends with 1 when more
than 5 in 100 (and 3 standard errors) are called.
"""

import argparse
import datetime as dt
import os
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from math import sqrt
from typing import Any

import numpy as np
from litmus_server.analysis.effects import measured
from litmus_server.analysis.frame import Frame
from litmus_server.domain.plan import DEFAULT_PLAN
from litmus_server.stats.moments import MICRO
from litmus_server.stats.sheet import EXPOSED, Measure, Sheet, Strip
from numpy.typing import NDArray

ALPHA, LOOKS_A_DAY = 0.05, 4
QUIET = 1.5  # nothing is concluded before so many plain standard errors
START = dt.datetime(2026, 10, 1, tzinfo=dt.UTC)
FIRST = int(START.timestamp()) // 3600
_Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Case:
    """`units` come in over `days`, the first of them all at once if `at_once`; a part `rate` converts, some time in its window."""

    name: str
    units: int
    days: int
    rate: float
    window_days: int
    planned: int | None = None
    share: float = 0.5
    at_once: bool = False
    ends_at: float | None = None
    """Somebody completes it when so many plain standard errors are seen, from the third day on."""


CASES = (
    Case("hybrid, windows of 3 days, to the plan's end", 10_000, 20, 0.05, 3, planned=10_000),
    Case("hybrid, ended as soon as 2.1 standard errors are seen", 10_000, 20, 0.05, 1, planned=10_000, ends_at=2.1),
    Case("hybrid, a tenth of units gets the treatment", 10_000, 20, 0.1, 3, planned=10_000, share=0.1),
    Case("always valid, rare conversions: exact at first", 10_000, 20, 0.01, 1),
    Case("always valid, all units at once, a window of 20 days", 10_000, 20, 0.3, 20, at_once=True),
)  # fmt: skip


def called(case: Case, seed: int) -> str | None:
    """The method that found an effect where there is none; None when none ever did."""
    rng = np.random.default_rng([CASES.index(case), seed])
    steps, after = case.days * LOOKS_A_DAY, (case.window_days + 2) * LOOKS_A_DAY
    came = rng.multinomial(1, [1.0] if case.at_once else [1 / steps] * steps, size=case.units).argmax(axis=1)
    arm = (rng.random(case.units) < case.share).astype(np.int64)
    converts = np.where(
        rng.random(case.units) < case.rate,
        came + rng.integers(0, case.window_days * LOOKS_A_DAY, case.units),
        steps + after,
    )
    looks: list[Any] = []
    last = steps
    for step in range(steps + after):
        there = came <= min(step, last)
        z = _z(arm[there], converts[there] <= step)
        # Windows close once a day, and with them planned looks come; in between nothing that is locked changes.
        if z >= QUIET or (case.planned and step % LOOKS_A_DAY == LOOKS_A_DAY - 1):
            entry = _entry(case, "running" if step < last else "completed")
            sheet = _sheet(case, came[there] // LOOKS_A_DAY, arm[there], converts[there] <= step)
            now = START + dt.timedelta(days=(step + 1) / LOOKS_A_DAY)
            found = measured(
                Frame(entry, sheet, {1: entry["weights"]}, looks, [], now), entry["metrics"][0], 1
            )
            if found.look is not None:
                looks.append(found.look)
            if found.effect.significant:
                return found.effect.method
        if case.ends_at is not None and 3 * LOOKS_A_DAY <= step < last and z > case.ends_at:
            last = step
        if step >= last + after:
            break
    return None


def _z(arm: _Ints, converted: NDArray[np.bool_]) -> float:
    n1 = int(arm.sum())
    n0 = arm.size - n1
    p = float(converted.mean())
    if not (n1 and n0 and 0 < p < 1):
        return 0.0
    return abs(float(converted[arm == 1].mean() - converted[arm == 0].mean())) / sqrt(
        p * (1 - p) * (1 / n1 + 1 / n0)
    )


def _sheet(case: Case, day: _Ints, arm: _Ints, converted: NDArray[np.bool_]) -> Sheet:
    plain = {}
    for k in (0, 1):
        units = np.bincount(day[arm == k], minlength=case.days).tolist()
        seen = np.bincount(day[(arm == k) & converted], minlength=case.days).tolist()
        cohorts = [(FIRST + 24 * at, n, s) for at, (n, s) in enumerate(zip(units, seen, strict=True)) if n]
        plain[EXPOSED, k] = _strip([(at, (n, 0, 0, 0, 0, 0, 0)) for at, n, _ in cohorts])
        plain[1, k] = _strip(
            [(at, (s, s * MICRO, s * MICRO**2, s * MICRO**3, 0, 0, 0)) for at, _, s in cohorts if s]
        )
    return Sheet(24, {1: Measure(binary=True)}, plain)


def _strip(cells: list[tuple[int, tuple[int, ...]]]) -> Strip:
    return Strip((1,) * len(cells), tuple(at for at, _ in cells), tuple(row for _, row in cells))


def _entry(case: Case, status: str) -> dict[str, Any]:
    treated = round(case.share * 1_000_000)
    metric = {
        "id": 1, "name": "order", "role": "primary", "kind": "conversion", "direction": "increase",
        "window_seconds": case.window_days * 86_400,
    }  # fmt: skip
    return {
        "type": "ab", "status": status, "weights": [1_000_000 - treated, treated], "parameters": {},
        "planned_units": case.planned, "analysis": DEFAULT_PLAN.document, "metrics": [metric],
        "variants": [{"id": key, "key": key, "is_control": key == "A", "state": "active"} for key in "AB"],
    }  # fmt: skip


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--runs", type=int, default=1000)
    asked.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = asked.parse_args()
    most, missed = ALPHA + 3 * sqrt(ALPHA * (1 - ALPHA) / options.runs), False
    print(f"Effects of {options.runs} experiments without one, at {ALPHA}; at most {most:.4f} may be")
    with ProcessPoolExecutor(options.processes) as pool:
        for case in CASES:
            found = Counter(pool.map(partial(called, case), range(options.runs), chunksize=5))
            rate = 1 - found.pop(None, 0) / options.runs
            by = ", ".join(f"{n} by {method}" for method, n in found.items())
            print(f"{case.name:<60} {rate:.4f}  {by}", flush=True)
            missed |= rate > most
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
