"""Moments: what a report knows of one metric in one arm, exactly.

Sums of powers of the units' values, as integers of micro-units. They add up over shards, versions and cohorts, and
any order of adding gives the same result to the last bit; so does taking units away again. Centring happens in
integers, and only the result becomes a float: N(10⁹, 1) loses nothing, where float sums would answer a variance of 0.

It must not know units, metrics or windows: which values count is decided by whoever adds them.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from litmus_server.stats.absence import TooFew

MICRO = 1_000_000


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
