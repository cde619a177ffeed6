"""The job table: what is asked once is done once, and nothing that was asked is lost."""

import asyncio
import datetime as dt
from itertools import chain
from typing import Any

import asyncpg
import pytest
from litmus_server.store import jobs

pytestmark = pytest.mark.database

LATER = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)


async def state_of(connection: Any, job_id: int) -> dict[str, Any]:
    return dict(await connection.fetchrow("select * from job where id = $1", job_id))


async def test_a_job_that_waits_is_not_queued_twice(pool: "asyncpg.Pool[Any]") -> None:
    async with pool.acquire() as connection:
        first = await jobs.enqueue(connection, "report", {"experiment": 7}, dedupe_key="7")
        again = await jobs.enqueue(connection, "report", {"experiment": 7}, dedupe_key="7")
        other = await jobs.enqueue(connection, "report", {"experiment": 8}, dedupe_key="8")
        assert again == first
        assert other != first
        assert await connection.fetchval("select count(*) from job") == 2


async def test_without_a_key_every_job_is_its_own(pool: "asyncpg.Pool[Any]") -> None:
    async with pool.acquire() as connection:
        ids = {await jobs.enqueue(connection, "mail", {"to": "a"}) for _ in range(3)}
        assert len(ids) == 3
        claimed = [await jobs.claim(connection, "me", lease=30) for _ in range(3)]
        assert {job.id for job in claimed if job} == ids


async def test_while_a_job_runs_one_more_waits_and_starts_after_it(pool: "asyncpg.Pool[Any]") -> None:
    async with pool.acquire() as connection:
        first = await jobs.enqueue(connection, "learn", dedupe_key="1")
        running = await jobs.claim(connection, "me", lease=30)
        assert running is not None
        assert running.id == first
        second = await jobs.enqueue(connection, "learn", dedupe_key="1")
        assert second != first
        assert await jobs.claim(connection, "you", lease=30) is None
        assert await jobs.finish(connection, running, "me", {"version": 2})
        after = await jobs.claim(connection, "you", lease=30)
        assert after is not None
        assert after.id == second


async def test_a_job_of_a_transaction_that_rolls_back_was_never_asked(pool: "asyncpg.Pool[Any]") -> None:
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await jobs.enqueue(connection, "report", dedupe_key="1")
        await transaction.rollback()
        assert await jobs.backlog(connection) == []


async def test_a_waiting_job_does_not_run_before_what_asked_again_has_committed(
    pool: "asyncpg.Pool[Any]",
) -> None:
    async with pool.acquire() as writer, pool.acquire() as claimant:
        waiting = await jobs.enqueue(writer, "report", dedupe_key="1")
        transaction = writer.transaction()
        await transaction.start()
        assert await jobs.enqueue(writer, "report", dedupe_key="1") == waiting
        assert await jobs.claim(claimant, "me", lease=30) is None
        await transaction.commit()
        job = await jobs.claim(claimant, "me", lease=30)
        assert job is not None
        assert job.id == waiting


async def test_asking_for_an_earlier_time_moves_a_job_forward(pool: "asyncpg.Pool[Any]") -> None:
    async with pool.acquire() as connection:
        job_id = await jobs.enqueue(connection, "report", dedupe_key="1", run_at=LATER)
        assert await jobs.claim(connection, "me", lease=30) is None
        assert await jobs.enqueue(connection, "report", dedupe_key="1") == job_id
        job = await jobs.claim(connection, "me", lease=30)
        assert job is not None
        assert job.id == job_id


async def test_asking_again_does_not_shorten_the_pause_after_a_failure(pool: "asyncpg.Pool[Any]") -> None:
    async with pool.acquire() as connection:
        job_id = await jobs.enqueue(connection, "report", dedupe_key="1")
        job = await jobs.claim(connection, "me", lease=30)
        assert job is not None
        assert await jobs.fail(connection, job, "me", "no", pause=1e9) == "queued"
        await connection.execute("update job set run_at = $1", LATER)
        assert await jobs.enqueue(connection, "report", dedupe_key="1") == job_id
        assert (await state_of(connection, job_id))["run_at"] == LATER


async def test_a_failure_is_tried_again_until_the_last_attempt_and_keeps_its_error(
    pool: "asyncpg.Pool[Any]",
) -> None:
    async with pool.acquire() as connection:
        job_id = await jobs.enqueue(connection, "report", dedupe_key="1", max_attempts=3)
        for attempt, becomes in ((1, "queued"), (2, "queued"), (3, "dead")):
            job = await jobs.claim(connection, "me", lease=30)
            assert job is not None
            assert job.attempt == attempt
            assert await jobs.fail(connection, job, "me", f"error {attempt}", pause=0) == becomes
        row = await state_of(connection, job_id)
        assert (row["state"], row["last_error"]) == ("dead", "error 3")
        assert await jobs.claim(connection, "me", lease=30) is None


async def test_the_pause_is_at_most_doubled_with_each_attempt(pool: "asyncpg.Pool[Any]") -> None:
    async with pool.acquire() as connection:
        await jobs.enqueue(connection, "report", max_attempts=99)
        for attempt in range(1, 14):
            job = await jobs.claim(connection, "me", lease=30)
            assert job is not None
            await jobs.fail(connection, job, "me", "no", pause=2)
            pauses = await connection.fetchval("select extract(epoch from run_at - now()) from job")
            assert pauses <= min(2 * 2 ** (attempt - 1), 600)
            await connection.execute("update job set run_at = now()")


async def test_a_failed_job_gives_its_attempts_and_error_to_the_twin_that_waits(
    pool: "asyncpg.Pool[Any]",
) -> None:
    async with pool.acquire() as connection:
        await jobs.enqueue(connection, "learn", dedupe_key="1")
        job = await jobs.claim(connection, "me", lease=30)
        assert job is not None
        twin = await jobs.enqueue(connection, "learn", dedupe_key="1")
        assert await jobs.fail(connection, job, "me", "no", pause=0) == "queued"
        rows = await connection.fetch("select id, attempt, last_error, state from job")
        assert [tuple(row) for row in rows] == [(twin, 1, "no", "queued")]


async def test_a_lease_that_ended_is_taken_back_and_its_holder_can_no_longer_finish(
    pool: "asyncpg.Pool[Any]",
) -> None:
    async with pool.acquire() as connection:
        job_id = await jobs.enqueue(connection, "report", dedupe_key="1")
        slow = await jobs.claim(connection, "slow", lease=0)
        assert slow is not None
        [(job, state)] = await jobs.expire(connection, pause=0)
        assert (job, state) == (slow, "queued")
        assert "slow" in (await state_of(connection, job_id))["last_error"]
        again = await jobs.claim(connection, "fast", lease=30)
        assert again is not None
        assert again.attempt == 2
        assert not await jobs.extend(connection, slow, "slow", lease=30)
        assert not await jobs.finish(connection, slow, "slow")
        assert await jobs.fail(connection, slow, "slow", "late") is None
        assert await jobs.finish(connection, again, "fast")


async def test_a_job_that_kills_each_claimant_dies_after_its_attempts(pool: "asyncpg.Pool[Any]") -> None:
    async with pool.acquire() as connection:
        job_id = await jobs.enqueue(connection, "report", max_attempts=2)
        for _ in range(2):
            assert await jobs.claim(connection, "me", lease=0) is not None
            await jobs.expire(connection, pause=0)
        assert (await state_of(connection, job_id))["state"] == "dead"


async def test_a_released_job_is_due_at_once_and_loses_no_attempt(pool: "asyncpg.Pool[Any]") -> None:
    async with pool.acquire() as connection:
        await jobs.enqueue(connection, "report")
        job = await jobs.claim(connection, "me", lease=30)
        assert job is not None
        await jobs.release(connection, job, "me")
        again = await jobs.claim(connection, "you", lease=30)
        assert again is not None
        assert (again.id, again.attempt) == (job.id, 1)


async def test_many_claimants_never_take_the_same_job(pool: "asyncpg.Pool[Any]") -> None:
    async with pool.acquire() as connection:
        ids = [await jobs.enqueue(connection, "report", dedupe_key=str(k)) for k in range(60)]

    async def drain(owner: str) -> list[int]:
        taken = []
        async with pool.acquire() as connection:
            while job := await jobs.claim(connection, owner, lease=30):
                taken.append(job.id)
        return taken

    taken = await asyncio.gather(*(drain(f"claimant {k}") for k in range(6)))
    assert sorted(chain(*taken)) == ids


async def test_a_kind_that_nobody_handles_stays_and_is_visible(pool: "asyncpg.Pool[Any]") -> None:
    async with pool.acquire() as connection:
        await jobs.enqueue(connection, "telepathy")
        assert await jobs.claim(connection, "me", lease=30, kinds=("report", "learn")) is None
        [waiting] = await jobs.backlog(connection)
        assert (waiting.kind, waiting.state, waiting.count) == ("telepathy", "queued", 1)


async def test_a_schedule_that_is_due_fires_once_with_many_schedulers(pool: "asyncpg.Pool[Any]") -> None:
    async with pool.acquire() as connection:
        await jobs.define_schedule(connection, "nightly", "prune", 3600)

    async def fire() -> list[str]:
        async with pool.acquire() as connection:
            return await jobs.fire(connection)

    fired = await asyncio.gather(*(fire() for _ in range(6)))
    assert list(chain(*fired)) == ["nightly"]
    async with pool.acquire() as connection:
        assert await connection.fetchval("select count(*) from job where kind = 'prune'") == 1
        await connection.execute("update schedule set last_fired = last_fired - interval '1 hour'")
        assert await jobs.fire(connection) == ["nightly"]
        assert await jobs.fire(connection) == []


async def test_defining_a_schedule_again_does_not_make_it_due(pool: "asyncpg.Pool[Any]") -> None:
    async with pool.acquire() as connection:
        await jobs.define_schedule(connection, "nightly", "prune", 3600)
        assert await jobs.fire(connection) == ["nightly"]
        await jobs.define_schedule(connection, "nightly", "prune", 7200)
        assert await jobs.fire(connection) == []
        assert await connection.fetchval("select every_seconds from schedule") == 7200


async def test_done_jobs_are_forgotten_after_a_day_and_dead_ones_after_a_month(
    pool: "asyncpg.Pool[Any]",
) -> None:
    async with pool.acquire() as connection:
        await connection.executemany(
            "insert into job (kind, state, finished_at) values ($1, $2, now() - $3::interval)",
            [
                ("done old", "done", dt.timedelta(days=1, seconds=1)),
                ("done new", "done", dt.timedelta(hours=23)),
                ("dead old", "dead", dt.timedelta(days=31)),
                ("dead new", "dead", dt.timedelta(days=2)),
            ],
        )
        assert await jobs.prune(connection) == 2
        kinds = [row["kind"] for row in await connection.fetch("select kind from job order by kind")]
        assert kinds == ["dead new", "done new"]
