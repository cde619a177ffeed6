"""Real reports, made by a real server, are computed again by the notebook of `examples/` from what the server exports."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx2
import pytest
from drafts import act, created
from folded import make
from litmus_server.bandits.refresh import RefreshRule
from litmus_server.domain.experiment import Experiment
from litmus_server.services.learning import Learning
from litmus_server.store.fold import Fold
from litmus_server.store.jobs import Queue
from litmus_server.store.policies import PolicyStore
from notebook import recomputed
from units import Unit, keep
from working import worker

pytestmark = pytest.mark.database

LONG_AGO = dt.timedelta(days=40)  # every window of 30 days has closed
METRICS: dict[str, Any] = {
    "primary_metric": {"name": "spend", "kind": "mean", "cap": {"value": 60}, "minimum_effect": 0.02},
    "secondary_metrics": [
        {"name": "order", "kind": "conversion", "covariates": ["spend"]},
        {"name": "basket", "kind": "ratio", "numerator": "spend", "denominator": "order"},
        {"name": "wait", "kind": "quantile", "quantile": 0.75, "direction": "decrease"},
        {"name": "errors", "kind": "mean", "role": "guardrail", "direction": "decrease", "margin": 0.05},
    ],
}


def lived(
    count: int, seed: int, *, arms: int = 2, epoch: int = 1, ago: dt.timedelta = LONG_AGO
) -> list[Unit]:
    """Units of three days that spent, ordered, waited and erred, many of them before their exposure too."""
    rng, found = random.Random(seed), []
    now = dt.datetime.now(dt.UTC)
    for k in range(count):
        arm, taste = rng.randrange(arms), rng.expovariate(0.1)
        values = {"wait": round(rng.lognormvariate(3 - 0.05 * arm, 0.4), 3), "errors": rng.randint(0, 3)}
        if rng.random() < 0.4 + 0.1 * arm:
            values |= {"order": 1, "spend": round(taste + 2 * arm + rng.expovariate(0.2), 2)}
        before = {"spend": round(taste + rng.random(), 2)} if rng.random() < 0.7 else {}
        first_at = now - ago + dt.timedelta(days=rng.randint(0, 2))
        found.append(Unit(f"u{seed}-{k}", arm, first_at, values, before, epoch=epoch))
    return found


async def checked(client: httpx2.AsyncClient, key: str, folder: Path) -> dict[str, Any]:
    """The export as anybody gets it, and every number in it computed again."""
    answer = await client.get(f"/api/v1/experiments/{key}/export")
    assert answer.status_code == 200, answer.text
    found = recomputed(answer.content, folder)
    assert not found["wrong"]
    assert not found["left_over"]
    return found


async def test_looks_that_were_taken_and_metrics_of_every_kind(
    client: httpx2.AsyncClient, database_url: str, tmp_path: Path
) -> None:
    async with worker(database_url) as pool:
        planned = await make(pool, "planned", variants=2, type="ab", planned_units=1200, analysis={"looks": 3, "minimum_days": 0}, **METRICS)  # fmt: skip
        for seed in (1, 2):
            await keep(pool, planned, lived(450, seed))
            found = await checked(client, "planned", tmp_path)
        spent, orders, baskets, waits, errors = (each["effects"][0] for each in found["report"]["metrics"])
        assert [each["method"] for each in (spent, orders, waits)] == ["hybrid", "hybrid", "fixed"]
        assert [len(each["looks"]) for each in (spent, orders, baskets, errors)] == [2, 2, 2, 2]
        assert {each["name"] for each in spent["alternatives"]} == {"unadjusted", "raw", "always_valid"}
        assert None not in (waits["p_value"], errors["guardrail"], spent["belief"], orders["standard_error"])


async def test_weights_that_were_changed(
    client: httpx2.AsyncClient, database_url: str, tmp_path: Path
) -> None:
    async with worker(database_url) as pool:
        moved = await make(pool, "moved", variants=3, type="ab", analysis={"adjustment": "cuped", "correction": "benjamini_hochberg", "scope": "experiment"}, **METRICS)  # fmt: skip
        changed = [{"key": f"model-{k}", "weight": w} for k, w in enumerate((0.2, 0.5, 0.3))]
        answer = await client.patch(f"/api/v1/experiments/{moved.id}", json={"variants": changed})
        assert answer.json()["epoch"] == 2, answer.text
        units = lived(500, 3, arms=3) + lived(500, 4, arms=3, epoch=2, ago=dt.timedelta(days=6))
        await keep(pool, moved, units)
        found = await checked(client, "moved", tmp_path)
        assert len(found["strata"]["model-1"]) == 2
        effect = found["report"]["metrics"][0]["effects"][0]
        assert effect["adjusted"]["family"] == 8
        assert effect["standard_error"] is not None


@pytest.mark.parametrize("kind", ["conversion", "mean"])
async def test_a_bandit_that_has_learned_several_times(
    client: httpx2.AsyncClient, database_url: str, tmp_path: Path, kind: str
) -> None:
    primary = {"name": {"conversion": "order", "mean": "spend"}[kind], "kind": kind}
    parameters = {"learned_delays": True, "half_life_days": 20} if kind == "conversion" else {}
    async with worker(database_url) as pool:
        bandit = await make(pool, "bandit", variants=3, primary_metric=primary, parameters=parameters, secondary_metrics=[{"name": "errors", "kind": "mean"}])  # fmt: skip
        learning = Learning(PolicyStore(pool), Queue(pool), RefreshRule(min_interval=dt.timedelta(0)))
        for round_ in range(4):
            version = await _version(pool, bandit)
            units = [
                Unit(unit.name, unit.variant, unit.first_at, {name: unit.values[name] for name in (primary["name"], "errors") if name in unit.values}, epoch=version)
                for unit in lived(600, 20 + round_, arms=3)
            ]  # fmt: skip
            await keep(pool, bandit, units)
            await learning.learn(bandit.no)
        found = await checked(client, "bandit", tmp_path)
        report = found["report"]
        assert report["bandit"]["batches"] >= 4
        assert [each["method"] for each in report["metrics"][0]["effects"]] == ["after_bandit"] * 2
        assert report["bandit"]["saved"]["lower"] is not None
        assert (report["bandit"]["arms"][0]["mean_delay_hours"] is None) == (kind == "mean")


async def _version(pool: asyncpg.Pool[Any], experiment: Experiment) -> int:
    version: int = await pool.fetchval("select version from policy_head where experiment = $1", experiment.no)
    return version


async def test_events_that_came_through_the_door_and_names_that_nobody_declared(
    client: httpx2.AsyncClient, database_url: str, tmp_path: Path
) -> None:
    body = {
        "name": "seen", "type": "bayesian_ab", "planned_units": 4000, "significance_threshold": 0.9,
        "variants": [{"name": key, "weight": 0.5} for key in ("control", "treatment")], "primary_metric": "order",
    }  # fmt: skip
    experiment = await created(client, body)
    await act(client, experiment, "start")
    rng, ids = random.Random(6), [f"v-{k}" for k in range(300)]
    requests = [{"experiment_id": experiment, "unit_id": unit} for unit in ids]
    answer = (await client.post("/api/v1/assignments", json={"requests": requests})).json()
    drawn = {each["unit_id"]: each["variant_key"] for each in answer["assignments"]}
    events: list[dict[str, Any]] = [{"type": "exposure", "unit_id": unit} for unit in ids]
    for unit in ids:
        events += [{"type": "metric", "metric_name": "clicks", "unit_id": unit, "value": rng.randint(1, 9)}]
        if rng.random() < (0.3 if drawn[unit] == "control" else 0.5):
            events += [{"type": "conversion", "metric_name": "order", "unit_id": unit}]
    for start in range(0, len(events), 500):
        batch = [
            {"event_id": str(uuid4()), "experiment_id": experiment, **each}
            for each in events[start : start + 500]
        ]
        assert (await client.post("/api/v1/events", json={"events": batch})).json()["rejected"] == 0
    async with worker(database_url) as pool, pool.acquire() as connection:
        fold = Fold()
        while (await fold.fold_once(connection)).batches:
            pass
        found = await checked(client, "seen", tmp_path)
    report, kinds = found["report"], found["kinds"]
    assert report["undeclared"]["metrics"][0]["metric_name"] == "clicks"
    assert kinds["series.variants.cumulative_exposed_units"] >= 2
    assert kinds["metrics.series.lift"] >= 1
    assert kinds["plan.false_alarm_rate"] == 1
    assert report["metrics"][0]["effects"][0]["belief"]["prior"]["flat"]
