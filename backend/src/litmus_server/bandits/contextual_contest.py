"""P(best) of independent normals, for every single decision: the integral of `stats/pbest.py` on fewer panels.

Three knots an arm instead of forty, with 24 Gauss–Legendre nodes on each panel, and no panel below the point that some arm
is certain to exceed. That the probabilities sum to 1 is checked each time; where they do not, `pbest_normal` is asked.
"""

from collections.abc import Sequence
from math import erfc, sqrt

import numpy as np
from numpy.typing import NDArray

from litmus_server.stats.pbest import pbest_normal, running_integral

Array = NDArray[np.float64]

TOLERANCE = 1e-10
"""The sum of the probabilities may be off by so much; each of them is then off by less."""
_PRUNED = 8.0
"""Combined standard deviations that an arm may lie behind the leader; beyond, it wins with a probability below 1e-15."""
_NODES = 24
_STEPS = np.array([-8.0, -3.0, 0.0, 3.0, 8.0])
_DENSITY = 1 / sqrt(2 * np.pi)


def win_probabilities(means: Sequence[float], deviations: Sequence[float]) -> list[float]:
    """The probability of each arm to be the highest, deviations ≥ 0. Sums to 1 within 1e-10.

    Arms without deviation are as good as their mean; equal ones share.
    """
    if min(deviations) <= 0:
        return _with_certain(means, deviations)
    leader = max(range(len(means)), key=means.__getitem__)
    left = [
        k
        for k, (m, s) in enumerate(zip(means, deviations, strict=True))
        if means[leader] - m <= _PRUNED * sqrt(deviations[leader] ** 2 + s * s)
    ]
    chances = [0.0] * len(means)
    for k, chance in zip(
        left, _contest([means[k] for k in left], [deviations[k] for k in left]), strict=True
    ):
        chances[k] = chance
    return chances


def _contest(means: list[float], deviations: list[float]) -> list[float]:
    if len(means) == 1:
        return [1.0]
    if len(means) == 2:
        first = 0.5 * erfc((means[1] - means[0]) / sqrt(2 * (deviations[0] ** 2 + deviations[1] ** 2)))
        return [first, 1 - first]
    chances = _integrated(means, deviations)
    if abs(sum(chances) - 1) <= TOLERANCE:
        return chances
    return list(pbest_normal(means, deviations).probability)


_AT, _WEIGHTS, _S = running_integral(_NODES)
_AT, _S = _AT + 1, np.ascontiguousarray(_S.T)  # nodes on [0, 2], and (f·S)_q


def _integrated(means: list[float], deviations: list[float]) -> list[float]:
    m, s = np.array(means), np.array(deviations)
    m -= m.max()
    low = float((m - 8 * s).max())
    knots = (m[:, None] + s[:, None] * _STEPS).ravel()
    knots.sort()
    knots = knots[int(np.searchsorted(knots, low, "right")) - 1 :]
    knots[0] = low
    half = (knots[1:] - knots[:-1]) * 0.5
    nodes = knots[:-1, None] + half[:, None] * _AT
    z = (nodes - m[:, None, None]) / s[:, None, None]
    f = np.exp(z * z * -0.5)
    f *= (half * _DENSITY)[:, None] / s[:, None, None]
    panels = f @ _WEIGHTS
    below = [
        0.5 * erfc(-(low - mean) / (sqrt(2) * sd)) for mean, sd in zip(m.tolist(), deviations, strict=True)
    ]
    before = np.cumsum(panels, axis=1) - panels + np.array(below)[:, None]
    cdf = f @ _S
    cdf += before[:, :, None]
    others = np.ones_like(cdf)
    np.cumprod(cdf[:-1], axis=0, out=others[1:])
    others[:-1] *= np.cumprod(cdf[:0:-1], axis=0)[::-1]
    others *= f
    chances: list[float] = (others @ _WEIGHTS).sum(axis=1).tolist()
    return chances


def _with_certain(means: Sequence[float], deviations: Sequence[float]) -> list[float]:
    """An arm that is known exactly is one with a deviation too small to matter, beside the others or on its own."""
    widest = max(deviations)
    if widest <= 0:
        top = max(means)
        best = [mean == top for mean in means]
        return [each / sum(best) for each in best]
    return win_probabilities(means, [max(each, widest * 1e-9) for each in deviations])
