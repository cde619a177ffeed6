"""Connections to PostgreSQL: one way to open them, one way to say that the database is away."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import asyncpg
import msgspec

from litmus_server.domain.errors import Unavailable

AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what a connection that is cut at the wrong moment leaves behind
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
)
"""What asyncpg raises when the server is away, starting, stopping or full: trying again later can help."""

PATIENT = 600.0
"""Seconds for one statement that reads a row a unit: given to each call, since a pool gives up every other statement after ten."""

# SQLSTATEs, or their first letters, of a database that is there and cannot do it now: a read-only standby, a full disk, a
# deadlock, a time-out, a missing privilege. Trying again later can help; dropping what was sent cannot.
_UNABLE = ("08", "25006", "40", "42501", "53", "55", "57", "58", "XX")
_GUILTY = ("22", "54")  # data exception, program limit: no other attempt will store this row

# Keepalives and time-outs bound what a vanished machine can hold; a stuck transaction would hold the fold.
_SETTINGS = {
    "jit": "off",
    "timezone": "UTC",
    "idle_in_transaction_session_timeout": "15s",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}


async def connect(url: str, *, timeout: float = 10) -> "asyncpg.Connection[Any]":
    """One connection for somebody who keeps it (a journal, the fold, a listener); jsonb is Python objects."""
    connection = await asyncpg.connect(url, timeout=timeout, server_settings=_settings(url))
    await _prepare(connection)
    return connection


async def open_pool(url: str, *, size: int = 4) -> "asyncpg.Pool[Any]":
    """A pool for the control plane: short transactions, at most `size` at once."""
    pool = pool_of(url, size=size)
    await pool
    return pool


def pool_of(url: str, *, size: int = 4) -> "asyncpg.Pool[Any]":
    """The same, not yet open: awaiting it opens it."""
    return asyncpg.create_pool(
        url,
        min_size=1,
        max_size=size,
        init=_prepare,
        server_settings=_settings(url),
        command_timeout=10,
        timeout=10,
    )


def named(url: str, name: str) -> str:
    """The same database, for connections that bear this name in pg_stat_activity."""
    return f"{url}{'&' if '?' in url else '?'}application_name={quote(name)}"


@asynccontextmanager
async def available() -> AsyncIterator[None]:
    """Turn every way in which the database can be away, or unable for now, into `Unavailable`."""
    try:
        yield
    except (*AWAY, asyncpg.PostgresError) as error:
        if not is_trouble(error):
            raise
        raise Unavailable("The database is away; try again in a moment") from error


@asynccontextmanager
async def snapshot(pool: "asyncpg.Pool[Any]") -> "AsyncIterator[asyncpg.Connection[Any]]":
    """A connection that sees the database as it is at one moment, so that all that is read belongs together. Raises Unavailable."""
    async with (
        available(),
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        yield connection


def is_trouble(error: BaseException) -> bool:
    """Whether it is the database that cannot do it now, and not what it was asked to do."""
    if isinstance(error, AWAY):
        return True
    return isinstance(error, asyncpg.PostgresError) and str(error.sqlstate or "XX").startswith(_UNABLE)


def is_guilty(error: BaseException) -> bool:
    """Whether this row can never be stored, whenever and wherever it is tried."""
    if isinstance(error, asyncpg.PostgresError):
        return str(error.sqlstate or "").startswith(_GUILTY)
    return isinstance(error, UnicodeEncodeError)


def _settings(url: str) -> dict[str, str]:
    return _SETTINGS if "application_name=" in url else {**_SETTINGS, "application_name": "litmus"}


async def _prepare(connection: "asyncpg.Connection[Any]") -> None:
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=_encode, decoder=msgspec.json.decode
    )


def _encode(value: object) -> str:
    return msgspec.json.encode(value).decode()
