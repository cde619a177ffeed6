"""Runs jobs: `run_job` is the one way, and `Runner` is the embedded way to wake it.

It knows leases, failures and stopping; it must not know what any job does.
"""

import asyncio
import os
import socket
from collections.abc import Awaitable, Coroutine
from contextlib import suppress
from typing import Any

import asyncpg
import structlog

from litmus_server.jobs.registry import Context, Registry
from litmus_server.store import jobs
from litmus_server.store.database import AWAY
from litmus_server.store.jobs import Job

log = structlog.get_logger(__name__)

TROUBLE = (*AWAY, asyncpg.PostgresError)
"""What may go wrong with our own book-keeping; the lease and the next look repair it."""

LEASE = 30.0
"""Seconds after which the job of a claimant that was killed is taken back; renewed three times in that time."""


async def run_job(
    pool: "asyncpg.Pool[Any]",
    registry: Registry,
    job_id: int,
    *,
    owner: str | None = None,
    lease: float = LEASE,
) -> bool:
    """Claim this job and do it; False when there was nothing to do (done, taken, or not due yet).

    What a message of a broker carries is the id: a lost message costs time, never the job, for runners look themselves.
    """
    owner = owner or new_owner()
    async with pool.acquire() as connection:
        job = await jobs.claim(connection, owner, lease=lease, kinds=registry.kinds, job_id=job_id)
    if job is not None:
        await perform(pool, registry, job, owner, lease=lease)
    return job is not None


async def perform(
    pool: "asyncpg.Pool[Any]",
    registry: Registry,
    job: Job,
    owner: str,
    *,
    lease: float = LEASE,
    pause: float = jobs.PAUSE,
) -> None:
    """Do a claimed job, keep its lease, and record how it ended. Cancelled, it gives the job back before it leaves."""
    bound = log.bind(kind=job.kind, job=job.id, dedupe_key=job.dedupe_key, attempt=job.attempt)
    try:
        work = registry[job.kind](Context(job, pool), job.payload)
        result = await _under_lease(_keep_lease(pool, job, owner, lease), work)
        async with pool.acquire() as connection:
            if not await jobs.finish(connection, job, owner, result):
                bound.warning("a job was finished after its lease had ended; it may run again")
    except _LeaseLostError:
        bound.warning("a job was stopped because its lease was lost; somebody else has it")
    except BaseException as error:
        if not isinstance(error, (Exception, asyncio.CancelledError)):
            raise
        if _is_leaving(error):
            with suppress(*TROUBLE):  # else the end of the lease gives it back
                await asyncio.shield(_give_back(pool, job, owner))
            raise
        state = await _record(pool, job, owner, f"{type(error).__name__}: {error}", pause)
        bound.error("a job failed", error=str(error), state=state, exc_info=error)


class _LeaseLostError(Exception):
    """Somebody else may be doing the job."""


async def _under_lease(keeping: Coroutine[Any, Any, None], work: Awaitable[object]) -> object:
    """What the work answers; _LeaseLostError, after cancelling it, when the lease could not be kept meanwhile."""
    tasks = keeper, doing = asyncio.create_task(keeping), asyncio.ensure_future(work)
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if not doing.done():
            raise _LeaseLostError
        return doing.result()
    finally:
        keeper.cancel()
        doing.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _keep_lease(pool: "asyncpg.Pool[Any]", job: Job, owner: str, lease: float) -> None:
    """Renew the lease until it is lost: taken by somebody else, or run out while the database was away."""
    loop = asyncio.get_running_loop()
    until = loop.time() + lease
    while loop.time() < until:
        await asyncio.sleep(lease / 3)
        with suppress(*TROUBLE):
            async with pool.acquire() as connection:
                if not await jobs.extend(connection, job, owner, lease=lease):
                    return
            until = loop.time() + lease


def _is_leaving(error: BaseException) -> bool:
    """Whether it is we who were cancelled, rather than something inside the handler."""
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0


async def _give_back(pool: "asyncpg.Pool[Any]", job: Job, owner: str) -> None:
    async with pool.acquire() as connection:
        await jobs.release(connection, job, owner)


async def _record(pool: "asyncpg.Pool[Any]", job: Job, owner: str, error: str, pause: float) -> str:
    try:
        async with pool.acquire() as connection:
            return await jobs.fail(connection, job, owner, error, pause=pause) or "lease lost"
    except TROUBLE:
        return "unrecorded; tried again when its lease ends"


class Runner:
    """Claims and does jobs until it is told to stop: at once on NOTIFY, within a second without.

    It also takes back the jobs of claimants that died, fires schedules and forgets old jobs. Any number of runners may
    share one database; each job is then done by one of them.
    """

    def __init__(
        self,
        pool: "asyncpg.Pool[Any]",
        registry: Registry,
        *,
        owner: str | None = None,
        concurrency: int = 2,
        poll: float = 1.0,
        lease: float = LEASE,
        pause: float = jobs.PAUSE,
        drain: float = 10.0,
    ) -> None:
        """The pool needs 2 × `concurrency` + 1 connections: one listens, and a lease is renewed beside the work. Times are seconds."""
        self._pool, self._registry = pool, registry
        self._owner = owner or new_owner()
        self._concurrency, self._poll, self._lease, self._pause = concurrency, poll, lease, pause
        self._drain = drain
        self._wake = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; running jobs then have `drain` seconds, after which they are given back."""
        stopping = asyncio.create_task(stop.wait())
        stopping.add_done_callback(lambda _: self._wake.set())
        try:
            while not stop.is_set():
                try:
                    await self._listen_and_work(stop)
                except TROUBLE as error:
                    log.warning("the runner cannot look for jobs", error=f"{type(error).__name__}: {error}")
                    with suppress(TimeoutError):
                        async with asyncio.timeout(self._poll):
                            await stop.wait()
        finally:
            stopping.cancel()
            await self._drain_running()

    async def _listen_and_work(self, stop: asyncio.Event) -> None:
        async with self._pool.acquire() as listener:
            await listener.add_listener(jobs.CHANNEL, self._on_hint)
            try:
                while not stop.is_set():
                    self._wake.clear()
                    await self._look_after(listener)
                    await self._start_due(listener)
                    with suppress(TimeoutError):
                        async with asyncio.timeout(self._poll):
                            await self._wake.wait()
            finally:
                if not listener.is_closed():
                    await listener.remove_listener(jobs.CHANNEL, self._on_hint)

    def _on_hint(self, _connection: object, _pid: int, _channel: str, kind: object) -> None:
        if kind in self._registry.kinds:
            self._wake.set()

    async def _look_after(self, connection: "asyncpg.Connection[Any]") -> None:
        for job, state in await jobs.expire(connection, pause=self._pause):
            log.error("a job's claimant is gone", kind=job.kind, job=job.id, attempt=job.attempt, state=state)
        await jobs.fire(connection)

    async def _start_due(self, connection: "asyncpg.Connection[Any]") -> None:
        while len(self._running) < self._concurrency:
            job = await jobs.claim(connection, self._owner, lease=self._lease, kinds=self._registry.kinds)
            if job is None:
                return
            work = perform(self._pool, self._registry, job, self._owner, lease=self._lease, pause=self._pause)
            task = asyncio.create_task(work, name=f"job {job.id} {job.kind}")
            self._running.add(task)
            task.add_done_callback(self._on_done)

    def _on_done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._wake.set()  # there is room for the next one

    async def _drain_running(self) -> None:
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=self._drain)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)


def new_owner() -> str:
    """A name for one claimant: machine, process, and a number that no two have."""
    return f"{socket.gethostname()}:{os.getpid()}:{os.urandom(4).hex()}"
