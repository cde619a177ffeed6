"""A pool on a fresh database, and what computes and serves reports on it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest_asyncio
from litmus_server.jobs.handlers import handlers
from litmus_server.jobs.runner import Runner
from litmus_server.services.analysis import Analysis
from litmus_server.services.learning import Learning
from litmus_server.services.reports import Reports
from litmus_server.store.contextual_sums import ContextualStore
from litmus_server.store.database import open_pool
from litmus_server.store.jobs import Queue
from litmus_server.store.policies import PolicyStore
from litmus_server.store.reports import ReportStore


@pytest_asyncio.fixture
async def pool(database_url: str) -> AsyncIterator["asyncpg.Pool[Any]"]:
    opened = await open_pool(database_url, size=8)
    yield opened
    await opened.close()


@pytest_asyncio.fixture
async def reports(pool: "asyncpg.Pool[Any]") -> AsyncIterator[Reports]:
    """As the API process has it, but of little patience."""
    service = Reports(ReportStore(pool), Queue(pool), patience=0.3)
    yield service
    await service.close()


@pytest_asyncio.fixture
async def patient(pool: "asyncpg.Pool[Any]") -> AsyncIterator[Reports]:
    """Waits as long as the machine may need."""
    service = Reports(ReportStore(pool), Queue(pool), patience=30)
    yield service
    await service.close()


@asynccontextmanager
async def worker(pool: "asyncpg.Pool[Any]") -> AsyncIterator[None]:
    """A runner with the product's handlers inside the block."""
    stop = asyncio.Event()
    learning = Learning(PolicyStore(pool), Queue(pool))
    runner = Runner(pool, handlers(learning, Analysis(ReportStore(pool), ContextualStore(pool))), poll=0.05)
    task = asyncio.create_task(runner.run(stop))
    try:
        yield
    finally:
        stop.set()
        await task
