"""Definitions as documents: what a person chose, to be kept in files and applied to any Litmus.

A document says all of a definition: what it leaves out has its default. It holds nothing that a server makes (ids, salts,
revisions). It may also hold what is done with an experiment, its `status` and the `state` of variants, and an export leaves
both out: where it is applied, an experiment is a draft until somebody says otherwise.
"""

import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256
from typing import Any
from uuid import UUID

from litmus.decide.snapshot import VariantState

from litmus_server.domain.audience import Audience, read_condition
from litmus_server.domain.draft import TITLE, Draft, read_draft, read_key
from litmus_server.domain.edit import edited
from litmus_server.domain.errors import Fault, Invalid
from litmus_server.domain.experiment import Experiment, Shared, Status, begin, definition, read_status
from litmus_server.domain.form import Form, same
from litmus_server.domain.layer import Allocation, Layer

MOST_DOCUMENTS = 500
"""Documents of one plan: they are one transaction, and all other changes wait for it."""

_ANY_TIME = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class Kind(StrEnum):
    """What a document defines."""

    AUDIENCE = "audience"
    LAYER = "layer"
    EXPERIMENT = "experiment"


class Outcome(StrEnum):
    """What becomes of a document."""

    CREATE = "create"
    UPDATE = "update"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that changes, by its JSON pointer; None where there was, or will be, nothing."""

    pointer: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Item:
    """What becomes of one document. `revision` is that of what it changes, None when there is nothing yet."""

    document: int
    kind: str | None
    key: str | None
    outcome: Outcome
    revision: int | None = None
    differences: tuple[Difference, ...] = ()
    faults: tuple[Fault, ...] = ()
    """Why it is refused; pointers into the document."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of each document, in their order."""

    items: tuple[Item, ...]

    @property
    def changes(self) -> int:
        """How many documents would change something."""
        return sum(item.outcome in {Outcome.CREATE, Outcome.UPDATE} for item in self.items)

    @property
    def refused(self) -> tuple[Item, ...]:
        """Those that cannot be applied."""
        return tuple(item for item in self.items if item.outcome is Outcome.REFUSED)

    @property
    def token(self) -> str:
        """The same exactly as long as the same documents would do the same to the same revisions."""
        seen = [
            (
                item.kind,
                item.key,
                item.outcome,
                item.revision,
                [(d.pointer, d.before, d.after) for d in item.differences],
            )
            for item in self.items
        ]
        return sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Wanted:
    """An experiment as a document has it. `status` and what is not in `states` stay as they are."""

    draft: Draft
    status: Status | None
    states: Mapping[str, VariantState]
    """By variant key."""


@dataclass(frozen=True, slots=True)
class WantedShare:
    """An audience, or a layer, which has no condition, as a document has it."""

    key: str
    name: str
    description: str
    condition: Mapping[str, Any] | None = None


def exported(experiment: Experiment) -> dict[str, Any]:
    """The document of an experiment, without the fields that say nothing."""
    empty = {"tags", "secondary_metrics", "forced", "parameters"}
    return {"kind": str(Kind.EXPERIMENT)} | {
        name: value
        for name, value in definition(experiment).items()
        if not (value is None or value == "" or (name in empty and not value))
    }


def exported_share(share: Audience | Layer) -> dict[str, Any]:
    """The document of what experiments share."""
    is_audience = isinstance(share, Audience)
    shown = {"kind": str(Kind.AUDIENCE if is_audience else Kind.LAYER), "key": share.key, "name": share.name}
    if share.description:
        shown["description"] = share.description
    return shown | {"condition": share.condition} if isinstance(share, Audience) else shown


def read_identity(document: object) -> tuple[Kind, str]:
    """Which kind of thing, and which one, a document is about. Raises Invalid; the rest is not looked at."""
    form = Form(document)
    kind = form.choice("kind", Kind, Kind.EXPERIMENT)
    if not form.has("kind"):
        form.fault("kind", f"is required: one of {', '.join(Kind)}")
    key = form.text("key", 128)
    form.rest()
    form.close(TITLE)
    return kind, key


def read_wanted_share(document: Mapping[str, Any], kind: Kind) -> WantedShare:
    """The audience or layer that a document of this kind defines. Raises Invalid with every fault."""
    form = Form(document)
    form.value("kind")
    name = form.text("name", 200)
    condition = read_condition(form, "condition") if kind is Kind.AUDIENCE else None
    if kind is Kind.AUDIENCE and not form.has("condition"):
        form.fault("condition", "is required")
    wanted = WantedShare(
        read_key(form, name, kind), name, form.text("description", 10_000, "", lines=True), condition
    )
    form.close()
    return wanted


def read_wanted(document: Mapping[str, Any]) -> Wanted:
    """The experiment that a document of this kind defines. Raises Invalid with every fault."""
    states, bare = _read_states(document)
    form = Form(bare)
    form.value("kind")
    draft = read_draft(form)
    if not form.has("key"):
        form.fault("key", "is required: an experiment is found by it, whatever its name")
    status = None
    try:
        status = read_status(form.value("status")) if form.has("status") else None
    except Invalid as invalid:
        form.adopt(invalid)
    for place, state in states.items():
        if state not in ("active", "paused", "retired"):
            form.fault_at("variants", f"/{place}/state", "must be active, paused or retired")
    form.close(TITLE)
    return Wanted(draft, status, {draft.variants[place].key: state for place, state in states.items()})


def as_wanted(
    before: Experiment | None,
    wanted: Wanted,
    at: dt.datetime,
    new_id: Callable[[], UUID],
    salt: str,
    shared: Shared,
) -> Experiment:
    """The experiment with the definition that is wanted, in the status that it has; itself when nothing differs.

    `salt` is random, for a new one. Raises Invalid for what cannot be changed any more.
    """
    draft = wanted.draft
    if before is None or before.status is Status.DRAFT:
        _refuse_paused(wanted)
    if before is None:
        return begin(draft, new_id(), tuple(new_id() for _ in draft.variants), salt, at, shared)
    changes = _changes(before, wanted)
    return edited(before, changes, at, new_id, shared) if changes else before


def share_differences(before: Audience | Layer | None, after: Audience | Layer) -> tuple[Difference, ...]:
    """As `differences`."""
    now = exported_share(after)
    was = {name: now[name] for name in ("kind", "key")} if before is None else exported_share(before)
    return tuple(_differences("", was, now))


def differences(before: Experiment | None, after: Experiment) -> tuple[Difference, ...]:
    """What a person sees change, member by member; of a new experiment, each field that says something."""
    if before is None:
        new = exported(after) | {"status": str(after.status)}
        return tuple(
            Difference(f"/{name}", None, value) for name, value in new.items() if name not in {"kind", "key"}
        )
    return tuple(_differences("", _shown(before), _shown(after)))


def _shown(experiment: Experiment) -> dict[str, Any]:
    shown = definition(experiment)
    variants = [
        each | {"state": variant.state}
        for each, variant in zip(shown["variants"], experiment.variants, strict=True)
    ]
    return shown | {"variants": variants, "status": str(experiment.status)}


def _differences(at: str, before: Any, after: Any) -> Iterator[Difference]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in [*after, *(name for name in before if name not in after)]:
            below = str(name).replace("~", "~0").replace("/", "~1")
            yield from _differences(f"{at}/{below}", before.get(name), after.get(name))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for place, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _differences(f"{at}/{place}", old, new)
    elif not same(before, after):
        yield Difference(at, before, after)


def _changes(before: Experiment, wanted: Wanted) -> dict[str, Any]:
    """What to change, as `edited` takes it: a merge patch, and of a started one what differs about each variant."""
    was, now = definition(before), _normal(wanted.draft)
    changes = _patch(was, now)
    if before.status is not Status.DRAFT:
        for name in _spent(before, now):
            changes.pop(name, None)
        variants = _variant_changes(before, now["variants"], wanted.states)
        if any(len(change) > 1 for change in variants):
            changes["variants"] = variants
    return changes


def _spent(before: Experiment, now: Mapping[str, Any]) -> set[str]:
    """The fields whose say is over once it has started: the times that have come, and the traffic that a ramp steers."""
    over = {"variants", "starts_at"}
    if before.status is Status.COMPLETED:
        over.add("ends_at")
    if now["ramp"]:
        over.add("traffic_allocation")
    return over


def _normal(draft: Draft) -> dict[str, Any]:
    """The definition of what this draft would become, with all defaults."""
    nobody = UUID(int=0)
    begun = begin(
        replace(draft, audience=None, layer=None),
        nobody,
        (nobody,) * len(draft.variants),
        "",
        _ANY_TIME,
    )
    asked = draft.layer and Allocation(draft.layer.key, 0, draft.layer.share)
    return definition(replace(begun, audience=draft.audience, layer=asked))


def _patch(was: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """The merge patch (RFC 7396) that makes the one of the other. An audience is one value."""
    patch: dict[str, Any] = {}
    for name in [*now, *(name for name in was if name not in now)]:
        old, new = was.get(name), now.get(name)
        if same(old, new):
            continue
        if isinstance(old, Mapping) and isinstance(new, Mapping) and name != "audience":
            new = _patch(old, new)
        patch[name] = new
    return patch


def _variant_changes(
    before: Experiment, wanted: list[Mapping[str, Any]], states: Mapping[str, VariantState]
) -> list[dict[str, Any]]:
    """One change a variant, in the document's order, so that faults point into the document."""
    keys, there = [each["key"] for each in wanted], [variant.key for variant in before.variants]
    kept = [key for key in keys if key in there]
    if kept != there or keys[: len(there)] != there:
        missing = [key for key in there if key not in keys]
        message = (
            f"{', '.join(missing)} is missing, and cannot be removed once it has started: pause it, with weight 0, or retire it"
            if missing
            else f"must stay in their order, which is {', '.join(there)}, and before those that are added: shares are drawn in it"
        )
        raise Invalid(f"variants: {message}", (Fault("/variants", message),), TITLE)
    # Weights say how a bandit begins; once it has gained a variant, they are no longer those of any document.
    grown = len(keys) > len(there) or any(not variant.weight for variant in before.variants)
    spent = {"weight"} if before.adaptive and grown else set()
    known = {each["key"]: each for each in definition(before)["variants"]}
    now = {variant.key: variant.state for variant in before.variants}
    changes = []
    for each in wanted:
        mine = known.get(each["key"], {})
        change = {
            name: value
            for name, value in each.items()
            if name == "key" or not (name in spent or same(mine.get(name), value))
        }
        if each["key"] in states and states[each["key"]] != now.get(each["key"]):
            change["state"] = states[each["key"]]
        changes.append(change)
    return changes


def _read_states(document: Mapping[str, Any]) -> tuple[dict[int, Any], dict[str, Any]]:
    """(the state of variants by their place, the document without them)."""
    variants = document.get("variants")
    if not isinstance(variants, list):
        return {}, dict(document)
    states = {
        place: each["state"]
        for place, each in enumerate(variants)
        if isinstance(each, Mapping) and each.get("state") is not None
    }
    bare = [
        {name: value for name, value in each.items() if name != "state"}
        if isinstance(each, Mapping)
        else each
        for each in variants
    ]
    return states, dict(document) | {"variants": bare}


def _refuse_paused(wanted: Wanted) -> None:
    for place, variant in enumerate(wanted.draft.variants):
        if wanted.states.get(variant.key) in {"paused", "retired"}:
            message = "a variant can be paused or retired once the experiment has started; until then give it weight 0"
            raise Invalid(f"variants: {message}", (Fault(f"/variants/{place}/state", message),), TITLE)
