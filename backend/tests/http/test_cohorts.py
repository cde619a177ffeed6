"""Whether an effect lasts, through the door: a worker reads what units did, once for every state of the experiment and hour."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest
from drafts import WRITER
from litmus_server.domain.cohorts import Question
from litmus_server.domain.errors import Unavailable
from litmus_server.services.explorations import Explorations
from litmus_server.store.database import open_pool
from litmus_server.store.jobs import Queue
from litmus_server.store.reports import ReportStore
from units import START, Unit, drawn, keep, shop
from working import worker

pytestmark = pytest.mark.database

PATH = "/api/v1/experiments/shop/cohorts"
_JOBS = "select count(*) from job where kind = 'cohorts'"


async def asked(client: httpx2.AsyncClient, **query: Any) -> dict[str, Any]:
    answer = await client.get(PATH, params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_an_answer_is_computed_once_for_each_state_of_the_experiment(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    async with worker(database_url) as pool:
        made = await shop(pool, drawn())
        both = await asyncio.gather(*(asked(client, metric="order") for _ in range(2)))
        assert both[0] == both[1]
        assert await pool.fetchval(_JOBS) == 1
        found = both[0]
        assert (found["metric"], found["experiment_key"]) == ("order", "shop")
        assert found["window_seconds"] == found["age_seconds"] == 30 * 86_400
        [curve] = found["cohorts"]["curves"]
        units = sum(point["units"] + point["control_units"] for point in curve["points"])
        assert units + curve["left_out_units"] == 600
        assert curve["pattern"] == "unknown"
        await keep(pool, made, [Unit("later", 0, START)])
        after = await asked(client, metric="order")
        assert after["seq"] == found["seq"] + 1
        assert await pool.fetchval(_JOBS) == 2


async def test_units_can_be_compared_at_a_shorter_age(client: httpx2.AsyncClient, database_url: str) -> None:
    async with worker(database_url) as pool:
        await shop(pool, drawn())
        found = await asked(client, age_days=7)
        assert (found["metric"], found["age_seconds"], found["window_seconds"]) == (
            "spend",
            7 * 86_400,
            30 * 86_400,
        )


async def test_what_cannot_be_told_says_why(client: httpx2.AsyncClient, database_url: str) -> None:
    async with worker(database_url) as pool:
        await shop(pool, drawn(20))
        found = await asked(client, metric="p90")
        assert found["cohorts"]["missing"] == {"curves": "not_supported"}
        assert "quantile" in found["cohorts"]["refused"]
        assert (await asked(client, metric="basket"))["ages"]["missing"] == {"curves": "not_supported"}


async def test_bad_input_is_a_problem_that_says_where(client: httpx2.AsyncClient, database_url: str) -> None:
    async with worker(database_url) as pool:
        await shop(pool, drawn(20))
        bad: list[tuple[dict[str, str | int], str]] = [
            ({"metric": "nothing"}, "/query/metric"),
            ({"metric": "\0"}, "/query/metric"),
            ({"age_days": 0}, "/query/age_days"),
            ({"age_days": 366}, "/query/age_days"),
            ({"age_days": 31}, "/query/age_days"),
            ({"age_days": "week"}, "/query/age_days"),
            ({"age_days": 7, "metric": "basket"}, "/query/age_days"),
        ]
        for query, pointer in bad:
            answer = await client.get(PATH, params=query)
            assert answer.status_code == 400, answer.text
            assert pointer in {each["pointer"] for each in answer.json()["errors"]}, query


async def test_nobody_and_no_worker_are_told_as_such(client: httpx2.AsyncClient, database_url: str) -> None:
    assert (await client.get("/api/v1/experiments/nobody/cohorts")).status_code == 404
    async with await open_pool(database_url, size=2) as pool:
        await shop(pool, drawn(20))
        impatient = Explorations(Queue(pool), ReportStore(pool), patience=0.2)
        with pytest.raises(Unavailable, match="No worker has answered"):
            await impatient.cohorts(Question("shop"))


async def test_whoever_may_read_may_ask(guarded: httpx2.AsyncClient) -> None:
    assert (await guarded.get(PATH)).status_code == 401
    answer = await guarded.get(PATH, headers={"authorization": f"Bearer {WRITER}"})
    assert answer.status_code == 404
