"""Assignments: new, repeated, a hundred in a call, with an exposure each; against the bare server in the same run.

uv run python bench/assign.py [--units 5000000] [--seconds 60] [--folder DIR]
"""

import argparse
import os
import time
from pathlib import Path
from typing import Any

from stage import bare, furnish, show, stage, wrk


def main() -> None:
    parse = argparse.ArgumentParser(description=__doc__)
    parse.add_argument("--units", type=int, default=5_000_000)
    parse.add_argument("--seconds", type=int, default=60)
    parse.add_argument("--folder", type=Path, default=Path("/var/tmp/litmus-benchmark"))
    given = parse.parse_args()
    fresh = int(time.time()) * 1_000_000  # units that no run before has used
    ceiling = bare(min(given.seconds, 15))
    show("bare: decode, hash, encode", ceiling)
    plain = bare(min(given.seconds, 15), "plain")
    show("the same on uvicorn's own exchange", plain)

    def ratios(seen: dict[str, Any]) -> dict[str, float]:
        rate = seen["per_second"]
        return {
            "of_bare": round(rate / ceiling["per_second"], 3),
            "of_plain": round(rate / plain["per_second"], 3),
        }

    with stage(given.folder) as on:
        furnish(on, given.units)
        for name, order in (("new units, ids that grow", {"LOAD_ORDERED": 1}), ("new units, random ids", {})):
            fresh += 10**11
            new = wrk(on.base, "assign", given.seconds, LOAD_FROM=fresh, **order)
            show(name, new, **ratios(new))
        wrk(on.base, "repeat", 3, LOAD_FROM=0, LOAD_UNITS=5_000)
        again = wrk(on.base, "repeat", min(given.seconds, 20), LOAD_FROM=0, LOAD_UNITS=5_000)
        show("repeated units", again, **ratios(again))
        many = wrk(on.base, "many", min(given.seconds, 30), 8, LOAD_FROM=fresh + 10**12)
        show(
            "a hundred new units a call, 8 connections",
            many,
            units_per_second=round(many["per_second"] * 100),
        )
        shown = wrk(
            on.base, "assign", given.seconds, LOAD_FROM=fresh + 2 * 10**12, LOAD_EXPOSE=1, LOAD_ORDERED=1
        )
        show("new units, exposure logged", shown)
        shown = wrk(on.base, "repeat", given.seconds, LOAD_FROM=0, LOAD_UNITS=5_000, LOAD_EXPOSE=1)
        show("repeated units, exposure logged", shown)
        shown = wrk(
            on.base, "mixed", given.seconds, LOAD_FROM=fresh + 3 * 10**12, LOAD_UNITS=5_000, LOAD_EXPOSE=1
        )
        show("half new, half repeated, exposure logged", shown)


if __name__ == "__main__":
    os.environ.setdefault("LOAD_SEED", "1")
    main()
