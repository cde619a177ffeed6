"""Winsorised means: values beyond a cap count as the cap.

One cap for all arms, frozen before it is used: a cap for each arm would compare different things (23 % false alarms in simulation), and
one that moves with the data would change what was counted. The capped mean is another quantity than the raw one, so reports
show both. Capping happens where values are folded; here the cap is chosen, and applied to one value.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from litmus_server.stats.absence import TooFew

# A quantile of 99.9 % is five values from the top here: fewer units do not determine it.
LEAST_VALUES = 5_000


@dataclass(frozen=True, slots=True)
class Cap:
    """The least and the greatest value that count as they are, in micro-units; None leaves that side open."""

    upper: int | None = None
    lower: int | None = None

    def __post_init__(self) -> None:
        """ValueError for a lower cap above the upper one."""
        if self.upper is not None and self.lower is not None and self.lower > self.upper:
            raise ValueError(f"the lower cap must not be above the upper one: {self.lower}, {self.upper}")

    def apply(self, value: int) -> int:
        """The value, or the cap it lies beyond."""
        if self.upper is not None and value > self.upper:
            return self.upper
        if self.lower is not None and value < self.lower:
            return self.lower
        return value


def frozen_cap(
    values: Iterable[int],
    upper: float | None = 0.999,
    lower: float | None = None,
    *,
    without_zeros: bool = False,
) -> Cap | TooFew:
    """The cap at these quantiles of all arms' values together, from before the experiment or from its first units.

    The quantile is the least value that at least this part of the values does not exceed. `without_zeros` takes the quantile
    of those that are not zero, where most units have none. Needs 5,000 values. ValueError unless 0 ≤ lower < upper ≤ 1.
    """
    parts = (0.0 if lower is None else lower, 1.0 if upper is None else upper)
    if not 0 <= parts[0] < parts[1] <= 1:
        raise ValueError(f"quantiles must be 0 ≤ lower < upper ≤ 1: {lower}, {upper}")
    ordered = sorted(value for value in values if value or not without_zeros)
    if len(ordered) < LEAST_VALUES:
        return TooFew("a cap", LEAST_VALUES, len(ordered))

    def at(part: float) -> int:
        # As the decimal that was written: the float beside it would move the rank where part · n is a whole number.
        return ordered[max(0, ceil(Fraction(str(part)) * len(ordered)) - 1)]

    return Cap(None if upper is None else at(upper), None if lower is None else at(lower))
