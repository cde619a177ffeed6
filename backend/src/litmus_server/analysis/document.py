"""The report that follows from the facts, and from nothing else: every part computed once, put together here."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from litmus_server.analysis.adaptive import bandit_report, contextual_report
from litmus_server.analysis.counts import (
    Contender,
    choices,
    contest,
    declaration,
    leader_of,
    metric_of,
    prior_of,
    undeclared_of,
    variants_of,
)
from litmus_server.analysis.effects import measured
from litmus_server.analysis.factors import factors_of
from litmus_server.analysis.families import corrected
from litmus_server.analysis.forecast import Forecast, forecast, overdue, ready_at
from litmus_server.analysis.frame import Frame
from litmus_server.analysis.health import LASTING, health_of
from litmus_server.analysis.named import named_tests
from litmus_server.analysis.telling import Found
from litmus_server.analysis.trend import trends
from litmus_server.analysis.verdict import Situation, verdict_of
from litmus_server.domain import report as r
from litmus_server.domain.draft import CONTEXTUAL
from litmus_server.domain.look import Look
from litmus_server.domain.metric import DAY
from litmus_server.domain.plan import Method
from litmus_server.domain.report import CheckStatus, Missing
from litmus_server.domain.series import Series, build
from litmus_server.ports import Facts
from litmus_server.rules.promotion import rate_of_entry


@dataclass(frozen=True, slots=True)
class Computed:
    """The report, and the looks that were taken to make it: who keeps one keeps both."""

    report: r.Report
    looks: Sequence[Look]


def computed(facts: Facts) -> Computed:
    """Everything."""
    entry = facts.entry
    frame = frame_of(facts)
    primary = next((each for each in entry["metrics"] if each["role"] == "primary"), None)
    contenders = contest(facts, primary)
    variants = variants_of(facts, primary, contenders)
    exposures, exposed = (
        sum(getattr(each, name) for each in variants) for name in ("exposures", "exposed_units")
    )
    found = corrected(
        frame, [measured(frame, metric, k) for metric in entry["metrics"] for k in frame.treatments]
    )
    health = health_of(frame, facts.rejected, facts.alarms, facts.lag_seconds, exposures)
    ahead = forecast(frame, primary)
    leader = leader_of(variants) if exposed else None
    bandit, series = _bandit(frame, facts, primary), _series(facts, primary)
    contextual = None if primary is None else contextual_report(frame, facts, primary)
    report = r.Report(
        schema_version=r.SCHEMA_VERSION,
        stale=False,
        experiment_id=entry["id"],
        experiment_key=entry["key"],
        name=entry["name"],
        type=entry["type"],
        status=entry["status"],
        archived=entry["archived"],
        unit_type=entry["unit_type"],
        started_at=entry["started_at"],
        completed_at=entry["completed_at"],
        computed_at=facts.now,
        changes_at=_changes_at(frame),
        watermark=r.Mark(facts.state.seq, facts.folded_at),
        lag_seconds=facts.lag_seconds,
        revision=facts.state.revision,
        epoch=entry["epoch"],
        policy_version=facts.state.policy_version or None,
        verdict=verdict_of(_situation(frame, facts, primary, found, health, ahead, contenders, exposed)),
        plan=_plan(frame, primary, ahead),
        health=health,
        level=r.LEVEL,
        prior=r.Prior(*prior_of(entry)),
        primary_metric=primary and declaration(primary),
        exposures=exposures,
        exposed_units=exposed,
        leader=leader,
        variants=variants,
        metrics=[_metric(frame, facts, metric, found, series) for metric in entry["metrics"]],
        bandit=bandit,
        contextual=contextual,
        undeclared=undeclared_of(facts),
        series=series,
        missing=_missing(facts, frame, primary, exposed, leader, bandit, contextual),
    )
    return Computed(report, [each.look for each in found if each.look is not None])


def report_of(facts: Facts) -> r.Report:
    """The report alone."""
    return computed(facts).report


def frame_of(facts: Facts) -> Frame:
    """What all effects have in common. Weights of an epoch of which no document is left are those of today."""
    entry, shares = facts.entry, dict(facts.shares)
    frame = Frame(entry, facts.sheet, shares, facts.looks, facts.past, facts.now)
    if not frame.adaptive:
        for epoch in facts.sheet.epochs():
            shares.setdefault(epoch, entry["weights"])
    return frame


def _metric(
    frame: Frame, facts: Facts, metric: Mapping[str, Any], found: Sequence[Found], shown: Series | None
) -> r.MetricReport:
    return r.MetricReport(
        metric=declaration(metric),
        variants=metric_of(facts, metric),
        effects=[each.effect for each in found if each.metric is metric],
        factors=factors_of(frame, metric),
        tests=named_tests(frame, metric),
        series=trends(frame, metric, shown if metric["role"] == "primary" else None),
    )


def _situation(
    frame: Frame,
    facts: Facts,
    primary: Mapping[str, Any] | None,
    found: Sequence[Found],
    health: r.Health,
    ahead: Forecast,
    contenders: Sequence[Contender],
    exposed: int,
) -> Situation:
    effects = [each.effect for each in found if each.metric is primary]
    mean = next((each.control_mean for each in effects if each.control_mean is not None), None)
    checks = {check.name: check for check in health.checks}
    mismatch = next(
        (
            checks[name].sentence
            for name in ("stray_units", "sample_ratio")
            if checks[name].status is CheckStatus.FAILED
        ),
        None,
    )
    control, lasting = checks["control"], checks[LASTING]
    return Situation(
        metric=None if primary is None else primary["name"],
        higher_is_better=primary is None or primary["direction"] == "increase",
        control=frame.entry["variants"][frame.control]["key"],
        exposed_units=exposed,
        primary=effects,
        guardrails=[
            (each.metric["name"], each.effect) for each in found if each.metric["role"] == "guardrail"
        ],
        minimum_effect=None if primary is None else frame.minimum_effect(primary),
        now=facts.now,
        ready_at=ready_at(frame),
        over=_over(frame, primary, effects, exposed),
        mismatch=mismatch,
        control_note=None if control.status is CheckStatus.OK else control.sentence,
        choices=choices(facts, contenders, frame.control, mean),
        progress=ahead.sentence or None,
        changing=lasting.sentence if lasting.status is CheckStatus.WARNING else None,
        overdue=overdue(frame),
        cut_short=frame.entry["status"] == "completed"
        and frame.planned_units is not None
        and exposed < frame.planned_units,
    )


def _over(frame: Frame, primary: Mapping[str, Any] | None, effects: Sequence[r.Effect], exposed: int) -> bool:
    """No more units will come, or those that were planned are there."""
    if primary is None:
        return bool(frame.entry["status"] == "completed")
    if frame.entry["status"] == "completed":
        return frame.over(primary) or not frame.method.planned
    if frame.method.planned:
        return bool(effects) and all((each.information_fraction or 0.0) >= 1 for each in effects)
    return frame.method is Method.FIXED and frame.planned_units is not None and exposed >= frame.planned_units


def _plan(frame: Frame, primary: Mapping[str, Any] | None, ahead: Forecast) -> r.PlanReport:
    plan, prior = frame.plan, frame.prior
    ready = ready_at(frame)
    minimum = plan.minimum_effect if primary is None else frame.minimum_effect(primary)
    missing, rate = dict(ahead.missing), rate_of_entry(frame.entry)
    if rate is None:
        missing["false_alarm_rate"] = Missing.NO_RULE
    if minimum is None:
        missing["minimum_effect"] = Missing.NO_MINIMUM_EFFECT
    if frame.planned_units is None:
        missing["planned_units"] = Missing.NOT_PLANNED
    if ready is None:
        missing["ready_at"] = Missing.NO_FORECAST
    return r.PlanReport(
        method=str(frame.method),
        alpha=frame.alpha,
        power=plan.power,
        looks=plan.looks,
        spending=str(plan.spending),
        correction=str(plan.correction),
        scope=str(plan.scope),
        adjustment=str(plan.adjustment),
        prior=r.LiftPrior(prior.mean, None if prior.flat else prior.sd, prior.flat),
        minimum_effect=minimum,
        minimum_seconds=round(plan.minimum_days * DAY),
        ready_at=ready,
        planned_units=frame.planned_units,
        units_left=ahead.units,
        seconds_left=ahead.seconds,
        false_alarm_rate=rate,
        missing=missing,
    )


def _bandit(frame: Frame, facts: Facts, primary: Mapping[str, Any] | None) -> r.AfterBandit | None:
    if (
        not frame.adaptive
        or frame.entry["type"] in CONTEXTUAL
        or primary is None
        or primary["kind"] not in {"conversion", "mean"}
    ):
        return None
    after = frame.after_bandit(primary)
    return None if after is None else bandit_report(frame, facts, primary, after)


def _changes_at(frame: Frame) -> dt.datetime | None:
    """When the next window closes, or the least time is over."""
    now = frame.now.timestamp()
    closing = [
        frame.sheet.closes_at(window, now)
        for window in {metric["window_seconds"] for metric in frame.entry["metrics"]}
    ]
    moments = [dt.datetime.fromtimestamp(at, dt.UTC) for at in closing if at is not None]
    ready = ready_at(frame)
    if ready is not None and ready > frame.now:
        moments.append(ready)
    return min(moments, default=None)


def _series(facts: Facts, primary: Mapping[str, Any] | None) -> Series | None:
    if facts.window is None:
        return None
    return build(
        facts.window,
        None if primary is None else (primary["id"], primary["name"]),
        [(variant["id"], variant["key"]) for variant in facts.entry["variants"]],
        facts.strips,
        declared=primary is not None,
    )


def _missing(
    facts: Facts,
    frame: Frame,
    primary: Mapping[str, Any] | None,
    exposed: int,
    leader: r.Leader | None,
    bandit: r.AfterBandit | None,
    contextual: r.ContextualReport | None,
) -> dict[str, Missing]:
    missing: dict[str, Missing] = {}
    if primary is None:
        missing["primary_metric"] = Missing.NO_PRIMARY_METRIC
    if leader is None:
        missing["leader"] = _why_nobody_leads(primary, exposed, facts.entry["variants"])
    if facts.window is None:
        missing["series"] = Missing.NO_EXPOSURES
    if bandit is None:
        missing["bandit"] = _why_no_bandit(frame, exposed)
    if contextual is None:
        missing["contextual"] = _why_not_contextual(frame, exposed)
    if not facts.state.policy_version:
        missing["policy_version"] = Missing.NOT_LEARNED if frame.adaptive else Missing.FIXED_WEIGHTS
    return missing


def _why_no_bandit(frame: Frame, exposed: int) -> Missing:
    if not frame.adaptive:
        return Missing.FIXED_WEIGHTS
    return Missing.OWN_SHARES if exposed and frame.entry["type"] in CONTEXTUAL else Missing.NO_EXPOSURES


def _why_not_contextual(frame: Frame, exposed: int) -> Missing:
    if frame.entry["type"] not in CONTEXTUAL:
        return Missing.SAME_SHARES
    return Missing.NO_EXPOSURES if not exposed else Missing.NO_HOLDBACK


def _why_nobody_leads(
    primary: Mapping[str, Any] | None, exposed: int, variants: Sequence[Mapping[str, Any]]
) -> Missing:
    if not exposed:
        return Missing.NO_EXPOSURES
    if primary is None:
        return Missing.NO_PRIMARY_METRIC
    if primary["kind"] not in {"conversion", "mean"}:
        return Missing.NOT_A_RATE
    active = any(variant["state"] == "active" for variant in variants)
    return Missing.TOO_FEW_UNITS if active else Missing.VARIANT_INACTIVE
