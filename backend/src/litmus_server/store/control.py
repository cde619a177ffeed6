"""Experiments in PostgreSQL: reading them whole, and changing one with everything that follows from the change.

The row of `configuration_head` is the lock: whoever holds it makes the next revision. It must not know the rules of
the lifecycle; the service decides what a change is.
"""

import datetime as dt
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
from litmus.decide import names

from litmus_server.bandits.allocation import carried_over
from litmus_server.bandits.checksum import checksum
from litmus_server.domain.acting import acting_of, promotion_of
from litmus_server.domain.alarm import Alarm
from litmus_server.domain.audit import AuditEntry, Cause, Trail
from litmus_server.domain.draft import ExperimentType, is_id
from litmus_server.domain.errors import Conflict
from litmus_server.domain.experiment import Experiment, Shared, Status, Variant, describe, entry
from litmus_server.domain.holdback import mixed, published_holdback, unmixed
from litmus_server.domain.layer import Allocation
from litmus_server.domain.listing import EARLIEST, LATEST, Listing, searched
from litmus_server.domain.metric import Metric
from litmus_server.domain.plan import plan_of
from litmus_server.domain.policy import Policy, signed
from litmus_server.domain.ramp import progress_of
from litmus_server.domain.schedule import due_at
from litmus_server.domain.weights import share_to_ppm
from litmus_server.ports import Due, Ramping
from litmus_server.store.alarms import acknowledge, read_alarms
from litmus_server.store.audit import record, recorded
from litmus_server.store.database import available, snapshot
from litmus_server.store.derived import declare
from litmus_server.store.jobs import enqueue
from litmus_server.store.policies import publish
from litmus_server.store.shared import read_audiences, read_holdout, read_layers

CHANNEL = "litmus_configuration"
"""NOTIFY carries the experiment's number: a hint that it has a new revision, nothing more."""


class Change:
    """See `ports.CatalogChange`."""

    def __init__(self, connection: "asyncpg.Connection[Any]", revision: int, at: dt.datetime) -> None:
        """`revision` is the head's, which the connection holds locked."""
        self._connection = connection
        self._revision = revision
        self.at = at

    async def get(self, reference: str) -> Experiment | None:
        """By id or key, as it is now."""
        return await _get(self._connection, reference)

    async def taken(self, name: str, key: str, besides: UUID) -> tuple[bool, bool]:
        """Whether the name, and whether the key, is that of another experiment, archived ones included."""
        row = await self._connection.fetchrow(_TAKEN, name, key, besides)
        return row["name"], row["key"]

    async def shared(self, audiences: Collection[str], layers: Collection[str]) -> Shared:
        """The audiences of these keys with those that they name, the layers of these keys, and the holdout."""
        return Shared(
            await read_audiences(self._connection, audiences),
            {layer.key: layer for layer in await read_layers(self._connection, layers)} if layers else {},
            await read_holdout(self._connection),
        )

    async def save(
        self, before: Experiment | None, after: Experiment, action: str, cause: Cause
    ) -> Experiment:
        """Write `after` under the next revision, with all that follows: document, history, audit, policy, hint."""
        connection = self._connection
        self._revision = await next_revision(connection)
        after = replace(after, revision=self._revision, metrics=await self._numbered(after.metrics))
        if before is None:
            after = replace(after, no=await connection.fetchval(_INSERT, *_columns(after)))
        else:
            await connection.execute(_UPDATE, *_columns(after))
        if (
            before is None or after.variants is not before.variants
        ):  # to Python a config of 1 equals one of true
            await connection.execute("delete from experiment_variants where experiment_id = $1", after.id)
            await self._write_variants(after)
        await self._write_metrics(after, () if before is None else before.metrics)
        if await declare(connection, after):
            await self.refold(after.no)
        shared = await self.shared(names(after.audience), [after.layer.key] if after.layer else [])
        await connection.execute(_DOCUMENT, after.no, after.revision, entry(after, shared=shared))
        begun = 0 if before is None else len(before.history)
        await connection.executemany(
            _HISTORY, [(after.no, at, str(status)) for at, status in after.history[begun:]]
        )
        await record(
            connection,
            self.at,
            action,
            cause,
            key=after.key,
            experiment=after.id,
            before=None if before is None else describe(before),
            after=describe(after),
        )
        if before is not None and (before.status, after.status) == (Status.PAUSED, Status.RUNNING):
            await connection.execute(_ACKNOWLEDGE, after.no, self.at, cause.actor or cause.principal.name)
        if after.learning:
            await self._publish(after)
        await connection.execute("select pg_notify($1, $2)", CHANNEL, str(after.no))
        return after

    async def delete(self, experiment: Experiment, cause: Cause) -> int:
        """Remove it with its documents, under the next revision, which it answers; only the audit remembers it."""
        connection = self._connection
        revision = await next_revision(connection)
        await connection.execute(_DELETED, experiment.no, revision)
        await connection.execute("delete from experiments where id = $1", experiment.id)
        await record(
            connection,
            self.at,
            "delete",
            cause,
            key=experiment.key,
            experiment=experiment.id,
            before=describe(experiment),
            after=None,
        )
        await connection.execute("select pg_notify($1, $2)", CHANNEL, str(experiment.no))
        return revision

    async def acknowledge(self, experiment: int, alarm: int, by: str) -> Alarm | None:
        """See the port."""
        return await acknowledge(self._connection, experiment, alarm, by, self.at)

    async def refold(self, experiment: int) -> None:
        """Ask for a new fold of this experiment's log, once this change is committed."""
        await enqueue(self._connection, "refold", {"experiment": experiment}, dedupe_key=str(experiment))

    async def _publish(self, experiment: Experiment) -> None:
        """A policy counts for its own revision only, so each revision gets one: the newest shares of the arms that are active, or the
        first ones.
        """
        newest = await self._connection.fetchrow(_NEWEST, experiment.no)
        version, shares, units = 1, experiment.weights, 0
        document: dict[str, Any] = {"reason": "start"}
        active = [variant.state == "active" for variant in experiment.variants]
        if newest is not None:
            version, units = newest["version"] + 1, newest["units"]
            floor = share_to_ppm(experiment.parameters.get("floor", 0), "/parameters/floor")
            before = unmixed(newest["propensities"], newest["state"].get("holdback", ()))
            joined = (0,) * (len(active) - len(before))  # variants that it did not know
            shares = carried_over(before + joined, active, floor) or shares
            document = {"reason": "configuration", "watermark": newest["state"].get("watermark")}
            model = newest["state"].get("model")
            if model is not None and model["arms"] == len(
                active
            ):  # else its shares decide until the learner has another one
                document["model"] = newest["state"]["model"]
        if experiment.holdback is not None:
            parts = experiment.holdback.parts(active, experiment.control)
            shares, document["holdback"] = mixed(shares, parts), list(parts)
        signature = checksum(signed(str(experiment.id), version, experiment.revision, shares, document))
        policy = Policy(
            experiment=experiment.no,
            version=version,
            revision=experiment.revision,
            parent=None if newest is None else newest["version"],
            propensities=shares,
            units=units,
            checksum=signature,
            published_at=self.at,
            document=document,
        )
        # Learners wait for the row of the experiment, which this transaction has changed: none can be faster now.
        if not await publish(self._connection, policy):
            raise Conflict("Another policy was published at the same time; try again")

    async def _numbered(self, metrics: tuple[Metric, ...]) -> tuple[Metric, ...]:
        names = sorted({metric.name for metric in metrics if not metric.id})
        if not names:
            return metrics
        await self._connection.execute(_NEW_NAMES, names)
        ids = dict(await self._connection.fetch(_NAMES, names))
        return tuple(metric if metric.id else replace(metric, id=ids[metric.name]) for metric in metrics)

    async def _write_variants(self, experiment: Experiment) -> None:
        rows = [
            (
                each.id,
                experiment.id,
                each.key,
                each.name,
                each.ordinal,
                each.is_control,
                each.weight,
                each.config,
                each.created_at,
                each.factors,
                each.state,
            )
            for each in experiment.variants
        ]
        await self._connection.executemany(_VARIANT, rows)

    async def _write_metrics(self, experiment: Experiment, known: tuple[Metric, ...]) -> None:
        """Those of a draft may all be others; later ones can only be added, and some of what they say changed."""
        changed = experiment.metrics[: len(known)] != known
        if changed and experiment.status is Status.DRAFT:
            await self._connection.execute(
                "delete from experiment_metric where experiment = $1", experiment.no
            )
            known = ()
        rows = [
            (
                experiment.no,
                each.id,
                each.slot,
                str(each.role),
                str(each.kind),
                str(each.direction),
                each.window_seconds,
                {name: msgspec.to_builtins(getattr(each, name)) for name in _DETAILS},
            )
            for each in experiment.metrics
            if each not in known
        ]
        await self._connection.executemany(_METRIC, rows)


class Control:
    """See `ports.Catalog`."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        """Uses one connection of the pool for each call."""
        self._pool = pool

    @asynccontextmanager
    async def change(self) -> AsyncIterator[Change]:
        """One transaction: committed at the end of the block, undone when it raises."""
        async with available(), self._pool.acquire() as connection, connection.transaction():
            yield Change(connection, *await locked(connection))

    async def get(self, reference: str) -> Experiment | None:
        """By id or key."""
        async with snapshot(self._pool) as connection:
            return await _get(connection, reference)

    async def due(self, at: dt.datetime | None = None) -> Due:
        """See the port."""
        async with snapshot(self._pool) as connection:
            moment = at or await connection.fetchval("select clock_timestamp()")
            ids = [str(row["id"]) for row in await connection.fetch(_DUE, moment)]
            ramping = [
                Ramping(str(row["id"]), row["no"], row["alarmed"]) for row in await connection.fetch(_RAMPING)
            ]
            return Due(moment, ids, ramping)

    async def find(self, listing: Listing) -> tuple[list[Experiment], int]:
        """See the port. One look finds the page and counts; then the page is read."""
        query, arguments = _found(listing)
        async with snapshot(self._pool) as connection:
            total, page = await connection.fetchrow(query, *arguments)
            found = {each.no: each for each in await read_experiments(connection, "no = any ($1)", page)}
            return [found[no] for no in page], total

    async def audit(self, trail: Trail) -> list[AuditEntry]:
        """See the port."""
        async with snapshot(self._pool) as connection:
            return await recorded(connection, trail)

    async def alarms(self, experiment: int, before: int | None, limit: int) -> list[Alarm]:
        """See the port."""
        async with snapshot(self._pool) as connection:
            return await read_alarms(connection, experiment, before, limit)


async def locked(connection: "asyncpg.Connection[Any]") -> tuple[int, dt.datetime]:
    """Lock the head, for this transaction; its revision, and the time."""
    revision = await connection.fetchval("select revision from configuration_head for update")
    return revision, await connection.fetchval("select clock_timestamp()")


async def next_revision(connection: "asyncpg.Connection[Any]") -> int:
    """Of the whole configuration, whose head is locked."""
    revision: int = await connection.fetchval(_NEXT_REVISION)
    return revision


async def read_experiments(
    connection: "asyncpg.Connection[Any]", where: str, *arguments: object
) -> list[Experiment]:
    """Those for which this SQL condition over `experiments` holds, oldest first."""
    rows = await connection.fetch(f"{_SELECT} where {where} order by no", *arguments)
    return [_experiment(row) for row in rows]


async def _get(connection: "asyncpg.Connection[Any]", reference: str) -> Experiment | None:
    column = "id = $1::uuid" if is_id(reference) else "key = $1"
    found = await read_experiments(connection, column, reference)
    return found[0] if found else None


def _experiment(row: asyncpg.Record) -> Experiment:
    # Not dict(row): the names of a record are not interned, and as keywords they cost as much as all the rest here.
    fields = dict(zip(_FIELDS, row, strict=True))
    fields |= {
        "type": ExperimentType(fields["type"]),
        "status": Status(fields["status"]),
        "tags": tuple(fields["tags"]),
        "dimensions": tuple(fields["dimensions"]),
        "variants": _variants.decode(fields["variants"]),
        "metrics": _metrics.decode(fields["metrics"]),
        "history": _history.decode(fields["history"]),
    }
    progress = fields["progress"]
    fields["progress"] = None if progress is None else progress_of(progress)
    promotion = fields["promotion"]
    fields["promotion"] = None if promotion is None else promotion_of(promotion)
    fields["acting"] = acting_of(fields["acting"])
    fields["analysis"] = plan_of(fields["analysis"])
    fields["holdback"] = published_holdback(fields)
    layer, start, stop = (fields.pop(name) for name in ("layer", "layer_from", "layer_to"))
    fields["layer"] = None if layer is None else Allocation(layer, start, stop)
    return Experiment(**fields)


def _columns(experiment: Experiment) -> tuple[object, ...]:
    """In the order of _COLUMNS."""
    layer = experiment.layer
    given = {name: getattr(experiment, name, None) for name in _COLUMNS} | {
        "type": str(experiment.type),
        "status": str(experiment.status),
        "tags": list(experiment.tags),
        "dimensions": list(experiment.dimensions),
        "parameters": dict(experiment.parameters),
        "holdback": experiment.holdback and experiment.holdback.published,
        "forced": dict(experiment.forced),
        "layer": layer and layer.key,
        "layer_from": layer and layer.start,
        "layer_to": layer and layer.stop,
        "progress": experiment.progress and experiment.progress.document,
        "acting": experiment.acting.document,
        "analysis": experiment.analysis.document,
        "promotion": experiment.promotion and experiment.promotion.document,
        "due_at": due_at(experiment),
        "search": searched(experiment),
    }
    return tuple(given[name] for name in _COLUMNS)


_COLUMNS = (
    "id", "key", "name", "description", "hypothesis", "owner", "tags", "type", "status", "unit_type", "ttl_seconds", "public", "salt",
    "traffic", "epoch", "revision", "parameters", "dimensions", "cohort_hours", "planned_units", "min_sample_size",
    "significance", "auto_promote", "audience", "layer", "layer_from", "layer_to", "holdout", "holdback", "forced", "starts_at",
    "ends_at", "start_failed", "ramp", "progress", "acting", "promotion", "analysis", "factors", "features", "value_type", "cloned_from", "winner_variant_id", "created_at", "updated_at", "started_at",
    "completed_at", "archived_at", "due_at", "search",
)  # fmt: skip
"""Those that are fields of an Experiment, by the same names, its place in a layer, and what is searched."""

_PLACEHOLDERS = [
    f"(select l.no from layer l where l.key = ${place})" if name == "layer" else f"${place}"
    for place, name in enumerate(_COLUMNS, 1)
]
_FROM_ELSEWHERE = {
    "layer": "(select l.key from layer l where l.no = experiments.layer)",
    "variants": """(select json_agg(v order by v.ordinal) from (
        select id, key, name, ordinal, is_control, weight, config, created_at, factors, state
        from experiment_variants where experiment_id = experiments.id) v)""",
    "metrics": """(select coalesce(json_agg(d.details || to_jsonb(d) - 'details' order by d.slot), '[]') from (
        select m.name, e.role, e.kind, e.direction, e.window_seconds, e.slot, m.id, e.details
        from experiment_metric e join metric m on m.id = e.metric where e.experiment = experiments.no) d)""",
    "history": """(select json_agg(json_build_array(h.at, h.status) order by h.at)
        from status_history h where h.experiment = experiments.no)""",
}
_FIELDS = ("no", *_COLUMNS[:-2], "variants", "metrics", "history")
_SELECT = f"select {', '.join(_FROM_ELSEWHERE.get(name, name) for name in _FIELDS)} from experiments"

# What hangs on an experiment comes as JSON with the names of the domain's fields: one query, and no loop over its rows.
_variants = msgspec.json.Decoder(tuple[Variant, ...])
_metrics = msgspec.json.Decoder(tuple[Metric, ...])
_history = msgspec.json.Decoder(tuple[tuple[dt.datetime, Status], ...])

_DUE = "select id from experiments where due_at <= $1 order by due_at limit 100"

_RAMPING = """
select id, no, progress ->> 'alarm' is not null as alarmed
from experiments
where progress is not null and status = 'running'
"""

_NEXT_REVISION = "update configuration_head set revision = revision + 1 returning revision"

_TAKEN = """
select exists (select from experiments where name = $1 and id <> $3) as name,
       exists (select from experiments where key = $2 and id <> $3) as key
"""

_INSERT = f"""
insert into experiments ({", ".join(_COLUMNS)})
values ({", ".join(_PLACEHOLDERS)})
returning no
"""

_UPDATE = f"""
update experiments
set {", ".join(f"{name} = {value}" for name, value in zip(_COLUMNS, _PLACEHOLDERS, strict=True) if name != "id")}
where id = $1
"""

# A config of null is JSON's null, not SQL's.
_VARIANT = """
insert into experiment_variants (id, experiment_id, key, name, ordinal, is_control, weight, config, created_at, factors, state)
values ($1, $2, $3, $4, $5, $6, $7, coalesce($8, 'null'::jsonb), $9, $10, $11)
"""

_DETAILS = (
    "numerator", "denominator", "quantile", "cap", "margin", "minimum_effect", "unit", "description", "covariates",
)  # fmt: skip
"""Fields of a Metric that have no column of their own."""

# In one order, so that two writers of new names cannot wait for each other.
_NEW_NAMES = """
insert into metric (name)
select name from unnest($1::text[]) as new (name)
where not exists (select from metric m where m.name = new.name)
order by name
on conflict (name) do nothing
"""

_NAMES = "select name, id from metric where name = any($1::text[])"

_METRIC = """
insert into experiment_metric (experiment, metric, slot, role, kind, direction, window_seconds, details)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (experiment, metric) do update set details = excluded.details
"""

_DOCUMENT = "insert into configuration (experiment, revision, document) values ($1, $2, $3)"

_DELETED = "insert into experiment_deleted (experiment, revision) values ($1, $2)"

_HISTORY = "insert into status_history (experiment, at, status) values ($1, $2, $3)"

# Whoever resumes has borne with what guardrails have shown so far: see rules/guardrails.py.
_ACKNOWLEDGE = """
update alarm set cleared_at = greatest($2, raised_at), cleared_by = $3
where experiment = $1 and kind = 'guardrail' and cleared_at is null
"""

_NEWEST = """
select p.version, p.propensities, p.state, p.units
from policy_head h
join policy p using (experiment, version)
where h.experiment = $1
"""


def _found(listing: Listing) -> tuple[str, list[object]]:
    """The query that counts what is listed and names those on the page, and its arguments: only what is asked is looked at."""
    arguments: list[object] = []

    def given(value: object) -> str:
        arguments.append(value)
        return f"${len(arguments)}"

    wanted = ["true"]
    if listing.statuses is not None:
        wanted.append(f"status = any ({given([str(status) for status in listing.statuses])})")
    if listing.archived is not None:
        wanted.append(f"archived_at is {'not null' if listing.archived else 'null'}")
    if listing.types is not None:
        wanted.append(f"type = any ({given([str(kind) for kind in listing.types])})")
    if listing.tags:
        wanted.append(f"tags @> {given(list(listing.tags))}::text[]")
    if listing.owner is not None:
        wanted.append(f"owner = {given(listing.owner)}")
    if listing.metric is not None:
        wanted.append(
            "no in (select e.experiment from experiment_metric e join metric m on m.id = e.metric "
            f"where m.name = {given(listing.metric)})"
        )
    wanted += [f"position({given(word)} in search) > 0" for word in listing.words]
    direction, beyond = ("desc", "<") if listing.order.descending else ("asc", ">")
    never = (EARLIEST if listing.order.descending else LATEST).isoformat()
    place = (
        f"coalesce(started_at, '{never}')" if listing.order.column == "started_at" else listing.order.column
    )
    rest = ""
    if listing.after is not None:
        value, identity = given(listing.after.value), given(listing.after.id)
        rest = f"where place {beyond} {value} or (place = {value} and id > {identity})"
    query = f"""
        with wanted as materialized (select no, id, {place} as place from experiments where {" and ".join(wanted)})
        select (select count(*) from wanted),
               array (select no from wanted {rest} order by place {direction}, id limit {given(listing.limit)})
    """
    return query, arguments
