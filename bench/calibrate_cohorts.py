"""Is an effect that lasts rarely said to change, and one that fades found, by those who look every day?

    python bench/calibrate_cohorts.py [--runs 4000] [--processes 2] [--only TEXT]

Four weeks a run, through the report's own functions (`analysis.cohorts`, `analysis.ages`): traffic with weekends, that grows, with
uneven splits, few units, a base that falls. Seeds are fixed. Ends with 1 when an effect that lasts is flagged in more than 1 in 100 (and 3
standard errors), or one that fades is found in less than 8 of 10.
"""

import argparse
import os
import statistics
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from math import sqrt
from pathlib import Path

from litmus_server.analysis.cohorts import ALPHA

sys.path.insert(0, str(Path(__file__).parents[1] / "backend" / "tests"))
from fading import CASES, flagged

LEAST_FOUND = 0.8


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--runs", type=int, default=4000)
    asked.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    asked.add_argument("--only", default="")
    options = asked.parse_args()
    most, missed = ALPHA + 3 * sqrt(ALPHA * (1 - ALPHA) / options.runs), False
    print(
        f"{options.runs} experiments a line, looked at daily for four weeks; at most {most:.4f} of those that last may be flagged"
    )
    with ProcessPoolExecutor(options.processes) as pool:
        for case in CASES:
            if options.only not in case.name:
                continue
            runs = options.runs if case.silent else max(1, options.runs // 10)
            found = list(pool.map(partial(flagged, case), range(runs), chunksize=5))
            if case.silent:
                rate = sum(map(bool, found)) / runs
                by = {p: sum(p in each for each in found) for p in ("novelty", "primacy", "uneven")}
                print(f"{case.name:<45} flagged {rate:.4f}  {by}", flush=True)
                missed |= rate > most
            else:
                days = [each["novelty"] + 1 for each in found if "novelty" in each]
                rate = len(days) / runs
                on = f"on day {statistics.median(days):.0f}" if days else ""
                print(f"{case.name:<45} found   {rate:.4f}  {on}, in the median", flush=True)
                missed |= rate < LEAST_FOUND
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
