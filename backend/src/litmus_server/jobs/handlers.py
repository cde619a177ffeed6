"""Which kinds of job there are, and what each calls: one function, below."""

from collections.abc import Mapping
from typing import Any

import asyncpg
import structlog

from litmus_server.domain.errors import Invalid
from litmus_server.jobs.registry import Context, Registry
from litmus_server.ports import REPORT
from litmus_server.services.analysis import Analysis
from litmus_server.services.learning import LEARN, Learning
from litmus_server.store import dead_letters, jobs
from litmus_server.store.fold import prune_minutes
from litmus_server.store.partitions import ensure_partitions
from litmus_server.store.refold import refold_experiment

log = structlog.get_logger(__name__)

_HOUR = 3600
_SCHEDULES = {
    "partitions": 6 * _HOUR,
    "prune_minutes": _HOUR,
    "prune_jobs": _HOUR,
    "prune_dead_letters": _HOUR,
}
"""Kinds that are due every so many seconds, whoever runs."""


def handlers(learning: Learning, analysis: Analysis) -> Registry:
    """All of them."""

    async def learn(_: Context, payload: Mapping[str, Any]) -> object:
        try:
            return {"version": await learning.learn(payload["experiment"])}
        except Invalid as error:  # trying again cannot help: only another configuration can
            log.warning("nothing can be learned", experiment=payload["experiment"], error=str(error))
            return {"version": None, "refused": str(error)}

    async def report(_: Context, payload: Mapping[str, Any]) -> object:
        return {"computed": await analysis.report(payload["experiment"])}

    return Registry(
        {
            LEARN: learn,
            REPORT: report,
            "refold": _refold,
            "partitions": _partitions,
            "prune_minutes": _prune_minutes,
            "prune_jobs": _prune_jobs,
            "prune_dead_letters": _prune_dead_letters,
        }
    )


async def define_schedules(pool: "asyncpg.Pool[Any]") -> None:
    """Write down what is due how often; doing it again changes nothing."""
    async with pool.acquire() as connection:
        for kind, seconds in _SCHEDULES.items():
            await jobs.define_schedule(connection, kind, kind, seconds)


async def _refold(context: Context, payload: Mapping[str, Any]) -> object:
    async with context.pool.acquire() as connection:
        return {"rows": await refold_experiment(connection, payload["experiment"])}


async def _partitions(context: Context, _: Mapping[str, Any]) -> object:
    async with context.pool.acquire() as connection:
        return {"made": await ensure_partitions(connection)}


async def _prune_minutes(context: Context, _: Mapping[str, Any]) -> object:
    async with context.pool.acquire() as connection:
        return {"rows": await prune_minutes(connection)}


async def _prune_jobs(context: Context, _: Mapping[str, Any]) -> object:
    async with context.pool.acquire() as connection:
        return {"rows": await jobs.prune(connection)}


async def _prune_dead_letters(context: Context, _: Mapping[str, Any]) -> object:
    async with context.pool.acquire() as connection:
        return {"rows": await dead_letters.prune(connection)}
