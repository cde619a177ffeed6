#!/usr/bin/env python3
"""Five models compete for simulated traffic under Thompson sampling, live, until somebody stops the experiment.

    python3 scripts/live_bandit_simulation.py --base-url http://localhost:8000 [--token <admin-token>] [--experiment KEY]

Standard library only. Without --iterations it runs until Ctrl-C or until the experiment is stopped; with it, traffic
ends after so many units and the experiment is left running.
"""

import argparse
import signal
import sys
import time
import uuid
from dataclasses import dataclass, field
from types import FrameType
from typing import TextIO

import five_models
from five_models import MODELS, Store, Traffic
from litmus_api import Api, ApiError, Json
from simulation_screen import Screen, leader, snapshot_line, summary

TICK = 0.1  # seconds between requests: so many units as came due in it share one
MOST_PER_REQUEST = 200  # units; with their events well below the batch that the API takes


@dataclass(slots=True)
class Progress:
    """What the simulator itself has seen so far."""

    started: float = field(default_factory=time.monotonic)
    served: int = 0  # new units
    visits: int = 0
    events: int = 0
    units: dict[str, int] = field(default_factory=lambda: {model.key: 0 for model in MODELS})
    converged_after: int | None = None
    status: str = "running"

    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self.started


class Simulation:
    """One experiment from its creation to the summary."""

    def __init__(self, api: Api, options: argparse.Namespace, out: TextIO) -> None:
        """`out` gets the lines; a table is kept below them when it is a terminal."""
        self._api, self._options, self._with_token = api, options, bool(options.token)
        self._traffic = Traffic(options.seed)
        self._progress = Progress()
        self._screen = Screen(out)
        self._id = ""

    def run(self) -> None:
        """Create, start, serve, report. Returns when traffic has ended, whatever ended it."""
        self._create()
        try:
            self._serve()
        except KeyboardInterrupt:
            self._screen.line("interrupted: traffic ends here")
        except ApiError:
            self._summarise()
            raise
        self._screen.table(self._bandit())
        self._summarise()
        if self._progress.status != "completed":
            self._how_to_stop("simulation ended")

    def _create(self) -> None:
        if self._options.experiment:
            name = self._options.experiment
            self._id = _ours(self._api.get(f"/api/v1/experiments/{name}"))
        else:
            name = f"suggested_order_{time.strftime('%Y%m%d_%H%M%S')}_{uuid.uuid4().hex[:4]}"
            created = self._api.post("/api/v1/experiments", _experiment(name))
            self._id = created["experiment_id"]
            self._api.post(f"/api/v1/experiments/{self._id}/start", _because("five-model simulation"))
        self._screen.line(f"experiment {name} is running, id {self._id}")
        for what, url in self._urls():
            self._screen.line(f"  {what:<14} {url}")

    def _urls(self) -> list[tuple[str, str]]:
        base, dashboard = self._api.base_url, self._api.get("/api/v1/meta").get("dashboard_url")
        here = f"{base}/api/v1/experiments/{self._id}"
        live = f"ws{base.removeprefix('http')}/api/v1/ws/experiments/{self._id}/live"
        if dashboard:
            page = f"{dashboard.rstrip('/')}/experiments/{self._id}"
            return [("Detail page", page), ("Results page", f"{page}/results"), ("Live stream", live)]
        return [
            ("Detail", here),
            ("Results", f"{here}/results?interval=minute"),
            ("Report", f"{here}/report"),
            ("Live stream", live),
            ("API", f"{base}/docs"),
        ]

    def _serve(self) -> None:
        progress, options = self._progress, self._options
        debt = 0.0  # units that are due
        last = time.monotonic()
        report_at = options.report_every
        while progress.status != "completed" and progress.served != options.iterations:
            now = time.monotonic()
            debt = min(debt + (now - last) * options.rate, max(options.rate, 1.0))  # a stall is not caught up
            last = now
            until = report_at if options.iterations is None else min(report_at, options.iterations)
            due = min(int(debt), until - progress.served, MOST_PER_REQUEST)
            if due:
                debt -= due
                self._visit(self._traffic.arrivals(due))
                progress.served += due
            if progress.served == report_at:
                report_at += options.report_every
                self._report()
            if debt < 1:
                time.sleep(max(0.0, TICK - (time.monotonic() - now)))

    def _visit(self, stores: list[Store]) -> None:
        requests = [
            {"experiment_id": self._id, "unit_id": store.unit_id, "attributes": store.attributes}
            for store in stores
        ]
        answer = self._api.patiently("POST", "/api/v1/assignments", {"requests": requests})
        events: list[Json] = []
        for store, assignment in zip(stores, answer["assignments"], strict=True):
            if "reason" not in assignment:
                raise ApiError(int(assignment.get("status", 500)), str(assignment.get("message", assignment)))
            if not assignment["in_experiment"]:
                self._turned_away(assignment["reason"])
                continue
            self._progress.visits += 1
            if assignment["fresh"]:
                self._progress.units[assignment["variant_key"]] += 1
            done = self._traffic.events(store, five_models.BY_KEY[assignment["variant_key"]])
            events += [{"experiment_id": self._id, **event} for event in done]
        if events:
            self._became("running")
            outcome = self._api.patiently("POST", "/api/v1/events", {"events": events})
            self._progress.events += outcome["accepted"] + outcome["duplicates"]

    def _turned_away(self, reason: str) -> None:
        self._became("paused" if reason == "paused" else "completed")

    def _became(self, status: str) -> None:
        if status != self._progress.status:
            self._progress.status = status
            self._screen.line(f"experiment is {status}, seen after {self._progress.seconds():.0f} s")

    def _report(self) -> None:
        bandit = self._bandit()
        self._screen.line(snapshot_line(bandit, self._progress.seconds(), self._progress.served))
        top = leader(bandit)
        if (
            self._progress.converged_after is None
            and top["win_probability"] >= self._options.convergence_win_prob
            and top["exposed_units"] >= self._options.min_exposures_per_variant
        ):
            self._progress.converged_after = self._progress.served
            self._screen.line(
                f"converged top={top['variant_key']} win_probability={top['win_probability']:.4f} "
                f"exposures={top['exposed_units']} units={self._progress.served} "
                f"seconds={self._progress.seconds():.0f}"
            )
            self._how_to_stop("convergence reached")
        self._screen.table(bandit)

    def _bandit(self) -> Json:
        return self._api.patiently("GET", f"/api/v1/experiments/{self._id}/bandit?limit=1")

    def _how_to_stop(self, reason: str) -> None:
        authorization = "  -H 'Authorization: Bearer <admin-token>' \\\n" if self._with_token else ""
        dashboard = next((url for what, url in self._urls() if what == "Detail page"), None)
        self._screen.line(
            "manual_kill_required Litmus stops no experiment by itself: traffic goes on until you do."
        )
        if dashboard:
            self._screen.line(f"  In the dashboard: open {dashboard} and click Stop. Or:")
        self._screen.line(
            f"curl -s -X POST {self._api.base_url}/api/v1/experiments/{self._id}/stop \\\n"
            f"  -H 'Content-Type: application/json' \\\n{authorization}"
            f'  -d \'{{"actor":"tutorial.user","reason":"{reason}"}}\''
        )

    def _summarise(self) -> None:
        progress = self._progress
        self._screen.keep()
        for line in summary(progress.units, progress.converged_after):
            self._screen.line(line)
        seconds = max(progress.seconds(), 0.001)
        self._screen.line(
            f"served     {progress.served} units in {progress.visits} visits with {progress.events} events, "
            f"{progress.served / seconds:.0f} units/s for {seconds:.0f} s"
        )


def _experiment(name: str) -> Json:
    return {
        "name": name,
        "description": "Five forecasting models compete for the suggested order of simulated stores",
        "hypothesis": "One of the models has its suggestions accepted more often than the seasonal naive one",
        "type": "thompson_sampling",
        "primary_metric": five_models.PRIMARY,
        "secondary_metrics": list(five_models.SECONDARY),
        "traffic_allocation": 1.0,
        "parameters": {"prior_alpha": 1, "prior_beta": 1},
        "tags": ["simulation"],
        "variants": [
            {
                "key": model.key,
                "name": model.name,
                "is_control": model is MODELS[0],
                "config": {"model": model.key},
            }
            for model in MODELS
        ],
    }


def _ours(experiment: Json) -> str:
    """The id of an experiment that somebody else made, when it is of these models and runs. Raises ValueError."""
    keys = {variant["key"] for variant in experiment["variants"]}
    if keys != five_models.BY_KEY.keys():
        raise ValueError(f"{experiment['key']} is not of the five models: its variants are {sorted(keys)}")
    if experiment["status"] != "running":
        raise ValueError(f"{experiment['key']} is {experiment['status']}: start it first")
    return str(experiment["id"])


def _because(reason: str) -> Json:
    return {"actor": "live_bandit_simulation", "reason": reason}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Five models compete for simulated traffic under Thompson sampling, live.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--base-url", default="http://localhost:8000", help="where Litmus answers")
    add("--token", help="an admin token, where the server asks for one")
    add("--experiment", help="serve this running one, by its key, that the dashboard made of “Five models”")
    add("--iterations", type=_count, help="new units to serve, then end; without it, run until stopped")
    add("--report-every", type=_count, default=100, help="units between two live_snapshot lines")
    add(
        "--convergence-win-prob",
        type=_probability,
        default=0.95,
        help="win probability that counts as converged",
    )
    add(
        "--min-exposures-per-variant",
        type=_count,
        default=100,
        help="exposed units that the leading variant needs before it counts; under Thompson sampling losers get few",
    )
    add("--rate", type=_rate, default=50.0, help="new units a second")
    add(
        "--seed",
        type=int,
        help="makes the stores and what they do the same each time; not the hash of Litmus",
    )
    return parser.parse_args()


def _count(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def _probability(text: str) -> float:
    if not 0 < (number := float(text)) <= 1:
        raise argparse.ArgumentTypeError("above 0, at most 1")
    return number


def _rate(text: str) -> float:
    if not 0 < (number := float(text)) <= 10_000:
        raise argparse.ArgumentTypeError("above 0, at most 10000")
    return number


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> int:
    """The exit code: 0 when the run ended as asked, by Ctrl-C too; 1 when the server refused or went away."""
    options = _options()
    signal.signal(signal.SIGTERM, _interrupt)  # whoever started us ends us as a person would
    try:
        Simulation(Api(options.base_url, options.token), options, sys.stdout).run()
    except (ApiError, ValueError) as error:
        print(f"live_bandit_simulation: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
