"""Does an effect last? The report's own contrasts by when units came, at the same age of all of them, and what differs between them.

Only cohorts whose windows have closed count, so that each unit was seen for the same time; and a cohort, once it has closed, stays as
it is. Groups are made from the oldest on by units alone, so that later units never move an earlier group. It must not know who asks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import expm1, log
from typing import Any

import numpy as np

from litmus_server.analysis.contrasts import Waiting, asked
from litmus_server.analysis.estimates import linear
from litmus_server.analysis.frame import Frame
from litmus_server.analysis.pairs import Pair
from litmus_server.domain.cohorts import Pattern
from litmus_server.domain.report import Missing
from litmus_server.stats.absence import TooFew, Undefined
from litmus_server.stats.contrast import LinearContrast
from litmus_server.stats.critical import AlwaysValid, best_ratio, information
from litmus_server.stats.drift import Array, Drift, Ends, Spread, agreeing, cochran, drift, ends
from litmus_server.stats.sheet import Arm

ALPHA = 0.01
LEAST_GROUPS = 3
LEAST_DAYS = 7  # less has not seen every day of the week
_BY_DAY = 14  # then weeks: ln(1 + day) hardly changes within one
_WEEK = 7
_PLANNED_SPREAD = 0.5  # variance of ln(1 + day) over two weeks of even traffic
_CLEAR = 3.0  # standard errors from zero, below which the logarithm of a mean is not normal
_DAY = 24  # hours


@dataclass(frozen=True, slots=True)
class Refused:
    """There are no cohorts to compare, and why."""

    why: Missing
    sentence: str


@dataclass(frozen=True, slots=True)
class Group:
    """Units of one stretch of days (since the first cohort, `last` included) and of equal odds; `day` is their mean one."""

    first: int
    last: int
    day: float
    units: int
    control_units: int
    contrast: LinearContrast


@dataclass(frozen=True, slots=True)
class On:
    """What a scale shows: effects and the covariance of their errors by group, the line through them, and its ends."""

    effects: Array
    covariance: Array
    drift: Drift
    ends: Ends


@dataclass(frozen=True, slots=True)
class Judged:
    """One variant along one axis.

    `scales` are differences and, where they are known, logarithms of ratios; none without enough groups. `slope` is the logarithm of
    the evidence against no change; `spread` is on the scale on which groups differ less.
    """

    variant: int
    groups: Sequence[Group]
    left_out: int
    days: int
    scales: Sequence[On] = ()
    slope: float | None = None
    spread: Spread | None = None
    pattern: Pattern = Pattern.UNKNOWN

    @property
    def difference(self) -> On | None:
        """In the metric's units."""
        return self.scales[0] if self.scales else None

    @property
    def lift(self) -> On | None:
        """As logarithms of ratios."""
        return self.scales[1] if len(self.scales) > 1 else None

    @property
    def shown(self) -> On | None:
        """The scale on which it is told: lifts where there are some."""
        return self.lift or self.difference


def judged(frame: Frame, metric: Mapping[str, Any]) -> Refused | list[Judged]:
    """Each treatment by cohort. What it costs grows with days and variants, not with units."""
    refused = _refused(frame, metric)
    if refused is not None:
        return refused
    questions = 2 * len(frame.treatments)
    grouped = _Grouping(frame, metric)
    return [_judged(frame, metric, grouped, treatment, questions) for treatment in frame.treatments]


def refused_by_kind(frame: Frame, metric: Mapping[str, Any]) -> Refused | None:
    """Of what no cohorts can be told, however long one waits; and where nobody has been exposed."""
    if frame.adaptive:
        return Refused(
            Missing.NOT_SUPPORTED,
            "A bandit moves its shares by what it sees, so its cohorts are of different policies, most of them too small to compare.",
        )
    if metric["kind"] == "quantile":
        return Refused(
            Missing.NOT_SUPPORTED, "A quantile's sums are kept of all units together, not by cohort."
        )
    if frame.sheet.measures[metric["id"]].waiting is not None:
        return Refused(
            Missing.NO_SUMS, "The sums of this metric are being folded, or its cap is not known yet."
        )
    if not frame.sheet.cohorts():
        return Refused(Missing.NO_EXPOSURES, "No unit has been exposed yet.")
    return None


def _refused(frame: Frame, metric: Mapping[str, Any]) -> Refused | None:
    refused = refused_by_kind(frame, metric)
    if refused is not None:
        return refused
    cohorts = frame.sheet.cohorts()
    if not frame.sheet.closed(metric["window_seconds"], frame.now.timestamp())(0, cohorts[0]):
        age = _age(metric["window_seconds"])
        return Refused(
            Missing.WINDOWS_OPEN,
            f"Cohorts are compared at the same age, here {age}, which no cohort has reached yet; a shorter one may be asked for.",
        )
    return None


def _age(seconds: int) -> str:
    """30 days, 1 day, 6 hours."""
    many, unit = (seconds / 86_400, "day") if seconds >= 86_400 else (seconds / 3_600, "hour")
    return f"{many:g} {unit}{'' if many == 1 else 's'}"


# ── groups ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Days that make a group as soon as there are units enough."""

    first: int
    last: int
    treatment: Arm
    control: Arm
    weighted: float
    """Σ units · day."""

    @property
    def units(self) -> int:
        return self.treatment.n + self.control.n

    def then(self, other: "_Stretch") -> "_Stretch":
        return _Stretch(
            self.first,
            other.last,
            self.treatment.merge(other.treatment),
            self.control.merge(other.control),
            self.weighted + other.weighted,
        )


class _Grouping:
    """The arms of one metric by stretch of days and of odds, each variant's read once."""

    def __init__(self, frame: Frame, metric: Mapping[str, Any]) -> None:
        self._frame, self._metric = frame, metric
        sheet, over = frame.sheet, frame.over(metric)
        closed = sheet.closed(metric["window_seconds"], frame.now.timestamp())
        cohorts = sheet.cohorts()
        zero = cohorts[0] // _DAY
        self._blocks: dict[int, int] = {}
        """By cohort the first of the days that are told together, of those to which no unit comes any more and whose windows have closed."""
        for cohort in cohorts:
            day = cohort // _DAY - zero
            block = day if day < _BY_DAY else day - (day - _BY_DAY) % _WEEK
            if over or closed(0, (zero + _last(block) + 1) * _DAY - sheet.cohort_hours):
                self._blocks[cohort] = block
        self._read: dict[tuple[int, tuple[frozenset[int], ...]], dict[tuple[int, int], Arm]] = {}

    def groups(self, treatment: int) -> tuple[list[Group], int]:
        """In the order of days, and the units of those that are too small."""
        strata = tuple(self._frame.strata[treatment])
        one, zero = (self._arms(k, strata) for k in (treatment, self._frame.control))
        found: list[Group] = []
        small: dict[int, _Stretch] = {}
        for block, stratum in sorted(one.keys() & zero.keys()):
            last = _last(block)
            t, control = one[block, stratum], zero[block, stratum]
            stretch = _Stretch(block, last, t, control, (t.n + control.n) * (block + last) / 2)
            if stratum in small:
                stretch = small.pop(stratum).then(stretch)
            group = self._group(stretch)
            if group is None:
                small[stratum] = stretch
            else:
                found.append(group)
        return sorted(found, key=lambda group: group.day), sum(each.units for each in small.values())

    def _arms(self, variant: int, strata: tuple[frozenset[int], ...]) -> dict[tuple[int, int], Arm]:
        """By block of days and stratum, of the blocks that are complete."""
        key = variant, strata
        if key not in self._read:
            of_epoch = {epoch: k for k, epochs in enumerate(strata) for epoch in epochs}
            blocks = self._blocks

            def place(epoch: int, cohort: int) -> tuple[int, int] | None:
                block, stratum = blocks.get(cohort), of_epoch.get(epoch)
                return None if block is None or stratum is None else (block, stratum)

            self._read[key] = self._frame.sheet.parts(self._metric["id"], variant, place)
        return self._read[key]

    def _group(self, stretch: _Stretch) -> Group | None:
        """None while its error cannot be trusted."""
        pair = Pair(stretch.treatment, stretch.control, ((stretch.treatment, stretch.control),))
        question = asked(self._metric, pair, None, ("treatment", "control"))
        if question.closed is not None or isinstance(question.contrast, TooFew | Undefined | Waiting):
            return None
        contrast = linear(question.contrast)
        if contrast is None:
            return None
        day = stretch.weighted / stretch.units
        return Group(stretch.first, stretch.last, day, stretch.treatment.n, stretch.control.n, contrast)


def _last(block: int) -> int:
    return block if block < _BY_DAY else block + _WEEK - 1


# ── what they show ───────────────────────────────────────────────────────────────────────────────────────────────────


def _judged(
    frame: Frame, metric: Mapping[str, Any], grouping: _Grouping, treatment: int, questions: int
) -> Judged:
    groups, left_out = grouping.groups(treatment)
    days = groups[-1].last + 1 - groups[0].first if groups else 0
    found = Judged(treatment, groups, left_out, days)
    scales = scales_of(groups) if len(groups) >= LEAST_GROUPS else []
    if not scales:
        return found
    units = information(groups[0].units, groups[0].control_units)
    planned = frame.planned_information(treatment) / units * _PLANNED_SPREAD
    # What was planned in units, as information of the slope, by the variance in the first group: that is known before
    # anything that is judged, and the ratio must grow as the slope's own information does.
    ratios = [
        float(each.drift.information * each.covariance[0, 0] / planned) * best_ratio(ALPHA / questions)
        for each in scales
    ]
    slope = slope_evidence(scales, ratios)
    spread = min(
        (cochran(each.effects, each.covariance.diagonal()) for each in scales),
        key=lambda each: each.statistic,
    )
    enough = log(questions / ALPHA)
    pattern = Pattern.UNKNOWN
    if days >= LEAST_DAYS:
        pattern = direction(scales, metric) if slope >= enough else Pattern.STEADY
        if pattern is Pattern.STEADY and spread.log_evidence() >= enough:
            pattern = Pattern.UNEVEN
    return replace(found, scales=scales, slope=slope, spread=spread, pattern=pattern)


def scales_of(groups: Sequence[Group], covariances: tuple[Array, Array] | None = None) -> list[On]:
    """Differences and, where all means are well above zero, logarithms of ratios: a constant effect may be constant on either.

    `covariances` of the groups' means of treatment and of control; None where no unit is in two groups. Empty where there is no line.
    """
    x = np.log1p([group.day for group in groups])
    t, c = (np.array([getattr(g.contrast, name) for g in groups]) for name in ("treatment", "control"))
    if covariances is None:
        v, w = (np.diag([getattr(g.contrast, name) for g in groups]) for name in ("v_treatment", "v_control"))
    else:
        v, w = covariances
    found = [_on(x, t - c, v + w)]
    clear = (t > _CLEAR * np.sqrt(v.diagonal())) & (c > _CLEAR * np.sqrt(w.diagonal()))
    if clear.all():
        found.append(_on(x, np.log(t / c), v / np.outer(t, t) + w / np.outer(c, c)))
    return [each for each in found if each is not None]


def _on(x: Array, effects: Array, covariance: Array) -> On | None:
    line, thirds = drift(x, effects, covariance), ends(effects, covariance)
    if not isinstance(line, Drift) or not isinstance(thirds, Ends):
        return None
    return On(effects, covariance, line, thirds)


def slope_evidence(scales: Sequence[On], ratios: Sequence[float]) -> float:
    """The logarithm of the evidence that the effect changes, on whichever scale it might be constant."""
    return agreeing(
        [
            (each.drift.statistic, AlwaysValid(ratio).log_evidence(each.drift.statistic))
            for each, ratio in zip(scales, ratios, strict=True)
        ]
    )


def direction(scales: Sequence[On], metric: Mapping[str, Any]) -> Pattern:
    """By whether it changes for the better."""
    better = (scales[0].drift.slope > 0) is (metric["direction"] == "increase")
    return Pattern.PRIMACY if better else Pattern.NOVELTY


# ── what is said ─────────────────────────────────────────────────────────────────────────────────────────────────────


def sentence(frame: Frame, metric: Mapping[str, Any], judged_: Judged) -> str:
    """What was found of one variant."""
    key, name = frame.entry["variants"][judged_.variant]["key"], metric["name"]
    shown = judged_.shown
    count = f"{len(judged_.groups)} cohorts with units enough over {judged_.days} days"
    if shown is None or judged_.pattern is Pattern.UNKNOWN:
        return f"Of {key} there are {count}; it takes {LEAST_GROUPS} over {LEAST_DAYS} days to compare them on {name}."
    match judged_.pattern:
        case Pattern.NOVELTY | Pattern.PRIMACY:
            fades = judged_.pattern is Pattern.NOVELTY
            return (
                f"The effect of {key} on {name} {'fades' if fades else 'grows'}: {told(judged_, shown.ends.first[0])} for the first third "
                f"of the cohorts, {told(judged_, shown.ends.last[0])} for the last."
            )
        case Pattern.UNEVEN:
            return f"The effect of {key} on {name} differs from cohort to cohort, without a direction."
    return f"The effect of {key} on {name} is not shown to change between {count}."


def told(judged_: Judged, effect: float) -> str:
    """An effect on the scale that is shown."""
    return f"{expm1(effect):+.1%}" if judged_.lift is not None else f"{effect:+.4g}"
