"""A connection to a fresh database, and another database beside it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest_asyncio
from litmus_server.store.database import connect


@dataclass(frozen=True, slots=True)
class OtherDatabase:
    """An empty database in the same cluster."""

    url: str


@pytest_asyncio.fixture
async def connection(database_url: str) -> AsyncIterator["asyncpg.Connection[Any]"]:
    opened = await connect(database_url)
    yield opened
    await opened.close()


@pytest_asyncio.fixture
async def other_database(
    connection: "asyncpg.Connection[Any]", database_url: str
) -> AsyncIterator[OtherDatabase]:
    name = str(await connection.fetchval("select current_database() || '_other'"))
    await connection.execute(f'create database "{name}"')
    yield OtherDatabase(urlunsplit(urlsplit(database_url)._replace(path=f"/{name}")))
    await connection.execute(f'drop database "{name}" with (force)')
