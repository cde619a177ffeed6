"""Off-policy evaluation where each unit had propensities of its own: the estimates of `evaluation`, from single units.

μ̂ is the arm's mean before the unit's batch, whatever its features are: a doubly robust estimate is right with any prediction where
propensities are known, and features in it would only narrow the interval. It must not know how a target policy came about, nor
where units are kept.
"""

from dataclasses import dataclass, replace
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from litmus_server.bandits.evaluation import (
    BORROWED,
    LEAST_EFFECTIVE,
    WIDENED,
    Estimate,
    Evaluation,
    NoOverlap,
)
from litmus_server.stats.absence import TooFew
from litmus_server.stats.adaptive import Scores
from litmus_server.stats.beta import Interval
from litmus_server.stats.critical import Fixed

Array = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Units:
    """Units of the log, side by side: the `batch` (a number that grows with time), the `arm` that each was drawn for, its outcome
    `y`, and in `shares` (units, arms) the propensities that it was drawn with. That of its arm must be above 0.
    """

    batch: Counts
    arm: Counts
    y: Array
    shares: Array

    def among(self, wanted: NDArray[np.bool_]) -> "Units":
        """Those of them."""
        return Units(self.batch[wanted], self.arm[wanted], self.y[wanted], self.shares[wanted])


def evaluate_units(
    units: Units, target: Array, *, alpha: float = 0.05, least_effective: float = LEAST_EFFECTIVE
) -> Evaluation | NoOverlap | TooFew:
    """The value of a policy whose propensities for each unit are `target` (units, arms).

    As `evaluation.evaluate`, of which it is the sum over units: a unit for which the target wants an arm of propensity 0 is left out,
    and so is one for which it wants none at all.
    """
    beyond = (units.shares == 0) & (target > 0)
    possible = ~beyond.any(axis=1) & (target > 0).any(axis=1)
    kept, q = units.among(possible), target[possible]
    if not len(kept.y) and beyond.any():
        return NoOverlap(tuple(np.flatnonzero(beyond.any(axis=0)).tolist()))
    log = _Log(kept, q, alpha) if len(kept.y) else None
    effective = 0.0 if log is None else log.effective_units
    if log is None or effective < least_effective:
        return TooFew("evaluating this policy on the log", round(least_effective), int(effective))
    return replace(log.evaluation, left_out=len(units.y) - len(kept.y))


class _Log:
    """Every estimate is a mean over units of `fixed` + `slope`·y; y is the outcome less the mean of all, which is added at the end."""

    def __init__(self, units: Units, q: Array, alpha: float) -> None:
        self._q, self._e, self._arm = q, units.shares, units.arm
        self._origin = float(units.y.mean())
        self._y = units.y - self._origin
        self._alpha, self._critical = alpha, Fixed().value(alpha) * WIDENED
        self._rows = np.arange(len(self._y))
        batches, batch = np.unique(units.batch, return_inverse=True)
        shape = len(batches), q.shape[1]
        cell = batch * shape[1] + units.arm
        n, total, squares = (
            np.bincount(cell, weight, shape[0] * shape[1]).reshape(shape).astype(np.float64)
            for weight in (np.ones(len(cell)), self._y, self._y**2)
        )
        # Predictions follow from counts and sums alone; propensities are each unit's, and not asked for here.
        self._mu = Scores(n, total, squares, np.ones(shape)).mu[batch]
        self._nu = Scores(n, squares, squares, np.ones(shape)).mu[batch]
        self._variance_of_arm = self._variances(n, total, squares)
        self.weight = q[self._rows, units.arm] / self._e[self._rows, units.arm]

    def _variances(self, n: Array, total: Array, squares: Array) -> Array:
        """Of one unit's outcome in each arm: the larger of the sample's and that of the AIPW moments; arms of few units borrow."""
        seen, total, squares = (each.sum(axis=0) for each in (n, total, squares))
        sample = (squares - total**2 / np.maximum(seen, 1)) / np.maximum(seen - 1, 1)
        drawn = self._e > 0
        counts = np.maximum(drawn.sum(axis=0), 1)
        first, second = (self._scored(*each) for each in ((self._mu, self._y), (self._nu, self._y**2)))
        weighed = (second * drawn).sum(axis=0) / counts - ((first * drawn).sum(axis=0) / counts) ** 2
        variance = np.maximum(sample, weighed)
        everybody = float((variance * seen).sum() / seen.sum())
        return np.asarray((variance * seen + everybody * BORROWED) / (seen + BORROWED))

    def _scored(self, predicted: Array, y: Array) -> Array:
        score = predicted.copy()
        place = self._rows, self._arm
        score[place] += (y - predicted[place]) / self._e[place]
        return score

    @property
    def effective_units(self) -> float:
        squares = float((self.weight**2).sum())
        return float(self.weight.sum()) ** 2 / squares if squares else 0.0

    @property
    def evaluation(self) -> Evaluation:
        w, units = self.weight, len(self._y)
        wanted, drawn = ((share * self._mu).sum(axis=1) for share in (self._q, self._e))
        corrected, one = wanted - w * self._mu[self._rows, self._arm], np.ones(units)
        inverse: Array = np.divide(1.0, self._e, out=np.zeros_like(self._e), where=self._e > 0)
        slopes: Array = self._q * inverse  # of every arm that might have been drawn
        implied = self._implied(slopes)
        ratio = float((w * self._y).sum() / w.sum())
        surprise = w * (self._y - ratio) - (wanted - ratio)
        ratio_error = sqrt(max(float((surprise**2).sum()), implied)) / float(w.sum())
        return Evaluation(
            doubly_robust=self._mean(corrected, w, wanted, self._origin, implied),
            self_normalised=self._around(ratio + self._origin, ratio_error),
            inverse_propensity=self._mean(w * self._origin - self._origin, w, wanted, self._origin, implied),
            logged=self._mean(
                0 * one, one, drawn, self._origin, self._implied((self._e > 0).astype(np.float64))
            ),
            gain=self._mean(corrected, w - 1, wanted - drawn, 0.0, self._implied(slopes - (self._e > 0))),
            units=units,
            left_out=0,
            effective_units=self.effective_units,
            largest_weight=float(w.max()),
            shares=tuple(self._q.mean(axis=0).tolist()),
        )

    def _implied(self, slopes: Array) -> float:
        """What propensities and the outcomes' own variance say that the variance of a sum must be."""
        return float((self._e * slopes**2 * self._variance_of_arm).sum())

    def _mean(self, fixed: Array, slope: Array, expected: Array, origin: float, implied: float) -> Estimate:
        units = len(self._y)
        each = fixed + slope * self._y
        empirical = float(((each - expected) ** 2).sum())
        return self._around(float(each.sum()) / units + origin, sqrt(max(empirical, implied)) / units)

    def _around(self, estimate: float, error: float) -> Estimate:
        half = self._critical * error
        return Estimate(estimate, error, Interval(estimate - half, estimate + half, 1 - self._alpha))
