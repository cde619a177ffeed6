"""Are the plans of the hot statements at a million units those of ten thousand? The two plan tests, on larger tables.

    python bench/plans.py [--units 10000 1000000]

A million takes two minutes and 2 GB. A plan that differs ends it with 1.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

HOUSE = Path(__file__).parents[1]
TESTS = ("backend/tests/store/test_plans.py", "backend/tests/fold/test_plans.py")


def main() -> int:
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("--units", type=int, nargs="+", default=[10_000, 1_000_000])
    given = parse.parse_args()
    failed = 0
    for units in given.units:
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-n", "0", *TESTS],
            cwd=HOUSE,
            env={**os.environ, "LITMUS_TEST_PLAN_UNITS": str(units)},
            check=False,
        )
        failed |= done.returncode
        word = "differ" if done.returncode else "are the same"
        print(f"plans at none, few and {units:,} units {word}; {time.monotonic() - began:.0f} s", flush=True)
    return int(failed != 0)


if __name__ == "__main__":
    sys.exit(main())
