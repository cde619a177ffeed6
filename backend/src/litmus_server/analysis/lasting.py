"""The document that says whether an effect lasts: by cohort and by age, each axis judged as one family."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from math import exp, expm1
from typing import Any

from litmus_server.analysis import cohorts as by_cohort
from litmus_server.analysis.ages import judged_by_age
from litmus_server.analysis.answers import Direct
from litmus_server.analysis.cohorts import ALPHA, Group, Judged, On, Refused
from litmus_server.analysis.estimates import estimate_of
from litmus_server.analysis.frame import Frame
from litmus_server.domain import cohorts as c
from litmus_server.domain.report import Estimate, Missing
from litmus_server.ports import Aged
from litmus_server.stats.contrast import Scale
from litmus_server.stats.critical import Fixed

_HOURS = 24
_Sentence = Callable[[Frame, Mapping[str, Any], Judged], str]


def lasting(aged: Aged) -> c.Cohorts:
    """The answer that follows from the sums, and from nothing else."""
    entry = aged.entry
    [metric] = entry["metrics"]
    shares = dict(aged.shares)
    if not Frame(entry, aged.sheet, shares, (), (), aged.now).adaptive:
        for epoch in aged.sheet.epochs():
            shares.setdefault(epoch, entry["weights"])
    frame = Frame(entry, aged.sheet, shares, (), (), aged.now)
    cohorts, ages = by_cohort.judged(frame, metric), judged_by_age(frame, metric, aged.ages)
    first = frame.sheet.cohorts()
    return c.Cohorts(
        experiment_id=entry["id"],
        experiment_key=entry["key"],
        metric=metric["name"],
        computed_at=aged.now,
        seq=aged.seq,
        window_seconds=aged.window_seconds,
        age_seconds=metric["window_seconds"],
        cohorts=_axis(frame, cohorts, 2, by_cohort.sentence, first[0] // _HOURS if first else None),
        ages=_axis(frame, ages, 1, _by_age, None),
    )


def _axis(
    frame: Frame, judged: Refused | Sequence[Judged], each: int, sentence: _Sentence, zero: int | None
) -> c.Axis:
    """`each`: questions of one variant. `zero` is the day (since 1970) of the first cohort; None: points have no dates."""
    questions = each * len(frame.treatments)
    if isinstance(judged, Refused):
        return c.Axis(ALPHA, questions, [], judged.sentence, {"curves": judged.why})
    return c.Axis(ALPHA, questions, [_curve(frame, one, sentence, zero) for one in judged], "")


def _curve(frame: Frame, judged: Judged, sentence: _Sentence, zero: int | None) -> c.Curve:
    [metric] = frame.entry["metrics"]
    variant = frame.entry["variants"][judged.variant]
    slope, heterogeneity, thirds = _slope(frame, judged), _heterogeneity(judged), _thirds(frame, judged)
    missing = {
        name: Missing.TOO_FEW_UNITS for name, value in (("slope", slope), ("thirds", thirds)) if value is None
    }
    if heterogeneity is None:
        missing["heterogeneity"] = Missing.NOT_SUPPORTED if zero is None else Missing.TOO_FEW_UNITS
    return c.Curve(
        variant_id=variant["id"],
        variant_key=variant["key"],
        pattern=judged.pattern,
        sentence=sentence(frame, metric, judged),
        points=[_point(frame, group, zero) for group in judged.groups],
        left_out_units=judged.left_out,
        slope=slope,
        heterogeneity=heterogeneity,
        thirds=thirds,
        missing=missing,
    )


def _point(frame: Frame, group: Group, zero: int | None) -> c.CurvePoint:
    answer = Direct(group.contrast, Fixed())
    return c.CurvePoint(
        since=_at(zero, group.first),
        until=_at(zero, group.last + 1),
        day=group.day,
        units=group.units,
        control_units=group.control_units,
        mean=group.contrast.treatment,
        control_mean=group.contrast.control,
        difference=estimate_of(answer.at(frame.alpha, Scale.DIFFERENCE)),
        lift=estimate_of(answer.at(frame.alpha, Scale.LIFT)),
    )


def _at(zero: int | None, day: int) -> dt.datetime | None:
    return None if zero is None else dt.datetime.fromtimestamp((zero + day) * _HOURS * 3600, dt.UTC)


def _slope(frame: Frame, judged: Judged) -> c.Slope | None:
    if judged.difference is None or judged.slope is None:
        return None
    of_log = None if judged.lift is None else _line(frame, judged.lift)
    return c.Slope(
        difference=_line(frame, judged.difference),
        log_ratio=of_log,
        p_value=exp(min(0.0, -judged.slope)),
        fixed_p_value=_once([on.drift.statistic for on in judged.scales]),
        missing={} if of_log is not None else {"log_ratio": Missing.NO_BASELINE},
    )


def _line(frame: Frame, on: On) -> Estimate:
    return _normal(on.drift.slope, on.drift.error, frame.alpha)


def _heterogeneity(judged: Judged) -> c.CohortHeterogeneity | None:
    found = judged.spread
    if found is None:
        return None
    return c.CohortHeterogeneity(
        found.statistic, found.df, found.i_squared, exp(min(0.0, -found.log_evidence())), found.p_value
    )


def _thirds(frame: Frame, judged: Judged) -> c.Thirds | None:
    on = judged.shown
    if on is None:
        return None
    is_lift = judged.lift is not None
    first, last = (
        _told(_normal(*end, frame.alpha), as_lift=is_lift) for end in (on.ends.first, on.ends.last)
    )
    change = _normal(on.ends.last[0] - on.ends.first[0], on.ends.error, frame.alpha)
    return c.Thirds(
        is_lift,
        first,
        last,
        _told(change, as_lift=is_lift),
        _once([each.ends.statistic for each in judged.scales]),
    )


def _told(estimate: Estimate, *, as_lift: bool) -> Estimate:
    """A logarithm of a ratio as a lift."""
    if not as_lift:
        return estimate
    ends = [
        None if end is None else expm1(end) for end in (estimate.estimate, estimate.lower, estimate.upper)
    ]
    return Estimate(ends[0], ends[1], ends[2], estimate.level)


def _normal(estimate: float, error: float, alpha: float) -> Estimate:
    reach = Fixed().value(alpha) * error
    return Estimate(estimate, estimate - reach, estimate + reach, 1 - alpha)


def _once(statistics: Sequence[float]) -> float:
    """Of no change on any of the scales: the largest p-value; 1 where their directions contradict each other."""
    if len({statistic > 0 for statistic in statistics}) > 1:
        return 1.0
    return max(Fixed().p_value(statistic) for statistic in statistics)


def _by_age(frame: Frame, metric: Mapping[str, Any], judged: Judged) -> str:
    key, name, shown = frame.entry["variants"][judged.variant]["key"], metric["name"], judged.shown
    if shown is None:
        return f"Of {key} there are too few units whose window is over, or that have a value of {name}, at three ages at least."
    first, last = (by_cohort.told(judged, end[0]) for end in (shown.ends.first, shown.ends.last))
    match judged.pattern:
        case c.Pattern.NOVELTY:
            return (
                f"The longer units have {key}, the less it does for {name}: {first} at first, {last} later."
            )
        case c.Pattern.PRIMACY:
            return (
                f"The longer units have {key}, the more it does for {name}: {first} at first, {last} later."
            )
    return f"The effect of {key} on {name} is not shown to change with how long units have had it."
