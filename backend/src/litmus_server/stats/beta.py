"""The Beta posterior of a conversion rate: its mean and its credible interval.

It must not know experiments, nor how units were counted. scipy is loaded by the first interval, not by the import:
the process that decides must not carry it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class Interval:
    """Both ends of an interval, and the probability that it holds, as a fraction."""

    lower: float
    upper: float
    level: float


@dataclass(frozen=True, slots=True)
class BetaPosterior:
    """What is believed of a rate. Any alpha and beta > 0; ValueError for others."""

    alpha: float
    beta: float

    def __post_init__(self) -> None:
        """ValueError unless both are positive and finite."""
        if not (0 < self.alpha < float("inf") and 0 < self.beta < float("inf")):
            raise ValueError(f"alpha and beta must be > 0 and finite: {self.alpha}, {self.beta}")

    @classmethod
    def of_counts(
        cls, successes: int, trials: int, prior_alpha: float = 1.0, prior_beta: float = 1.0
    ) -> "BetaPosterior":
        """After `successes` of `trials` units. ValueError unless 0 ≤ successes ≤ trials."""
        if not 0 <= successes <= trials:
            raise ValueError(f"successes must be between 0 and trials: {successes} of {trials}")
        return cls(prior_alpha + successes, prior_beta + trials - successes)

    @property
    def mean(self) -> float:
        """The expected rate, alpha ÷ (alpha + beta)."""
        return self.alpha / (self.alpha + self.beta)

    def interval(self, level: float = 0.95) -> Interval:
        """Equal-tailed: the rate is below it with probability (1 − level) ÷ 2, and above it with as much."""
        lower, upper = credible_intervals([self.alpha], [self.beta], level)
        return Interval(float(lower[0]), float(upper[0]), level)


def credible_intervals(
    alpha: ArrayLike, beta: ArrayLike, level: float = 0.95
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lower and upper ends of many equal-tailed intervals at once: about 10 µs each. ValueError unless 0 < level < 1."""
    from scipy.special import betainccinv, betaincinv

    if not 0 < level < 1:
        raise ValueError(f"level must be between 0 and 1: {level}")
    a, b, tail = np.asarray(alpha, dtype=np.float64), np.asarray(beta, dtype=np.float64), (1 - level) / 2
    # The upper end by the complement: 1 − tail would lose the digits of a small tail.
    return (
        np.asarray(betaincinv(a, b, tail), dtype=np.float64),
        np.asarray(betainccinv(a, b, tail), dtype=np.float64),
    )
