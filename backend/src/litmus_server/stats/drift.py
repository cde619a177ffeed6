"""Does an effect change from one group of units to the next? A line through their effects, what scatters about it, and first against last.

The groups come in an order: cohorts by when units came, or ages by how long they have been there. Under no change a group's effect
is one constant plus its error; what that constant is does not matter here.

Cohorts have no unit in common, so their errors are independent. Written in recursive residuals (Brown, Durbin & Evans, JRSS B 37
(1975) 149-192), wₖ = (δₖ − mean of those before) ÷ its error, the numerator of the slope is Σ gₖwₖ with gₖ known before group k is, and its
variance Σ gₖ². So when further groups come the slope's statistic is that of a sum of independent terms at growing information,
which is what `critical.AlwaysValid` asks for; and Cochran's Q is Σ wₖ², which is what `log_evidence_of_spread` asks for.

It must not know what a cohort is, nor how often somebody looks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, inf, log, log1p, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc

from litmus_server.stats.absence import TooFew, Undefined

Array = NDArray[np.float64]

_SPREADS = (0.25, 1.0, 4.0)
"""Variances of the effects between groups that the evidence of a spread looks for, in those of a group's error."""


@dataclass(frozen=True, slots=True)
class Drift:
    """How effects change with x. `slope` is per unit of x, `error` its standard error, `at_zero` the line's value at x = 0."""

    slope: float
    error: float
    at_zero: float

    @property
    def statistic(self) -> float:
        """The slope in standard errors: positive when effects grow with x."""
        return self.slope / self.error

    @property
    def information(self) -> float:
        """1 ÷ the slope's variance: what grows as groups come."""
        return self.error**-2


@dataclass(frozen=True, slots=True)
class Spread:
    """Cochran's Q of effects about their mean, with its degrees of freedom."""

    statistic: float
    df: int

    @property
    def p_value(self) -> float:
        """By chi-squared, for one look at a planned moment."""
        return float(chdtrc(self.df, self.statistic))

    @property
    def i_squared(self) -> float:
        """The part of the spread that chance does not explain: Higgins & Thompson, Statistics in Medicine 21 (2002) 1539-1558."""
        return max(0.0, 1 - self.df / self.statistic) if self.statistic > 0 else 0.0

    def log_evidence(self) -> float:
        """The natural logarithm of an e-value that the effects are not all one: valid whenever somebody looks.

        Each residual wₖ is standard normal if they are, and Normal(0, 1 + r) if they scatter with r times the variance of their errors; the
        likelihood ratio is a product over k, and so is a function of Q and its degrees of freedom. The mean over r = ¼, 1, 4.
        """
        each = [0.5 * (self.statistic * r / (1 + r) - self.df * log1p(r)) for r in _SPREADS]
        most = max(each)
        return most + log(sum(exp(value - most) for value in each) / len(each))


def drift(x: ArrayLike, effects: ArrayLike, covariance: ArrayLike) -> Drift | TooFew | Undefined:
    """The line through the effects, each counting by 1 ÷ its variance. Needs two groups, whose x differ.

    `covariance` (groups, groups) is that of the effects' errors; the slope's variance is c′·covariance·c, c being its weights, so it is
    right also where one unit is in several groups. For independent groups this is weighted least squares.
    """
    x, y, v = _arrays(x, effects, covariance)
    if x.size < 2:
        return TooFew("a slope", 2, x.size)
    w = 1 / v.diagonal()
    middle = w @ x / w.sum()
    scatter = w @ (x - middle) ** 2
    if not scatter > 0:
        return Undefined("a slope", "all groups are at the same place")
    c = w * (x - middle) / scatter
    variance = float(c @ v @ c)
    if not variance > 0:
        return Undefined("a slope", "its error is not known")
    slope = float(c @ y)
    return Drift(slope, sqrt(variance), float(w @ y / w.sum() - slope * middle))


def cochran(effects: ArrayLike, variances: ArrayLike) -> Spread:
    """Q = Σ (δ − δ̄)² ÷ V, δ̄ weighed by 1 ÷ V, of independent effects: Cochran, Biometrics 10 (1954) 101-129. ValueError for none."""
    y, v = np.asarray(effects, dtype=np.float64), np.asarray(variances, dtype=np.float64)
    if not y.size:
        raise ValueError("there are no effects")
    w = 1 / v
    return Spread(float(w @ (y - w @ y / w.sum()) ** 2), y.size - 1)


@dataclass(frozen=True, slots=True)
class Ends:
    """The effects of the first and the last third of the groups, with standard errors; `error` is that of last − first."""

    first: tuple[float, float]
    last: tuple[float, float]
    error: float

    @property
    def statistic(self) -> float:
        """(last − first) in standard errors."""
        return (self.last[0] - self.first[0]) / self.error


def ends(effects: ArrayLike, covariance: ArrayLike) -> Ends | TooFew:
    """First against last third (rounded down), groups counting by 1 ÷ their variance. Needs three groups."""
    _, y, v = _arrays(effects, effects, covariance)
    third = y.size // 3
    if not third:
        return TooFew("first against last third", 3, y.size)
    weights = []
    for part in (slice(0, third), slice(y.size - third, None)):
        w = np.zeros(y.size)
        w[part] = 1 / v.diagonal()[part]
        weights.append(w / w.sum())
    first, last = ((float(w @ y), sqrt(max(0.0, float(w @ v @ w)))) for w in weights)
    gap = weights[1] - weights[0]
    return Ends(first, last, sqrt(max(0.0, float(gap @ v @ gap))) or inf)


def agreeing(evidence: Sequence[tuple[float, float]]) -> float:
    """The evidence against all of several suppositions, from (signed statistic, log evidence) of each: the least of them.

    An intersection-union test (Berger, Technometrics 24 (1982) 295-300): at level α whichever supposition is true. −∞ where the directions
    contradict each other.
    """
    signs = {statistic > 0 for statistic, _ in evidence}
    return min(value for _, value in evidence) if len(signs) == 1 else -inf


def _arrays(x: ArrayLike, effects: ArrayLike, covariance: ArrayLike) -> tuple[Array, Array, Array]:
    first, y, v = (np.asarray(each, dtype=np.float64) for each in (x, effects, covariance))
    if v.shape != (y.size, y.size) or first.shape != y.shape or not (v.diagonal() > 0).all():
        raise ValueError("each group needs an x, an effect and a variance above zero")
    return first, y, v
