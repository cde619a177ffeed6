"""The one transaction in which the fold's tables may change: one at a time on any node, with the planner pinned.

`repeatable read`, because read committed would see a batch committed half-way through and count it twice; the lock before
the first query, because that query takes the snapshot.
"""

import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

_LOCK = """
set local lock_timeout = '5s';
lock table fold_lock in exclusive mode;
set local statement_timeout = '300s';
"""

PINNED = """
set local jit = off;
set local plan_cache_mode = force_generic_plan;
set local enable_seqscan = off;
set local enable_bitmapscan = off;
set local enable_hashjoin = off;
set local enable_mergejoin = off;
set local enable_hashagg = off;
set local enable_material = off;
set local enable_memoize = off;
set local enable_incremental_sort = off;
set local work_mem = '64MB';
"""
"""The planner takes a batch joined to a table of a million rows for a reason to read the whole table: it must not. And a
plan made while a table was empty must be right when it is full: connections keep theirs."""


@asynccontextmanager
async def fold_transaction(connection: "asyncpg.Connection[Any]") -> AsyncIterator[dt.datetime]:
    """Commits at the end of the block; answers from where on `rollup` has minutes."""
    async with connection.transaction(isolation="repeatable_read"):
        await connection.execute(_LOCK + PINNED)
        yield await connection.fetchval("select minutes_from from fold_lock")
