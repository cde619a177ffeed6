"""The database of a process: there, answering, and at the newest migration.

It knows waiting for it and bringing it up to date; it must not know what is in it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import structlog

from litmus_server.postgres import Embedded, inspect
from litmus_server.processes.migration import Migration
from litmus_server.settings import Refused, Settings
from litmus_server.store.database import AWAY, connect
from litmus_server.store.schema import head

log = structlog.get_logger(__name__)


@asynccontextmanager
async def opened(settings: Settings, *, progress: Callable[[str], None]) -> AsyncIterator[str]:
    """The address of a database that answers: DATABASE_URL's, or that of our own PostgreSQL, kept alive meanwhile.

    Raises EmbeddedError and Refused, with sentences for people.
    """
    if settings.database_url is not None:
        url = settings.database_url.get_secret_value()
        await answering(url, progress=progress)
        yield url
        return
    async with Embedded(settings.data_folder, progress=progress) as postgres:
        log.info("PostgreSQL is up", adopted=postgres.adopted, pid=postgres.pid)
        keeper = asyncio.create_task(postgres.watch(), name="keeper of PostgreSQL")
        try:
            yield postgres.url
        finally:
            keeper.cancel()
            await asyncio.wait([keeper])


def running(settings: Settings) -> str:
    """The address of the database in use: DATABASE_URL's, or the one that the data folder's server keeps running."""
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    url = inspect(settings.data_folder).url
    if url is None:
        raise Refused(
            f"No PostgreSQL is running in {settings.data_folder}, and DATABASE_URL is not set. Start `litmus serve` first, "
            "or set DATABASE_URL, or name the folder with LITMUS_DATA_FOLDER."
        )
    return url


def is_new(settings: Settings) -> bool:
    """Whether a database has to be made first, so that it will have to be migrated."""
    return settings.database_url is None and not inspect(settings.data_folder).initialised


async def answering(url: str, *, progress: Callable[[str], None]) -> None:
    """Return when the server answers, however long it recovers; raise Refused where waiting cannot help."""
    told = 0.0
    while True:
        try:
            await (await connect(url)).close()
        except AWAY as error:
            now = asyncio.get_running_loop().time()
            if now - told > 5.0:
                told = now
                progress(f"waiting for the database {place(url)}: {error or type(error).__name__}")
            await asyncio.sleep(0.25)
        except asyncpg.PostgresError as error:
            raise Refused(f"DATABASE_URL names {place(url)}, which refuses: {error}") from None
        except ValueError as error:
            raise Refused(f"DATABASE_URL cannot be read: {error}") from None
        else:
            return


async def bring_up_to_date(url: str, migration: Migration) -> None:
    """Apply what is missing; raise Refused when the database is newer than this program, or cannot be migrated."""
    at = await schema(url)
    if at == head():
        return
    if at is not None and at > head():
        raise Refused(
            f"The database is at migration {at}, and this version of Litmus knows only {head()}: a newer version has "
            "been here. Start that one, or restore a backup from before it."
        )
    log.info("migrating", at=at, to=head())
    if not await migration.apply(url):
        raise Refused(f"The database {place(url)} could not be brought to migration {head()}; see above.")


async def schema(url: str) -> str | None:
    """The migration that the database is at; None for one without our tables."""
    connection = await connect(url)
    try:
        return await _schema(connection)
    finally:
        await connection.close()


async def _schema(connection: "asyncpg.Connection[Any]") -> str | None:
    if not await connection.fetchval("select to_regclass('alembic_version') is not null"):
        return None
    version: str | None = await connection.fetchval("select version_num from alembic_version")
    return version


def place(url: str) -> str:
    """Where a database is, without who comes in and how: for messages."""
    parts = urlsplit(url)
    host = f"{parts.hostname}:{parts.port or 5432}" if parts.hostname else "its socket"
    return f"{parts.path.strip('/') or 'the default database'} at {host}"
