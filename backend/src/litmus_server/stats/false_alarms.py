"""How often a rule that promotes by a posterior promotes something when nothing differs: the price of looking.

A variant is promoted as soon as its probability of being the best reaches a threshold, at planned looks. Such a threshold is no
error rate: 0.95, looked at 28 times, promotes in nearly half of all experiments without any effect.

With two variants the probability of being the best is, in large samples, a function of the statistic of their difference: so
the rule is a group-sequential test whose boundaries are known, and the recursion of `group_sequential` gives the answer
(Armitage, McPherson and Rowe, Journal of the Royal Statistical Society A 132 (1969) 235-244). With more there is no recursion;
then as many experiments as fit into a tenth of a second are simulated, always the same ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from litmus_server.stats.group_sequential import probability_above

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Look:
    """After `units` units in all, a probability of being the best of `threshold` promotes. ValueError unless that is from ½ to below 1."""

    units: int
    threshold: float

    def __post_init__(self) -> None:
        """ValueError for what is no look."""
        if self.units < 1 or not 0.5 <= self.threshold < 1:
            raise ValueError(f"a look has units, and a threshold from 0.5 to below 1: {self}")


@lru_cache(maxsize=256)
def false_alarms(looks: tuple[Look, ...], shares: tuple[float, ...], prior: float = 0.0) -> float:
    """The probability that some variant is promoted at one of these looks when all are alike, control included.

    `shares` are the variants' parts of all units, `prior` is the number of units that the prior is worth (alpha + beta of a Beta
    prior), whose mean is taken to be the true rate: one that is not makes unbalanced splits worse. For two shares exact but for the
    normal law; for more within 0.015. ValueError unless looks have increasing units, and two shares or more are positive.
    """
    units = [look.units for look in looks]
    if not looks or sorted(set(units)) != units:
        raise ValueError(f"looks have increasing numbers of units: {units}")
    if len(shares) < 2 or min(shares) <= 0:
        raise ValueError(f"two shares or more, all positive: {shares}")
    whole = sum(shares)
    parts = tuple(share / whole for share in shares)
    if len(parts) == 2:
        return _of_two(looks, parts, prior)
    return _of_many(looks, np.array(parts), prior)


def _of_two(looks: Sequence[Look], shares: Sequence[float], prior: float) -> float:
    """Both variants can be promoted: the two sides of one test."""
    times = [look.units / looks[-1].units for look in looks]
    upper = [float(ndtri(look.threshold)) * _pull(look.units, shares, prior) for look in looks]
    return min(1.0, 2 * probability_above(0.0, times, upper))


def _pull(units: int, shares: Sequence[float], prior: float) -> float:
    """How many times as far the statistic has to go because of the prior, which pulls both variants to its mean."""
    n1, n0 = (units * share for share in shares)
    believed = 1 / (n1 + prior) + 1 / (n0 + prior)
    moved = n1 / (n1 + prior) ** 2 + n0 / (n0 + prior) ** 2
    return sqrt(believed / moved)


_SEED = 20_261_120
_PATHS = 40_000  # of variants, all experiments together
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(40)
_REACH = 6.5  # standard deviations


def _of_many(looks: Sequence[Look], shares: Array, prior: float) -> float:
    """Means of many simulated experiments, look by look; those that have promoted something are over."""
    rng = np.random.default_rng(_SEED)
    count = max(500, _PATHS // max(4, len(shares)))
    sums, before, promoted = np.zeros((count, len(shares))), 0, 0
    for look in looks:
        step = (look.units - before) * shares
        sums = sums + rng.standard_normal(sums.shape) * np.sqrt(step)
        before = look.units
        size = look.units * shares + prior
        over = _promoted(sums / size, 1 / np.sqrt(size), look.threshold)
        promoted += int(over.sum())
        sums = sums[~over]
    return promoted / count


def _promoted(mean: Array, sd: Array, threshold: float) -> NDArray[np.bool_]:
    """Of each row, whether the greatest mean's probability of being the greatest reaches the threshold.

    Nobody else's can, which is at least one half. To be the best is less probable than to be better than the second.
    """
    first = mean.argmax(axis=1)
    rows = np.arange(len(mean))
    top, own = mean[rows, first], sd[first]
    rest = np.where(np.arange(mean.shape[1]) == first[:, None], -np.inf, mean)
    second = rest.argmax(axis=1)
    over = ndtr((top - rest[rows, second]) / np.hypot(own, sd[second])) >= threshold
    z = _NODES * _REACH
    for row in np.flatnonzero(over):
        others = np.delete(np.arange(mean.shape[1]), first[row])
        at = (top[row] + own[row] * z[:, None] - mean[row, others]) / sd[others]
        density = np.exp(-0.5 * z * z) * _WEIGHTS * _REACH / sqrt(2 * np.pi)
        over[row] = density @ ndtr(at).prod(axis=1) >= threshold
    return np.asarray(over)
