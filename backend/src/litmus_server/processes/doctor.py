"""`litmus doctor`: looks at everything that a running Litmus needs, and says what to do about what is wrong.

It reads only: it takes no lock, starts nothing and changes nothing.
"""

import datetime as dt
import json
import shutil
import socket
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

import asyncpg
import psutil

from litmus_server import VERSION
from litmus_server.domain.health import DISK_LOW, FOLD_LATE, WORKER_SILENT, Vitals
from litmus_server.postgres import Facts, inspect
from litmus_server.processes.database import place
from litmus_server.settings import Refused, Settings
from litmus_server.store.database import connect
from litmus_server.store.schema import head
from litmus_server.store.vitals import look

Level = Literal["ok", "warn", "fail"]

_SKEW = 1.0  # seconds between our clock and the database's
_WORKER = ["litmus_server.cli", "worker"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `what` says what was seen; where it is not well, also what to do."""

    subject: str
    level: Level
    what: str


async def examine(settings: Settings) -> list[Finding]:
    """Every finding, the healthy ones too."""
    facts = inspect(settings.data_folder) if settings.database_url is None else None
    findings = [Finding("version", "ok", VERSION), *_start(settings), *_folder(settings, facts)]
    url = settings.database_url.get_secret_value() if settings.database_url else facts and facts.url
    if url:
        findings += [finding async for finding in _database(url)]
    findings.append(_port(settings))
    findings += _orphans(facts)
    return findings


def printed(findings: list[Finding], *, as_json: bool) -> str:
    """For a program, or for a person."""
    if as_json:
        return json.dumps([asdict(finding) for finding in findings], indent=2)
    marks = {"ok": "  ok", "warn": "WARN", "fail": "FAIL"}
    width = max(len(finding.subject) for finding in findings)
    return "\n".join(f"{marks[each.level]}  {each.subject:<{width}}  {each.what}" for each in findings)


def _start(settings: Settings) -> list[Finding]:
    """Would `litmus serve` start with these settings? (A folder that has a database is taken as --embedded.)"""
    embedded = settings.database_url is None and not settings.development and settings.data_folder.exists()
    try:
        settings.check_start(embedded=embedded)
    except Refused as refusal:
        return [Finding("settings", "fail", str(refusal).replace("\n", " "))]
    advice = [Finding("settings", "warn", sentence) for sentence in settings.advice()]
    return advice or [Finding("settings", "ok", f"ENV={settings.env}")]


def _folder(settings: Settings, facts: Facts | None) -> list[Finding]:
    findings = []
    existing = settings.data_folder
    while not existing.exists():
        existing = existing.parent
    free = shutil.disk_usage(existing).free
    level: Level = "fail" if free < DISK_LOW else "warn" if free < 4 * DISK_LOW else "ok"
    findings.append(Finding("disk", level, f"{free / 2**30:.1f} GB free at {existing}"))
    if facts is None:
        return findings
    if not facts.initialised:
        findings.append(
            Finding("data folder", "warn", f"{facts.folder} has no database yet: `litmus serve` makes it")
        )
    elif facts.pid is None:
        findings.append(Finding("postgresql", "fail", f"not running in {facts.folder}; its log: {facts.log}"))
    elif facts.left_behind:
        what = f"pid {facts.pid} runs without its Litmus; the next `litmus serve` adopts it"
        findings.append(Finding("postgresql", "warn", what))
    else:
        what = f"embedded {facts.major}, pid {facts.pid}, {facts.size_bytes / 2**20:.0f} MB in {facts.folder}"
        findings.append(Finding("postgresql", "ok", what))
    return findings


async def _database(url: str) -> AsyncIterator[Finding]:
    try:
        connection = await connect(url, timeout=5)
    except (OSError, TimeoutError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        yield Finding("database", "fail", f"{place(url)}: {error or type(error).__name__}")
        return
    try:
        version = await connection.fetchval("show server_version")
        vitals = await look(connection)
        yield Finding(
            "database", "ok", f"{place(url)}, PostgreSQL {version}, {(vitals.ping or 0) * 1000:.1f} ms"
        )
        if connection.get_server_version().major < 15:
            yield Finding("database", "fail", "PostgreSQL 15 is the oldest that Litmus can use")
        yield _schema(vitals)
        yield await _clock(connection)
        if vitals.schema is not None:
            for finding in _work(vitals):
                yield finding
    finally:
        await connection.close()


def _schema(vitals: Vitals) -> Finding:
    if vitals.schema == head():
        return Finding("migrations", "ok", f"at {vitals.schema}, the newest")
    return Finding(
        "migrations", "fail", f"at {vitals.schema or 'none'}, {head()} is needed: run `litmus migrate`"
    )


async def _clock(connection: "asyncpg.Connection[Any]") -> Finding:
    before = dt.datetime.now(dt.UTC)
    theirs: dt.datetime = await connection.fetchval("select clock_timestamp()")
    after = dt.datetime.now(dt.UTC)
    skew = (theirs - before - (after - before) / 2).total_seconds()
    what = f"the database's is {abs(skew):.3f} s {'ahead of' if skew > 0 else 'behind'} ours"
    if abs(skew) > _SKEW:
        return Finding(
            "clock", "warn", f"{what}: events near the limits of `occurred_at` are judged wrongly; run NTP"
        )
    return Finding("clock", "ok", what)


def _work(vitals: Vitals) -> list[Finding]:
    silence, findings = vitals.worker_silence, []
    if silence is None:
        findings.append(
            Finding("worker", "fail", "none is connected: `litmus serve` or `litmus worker` starts one")
        )
    else:
        level: Level = "fail" if silence > WORKER_SILENT else "ok"
        findings.append(Finding("worker", level, f"last did something {silence:.1f} s ago"))
    late: Level = "fail" if vitals.fold_lag > FOLD_LATE else "ok"
    findings.append(
        Finding("fold", late, f"{vitals.fold_queued} batches wait, the oldest for {vitals.fold_lag:.1f} s")
    )
    if vitals.fold_faults:
        what = f"{vitals.fold_faults} events could not be folded: select * from fold_fault; `litmus rebuild` tries again"
        findings.append(Finding("fold", "fail", what))
    if vitals.dead_jobs:
        what = f"{vitals.dead_jobs} have failed for good: select * from job where state = 'dead'"
        findings.append(Finding("jobs", "warn", what))
    return findings


def _port(settings: Settings) -> Finding:
    with socket.socket() as probe:
        probe.settimeout(1)
        taken = probe.connect_ex(("127.0.0.1", settings.port)) == 0
    if not taken:
        return Finding("port", "ok", f"{settings.port} is free: no server listens")
    ours = any("litmus_server.cli" in part or part.endswith("/litmus") for part in _command_at(settings.port))
    return Finding(
        "port",
        "ok" if ours else "warn",
        f"{settings.port} is taken by {'Litmus' if ours else 'another program'}",
    )


def _command_at(port: int) -> list[str]:
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,) and connection.pid:
                return psutil.Process(connection.pid).cmdline()
    except psutil.Error:
        pass
    return []


def _orphans(facts: Facts | None) -> list[Finding]:
    """Workers whose server is gone, and PostgreSQL processes that no postmaster owns."""
    lost = [process.pid for process in psutil.process_iter(["cmdline", "ppid"]) if _is_lost_worker(process)]
    findings = [Finding("orphans", "fail", f"worker {pid} has lost its server: end it") for pid in lost]
    if facts is not None:
        findings += [
            Finding("orphans", "fail", f"PostgreSQL process {pid} has lost its postmaster: end it")
            for pid in facts.orphans
        ]
    return findings or [Finding("orphans", "ok", "none")]


def _is_lost_worker(process: psutil.Process) -> bool:
    line = process.info["cmdline"] or []
    return process.info["ppid"] == 1 and "--parent-fd" in line and all(word in line for word in _WORKER)
