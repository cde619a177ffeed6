"""Epsilon-greedy: most traffic to the best mean so far, a part spread over all arms. It must not know floors."""

import numpy as np
from numpy.typing import NDArray

from litmus_server.bandits.tallies import Tallies

Array = NDArray[np.float64]

AT = 1_000
"""The number of outcomes at which a decaying exploration equals `epsilon`."""


def epsilon_greedy(tallies: Tallies, epsilon: float, *, decay: bool) -> Array:
    """`(1 − ε)·[best mean] + ε/K`; equal best means share. An arm without a unit counts as a best one.

    Auer, Cesa-Bianchi & Fischer 2002, section 3. With decay, `ε_t = min(1, epsilon·(t/1000)^(−1/3))` at t outcomes.
    """
    gain = np.where(tallies.n > 0, _mean(tallies), np.inf)
    best = (gain >= gain.max(axis=1, keepdims=True)).astype(np.float64)
    best /= best.sum(axis=1, keepdims=True)
    share = np.full_like(tallies.outcomes, epsilon)
    if decay:
        share = np.minimum(1.0, epsilon * np.cbrt(AT / np.maximum(tallies.outcomes, 1)))
    return np.asarray((1 - share) * best + share / tallies.arms)


def _mean(tallies: Tallies) -> Array:
    """The plain mean: without a bound beside it, an arm that was hardly tried must not be drawn to the middle."""
    mean = tallies.total / np.maximum(tallies.n, 1e-300)
    return np.asarray(mean if tallies.higher_is_better else -mean)
