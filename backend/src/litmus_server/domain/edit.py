"""Changing an experiment: what it is afterwards, and what may be changed in which status.

The experiment's definition with the changes in it is read by the rules of a new draft, whatever the status; what then
differs is held against what the status allows. It must not know how a change is stored.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from litmus.decide.snapshot import VariantState

from litmus_server.domain.audience import resolved
from litmus_server.domain.draft import (
    DEFAULT_SIGNIFICANCE,
    MOST_CONFIG,
    MOST_VARIANTS,
    PARAMETERS,
    TITLE,
    Draft,
    ExperimentType,
    learns_delays,
    parse_draft,
    read_draft,
    read_key,
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
from litmus_server.domain.metric import LOOSE, cohort_hours, reshaped
from litmus_server.domain.plan import LATER
from litmus_server.domain.ramp import Hold
from litmus_server.domain.stickiness import DECISION, Sticky
from litmus_server.domain.weights import to_fraction, to_ppm

_ALWAYS = ("name", "description", "hypothesis", "owner", "tags")
_LIVE = (
    *_ALWAYS,
    "min_sample_size",
    "traffic_allocation",
    "variants",
    "audience",
    "layer",
    "holdout",
    "holdback",
    "forced",
    "ends_at",
    "ramp",
    "acting",
    "analysis",
)
_SAFE: Mapping[Status, tuple[str, ...]] = {
    Status.RUNNING: _LIVE,
    Status.PAUSED: _LIVE,
    Status.COMPLETED: _ALWAYS,
}
_STATES: tuple[VariantState, ...] = ("active", "paused", "retired")
_RULES = "it is judged by what was fixed when it started; clone it instead"
_LOOKS = "its looks were planned by it, and who moves them has seen how it stands; clone it instead"
_METRICS = ("primary_metric", "secondary_metrics")
_OF_METRICS: Mapping[Status, tuple[str, ...]] = {
    Status.RUNNING: LOOSE,
    Status.PAUSED: LOOSE,
    Status.COMPLETED: ("unit", "description"),
}
_INSTEAD = {
    "starts_at": "it has started",
    "key": "callers ask for it by this key; a clone can have another",
    "primary_metric": f"{_RULES}, or declare one more metric (POST …/metrics)",
    "secondary_metrics": "declare one more metric (POST …/metrics), or clone it",
    "parameters": _RULES,
    "planned_units": _LOOKS,
    "min_sample_size": _LOOKS,
    "analysis": f"{_RULES}; of it can be {', '.join(LATER)}",
    "significance_threshold": _RULES,
    "auto_promote_winner": _RULES,
    "features": "its models were learned from these; clone it instead",
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
    nothing differs. `new_id` names variants that it did not have.

    Of a draft everything can be changed, and `variants` is the whole list. Once it has started, `variants` names those
    that change by key or id, and where shares are learned those that are added; what is not safe is refused. `shared` has what is named before and afterwards. Another audience
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
        variants = _read_changes(form, changes["variants"], before, at, new_id)
    form.close(TITLE)
    if is_draft:
        after = _redrafted(before, draft, at, new_id)
    else:
        after = replace(before, variants=variants, **chosen(draft))
        asked = draft.layer and Allocation(draft.layer.key, 0, draft.layer.share)
        _refuse_unsafe(form, before, replace(after, metrics=slotted(draft.metrics), layer=asked))
        wanted = {metric.name: metric for metric in draft.metrics}
        after = replace(
            after, metrics=tuple(metric.revised(wanted[metric.name]) for metric in before.metrics)
        )
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
    if "variants" not in changes:
        was["variants"] = _lasting(original, was["variants"])
    draft = parse_draft(_merged(_ready(was, changes), changes))
    begun = begin(draft, new_id(), tuple(new_id() for _ in draft.variants), salt, at, shared)
    return replace(begun, cloned_from=original.id)


def _lasting(original: Experiment, variants: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The variants without those that were retired. A bandit that gained or lost one begins anew with equal shares."""
    kept = [
        each for each, variant in zip(variants, original.variants, strict=True) if variant.state != "retired"
    ]
    whole = len(kept) == len(variants)
    if original.adaptive and not (whole and all(variant.weight for variant in original.variants)):
        return [{name: value for name, value in each.items() if name != "weight"} for each in kept]
    if whole or not any(each["weight"] for each in kept):
        return kept
    total = sum(each["weight"] for each in kept)
    return [{**each, "weight": each["weight"] / total} for each in kept]


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
    sticky, unit_type = changes.get("sticky", was["sticky"]), changes.get("unit_type", was["unit_type"])
    if "sticky" in changes and sticky != Sticky.TTL:
        ready.pop("ttl_seconds")
    if "sticky" in changes and (sticky == Sticky.NONE) is not (was["sticky"] == Sticky.NONE):
        ready.pop("unit_type")  # `none` and decisions are one thing
    elif "sticky" not in changes and (unit_type == DECISION) is not (was["sticky"] == Sticky.NONE):
        ready.pop("sticky")
        ready.pop("ttl_seconds")
    kind, metric = changes.get("type"), changes.get("primary_metric")
    if isinstance(kind, str) and kind in PARAMETERS:
        if kind != ExperimentType.FLAG:
            ready.pop("value_type")
        if not ExperimentType(kind).contextual:
            ready.pop("features")
        if not ExperimentType(kind).adaptive:
            ready.pop("holdback")
        ready["parameters"] = _kept(was, kind)
        if kind != was["type"] and ready["significance_threshold"] == DEFAULT_SIGNIFICANCE:
            ready.pop("significance_threshold")  # nobody chose it
    if isinstance(metric, Mapping) and was["primary_metric"] is not None:
        ready["primary_metric"] = reshaped(was["primary_metric"], metric)
    return ready


def _kept(was: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """The parameters that this type takes too, and that somebody chose: each type has defaults of its own."""
    known, before = PARAMETERS[ExperimentType(kind)], PARAMETERS[ExperimentType(was["type"])]
    if kind == was["type"]:
        return dict(was["parameters"])
    return {
        name: value
        for name, value in was["parameters"].items()
        if name in known and name != "exploration" and value != before[name].default
    }


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
    hours = cohort_hours(metrics, delays=learns_delays(draft.parameters))
    return replace(before, variants=variants, metrics=metrics, cohort_hours=hours, **chosen(draft))


def _refuse_unsafe(form: Form, before: Experiment, after: Experiment) -> None:
    was, now = definition(before), definition(after)
    # The looks of `bayesian_ab` begin at its minimum; a bandit's rule plans none.
    safe = [
        name
        for name in _SAFE[before.status]
        if name != "min_sample_size" or before.type is not ExperimentType.BAYESIAN_AB
    ]
    was["variants"], now["variants"] = describe(before)["variants"], describe(after)["variants"]
    loose = _OF_METRICS[before.status]
    for document in (was, now):
        document |= {name: _without(document[name], loose) for name in _METRICS}
    kept = () if before.status is Status.COMPLETED else LATER
    for document in (was, now):
        document["analysis"] = {k: v for k, v in document["analysis"].items() if k not in kept}
    unsafe = [
        name for name in now if name not in (set(safe) - {"analysis"}) and not same(now[name], was[name])
    ]
    for name in unsafe:
        why = _INSTEAD.get(name, _OTHERS)
        within = f", and of metrics {', '.join(loose)}" if name in _METRICS else ""
        form.fault(
            name,
            f"cannot be changed while it is {before.status}: {why}; what can be is {', '.join(safe)}{within}",
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


def _without(metrics: Any, fields: tuple[str, ...]) -> Any:
    """A metric's document, or a list of them, or None, without these fields."""
    if isinstance(metrics, list):
        return [_without(metric, fields) for metric in metrics]
    return metrics and {name: value for name, value in metrics.items() if name not in fields}


def _read_changes(
    form: Form, value: object, before: Experiment, at: dt.datetime, new_id: Callable[[], UUID]
) -> tuple[Variant, ...]:
    """The variants with what this list changes about some of them, and with those that it adds; its faults are noted in `form`."""
    if value is None:
        form.fault("variants", "cannot be taken away: give a list of those that change")
        return before.variants
    entries = Form({"variants": value}).entries("variants", MOST_VARIANTS)
    after = {variant.key: variant for variant in before.variants}
    weights: dict[str, float] = {variant.key: to_fraction(variant.weight) for variant in before.variants}
    named: set[str] = set()
    for place in entries:
        each = entries.form(place)
        if _is_new(each, before):
            new = _read_new(each, len(after), at, new_id)
            if new.key in after:
                each.fault("key", f"variant {new.key} is there twice")
            named.add(new.key)
            after[new.key], weights[new.key] = new, 0
            continue
        mine = _read_reference(each, before)
        if mine is None:
            continue
        if mine.key in named:
            each.fault("", f"variant {mine.key} is there twice")
        named.add(mine.key)
        after[mine.key] = _read_change(each, mine, before.value_type)
        weights[mine.key] = _read_weight(each, mine, before)
    variants = tuple(after.values())
    if len(variants) > MOST_VARIANTS:
        entries.fault(
            "",
            f"there can be {MOST_VARIANTS} variants, retired ones included, and this makes {len(variants)}",
        )
    floor = before.parameters.get("floor", 0) if before.adaptive else 0
    if floor * sum(variant.state == "active" for variant in variants) > 1:
        entries.fault("", f"the floor of {floor:g} leaves room for {int(1 / floor)} active variants")
    if len({variant.name for variant in variants}) < len(variants):
        entries.fault("", "each variant needs a name of its own")
    try:
        entries.close(TITLE)
        shares = to_ppm(list(weights.values()), "/variants")
    except Invalid as invalid:
        form.adopt(invalid)
        return before.variants
    active = [share for share, variant in zip(shares, variants, strict=True) if variant.state == "active"]
    if not active or not (before.adaptive or any(active)):
        form.fault(
            "variants",
            "at least one active variant needs a weight above 0" if active else "one has to be active",
        )
        return before.variants
    return tuple(replace(variant, weight=share) for variant, share in zip(variants, shares, strict=True))


def _is_new(form: Form, before: Experiment) -> bool:
    """Whether this is a variant to be: it has a name, and a key that none has. Who mistypes a key to pause one gives no name."""
    if not (form.has("key") and form.has("name")) or form.has("id"):
        return False
    return before.adaptive and before.factors is None and before.variant(str(form.value("key"))) is None


def _read_new(form: Form, ordinal: int, at: dt.datetime, new_id: Callable[[], UUID]) -> Variant:
    """It comes last, so that no threshold is another's; what it gets is the learner's to say."""
    for name in ("weight", "is_control"):
        if form.value(name):
            form.fault(
                name,
                "cannot be given to a variant that is added: its share is learned, and the control stays",
            )
    form.choice("state", _STATES[:1], "active")
    return Variant(
        id=new_id(),
        key=read_key(form, "", "variant"),
        name=form.text("name", 200),
        ordinal=ordinal,
        is_control=False,
        weight=0,
        config=form.json("config", {}, MOST_CONFIG),
        created_at=at,
    )


def _why_not_new(before: Experiment) -> str:
    if not before.adaptive:
        return (
            "none can be added under fixed weights: the comparison was planned for these, and units from before could not get it; "
            "clone it instead"
        )
    if before.factors is not None:
        return "a cell of factors cannot be added; clone it instead"
    return "one that is added needs a key and a name"


def _read_reference(form: Form, before: Experiment) -> Variant | None:
    found = [(name, before.variant(form.text(name, 200))) for name in ("key", "id") if form.has(name)]
    there = ", ".join(variant.key for variant in before.variants)
    if not found:
        form.fault("key", f"is required (or id), to say which variant; there is {there}")
        return None
    for name, variant in found:
        if variant is None:
            form.fault(name, f"is no variant of this experiment, which has {there}; {_why_not_new(before)}")
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
    state = form.choice("state", _STATES, mine.state)
    if mine.state == "retired" and state != "retired":
        form.fault("state", "was retired, which is for ever; add another variant instead")
    if state == "retired" and mine.is_control:
        form.fault("state", "cannot be retired: the control is what the others are compared with; pause it")
    name = form.text("name", 200) if form.has("name") else mine.name
    return replace(mine, name=name, config=config, state=state)


def _read_weight(form: Form, mine: Variant, before: Experiment) -> float:
    weight = to_fraction(mine.weight)
    given = form.number("weight", 0, 1, weight)
    if before.adaptive and given != weight:
        form.fault("weight", f"cannot be changed: {before.type} learns the shares; pause the variant instead")
    return given
