"""P(best) of many experiments side by side, to about 1e-6: for simulations, where 1e-12 would cost ten times the time.

The integral of `pbest.py` on the same kind of panels, four nodes each, with one shape for all experiments.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from litmus_server.stats.pbest import pbest_beta, running_integral

Array = NDArray[np.float64]

_AT, _WEIGHTS, _S = running_integral(4)
_STEPS = np.array([0.0, 0.8, 1.6, 2.5, 3.5, 4.8, 6.5, 9.0, 13.0])
_STEPS = np.concatenate([-_STEPS[:0:-1], _STEPS])
_AT_ONCE = 250_000  # densities that are computed together: they stay in the cache
_LEAST = 0.9  # below it a Beta density on the logit scale has tails that these panels do not reach


def many_beta(a: Array, b: Array) -> Array:
    """P(best) of independent Beta(a, b) arms; arrays of the shape (experiments, arms)."""
    slow = (np.minimum(a, b) < _LEAST).any(axis=1)
    out = np.empty_like(a)
    for row in np.flatnonzero(slow):
        out[row] = pbest_beta(a[row], b[row]).probability
    if slow.all():
        return out
    a, b = a[~slow], b[~slow]
    wide_a, wide_b = np.maximum(a, 1), np.maximum(b, 1)
    centre, scale = np.log(wide_a / wide_b), np.sqrt(1 / wide_a + 1 / wide_b)
    top = a * centre - (a + b) * np.logaddexp(0, centre)

    def log_density(rows: slice, t: Array) -> Array:
        bend = np.logaddexp(0, t)[:, None]
        own = (slice(None), slice(None), None, None)
        return np.asarray(a[rows][own] * t[:, None] - (a + b)[rows][own] * bend - top[rows][own])

    out[~slow] = _integrated(centre, scale, log_density)
    return out


def many_normal(mean: Array, sd: Array) -> Array:
    """P(best) of independent Normal(mean, sd) arms; arrays of the shape (experiments, arms)."""

    def log_density(rows: slice, t: Array) -> Array:
        own = (slice(None), slice(None), None, None)
        return np.asarray(-0.5 * ((t[:, None] - mean[rows][own]) / sd[rows][own]) ** 2)

    return _integrated(mean, sd, log_density)


def _integrated(centre: Array, scale: Array, log_density: Callable[[slice, Array], Array]) -> Array:
    experiments, arms = centre.shape
    out = np.empty_like(centre)
    size = max(1, _AT_ONCE // (arms * arms * len(_STEPS) * len(_AT)))
    for start in range(0, experiments, size):
        rows = slice(start, start + size)
        c, s = centre[rows], scale[rows]
        knots = c[:, :, None] + s[:, :, None] * _STEPS
        edges = np.sort(knots.reshape(len(c), -1), axis=1)
        half = np.diff(edges)[:, :, None] / 2
        f = np.exp(log_density(rows, edges[:, :-1, None] + half * (1 + _AT)))
        mass = f * (half * _WEIGHTS)[:, None]
        panel = mass.sum(axis=-1)
        after = np.cumsum(panel, axis=-1)
        total = after[..., -1:, None]
        below = (((after - panel)[..., None] + half[:, None] * (f @ _S.T)) / total).clip(0, 1)
        best = mass / total * _leave_one_out(below)
        p = best.sum(axis=(-1, -2))
        out[rows] = p / p.sum(axis=1, keepdims=True)
    return out


def _leave_one_out(factors: Array) -> Array:
    """Π_{j≠k} factors_j along the second axis, without a division."""
    out = np.ones_like(factors)
    np.cumprod(factors[:, :-1], axis=1, out=out[:, 1:])
    out[:, :-1] *= np.cumprod(factors[:, :0:-1], axis=1)[:, ::-1]
    return out
