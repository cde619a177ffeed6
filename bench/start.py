"""How soon it is ready on an empty folder, what it holds idle, and what the API holds after a million of each.

uv run python bench/start.py [--million] [--folder DIR]
"""

import argparse
import shutil
import time
from pathlib import Path

from stage import furnish, show, stage, wrk


def main() -> None:
    parse = argparse.ArgumentParser(description=__doc__)
    parse.add_argument(
        "--million", action="store_true", help="a million assignments and a million events first"
    )
    parse.add_argument("--folder", type=Path, default=Path("/var/tmp/litmus-start"))
    given = parse.parse_args()
    for _ in range(3):
        shutil.rmtree(given.folder, ignore_errors=True)
        with stage(given.folder) as on:
            show("empty folder to /ready", {"seconds": round(on.started_in, 2)})
    with stage(given.folder) as on:
        show("that folder to /ready", {"seconds": round(on.started_in, 2)})
        time.sleep(20)
        _memory(on.tree(), "idle")
        if given.million:
            furnish(on, 0)
            wrk(on.base, "many", 30, 8, LOAD_FROM=0)
            wrk(on.base, "events", 40, 8, LOAD_UNITS=500_000, LOAD_BATCH=500)
            counts = on.sql("select (select count(*) from assignment), (select count(*) from event)")[0]
            _memory(on.tree(), f"after {counts[0]:,} assignments and {counts[1]:,} events")
    shutil.rmtree(given.folder)


def _memory(tree: dict[str, int], when: str) -> None:
    shown = {name: round(size / 2**20, 1) for name, size in tree.items()}
    show(f"PSS, MiB, {when}", shown, all=round(sum(tree.values()) / 2**20, 1))


if __name__ == "__main__":
    main()
