"""Definitions as documents: showing them all, saying what a set of them would change, and changing it.

A plan is the change itself, undone: what it shows is what would happen. It must not know SQL, HTTP or YAML.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any
from uuid import uuid4

from litmus.decide import names

from litmus_server.domain.audit import Cause
from litmus_server.domain.definition import (
    MOST_DOCUMENTS,
    Item,
    Kind,
    Outcome,
    Plan,
    Wanted,
    as_wanted,
    differences,
    exported,
    read_identity,
    read_wanted,
)
from litmus_server.domain.draft import TITLE, is_reference
from litmus_server.domain.errors import Conflict, Fault, Invalid, InvalidTransition, NotFound, Unavailable
from litmus_server.domain.experiment import Experiment, Status
from litmus_server.domain.listing import Listing
from litmus_server.ports import Catalog, CatalogChange

_ALL = 1 << 31


class Definitions:
    """Every method raises Unavailable when the database is away; an `apply` is then done wholly or not at all."""

    def __init__(self, catalog: Catalog, refresh: Callable[[], Awaitable[None]] | None = None) -> None:
        """As `Experiments`."""
        self._catalog, self._refresh = catalog, refresh

    async def one(self, reference: str) -> dict[str, Any]:
        """The document of this experiment (id or key). Raises NotFound."""
        found = await self._catalog.get(reference) if is_reference(reference) else None
        if found is None:
            raise NotFound("Experiment", reference)
        return exported(found)

    async def all(self) -> list[dict[str, Any]]:
        """The documents of everything that is not archived, by key."""
        found, _ = await self._catalog.find(Listing(archived=False, limit=_ALL))
        return [exported(experiment) for experiment in sorted(found, key=lambda each: each.key)]

    async def plan(self, documents: Sequence[object], cause: Cause) -> Plan:
        """What `apply` would do; nothing is written. Raises Invalid when there are too many."""
        with suppress(_Undone):
            async with self._catalog.change() as change:
                plan = await _applied(change, documents, cause)
                raise _Undone
        return plan

    async def apply(self, documents: Sequence[object], cause: Cause, token: str | None = None) -> Plan:
        """Do all of it in one transaction, or nothing. Nothing is deleted.

        Raises Conflict when `token`, a plan's, is given and the same documents would now do something else, and Invalid with
        every reason when one of them is refused; then the pointers begin with the place of the document.
        """
        async with self._catalog.change() as change:
            plan = await _applied(change, documents, cause)
            if token not in {None, plan.token}:
                raise Conflict(
                    "What the plan was made against has changed since, or these are other documents: plan again"
                )
            if plan.refused:
                raise _refusal(plan)
        if plan.changes and self._refresh is not None:
            # The change is committed, whatever becomes of the look at it.
            with suppress(Unavailable):
                await self._refresh()
        return plan


class _Undone(Exception):
    """Raised to leave a transaction without its changes."""


async def _applied(change: CatalogChange, documents: Sequence[object], cause: Cause) -> Plan:
    if len(documents) > MOST_DOCUMENTS:
        message = f"at most {MOST_DOCUMENTS} documents are applied at once, and these are {len(documents)}"
        raise Invalid(message.capitalize(), (Fault("", message),))
    items: list[Item] = []
    seen: dict[tuple[Kind, str], int] = {}
    for place, document in enumerate(documents):
        kind = key = None
        try:
            kind, key = read_identity(document)
            first = seen.setdefault((kind, key), place)
            if first != place:
                raise _invalid("/key", f"document {first} defines {kind} {key} already")
            assert isinstance(document, Mapping)
            items.append(await _experiment(change, place, read_wanted(document), cause))
        except (Invalid, InvalidTransition) as error:
            items.append(Item(place, kind, key, Outcome.REFUSED, faults=_faults(error)))
    return Plan(tuple(items))


async def _experiment(change: CatalogChange, place: int, wanted: Wanted, cause: Cause) -> Item:
    """Bring it to its definition, then to its status. Everything is judged before anything is written."""
    draft = wanted.draft
    before = await change.get(draft.key)
    conditions = (draft.audience, before and before.audience)
    layers = {each.key for each in (draft.layer, before and before.layer) if each}
    shared = await change.shared(
        {name for each in conditions for name in names(each) if is_reference(name)}, layers
    )
    after = as_wanted(before, wanted, change.at, uuid4, secrets.token_hex(8), shared)
    moves = wanted.status not in {None, after.status}
    if moves:
        after.moved(Status(wanted.status or ""), change.at)
    if after is not before:
        await _refuse_taken(change, after)
        after = await change.save(before, after, "create" if before is None else "edit", cause)
    if moves:
        moved = after.moved(Status(wanted.status or ""), change.at)
        after = await change.save(after, moved, _verb(after, moved), cause)
    found = differences(before, after)
    outcome = Outcome.CREATE if before is None else Outcome.UPDATE if found else Outcome.UNCHANGED
    return Item(
        place, Kind.EXPERIMENT, draft.key, outcome, None if before is None else before.revision, found
    )


async def _refuse_taken(change: CatalogChange, experiment: Experiment) -> None:
    name, _ = await change.taken(experiment.name, experiment.key, experiment.id)
    if name:
        raise _invalid(
            "/name", f"must be unique, and {experiment.name} is that of an experiment with another key"
        )


def _verb(before: Experiment, after: Experiment) -> str:
    """As the audit calls it."""
    if after.status is Status.RUNNING:
        return "start" if before.status is Status.DRAFT else "resume"
    return "pause" if after.status is Status.PAUSED else "stop"


def _faults(error: Invalid | InvalidTransition) -> tuple[Fault, ...]:
    if isinstance(error, InvalidTransition):
        return (Fault("/status", str(error)),)
    return error.faults or (Fault("", str(error)),)


def _refusal(plan: Plan) -> Invalid:
    faults = [
        Fault(f"/{item.document}{fault.pointer}", fault.message)
        for item in plan.refused
        for fault in item.faults
    ]
    first = plan.refused[0]
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    what = f"{first.kind} {first.key}" if first.key else f"document {first.document}"
    where = first.faults[0].pointer.removeprefix("/")
    message = f"Nothing was applied. {what}: {where}: {first.faults[0].message}{more}"
    return Invalid(message, tuple(faults[:MOST_DOCUMENTS]), TITLE)


def _invalid(pointer: str, message: str) -> Invalid:
    return Invalid(f"{pointer.removeprefix('/')}: {message}", (Fault(pointer, message),), TITLE)
