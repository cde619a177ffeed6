"""Guardrails: a circuit breaker that opens when a metric that must not suffer does, by more than its margin, for certain.

The evidence is an e-value: how much likelier the data are under harm than under "worse by the margin at most". It may be
looked at after every event: without harm it ever reaches 1/α with probability α at most. A person who resumes has borne with what
there was; from then on the factor by which it grows has to reach 1/α again, which is the same test begun anew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, inf, isfinite, log
from typing import Any

import numpy as np

from litmus_server.domain.acting import GuardrailAction
from litmus_server.domain.alarm import AlarmKind
from litmus_server.domain.metric import Direction, Metric, MetricKind, Role
from litmus_server.rules.act import Acknowledge, Act, ClearAlarm, Judgement, RaiseAlarm
from litmus_server.rules.observation import Observation
from litmus_server.stats import estimators
from litmus_server.stats.absence import Absence, TooFew, Undefined
from litmus_server.stats.adaptive import AdaptiveContrast, AfterBandit, Batch
from litmus_server.stats.contrast import Contrast, Scale, effect
from litmus_server.stats.critical import AlwaysValid, best_ratio, information
from litmus_server.stats.moments import Moments
from litmus_server.stats.multinomial import Epoch, log_evidence
from litmus_server.stats.sample_ratio import SampleRatio
from litmus_server.stats.sheet import Arm, of_epoch
from litmus_server.stats.start import TooSkewed, not_open

TUNED_FOR = 5_000
"""Units of both arms at which the test is sharpest. The same for all: whoever changes it while looking spends alpha twice."""
_RATIO = best_ratio(0.05) / (TUNED_FOR / 4)  # a split into halves has a quarter of the units as information


@dataclass(frozen=True, slots=True)
class Finding:
    """One treatment on one guardrail. `lift` is against control; `beyond`: worse by more than the margin, as far as one can see.

    `log_evidence` is that of harm, −∞ where there is none; `reason` says why not.
    """

    variant: int
    log_evidence: float
    lift: float | None
    beyond: bool
    units: int
    control_units: int
    reason: str = ""


def judge(observed: Observation, ratio: SampleRatio | TooFew | Undefined) -> Judgement:
    """An alarm for each guardrail that is harmed, and for each that is right again the end of its alarm."""
    watched = [metric for metric in observed.experiment.metrics if metric.role is Role.GUARDRAIL]
    action = observed.experiment.acting.guardrails
    if action is GuardrailAction.OFF:
        cleared = [
            ClearAlarm(kind, metric, "guardrails were switched off", {})
            for kind, metric in sorted(observed.standing, key=str)
            if kind is AlarmKind.GUARDRAIL
        ]
        return Judgement(tuple(cleared), waiting={"guardrails": "they are switched off"} if watched else {})
    acts: list[Act] = []
    acknowledged: list[Acknowledge] = []
    waiting: dict[str, str] = {}
    family = len(watched) * len(observed.treatments)
    for metric in watched:
        findings = [found(observed, metric, k, ratio) for k in observed.treatments]
        borne = observed.acknowledged.get(metric.id)
        if borne is not None and borne.floors is None:
            acknowledged.append(
                Acknowledge(
                    borne.alarm,
                    {each.variant: max(0.0, min(each.log_evidence, _MOST)) for each in findings},
                )
            )
            continue
        said = _about(observed, metric, findings, family, {} if borne is None else borne.floors or {})
        if isinstance(said, str):
            waiting[f"guardrail {metric.name}"] = said
        else:
            acts.append(said)
    return Judgement(tuple(acts), tuple(acknowledged), waiting=waiting)


_MOST = 1e6  # an infinite amount of evidence, as a number


def _about(
    observed: Observation,
    metric: Metric,
    findings: Sequence[Finding],
    family: int,
    floors: Mapping[int, float],
) -> RaiseAlarm | ClearAlarm | str:
    experiment = observed.experiment
    alpha = experiment.alpha
    grown = {each.variant: each.log_evidence - floors.get(each.variant, 0.0) for each in findings}
    p_values = {k: min(1.0, family * exp(-max(0.0, size))) for k, size in grown.items()}
    harmed = [each for each in findings if p_values[each.variant] <= alpha]
    pauses = experiment.acting.guardrails is GuardrailAction.PAUSE
    stands = (AlarmKind.GUARDRAIL, metric.id) in observed.standing
    evidence = {
        "metric": metric.name,
        "margin": metric.margin or 0.0,
        "alpha": alpha,
        "family": family,
        "control": experiment.variants[observed.control].key,
        "variants": {
            experiment.variants[each.variant].key: _shown(each, p_values[each.variant], floors)
            for each in findings
        },
    }
    if harmed and (pauses or not stands):
        worst = min(harmed, key=lambda each: p_values[each.variant])
        message = _message(observed, metric, worst, p_values[worst.variant])
        return RaiseAlarm(AlarmKind.GUARDRAIL, metric.id, message, evidence, pauses)
    if stands and not any(each.beyond for each in findings):
        message = f"no variant is worse than control on {metric.name} by more than its margin any more"
        return ClearAlarm(AlarmKind.GUARDRAIL, metric.id, message, evidence)
    unknown = [each.reason for each in findings if each.reason]
    return unknown[0] if unknown else f"no harm is certain: the least p-value is {min(p_values.values()):.2g}"


def _message(observed: Observation, metric: Metric, worst: Finding, p: float) -> str:
    key = observed.experiment.variants[worst.variant].key
    control = observed.experiment.variants[observed.control].key
    by = "" if worst.lift is None else f" by {abs(worst.lift):.1%}"
    margin = f", {metric.margin:.1%} is borne with" if metric.margin else ""
    return f"{key} is worse than {control} on {metric.name}{by}{margin} (p = {p:.2g})"


def _shown(finding: Finding, p: float, floors: Mapping[int, float]) -> dict[str, Any]:
    return {
        "units": finding.units,
        "control_units": finding.control_units,
        "lift": finding.lift,
        "p_value": p,
        "log_evidence": finding.log_evidence if isfinite(finding.log_evidence) else None,
        "log_evidence_acknowledged": floors.get(finding.variant, 0.0),
    }


# --- the evidence -----------------------------------------------------------------------------------------------------


def found(
    observed: Observation, metric: Metric, treatment: int, ratio: SampleRatio | TooFew | Undefined
) -> Finding:
    """What is known of harm by this treatment.

    From means, rates and ratios by the always-valid mixture, once the start rule opens; for conversions averaged with the exact test of
    labels, which speaks from the first one on, but not while units do not arrive as the weights say: that is what it
    stands on. Only epochs that drew both variants count. Where there are several, each is a batch of its own (`adaptive`), so that days on which
    shares were others are not compared with each other.
    """
    control = observed.control
    epochs = observed.epochs(treatment, control)
    arms = [observed.sheet.arm(metric.id, k, observed.during(epochs)) for k in (treatment, control)]
    units = arms[0].n, arms[1].n
    contrast, ratio_of_information = _contrast(observed, metric, (treatment, control), epochs, arms)
    closed = (
        contrast
        if isinstance(contrast, Absence)
        else _closed(observed, metric, (treatment, control), epochs, arms)
    )
    size, lift, beyond, reason = -inf, None, False, "" if closed is None else closed.reason
    if not isinstance(contrast, Absence):
        shown = effect(contrast, Scale.LIFT)
        lift = None if isinstance(shown, Undefined) else shown
        away = _away(metric, contrast)
        beyond = away > 0
        if closed is None:
            size = _asymptotic(ratio_of_information, away, contrast.df)
    if metric.kind is MetricKind.CONVERSION:
        doubtful = isinstance(ratio, SampleRatio) and ratio.mismatch
        exact = -inf if doubtful else _exact(observed, metric, (treatment, control), epochs)
        # The mean of two e-values is one.
        size = float(np.logaddexp(size, exact)) - log(2)
    return Finding(treatment, size, lift, beyond, *units, reason)


def _null(metric: Metric) -> float:
    """The lift that is just borne with."""
    margin = metric.margin or 0.0
    return -margin if metric.direction is Direction.INCREASE else margin


def _away(metric: Metric, contrast: Contrast) -> float:
    """By how many standard errors the treatment is worse than is borne with."""
    statistic = contrast.statistic(_null(metric), Scale.LIFT)
    return -statistic if metric.direction is Direction.INCREASE else statistic


def _asymptotic(ratio: float, away: float, df: float) -> float:
    if not ratio > 0 or away == -inf:
        return -inf
    return AlwaysValid(ratio).log_evidence(min(away, 1e6), df, one_sided=True)


def _closed(
    observed: Observation, metric: Metric, pair: tuple[int, int], epochs: Sequence[int], arms: Sequence[Arm]
) -> Absence | TooSkewed | None:
    """Why the start rule keeps the always-valid test closed; None when it is open."""
    treatment, control = (_outcome(metric, arm) for arm in arms)
    if treatment is None or control is None:
        return Undefined("harm", "the metric is being folded")
    seen = arms[0].seen, arms[1].seen
    if metric.kind is MetricKind.RATIO:  # its events are those of its parts
        parts = [
            each
            for each in observed.experiment.metrics
            if each.name in {metric.numerator, metric.denominator}
        ]
        meant = observed.during(epochs)
        fewest = [min(observed.sheet.arm(part.id, k, meant).seen for part in parts) for k in pair]
        seen = fewest[0], fewest[1]
    variants = observed.experiment.variants
    names = variants[pair[0]].key, variants[pair[1]].key
    return not_open(treatment, control, seen, binary=metric.kind is MetricKind.CONVERSION, names=names)


def _outcome(metric: Metric, arm: Arm) -> Moments | None:
    """Of what is compared; of a mean whose cap is not known yet, what came in."""
    if arm.outcome is not None:
        return arm.outcome.marginal(0)
    return arm.raw if metric.kind is MetricKind.MEAN else None


def _contrast(
    observed: Observation, metric: Metric, pair: tuple[int, int], epochs: Sequence[int], arms: Sequence[Arm]
) -> tuple[Contrast | Absence, float]:
    """Treatment against control, and the information now over that of the mixing distribution."""
    now = information(arms[0].n, arms[1].n) * _RATIO
    treatment, control = arms
    if observed.experiment.type.contextual:
        return Undefined("harm", "features decided who got which variant, so their units differ"), now
    if metric.kind is MetricKind.QUANTILE:
        return Undefined("harm", "quantiles are not watched by a rule"), now
    treated, controlled = _outcome(metric, treatment), _outcome(metric, control)
    if treated is None or controlled is None:
        return Undefined("harm", "the metric is being folded"), now
    if metric.kind is MetricKind.RATIO and treatment.outcome is not None and control.outcome is not None:
        return estimators.ratios(treatment.outcome, control.outcome), now
    if len({tuple(observed.shares[epoch]) for epoch in epochs}) > 1:
        return _by_epoch(observed, metric, pair, epochs)
    if metric.kind is MetricKind.CONVERSION:
        return estimators.proportions(treatment.seen, treatment.n, control.seen, control.n), now
    return estimators.means(treated, controlled), now


def _by_epoch(
    observed: Observation, metric: Metric, pair: tuple[int, int], epochs: Sequence[int]
) -> tuple[Contrast | Absence, float]:
    """Each epoch, or version of a policy, as a batch with its own shares: its clock is the variance of the summed scores."""
    ordinals = range(len(observed.experiment.variants))
    batches = []
    for epoch in epochs:
        shares = tuple(observed.shares[epoch])
        moments = tuple(_outcome(metric, observed.sheet.arm(metric.id, k, of_epoch(epoch))) for k in ordinals)
        # A unit where the share is 0 is the sample ratio's business.
        arms = tuple(m if e and m is not None else Moments() for m, e in zip(moments, shares, strict=True))
        batches.append(Batch(arms, shares))
    if not batches:
        return Undefined("harm", "no epoch drew from both variants"), 0.0
    after = AfterBandit(tuple(batches))
    contrast = after.contrast(*pair)
    if not isinstance(contrast, AdaptiveContrast):
        return contrast, 0.0
    everybody = Moments()
    for batch in batches:
        for arm in batch.arms:
            everybody = everybody.merge(arm)
    variance = everybody.variance
    if isinstance(variance, TooFew) or not variance:
        return contrast.contrast, 0.0
    # In equal shares of K variants the two have TUNED_FOR units of TUNED_FOR·K/2, each with a variance of 2·K·v.
    planned = TUNED_FOR * len(observed.experiment.variants) ** 2 * variance
    return contrast.contrast, contrast.variance_sum / planned * best_ratio(0.05)


def _exact(observed: Observation, metric: Metric, pair: tuple[int, int], epochs: Sequence[int]) -> float:
    """The conditional test: given that a unit converts, how probably is it the treatment's, if harm is just borne with?

    It has two sides; where the counts lie on the harmless one they say nothing.
    """
    theta = 1 + _null(metric)
    if not theta > 0:
        return -inf
    tables, expected, treated = [], 0.0, 0
    for epoch in epochs:
        counts = tuple(observed.sheet.arm(metric.id, k, of_epoch(epoch)).seen for k in pair)
        if not any(counts):
            continue
        shares = [observed.shares[epoch][k] for k in pair]
        tilted = shares[0] * theta / (shares[0] * theta + shares[1])
        tables.append(Epoch(counts, (tilted, 1 - tilted)))
        expected, treated = expected + sum(counts) * tilted, treated + counts[0]
    harmless = treated >= expected if metric.direction is Direction.INCREASE else treated <= expected
    if not tables or harmless:
        return -inf
    return log_evidence(tables)
