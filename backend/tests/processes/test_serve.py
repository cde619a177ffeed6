"""`litmus serve` on its own PostgreSQL: starting, ending, and everything that can die in between."""

import asyncio
import json
import signal
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import asyncpg
import pytest
from launched import Launched, gone, launched, litmus, until
from litmus_server.postgres import inspect


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[Launched]:
    with launched(home) as running:
        yield running.ready()


def in_database(folder: Path, statement: str) -> object:
    async def ask() -> object:
        url = inspect(folder / "data").url
        assert url is not None
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return asyncio.run(ask())


def test_from_an_empty_folder_it_becomes_ready_and_well(server: Launched) -> None:
    status, ready = server.get("/ready")
    assert (status, ready["ready"], ready["waits_for"]) == (200, True, [])
    server.worker()
    _, health = server.get("/health")
    assert health["concerns"] == []
    assert {"database", "system"} <= health["checks"].keys()


def test_its_log_is_json_lines_without_secrets(server: Launched, home: Path) -> None:
    server.worker()
    lines = [json.loads(line) for line in server.log.read_text(encoding="utf-8").splitlines()]
    assert all({"time", "level", "event"} <= line.keys() for line in lines)
    secret = home / "data" / "jwt_secret"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert len(secret.read_text()) >= 32
    assert secret.read_text() not in server.log.read_text(encoding="utf-8")


def test_head_is_answered_as_get_without_a_body(server: Launched) -> None:
    for path in ("/health", "/api/v1/snapshot", "/docs"):
        with urlopen(Request(f"http://127.0.0.1:{server.port}{path}", method="HEAD")) as answer:
            assert (answer.status, answer.read()) == (200, b""), path
            assert int(answer.headers["content-length"]) > 0


def test_a_second_server_on_the_same_folder_is_refused_and_the_first_goes_on(
    server: Launched, home: Path
) -> None:
    second = litmus(home, "serve")
    assert second.returncode == 1
    assert second.stderr.strip().splitlines()[-1].startswith("litmus: ")
    assert str(server.process.pid) in second.stderr
    assert server.get("/ready")[0] == 200


def test_a_port_that_is_taken_is_refused_with_the_way_out(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        refused = litmus(folder, "serve", "--port", str(taken.getsockname()[1]))
    assert refused.returncode == 1
    assert "litmus serve --port" in refused.stderr
    assert not (folder / "data").exists()


def test_the_doctor_finds_a_running_server_well(server: Launched, home: Path) -> None:
    server.worker()
    examined = litmus(home, "doctor", "--json", "--port", str(server.port))
    findings = {each["subject"]: each["level"] for each in json.loads(examined.stdout)}
    assert findings.keys() >= {
        "disk",
        "postgresql",
        "database",
        "migrations",
        "clock",
        "worker",
        "fold",
        "port",
        "orphans",
    }
    assert [subject for subject, level in findings.items() if level == "fail"] == []
    assert examined.returncode == 0


def test_a_killed_worker_is_replaced(server: Launched) -> None:
    worker = server.worker()
    worker.kill()
    until(lambda: len(server.lines("working")) > 1, "a new worker works", server)
    assert server.worker().pid != worker.pid


def test_a_killed_postgresql_is_started_again_and_the_server_goes_on(server: Launched) -> None:
    server.worker()
    server.postgres().kill()
    until(
        lambda: bool(server.lines("PostgreSQL has ended unexpectedly; starting it again")),
        "it is restarted",
        server,
    )
    until(lambda: server.get("/ready")[0] == 200, "/ready answers again", server)
    assert server.worker().is_running()


def test_killed_it_leaves_no_worker_and_the_next_start_adopts_its_postgresql_with_the_data(
    folder: Path,
) -> None:
    with launched(folder) as first:
        worker, postgres = first.ready().worker(), first.postgres()
        in_database(folder, "create table kept as select 42 as answer")
        first.process.kill()
        until(lambda: gone(worker), "the worker has left")
        assert not gone(postgres)
    with launched(folder) as second:
        second.ready()
        assert second.postgres().pid == postgres.pid
        assert second.lines("PostgreSQL is up")[-1]["adopted"] is True
        assert in_database(folder, "select answer from kept") == 42
        worker = second.worker()
        assert second.end(signal.SIGTERM) == 0
    assert gone(worker)
    assert gone(postgres)


def test_it_ends_cleanly_while_it_waits_for_a_database_that_is_not_there(folder: Path) -> None:
    nowhere = "postgresql://litmus@127.0.0.1:1/litmus"
    with launched(folder, DATABASE_URL=nowhere, ENV="production", JWT_SECRET="x" * 40) as server:
        until(lambda: server.get("/health")[0] == 200, "/health answers", server)
        assert server.get("/health")[1]["status"] == "degraded"
        assert server.get("/ready")[0] == 503
        status, problem = server.get("/api/v1/experiments")
        assert (status, problem["error"]) == (503, "Service unavailable")
        assert server.end(signal.SIGINT) == 0


@pytest.mark.parametrize("missing", ["DATABASE_URL", "JWT_SECRET"])
def test_production_without_a_required_variable_does_not_start(folder: Path, missing: str) -> None:
    given = {"DATABASE_URL": "postgresql://litmus@127.0.0.1:1/litmus", "JWT_SECRET": "x" * 40}
    del given[missing]
    refused = litmus(folder, "serve", ENV="production", **given)
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"litmus: {missing} is not set")
    assert "--embedded" in refused.stderr


def test_the_doctor_of_an_empty_folder_says_what_to_do(folder: Path) -> None:
    examined = litmus(folder, "doctor", PORT="1")
    assert "litmus serve" in examined.stdout
    assert not (folder / "data").exists()
