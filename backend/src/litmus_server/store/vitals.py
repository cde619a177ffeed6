"""One look at the database for /health, /ready, /metrics and `litmus doctor`. It judges nothing."""

import asyncio
import time
from typing import Any

import asyncpg
import structlog

from litmus_server.domain.health import Vitals
from litmus_server.store.database import AWAY

log = structlog.get_logger(__name__)

WORKER = "litmus worker"
"""The worker's connections bear this name, so that anybody can see whether one lives, without a write."""


async def look(connection: "asyncpg.Connection[Any]") -> Vitals:
    """What this database says now. On a database without our tables `schema` is None and the rest is zero."""
    began = time.perf_counter()
    schema = None
    if await connection.fetchval("select to_regclass('alembic_version') is not null"):
        schema = await connection.fetchval("select version_num from alembic_version")
    ping = time.perf_counter() - began
    if schema is None:
        return Vitals(database=True, ping=ping)
    row = await connection.fetchrow(_LOOK, WORKER)
    assert row is not None
    return Vitals(database=True, ping=ping, schema=schema, **row)


_LOOK = """
select coalesce(extract(epoch from clock_timestamp() - q.oldest), 0)::float8 as fold_lag, q.queued as fold_queued,
       (select count(*) from fold_fault) as fold_faults,
       current_setting('transaction_read_only') = 'off' as writable,
       (select count(*) from job where state = 'dead') as dead_jobs,
       (select min(extract(epoch from clock_timestamp() - greatest(state_change, query_start)))::float8
        from pg_stat_activity where application_name = $1 and datname = current_database()) as worker_silence
from (select min(received_at) as oldest, count(*) as queued from fold_queue) q
"""


class Probe:
    """The newest look, at most a second old, however many ask at once."""

    def __init__(self, pool: "asyncpg.Pool[Any]", *, max_age: float = 1.0, patience: float = 2.0) -> None:
        """`patience`: seconds after which a database that does not answer counts as away."""
        self._pool, self._max_age, self._patience = pool, max_age, patience
        self._turn = asyncio.Lock()
        self._seen = Vitals(database=False, error="not asked yet")
        self._at = -1e9
        self._looking: asyncio.Task[Vitals] | None = None

    async def __call__(self) -> Vitals:
        """Never raises: a database that is away is an answer."""
        async with self._turn:
            if time.monotonic() - self._at >= self._max_age:
                before, self._seen = self._seen, await self._ask()
                if not self._seen.database and self._seen.error != before.error:
                    log.warning("the database does not answer", error=self._seen.error)
                self._at = time.monotonic()
            return self._seen

    async def _ask(self) -> Vitals:
        """A database that hangs is an answer within `patience`: nothing of the look is waited for, not even its end."""
        if self._looking is None:
            self._looking = asyncio.create_task(self._look(), name="vitals")
        done, _ = await asyncio.wait({self._looking}, timeout=self._patience)
        if not done:
            return Vitals(database=False, error=f"no answer within {self._patience:g} s")
        seen, self._looking = self._looking.result(), None
        return seen

    async def _look(self) -> Vitals:
        try:
            async with self._pool.acquire() as connection:
                return await look(connection)
        except (*AWAY, asyncpg.PostgresError) as error:
            return Vitals(database=False, error=str(error) or type(error).__name__)
