"""How many units, how small an effect, how probable a finding, how many days: before an experiment and during it.

A plan is a test with its looks; what it costs against a single look is its inflation. Everything follows from the drift:
the expected statistic at the plan's end, effect ÷ standard error there.

It must not know which plan an experiment has, nor what a day is in the calendar.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from math import ceil, inf, isfinite, sqrt
from typing import Protocol

from scipy.special import nctdtr, stdtrit

from litmus_server.stats.absence import TooFew, Undefined
from litmus_server.stats.critical import (
    AlwaysValid,
    Critical,
    Fixed,
    GroupSequential,
    Hybrid,
    best_ratio,
)
from litmus_server.stats.group_sequential import Spending, probability_above
from litmus_server.stats.moments import Moments
from litmus_server.stats.roots import root

# --- plans ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Plan:
    """A test and its looks: at each fraction of the planned information, the critical value that is in force then."""

    fractions: tuple[float, ...]
    criticals: tuple[Critical, ...]

    @classmethod
    def fixed(cls) -> "Plan":
        """One look, at the end."""
        return cls((1.0,), (Fixed(),))

    @classmethod
    def group_sequential(cls, looks: int, spending: Spending | None = None) -> "Plan":
        """`looks` evenly spaced ones, O'Brien–Fleming spending unless another is named."""
        at = _evenly(looks)
        return cls(at, tuple(GroupSequential(at[: k + 1], spending or Spending()) for k in range(looks)))

    @classmethod
    def always_valid(cls, looks: int, alpha: float = 0.05) -> "Plan":
        """The normal mixture, tuned to the plan's end for `alpha`, looked at `looks` times until then."""
        at = _evenly(looks)
        return cls(at, tuple(AlwaysValid(t * best_ratio(alpha)) for t in at))

    @classmethod
    def hybrid(
        cls, looks: int, alpha: float = 0.05, share: float = 0.1, spending: Spending | None = None
    ) -> "Plan":
        """Planned looks, each also asked of an always-valid reserve that has `share` of `alpha`: the default."""
        planned, reserve = cls.group_sequential(looks, spending), cls.always_valid(looks, alpha * share)
        both = zip(planned.criticals, reserve.criticals, strict=True)
        return cls(
            planned.fractions,
            tuple(
                Hybrid(p, r, share)
                for p, r in both
                if isinstance(p, GroupSequential) and isinstance(r, AlwaysValid)
            ),
        )

    @property
    def single(self) -> bool:
        """Whether there is one look only."""
        return len(self.fractions) == 1

    def rejection(self, drift: float, alpha: float, *, one_sided: bool = False, ratio: float = 1.0) -> float:
        """The probability of rejecting by the end of the plan, when the statistic's expectation there is `drift`.

        `ratio` is the standard error that the test uses ÷ the true one: not 1 where a test of rates pools them.
        Integrated over the looks (Jennison & Turnbull, Group Sequential Methods, 2000, chapter 19).
        """
        bounds = _boundaries(self, alpha, one_sided)
        upper = tuple(bound * ratio for bound in bounds)
        found = probability_above(drift, self.fractions, upper, one_sided=one_sided)
        if one_sided:
            return found
        return found + probability_above(-drift, self.fractions, upper, one_sided=False)

    def drift(self, power: float, alpha: float, *, one_sided: bool = False, ratio: float = 1.0) -> float:
        """The drift at which the plan rejects with probability `power`. ValueError unless alpha < power < 1."""
        return _drift(self, power, alpha, one_sided, ratio)

    def inflation(self, power: float = 0.8, alpha: float = 0.05, *, one_sided: bool = False) -> float:
        """How many times the units of a single look the plan needs at most, for the same `power`."""
        own, single = (each.drift(power, alpha, one_sided=one_sided) for each in (self, Plan.fixed()))
        return (own / single) ** 2


def _evenly(looks: int) -> tuple[float, ...]:
    if looks < 1:
        raise ValueError(f"a plan needs one look at least: {looks}")
    return tuple((k + 1) / looks for k in range(looks))


@lru_cache(maxsize=128)
def _boundaries(plan: Plan, alpha: float, one_sided: bool) -> tuple[float, ...]:
    return tuple(critical.value(alpha, one_sided=one_sided) for critical in plan.criticals)


@lru_cache(maxsize=512)
def _drift(plan: Plan, power: float, alpha: float, one_sided: bool, ratio: float) -> float:
    if not alpha < power < 1:
        raise ValueError(f"power must be between alpha and 1: {power}, {alpha}")
    high = 4.0
    while plan.rejection(high, alpha, one_sided=one_sided, ratio=ratio) < power:
        high *= 2
    return root(
        lambda drift: plan.rejection(drift, alpha, one_sided=one_sided, ratio=ratio) - power,
        0.0,
        high,
        tolerance=1e-10,
    )


# --- what is measured -------------------------------------------------------------------------------------------------


class Baseline(Protocol):
    """A metric as control shows it."""

    @property
    def mean(self) -> float:
        """Control's."""
        ...

    def spread(self, difference: float, shares: tuple[float, float]) -> tuple[float, float]:
        """Variance of the estimated difference × all units, as the test sees it and as it is, if that were true.

        `shares` are control's and treatment's parts of all units.
        """
        ...

    def degrees(self, units: float, shares: tuple[float, float]) -> float:
        """Of the test of a difference; infinite where it is normal."""
        ...


@dataclass(frozen=True, slots=True)
class MeanBaseline:
    """A mean with the variance of one unit's value; `explained` is the part of it that regression adjustment removes.

    For a ratio metric the variance is the delta method's. ValueError unless variance > 0 and 0 ≤ explained < 1.
    """

    mean: float
    variance: float
    explained: float = 0.0

    def __post_init__(self) -> None:
        """ValueError for what is no baseline."""
        if not (isfinite(self.mean) and 0 < self.variance < inf and 0 <= self.explained < 1):
            raise ValueError(f"a baseline is a finite mean, a variance > 0, a part from 0 to below 1: {self}")

    @classmethod
    def of(cls, moments: Moments, explained: float = 0.0) -> "MeanBaseline | TooFew | Undefined":
        """From what an experiment, or a time before it, has shown."""
        mean, variance = moments.mean, moments.variance
        if isinstance(mean, TooFew):
            return mean
        if isinstance(variance, TooFew):
            return variance
        if not variance:
            return Undefined("power", "no unit differs from another")
        return cls(mean, variance, explained)

    def spread(self, difference: float, shares: tuple[float, float]) -> tuple[float, float]:  # noqa: ARG002
        """The same in both arms and under every effect."""
        found = self.variance * (1 - self.explained) * (1 / shares[0] + 1 / shares[1])
        return found, found

    def degrees(self, units: float, shares: tuple[float, float]) -> float:
        """Units of both arms less two."""
        return units * sum(shares) - 2


@dataclass(frozen=True, slots=True)
class RateBaseline:
    """A conversion rate; the test is the pooled z-test. ValueError unless 0 < mean < 1."""

    mean: float

    def __post_init__(self) -> None:
        """ValueError for what is no rate."""
        if not 0 < self.mean < 1:
            raise ValueError(f"a rate is between 0 and 1: {self.mean}")

    def spread(self, difference: float, shares: tuple[float, float]) -> tuple[float, float]:
        """Pooled, and each arm's own (Fleiss, Levin & Paik, Statistical Methods for Rates and Proportions, 2003, 4.3)."""
        p0, p1 = self.mean, min(max(self.mean + difference, 0.0), 1.0)
        pooled = (shares[0] * p0 + shares[1] * p1) / sum(shares)
        each = p0 * (1 - p0) / shares[0] + p1 * (1 - p1) / shares[1]
        return pooled * (1 - pooled) * (1 / shares[0] + 1 / shares[1]), each

    def degrees(self, units: float, shares: tuple[float, float]) -> float:  # noqa: ARG002
        """Infinite."""
        return inf


# --- the four questions -----------------------------------------------------------------------------------------------


_CERTAIN = 35.0


@dataclass(frozen=True, slots=True)
class Comparison:
    """Treatment against control, as it is planned. `shares` are control's and treatment's parts of all units.

    `margin` makes it a test of non-inferiority: of "worse by the margin or more", in the metric's units, one-sided.
    `alpha` is that of this comparison: divided before, where several are adjusted together. ValueError for others.
    """

    baseline: Baseline
    plan: Plan = field(default_factory=Plan.fixed)
    alpha: float = 0.05
    one_sided: bool = False
    shares: tuple[float, float] = (0.5, 0.5)
    margin: float = 0.0

    def __post_init__(self) -> None:
        """ValueError names what cannot be planned."""
        if not 0 < self.alpha < 1:
            raise ValueError(f"alpha must be between 0 and 1: {self.alpha}")
        if not (min(self.shares) > 0 and sum(self.shares) <= 1 + 1e-9):
            raise ValueError(f"shares must be positive and at most 1 together: {self.shares}")
        if self.margin < 0 or (self.margin and not self.one_sided):
            raise ValueError(f"a margin is at least 0, and belongs to a one-sided test: {self.margin}")

    def power(self, difference: float, units: float) -> float:
        """The probability that `units` in all find a true `difference`, in the metric's units.

        For a mean and a single look by the non-central t distribution, otherwise by the normal one.
        """
        if not units > 0:
            return self.alpha
        assumed, true = self.baseline.spread(difference, self.shares)
        distance = difference + self.margin
        if not self.one_sided:
            distance = abs(distance)
        degrees = self.baseline.degrees(units, self.shares)
        if not true > 0:
            return 1.0 if distance > 0 else self.alpha
        drift = distance / sqrt(true / units)
        if self.plan.single and 0 < degrees < 1e6:
            return self._power_of_t(drift, degrees)
        return self.plan.rejection(drift, self.alpha, one_sided=self.one_sided, ratio=sqrt(assumed / true))

    def units(self, difference: float, power: float = 0.8) -> float | Undefined:
        """How many units in all find a true `difference` with probability `power`; at most, where the plan may stop earlier."""
        distance = difference + self.margin
        assumed, true = self.baseline.spread(difference, self.shares)
        if distance == 0 or (self.one_sided and distance < 0):
            return Undefined("a sample size", "there is nothing to find in this direction")
        if not true > 0:
            return Undefined("a sample size", "with this difference every unit of an arm is alike")
        drift = self.plan.drift(power, self.alpha, one_sided=self.one_sided, ratio=sqrt(assumed / true))
        normal = true * (drift / distance) ** 2
        if not self.plan.single or self.baseline.degrees(normal, self.shares) == inf:
            return normal
        low, high = max(normal, 2.5 / sum(self.shares)), 2 * normal + 100 / sum(self.shares)
        if self.power(difference, low) >= power:
            return low
        return root(lambda n: self.power(difference, n) - power, low, high, tolerance=1e-12)

    def detectable(self, units: float, power: float = 0.8, *, upwards: bool = True) -> float | Undefined:
        """The smallest difference that `units` in all find with probability `power`; negative when not `upwards`.

        Undefined where even the largest possible difference is not found.
        """
        sign = 1.0 if upwards or self.one_sided else -1.0
        mean = self.baseline.mean
        if isinstance(self.baseline, RateBaseline):
            limit = (1 - mean if sign > 0 else mean) * (1 - 1e-9)
        else:
            limit = 1.0
            while units > 0 and self.power(sign * limit, units) < power and limit < 1e300:
                limit *= 4
        if not units > 0 or self.power(sign * limit, units) < power:
            return Undefined("a detectable difference", "so few units would not find any")
        least = -self.margin
        return sign * root(lambda d: self.power(sign * d, units) - power, least, limit, tolerance=1e-15)

    def _power_of_t(self, drift: float, degrees: float) -> float:
        if drift > _CERTAIN:  # where the non-central distribution has no value any more
            return 1.0
        tail = self.alpha if self.one_sided else self.alpha / 2
        t = float(-stdtrit(degrees, tail))
        found = 1 - float(nctdtr(degrees, drift, t))
        # Of the wrong side nothing is left beyond five standard errors, where scipy begins to answer nan.
        return found if self.one_sided or drift > 5 else found + float(nctdtr(degrees, drift, -t))


# --- days -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Duration:
    """`days` until enough units have come, and the whole `cycles` (weeks, unless said otherwise) that this takes."""

    days: int
    cycles: int


def duration(units: float, units_a_day: float, cycle: int = 7) -> Duration | Undefined:
    """From a typed-in rate. An experiment ends with a whole cycle, at least one: Mondays are not Sundays."""
    if not units_a_day > 0:
        return Undefined("a duration", "no units come")
    days = max(1, ceil(units / units_a_day))
    return Duration(days, ceil(days / cycle))


def remaining(units: float, new_units: Sequence[int], cycle: int = 7) -> Duration | TooFew | Undefined:
    """How much longer until `units` more have come, from an experiment's own new units on each complete day so far.

    First visits become rarer, because those who come often have come. So after two cycles the next one is expected to
    bring as much less than the last as the last brought less than the one before (never more); before that, as much
    as the days so far. Undefined where that sum never reaches `units`. Needs one complete day.
    """
    if units <= 0:
        return Duration(0, 0)
    if not new_units:
        return TooFew("a forecast of units", 1, 0)
    latest = new_units[-cycle:]
    rate, ratio = sum(latest) / len(latest), 1.0
    if len(new_units) >= 2 * cycle:
        before = sum(new_units[-2 * cycle : -cycle])
        ratio = min(1.0, sum(latest) / before) if before else 1.0
    if not rate:
        return Undefined("a forecast of units", "no units come any more")
    if ratio < 1 and rate * cycle * ratio / (1 - ratio) <= units:
        return Undefined("a forecast of units", "new units become so few that this many will never have come")
    if ratio == 1:  # exactly: a float's rounding would make a day of it
        days = ceil(Fraction(units) * len(latest) / sum(latest))
        return Duration(days, ceil(days / cycle))
    days, missing = 0, float(units)
    while True:
        rate *= ratio
        if missing <= rate * cycle:
            days += ceil(missing / rate)
            return Duration(days, ceil(days / cycle))
        missing -= rate * cycle
        days += cycle
