"""What the hot statements cost must not depend on how much is stored: their plans are the same, small or large."""

import os
import re
from typing import Any

import asyncpg
import pytest
from litmus_server.store.events import EventWriter
from litmus_server.store.journal import BatchIds
from litmus_server.store.sql import statement

from .conftest import add_experiment

pytestmark = pytest.mark.database

ARGUMENTS = {
    "assign_first": "array['u']::text[], array[1], array[0]::smallint[], array[1]::smallint[], array[1], array[1], array[1], "
    "array[null]::int[], array[1]::bigint[], array['{}'], array[null]::text[], array[null]::text[], "
    "array[gen_random_uuid()], 7, 8",
    "assign_stored": "array['u'], array[1]",
    "stay_newest": "array['u'], array[1]",
    "stay_at": "array['u'], array[1], array[null]::timestamptz[], array[60]",
    "log_events": "7, array[gen_random_uuid()], array[1]::smallint[], array[1], array['u'], array[null]::text[], "
    "array[null]::int[], array[null]::bigint[], array[null]::timestamptz[], array[null]::smallint[], array[1]::smallint[], "
    "array[null]::int[], array[false], array[null]::text[]",
}
MOST = int(os.environ.get("LITMUS_TEST_PLAN_UNITS", "60000"))
"""How many units there are at most; bench/plans.py makes it a million."""
LARGE = ("assignment", "event", "event_key", "fold_queue")


async def plan(connection: "asyncpg.Connection[Any]", name: str) -> str:
    await connection.execute(f"prepare {name} as {statement(name)}")
    rows = await connection.fetch(f"explain (costs off) execute {name}({ARGUMENTS[name]})")
    await connection.execute(f"deallocate {name}")
    return "\n".join(row[0] for row in rows)


async def fill(connection: "asyncpg.Connection[Any]", units: int) -> None:
    await connection.execute(
        """
        insert into assignment (unit, experiment, variant, door, epoch, propensity, bucket, revision, batch, stay_of)
        select 'u' || n, 1, 0, 1, 1, 500000, 1, 1, 1, case when n % 2 = 0 then 'u' || n % 100 end
        from generate_series(1, $1::int) n on conflict do nothing
        """,
        units,
    )
    await connection.execute(
        """
        with k as (insert into event_key select gen_random_uuid() from generate_series(1, $1::int) returning event_id)
        insert into event (batch, event_id, kind, experiment, unit, occurred_at, door)
        select 1 + random() * 100, event_id, 1, 1, 'u' || (random() * 1000)::int, now(), 1 from k
        """,
        units,
    )
    await connection.execute("vacuum analyze")


@pytest.mark.parametrize("name", ARGUMENTS)
async def test_a_hot_statement_never_reads_a_whole_table_however_small_or_large(
    connection: "asyncpg.Connection[Any]", database_url: str, name: str
) -> None:
    await add_experiment(connection)
    await EventWriter.bind(connection, BatchIds())  # the settings that journals write under
    plans = []
    for units in (0, 500, MOST):
        await fill(connection, units)
        plans.append(await plan(connection, name))
    scans = [
        line for text in plans for line in re.findall(r"Seq Scan on (\w+)", text) if line.startswith(LARGE)
    ]
    assert not scans, plans
    assert len(set(plans)) == 1, "the same plan at every size"
