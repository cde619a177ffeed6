"""How a lift and its intervals moved: over cumulative cohorts, from the sums that are there, all points at once."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from litmus_server.analysis.frame import Frame
from litmus_server.domain.series import EffectSeries, Series
from litmus_server.stats.critical import Fixed, best_ratio
from litmus_server.stats.moments import MICRO
from litmus_server.stats.start import LEAST_UNITS, LEAST_VALUES

MOST_POINTS = 60
_HOUR = 3600
Array = NDArray[np.float64]
_Arm = tuple[Array, Array, Array, Array]
"""Units, units with a value, mean, and the variance of the mean, at each point."""


def trends(frame: Frame, metric: Mapping[str, Any], series: Series | None = None) -> list[EffectSeries]:
    """One for each treatment; none for quantiles, for metrics whose sums are not there, and where weights are learned.

    Plain contrasts over the epochs with the odds of the newest units, without adjustment: each point costs a few additions. With
    the `series` of a conversion, and weights that never changed, at its points.
    """
    cohorts = frame.sheet.cohorts()
    if frame.adaptive or metric["kind"] == "quantile" or not cohorts:
        return []
    if frame.sheet.measures[metric["id"]].waiting is not None:
        return []
    if (
        series is not None
        and metric["kind"] == "conversion"
        and all(len(s) == 1 for s in frame.strata.values())
    ):
        return _by_time(frame, metric, series)
    shown = _thinned(cohorts)
    at = [dt.datetime.fromtimestamp((cohort + frame.sheet.cohort_hours) * _HOUR, dt.UTC) for cohort in shown]
    ends = np.searchsorted(shown, cohorts)
    places = {cohort: int(place) for cohort, place in zip(cohorts, ends, strict=True)}
    arms: dict[tuple[int, frozenset[int]], _Arm] = {}
    found = []
    for treatment in frame.treatments:
        strata = frame.strata[treatment]
        if not strata:
            continue
        newest = max(strata, key=max)
        for k in (treatment, frame.control):
            if (k, newest) not in arms:
                arms[k, newest] = _arm(frame, metric, k, newest, places, len(shown))
        both = arms[treatment, newest], arms[frame.control, newest]
        found.append(_series(frame, metric, treatment, "cohort", at, *both))
    return found


def _by_time(frame: Frame, metric: Mapping[str, Any], series: Series) -> list[EffectSeries]:
    at = [each + dt.timedelta(seconds=series.interval.seconds) for each in series.at]
    arms = []
    for variant in series.variants:
        n = np.array(variant.cumulative_exposed_units, dtype=np.float64)
        seen = np.array(variant.cumulative_conversions, dtype=np.float64)
        rate = np.divide(seen, n, out=np.zeros_like(n), where=n > 0)
        variance = np.divide(rate * (1 - rate), n, out=np.zeros_like(n), where=n > 0)
        arms.append((n, seen, rate, variance))
    return [_series(frame, metric, k, "time", at, arms[k], arms[frame.control]) for k in frame.treatments]


def _thinned(cohorts: Sequence[int]) -> list[int]:
    """The newest, and others evenly before it."""
    step = -(-len(cohorts) // MOST_POINTS)
    return list(reversed(list(reversed(cohorts))[::step]))


def _arm(
    frame: Frame,
    metric: Mapping[str, Any],
    variant: int,
    epochs: frozenset[int],
    places: Mapping[int, int],
    points: int,
) -> _Arm:
    """Of all units up to each point; `places` says which of them a cohort belongs to."""
    sheet, number = frame.sheet, metric["id"]
    measure = sheet.measures[number]
    width = 2 if metric["kind"] == "ratio" else 1
    sums = [[0] * 7 for _ in range(points)]  # n, seen, y, d, yy, yd, dd

    def add(strips: Mapping[tuple[int, int], Any], key: int, to: Sequence[int], take: Sequence[int]) -> None:
        strip = strips.get((key, variant))
        if strip is None:
            return
        for epoch, cohort, row in zip(strip.epochs, strip.cohorts, strip.rows, strict=True):
            if epoch in epochs:
                mine = sums[places[cohort]]
                for target, source in zip(to, take, strict=True):
                    mine[target] += row[source]

    add(sheet.plain, 0, (0,), (0,))
    if measure.outcomes is None:
        add(sheet.plain, number, (1, 2, 4), (0, 1, 2))
    else:
        add(sheet.plain, number, (1,), (0,))
        total = width + measure.covariates
        if width == 1:
            add(sheet.joint, number, (2, 4), (0, total))
        else:
            add(sheet.joint, number, (2, 3, 4, 5, 6), (0, 1, total, total + 1, 2 * total))
    rows = []
    running = [0] * 7
    for mine in sums:
        running = [a + b for a, b in zip(running, mine, strict=True)]
        rows.append(_point(running, binary=measure.binary, ratio=width == 2))
    n, seen, mean, variance = (np.array(column) for column in zip(*rows, strict=True))
    return n, seen, mean, variance


def _point(sums: Sequence[int], *, binary: bool, ratio: bool) -> tuple[float, float, float, float]:
    n, seen, y, d, yy, yd, dd = sums
    if not n or (ratio and d <= 0):
        return n, seen, 0.0, 0.0
    if binary:
        rate = seen / n
        return n, seen, rate, rate * (1 - rate) / n
    if n < 2:  # a mean has a value from one unit on, and a variance from two
        return n, seen, y / d if ratio else y / MICRO, 0.0
    if not ratio:
        return n, seen, y / (n * MICRO), (n * yy - y * y) / (n * n * (n - 1) * MICRO**2)
    # Exactly: n·Σ(y·D − d·Y)² over (D·n)², Y and D the sums, in one fraction of integers.
    scatter = yy * d * d - 2 * yd * y * d + dd * y * y
    return n, max(seen, 0) or n, y / d, scatter / (d * d * d * d) * (n / (n - 1))


def _series(
    frame: Frame,
    metric: Mapping[str, Any],
    treatment: int,
    by: str,
    at: Sequence[dt.datetime],
    one: _Arm,
    zero: _Arm,
) -> EffectSeries:
    """Fieller's sets at the critical values of each moment, as `LinearContrast.limits` has them: always valid, and of one look."""
    (n1, k1, m1, v1), (n0, k0, m0, v0) = one, zero
    opened = (np.minimum(n1, n0) >= LEAST_UNITS) & (np.minimum(k1, k0) >= LEAST_VALUES) & (v1 + v0 > 0)
    known = (np.minimum(n1, n0) > 0) & (m0 != 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        information = 1 / (1 / n1 + 1 / n0)
        r = information / frame.planned_information(treatment) * best_ratio(frame.alpha)
        square = (1 + r) / r * (np.log1p(r) - 2 * np.log(frame.alpha))
        lift = np.sign(m0) * (m1 / m0 - 1)
    lower, upper = _limits(one, zero, square, known & opened)
    once = np.full_like(lift, Fixed().value(frame.alpha) ** 2)
    fixed_lower, fixed_upper = _limits(one, zero, once, known & opened)
    variant = frame.entry["variants"][treatment]
    return EffectSeries(
        variant_id=variant["id"],
        variant_key=variant["key"],
        metric_name=metric["name"],
        by=by,
        level=1 - frame.alpha,
        at=list(at),
        units=[int(each) for each in n1 + n0],
        lift=_nullable(lift, known),
        lower=lower,
        upper=upper,
        fixed_lower=fixed_lower,
        fixed_upper=fixed_upper,
    )


def _limits(
    one: _Arm, zero: _Arm, square: Array, opened: NDArray[np.bool_]
) -> tuple[list[float | None], list[float | None]]:
    """Of the lift, at this square of the critical value; None where the set has no ends."""
    (_, _, m1, v1), (_, _, m0, v0) = one, zero
    with np.errstate(divide="ignore", invalid="ignore"):
        bounded = opened & (m0**2 > square * v0)
        ratio, u1, u0 = m1 / m0, v1 / m0**2, v0 / m0**2
        inside = u1 + u0 * ratio**2 - square * u1 * u0
        reach, rest = np.sqrt(square * np.maximum(inside, 0)), 1 - square * u0
        middle = (ratio - 1) + square * u0
        low, high = (middle - reach) / rest, (middle + reach) / rest
    lower, upper = np.where(m0 > 0, low, -high), np.where(m0 > 0, high, -low)
    return _nullable(lower, bounded), _nullable(upper, bounded)


def _nullable(values: Array, there: NDArray[np.bool_]) -> list[float | None]:
    return [float(value) if ok else None for value, ok in zip(values, there, strict=True)]
