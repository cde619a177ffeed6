"""What somebody asks to be made into an experiment: every rule for it, checked in one pass.

It must not know which API it came through; field names are the canonical ones.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256
from re import compile as pattern
from re import sub
from typing import Any
from unicodedata import normalize

from litmus_server.domain.acting import Acting, read_acting
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
from litmus_server.domain.features import MOST_SEGMENTS, Schema, read_features
from litmus_server.domain.flag import ValueType, wrong_value
from litmus_server.domain.form import Form
from litmus_server.domain.holdback import DEFAULT as DEFAULT_HOLDBACK
from litmus_server.domain.holdback import Holdback, read_holdback
from litmus_server.domain.layer import LayerShare
from litmus_server.domain.metric import (
    MOST_METRICS,
    Metric,
    MetricKind,
    Role,
    misnamed,
    read_metric,
    settled,
)
from litmus_server.domain.plan import AnalysisPlan, read_plan
from litmus_server.domain.ramp import read_ramp
from litmus_server.domain.stickiness import read_stickiness
from litmus_server.domain.weights import equal_ppm, share_to_ppm, to_ppm

KEY = pattern(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
MOST_VARIANTS = 100
MOST_FORCED = 1_000
"""Units with a forced variant."""
MOST_CONFIG = 100_000
"""Bytes of a variant's config as compact JSON."""
DEFAULT_SIGNIFICANCE = 0.95
TITLE = "Invalid experiment configuration"

_UUID = pattern(r"[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_RESERVED = {"conversions"}
_UNIT = pattern(r"[^\x00\ud800-\udfff]{1,256}")
_DIMENSIONS = ("country", "device", "browser", "platform")
_MOST_UNITS = 10**12


class ExperimentType(StrEnum):
    """How the shares of the variants come about."""

    AB = "ab"
    BAYESIAN_AB = "bayesian_ab"
    """Fixed as in `ab`, and a rule promotes the variant that is probably the best (`litmus_server.rules`)."""
    THOMPSON_SAMPLING = "thompson_sampling"
    UCB = "ucb"
    UCB1 = "ucb1"
    UCB_TUNED = "ucb_tuned"
    EPSILON_GREEDY = "epsilon_greedy"
    TOP_TWO = "top_two"
    EXPLORATION_SAMPLING = "exploration_sampling"
    LINUCB = "linucb"
    LINTS = "lints"
    SQUARECB = "squarecb"
    SEGMENTED_THOMPSON = "segmented_thompson"
    FLAG = "flag"
    """Fixed as in `ab`, and nothing is measured."""

    @property
    def adaptive(self) -> bool:
        """Whether they are learned."""
        return self not in FIXED

    @property
    def contextual(self) -> bool:
        """Whether they are learned, and depend on features of the unit."""
        return self in CONTEXTUAL

    @property
    def judges(self) -> bool:
        """Whether it goes by its primary metric, and so needs one."""
        return self not in {ExperimentType.AB, ExperimentType.FLAG}

    @property
    def learns_from(self) -> tuple[MetricKind, ...]:
        """The kinds of primary metric that it can go by; those that are learned treat rates and numbers alike."""
        if self in {ExperimentType.BAYESIAN_AB, ExperimentType.SEGMENTED_THOMPSON}:
            return (MetricKind.CONVERSION,)
        return (MetricKind.CONVERSION, MetricKind.MEAN) if self.adaptive else tuple(MetricKind)


FIXED: Collection[str] = frozenset({ExperimentType.AB, ExperimentType.BAYESIAN_AB, ExperimentType.FLAG})
"""The types whose weights somebody chooses."""
LINEAR: Collection[str] = frozenset({ExperimentType.LINUCB, ExperimentType.LINTS, ExperimentType.SQUARECB})
"""The types that learn a linear model of each variant; of these `squarecb` can do with scores from outside."""
CONTEXTUAL: Collection[str] = frozenset({*LINEAR, ExperimentType.SEGMENTED_THOMPSON})
"""The types whose shares depend on features of the unit."""
MOST_MODEL = 250_000
"""Numbers that a version's linear models may have, of all variants together."""


class Purpose(StrEnum):
    """What people want of an experiment: the `mode` that they choose where they do not choose a type."""

    EARN = "earn"
    LEARN = "learn"
    TEST = "test"


PURPOSES: Mapping[Purpose, ExperimentType] = {
    Purpose.EARN: ExperimentType.THOMPSON_SAMPLING,
    Purpose.LEARN: ExperimentType.TOP_TWO,
    Purpose.TEST: ExperimentType.AB,
}
"""The type that a purpose stands for."""


def purpose_of(kind: ExperimentType) -> Purpose | None:
    """What experiments of this type are for; None of a flag, which measures nothing."""
    if kind is ExperimentType.FLAG:
        return None
    if kind in {ExperimentType.TOP_TWO, ExperimentType.EXPLORATION_SAMPLING}:
        return Purpose.LEARN
    return Purpose.EARN if kind.adaptive else Purpose.TEST


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number that a type of experiment takes; without a default it may be left out, and is then not there."""

    low: float
    high: float
    default: float | None


@dataclass(frozen=True, slots=True)
class Switch:
    """Something that a type of experiment does, or does not."""

    default: bool | None
    """None: it may be left out, and is then not there."""


_PRIOR = {"prior_alpha": Parameter(1e-6, 1e9, 1), "prior_beta": Parameter(1e-6, 1e9, 1)}
_EARN, _LEARN = Parameter(0, 0.5, 0.002), Parameter(0, 0.5, 0.01)
_PROMOTION = Parameter(0.5001, 1 - 1e-6, 0.99)
# What all bandits take that treat units alike. Days and hours are of the wall clock.
_BANDIT: Mapping[str, Parameter | Switch] = {
    "half_life_days": Parameter(1 / 24, 3_650, None),
    "window_days": Parameter(1 / 24, 3_650, None),
    "mean_delay_hours": Parameter(1 / 60, 8_760, None),
    "learned_delays": Switch(None),
    "promotion_threshold": _PROMOTION,
}
_BOUND: Mapping[str, Parameter | Switch] = {"c": Parameter(0.01, 100, 2), "floor": _EARN, **_BANDIT}
# No floor of nothing: of a decision that could not have been another one, nobody can say later what that would have earned.
_LINEAR = {"ridge": Parameter(1e-3, 1e6, 1), "floor": Parameter(1e-4, 0.5, 0.001)}
PARAMETERS: Mapping[ExperimentType, Mapping[str, Parameter | Switch]] = {
    ExperimentType.AB: _PRIOR,
    ExperimentType.BAYESIAN_AB: {**_PRIOR, "early_stopping_threshold": Parameter(0.5, 1 - 1e-6, 0.95)},
    ExperimentType.THOMPSON_SAMPLING: {**_PRIOR, "floor": _EARN, **_BANDIT},
    ExperimentType.UCB: _BOUND,
    ExperimentType.UCB1: _BOUND,
    ExperimentType.UCB_TUNED: _BOUND,
    ExperimentType.EPSILON_GREEDY: {
        "epsilon": Parameter(0, 1, 0.1),
        "decay": Switch(False),
        "floor": _EARN,
        **_BANDIT,
    },
    ExperimentType.TOP_TWO: {**_PRIOR, "beta": Parameter(0.01, 1, 0.5), "floor": _LEARN, **_BANDIT},
    ExperimentType.EXPLORATION_SAMPLING: {**_PRIOR, "floor": _LEARN, **_BANDIT},
    ExperimentType.LINUCB: {"exploration": Parameter(0.001, 100, 0.5), **_LINEAR},
    ExperimentType.LINTS: {"exploration": Parameter(0.001, 100, 0.65), **_LINEAR},
    ExperimentType.SQUARECB: {"exploration": Parameter(0.001, 100, 4), **_LINEAR},
    ExperimentType.SEGMENTED_THOMPSON: {**_PRIOR, "floor": Parameter(1e-4, 0.5, 0.002)},
    ExperimentType.FLAG: {},
}
"""`floor` is the least share of each variant, so that the report stays honest about losers. `early_stopping_threshold` is
the probability of being the best from which on a variant is promoted before the plan's last look, `promotion_threshold` that
of a bandit. A unit counts half after `half_life_days` and not at all after `window_days`; `mean_delay_hours` is how long
conversions take on average, where that is known, and with `learned_delays` it is learned of each variant. The other names are the policy's own (`litmus_server.bandits.policies`)."""


def learns_delays(parameters: Mapping[str, float | bool]) -> bool:
    """Whether an experiment of these parameters learns of each variant how long conversions take."""
    return bool(parameters.get("learned_delays"))


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
    ttl_seconds: int | None
    public: bool
    traffic: int
    variants: tuple[DraftVariant, ...]
    metrics: tuple[Metric, ...]
    parameters: Mapping[str, float | bool]
    dimensions: tuple[str, ...]
    planned_units: int | None
    min_sample_size: int | None
    significance: float
    auto_promote: bool
    acting: Acting
    analysis: AnalysisPlan
    factors: Sequence[Mapping[str, Any]] | None
    features: Sequence[Mapping[str, Any]] | None
    value_type: ValueType | None
    audience: Mapping[str, Any] | None
    layer: LayerShare | None
    holdout: bool
    holdback: Holdback | None
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
    kind = _read_type(form)
    value_type = _read_value_type(form, kind)
    noted = form.noted
    factors = read_factors(form, MOST_CONFIG)
    form.value("variants")
    form.value("cells")
    variants = _read_variants(form, kind, value_type, factors) if form.noted == noted else ()
    unit_type, ttl_seconds = read_stickiness(form, is_flag=kind is ExperimentType.FLAG)
    planned_units = form.integer("planned_units", 1, _MOST_UNITS)
    significance = form.number("significance_threshold", 1e-6, 1 - 1e-6, DEFAULT_SIGNIFICANCE)
    metrics = _read_metrics(form, kind)
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
        unit_type=unit_type,
        ttl_seconds=ttl_seconds,
        public=form.flag("public"),
        traffic=share_to_ppm(form.number("traffic_allocation", 0, 1, 1), "/traffic_allocation"),
        variants=variants,
        metrics=metrics,
        parameters=_read_parameters(form, kind, len(variants), metrics, significance),
        dimensions=form.texts("dimensions", 16, 64, _DIMENSIONS),
        planned_units=planned_units,
        min_sample_size=form.integer("min_sample_size", 1, _MOST_UNITS),
        significance=significance,
        auto_promote=form.flag("auto_promote_winner"),
        acting=read_acting(form),
        analysis=read_plan(form, "analysis", planned_units),
        factors=None if factors is None else [factor.document for factor in factors],
        features=_read_features(form, kind, len(variants)),
        value_type=value_type,
        audience=read_condition(form, "audience"),
        layer=_read_layer(form),
        holdout=form.flag("holdout", default=True),
        holdback=_read_holdback(form, kind),
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


def _read_type(form: Form) -> ExperimentType:
    """The type that is given, or that the purpose stands for; both only where they agree."""
    kind = form.choice("type", ExperimentType, ExperimentType.AB)
    if not form.has("mode"):
        return kind
    noted = form.noted
    purpose = form.choice("mode", Purpose, Purpose.TEST)
    if form.noted > noted:
        return kind
    if not form.has("type"):
        return PURPOSES[purpose]
    if purpose_of(kind) is not purpose:
        fitting = ", ".join(each for each in ExperimentType if purpose_of(each) is purpose)
        form.fault("mode", f"{purpose} is not what {kind} is for: {fitting}")
    return kind


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
    noted = form.noted
    if form.has("primary_metric"):
        metrics.append(read_metric(form, "primary_metric", (Role.PRIMARY,), MetricKind.CONVERSION))
        if metrics[0].kind not in kind.learns_from:
            kinds = " or ".join(kind.learns_from)
            form.fault("primary_metric", f"must be of kind {kinds}: that is what {kind} learns from")
    elif kind.judges:
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
    if form.noted > noted:
        return tuple(metrics)
    places = [("primary_metric", "")] * (len(metrics) - len(list(entries)))
    places += [("secondary_metrics", f"/{place}") for place in entries]
    for (field, below), metric in zip(places, metrics, strict=True):
        for part, problem in misnamed(metric, metrics):
            form.fault_at(field, f"{below}/{part}", problem)
    return settled(metrics)


def _read_parameters(
    form: Form, kind: ExperimentType, count: int, metrics: Sequence[Metric], significance: float
) -> dict[str, float | bool]:
    given = form.form("parameters")
    parameters: dict[str, float | bool] = {}
    for name, each in PARAMETERS[kind].items():
        if isinstance(each, Switch):
            if given.has(name) or each.default is not None:
                parameters[name] = given.flag(name, default=bool(each.default))
        elif given.has(name) or each.default is not None:
            parameters[name] = given.number(name, each.low, each.high, each.default)
    named = form.has("significance_threshold") and not given.has("promotion_threshold")
    if named and "promotion_threshold" in parameters:
        # Who names one threshold means that one: people of other tools know no second.
        parameters["promotion_threshold"] = max(significance, _PROMOTION.low)
    if "floor" in parameters and parameters["floor"] * count > 1:
        given.fault("floor", f"{count} variants leave room for a floor of at most {1 / count:g}")
    if learns_delays(parameters):
        if "mean_delay_hours" in parameters:
            given.fault(
                "learned_delays", "give it or mean_delay_hours: a delay that is known needs no learning"
            )
        if metrics and metrics[0].role is Role.PRIMARY and metrics[0].kind is not MetricKind.CONVERSION:
            given.fault(
                "learned_delays", f"is of conversions, and the primary metric is of kind {metrics[0].kind}"
            )
    return parameters


def _read_features(form: Form, kind: ExperimentType, count: int) -> list[dict[str, Any]] | None:
    features = read_features(form)
    if features is None:
        if kind.contextual and kind is not ExperimentType.SQUARECB:
            form.fault("features", f"is required: {kind} decides by them")
        return None
    schema = Schema(features)
    numbers = count * len(schema.columns) * (len(schema.columns) + 3) // 2
    if not kind.contextual:
        form.fault("features", f"is for {', '.join(sorted(CONTEXTUAL))}: {kind} treats all units alike")
    elif kind is ExperimentType.SEGMENTED_THOMPSON and not 0 < schema.segments <= MOST_SEGMENTS:
        what = (
            f"make {schema.segments} segments" if schema.segments else "hold a number, which has no segments"
        )
        form.fault(
            "features",
            f"{what}: {kind} learns each of at most {MOST_SEGMENTS} on its own; lints learns what they share",
        )
    elif kind in LINEAR and numbers > MOST_MODEL:
        message = (
            f"make models of {numbers} numbers for {count} variants, and at most {MOST_MODEL} are possible"
        )
        form.fault("features", message)
    return [feature.document for feature in features]


def _read_holdback(form: Form, kind: ExperimentType) -> Holdback | None:
    """Who names a purpose gets what serves it; who names an algorithm gets that algorithm and nothing beside it."""
    earns = form.value("mode") == Purpose.EARN and not form.has("type")
    return read_holdback(form, possible=kind.adaptive, default=DEFAULT_HOLDBACK if earns else None)


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
