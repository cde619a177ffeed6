"""`litmus rebuild` of whatever the folder's log holds, while the server serves.

uv run python bench/rebuild.py [--folder DIR]
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

from stage import show, stage


def main() -> None:
    parse = argparse.ArgumentParser(description=__doc__)
    parse.add_argument("--folder", type=Path, default=Path("/var/tmp/litmus-benchmark"))
    given = parse.parse_args()
    with stage(given.folder) as on:
        events = on.sql("select count(*) from event")[0][0]
        began = time.monotonic()
        environment = {**os.environ, "ENV": "production", "LITMUS_DATA_FOLDER": str(on.data_folder)}
        done = subprocess.run(
            [str(Path(sys.executable).with_name("litmus")), "rebuild"],
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
        took = time.monotonic() - began
        show(
            "litmus rebuild",
            {"events": events, "seconds": round(took, 1), "events_per_second": round(events / took)},
        )
        print(done.stdout[-500:], done.stderr[-500:], sep="\n")


if __name__ == "__main__":
    main()
