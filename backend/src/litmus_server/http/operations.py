"""What operators and their tools ask: /health, /ready and /metrics. Open to everybody, and cheap to answer.

`/health` is about this process, `/ready` about whether to send it traffic. Strangers hear that something is wrong, and
not what the database or the machine said of it. It must not know how anything is measured.
"""

import os
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

import psutil
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from litmus_server.domain.health import Vitals, concerns
from litmus_server.http.auth import Authenticator


@dataclass(slots=True)
class Operations:
    """What this process knows about itself. The owner sets the flags; the routes read them."""

    version: str
    head: str
    """The migration that this program needs."""
    vitals: Callable[[], Awaitable[Vitals]]
    data_folder: str
    """On whose disk to keep an eye; the folder of the embedded PostgreSQL, or any other of ours."""
    snapshot_loaded: Callable[[], bool]
    stopping: bool = False
    collectors: list[Collector] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def waits_for(self, vitals: Vitals) -> list[str]:
        """What is missing before traffic may come; empty when ready."""
        missing = ["nothing: it is stopping"] if self.stopping else []
        if not vitals.database:
            missing.append("database")
        elif vitals.schema != self.head:
            missing.append("migrations")
        if not self.snapshot_loaded():
            missing.append("snapshot")
        return missing


def router(state: Operations, authenticator: Authenticator) -> APIRouter:
    """The three routes."""
    routes = APIRouter(tags=["operations"])

    def known(request: Request) -> bool:
        return authenticator.knows(dict(request.scope["headers"]).get(b"authorization"))

    insider = Annotated[bool, Depends(known)]
    process = psutil.Process()
    process.cpu_percent()  # the first call measures from here

    @routes.get(
        "/health", operation_id="health", summary="Whether this process can answer, and what worries it"
    )
    async def health(inside: insider) -> dict[str, Any]:
        vitals = _told(await state.vitals(), inside=inside)
        system = _system(state, process)
        worries = concerns(vitals, disk_free=system["disk_free_bytes"])
        return {
            "status": "degraded" if worries else "ok",
            "version": state.version,
            "concerns": worries,
            "checks": {
                "database": _database(vitals, inside=inside),
                "system": system if inside else {"status": system["status"]},
                "fold": _fold(vitals),
                "worker": _worker(vitals),
            },
        }

    @routes.get(
        "/ready",
        operation_id="ready",
        summary="Whether traffic may come",
        responses={503: {"description": "Not yet, or no more; `waits_for` says for what"}},
    )
    async def ready(inside: insider) -> JSONResponse:
        vitals = _told(await state.vitals(), inside=inside)
        missing = state.waits_for(vitals)
        body = {
            "ready": not missing,
            "waits_for": missing,
            "concerns": concerns(vitals),
            "fold": _fold(vitals),
            "worker": _worker(vitals),
        }
        if missing:
            return JSONResponse(body, 503, {"Retry-After": "1"})
        return JSONResponse(body)

    @routes.get("/metrics", operation_id="prometheus", summary="For Prometheus", response_class=Response)
    async def metrics() -> Response:
        vitals = await state.vitals()
        registry = CollectorRegistry(auto_describe=False)
        for collector in (*state.collectors, _Gauges(_gauges(state, vitals, process))):
            registry.register(collector)
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return routes


class _Gauges(Collector):
    def __init__(self, rows: Iterable[tuple[str, str, float]]) -> None:
        self._rows = list(rows)

    def collect(self) -> Iterable[GaugeMetricFamily]:
        return [GaugeMetricFamily(f"litmus_{name}", help_, value) for name, help_, value in self._rows]


def _gauges(state: Operations, vitals: Vitals, process: psutil.Process) -> Iterable[tuple[str, str, float]]:
    yield "up", "1 when traffic may come", float(not state.waits_for(vitals))
    yield "database_up", "1 when the database answers", float(vitals.database)
    yield "process_resident_bytes", "Memory of the API process", process.memory_info().rss
    yield "process_cpu_seconds", "CPU time of the API process", sum(process.cpu_times()[:2])
    if not vitals.database:
        return  # unknown is absent, not zero
    yield "fold_lag_seconds", "Age of the oldest event batch that is not folded", vitals.fold_lag
    yield "fold_queued_batches", "Batches that are not folded", vitals.fold_queued
    yield "fold_faults", "Events that could not be folded", vitals.fold_faults
    yield "dead_jobs", "Jobs that have failed for good", vitals.dead_jobs
    if vitals.worker_silence is not None:
        yield "worker_silence_seconds", "Since the worker last did anything", vitals.worker_silence


def _told(vitals: Vitals, *, inside: bool) -> Vitals:
    """What this caller may know: an error of PostgreSQL names hosts, roles and databases."""
    return vitals if inside else replace(vitals, error=None)


def _database(vitals: Vitals, *, inside: bool) -> dict[str, Any]:
    if not vitals.database:
        return {"status": "fail", "message": vitals.error or "The database does not answer"}
    if not inside:
        return {"status": "ok"}
    return {"status": "ok", "ping_ms": round((vitals.ping or 0) * 1000, 3), "schema": vitals.schema}


def _fold(vitals: Vitals) -> dict[str, Any]:
    if not vitals.database:
        return {"status": "unknown"}
    return {
        "status": "fail" if vitals.fold_faults else "ok",
        "lag_seconds": round(vitals.fold_lag, 3),
        "queued_batches": vitals.fold_queued,
        "faults": vitals.fold_faults,
    }


def _worker(vitals: Vitals) -> dict[str, Any]:
    if not vitals.database:
        return {"status": "unknown"}
    silence = vitals.worker_silence
    return {
        "status": "fail" if silence is None else "ok",
        "silent_seconds": None if silence is None else round(silence, 3),
        "dead_jobs": vitals.dead_jobs,
    }


def _system(state: Operations, process: psutil.Process) -> dict[str, Any]:
    memory = psutil.virtual_memory()
    return {
        "status": "ok",
        "pid": process.pid,
        "uptime_seconds": round(time.monotonic() - state.began, 1),
        "memory_bytes": process.memory_info().rss,
        "memory_free_bytes": memory.available,
        "cpu_percent": process.cpu_percent(),
        "load_average": [round(load, 2) for load in os.getloadavg()],
        "disk_free_bytes": psutil.disk_usage(state.data_folder).free,
    }
