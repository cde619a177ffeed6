"""Reads the event log and the dead letters for people: by experiment, by unit, and what is new. It writes nothing.

No read depends on how much is stored: each looks through a stretch of an index, and answers where it stopped.
"""

import datetime as dt
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from litmus_server.domain.assignment import assignment_id
from litmus_server.domain.draft import ExperimentType, is_id
from litmus_server.domain.event import MICRO, Door, Kind
from litmus_server.domain.inspection import (
    EventType,
    Filters,
    Placed,
    Position,
    ReasonCount,
    SeenEvent,
    Side,
    Stretch,
    UnitAssignment,
    UnitMetric,
    read_letter,
)
from litmus_server.domain.weights import to_fraction
from litmus_server.ports import Arrivals, Inspected
from litmus_server.store.database import available, snapshot

BUDGET = 0.05
"""Seconds after which a search for what filters mean stops, and answers where it is."""
_CHUNK, _LETTERS = 500, 200
"""Rows that are looked through at once: each may be on a page of its own, and a dead letter has a body."""
_OF_UNIT = 10_000
"""Events of a unit that are looked through, from the newest on."""
_FRESH = 10_000
"""New events that are looked through at once for those that filters mean."""
_NEW = 1_000
"""New dead letters that are read at once."""

_FIRST = dt.datetime.min.replace(tzinfo=dt.UTC)
_LAST = Position(dt.datetime.max.replace(tzinfo=dt.UTC), True, 2**128 - 1)
_TYPES = {kind.kind: kind for kind in EventType}


class InspectionStore:
    """`ports.EventBook` in PostgreSQL."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        """Uses one connection of the pool for each call."""
        self._pool = pool

    async def subject(self, reference: str) -> Inspected | None:
        """See `ports.EventBook`."""
        column = "x.id = $1::uuid" if is_id(reference) else "x.key = $1"
        async with available():
            rows = await self._pool.fetch(f"{_SUBJECT} where {column}", reference)
        if not rows:
            return None
        variants = {row["variant_key"]: row["ordinal"] for row in rows}
        return Inspected(rows[0]["no"], str(rows[0]["id"]), rows[0]["key"], variants)

    async def events(
        self, experiment: int, variant: int | None, filters: Filters, below: Position | None, limit: int
    ) -> Sequence[Stretch]:
        """See `ports.EventBook`."""
        async with self._reading() as connection:
            found = []
            if filters.accepted and (values := await _values(connection, experiment, variant, filters)):
                found.append(await _logged(connection, _statement(filters), values, filters, below, limit))
            if filters.rejected:
                source = _LETTERS_OF_EXPERIMENT if filters.unit is None else _LETTERS_OF_BOTH
                keys = (experiment,) if filters.unit is None else (experiment, filters.unit)
                found.append(await _refused(connection, source, keys, filters, below, limit))
        return found

    async def unit_events(self, unit: str, below: Position | None, limit: int) -> Sequence[Stretch]:
        """See `ports.EventBook`."""
        filters = Filters(unit=unit)
        values = (None, None, None, None, unit)
        async with self._reading() as connection:
            return [
                await _logged(connection, _ALL_OF_UNIT, values, filters, below, limit),
                await _refused(connection, _LETTERS_OF_UNIT, (unit,), filters, below, limit),
                *[
                    await _logged(
                        connection, _ALL_OF_UNIT, (*values[:-1], row["unit"]), filters, below, limit
                    )
                    for row in await connection.fetch(_STAYS, unit)
                ],
            ]

    async def dead_letters(
        self, experiment: int | None, filters: Filters, below: Position | None, limit: int
    ) -> Stretch:
        """See `ports.EventBook`."""
        source, keys = (
            (_LETTERS_OF_NONE, ()) if experiment is None else (_LETTERS_OF_EXPERIMENT, (experiment,))
        )
        async with self._reading() as connection:
            return await _refused(connection, source, keys, filters, below, limit)

    async def rejections(
        self, experiment: int | None, filters: Filters, most: dt.timedelta
    ) -> Sequence[ReasonCount]:
        """See `ports.EventBook`."""
        reason = None if filters.reason is None else filters.reason.value
        async with available():
            rows = await self._pool.fetch(
                _COUNTS, experiment or 0, filters.since, filters.until, most, reason
            )
        return [ReasonCount(**row) for row in rows]

    async def unit(self, unit: str) -> Sequence[UnitAssignment]:
        """See `ports.EventBook`."""
        async with self._reading() as connection:
            rows = await connection.fetch(_ASSIGNMENTS, unit)
            metrics: dict[int, list[asyncpg.Record]] = {}
            for metric in await connection.fetch(_METRICS, [row["experiment"] for row in rows]):
                metrics.setdefault(metric["experiment"], []).append(metric)
        return [_assignment(row, metrics.get(row["experiment"], ())) for row in rows]

    async def arrivals(
        self,
        experiment: int,
        variant: int | None,
        filters: Filters,
        since: dt.datetime | None,
        batches: Sequence[int],
        letters: Sequence[int],
        most: int,
    ) -> Arrivals:
        """See `ports.EventBook`."""
        async with self._reading() as connection:
            now: dt.datetime = await connection.fetchval("select now()")
            if since is None:
                return Arrivals(now, {}, {}, 0, ())
            fresh: dict[int, dt.datetime] = {}
            placed: list[Placed] = []
            count = 0
            values = await _values(connection, experiment, variant, filters) if filters.accepted else None
            if values is not None:
                counted, shown = _NEWS[filters.named]
                given = (*values, since, _FRESH)
                found = await connection.fetch(counted, *given, batches)
                fresh = {row["batch"]: row["at"] for row in found}
                count += sum(row["n"] for row in found)
                rows = await connection.fetch(shown, *given, list(fresh), most) if fresh else []
                placed += map(_event, rows)
            refused: dict[int, dt.datetime] = {}
            if filters.rejected:
                rows = await connection.fetch(_NEW_LETTERS, experiment, since, _NEW, letters)
                refused = {row["id"]: row["received_at"] for row in rows}
                meant = [each for each in map(_letter, rows) if filters.let_through(each[1])]
                count += len(meant)
                placed += meant
        newest = sorted(placed, key=lambda each: each[0], reverse=True)[:most]
        return Arrivals(now, fresh, refused, count, [event for _, event in reversed(newest)])

    @asynccontextmanager
    async def _reading(self) -> "AsyncIterator[asyncpg.Connection[Any]]":
        """One snapshot, and plans that go along an index whatever the planner thinks of the size of a table."""
        async with snapshot(self._pool) as connection:
            await connection.execute(_PINNED)
            yield connection


Values = tuple[int | None, int | None, int | None, int | None, str | None]
"""What the statements of the log are asked for: experiment, kind, metric, variant, unit."""


async def _values(
    connection: "asyncpg.Connection[Any]", experiment: int, variant: int | None, filters: Filters
) -> Values | None:
    """None when nothing can be meant: no event ever used the metric's name."""
    metric = None
    if filters.metric is not None:
        metric = await connection.fetchval("select id from metric where name = $1", filters.metric)
        if metric is None:
            return None
    kind = None if filters.type is None else int(filters.type.kind)
    return experiment, kind, metric, variant, filters.unit


def _statement(filters: Filters) -> str:
    if filters.unit is not None:
        return _OF_UNIT_NAMED if filters.named else _OF_UNIT_UNNAMED
    return _NAMED if filters.named else _UNNAMED


async def _logged(
    connection: "asyncpg.Connection[Any]",
    statement: str,
    values: Values,
    filters: Filters,
    below: Position | None,
    limit: int,
) -> Stretch:
    since = filters.since or _FIRST
    every = statement is _NAMED and values[1:4] == (None, None, None)
    chunk = limit + 1 if every else _OF_UNIT if filters.unit is not None else max(_CHUNK, limit + 1)

    async def read(place: Position) -> tuple[list[Placed], Position | None]:
        # Of one time, the events of the log come before the dead letters.
        number = place.id if place.accepted else 0
        rows = await connection.fetch(statement, *values, since, place.at, UUID(int=number), chunk)
        last = _event(rows[-1])[0] if rows and rows[-1]["place"] == chunk else None
        return [_event(row) for row in rows if row["matched"]], last

    return await _search(read, below or _start(filters), limit)


async def _refused(
    connection: "asyncpg.Connection[Any]",
    statement: str,
    keys: Sequence[int | str],
    filters: Filters,
    below: Position | None,
    limit: int,
) -> Stretch:
    since = filters.since or _FIRST
    chunk = max(_LETTERS, limit + 1)

    async def read(place: Position) -> tuple[list[Placed], Position | None]:
        number = 2**63 - 1 if place.accepted else place.id
        rows = await connection.fetch(statement, since, place.at, number, chunk, *keys)
        placed = [_letter(row) for row in rows]
        last = placed[-1][0] if len(placed) == chunk else None
        return [each for each in placed if filters.let_through(each[1])], last

    return await _search(read, below or _start(filters), limit)


async def _search(
    read: Callable[[Position], Awaitable[tuple[list[Placed], Position | None]]], place: Position, limit: int
) -> Stretch:
    """Read on below `place` until there is one more than `limit`, or nothing more, or no more time."""
    found: list[Placed] = []
    began = time.monotonic()
    end: Position | None = place
    while end is not None and len(found) <= limit and (end is place or time.monotonic() - began < BUDGET):
        more, end = await read(end)
        found += more
    if len(found) > limit:
        end = found[limit][0]
    return Stretch(found[: limit + 1], end)


def _start(filters: Filters) -> Position:
    """Above everything; `until` itself is not meant."""
    return _LAST if filters.until is None else Position(filters.until, False, 0)


def _event(row: "asyncpg.Record") -> Placed:
    event = SeenEvent(
        outcome=Side.ACCEPTED,
        event_id=str(row["event_id"]),
        type=_TYPES[Kind(row["kind"])],
        experiment_id=row["experiment_id"] and str(row["experiment_id"]),
        experiment_key=row["experiment_key"],
        unit_id=row["unit"],
        unit_type=row["unit_type"],
        variant_key=row["variant_key"],
        metric_name=row["metric_name"],
        value=None if row["value"] is None else Decimal(row["value"]) / MICRO,
        occurred_at=row["occurred_at"],
        received_at=row["received_at"],
        door=_door(row["door"]),
        metadata=row["metadata"] and msgspec.Raw(row["metadata"].encode()),
    )
    return Position(row["received_at"], True, row["event_id"].int), event


def _letter(row: "asyncpg.Record") -> Placed:
    event = SeenEvent(
        outcome=Side.REJECTED,
        event_id=row["event_id"],
        experiment_id=row["experiment_id"] and str(row["experiment_id"]),
        experiment_key=row["experiment_key"],
        unit_id=row["unit"],
        received_at=row["received_at"],
        door=_door(row["door"]),
        reason=row["reason"],
        message=row["message"],
        body=row["body"],
        **read_letter(row["body"]),
    )
    return Position(row["received_at"], False, row["id"]), event


def _door(number: int) -> str:
    return Door(number).name.lower()


def _assignment(row: "asyncpg.Record", declared: "Sequence[asyncpg.Record]") -> UnitAssignment:
    adaptive = ExperimentType(row["type"]).adaptive
    return UnitAssignment(
        experiment_id=str(row["experiment_id"]),
        experiment_key=row["experiment_key"],
        experiment_name=row["name"],
        experiment_status=row["status"],
        assignment_id=assignment_id(row["experiment"], row["unit"]),
        variant_id=str(row["variant_id"]),
        variant_key=row["variant_key"],
        variant_name=row["variant_name"],
        propensity=to_fraction(row["propensity"]),
        bucket=row["bucket"],
        revision=row["revision"],
        epoch=None if adaptive else row["epoch"],
        policy_version=row["epoch"] if adaptive else None,
        door=_door(row["door"]),
        attributes=row["attributes"] and msgspec.Raw(row["attributes"].encode()),
        assigned_at=row["assigned_at"],
        first_exposure=row["first_at"],
        metrics=[_metric(metric, row) for metric in declared],
    )


def _metric(metric: "asyncpg.Record", row: "asyncpg.Record") -> UnitMetric:
    """Arrays have one place a slot, and nothing stands for zero; a metric declared later may have no place yet."""

    def place(name: str) -> Any:
        values = row[name] or ()
        return values[metric["slot"] - 1] if metric["slot"] <= len(values) else None

    first_at = row["first_at"]
    return UnitMetric(
        name=metric["name"],
        role=metric["role"],
        kind=metric["kind"],
        events=place("counts") or 0,
        total=Decimal(place("totals") or 0) / MICRO,
        first_at=place("firsts"),
        window_ends_at=first_at and first_at + dt.timedelta(seconds=metric["window_seconds"]),
        before=Decimal(place("before") or 0) / MICRO,
    )


_PINNED = """
set local plan_cache_mode = force_custom_plan;
set local enable_seqscan = off;
set local enable_bitmapscan = off;
set local enable_hashjoin = off;
set local enable_mergejoin = off;
set local enable_sort = off;
"""

_SUBJECT = """
select x.no, x.id, x.key, v.key as variant_key, v.ordinal
from experiments x
join experiment_variants v on v.experiment_id = x.id
"""

# What is meant: $1 experiment, $2 kind, $3 metric, $4 variant, $5 unit.
_WANTED = """
($2::smallint is null or e.kind = $2) and ($3::integer is null or e.metric = $3) and ($5::text is null or e.unit = $5)
"""
_MATCH = f"{_WANTED} and ($4::smallint is null or e.variant = $4)"
# What the fold counts for an experiment that was not named.
_COUNTED = f"""
{_WANTED} and ($4::smallint is null or u.variant = $4) and u.first_at <= e.occurred_at
and coalesce(e.unit_type, 'user') = (select unit_type from experiments where no = $1)
"""
_STATE = """
left join lateral (select variant, first_at from unit_state where unit = e.unit and experiment = $1 limit 1) u on true
"""

_SHOWN = """
f.event_id, f.kind, case when f.experiment is not null then x.id end as experiment_id,
case when f.experiment is not null then x.key end as experiment_key, f.unit, f.unit_type, v.key as variant_key,
m.name as metric_name, f.value, f.occurred_at, f.received_at, f.metadata::text as metadata, f.door
"""
_NAMES = """
left join experiments x on x.no = coalesce(f.experiment, $1)
left join experiment_variants v on v.experiment_id = x.id and v.ordinal = f.drawn
left join metric m on m.id = f.metric
"""


def _found(source: str, *, unnamed: bool = False) -> str:
    """Those of `source` that are meant, and the last one of the stretch, meant or not: from there the search goes on."""
    drawn, meant, state = ("u.variant", _COUNTED, _STATE) if unnamed else ("e.variant", _MATCH, "")
    return f"""
select f.place, f.matched, {_SHOWN}
from (
    select e.*, {drawn} as drawn, coalesce({meant}, false) as matched
    from (select *, row_number() over (order by received_at desc, event_id desc) as place from ({source}) s) e
    {state}
) f
{_NAMES}
where f.matched or f.place = $9
order by f.place
"""


# $6 since, $7 and $8 the place to go on below, $9 how many to look through.
_BELOW = "received_at >= $6 and received_at <= $7 and (received_at, event_id) < ($7, $8::uuid)"
_DOWN = "order by received_at desc, event_id desc limit $9"

# A unit's events are found in the order in which they occurred: 30 days back at most, 5 minutes ahead.
_BY_UNIT = f"""
select *
from (
    select *
    from event
    where unit = $5 and occurred_at >= $6::timestamptz - interval '31 days'
      and occurred_at <= $7::timestamptz + interval '5 minutes'
    order by occurred_at desc
    limit {_OF_UNIT}
) near
where {_BELOW}
"""

_NAMED = _found(f"select * from event where experiment = $1 and {_BELOW} {_DOWN}")
# "Is null" is no equality to the planner: the index's first column has to be named in the order.
_UNNAMED = _found(
    f"select * from event where experiment is null and {_BELOW} {_DOWN.replace('by', 'by experiment desc,')}",
    unnamed=True,
)
_OF_UNIT_NAMED = _found(f"{_BY_UNIT} and experiment = $1 {_DOWN}")
_OF_UNIT_UNNAMED = _found(f"{_BY_UNIT} and experiment is null {_DOWN}", unnamed=True)
_ALL_OF_UNIT = _found(f"{_BY_UNIT} {_DOWN}")


def _fresh(condition: str, *, unnamed: bool = False) -> tuple[str, str]:
    """Two statements: the new batches, with how many of their events are meant; and the newest events of these batches.

    A batch is visible as a whole or not at all: what was counted once is known by it, however late another batch with an
    earlier time is committed. $6 since, $7 how many to look through, $8 batches, $9 how many to show.
    """
    drawn, meant, state = ("u.variant", _COUNTED, _STATE) if unnamed else ("e.variant", _MATCH, "")
    source = f"select * from event where {condition} and received_at >= $6 and batch"
    down = "order by experiment desc, received_at desc limit $7"
    counted = f"""
select batch, min(received_at) as at, count(*) as n
from ({source} <> all ($8::bigint[]) {down}) e
{state}
where {meant}
group by batch
"""
    shown = f"""
select {_SHOWN}
from (
    select e.*, {drawn} as drawn
    from ({source} = any ($8::bigint[]) {down}) e
    {state}
    where {meant}
    order by received_at desc, event_id desc
    limit $9
) f
{_NAMES}
"""
    return counted, shown


_NEWS = {True: _fresh("experiment = $1"), False: _fresh("experiment is null", unnamed=True)}

_SHOWN_LETTER = """
select d.id, d.received_at, x.id as experiment_id, x.key as experiment_key, d.reason, d.message, d.event_id, d.unit, d.door, d.body
from dead_letter d
left join experiments x on x.no = d.experiment
"""


def _letters(condition: str, order: str = "") -> str:
    return f"""
{_SHOWN_LETTER}
where {condition} and d.received_at >= $1 and d.received_at <= $2 and (d.received_at, d.id) < ($2, $3)
order by {order} d.received_at desc, d.id desc
limit $4
"""


_LETTERS_OF_NONE = _letters("d.experiment is null", "d.experiment desc,")
_LETTERS_OF_EXPERIMENT = _letters("d.experiment = $5")
_LETTERS_OF_UNIT = _letters("d.unit = $5")
_LETTERS_OF_BOTH = _letters("d.experiment = $5 and d.unit = $6")

_COUNTS = """
select hour, reason, sum(count)::bigint as count
from dead_letter_count
where experiment = $1 and hour < coalesce($3, now()) and hour > greatest($2, coalesce($3, now()) - $4::interval) - interval '1 hour'
  and ($5::text is null or reason = $5)
group by hour, reason
order by hour desc, reason
"""

_ASSIGNMENTS = """
select a.unit, a.experiment, x.id as experiment_id, x.key as experiment_key, x.name, x.status, x.type, v.id as variant_id,
       v.key as variant_key, v.name as variant_name, a.propensity, a.bucket, a.revision, a.epoch, a.door,
       a.attributes::text as attributes, a.assigned_at, s.first_at, s.counts, s.totals, s.firsts, s.before
from assignment a
join experiments x on x.no = a.experiment
join experiment_variants v on v.experiment_id = x.id and v.ordinal = a.variant
left join unit_state s on s.unit = a.unit and s.experiment = a.experiment
where a.unit = $1 or a.stay_of = $1
order by a.assigned_at desc, a.experiment
limit 1000
"""

# The logs know each by a name of its own: the newest, as many as a page can show.
_STAYS = "select unit from assignment where stay_of = $1 order by assigned_at desc limit 20"

_METRICS = """
select e.experiment, m.name, e.slot, e.role, e.kind, e.window_seconds
from experiment_metric e
join metric m on m.id = e.metric
where e.experiment = any ($1::integer[])
order by e.experiment, e.slot
"""

_NEW_LETTERS = f"""
{_SHOWN_LETTER}
where d.experiment = $1 and d.received_at >= $2 and d.id <> all ($4::bigint[])
order by d.received_at desc, d.id desc
limit $3
"""
