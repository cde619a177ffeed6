"""The arms of many experiments as arrays: what the arithmetic of every policy is written on.

A real decision is one experiment; a simulation is thousands that live side by side. All arms are active here.
It must not know a policy.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from litmus_server.bandits.arms import Arm, NumberArm, State

Array = NDArray[np.float64]

PRIOR_UNITS = 30
"""How many units of all arms together an arm's own variance is mixed with: few values say little of their spread."""

_LEAST_VARIANCE = 1e-300


@dataclass(frozen=True)
class Tallies:
    """Arrays of the shape (experiments, arms): units, the sum of their outcomes, and Σ(y − mean)² within the arm.

    `scatter` is None where outcomes are rates: then `total` counts successes.
    """

    n: Array
    total: Array
    scatter: Array | None = None
    higher_is_better: bool = True
    ahead: float | None = None

    @classmethod
    def of(cls, state: State) -> "Tallies":
        """The active arms of one experiment."""
        active = [arm for arm in state.arms if arm.active]
        if rates := [(arm.trials, arm.successes) for arm in active if isinstance(arm, Arm)]:
            n, total = np.array(rates, dtype=np.float64).T[:, None, :]
            return cls(n, total, None, state.higher_is_better, state.ahead)
        numbers = [(arm.n, arm.mean, arm.variance) for arm in active if isinstance(arm, NumberArm)]
        n, mean, variance = np.array(numbers, dtype=np.float64).T[:, None, :]
        # Policies do not depend on the origin: near zero the sums keep their digits, whatever the means are.
        origin = float((n * mean).sum() / max(n.sum(), 1))
        return cls(
            n, n * (mean - origin), variance * np.maximum(n - 1, 0), state.higher_is_better, state.ahead
        )

    @property
    def arms(self) -> int:
        """How many arms each experiment has."""
        return int(self.n.shape[1])

    @cached_property
    def outcomes(self) -> Array:
        """Units of all arms, shape (experiments, 1)."""
        return np.asarray(self.n.sum(axis=1, keepdims=True))

    @cached_property
    def plan(self) -> Array:
        """How many decisions the next version makes, or is taken to make. Shape (experiments, 1)."""
        if self.ahead is not None:
            return np.full_like(self.outcomes, self.ahead)
        return np.maximum(self.outcomes / 20, self.arms)

    @cached_property
    def gain(self) -> Array:
        """The mean of each arm where more is better: rates that should be low are 1 − rate, numbers are negated.

        A rate is (successes + 0.1) ÷ (units + 0.2), so that no arm is ever certain to succeed or to fail; half a success,
        as is usual, draws small rates too far up. An arm without a unit has the mean of all outcomes.
        """
        prior = 0.1 if self.scatter is None else 0.0
        everybody = (self.total.sum(axis=1, keepdims=True) + prior) / np.maximum(
            self.outcomes + 2 * prior, 1e-300
        )
        own = (self.total + prior) / np.maximum(self.n + 2 * prior, 1e-300)
        mean = np.where(self.n > 0, own, everybody)
        if self.higher_is_better:
            return np.asarray(mean)
        return np.asarray(1 - mean if self.scatter is None else -mean)

    @cached_property
    def spread(self) -> tuple[Array, Array]:
        """Of numbers: each arm's variance, and that of all arms together (experiments, 1), which is 0 only where all
        values so far are the same (or differ by less than 1e-150, below which the square of a float has no digits left).

        The common variance is Σ(y − arm's mean)² and one unit's worth of the variance around the mean of everything,
        so that it exists from two different values on. An arm's own one is mixed with 30 units of the common one: an
        arm in which nobody has bought yet is not certain to sell nothing.
        """
        assert self.scatter is not None
        mean = self.total / np.maximum(self.n, 1e-300)
        everybody = self.total.sum(axis=1, keepdims=True) / np.maximum(self.outcomes, 1e-300)
        within = self.scatter.sum(axis=1, keepdims=True)
        between = (self.n * (mean - everybody) ** 2).sum(axis=1, keepdims=True)
        whole = (within + between) / np.maximum(self.outcomes - 1, 1)
        freedom = np.maximum(self.n - 1, 0)
        common = (within + whole) / (freedom.sum(axis=1, keepdims=True) + 1)
        common = np.where(common > _LEAST_VARIANCE, common, 0.0)
        own = (self.scatter + PRIOR_UNITS * common) / (freedom + PRIOR_UNITS)
        return own, common
