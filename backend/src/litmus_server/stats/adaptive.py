"""Inference after a bandit, from the sums of each (batch, arm): a batch is a stretch in which propensities stood still.

A bandit stops looking at arms that began badly, so their sample means are biased low and their intervals too narrow.
Each unit's outcome, divided by the propensity with which its arm was drawn, is not: the augmented inverse propensity
weighted (AIPW) score of unit i for arm a,

    Γ_ia = μ̂_ba + 1{A_i = a}·(y_i − μ̂_ba) ÷ e_ba,

has expectation μ_a whatever the policy did, where μ̂_ba is the arm's mean before batch b. Hadad, Hirshberg, Zhan, Wager
& Athey, PNAS 118 (2021) e2014602118. All of it follows from n, Σy and Σy² of each (batch, arm).

It must not know which policy chose the propensities, only that they are the ones with which arms were drawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, reduce

import numpy as np
from numpy.typing import ArrayLike, NDArray

from litmus_server.stats.absence import TooFew, Undefined
from litmus_server.stats.contrast import LinearContrast
from litmus_server.stats.moments import MICRO, Moments

Array = NDArray[np.float64]

_ROUNDING = 1e-13
"""Of a mean: what is left of the centre, when the two cancel."""


class Weighting(StrEnum):
    """How much each batch counts.

    UNIFORM: every unit alike; the default. NARROW: by √propensity, which stabilises the variance (Hadad et al.,
    section 2.3): 10 to 25 % narrower under a bandit, at a coverage that is a little below the nominal one. Its batches
    count differently for different arms, so it asks in addition that outcomes do not drift with time.
    """

    UNIFORM = "uniform"
    NARROW = "narrow"


@dataclass(frozen=True, slots=True)
class Batch:
    """The freshly assigned units of a batch, by arm, and the propensity with which each arm was drawn.

    An arm that was not drawn from has propensity 0. ValueError unless propensities sum to 1 and fit the units.
    """

    arms: tuple[Moments, ...]
    propensities: tuple[float, ...]

    def __post_init__(self) -> None:
        """ValueError names what does not fit."""
        if len(self.arms) != len(self.propensities) or len(self.arms) < 2:
            raise ValueError(
                f"one propensity an arm, two arms at least: {len(self.arms)}, {self.propensities}"
            )
        if not (min(self.propensities) >= 0 and abs(sum(self.propensities) - 1) <= 1e-6):
            raise ValueError(f"propensities must be at least 0 and sum to 1: {self.propensities}")
        if any(arm.n and not e for arm, e in zip(self.arms, self.propensities, strict=True)):
            raise ValueError(f"an arm has units that its propensity of 0 rules out: {self.propensities}")


@dataclass(frozen=True, slots=True)
class SampleMean:
    """The plain mean of an arm, and its standard error as if the arm had been assigned by fixed weights.

    `biased` is always true here: these are figures to recognise an arm by, not to compare arms by.
    """

    mean: float
    standard_error: float | TooFew
    units: int
    biased: bool = True


@dataclass(frozen=True, slots=True)
class AdaptiveContrast:
    """Treatment against control after a bandit.

    `contrast` carries both AIPW means; its standard error is the larger of the empirical one and the one that the
    propensities imply. `variance_sum` is the variance of the summed differences of scores, in units² of the metric:
    the clock of an anytime interval, whose information ratio is variance_sum ÷ its planned value (UNIFORM only).
    """

    contrast: LinearContrast
    variance_sum: float
    units: int


class Scores:
    """The scores of all arms, summed over the batches so far. Arrays have the shape (…, batches, arms).

    `n`, `total` and `squares` are the count, Σy and Σy² of each (batch, arm), `e` its propensity. `baseline` is what
    every arm's mean was thought to be before the first unit; without it the first batch uses its own means, as a
    plain randomised experiment does. Further leading axes are further experiments.
    """

    def __init__(
        self, n: Array, total: Array, squares: Array, e: Array, baseline: float | None = None
    ) -> None:
        """Nothing is checked here; see `Batch`."""
        self.n, self.total, self.squares, self.e = n, total, squares, e
        self.units = n.sum(axis=-1, keepdims=True)
        self.mu = _predicted(n, total, baseline)
        inverse = np.divide(1.0, e, out=np.zeros_like(e), where=e > 0)
        self.rest = (total - n * self.mu) * inverse
        self.score = self.units * self.mu + self.rest
        self.score_squared = (
            self.units * self.mu**2
            + 2 * self.mu * self.rest
            + (squares - 2 * self.mu * total + n * self.mu**2) * inverse**2
        )
        nu = _predicted(n, squares, None if baseline is None else baseline**2)
        self.score_of_square = self.units * nu + (squares - n * nu) * inverse
        self.inverse = inverse

    @cached_property
    def unit_variance(self) -> Array:
        """Of one unit's outcome in each arm, after each batch: the larger of the sample's and that of the AIPW moments.

        The sample's alone is too small for an arm that was dropped after a bad beginning. Shape (…, batches, arms).
        """
        n, total, squares = (np.cumsum(each, axis=-2) for each in (self.n, self.total, self.squares))
        sample = (squares - total**2 / np.maximum(n, 1)) / np.maximum(n - 1, 1)
        units = np.cumsum(np.where(self.e > 0, self.units, 0.0), axis=-2)
        first, second = (
            np.cumsum(np.where(self.e > 0, each, 0.0), axis=-2) / np.maximum(units, 1)
            for each in (self.score, self.score_of_square)
        )
        return np.asarray(np.maximum(sample, second - first**2))

    def estimates(self, arms: Sequence[int], weighting: Weighting) -> "Estimates":
        """The means of these arms after each batch, over the batches in which all of them were drawn from."""
        shared = np.all([self.e[..., k] > 0 for k in arms], axis=0)
        units = np.where(shared, self.units[..., 0], 0.0)
        narrow = weighting is Weighting.NARROW
        h = [np.where(shared, np.sqrt(self.e[..., k]) if narrow else 1.0, 0.0) for k in arms]
        with np.errstate(
            invalid="ignore", divide="ignore"
        ):  # nothing ÷ nothing, before the first shared batch
            size = [np.cumsum(w * units, axis=-1) for w in h]
            mean = [np.cumsum(h[i] * self.score[..., k], axis=-1) / size[i] for i, k in enumerate(arms)]
            covariance = [
                [
                    self._scatter((j, k), h[a] * h[b], (mean[a], mean[b])) / (size[a] * size[b])
                    for b, k in enumerate(arms)
                ]
                for a, j in enumerate(arms)
            ]
            implied = [
                self.unit_variance[..., k]
                * np.cumsum(h[i] ** 2 * units * self.inverse[..., k], axis=-1)
                / size[i] ** 2
                for i, k in enumerate(arms)
            ]
        return Estimates(np.stack(mean), np.stack([np.stack(row) for row in covariance]), np.stack(implied))

    def _scatter(self, arms: tuple[int, int], weight: Array, means: tuple[Array, Array]) -> Array:
        """Σ weight·Σ(Γ_j − mean_j)(Γ_k − mean_k) up to each batch, where the means are those after that batch."""
        (j, k), (p, q) = arms, means
        products, first, second, units = (
            np.cumsum(weight * each, axis=-1)
            for each in (self._products(j, k), self.score[..., j], self.score[..., k], self.units[..., 0])
        )
        return np.asarray(products - p * second - q * first + p * q * units)

    def _products(self, j: int, k: int) -> Array:
        """Σ Γ_j·Γ_k of each batch: no unit is in both arms."""
        if j == k:
            return np.asarray(self.score_squared[..., j])
        mu_j, mu_k = self.mu[..., j], self.mu[..., k]
        both = self.units[..., 0] * mu_j * mu_k
        return np.asarray(both + mu_k * self.rest[..., j] + mu_j * self.rest[..., k])


@dataclass(frozen=True, slots=True)
class Estimates:
    """Means after each batch, with two opinions of their variance. Leading axes are arms, the last one is batches.

    `covariance` is the empirical one of the weighted scores; `implied` is what propensities and the outcomes' own
    variance say that the variance of each arm's mean must be. The scores of different arms are all but uncorrelated.
    """

    mean: Array
    covariance: Array
    implied: Array

    @property
    def variance(self) -> Array:
        """Of each arm's mean: the larger of the two."""
        own = np.stack([self.covariance[k, k] for k in range(len(self.mean))])
        return np.asarray(np.maximum(np.maximum(own, self.implied), 0.0))  # rounding may leave −1e-21

    @property
    def variance_of_difference(self) -> Array:
        """Of the last arm's mean less the first one's: the larger of the two."""
        c = self.covariance
        empirical = c[0, 0] + c[-1, -1] - 2 * c[0, -1]
        return np.asarray(np.maximum(empirical, self.implied[0] + self.implied[-1]))


def _predicted(n: Array, total: Array, baseline: float | None) -> Array:
    """For each (batch, arm) the arm's mean over earlier batches; before its first unit the mean of all arms.

    In the first batch there is nothing earlier: `baseline`, or the arm's own mean of that batch, by which its score
    is that of a stratified sample.
    """
    before_n, before = (np.cumsum(each, axis=-2) - each for each in (n, total))
    everybody_n, everybody = (each.sum(axis=-1, keepdims=True) for each in (before_n, before))
    now_n, now = (each.sum(axis=-1, keepdims=True) for each in (n, total))
    if baseline is None:
        own = np.where(n > 0, total / np.maximum(n, 1), now / np.maximum(now_n, 1))
        first: ArrayLike = own
    else:
        first = baseline
    pooled = np.where(everybody_n > 0, everybody / np.maximum(everybody_n, 1), first)
    return np.where(before_n > 0, before / np.maximum(before_n, 1), pooled)


@dataclass(frozen=True)
class AfterBandit:
    """What can be said after (or during) a bandit, from its batches in the order of time, all with the same arms.

    `baseline`: the metric's mean from before the experiment, in its units, if there is one. ValueError for no batch,
    or batches of different arms.
    """

    batches: tuple[Batch, ...]
    baseline: float | None = None

    def __post_init__(self) -> None:
        """ValueError names what does not fit."""
        if len({len(batch.arms) for batch in self.batches}) != 1:
            raise ValueError("batches must have the same arms, and there must be one at least")

    def mean(
        self, arm: int, weighting: Weighting = Weighting.UNIFORM
    ) -> tuple[float, float] | TooFew | Undefined:
        """The arm's AIPW mean and its standard error, in the metric's units."""
        if (absence := self._absent((arm,))) is not None:
            return absence
        found = self.scores.estimates((arm,), weighting)
        return self._placed(float(found.mean[0, -1])), float(np.sqrt(found.variance[0, -1]))

    def contrast(
        self, treatment: int, control: int, weighting: Weighting = Weighting.UNIFORM
    ) -> AdaptiveContrast | TooFew | Undefined:
        """Treatment against control over the batches that drew from both: only these saw the same days.

        The variance is max(empirical, Σ N_b h²σ̂²/e_b ÷ (Σ N_b h)²), the second being what the design implies. After a
        few inverse propensities of 100 the empirical one has not yet seen the outcomes that make it large, and
        textbook intervals are too narrow just then. This maximum is our addition to Hadad et al.; it stands on the
        simulations of docs/statistics/after-a-bandit.md.
        """
        if treatment == control:
            return Undefined("a contrast", "an arm does not differ from itself")
        if (absence := self._absent((control, treatment))) is not None:
            return absence
        found = self.scores.estimates((control, treatment), weighting)
        (m0, m1), (v0, v1) = found.mean[:, -1].tolist(), found.variance[:, -1].tolist()
        v = float(found.variance_of_difference[-1])
        if not v > 0:
            return Undefined("a contrast", "no unit's outcome differs from another's in its arm")
        units = round(self.scores.n[self._shared((control, treatment))].sum())
        contrast = LinearContrast(self._placed(m1), self._placed(m0), v1, v0, covariance=(v1 + v0 - v) / 2)
        return AdaptiveContrast(contrast, v * units**2, units)

    def sample_mean(self, arm: int) -> SampleMean | TooFew:
        """The plain mean over all batches, marked as what it is."""
        moments = self.pooled[arm]
        if isinstance(mean := moments.mean, TooFew):
            return mean
        variance = moments.variance
        error = variance if isinstance(variance, TooFew) else float(np.sqrt(variance / moments.n))
        return SampleMean(mean, error, moments.n)

    def _placed(self, mean: float) -> float:
        """A centred mean where it belongs. One of zero comes back as zero, not as rounding, of which a lift would be a fraction."""
        centre = self.centre / MICRO
        found = mean + centre
        return found if abs(found) > _ROUNDING * abs(centre) else 0.0

    def _absent(self, arms: tuple[int, ...]) -> TooFew | Undefined | None:
        drawn = self.scores.n[self._shared(arms)]
        if not drawn.any():
            return Undefined("an estimate after a bandit", "no batch drew from these arms at the same time")
        for k in arms:
            units = round(drawn[:, k].sum())
            if units < 2:
                return TooFew("an estimate after a bandit", 2, units)
        return None

    @cached_property
    def pooled(self) -> tuple[Moments, ...]:
        """Of each arm, the plain sums over all batches."""
        by_arm = zip(*(batch.arms for batch in self.batches), strict=True)
        return tuple(
            Moments(*map(sum, zip(*((each.n, each.s1, each.s2, each.s3) for each in batches), strict=True)))
            for batches in by_arm
        )

    @cached_property
    def everybody(self) -> Moments:
        """The plain sums over all batches and arms."""
        return reduce(Moments.merge, self.pooled)

    def _shared(self, arms: tuple[int, ...]) -> NDArray[np.bool_]:
        """The batches in which all of these arms were drawn from."""
        return np.asarray((self.scores.e[:, arms] > 0).all(axis=1))

    @cached_property
    def centre(self) -> int:
        """The mean of everything, as an integer of micro-units: subtracted exactly before anything becomes a float."""
        return round(self.everybody.s1 / self.everybody.n) if self.everybody.n else 0

    @cached_property
    def scores(self) -> Scores:
        """The scores of all arms, centred on the mean of everything: what sums of weights that add up to 0 may use."""
        c = self.centre
        sums = [
            [
                (arm.n, (arm.s1 - arm.n * c) / MICRO, (arm.s2 - 2 * c * arm.s1 + arm.n * c * c) / MICRO**2)
                for arm in batch.arms
            ]
            for batch in self.batches
        ]
        n, total, squares = np.moveaxis(np.array(sums, dtype=np.float64), -1, 0)
        e = np.array([batch.propensities for batch in self.batches])
        return Scores(n, total, squares, e, None if self.baseline is None else self.baseline - c / MICRO)
