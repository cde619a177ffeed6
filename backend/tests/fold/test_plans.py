"""The hot statements are planned by index, whatever the size of the tables: a timing would not see it in time."""

import json
import os
import re
from collections.abc import Iterator
from typing import Any

import pytest
from fold.ledger import Connection, declare, fold_all, random_log, write_batch
from fold.logs import EXPERIMENTS
from litmus_server.store.fold_lock import PINNED
from litmus_server.store.rebuild import rebuild
from litmus_server.store.refold import refold_experiment
from litmus_server.store.sql import statement

pytestmark = pytest.mark.database

MOST = int(os.environ.get("LITMUS_TEST_PLAN_UNITS", "40000"))
"""The largest crowd; bench/plans.py sets it to a million."""

REBUILDS = ("rebuild_slice", "rebuild_last", "rebuild_pairs", "rebuild_marks", "refold_units")
READ_FROM_AN_END = (statement("rebuild_last"), "select exists (select from fold_queue)")

# So many units with a row in each of two experiments, three events each, and a marker for a third of them.
CROWD = """
insert into unit_state (unit, experiment, variant, epoch, cohort, first_at, counts, totals, before, firsts)
select 'crowd-' || u, x, 0, 1, 0, now(), array[1, null], array[5, null]::numeric[], array[null, null]::numeric[], array[now(), null]
from generate_series(1, $1::int) u, generate_series(1, 2) x;
"""
MARKERS = (
    "insert into unit_state (unit, experiment) select 'crowd-' || u, 0 from generate_series(1, $1::int, 3) u"
)
EVENTS = """
insert into event (batch, event_id, kind, experiment, variant, epoch, unit, metric, value, occurred_at, door)
select 1000000 + i / 500, gen_random_uuid(), case i % 3 when 0 then 1 else 2 end, 1 + i % 2, 0, 1, 'crowd-' || i / 3,
       case i % 3 when 0 then null else 1 end, 5, now(), 1
from generate_series(0, 3 * $1::int - 1) i
"""


async def _hot_statements(connection: Connection, url: str) -> set[str]:
    """What a fold with every kind of event, a refold and a rebuild really send."""
    sent: set[str] = set()
    await declare(connection, EXPERIMENTS)
    log = random_log(41, 600)
    with connection.query_logger(lambda query: sent.add(query.query)):
        for number, begin in enumerate(range(0, 600, 60), 1):
            await write_batch(connection, number, log[begin : begin + 60])
            await fold_all(connection)
        await refold_experiment(connection, 1)
    await rebuild(url)
    sent |= {statement(name) for name in REBUILDS}
    written_by_the_tests = {"insert into event", "insert into fold_queue", "insert into experiment"}
    return {
        query
        for query in sent
        if any(table in query for table in ("event", "unit_state", "moments", "rollup", "fold_"))
        and not query.strip().startswith(("lock", "set", "BEGIN"))
        and not any(words in query for words in written_by_the_tests)
    }


async def _plan(connection: Connection, query: str) -> dict[str, Any]:
    """The generic plan: what the values are does not matter to it."""
    places = max((int(number) for number in re.findall(r"\$(\d+)", query)), default=0)
    async with connection.transaction():
        await connection.execute(PINNED)
        await connection.execute(f"prepare hot as {query}")
        nulls = f"({', '.join(['null'] * places)})" if places else ""
        text = await connection.fetchval(f"explain (format json) execute hot{nulls}")
        await connection.execute("deallocate hot")
    plan: dict[str, Any] = json.loads(text)[0]["Plan"]
    return plan


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


def _shape(plan: dict[str, Any]) -> list[tuple[str, ...]]:
    """Which work a plan does on what; not in which order, nor what it thinks that costs."""
    return sorted(
        (
            node["Node Type"].replace("Index Only", "Index"),
            node.get("Index Name", ""),
            node.get("CTE Name", ""),
        )
        for node in _nodes(plan)
    )


async def test_every_hot_statement_is_planned_by_index_and_alike_at_any_size(
    connection: Connection, database_url: str
) -> None:
    hot = await _hot_statements(connection, database_url)
    assert {
        statement(name)
        for name in (
            "fold_take",
            "fold_exposures",
            "fold_metrics",
            "fold_mark",
            "refold_rows",
            "refold_shift",
            "derived_pairs",
            "derived_shift",
        )
    } <= hot
    shapes = []
    # Plans are kept as long as a connection lives: they must be right from the first event on an empty database.
    for units in (0, 2_000, MOST):
        if units:
            await connection.execute("delete from unit_state; delete from event")
            for crowd in (CROWD, MARKERS, EVENTS):
                await connection.execute(crowd.replace("$1", str(units)))
            await connection.execute("vacuum analyze")
        plans = {query: await _plan(connection, query) for query in sorted(hot)}
        for query, plan in plans.items():
            for node in _nodes(plan):
                assert node["Node Type"] not in ("Hash Join", "Merge Join"), query
                # Functions of ours are written out in place: a call a row would be seen here.
                assert node.get("Function Name") in (None, "unnest", "generate_series"), query
                if "Index" in node["Node Type"] and query not in READ_FROM_AN_END:
                    assert "Index Cond" in node, f"{node['Index Name']}: {query}"
                if node["Node Type"] == "Seq Scan":
                    assert node["Relation Name"] == "fold_lock", f"{node['Relation Name']}: {query}"
        shapes.append({query: _shape(plan) for query, plan in plans.items()})
    for query in sorted(hot):
        assert shapes[0][query] == shapes[1][query] == shapes[2][query], query
