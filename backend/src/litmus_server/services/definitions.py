"""Definitions as documents: showing them all, saying what a set of them would change, and changing it.

A plan is the change itself, undone: what it shows is what would happen. It must not know SQL, HTTP or YAML.
"""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Protocol
from uuid import uuid4

from litmus.decide import names

from litmus_server.domain.audience import Audience
from litmus_server.domain.audit import Cause
from litmus_server.domain.definition import (
    MOST_DOCUMENTS,
    Item,
    Kind,
    Outcome,
    Plan,
    Wanted,
    WantedShare,
    as_wanted,
    differences,
    exported,
    exported_share,
    read_identity,
    read_wanted,
    read_wanted_share,
    share_differences,
)
from litmus_server.domain.draft import TITLE, is_reference
from litmus_server.domain.errors import Conflict, Fault, Invalid, InvalidTransition, NotFound, Unavailable
from litmus_server.domain.experiment import Experiment, Status
from litmus_server.domain.layer import Layer
from litmus_server.domain.listing import Listing
from litmus_server.ports import Catalog, CatalogChange, Holdout, Lately, TargetingBook, TargetingChange, User

_ALL = 1 << 31


class Sharing(Protocol):
    """How audiences and layers are changed: with all that follows for who names them."""

    async def create_audience(
        self, key: str, name: str, description: str, condition: Mapping[str, Any], cause: Cause
    ) -> Audience:
        """See `Targeting`."""
        ...

    async def edit_audience(
        self,
        key: str,
        name: str | None,
        description: str | None,
        condition: Mapping[str, Any] | None,
        cause: Cause,
    ) -> Audience:
        """See `Targeting`."""
        ...

    async def create_layer(self, key: str, name: str, description: str, cause: Cause) -> Layer:
        """See `Targeting`."""
        ...

    async def edit_layer(self, key: str, name: str | None, description: str | None, cause: Cause) -> Layer:
        """See `Targeting`."""
        ...


class Definitions:
    """Every method raises Unavailable when the database is away; an `apply` is then done wholly or not at all."""

    def __init__(
        self,
        catalog: Catalog,
        book: TargetingBook,
        sharing: Callable[[TargetingBook], Sharing],
        refresh: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """`catalog`, `book` and `refresh` as `Experiments` and `Targeting` have them; `sharing` makes what changes a book."""
        self._catalog, self._book, self._sharing, self._refresh = catalog, book, sharing, refresh

    async def one(self, reference: str) -> dict[str, Any]:
        """The document of this experiment (id or key). Raises NotFound."""
        found = await self._catalog.get(reference) if is_reference(reference) else None
        if found is None:
            raise NotFound("Experiment", reference)
        return exported(found)

    async def all(self) -> list[dict[str, Any]]:
        """The documents of all audiences, layers and experiments that are not archived, by key."""
        found, _ = await self._catalog.find(Listing(archived=False, limit=_ALL))
        shares: list[Audience | Layer] = [*await self._book.audiences(), *await self._book.layers()]
        experiments = sorted(found, key=lambda each: each.key)
        return [*(exported_share(each) for each in shares), *(exported(each) for each in experiments)]

    async def plan(self, documents: Sequence[object], cause: Cause) -> Plan:
        """What `apply` would do; nothing is written. Raises Invalid when there are too many."""
        with suppress(_Undone):
            async with self._book.change() as change:
                plan = await self._applied(change, documents, cause)
                raise _Undone
        return plan

    async def apply(self, documents: Sequence[object], cause: Cause, token: str | None = None) -> Plan:
        """Do all of it in one transaction, or nothing. Nothing is deleted.

        Raises Conflict when `token`, a plan's, is given and the same documents would now do something else, and Invalid with
        every reason when one of them is refused; then the pointers begin with the place of the document.
        """
        async with self._book.change() as change:
            plan = await self._applied(change, documents, cause)
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

    async def _applied(self, change: TargetingChange, documents: Sequence[object], cause: Cause) -> Plan:
        """Audiences before those that name them, then layers, then experiments; answered in the order of the documents."""
        if len(documents) > MOST_DOCUMENTS:
            message = (
                f"at most {MOST_DOCUMENTS} documents are applied at once, and these are {len(documents)}"
            )
            raise Invalid(message.capitalize(), (Fault("", message),))
        items: dict[int, Item] = {}
        known: dict[tuple[Kind, str], tuple[int, Mapping[str, Any]]] = {}
        for place, document in enumerate(documents):
            kind = key = None
            try:
                kind, key = read_identity(document)
                if (kind, key) in known:
                    first, _ = known[kind, key]
                    raise _invalid("/key", f"document {first} defines {kind} {key} already")
                assert isinstance(document, Mapping)
                known[kind, key] = place, document
            except Invalid as error:
                items[place] = Item(place, kind, key, Outcome.REFUSED, faults=_faults(error))
        seen = await _revisions(change, known)
        joined = self._sharing(_Joined(self._book, change))
        for kind, key in _in_order(known):
            place, document = known[kind, key]
            try:
                if kind is Kind.EXPERIMENT:
                    before, after = await _experiment(change, read_wanted(document), cause)
                    found = differences(before, after)
                else:
                    was, now = await _share(change, joined, kind, read_wanted_share(document, kind), cause)
                    found = share_differences(was, now)
                new = seen[kind, key] is None
                outcome = Outcome.CREATE if new else Outcome.UPDATE if found else Outcome.UNCHANGED
                items[place] = Item(place, kind, key, outcome, seen[kind, key], found)
            except (Invalid, InvalidTransition) as error:
                items[place] = Item(place, kind, key, Outcome.REFUSED, seen[kind, key], faults=_faults(error))
        return Plan(tuple(items[place] for place in range(len(documents))))


class _Joined:
    """A book whose every change is part of the one that is open."""

    def __init__(self, book: TargetingBook, change: TargetingChange) -> None:
        self._book, self._change = book, change

    @asynccontextmanager
    async def change(self) -> AsyncIterator[TargetingChange]:
        yield self._change

    async def audiences(self) -> list[Audience]:
        return await self._change.audiences()

    async def layers(self) -> list[Layer]:
        return await self._book.layers()

    async def holdout(self) -> Holdout:
        return await self._change.holdout()

    async def users(self, *, audiences: Collection[str] = (), layer: str | None = None) -> list[User]:
        return await self._change.users(audiences=audiences, layer=layer)

    async def met(self, unit_type: str | None) -> Lately:
        return await self._book.met(unit_type)


class _Undone(Exception):
    """Raised to leave a transaction without its changes."""


Known = Mapping[tuple[Kind, str], tuple[int, Mapping[str, Any]]]


async def _revisions(change: TargetingChange, known: Known) -> dict[tuple[Kind, str], int | None]:
    """Of what these documents define, before anything is changed: None where there is nothing."""
    audiences = {each.key: each.revision for each in await change.audiences()}
    found: dict[tuple[Kind, str], int | None] = {}
    for kind, key in known:
        if kind is Kind.AUDIENCE:
            found[kind, key] = audiences.get(key)
        else:
            get = change.layer if kind is Kind.LAYER else change.get
            there = await get(key) if is_reference(key) else None
            found[kind, key] = None if there is None else there.revision
    return found


def _in_order(known: Known) -> list[tuple[Kind, str]]:
    """What is named comes before who names it."""
    ordered: dict[tuple[Kind, str], None] = {}

    def visit(key: str, path: frozenset[str]) -> None:
        identity = Kind.AUDIENCE, key
        if identity in known and key not in path:
            for name in sorted(names(known[identity][1].get("condition"))):
                visit(name, path | {key})
            ordered[identity] = None

    for kind in Kind:
        for each, key in known:
            if each is kind and kind is Kind.AUDIENCE:
                visit(key, frozenset())
            elif each is kind:
                ordered[kind, key] = None
    return list(ordered)


async def _share(
    change: TargetingChange, sharing: Sharing, kind: Kind, wanted: WantedShare, cause: Cause
) -> tuple[Audience | Layer | None, Audience | Layer]:
    """(before, after) of an audience or a layer."""
    key, name, description = wanted.key, wanted.name, wanted.description
    if kind is Kind.LAYER:
        layer = await change.layer(key)
        if layer is None:
            return None, await sharing.create_layer(key, name, description, cause)
        return layer, await sharing.edit_layer(key, name, description, cause)
    condition = wanted.condition or {}
    audience = next((each for each in await change.audiences() if each.key == key), None)
    if audience is None:
        return None, await sharing.create_audience(key, name, description, condition, cause)
    return audience, await sharing.edit_audience(key, name, description, condition, cause)


async def _experiment(
    change: CatalogChange, wanted: Wanted, cause: Cause
) -> tuple[Experiment | None, Experiment]:
    """Bring it to its definition, then to its status, and answer (before, after). All is judged before anything is written."""
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
    return before, after


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
