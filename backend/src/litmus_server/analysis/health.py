"""Whether the figures can be trusted: the split of units, and all that spoils a comparison before any statistics.

It only ever tells. It must not end an experiment.
"""

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Any

from litmus_server.analysis import cohorts
from litmus_server.analysis.frame import Frame
from litmus_server.domain import report as r
from litmus_server.domain.alarm import Alarm
from litmus_server.domain.cohorts import Pattern
from litmus_server.domain.draft import CONTEXTUAL
from litmus_server.domain.report import CheckStatus, Missing
from litmus_server.stats.absence import TooFew, Undefined
from litmus_server.stats.critical import Fixed
from litmus_server.stats.moments import JointMoments
from litmus_server.stats.sample_ratio import SampleRatio, sample_ratio

RATIO_ALPHA = 0.01
BALANCE_ALPHA = 0.001
_LAG = 60.0  # seconds from which on the figures are old
_MOST_REJECTED = 0.01  # of the exposed units' events
_MOST_BEFORE = 0.5  # of a conversion's events
_ORDER = (CheckStatus.FAILED, CheckStatus.WARNING, CheckStatus.OK)
CROSSOVER = "variant_mismatch"
LASTING = "lasting_effect"


def health_of(
    frame: Frame, rejected: Mapping[str, int], alarms: Sequence[Alarm], lag_seconds: float, exposures: int
) -> r.Health:
    """All checks. `rejected` counts events by reason, `exposures` are events."""
    ratio = _ratio(frame)
    crossovers = rejected.get(CROSSOVER, 0)
    checks = [
        _ratio_check(ratio),
        _stray_check(ratio),
        _control_check(frame.entry),
        _balance_check(frame),
        _before_check(frame),
        _lasting_check(frame),
        _rejected_check(rejected, exposures),
        _lag_check(lag_seconds),
    ]
    return r.Health(
        status=_worst(checks, unseen=not exposures),
        sample_ratio=ratio,
        checks=checks,
        crossovers=crossovers,
        rejected=dict(rejected),
        alarms=[
            r.StandingAlarm(each.id, str(each.kind), each.metric, each.raised_at, each.message)
            for each in alarms
        ],
    )


def _worst(checks: Sequence[r.Check], *, unseen: bool) -> CheckStatus:
    """Of those that could be made. `unseen`: nobody was exposed, so nothing bad means nothing."""
    worst = next(each for each in _ORDER if any(check.status is each for check in checks))
    return CheckStatus.UNKNOWN if unseen and worst is CheckStatus.OK else worst


def _ratio(frame: Frame) -> r.SampleRatioReport:
    """By epoch of weights or version of the policy: each is a table of counts with the shares that were in force."""
    variants = frame.entry["variants"]
    if frame.entry["type"] in CONTEXTUAL:
        return _no_ratio(Missing.OWN_SHARES)
    found = sample_ratio(frame.drawn(), RATIO_ALPHA)
    if not isinstance(found, SampleRatio):
        return _no_ratio(Missing.NO_EXPOSURES)
    fixed = None if isinstance(found.fixed, TooFew) else found.fixed
    of_fixed = ("chi_squared", "df", "fixed_p_value")
    return r.SampleRatioReport(
        mismatch=found.mismatch,
        alpha=RATIO_ALPHA,
        p_value=found.p,
        largest_deviation=found.largest_deviation,
        chi_squared=None if fixed is None else fixed.statistic,
        df=None if fixed is None else fixed.degrees,
        fixed_p_value=None if fixed is None else fixed.p,
        arms=[
            r.ArmRatio(
                variant["id"],
                variant["key"],
                each.counted,
                each.expected,
                None if isinstance(each.residual, Undefined) else each.residual,
                each.p,
                each.stray,
            )
            for variant, each in zip(variants, found.variants, strict=True)
        ],
        missing={} if fixed else dict.fromkeys(of_fixed, Missing.TOO_FEW_UNITS),
    )


def _no_ratio(why: Missing) -> r.SampleRatioReport:
    names = ("mismatch", "p_value", "largest_deviation", "chi_squared", "df", "fixed_p_value")
    return r.SampleRatioReport(None, RATIO_ALPHA, None, None, None, None, None, [], dict.fromkeys(names, why))


def _ratio_check(ratio: r.SampleRatioReport) -> r.Check:
    if ratio.missing.get("mismatch") is Missing.OWN_SHARES:
        return r.Check(
            "sample_ratio",
            CheckStatus.UNKNOWN,
            "Features gave each unit shares of its own, so the variants' units cannot be counted against one share.",
        )
    if ratio.mismatch is None:
        return r.Check("sample_ratio", CheckStatus.UNKNOWN, "No unit has been exposed yet.")
    if not ratio.mismatch:
        return r.Check("sample_ratio", CheckStatus.OK, "Units arrive in the variants as the weights say.")
    worst = min(ratio.arms, key=lambda arm: (not arm.stray, arm.p_value, -abs(arm.residual or 0.0)))
    more = "more" if worst.counted > worst.expected else "fewer"
    return r.Check(
        "sample_ratio",
        CheckStatus.FAILED,
        f"Units do not arrive in the variants as the weights say (p = {ratio.p_value:.2g}): {worst.variant_key} has "
        f"{worst.counted:,} exposed units, {more} than the {worst.expected:,.0f} expected.",
    )


def _stray_check(ratio: r.SampleRatioReport) -> r.Check:
    stray = [arm.variant_key for arm in ratio.arms if arm.stray]
    if stray:
        return r.Check(
            "stray_units",
            CheckStatus.FAILED,
            f"Units were exposed to {', '.join(stray)} while the weight there was 0: something else than Litmus decides.",
        )
    return r.Check("stray_units", CheckStatus.OK, "No variant has units that its weight rules out.")


def _control_check(entry: Mapping[str, Any]) -> r.Check:
    control = next(each for each in entry["variants"] if each["is_control"])
    if control["state"] == "active" or entry["status"] not in {"running", "paused"}:
        return r.Check("control", CheckStatus.OK, f"{control['key']} is what the others are compared with.")
    return r.Check(
        "control",
        CheckStatus.WARNING,
        f"Control ({control['key']}) is {control['state']}: what the others get from now on has nothing to be compared with, and "
        "only units from before count.",
    )


def _balance_check(frame: Frame) -> r.Check:
    """A z-test of each covariate's means; Bonferroni over metrics and variants."""
    tests = []
    q = Fixed()
    for metric in frame.entry["metrics"]:
        if metric["kind"] == "quantile":
            continue
        control = frame.sheet.arm(metric["id"], frame.control).adjusting
        outcomes = 2 if metric["kind"] == "ratio" else 1
        for treatment in frame.treatments:
            if frame.adaptive or len(frame.strata[treatment]) != 1:
                continue
            arm = frame.sheet.arm(metric["id"], treatment).adjusting
            if arm is not None and control is not None:
                tests += [
                    (q.p_value(z), metric["name"], frame.entry["variants"][treatment]["key"])
                    for z in _distances(arm, control, outcomes)
                ]
    if not tests:
        return r.Check(
            "covariate_balance",
            CheckStatus.UNKNOWN,
            "Nothing is known of the units from before their exposure.",
        )
    p, name, key = min(tests)
    if p * len(tests) > BALANCE_ALPHA:
        return r.Check(
            "covariate_balance", CheckStatus.OK, "Before their exposure the variants' units were alike."
        )
    return r.Check(
        "covariate_balance",
        CheckStatus.WARNING,
        f"Before their exposure the units of {key} differed from control's on {name} (p = {p * len(tests):.2g}): "
        "assignment may not be by chance, or an earlier experiment goes on having effects.",
    )


def _distances(arm: JointMoments, control: JointMoments, outcomes: int) -> list[float]:
    """Of the covariates' means, in standard errors; those without variance left out."""
    found = []
    m1, m0, c1, c0 = arm.means, control.means, arm.covariances, control.covariances
    if isinstance(m1, TooFew) or isinstance(m0, TooFew) or isinstance(c1, TooFew) or isinstance(c0, TooFew):
        return []
    for k in range(outcomes, arm.width):
        variance = c1[k][k] / arm.n + c0[k][k] / control.n
        if variance > 0:
            found.append((m1[k] - m0[k]) / sqrt(variance))
    return found


def _before_check(frame: Frame) -> r.Check:
    for metric in frame.entry["metrics"]:
        if metric["kind"] != "conversion":
            continue
        rows = [
            row
            for k in range(len(frame.entry["variants"]))
            if (strip := frame.sheet.plain.get((metric["id"], k))) is not None
            for row in strip.rows
        ]
        after, before = sum(row[1] for row in rows), sum(row[4] for row in rows)
        if before > 0 and before > _MOST_BEFORE * (before + after):
            return r.Check(
                "before_exposure",
                CheckStatus.WARNING,
                f"Most events of {metric['name']} came before the unit's exposure, and do not count: log the exposure where the "
                "variants begin to differ, before what follows from it.",
            )
    return r.Check("before_exposure", CheckStatus.OK, "Conversions come after exposures.")


def _lasting_check(frame: Frame) -> r.Check:
    """Of the primary metric alone: each further metric would cost all of them power."""
    metric = next((each for each in frame.entry["metrics"] if each["role"] == "primary"), None)
    if metric is None:
        return r.Check(LASTING, CheckStatus.UNKNOWN, "There is no primary metric whose effect could fade.")
    found = cohorts.judged(frame, metric)
    if isinstance(found, cohorts.Refused):
        return r.Check(LASTING, CheckStatus.UNKNOWN, found.sentence)
    told = {each.pattern: cohorts.sentence(frame, metric, each) for each in reversed(found)}
    for pattern in (Pattern.NOVELTY, Pattern.PRIMACY, Pattern.UNEVEN):
        if pattern in told:
            return r.Check(LASTING, CheckStatus.WARNING, told[pattern])
    if Pattern.STEADY in told:
        return r.Check(LASTING, CheckStatus.OK, told[Pattern.STEADY])
    return r.Check(LASTING, CheckStatus.UNKNOWN, next(iter(told.values()), "There is only one variant."))


def _rejected_check(rejected: Mapping[str, int], exposures: int) -> r.Check:
    crossed, others = rejected.get(CROSSOVER, 0), sum(rejected.values())
    if others and others > _MOST_REJECTED * max(exposures, 1):
        most = max(rejected, key=lambda reason: rejected[reason])
        return r.Check(
            "rejected_events",
            CheckStatus.WARNING,
            f"{others:,} events of this experiment were rejected, most of them for `{most}`.",
        )
    if crossed:
        return r.Check(
            "rejected_events",
            CheckStatus.OK,
            f"{crossed:,} events claimed another variant than the stored one and were rejected; few enough to bear.",
        )
    return r.Check("rejected_events", CheckStatus.OK, "Hardly any event was rejected.")


def _lag_check(lag_seconds: float) -> r.Check:
    if lag_seconds > _LAG:
        return r.Check(
            "fold",
            CheckStatus.WARNING,
            f"Events of the last {lag_seconds:,.0f} seconds are not counted yet: the worker is behind, or does not run.",
        )
    return r.Check("fold", CheckStatus.OK, "All events are counted.")
