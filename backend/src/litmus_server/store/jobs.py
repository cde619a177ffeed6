"""The durable table of work: enqueue in your own transaction, claim under a lease, finish or try again.

It knows rows and leases, not what a job does. Delivery is at least once: a claimant that loses its lease may still be
working when the next one begins, so what a job does must be safe to do twice. All times are the database's.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from litmus_server.store.database import available

CHANNEL = "litmus_job"
"""NOTIFY carries the kind: a hint that a job of it is due, nothing more."""


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed job: it is the holder's until the lease ends. `attempt` counts from 1."""

    id: int
    kind: str
    payload: Mapping[str, Any]
    dedupe_key: str | None
    attempt: int
    max_attempts: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits, runs or has died of one kind; a kind that nobody handles shows here."""

    kind: str
    state: str
    count: int
    oldest: datetime
    last_error: str | None


async def enqueue(
    connection: "asyncpg.Connection[Any]",
    kind: str,
    payload: Mapping[str, Any] | None = None,
    *,
    dedupe_key: str | None = None,
    run_at: datetime | None = None,
    max_attempts: int = 5,
) -> int:
    """The id of the job that will do this, in the caller's transaction: when that rolls back, nothing was asked.

    While a job of the same kind and key waits, it is that one (moved forward when this asks for an earlier time, but
    never out of the pause after a failure). One that runs already may have read the old state, so another is queued
    behind it. Without a key every call is a job of its own.
    """
    job_id: int = await connection.fetchval(
        _ENQUEUE, kind, dict(payload or {}), dedupe_key, run_at, max_attempts, CHANNEL
    )
    return job_id


# `do update`, not `do nothing`: it locks the waiting row until the caller commits, so that nobody can run it
# before what the caller wrote is visible.
_ENQUEUE = """
with job as (
    insert into job as waiting (kind, payload, dedupe_key, run_at, max_attempts)
    values ($1, $2, $3, coalesce($4, now()), $5)
    on conflict (kind, dedupe_key) where state = 'queued' do update
    set run_at = case when waiting.attempt = 0 then least(waiting.run_at, excluded.run_at) else waiting.run_at end
    returning id
)
select id from job, pg_notify($6, $1)
"""


async def claim(
    connection: "asyncpg.Connection[Any]",
    owner: str,
    *,
    lease: float,
    kinds: Collection[str] | None = None,
    job_id: int | None = None,
) -> Job | None:
    """Take the job that is due longest (of these kinds, or this very one) for `lease` seconds; None when there is none.

    A job whose twin (same kind and key) is running is not due.
    """
    try:
        row = await connection.fetchrow(_CLAIM, owner, lease, None if kinds is None else list(kinds), job_id)
    except asyncpg.UniqueViolationError:  # a twin was claimed in this very moment
        return None
    return None if row is None else Job(**row)


_CLAIM = """
with due as (
    select id from job as waiting
    where state = 'queued' and run_at <= now()
      and ($3::text[] is null or kind = any ($3)) and ($4::bigint is null or id = $4)
      and not exists (select from job as twin where twin.state = 'running'
                      and twin.kind = waiting.kind and twin.dedupe_key = waiting.dedupe_key)
    order by run_at, id limit 1
    for update skip locked
)
update job set state = 'running', attempt = attempt + 1, owner = $1, lease_until = now() + $2::float * interval '1 second'
from due where job.id = due.id
returning job.id, kind, payload, dedupe_key, attempt, max_attempts
"""


async def extend(connection: "asyncpg.Connection[Any]", job: Job, owner: str, *, lease: float) -> bool:
    """Keep the job for another `lease` seconds; False when it is no longer the owner's, who must then stop."""
    return await connection.fetchval(_EXTEND, job.id, owner, job.attempt, lease) is not None


_MINE = "id = $1 and owner = $2 and attempt = $3 and state = 'running'"
_EXTEND = f"update job set lease_until = now() + $4::float * interval '1 second' where {_MINE} returning true"


async def finish(connection: "asyncpg.Connection[Any]", job: Job, owner: str, result: object = None) -> bool:
    """The job is done, and this came of it; False when it was no longer the owner's."""
    return await connection.fetchval(_FINISH, job.id, owner, job.attempt, result) is not None


_FINISH = f"""
update job set state = 'done', result = $4, finished_at = now(), lease_until = null where {_MINE} returning true
"""


async def fail(
    connection: "asyncpg.Connection[Any]", job: Job, owner: str, error: str, *, pause: float | None = None
) -> str | None:
    """The attempt failed: "queued" when it will be tried again, "dead" when that was the last; None when not the owner's.

    The pause before the next attempt is random up to `pause` seconds doubled with each attempt, ten minutes at most.
    """
    async with connection.transaction():
        mine = await connection.fetchval(
            f"select true from job where {_MINE} for update", job.id, owner, job.attempt
        )
        return await _retry(connection, job, error, PAUSE if pause is None else pause) if mine else None


PAUSE = 1.0
"""Seconds; the longest pause after the first failed attempt."""


async def release(connection: "asyncpg.Connection[Any]", job: Job, owner: str) -> None:
    """Give an unfinished job back, at once and without counting the attempt: its claimant is leaving."""
    async with connection.transaction():
        if await connection.fetchval(
            f"select true from job where {_MINE} for update", job.id, owner, job.attempt
        ):
            await _requeue(connection, job.id, job.attempt - 1, 0, None)


async def expire(connection: "asyncpg.Connection[Any]", *, pause: float = PAUSE) -> list[tuple[Job, str]]:
    """Take back the jobs whose lease has ended (their claimants are gone) and say what became of each."""
    async with connection.transaction():
        rows = await connection.fetch(_EXPIRED)
        over = [
            (Job(**{key: row[key] for key in Job.__slots__}), f"the lease of {row['owner']} ended")
            for row in rows
        ]
        return [(job, await _retry(connection, job, error, pause)) for job, error in over]


_EXPIRED = """
select id, kind, payload, dedupe_key, attempt, max_attempts, owner from job
where state = 'running' and lease_until < now() order by id limit 100 for update skip locked
"""


async def _retry(connection: "asyncpg.Connection[Any]", job: Job, error: str, pause: float) -> str:
    if job.attempt >= job.max_attempts:
        await connection.execute(_BURY, job.id, error)
        return "dead"
    await _requeue(connection, job.id, job.attempt, min(pause * 2 ** (job.attempt - 1), 600.0), error)
    return "queued"


_BURY = (
    "update job set state = 'dead', last_error = $2, finished_at = now(), lease_until = null where id = $1"
)


async def _requeue(
    connection: "asyncpg.Connection[Any]", job_id: int, attempt: int, pause: float, error: str | None
) -> None:
    # Only one of a kind and key may wait: when a twin waits already, it takes over attempts, pause and error.
    while not await connection.fetchval(_HAND_OVER, job_id, attempt, pause, error):
        try:
            async with connection.transaction():
                await connection.execute(_REQUEUE, job_id, attempt, pause, error)
            return
        except asyncpg.UniqueViolationError:
            continue  # the twin came in between
    await connection.execute("delete from job where id = $1", job_id)


_HAND_OVER = """
update job as twin
set attempt = greatest(twin.attempt, $2), last_error = coalesce($4, twin.last_error),
    run_at = greatest(twin.run_at, now() + random() * $3::float * interval '1 second')
from job as mine
where mine.id = $1 and twin.kind = mine.kind and twin.dedupe_key = mine.dedupe_key and twin.state = 'queued'
returning true
"""

_REQUEUE = """
update job set state = 'queued', attempt = $2, run_at = now() + random() * $3::float * interval '1 second',
    last_error = coalesce($4, last_error), owner = null, lease_until = null
where id = $1
"""


async def prune(connection: "asyncpg.Connection[Any]") -> int:
    """Forget what was done a day ago, and what died a month ago; answers how many."""
    return len(await connection.fetch(_PRUNE))


_PRUNE = """
delete from job
where state = 'done' and finished_at < now() - interval '1 day'
   or state = 'dead' and finished_at < now() - interval '30 days'
returning 1
"""


async def backlog(connection: "asyncpg.Connection[Any]") -> list[Backlog]:
    """What is not done, by kind and state, for the health page and `litmus doctor`."""
    return [Backlog(**row) for row in await connection.fetch(_BACKLOG)]


_BACKLOG = """
select kind, state, count(*) as count, min(created_at) as oldest,
       (array_agg(last_error order by id desc) filter (where last_error is not null))[1] as last_error
from job where state <> 'done' group by kind, state order by kind, state
"""


async def define_schedule(
    connection: "asyncpg.Connection[Any]", name: str, kind: str, every_seconds: int
) -> None:
    """A job of this kind every so often, from now on; defining it again changes kind and interval only."""
    await connection.execute(_DEFINE, name, kind, every_seconds)


_DEFINE = """
insert into schedule (name, kind, every_seconds) values ($1, $2, $3)
on conflict (name) do update set kind = excluded.kind, every_seconds = excluded.every_seconds
where (schedule.kind, schedule.every_seconds) is distinct from (excluded.kind, excluded.every_seconds)
"""


async def fire(connection: "asyncpg.Connection[Any]") -> list[str]:
    """Enqueue the jobs of the schedules that are due and name them. N callers at once fire each schedule once."""
    async with connection.transaction():
        due = await connection.fetch(_DUE)
        for row in due:
            await enqueue(connection, row["kind"], dedupe_key=row["name"])
    return [row["name"] for row in due]


_DUE = """
update schedule set last_fired = now()
where name in (select name from schedule
               where last_fired is null or last_fired + every_seconds * interval '1 second' <= now()
               for update skip locked)
returning name, kind
"""


class Queue:
    """`ports.Work`: asks for jobs about experiments, each with a payload {"experiment": number}; and `ports.Errands`."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        """Uses one connection of the pool for each call."""
        self._pool = pool

    async def ask(self, kind: str, experiments: Sequence[int]) -> None:
        """See the port."""
        async with available(), self._pool.acquire() as connection, connection.transaction():
            for experiment in sorted(experiments):  # in one order: two who ask cannot wait for each other
                await enqueue(connection, kind, {"experiment": experiment}, dedupe_key=str(experiment))

    async def send(self, kind: str, payload: Mapping[str, Any]) -> int:
        """See `ports.Errands`. Tried once: who asked is waiting, and can ask again."""
        async with available(), self._pool.acquire() as connection, connection.transaction():
            return await enqueue(connection, kind, payload, max_attempts=1)

    async def outcome(self, errand: int) -> tuple[bool, Any] | None:
        """See `ports.Errands`."""
        async with available():
            row = await self._pool.fetchrow(_OUTCOME, errand)
        return None if row is None else (row["state"] == "done", row["result"])


_OUTCOME = "select state, result from job where id = $1 and state in ('done', 'dead')"
