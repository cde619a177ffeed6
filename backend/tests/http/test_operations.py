"""/health, /ready and /metrics, on the whole application and on a database that can be taken away."""

from __future__ import annotations

import re
from pathlib import Path

import asyncpg
import httpx2
import pytest
from building import application
from drafts import WRITER
from litmus_server.domain.health import FOLD_LATE, WORKER_SILENT, Vitals, concerns
from litmus_server.settings import Settings
from litmus_server.store.database import connect, named, open_pool
from litmus_server.store.schema import head
from litmus_server.store.vitals import WORKER, Probe, look
from litmus_server.wiring import opened_runtime
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

WELL = Vitals(database=True, ping=0.001, schema="0001", worker_silence=0.1)


async def test_ready_when_database_migrations_and_snapshot_are_there(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/ready")
    assert (answer.status_code, answer.json()["ready"], answer.json()["waits_for"]) == (200, True, [])


async def test_health_names_the_database_the_system_and_what_worries_it(client: httpx2.AsyncClient) -> None:
    health = (await client.get("/health")).json()
    assert health["status"] == "degraded"  # no worker runs beside this test
    assert health["concerns"] == ["No worker is connected: events are stored and not counted"]
    assert health["checks"]["database"]["status"] == "ok"
    assert health["checks"]["database"]["schema"] == head()
    system = health["checks"]["system"]
    assert {"pid", "memory_bytes", "cpu_percent", "disk_free_bytes", "uptime_seconds"} <= system.keys()


async def test_a_worker_is_seen_by_its_connection(client: httpx2.AsyncClient, database_url: str) -> None:
    worker = await connect(named(database_url, WORKER))
    try:
        await worker.fetchval("select 1")
        health = (await client.get("/health")).json()
    finally:
        await worker.close()
    assert (health["status"], health["checks"]["worker"]["status"]) == ("ok", "ok")


async def test_a_batch_that_waits_and_an_event_that_cannot_be_folded_are_seen(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    await _execute(
        database_url,
        "insert into fold_queue values (1, now() - interval '2 minutes');"
        "insert into fold_fault (event_id, batch, error) values (gen_random_uuid(), 1, 'no')",
    )
    answer = await client.get("/ready")
    ready = answer.json()
    assert answer.status_code == 200  # it is late, and still decides and stores
    assert ready["fold"]["queued_batches"] == 1
    assert ready["fold"]["faults"] == 1
    assert ready["fold"]["lag_seconds"] >= 120
    assert len([each for each in ready["concerns"] if "fold" in each]) == 2


async def test_it_is_not_ready_on_a_schema_that_it_does_not_know(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    await _execute(database_url, "update alembic_version set version_num = '0000'")
    answer = await client.get("/ready")
    assert (answer.status_code, answer.json()["waits_for"]) == (503, ["migrations"])
    assert answer.headers["retry-after"] == "1"


async def test_it_is_not_ready_once_it_begins_to_stop(database_url: str, tmp_path: Path) -> None:
    settings = Settings.read(env="development", data_folder=tmp_path)
    async with opened_runtime(settings, database_url) as runtime:
        transport = httpx2.ASGITransport(app=application(runtime))
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            assert (await client.get("/ready")).status_code == 200
            runtime.leave()
            assert (await client.get("/ready")).status_code == 503
            assert (await client.get("/health")).status_code == 200


async def test_strangers_hear_that_something_is_wrong_and_not_what_was_said_of_it(
    database_url: str, tmp_path: Path
) -> None:
    said = 'connection to "db-7.internal" failed: password of role "litmus"'

    async def away() -> Vitals:
        return Vitals(database=False, error=said)

    settings = Settings.read(env="production", data_folder=tmp_path, write_tokens=WRITER)
    async with opened_runtime(settings, database_url) as runtime:
        transport = httpx2.ASGITransport(app=application(runtime))
        async with httpx2.AsyncClient(transport=transport, base_url="http://litmus") as client:
            well = (await client.get("/health")).json()
            runtime.operations.vitals = away
            strangers = [
                await client.get(path, headers=headers)
                for path in ("/health", "/ready")
                for headers in ({}, {"authorization": "Bearer guess"}, {"authorization": "Basic x"})
            ]
            known = await client.get("/health", headers={"authorization": f"Bearer {WRITER}"})
    assert well["checks"]["database"] == well["checks"]["system"] == {"status": "ok"}
    for answer in strangers:
        assert "internal" not in answer.text
        assert answer.json()["concerns"] == ["The database does not answer"]
    ill = strangers[0].json()
    assert ill["status"] == "degraded"
    assert ill["checks"]["database"] == {"status": "fail", "message": "The database does not answer"}
    assert ill["checks"]["system"] == {"status": "ok"}
    assert known.json()["checks"]["database"]["message"] == said
    assert known.json()["checks"]["system"]["pid"] > 0


async def test_what_the_database_said_is_logged_once(database_url: str) -> None:
    pool = await open_pool(database_url)
    await pool.close()
    probe = Probe(pool, max_age=0)
    with capture_logs() as lines:
        seen = [await probe() for _ in range(3)]
    assert [each.database for each in seen] == [False] * 3
    assert [line["error"] for line in lines] == [seen[0].error]


async def test_metrics_are_prometheus_text_with_route_templates(client: httpx2.AsyncClient) -> None:
    await client.get("/api/v1/experiments/one-that-is-not")
    await client.post("/api/v1/experiments/one-that-is-not/assign", json={"unit_id": "somebody@example.org"})
    await client.get("/api/v1/nowhere/at/all")
    text = (await client.get("/metrics")).text
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert all(name.startswith("litmus_") for name in families)
    counted = {
        (sample.labels["method"], sample.labels["route"], sample.labels["status"]): sample.value
        for sample in families["litmus_requests"].samples
        if sample.name == "litmus_requests_total"
    }
    assert counted["GET", "/api/v1/experiments/{id}", "404"] == 1
    assert counted["POST", "/api/v1/experiments/{id}/assign", "404"] == 1
    assert counted["GET", "unmatched", "404"] == 1
    assert "somebody" not in text
    assert "one-that-is-not" not in text
    assert {"litmus_up", "litmus_fold_lag_seconds", "litmus_journal_waiting_rows"} <= families.keys()


async def test_a_histogram_counts_every_request_once(client: httpx2.AsyncClient) -> None:
    for _ in range(3):
        await client.get("/api/v1/meta")
    text = (await client.get("/metrics")).text
    line = r'litmus_request_seconds_(bucket|count){[^}]*route="/api/v1/meta"[^}]*} (\S+)'
    found = [(kind, float(value)) for kind, value in re.findall(line, text)]
    buckets = [value for kind, value in found if kind == "bucket"]
    assert buckets == sorted(buckets)
    assert buckets[-1] == 3
    assert [value for kind, value in found if kind == "count"] == [3]


async def test_a_database_without_our_tables_is_looked_at_without_an_error(database_url: str) -> None:
    await _execute(database_url, "drop table alembic_version")
    connection = await connect(database_url)
    try:
        vitals = await look(connection)
    finally:
        await connection.close()
    assert (vitals.database, vitals.schema) == (True, None)


@pytest.mark.parametrize(
    ("vitals", "says"),
    [
        (Vitals(database=False, error="refused"), "The database does not answer: refused"),
        (Vitals(database=True, worker_silence=None), "No worker"),
        (Vitals(database=True, worker_silence=WORKER_SILENT + 1), "The worker has done nothing"),
        (Vitals(database=True, worker_silence=0, fold_lag=FOLD_LATE + 1), "The fold is 31 s behind"),
        (Vitals(database=True, worker_silence=0, fold_faults=3), "3 events could not be folded"),
        (Vitals(database=True, worker_silence=0, dead_jobs=2), "2 jobs have failed"),
    ],
)
def test_each_concern_is_a_sentence(vitals: Vitals, says: str) -> None:
    (concern,) = concerns(vitals)
    assert concern.startswith(says)


def test_nothing_concerns_where_all_is_well_until_the_disk_is_full() -> None:
    assert concerns(WELL, disk_free=10**10) == []
    assert concerns(WELL, disk_free=10**8) == ["Only 95 MB of disk are free"]


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
