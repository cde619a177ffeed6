"""What must not end when something fails, and what must not hide that it has."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from launched import environment
from litmus_server.processes.child import Child, command
from litmus_server.processes.server import _Server
from litmus_server.processes.worker import _look
from litmus_server.services.learning import Learning
from litmus_server.settings import Settings
from litmus_server.store import jobs
from litmus_server.store.database import connect

PATIENCE = 60.0


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - what is waited for is outside of this loop
            await asyncio.sleep(0.02)


async def test_a_child_that_cannot_be_started_for_a_while_is_started_after_it() -> None:
    child = Child("sleeper", [], os.environ)
    child._command = sleeper = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    await child.start()
    try:
        first = child.pid
        assert first is not None
        child._command = ["/nowhere/at/all"]
        os.kill(first, signal.SIGKILL)
        await until(lambda: child.restarts == 1)
        await asyncio.sleep(0.1)
        child._command = sleeper
        await until(lambda: child.pid not in {None, first})
    finally:
        await child.stop(PATIENCE)


async def test_a_listener_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings.read(
        database_url="postgresql://litmus@127.0.0.1:1/litmus", jwt_secret="x" * 40, data_folder=tmp_path
    )
    with socket.socket() as listener:
        server = _Server(settings, [listener], asyncio.Event(), lambda _: None)

        async def broken(_: object) -> None:
            raise RuntimeError("the listener is gone")

        monkeypatch.setattr(server._web, "serve", broken)
        with pytest.raises(RuntimeError, match="the listener is gone"):
            await asyncio.wait_for(server.run(None), PATIENCE)


async def test_a_look_that_fails_is_not_the_last_one() -> None:
    stop = asyncio.Event()

    class Once(Learning):
        looks = 0

        def __init__(self) -> None:
            pass

        async def look(self) -> list[int]:
            self.looks += 1
            if self.looks == 1:
                raise ArithmeticError("a look that fails")
            stop.set()
            return []

    learning = Once()
    await asyncio.wait_for(_look(learning.look, stop), PATIENCE)
    assert learning.looks == 2


@pytest.mark.database
async def test_a_worker_that_ends_gives_back_the_job_that_it_cannot_finish(
    database_url: str, tmp_path: Path
) -> None:
    # The first is one whose transaction may lie idle: with it, the job hangs until it is cancelled.
    one, other = await asyncpg.connect(database_url), await connect(database_url)
    await one.execute("begin; lock table report in access exclusive mode")
    job = await jobs.enqueue(other, "report", {"experiment": 1})
    log = tmp_path / "log"
    with log.open("wb") as out:
        worker = await asyncio.create_subprocess_exec(
            *command("worker"),
            env=environment(tmp_path, DATABASE_URL=database_url, LITMUS_SHUTDOWN_SECONDS="4"),
            cwd=tmp_path,
            stderr=out,
        )
    try:
        async with asyncio.timeout(PATIENCE):
            while await other.fetchval("select state from job where id = $1", job) != "running":  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        worker.terminate()
        assert await asyncio.wait_for(worker.wait(), PATIENCE) == 0, log.read_text()
    finally:
        if worker.returncode is None:
            worker.kill()
        await one.close()
    row = await other.fetchrow("select state, attempt from job where id = $1", job)
    await other.close()
    assert row is not None
    assert tuple(row) == ("queued", 0)
    assert [json.loads(line)["event"] for line in log.read_text().splitlines()][-1] == "stopped"
