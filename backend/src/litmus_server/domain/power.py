"""Planning an experiment: what is asked, from typed-in numbers or from an experiment's own history, and what is answered.

It must not know how anything is computed, nor who computes it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from litmus_server.domain.draft import KEY, is_reference
from litmus_server.domain.form import Form
from litmus_server.domain.metric import MOST_NAME
from litmus_server.domain.plan import MOST_LOOKS, Correction, Method, SpendingShape

TITLE = "Invalid power question"
MOST_SHARES = 100
MOST_UNITS = 10**12
MOST_DAYS = 3650
_LEAST_EFFECT, _MOST = 1e-6, 1e12


@dataclass(frozen=True, slots=True)
class Rule:
    """The rule of `bayesian_ab`, as it is planned: see docs/statistics/acting.md."""

    early_stopping_threshold: float
    significance_threshold: float
    min_sample_size: int | None
    prior: float
    """alpha + beta."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. None: as the experiment has it, if one is named, else the default.

    The baseline is a `rate`, or a `mean` with the `sd` of one unit's value; without any it is the experiment's history. `lift` is a
    fraction of it, `difference` is in the metric's units; `margin`, a lift, makes it a question of non-inferiority. `shares` are
    the variants' parts of all units, control first. `explained` is the part of the variance that adjustment removes.
    """

    experiment: str | None = None
    metric: str | None = None
    rate: float | None = None
    mean: float | None = None
    sd: float | None = None
    explained: float | None = None
    lift: float | None = None
    difference: float | None = None
    margin: float | None = None
    shares: tuple[float, ...] | None = None
    alpha: float | None = None
    power: float | None = None
    one_sided: bool = False
    method: Method | None = None
    looks: int | None = None
    spending: SpendingShape | None = None
    correction: Correction | None = None
    units: int | None = None
    days: float | None = None
    units_a_day: float | None = None
    rule: Rule | None = None


def read_question(form: Form) -> Question:
    """The question in this form; meaningless unless `form.close` then finds no fault."""
    experiment = form.text("experiment_id", 128, shape=KEY) if form.has("experiment_id") else None
    if experiment is not None and not is_reference(experiment):
        form.fault("experiment_id", "must be an experiment's id or key")
    rate, mean, sd = (
        _number(form, "baseline_rate", 1e-9, 1 - 1e-9),
        _number(form, "mean", -_MOST, _MOST),
        _number(form, "sd", 1e-12, _MOST),
    )
    if rate is not None and (mean is not None or sd is not None):
        form.fault("baseline_rate", "give a rate, or a mean with its sd, not both")
    if (mean is None) != (sd is None):
        form.fault("sd" if sd is None else "mean", "a mean and its sd belong together")
    if experiment is None and rate is None and mean is None:
        form.fault(
            "baseline_rate", "is required, or a mean with its sd, or an experiment_id whose history has them"
        )
    lift, difference = (
        _signed(form, "minimum_effect", 100),
        _signed(form, "minimum_difference", _MOST),
    )
    if lift is not None and difference is not None:
        form.fault(
            "minimum_effect",
            "give the effect as a fraction (minimum_effect) or in units (minimum_difference), not both",
        )
    sides = form.integer("sides", 1, 2)
    margin = _number(form, "margin", _LEAST_EFFECT, 10)
    if margin is not None and sides == 2:
        form.fault("sides", "a question of non-inferiority (margin) has one side")
    return Question(
        experiment=experiment,
        metric=form.text("metric", MOST_NAME) if form.has("metric") else None,
        rate=rate,
        mean=mean,
        sd=sd,
        explained=_number(form, "explained", 0, 0.999),
        lift=lift,
        difference=difference,
        margin=margin,
        shares=_read_shares(form),
        alpha=_number(form, "alpha", 1e-6, 0.5),
        power=_number(form, "power", 0.5, 0.999),
        one_sided=sides == 1 or margin is not None,
        method=form.choice("method", Method, Method.HYBRID) if form.has("method") else None,
        looks=form.integer("looks", 1, MOST_LOOKS),
        spending=form.choice("spending", SpendingShape, SpendingShape.OBRIEN_FLEMING)
        if form.has("spending")
        else None,
        correction=form.choice("correction", Correction, Correction.HOLM) if form.has("correction") else None,
        units=form.integer("units", 1, MOST_UNITS),
        days=_number(form, "days", 1e-3, MOST_DAYS),
        units_a_day=_number(form, "units_per_day", 1e-6, MOST_UNITS),
        rule=_read_rule(form),
    )


def _number(form: Form, name: str, low: float, high: float) -> float | None:
    return float(form.number(name, low, high)) if form.has(name) else None


def _signed(form: Form, name: str, most: float) -> float | None:
    value = _number(form, name, -most, most)
    if value is not None and abs(value) < _LEAST_EFFECT * 1e-6:
        form.fault(name, "must not be 0: nothing can be found where there is nothing")
    return value


def _read_shares(form: Form) -> tuple[float, ...] | None:
    count = form.integer("variants", 2, MOST_SHARES)
    if not form.has("shares"):
        return None if count is None else (1 / count,) * count
    entries = form.entries("shares", MOST_SHARES, 2)
    noted = form.noted
    shares = tuple(float(entries.number(place, 1e-6, 1)) for place in entries)
    if form.noted == noted and abs(sum(shares) - 1) > 1e-6:
        form.fault("shares", f"must sum to 1, control first; they sum to {sum(shares):g}")
    if count is not None and count != len(shares):
        form.fault("variants", f"there are {len(shares)} shares; give one of both")
    return shares


def _read_rule(form: Form) -> Rule | None:
    if not form.has("rule"):
        return None
    given = form.form("rule")
    alpha, beta = (given.number(name, 1e-6, 1e9, 1) for name in ("prior_alpha", "prior_beta"))
    return Rule(
        given.number("early_stopping_threshold", 0.5, 1 - 1e-6, 0.95),
        given.number("significance_threshold", 0.5, 1 - 1e-6, 0.95),
        given.integer("min_sample_size", 1, MOST_UNITS),
        alpha + beta,
    )


# --- the answer -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BaselineAnswer:
    """What control is taken to show. `source`: `typed` or `history`; then `units` are the exposed ones that it is from.

    `explained` is the part of the variance that adjustment by what came before the exposure removes.
    """

    source: str
    kind: str
    metric: str | None
    mean: float
    sd: float
    explained: float
    units: int | None


@dataclass(frozen=True, slots=True)
class DesignAnswer:
    """The test as it is planned. `alpha_each` is that of one comparison: `alpha` over the treatments where they are corrected.

    `inflation`: how many times the units of a single look it needs at most.
    """

    method: Method
    looks: int
    spending: SpendingShape | None
    alpha: float
    alpha_each: float
    power: float
    one_sided: bool
    margin: float | None
    correction: Correction
    shares: Sequence[float]
    inflation: float


@dataclass(frozen=True, slots=True)
class Effect:
    """An effect, in the metric's units and as a fraction of control; the fraction is null where control is zero."""

    difference: float
    lift: float | None


@dataclass(frozen=True, slots=True)
class SampleSize:
    """How many exposed units find `effect` with the wanted power, in all and by variant; at most, where the plan may stop earlier.

    `days` until they have come at `units_per_day`, and as many whole weeks as that takes; null without a rate.
    """

    effect: Effect
    units: int
    units_per_variant: Sequence[int]
    days: int | None
    weeks: int | None


@dataclass(frozen=True, slots=True)
class Detectable:
    """The smallest effect that so many units in all find with the wanted power."""

    units: int
    effect: Effect


@dataclass(frozen=True, slots=True)
class Point:
    """The probability that so many units in all find the effect."""

    units: int
    power: float


@dataclass(frozen=True, slots=True)
class RuleLook:
    """From so many exposed units in all a look is taken, and this probability of being the best promotes."""

    units: int
    threshold: float


@dataclass(frozen=True, slots=True)
class RuleAnswer:
    """`false_alarm_rate`: how often the rule promotes some variant when all are alike. `exact`: by integration, else by simulation."""

    false_alarm_rate: float
    exact: bool
    looks: Sequence[RuleLook]


@dataclass(frozen=True, slots=True)
class History:
    """What the experiment has shown so far. `units_left` and `days_left` are until `sample_size` is reached; null where that has no answer."""

    experiment_id: str
    units: int
    days: int
    units_per_day: float | None
    units_left: int | None
    days_left: int | None


@dataclass(frozen=True, slots=True)
class Answer:
    """The four questions of planning. What has no answer is null, and `missing` says why in a sentence.

    `sample_size` needs an effect; `detectable` and `achieved` (the power at `units`, or after `days`) need a number of units. `curve` is the
    power for the effect over units.
    """

    baseline: BaselineAnswer | None
    design: DesignAnswer
    units_per_day: float | None
    sample_size: SampleSize | None
    detectable: Detectable | None
    achieved: Point | None
    curve: Sequence[Point]
    rule: RuleAnswer | None
    history: History | None
    missing: Mapping[str, str] = field(default_factory=dict)
