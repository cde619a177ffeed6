"""The database that tests run on: the embedded server, or the one that LITMUS_TEST_DATABASE_URL names.

`LITMUS_TEST_LEG=external` chooses the second; the header of a run says which it is.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from litmus_server.postgres import Embedded, EmbeddedError, inspect
from litmus_server.postgres.runtime import in_wheel

T = TypeVar("T")
PREFIX = "litmus-test-"


@dataclass(frozen=True, slots=True)
class DatabaseServer:
    """A server on which tests may make and drop databases; `admin` addresses one that always exists, `copying` is how it copies one."""

    admin: str
    url_for: Callable[[str], str]
    copying: str = "wal_log"


def in_own_loop(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end in an event loop that no test shares."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def external_url() -> str | None:
    if os.environ.get("LITMUS_TEST_LEG", "embedded") != "external":
        return None
    url = os.environ.get("LITMUS_TEST_DATABASE_URL")
    if not url:
        raise pytest.UsageError("LITMUS_TEST_LEG=external needs LITMUS_TEST_DATABASE_URL")
    return url


def pytest_report_header() -> str:
    url = external_url()
    if url is None:
        return f"database leg: embedded PostgreSQL {in_wheel()[0].version}"
    try:
        version = in_own_loop(_fetch(url, "show server_version"))
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise pytest.UsageError(
            f"database leg: external, and {_host(url)} does not answer: {error}"
        ) from error
    return f"database leg: external PostgreSQL {version} at {_host(url)}"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever asks for the database runs on both legs; nobody has to remember the marker."""
    for item in items:
        if "database_server" in getattr(item, "fixturenames", ()):
            item.add_marker("database")


@pytest.fixture(scope="session")
def database_server() -> Iterator[DatabaseServer]:
    """The server of this run's leg."""
    url = external_url()
    if url is not None:
        parts = urlsplit(url)
        yield DatabaseServer(url, lambda name: urlunsplit(parts._replace(path=f"/{name}")))
        return
    _remove_leftovers()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    server = Embedded(folder)
    in_own_loop(server.start())
    try:
        # No test takes the power away, and creating and dropping databases is mostly waiting for the disk.
        in_own_loop(_execute(server.url, "alter system set fsync = off"))
        in_own_loop(_execute(server.url, "select pg_reload_conf()"))
        # As files, not through the log, it is copied in half the time: the checkpoint that it takes writes to no disk here.
        yield DatabaseServer(server.url_for("postgres"), server.url_for, "file_copy")
    finally:
        in_own_loop(server.stop())
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def migrated_template(database_server: DatabaseServer) -> Iterator[str]:
    """The name of a database with the newest schema, to be copied and never connected to."""
    from litmus_server.store.migrate import upgrade

    name = f"litmus_test_{os.getpid()}_template"
    in_own_loop(_execute(database_server.admin, f'create database "{name}"'))
    try:
        in_own_loop(upgrade(database_server.url_for(name)))
        yield name
    finally:
        in_own_loop(_execute(database_server.admin, f'drop database "{name}" with (force)'))


_numbers = count(1)


@pytest.fixture
def database_url(database_server: DatabaseServer, migrated_template: str) -> Iterator[str]:
    """The address of a fresh, migrated, empty database; dropped after the test."""
    name = f"litmus_test_{os.getpid()}_{next(_numbers)}"
    create = f'create database "{name}" template "{migrated_template}" strategy {database_server.copying}'
    in_own_loop(_execute(database_server.admin, create))
    try:
        yield database_server.url_for(name)
    finally:
        in_own_loop(_execute(database_server.admin, f'drop database "{name}" with (force)'))


def _remove_leftovers() -> None:
    """End the servers of sessions that were killed: alive, and owned by nobody."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError, EmbeddedError):
            facts = inspect(folder)
            if facts.pid is not None and facts.left_behind:
                os.kill(facts.pid, signal.SIGQUIT)
                shutil.rmtree(folder, ignore_errors=True)


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def _fetch(url: str, query: str) -> object:
    connection = await asyncpg.connect(url, timeout=10)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


def _host(url: str) -> str:
    parts = urlsplit(url)
    return parts.hostname or parts.query or "its default socket"
