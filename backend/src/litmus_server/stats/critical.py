"""Critical values behind one interface: by how many standard errors must the data differ, now, at this level?

`value(alpha)` is that number and `p_value(statistic)` the level at which it equals a statistic: each is the other's inverse, so
an interval and a p-value that come from one `Critical` agree. Fixed: one look, planned before. GroupSequential: planned looks.
AlwaysValid: any look at any time, for ever. Hybrid: planned looks and a reserve for all other times; the default.

Statistics of few degrees of freedom are referred to Student's t; it must not know what a contrast is.
"""

from dataclasses import dataclass, field
from math import exp, expm1, inf, isinf, log, log1p, sqrt
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import lambertw, log_ndtr, ndtr, ndtri, stdtr, stdtrit

from litmus_server.stats import group_sequential
from litmus_server.stats.group_sequential import Spending
from litmus_server.stats.roots import root

# The smallest tail that a float can hold: what is rarer counts as this rare.
_TINY = 5e-324
# The part of the error that the default keeps for looks that were not planned.
RESERVE = 0.1
UNPLANNED_UNITS = 10_000
"""For how many units an always-valid interval is narrowest, when nobody has planned any."""


class Critical(Protocol):
    """One way of being right `1 − alpha` of the time. Two-sided unless `one_sided`, which is for positive statistics."""

    def value(self, alpha: float, df: float = inf, *, one_sided: bool = False) -> float:
        """Statistics beyond it reject at `alpha`; infinite where nothing may be concluded now. ValueError unless 0 < alpha < 1."""
        ...

    def p_value(self, statistic: float, df: float = inf, *, one_sided: bool = False) -> float:
        """The least alpha at which this statistic rejects, and 1 where none does."""
        ...


@dataclass(frozen=True, slots=True)
class Fixed:
    """One look, at a time that was chosen before. Who looks 28 times rejects in 28 % of experiments without an effect."""

    def value(self, alpha: float, df: float = inf, *, one_sided: bool = False) -> float:
        """The quantile of the normal distribution, or of Student's t."""
        _check(alpha, df)
        tail = alpha if one_sided else alpha / 2
        return float(-ndtri(tail) if isinf(df) else -stdtrit(df, tail))

    def p_value(self, statistic: float, df: float = inf, *, one_sided: bool = False) -> float:
        """From the tail itself, never from 1 − it: right down to 1e-300."""
        size = statistic if one_sided else abs(statistic)
        tail = float(ndtr(-size) if isinf(df) else stdtr(df, -size))
        return tail if one_sided else 2 * tail


@dataclass(frozen=True, slots=True)
class GroupSequential:
    """Planned looks, of which the last of `fractions` is now: information ÷ planned information at each so far.

    Looks may be added, and need not come when they were planned, as long as the estimate does not decide when. Information is
    whatever grows like 1 ÷ variance of the difference: for one metric and a constant split, 1 ÷ (1/n₁ + 1/n₀). The first
    look at or beyond the plan uses up what is left of alpha; with `final` the last one does, because the experiment ended
    early. Afterwards nothing more may be concluded: the interval of that look stays.
    """

    fractions: tuple[float, ...]
    spending: Spending = field(default_factory=Spending)
    final: bool = False

    def value(self, alpha: float, df: float = inf, *, one_sided: bool = False) -> float:
        """The boundary of this look; for few degrees of freedom the t that is as rare (Jennison and Turnbull 2000, 3.3)."""
        _check(alpha, df)
        bound = group_sequential.boundary(self._looks, alpha, self.spending, one_sided=one_sided)
        return as_rare_t(bound, df)

    def p_value(self, statistic: float, df: float = inf, *, one_sided: bool = False) -> float:
        """The repeated p-value of this look: at least 1e-10, and 1 where it is above one half."""
        z = float(normal_score(statistic, df))
        return group_sequential.repeated_p_value(z, self._looks, self.spending, one_sided=one_sided)

    @property
    def _looks(self) -> tuple[float, ...]:
        # At the end the information that came is all there will be: the fractions are of that (ibid., 7.2.3).
        return tuple(t / self.fractions[-1] for t in self.fractions) if self.final else self.fractions


@dataclass(frozen=True, slots=True)
class AlwaysValid:
    """Any number of looks at any time, without a plan's end: the mixture of likelihood ratios over normal effects.

    `ratio` is the information now ÷ the information of the mixing distribution (see `tuned`). Robbins, Annals of Mathematical
    Statistics 41 (1970) 1397-1409; with an estimated variance Waudby-Smith et al., Annals of Statistics 52 (2024) 2613-2640,
    Theorem 2.2; with few degrees of freedom the t mixture of Lindon, Ham, Tingley and Bojinov, arXiv 2210.08589. The
    error is right for large samples: see `start` for where these begin.
    """

    ratio: float

    def __post_init__(self) -> None:
        """ValueError unless the ratio is positive and finite."""
        if not 0 < self.ratio < inf:
            raise ValueError(f"the information ratio must be > 0 and finite: {self.ratio}")

    @classmethod
    def tuned(cls, information: float, planned: float, alpha: float = 0.05) -> "AlwaysValid":
        """With `information` now, narrowest at the `planned` one for this `alpha`; both in the same, any, measure.

        The plan and alpha must be those of the beginning: whoever changes them while looking spends twice.
        """
        if not planned > 0:
            raise ValueError(f"the planned information must be > 0: {planned}")
        return cls(information / planned * best_ratio(alpha))

    @classmethod
    def of_units(cls, units: int, planned: int | None, alpha: float) -> "AlwaysValid":
        """Tuned with units as the measure; before the first one as with it, and for UNPLANNED_UNITS where nobody has planned any."""
        return cls.tuned(max(units, 1), planned or UNPLANNED_UNITS, alpha)

    def value(self, alpha: float, df: float = inf, *, one_sided: bool = False) -> float:
        """Infinite where so few degrees of freedom can never reject at this alpha."""
        _check(alpha, df)
        r = self.ratio
        if one_sided:
            # Between one and two sides at the same alpha, two sides at twice the alpha are a lower end.
            high = sqrt((1 + r) / r * (log1p(r) + 2 * log(2 / alpha)))
            z = root(lambda z: self._log_evidence_one_sided(z) + log(alpha), 0.0, high)
            return as_rare_t(z, df)
        if isinf(df):
            return sqrt((1 + r) / r * (log1p(r) + 2 * log(1 / alpha)))
        log_k = -log1p(r)
        log_b = (log_k + 2 * log(alpha)) / (df + 1)
        if log_b <= log_k:
            return inf
        return sqrt(df * -expm1(log_b) / (exp(log_b) - exp(log_k)))

    def p_value(self, statistic: float, df: float = inf, *, one_sided: bool = False) -> float:
        """1 ÷ the evidence, at most 1."""
        return exp(min(0.0, -self.log_evidence(statistic, df, one_sided=one_sided)))

    def log_evidence(self, statistic: float, df: float = inf, *, one_sided: bool = False) -> float:
        """The natural logarithm of the e-value: how much likelier a statistic of this size is under the mixture than under none.

        Under no effect its expectation is at most 1 at every time at once. One-sided from the half of the mixture above zero.
        """
        if one_sided:
            return self._log_evidence_one_sided(float(normal_score(statistic, df)))
        return float(log_evidence(statistic, self.ratio, df))

    def _log_evidence_one_sided(self, z: float) -> float:
        shrink = self.ratio / (1 + self.ratio)
        return log(2) + 0.5 * (z * z * shrink - log1p(self.ratio)) + float(log_ndtr(z * sqrt(shrink)))


@dataclass(frozen=True, slots=True)
class Hybrid:
    """Planned looks at (1 − share) of alpha and an always-valid reserve at the rest: both hold, or one rejects.

    `planned` is there when now is one of the planned looks. Between them and after the plan's end only the reserve speaks, so that
    an experiment may be watched at any time for what is grossly wrong, and costs a planned test hardly any power.
    """

    planned: GroupSequential | None
    reserve: AlwaysValid
    share: float = RESERVE

    def __post_init__(self) -> None:
        """ValueError unless the reserve's share is between 0 and 1."""
        if not 0 < self.share < 1:
            raise ValueError(f"the reserve's share of alpha must be between 0 and 1: {self.share}")

    def value(self, alpha: float, df: float = inf, *, one_sided: bool = False) -> float:
        """The smaller of the two critical values at their parts of alpha (the errors add up: Bonferroni)."""
        _check(alpha, df)
        reserve = self.reserve.value(alpha * self.share, df, one_sided=one_sided)
        if self.planned is None:
            return reserve
        return min(reserve, self.planned.value(alpha * (1 - self.share), df, one_sided=one_sided))

    def p_value(self, statistic: float, df: float = inf, *, one_sided: bool = False) -> float:
        """The smaller of the two p-values, each divided by its part, at most 1."""
        p = self.reserve.p_value(statistic, df, one_sided=one_sided) / self.share
        if self.planned is not None:
            p = min(p, self.planned.p_value(statistic, df, one_sided=one_sided) / (1 - self.share))
        return min(1.0, p)


def best_ratio(alpha: float) -> float:
    """The information ratio at which the always-valid critical value is least: −W₋₁(−α²/e) − 1, 8.2 at 0.05.

    Waudby-Smith et al. (2024), Appendix B; W₋₁ is the lower branch of Lambert's function.
    """
    _check(alpha)
    return float(-lambertw(-(alpha**2) * exp(-1), -1).real - 1)


def information(treatment_units: int, control_units: int) -> float:
    """1 ÷ (1/n₁ + 1/n₀): what grows like 1 ÷ the variance of a difference whose metric stays what it is. 0 without units."""
    if not treatment_units or not control_units:
        return 0.0
    return 1 / (1 / treatment_units + 1 / control_units)


def log_evidence(statistic: ArrayLike, ratio: ArrayLike, df: ArrayLike = inf) -> NDArray[np.float64]:
    """`AlwaysValid.log_evidence` of many two-sided statistics, ratios and degrees of freedom at once."""
    square, r, df = (
        np.square(statistic),
        np.asarray(ratio, dtype=np.float64),
        np.asarray(df, dtype=np.float64),
    )
    with np.errstate(invalid="ignore"):
        student = 0.5 * (df + 1) * (np.log1p(square / df) - np.log1p(square / df / (1 + r)))
    return np.asarray(np.where(np.isinf(df), 0.5 * square * (r / (1 + r)), student) - 0.5 * np.log1p(r))


def normal_score(t: ArrayLike, df: ArrayLike) -> NDArray[np.float64]:
    """The standard normal values whose tails are as small as those of these t with their degrees of freedom."""
    t, df = np.asarray(t, dtype=np.float64), np.asarray(df, dtype=np.float64)
    size = np.abs(t)
    exact = np.isinf(df) | np.isinf(t)
    rare = -ndtri(np.maximum(stdtr(np.where(exact, 1.0, df), -np.where(exact, 0.0, size)), _TINY))
    return np.asarray(np.copysign(np.where(exact, size, rare), t))


def as_rare_t(z: float, df: float) -> float:
    """The t with so many degrees of freedom whose tail is as small as that of this standard normal value: `normal_score`'s inverse."""
    if isinf(df) or isinf(z):
        return z
    tail = float(ndtr(-abs(z)))
    size = float(-stdtrit(df, tail)) if tail > 0 else inf
    return size if z > 0 else -size


def _check(alpha: float, df: float = inf) -> None:
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must be between 0 and 1: {alpha}")
    if not df > 0:
        raise ValueError(f"degrees of freedom must be > 0: {df}")
