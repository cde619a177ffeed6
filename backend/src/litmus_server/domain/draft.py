"""What somebody asks to be made into an experiment: every rule for it, checked in one pass.

It must not know which API it came through; field names are the canonical ones.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256
from re import compile as pattern
from re import sub
from typing import Any
from unicodedata import normalize

from litmus_server.domain.audience import read_condition
from litmus_server.domain.errors import Invalid
from litmus_server.domain.factors import (
    Cell,
    Factor,
    combined,
    first_cell,
    read_cell,
    read_cells,
    read_factors,
    refuse_cells,
)
from litmus_server.domain.flag import ValueType, wrong_value
from litmus_server.domain.form import Form
from litmus_server.domain.layer import LayerShare
from litmus_server.domain.metric import MOST_METRICS, Metric, MetricKind, Role, read_metric
from litmus_server.domain.ramp import read_ramp
from litmus_server.domain.weights import equal_ppm, share_to_ppm, to_ppm

KEY = pattern(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
MOST_VARIANTS = 100
MOST_FORCED = 1_000
"""Units with a forced variant."""
MOST_CONFIG = 100_000
"""Bytes of a variant's config as compact JSON."""
TITLE = "Invalid experiment configuration"

_UUID = pattern(r"[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_RESERVED = {"conversions"}
_UNIT_TYPE = pattern(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_UNIT = pattern(r"[^\x00\ud800-\udfff]{1,256}")
_DIMENSIONS = ("country", "device", "browser", "platform")
_MOST_UNITS = 10**12


class ExperimentType(StrEnum):
    """How the shares of the variants come about."""

    AB = "ab"
    THOMPSON_SAMPLING = "thompson_sampling"
    FLAG = "flag"
    """Fixed as in `ab`, and nothing is measured."""

    @property
    def adaptive(self) -> bool:
        """Whether they are learned."""
        return self not in {ExperimentType.AB, ExperimentType.FLAG}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number that a type of experiment takes."""

    low: float
    high: float
    default: float


_PRIOR = {"prior_alpha": Parameter(1e-6, 1e9, 1), "prior_beta": Parameter(1e-6, 1e9, 1)}
PARAMETERS: Mapping[ExperimentType, Mapping[str, Parameter]] = {
    ExperimentType.AB: _PRIOR,
    ExperimentType.THOMPSON_SAMPLING: {**_PRIOR, "floor": Parameter(0, 0.5, 0.002)},
    ExperimentType.FLAG: {},
}
"""`floor` is the least share of each variant, so that the report stays honest about losers."""


@dataclass(frozen=True, slots=True)
class DraftVariant:
    """A variant to be; its place in the draft is its ordinal."""

    key: str
    name: str
    is_control: bool
    weight: int
    config: Any
    factors: Cell | None = None
    """Of a multivariate experiment: its level of each factor."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A valid description of an experiment. Shares are in ppm."""

    name: str
    key: str
    type: ExperimentType
    description: str
    hypothesis: str
    owner: str
    tags: tuple[str, ...]
    unit_type: str
    public: bool
    traffic: int
    variants: tuple[DraftVariant, ...]
    metrics: tuple[Metric, ...]
    parameters: Mapping[str, float]
    dimensions: tuple[str, ...]
    planned_units: int | None
    min_sample_size: int | None
    significance: float
    auto_promote: bool
    factors: Sequence[Mapping[str, Any]] | None
    value_type: ValueType | None
    audience: Mapping[str, Any] | None
    layer: LayerShare | None
    holdout: bool
    forced: Mapping[str, str]
    starts_at: dt.datetime | None
    ends_at: dt.datetime | None
    ramp: Sequence[Mapping[str, Any]] | None


def parse_draft(document: object) -> Draft:
    """The draft that a JSON object describes. Raises Invalid with every fault, and nothing else."""
    form = Form(document)
    draft = read_draft(form)
    form.close(TITLE)
    return draft


def read_draft(form: Form) -> Draft:
    """The draft in this form; meaningless unless `form.close` then finds no fault."""
    name = form.text("name", 200)
    kind = form.choice("type", ExperimentType, ExperimentType.AB)
    value_type = _read_value_type(form, kind)
    noted = form.noted
    factors = read_factors(form, MOST_CONFIG)
    form.value("variants")
    form.value("cells")
    variants = _read_variants(form, kind, value_type, factors) if form.noted == noted else ()
    starts_at, ends_at = form.moment("starts_at"), form.moment("ends_at")
    if starts_at is not None and ends_at is not None and ends_at <= starts_at:
        form.fault("ends_at", "must be after starts_at")
    return Draft(
        name=name,
        key=read_key(form, name, "experiment"),
        type=kind,
        description=form.text("description", 10_000, "", lines=True),
        hypothesis=form.text("hypothesis", 10_000, "", lines=True),
        owner=form.text("owner", 200, ""),
        tags=form.texts("tags", 50, 64),
        unit_type=form.text("unit_type", 64, "user", shape=_UNIT_TYPE),
        public=form.flag("public"),
        traffic=share_to_ppm(form.number("traffic_allocation", 0, 1, 1), "/traffic_allocation"),
        variants=variants,
        metrics=_read_metrics(form, kind),
        parameters=_read_parameters(form, kind, len(variants)),
        dimensions=form.texts("dimensions", 16, 64, _DIMENSIONS),
        planned_units=form.integer("planned_units", 1, _MOST_UNITS),
        min_sample_size=form.integer("min_sample_size", 1, _MOST_UNITS),
        significance=form.number("significance_threshold", 1e-6, 1 - 1e-6, 0.95),
        auto_promote=form.flag("auto_promote_winner"),
        factors=None if factors is None else [factor.document for factor in factors],
        value_type=value_type,
        audience=read_condition(form, "audience"),
        layer=_read_layer(form),
        holdout=form.flag("holdout", default=True),
        forced=_read_forced(form, variants),
        starts_at=starts_at,
        ends_at=ends_at,
        ramp=_read_ramp(form),
    )


def is_reference(text: str) -> bool:
    """Whether an id or a key can look like this; what cannot needs no look-up."""
    return KEY.fullmatch(text) is not None


def is_id(text: str) -> bool:
    """Whether this is a UUID in its usual form, and so an id and not a key."""
    return _UUID.fullmatch(text) is not None


def derive_key(name: str, kind: str) -> str:
    """The key of something that was given a name only: the name where it can be one, else a slug of it."""
    if KEY.fullmatch(name) and _free(name):
        return name
    ascii_only = normalize("NFKD", name).encode("ascii", "ignore").decode()
    slug = sub(r"[^a-z0-9._:-]+", "-", ascii_only.lower()).strip("-._:")[:128]
    if slug and _free(slug):
        return slug
    return f"{kind}-{sha256(name.encode('utf-8', 'replace')).hexdigest()[:8]}"


def _free(key: str) -> bool:
    return key not in _RESERVED and not _UUID.fullmatch(key)


def read_key(form: Form, name: str, kind: str) -> str:
    """The key in this form, or the one that is derived from the name."""
    if not form.has("key"):
        return derive_key(name, kind)
    key = form.text("key", 128, shape=KEY)
    if not _free(key):
        form.fault("key", "is reserved" if key in _RESERVED else "must not look like an id")
    return key


def _read_value_type(form: Form, kind: ExperimentType) -> ValueType | None:
    if kind is ExperimentType.FLAG:
        return form.choice("value_type", ValueType, ValueType.BOOLEAN)
    if form.has("value_type"):
        form.fault("value_type", f"is for type flag, and this is {kind}: a variant's config can be any JSON")
    return None


def _read_variants(
    form: Form, kind: ExperimentType, value_type: ValueType | None, factors: tuple[Factor, ...] | None
) -> tuple[DraftVariant, ...]:
    """Those that are given, or those that need no words: all cells of the factors, a boolean flag's off and on."""
    if factors is None and form.has("cells"):
        form.fault("cells", "needs factors, of whose levels cells are made")
    elif form.has("cells") and form.has("variants"):
        form.fault("cells", "give cells or variants, not both: a variant with factors is a cell")
    if factors is not None and value_type is not None:
        form.fault("factors", "a flag has none: an experiment of another type tells what each of them does")
    made: list[dict[str, Any]] | None = None
    if not form.has("variants") and factors is not None:
        made = [{"factors": cell} for cell in read_cells(form, factors)]
        if len(made) < 2:
            return ()
    elif not form.has("variants") and value_type is ValueType.BOOLEAN:
        made = [{"name": "off", "weight": 0, "config": False}, {"name": "on", "weight": 1, "config": True}]
    if made is None:
        return _read_given(form, kind, value_type, factors)
    unwritten = Form({"variants": made})
    variants = _read_given(unwritten, kind, value_type, factors)
    try:
        unwritten.close(TITLE)
    except Invalid as invalid:
        form.adopt(invalid)
    return variants


def _read_given(
    form: Form, kind: ExperimentType, value_type: ValueType | None, factors: tuple[Factor, ...] | None
) -> tuple[DraftVariant, ...]:
    entries = form.entries("variants", MOST_VARIANTS, 2)
    forms = [entries.form(place) for place in entries]
    read = [_read_variant(each, value_type, factors) for each in forms]
    _refuse_twins(forms, read)
    if factors is not None:
        refuse_cells(form, "variants", [each.factors for each in read if each.factors is not None], factors)
    if sum(variant.is_control for variant in read) > 1:
        form.fault("variants", "at most one variant is_control")
    weights = _read_weights(form, forms, may_be_equal=kind.adaptive or factors is not None)
    control = _control(read, factors)
    return tuple(
        replace(variant, is_control=ordinal == control, weight=weight)
        for ordinal, (variant, weight) in enumerate(zip(read, weights, strict=True))
    )


def _refuse_twins(forms: list[Form], variants: list[DraftVariant]) -> None:
    names: dict[str, int] = {}
    keys: dict[str, int] = {}
    for ordinal, (form, variant) in enumerate(zip(forms, variants, strict=True)):
        twin, of_key = names.setdefault(variant.name, ordinal), keys.setdefault(variant.key, ordinal)
        if twin != ordinal:
            form.fault("name", f"is that of variant {twin} too; each needs its own")
        elif of_key != ordinal:
            form.fault("key", f"{variant.key} is that of variant {of_key} too; each needs its own")


def _read_variant(
    form: Form, value_type: ValueType | None, factors: tuple[Factor, ...] | None
) -> DraftVariant:
    """A cell has key, name and config from its levels, where it is not given its own."""
    cell = None if factors is None else read_cell(form.form("factors"), factors)
    key, name, merged = ("", "", {}) if cell is None else combined(cell, factors or ())
    if cell is None or form.has("name"):
        name = form.text("name", 200)
    config = form.json("config", merged, MOST_CONFIG)
    problem = None if value_type is None else wrong_value(config, value_type)
    if problem is not None:
        form.fault("config", problem)
    return DraftVariant(
        key=read_key(form, name, "variant") if cell is None or form.has("key") else key,
        name=name,
        is_control=form.flag("is_control"),
        weight=0,
        config=config,
        factors=cell,
    )


def _read_weights(form: Form, forms: list[Form], *, may_be_equal: bool) -> tuple[int, ...]:
    """Weights of all variants or, where they are learned or of cells, of none: then they are equal, to begin with."""
    given = [each.has("weight") for each in forms]
    if may_be_equal and not any(given):
        return equal_ppm(len(forms)) if forms else ()
    noted = form.noted
    weights = [each.number("weight", 0, 1) for each in forms]
    if not forms or form.noted > noted:
        return (0,) * len(forms)
    try:
        return to_ppm(weights, "/variants/{}/weight")
    except Invalid as invalid:
        form.adopt(invalid)
        return (0,) * len(forms)


def _control(variants: list[DraftVariant], factors: tuple[Factor, ...] | None) -> int:
    """The flagged one, else the one called control (or Control), else the cell of all first levels, else the first."""
    flagged = [k for k, variant in enumerate(variants) if variant.is_control]
    called = [k for k, each in enumerate(variants) if "control" in {each.key.lower(), each.name.lower()}]
    first = 0 if factors is None else first_cell([variant.factors for variant in variants], factors)
    return [*flagged, *called, first][0]


def _read_metrics(form: Form, kind: ExperimentType) -> tuple[Metric, ...]:
    if kind is ExperimentType.FLAG:
        for name in ("primary_metric", "secondary_metrics"):
            if form.value(name):
                form.fault(name, "a flag measures nothing: an experiment of another type does")
        return ()
    metrics = []
    if form.has("primary_metric"):
        metrics.append(read_metric(form, "primary_metric", (Role.PRIMARY,), MetricKind.CONVERSION))
        if kind.adaptive and metrics[0].kind is not MetricKind.CONVERSION:
            form.fault("primary_metric", f"must be of kind conversion: that is what {kind} learns from")
    elif kind.adaptive:
        metrics.append(Metric("conversion", Role.PRIMARY, MetricKind.CONVERSION))
    entries = form.entries("secondary_metrics", MOST_METRICS - len(metrics))
    roles = (Role.SECONDARY, Role.GUARDRAIL)
    names = {metric.name for metric in metrics}
    for place in entries:
        metric = read_metric(entries, place, roles, MetricKind.MEAN)
        if metric.name in names and metric.name != "?":
            entries.fault(place, f"metric {metric.name} is declared already")
        names.add(metric.name)
        metrics.append(metric)
    return tuple(metrics)


def _read_parameters(form: Form, kind: ExperimentType, count: int) -> dict[str, float]:
    given = form.form("parameters")
    known = PARAMETERS[kind]
    parameters = {name: given.number(name, each.low, each.high, each.default) for name, each in known.items()}
    if "floor" in parameters and parameters["floor"] * count > 1:
        given.fault("floor", f"{count} variants leave room for a floor of at most {1 / count:g}")
    return parameters


def _read_ramp(form: Form) -> list[dict[str, Any]] | None:
    steps = read_ramp(form)
    return None if steps is None else [step.document for step in steps]


def _read_layer(form: Form) -> LayerShare | None:
    if not form.has("layer"):
        return None
    given = form.form("layer")
    key = given.text("key", 128, shape=KEY)
    noted = given.noted
    share = share_to_ppm(given.number("share", 0, 1), given.at)
    if share == 0 and given.noted == noted:
        given.fault("share", "must be at least 0.000001")
    return LayerShare(key, share)


def _read_forced(form: Form, variants: tuple[DraftVariant, ...]) -> dict[str, str]:
    given = form.form("forced")
    if len(list(given)) > MOST_FORCED:
        form.fault("forced", f"at most {MOST_FORCED} units can be forced")
        given.rest()
        return {}
    keys = [variant.key for variant in variants]
    forced = {}
    for unit in given:
        variant = given.value(unit)
        if not _UNIT.fullmatch(unit):
            given.fault(unit, "must be a unit id: 1 to 256 characters without NUL and lone surrogates")
        elif variant is not None and variant not in keys:
            given.fault(unit, f"must be the key of a variant, which are {', '.join(keys)}, or null")
        elif variant is not None:
            forced[unit] = str(variant)
    return forced
