"""Planning through the door: computed by a worker, from typed-in numbers or from what an experiment has shown."""

from __future__ import annotations

import datetime as dt
from typing import Any

import asyncpg
import httpx2
import pytest
from drafts import WRITER, bandit, created, draft
from folded import MICRO, add_moments
from litmus_server.domain.errors import Unavailable
from litmus_server.domain.power import Question
from litmus_server.services.power import Power
from litmus_server.store.database import open_pool
from litmus_server.store.jobs import Queue
from litmus_server.store.reports import ReportStore
from working import worker

pytestmark = pytest.mark.database

ROUTE = "/api/v1/power"
Json = dict[str, Any]


async def expose(pool: asyncpg.Pool[Any], key: str, day: int, units: int, conversions: int) -> None:
    """So many units of each of two variants, so many of which converted, exposed so many days ago."""
    no = await pool.fetchval("select no from experiments where key = $1", key)
    metric = await pool.fetchval(
        "select metric from experiment_metric where experiment = $1 and slot = 1", no
    )
    today = (dt.datetime.now(dt.UTC) - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(days=1)
    async with pool.acquire() as connection:
        for variant in (0, 1):
            place = connection, no, variant, 1, (today - day) * 24
            await add_moments(*place, 0, units, 0)
            await add_moments(*place, metric, conversions, MICRO * conversions)


async def test_typed_in_numbers_are_answered_by_a_worker_and_the_same_question_once(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    body = {"baseline_rate": 0.1, "minimum_effect": 0.1, "units_per_day": 3000, "rule": {}}
    async with worker(database_url) as pool:
        answers = [await client.post(ROUTE, json=body) for _ in range(3)]
        assert await pool.fetchval("select count(*) from job where kind = 'power'") == 1
    assert [answer.status_code for answer in answers] == [200] * 3
    found: Json = answers[0].json()
    assert found["sample_size"]["units"] == 31_695
    assert (found["sample_size"]["days"], found["sample_size"]["weeks"]) == (11, 2)
    assert found["design"]["method"] == "hybrid"
    assert 0.3 < found["rule"]["false_alarm_rate"] < 0.5
    assert found["missing"]["achieved"].startswith("it was not said")
    assert answers[1].content == answers[2].content


async def test_an_experiments_own_settings_and_history_are_taken(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    body = draft(
        "mine",
        key="mine",
        type="bayesian_ab",
        primary_metric={"name": "order", "minimum_effect": 0.1},
        planned_units=20_000,
        significance_threshold=0.9,
    )
    await created(client, body)
    async with worker(database_url) as pool:
        before: Json = (await client.get("/api/v1/experiments/mine/power")).json()
        await expose(pool, "mine", 3, 50, 5)
        await expose(pool, "mine", 2, 400, 40)
        await expose(pool, "mine", 1, 600, 60)
        await expose(pool, "mine", 0, 100, 10)
        found: Json = (await client.get("/api/v1/experiments/mine/power")).json()
        typed = await client.post(
            ROUTE,
            json={
                "baseline_rate": 0.1,
                "minimum_effect": 0.1,
                "alpha": 0.1,
                "units": 20_000,
                "units_per_day": 1000,
            },
        )
        other: Json = (
            await client.post(ROUTE, json={"experiment_id": "mine", "minimum_effect": 0.2, "method": "fixed"})
        ).json()
    assert before["baseline"] is None
    assert "needs at least 1 unit" in before["missing"]["baseline"]
    assert before["rule"]["false_alarm_rate"] > 0.3
    assert found["baseline"] == {
        "source": "history", "kind": "rate", "metric": "order", "mean": 0.1, "sd": pytest.approx(0.3), "explained": 0.0,
        "units": 1150,
    }  # fmt: skip
    same: Json = typed.json()
    for name, figure in (("sample_size", "units"), ("achieved", "power")):
        assert found[name][figure] == pytest.approx(same[name][figure], rel=1e-9)
    assert found["detectable"]["effect"]["lift"] == pytest.approx(
        same["detectable"]["effect"]["lift"], rel=1e-6
    )
    assert len(found["curve"]) == 20
    history = found["history"]
    assert (history["units"], history["days"], history["units_per_day"]) == (2300, 2, 1000)
    assert history["units_left"] == found["sample_size"]["units"] - 2300
    assert history["days_left"] == -(-history["units_left"] // 1000)
    assert found["rule"]["exact"] is True
    assert other["design"]["method"] == "fixed"
    assert other["sample_size"]["effect"]["lift"] == pytest.approx(0.2)


async def test_what_cannot_be_answered_is_a_problem_that_says_where(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    await created(client, draft("mine", key="mine", primary_metric="order"))
    await created(client, bandit("learns", key="learns"))
    async with worker(database_url):
        for body, status, pointer in (
            ({}, 400, "/baseline_rate"),
            ({"baseline_rate": 0.1, "minimum_effect": 12}, 400, "/minimum_effect"),
            ({"experiment_id": "mine", "metric": "unknown"}, 400, "/metric"),
            ({"experiment_id": "learns"}, 400, "/shares"),
            ({"experiment_id": "nobody"}, 404, None),
        ):
            answer = await client.post(ROUTE, json=body)
            assert (answer.status_code, answer.headers["content-type"]) == (
                status,
                "application/problem+json",
            )
            if pointer is not None:
                assert answer.json()["errors"][0]["pointer"] == pointer
                assert answer.json()["error"] == "Invalid power question"
        for reference in ("nobody", "%00", "%20"):
            assert (await client.get(f"/api/v1/experiments/{reference}/power")).status_code == 404
        planned = await client.post(
            ROUTE,
            json={
                "experiment_id": "learns",
                "method": "hybrid",
                "shares": [0.5, 0.5],
                "baseline_rate": 0.1,
                "minimum_effect": 0.1,
            },
        )
        assert planned.json()["sample_size"]["units"] == 31_695


async def test_without_a_worker_it_says_so(database_url: str) -> None:
    async with await open_pool(database_url, size=2) as pool:
        power = Power(Queue(pool), ReportStore(pool), patience=0.2)
        with pytest.raises(Unavailable, match="No worker has answered"):
            await power.answer(Question(rate=0.1, lift=0.1))


async def test_whoever_may_read_may_plan(guarded: httpx2.AsyncClient) -> None:
    assert (await guarded.post(ROUTE, json={})).status_code == 401
    answer = await guarded.post(ROUTE, json={}, headers={"authorization": f"Bearer {WRITER}"})
    assert answer.status_code == 400
