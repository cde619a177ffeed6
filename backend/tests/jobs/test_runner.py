"""Runners: every job is done by one of them, errors are kept, and none is lost when its claimant is killed."""

import asyncio
import signal
import sys
from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any

import asyncpg
import pytest
from litmus_server.jobs.registry import Context, Registry
from litmus_server.jobs.runner import run_job
from litmus_server.store import jobs
from litmus_server.store.database import open_pool

from .conftest import Start, until, working

pytestmark = pytest.mark.database


async def enqueue(pool: "asyncpg.Pool[Any]", kind: str, **options: Any) -> int:
    async with pool.acquire() as connection:
        return await jobs.enqueue(connection, kind, **options)


async def row_of(pool: "asyncpg.Pool[Any]", job_id: int) -> dict[str, Any]:
    return dict(await pool.fetchrow("select * from job where id = $1", job_id))


async def is_over(pool: "asyncpg.Pool[Any]", *, jobs_in_all: int = 1) -> bool:
    over: int = await pool.fetchval("select count(*) from job where state in ('done', 'dead')")
    return over == jobs_in_all


async def test_three_runners_do_each_of_sixty_jobs_once(database_url: str, pool: "asyncpg.Pool[Any]") -> None:
    done: Counter[int] = Counter()

    async def count(_: Context, payload: Mapping[str, Any]) -> int:
        done[payload["number"]] += 1
        await asyncio.sleep(0)
        return int(payload["number"])

    for number in range(60):
        await enqueue(pool, "count", payload={"number": number}, dedupe_key=str(number))
    async with AsyncExitStack() as stack:
        for _ in range(3):
            own = await stack.enter_async_context(await open_pool(database_url, size=5))
            await stack.enter_async_context(working(own, Registry({"count": count})))
        await until(lambda: is_over(pool, jobs_in_all=60))
    assert done == Counter(range(60))
    assert await pool.fetchval("select array_agg(result order by id) from job") == list(range(60))


async def test_a_runner_wakes_when_a_job_is_committed(pool: "asyncpg.Pool[Any]", start: Start) -> None:
    asked = asyncio.Event()

    async def note(context: Context, _: object) -> None:
        asked.set()

    await start(Registry({"note": note}), poll=3600)
    # A runner that only looks once an hour: the first hint may come before it listens, the rest must wake it.
    async with asyncio.timeout(30):
        while not asked.is_set():
            await enqueue(pool, "note")
            await asyncio.sleep(0.05)


async def test_a_job_that_fails_is_tried_again_and_one_that_always_fails_is_dead(
    pool: "asyncpg.Pool[Any]", start: Start
) -> None:
    attempts: Counter[str] = Counter()

    async def flaky(context: Context, payload: Mapping[str, Any]) -> str:
        attempts[payload["name"]] += 1
        if attempts[payload["name"]] < payload["good"]:
            raise ArithmeticError(f"attempt {context.job.attempt}")
        return "good"

    twice = await enqueue(pool, "flaky", payload={"name": "twice", "good": 3})
    never = await enqueue(pool, "flaky", payload={"name": "never", "good": 99}, max_attempts=4)
    await start(Registry({"flaky": flaky}))
    await until(lambda: is_over(pool, jobs_in_all=2))
    assert attempts == {"twice": 3, "never": 4}
    good, bad = await row_of(pool, twice), await row_of(pool, never)
    assert (good["state"], good["result"], good["attempt"]) == ("done", "good", 3)
    assert (bad["state"], bad["last_error"]) == ("dead", "ArithmeticError: attempt 4")


async def test_a_handler_that_is_cancelled_from_inside_has_failed(
    pool: "asyncpg.Pool[Any]", start: Start
) -> None:
    async def broken(*_: object) -> None:
        raise asyncio.CancelledError

    job_id = await enqueue(pool, "broken", max_attempts=1)
    await start(Registry({"broken": broken}))
    await until(lambda: is_over(pool))
    assert (await row_of(pool, job_id))["state"] == "dead"


async def test_the_job_of_a_killed_process_is_done_by_another(
    database_url: str, pool: "asyncpg.Pool[Any]", start: Start
) -> None:
    job_id = await enqueue(pool, "slow", dedupe_key="1")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _CLAIMANT, database_url, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"claimed\n"
    process.send_signal(signal.SIGKILL)
    await process.wait()
    assert (await row_of(pool, job_id))["state"] == "running"

    async def slow(context: Context, _: object) -> int:
        return context.job.attempt

    await start(Registry({"slow": slow}))
    await until(lambda: is_over(pool))
    row = await row_of(pool, job_id)
    assert (row["state"], row["result"]) == ("done", 2)
    assert f":{process.pid}:" in row["last_error"]


_CLAIMANT = """
import asyncio, sys
from litmus_server.jobs.registry import Registry
from litmus_server.jobs.runner import Runner
from litmus_server.store.database import open_pool

async def slow(context, payload):
    print("claimed", flush=True)
    await asyncio.Event().wait()

async def main():
    pool = await open_pool(sys.argv[1])
    await Runner(pool, Registry({"slow": slow}), lease=1.0).run(asyncio.Event())

asyncio.run(main())
"""


async def test_a_long_job_keeps_its_lease(pool: "asyncpg.Pool[Any]", start: Start) -> None:
    attempts = []

    async def long(context: Context, _: object) -> None:
        attempts.append(context.job.attempt)
        await until(lambda: pool.fetchval("select lease_until > created_at + interval '1 s' from job"))

    await enqueue(pool, "long")
    for _ in range(2):  # the second would take it if the lease ended
        await start(Registry({"long": long}), lease=0.3)
    await until(lambda: is_over(pool))
    assert attempts == [1]


async def test_work_whose_lease_is_lost_is_cancelled(pool: "asyncpg.Pool[Any]", start: Start) -> None:
    started, cancelled = asyncio.Event(), asyncio.Event()

    async def long(*_: object) -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    job_id = await enqueue(pool, "long")
    await start(Registry({"long": long}), lease=0.3)
    await asyncio.wait_for(started.wait(), 30)
    await pool.execute("update job set owner = 'somebody else', lease_until = now() + interval '1 hour'")
    await asyncio.wait_for(cancelled.wait(), 30)
    row = await row_of(pool, job_id)
    assert (row["state"], row["owner"]) == ("running", "somebody else")


async def test_a_runner_that_stops_lets_its_job_finish(pool: "asyncpg.Pool[Any]") -> None:
    started, may_end = asyncio.Event(), asyncio.Event()

    async def job(*_: object) -> str:
        started.set()
        await may_end.wait()
        return "finished"

    job_id = await enqueue(pool, "job")
    async with working(pool, Registry({"job": job})) as stop:
        await asyncio.wait_for(started.wait(), 30)
        stop.set()
        may_end.set()
    assert (await row_of(pool, job_id))["result"] == "finished"


async def test_a_job_that_outlasts_the_drain_is_given_back_uncounted(pool: "asyncpg.Pool[Any]") -> None:
    started = asyncio.Event()

    async def endless(*_: object) -> None:
        started.set()
        await asyncio.Event().wait()

    job_id = await enqueue(pool, "endless")
    async with working(pool, Registry({"endless": endless}), drain=0):
        await asyncio.wait_for(started.wait(), 30)
    row = await row_of(pool, job_id)
    assert (row["state"], row["attempt"]) == ("queued", 0)


async def test_a_runner_goes_on_after_it_lost_its_connections(
    pool: "asyncpg.Pool[Any]", start: Start
) -> None:
    async def job(*_: object) -> None:
        return None

    await start(Registry({"job": job}))
    await enqueue(pool, "job")
    await until(lambda: is_over(pool))
    async with pool.acquire() as connection:
        await connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
        await jobs.enqueue(connection, "job")
        await until(
            lambda: connection.fetchval("select count(*) = 2 from job where state = 'done'"),
        )


async def test_run_job_does_the_job_that_a_message_names_once(pool: "asyncpg.Pool[Any]") -> None:
    async def job(*_: object) -> str:
        return "done"

    registry = Registry({"job": job})
    other = await enqueue(pool, "job")
    named = await enqueue(pool, "job")
    assert await run_job(pool, registry, named)
    assert not await run_job(pool, registry, named)
    assert (await row_of(pool, named))["result"] == "done"
    assert (await row_of(pool, other))["state"] == "queued"


async def test_run_job_leaves_a_kind_that_it_does_not_know(pool: "asyncpg.Pool[Any]") -> None:
    job_id = await enqueue(pool, "telepathy")
    assert not await run_job(pool, Registry(), job_id)
    assert (await row_of(pool, job_id))["state"] == "queued"


def test_one_kind_has_one_handler() -> None:
    async def job(*_: object) -> None:
        return None

    registry = Registry({"job": job})
    with pytest.raises(ValueError, match="job"):
        registry.add("job", job)
    assert registry.kinds == ("job",)
