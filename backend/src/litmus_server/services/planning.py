"""Planning: from a question to how many units, how small an effect, how probable a finding, how many days.

It runs in the worker. It must not know who asks.
"""

import asyncio
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, inf, isfinite, sqrt
from typing import Any

import msgspec
import numpy as np

from litmus_server.domain import power as p
from litmus_server.domain.draft import ExperimentType
from litmus_server.domain.errors import Fault, Invalid
from litmus_server.domain.metric import Direction, MetricKind
from litmus_server.domain.plan import Adjustment, AnalysisPlan, Correction, Method, SpendingShape
from litmus_server.ports import PastUnits, PlanBook
from litmus_server.rules import promotion
from litmus_server.stats.absence import Undefined
from litmus_server.stats.group_sequential import Shape, Spending
from litmus_server.stats.moments import JointMoments
from litmus_server.stats.power import (
    Comparison,
    Duration,
    MeanBaseline,
    Plan,
    RateBaseline,
    duration,
    remaining,
)
from litmus_server.stats.sheet import Arm, Sheet, of_cohort

_POINTS = 20  # of the curve, up to twice the sample size
_MOST_LOOKS = (
    50  # each costs milliseconds a thousand times over, and more make less of a difference than a per cent
)
_LEAST_DISTANCE = 1e-6  # of the standard deviation: to find less takes more than a million million units
_TOO_MANY = f"it would take more than {p.MOST_UNITS:,} units"
_NO_EFFECT = "no effect was named: give minimum_effect or minimum_difference"
_NO_UNITS = "it was not said how many units there will be: give units, or days and units_per_day"


class Planning:
    """Answers questions."""

    def __init__(self, book: PlanBook) -> None:
        """`book` is where an experiment's own history is read."""
        self._book = book

    async def answer(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """{"answer"}, or {"faults"} where the question has none; `document` is a `Question`. Computed beside the loop."""
        question = msgspec.convert(document, p.Question)
        past = None
        if question.experiment is not None:
            past = await self._book.history(question.experiment, question.metric)
        try:
            answer = await asyncio.to_thread(answered, question, past)
        except Invalid as invalid:
            return {"faults": [{"pointer": each.pointer, "message": each.message} for each in invalid.faults]}
        return {"answer": msgspec.to_builtins(answer)}


def answered(question: p.Question, past: PastUnits | None) -> p.Answer:
    """The answer that follows from the question and what is past, and from nothing else. Raises Invalid."""
    missing: dict[str, str] = {}
    design = _design(question, past)
    new_units = [] if past is None else _new_units(past)
    pace = question.units_a_day or (sum(new_units[-7:]) / len(new_units[-7:]) if new_units else None)
    given = _given(question, past, pace)
    baseline = _baseline(question, past, design.adjusts)
    size, detectable, achieved = None, None, None
    curve: Sequence[p.Point] = []
    if isinstance(baseline, str):
        missing |= dict.fromkeys(("baseline", "sample_size", "detectable", "achieved", "curve"), baseline)
    else:
        asked = _asked(question, past, design, baseline)
        size = _noted(missing, "sample_size", _sample_size(asked, design, pace))
        detectable = _noted(missing, "detectable", _detectable(asked, design, given))
        achieved = _noted(missing, "achieved", _achieved(asked, given))
        reach = size.units if size is not None else given
        curve = _noted(missing, "curve", _curve(asked, reach)) or []
    planned = given if given is not None or size is None else size.units
    return p.Answer(
        baseline=None if isinstance(baseline, str) else baseline,
        design=design.shown,
        units_per_day=pace,
        sample_size=size,
        detectable=detectable,
        achieved=achieved,
        curve=curve,
        rule=_rule(question, past, design, planned),
        history=None if past is None else _history(past, new_units, pace, size),
        missing=missing,
    )


def _noted(missing: dict[str, str], name: str, found: Any) -> Any:
    """What was found; a sentence is why it was not, and is noted."""
    if isinstance(found, str):
        missing[name] = found
        return None
    return found


# --- the design -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Design:
    shown: p.DesignAnswer
    plan: Plan
    adjusts: bool
    minimum_effect: float | None

    @property
    def pair(self) -> tuple[float, float]:
        """Control's share, and the smallest one of a treatment: that comparison needs most units."""
        return self.shown.shares[0], min(self.shown.shares[1:])


def _design(question: p.Question, past: PastUnits | None) -> _Design:
    settings = AnalysisPlan() if past is None else past.experiment.analysis
    shares = question.shares or (_shares(past) if past is not None else (0.5, 0.5))
    alpha = question.alpha or (0.05 if past is None else past.experiment.alpha)
    power = question.power or settings.power
    method = question.method or (
        Method.HYBRID if past is None else settings.method_for(past.experiment.planned_units)
    )
    spending = question.spending or settings.spending
    correction = question.correction or settings.correction
    corrected = correction is not Correction.NONE and len(shares) > 2
    # Holm's first step, and that of Benjamini and Hochberg where one effect is true: the most that can be needed.
    each = alpha / (len(shares) - 1) if corrected else alpha
    if power <= each:
        raise _wrong("power", f"must be greater than alpha, {each:g}")
    looks = 1 if method is Method.FIXED else min(question.looks or settings.looks, _MOST_LOOKS)
    plan = _plan(method, looks, spending, each)
    shown = p.DesignAnswer(
        method=method,
        looks=looks,
        spending=spending if method.planned else None,
        alpha=alpha,
        alpha_each=each,
        power=power,
        one_sided=question.one_sided,
        margin=question.margin,
        correction=correction,
        shares=shares,
        inflation=plan.inflation(power, each, one_sided=question.one_sided),
    )
    adjusts = settings.adjustment is not Adjustment.NONE
    return _Design(shown, plan, adjusts, None if past is None else _minimum_effect(past))


def _minimum_effect(past: PastUnits) -> float | None:
    """The metric's own, else the experiment's."""
    own = None if past.metric is None else past.metric.minimum_effect
    return past.experiment.analysis.minimum_effect if own is None else own


def _shares(past: PastUnits) -> tuple[float, ...]:
    """In force, of the variants that are drawn, control first."""
    experiment = past.experiment
    if experiment.adaptive:
        message = f"{experiment.type} learns its shares, and there is no formula for that: give shares to plan a test with fixed ones"
        raise _wrong("shares", message)
    drawn = [each for each in experiment.variants if experiment.weights[each.ordinal]]
    drawn.sort(key=lambda each: not each.is_control)
    if len(drawn) < 2:
        raise _wrong("shares", "fewer than two variants are drawn: give shares")
    return tuple(experiment.weights[each.ordinal] / 1_000_000 for each in drawn)


def _plan(method: Method, looks: int, spending: SpendingShape, alpha: float) -> Plan:
    spent = Spending(Shape(spending))
    match method:
        case Method.FIXED:
            return Plan.fixed()
        case Method.GROUP_SEQUENTIAL:
            return Plan.group_sequential(looks, spent)
        case Method.ALWAYS_VALID:
            return Plan.always_valid(looks, alpha)
        case Method.HYBRID:
            return Plan.hybrid(looks, alpha, spending=spent)


# --- the baseline -----------------------------------------------------------------------------------------------------


def _baseline(question: p.Question, past: PastUnits | None, adjusts: bool) -> p.BaselineAnswer | str:
    """Typed in, else control's so far; or a sentence that says why there is none."""
    name = question.metric or (past.metric.name if past is not None and past.metric is not None else None)
    explained = question.explained or 0.0
    if question.rate is not None:
        sd = sqrt(question.rate * (1 - question.rate))
        return p.BaselineAnswer("typed", "rate", name, question.rate, sd, 0.0, None)
    if question.mean is not None and question.sd is not None:
        return p.BaselineAnswer("typed", "mean", name, question.mean, question.sd, explained, None)
    assert past is not None
    if past.metric is None:
        if question.metric is not None:
            known = ", ".join(each.name for each in past.experiment.metrics) or "none"
            raise _wrong("metric", f"must be a metric that the experiment declares, which are {known}")
        return "the experiment has no primary metric: name one, or give a baseline_rate, or a mean and its sd"
    control = next((each.ordinal for each in past.experiment.variants if each.is_control), 0)
    arm = past.sheet.arm(past.metric.id, control)
    return _shown(past.metric.kind, past.metric.name, arm, question.explained, adjusts)


def _shown(
    kind: MetricKind, name: str, arm: Arm, explained: float | None, adjusts: bool
) -> p.BaselineAnswer | str:
    if kind is MetricKind.QUANTILE:
        return "there is no formula for quantiles"
    if arm.outcome is None:
        return "the metric is being folded"
    means, covariances = arm.outcome.means, arm.outcome.covariances
    if not isinstance(means, tuple):
        return means.reason
    if not isinstance(covariances, tuple):
        return covariances.reason
    mean, variance = means[0], covariances[0][0]
    if kind is MetricKind.RATIO:
        if not means[1]:
            return "the denominator is 0"
        mean = means[0] / means[1]
        products = covariances[0][0] - 2 * mean * covariances[0][1] + mean**2 * covariances[1][1]
        variance = products / means[1] ** 2
    if not variance > 0:
        return "no unit of control differs from another so far"
    if kind is MetricKind.CONVERSION:
        return p.BaselineAnswer("history", "rate", name, mean, sqrt(mean * (1 - mean)), 0.0, arm.n)
    part = explained if explained is not None else _explained(arm.adjusting if adjusts else None, kind)
    return p.BaselineAnswer("history", "mean", name, mean, sqrt(variance), part, arm.n)


def _explained(joint: JointMoments | None, kind: MetricKind) -> float:
    """The part of the outcome's variance that a regression on the covariates removes: R². Of a ratio it is not estimated."""
    if joint is None or kind is MetricKind.RATIO or not isinstance(joint.covariances, tuple):
        return 0.0
    matrix = np.array(joint.covariances)
    if not matrix[0, 0] > 0:
        return 0.0
    slopes = np.linalg.pinv(matrix[1:, 1:], hermitian=True) @ matrix[1:, 0]
    return float(np.clip(slopes @ matrix[1:, 0] / matrix[0, 0], 0.0, 0.999))


# --- the four questions -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Asked:
    """`difference` is None where no effect was named. `sign` is −1 where the comparison is of the mirrored metric: its one
    side is the upper one.
    """

    comparison: Comparison
    mean: float
    sd: float
    difference: float | None
    sign: int
    upwards: bool

    def effect(self, mirrored: float) -> p.Effect:
        difference = self.sign * mirrored
        lift = difference / abs(self.mean) if self.mean else inf
        return p.Effect(difference, lift if isfinite(lift) else None)


def _asked(
    question: p.Question, past: PastUnits | None, design: _Design, baseline: p.BaselineAnswer
) -> _Asked:
    mean, rate = baseline.mean, baseline.kind == "rate"
    difference = _difference(question, design, mean)
    if difference is not None and rate and not 0 < mean + difference < 1:
        where = "minimum_difference" if question.difference is not None else "minimum_effect"
        raise _wrong(
            where,
            f"leads from a rate of {mean:g} to one of {mean + difference:g}, which must be between 0 and 1",
        )
    if question.margin is not None and not mean:
        raise _wrong("margin", "is a fraction of the baseline, which is 0")
    fewer = past is not None and past.metric is not None and past.metric.direction is Direction.DECREASE
    if question.margin is not None:
        difference = difference or 0.0
        sign = -1 if fewer else 1
    else:
        sign = -1 if question.one_sided and (difference < 0 if difference is not None else fewer) else 1
    if rate:
        measured: RateBaseline | MeanBaseline = RateBaseline(mean if sign > 0 else 1 - mean)
    else:
        measured = MeanBaseline(sign * mean, baseline.sd**2, baseline.explained)
    comparison = Comparison(
        measured,
        design.plan,
        design.shown.alpha_each,
        question.one_sided,
        design.pair,
        0.0 if question.margin is None else question.margin * abs(mean),
    )
    upwards = question.one_sided or (difference > 0 if difference is not None else not fewer)
    mirrored = None if difference is None else sign * difference
    return _Asked(comparison, mean, baseline.sd, mirrored, sign, upwards)


def _difference(question: p.Question, design: _Design, mean: float) -> float | None:
    if question.difference is not None:
        return question.difference
    lift = question.lift if question.lift is not None else design.minimum_effect
    if lift is None:
        return None
    if not mean:
        if question.lift is None:
            return None
        raise _wrong("minimum_effect", "is a fraction of the baseline, which is 0: give minimum_difference")
    return lift * abs(mean)


def _sample_size(asked: _Asked, design: _Design, pace: float | None) -> p.SampleSize | str:
    if asked.difference is None:
        return _NO_EFFECT
    if abs(asked.difference + asked.comparison.margin) < _LEAST_DISTANCE * asked.sd:
        return _TOO_MANY
    units = asked.comparison.units(asked.difference, design.shown.power)
    if isinstance(units, Undefined):
        return units.reason
    if units > p.MOST_UNITS:
        return _TOO_MANY
    total = ceil(units)
    time = None if pace is None else duration(total, pace)
    return p.SampleSize(
        effect=asked.effect(asked.difference),
        units=total,
        units_per_variant=[ceil(units * share) for share in design.shown.shares],
        days=time.days if isinstance(time, Duration) else None,
        weeks=time.cycles if isinstance(time, Duration) else None,
    )


def _detectable(asked: _Asked, design: _Design, units: int | None) -> p.Detectable | str:
    if units is None:
        return _NO_UNITS
    least = asked.comparison.detectable(units, design.shown.power, upwards=asked.upwards)
    return least.reason if isinstance(least, Undefined) else p.Detectable(units, asked.effect(least))


def _achieved(asked: _Asked, units: int | None) -> p.Point | str:
    if units is None:
        return _NO_UNITS
    return _NO_EFFECT if asked.difference is None else _point(asked, units)


def _curve(asked: _Asked, reach: int | None) -> list[p.Point] | str:
    if asked.difference is None:
        return _NO_EFFECT
    if reach is None:
        return _NO_UNITS
    units = sorted({ceil(2 * reach * k / _POINTS) for k in range(1, _POINTS + 1)})
    return [_point(asked, each) for each in units]


def _point(asked: _Asked, units: int) -> p.Point:
    assert asked.difference is not None
    found = asked.comparison.power(asked.difference, units)
    return p.Point(units, min(1.0, max(0.0, found)))


def _given(question: p.Question, past: PastUnits | None, pace: float | None) -> int | None:
    """The units that there will be: as typed in, or of the days, or as the experiment has planned."""
    if question.units is not None:
        return question.units
    if question.days is not None:
        if pace is None:
            raise _wrong("days", "needs units_per_day, or an experiment that has run for a whole day")
        return max(1, min(p.MOST_UNITS, int(question.days * pace)))
    return None if past is None else past.experiment.planned_units


# --- the rule, and the past -------------------------------------------------------------------------------------------


def _rule(
    question: p.Question, past: PastUnits | None, design: _Design, planned: int | None
) -> p.RuleAnswer | None:
    rule, looks = question.rule, question.looks or (14 if past is None else past.experiment.analysis.looks)
    if rule is None and (past is None or past.experiment.type is not ExperimentType.BAYESIAN_AB):
        return None
    if rule is None:
        assert past is not None
        plan = promotion.looks_of(past.experiment)
        prior = past.experiment.parameters["prior_alpha"] + past.experiment.parameters["prior_beta"]
    else:
        plan = promotion.planned_looks(
            planned,
            rule.min_sample_size,
            looks,
            early=rule.early_stopping_threshold,
            last=rule.significance_threshold,
        )
        prior = rule.prior
    shares = list(design.shown.shares)
    return p.RuleAnswer(
        false_alarm_rate=promotion.rate_of(plan, shares, prior),
        exact=len(shares) == 2,
        looks=[p.RuleLook(*each) for each in zip(plan.units, plan.thresholds, strict=True)],
    )


def _new_units(past: PastUnits) -> list[int]:
    """Exposed for the first time on each whole day of the past, oldest first; the day of the start was none, today is not over."""
    days: dict[int, int] = {}
    for cohort in past.sheet.cohorts():
        day = cohort // 24
        days[day] = days.get(day, 0) + _exposed(past, of_cohort(cohort))
    if not days:
        return []
    today = int((past.now - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) / dt.timedelta(days=1))
    return [days.get(day, 0) for day in range(min(days) + 1, today)]


def _exposed(past: PastUnits, meant: Any = None) -> int:
    sheet: Sheet = past.sheet
    return sum(sheet.exposed(each.ordinal, meant) for each in past.experiment.variants)


def _history(
    past: PastUnits, new_units: Sequence[int], pace: float | None, size: p.SampleSize | None
) -> p.History:
    units = _exposed(past)
    left = None if size is None else max(0, size.units - units)
    time = None if left is None else remaining(left, new_units)
    return p.History(
        experiment_id=str(past.experiment.id),
        units=units,
        days=len(new_units),
        units_per_day=pace,
        units_left=left,
        days_left=time.days if isinstance(time, Duration) else None,
    )


def _wrong(name: str, message: str) -> Invalid:
    return Invalid(f"{name}: {message}", (Fault(f"/{name}", message),), p.TITLE)
