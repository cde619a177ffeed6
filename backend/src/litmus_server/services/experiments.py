"""Making and changing experiments: the use cases of the control plane.

Each change is one transaction that takes the next revision of the whole configuration, so all changes of all
machines stand in one order. It must not know SQL or HTTP.
"""

import datetime as dt
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any, NamedTuple
from uuid import uuid4

from litmus.decide import names

from litmus_server.domain.alarm import Alarm
from litmus_server.domain.audit import AuditEntry, Cause, Trail
from litmus_server.domain.draft import TITLE, Draft, is_reference
from litmus_server.domain.edit import cloned, edited
from litmus_server.domain.errors import Conflict, Fault, Invalid, NotFound, Unavailable
from litmus_server.domain.experiment import Experiment, Shared, Status, Variant, begin, placed
from litmus_server.domain.layer import LayerShare
from litmus_server.domain.listing import Listing, cursor_after, decode_cursor, encode_cursor, wrong_cursor
from litmus_server.domain.metric import Metric
from litmus_server.domain.ramp import Hold
from litmus_server.ports import Catalog, CatalogChange

MOST_AUDIT = 200


class Page(NamedTuple):
    """`total` counts those of all pages; `cursor` is None on the last."""

    experiments: list[Experiment]
    total: int
    cursor: str | None


class AlarmPage(NamedTuple):
    """`cursor` is None on the last page."""

    alarms: list[Alarm]
    cursor: str | None


class AuditPage(NamedTuple):
    """`cursor` is None on the last page."""

    entries: list[AuditEntry]
    cursor: str | None


class Experiments:
    """Every method raises Unavailable when the database is away; a change is then done wholly or not at all."""

    def __init__(self, catalog: Catalog, refresh: Callable[[], Awaitable[None]] | None = None) -> None:
        """`catalog` keeps them. `refresh` lets this process decide by a change before the change is answered."""
        self._catalog, self._refresh = catalog, refresh

    async def create(self, draft: Draft, cause: Cause) -> Experiment:
        """A new experiment in status draft. Raises Invalid when its name or key is taken."""
        async with self._changing() as change:
            ids = tuple(uuid4() for _ in draft.variants)
            shared = await change.shared(_keys(draft.audience), [draft.layer.key] if draft.layer else [])
            experiment = begin(draft, uuid4(), ids, secrets.token_hex(8), change.at, shared)
            await _refuse_taken(change, experiment)
            return await change.save(None, experiment, "create", cause)

    async def get(self, reference: str) -> Experiment:
        """By id or key. Raises NotFound."""
        found = await self._catalog.get(reference) if is_reference(reference) else None
        if found is None:
            raise NotFound("Experiment", reference)
        return found

    async def list(self, listing: Listing) -> Page:
        """One page of experiments."""
        found, total = await self._catalog.find(replace(listing, limit=listing.limit + 1))
        page = found[: listing.limit]
        return Page(page, total, cursor_after(page[-1], listing.order) if len(found) > len(page) else None)

    async def edit(
        self, reference: str, changes: Mapping[str, Any], cause: Cause, revision: int | None = None
    ) -> Experiment:
        """Change these fields, as `domain/edit.py` allows; nothing is written when nothing differs. Raises as
        `set_status`, and Invalid.
        """
        async with self._changing() as change:
            before = await _current(change, reference, revision)
            after = edited(before, changes, change.at, uuid4, await _mentioned(change, before, changes))
            if after is before:
                return before
            await _refuse_taken(change, after)
            return await change.save(before, after, "edit", cause)

    async def clone(
        self, reference: str, changes: Mapping[str, Any], cause: Cause, revision: int | None = None
    ) -> Experiment:
        """A new draft like this one, which may be archived, but for these fields. Raises NotFound, Conflict, Invalid."""
        async with self._changing() as change:
            original = await _current(change, reference, revision)
            shared = await _mentioned(change, original, changes)
            clone = cloned(original, changes, change.at, uuid4, secrets.token_hex(8), shared)
            await _refuse_taken(change, clone)
            return await change.save(None, clone, "clone", cause)

    async def archive(self, reference: str, cause: Cause, revision: int | None = None) -> Experiment:
        """Put a draft or a completed one away, not for ever. Raises as `set_status`."""
        return await self._change(reference, revision, "archive", cause, Experiment.archived)

    async def restore(self, reference: str, cause: Cause, revision: int | None = None) -> Experiment:
        """Take it out of the archive. A draft may get another range of its layer, if somebody took its own meanwhile. Raises as
        `set_status`, and Invalid when the layer has no room.
        """
        async with self._changing() as change:
            before = await _current(change, reference, revision)
            after = before.restored(change.at)
            if after is before:
                return before
            if after.layer is not None and after.status is Status.DRAFT:
                share = LayerShare(after.layer.key, after.layer.share)
                after = placed(replace(after, layer=None), share, await _mentioned(change, before, {}))
            return await change.save(before, after, "restore", cause)

    async def delete(
        self, reference: str, cause: Cause, revision: int | None = None
    ) -> tuple[Experiment, int]:
        """Remove a draft for ever; its name and key are free again. Answers what it was, and the revision without it.

        Raises NotFound and Conflict, and Invalid for what has started: units may have been assigned.
        """
        async with self._changing() as change:
            draft = await _current(change, reference, revision)
            if draft.status is not Status.DRAFT:
                message = (
                    f"only a draft can be deleted, and this is {draft.status}: stop and archive it instead"
                )
                raise Invalid(message.capitalize(), (Fault("", message),))
            return draft, await change.delete(draft, cause)

    async def set_status(
        self,
        reference: str,
        status: Status,
        cause: Cause,
        revision: int | None = None,
        winner: str | None = None,
    ) -> Experiment:
        """Move it to this status; nothing is written when it has it already. `winner`: as `conclude`.

        Raises NotFound, InvalidTransition, Invalid, and Conflict when `revision` is given and is not the experiment's.
        """
        if winner is not None:
            if status is not Status.COMPLETED:
                message = "can only be named with the status completed"
                raise Invalid(f"winner_variant_id: {message}", (Fault("/winner_variant_id", message),))
            return await self.conclude(reference, winner, cause, revision)
        async with self._changing() as change:
            before = await _current(change, reference, revision)
            if before.status is status:
                return before
            return await change.save(before, before.moved(status, change.at), _verb(before, status), cause)

    async def conclude(
        self, reference: str, winner: str, cause: Cause, revision: int | None = None
    ) -> Experiment:
        """Completed, and everybody gets this variant (key or id) from now on; one that is completed can be given a
        winner later, or another one. Raises as `set_status`.
        """

        def rule(before: Experiment, at: dt.datetime) -> Experiment:
            return before.concluded(_winner(before, winner), at)

        return await self._change(reference, revision, "conclude", cause, rule)

    async def ship(
        self, reference: str, winner: str | None, cause: Cause, revision: int | None = None
    ) -> Experiment:
        """Another winner (key or id) of one that is completed, or None: everybody gets the control again. Raises as
        `set_status`.
        """

        def rule(before: Experiment, at: dt.datetime) -> Experiment:
            return before.shipping(None if winner is None else _winner(before, winner), at)

        return await self._change(reference, revision, "ship", cause, rule)

    async def hold_ramp(self, reference: str, cause: Cause, revision: int | None = None) -> Experiment:
        """Its share of traffic stays until the ramp is resumed. Raises as `set_status`, and Invalid without a ramp."""

        def rule(before: Experiment, at: dt.datetime) -> Experiment:
            return before.held(Hold(cause.actor or cause.principal.name, cause.reason, at))

        return await self._change(reference, revision, "hold_ramp", cause, rule)

    async def resume_ramp(self, reference: str, cause: Cause, revision: int | None = None) -> Experiment:
        """Its ramp goes on, at once where its time has come meanwhile. Raises as `hold_ramp`."""
        return await self._change(reference, revision, "resume_ramp", cause, Experiment.resumed)

    async def start(self, reference: str, cause: Cause, revision: int | None = None) -> Experiment:
        """Running, from draft or paused. Raises as `set_status`."""
        return await self.set_status(reference, Status.RUNNING, cause, revision)

    async def pause(self, reference: str, cause: Cause, revision: int | None = None) -> Experiment:
        """Control for everybody, until it is resumed. Raises as `set_status`."""
        return await self.set_status(reference, Status.PAUSED, cause, revision)

    async def resume(self, reference: str, cause: Cause, revision: int | None = None) -> Experiment:
        """Running again. Raises as `set_status`."""
        return await self.set_status(reference, Status.RUNNING, cause, revision)

    async def stop(self, reference: str, cause: Cause, revision: int | None = None) -> Experiment:
        """Completed, for ever. Raises as `set_status`."""
        return await self.set_status(reference, Status.COMPLETED, cause, revision)

    async def declare_metric(
        self, reference: str, metric: Metric, cause: Cause, revision: int | None = None
    ) -> Experiment:
        """Measure one more metric; what the log holds of it already is folded in by a job. Raises as `set_status`, and Invalid."""
        async with self._changing() as change:
            before = await _current(change, reference, revision)
            after = await change.save(before, before.measuring(metric, change.at), "declare_metric", cause)
            if after.status is not Status.DRAFT:
                await change.refold(after.no)
            return after

    async def freeze_cap(self, reference: str, metric: str, value: int, cause: Cause) -> Experiment:
        """The cap of a metric that is a quantile is this, in micro-units, from now on; nothing is written when it has one, or none
        is asked for any more. Raises NotFound.
        """

        def rule(before: Experiment, at: dt.datetime) -> Experiment:
            return before.freezing(metric, value, at)

        return await self._change(reference, None, "freeze_cap", cause, rule)

    async def acknowledge(
        self, reference: str, alarm: int, cause: Cause, revision: int | None = None
    ) -> Experiment:
        """A person bears with what this alarm says: it stands no longer, and is raised again only on as much evidence anew.

        Nothing is written where somebody did so before. Raises as `set_status`, NotFound for the alarm, and Invalid when it became
        right by itself.
        """
        async with self._changing() as change:
            before = await _current(change, reference, revision)
            found = await change.acknowledge(before.no, alarm, cause.actor or cause.principal.name)
            if found is None:
                raise NotFound("Alarm", str(alarm))
            if found.acknowledged_by is not None:
                return before
            if found.cleared_at is not None:
                message = f"it became right by itself at {found.cleared_at:%Y-%m-%d %H:%M} UTC"
                raise Invalid(f"The alarm does not stand: {message}", (Fault("", message),))
            # Another revision, so that whoever shows the alarm stops.
            after = replace(before, updated_at=before.after(change.at))
            told = replace(
                cause, evidence={"alarm": found.id, "kind": str(found.kind), "message": found.message}
            )
            return await change.save(before, after, "acknowledge_alarm", told)

    async def alarms(self, reference: str, cursor: str | None, limit: int) -> AlarmPage:
        """Those that stand and those that stood, newest first. Raises NotFound, and Invalid for a cursor that is none."""
        experiment = await self.get(reference)
        before = None if cursor is None else _read_number_cursor(cursor, "alarms")
        found = await self._catalog.alarms(experiment.no, before, limit + 1)
        page = found[:limit]
        return AlarmPage(page, encode_cursor("alarms", str(page[-1].id)) if len(found) > limit else None)

    async def audit(self, trail: Trail, cursor: str | None = None) -> AuditPage:
        """What was changed, newest first. Raises Invalid for a cursor that is none."""
        before = None if cursor is None else _read_number_cursor(cursor, "audit")
        found = await self._catalog.audit(replace(trail, before=before, limit=trail.limit + 1))
        page = found[: trail.limit]
        return AuditPage(page, encode_cursor("audit", str(page[-1].id)) if len(found) > len(page) else None)

    async def _change(
        self,
        reference: str,
        revision: int | None,
        action: str,
        cause: Cause,
        rule: Callable[[Experiment, dt.datetime], Experiment],
    ) -> Experiment:
        """The change that a rule makes; nothing is written when it answers the experiment itself."""
        async with self._changing() as change:
            before = await _current(change, reference, revision)
            after = rule(before, change.at)
            return before if after is before else await change.save(before, after, action, cause)

    @asynccontextmanager
    async def _changing(self) -> AsyncIterator[CatalogChange]:
        async with self._catalog.change() as change:
            yield change
        if self._refresh is not None:
            # The change is committed, whatever becomes of the look at it.
            with suppress(Unavailable):
                await self._refresh()


async def _current(change: CatalogChange, reference: str, revision: int | None) -> Experiment:
    found = await change.get(reference) if is_reference(reference) else None
    if found is None:
        raise NotFound("Experiment", reference)
    if revision not in {None, found.revision}:
        message = f"The experiment is at revision {found.revision}, not {revision}: somebody changed it"
        raise Conflict(message, found.revision)
    return found


def _winner(experiment: Experiment, reference: str) -> Variant:
    variant = experiment.variant(reference)
    if variant is None:
        message = f"must be one of its variants: {', '.join(each.key for each in experiment.variants)}"
        raise Invalid(f"winner: {message}", (Fault("/winner", message),))
    return variant


async def _mentioned(change: CatalogChange, before: Experiment, changes: Mapping[str, Any]) -> Shared:
    """What is named before a change or afterwards, as far as anything sensible is named."""
    layers = {before.layer.key} if before.layer else set()
    match changes.get("layer"):
        case {"key": str(key)} if is_reference(key):
            layers.add(key)
    return await change.shared(_keys(before.audience) | _keys(changes.get("audience")), layers)


def _keys(condition: object) -> set[str]:
    """What cannot be a key names no audience."""
    return {name for name in names(condition) if is_reference(name)}


async def _refuse_taken(change: CatalogChange, experiment: Experiment) -> None:
    name, key = await change.taken(experiment.name, experiment.key, experiment.id)
    if name:
        message = f"Experiment name must be unique: there is already one called {experiment.name}"
        raise Invalid(message, (Fault("/name", "must be unique, and is taken"),), TITLE)
    if key:
        message = f"Experiment key must be unique: {experiment.key} is taken; give another key"
        raise Invalid(message, (Fault("/key", f"must be unique, and {experiment.key} is taken"),), TITLE)


def _verb(before: Experiment, status: Status) -> str:
    if status is Status.RUNNING:
        return "start" if before.status is Status.DRAFT else "resume"
    return "pause" if status is Status.PAUSED else "stop"


def _read_number_cursor(cursor: str, of: str) -> int:
    match decode_cursor(cursor):
        case [kind, number] if kind == of and number.isascii() and number.isdigit() and len(number) < 19:
            return int(number)
        case _:
            raise wrong_cursor()
