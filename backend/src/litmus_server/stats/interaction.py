"""Two experiments on the same units: does the effect of one depend on the variant of the other?

Cells are the pairs of variants, rows those of this experiment and columns those of the other, control first in both. Cell means make
a regression that is saturated, so nothing is assumed of how effects add up, and each cell has a variance of its own: what ordinary
least squares with HC2 errors gives (MacKinnon & White, Journal of Econometrics 29 (1985) 305-325).

It must not know how variants are named, nor who shares the units.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from math import exp, inf, log, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, betaincinv

from litmus_server.stats.absence import Absence, TooFew, Undefined
from litmus_server.stats.contrast import LinearContrast
from litmus_server.stats.critical import best_ratio
from litmus_server.stats.estimators import mean_of
from litmus_server.stats.moments import JointMoments
from litmus_server.stats.start import LEAST_UNITS, LEAST_VALUES, MOST_SKEW, TooSkewed, skewness

Array = NDArray[np.float64]
Grid = Sequence[Sequence[JointMoments]]
"""The cells of one stretch of constant weights: [variant of this][variant of the other]; width 2 stands for a ratio."""

_EACH = "an interaction, in each pair of variants,"


@dataclass(frozen=True, slots=True)
class Interaction:
    """(k − 1)(l − 1) differences of differences, by the variant of this experiment and then by that of the other.

    Each says by how much the effect of a variant, in the metric's units, differs from its effect where the other has control.
    """

    differences: Array
    covariance: Array
    mixing: Array
    """The covariance of the normal distribution over differences by which the always-valid reading mixes."""
    scale: float
    df: float
    """Johansen's: statistic ÷ scale is F with `differences.size` and `df` degrees of freedom."""

    @property
    def statistic(self) -> float:
        """Wald's W = γᵀV⁻¹γ, chi-squared with `differences.size` degrees of freedom in large samples."""
        return float(self.differences @ np.linalg.solve(self.covariance, self.differences))

    @property
    def p_once(self) -> float:
        """Right for one look at a planned moment, and for no other. Johansen, Biometrika 67 (1980) 85-92; Welch's t if there is one."""
        d = self.differences.size
        x = d * self.statistic / self.scale
        return float(betainc(self.df / 2, d / 2, self.df / (self.df + x)))

    @property
    def log_evidence(self) -> float:
        """The logarithm of N(γ; 0, V + K) ÷ N(γ; 0, V): how much likelier what is seen is under the mixture than under no interaction."""
        v, k, g = self.covariance, self.mixing, self.differences
        quadratic = self.statistic - float(g @ np.linalg.solve(v + k, g))
        return 0.5 * (quadratic - self._log_growth)

    @property
    def p_always(self) -> float:
        """1 ÷ the evidence, at most 1: valid at any number of looks at any time.

        Robbins' normal mixture (Annals of Mathematical Statistics 41 (1970) 1397-1409) for a vector of differences.
        """
        return exp(min(0.0, -self.log_evidence))

    def reach_once(self, alpha: float) -> Array:
        """How far the intervals of all differences reach at once: the projections of Wald's region (Scheffé, Biometrika 40 (1953)
        87-104). One leaves out zero only where `p_once` is below alpha; if there is one difference, exactly there.
        """
        d = self.differences.size
        tail = float(betaincinv(self.df / 2, d / 2, alpha))
        bound = self.scale * self.df * (1 - tail) / (d * tail) if tail > 0 else inf
        return np.asarray(np.sqrt(bound * np.diag(self.covariance)))

    def reach_always(self, alpha: float) -> Array:
        """The same of the region of differences whose evidence is below 1 ÷ alpha, which holds at every look at once."""
        v = self.covariance
        shape = v + v @ np.linalg.solve(self.mixing, v)  # the inverse of V⁻¹ − (V + K)⁻¹
        return np.asarray(np.sqrt((2 * log(1 / alpha) + self._log_growth) * np.diag(shape)))

    @property
    def _log_growth(self) -> float:
        grown, before = (np.linalg.slogdet(m)[1] for m in (self.covariance + self.mixing, self.covariance))
        return float(grown - before)


@dataclass(frozen=True, slots=True)
class Crossed:
    """The cells of two experiments: their means, the variances of these, and what the latter would be at the plan's end.

    Where weights have changed, a mean is that of the stretches of constant weights, each counting by its part of all units, so that
    no drift of the outcome looks like an effect. `units` are those that count, `left_out` those of stretches that lack a cell.
    """

    means: Array
    variances: Array
    planned: Array
    parts: tuple[tuple[Array, Array], ...]
    """Of each stretch: its parts of `variances`, and the cells' units."""
    units: int
    left_out: int
    alpha: float

    def interaction(self) -> Interaction:
        """All differences of differences, jointly."""
        c = _contrasts(self.means.shape)
        covariance = _between(c, self.variances)
        # Each stretch of each cell is a group of its own: what it adds to the projection, squared, over its degrees of freedom.
        inner = np.einsum("di,de,ei->i", c, np.linalg.inv(covariance), c)
        spread = sum(float(((v.ravel() * inner) ** 2 / (n.ravel() - 1)).sum()) for v, n in self.parts)
        d = len(c)
        return Interaction(
            differences=c @ self.means.ravel(),
            covariance=covariance,
            mixing=best_ratio(self.alpha) * _between(c, self.planned),
            scale=d + 2 * spread - 6 * spread / (d + 2),
            df=d * (d + 2) / (3 * spread),
        )

    def effect(self, variant: int, weights: Sequence[float]) -> tuple[LinearContrast, float]:
        """Of `variant` against control, over the other's variants by these weights; and the information ratio of `AlwaysValid`."""
        w = np.asarray(weights, dtype=np.float64)
        used = w > 0
        sides = [(float(w @ self.means[k]), float(w**2 @ self.variances[k])) for k in (variant, 0)]
        total = sides[0][1] + sides[1][1]
        inverse = sum(
            float(((w**2 * v[k] / total) ** 2 / (n[k] - 1))[used].sum())
            for v, n in self.parts
            for k in (variant, 0)
        )
        planned = float(w**2 @ (self.planned[variant] + self.planned[0]))
        contrast = LinearContrast(sides[0][0], sides[1][0], sides[0][1], sides[1][1], df=1 / inverse)
        return contrast, best_ratio(self.alpha) * planned / total


def crossed(
    strata: Sequence[Grid],
    shares: tuple[Sequence[float], Sequence[float]],
    planned_units: int,
    alpha: float = 0.05,
) -> Crossed | Absence:
    """From the sums of all cells, one grid for each stretch of constant weights.

    `shares` are those of both experiments at the beginning and `planned_units` how many units are to be in both: where the
    always-valid reading is narrowest. Chosen before the first unit; who chooses anew while looking spends the error twice.
    A stretch counts where each cell has 50 units, as the start rule asks of all together; needs one. ValueError unless all grids have the shape of `shares`, of at least 2 by 2.
    """
    rows, columns = map(len, shares)
    if min(rows, columns) < 2 or any(
        len(grid) != rows or any(len(row) != columns for row in grid) for grid in strata
    ):
        raise ValueError(f"every grid must be {rows} by {columns}, at least 2 by 2")
    units = [np.array([[cell.n for cell in row] for row in grid], dtype=np.float64) for grid in strata]
    whole = [place for place, n in enumerate(units) if n.min() >= LEAST_UNITS]
    everybody = int(sum(n.sum() for n in units))
    if not whole:
        fullest = max((int(n.min()) for n in units), default=0)
        return TooFew(_EACH, LEAST_UNITS, fullest)
    counting = sum(units[place].sum() for place in whole)
    means, variances = np.zeros((rows, columns)), np.zeros((rows, columns))
    scatter, freedoms, parts = 0.0, 0.0, []
    for place in whole:
        weight = units[place].sum() / counting
        estimates = [[mean_of(cell, "a pair of variants") for cell in row] for row in strata[place]]
        for each in (each for row in estimates for each in row):
            if isinstance(each, TooFew | Undefined):
                return each
        both = np.array(estimates, dtype=np.float64)
        if not (both[..., 1] > 0).all():
            return Undefined("a standard error", "all units of a pair of variants have the same value")
        means += weight * both[..., 0]
        variances += weight**2 * both[..., 1]
        scatter += float((both[..., 1] * units[place] * (units[place] - 1)).sum())
        freedoms += float((units[place] - 1).sum())
        parts.append((weight**2 * both[..., 1], units[place]))
    planned = scatter / freedoms / planned_units / np.outer(*(np.asarray(each) for each in shares))
    return Crossed(means, variances, planned, tuple(parts), int(counting), everybody - int(counting), alpha)


def not_open(
    cells: Grid, seen: Sequence[Sequence[int]], *, binary: bool = False
) -> TooFew | TooSkewed | None:
    """Why nothing may be concluded of an interaction, or None when something may; the start rule (`stats.start`) for cells.

    `cells` are of all stretches together, `seen` their units whose value is not zero. Each cell needs 50 units, 20 of them not zero
    (which is not asked of ratios) and, if values are `binary`, 20 that are zero; and no difference of differences may be skewed by
    more than 0.2, by the skewness of all cells together.
    """
    n = np.array([[cell.n for cell in row] for row in cells], dtype=np.float64)
    if n.min() < LEAST_UNITS:
        return TooFew(_EACH, LEAST_UNITS, int(n.min()))
    if cells[0][0].width == 1:
        values = np.array(seen)
        least = int(min(values.min(), (n - values).min()) if binary else values.min())
        if least < LEAST_VALUES:
            what = "with and without a success" if binary else "with a value"
            return TooFew(f"an interaction, in each pair of variants {what},", LEAST_VALUES, least)
    skewness_ = skewness_of(merged(cells))
    skew = max(skew_of_contrast(skewness_, each, n) for each in _contrasts(n.shape))
    return TooSkewed(skew, MOST_SKEW) if skew > MOST_SKEW else None


def merged(cells: Grid) -> JointMoments:
    """The units of all cells together."""
    return reduce(JointMoments.merge, (cell for row in cells for cell in row))


def skewness_of(moments: JointMoments) -> float:
    """Of values; of two a unit, of the linearised ratio. 0 where they do not vary."""
    if moments.width == 1:
        return skewness(moments.marginal(0))
    means, covariances = moments.means, moments.covariances
    if isinstance(means, TooFew) or isinstance(covariances, TooFew) or not means[1]:
        return 0.0
    weights = (1.0, -means[0] / means[1])
    variance = float(np.array(weights) @ np.array(covariances) @ np.array(weights))
    third = moments.third_central_moment(weights)
    return third / variance / sqrt(variance) if variance > 0 and isinstance(third, float) else 0.0


def skew_of_contrast(skewness: float, coefficients: ArrayLike, units: ArrayLike) -> float:
    """The size of the skewness of Σ c·(mean of a cell), where all cells' values have this skewness: `start.skew_of_difference` of many."""
    c, n = np.ravel(coefficients), np.ravel(units)
    used = c != 0
    c, n = c[used], n[used]
    return float(abs(skewness) * abs((c**3 / n**2).sum()) / (c**2 / n).sum() ** 1.5)


def _against_first(count: int) -> Array:
    """Each of the others less the first."""
    return np.hstack([-np.ones((count - 1, 1)), np.eye(count - 1)])


def _contrasts(shape: tuple[int, ...]) -> Array:
    """Of the cells of such a grid, row by row: all differences of differences."""
    return np.asarray(np.kron(*map(_against_first, shape)), dtype=np.float64)


def _between(contrasts: Array, variances: Array) -> Array:
    """The covariance of contrasts of independent means."""
    return (contrasts * variances.ravel()) @ contrasts.T
