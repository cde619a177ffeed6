"""From an answer to what the document says of it, or why there is none: every null with its reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, isfinite
from typing import Any

import numpy as np

from litmus_server.analysis.answers import Answer, Exact
from litmus_server.analysis.beliefs import belief_of
from litmus_server.analysis.estimates import bare, estimate_of
from litmus_server.analysis.pairs import Pair
from litmus_server.analysis.population import Population
from litmus_server.domain import report as r
from litmus_server.domain.look import Look
from litmus_server.domain.report import Missing
from litmus_server.stats.contrast import Contrast, Scale
from litmus_server.stats.critical import RESERVE

MATURED, ALL = "matured", "all"
_CHANGED = "What was found at different looks has nothing in common: the effect has changed over time."


@dataclass(frozen=True, slots=True)
class Found:
    """An effect before its correction, the answer that can be asked again, and the look that was due, if any."""

    metric: Mapping[str, Any]
    variant: int
    effect: r.Effect
    answer: Answer | None
    look: Look | None


def answered(
    population: Population,
    contrast: Contrast | None,
    answer: Answer,
    method: str,
    others: Sequence[r.Alternative],
    *,
    biased: bool = False,
    looks: Sequence[Look] = (),
    look: Look | None = None,
    of: str | None = None,
    pair_: Pair | None = None,
    notes: Sequence[str] = (),
    start: str = "",
) -> Found:
    frame, alpha = population.frame, population.frame.alpha
    exact = isinstance(answer, Exact)
    lift = answer.at(alpha, Scale.LIFT)
    missing: dict[str, Missing] = {"adjusted": Missing.NO_FAMILY}
    if exact:
        of_rates = None if contrast is None else contrast.treatment - contrast.control
        difference = bare(of_rates, 1 - alpha, Missing.NOT_SUPPORTED)
        asked_of = lift
        missing |= dict.fromkeys(("statistic", "critical_value"), Missing.NOT_SUPPORTED)
    else:
        asked_of = answer.at(alpha, Scale.DIFFERENCE)
        difference = estimate_of(asked_of)
    if contrast is None:
        missing |= dict.fromkeys(("mean", "control_mean", "standard_error"), Missing.NO_VARIANCE)
    if not exact and not isfinite(asked_of.critical_value):
        missing["critical_value"] = Missing.UNBOUNDED
    told_lift = estimate_of(lift)
    counted = pair_ or population.counted
    belief, why_not = belief_of(population, contrast)
    if belief is None:
        missing["belief"] = why_not
    guardrail = _guardrail(population.metric, difference, told_lift)
    if guardrail is None:
        missing["guardrail"] = Missing.NOT_A_GUARDRAIL
    unbiased = looks[-1].median_unbiased if looks else None
    if unbiased is None:
        missing["median_unbiased"] = (
            Missing.NOT_STOPPED if method in {"hybrid", "group_sequential"} else Missing.NOT_PLANNED
        )
    if population.fraction is None:
        missing["information_fraction"] = Missing.NOT_PLANNED
    significant = asked_of.significant
    better = is_better(population.metric, difference, told_lift) if significant else None
    if better is None:
        missing["better"] = Missing.CONTRADICTION if significant else Missing.NOT_SIGNIFICANT
        notes = [*notes, _CHANGED] if significant else notes
    effect = r.Effect(
        variant_id=frame.entry["variants"][population.treatment]["id"],
        variant_key=frame.entry["variants"][population.treatment]["key"],
        control_key=frame.entry["variants"][frame.control]["key"],
        population=of or (MATURED if population.planned else ALL),
        units=counted.treatment.n,
        control_units=counted.control.n,
        mean=None if contrast is None else contrast.treatment,
        control_mean=None if contrast is None else contrast.control,
        difference=difference,
        lift=told_lift,
        standard_error=None if contrast is None else contrast.standard_error,
        p_value=asked_of.p_value,
        statistic=None if exact else asked_of.statistic,
        critical_value=None if "critical_value" in missing else asked_of.critical_value,
        significant=significant,
        better=better,
        adjusted=None,
        method=method,
        alpha=alpha,
        alpha_spent=_spent(population, method, looks),
        looks=[_told(each) for each in looks],
        information_fraction=population.fraction,
        median_unbiased=unbiased,
        start=r.Start(open=not start, reason=start),
        windows=population.windows,
        belief=belief,
        guardrail=guardrail,
        alternatives=others,
        biased=biased,
        notes=[*notes, *_notes(population, biased=biased)],
        missing=missing,
    )
    return Found(population.metric, population.treatment, effect, answer, look)


def absent(
    population: Population,
    why: Missing,
    note: str,
    means_: tuple[float, float] | None = None,
    closed: str = "",
) -> Found:
    """There is no interval, for this reason; what was measured is told all the same."""
    frame, level = population.frame, 1 - population.frame.alpha
    counted = population.counted if population.strata else None
    names = [
        "standard_error",
        "p_value",
        "statistic",
        "critical_value",
        "better",
        "belief",
        "median_unbiased",
    ]
    missing = dict.fromkeys([*names, "adjusted", "alpha_spent"], why)
    difference = lift = bare(None, level, why)
    if means_ is None:
        missing |= dict.fromkeys(("mean", "control_mean"), why)
    else:
        difference = bare(means_[0] - means_[1], level, why)
        if means_[1]:
            lift = bare((means_[0] - means_[1]) / abs(means_[1]), level, why)
    told = population.strata and why is not Missing.OWN_SHARES
    belief = belief_of(population, None)[0] if told else None
    if belief is not None:
        del missing["belief"]
    guardrail = None
    if population.metric["role"] == "guardrail":
        guardrail = r.GuardrailState(population.metric.get("margin") or 0.0, "unclear")
    else:
        missing["guardrail"] = Missing.NOT_A_GUARDRAIL
    if population.fraction is None:
        missing["information_fraction"] = Missing.NOT_PLANNED
    effect = r.Effect(
        variant_id=frame.entry["variants"][population.treatment]["id"],
        variant_key=frame.entry["variants"][population.treatment]["key"],
        control_key=frame.entry["variants"][frame.control]["key"],
        population=MATURED if population.planned and not frame.adaptive else ALL,
        units=counted.treatment.n if counted else 0,
        control_units=counted.control.n if counted else 0,
        mean=means_ and means_[0],
        control_mean=means_ and means_[1],
        difference=difference,
        lift=lift,
        standard_error=None,
        p_value=None,
        statistic=None,
        critical_value=None,
        significant=False,
        better=None,
        adjusted=None,
        method="after_bandit" if frame.adaptive else str(frame.method),
        alpha=frame.alpha,
        alpha_spent=None,
        looks=[],
        information_fraction=population.fraction,
        median_unbiased=None,
        start=r.Start(open=not closed, reason=closed),
        windows=population.windows,
        belief=belief,
        guardrail=guardrail,
        alternatives=[],
        biased=False,
        notes=[note, *_notes(population, biased=False)],
        missing=missing,
    )
    return Found(population.metric, population.treatment, effect, None, None)


def _notes(population: Population, *, biased: bool) -> list[str]:
    notes = []
    if biased:
        notes.append(
            "A bandit chose who was drawn, and this kind of metric is not weighed by propensities: the figure is biased."
        )
    if population.metric["kind"] == "quantile":
        notes.append("An interval of a quantile holds at one planned look only.")
    if len(population.strata) > 1:
        notes.append(
            f"Weights were changed: units are compared within {len(population.strata)} stretches of equal odds, "
            "and these put together."
        )
    return notes


def _spent(population: Population, method: str, looks: Sequence[Look]) -> float:
    frame = population.frame
    if method == "exact":
        return frame.alpha * (RESERVE if population.planned else 1.0)
    if method not in {"hybrid", "group_sequential"}:
        return frame.alpha
    schedule = frame.schedule
    spent = 0.0
    if looks:
        side = np.array([schedule.alpha / 2])
        at = 1.0 if looks[-1].final else looks[-1].fraction
        spent = 2 * exp(float(schedule.spending.log_spent(at, side)[0]))
    return spent + frame.alpha - schedule.alpha


def is_better(metric: Mapping[str, Any], difference: r.Estimate, lift: r.Estimate) -> bool | None:
    """Whether an effect that is there is in the metric's direction. None where looks contradict each other.

    By the interval: what an early look has shown still holds when the present estimate has crossed zero since.
    """
    increase: bool = metric["direction"] == "increase"
    for shown in (difference, lift):
        if shown.lower is not None and shown.lower > 0:
            return increase
        if shown.upper is not None and shown.upper < 0:
            return not increase
    if Missing.CONTRADICTION in difference.missing.values():
        return None
    found = difference.estimate if difference.estimate is not None else lift.estimate
    return ((found or 0.0) > 0) is increase


def _guardrail(
    metric: Mapping[str, Any], difference: r.Estimate, lift: r.Estimate
) -> r.GuardrailState | None:
    """By where the whole interval of the lift lies; of the difference, where no harm is borne and there is no lift."""
    if metric["role"] != "guardrail":
        return None
    margin = metric.get("margin") or 0.0
    shown = lift
    if not margin and lift.lower is None and lift.upper is None:
        shown = difference
    sign = 1 if metric["direction"] == "increase" else -1
    worst, best = (shown.lower, shown.upper) if sign > 0 else (shown.upper, shown.lower)
    state = "unclear"
    if worst is not None and sign * worst > -margin:
        state = "ok"
    elif best is not None and sign * best < -margin:
        state = "harmed"
    return r.GuardrailState(margin, state)


def _told(look: Look) -> r.Look:
    return r.Look(
        look.number,
        look.taken_at,
        look.fraction,
        look.units,
        look.estimate,
        look.lower,
        look.upper,
        look.p_value,
    )


def sentence(reason: str) -> str:
    """A reason as a sentence."""
    return f"{reason[:1].upper()}{reason[1:]}."
