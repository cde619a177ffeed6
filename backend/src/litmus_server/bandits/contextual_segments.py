"""Thompson sampling in each segment on its own: a table of Beta posteriors, one row a segment and one entry an arm.

The shares of all segments are worked out when a version is published; a decision looks them up.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from litmus_server.bandits.allocation import allocate, carried_over
from litmus_server.bandits.contextual import MICRO, Sums, floor_ppm
from litmus_server.domain.expectation import UnitBelief
from litmus_server.domain.features import ONE


def fit_segments(
    parameters: Mapping[str, float], sums: Sequence[Sums], *, higher_is_better: bool
) -> dict[str, Any]:
    """The segmented part of a model document: the prior, and of each segment the units and conversions of each arm, and the shares in ppm.

    Posterior of an arm in a segment: Beta(prior_alpha + conversions, prior_beta + units without one). Rewards are 0 or 1.
    """
    from litmus_server.bandits.contest import win_probabilities  # loads numpy, which no decision needs

    alpha, beta = parameters["prior_alpha"], parameters["prior_beta"]
    least, everybody = floor_ppm(parameters), [True] * len(sums)
    rows = []
    for segment in range(len(sums[0].cross)):
        units = [each.outer[_diagonal(segment)] // ONE**2 for each in sums]
        conversions = [each.cross[segment] // (ONE * MICRO) for each in sums]
        posteriors = [(alpha + s, beta + n - s) for n, s in zip(units, conversions, strict=True)]
        wins = win_probabilities(posteriors, everybody, higher_is_better=higher_is_better)
        shares = allocate([win or 0.0 for win in wins], everybody, least)
        rows.append({"units": units, "conversions": conversions, "shares": list(shares)})
    return {"floor": least, "prior": [alpha, beta], "segments": rows}


class SegmentTable:
    """A published table: the share of each arm in each segment."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        """Read what `contextual.fit` made."""
        self._floor = document["floor"]
        self._rows, self._prior = document["segments"], document.get("prior")  # which the first versions lack
        self._shares = [tuple(row["shares"]) for row in self._rows]

    def shares(self, given: Sequence[float], active: Sequence[bool]) -> tuple[int, ...]:
        """See `contextual.Model`. What inactive arms had goes to the others in proportion."""
        row = self._shares[list(given).index(ONE)]
        if all(active):
            return row
        return carried_over(row, active, self._floor) or allocate([1.0] * len(active), active, self._floor)

    def beliefs(self, given: Sequence[float], active: Sequence[bool]) -> list[UnitBelief | None]:
        """See `contextual.Model`."""
        if self._prior is None:
            return [None] * len(active)
        prior_alpha, prior_beta = self._prior
        row = self._rows[list(given).index(ONE)]
        found: list[UnitBelief | None] = []
        for units, conversions, on in zip(row["units"], row["conversions"], active, strict=True):
            alpha, beta = prior_alpha + conversions, prior_beta + units - conversions
            found.append(UnitBelief(alpha / (alpha + beta), alpha=alpha, beta=beta) if on else None)
        return found


def _diagonal(k: int) -> int:
    """The place of (k, k) in a lower triangle that stands row by row."""
    return k * (k + 3) // 2
