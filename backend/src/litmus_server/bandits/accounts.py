"""What a bandit has brought, held against an equal split of the same units or what its holdback gets; and how it divides traffic now.

From the batches of a policy's versions, as `stats/adaptive.py` takes them. It must not know a policy or a report.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from litmus_server.stats.absence import TooFew, Undefined
from litmus_server.stats.adaptive import AfterBandit, Scores
from litmus_server.stats.critical import Critical, Fixed

Array = NDArray[np.float64]

LEAST_UNITS = 50


@dataclass(frozen=True, slots=True)
class Saved:
    """How much more the units brought than the baseline would have: in conversions, or in the metric's units.

    Where lower is better, how much less. `lower` and `upper` are an interval of `1 − alpha`. It is about the propensities
    that were published, not about luck: an arm that won by chance alone saves nothing on average.
    """

    estimate: float
    lower: float
    upper: float
    units: int

    @property
    def per_unit(self) -> float:
        """The same for one unit."""
        return self.estimate / self.units


def regret_saved(
    after: AfterBandit,
    *,
    alpha: float = 0.05,
    critical: Critical | None = None,
    higher_is_better: bool = True,
    against: int | None = None,
) -> Saved | TooFew | Undefined:
    """Σ over units of Σ_k (e_k − b_k)·μ_k, e the propensity with which the unit was drawn, b that of the baseline.

    The baseline is an equal split, b = 1/K over the K arms that the unit could have got; or, where `against` names an arm, that arm,
    while it could be got. These are what a holdback gets: a unit that is held back adds nothing to the sum on average, and given
    its arm and its version, that it was held back says nothing more of its outcome (docs/statistics/holdback.md). Each unit is scored by AIPW (Γ_k of `stats/adaptive.py`), so the estimate is unbiased whatever the policy did. The
    default interval is for one look; pass an always-valid `critical` for a figure that is watched.
    """
    units = after.everybody.n
    if units < LEAST_UNITS:
        return TooFew("regret saved", LEAST_UNITS, units)
    estimate, variance = (float(each) for each in saved(after.scores, against))
    if not variance > 0:
        return Undefined(
            "regret saved", "all decisions so far were those of the baseline, or no outcome differs"
        )
    if not higher_is_better:
        estimate = -estimate
    reach = (critical or Fixed()).value(alpha) * sqrt(variance)
    return Saved(estimate, estimate - reach, estimate + reach, units)


def saved(scores: Scores, against: int | None = None) -> tuple[Array, Array]:
    """The estimate and its variance, of one or many experiments; the baseline is that of `regret_saved`.

    As for contrasts, the variance is the larger of the empirical one, Σψ² of ψ = Σ_k (e_k − b_k)·Γ_k (not centred, so a
    little large), and that which the design implies, Σ_batches N·Σ_k (e_k − b_k)²·σ̂²_k ÷ e_k.
    """
    drawn = scores.e > 0
    baseline = drawn / np.maximum(drawn.sum(axis=-1, keepdims=True), 1)
    if against is not None:
        alone = np.arange(scores.e.shape[-1]) == against
        baseline = np.where(drawn[..., against, None], alone, baseline)
    weight = np.where(drawn, scores.e - baseline, 0.0)
    estimate = (weight * scores.score).sum(axis=(-1, -2))
    # Γ_k = μ̂_k + 1[drawn k]·(y − μ̂_k)/e_k: a unit is in one arm, so only the squares of the second term remain.
    common = (weight * scores.mu).sum(axis=-1)
    residual = scores.score_squared - scores.units * scores.mu**2 - 2 * scores.mu * scores.rest
    empirical = (
        scores.units[..., 0] * common**2
        + 2 * common * (weight * scores.rest).sum(axis=-1)
        + (weight**2 * residual).sum(axis=-1)
    ).sum(axis=-1)
    implied = (scores.units * weight**2 * scores.inverse * scores.unit_variance[..., -1:, :]).sum(
        axis=(-1, -2)
    )
    return np.asarray(estimate), np.maximum(empirical, implied)


@dataclass(frozen=True, slots=True)
class Traffic:
    """How a version divides traffic. Shares are in ppm; `leader` is the ordinal of the arm that most traffic goes to.

    `exploring` is all that the leader does not get. `at_floor` are the arms that would get less without the floor, and
    `floored` is what all floors together keep from being allocated.
    """

    leader: int
    exploring: int
    at_floor: tuple[bool, ...]
    floored: int


def traffic(propensities: Sequence[int], active: Sequence[bool], floor_ppm: int) -> Traffic | Undefined:
    """Of published propensities in ppm. An arm is at its floor where the policy itself gave it less than the floor."""
    if not any(active):
        return Undefined("traffic", "no arm is active")
    leader = max(range(len(propensities)), key=lambda k: (active[k], propensities[k], -k))
    count = sum(active)
    above = 1_000_000 - count * floor_ppm
    at_floor = tuple(
        on and (share - floor_ppm) * 1_000_000 <= floor_ppm * above
        for share, on in zip(propensities, active, strict=True)
    )
    return Traffic(leader, 1_000_000 - propensities[leader], at_floor, count * floor_ppm)
