"""A pool on a fresh database, and a learner on it."""

import datetime as dt
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest_asyncio
from litmus_server.bandits.refresh import RefreshRule
from litmus_server.services.learning import Learning
from litmus_server.store.contextual_sums import ContextualStore
from litmus_server.store.database import open_pool
from litmus_server.store.jobs import Queue
from litmus_server.store.policies import PolicyStore

AT_ONCE = RefreshRule(min_interval=dt.timedelta(0))


@pytest_asyncio.fixture
async def pool(database_url: str) -> AsyncIterator["asyncpg.Pool[Any]"]:
    opened = await open_pool(database_url, size=6)
    yield opened
    await opened.close()


@pytest_asyncio.fixture
async def learning(pool: "asyncpg.Pool[Any]") -> Learning:
    """Publishes whatever has grown, without waiting a second between two versions."""
    return Learning(PolicyStore(pool), Queue(pool), AT_ONCE, contexts=ContextualStore(pool))
