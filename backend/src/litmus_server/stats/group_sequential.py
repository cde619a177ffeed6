"""Boundaries of group-sequential tests whose looks may be added freely, and estimates after they have stopped.

At look k the information is a fraction t_k of what was planned, and the statistic is S_k ÷ √t_k, where S is a Brownian motion
whose drift is the effect. A spending function says how much of the error may be used up by each time (Lan and DeMets,
Biometrika 70 (1983) 659-663), so that the number and the times of looks need not be known before. When a look is taken may
depend on anything but the estimate. The crossing probabilities are integrated recursively (Armitage, McPherson and Rowe,
Journal of the Royal Statistical Society A 132 (1969) 235-244; Jennison and Turnbull, Group Sequential Methods, 2000, chapter 19).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from math import ceil, e, inf, isfinite, log, log1p, sqrt

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray
from scipy.special import log_ndtr, logsumexp, ndtr, ndtri, ndtri_exp

from litmus_server.stats.roots import root

_Array = NDArray[np.float64]

# Twenty Gauss-Legendre nodes on every four standard deviations of the narrower normal density: 1e-12 and better.
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(20)
_PANEL = 4.0
# Beyond this many standard deviations there is no density that matters; error that is less than e^this is not looked for.
_FAR, _NEGLIGIBLE = 14.0, -90.0
# The levels between which repeated p-values are found, and the degree of the polynomial that does it (to 1e-9).
LEAST_P, GREATEST_P, _DEGREE = 1e-10, 0.5, 31
# Two looks that are closer than this (in fractions of the plan) are one.
CLOSEST = 1e-5


class Shape(StrEnum):
    """How the error is spent over time."""

    OBRIEN_FLEMING = "obrien_fleming"  # almost nothing early: the last boundary is near that of a single look
    POCOCK = "pocock"  # nearly evenly
    POWER = "power"  # α·t^ρ


@dataclass(frozen=True, slots=True)
class Spending:
    """A spending function; `rho` is used by POWER only, and must be > 0."""

    shape: Shape = Shape.OBRIEN_FLEMING
    rho: float = 2.0

    def __post_init__(self) -> None:
        """ValueError unless rho is positive and finite."""
        if not 0 < self.rho < inf:
            raise ValueError(f"rho must be > 0 and finite: {self.rho}")

    def log_spent(self, t: float, alpha: _Array) -> _Array:
        """The logarithm of the error of one side that may be used up at the fraction `t` of the plan, `alpha` in all.

        Lan and DeMets (1983), sections 2 and 3; Kim and DeMets, Biometrika 74 (1987) 149-154, for the power family.
        """
        if t <= 0:
            return np.full_like(alpha, -inf)
        if t >= 1:
            return np.log(alpha)
        match self.shape:
            case Shape.OBRIEN_FLEMING:
                return np.asarray(log(2) + log_ndtr(ndtri(alpha / 2) / sqrt(t)))
            case Shape.POCOCK:
                return np.log(alpha) + log(log1p((e - 1) * t))
            case Shape.POWER:
                return np.log(alpha) + self.rho * log(t)


def boundaries(
    fractions: Sequence[float], alpha: float, spending: Spending | None = None, *, one_sided: bool = False
) -> tuple[float, ...]:
    """The critical value of the standard normal statistic at each look so far.

    `fractions`, strictly increasing, are the information at each look ÷ the planned information. The first one that is 1 or
    more uses up all that is left of `alpha`; the critical values of later ones are infinite. ValueError for fractions
    that do not increase by 1e-5 at least, or for an alpha that is not between 0 and 1.
    """
    return _boundaries(tuple(fractions), alpha, spending or Spending(), one_sided)


@lru_cache(maxsize=4096)
def _boundaries(
    fractions: tuple[float, ...], alpha: float, spending: Spending, one_sided: bool
) -> tuple[float, ...]:
    looks = _looks(fractions)
    _check_level(alpha)
    levels = (alpha if one_sided else alpha / 2,)
    return tuple(
        float(_step(spending, one_sided, levels, looks[: k + 1]).bound[0]) for k in range(len(looks))
    )


def boundary(
    fractions: Sequence[float], alpha: float, spending: Spending | None = None, *, one_sided: bool = False
) -> float:
    """The critical value of the last look of `fractions`: the last of `boundaries`."""
    return boundaries(fractions, alpha, spending, one_sided=one_sided)[-1]


def repeated_p_value(
    statistic: float, fractions: Sequence[float], spending: Spending | None = None, *, one_sided: bool = False
) -> float:
    """The least alpha at which the last look of `fractions` rejects (Jennison and Turnbull 2000, section 9.5).

    Dual to the repeated interval: it is below alpha exactly where the statistic is beyond `boundary` at alpha. At
    least 1e-10, and 1 where it is greater than one half. Positive statistics speak for the alternative when `one_sided`, else their size does.
    """
    looks, spending = _looks(fractions), spending or Spending()
    size = statistic if one_sided else abs(statistic)
    if len(looks) > 1 and looks[-2] >= 1:
        return 1.0
    low, high, curve = _curve(spending, one_sided, looks)

    def excess(u: float) -> float:
        return float(chebyshev.chebval((2 * u - low - high) / (high - low), curve)) - size

    if excess(low) >= 0:
        return 1.0
    u = high if excess(high) <= 0 else root(excess, low, high)
    return float(ndtr(-u)) * (1 if one_sided else 2)


def stagewise(
    statistic: float,
    fractions: Sequence[float],
    bounds: Sequence[float],
    probability: float,
    *,
    one_sided: bool = False,
) -> float:
    """The effect, in standard errors of the last look, under which this outcome or a greater one has this `probability`.

    Outcomes are ordered by the stage at which they stopped and then by their statistic (Fairbanks and Madsen, Biometrika
    69 (1982) 69-74; Tsiatis, Rosner and Mehta, Biometrics 40 (1984) 797-803): a test that stopped for benefit earlier found
    more. At a probability of 0.5 it is the median-unbiased estimate; at α/2 and 1 − α/2 the limits of an interval.
    `bounds` are those that were in force at each look, `statistic` is that of the last one, where it stopped or stands.
    """
    looks = _looks(fractions)
    if len(bounds) != len(looks) or not 0 < probability < 1 or not isfinite(statistic):
        raise ValueError(
            "every look needs its boundary, the statistic a finite value, the probability one in (0, 1)"
        )
    stops = [(t, b) for t, b in zip(looks[:-1], bounds, strict=False) if b < inf]
    times = np.array([t for t, _ in stops] + [looks[-1]])
    upper = np.array([b for _, b in stops] + [statistic])

    def excess(drift: float) -> float:
        return probability_above(drift, times, upper, one_sided=one_sided) - probability

    middle, reach = statistic / sqrt(looks[-1]), 4 / sqrt(looks[-1])
    low, high = middle - reach, middle + reach
    while excess(low) > 0:
        low -= reach
    while excess(high) < 0:
        high += reach
    return root(excess, low, high, tolerance=1e-11) * sqrt(looks[-1])


def median_unbiased(
    statistic: float, fractions: Sequence[float], bounds: Sequence[float], *, one_sided: bool = False
) -> float:
    """The median-unbiased estimate after stopping, in standard errors of the last look: `stagewise` at one half."""
    return stagewise(statistic, fractions, bounds, 0.5, one_sided=one_sided)


@dataclass(frozen=True, slots=True)
class _Look:
    """A look at many levels at once: its boundaries, and the nodes and weighted densities of the look before."""

    bound: _Array  # (levels,)
    x: _Array  # (levels, nodes): values of S before, where the test goes on
    log_w: _Array  # the logarithm of density × weight there


@lru_cache(maxsize=4096)
def _step(spending: Spending, one_sided: bool, levels: tuple[float, ...], looks: tuple[float, ...]) -> _Look:
    """The last look of `looks`, from the kept one before it: a new look costs one step, whatever came before."""
    alpha, t = np.array(levels), looks[-1]
    if len(looks) == 1:
        x, log_w, before = np.zeros((len(alpha), 1)), np.zeros((len(alpha), 1)), 0.0
    else:
        before = looks[-2]
        last = _step(spending, one_sided, levels, looks[:-1])
        start = looks[-3] if len(looks) > 2 else 0.0
        x, log_w = _go_on(last, before, before - start, t - before, one_sided)
    spent, already = spending.log_spent(t, alpha), spending.log_spent(before, alpha)
    with np.errstate(divide="ignore"):
        log_error = spent + np.log(-np.expm1(np.minimum(already - spent, 0.0)))
    return _Look(_solve(log_error, x, log_w, t, t - before), x, log_w)


def _go_on(last: _Look, t: float, step: float, following: float, one_sided: bool) -> tuple[_Array, _Array]:
    """The density of S at the look `last`, at time t, where the test goes on: nodes, and logarithms of weighted densities."""
    high = np.minimum(last.bound, _FAR) * sqrt(t)
    low = np.full_like(high, -_FAR * sqrt(t)) if one_sided else -high
    low = np.minimum(low, high)
    width = sqrt(min(step, following))
    panels = max(1, ceil(float((high - low).max()) / (_PANEL * width)))
    places = ((np.arange(panels)[:, None] + (_NODES + 1) / 2) / panels).ravel()
    weights = np.tile(_WEIGHTS / 2 / panels, panels)
    x = low[:, None] + (high - low)[:, None] * places
    log_w = np.empty_like(x)
    for level in range(len(x)):  # one at a time: the matrix of all would not stay in the cache
        z = (x[level][:, None] - last.x[level]) / sqrt(step)
        density = np.exp(-0.5 * z * z) @ np.exp(last.log_w[level])
        with np.errstate(divide="ignore"):
            log_w[level] = np.log(density * weights * ((high - low)[level] / sqrt(2 * np.pi * step)))
    return x, log_w


def _solve(log_error: _Array, x: _Array, log_w: _Array, t: float, step: float) -> _Array:
    """The boundary above which S ÷ √t lies with the given probability, from where the test has gone on."""
    # Greater than the root, because not to have stopped before is one more condition; from there Newton's steps on the
    # logarithm of the tail, which is concave, descend to the root and never pass it.
    bound = np.where(np.isfinite(log_error), -ndtri_exp(np.minimum(log_error, -1e-300)), inf)
    if x.shape[1] == 1:
        return bound
    (rows,) = np.nonzero(log_error > _NEGLIGIBLE)
    for _ in range(100):
        if not len(rows):
            break
        z = (bound[rows, None] * sqrt(t) - x[rows]) / sqrt(step)
        log_tail = logsumexp(log_w[rows] + log_ndtr(-z), axis=1)
        log_density = (
            logsumexp(log_w[rows] - 0.5 * z * z, axis=1) - 0.5 * log(2 * np.pi) + 0.5 * log(t / step)
        )
        move = (log_tail - log_error[rows]) * np.exp(log_tail - log_density)
        bound[rows] += move
        rows = rows[np.abs(move) > 1e-14 * (1 + np.abs(bound[rows]))]
    return bound


@lru_cache(maxsize=512)
def _curve(spending: Spending, one_sided: bool, looks: tuple[float, ...]) -> tuple[float, float, _Array]:
    """The last boundary as a polynomial of u = the normal quantile of the level, which it is nearly proportional to."""
    sides = 1 if one_sided else 2
    high = float(-ndtri(LEAST_P / sides))
    low = float(-ndtri(GREATEST_P / sides))
    places = chebyshev.chebpts1(_DEGREE + 1)
    levels = tuple(ndtr(-(low + (high - low) * (places + 1) / 2)).tolist())
    for k in range(len(looks)):
        last = _step(spending, one_sided, levels, looks[: k + 1])
    return low, high, np.asarray(chebyshev.chebfit(places, last.bound, _DEGREE), dtype=np.float64)


def probability_above(
    drift: float, times: Sequence[float] | _Array, upper: Sequence[float] | _Array, *, one_sided: bool = False
) -> float:
    """That S with this drift crosses an upper boundary before the last look, or is at or above the last of `upper` there.

    Two-sided tests end at the mirrored lower boundary too. With the last boundary as the last of `upper` it is the power of
    the upper side; `times` are the fractions of information at the looks.
    """
    x, w, before, total = np.zeros(1), np.ones(1), 0.0, 0.0
    for k, (t, bound) in enumerate(zip(times, upper, strict=True)):
        step = t - before
        total += float(w @ ndtr((x + drift * step - bound * sqrt(t)) / sqrt(step)))
        if k == len(times) - 1:
            break
        following = times[k + 1] - t
        centre, reach = drift * t, 9.5 * sqrt(t)
        high = min(bound * sqrt(t), centre + reach)
        low = centre - reach if one_sided else max(-bound * sqrt(t), centre - reach)
        if low >= high:
            break
        panels = ceil((high - low) / (_PANEL * sqrt(min(step, following))))
        places = ((np.arange(panels)[:, None] + (_NODES + 1) / 2) / panels).ravel()
        nodes = low + (high - low) * places
        z = (nodes[:, None] - x - drift * step) / sqrt(step)
        w = (
            (np.exp(-0.5 * z * z) @ w)
            * np.tile(_WEIGHTS / 2 / panels, panels)
            * ((high - low) / sqrt(2 * np.pi * step))
        )
        x, before = nodes, t
    return total


def _looks(fractions: Sequence[float]) -> tuple[float, ...]:
    looks = tuple(float(t) for t in fractions)
    steps = [b - a for a, b in zip((0.0, *looks), looks, strict=False)]
    if not looks or not all(isfinite(t) for t in looks) or min(steps) < CLOSEST:
        raise ValueError(
            f"looks must be at increasing fractions of the plan, {CLOSEST} apart at least: {looks}"
        )
    return looks


def _check_level(alpha: float) -> None:
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must be between 0 and 1: {alpha}")
