"""The fold in plain Python, read from the definition: exact integers, dictionaries, no order, no increments."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import combinations_with_replacement
from typing import Any

from litmus_server.stats.quantiles import bucket

BEFORE = dt.timedelta(days=30)
ORIGIN = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
ALL_TIME = dt.datetime.min.replace(tzinfo=dt.UTC)

Table = dict[tuple[Any, ...], tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Event:
    """One accepted event; kind 1 is an exposure, 2 and 3 are metric events. `value` is in micro-units."""

    unit: str
    kind: int
    occurred_at: dt.datetime
    experiment: int | None = None
    variant: int | None = None
    epoch: int | None = None
    metric: int | None = None
    value: int | None = None
    unit_type: str | None = None
    is_bot: bool = False


@dataclass(frozen=True, slots=True)
class Derived:
    """What is derived of a metric: see `store/derived.py`. Places are slots."""

    totals: tuple[int, ...]
    binary: tuple[bool, ...] = (False,)
    before: tuple[int, ...] = ()
    cap: int | None = None
    sketch: bool = False
    delay: int | None = None


@dataclass(frozen=True, slots=True)
class Declared:
    """One experiment as the fold sees it; `metrics`: metric → (slot, window in seconds); `derived` by metric."""

    number: int
    unit_type: str
    cohort_hours: int
    metrics: dict[int, tuple[int, int]]
    derived: dict[int, Derived] = field(default_factory=dict)

    @property
    def width(self) -> int:
        return max((slot for slot, _ in self.metrics.values()), default=0)


@dataclass(frozen=True, slots=True)
class Tables:
    """What unit_state, moments, rollup, fold_mark.units, joint_moments and sketch must hold."""

    states: Table
    moments: Table
    rollup: Table
    units: dict[int, int]
    joint: Table
    sketch: Table


def judge(
    events: Iterable[Event], experiments: Iterable[Declared], minutes_from: dt.datetime = ALL_TIME
) -> Tables:
    log = [event for event in events if not event.is_bot]
    declared = {experiment.number: experiment for experiment in experiments}
    states: Table = {}
    moments: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0] * 7)
    rollup: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0] * 3)
    units: dict[int, int] = defaultdict(int)
    joint: Table = {}
    sketch: dict[tuple[Any, ...], int] = defaultdict(int)

    def tally(experiment: int, variant: int | None, metric: int | None, at: dt.datetime, *add: int) -> None:
        minute, hour = at.replace(second=0, microsecond=0), at.replace(minute=0, second=0, microsecond=0)
        for span, start in ((0, ALL_TIME), (1, hour), (2, minute), (3, hour.replace(hour=0))):
            if span != 2 or start >= minutes_from:
                row = rollup[experiment, variant, metric, span, start]
                row[:] = [old + new for old, new in zip(row, add, strict=True)]

    for event in log:
        if event.kind == 1:
            tally(event.experiment or 0, event.variant, 0, event.occurred_at, 1, 0, 0)
        elif event.experiment is not None:
            tally(event.experiment, event.variant, event.metric, event.occurred_at, 1, event.value or 0, 0)

    by_unit: dict[str, list[Event]] = defaultdict(list)
    for event in log:
        by_unit[event.unit].append(event)
    for unit, own in by_unit.items():
        if any(event.experiment is None for event in own):
            states[unit, 0] = (None, None, None, None, [], [], [], [])
        for number in {event.experiment for event in own if event.experiment is not None}:
            experiment = declared[number]
            named = [event for event in own if event.experiment == number]
            variant, epoch = named[0].variant, named[0].epoch
            first_at = min((event.occurred_at for event in named if event.kind == 1), default=None)
            if first_at is None:
                states[unit, number] = (variant, epoch, None, None, [], [], [], [])
                continue
            hours = (first_at - ORIGIN) // dt.timedelta(hours=1)
            cohort = hours // experiment.cohort_hours * experiment.cohort_hours
            loose = [
                event
                for event in own
                if event.experiment is None and (event.unit_type or "user") == experiment.unit_type
            ]
            places: list[list[Any]] = [[None] * experiment.width for _ in range(4)]
            counts, totals, before, firsts = places
            spans = [(0, 0, 0), (1, epoch, cohort)]
            for span in spans:
                moments[number, variant, 0, *span][0] += 1
            units[number] += 1
            tally(number, variant, 0, first_at, 0, 0, 1)
            for event in loose:
                if event.occurred_at >= first_at:
                    tally(number, variant, event.metric, event.occurred_at, 1, event.value or 0, 0)
            for metric, (slot, window) in experiment.metrics.items():
                values = [
                    (event.occurred_at, event.value or 0)
                    for event in named + loose
                    if event.kind > 1 and event.metric == metric
                ]
                inside = [
                    (at, v) for at, v in values if first_at <= at < first_at + dt.timedelta(seconds=window)
                ]
                y = sum(v for _, v in inside)
                x = sum(v for at, v in values if first_at - BEFORE <= at < first_at)
                before[slot - 1] = x or None
                if inside:
                    first = min(at for at, _ in inside)
                    counts[slot - 1], totals[slot - 1], firsts[slot - 1] = len(inside), y, first
                    tally(number, variant, metric, first, 0, 0, 1)
                if inside or x:
                    add = (int(bool(inside)), y, y**2, y**3, x, x**2, x * y)
                    for span in spans:
                        row = moments[number, variant, metric, *span]
                        row[:] = [old + new for old, new in zip(row, add, strict=True)]
            states[unit, number] = (variant, epoch, cohort, first_at, counts, totals, before, firsts)
            for metric, derived in experiment.derived.items():
                if derived.sketch:
                    [slot] = derived.totals
                    if counts[slot - 1]:
                        sketch[number, metric, variant, bucket(totals[slot - 1])] += 1
                    continue
                factors = values_of(derived, counts, totals, before)
                late = [delay_of(first_at, firsts[derived.delay - 1])] if derived.delay else []
                if any(factors + late):
                    cell = (number, metric, variant, epoch, cohort)
                    sums = products(factors, len(derived.totals)) + late
                    joint[cell] = tuple(map(sum, zip(joint.get(cell, (0,) * len(sums)), sums, strict=True)))
    return Tables(
        states,
        {key: tuple(row) for key, row in moments.items()},
        {key: tuple(row) for key, row in rollup.items()},
        dict(units),
        joint,
        {key: (n,) for key, n in sketch.items()},
    )


def values_of(derived: Derived, counts: list[Any], totals: list[Any], before: list[Any]) -> list[int]:
    """A unit's values: its totals or whether it has an event, then its sums before; its own ones at most the cap."""

    def capped(value: int | None) -> int:
        return value or 0 if derived.cap is None else min(value or 0, derived.cap)

    own = [
        10**6 * bool(counts[slot - 1]) if binary else capped(totals[slot - 1])
        for slot, binary in zip(derived.totals, derived.binary, strict=True)
    ]
    return own + [
        capped(before[slot - 1]) if slot == derived.totals[0] else before[slot - 1] or 0
        for slot in derived.before
    ]


def delay_of(exposed: dt.datetime, converted: dt.datetime | None) -> int:
    """In microseconds; 0 for who has not converted."""
    return 0 if converted is None else (converted - exposed) // dt.timedelta(microseconds=1)


def products(values: list[int], own: int) -> list[int]:
    """The values, their products by two, and those of the first `own` by three."""
    return (
        values
        + [a * b for a, b in combinations_with_replacement(values, 2)]
        + [a * b * c for a, b, c in combinations_with_replacement(values[:own], 3)]
    )
