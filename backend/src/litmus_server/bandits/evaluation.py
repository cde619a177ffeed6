"""What another policy would have earned on the units of the log: off-policy evaluation.

Every unit's propensity is known, so a unit that another policy would have drawn q/e times as often stands for q/e units. Three
estimates of the mean outcome follow from this, in the order in which they should be trusted:

    doubly robust     Σ_i [ Σ_a q_a·μ̂_a + w_i·(y_i − μ̂_{A_i}) ] ÷ N         Dudík, Langford & Li, ICML 2011
    self-normalised   Σ_i w_i·y_i ÷ Σ_i w_i                                 Swaminathan & Joachims, NeurIPS 2015
    inverse propensity  Σ_i w_i·y_i ÷ N                                     Horvitz & Thompson, JASA 47 (1952)

with w = q/e, and μ̂ the arm's mean before the unit's batch, so that the log of a bandit is no trouble (Hadad et al., PNAS 118,
2021). Where neither q nor e depends on features, all of it follows from n, Σy and Σy² of each (batch, arm): exactly, and at a cost
of batches times arms.

It must not know how a target policy came about, nor where sums are kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from litmus_server.stats.absence import TooFew
from litmus_server.stats.adaptive import AfterBandit, Batch
from litmus_server.stats.beta import Interval
from litmus_server.stats.critical import Fixed
from litmus_server.stats.moments import MICRO

Array = NDArray[np.float64]

LEAST_EFFECTIVE = 100
"""Units that the log must be worth to the target policy. With fewer, intervals of skewed weights promise too much."""
WIDENED = 1.17
"""By how much intervals are wider than normal ones where the log adapts: there an estimate leans to the side on which its standard
error is small. Between equal arms normal intervals for the gain hold the truth 90 to 92 times in 100, these 96 times. Our own; its
only proof is `bench/calibrate_evaluation.py`.
"""
BORROWED = 30  # units of all arms together that an arm's own variance is mixed with: one without a success is not certain
_ROUNDING = 1e-6  # shares come from parts per million


@dataclass(frozen=True, slots=True)
class NoOverlap:
    """The target policy wants `arms` (ordinals) that were never drawn from while it wanted them: no unit says what they would have
    done.
    """

    arms: tuple[int, ...]

    @property
    def reason(self) -> str:
        """A sentence for people."""
        return "the policy would choose variants that nobody was drawn for at the time: the log cannot say what they do"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean outcome per unit, or a difference of two, in the metric's units."""

    estimate: float
    standard_error: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The target policy on the units of the batches that it could have decided, `units` in all; `left_out` are in others.

    `logged` is what these units did earn, `gain` the doubly robust value less that: what the other policy would have earned more,
    each unit. `effective_units` is (Σw)² ÷ Σw², how many units of its own the log is worth to the target; `largest_weight` is
    the number of units for which one unit stands at most. `shares` are the target's own of each arm, averaged over these units.
    """

    doubly_robust: Estimate
    self_normalised: Estimate
    inverse_propensity: Estimate
    logged: Estimate
    gain: Estimate
    units: int
    left_out: int
    effective_units: float
    largest_weight: float
    shares: tuple[float, ...]


def evaluate(
    batches: Sequence[Batch],
    target: Sequence[Sequence[float]],
    *,
    alpha: float = 0.05,
    least_effective: float = LEAST_EFFECTIVE,
) -> Evaluation | NoOverlap | TooFew:
    """The value of a policy whose propensities in each batch are `target[batch][arm]`.

    Batches stand in the order of time and have the same arms. One in which the target wants an arm of propensity 0 is left out: of
    its units nothing can be said. Intervals are meant for one look, and are `WIDENED` where the log's own propensities moved.
    NoOverlap when no batch is left, TooFew below `least_effective` units. ValueError unless each row of `target` fits the
    arms, is not negative, and sums to 1.
    """
    shares = _checked(batches, target)
    possible = [
        all(e > 0 or q == 0 for e, q in zip(batch.propensities, row, strict=True))
        for batch, row in zip(batches, shares, strict=True)
    ]
    kept = [batch for batch, one in zip(batches, possible, strict=True) if one]
    left_out = sum(_units(batch) for batch, one in zip(batches, possible, strict=True) if not one)
    units = sum(map(_units, kept))
    if not units and left_out:
        wanted = (np.array([batch.propensities for batch in batches]) == 0) & (shares > 0)
        return NoOverlap(tuple(np.flatnonzero(wanted.any(axis=0)).tolist()))
    log = _Log(AfterBandit(tuple(kept)), shares[possible], alpha) if units else None
    effective = 0.0 if log is None else log.effective_units
    if log is None or effective < least_effective:
        return TooFew("evaluating this policy on the log", round(least_effective), int(effective))
    return replace(log.evaluation, left_out=left_out)


def _checked(batches: Sequence[Batch], target: Sequence[Sequence[float]]) -> Array:
    if len(batches) != len(target):
        raise ValueError(f"the target has one row a batch: {len(target)} of {len(batches)}")
    for batch, row in zip(batches, target, strict=True):
        if len(row) != len(batch.arms) or min(row) < 0 or not abs(sum(row) - 1) <= _ROUNDING:
            raise ValueError(f"shares of the target are at least 0 and sum to 1, one an arm: {tuple(row)}")
    return np.array(target, dtype=np.float64)


def _units(batch: Batch) -> int:
    return sum(arm.n for arm in batch.arms)


class _Log:
    """Every estimate is a mean over units of `fixed` + `slope`·y, two numbers of the unit's batch and arm: shape (batches, arms).

    y is the outcome less the mean of everything, so that no digits are lost; it is added again at the end.
    """

    def __init__(self, after: AfterBandit, q: Array, alpha: float) -> None:
        self._scores = after.scores
        self._origin = after.centre / MICRO
        self._q, self._n = q, self._scores.n
        self._alpha = alpha
        self._critical = Fixed().value(alpha) * (WIDENED if np.ptp(self._scores.e, axis=0).any() else 1.0)
        variance, seen = self._scores.unit_variance[-1], self._n.sum(axis=0)
        everybody = float((variance * seen).sum() / seen.sum())
        self._unit_variance = (variance * seen + everybody * BORROWED) / (seen + BORROWED)
        self.weight = q * self._scores.inverse

    @property
    def effective_units(self) -> float:
        total, squares = float((self.weight * self._n).sum()), float((self.weight**2 * self._n).sum())
        return total**2 / squares if squares else 0.0

    @property
    def evaluation(self) -> Evaluation:
        w, mu, origin, n = self.weight, self._scores.mu, self._origin, self._n
        wanted, drawn = (
            (share * mu).sum(axis=1, keepdims=True) for share in (self._q, self._scores.e)
        )  # what the batch was predicted to earn
        corrected, one = wanted - w * mu, np.ones_like(w)
        weights = float((w * n).sum())
        ratio = float((w * self._scores.total).sum()) / weights
        ratio_error = sqrt(self._variance(-w * ratio, w, wanted - ratio)) / weights
        return Evaluation(
            doubly_robust=self._mean(corrected, w, wanted, origin),
            self_normalised=self._around(ratio + origin, ratio_error),
            inverse_propensity=self._mean(w * origin - origin, w, wanted, origin),
            logged=self._mean(0 * one, one, drawn, origin),
            gain=self._mean(corrected, w - 1, wanted - drawn, 0.0),
            units=round(float(n.sum())),
            left_out=0,
            effective_units=self.effective_units,
            largest_weight=float(w[n > 0].max()),
            shares=tuple((self._scores.units * self._q).sum(axis=0) / float(n.sum())),
        )

    def _mean(self, fixed: Array, slope: Array, expected: Array, origin: float) -> Estimate:
        units = float(self._n.sum())
        total = float((fixed * self._n + slope * self._scores.total).sum())
        return self._around(total / units + origin, sqrt(self._variance(fixed, slope, expected)) / units)

    def _variance(self, fixed: Array, slope: Array, expected: Array) -> float:
        """Of the sum: Σ(fixed + slope·y − expected)², `expected` being what a unit of the batch was predicted to have; at least
        what propensities and the outcomes' own variance imply, since a few large weights may not have met a success yet.
        """
        offset = fixed - expected
        empirical = (
            offset**2 * self._n + 2 * offset * slope * self._scores.total + slope**2 * self._scores.squares
        )
        drawn = self._scores.units * self._scores.e
        implied = drawn * slope**2 * self._unit_variance
        return max(float(empirical.sum()), float(implied.sum()), 0.0)

    def _around(self, estimate: float, error: float) -> Estimate:
        half = self._critical * error
        return Estimate(estimate, error, Interval(estimate - half, estimate + half, 1 - self._alpha))
