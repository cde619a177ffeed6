"""Bring a database to the newest schema: one history, safe when several processes start at once."""

from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from litmus_server.store.partitions import ensure_partitions

_LOCK = 7_241_965_310_421  # any number, the same in every version of Litmus: who migrates holds it
_FOLDER = Path(__file__).parent / "migrations"


async def upgrade(url: str) -> None:
    """Apply what is missing and make the partitions of the coming weeks; does nothing when all is there."""
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(url), poolclass=NullPool
    )
    try:
        async with engine.connect() as connection:
            # A session lock, not one of a transaction: each revision commits its own transaction.
            await connection.execute(text("select pg_advisory_lock(:key)"), {"key": _LOCK})
            await connection.commit()
            await connection.run_sync(_upgrade)
            await connection.commit()
    finally:
        await engine.dispose()
    own = await asyncpg.connect(url)
    try:
        await ensure_partitions(own)
    finally:
        await own.close()


async def versions(url: str) -> tuple[str | None, str | None]:
    """(the schema that the database has, the one that this program needs); equal when nothing is to do."""
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(url), poolclass=NullPool
    )
    try:
        async with engine.connect() as connection:
            current = await connection.run_sync(
                lambda c: MigrationContext.configure(c).get_current_revision()
            )
    finally:
        await engine.dispose()
    return current, ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    return config


def _upgrade(connection: Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
