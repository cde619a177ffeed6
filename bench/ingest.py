"""Events: a burst and how fast its lag is worked off, a sustained stream beside assignments, bare events, disk an event.

uv run python bench/ingest.py [--burst 30] [--sustained 600] [--units 5000000] [--folder DIR]
"""

import argparse
import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
from stage import Stage, furnish, show, stage, wrk

LAG = "select coalesce(extract(epoch from clock_timestamp() - min(received_at)), 0)::float from fold_queue"
SIZE = """
select sum(pg_total_relation_size(c.oid))::bigint from pg_class c
left join pg_inherits i on i.inhrelid = c.oid
where c.relname in ('event_key') or i.inhparent = 'event'::regclass and c.relkind = 'r'
"""


def main() -> None:
    parse = argparse.ArgumentParser(description=__doc__)
    parse.add_argument("--burst", type=int, default=30)
    parse.add_argument("--sustained", type=int, default=600)
    parse.add_argument("--units", type=int, default=5_000_000)
    parse.add_argument("--folder", type=Path, default=Path("/var/tmp/litmus-benchmark"))
    given = parse.parse_args()
    seed = int(time.time())
    with stage(given.folder) as on:
        furnish(on, given.units)
        circle = min(given.units, 1_000_000)
        before = disk(on)
        with lags(on) as seen:
            burst = wrk(on.base, "events", given.burst, 8, LOAD_UNITS=circle, LOAD_BATCH=500, LOAD_SEED=seed)
        work_off = until_folded(on)
        show(f"burst of {given.burst} s, 500 a request", burst, events_per_second=round(burst["per_second"] * 500),
             worked_off_in_s=round(work_off, 1), **seen)  # fmt: skip
        after = disk(on)
        show(
            "disk",
            {
                "bytes_an_event": round((after[0] - before[0]) / (after[1] - before[1]), 1),
                "events": after[1] - before[1],
            },
        )
        one = wrk(
            on.base, "events", min(given.burst, 20), 64, LOAD_UNITS=circle, LOAD_BATCH=1, LOAD_SEED=seed + 1
        )
        show("one event a request", one)
        until_folded(on)
        for name, unnamed in (
            ("sustained 15,000/s beside 2,000 assignments/s", None),
            ("the same, metrics name no experiment", 1),
        ):
            more = {} if unnamed is None else {"LOAD_UNNAMED": 1}
            seed += 7
            with lags(on) as seen, ThreadPoolExecutor(2) as both:
                events = both.submit(wrk, on.base, "events", given.sustained, 16, LOAD_UNITS=circle, LOAD_BATCH=500,
                                     LOAD_RATE=30, LOAD_SEED=seed, **more)  # fmt: skip
                assigned = both.submit(
                    wrk,
                    on.base,
                    "assign",
                    given.sustained,
                    64,
                    LOAD_FROM=seed * 1_000_000,
                    LOAD_RATE=2_000,
                )
                events.result()
            rate = round(events.result()["per_second"] * 500)
            show(name, events.result(), events_per_second=rate, **seen)
            show("  the assignments beside it", assigned.result())
            show("  its lag worked off", {"seconds": round(until_folded(on), 1)})
            given.sustained = min(given.sustained, 60)


@contextmanager
def lags(on: Stage) -> Iterator[dict[str, Any]]:
    """The age of the oldest batch that waits, four times a second; the percentiles, when it is over."""
    seen: dict[str, Any] = {}
    samples: list[float] = []
    stop = False

    async def watch() -> None:
        connection = await asyncpg.connect(on.database_url)
        while not stop:
            samples.append(await connection.fetchval(LAG))
            await asyncio.sleep(0.25)
        await connection.close()

    with ThreadPoolExecutor(1) as beside:
        watching = beside.submit(asyncio.run, watch())
        try:
            yield seen
        finally:
            samples.sort()
            if samples:
                seen |= {
                    f"lag_p{p}_s": round(samples[min(len(samples) - 1, len(samples) * p // 100)], 2)
                    for p in (50, 95, 100)
                }
            stop = True
            watching.result()


def until_folded(on: Stage) -> float:
    """Seconds until no batch waits."""
    began = time.monotonic()
    while on.sql("select exists (select from fold_queue)")[0][0]:
        time.sleep(0.1)
    return time.monotonic() - began


def disk(on: Stage) -> tuple[int, int]:
    """(bytes of the log, its ids and their indexes; events in it)."""
    return on.sql(SIZE)[0][0], on.sql("select count(*) from event")[0][0]


if __name__ == "__main__":
    main()
