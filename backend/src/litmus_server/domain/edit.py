"""Changing an experiment: what it is afterwards, and what may be changed in which status.

The experiment's definition with the changes in it is read by the rules of a new draft, whatever the status; what then
differs is held against what the status allows. It must not know how a change is stored.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from litmus.decide.snapshot import VariantState

from litmus_server.domain.audience import resolved
from litmus_server.domain.draft import (
    MOST_CONFIG,
    MOST_VARIANTS,
    PARAMETERS,
    TITLE,
    Draft,
    ExperimentType,
    parse_draft,
    read_draft,
)
from litmus_server.domain.errors import Invalid
from litmus_server.domain.experiment import (
    NOTHING,
    Experiment,
    Shared,
    Status,
    Variant,
    begin,
    chosen,
    definition,
    describe,
    placed,
    refuse_past,
    slotted,
)
from litmus_server.domain.flag import ValueType, wrong_value
from litmus_server.domain.form import Form, same
from litmus_server.domain.layer import Allocation
from litmus_server.domain.metric import cohort_hours
from litmus_server.domain.ramp import Hold
from litmus_server.domain.weights import to_fraction, to_ppm

_ALWAYS = ("name", "description", "hypothesis", "owner", "tags")
_LIVE = (
    *_ALWAYS,
    "planned_units",
    "min_sample_size",
    "traffic_allocation",
    "variants",
    "audience",
    "layer",
    "holdout",
    "forced",
    "ends_at",
    "ramp",
)
_SAFE: Mapping[Status, tuple[str, ...]] = {
    Status.RUNNING: _LIVE,
    Status.PAUSED: _LIVE,
    Status.COMPLETED: _ALWAYS,
}
_STATES: tuple[VariantState, ...] = ("active", "paused")
_RULES = "it is judged by what was fixed when it started; clone it instead"
_INSTEAD = {
    "starts_at": "it has started",
    "key": "callers ask for it by this key; a clone can have another",
    "primary_metric": f"{_RULES}, or declare one more metric (POST …/metrics)",
    "secondary_metrics": "declare one more metric (POST …/metrics), or clone it",
    "parameters": _RULES,
    "significance_threshold": _RULES,
    "auto_promote_winner": _RULES,
}
_OTHERS = "units were assigned under it; clone it instead"


def edited(
    before: Experiment,
    changes: Mapping[str, Any],
    at: dt.datetime,
    new_id: Callable[[], UUID],
    shared: Shared = NOTHING,
) -> Experiment:
    """The experiment with these fields of its definition changed, as JSON merge patch (RFC 7396) would; itself when
    nothing differs. `new_id` names variants that a draft did not have.

    Of a draft everything can be changed, and `variants` is the whole list. Once it has started, `variants` names those
    that change by key or id; what is not safe is refused. `shared` has what is named before and afterwards. Another audience
    opens an epoch, as other weights do: those who enter are others. Raises Invalid with every fault.
    """
    before.refuse_archived()
    is_draft = before.status is Status.DRAFT
    was = definition(before)
    given = changes if is_draft else {name: value for name, value in changes.items() if name != "variants"}
    form = Form(_merged(_ready(was, given), given))
    draft = read_draft(form)
    variants = before.variants
    if not is_draft and changes.get("cells") is not None:
        form.fault("cells", f"cannot be chosen while it is {before.status}; clone it instead")
    if not is_draft and "variants" in changes:
        variants = _read_changes(form, changes["variants"], before)
    form.close(TITLE)
    if is_draft:
        after = _redrafted(before, draft, at, new_id)
    else:
        after = replace(before, variants=variants, **chosen(draft))
        asked = draft.layer and Allocation(draft.layer.key, 0, draft.layer.share)
        _refuse_unsafe(form, before, replace(after, metrics=slotted(draft.metrics), layer=asked))
    after = placed(after, draft.layer, shared)
    if same([definition(after), describe(after)], [was, describe(before)]):
        return before
    refuse_past(after, at, before)
    after = _steered(before, after, at)
    others = after.weights != before.weights or (
        not same(after.audience, before.audience)
        and not same(_eligible(after, shared), _eligible(before, shared))
    )
    opens = not is_draft and not before.adaptive and others
    return replace(after, epoch=before.epoch + opens, updated_at=before.after(at))


def cloned(
    original: Experiment,
    changes: Mapping[str, Any],
    at: dt.datetime,
    new_id: Callable[[], UUID],
    salt: str,
    shared: Shared = NOTHING,
) -> Experiment:
    """A new draft that says the same, but for these fields of its definition; `name` is one of them. Raises Invalid.

    It takes no place in a layer and has no dates: those are the original's.
    """
    own = {"name", "key", "layer", "starts_at", "ends_at"}
    was = {name: value for name, value in definition(original).items() if name not in own}
    draft = parse_draft(_merged(_ready(was, changes), changes))
    begun = begin(draft, new_id(), tuple(new_id() for _ in draft.variants), salt, at, shared)
    return replace(begun, cloned_from=original.id)


def _steered(before: Experiment, after: Experiment, at: dt.datetime) -> Experiment:
    """Who takes a ramp away ends it; who sets the traffic by hand holds it, so that it does not undo that unasked."""
    if before.status is Status.DRAFT:
        failure = before.start_failed if after.starts_at == before.starts_at else None
        return replace(after, start_failed=failure)
    if after.ramp is None:
        return replace(after, progress=None)
    if after.traffic != before.traffic and after.progress is not None:
        return after.held(Hold("edit", "the traffic was set by hand", at))
    return after


def _ready(was: Mapping[str, Any], changes: Mapping[str, Any]) -> Mapping[str, Any]:
    """The definition without what a change makes meaningless: parameters of another type, a window in another measure,
    variants that are cells of other factors.
    """
    ready = dict(was)
    if "variants" not in changes and changes.keys() & {"factors", "cells"}:
        if changes.get("factors", was["factors"]) is None:
            ready["variants"] = [
                {k: v for k, v in each.items() if k != "factors"} for each in was["variants"]
            ]
        else:
            ready.pop("variants")
    kind, metric = changes.get("type"), changes.get("primary_metric")
    if isinstance(kind, str) and kind in PARAMETERS:
        if kind != ExperimentType.FLAG:
            ready.pop("value_type")
        known = PARAMETERS[ExperimentType(kind)]
        ready["parameters"] = {name: value for name, value in was["parameters"].items() if name in known}
    if isinstance(metric, Mapping) and "window_days" in metric and was["primary_metric"] is not None:
        ready["primary_metric"] = {k: v for k, v in was["primary_metric"].items() if k != "window_seconds"}
    return ready


def _eligible(experiment: Experiment, shared: Shared) -> Mapping[str, Any] | None:
    return (
        None if experiment.audience is None else resolved(experiment.audience, shared.audiences, "/audience")
    )


def _merged(document: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(document)
    for name, value in changes.items():
        mine = merged.get(name)
        if value is None and name in merged:
            del merged[name]
        elif isinstance(mine, Mapping) and isinstance(value, Mapping) and name != "audience":
            merged[name] = _merged(mine, value)
        else:
            merged[name] = value  # null too: whether there is such a field, the form knows
    return merged


def _redrafted(before: Experiment, draft: Draft, at: dt.datetime, new_id: Callable[[], UUID]) -> Experiment:
    """A variant that keeps its key, and a metric that keeps its name, keep their ids."""
    known = {variant.key: variant for variant in before.variants}
    numbers = {metric.name: metric.id for metric in before.metrics}
    variants = tuple(
        Variant(
            known[each.key].id if each.key in known else new_id(),
            each.key,
            each.name,
            ordinal,
            each.is_control,
            each.weight,
            each.config,
            known[each.key].created_at if each.key in known else at,
            each.factors,
        )
        for ordinal, each in enumerate(draft.variants)
    )
    metrics = tuple(replace(metric, id=numbers.get(metric.name, 0)) for metric in slotted(draft.metrics))
    return replace(
        before, variants=variants, metrics=metrics, cohort_hours=cohort_hours(metrics), **chosen(draft)
    )


def _refuse_unsafe(form: Form, before: Experiment, after: Experiment) -> None:
    was, now = definition(before), definition(after)
    safe = _SAFE[before.status]
    was["variants"], now["variants"] = describe(before)["variants"], describe(after)["variants"]
    unsafe = [name for name in now if name not in safe and not same(now[name], was[name])]
    for name in unsafe:
        why = _INSTEAD.get(name, _OTHERS)
        form.fault(
            name, f"cannot be changed while it is {before.status}: {why}; what can be is {', '.join(safe)}"
        )
    if "ramp" not in unsafe and after.ramp is not None and after.ramp != before.ramp:
        form.fault("ramp", f"can only be taken away (null) while it is {before.status}; hold it, or clone it")
    # Nothing is stored of a flag's units, so that nobody is turned away who is in.
    is_flag = before.type is ExperimentType.FLAG
    if after.traffic < before.traffic and "traffic_allocation" not in unsafe and not is_flag:
        form.fault(
            "traffic_allocation",
            f"can only be raised above {to_fraction(before.traffic):g} once it has started: a smaller share would turn "
            "away units that are in; pause it, pause a variant, or clone it",
        )
    form.close(TITLE)


def _read_changes(form: Form, value: object, before: Experiment) -> tuple[Variant, ...]:
    """The variants with what this list changes about some of them; its faults are noted in `form`."""
    if value is None:
        form.fault("variants", "cannot be taken away: give a list of those that change")
        return before.variants
    entries = Form({"variants": value}).entries("variants", MOST_VARIANTS)
    after = {variant.key: variant for variant in before.variants}
    weights: dict[str, float] = {variant.key: to_fraction(variant.weight) for variant in before.variants}
    named: set[str] = set()
    for place in entries:
        each = entries.form(place)
        mine = _read_reference(each, before)
        if mine is None:
            continue
        if mine.key in named:
            each.fault("", f"variant {mine.key} is there twice")
        named.add(mine.key)
        after[mine.key] = _read_change(each, mine, before.value_type)
        weights[mine.key] = _read_weight(each, mine, before)
    variants = tuple(after.values())
    if len({variant.name for variant in variants}) < len(variants):
        entries.fault("", "each variant needs a name of its own")
    try:
        entries.close(TITLE)
        shares = to_ppm(list(weights.values()), "/variants")
    except Invalid as invalid:
        form.adopt(invalid)
        return before.variants
    if not any(share for share, variant in zip(shares, variants, strict=True) if variant.state == "active"):
        form.fault("variants", "at least one active variant needs a weight above 0")
    return tuple(replace(variant, weight=share) for variant, share in zip(variants, shares, strict=True))


def _read_reference(form: Form, before: Experiment) -> Variant | None:
    found = [(name, before.variant(form.text(name, 200))) for name in ("key", "id") if form.has(name)]
    there = ", ".join(variant.key for variant in before.variants)
    if not found:
        form.fault("key", f"is required (or id), to say which variant; there is {there}")
        return None
    for name, variant in found:
        if variant is None:
            form.fault(name, f"is no variant of this experiment, which has {there}; a new one needs a clone")
        elif variant is not found[0][1]:
            form.fault(name, "is another variant's")
    return found[0][1]


def _read_change(form: Form, mine: Variant, value_type: str | None) -> Variant:
    if form.has("is_control") and form.flag("is_control") is not mine.is_control:
        form.fault("is_control", "cannot be changed once it has started; clone it instead")
    config = form.json("config", mine.config, MOST_CONFIG)
    problem = None if value_type is None else wrong_value(config, ValueType(value_type))
    if problem is not None:
        form.fault("config", problem)
    return replace(
        mine,
        name=form.text("name", 200) if form.has("name") else mine.name,
        config=config,
        state=form.choice("state", _STATES, mine.state),
    )


def _read_weight(form: Form, mine: Variant, before: Experiment) -> float:
    weight = to_fraction(mine.weight)
    given = form.number("weight", 0, 1, weight)
    if before.adaptive and given != weight:
        form.fault("weight", f"cannot be changed: {before.type} learns the shares; pause the variant instead")
    return given
