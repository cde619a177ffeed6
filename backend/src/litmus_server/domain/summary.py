"""What a row of a list says of an experiment's results: a few fields of its report, kept beside it.

Whoever lists hundreds of experiments computes nothing and reads no report.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from litmus_server.domain.report import CheckStatus, Effect, Estimate, MetricReport, Report, VerdictValue


@dataclass(frozen=True, slots=True)
class SummaryVerdict:
    """The report's verdict without its reasons."""

    value: VerdictValue
    sentence: str
    subject: str | None
    """The key of the variant that it is about."""


@dataclass(frozen=True, slots=True)
class SummaryEffect:
    """One variant against control on the primary metric: the verdict's subject, or the one that looks best."""

    metric: str
    direction: str
    variant_key: str
    lift: Estimate
    better: bool | None


@dataclass(frozen=True, slots=True)
class SummaryLeader:
    """Of an adaptive experiment: the variant with the highest win probability, which is no proof."""

    variant_key: str
    win_probability: float


@dataclass(frozen=True, slots=True)
class SummaryPlan:
    """How far it is, in the words of the report's plan."""

    ready_at: dt.datetime | None
    planned_units: int | None
    units_left: int | None
    seconds_left: int | None


@dataclass(frozen=True, slots=True)
class Summary:
    """Out of the newest report that was computed, at `computed_at`; `stale`: more is known by now, and a newer one was asked for.

    `problems` are sentences of what failed or should be looked at, alarms first. `propensities` by variant key are those of the
    next decisions. `effect` is null without a primary metric or a treatment, `leader` under fixed weights.
    """

    computed_at: dt.datetime
    stale: bool
    exposed_units: int
    verdict: SummaryVerdict
    health: CheckStatus
    problems: list[str]
    effect: SummaryEffect | None
    leader: SummaryLeader | None
    propensities: Mapping[str, float]
    plan: SummaryPlan


def summary_of(report: Report) -> Summary:
    """The summary that is kept beside this report."""
    verdict, leader = report.verdict, report.leader if report.policy_version is not None else None
    troubled = [check for check in report.health.checks if check.status in _TROUBLE]
    troubled.sort(key=lambda check: check.status is not CheckStatus.FAILED)
    alarms = [alarm.message for alarm in report.health.alarms]
    return Summary(
        computed_at=report.computed_at,
        stale=False,
        exposed_units=report.exposed_units,
        verdict=SummaryVerdict(verdict.value, verdict.sentence, verdict.subject),
        health=report.health.status,
        problems=[*alarms, *(check.sentence for check in troubled if check.sentence not in alarms)],
        effect=_effect(report),
        leader=None if leader is None else SummaryLeader(leader.variant_key, leader.win_probability),
        propensities={variant.variant_key: variant.propensity for variant in report.variants},
        plan=SummaryPlan(
            report.plan.ready_at,
            report.plan.planned_units,
            report.plan.units_left,
            report.plan.seconds_left,
        ),
    )


def _effect(report: Report) -> SummaryEffect | None:
    primary = report.primary_metric
    found = next((each for each in report.metrics if primary and each.metric.name == primary.name), None)
    if found is None or not found.effects:
        return None
    shown = _shown(found, report.verdict.subject)
    return SummaryEffect(
        found.metric.name, found.metric.direction, shown.variant_key, shown.lift, shown.better
    )


def _shown(metric: MetricReport, subject: str | None) -> Effect:
    about = [effect for effect in metric.effects if effect.variant_key == subject]
    if about:
        return about[0]
    sign = -1 if metric.metric.direction == "decrease" else 1

    def promise(effect: Effect) -> float:
        estimate = effect.lift.estimate
        return float("-inf") if estimate is None else sign * estimate

    return max(metric.effects, key=promise)


_TROUBLE = frozenset({CheckStatus.FAILED, CheckStatus.WARNING})
