"""What a policy that decides by features has brought, held against the units of its holdback.

Where every unit has shares of its own no arm has one mean, and sums by version say nothing. But who is held back is drawn with one
known probability, whatever the features: two groups of one experiment. It must not know a policy, nor how sums come about.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from litmus.decide import BUCKETS

from litmus_server.domain.holdback import Held
from litmus_server.stats.absence import TooFew, Undefined
from litmus_server.stats.critical import Critical
from litmus_server.stats.moments import MICRO, Moments
from litmus_server.stats.start import TooSkewed, not_open

_SIDES = "units that the policy decides for", "units that are held back"


@dataclass(frozen=True, slots=True)
class Brought:
    """How much more (where lower is better, less) the units brought than if all had been drawn as those that are held back: in
    conversions, or in the metric's units, with an interval of `1 − alpha`. `others` is how many units, on average, were not held back.
    """

    estimate: float
    lower: float
    upper: float
    others: float


def brought(
    groups: Sequence[Held], critical: Critical, *, alpha: float, binary: bool, higher_is_better: bool
) -> Brought | TooFew | TooSkewed | Undefined:
    """Σ over units of w·(y − m): w is 1 for a unit that is not held back, −(1 − s)/s for one that is; s is the share of the holdback
    when it was drawn, m the mean of all.

    E[w] = 0 for every unit, so that the sum has the mean (1 − s)·(what it brings more) for each of them, also where s has been changed
    meanwhile; this is Horvitz & Thompson (1952) with a known probability. The variance is Σw²(y − m)² less what the mean explains.
    Nothing is said before the start rule of watched figures allows it (`stats/start.py`).
    """
    open_, held = (sums_of(groups, held=side) for side in (False, True))
    seen = tuple(sum(each.seen for each in groups if each.held is side) for side in (False, True))
    closed = not_open(open_, held, (seen[0], seen[1]), binary=binary, names=_SIDES)
    if closed is not None:
        return closed
    everybody = open_.merge(held)
    mean = everybody.s1 / everybody.n
    estimate = variance = others = 0.0
    for each in groups:
        share = each.share / BUCKETS
        weight = -(1 - share) / share if each.held else 1.0
        estimate += weight * (each.total - each.units * mean)
        variance += weight**2 * (each.squares - 2 * mean * each.total + each.units * mean**2)
        others += (1 - share) * each.units
    variance -= estimate**2 / everybody.n
    if not variance > 0:
        return Undefined("what the policy brought", "no outcome differs")
    found = estimate / MICRO * (1 if higher_is_better else -1)
    reach = critical.value(alpha, held.n - 1) * sqrt(variance) / MICRO
    return Brought(found, found - reach, found + reach, others)


def sums_of(groups: Sequence[Held], *, held: bool) -> Moments:
    """Of the outcomes of one side, over all shares that there were."""
    mine = [(each.units, each.total, each.squares, each.cubes) for each in groups if each.held is held]
    return Moments(*map(sum, zip(*mine, strict=True))) if mine else Moments()
