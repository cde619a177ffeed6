"""Making and changing experiments: the use cases of the control plane.

Each change is one transaction that takes the next revision of the whole configuration, so all changes of all
machines stand in one order. It must not know SQL or HTTP.
"""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import NamedTuple
from uuid import uuid4

from litmus_server.domain.audit import AuditEntry, Cause
from litmus_server.domain.draft import TITLE, Draft, is_reference
from litmus_server.domain.errors import Conflict, Fault, Invalid, NotFound, Unavailable
from litmus_server.domain.experiment import Experiment, Status, begin
from litmus_server.domain.listing import Listing, cursor_after, decode_cursor, encode_cursor, wrong_cursor
from litmus_server.domain.metric import Metric
from litmus_server.ports import Catalog, CatalogChange

MOST_AUDIT = 200


class Page(NamedTuple):
    """`cursor` is None on the last page."""

    experiments: list[Experiment]
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
        """A new experiment in status draft. Raises Invalid when its name or key was ever used."""
        async with self._changing() as change:
            _refuse_taken(draft, *await change.taken(draft.name, draft.key))
            ids = tuple(uuid4() for _ in draft.variants)
            experiment = begin(draft, uuid4(), ids, secrets.token_hex(8), change.at)
            return await change.save(None, experiment, "create", cause)

    async def get(self, reference: str) -> Experiment:
        """By id or key. Raises NotFound."""
        found = await self._catalog.get(reference) if is_reference(reference) else None
        if found is None:
            raise NotFound("Experiment", reference)
        return found

    async def list(self, listing: Listing) -> Page:
        """One page of experiments."""
        found = await self._catalog.find(replace(listing, limit=listing.limit + 1))
        page = found[: listing.limit]
        return Page(page, cursor_after(page[-1], listing.order) if len(found) > len(page) else None)

    async def set_status(
        self, reference: str, status: Status, cause: Cause, revision: int | None = None
    ) -> Experiment:
        """Move it to this status; nothing is written when it has it already.

        Raises NotFound, InvalidTransition, and Conflict when `revision` is given and is not the experiment's.
        """
        async with self._changing() as change:
            before = await _current(change, reference, revision)
            if before.status is status:
                return before
            return await change.save(before, before.moved(status, change.at), _verb(before, status), cause)

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

    async def audit(self, reference: str, cursor: str | None = None, limit: int = MOST_AUDIT) -> AuditPage:
        """What was changed, newest first. Raises NotFound, and Invalid for a cursor that is none."""
        experiment = await self.get(reference)
        before = None if cursor is None else _read_audit_cursor(cursor)
        found = await self._catalog.audit(experiment.id, before, limit + 1)
        page = found[:limit]
        return AuditPage(page, encode_cursor("audit", str(page[-1].id)) if len(found) > limit else None)

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
        raise Conflict(f"The experiment is at revision {found.revision}, not {revision}: somebody changed it")
    return found


def _refuse_taken(draft: Draft, name: bool, key: bool) -> None:
    if name:
        message = f"Experiment name must be unique: there is already one called {draft.name}"
        raise Invalid(message, (Fault("/name", "must be unique, and is taken"),), TITLE)
    if key:
        message = f"Experiment key must be unique: {draft.key} is taken; give another key"
        raise Invalid(message, (Fault("/key", f"must be unique, and {draft.key} is taken"),), TITLE)


def _verb(before: Experiment, status: Status) -> str:
    if status is Status.RUNNING:
        return "start" if before.status is Status.DRAFT else "resume"
    return "pause" if status is Status.PAUSED else "stop"


def _read_audit_cursor(cursor: str) -> int:
    match decode_cursor(cursor):
        case ["audit", number] if number.isascii() and number.isdigit() and len(number) < 19:
            return int(number)
        case _:
            raise wrong_cursor()
