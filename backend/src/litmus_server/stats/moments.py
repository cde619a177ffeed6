"""Moments: what a report knows of one metric in one arm, exactly; `JointMoments` of several values a unit.

Sums of powers of the units' values, as integers of micro-units. They add up over shards, versions and cohorts, and
any order of adding gives the same result to the last bit; so does taking units away again. Centring happens in
integers, and only the result becomes a float: N(10⁹, 1) loses nothing, where float sums would answer a variance of 0.

It must not know units, metrics or windows: which values count is decided by whoever adds them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement, permutations
from math import comb

from litmus_server.stats.absence import TooFew

MICRO = 1_000_000


def of_ones(count: int) -> tuple[int, int, int]:
    """Σy, Σy² and Σy³ of so many values of 1, in micro-units and their powers: of conversions, each of which counts once."""
    return count * MICRO, count * MICRO**2, count * MICRO**3


@dataclass(frozen=True, slots=True)
class Moments:
    """`n` units, and the sums of their values, squares and cubes, in micro-units, micro² and micro³.

    Results are in units, units² and units³, each the float nearest to the exact value.
    """

    n: int = 0
    s1: int = 0
    s2: int = 0
    s3: int = 0

    def __post_init__(self) -> None:
        """ValueError for sums that no set of `n` values has: what was removed had not been added."""
        if self.n < 0 or self.n * self.s2 < self.s1 * self.s1 or (self.n == 0 and (self.s2 or self.s3)):
            raise ValueError(f"these are the moments of no values: {self.n}, {self.s1}, {self.s2}, {self.s3}")

    @classmethod
    def of(cls, values: Iterable[int]) -> "Moments":
        """The moments of these values in micro-units, one a unit."""
        n = s1 = s2 = s3 = 0
        for value in values:
            n, s1, s2, s3 = n + 1, s1 + value, s2 + value**2, s3 + value**3
        return cls(n, s1, s2, s3)

    def merge(self, other: "Moments") -> "Moments":
        """Of both sets of units together."""
        return Moments(self.n + other.n, self.s1 + other.s1, self.s2 + other.s2, self.s3 + other.s3)

    def remove(self, other: "Moments") -> "Moments":
        """Of the units that are not in `other`, which must have been merged before. The inverse of `merge`."""
        return Moments(self.n - other.n, self.s1 - other.s1, self.s2 - other.s2, self.s3 - other.s3)

    @property
    def mean(self) -> float | TooFew:
        """Needs one unit."""
        if self.n < 1:
            return TooFew("a mean", 1, self.n)
        return self.s1 / (self.n * MICRO)

    @property
    def variance(self) -> float | TooFew:
        """Of the values, not of their mean; divided by n − 1. Needs two units."""
        if self.n < 2:
            return TooFew("a variance", 2, self.n)
        return (self.n * self.s2 - self.s1**2) / (self.n * (self.n - 1) * MICRO**2)

    @property
    def third_central_moment(self) -> float | TooFew:
        """Σ(y − mean)³ ÷ n, the numerator of the skewness. Needs one unit."""
        if self.n < 1:
            return TooFew("a third central moment", 1, self.n)
        centred = self.n**2 * self.s3 - 3 * self.n * self.s1 * self.s2 + 2 * self.s1**3
        return centred / (self.n**3 * MICRO**3)


@dataclass(frozen=True, slots=True)
class JointMoments:
    """`n` units that have several values each: the sums of these values and of their products, exactly.

    `first[i]` is Σ y_i in micro-units; `second` holds Σ y_i·y_j for i ≤ j in the order 00, 01, …, 11, …, in micro²;
    `third` holds Σ y_i·y_j·y_k for i ≤ j ≤ k likewise, in micro³, or nothing where they are not kept. What a ratio needs
    (numerator, denominator) and what a regression needs (outcome, covariates).
    """

    n: int
    first: tuple[int, ...]
    second: tuple[int, ...]
    third: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """ValueError for lengths that do not fit, and for sums that no set of `n` rows has."""
        p, n = len(self.first), self.n
        if p < 1 or len(self.second) != comb(p + 1, 2) or len(self.third) not in {0, comb(p + 2, 3)}:
            raise ValueError(
                f"{p} sums need {comb(p + 1, 2)} products, and {comb(p + 2, 3)} triple products or none: "
                f"{len(self.second)}, {len(self.third)}"
            )
        scatter = [
            [n * self._product(i, j) - self.first[i] * self.first[j] for j in range(p)] for i in range(p)
        ]
        impossible = (
            n < 0
            or (n == 0 and any((*self.first, *self.second, *self.third)))
            or any(scatter[i][i] < 0 for i in range(p))
            or any(scatter[i][j] ** 2 > scatter[i][i] * scatter[j][j] for i in range(p) for j in range(i))
        )
        if impossible:
            raise ValueError(f"these are the moments of no values: {n}, {self.first}, {self.second}")

    @classmethod
    def of(cls, rows: Iterable[Sequence[int]], width: int) -> "JointMoments":
        """The moments of these rows of `width` values in micro-units, one row a unit."""
        n, first = 0, [0] * width
        pairs = list(combinations_with_replacement(range(width), 2))
        triples = list(combinations_with_replacement(range(width), 3))
        second, third = [0] * len(pairs), [0] * len(triples)
        for row in rows:
            n += 1
            for i, value in enumerate(row):
                first[i] += value
            for at, (i, j) in enumerate(pairs):
                second[at] += row[i] * row[j]
            for at, (i, j, k) in enumerate(triples):
                third[at] += row[i] * row[j] * row[k]
        return cls(n, tuple(first), tuple(second), tuple(third))

    @property
    def width(self) -> int:
        """How many values a unit has."""
        return len(self.first)

    def merge(self, other: "JointMoments") -> "JointMoments":
        """Of both sets of units together."""
        return self._plus(other, 1)

    def remove(self, other: "JointMoments") -> "JointMoments":
        """Of the units that are not in `other`, which must have been merged before. The inverse of `merge`."""
        return self._plus(other, -1)

    def marginal(self, i: int) -> Moments:
        """Of the value at place `i` alone. ValueError where triple products are not kept."""
        return Moments(self.n, self.first[i], self._product(i, i), self._triple(i, i, i))

    @property
    def means(self) -> tuple[float, ...] | TooFew:
        """One for each value. Needs one unit."""
        if self.n < 1:
            return TooFew("a mean", 1, self.n)
        return tuple(s / (self.n * MICRO) for s in self.first)

    @property
    def covariances(self) -> tuple[tuple[float, ...], ...] | TooFew:
        """The matrix, divided by n − 1, each entry the float nearest to the exact value. Needs two units."""
        if self.n < 2:
            return TooFew("a covariance", 2, self.n)
        divisor = self.n * (self.n - 1) * MICRO**2
        return tuple(
            tuple(
                (self.n * self._product(i, j) - self.first[i] * self.first[j]) / divisor
                for j in range(self.width)
            )
            for i in range(self.width)
        )

    def third_central_moment(self, weights: Sequence[float]) -> float | TooFew:
        """Σ(z − mean)³ ÷ n of the combination z = Σ weights[i]·y_i, in units³. Needs one unit.

        ValueError where triple products are not kept.
        """
        if self.n < 1:
            return TooFew("a third central moment", 1, self.n)
        divisor = self.n**3 * MICRO**3
        total = 0.0
        for i, j, k in combinations_with_replacement(range(self.width), 3):
            centred = self.n**2 * self._triple(i, j, k) + 2 * self.first[i] * self.first[j] * self.first[k]
            for a, b, c in ((i, j, k), (j, i, k), (k, i, j)):
                centred -= self.n * self.first[a] * self._product(b, c)
            arrangements = len(set(permutations((i, j, k))))
            total += arrangements * weights[i] * weights[j] * weights[k] * (centred / divisor)
        return total

    def _plus(self, other: "JointMoments", sign: int) -> "JointMoments":
        if (self.width, len(self.third)) != (other.width, len(other.third)):
            raise ValueError(f"these moments are of other values: {self.width} and {other.width} a unit")
        return JointMoments(
            self.n + sign * other.n,
            tuple(a + sign * b for a, b in zip(self.first, other.first, strict=True)),
            tuple(a + sign * b for a, b in zip(self.second, other.second, strict=True)),
            tuple(a + sign * b for a, b in zip(self.third, other.third, strict=True)),
        )

    def _product(self, i: int, j: int) -> int:
        low, high = min(i, j), max(i, j)
        return self.second[low * self.width - low * (low - 1) // 2 + high - low]

    def _triple(self, i: int, j: int, k: int) -> int:
        if not self.third:
            raise ValueError("triple products are not kept here")
        a, b, c = sorted((i, j, k))
        # Before the triples that begin with `a` come all that begin with less; behind it, the order of pairs.
        rest, inner = self.width - a, b - a
        place = comb(self.width + 2, 3) - comb(rest + 2, 3) + inner * rest - inner * (inner - 1) // 2 + c - b
        return self.third[place]
