"""Treatment against control, as an estimator leaves them: what every interval and every p-value is made from.

A contrast answers one question, `statistic(null)`: by how many standard errors do the data differ from this supposed effect?
An interval is the set of supposed effects that a critical value does not refute, and a p-value the least level at which
zero is refuted. Both ask the same statistic, on the difference and on the lift, so they cannot contradict each other.

It must not know where the moments came from, nor how a critical value is chosen.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import acos, copysign, cos, exp, inf, isfinite, log, pi, sqrt
from typing import Protocol

from litmus_server.stats.absence import Undefined
from litmus_server.stats.roots import root


class Scale(StrEnum):
    """How an effect is told: treatment − control, or that as a fraction of |control|."""

    DIFFERENCE = "difference"
    LIFT = "lift"


class Contrast(Protocol):
    """Two means and how sure they are. Effects are treatment less control, in the metric's units or as a fraction."""

    @property
    def treatment(self) -> float:
        """The mean under treatment."""
        ...

    @property
    def control(self) -> float:
        """The mean under control: the base of the lift."""
        ...

    @property
    def standard_error(self) -> float:
        """Of the difference."""
        ...

    @property
    def df(self) -> float:
        """Degrees of freedom of the standard error; infinite where the statistic is standard normal."""
        ...

    def statistic(self, null: float = 0.0, scale: Scale = Scale.DIFFERENCE) -> float:
        """The signed distance from the effect `null`, in standard errors: positive when the data lie above it."""
        ...

    def limits(self, q: float, scale: Scale = Scale.DIFFERENCE) -> tuple[float, float] | Undefined:
        """The least and the greatest effect whose statistic is at most `q` in size; infinite ends for infinite `q`."""
        ...


def effect(contrast: Contrast, scale: Scale = Scale.DIFFERENCE) -> float | Undefined:
    """The estimated effect: treatment − control, or that ÷ |control|, so that more is positive whatever control's sign."""
    difference = contrast.treatment - contrast.control
    if scale is Scale.DIFFERENCE:
        return difference
    return difference / abs(contrast.control) if contrast.control else _no_baseline(0.0)


def _no_baseline(distance: float) -> Undefined:
    return Undefined(
        "the lift", f"control is {distance:.2g} standard errors away from zero, which is too near"
    )


@dataclass(frozen=True, slots=True)
class LinearContrast:
    """Means that are normal, or t with `df` degrees of freedom, about their expectations.

    `v_treatment` and `v_control` are the variances of these two means and `covariance` is theirs. ValueError unless all is
    finite, both variances are at least zero, and the difference has a positive variance.
    """

    treatment: float
    control: float
    v_treatment: float
    v_control: float
    covariance: float = 0.0
    df: float = inf

    def __post_init__(self) -> None:
        """ValueError for what is no contrast."""
        numbers = (self.treatment, self.control, self.v_treatment, self.v_control, self.covariance)
        if not all(map(isfinite, numbers)) or min(self.v_treatment, self.v_control) < 0 or not self.df > 0:
            raise ValueError(f"no contrast has these means and variances: {self}")
        if not self._variance(1.0) > 0:
            raise ValueError(f"the difference has no variance: {self}")

    @property
    def standard_error(self) -> float:
        """Of the difference."""
        return sqrt(self._variance(1.0))

    def statistic(self, null: float = 0.0, scale: Scale = Scale.DIFFERENCE) -> float:
        """On the lift, treatment − θ·control over its standard error, θ = 1 + lift: Fieller's pivot."""
        if scale is Scale.DIFFERENCE:
            return (self.treatment - self.control - null) / self.standard_error
        theta = 1 + copysign(null, null * self.control) if null else 1.0
        variance = self._variance(theta)
        distance = self.treatment - theta * self.control
        return distance / sqrt(variance) if variance > 0 else copysign(inf, distance) if distance else 0.0

    def limits(self, q: float, scale: Scale = Scale.DIFFERENCE) -> tuple[float, float] | Undefined:
        """On the lift by Fieller, Journal of the Royal Statistical Society B 16 (1954) 175-185.

        Undefined where control is not `q` standard errors away from zero: the set of lifts is then unbounded.
        """
        if q == inf:
            return -inf, inf
        if scale is Scale.DIFFERENCE:
            middle, reach = self.treatment - self.control, q * self.standard_error
            return middle - reach, middle + reach
        if self.control**2 <= q**2 * self.v_control:
            return _no_baseline(abs(self.control) / sqrt(self.v_control) if self.v_control else 0.0)
        ratio = self.treatment / self.control
        v1, v0, c = (v / self.control**2 for v in (self.v_treatment, self.v_control, self.covariance))
        inside = v1 - 2 * c * ratio + v0 * ratio**2 - q**2 * (v1 * v0 - c**2)
        reach, rest = q * sqrt(max(inside, 0.0)), 1 - q**2 * v0
        # θ − 1 in one piece: what is close to 1 would lose its digits.
        middle = (ratio - 1) - q**2 * (c - v0)
        low, high = (middle - reach) / rest, (middle + reach) / rest
        return (low, high) if self.control > 0 else (-high, -low)

    def _variance(self, theta: float) -> float:
        return self.v_treatment + theta**2 * self.v_control - 2 * theta * self.covariance


def delta_lift(contrast: LinearContrast, q: float) -> tuple[float, float] | Undefined:
    """The lift ± q standard errors by the delta method: for comparison with tools that use it, never for a verdict.

    Its tails are lopsided, and it can disagree with the test of the difference. Undefined for a control of zero.
    """
    lift = effect(contrast, Scale.LIFT)
    if isinstance(lift, Undefined):
        return lift
    reach = q * delta_standard_error(contrast)
    return lift - reach, lift + reach


def delta_standard_error(contrast: LinearContrast) -> float:
    """Of the lift, by the delta method. ZeroDivisionError for a control of zero."""
    m0, ratio = contrast.control, contrast.treatment / contrast.control
    return sqrt(contrast.v_treatment + ratio**2 * contrast.v_control - 2 * ratio * contrast.covariance) / abs(
        m0
    )


def log_lift(contrast: LinearContrast, q: float) -> tuple[float, float] | Undefined:
    """The lift from the logarithm of the ratio ± q standard errors (Katz et al., Biometrics 34 (1978) 469-474).

    For comparison. Undefined unless both means are positive.
    """
    m1, m0 = contrast.treatment, contrast.control
    if m1 <= 0 or m0 <= 0:
        return Undefined("the logarithm of the lift", "a mean is not positive")
    variance = contrast.v_treatment / m1**2 + contrast.v_control / m0**2 - 2 * contrast.covariance / (m1 * m0)
    return m1 / m0 * exp(-q * sqrt(variance)) - 1, m1 / m0 * exp(q * sqrt(variance)) - 1


@dataclass(frozen=True, slots=True)
class ScoreContrast:
    """Two proportions; the standard error is that of the most likely rates under the supposed effect.

    At a difference or lift of zero the statistic is the pooled z of the textbook, and its square Pearson's chi-squared.
    ValueError unless 0 ≤ successes ≤ units, units ≥ 1, and neither all units succeeded nor none.
    """

    treatment_successes: int
    treatment_units: int
    control_successes: int
    control_units: int

    def __post_init__(self) -> None:
        """ValueError for what are no two proportions."""
        k1, n1, k0, n0 = self._counts
        if not (0 <= k1 <= n1 and 0 <= k0 <= n0 and min(n1, n0) >= 1 and 0 < k1 + k0 < n1 + n0):
            raise ValueError(f"no two proportions that can differ: {k1} of {n1}, {k0} of {n0}")

    @property
    def treatment(self) -> float:
        """The rate under treatment."""
        return self.treatment_successes / self.treatment_units

    @property
    def control(self) -> float:
        """The rate under control."""
        return self.control_successes / self.control_units

    @property
    def standard_error(self) -> float:
        """Of the difference at the most likely common rate."""
        return sqrt(self._variance(self._pooled, self._pooled, 1.0))

    @property
    def df(self) -> float:
        """Infinite: the statistic is referred to the normal distribution."""
        return inf

    def statistic(self, null: float = 0.0, scale: Scale = Scale.DIFFERENCE) -> float:
        """The score statistic: Mee, Biometrics 40 (1984) 1175 for the difference; Koopman, ibid. 513-517 for the lift."""
        theta = 1.0 if scale is Scale.DIFFERENCE else 1 + null
        distance = self.treatment - theta * self.control - (null if scale is Scale.DIFFERENCE else 0.0)
        if null == 0:
            rates = (self._pooled, self._pooled)
        elif scale is Scale.DIFFERENCE:
            if abs(null) >= 1:
                return copysign(inf, distance) if distance else 0.0
            rates = self._likely_at_difference(null)
        else:
            if theta < 0:
                return inf
            rates = self._likely_at_ratio(theta)
        variance = self._variance(*rates, theta)
        return distance / sqrt(variance) if variance > 0 else copysign(inf, distance) if distance else 0.0

    def limits(self, q: float, scale: Scale = Scale.DIFFERENCE) -> tuple[float, float] | Undefined:
        """The supposed effects whose score statistic is at most `q`. Undefined when no unit of control succeeded."""
        lift = scale is Scale.LIFT
        if lift and not self.control_successes:
            return _no_baseline(0.0)
        if q == inf:
            return -inf, inf
        middle = self.treatment - self.control
        if not lift:
            lower = root(lambda d: self.statistic(d) - q, -1.0, middle) if middle > -1 else -1.0
            return lower, root(lambda d: self.statistic(d) + q, middle, 1.0) if middle < 1 else 1.0
        # On the logarithm of the ratio, where the statistic is nearly linear.
        ratio = self.treatment / self.control
        top = log(max(ratio, 1 / self.treatment_units))
        while self.statistic(exp(top) - 1, scale) > -q:
            top += 1.0
        upper = root(lambda x: self.statistic(exp(x) - 1, scale) + q, log(ratio) if ratio else top - 60, top)
        if not ratio:
            return -1.0, exp(upper) - 1
        bottom = log(ratio)
        while self.statistic(exp(bottom) - 1, scale) < q:
            bottom -= 1.0
        lower = root(lambda x: self.statistic(exp(x) - 1, scale) - q, bottom, log(ratio))
        return exp(lower) - 1, exp(upper) - 1

    @property
    def _counts(self) -> tuple[int, int, int, int]:
        return self.treatment_successes, self.treatment_units, self.control_successes, self.control_units

    @property
    def _pooled(self) -> float:
        k1, n1, k0, n0 = self._counts
        return (k1 + k0) / (n1 + n0)

    def _variance(self, p1: float, p0: float, theta: float) -> float:
        return p1 * (1 - p1) / self.treatment_units + theta**2 * p0 * (1 - p0) / self.control_units

    def _likely_at_ratio(self, theta: float) -> tuple[float, float]:
        """The rates of greatest likelihood with treatment = theta · control: the lesser root of a quadratic."""
        k1, n1, k0, n0 = self._counts
        b, k = k1 + n0 + theta * (k0 + n1), k1 + k0
        p0 = 2 * k / (b + sqrt(max(b * b - 4 * (n1 + n0) * theta * k, 0.0)))
        return min(theta * p0, 1.0), min(p0, 1.0)

    def _likely_at_difference(self, delta: float) -> tuple[float, float]:
        """The rates of greatest likelihood with treatment = control + delta.

        The middle root of a cubic: Farrington and Manning, Statistics in Medicine 9 (1990) 1447-1454, appendix.
        """
        k1, n1, k0, n0 = self._counts
        t, r1, r0 = n0 / n1, k1 / n1, k0 / n0
        a = 1 + t
        b = -(1 + t + r1 + t * r0 + delta * (t + 2))
        c = delta * delta + delta * (2 * r1 + t + 1) + r1 + t * r0
        d = -r1 * delta * (1 + delta)
        v = (b / (3 * a)) ** 3 - b * c / (6 * a * a) + d / (2 * a)
        u = copysign(sqrt(max((b / (3 * a)) ** 2 - c / (3 * a), 0.0)), v)
        angle = (pi + acos(max(-1.0, min(1.0, v / u**3)))) / 3 if u else pi / 2
        p1 = 2 * u * cos(angle) - b / (3 * a)
        for _ in range(
            3
        ):  # the arc cosine of almost 1 keeps half of the digits; Newton's steps bring them back
            slope = (3 * a * p1 + 2 * b) * p1 + c
            if slope:
                p1 -= (((a * p1 + b) * p1 + c) * p1 + d) / slope
        p1 = min(max(p1, 0.0, delta), 1.0, 1.0 + delta)
        return p1, p1 - delta
