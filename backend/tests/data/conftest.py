"""The whole application in this process, on a real database, spoken to over ASGI."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx2
import pytest
from building import application
from litmus_server.domain.access import Principal, Role
from litmus_server.domain.audit import Cause
from litmus_server.domain.draft import parse_draft
from litmus_server.domain.experiment import Experiment, Status
from litmus_server.settings import Settings
from litmus_server.store.database import connect
from litmus_server.wiring import Runtime, opened_runtime

CAUSE = Cause(Principal("tester", Role.ADMIN), "tester", "a test")


class Door:
    """A caller of the API, and what it needs to look behind it."""

    def __init__(self, client: httpx2.AsyncClient, runtime: Runtime, database_url: str) -> None:
        self.client, self.runtime, self.database_url = client, runtime, database_url
        self.experiments = runtime.experiments

    async def post(self, path: str, body: Any, **options: Any) -> httpx2.Response:
        if isinstance(body, (bytes, str)):
            return await self.client.post(path, content=body, **options)
        return await self.client.post(path, json=body, **options)

    async def get(self, path: str, **options: Any) -> httpx2.Response:
        return await self.client.get(path, **options)

    async def assign(self, experiment: str, unit: str, **more: Any) -> dict[str, Any]:
        answer = await self.post(f"/api/v1/experiments/{experiment}/assign", {"unit_id": unit, **more})
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def send(self, *events: dict[str, Any], **envelope: Any) -> list[dict[str, Any]]:
        """Events in one envelope; their outcomes."""
        answer = await self.post("/api/v1/events", {"events": events, **envelope})
        assert answer.status_code == 200, answer.text
        body = answer.json()
        outcomes: list[dict[str, Any]] = body["outcomes"]
        counted = {
            word: sum(each["outcome"] == word for each in outcomes)
            for word in ("accepted", "duplicate", "rejected")
        }
        assert (body["accepted"], body["duplicates"], body["rejected"]) == tuple(counted.values())
        assert len(outcomes) == len(events)
        return outcomes

    async def make(self, name: str, *, status: str = "running", **fields: Any) -> Experiment:
        """An experiment of two variants that has come to this status."""
        document = {
            "name": name,
            "variants": [
                {"name": "control", "weight": 0.5},
                {"name": "treatment", "weight": 0.5, "config": {"n": 1}},
            ],
            **fields,
        }
        experiment = await self.experiments.create(parse_draft(document), CAUSE)
        steps = {
            "draft": (),
            "running": ("running",),
            "paused": ("running", "paused"),
            "completed": ("running", "completed"),
        }
        for step in steps[status]:
            experiment = await self.move(name, step)
        return experiment

    async def move(self, name: str, status: str) -> Experiment:
        return await self.experiments.set_status(name, Status(status), CAUSE)

    async def fetch(self, query: str, *values: Any) -> list[asyncpg.Record]:
        return list(await self.runtime.pool.fetch(query, *values))


@asynccontextmanager
async def opened(database_url: str) -> AsyncIterator[Door]:
    """Another process would be no other."""
    settings = Settings.read(env="development")
    async with opened_runtime(settings, database_url) as runtime:
        transport = httpx2.ASGITransport(app=application(runtime))
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield Door(client, runtime, database_url)


@pytest.fixture
async def door(database_url: str) -> AsyncIterator[Door]:
    async with opened(database_url) as door:
        yield door


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator["asyncpg.Connection[Any]"]:
    connection = await connect(database_url)
    yield connection
    connection.terminate()
