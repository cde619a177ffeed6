"""A database of its own for a measurement, on the embedded server or on one that is named; gone afterwards."""

import os
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from litmus_server.postgres import Embedded

NAME = f"litmus_bench_{os.getpid()}"


@asynccontextmanager
async def server(url: str | None) -> AsyncIterator[tuple[str, Callable[[str], str]]]:
    """The address of a database that is there, and the addresses of others by name. Without `url` an embedded server in a new folder."""
    if url:
        yield url, lambda name: urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
        return
    with tempfile.TemporaryDirectory(prefix="litmus-bench-") as folder:
        embedded = Embedded(Path(folder))
        await embedded.start()
        try:
            yield embedded.url_for("postgres"), embedded.url_for
        finally:
            await embedded.stop()


@asynccontextmanager
async def fresh(on: tuple[str, Callable[[str], str]]) -> AsyncIterator[str]:
    """The address of an empty database on that `server`."""
    admin_url, url_for = on
    admin = await asyncpg.connect(admin_url)
    try:
        await admin.execute(f"create database {NAME}")
        try:
            yield url_for(NAME)
        finally:
            await admin.execute(f"drop database {NAME} with (force)")
    finally:
        await admin.close()
