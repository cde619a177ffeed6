"""Hints over LISTEN and NOTIFY: heard, and heard again after the connection was lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from litmus_server.bus.hints import listen
from litmus_server.store.database import connect

pytestmark = pytest.mark.database


@asynccontextmanager
async def listening(url: str) -> AsyncIterator["asyncio.Queue[tuple[str, str]]"]:
    heard: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
    channels = {
        "one": lambda text: heard.put_nowait(("one", text)),
        "two": lambda text: heard.put_nowait(("two", text)),
    }
    task = asyncio.create_task(listen(lambda: connect(url), channels))
    try:
        yield heard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def next_of(heard: "asyncio.Queue[tuple[str, str]]", count: int) -> list[tuple[str, str]]:
    return sorted([await asyncio.wait_for(heard.get(), 30) for _ in range(count)])


async def test_each_channel_hears_its_own_and_both_are_told_at_the_start(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    async with listening(database_url) as heard:
        assert await next_of(heard, 2) == [("one", ""), ("two", "")]
        await connection.execute(
            "select pg_notify('one', '7'), pg_notify('two', 'x'), pg_notify('three', '')"
        )
        assert await next_of(heard, 2) == [("one", "7"), ("two", "x")]
    await connection.close()


async def test_after_a_lost_connection_everybody_is_told_to_look(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    async with listening(database_url) as heard:
        await next_of(heard, 2)
        await connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
        )
        assert await next_of(heard, 2) == [("one", ""), ("two", "")]
        await connection.execute("select pg_notify('one', 'again')")
        assert await next_of(heard, 1) == [("one", "again")]
    await connection.close()
