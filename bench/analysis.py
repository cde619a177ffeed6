"""What a full report costs from its moments on: no database, no encoding.

    python bench/analysis.py [--runs 20]

Ten metrics of every kind, five arms, thirty days: always valid; hybrid after its first look, and after eleven. Prints processor time
(which a busy machine spoils less than the clock), the best and the median of so many warm runs.
"""

import argparse
import datetime as dt
import statistics
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from litmus_server.analysis.cohorts import judged
from litmus_server.analysis.document import computed, frame_of
from litmus_server.domain.look import Look
from litmus_server.ports import Facts
from litmus_server.stats.moments import MICRO, JointMoments, Moments
from litmus_server.stats.quantiles import bucket
from litmus_server.stats.sheet import EXPOSED, Measure, Sheet, Strip

sys.path.insert(0, str(Path(__file__).parents[1] / "backend" / "tests"))
from sheets import NOW, TODAY, entry, facts, metric

Cells = dict[tuple[int, int], list[tuple[int, int, tuple[int, ...]]]]

ARMS, DAYS, DAILY = 5, 30, 200
RATIO, CAPPED, WEIGHED = (
    Measure(outcomes=2),
    Measure(outcomes=1, covariates=1, cap=30 * MICRO),
    Measure(before=True),
)
RATE = Measure(binary=True)
METRICS = [
    (metric(1, kind="conversion"), RATE),
    (metric(2, role="secondary"), WEIGHED),
    (metric(3, role="secondary"), CAPPED),
    (metric(4, role="secondary", kind="ratio"), RATIO),
    (metric(5, role="secondary", kind="conversion"), RATE),
    (metric(6, role="secondary", kind="conversion"), RATE),
    (metric(7, role="secondary", kind="quantile", quantile=0.5), Measure()),
    (metric(8, role="secondary", kind="conversion", direction="decrease"), RATE),
    (metric(9, role="guardrail", kind="conversion", margin=0.05), RATE),
    (metric(10, role="guardrail", margin=0.05), WEIGHED),
]


def strips(days: int) -> Sheet:
    """The sums of the first so many days, of units that are the same in every run."""
    rng = np.random.default_rng(7)
    plain: Cells = {}
    joint: Cells = {}
    buckets: dict[tuple[int, int], Counter[int]] = {}
    for variant in range(ARMS):
        for day in range(DAYS):
            n, cohort = int(rng.poisson(DAILY)), TODAY - 24 * (DAYS + 1 - day)
            drawn = [cell(kept, n, variant, rng) for _, kept in METRICS]
            if day >= days:
                continue
            plain.setdefault((EXPOSED, variant), []).append((1, cohort, (n, *[0] * 6)))
            for (each, kept), (values, sums, products) in zip(METRICS, drawn, strict=True):
                plain.setdefault((each["id"], variant), []).append((1, cohort, sums))
                if kept.outcomes is not None:
                    joint.setdefault((each["id"], variant), []).append((1, cohort, products))
                if each["kind"] == "quantile":
                    buckets.setdefault((each["id"], variant), Counter()).update(
                        map(bucket, filter(None, values))
                    )
    measures = {each["id"]: kept for each, kept in METRICS}
    return Sheet(24, measures, packed(plain), packed(joint), buckets)


def packed(of: Cells) -> dict[tuple[int, int], Strip]:
    return {key: Strip(*map(tuple, zip(*cells, strict=True))) for key, cells in of.items()}


def cell(
    kept: Measure, n: int, variant: int, rng: np.random.Generator
) -> tuple[list[int], tuple[int, ...], tuple[int, ...]]:
    """Values in micro-units, plain sums, joint sums."""
    habit = rng.exponential(1.0, n)
    if kept.binary:
        values = np.where(rng.random(n) < 0.1 * (1 + 0.04 * variant), 1.0, 0.0)
    else:
        values = np.where(rng.random(n) < 0.6, rng.exponential(10 + habit + 0.3 * variant), 0.0)
    y, x = (np.round(of * MICRO).astype(np.int64).tolist() for of in (values, 5 * habit))
    if not kept.before and not kept.covariates:
        x = [0] * n
    raw, of_both = Moments.of(y), JointMoments.of(zip(y, x, strict=True), 2)
    _, xy, xx = of_both.second
    sums = (sum(map(bool, y)), raw.s1, raw.s2, raw.s3, of_both.first[1], xx, xy)
    if kept.cap is not None:
        y = [min(value, kept.cap) for value in y]
    width = 1 if kept.outcomes is None else kept.outcomes + kept.covariates
    other = x if kept.covariates else [MICRO * (1 + k % 3) for k in range(n)]
    rows = [(a, b)[:width] for a, b in zip(y, other, strict=True)]
    together, own = (
        JointMoments.of(rows, width),
        JointMoments.of((row[: kept.outcomes or 1] for row in rows), kept.outcomes or 1),
    )
    return y, sums, (*together.first, *together.second, *own.third)


def of_method(sheet: Sheet, days: int, looks: list[Look], **fields: Any) -> Facts:
    """As at the end of that day and its windows."""
    document = entry([each for each, _ in METRICS], ARMS, **fields)
    return facts(document, sheet, now=NOW - dt.timedelta(days=DAYS - days), looks=looks)


def watched(days: list[int]) -> Facts:
    """Hybrid, with a look taken on each of these days."""
    planned = round(ARMS * DAYS * DAILY * 14 / 11)
    looks: list[Look] = []
    for day in days:
        now = of_method(strips(day), day, looks, planned_units=planned)
        looks = [*looks, *computed(now).looks]
    return now._replace(looks=looks)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=20)
    runs = parser.parse_args().runs
    eleven = [round(DAYS * (k + 1) / 11 + 0.5) for k in range(11)]
    cases = {
        "always valid": of_method(strips(DAYS), DAYS, []),
        "hybrid, first look": watched([DAYS]),
        "hybrid, eleven looks": watched([min(day, DAYS) for day in eleven]),
    }
    for name, of in cases.items():
        report = computed(of).report
        taken = max(len(each.looks) for metric_ in report.metrics for each in metric_.effects)
        answered = sum(each.p_value is not None for metric_ in report.metrics for each in metric_.effects)
        took = []
        for _ in range(runs):
            fresh = of._replace(sheet=replace(of.sheet))  # sums that were added up before are forgotten
            began = time.process_time()
            computed(fresh)
            took.append(1000 * (time.process_time() - began))
        print(
            f"{name:<22} {taken:2} looks, {answered} effects: best {min(took):6.1f} ms, median {statistics.median(took):6.1f} ms"
        )
    of = cases["always valid"]
    took = []
    for _ in range(runs):
        frame = frame_of(of._replace(sheet=replace(of.sheet)))
        began = time.process_time()
        judged(frame, frame.entry["metrics"][0])
        took.append(1000 * (time.process_time() - began))
    print(
        f"of it, whether the effect lasts: best {min(took):6.1f} ms, median {statistics.median(took):6.1f} ms"
    )


if __name__ == "__main__":
    main()
