"""From the acknowledgement of an event to a report that has it, while 15,000 events a second come in.

uv run python bench/fresh.py [--seconds 60] [--folder DIR]
"""

import argparse
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

from stage import Stage, furnish, show, stage, wrk

_VARIANTS = [{"name": f"arm-{a}", "weight": 0.2} for a in range(5)]


def main() -> None:
    parse = argparse.ArgumentParser(description=__doc__)
    parse.add_argument("--seconds", type=int, default=60)
    parse.add_argument("--folder", type=Path, default=Path("/var/tmp/litmus-benchmark"))
    given = parse.parse_args()
    with stage(given.folder) as on:
        furnish(on, 1_000_000)
        key = f"fresh-{int(time.time())}"
        on.call(
            "POST", "/api/v1/experiments", {"name": key, "primary_metric": "bought", "variants": _VARIANTS}
        )
        on.call("POST", f"/api/v1/experiments/{key}/start", {})
        with ThreadPoolExecutor(1) as beside:
            load = beside.submit(wrk, on.base, "events", given.seconds + 5, 16, LOAD_UNITS=1_000_000, LOAD_BATCH=500,
                                 LOAD_RATE=30, LOAD_SEED=int(time.time()))  # fmt: skip
            time.sleep(2)
            waits: list[float] = []
            end = time.monotonic() + given.seconds
            while time.monotonic() < end:
                waits.append(_wait(on, key, len(waits) + 1))
            waits.sort()
            show("the load beside it", load.result())
        show("event to report", {"times": len(waits), "p50_s": round(waits[len(waits) // 2], 3),
                                 "p95_s": round(waits[len(waits) * 95 // 100], 3), "max_s": round(waits[-1], 3)})  # fmt: skip


def _wait(on: Stage, key: str, count: int) -> float:
    unit = str(uuid4())
    on.call("POST", f"/api/v1/experiments/{key}/assign", {"unit_id": unit})
    event = {"event_id": str(uuid4()), "type": "exposure", "experiment_id": key, "unit_id": unit}
    on.call("POST", "/api/v1/events", event)
    began = time.monotonic()
    while on.call("GET", f"/api/v1/experiments/{key}/report")["exposed_units"] < count:
        time.sleep(0.02)
    return time.monotonic() - began


if __name__ == "__main__":
    main()
