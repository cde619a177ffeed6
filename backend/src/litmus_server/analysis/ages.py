"""Does an effect last? By how long units have been there: the same units at each age, so errors of different ages belong together.

Means and their covariances over units are all that is needed (`stats.drift`): a unit that did more at every age does not count as several.
It must not know where the sums come from.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import log
from typing import Any

import numpy as np

from litmus_server.analysis.cohorts import (
    ALPHA,
    LEAST_GROUPS,
    Group,
    Judged,
    Refused,
    direction,
    refused_by_kind,
    scales_of,
    slope_evidence,
)
from litmus_server.analysis.frame import Frame
from litmus_server.domain.cohorts import AGES, SECONDS, Pattern
from litmus_server.domain.report import Missing
from litmus_server.ports import AgeSums
from litmus_server.stats.contrast import LinearContrast
from litmus_server.stats.critical import best_ratio, information
from litmus_server.stats.drift import Array
from litmus_server.stats.moments import MICRO, JointMoments
from litmus_server.stats.start import LEAST_UNITS

LEAST_SEEN = (
    50  # units of each arm with a value at an age: no third moments are kept here that would tell of skew
)


def judged_by_age(
    frame: Frame, metric: Mapping[str, Any], ages: Mapping[tuple[int, int], AgeSums]
) -> Refused | list[Judged]:
    """Each treatment by age, of units whose whole window is over. `ages` are the sums by (variant, epoch)."""
    refused = refused_by_kind(frame, metric)
    if refused is not None:
        return refused
    if metric["kind"] == "ratio":
        return Refused(Missing.NOT_SUPPORTED, "A ratio's parts are not read by age.")
    starts = [start for start in AGES if start * SECONDS < metric["window_seconds"]]
    if len(starts) < LEAST_GROUPS:
        return Refused(Missing.NOT_SUPPORTED, "The window is too short: ages are told from three days on.")
    if not ages:
        return Refused(Missing.WINDOWS_OPEN, "No unit has been there that long yet.")
    return [_judged(frame, metric, starts, treatment, ages) for treatment in frame.treatments]


def _judged(
    frame: Frame,
    metric: Mapping[str, Any],
    starts: Sequence[int],
    treatment: int,
    ages: Mapping[tuple[int, int], AgeSums],
) -> Judged:
    one, zero = _arms(frame, treatment, ages)
    if one is None or zero is None or min(one.units.n, zero.units.n) < LEAST_UNITS:
        return Judged(treatment, [], 0 if one is None or zero is None else one.units.n + zero.units.n, 0)
    ends = [*starts[1:], metric["window_seconds"] / SECONDS]
    lengths = np.array([end - start for start, end in zip(starts, ends, strict=True)])
    rate = _hazards if metric["kind"] == "conversion" else _means
    (t, v, n1), (c, w, n0) = rate(one.units, lengths), rate(zero.units, lengths)
    used = [
        k for k in range(len(starts)) if min(one.seen[k], zero.seen[k]) >= LEAST_SEEN and v[k, k] and w[k, k]
    ]
    groups = [
        Group(
            starts[k],
            round(ends[k]) - 1,
            (starts[k] + ends[k] - 1) / 2,
            int(n1[k]),
            int(n0[k]),
            LinearContrast(float(t[k]), float(c[k]), float(v[k, k]), float(w[k, k])),
        )
        for k in used
    ]
    found = Judged(treatment, groups, 0, round(ends[-1]))
    rows = np.ix_(used, used)
    scales = scales_of(groups, (v[rows], w[rows])) if len(groups) >= LEAST_GROUPS else []
    if not scales:
        return found
    questions = len(frame.treatments)
    units = information(one.units.n, zero.units.n)
    ratio = units / frame.planned_information(treatment) * best_ratio(ALPHA / questions)
    slope = slope_evidence(scales, [ratio] * len(scales))
    flagged = slope >= log(questions / ALPHA)
    pattern = direction(scales, metric) if flagged else Pattern.STEADY
    return replace(found, scales=scales, slope=slope, pattern=pattern)


def _arms(
    frame: Frame, treatment: int, ages: Mapping[tuple[int, int], AgeSums]
) -> tuple[AgeSums | None, AgeSums | None]:
    """Of the stretch of equal odds with most units: units of other odds came on other days."""
    found: tuple[AgeSums | None, AgeSums | None] = (None, None)
    most = 0
    for epochs in frame.strata[treatment]:
        arms = [
            [ages[k, epoch] for epoch in sorted(epochs) if (k, epoch) in ages]
            for k in (treatment, frame.control)
        ]
        units = sum(each.units.n for arm in arms for each in arm)
        if all(arms) and units > most:
            most = units
            found = _together(arms[0]), _together(arms[1])
    return found


def _together(sums: Sequence[AgeSums]) -> AgeSums:
    first, *others = sums
    for each in others:
        seen = tuple(a + b for a, b in zip(first.seen, each.seen, strict=True))
        first = AgeSums(first.units.merge(each.units), seen)
    return first


def _means(units: JointMoments, lengths: Array) -> tuple[Array, Array, Array]:
    """A day's mean at each age, the covariance of these means, and the units."""
    means, covariances = units.means, units.covariances
    return (
        np.array(means) / lengths,
        np.array(covariances) / units.n / np.outer(lengths, lengths),
        np.full(lengths.size, units.n),
    )


def _hazards(units: JointMoments, lengths: Array) -> tuple[Array, Array, Array]:
    """The part of those who had not converted before that converts in a day of each age, and how many these were.

    Whoever has converted cannot again: rates of all units would fall the faster the better a variant is. Hazards of
    different ages are uncorrelated in large samples (Greenwood 1926; Andersen et al., Statistical Models Based on Counting Processes,
    1993, IV.3).
    """
    converted = np.array(units.first, dtype=np.float64) / MICRO
    left = units.n - np.concatenate([[0.0], np.cumsum(converted)[:-1]])
    hazard = np.divide(converted, left, out=np.zeros_like(left), where=left > 0)
    variance = np.divide(hazard * (1 - hazard), left, out=np.zeros_like(left), where=left > 0)
    return hazard / lengths, np.diag(variance / lengths**2), left
