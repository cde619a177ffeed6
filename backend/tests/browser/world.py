"""Experiments with traffic, made over the API as an application would: the same units do the same each time."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

import httpx2
from launched import until

HOSTILE = '<img src=x onerror="document.title=1"> مرحبا'
PAIR = ({"name": "control", "weight": 0.5}, {"name": "treatment", "weight": 0.5})
Json = dict[str, Any]
_MOST = 200  # units in one request


class World:
    """What stands behind the pages of one server."""

    def __init__(self, base_url: str) -> None:
        self._client = httpx2.Client(base_url=f"{base_url}/api/v1", timeout=30)
        self._name, self._events = uuid.uuid4().hex[:8], count()

    def __enter__(self) -> World:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get(self, path: str) -> Any:
        return self._client.get(path).raise_for_status().json()

    def post(self, path: str, body: object) -> Any:
        return self._client.post(path, json=body).raise_for_status().json()

    def patch(self, path: str, body: object) -> Any:
        return self._client.patch(path, json=body).raise_for_status().json()

    def create(self, name: str, *, start: bool = False, **more: Any) -> str:
        """The key of a new experiment."""
        body = {"name": name, "variants": PAIR, "primary_metric": "purchase", **more}
        key: str = self.post("/experiments", body)["experiment_key"]
        if start:
            self.post(f"/experiments/{key}/start", {"actor": "Mara", "reason": "reviewed"})
        return key

    def visit(
        self, key: str, units: range, rates: Mapping[str, float], values: Mapping[str, float] | None = None
    ) -> None:
        """Each unit is assigned and exposed; of each variant, the share in `rates` converts on the primary metric, once.

        `values`: the mean of each variant's order value; without it nothing but conversions is logged.
        """
        for first in range(units.start, units.stop, _MOST):
            some = [f"unit-{number}" for number in range(first, min(first + _MOST, units.stop))]
            requests = [{"experiment_id": key, "unit_id": unit} for unit in some]
            events: list[Json] = []
            for number, answer in enumerate(
                self.post("/assignments", {"requests": requests})["assignments"], first
            ):
                if not answer["in_experiment"]:
                    continue
                variant = answer["variant_key"]
                events.append({"type": "exposure", "unit_id": answer["unit_id"]})
                luck = number * 0.6180339887 % 1
                if luck < rates.get(variant, 0):
                    events.append(_metric("conversion", answer["unit_id"], "purchase", 1))
                    if values is not None:
                        worth = round(values[variant] * (0.6 + 0.8 * (number * 0.7548776662 % 1)), 2)
                        events.append(_metric("metric", answer["unit_id"], "order_value", worth))
            self.log(key, events)

    def log(self, key: str, events: Sequence[Json]) -> None:
        """Log these events of this experiment; ids are added."""
        whole = [
            {"event_id": f"{self._name}-{next(self._events)}", "experiment_id": key, **each}
            for each in events
        ]
        if whole:
            self.post("/events", {"events": whole})

    def report(self, key: str) -> Json:
        found: Json = self.get(f"/experiments/{key}/report")
        return found

    def exposed(self, key: str, units: int) -> Json:
        """The report, once it has so many exposed units and has counted all events."""
        seen: list[Json] = []

        def done() -> bool:
            seen.append(self.report(key))
            return not seen[-1]["stale"] and seen[-1]["exposed_units"] == units

        until(done, f"the report of {key} has {units} exposed units")
        return seen[-1]


def _metric(kind: str, unit: str, name: str, value: float) -> Json:
    return {"type": kind, "unit_id": unit, "metric_name": name, "value": value}
