#!/usr/bin/env python3
"""Walk one experiment through its whole life on a running Litmus, and say of each step what was seen.

    python3 scripts/smoke_self_serve.py --base-url http://localhost:8000 [--token <admin-token>]

Standard library only. Exit code 0 when every step held, 1 when one did not. What it creates it stops: an experiment
cannot be deleted, since its name is part of the record.
"""

import argparse
import sys
import time
import uuid
from collections.abc import Callable

from litmus_api import Api, ApiError, Json

METRIC = "order_value"
READY_WITHIN = 30.0  # seconds that a server which is starting gets
PATIENCE = 10.0  # seconds that an event may take to reach the results; two are promised


class StepFailed(Exception):
    """What was seen is not what was promised."""


def expect(held: bool, seen: object) -> None:
    """Raise StepFailed with what was seen, unless it held."""
    if not held:
        raise StepFailed(str(seen))


class Smoke:
    """The steps, in order. Each returns what it saw, as words for a person."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.name = f"smoke_{time.strftime('%Y%m%d_%H%M%S')}_{uuid.uuid4().hex[:4]}"
        self.unit = f"smoke-unit-{uuid.uuid4().hex[:8]}"
        self.experiment = ""
        self.assignment: Json = {}

    def steps(self) -> list[tuple[str, Callable[[], str]]]:
        """Names as the report prints them, and what to do."""
        return [
            ("health", self.health),
            ("readiness", self.readiness),
            ("create", self.create),
            ("launch", self.launch),
            ("assignment", self.assign),
            ("exposure and metric", self.log),
            ("results", self.results),
            ("pause", self.pause),
            ("stop", self.stop),
        ]

    def health(self) -> str:
        answer = self.api.get("/health")
        expect(answer["checks"]["database"]["status"] == "ok", answer)
        return ", ".join([f"status {answer['status']}", *answer.get("concerns", [])])

    def readiness(self) -> str:
        self.api.patiently("GET", "/ready", seconds=READY_WITHIN)
        return "database, migrations and the first snapshot are there"

    def create(self) -> str:
        answer = self.api.post(
            "/api/v1/experiments",
            {
                "name": self.name,
                "description": "Made by scripts/smoke_self_serve.py",
                "traffic_allocation": 1.0,
                "primary_metric": METRIC,
                "tags": ["smoke"],
                "variants": [
                    {"name": "control", "weight": 0.5, "config": {"model": "v3"}},
                    {"name": "treatment", "weight": 0.5, "config": {"model": "v4"}},
                ],
            },
        )
        self.experiment = answer["experiment_id"]
        expect(answer["status"] == "draft" and answer["variants"] == 2, answer)
        return f"{self.name}, {self.experiment}"

    def launch(self) -> str:
        return self._act("launch", "running")

    def assign(self) -> str:
        first, second = (
            self.api.post(
                f"/api/v1/experiments/{self.experiment}/assign",
                {"unit_id": self.unit, "attributes": {"country": "CA"}},
            )
            for _ in range(2)
        )
        expect(first["in_experiment"] is True, first)
        expect(first["variant_key"] == second["variant_key"], (first["variant_key"], second["variant_key"]))
        expect(first["assignment_id"] == second["assignment_id"], (first, second))
        expect((first["fresh"], second["fresh"]) == (True, False), (first["fresh"], second["fresh"]))
        self.assignment = first
        return f"{self.unit} → {first['variant_key']}, asked twice, the same twice"

    def log(self) -> str:
        about = {"experiment_id": self.experiment, "unit_id": self.unit}
        events = [
            {"event_id": str(uuid.uuid4()), "type": "exposure", **about},
            {
                "event_id": str(uuid.uuid4()),
                "type": "metric",
                "metric_name": METRIC,
                "value": 1250.3,
                **about,
            },
        ]
        first, again = (self.api.post("/api/v1/events", {"events": events}) for _ in range(2))
        expect(first["accepted"] == 2, first)
        expect((again["accepted"], again["duplicates"]) == (0, 2), again)
        return "2 accepted; sent again, 2 duplicates"

    def results(self) -> str:
        started, mine = time.monotonic(), self.assignment["variant_id"]
        while True:
            answer = self.api.get(f"/api/v1/experiments/{self.experiment}/metrics")
            seen = answer["variant_metrics"].get(mine, {})
            metric = seen.get("conversions", {}).get(METRIC, {})
            if (seen.get("exposures"), metric.get("count"), metric.get("sum")) == (1, 1, 1250.3):
                break
            waited = time.monotonic() - started
            expect(waited < PATIENCE, f"after {waited:.0f} s: {seen}")
            time.sleep(0.1)
        self.api.get(f"/api/v1/experiments/{self.experiment}/results?interval=minute")
        return f"1 exposure, {METRIC} 1250.3, seen after {time.monotonic() - started:.1f} s"

    def pause(self) -> str:
        self._act("pause", "paused")
        answer = self.api.post(f"/api/v1/experiments/{self.experiment}/assign", {"unit_id": self.unit})
        expect((answer["variant_key"], answer["reason"]) == ("control", "paused"), answer)
        return "paused; everybody gets control"

    def stop(self) -> str:
        return self._act("stop", "completed")

    def _act(self, action: str, becomes: str) -> str:
        answer = self.api.post(
            f"/api/v1/experiments/{self.experiment}/{action}",
            {"actor": "smoke_self_serve", "reason": f"smoke test: {action}"},
        )
        expect(answer["status"] == becomes, answer)
        return becomes


def run(smoke: Smoke) -> bool:
    """Print a line a step; after a failure the rest is skipped, except that what was created is stopped."""
    held = True
    for name, step in smoke.steps():
        if not held and not (name == "stop" and smoke.experiment):
            print(f"skipped  {name}")
            continue
        try:
            print(f"ok       {name:<20} {step()}", flush=True)
        except (ApiError, StepFailed) as error:
            held = False
            print(f"failed   {name:<20} {error}", flush=True)
        except (KeyError, TypeError) as error:
            held = False
            print(f"failed   {name:<20} the answer has no {error}", flush=True)
    return held


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(
        description="Smoke test of a running Litmus: one experiment, whole life."
    )
    parser.add_argument("--base-url", default="http://localhost:8000", help="default: %(default)s")
    parser.add_argument("--token", help="a write and admin token, where the server asks for one")
    options = parser.parse_args()
    try:
        api = Api(options.base_url, options.token)
    except ValueError as error:
        parser.error(str(error))
    started = time.monotonic()
    held = run(Smoke(api))
    print(f"{'passed' if held else 'FAILED'}   in {time.monotonic() - started:.1f} s against {api.base_url}")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
