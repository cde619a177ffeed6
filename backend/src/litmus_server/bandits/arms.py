"""What the arms of an experiment have shown: everything that a policy may know.

It must not know where counts come from, nor how a policy uses them. No numerical library: the API reads this file.
"""

from dataclasses import dataclass
from math import isfinite

from litmus_server.stats.absence import TooFew
from litmus_server.stats.moments import Moments


@dataclass(frozen=True, slots=True)
class Arm:
    """An arm whose units convert or do not: `successes` of `trials` units.

    Both are counts, or weighted counts where old outcomes fade (`forgetting.py`) or open ones are corrected for
    (`delays.py`). An inactive arm (paused, retired) gets no traffic. `joined` is the number of outcomes that the
    whole experiment had when the arm was added, 0 for an arm of the beginning.
    """

    successes: float
    trials: float
    active: bool = True
    joined: float = 0

    def __post_init__(self) -> None:
        """ValueError unless 0 ≤ successes ≤ trials."""
        if not (0 <= self.successes <= self.trials and isfinite(self.trials)):
            raise ValueError(f"successes must be between 0 and trials: {self.successes} of {self.trials}")

    @property
    def outcomes(self) -> float:
        """How many units the arm has learned from."""
        return self.trials


@dataclass(frozen=True, slots=True)
class NumberArm:
    """An arm whose units have numbers: how many, their mean and their variance (n − 1), in the metric's units.

    The variance of fewer than two units is 0. `active` and `joined` are as in Arm.
    """

    n: float
    mean: float
    variance: float
    active: bool = True
    joined: float = 0

    def __post_init__(self) -> None:
        """ValueError for what no units have: a negative count or variance, anything that is not finite."""
        if not (
            self.n >= 0 and self.variance >= 0 and all(map(isfinite, (self.n, self.mean, self.variance)))
        ):
            raise ValueError(
                f"these are figures of no units: {self.n}, mean {self.mean}, variance {self.variance}"
            )

    @classmethod
    def of(cls, moments: Moments, *, active: bool = True, joined: float = 0) -> "NumberArm":
        """From exact sums; the only rounding is that of the two results."""
        mean, variance = moments.mean, moments.variance
        return cls(
            moments.n,
            0.0 if isinstance(mean, TooFew) else mean,
            0.0 if isinstance(variance, TooFew) else variance,
            active,
            joined,
        )

    @property
    def outcomes(self) -> float:
        """How many units the arm has learned from."""
        return self.n


@dataclass(frozen=True, slots=True)
class State:
    """All arms of one experiment, by ordinal: a place in it is never reused and never a rank.

    `ahead` is how many decisions the next version is expected to make, where somebody knows; policies that plan their
    next pulls (`upper_bounds.py`) take a twentieth of the outcomes, at least one an arm, where nobody does.
    """

    arms: tuple[Arm | NumberArm, ...]
    higher_is_better: bool = True
    ahead: float | None = None

    def __post_init__(self) -> None:
        """ValueError for arms of both kinds, and for a plan of less than one decision."""
        if len({type(arm) for arm in self.arms}) > 1:
            raise ValueError("the arms of an experiment are all rates or all numbers")
        if self.ahead is not None and not (self.ahead >= 1 and isfinite(self.ahead)):
            raise ValueError(f"a version decides at least once: {self.ahead}")

    @property
    def active(self) -> tuple[bool, ...]:
        """Which arms get traffic, by ordinal."""
        return tuple(arm.active for arm in self.arms)

    @property
    def outcomes(self) -> float:
        """Matured outcomes of all arms: what `refresh.py` measures growth on."""
        return sum(arm.outcomes for arm in self.arms)
