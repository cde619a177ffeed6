"""From moments to contrasts: means, proportions, ratios and rates, with and without regression adjustment.

Every estimator answers two means, their variances and their covariance; what makes an interval of them is in `critical` and
`inference`. Units are independent, and are what was randomised. A contrast that cannot be made is an absence with its reason.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from litmus_server.stats.absence import Absence, TooFew, Undefined
from litmus_server.stats.contrast import LinearContrast, ScoreContrast
from litmus_server.stats.moments import JointMoments, Moments

# A denominator that is nearer to zero than this, in standard errors, makes the delta method of a ratio wrong.
LEAST_DENOMINATOR = 5.0
# Variance that is less than this part of what it was before adjustment is rounding, not data.
_ROUNDING = 1e-13

_Matrix = NDArray[np.float64]


class Adjustment(StrEnum):
    """How covariates from before the exposure are used. In large samples LIN is never less precise than the others."""

    CUPED = "cuped"  # one slope, from both arms as one sample
    ANCOVA = "ancova"  # one slope, from within the arms
    LIN = "lin"  # a slope for each arm


def means(treatment: Moments, control: Moments) -> LinearContrast | Absence:
    """Two means with variances of their own (Welch, Biometrika 34 (1947) 28-35). Needs two units an arm."""
    arms = _arm_of_moments(treatment, "treatment"), _arm_of_moments(control, "control")
    return _unadjusted(*arms)


def pooled_means(treatment: Moments, control: Moments) -> LinearContrast | Absence:
    """Two means with one variance (Student, Biometrika 6 (1908) 1-25). Needs two units an arm. Right only if it is one."""
    m1, m0, v1, v0 = treatment.mean, control.mean, treatment.variance, control.variance
    for each in (m1, m0, v1, v0):
        if isinstance(each, TooFew):
            return each
    assert isinstance(m1, float)
    assert isinstance(m0, float)
    assert isinstance(v1, float)
    assert isinstance(v0, float)
    n1, n0 = treatment.n, control.n
    pooled = ((n1 - 1) * v1 + (n0 - 1) * v0) / (n1 + n0 - 2)
    if pooled == 0:
        return _constant("both arms")
    return LinearContrast(m1, m0, pooled / n1, pooled / n0, df=n1 + n0 - 2)


def proportions(
    treatment_successes: int, treatment_units: int, control_successes: int, control_units: int
) -> ScoreContrast | Absence:
    """Two shares of units, one success a unit at most. Needs one unit an arm; ValueError unless 0 ≤ successes ≤ units."""
    for name, successes, units in (
        ("treatment", treatment_successes, treatment_units),
        ("control", control_successes, control_units),
    ):
        if not 0 <= successes <= units:
            raise ValueError(f"successes must be between 0 and units: {successes} of {units} in {name}")
        if units < 1:
            return TooFew(f"a proportion of {name}", 1, units)
    if treatment_successes + control_successes in {0, treatment_units + control_units}:
        return _constant("both arms")
    return ScoreContrast(treatment_successes, treatment_units, control_successes, control_units)


def ratios(treatment: JointMoments, control: JointMoments) -> LinearContrast | Absence:
    """Two ratios of sums, Σ numerator ÷ Σ denominator, of units whose values are (numerator, denominator).

    By the delta method over units (Deng, Knoblich and Lu, KDD 2018, section 3.1). Needs two units an arm, and a mean
    denominator that is at least 5 standard errors above zero.
    """
    return _unadjusted(_ratio_arm(treatment, "treatment"), _ratio_arm(control, "control"))


def mean_of(moments: JointMoments, name: str) -> tuple[float, float] | Absence:
    """One arm by itself: the mean of its values, or (of two a unit) their ratio as in `ratios`, and the variance of that.

    `name` is what the arm is called where there is none. Needs two units.
    """
    arm = _arm_of_joint(moments, name) if moments.width == 1 else _ratio_arm(moments, name)
    return (float(arm.mean[0]), arm.variance_of_mean) if isinstance(arm, _Arm) else arm


def rates(
    treatment_events: int, treatment_exposure: float, control_events: int, control_exposure: float
) -> LinearContrast | Absence:
    """Two rates of events, each Poisson in its `exposure` (units, hours, …; the difference is per one of these).

    Where units have events of their own, their counts vary more than Poisson: use `means` or `ratios`. Needs an event in each
    arm; ValueError unless events ≥ 0 and exposures are positive and finite.
    """
    found: list[tuple[float, float]] = []
    for name, events, exposure in (
        ("treatment", treatment_events, treatment_exposure),
        ("control", control_events, control_exposure),
    ):
        if events < 0 or not 0 < exposure < float("inf"):
            raise ValueError(f"events must be ≥ 0 and exposure > 0: {events} in {exposure} of {name}")
        if events == 0:
            return Undefined("a standard error", f"{name} has no event")
        found.append((events / exposure, events / exposure**2))
    (rate1, v1), (rate0, v0) = found
    return LinearContrast(rate1, rate0, v1, v0)


def adjusted_means(
    treatment: JointMoments, control: JointMoments, method: Adjustment = Adjustment.LIN
) -> LinearContrast | Absence:
    """Two means, the difference adjusted for covariates: units have (outcome, covariate, …), all from before but the first.

    The difference is that of the arms' regressions at the mean covariates of both arms; the base of the lift is control's plain
    mean, so that the report's mean and its lift speak of the same control. CUPED: Deng et al., WSDM 2013, section 3; LIN: Lin,
    Annals of Applied Statistics 7 (2013) 295-318, with the term (β₁ − β₀)ᵀ Σ (β₁ − β₀) ÷ N for covariates that are drawn
    too (Negi and Wooldridge, Econometric Reviews 40 (2021) 504-534), and the variance of each arm's regression at that
    point by ordinary least squares. A covariate without variance, or that others determine, changes nothing. Needs two
    units more than there are covariates in each arm.
    """
    return _adjusted(_arm_of_joint(treatment, "treatment"), _arm_of_joint(control, "control"), method)


def adjusted_ratios(
    treatment: JointMoments, control: JointMoments, method: Adjustment = Adjustment.LIN
) -> LinearContrast | Absence:
    """Two ratios, the difference adjusted: units have (numerator, denominator, covariate, …).

    A ratio is the mean of its linearised values (numerator − ratio · denominator) ÷ mean denominator, so that what holds
    for `adjusted_means` and for `ratios` holds here.
    """
    return _adjusted(_ratio_arm(treatment, "treatment"), _ratio_arm(control, "control"), method)


@dataclass(frozen=True, slots=True)
class _Arm:
    """`n` units: the means of the outcome and the covariates, and their covariances (divided by n − 1)."""

    name: str
    n: int
    mean: _Matrix
    covariance: _Matrix

    @property
    def variance_of_mean(self) -> float:
        return float(self.covariance[0, 0]) / self.n


def _arm_of_moments(moments: Moments, name: str) -> _Arm | TooFew:
    mean, variance = moments.mean, moments.variance
    if isinstance(mean, TooFew) or isinstance(variance, TooFew):
        return TooFew(f"a standard error of {name}", 2, moments.n)
    return _Arm(name, moments.n, np.array([mean]), np.array([[variance]]))


def _arm_of_joint(moments: JointMoments, name: str) -> _Arm | TooFew:
    mean, covariance = moments.means, moments.covariances
    if isinstance(mean, TooFew) or isinstance(covariance, TooFew):
        return TooFew(f"a standard error of {name}", 2, moments.n)
    return _Arm(name, moments.n, np.array(mean), np.array(covariance))


def _ratio_arm(moments: JointMoments, name: str) -> _Arm | Absence:
    """The arm with numerator and denominator replaced by the linearised ratio."""
    if moments.width < 2:
        raise ValueError("a ratio needs a numerator and a denominator")
    arm = _arm_of_joint(moments, name)
    if isinstance(arm, TooFew):
        return arm
    denominator, its_error = float(arm.mean[1]), sqrt(arm.covariance[1, 1] / arm.n)
    if denominator <= LEAST_DENOMINATOR * its_error:
        return Undefined("the ratio", f"the mean denominator of {name} is too near to zero")
    ratio = float(arm.mean[0]) / denominator
    weights = np.eye(moments.width)[1:]
    weights[0, :2] = 1 / denominator, -ratio / denominator
    mean = np.concatenate(([ratio], arm.mean[2:]))
    return _Arm(name, arm.n, mean, weights @ arm.covariance @ weights.T)


def _unadjusted(treatment: _Arm | Absence, control: _Arm | Absence) -> LinearContrast | Absence:
    if not isinstance(treatment, _Arm):
        return treatment
    if not isinstance(control, _Arm):
        return control
    v1, v0 = treatment.variance_of_mean, control.variance_of_mean
    if not (v1 > 0 and v0 > 0):
        return _constant(treatment.name if v0 > 0 else control.name if v1 > 0 else "both arms")
    return LinearContrast(
        float(treatment.mean[0]),
        float(control.mean[0]),
        v1,
        v0,
        df=_satterthwaite((v1, treatment.n - 1), (v0, control.n - 1)),
    )


def _adjusted(
    treatment: _Arm | Absence, control: _Arm | Absence, method: Adjustment
) -> LinearContrast | Absence:
    if not isinstance(treatment, _Arm):
        return treatment
    if not isinstance(control, _Arm):
        return control
    if len(treatment.mean) != len(control.mean):
        raise ValueError("both arms need the same covariates")
    covariates = len(treatment.mean) - 1
    for arm in (treatment, control):
        if arm.n < covariates + 2:
            return TooFew(f"a regression on {covariates} covariates in {arm.name}", covariates + 2, arm.n)
    both = _together(treatment, control)
    slopes = _slopes(treatment, control, both, method)
    centre = both.mean[1:]
    variances, freedoms, adjusted = [], [], []
    for arm, slope in zip((treatment, control), slopes, strict=True):
        freedom = arm.n - 1
        residual = _residual_variance(arm, slope)
        if residual <= _ROUNDING * arm.covariance[0, 0]:
            return _constant(f"{arm.name}, after adjustment,")
        variance = residual / arm.n
        if method is Adjustment.LIN:
            # What ordinary least squares knows of its line at the common mean: fewer degrees of freedom, and the distance.
            away = centre - arm.mean[1:]
            inverse, rank = _inverse(arm.covariance[1:, 1:])
            freedom = arm.n - 1 - rank
            residual *= (arm.n - 1) / freedom
            variance = residual * (1 / arm.n + float(away @ inverse @ away) / (arm.n - 1))
        variances.append(variance)
        freedoms.append(float(freedom))
        adjusted.append(float(arm.mean[0] - slope @ (arm.mean[1:] - centre)))
    apart = slopes[0] - slopes[1]
    drawn = float(apart @ both.covariance[1:, 1:] @ apart) / both.n
    variance = sum(variances) + drawn
    # Fieller's set needs control's plain mean, and how it goes together with the adjusted difference.
    base = control.variance_of_mean
    shared = (
        -float(control.covariance[0, 0] - slopes[1] @ control.covariance[1:, 0]) / control.n
        + float(apart @ control.covariance[1:, 0]) / both.n
    )
    return LinearContrast(
        float(control.mean[0]) + adjusted[0] - adjusted[1],
        float(control.mean[0]),
        base + variance + 2 * shared,
        base,
        base + shared,
        df=_satterthwaite(*zip(variances, freedoms, strict=True)),
    )


def _slopes(treatment: _Arm, control: _Arm, both: _Arm, method: Adjustment) -> tuple[_Matrix, _Matrix]:
    if method is Adjustment.LIN:
        first, second = (_slope(a.covariance) for a in (treatment, control))
        return first, second
    scatter = both.covariance
    if method is Adjustment.ANCOVA:
        scatter = (treatment.n - 1) * treatment.covariance + (control.n - 1) * control.covariance
    slope = _slope(scatter)
    return slope, slope


def _slope(scatter: _Matrix) -> _Matrix:
    return np.asarray(_inverse(scatter[1:, 1:])[0] @ scatter[1:, 0])


def _together(treatment: _Arm, control: _Arm) -> _Arm:
    """Both arms as one sample (Chan, Golub and LeVeque, The American Statistician 37 (1983) 242-247)."""
    n = treatment.n + control.n
    apart = treatment.mean - control.mean
    scatter = (treatment.n - 1) * treatment.covariance + (control.n - 1) * control.covariance
    scatter = scatter + np.outer(apart, apart) * (treatment.n * control.n / n)
    return _Arm("both", n, (treatment.n * treatment.mean + control.n * control.mean) / n, scatter / (n - 1))


def _inverse(matrix: _Matrix) -> tuple[_Matrix, int]:
    """Of a covariance matrix, and its rank: what is constant or redundant is left out, whatever units it is measured in."""
    scale = np.sqrt(np.diag(matrix))
    scale[scale == 0] = 1.0
    standardised = matrix / np.outer(scale, scale)
    values, vectors = np.linalg.eigh(standardised)
    kept = values > 1e-10 * values[-1]
    basis = vectors[:, kept]
    return (basis / values[kept]) @ basis.T / np.outer(scale, scale), int(kept.sum())


def _residual_variance(arm: _Arm, slope: _Matrix) -> float:
    c = arm.covariance
    return float(c[0, 0] - 2 * slope @ c[1:, 0] + slope @ c[1:, 1:] @ slope)


def _satterthwaite(*parts: tuple[float, float]) -> float:
    """Degrees of freedom of a sum of variances, each with its own (Satterthwaite, Biometrics Bulletin 2 (1946) 110-114)."""
    # As shares of the sum: squares of tiny variances would vanish.
    whole = sum(variance for variance, _ in parts)
    return 1 / sum((variance / whole) ** 2 / freedom for variance, freedom in parts)


def _constant(where: str) -> Undefined:
    return Undefined("a standard error", f"the values of {where} do not vary")
