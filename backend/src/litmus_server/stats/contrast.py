"""Treatment against control, as an estimator leaves them: what every interval and every p-value is made from.

A contrast answers one question, `statistic(null)`: by how many standard errors do the data differ from this supposed effect?
An interval is the set of supposed effects that a critical value does not refute, and a p-value the least level at which
zero is refuted. Both ask the same statistic, on the difference and on the lift, so they cannot contradict each other.

It must not know where the moments came from, nor how a critical value is chosen.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import copysign, exp, expm1, inf, isfinite, sqrt
from typing import Protocol

from litmus_server.stats.absence import Undefined
from litmus_server.stats.roots import root, settled


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
        return sqrt(self._variance(0.0, Scale.DIFFERENCE))

    @property
    def df(self) -> float:
        """Infinite: the statistic is referred to the normal distribution."""
        return inf

    def statistic(self, null: float = 0.0, scale: Scale = Scale.DIFFERENCE) -> float:
        """The score statistic: Mee, Biometrics 40 (1984) 1175 for the difference; Koopman, ibid. 513-517 for the lift."""
        if scale is Scale.DIFFERENCE:
            return self._in_errors(self._difference - null, null, scale)
        return self._in_errors(self._difference - null * self.control, null, scale)

    def limits(self, q: float, scale: Scale = Scale.DIFFERENCE) -> tuple[float, float] | Undefined:
        """The supposed effects whose score statistic is at most `q`. Undefined when no unit of control succeeded."""
        if scale is Scale.LIFT and not self.control_successes:
            return _no_baseline(0.0)
        if q == inf:
            return -inf, inf
        if scale is Scale.LIFT:
            return self._lift_limits(q)
        middle, unit = self._difference, self.standard_error

        def at(steps: float) -> float:
            return self._in_errors(-steps * unit, middle + steps * unit, scale)

        def end(sign: int) -> float:
            far = (sign - middle) / unit
            if sign * far <= 0:
                return float(sign)
            left, right = min(far, 0.0), max(far, 0.0)
            steps = settled(lambda x: at(x) + sign * q, sign * q, slope=-1.0, left=left, right=right)
            if steps is None:
                steps = root(lambda x: at(x) + sign * q, left, right)
            return middle + unit * steps

        return end(-1), end(1)

    def _lift_limits(self, q: float) -> tuple[float, float]:
        """On the logarithm of the ratio, where the statistic is nearly linear, in steps of its standard error."""
        k1, n1, k0, n0 = self._counts
        # Half a unit more where nobody, or everybody, succeeded: it only has to be of the right size.
        unit = sqrt(max(1 / max(k1, 0.5) - 1 / n1 + 1 / k0 - 1 / n0, 0.25 / min(n1, n0) ** 2))
        # Where nobody succeeded the middle is a guess.
        middle = self.treatment / self.control if k1 else 0.5 / n1 / self.control

        lift = self._difference / self.control if k1 else middle - 1

        def null(steps: float) -> float:
            return lift + middle * expm1(steps * unit)

        def at(steps: float) -> float:
            if not k1:
                return self.statistic(null(steps), Scale.LIFT)
            return self._in_errors(-self.treatment * expm1(steps * unit), null(steps), Scale.LIFT)

        def end(sign: int) -> float:
            steps = settled(lambda x: at(x) + sign * q, sign * q, slope=-1.0, left=-far, right=far)
            if steps is None:
                near, reach = 0.0, float(sign)
                while sign * at(near) <= -q:
                    near = 2 * near - sign
                while sign * at(reach) > -q:
                    reach *= 2
                steps = root(lambda x: at(x) + sign * q, min(near, reach), max(near, reach))
            return null(steps)

        far = _FAR / unit
        return end(-1) if k1 else -1.0, end(1)

    def _in_errors(self, distance: float, null: float, scale: Scale) -> float:
        """The distance of the data from the supposed effect, in its standard errors; infinite where it is none that can be."""
        impossible = abs(null) >= 1 if scale is Scale.DIFFERENCE else null < -1
        variance = 0.0 if impossible else self._variance(null, scale)
        return distance / sqrt(variance) if variance > 0 else copysign(inf, distance) if distance else 0.0

    @property
    def _counts(self) -> tuple[int, int, int, int]:
        return self.treatment_successes, self.treatment_units, self.control_successes, self.control_units

    @property
    def _difference(self) -> float:
        """From integers: the rates may agree in their first digits."""
        k1, n1, k0, n0 = self._counts
        return (k1 * n0 - k0 * n1) / (n1 * n0)

    def _variance(self, null: float, scale: Scale) -> float:
        """Of treatment − θ·control, at the likeliest rates under the supposed effect."""
        k1, n1, k0, n0 = self._counts
        if null == 0:
            pooled = (k1 + k0) * (n1 + n0 - k1 - k0) / (n1 + n0) ** 2
            return pooled / n1 + pooled / n0
        if scale is Scale.DIFFERENCE:
            spread1, spread0 = self._spreads_at_difference(null)
            return spread1 / n1 + spread0 / n0
        p0, q0 = _likeliest(k1, n1, k0, n0, null)
        p1, q1 = (1 + null) * p0, 1.0
        if null > -1:
            p1, q1 = _likeliest(k0, n0, k1, n1, -null / (1 + null))
        return p1 * q1 / n1 + (1 + null) ** 2 * p0 * q0 / n0

    def _spreads_at_difference(self, delta: float) -> tuple[float, float]:
        """p·(1 − p) of treatment and control at the rates of greatest likelihood with treatment = control + delta."""
        k1, n1, k0, n0 = self._counts
        if 2 * (k1 + k0) > n1 + n0:  # of failures, then: a rate near 1 has lost the digits of 1 − rate
            k1, k0, delta = n1 - k1, n0 - k0, -delta
        if delta >= 0:
            p0 = _lesser_rate(k0, n0, k1, n1, delta)
            p1 = p0 + delta
        else:
            p1 = _lesser_rate(k1, n1, k0, n0, -delta)
            p0 = p1 - delta
        return p1 * (1 - p1), p0 * (1 - p0)


_STEPS = 8
_FAR = 300.0  # as the logarithm of a ratio: out of the reach of any count


def _lesser_rate(k: int, n: int, other_k: int, other_n: int, delta: float) -> float:
    """The likeliest rate of `k` of `n`, when that of the other arm is greater by `delta` ≥ 0, both between 0 and 1.

    The derivative of the log-likelihood falls throughout; its root lies between the rates that each arm alone would have.
    It is the middle root of a cubic (Farrington and Manning, Statistics in Medicine 9 (1990) 1447-1454), whose closed form
    loses all digits where rates are small.
    """
    f, other_f, most = n - k, other_n - other_k, 1 - delta
    alone = k / n, other_k / other_n - delta
    low, high = max(0.0, min(alone)), min(most, max(alone))
    if low >= high:
        return min(max(low, 0.0), most)

    if k and f and other_k and other_f:
        # Newton's steps from the rate that would be likeliest if both arms had the same variance, which is near in large samples.
        p = (k + other_k - other_n * delta) / (n + other_n)
        for _ in range(_STEPS):
            if not low < p < high:
                break
            q, other_p, other_q = 1 - p, p + delta, most - p
            gain = k / p - f / q + other_k / other_p - other_f / other_q
            step = gain / (k / p**2 + f / q**2 + other_k / other_p**2 + other_f / other_q**2)
            p += step
            if abs(step) <= 1e-15 * p:
                return p

    def slope(y: float) -> float:
        """The derivative at y · high, times all that it is divided by there."""
        p, other_q = y * high, most - y * high
        left, right = p if k else 1.0, 1 - p if f else 1.0
        other_left, other_right = p + delta if other_k else 1.0, other_q if other_f else 1.0
        return (k * right - f * left) * other_left * other_right + (
            other_k * other_right - other_f * other_left
        ) * left * right

    start, end = slope(low / high), slope(1.0)
    if start <= 0:
        return low
    return high if end >= 0 else high * root(slope, low / high, 1.0)


def _likeliest(other_k: int, other_n: int, k: int, n: int, lift: float) -> tuple[float, float]:
    """The likeliest rate of `k` of `n`, when that of the other arm is (1 + lift) times as great, and 1 − this rate.

    The lesser root of a quadratic (Miettinen and Nurminen, Statistics in Medicine 4 (1985) 213-226), arranged so that nothing
    cancels where almost none or almost all succeeded.
    """
    f, other_f, both = n - k, other_n - other_k, k + other_k
    shift = lift * (k + other_n)
    scale = f + other_f + 2 * both + shift
    spread = sqrt((f - other_f - shift) ** 2 + 4 * (1 + lift) * f * other_f)
    rest = f + other_f + shift
    failing = rest + spread if rest >= 0 else -4 * f * lift * both / (spread - rest)
    return min(2 * both / (scale + spread), 1.0), max(failing / (scale + spread), 0.0)
