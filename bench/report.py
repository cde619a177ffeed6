"""What a report costs, uncached: reading the facts, computing, encoding, keeping; against the number of events.

    python bench/report.py [--events 10000 10000000] [--interval minute hour day] [--type thompson_sampling ab] [--real]
                           [--url postgresql://…] [--runs 50]

5 variants, 4 declared metrics, a series of 500 points; a bandit, and a test of fixed weights. Moments and rollups are filled as a
fold of so many events leaves them: of a bandit one policy version for each 5 % of growth, and as many cohorts as there are days. With --real the events are really logged and
folded (10 million: several minutes and 3 GB). Prints milliseconds (median, p95, and the best, which a busy
machine hardly spoils) and the ratio of the largest to the smallest.
"""

import argparse
import asyncio
import math
import os
import shutil
import statistics
import sys
import tempfile
import time
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from litmus_server.analysis.document import report_of
from litmus_server.ports import KeptReport
from litmus_server.postgres import Embedded
from litmus_server.services.analysis import encode
from litmus_server.services.reports import Reports
from litmus_server.store.database import open_pool
from litmus_server.store.fold import Fold
from litmus_server.store.jobs import Queue
from litmus_server.store.migrate import upgrade
from litmus_server.store.reports import ReportStore

sys.path.insert(0, str(Path(__file__).parents[1] / "backend" / "tests"))
from folded import make

POINTS, VARIANTS = 500, 5
SECONDS = {"minute": 60, "hour": 3_600, "day": 86_400}

# One row for each epoch, the cohorts in which its units were first exposed, and metric (0: the exposure).
MOMENTS = """
insert into moments
select $1, v, s.epoch_of, s.cohort_of, m, s.span, sum($2 / (5 * $3 * case when m = 0 then 1 else 4 end) + 1),
       sum(1e9::numeric * e), sum(1e24::numeric * e), sum(1e33::numeric * e), 0, 0, 0
from generate_series(0, 4) v, generate_series(1, $3::integer) e, unnest($4::integer[]) m,
     lateral (select 478000 + 24 * ((e::float8 / $3 * $5)::integer + n) as cohort from generate_series(0, 1) n) c,
     moments_spans(e, c.cohort) s
group by v, s.epoch_of, s.cohort_of, m, s.span
"""

# Something of each variant and metric in every minute of the last two days and every hour before, `$2` seconds in all.
ROLLUP = """
insert into rollup
select $1, v, m, s.span, s.at, sum($3 / 10000 + 1), sum(1234567), sum(1 + $3 / 20000)
from generate_series(0, 4) v, unnest($4::integer[]) m,
     (
         select now() - n * interval '1 minute' from generate_series(0, least($2::integer / 60, 2880) - 1) n
         union all
         select now() - n * interval '1 hour' from generate_series(48, $2 / 3600 - 1) n
     ) t (at),
     rollup_spans(date_bin('1 minute', t.at, '2000-01-01 00:00+00'), '-infinity') s
group by v, m, s.span, s.at
"""

# Shares that differ from version to version, and sum to 1.
POLICIES = """
insert into policy (experiment, version, revision, propensities, state, checksum, units)
select $1, v, revision, array[200000 + v, 200000 - v, 200000 + 2 * v, 200000 - 2 * v, 200000], state, checksum, v
from policy, generate_series(2, $2::integer) v
where experiment = $1 and version = 1
"""

LOG = """
insert into event (batch, event_id, kind, experiment, variant, metric, value, epoch, unit, occurred_at, received_at, door)
select $4 + i / 5000, gen_random_uuid(), case when m = 0 then 1 else 2 end, $1, u % 5, nullif(m, 0), (i % 1000) * 10000,
       case when $6::integer = 1 then 1 else least($6, 1 + (ln(1 + u) / ln(1.05))::integer) end, 'user-' || u, now() - ($5::float8 - i * $5 / $2) * interval '1 second',
       now(), 1
from (select i, (i / 5) as u, ($3::integer[])[1 + i % 5] as m from generate_series(0, $2 - 1) i) g
"""


async def begun(pool: "asyncpg.Pool[Any]", name: str, kind: str, events: int) -> tuple[Any, list[int], int]:
    """The experiment, its metrics (0: the exposure), and how many policy versions it has."""
    experiment = await make(
        pool,
        name,
        variants=VARIANTS,
        type=kind,
        primary_metric="conversion",
        secondary_metrics=["order_value", "clicks", "returns"],
    )
    epochs = 1 if kind == "ab" else int(math.log(events / 5) / math.log(1.05))
    await pool.execute(POLICIES, experiment.no, epochs)
    return experiment, [0, *(metric.id for metric in experiment.metrics)], epochs


async def fill(pool: "asyncpg.Pool[Any]", name: str, kind: str, events: int, interval: str) -> Any:
    experiment, metrics, epochs = await begun(pool, name, kind, events)
    seconds = POINTS * SECONDS[interval]
    await pool.execute(MOMENTS, experiment.no, events, epochs, metrics, seconds / 86_400)
    await pool.execute(ROLLUP, experiment.no, seconds, events, metrics, timeout=120)
    await pool.execute("insert into fold_mark values ($1, 1, $2, now())", experiment.no, events // 5)
    return experiment


async def log_and_fold(pool: "asyncpg.Pool[Any]", name: str, kind: str, events: int, interval: str) -> Any:
    experiment, metrics, epochs = await begun(pool, name, kind, events)
    seconds = float(POINTS * SECONDS[interval])
    async with pool.acquire() as connection:
        start = await connection.fetchval("select coalesce(max(batch), 0) + 1 from event")
        await connection.execute(LOG, experiment.no, events, metrics, start, seconds, epochs, timeout=3600)
        await connection.execute(
            "insert into fold_queue select distinct batch from event where batch >= $1", start, timeout=3600
        )
        fold = Fold()
        while (await fold.fold_once(connection)).batches:
            pass
    return experiment


async def measure(
    pool: "asyncpg.Pool[Any]", experiment: Any, runs: int
) -> tuple[dict[str, list[float]], int]:
    store = ReportStore(pool)
    reports = Reports(store, Queue(pool))
    took: dict[str, list[float]] = {
        name: [] for name in ("facts", "compute", "keep", "in all", "served again")
    }
    body = b""
    for _ in range(runs):
        began = time.perf_counter()
        facts = await store.facts(experiment.no)
        read = time.perf_counter()
        assert facts is not None
        body = encode(report_of(facts))
        computed = time.perf_counter()
        await store.keep(experiment.no, KeptReport(facts.state, body, None), facts.now, (), b"{}")
        kept = time.perf_counter()
        await reports.report(experiment.key)
        warm = time.perf_counter()
        await reports.report(experiment.key)
        parts = (read - began, computed - read, kept - computed, kept - began, time.perf_counter() - warm)
        for name, seconds in zip(took, parts, strict=True):
            took[name].append(1000 * seconds)
    return took, len(body)


async def run(url: str, options: argparse.Namespace) -> None:
    pool = await open_pool(url, size=3)
    for kind, interval in product(options.type, options.interval):
        medians = []
        for events in options.events:
            build = log_and_fold if options.real else fill
            experiment = await build(pool, f"{kind} {events} by {interval}", kind, events, interval)
            await pool.execute("analyze moments")
            await pool.execute("analyze rollup")
            rows = await pool.fetchval("select count(*) from moments where experiment = $1", experiment.no)
            took, size = await measure(pool, experiment, options.runs)
            medians.append(statistics.median(took["in all"]))
            print(
                f"{kind}: {events:,} events, {POINTS} points by {interval}, {rows:,} rows of moments, document {size / 1000:.0f} kB"
            )
            for name, each in took.items():
                each.sort()
                print(
                    f"{'':>12}{name:<14}{statistics.median(each):7.2f} ms   p95 {each[int(0.95 * len(each))]:7.2f}"
                    f"   best {each[0]:7.2f}"
                )
        print(f"{'':>12}largest ÷ smallest: {medians[-1] / medians[0]:.2f}")
    await pool.close()


async def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, nargs="+", default=[10_000, 10_000_000])
    parser.add_argument("--interval", nargs="+", choices=list(SECONDS), default=["minute", "hour"])
    parser.add_argument("--type", nargs="+", default=["thompson_sampling", "ab"])
    parser.add_argument("--url", help="a PostgreSQL of your own; a database is made beside the one it names")
    parser.add_argument("--real", action="store_true", help="log and fold the events")
    parser.add_argument("--runs", type=int, default=50)
    options = parser.parse_args()
    if options.url is not None:
        name = f"litmus_bench_{os.getpid()}"
        admin = await asyncpg.connect(options.url)
        await admin.execute(f"create database {name}")
        try:
            url = urlunsplit(urlsplit(options.url)._replace(path=f"/{name}"))
            await upgrade(url)
            await run(url, options)
        finally:
            await admin.execute(f"drop database {name} with (force)")
            await admin.close()
        return
    folder = Path(tempfile.mkdtemp(prefix="litmus-bench-"))
    server = Embedded(folder)
    await server.start()
    try:
        url = server.url_for("postgres")
        await upgrade(url)
        await run(url, options)
    finally:
        await server.stop()
        shutil.rmtree(folder)


asyncio.run(main())
