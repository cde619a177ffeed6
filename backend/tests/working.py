"""A worker's runner in this process, for questions that a worker answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from litmus_server.jobs.handlers import handlers
from litmus_server.jobs.runner import Runner
from litmus_server.services.analysis import Analysis
from litmus_server.services.learning import Learning
from litmus_server.store.contextual_sums import ContextualStore
from litmus_server.store.database import open_pool
from litmus_server.store.jobs import Queue
from litmus_server.store.policies import PolicyStore
from litmus_server.store.reports import ReportStore


@asynccontextmanager
async def worker(database_url: str) -> AsyncIterator[asyncpg.Pool[Any]]:
    stop = asyncio.Event()
    async with await open_pool(database_url, size=6) as pool:
        learning = Learning(PolicyStore(pool), Queue(pool))
        runner = Runner(
            pool, handlers(learning, Analysis(ReportStore(pool), ContextualStore(pool))), poll=0.05
        )
        task = asyncio.create_task(runner.run(stop))
        try:
            yield pool
        finally:
            stop.set()
            await task
