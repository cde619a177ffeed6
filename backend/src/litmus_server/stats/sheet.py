"""A sheet: the sums of one experiment cell by cell, and what they are of any cells added up.

A cell is one variant, one epoch (of fixed weights; the policy's version where shares are learned) and one cohort (the hours since
1970 at which the stretch of first exposures begins). Sums are exact integers of micro-units, so that any choice of cells is
exact too: all of them, those whose attribution window has closed, those of one policy, those of one day.

It must not know where sums are kept, nor what is inferred from them.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from math import comb
from operator import add
from typing import TypeVar

import msgspec

from litmus_server.stats.moments import MICRO, JointMoments, Moments, of_ones

EXPOSED = 0
"""The number that stands for the exposure itself, where others are metrics."""

_HOUR = 3600


class Waiting(StrEnum):
    """Why sums that a metric needs beside its plain ones are not there yet."""

    CAP = "cap_not_frozen"
    """Too few units have a value for the cap's quantile: until then only the raw figures are there."""
    FOLD = "being_folded"
    """The declaration was changed, and the log is being read again."""


@dataclass(frozen=True, slots=True)
class Measure:
    """How one metric's sums are kept. `outcomes` and `covariates` are the places of its joint sums; None: it has none."""

    binary: bool = False
    """A unit counts 1 or 0: whether it has an event inside the window."""
    outcomes: int | None = None
    """1; of a ratio 2, numerator and denominator."""
    covariates: int = 0
    """Sums from before the exposure: how many of them joint sums have, after the outcomes."""
    before: bool = False
    """Without joint sums: whether its own sum before the exposure is the covariate."""
    cap: int | None = None
    """In micro-units: its joint sums count no unit's total beyond it."""
    waiting: Waiting | None = None
    delays: bool = False
    """Whether the last of its joint sums is of how long after their exposure units converted, in microseconds."""


Meant = Callable[[int, int], bool]
"""Whether the cell of this epoch and cohort is meant."""

_Row = tuple[int, ...]
_Part = TypeVar("_Part", bound=Hashable)


@dataclass(frozen=True)
class Strip:
    """Sums of one metric in one variant: `rows[k]` are those of the cell of `epochs[k]` and `cohorts[k]`."""

    epochs: tuple[int, ...] = ()
    cohorts: tuple[int, ...] = ()
    rows: tuple[_Row, ...] = ()

    def total(self, meant: Meant | None) -> _Row:
        """The sums of the cells that are meant; nothing when there is none."""
        return tuple(map(sum, zip(*self._meant(meant), strict=True)))

    def totals(self, place: Callable[[int, int], _Part | None]) -> dict[_Part, _Row]:
        """The sums of each part, of those that have a cell."""
        found: dict[_Part, _Row] = {}
        for epoch, cohort, row in zip(self.epochs, self.cohorts, self.rows, strict=True):
            part = place(epoch, cohort)
            if part is not None:
                before = found.get(part)
                found[part] = row if before is None else tuple(map(add, before, row))
        return found

    def _meant(self, meant: Meant | None) -> Sequence[_Row]:
        # A policy has hundreds of versions: to ask for each of them must not look at all cells each time.
        match meant:
            case None:
                return self.rows
            case _OfEpoch(epoch):
                return self._by_epoch.get(epoch, ())
            case _OfCohort(cohort):
                return self._by_cohort.get(cohort, ())
        places = zip(self.epochs, self.cohorts, strict=True)
        return [row for row, (epoch, cohort) in zip(self.rows, places, strict=True) if meant(epoch, cohort)]

    @cached_property
    def _by_epoch(self) -> Mapping[int, Sequence[_Row]]:
        return _grouped(self.epochs, self.rows)

    @cached_property
    def _by_cohort(self) -> Mapping[int, Sequence[_Row]]:
        return _grouped(self.cohorts, self.rows)


@dataclass(frozen=True, slots=True)
class Arm:
    """What is known of one metric in one variant, over the cells that were asked for."""

    n: int
    """Exposed units, those without any event of the metric too."""
    seen: int
    """Of these, the units with an event inside the window: of a conversion, the converted ones."""
    raw: Moments
    """Of the units' totals as they came in, whatever the metric's kind, cap and covariates."""
    outcome: JointMoments | None
    """Of what is compared, with triple products: the total, at most the cap; of a conversion 1 or 0; of a ratio (numerator,
    denominator). None while the metric is `waiting`.
    """
    adjusting: JointMoments | None
    """The outcome and then the covariates from before the exposure, without triple products. None while the metric is waiting,
    and where it has no covariate.
    """

    def merge(self, other: "Arm") -> "Arm":
        """Of both sets of cells together; they are of one metric."""
        outcome = self.outcome and other.outcome and self.outcome.merge(other.outcome)
        adjusting = self.adjusting and other.adjusting and self.adjusting.merge(other.adjusting)
        return Arm(self.n + other.n, self.seen + other.seen, self.raw.merge(other.raw), outcome, adjusting)


@dataclass(frozen=True, slots=True)
class Sheet:
    """The sums of all declared metrics. Metrics are their numbers, variants their ordinals.

    Units have left a window when their whole cohort has: `closed` says which cells these are. A unit without events is in no row
    but that of `EXPOSED`, so `Arm.n` is from there, of the same cells.
    """

    cohort_hours: int = 24
    measures: Mapping[int, Measure] = field(default_factory=dict)
    plain: Mapping[tuple[int, int], Strip] = field(default_factory=dict)
    """(metric, variant) → n, Σy, Σy², Σy³, Σx, Σx², Σxy. Of EXPOSED all but n are 0."""
    joint: Mapping[tuple[int, int], Strip] = field(default_factory=dict)
    """(metric, variant) → sums, products, and triple products of the outcomes alone, as `JointMoments` orders them."""
    buckets: Mapping[tuple[int, int], Mapping[int, int]] = field(default_factory=dict)
    """(metric, variant) → units by bucket (`quantiles.bucket`) of their totals, of quantile metrics, over all cells; units
    without an event are not in it.
    """
    _arms: dict[tuple[int, int, Meant | None], Arm] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _units: dict[tuple[int, Meant | None], int] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def arm(self, metric: int, variant: int, meant: Meant | None = None) -> Arm:
        """The sums of the cells that are meant, by default all. KeyError for a metric that is not declared."""
        key = metric, variant, meant
        found = self._arms.get(key)  # control is compared with every other
        if found is None:
            found = self._arms[key] = self._summed(*key)
        return found

    def parts(self, metric: int, variant: int, place: Callable[[int, int], _Part | None]) -> dict[_Part, Arm]:
        """The sums by the part that a cell belongs to, in one pass; parts without exposed units are left out. KeyError as `arm`."""
        measure = self.measures[metric]
        exposed, plain = (self._strip(self.plain, of, variant).totals(place) for of in (EXPOSED, metric))
        joint = {} if measure.outcomes is None else self._strip(self.joint, metric, variant).totals(place)
        return {
            part: _arm(measure, units[0], plain.get(part, ()), joint.get(part, ()))
            for part, units in exposed.items()
            if units[0]
        }

    def _summed(self, metric: int, variant: int, meant: Meant | None) -> Arm:
        measure = self.measures[metric]
        n = self.exposed(variant, meant)
        plain = self._strip(self.plain, metric, variant).total(meant)
        joint = () if measure.outcomes is None else self._strip(self.joint, metric, variant).total(meant)
        return _arm(measure, n, plain, joint)

    def exposed(self, variant: int, meant: Meant | None = None) -> int:
        """The exposed units of the cells that are meant, by default all."""
        key = variant, meant
        found = self._units.get(key)
        if found is None:
            total = self._strip(self.plain, EXPOSED, variant).total(meant)
            found = self._units[key] = total[0] if total else 0
        return found

    def delay(self, metric: int, variant: int, meant: Meant | None = None) -> float:
        """Σ (first conversion − first exposure) in seconds, of a metric that has `delays`: of the cells that are meant."""
        found = self._strip(self.joint, metric, variant).total(meant)
        return found[-1] / MICRO if found else 0.0

    def sketch(self, metric: int, variant: int) -> dict[int, int]:
        """Units by the bucket of their total, for `quantiles.Sketch`: all exposed ones, 0 for those without an event."""
        counts = dict(self.buckets.get((metric, variant), {}))
        without = self.exposed(variant) - sum(counts.values())
        if without:
            counts[0] = counts.get(0, 0) + without
        return counts

    def epochs(self) -> list[int]:
        """Those with exposed units, oldest first."""
        return self._found("epochs")

    def cohorts(self) -> list[int]:
        """Those with exposed units, oldest first."""
        return self._found("cohorts")

    def closed(self, window_seconds: int, now: float) -> Meant:
        """The cells all of whose units were exposed for the first time at least so long ago; `now` in seconds since 1970."""
        return _Until((now - window_seconds) / _HOUR - self.cohort_hours)

    def closes_at(self, window_seconds: int, now: float) -> float | None:
        """When the next cohort with exposed units will be `closed`, in seconds since 1970; None when all are."""
        closed = self.closed(window_seconds, now)
        open_ones = [cohort for cohort in self.cohorts() if not closed(0, cohort)]
        if not open_ones:
            return None
        return (open_ones[0] + self.cohort_hours) * _HOUR + window_seconds

    def _found(self, what: str) -> list[int]:
        found: set[int] = set()
        for (metric, _), strip in self.plain.items():
            if metric == EXPOSED:
                found.update(getattr(strip, what))
        return sorted(found)

    @staticmethod
    def _strip(strips: Mapping[tuple[int, int], Strip], metric: int, variant: int) -> Strip:
        return strips.get((metric, variant), _EMPTY)


_EMPTY = Strip()


@dataclass(frozen=True, slots=True)
class _OfEpoch:
    epoch: int

    def __call__(self, epoch: int, _: int) -> bool:
        return epoch == self.epoch


@dataclass(frozen=True, slots=True)
class _OfCohort:
    cohort: int

    def __call__(self, _: int, cohort: int) -> bool:
        return cohort == self.cohort


@dataclass(frozen=True, slots=True)
class _Until:
    latest: float

    def __call__(self, _: int, cohort: int) -> bool:
        return cohort <= self.latest


@dataclass(frozen=True, slots=True)
class _Among:
    epochs: frozenset[int]
    also: Meant | None

    def __call__(self, epoch: int, cohort: int) -> bool:
        return epoch in self.epochs and (self.also is None or self.also(epoch, cohort))


def of_epoch(epoch: int) -> Meant:
    """The cells of one epoch."""
    return _OfEpoch(epoch)


def of_cohort(cohort: int) -> Meant:
    """The cells of one cohort."""
    return _OfCohort(cohort)


def until_cohort(cohort: int) -> Meant:
    """The cells of this cohort and of those before it."""
    return _Until(cohort)


def among(epochs: frozenset[int], meant: Meant | None = None) -> Meant:
    """The cells of these epochs; those of them that are `meant` too, where that is given."""
    return _Among(epochs, meant)


def parse_strips(rows: Iterable[tuple[int, int, str]]) -> dict[tuple[int, int], Strip]:
    """From (metric, variant, text), where cells of the text are parted by semicolons, and numbers by spaces: epoch, cohort, sums."""
    columns: dict[tuple[int, int], list[tuple[int, ...]]] = defaultdict(list)
    for metric, variant, text in rows:
        # A decoder of lists reads a sheet of thousands of cells in half the time that `int` takes for each number.
        columns[metric, variant] += _cells(f"[[{text.replace(';', '],[').replace(' ', ',')}]]")
    return {
        key: Strip(
            tuple(cell[0] for cell in cells),
            tuple(cell[1] for cell in cells),
            tuple(cell[2:] for cell in cells),
        )
        for key, cells in columns.items()
    }


_cells = msgspec.json.Decoder(tuple[tuple[int, ...], ...]).decode


def joint_length(outcomes: int, covariates: int) -> int:
    """How many sums a row of joint sums has."""
    width = outcomes + covariates
    return width + comb(width + 1, 2) + comb(outcomes + 2, 3)


def _grouped(places: Iterable[int], rows: Iterable[_Row]) -> dict[int, list[_Row]]:
    found: dict[int, list[_Row]] = defaultdict(list)
    for place, row in zip(places, rows, strict=True):
        found[place].append(row)
    return dict(found)


def _arm(measure: Measure, n: int, plain: _Row, joint: _Row) -> Arm:
    """From the sums of its cells, which are () where there is none."""
    seen, s1, s2, s3, x1, x2, xy = plain or (0,) * 7
    raw = Moments(n, s1, s2, s3)
    if measure.waiting is not None:
        return Arm(n, seen, raw, None, None)
    if measure.outcomes is not None:
        return Arm(n, seen, raw, *_joint(n, measure.outcomes, measure.covariates, joint))
    if measure.binary:
        s1, s2, s3 = of_ones(seen)
    outcome = JointMoments(n, (s1,), (s2,), (s3,))
    return Arm(n, seen, raw, outcome, JointMoments(n, (s1, x1), (s2, xy, x2)) if measure.before else None)


def _joint(
    n: int, outcomes: int, covariates: int, sums: tuple[int, ...]
) -> tuple[JointMoments, JointMoments | None]:
    """(the outcomes with triple products, outcomes and covariates without)."""
    width = outcomes + covariates
    sums = sums or (0,) * joint_length(outcomes, covariates)
    products = width + comb(width + 1, 2)
    first, second, third = (
        sums[:width],
        sums[width:products],
        sums[products : joint_length(outcomes, covariates)],
    )
    # Of the outcomes alone: the products i ≤ j < outcomes; row i of the triangle has width − i of them.
    starts = [i * width - i * (i - 1) // 2 for i in range(outcomes)]
    own = tuple(second[starts[i] + j - i] for i in range(outcomes) for j in range(i, outcomes))
    outcome = JointMoments(n, first[:outcomes], own, third)
    return outcome, JointMoments(n, first, second) if covariates else None
