"""Facts as a database would hold them, made from values in memory: what effects are computed from, without a database."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from litmus_server.domain.plan import DEFAULT_PLAN
from litmus_server.ports import Facts, ReportState
from litmus_server.stats.moments import MICRO
from litmus_server.stats.sheet import EXPOSED, Measure, Sheet, Strip

NOW = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
TODAY = int(NOW.timestamp()) // 3600
"""As a cohort."""

Unit = tuple[int, int, int, float, float]
"""(variant, epoch, cohort, value, value before the exposure)."""


def metric(number: int = 1, **fields: Any) -> dict[str, Any]:
    """One that is the primary, a mean, with a window of a day, unless told otherwise."""
    usual = {
        "name": f"m{number}", "id": number, "slot": number, "role": "primary", "kind": "mean", "direction": "increase",
        "window_seconds": 86_400,
    }  # fmt: skip
    return usual | fields


def entry(metrics: Sequence[Mapping[str, Any]], arms: int = 2, **fields: Any) -> dict[str, Any]:
    """Running for thirty days, of equal weights, with variants A, B, C, …; A is control."""
    plan = DEFAULT_PLAN.document | fields.pop("analysis", {})
    usual = {
        "id": "x", "key": "x", "name": "X", "type": "ab", "status": "running", "archived": False, "unit_type": "user",
        "started_at": "2026-10-21T00:00:00Z", "completed_at": None, "epoch": 1, "cohort_hours": 24,
        "weights": [1_000_000 // arms] * (arms - 1) + [1_000_000 - 1_000_000 // arms * (arms - 1)],
        "parameters": {}, "planned_units": None, "min_sample_size": None, "significance": 0.95, "analysis": plan,
        "cells": [None] * arms, "metrics": list(metrics),
        "variants": [
            {"id": f"id-{key}", "key": key, "name": key, "ordinal": k, "is_control": k == 0, "state": "active"}
            for k, key in enumerate("ABCDEFGHIJ"[:arms])
        ],
    }  # fmt: skip
    return usual | fields


def sheet(
    metrics: Sequence[Mapping[str, Any]], units: Mapping[int, Sequence[Unit]], hours: int = 24
) -> Sheet:
    """`units` of each metric by its number; who is exposed is those of the first one. Values in the metric's units."""
    rows: dict[tuple[int, int], dict[tuple[int, int], list[int]]] = {}
    for number, of_metric in units.items():
        for variant, epoch, cohort, value, before in of_metric:
            y, x = round(value * MICRO), round(before * MICRO)
            if number == metrics[0]["id"]:
                _add(rows, (EXPOSED, variant), (epoch, cohort), (1, 0, 0, 0, 0, 0, 0))
            if y or x:
                _add(rows, (number, variant), (epoch, cohort), (int(y != 0), y, y**2, y**3, x, x**2, x * y))
    strips = {
        key: Strip(
            tuple(epoch for epoch, _ in cells),
            tuple(cohort for _, cohort in cells),
            tuple(map(tuple, cells.values())),
        )
        for key, cells in rows.items()
    }
    measures = {
        each["id"]: Measure(binary=each["kind"] == "conversion", before=each["kind"] == "mean")
        for each in metrics
    }
    return Sheet(hours, measures, strips)


def _add(rows: Any, key: tuple[int, int], cell: tuple[int, int], sums: Sequence[int]) -> None:
    mine = rows.setdefault(key, {}).setdefault(cell, [0] * 7)
    for k, each in enumerate(sums):
        mine[k] += each


def facts(document: Mapping[str, Any], of: Sheet, **fields: Any) -> Facts:
    """Folded up to now, with nothing rejected and no look taken, unless told otherwise."""
    sums = {
        (variant, number): (sum(row[0] for row in strip.rows), sum(row[1] for row in strip.rows))
        for (number, variant), strip in of.plain.items()
    }
    usual: dict[str, Any] = {
        "now": NOW, "entry": document, "state": ReportState(1, 1, 0), "folded_at": NOW, "lag_seconds": 0.0,
        "propensities": None, "sums": sums, "totals": [], "window": None, "strips": [], "sheet": of,
        "shares": {1: document["weights"]},
    }  # fmt: skip
    return Facts(**(usual | fields))
