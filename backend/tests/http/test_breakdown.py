"""Parts of an experiment through the door: a worker reads the units' rows, once for every state of the experiment."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest
from drafts import WRITER
from litmus_server.domain.breakdown import Question
from litmus_server.domain.errors import Unavailable
from litmus_server.services.explorations import Explorations
from litmus_server.store.database import open_pool
from litmus_server.store.jobs import Queue
from litmus_server.store.reports import ReportStore
from units import drawn, keep, shop
from working import worker

pytestmark = pytest.mark.database

PATH = "/api/v1/experiments/shop/breakdown"
_JOBS = "select count(*) from job where kind = 'explore'"


async def asked(client: httpx2.AsyncClient, **query: str) -> dict[str, Any]:
    answer = await client.get(PATH, params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_breakdown_is_computed_once_for_each_state_of_the_experiment(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    async with worker(database_url) as pool:
        made = await shop(pool, drawn())
        both = await asyncio.gather(*(asked(client, dimension="country", metric="order") for _ in range(2)))
        assert both[0] == both[1] == await asked(client, dimension="country", metric="order")
        assert await pool.fetchval(_JOBS) == 1
        found = both[0]
        assert (found["dimension"], found["metric"], found["experiment_key"]) == ("country", "order", "shop")
        assert sum(each["exposed_units"] for each in found["slices"]) == 600
        assert found["slices"][0]["effects"][0]["units"] > 0
        assert (await asked(client, dimension="day"))["metric"] == "spend"
        more = [unit.__class__(f"later-{k}", unit.variant, unit.first_at) for k, unit in enumerate(drawn(10))]
        await keep(pool, made, more)
        after = await asked(client, dimension="country", metric="order")
        assert sum(each["exposed_units"] for each in after["slices"]) == 610


async def test_bad_input_is_a_problem_that_says_where(client: httpx2.AsyncClient, database_url: str) -> None:
    async with worker(database_url) as pool:
        await shop(pool, drawn(20))
        for query, pointer in (
            ({}, "/query/dimension"),
            ({"dimension": "shoe_size"}, "/query/dimension"),
            ({"dimension": "\0"}, "/query/dimension"),
            ({"dimension": "country", "metric": "nothing"}, "/query/metric"),
            ({"dimension": "x" * 65}, "/query/dimension"),
        ):
            answer = await client.get(PATH, params=query)
            assert answer.status_code == 400, answer.text
            assert pointer in {each["pointer"] for each in answer.json()["errors"]}, query


async def test_nobody_and_no_worker_are_told_as_such(client: httpx2.AsyncClient, database_url: str) -> None:
    answer = await client.get("/api/v1/experiments/nobody/breakdown", params={"dimension": "day"})
    assert answer.status_code == 404
    async with await open_pool(database_url, size=2) as pool:
        await shop(pool, drawn(20))
        impatient = Explorations(Queue(pool), ReportStore(pool), patience=0.2)
        for _ in range(2):  # a failure is not kept
            with pytest.raises(Unavailable, match="No worker has answered"):
                await impatient.breakdown(Question("shop", "day"))


async def test_whoever_waits_at_the_end_is_let_go(database_url: str) -> None:
    async with await open_pool(database_url, size=2) as pool:
        await shop(pool, drawn(20))
        patient = Explorations(Queue(pool), ReportStore(pool))
        waiting = asyncio.create_task(patient.breakdown(Question("shop", "day")))
        await asyncio.sleep(0.1)
        await patient.close()
        with pytest.raises(asyncio.CancelledError):
            await waiting


async def test_whoever_may_read_may_ask(guarded: httpx2.AsyncClient) -> None:
    assert (await guarded.get(PATH, params={"dimension": "day"})).status_code == 401
    answer = await guarded.get(
        PATH, params={"dimension": "day"}, headers={"authorization": f"Bearer {WRITER}"}
    )
    assert answer.status_code == 404
