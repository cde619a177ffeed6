"""Quantiles of a metric, and their difference between arms, from a sketch that any order of arrival leaves the same.

The sketch counts values in buckets whose width is at most 1/1024 of the value (a number's leading bits are its bucket, as in
HdrHistogram; the guarantee is that of DDSketch, Masson, Rim & Lee, PVLDB 12 (2019) 2195-2205). Buckets never depend on the
data, so sketches are exact counts: they merge, units can be taken out again, and a rebuild gives the same one.

It must not know what a value measures. One value a unit, unless the spread over units is given (`Clusters`).
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from math import ceil, isfinite, sqrt

from scipy.special import ndtri

from litmus_server.stats.absence import Absence, TooFew, Undefined
from litmus_server.stats.contrast import LinearContrast
from litmus_server.stats.moments import MICRO, JointMoments

BITS = 10
_FINE = 1 << (BITS + 1)  # below this many micro-units every value has a bucket of its own
LEAST_IN_TAIL = 20


def bucket(value: int) -> int:
    """The bucket of a value in micro-units; buckets are ordered as values are, and −value is in −bucket."""
    if value < 0:
        return -bucket(-value)
    if value < _FINE:
        return value
    shift = value.bit_length() - (BITS + 1)
    return (shift << BITS) + (value >> shift)


def bounds(number: int) -> tuple[int, int]:
    """The least value of a bucket, and the least of the next: lower ≤ value < upper, in micro-units. (Mirrored below 0.)"""
    if number < 0:
        lower, upper = bounds(-number)
        return 1 - upper, 1 - lower
    if number < _FINE:
        return number, number + 1
    shift = (number >> BITS) - 1
    leading = number - (shift << BITS)
    return leading << shift, (leading + 1) << shift


@dataclass(frozen=True)
class Sketch:
    """How many values are in each bucket; buckets without values are not listed. ValueError for a count that is not positive."""

    counts: Mapping[int, int]

    def __post_init__(self) -> None:
        """ValueError when values were removed that had not been added."""
        if min(self.counts.values(), default=1) <= 0:
            raise ValueError("a bucket of a sketch holds one value at least")

    @classmethod
    def of(cls, values: Iterable[int]) -> "Sketch":
        """Of these values in micro-units."""
        return cls(dict(Counter(map(bucket, values))))

    def merge(self, other: "Sketch") -> "Sketch":
        """Of both sets of values together."""
        return Sketch(dict(Counter(self.counts) + Counter(other.counts)))

    def remove(self, other: "Sketch") -> "Sketch":
        """Without the values in `other`, which must have been merged before. The inverse of `merge`."""
        left = Counter(self.counts)
        left.subtract(other.counts)
        return Sketch({number: count for number, count in left.items() if count})

    @property
    def n(self) -> int:
        """All values."""
        return sum(self.counts.values())

    def at(self, rank: float) -> float:
        """The value of this rank among 0 … n, in units; within a bucket values are taken to lie evenly. Needs one value."""
        number, within = self._place(rank)
        lower, upper = bounds(number)
        return (lower + within * (upper - 1 - lower)) / MICRO

    def bucket_at(self, rank: float) -> int:
        """The bucket that holds it."""
        return self._place(rank)[0]

    def _place(self, rank: float) -> tuple[int, float]:
        numbers, reached = self._ranked
        at = bisect_left(reached, rank)
        if at == len(numbers):
            raise ValueError(f"no value has the rank {rank} of {self.n}")
        count = self.counts[numbers[at]]
        return numbers[at], max(0.0, (rank - (reached[at] - count)) / count)

    @cached_property
    def _ranked(self) -> tuple[list[int], list[int]]:
        """The buckets in order, and how many values are in them and before."""
        numbers = sorted(self.counts)
        return numbers, list(accumulate(self.counts[number] for number in numbers))


@dataclass(frozen=True, slots=True)
class Clusters:
    """Values that come in clusters: several a unit. `moments` are over units, of (values at or below the quantile, values)."""

    moments: JointMoments

    def design_effect(self, probability: float) -> float | Absence:
        """The variance of the share below, by the delta method over units, ÷ that of independent values.

        Deng, Knoblich & Lu, KDD 2018, section 4. Needs two units.
        """
        means, covariances = self.moments.means, self.moments.covariances
        if isinstance(means, TooFew):
            return means
        if isinstance(covariances, TooFew):
            return covariances
        if not means[1] > 0:
            return Undefined("a design effect", "the units have no values")
        ratio = means[0] / means[1]
        (v_s, c), (_, v_n) = covariances
        variance = (v_s - 2 * ratio * c + ratio**2 * v_n) / (self.moments.n * means[1] ** 2)
        return variance * self.moments.n * means[1] / (probability * (1 - probability))


@dataclass(frozen=True, slots=True)
class Quantile:
    """An arm's quantile in the metric's units, with the limits that its standard error comes from."""

    value: float
    standard_error: float
    lower: float
    upper: float
    n: int


def quantile(
    sketch: Sketch, probability: float, alpha: float = 0.05, design_effect: float = 1.0
) -> Quantile | Absence:
    """The quantile and its error, by inverting the interval of a share: Woodruff, JASA 47 (1952) 635-646.

    With h = z·√(p(1 − p)·design effect ÷ n), the values at p ± h are limits of level 1 − alpha, and their distance ÷ 2z is
    the standard error. Needs 20 values beyond the quantile on either side; Undefined where both limits are in one bucket,
    since then the sketch is coarser than the error. ValueError unless 0 < probability, alpha < 1 and design_effect > 0.
    """
    if not (0 < probability < 1 and 0 < alpha < 1 and design_effect > 0 and isfinite(design_effect)):
        raise ValueError(f"no quantile, level or design effect: {probability}, {alpha}, {design_effect}")
    n = sketch.n
    rare = min(probability, 1 - probability)
    if n * rare < LEAST_IN_TAIL:
        return TooFew(f"the {100 * probability:g} % quantile", ceil(LEAST_IN_TAIL / rare - 1e-6), n)
    z = float(-ndtri(alpha / 2))
    reach = z * sqrt(probability * (1 - probability) * design_effect / n)
    low, high = (probability - reach) * n, (probability + reach) * n
    if low < 0 or high > n:
        return Undefined("a quantile's error", "the limits lie beyond all values")
    if sketch.bucket_at(low) == sketch.bucket_at(high):
        return Undefined(
            "a quantile's error", "both limits are the same value, or nearly: it is finer than values are"
        )
    lower, upper = sketch.at(low), sketch.at(high)
    return Quantile(sketch.at(probability * n), (upper - lower) / (2 * z), lower, upper, n)


def quantile_contrast(treatment: Quantile, control: Quantile) -> LinearContrast:
    """The arms' quantiles as independent normal estimates, for `inference.compare` at one planned look."""
    return LinearContrast(
        treatment.value, control.value, treatment.standard_error**2, control.standard_error**2
    )
