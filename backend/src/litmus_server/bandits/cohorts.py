"""Units by the time of their first exposure: what fades with age, and what has not had the time to convert.

What a learner has to supply for each arm: one Cohort for each hour or day of first exposures (numbers: the exact moments
of the cohort), its age by the learner's clock, and where delays are corrected for, the sum of its converters' delays. It must
not know a policy, nor how delays are estimated (`delays.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from litmus_server.bandits.arms import NumberArm
from litmus_server.stats.moments import MICRO, Moments


@dataclass(frozen=True, slots=True)
class Cohort:
    """Units of one arm that were first exposed about the same time: `converted` of `exposed` so far.

    `age` is now less the mean time of their first exposures, `delay_sum` is Σ (first conversion − first exposure) over
    the converted ones; both in seconds.
    """

    age: float
    exposed: int
    converted: int
    delay_sum: float = 0.0

    def __post_init__(self) -> None:
        """ValueError for what no units do."""
        if not (0 <= self.converted <= self.exposed and isfinite(self.age) and self.delay_sum >= 0):
            raise ValueError(f"this is no cohort: {self}")


@dataclass(frozen=True, slots=True)
class Forgetting:
    """How much a unit counts at an age: half as much every `half_life`, and nothing beyond `window`. In seconds.

    Without either, everything counts for ever. Both are by the wall clock, never by the number of outcomes, so that a
    quiet night forgets as much as a busy day.
    """

    half_life: float | None = None
    window: float | None = None

    def __post_init__(self) -> None:
        """ValueError unless both are positive."""
        for name, value in (("half_life", self.half_life), ("window", self.window)):
            if value is not None and not (value > 0 and isfinite(value)):
                raise ValueError(f"{name} must be a positive number of seconds: {value}")

    def weight(self, age: float) -> float:
        """From 1, now, to 0. What is not there yet by our clock (a negative age) counts as now."""
        if self.window is not None and age > self.window:
            return 0.0
        return 1.0 if self.half_life is None else 0.5 ** (max(age, 0.0) / self.half_life)


def faded(
    cells: Sequence[tuple[float, Moments]], forgetting: Forgetting, *, active: bool = True, joined: float = 0
) -> NumberArm:
    """An arm of numbers from (age, exact moments) of its cohorts. Deviations are taken from the weighted mean, so the
    result is that of weighting every single unit.
    """
    weighed = [(forgetting.weight(age), cell) for age, cell in cells if cell.n]
    n = sum(w * cell.n for w, cell in weighed)
    if not n > 0:
        return NumberArm(0.0, 0.0, 0.0, active, joined)
    # One origin for all cells, exactly, before anything becomes a float.
    units = sum(cell.n for _, cell in weighed)
    origin = round(sum(cell.s1 for _, cell in weighed) / units)
    first = sum(w * (cell.s1 - cell.n * origin) for w, cell in weighed) / MICRO
    second = sum(w * (cell.s2 - 2 * origin * cell.s1 + cell.n * origin**2) for w, cell in weighed) / MICRO**2
    scatter = max(second - first * first / n, 0.0)
    return NumberArm(n, origin / MICRO + first / n, scatter / (n - 1) if n > 1 else 0.0, active, joined)
