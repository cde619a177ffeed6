"""What questions cost that read the rows of units: one experiment of a million units among others on the same units.

    python bench/interactions.py [--units 1000000] [--others 5] [--runs 3] [--url postgresql://…]

Every other experiment has half of the units, drawn by itself. Prints, of the whole answer: seconds of the interactions with all
others, and of a breakdown; the same of a small experiment (a hundredth of the units) in the same table; and what PostgreSQL read.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
from database import fresh, server
from litmus_server.domain.experiment import Experiment
from litmus_server.services.exploring import Exploring
from litmus_server.store.crossings import CrossingStore
from litmus_server.store.database import open_pool
from litmus_server.store.migrate import upgrade
from litmus_server.store.reports import ReportStore
from litmus_server.store.slices import SliceStore

sys.path.insert(0, str(Path(__file__).parents[1] / "backend" / "tests"))
from folded import make

# Of unit u: whether it is in experiment $1 is a hash, and so is its variant; two of five have spent something.
UNITS = """
insert into unit_state (unit, experiment, variant, epoch, cohort, first_at, counts, totals, before, firsts)
select md5(u::text), $1, hashint8extended(u, $1 + 1000) & 1, 1, 478000, now() - interval '2 days',
       case when u % 5 < 2 then array[1] else array[null]::integer[] end,
       case when u % 5 < 2 then array[(u % 997) * 10000]::numeric[] else array[null]::numeric[] end,
       array[null]::numeric[], case when u % 5 < 2 then array[now()] else array[null]::timestamptz[] end
from generate_series(1, $2::bigint) u
where (hashint8extended(u, $1) & 1023) < $3::float8 * 1024
"""
ASSIGNMENTS = """
insert into assignment (unit, experiment, variant, door, epoch, propensity, bucket, revision, batch, attributes, assigned_at)
select unit, experiment, variant, 1, epoch, 500000, 0, 1, 1,
       jsonb_build_object('country', 'c' || hashtext(unit) % 30, 'device', hashtext(unit) % 3), first_at
from unit_state where experiment = $1
"""
MARK = "insert into fold_mark values ($1, 1, (select count(*) from unit_state where experiment = $1), now())"
READ = """
select coalesce(seq_tup_read, 0) as rows, coalesce(idx_scan, 0) as looks from pg_stat_user_tables where relname = 'unit_state'
"""


async def fill(pool: "asyncpg.Pool[Any]", name: str, units: int, share: float) -> Experiment:
    made = await make(pool, name, variants=2, type="ab", primary_metric={"name": "spend", "kind": "mean"})
    for statement, *values in ((UNITS, made.no, units, share), (ASSIGNMENTS, made.no), (MARK, made.no)):
        await pool.execute(statement, *values, timeout=3600)
    return made


async def timed(pool: "asyncpg.Pool[Any]", what: str, ask: Callable[[], Any], runs: int) -> None:
    took = []
    before = await pool.fetchrow(READ)
    for _ in range(runs):
        began = time.perf_counter()
        answer = await ask()
        took.append(time.perf_counter() - began)
        assert "answer" in answer, answer
    await asyncio.sleep(1.5)  # PostgreSQL's statistics come late
    after = await pool.fetchrow(READ)
    rows, looks = ((after[name] - before[name]) // runs for name in ("rows", "looks"))
    each = "  ".join(f"{seconds:6.2f}" for seconds in took)
    print(
        f"{what:52} {each} s   rows of unit_state scanned {rows:>10,}, by index {looks:>9,} times", flush=True
    )


async def measure(url: str, options: argparse.Namespace) -> None:
    await upgrade(url)
    async with await open_pool(url, size=4) as pool:
        began = time.perf_counter()
        whole = await fill(pool, "whole", options.units, 1.0)
        for number in range(options.others):
            await fill(pool, f"other-{number}", options.units, 0.5)
        small = await fill(pool, "small", options.units, 0.01)
        async with pool.acquire() as connection:
            await connection.execute("vacuum analyze", timeout=3600)
        size = await pool.fetchval("select pg_size_pretty(pg_total_relation_size('unit_state'))")
        rows = await pool.fetchval("select count(*) from unit_state")
        print(f"{rows:,} rows of unit_state, {size}, made in {time.perf_counter() - began:.0f} s", flush=True)
        exploring = Exploring(SliceStore(pool), CrossingStore(pool), ReportStore(pool))
        for made in (whole, small):
            held = {"experiment": made.key}
            await timed(
                pool,
                f"interactions of {made.key} with {options.others + 1} others",
                partial(exploring.interactions, made.no, held),
                options.runs,
            )
            for dimension in ("country", "day"):
                question = {"experiment": made.key, "dimension": dimension, "metric": "spend"}
                await timed(
                    pool,
                    f"breakdown of {made.key} by {dimension}",
                    partial(exploring.answer, made.no, question),
                    options.runs,
                )


async def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--units", type=int, default=1_000_000)
    parser.add_argument("--others", type=int, default=5)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--url", help="an address of a server; the embedded one without it")
    options = parser.parse_args()
    async with server(options.url) as on, fresh(on) as url:
        await measure(url, options)


if __name__ == "__main__":
    asyncio.run(main())
