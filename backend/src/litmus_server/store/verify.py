"""Does the log say what the tables say? A recompute that shares no statement with the fold.

For `litmus doctor` and for tests that kill processes: it reads everything, in one snapshot, and blocks nobody.
"""

from dataclasses import dataclass
from typing import Any

import asyncpg

from litmus_server.store.sql import statement


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that one side has and the other has not; a row that differs comes twice."""

    table: str
    missing: bool
    """True: the log says so and the table lacks it. False: the table says so and the log does not."""
    row: str


_SIDES = {
    "unit_state": (
        """
        select unit, experiment, variant, epoch, cohort, first_at,
               coalesce((select max(slot) from experiment_metric m where m.experiment = u.experiment), 0)::integer as width
        from expected_unit u
        union all
        select unit, experiment, min(variant), min(epoch), null, null, 0
        from seen s
        where kind in (2, 3) and experiment is not null
          and not exists (select from expected_unit u where u.unit = s.unit and u.experiment = s.experiment)
        group by unit, experiment
        union all
        select distinct unit, 0, null::smallint, null::integer, null::integer, null::timestamptz, 0 from seen where experiment is null
        """,
        """
        select unit, experiment, variant, epoch, cohort, first_at, cardinality(counts)
        from unit_state
        where cardinality(totals) = cardinality(counts) and cardinality(before) = cardinality(counts)
          and cardinality(firsts) = cardinality(counts)
        """,
    ),
    "unit_state's totals": (
        """
        select unit, experiment, slot::bigint, nullif(c, 0), case when c > 0 then y end, nullif(x, 0), f from expected_total
        """,
        """
        select unit, experiment, slot, c::bigint, y, x, f
        from unit_state, unnest(counts, totals, before, firsts) with ordinality as t (c, y, x, f, slot)
        where num_nonnulls(c, y, x, f) > 0
        """,
    ),
    "moments": (
        "select experiment, variant, epoch, cohort, metric, span, n, s1, s2, s3, x1, x2, xy from expected_moments",
        "select experiment, variant, epoch, cohort, metric, span, n, s1, s2, s3, x1, x2, xy from moments",
    ),
    "joint_moments": (
        """
        select experiment, metric, variant, epoch, cohort,
               array_agg(total order by degree, i, j, k) as sums
        from expected_joint
        group by experiment, metric, variant, epoch, cohort
        having bool_or(total <> 0)
        """,
        """
        select experiment, metric, variant, epoch, cohort, sums
        from joint_moments
        where (experiment, metric) not in (select experiment, metric from derived_metric where not whole)
        """,
    ),
    "sketch": (
        "select experiment, metric, variant, bucket, count(*) as n from expected_bucket group by 1, 2, 3, 4",
        """
        select experiment, metric, variant, bucket, n
        from sketch
        where (experiment, metric) not in (select experiment, metric from derived_metric where not whole)
        """,
    ),
    "rollup": (
        "select experiment, variant, metric, span, at, events, total, units from expected_rollup",
        "select experiment, variant, metric, span, at, events, total, units from rollup",
    ),
    "fold_mark": (
        "select experiment, count(*) as units from expected_unit group by experiment",
        "select experiment, units from fold_mark where units <> 0",
    ),
}


async def verify(connection: "asyncpg.Connection[Any]", *, most: int = 20) -> list[Difference]:
    """What differs, at most `most` rows a table and side; empty when all is right. Reads the whole log."""
    found = []
    async with connection.transaction(isolation="repeatable_read"):
        await connection.execute("set local work_mem = '256MB'; set local statement_timeout = 0")
        await connection.execute(statement("verify_expected"))
        for table, (expected, live) in _SIDES.items():
            for missing, one, other in ((True, expected, live), (False, live, expected)):
                rows = await connection.fetch(
                    f"select to_jsonb(d)::text from (({one}) except all ({other})) d limit $1", most
                )
                found += [Difference(table, missing, row[0]) for row in rows]
    return found
