"""P(best): the probability that each arm has the best mean, and what choosing it is expected to lose.

One integral, `p_k = ∫ f_k(x) · Π_{j≠k} F_j(x) dx`, by composite Gauss–Legendre quadrature on panels that follow
every arm's own posterior; the distribution functions come from the same nodes by spectral integration. Beta
posteriors are integrated over `t = logit(x)`, where the density is smooth for every `a, b > 0`, so a Jeffreys prior
or a prior of 0.001 needs no special case. Never draws (noise in every propensity), never Gauss–Hermite (wrong by two
percentage points when one arm is much sharper than another, which is the normal state of a converged bandit).

It must not know experiments, arm names, priors or floors: numbers in, numbers out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.polynomial.legendre import leggauss, legvander
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

NODES = 10
SUM_TOLERANCE = 1e-6
SMALLEST = 1e-9


class QuadratureFailed(ArithmeticError):
    """The probabilities of all arms did not add up to 1 within 1e-6: do not publish anything made of them."""


@dataclass(frozen=True, slots=True)
class Best:
    """For each arm, in the order given: the probability of being the best, and the expected loss of choosing it.

    `expected_loss` is E[best mean − this arm's mean] (never negative, also where lower is better) and
    `expected_best` is E[best mean], both in the unit of the arms' means.
    """

    probability: tuple[float, ...]
    expected_loss: tuple[float, ...]
    expected_best: float


def pbest_beta(a: ArrayLike, b: ArrayLike, *, higher_is_better: bool = True) -> Best:
    """P(best) of independent Beta(a, b) arms, a and b at least 1e-9. ValueError for anything else."""
    a, b = _checked(a, b, "a and b must be")
    if min(a.min(), b.min()) < SMALLEST:
        raise ValueError(f"a and b must be at least {SMALLEST}")
    if not higher_is_better:
        mirrored = pbest_beta(b, a)
        return Best(mirrored.probability, mirrored.expected_loss, 1 - mirrored.expected_best)
    arms = [BetaLogit(float(a_k), float(b_k)) for a_k, b_k in zip(a, b, strict=True)]
    return _integrate([arm.knots() for arm in arms], [arm.density for arm in arms], a / (a + b), logistic)


def pbest_normal(mean: ArrayLike, sd: ArrayLike, *, higher_is_better: bool = True) -> Best:
    """P(best) of independent Normal(mean, sd) arms, sd > 0. ValueError for anything else."""
    mean, sd = _checked(mean, sd, "mean and sd must be")
    if sd.min() <= 0:
        raise ValueError("sd must be > 0")
    if not higher_is_better:
        mirrored = pbest_normal(-mean, sd)
        return Best(mirrored.probability, mirrored.expected_loss, -mirrored.expected_best)
    origin = float(mean.max())  # near zero the nodes keep all their digits, whatever the means
    arms = [_Normal(float(m), float(s)) for m, s in zip(mean - origin, sd, strict=True)]
    best = _integrate(
        [arm.knots() for arm in arms], [arm.density for arm in arms], mean - origin, np.positive
    )
    return Best(best.probability, best.expected_loss, origin + best.expected_best)


def _checked(first: ArrayLike, second: ArrayLike, must_be: str) -> tuple[Array, Array]:
    first, second = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if first.ndim != 1 or first.shape != second.shape or first.size == 0:
        raise ValueError(f"{must_be} two lists of the same length, one entry an arm")
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise ValueError(f"{must_be} finite")
    return first, second


# --- the posterior of one arm: where its panels are, and its density up to a constant -----------------------------

# Distances from the centre, in standard deviations: fine where the mass is, then growing by about a third.
_STEPS = np.concatenate([[0, 0.7, 1.4, 2, 2.7, 3.4, 4.2, 5.2, 6.5, 8, 10, 13], 13 * 1.33 ** np.arange(1, 82)])


def _knots(centre: float, scale: float, left: float, right: float) -> Array:
    """Panel boundaries around `centre`, out to the first step past `left` and `right` (distances)."""
    down, up = (_STEPS[: np.searchsorted(_STEPS, reach / scale) + 1] for reach in (left, right))
    return np.concatenate([centre - scale * down[:0:-1], centre + scale * up])


@dataclass(frozen=True, slots=True)
class _Normal:
    mean: float
    sd: float

    def knots(self) -> Array:
        return _knots(self.mean, self.sd, 10 * self.sd, 10 * self.sd)

    def density(self, x: Array) -> Array:
        z = (x - self.mean) / self.sd
        f: Array = np.exp(-0.5 * z * z)
        return f


class BetaLogit:
    """logit(x) of x ~ Beta(a, b): density ∝ exp(a·t) / (1 + exp(t))^(a+b)."""

    def __init__(self, a: float, b: float) -> None:
        self.a, self.b = a, b
        # The mode and its curvature; below 1 they stay at the bend beside which a slow exponential tail begins.
        wide_a, wide_b = max(a, 1.0), max(b, 1.0)
        self.centre = float(np.log(wide_a / wide_b))
        self.scale = float(np.sqrt(1 / wide_a + 1 / wide_b))
        self.at_centre = wide_a / (wide_a + wide_b), wide_b / (wide_a + wide_b)

    def knots(self) -> Array:
        # Nine deviations if it is like a Normal, and 40 scales of the exponential tail exp(a·t) or exp(−b·t).
        return _knots(self.centre, self.scale, 9 * self.scale + 40 / self.a, 9 * self.scale + 40 / self.b)

    def density(self, t: Array) -> Array:
        """Relative to the centre, by differences that lose no digits however large a and b are."""
        d = t - self.centre
        x, y = self.at_centre
        if self.a <= self.b:
            log_f = self.a * d - (self.a + self.b) * _log1p_of_expm1(x, d)
        else:
            log_f = -self.b * d - (self.a + self.b) * _log1p_of_expm1(y, -d)
        f: Array = np.exp(log_f)
        return f


def _log1p_of_expm1(x: float, d: Array) -> Array:
    """log(1 − x + x·exp(d)), exact near d = 0 and without overflow far from it."""
    out: Array = np.log1p(x * np.expm1(np.minimum(d, 700.0))) + np.maximum(d - 700.0, 0.0)
    return out


def logistic(t: Array) -> Array:
    """1 / (1 + exp(−t)), with all its digits however small it is."""
    x: Array = np.exp(-np.logaddexp(0.0, -t))
    return x


# --- the integral -----------------------------------------------------------------------------------------------


def running_integral(nodes: int) -> tuple[Array, Array, Array]:
    """Nodes and weights on [−1, 1], and S with (S·f)_q = ∫_{−1}^{x_q} f, exact for polynomials of the nodes."""
    x, w = leggauss(nodes)
    v = legvander(x, nodes)
    k = np.arange(1, nodes)
    integrals = np.column_stack([x + 1, (v[:, 2:] - v[:, :-2]) / (2 * k + 1)])
    coefficients = v[:, :nodes].T * w * (2 * np.arange(nodes) + 1)[:, None] / 2
    return x, w, integrals @ coefficients


NODES_AT, WEIGHTS, _S = running_integral(NODES)


def _integrate(
    knots: Sequence[Array],
    densities: Sequence[Callable[[Array], Array]],
    means: Array,
    mean_at: Callable[[Array], Array],
) -> Best:
    """`mean_at` turns the coordinate of the knots into the unit of the means."""
    if len(means) == 1:
        return Best((1.0,), (0.0,), float(means[0]))
    edges = panels(knots)
    half = np.diff(edges)[:, None] / 2
    nodes = edges[:-1, None] + half * (1 + NODES_AT)
    weights = half * WEIGHTS
    mass, below = np.zeros((len(means), *nodes.shape)), np.zeros((len(means), *nodes.shape))
    for k, (own, density) in enumerate(zip(knots, densities, strict=True)):
        first = max(int(np.searchsorted(edges, own[0], "right")) - 1, 0)
        last = int(np.searchsorted(edges, own[-1], "left"))
        f = density(nodes[first:last])
        panel_mass = f * weights[first:last]
        after = np.cumsum(panel_mass.sum(axis=1))
        before = np.concatenate([[0.0], after[:-1]])[:, None]
        mass[k, first:last] = panel_mass / after[-1]
        below[k, first:last] = (before + half[first:last] * (f @ _S.T)) / after[-1]
        below[k, last:] = 1.0
    best_here = mass * _leave_one_out(below.clip(0.0, 1.0))
    p = best_here.sum(axis=(1, 2))
    total = float(p.sum())
    if not abs(total - 1) <= SUM_TOLERANCE:
        raise QuadratureFailed(f"the probabilities add up to {total!r}")
    expected_best = float((best_here.sum(axis=0) * mean_at(nodes)).sum()) / total
    loss = (expected_best - means).clip(0.0)
    return Best(tuple((p / total).tolist()), tuple(loss.tolist()), expected_best)


def panels(knots: Sequence[Array]) -> Array:
    """One set of panels that is nowhere wider than any arm's own: the union of all knots, less the needless ones."""
    edges = np.unique(np.concatenate(knots))
    middles = (edges[:-1] + edges[1:]) / 2
    finest = np.full(len(middles), np.inf)
    for own in knots:
        widths = np.concatenate([[np.inf], np.diff(own), [np.inf]])
        np.minimum(finest, widths[np.searchsorted(own, middles)], out=finest)
    kept, limit = [float(edges[0])], np.inf
    for start, end, width in zip(edges[:-1].tolist(), edges[1:].tolist(), finest.tolist(), strict=True):
        limit = min(limit, width)
        if end - kept[-1] > limit and start > kept[-1]:
            kept.append(start)
            limit = width
    return np.array([*kept, float(edges[-1])])


def _leave_one_out(factors: Array) -> Array:
    """Π_{j≠k} factors_j for each k, without a division: products from the left times products from the right."""
    out = np.ones_like(factors)
    np.cumprod(factors[:-1], axis=0, out=out[1:])
    out[:-1] *= np.cumprod(factors[:0:-1], axis=0)[::-1]
    return out
