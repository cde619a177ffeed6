"""The sums of an experiment over the units that it shares with others, from the rows of units. It computes nothing.

Like `slices` it reads a row a unit, once for all others together: it is asked on demand, by a worker.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

import asyncpg

from litmus_server.domain.draft import is_id, is_reference
from litmus_server.domain.errors import NotFound
from litmus_server.domain.interactions import MOST_OTHERS, learned, refusal
from litmus_server.ports import CrossedSums, CrossedUnits, CrossedWith
from litmus_server.stats.moments import JointMoments
from litmus_server.stats.sheet import Sheet
from litmus_server.store.database import PATIENT, snapshot
from litmus_server.store.reports import read_shares
from litmus_server.store.sql import statement


class CrossingStore:
    """`ports.CrossingBook` in PostgreSQL."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        """Uses one connection of the pool for each call."""
        self._pool = pool

    async def crossed(
        self, experiment: int, other: str | None, choose: Callable[[Mapping[str, Any]], int]
    ) -> CrossedUnits | None:
        """See the port."""
        async with snapshot(self._pool) as connection:
            head = await connection.fetchrow(_HEAD, experiment)
            if head is None:
                return None
            entry, now = head["document"], head["now"]
            number = choose(entry)
            [metric] = [each for each in entry["metrics"] if each["id"] == number]
            documents, more = await _candidates(connection, entry, other)
            refused = [refusal(entry, each, now) for each in documents]
            asked = [each for each, why in zip(documents, refused, strict=True) if why is None]
            whole = await connection.fetchval(_WHOLE, experiment, number)
            exposed = await connection.fetchval(_EXPOSED, experiment)
            sums = await _sums(connection, entry, metric, asked)
            shares = {each["no"]: await _shares(connection, each) for each in (entry, *asked)}
        return CrossedUnits(
            now=now,
            entry={**entry, "metrics": [metric]},
            shares=shares[experiment],
            exposed=exposed,
            ready=whole is not False and (metric["cap"] is None or metric["cap"]["value"] is not None),
            others=[
                CrossedWith(each, shares.get(each["no"], {}), sums[each["no"]], why)
                for each, why in zip(documents, refused, strict=True)
            ],
            not_looked_at=more,
        )


async def _candidates(
    connection: "asyncpg.Connection[Any]", entry: Mapping[str, Any], other: str | None
) -> tuple[list[Mapping[str, Any]], int]:
    """The documents of the others, and how many more there are."""
    if other is None:
        layer = None if entry["layer"] is None else entry["layer"]["salt"]
        rows = await connection.fetch(_BESIDE, entry["no"], entry["unit_type"], layer, MOST_OTHERS)
        return [row["document"] for row in rows], rows[0]["found"] - len(rows) if rows else 0
    row = None
    if is_reference(other):
        column = "x.id = $1::uuid" if is_id(other) else "x.key = $1"
        row = await connection.fetchrow(f"{_OTHER} where {column}", other)
    if row is None:
        raise NotFound("Experiment", other)
    return [row["document"]], 0


async def _shares(connection: "asyncpg.Connection[Any]", entry: Mapping[str, Any]) -> dict[int, list[int]]:
    return {} if learned(entry) else await read_shares(connection, entry["no"], Sheet(), learned=False)


async def _sums(
    connection: "asyncpg.Connection[Any]",
    entry: Mapping[str, Any],
    metric: Mapping[str, Any],
    others: list[Mapping[str, Any]],
) -> Mapping[int, list[CrossedSums]]:
    """By the other experiment's number."""
    found: dict[int, list[CrossedSums]] = defaultdict(list)
    if not others:
        return found
    slots = {each["name"]: each["slot"] for each in entry["metrics"]}
    binary = {each["name"]: each["kind"] == "conversion" for each in entry["metrics"]}
    value, by = metric["numerator"] or metric["name"], metric["denominator"]
    await connection.execute("set local statement_timeout = 0; set local work_mem = '64MB'")
    rows = await connection.fetch(
        statement("crossed"),
        entry["no"],
        [each["no"] for each in others],
        slots[value],
        binary[value],
        metric["cap"] and metric["cap"]["value"],
        by and slots[by],
        bool(by and binary[by]),
        [each["no"] for each in (entry, *others) if learned(each)],
        timeout=PATIENT,
    )
    for other, variant, other_variant, epoch, other_epoch, n, seen, *sums in rows:
        y, yy, yyy, d, yd, dd, yyd, ydd, ddd = (int(each or 0) for each in sums)
        moments = JointMoments(n, (y,), (yy,), (yyy,))
        if by:
            moments = JointMoments(n, (y, d), (yy, yd, dd), (yyy, yyd, ydd, ddd))
        found[other].append(CrossedSums(variant, other_variant, epoch, other_epoch, seen, moments))
    return found


_HEAD = """
select now() as now, c.document
from experiments x
join configuration c on c.experiment = x.no and c.revision = x.revision
where x.no = $1
"""

_OTHER = """
select c.document
from experiments x
join configuration c on c.experiment = x.no and c.revision = x.revision
"""

# What `domain.interactions.refusal` would refuse takes nobody's place: those that can share units, the newest first.
_BESIDE = """
select c.document, count(*) over () as found
from experiments x
join configuration c on c.experiment = x.no and c.revision = x.revision
join experiments mine on mine.no = $1
where x.no <> $1 and x.unit_type = $2 and x.type <> 'flag'
  and x.started_at < coalesce(mine.completed_at, now()) and mine.started_at < coalesce(x.completed_at, now())
  and ($3::text is null or c.document -> 'layer' ->> 'salt' is distinct from $3)
  and coalesce(c.document ->> 'ttl_seconds', '0') = '0'
order by x.started_at desc, x.no
limit $4
"""

_WHOLE = "select whole from derived_metric where experiment = $1 and metric = $2"

_EXPOSED = """
select coalesce(sum(n), 0)::bigint from moments where experiment = $1 and span = 0 and metric = 0
"""
