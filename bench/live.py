"""How soon a change of the configuration is live in another process, with 1,000 experiments defined and 200 running.

Two servers on one database. A change is made through one; it is live where a unit that is in is served the new config.

uv run python bench/live.py [--changes 300] [--folder DIR]
"""

import argparse
import random
import threading
import time
from pathlib import Path

from stage import Stage, show, stage

DEFINED, RUNNING = 1000, 200


def main() -> None:
    parse = argparse.ArgumentParser(description=__doc__)
    parse.add_argument("--changes", type=int, default=300)
    parse.add_argument("--folder", type=Path, default=Path("/var/tmp/litmus-live"))
    given = parse.parse_args()
    with (
        stage(given.folder) as one,
        stage(given.folder / "second", one.database_url) as two,
    ):
        _furnish(one)
        for name, others in (("one after the other", 0), ("while four others edit", 4)):
            over = threading.Event()
            editors = [threading.Thread(target=_edit, args=(one, over, seed)) for seed in range(others)]
            for editor in editors:
                editor.start()
            waits = [_wait(one, two, k) for k in range(given.changes)]
            over.set()
            for editor in editors:
                editor.join()
            here, there = (sorted(each) for each in zip(*waits, strict=True))
            show(f"live, {name}", {
                "changes": len(waits), "own_process_p95_ms": _at(here, 0.95), "other_p50_ms": _at(there, 0.5),
                "other_p95_ms": _at(there, 0.95), "other_max_ms": _at(there, 1),
            })  # fmt: skip


def _at(waits: list[float], share: float) -> float:
    return round(1e3 * waits[min(len(waits) - 1, int(len(waits) * share))], 1)


def _wait(one: Stage, two: Stage, k: int) -> tuple[float, float]:
    """Seconds from the answer to a change until both processes serve it, the one that was asked first."""
    key, value = f"live-{k % RUNNING}", random.random()
    for server in (one, two):
        server.call("POST", f"/api/v1/experiments/{key}/assign", {"unit_id": "somebody"})
    change = {"variants": [{"key": name, "config": value} for name in ("control", "treatment")]}
    one.call("PATCH", f"/api/v1/experiments/{key}", change)
    began, waits = time.perf_counter(), []
    for server in (one, two):
        while (
            server.call("POST", f"/api/v1/experiments/{key}/assign", {"unit_id": "somebody"})["config"]
            != value
        ):
            time.sleep(0.001)
        waits.append(time.perf_counter() - began)
    return waits[0], waits[1]


def _edit(on: Stage, over: threading.Event, seed: int) -> None:
    dice = random.Random(seed)
    while not over.is_set():
        key = f"live-{dice.randrange(RUNNING, DEFINED)}"
        on.call("PATCH", f"/api/v1/experiments/{key}", {"description": str(dice.random())})
        time.sleep(0.05)


def _furnish(on: Stage) -> None:
    there = on.call("GET", "/api/v1/experiments?status=all&limit=1")["total"]
    for k in range(there, DEFINED):
        kind = "thompson_sampling" if k % 2 else "ab"
        variants = [{"name": name, "weight": 0.5} for name in ("control", "treatment")]
        on.call(
            "POST",
            "/api/v1/experiments",
            {"name": f"live-{k}", "type": kind, "variants": variants, "primary_metric": "buy"},
        )
        if k < RUNNING:
            on.call("POST", f"/api/v1/experiments/live-{k}/start", {})


if __name__ == "__main__":
    main()
