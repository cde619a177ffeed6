"""The processes on a database of their own choice: migrating at once, working alone, ending without a loss."""

import asyncio
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from json import dumps, loads
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from launched import LITMUS, PATIENCE, Launched, environment, launched, litmus, until

pytestmark = pytest.mark.database

TOKEN = "a-token-of-an-admin"
PRODUCTION = {
    "ENV": "production",
    "JWT_SECRET": "x" * 40,
    "LITMUS_ADMIN_TOKENS": TOKEN,
    "LITMUS_HOST": "127.0.0.1",
}


@pytest.fixture
def empty_url(database_server: Any) -> Iterator[str]:
    """A database without our tables."""
    name = f"litmus_test_empty_{uuid4().hex[:12]}"
    asyncio.run(_run(database_server.admin, f'create database "{name}"'))
    try:
        yield database_server.url_for(name)
    finally:
        asyncio.run(_run(database_server.admin, f'drop database "{name}" with (force)'))


def test_three_that_migrate_at_once_make_one_schema(empty_url: str, folder: Path) -> None:
    with ThreadPoolExecutor(3) as threads:
        done = list(threads.map(lambda _: litmus(folder, "migrate", DATABASE_URL=empty_url), range(3)))
    assert [each.returncode for each in done] == [0, 0, 0], done
    assert asyncio.run(_value(empty_url, "select count(*) from alembic_version")) == 1
    assert asyncio.run(_value(empty_url, "select count(*) from fold_lock")) == 1


def test_a_worker_waits_for_the_migrations_and_leaves_at_the_end_of_its_pipe(
    empty_url: str, folder: Path
) -> None:
    log = folder / "worker.log"
    with log.open("wb") as out:
        worker = subprocess.Popen(
            [LITMUS, "worker", "--parent-fd", "0"],
            env=environment(folder, DATABASE_URL=empty_url),
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    assert worker.stdin is not None
    try:
        until(lambda: "waiting for the migrations" in log.read_text(), "it waits")
        assert litmus(folder, "migrate", DATABASE_URL=empty_url).returncode == 0
        until(lambda: '"working"' in log.read_text(), "it works")
        worker.stdin.close()
        assert worker.wait(PATIENCE) == 0
    finally:
        worker.kill()
        worker.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_on_its_own_ends_cleanly(database_url: str, folder: Path, number: signal.Signals) -> None:
    log = folder / "worker.log"
    with log.open("wb") as out:
        worker = subprocess.Popen(
            [LITMUS, "worker"],
            env=environment(folder, DATABASE_URL=database_url),
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        until(lambda: '"working"' in log.read_text(), "it works")
        worker.send_signal(number)
        assert worker.wait(PATIENCE) == 0
    finally:
        worker.kill()
        worker.wait()


def test_in_production_nobody_writes_without_a_token(database_url: str, folder: Path) -> None:
    with launched(folder, DATABASE_URL=database_url, **PRODUCTION) as server:
        server.ready()
        assert _call(server, "POST", "/api/v1/experiments", {}, token=None)[0] == 401
        assert _call(server, "POST", "/api/v1/events", {"events": []}, token="another")[0] == 401
        assert _call(server, "GET", "/api/v1/experiments")[0] == 200
        assert TOKEN not in server.log.read_text(encoding="utf-8")


def test_what_was_acknowledged_before_a_sigterm_is_stored_and_folded_by_the_next(
    database_url: str, folder: Path
) -> None:
    with launched(folder, DATABASE_URL=database_url, **PRODUCTION) as server:
        experiment = _running_experiment(server.ready())
        with ThreadPoolExecutor(8) as threads:
            sending = [threads.submit(_send_until_refused, server.port, experiment, n) for n in range(8)]
            until(lambda: _count(database_url, "event") > 200, "events come in", server)
            assert server.end(signal.SIGTERM) == 0
            acknowledged = {unit for each in sending for unit in each.result()}
    assert len(acknowledged) > 200
    stored = asyncio.run(_value(database_url, "select array_agg(unit) from event where kind = 1"))
    assert acknowledged <= set(stored)
    with launched(folder, DATABASE_URL=database_url, **PRODUCTION) as server:
        server.ready()
        until(lambda: _count(database_url, "fold_queue") == 0, "everything is folded", server)
    assert _count(database_url, "unit_state") == len(set(stored))


def _running_experiment(server: Launched) -> str:
    draft = {
        "name": "shutdown",
        "type": "ab",
        "primary_metric": "bought",
        "variants": [{"name": "control", "weight": 0.5}, {"name": "b", "weight": 0.5}],
    }
    status, made = _call(server, "POST", "/api/v1/experiments", draft)
    assert status == 200, made
    key: str = made["experiment_id"]
    assert (
        _call(server, "POST", f"/api/v1/experiments/{key}/start", {"actor": "test", "reason": "test"})[0]
        == 200
    )
    return key


def _send_until_refused(port: int, experiment: str, sender: int) -> list[str]:
    """Assign and expose units over one connection; answers those whose exposure was acknowledged."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    head = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    acknowledged: list[str] = []
    deadline = time.monotonic() + PATIENCE
    try:
        while time.monotonic() < deadline:
            unit = f"unit-{sender}-{len(acknowledged)}"
            connection.request(
                "POST", f"/api/v1/experiments/{experiment}/assign", dumps({"unit_id": unit}), head
            )
            connection.getresponse().read()
            event = {
                "event_id": str(uuid4()),
                "type": "exposure",
                "experiment_id": experiment,
                "unit_id": unit,
            }
            connection.request("POST", "/api/v1/events", dumps(event), head)
            answer = connection.getresponse()
            if answer.status == 200 and loads(answer.read())["accepted"] == 1:
                acknowledged.append(unit)
    except (OSError, HTTPException):
        pass  # refused: what has come until now is what counts
    finally:
        connection.close()
    return acknowledged


def _call(
    server: Launched, method: str, path: str, body: object = None, token: str | None = TOKEN
) -> tuple[int, Any]:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
    head = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    try:
        connection.request(method, path, None if body is None else dumps(body), head)
        answer = connection.getresponse()
        return answer.status, loads(answer.read())
    finally:
        connection.close()


def _count(url: str, table: str) -> int:
    return int(str(asyncio.run(_value(url, f"select count(*) from {table}"))))


async def _run(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def _value(url: str, query: str) -> Any:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()
