"""Which kinds of job there are, and what each calls: one function, below."""

from collections.abc import Mapping
from typing import Any

import asyncpg
import structlog

from litmus_server.domain.access import Principal, Role
from litmus_server.domain.audit import Cause
from litmus_server.domain.errors import Invalid
from litmus_server.jobs.registry import Context, Registry
from litmus_server.ports import COHORTS, EVALUATE, EXPLORE, EXPORT, INTERACT, POWER, REPORT
from litmus_server.services.analysis import Analysis
from litmus_server.services.evaluating import Evaluating
from litmus_server.services.experiments import Experiments
from litmus_server.services.exploring import Exploring
from litmus_server.services.learning import LEARN, Learning
from litmus_server.services.planning import Planning
from litmus_server.store import dead_letters, jobs
from litmus_server.store.caps import ripe
from litmus_server.store.control import Control
from litmus_server.store.crossings import CrossingStore
from litmus_server.store.evaluation import DecisionLogs
from litmus_server.store.fold import prune_minutes
from litmus_server.store.partitions import ensure_partitions
from litmus_server.store.planning import PlanBook
from litmus_server.store.refold import refold_experiment
from litmus_server.store.reports import ReportStore
from litmus_server.store.slices import SliceStore

log = structlog.get_logger(__name__)

_HOUR = 3600
_SCHEDULES = {
    "partitions": 6 * _HOUR,
    "prune_minutes": _HOUR,
    "prune_jobs": _HOUR,
    "prune_dead_letters": _HOUR,
    "freeze_caps": 60,
}
"""Kinds that are due every so many seconds, whoever runs."""
_BY_ITSELF = Cause(Principal("fold", Role.ADMIN), None, "enough units have a value")


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

    async def export(context: Context, payload: Mapping[str, Any]) -> object:
        await analysis.report(
            payload["experiment"]
        )  # it keeps the looks that are due, and the export tells of them
        return await _exploring(context).export(payload["experiment"])

    return Registry(
        {
            LEARN: learn,
            REPORT: report,
            POWER: _power,
            EVALUATE: _evaluate,
            COHORTS: _cohorts,
            EXPLORE: _explore,
            INTERACT: _interact,
            EXPORT: export,
            "refold": _refold,
            "partitions": _partitions,
            "prune_minutes": _prune_minutes,
            "prune_jobs": _prune_jobs,
            "prune_dead_letters": _prune_dead_letters,
            "freeze_caps": _freeze_caps,
        }
    )


async def define_schedules(pool: "asyncpg.Pool[Any]") -> None:
    """Write down what is due how often; doing it again changes nothing."""
    async with pool.acquire() as connection:
        for kind, seconds in _SCHEDULES.items():
            await jobs.define_schedule(connection, kind, kind, seconds)


async def _evaluate(context: Context, payload: Mapping[str, Any]) -> object:
    return await Evaluating(DecisionLogs(context.pool)).answer(payload["question"])


def _exploring(context: Context) -> Exploring:
    return Exploring(SliceStore(context.pool), CrossingStore(context.pool), ReportStore(context.pool))


async def _explore(context: Context, payload: Mapping[str, Any]) -> object:
    return await _exploring(context).answer(payload["experiment"], payload["question"])


async def _cohorts(context: Context, payload: Mapping[str, Any]) -> object:
    return await _exploring(context).cohorts(payload["experiment"], payload["question"])


async def _interact(context: Context, payload: Mapping[str, Any]) -> object:
    return await _exploring(context).interactions(payload["experiment"], payload["question"])


async def _power(context: Context, payload: Mapping[str, Any]) -> object:
    return await Planning(PlanBook(context.pool)).answer(payload["question"])


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


async def _freeze_caps(context: Context, _: Mapping[str, Any]) -> object:
    async with context.pool.acquire() as connection:
        found = await ripe(connection)
    experiments = Experiments(Control(context.pool))
    for cap in found:
        await experiments.freeze_cap(cap.experiment, cap.metric, cap.value, _BY_ITSELF)
    return {"frozen": [[cap.experiment, cap.metric] for cap in found]}
