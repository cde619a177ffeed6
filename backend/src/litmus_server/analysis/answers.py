"""How often somebody looks, and what an answer is then worth: from a contrast to intervals and p-values at any level.

Every way answers `at(alpha, scale)`; whatever alpha is asked for, an interval leaves out zero exactly where the p-value is below it.
Corrections for several questions ask again at another alpha, and need no other code.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import inf
from typing import Protocol

from litmus_server.stats.absence import TooFew, Undefined
from litmus_server.stats.beta import Interval
from litmus_server.stats.contrast import Contrast, Scale, effect
from litmus_server.stats.critical import RESERVE, AlwaysValid, Fixed, GroupSequential, as_rare_t
from litmus_server.stats.group_sequential import boundaries
from litmus_server.stats.inference import Alternative, Comparison, compare
from litmus_server.stats.multinomial import Epoch, RateLift, log_evidence, p_value, rate_lift


class Answer(Protocol):
    """One question's answer at any level."""

    def at(self, alpha: float, scale: Scale) -> Comparison:
        """The comparison with no effect."""
        ...

    def log_evidence(self) -> float | None:
        """Of the present moment, where the answer is an e-value: what e-BH adjusts. None where it is none."""
        ...


@dataclass(frozen=True, slots=True)
class Direct:
    """One contrast at one critical value: a single look, or any look at any time."""

    contrast: Contrast
    critical: Fixed | AlwaysValid

    def at(self, alpha: float, scale: Scale) -> Comparison:
        """As `compare`."""
        return compare(self.contrast, self.critical, alpha, scale=scale)

    def log_evidence(self) -> float | None:
        """Of the mixture, where it is always valid."""
        if isinstance(self.critical, Fixed):
            return None
        return self.critical.log_evidence(self.contrast.statistic(), self.contrast.df)


@dataclass(frozen=True, slots=True)
class Kept:
    """A planned look: what was compared, the boundary that was in force, and the repeated p-value then."""

    contrast: Contrast
    boundary: GroupSequential
    p_value: float


@dataclass(frozen=True, slots=True)
class Planned:
    """The looks that were taken, with `1 − reserve` of alpha, and at any time the always-valid reserve with the rest.

    What holds is what all of them leave: the errors add up to alpha. Without a reserve (None) nothing is said before the first look.
    """

    looks: Sequence[Kept]
    contrast: Contrast
    reserve: AlwaysValid | None

    def at(self, alpha: float, scale: Scale) -> Comparison:
        """The common part of all intervals, the least p-value; the estimate is the present one."""
        contrast, reserve = self.contrast, self.reserve
        statistic, p, q, part = contrast.statistic(0.0, scale), 1.0, inf, 1.0
        bounds: tuple[float, ...] = ()
        if reserve is not None:
            part = 1 - RESERVE
            q = reserve.value(alpha * RESERVE, contrast.df)
            p = min(p, reserve.p_value(statistic, contrast.df) / RESERVE)
        if self.looks:
            bounds = _bounds(self.looks[-1].boundary, alpha * part)
            p = min(p, min(look.p_value for look in self.looks) / part)
        looked = tuple(
            (look.contrast, as_rare_t(bound, look.contrast.df))
            for look, bound in zip(self.looks, bounds, strict=True)
        )
        limits = _narrowed(_left_by(looked, scale), contrast, q, scale)
        if not isinstance(limits, Undefined) and limits[0] > limits[1]:
            limits = Undefined("the interval", "what was measured at different times has nothing in common")
        interval = limits if isinstance(limits, Undefined) else Interval(*limits, 1 - alpha)
        estimate = effect(contrast, scale)
        in_force = bounds[-1] if bounds and reserve is None else q
        return Comparison(
            scale, Alternative.DIFFERENT, 0.0, alpha, estimate, interval, statistic, in_force, p
        )

    def log_evidence(self) -> float | None:
        """None: repeated p-values are not e-values."""
        return None


@dataclass(frozen=True, slots=True)
class Exact:
    """Counts of conversions by epoch of weights, (control, treatment): the conditional multinomial test, for lifts only."""

    epochs: tuple[Epoch, ...]
    share: float = 1.0
    """Of alpha that it may use."""

    def lift(self, alpha: float) -> RateLift | TooFew | Undefined:
        """The lift and its interval, at `share` of alpha."""
        found = rate_lift(self.epochs, alpha * self.share)
        return (
            found
            if not isinstance(found, RateLift)
            else replace(found, interval=replace(found.interval, level=1 - alpha))
        )

    def at(self, alpha: float, scale: Scale) -> Comparison:
        """Of the lift; the difference has no interval here."""
        found = self.lift(alpha)
        evidence = log_evidence(self.epochs)
        interval: Interval | Undefined = (
            found.interval
            if isinstance(found, RateLift) and scale is Scale.LIFT
            else Undefined("the interval", "the exact test of counts is of the lift")
        )
        estimate = (
            found.lift if isinstance(found, RateLift) else Undefined("the lift", "no unit has converted")
        )
        p = min(1.0, p_value(evidence) / self.share)
        return Comparison(scale, Alternative.DIFFERENT, 0.0, alpha, estimate, interval, 0.0, inf, p)

    def log_evidence(self) -> float | None:
        """Of the counts."""
        return log_evidence(self.epochs)


@lru_cache(maxsize=4096)
def _bounds(last: GroupSequential, alpha: float) -> tuple[float, ...]:
    """The boundaries of all looks up to the last one, that of the last as it was."""
    before = boundaries(last.fractions, alpha, last.spending)
    return (*before[:-1], last.value(alpha))


_Left = tuple[float, float] | Undefined
"""What intervals have in common, the upper end below the lower one where that is nothing; Undefined where none of them has ends."""


@lru_cache(maxsize=4096)
def _left_by(looked: tuple[tuple[Contrast, float], ...], scale: Scale) -> _Left | None:
    """What looks leave, of contrasts at their critical values; None without one. Remembered, for looks that were taken stay.

    The narrowest comes first: those that hold both its ends need no search.
    """
    left: _Left | None = None
    for contrast, q in sorted(looked, key=lambda each: each[1] * each[0].standard_error):
        left = _narrowed(left, contrast, q, scale)
    return left


def _narrowed(left: _Left | None, contrast: Contrast, q: float, scale: Scale) -> _Left:
    """What this contrast leaves of that. The ends of an interval cost a search; whether a value is inside, one statistic."""
    ends = None if isinstance(left, Undefined) else left
    if ends is not None and all(abs(contrast.statistic(end, scale)) <= q for end in ends):
        return ends
    limits = contrast.limits(q, scale)
    if isinstance(limits, Undefined):
        return limits if left is None else left
    return limits if ends is None else (max(ends[0], limits[0]), min(ends[1], limits[1]))
