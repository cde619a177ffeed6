"""Every number of a report against independent judges, from raw events of units that come back, sent through the doors."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any
from uuid import uuid4

import httpx2
import numpy as np
import pytest
import statsmodels.api as sm
from drafts import act, created
from litmus_server.store.fold import Fold
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportions_ztest
from working import worker

pytestmark = pytest.mark.database

KEYS, CAP = "abc", 30.0
METRICS: dict[str, Any] = {
    "primary_metric": {"name": "order", "kind": "conversion", "covariates": []},
    "secondary_metrics": [
        {"name": "revenue", "kind": "mean"},
        {"name": "visits", "kind": "mean", "covariates": []},
        {"name": "capped", "kind": "mean", "cap": {"value": CAP}, "covariates": []},
        {
            "name": "basket",
            "kind": "ratio",
            "numerator": "revenue",
            "denominator": "visits",
            "covariates": [],
        },
        {"name": "errors", "kind": "mean", "direction": "decrease", "covariates": []},
    ],
}
NAMES = ("order", "revenue", "visits", "capped", "errors")


async def test_a_report_is_what_scipy_and_statsmodels_say_of_the_units(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    body = {
        "name": "judged", "type": "ab", "variants": [{"name": key, "weight": w} for key, w in zip(KEYS, (0.4, 0.3, 0.3), strict=True)],
        "analysis": {"method": "fixed", "minimum_days": 0}, **METRICS,
    }  # fmt: skip
    experiment = await created(client, body)
    await act(client, experiment, "start")
    arm, totals, before = await _lived(client, experiment, 900)
    async with worker(database_url) as pool, pool.acquire() as connection:
        fold = Fold()
        while (await fold.fold_once(connection)).batches:
            pass
        report = (await client.get(f"/api/v1/experiments/{experiment}/report")).json()
    found = {each["metric"]["name"]: each["effects"] for each in report["metrics"]}
    for name in (*NAMES, "basket"):
        plain = []
        for k, effect in enumerate(found[name], 1):
            t, c = arm == k, arm == 0
            assert (effect["units"], effect["control_units"]) == (t.sum(), c.sum())
            judge = _judged(name, totals, before, t, c)
            said = effect["difference"]
            assert said["estimate"] == pytest.approx(judge[0], rel=1e-7)
            assert effect["p_value"] == pytest.approx(judge[1], rel=1e-6)
            if judge[2] is not None:
                assert (said["lower"], said["upper"]) == pytest.approx(judge[2], rel=1e-6)
            control = (
                totals["revenue"][c].sum() / totals["visits"][c].sum()
                if name == "basket"
                else _values(name, totals)[c].mean()
            )
            assert effect["control_mean"] == pytest.approx(control, rel=1e-9)
            assert effect["lift"]["estimate"] == pytest.approx(judge[0] / control, rel=1e-7)
            plain.append(effect["p_value"])
        rejected, corrected = multipletests(plain, 0.05, "holm")[:2]
        for effect, p, is_rejected in zip(found[name], corrected, rejected, strict=True):
            assert effect["adjusted"]["p_value"] == pytest.approx(p, rel=1e-9)
            assert effect["significant"] == is_rejected
            for scale in ("difference", "lift"):
                shown = effect["adjusted"][scale]
                assert (shown["lower"] > 0 or shown["upper"] < 0) == is_rejected
            if is_rejected:
                worse = (effect["difference"]["estimate"] > 0) == (name == "errors")
                assert effect["better"] is not worse
    assert any(effect["significant"] for effect in found["order"])
    assert any(effect["better"] is False for effect in found["errors"])
    raw = next(each for each in found["capped"][0]["alternatives"] if each["name"] == "raw")
    welch = stats.ttest_ind(totals["capped"][arm == 1], totals["capped"][arm == 0], equal_var=False)
    assert raw["p_value"] == pytest.approx(welch.pvalue, rel=1e-6)


async def _lived(
    client: httpx2.AsyncClient, experiment: str, units: int
) -> tuple[np.ndarray[Any, Any], dict[str, np.ndarray[Any, Any]], np.ndarray[Any, Any]]:
    """Units that did something before their exposure, and come back after it; who is in which arm, and what each added up to."""
    rng, now = random.Random(5), dt.datetime.now(dt.UTC)
    ids = [f"u-{k}" for k in range(units)]
    answer = await client.post(
        "/api/v1/assignments",
        json={"requests": [{"experiment_id": experiment, "unit_id": unit} for unit in ids]},
    )
    drawn = {each["unit_id"]: KEYS.index(each["variant_key"]) for each in answer.json()["assignments"]}
    totals = {name: np.zeros(units) for name in NAMES}
    before = np.zeros(units)
    events: list[dict[str, Any]] = []

    def add(k: int, name: str, value: float | None = None, *, hours_ago: float = 0.0) -> None:
        kind = {"exposure": "exposure", "order": "conversion"}.get(name, "metric")
        event: dict[str, Any] = {"type": kind, "unit_id": ids[k]}
        if hours_ago:
            event["occurred_at"] = (now - dt.timedelta(hours=hours_ago)).isoformat()
        if kind != "exposure":
            event["metric_name"] = name
        if value is not None:
            event["value"] = value
        events.append(event)

    for k, unit in enumerate(ids):
        taste, place = rng.expovariate(0.1), drawn[unit]
        if rng.random() < 0.7:
            before[k] = round(taste + rng.random(), 2)
            add(k, "revenue", before[k], hours_ago=rng.uniform(1, 400))
        add(k, "exposure")
        if rng.random() < 0.5:
            add(k, "exposure")
        for _ in range(rng.choice((1, 2, 5))):
            totals["visits"][k] += 1
            add(k, "visits", 1.0)
            if rng.random() < 0.15 + 0.1 * place:
                totals["order"][k] = 1
                add(k, "order")
                value = round(taste + place + rng.random(), 2)
                for name in ("revenue", "capped"):
                    totals[name][k] += value
                    add(k, name, value)
            if rng.random() < 0.1 + 0.15 * place:
                totals["errors"][k] += 1
                add(k, "errors", 1.0)
    events.sort(
        key=lambda event: event["type"] != "exposure"
    )  # what came before its exposure would not count
    for start in range(0, len(events), 500):
        batch = [
            {"event_id": str(uuid4()), "experiment_id": experiment, **each}
            for each in events[start : start + 500]
        ]
        outcome = (await client.post("/api/v1/events", json={"events": batch})).json()
        assert outcome["rejected"] == 0, outcome
    return np.array([drawn[unit] for unit in ids]), totals, before


def _values(name: str, totals: dict[str, np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
    return np.minimum(totals[name], CAP) if name == "capped" else totals[name]


def _judged(
    name: str,
    totals: dict[str, np.ndarray[Any, Any]],
    before: np.ndarray[Any, Any],
    t: np.ndarray[Any, Any],
    c: np.ndarray[Any, Any],
) -> tuple[float, float, tuple[float, float] | None]:
    """(difference, p-value, interval of the difference, where the judge has one)."""
    if name == "basket":
        return _ratios(totals["revenue"], totals["visits"], t, c)
    y = _values(name, totals)
    if name == "order":
        _, p = proportions_ztest([y[t].sum(), y[c].sum()], [t.sum(), c.sum()])
        return float(y[t].mean() - y[c].mean()), float(p), None
    if name == "revenue":
        return _lin(y, before, t, c)
    welch = stats.ttest_ind(y[t], y[c], equal_var=False)
    interval = welch.confidence_interval(0.95)
    return float(y[t].mean() - y[c].mean()), float(welch.pvalue), (float(interval.low), float(interval.high))


def _lin(
    y: np.ndarray[Any, Any], x: np.ndarray[Any, Any], t: np.ndarray[Any, Any], c: np.ndarray[Any, Any]
) -> tuple[float, float, tuple[float, float]]:
    """Two regressions, evaluated at the mean of the covariate over both arms; the last term is for that mean."""
    both = t | c
    middle = x[both].mean()
    fits = [sm.OLS(y[each], sm.add_constant(x[each] - middle)).fit() for each in (t, c)]
    difference = fits[0].params[0] - fits[1].params[0]
    steeper = fits[0].params[1] - fits[1].params[1]
    variances = [fit.cov_params()[0, 0] for fit in fits]
    error = np.sqrt(sum(variances) + steeper**2 * x[both].var(ddof=1) / both.sum())
    return _interval(difference, error, variances, [t.sum() - 2, c.sum() - 2])


def _ratios(
    y: np.ndarray[Any, Any], d: np.ndarray[Any, Any], t: np.ndarray[Any, Any], c: np.ndarray[Any, Any]
) -> tuple[float, float, tuple[float, float]]:
    """By the delta method: the residuals of numerator on denominator, unit by unit."""
    ratio = [y[each].sum() / d[each].sum() for each in (t, c)]
    variances = [
        float(np.var(y[each] - r * d[each], ddof=1) / each.sum() / d[each].mean() ** 2)
        for r, each in zip(ratio, (t, c), strict=True)
    ]
    return _interval(ratio[0] - ratio[1], np.sqrt(sum(variances)), variances, [t.sum() - 1, c.sum() - 1])


def _interval(
    difference: float, error: float, variances: list[float], of: list[int]
) -> tuple[float, float, tuple[float, float]]:
    df = sum(variances) ** 2 / sum(v * v / n for v, n in zip(variances, of, strict=True))
    reach = stats.t.ppf(0.975, df) * error
    return (
        float(difference),
        float(2 * stats.t.sf(abs(difference / error), df)),
        (difference - reach, difference + reach),
    )
