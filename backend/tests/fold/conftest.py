"""A connection to a fresh database."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest_asyncio
from litmus_server.store.database import connect


@pytest_asyncio.fixture
async def connection(database_url: str) -> AsyncIterator["asyncpg.Connection[Any]"]:
    opened = await connect(database_url)
    yield opened
    await opened.close()
