"""Every figure of bench/README.md, one after the other: `make bench`. About 50 minutes; `--quick` in five, for a first look.

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
    ("learn.py",),
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
    ("crash.py",),
)
QUICK = (
    ("decide.py",),
    ("start.py",),
    ("assign.py", "--units", "200000", "--seconds", "5"),
    ("ingest.py", "--units", "200000", "--burst", "5", "--sustained", "10"),
    ("fresh.py", "--seconds", "10"),
    ("overload.py", "--seconds", "5", "--units", "200000"),
    ("replay.py",),
    ("rebuild.py",),
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
