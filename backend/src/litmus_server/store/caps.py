"""Caps that are a quantile, and ripe: enough units have a value to say what it is.

It reads the units of such a metric once; from then on the cap stands for ever.
"""

from fractions import Fraction
from math import ceil
from typing import Any, NamedTuple

import asyncpg

from litmus_server.stats.winsor import LEAST_VALUES
from litmus_server.store.database import PATIENT


class Ripe(NamedTuple):
    """The cap of a metric, in micro-units: the least total that the quantile's part of the units with a value does not exceed."""

    experiment: str
    metric: str
    value: int


async def ripe(connection: "asyncpg.Connection[Any]") -> list[Ripe]:
    """Those that can be frozen now, over all variants; in a snapshot of its own."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute("set local statement_timeout = 0")
        waiting = await connection.fetch(_WAITING, LEAST_VALUES)
        return [await _ripe(connection, row) for row in waiting]


async def _ripe(connection: "asyncpg.Connection[Any]", row: "asyncpg.Record") -> Ripe:
    count = await connection.fetchval(
        f"select count(*) from {_VALUED}", row["no"], row["slot"], timeout=PATIENT
    )
    # As the decimal that was written, as `stats.winsor.frozen_cap`.
    rank = ceil(Fraction(row["quantile"]) * count)
    value = await connection.fetchval(
        f"select totals[$2] from {_VALUED} order by totals[$2] offset $3 limit 1",
        row["no"],
        row["slot"],
        rank - 1,
        timeout=PATIENT,
    )
    return Ripe(str(row["id"]), row["name"], int(value))


# A unit in the arrays of a metric that was declared late may lack it until the refold: it is counted when it has it.
_VALUED = "unit_state where experiment = $1 and first_at is not null and counts[$2] is not null"

_WAITING = """
select x.id, x.no, m.name, e.slot, e.details -> 'cap' ->> 'quantile' as quantile
from experiment_metric e
join experiments x on x.no = e.experiment
join metric m on m.id = e.metric
where e.details -> 'cap' ->> 'quantile' is not null and e.details -> 'cap' ->> 'value' is null and x.archived_at is null
  and (select sum(n) from moments where experiment = x.no and span = 0 and metric = e.metric) >= $1
order by x.no, e.slot
"""
