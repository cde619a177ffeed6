"""Events a second through the fold alone: one folder, one PostgreSQL, nothing beside it.

    python bench/fold.py [--units 10000 1000000] [--events 500000] [--url postgresql://…] [--cases metric loose rebuild]

Every unit is in one of 5 experiments with 5 variants and 8 declared metrics. On the embedded server in a folder of its
own, or in a database of its own beside the one that the URL names; both go at the end. Prints events/s by the clock and
microseconds of the server's processor an event.
"""

import argparse
import asyncio
import json
import os
import time
from pathlib import Path
from typing import Any

import asyncpg
from database import fresh, server
from litmus_server.domain.metric import Derivation
from litmus_server.store.database import connect
from litmus_server.store.derived import refill, terms
from litmus_server.store.fold import Fold
from litmus_server.store.migrate import upgrade
from litmus_server.store.rebuild import rebuild
from litmus_server.store.verify import verify

EXPERIMENTS = 5

WORLD = """
insert into metric (name) select 'metric_' || n from generate_series(1, 8) n;
insert into experiments (id, key, name, type, status, salt, traffic, revision)
select gen_random_uuid(), 'bench-' || n, 'bench-' || n, 'ab', 'running', 's', 1000000, 1 from generate_series(1, $experiments) n;
insert into experiment_metric (experiment, metric, slot, role, kind)
select x.no, m.id, m.id, 'primary', 'mean' from experiments x, metric m;
"""

# A cap with its own sum from before, a ratio with those of its parts, and a quantile.
DERIVED = (
    (1, Derivation((1,), (False,), (1,), 5_000_000)),
    (2, Derivation((2, 3), (False, False), (2, 3))),
    (4, Derivation((4,), (False,), sketch=True)),
)
DERIVE = """
insert into derived_metric
select no, $1::integer, $2::smallint[], $3::boolean[], $4::smallint[], $5::numeric, $6::boolean, null::smallint, $7::smallint[], $8::smallint[],
       $9::smallint[], 1, false
from experiments
"""

# What each case adds to the log: `i` counts the events, `u` is the number of a unit.
CASES = {
    # each unit's first exposure, in an order that the index has not
    "exposure": "1, u % $experiments + 1, u % 7 % 5, null, null",
    # an event that names its experiment, any unit and any metric
    "metric": "2, u % $experiments + 1, u % 7 % 5, 1 + (i % 8), (i % 1000) * 10000",
    # an event that names none, of a unit that is in one
    "loose": "2, null, null, 1 + (i % 8), (i % 1000) * 10000",
}
LOG = """
insert into event (batch, event_id, kind, experiment, variant, metric, value, epoch, unit, occurred_at, door)
select $start + i / $batch, gen_random_uuid(), $columns, $epoch,
       'user-' || lpad(u::text, 8, '0'), now() - interval '1 second' * (900 - i * 600.0 / $events), 1
from (select i, $unit as u from generate_series(0, $events - 1) i) g;
insert into fold_queue (batch) select $start + n from generate_series(0, ($events - 1) / $batch) n;
"""


def filled(template: str, **values: object) -> str:
    for name, value in sorted(values.items(), key=lambda item: -len(item[0])):
        template = template.replace(f"${name}", str(value))
    return template


def processor_seconds(process: int) -> float:
    """Of a process on this machine; NaN when PostgreSQL is elsewhere."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return float("nan")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Bench:
    def __init__(self, connection: "asyncpg.Connection[Any]", batch: int) -> None:
        self.connection, self.batch, self.start = connection, batch, 1
        self.results: list[dict[str, object]] = []

    async def log(self, case: str, events: int, unit: str) -> None:
        epoch = "null" if case == "loose" else 1
        sql = filled(LOG, columns=CASES[case], epoch=epoch, unit=unit)
        sql = filled(sql, experiments=EXPERIMENTS, start=self.start, batch=self.batch, events=events)
        await self.connection.execute(sql)
        self.start += events // self.batch + 1

    async def fold(self, case: str, units: int) -> None:
        await self.connection.execute("vacuum analyze")
        process = await self.connection.fetchval("select pg_backend_pid()")
        fold, total, times = Fold(), 0, []
        processor, begin = processor_seconds(process), time.perf_counter()
        while True:
            before = time.perf_counter()
            done = await fold.fold_once(self.connection)
            if not done.batches:
                break
            times.append(time.perf_counter() - before)
            total += done.events
        seconds = time.perf_counter() - begin
        row: dict[str, object] = {
            "case": case,
            "units": units,
            "events": total,
            "events_per_second": round(total / seconds),
            "server_us_per_event": round((processor_seconds(process) - processor) / total * 1e6, 1),
            "transactions": len(times),
            "p99_ms": round(sorted(times)[int(len(times) * 0.99)] * 1e3),
        }
        self.results.append(row)
        print(json.dumps(row), flush=True)


async def measure(url: str, units: int, options: argparse.Namespace) -> None:
    events, cases = options.events, options.cases
    await upgrade(url)
    connection = await connect(url)
    await connection.execute(filled(WORLD, experiments=EXPERIMENTS))
    bench = Bench(connection, options.batch)
    # An odd multiplier makes a permutation of the units.
    await bench.log("exposure", units, f"(i * 7919::bigint) % {units}")
    await bench.fold("first exposure", units)
    anybody = f"floor(random() * {units})::int"
    if "metric" in cases:
        await bench.log("metric", events, anybody)
        await bench.fold("metric that names its experiment", units)
    if "again" in cases:
        await bench.log("exposure", events, anybody)
        await bench.fold("repeated or earlier exposure", units)
    if "loose" in cases:
        await bench.log("loose", events, anybody)
        await bench.fold("metric that names none, unit in 1", units)
    if "late" in cases:
        late = min(units, 100_000)
        await bench.log("metric", late, f"{units} + i")
        await bench.fold("metric before its exposure", units)
        await bench.log("exposure", late, f"{units} + i")
        await bench.fold("exposure after its metric", units)
    if "derived" in cases:
        for metric, each in DERIVED:
            places = list(each.totals), list(each.binary), list(each.before)
            factors = zip(*terms(each), strict=True)
            await connection.execute(DERIVE, metric, *places, each.cap, each.sketch, *factors)
        begin = time.perf_counter()
        for number in range(1, EXPERIMENTS + 1):
            await refill(connection, number)
        print(json.dumps({"case": "deriving anew", "units": units, "seconds": time.perf_counter() - begin}))
        await bench.log("metric", events, anybody)
        await bench.fold("metric, of which three of eight are derived", units)
    if "rebuild" in cases:
        events = await connection.fetchval("select count(*) from event")
        begin = time.perf_counter()
        done = await rebuild(url)
        seconds = time.perf_counter() - begin
        row = {"case": f"rebuild, {done}", "units": units, "events": events}
        print(json.dumps(row | {"events_per_second": round(events / seconds), "seconds": round(seconds)}))
    if options.check:
        print("differences from a recompute:", await verify(connection))
    await connection.close()


async def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", help="an address of a server; the embedded one without it")
    parser.add_argument("--units", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--events", type=int, default=500_000)
    parser.add_argument("--batch", type=int, default=500, help="events in a journal's transaction")
    parser.add_argument(
        "--cases", nargs="+", default=["metric", "again", "loose", "late", "derived", "rebuild"]
    )
    parser.add_argument("--check", action="store_true", help="compare with a recompute at the end")
    options = parser.parse_args()
    async with server(options.url) as on:
        for units in options.units:
            async with fresh(on) as url:
                await measure(url, units, options)


if __name__ == "__main__":
    asyncio.run(main())
