"""Upper confidence bounds as propensities: on which arms the next pulls would fall, if no outcome came in between.

The textbook pulls the arm with the highest bound and looks again. A version has to decide many times without looking,
and always the same arm is a disaster. So the next pulls are played with means frozen and counts growing: every arm
that is pulled ends at the same bound q, with N_k(q) pulls in all, and `Σ max(0, N_k(q) − n_k) = plan` fixes q. The
fractions of these pulls are the propensities. It must not know parameters or floors.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from litmus_server.bandits.tallies import Tallies

Array = NDArray[np.float64]

_HALVINGS = 60
_MOST = 1e15  # pulls: more than there are units


def kl_bounds(tallies: Tallies, c: float) -> Array:
    """KL-UCB, `max q: n·kl(mean, q) ≤ (c/2)·ln t`: Bernoulli divergence for rates, Gaussian for numbers.

    Garivier & Cappé, COLT 2011, section 2, with their c of ln ln t at 0; t counts the pulls of the plan.
    """
    mean, budget = tallies.gain, _budget(tallies, c)
    if tallies.scatter is None:
        return _visits(tallies, np.ones_like(budget), lambda q: budget / _kl(mean, q))
    own, common = tallies.spread
    variance = np.where(common > 0, own, 1.0)
    return _visits(
        tallies, _reach(tallies, 2 * variance * budget), lambda q: 2 * variance * budget / (q - mean) ** 2
    )


def ucb1(tallies: Tallies, c: float) -> Array:
    """UCB1, mean + √(c·ln t ÷ n) of outcomes within [0, 1]; the textbook's c is 2.

    Auer, Cesa-Bianchi & Fischer, *Machine Learning* 47 (2002), section 2. Numbers have no range: twice their common
    standard deviation, which bounds that of outcomes in [0, 1] from above, stands for it.
    """
    mean, budget = _within_unit_range(tallies), _budget(tallies, c)
    return _visits(tallies, _reach(tallies, 2 * budget, mean), lambda q: 2 * budget / (q - mean) ** 2, mean)


def ucb_tuned(tallies: Tallies, c: float) -> Array:
    """UCB1-tuned, mean + √(L/n · min(¼, variance + √(2·L/n))) with L = (c/2)·ln t; the same paper, section 4."""
    mean, budget = _within_unit_range(tallies), _budget(tallies, c)
    if tallies.scatter is None:
        variance = mean * (1 - mean)
    else:
        own, common = tallies.spread
        variance = own / (4 * np.where(common > 0, common, 1.0))

    def pulls(q: Array) -> Array:
        r = q - mean
        # The root w = √(L/n) of √2·w³ + variance·w² = r²: Newton from above on a convex function.
        w = (r * r / np.sqrt(2)) ** (1 / 3)
        for _ in range(12):
            w -= (np.sqrt(2) * w**3 + variance * w**2 - r * r) / (3 * np.sqrt(2) * w**2 + 2 * variance * w)
        return np.asarray(budget / np.maximum(w * w, 4 * r * r))

    return _visits(tallies, _reach(tallies, 2 * budget, mean), pulls, mean)


def _visits(
    tallies: Tallies, high: Array, pulls: Callable[[Array], Array], mean: Array | None = None
) -> Array:
    """The fractions of the plan's pulls. `pulls(q)` falls in q, from infinity at the highest mean; at `high`, no
    arm needs more than the plan.
    """
    low = (tallies.gain if mean is None else mean).max(axis=1, keepdims=True)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            wanted = np.maximum(pulls(middle) - tallies.n, 0).sum(axis=1, keepdims=True)
            low, high = (
                np.where(wanted > tallies.plan, middle, low),
                np.where(wanted > tallies.plan, high, middle),
            )
        # From below, where something is wanted even if the next float above wants nothing (a bound of 1 − 1e-17).
        extra = np.nan_to_num(np.maximum(np.minimum(pulls(low), _MOST) - tallies.n, 0))
    total = extra.sum(axis=1, keepdims=True)
    # Where two floats are not far enough apart for any pull, the best mean takes them.
    best = (tallies.gain >= tallies.gain.max(axis=1, keepdims=True)).astype(np.float64)
    best /= best.sum(axis=1, keepdims=True)
    return np.where(total > 0, extra / np.where(total > 0, total, 1.0), best)


def _reach(tallies: Tallies, twice: Array, mean: Array | None = None) -> Array:
    """A bound above which no arm is pulled: there the widest one needs less than an arm's part of the plan."""
    top = (tallies.gain if mean is None else mean).max(axis=1, keepdims=True)
    return np.asarray(top + np.sqrt(np.max(twice, axis=1, keepdims=True) * tallies.arms / tallies.plan))


def _budget(tallies: Tallies, c: float) -> Array:
    return np.asarray(c / 2 * np.log(np.maximum(tallies.outcomes + tallies.plan, 2)))


def _within_unit_range(tallies: Tallies) -> Array:
    if tallies.scatter is None:
        return tallies.gain
    _, common = tallies.spread
    return np.asarray(tallies.gain / (2 * np.sqrt(np.where(common > 0, common, 1.0))))


def _kl(p: Array, q: Array) -> Array:
    """Of Bernoulli(p) from Bernoulli(q), both strictly between 0 and 1."""
    return np.asarray(p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q)))
