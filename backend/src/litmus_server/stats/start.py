"""When monitoring may begin: the normal approximation that every sequential method stands on must hold first.

A mean of skewed values is skewed itself, and an unbalanced split leaves that skew in the difference. Looking early and
often finds it again and again. So nothing is concluded before both arms have units enough and the skew of the difference is
small. This rule is our own: its only proof is `bench/calibrate_intervals.py`.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from litmus_server.stats.absence import TooFew
from litmus_server.stats.moments import Moments

MOST_SKEW = 0.2
LEAST_UNITS = 50
LEAST_VALUES = 20


@dataclass(frozen=True, slots=True)
class TooSkewed:
    """The difference has the skewness `skew`, and may have `most`: about `more` times as many units would do."""

    skew: float
    most: float

    @property
    def more(self) -> float:
        """By how much the number of units has to grow: the skewness of a mean falls with its square root."""
        return (self.skew / self.most) ** 2

    @property
    def reason(self) -> str:
        """A sentence for a reader of the report."""
        return (
            f"the values are too skewed for this split: the difference has a skewness of {self.skew:.2g}, at most {self.most:g} is "
            f"allowed; a cap on extreme values, a more even split, or {self.more:.1f} times as many units would do"
        )


def skew_of_difference(
    skewness: ArrayLike, treatment_units: ArrayLike, control_units: ArrayLike
) -> NDArray[np.float64]:
    """The size of the skewness of a difference of two means of values that have this `skewness`, if there is no effect.

    |γ|·|1/n₁² − 1/n₀²| ÷ (1/n₁ + 1/n₀)^1.5: the third cumulants of the two means, over their variance to the power of 1.5.
    The first term of Edgeworth's expansion (Hall, The Bootstrap and Edgeworth Expansion, 1992, section 2.3).
    """
    a, b = 1 / np.asarray(treatment_units), 1 / np.asarray(control_units)
    return np.asarray(np.abs(skewness) * np.abs(a * a - b * b) / (a + b) ** 1.5)


def not_open(
    treatment: Moments,
    control: Moments,
    nonzero: tuple[int, int],
    *,
    binary: bool = False,
    most_skew: float = MOST_SKEW,
    names: tuple[str, str] = ("treatment", "control"),
) -> TooFew | TooSkewed | None:
    """Why monitoring may not begin, or None when it may.

    `nonzero` are the units of treatment and control whose value is not zero. Each arm needs 50 units, 20 of them not zero and,
    if values are `binary`, 20 that are zero; and the skew of the difference, by the skewness of both arms together, must be at
    most `most_skew`. `names` is what the answer calls the two. For conversions that wait here there is the exact test.
    """
    for name, arm, seen in zip(names, (treatment, control), nonzero, strict=True):
        if arm.n < LEAST_UNITS:
            return TooFew(f"monitoring {name}", LEAST_UNITS, arm.n)
        if seen < LEAST_VALUES:
            return TooFew(f"monitoring {name}, not counting units without a value,", LEAST_VALUES, seen)
        if binary and arm.n - seen < LEAST_VALUES:
            return TooFew(
                f"monitoring {name}, not counting units with a success,", LEAST_VALUES, arm.n - seen
            )
    skew = float(skew_of_difference(skewness(treatment.merge(control)), treatment.n, control.n))
    return TooSkewed(skew, most_skew) if skew > most_skew else None


def skewness(moments: Moments) -> float:
    """M₃ ÷ (n·(M₂/n)^1.5), from exact sums; 0 where the values do not vary, or there are none."""
    n = moments.n
    scatter = n * moments.s2 - moments.s1**2
    if not scatter:
        return 0.0
    cubes = n**2 * moments.s3 - 3 * n * moments.s1 * moments.s2 + 2 * moments.s1**3
    return cubes / scatter / sqrt(scatter)
