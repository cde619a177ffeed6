"""Hints over PostgreSQL: "there is something new", heard by every process at once, and nothing more.

A hint may be lost or come twice: whoever listens also looks now and then without one. That is the guarantee; the hint
only makes it quick. This file must not know what the hints are about.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

import asyncpg
import structlog

log = structlog.get_logger(__name__)

Connect: TypeAlias = Callable[[], "Awaitable[asyncpg.Connection[Any]]"]
Heard: TypeAlias = Callable[[str], None]
"""Called with a hint's text, and with "" after each time that hints may have been missed."""

_LONGEST = 5.0  # seconds between two attempts to connect again


async def listen(connect: Connect, channels: Mapping[str, Heard]) -> None:
    """Hear these channels until cancelled, over one connection, which is opened again whenever it is lost."""
    pause = 0.1
    while True:
        try:
            connection = await connect()
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST)
            continue
        pause = 0.1
        try:
            await _until_lost(connection, channels)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.info("the listening connection is lost", error=str(error) or type(error).__name__)
        finally:
            connection.terminate()


async def _until_lost(connection: "asyncpg.Connection[Any]", channels: Mapping[str, Heard]) -> None:
    lost = asyncio.Event()
    connection.add_termination_listener(lambda _: lost.set())
    for channel, heard in channels.items():
        await connection.add_listener(channel, lambda *told, heard=heard: heard(str(told[3])))
    for heard in channels.values():
        heard("")
    await lost.wait()
