"""Thompson sampling and its relatives: propensities that follow from the probability of being the best arm.

It must not know parameters, floors, or when to publish.
"""

import numpy as np
from numpy.typing import NDArray

from litmus_server.bandits.tallies import Tallies
from litmus_server.stats.pbest import pbest_beta, pbest_normal
from litmus_server.stats.pbest_many import many_beta, many_normal

Array = NDArray[np.float64]


def chances(tallies: Tallies, prior_alpha: float, prior_beta: float) -> Array:
    """The probability that each arm is the best one, under independent posteriors; shape (experiments, arms).

    Rates: Beta(prior_alpha + successes, prior_beta + failures). Numbers: the normal posterior of `normal_posterior`.
    Of one experiment to 1e-12, of many at once (simulations) to about 1e-6.
    """
    if tallies.scatter is None:
        a, b = prior_alpha + tallies.total, prior_beta + tallies.n - tallies.total
        if len(a) == 1:
            best = pbest_beta(a[0], b[0], higher_is_better=tallies.higher_is_better).probability
            return np.array([best])
        return many_beta(a, b) if tallies.higher_is_better else many_beta(b, a)
    mean, sd = normal_posterior(tallies)
    if len(mean) == 1:
        best = pbest_normal(mean[0], sd[0], higher_is_better=tallies.higher_is_better).probability
        return np.array([best])
    return many_normal(mean if tallies.higher_is_better else -mean, sd)


def normal_posterior(tallies: Tallies) -> tuple[Array, Array]:
    """Mean and standard deviation of each arm's mean, from the origin of the tallies.

    The prior is one unit with the mean of all outcomes: weak, and in the data's own units, so that changing the
    currency changes no propensity. Where all values so far are the same nothing is known, and all arms are alike.
    """
    own, common = tallies.spread
    centre = tallies.total.sum(axis=1, keepdims=True) / np.maximum(tallies.outcomes, 1)
    mean = (tallies.total + centre) / (tallies.n + 1)
    known = common > 0
    scale = np.sqrt(np.where(known, common, 1.0))
    sd = np.sqrt(np.where(known, own, 1.0) / (tallies.n + 1))
    # In units of the common deviation: neither micro-cents nor billions reach the limits of a float.
    return np.where(known, mean / scale, 0.0), np.where(known, sd / scale, 1.0)


def top_two(best: Array, beta: float) -> Array:
    """Top-two Thompson sampling in closed form: with `beta` the best of a draw, else the best of a draw that names
    another: `q_j = p_j·(beta + (1 − beta)·Σ_{i≠j} p_i ÷ (1 − p_i))`. Russo, *Operations Research* 68 (2020), section 4.
    """
    rest = _others(best)
    odds = np.divide(best, rest, out=np.zeros_like(best), where=rest > 0)
    q = best * (beta + (1 - beta) * _others(odds))
    # A winner beyond what a float can doubt: its challengers share alike what they get.
    lost = np.clip(1 - q.sum(axis=1, keepdims=True), 0.0, 1.0)
    challenger = best < best.max(axis=1, keepdims=True)
    count = challenger.sum(axis=1, keepdims=True)
    return np.asarray(
        q
        + np.where(challenger, lost / np.maximum(count, 1), 0.0)
        + np.where(count, 0.0, lost / best.shape[1])
    )


def exploration(best: Array) -> Array:
    """Exploration sampling: `q ∝ p·(1 − p)`. Kasy & Sautmann, *Econometrica* 89 (2021), section 3."""
    product = best * _others(best)
    total = product.sum(axis=1, keepdims=True)
    # Where p is 1 within a float, its limit: half for the winner, the rest alike.
    winner = best >= best.max(axis=1, keepdims=True)
    limit = np.where(winner, 0.5, 0.5 / max(best.shape[1] - 1, 1))
    return np.where(
        total > 0, product / np.where(total > 0, total, 1.0), limit / limit.sum(axis=1, keepdims=True)
    )


def _others(values: Array) -> Array:
    """Σ over all other arms, without a difference: 1 − p of a p close to 1 keeps its digits."""
    left, right = np.cumsum(values, axis=1), np.cumsum(values[:, ::-1], axis=1)[:, ::-1]
    out = np.zeros_like(values)
    out[:, 1:] += left[:, :-1]
    out[:, :-1] += right[:, 1:]
    return out
