"""Every figure of bench/README.md, one after the other: `make bench`. About two hours, one of them the dashboard's memory; `--quick` in five, for a first look.

Needs wrk (Debian: apt-get install wrk). Nothing else should run on the machine.
"""

import argparse
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent

FULL = (
    ("decide.py",),
    ("contextual.py",),
    ("learn.py",),
    ("analysis.py",),
    ("propagate.py",),
    ("start.py", "--million"),
    ("assign.py",),
    ("ingest.py",),
    ("fresh.py",),
    ("overload.py",),
    ("replay.py",),
    ("rebuild.py",),
    ("report.py",),
    ("find.py",),
    ("live.py",),
    ("fold.py",),
    ("plans.py",),
    ("dashboard.py",),
    ("crash.py",),
)
QUICK = (
    ("decide.py",),
    ("contextual.py",),
    ("analysis.py",),
    ("propagate.py", "--rounds", "20", "--seconds", "5", "--patient", "0"),
    ("start.py",),
    ("assign.py", "--units", "200000", "--seconds", "5"),
    ("ingest.py", "--units", "200000", "--burst", "5", "--sustained", "10"),
    ("fresh.py", "--seconds", "10"),
    ("overload.py", "--seconds", "5", "--units", "200000"),
    ("replay.py",),
    ("rebuild.py",),
    ("dashboard.py", "--loads", "3", "--events", "20", "--minutes", "0"),
    ("crash.py", "--times", "1"),
)


def main() -> int:
    parse = argparse.ArgumentParser(description=__doc__)
    parse.add_argument("--quick", action="store_true")
    given = parse.parse_args()
    if shutil.which("wrk") is None:
        print("bench needs wrk, an HTTP load generator. On Debian: apt-get install wrk", file=sys.stderr)
        return 2
    failed = []
    for name, *options in QUICK if given.quick else FULL:
        print(f"\n── {name} {' '.join(options)}", flush=True)
        began = time.monotonic()
        done = subprocess.run([sys.executable, HERE / name, *options], cwd=HERE.parent, check=False)
        print(f"   {time.monotonic() - began:.0f} s", flush=True)
        if done.returncode:
            failed.append(name)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
