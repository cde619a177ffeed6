"""What a list says of results is what the report says, and asking for it computes nothing and waits for nothing."""

import asyncio
from typing import Any

import asyncpg
import msgspec
import pytest
from folded import make, observe
from litmus_server.domain.report import Report
from litmus_server.domain.summary import summary_of
from litmus_server.services.reports import Reports
from litmus_server.store.jobs import Queue
from litmus_server.store.reports import ReportStore

from .conftest import worker

pytestmark = pytest.mark.database


async def waiting(pool: "asyncpg.Pool[Any]") -> int:
    found: int = await pool.fetchval("select count(*) from job where kind = 'report' and state = 'queued'")
    return found


async def test_a_summary_says_what_the_report_says(pool: "asyncpg.Pool[Any]", patient: Reports) -> None:
    experiment = await make(pool, "said")
    await observe(pool, experiment, (10, 20, 30), (1, 2, 3))
    async with worker(pool):
        report = msgspec.json.decode(await patient.report(experiment.key), type=Report)
    summary = (await patient.summaries([experiment.id]))[experiment.id]
    assert summary == summary_of(report)
    assert summary.exposed_units == report.exposed_units == 60
    assert summary.verdict.value is report.verdict.value
    assert summary.propensities == {each.variant_key: each.propensity for each in report.variants}
    assert await waiting(pool) == 0


async def test_before_the_first_report_there_is_none_and_it_is_asked_for(
    pool: "asyncpg.Pool[Any]", patient: Reports
) -> None:
    experiment = await make(pool, "first")
    assert await patient.summaries([experiment.id]) == {}
    assert await waiting(pool) == 1
    async with worker(pool):
        while not await patient.summaries([experiment.id]):  # noqa: ASYNC110 - what a browser does
            await asyncio.sleep(0.05)


async def test_an_old_summary_says_so_and_another_report_is_asked_for_once(
    pool: "asyncpg.Pool[Any]", patient: Reports
) -> None:
    experiment = await make(pool, "old")
    async with worker(pool):
        await patient.report(experiment.key)
    await observe(pool, experiment, (10, 20, 30), (1, 2, 3))
    young = Reports(ReportStore(pool), Queue(pool))
    assert (await young.summaries([experiment.id]))[experiment.id].stale
    assert await waiting(pool) == 0, "it is seconds old: who looks at the experiment itself has it renewed"
    await pool.execute("update report set computed_at = computed_at - interval '1 minute'")
    for _ in range(2):
        assert (await young.summaries([experiment.id]))[experiment.id].exposed_units == 0
    assert await waiting(pool) == 1


async def test_a_draft_has_no_summary_and_asks_for_none(pool: "asyncpg.Pool[Any]", patient: Reports) -> None:
    experiment = await make(pool, "draft")
    await pool.execute("update experiments set status = 'draft' where id = $1", experiment.id)
    assert await patient.summaries([experiment.id]) == {}
    assert await waiting(pool) == 0
