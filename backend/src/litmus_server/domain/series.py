"""A result over time: which intervals to show, and from sparse counts to dense rows.

It must not know where counts come from. An interval is a whole number: seconds since 1970 ÷ its length.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate

MOST_POINTS = 500


class Interval(StrEnum):
    """The length of one point, in UTC. Minutes are kept for two days, hours for ever."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"

    @property
    def seconds(self) -> int:
        """Its length."""
        return {"minute": 60, "hour": 3_600, "day": 86_400}[self]


@dataclass(frozen=True, slots=True)
class Extent:
    """From the first to the last time of which there are counts; minutes are None where they were pruned."""

    first_hour: dt.datetime
    last_hour: dt.datetime
    first_minute: dt.datetime | None
    last_minute: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Window:
    """The intervals `start` to `stop` − 1. `truncated`: older ones were asked for, and are left out."""

    interval: Interval
    start: int
    stop: int
    truncated: bool

    @property
    def starts_at(self) -> dt.datetime:
        """The time at which the first interval begins."""
        return dt.datetime.fromtimestamp(self.start * self.interval.seconds, dt.UTC)


@dataclass(frozen=True, slots=True)
class Strip:
    """Counts of one variant and metric by interval, from the window's start on, in any order, those of zero left out.

    Metric 0 is the exposure: its `units` are first exposures, those of another metric first conversions; it has no
    `events` and no `totals`. What came before the window is `all_units` less everything here; what came after it is not
    shown.
    """

    variant: int
    metric: int
    intervals: Sequence[int]
    events: Sequence[int]
    totals: Sequence[float]
    units: Sequence[int]
    all_units: int


@dataclass(frozen=True, slots=True)
class VariantSeries:
    """One variant, by interval. `rate` is cumulative conversions ÷ cumulative exposed units; null before the first.

    Units count where they were first exposed, and where they first converted; `events` and `total` of the metric count
    where they occurred, whether or not they are inside the unit's window.
    """

    variant_id: str
    variant_key: str
    exposed_units: Sequence[int]
    conversions: Sequence[int]
    cumulative_exposed_units: Sequence[int]
    cumulative_conversions: Sequence[int]
    rate: Sequence[float | None]
    events: Sequence[int]
    total: Sequence[float]


@dataclass(frozen=True, slots=True)
class Series:
    """At most 500 points, the newest ones; `at` are the times at which their intervals begin.

    `declared` false: nobody declared this metric, so its events are counted, but not which units converted.
    """

    interval: Interval
    metric_name: str | None
    declared: bool
    truncated: bool
    at: Sequence[dt.datetime]
    variants: Sequence[VariantSeries]


@dataclass(frozen=True, slots=True)
class EffectSeries:
    """How one variant's lift over control, and the interval around it, moved.

    `by` cohort: the k-th point is of all units that were first exposed before `at[k]`, with what is known of them now. `by` time:
    it is what was known at `at[k]`. The interval is always valid: all points hold at once with probability `level`. That of
    `fixed_lower` to `fixed_upper` holds at one point that was planned, and for no other: what is outside it is the price of
    looking often. Null where there was nothing to say yet, ends that are unbounded too. Plain figures, without adjustment.
    """

    variant_id: str
    variant_key: str
    metric_name: str
    by: str
    level: float
    at: Sequence[dt.datetime]
    units: Sequence[int]
    lift: Sequence[float | None]
    lower: Sequence[float | None]
    upper: Sequence[float | None]
    fixed_lower: Sequence[float | None]
    fixed_upper: Sequence[float | None]


def finest(extent: Extent) -> Interval:
    """The finest interval that shows all of it in 500 points, else days."""
    hours = (extent.last_hour - extent.first_hour).total_seconds() / 3600 + 1
    if extent.first_minute is not None and extent.last_minute is not None:
        whole = extent.first_minute < extent.first_hour + dt.timedelta(hours=1)
        minutes = (extent.last_minute - extent.first_minute).total_seconds() / 60 + 1
        if whole and minutes <= MOST_POINTS:
            return Interval.MINUTE
    return Interval.HOUR if hours <= MOST_POINTS else Interval.DAY


def window(
    extent: Extent,
    interval: Interval,
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
) -> Window | None:
    """The intervals from `since` to `until` (None: as far as there are counts), the newest 500; None when there is none."""
    first, last = extent.first_hour, extent.last_hour
    if interval is Interval.MINUTE:
        if extent.first_minute is None or extent.last_minute is None:
            return None
        first, last = extent.first_minute, extent.last_minute
    length = interval.seconds
    lowest, highest = int(first.timestamp()) // length, int(last.timestamp()) // length + 1
    start = lowest if since is None else max(lowest, int(since.timestamp() // length))
    stop = highest if until is None else min(highest, -int(-until.timestamp() // length))
    if start >= stop:
        return None
    return Window(interval, max(start, stop - MOST_POINTS), stop, stop - start > MOST_POINTS)


def build(
    shown: Window,
    metric: tuple[int, str] | None,
    variants: Sequence[tuple[str, str]],
    strips: Sequence[Strip],
    *,
    declared: bool = True,
) -> Series:
    """Dense rows of these variants, (id, key) by ordinal, for the metric (number, name)."""
    by_place = {(strip.variant, strip.metric): strip for strip in strips}
    number, name = metric or (-1, None)
    length = shown.interval.seconds
    return Series(
        interval=shown.interval,
        metric_name=name,
        declared=declared,
        truncated=shown.truncated,
        at=[dt.datetime.fromtimestamp(k * length, dt.UTC) for k in range(shown.start, shown.stop)],
        variants=[
            _variant(shown, variant_id, key, by_place.get((k, 0)), by_place.get((k, number)))
            for k, (variant_id, key) in enumerate(variants)
        ],
    )


def _variant(
    shown: Window, variant_id: str, key: str, exposed: Strip | None, converted: Strip | None
) -> VariantSeries:
    units, units_so_far = _dense(shown, exposed)
    conversions, conversions_so_far = _dense(shown, converted)
    events, total = [0] * len(units), [0.0] * len(units)
    if converted is not None:
        for k, count, value in zip(converted.intervals, converted.events, converted.totals, strict=True):
            if k < shown.stop:
                events[k - shown.start], total[k - shown.start] = count, value
    return VariantSeries(
        variant_id=variant_id,
        variant_key=key,
        exposed_units=units,
        conversions=conversions,
        cumulative_exposed_units=units_so_far,
        cumulative_conversions=conversions_so_far,
        rate=[c / n if n else None for c, n in zip(conversions_so_far, units_so_far, strict=True)],
        events=events,
        total=total,
    )


def _dense(shown: Window, strip: Strip | None) -> tuple[list[int], list[int]]:
    """Units by interval, and all units up to its end."""
    row = [0] * (shown.stop - shown.start)
    if strip is None:
        return row, row
    for k, count in zip(strip.intervals, strip.units, strict=True):
        if k < shown.stop:
            row[k - shown.start] = count
    before = strip.all_units - sum(strip.units)
    return row, list(accumulate(row, initial=before))[1:]
