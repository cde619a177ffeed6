"""How soon what was learned decides on every node, and what a hundred bandits that refresh cost those who ask.

    python bench/propagate.py [--rounds 60] [--seconds 20] [--patient 1]

Two servers on one database. A bandit of three variants gets as many outcomes as its growth step asks for; the clock runs from the answer
to the last of them until both servers draw by the next version. Then outcomes fewer than a step, which wait for the version's age. At the
end a hundred bandits are refreshed while new units are assigned and exposed.
"""

import argparse
import random
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

from stage import EXPERIMENTS, Stage, show, stage, wrk

RATES = {"a": 0.1, "b": 0.15, "c": 0.2}


def main() -> None:
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("--rounds", type=int, default=60)
    parse.add_argument("--seconds", type=int, default=20)
    parse.add_argument("--patient", type=int, default=1, help="outcomes that are no growth, a minute each")
    parse.add_argument("--folder", type=Path, default=Path("/var/tmp/litmus-propagate"))
    given = parse.parse_args()
    with (
        stage(given.folder) as one,
        stage(given.folder / "second", one.database_url) as two,
    ):
        bandit = _started(one, f"propagate-{uuid4().hex[:8]}")
        dice = random.Random(1)
        units = _lived(one, bandit, 400, dice)
        _next(one, two, bandit, 0)
        waits, still = [], 0
        for _ in range(given.rounds):
            before = _version(one, bandit)
            units += _lived(one, bandit, units // 20 + 2, dice)
            wait = _next(one, two, bandit, before)
            still += wait is None
            waits += [] if wait is None else [wait]
        show("outcomes of a growth step, on both nodes", {
            "times": len(waits), "no_share_moved": still, "p50_s": _at(waits, 0.5), "p95_s": _at(waits, 0.95), "max_s": _at(waits, 1),
        })  # fmt: skip
        late = []
        for _ in range(given.patient):
            before = _version(one, bandit)
            _lived(one, bandit, units // 25, dice)
            wait = _next(one, two, bandit, before, patience=70.0)
            late += [] if wait is None else [wait]
        show("fewer outcomes, on both nodes", {"times": len(late), "max_s": _at(late, 1)})
        for k in range(EXPERIMENTS):
            if not one.call("GET", f"/api/v1/experiments?q=bench-{k}&status=all&limit=1")["count"]:
                _started(one, f"bench-{k}")
        before = _versions(one)
        seen = wrk(one.base, "assign", given.seconds, LOAD_EXPOSE="1")
        time.sleep(2)
        show("a hundred bandits, new units exposed", seen, versions_published=_versions(one) - before)


def _started(on: Stage, name: str) -> str:
    made = on.call("POST", "/api/v1/experiments", {
        "name": name, "key": name, "type": "thompson_sampling", "primary_metric": "conversion", "traffic_allocation": 1.0,
        "variants": [{"name": key} for key in RATES],
    })  # fmt: skip
    on.call("POST", f"/api/v1/experiments/{name}/start", {})
    return str(made["experiment_id"])


def _lived(on: Stage, bandit: str, count: int, dice: random.Random) -> int:
    """So many new units, exposed, some of them converted; answered when all of it is committed."""
    requests = [{"experiment_id": bandit, "unit_id": uuid4().hex} for _ in range(count)]
    drawn = on.call("POST", "/api/v1/assignments", {"requests": requests})["assignments"]
    events: list[dict[str, Any]] = []
    for each in drawn:
        about = {"experiment_id": bandit, "unit_id": each["unit_id"]}
        events.append({"event_id": str(uuid4()), "type": "exposure", **about})
        if dice.random() < RATES[each["variant_key"]]:
            events.append(
                {"event_id": str(uuid4()), "type": "conversion", "metric_name": "conversion", **about}
            )
    for start in range(0, len(events), 500):
        on.call("POST", "/api/v1/events", {"events": events[start:][:500]})
    return count


def _version(on: Stage, bandit: str) -> int:
    """That a unit which nobody has seen is drawn by."""
    answer = on.call("POST", f"/api/v1/experiments/{bandit}/assign", {"unit_id": uuid4().hex})
    return int(answer["policy_version"] or 0)


def _next(one: Stage, two: Stage, bandit: str, before: int, patience: float = 10.0) -> float | None:
    """Seconds until both nodes draw by a later version; None where none came, because no share has moved."""
    began = time.perf_counter()
    for server in (one, two):
        while _version(server, bandit) <= before:
            if time.perf_counter() - began > patience:
                return None
            time.sleep(0.005)
    return time.perf_counter() - began


def _versions(on: Stage) -> int:
    return int(on.sql("select count(*) from policy")[0][0])


def _at(waits: list[float], share: float) -> float | None:
    ranked = sorted(waits)
    return round(ranked[min(len(ranked) - 1, int(len(ranked) * share))], 2) if ranked else None


if __name__ == "__main__":
    main()
