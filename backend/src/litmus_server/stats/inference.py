"""What a contrast says at a critical value: effect, interval and p-value, on the difference or on the lift.

The one place where an estimator and a critical value meet. Every comparison, of whatever metric and method, is made here, so that
an interval leaves out the supposed effect exactly where the p-value is below alpha.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from math import inf

from litmus_server.stats.absence import Undefined
from litmus_server.stats.beta import Interval
from litmus_server.stats.contrast import Contrast, Scale, effect
from litmus_server.stats.critical import Critical


class Alternative(StrEnum):
    """What would be news: that the effect differs from the supposed one, is greater, or is less."""

    DIFFERENT = "different"
    GREATER = "greater"
    LESS = "less"


class Direction(StrEnum):
    """Which way a metric is better."""

    INCREASE = "increase"
    DECREASE = "decrease"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Treatment against control. Effects are in the metric's units, or fractions of |control| on the lift.

    `interval` holds the true effect with probability `interval.level`; its ends are infinite where nothing may be concluded yet, and
    one of them always is for a one-sided alternative. `p_value` is that of `null`.
    """

    scale: Scale
    alternative: Alternative
    null: float
    alpha: float
    estimate: float | Undefined
    interval: Interval | Undefined
    statistic: float
    critical_value: float
    p_value: float

    @property
    def significant(self) -> bool:
        """That the supposed effect is refuted at alpha."""
        return self.p_value < self.alpha


def compare(
    contrast: Contrast,
    critical: Critical,
    alpha: float = 0.05,
    *,
    scale: Scale = Scale.DIFFERENCE,
    null: float = 0.0,
    alternative: Alternative = Alternative.DIFFERENT,
) -> Comparison:
    """The contrast at this critical value. ValueError unless 0 < alpha < 1."""
    one_sided = alternative is not Alternative.DIFFERENT
    q = critical.value(alpha, contrast.df, one_sided=one_sided)
    statistic = contrast.statistic(null, scale)
    if alternative is Alternative.LESS:
        statistic = -statistic
    # A one-sided critical value of less than zero, at an alpha above one half, bounds the effect from the other side.
    limits = contrast.limits(q, scale) if q >= 0 else Undefined("the interval", "alpha is above one half")
    interval: Interval | Undefined
    if isinstance(limits, Undefined):
        interval = limits
    else:
        lower = -inf if alternative is Alternative.LESS else limits[0]
        upper = inf if alternative is Alternative.GREATER else limits[1]
        interval = Interval(lower, upper, 1 - alpha)
    return Comparison(
        scale,
        alternative,
        null,
        alpha,
        effect(contrast, scale),
        interval,
        statistic,
        q,
        critical.p_value(statistic, contrast.df, one_sided=one_sided),
    )


def non_inferiority(
    contrast: Contrast,
    critical: Critical,
    margin: float,
    alpha: float = 0.05,
    *,
    direction: Direction = Direction.INCREASE,
    scale: Scale = Scale.DIFFERENCE,
    one_sided: bool = True,
) -> Comparison:
    """Is treatment worse than control by less than `margin` (in the metric's units, or a fraction of |control| on the lift)?

    It is where the comparison is significant and, if two-sided, its statistic positive. The relative margin is tested on
    treatment − (1 ∓ margin)·control, without the delta method. ValueError unless the margin is positive and finite.
    """
    if not 0 < margin < inf:
        raise ValueError(f"the margin must be > 0 and finite: {margin}")
    better = Alternative.GREATER if direction is Direction.INCREASE else Alternative.LESS
    null = -margin if direction is Direction.INCREASE else margin
    if one_sided:
        return compare(contrast, critical, alpha, scale=scale, null=null, alternative=better)
    return compare(contrast, critical, alpha, scale=scale, null=null)


def running(before: Comparison, now: Comparison) -> Comparison:
    """What holds of both looks, for methods that hold at all looks at once: the common part of the intervals, the least p-value.

    Estimate, statistic and critical value are those of now. Where the intervals have nothing in common the effect, or what the
    method assumes, has changed between the looks; the interval is then undefined. A look that has no interval says nothing.
    ValueError for comparisons of different questions.
    """
    asked = [(c.scale, c.alternative, c.null, c.alpha) for c in (before, now)]
    if asked[0] != asked[1]:
        raise ValueError(f"these comparisons ask different things: {asked}")
    interval: Interval | Undefined = now.interval
    if isinstance(now.interval, Undefined):
        interval = before.interval
    elif not isinstance(before.interval, Undefined):
        lower = max(before.interval.lower, now.interval.lower)
        upper = min(before.interval.upper, now.interval.upper)
        interval = Interval(lower, upper, now.interval.level)
        if lower > upper:
            interval = Undefined("the interval", "what was measured at different times has nothing in common")
    return replace(now, interval=interval, p_value=min(before.p_value, now.p_value))
