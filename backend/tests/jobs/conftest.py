"""A pool on a fresh database, and a runner that stops with its test."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, TypeAlias

import asyncpg
import pytest_asyncio
from litmus_server.jobs.registry import Registry
from litmus_server.jobs.runner import Runner
from litmus_server.store.database import open_pool

Start: TypeAlias = Callable[..., Any]


@pytest_asyncio.fixture
async def pool(database_url: str) -> AsyncIterator["asyncpg.Pool[Any]"]:
    opened = await open_pool(database_url, size=8)
    yield opened
    await opened.close()


@asynccontextmanager
async def working(
    pool: "asyncpg.Pool[Any]", registry: Registry, **options: Any
) -> AsyncIterator[asyncio.Event]:
    """A runner at work inside the block; yields the event that stops it."""
    stop = asyncio.Event()
    runner = Runner(pool, registry, **{"poll": 0.05, "pause": 0.01, **options})
    task = asyncio.create_task(runner.run(stop))
    try:
        yield stop
    finally:
        stop.set()
        await task


@pytest_asyncio.fixture
async def start(pool: "asyncpg.Pool[Any]") -> AsyncIterator[Start]:
    """Start a runner that works until the end of the test."""
    async with AsyncExitStack() as stack:

        async def start_one(registry: Registry, **options: Any) -> asyncio.Event:
            return await stack.enter_async_context(working(pool, registry, **options))

        yield start_one


async def until(condition: Callable[[], Any], *, seconds: float = 30) -> Any:
    """Wait until the (async) condition answers something true, and answer it."""
    async with asyncio.timeout(seconds):
        while True:
            answer = await condition()
            if answer:
                return answer
            await asyncio.sleep(0.01)
