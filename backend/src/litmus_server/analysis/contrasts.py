"""Which contrast answers the question that a metric asks, and which others stand beside it.

It must not know how often somebody looks: what makes an interval of a contrast is chosen in `answers`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

from litmus_server.analysis.pairs import Pair, stratified
from litmus_server.stats.absence import Absence, TooFew, Undefined
from litmus_server.stats.contrast import Contrast, LinearContrast
from litmus_server.stats.estimators import (
    Adjustment,
    adjusted_means,
    adjusted_ratios,
    means,
    proportions,
    ratios,
)
from litmus_server.stats.moments import JointMoments
from litmus_server.stats.quantiles import Quantile, Sketch, quantile, quantile_contrast
from litmus_server.stats.sheet import Arm, Sheet
from litmus_server.stats.start import (
    LEAST_UNITS,
    LEAST_VALUES,
    MOST_SKEW,
    TooSkewed,
    not_open,
    skew_of_difference,
)

_UNADJUSTED = "without what units did before their exposure: less precise, of the same effect"
_RAW = "without the cap: of all of the effect, and at the mercy of a few extreme units"


@dataclass(frozen=True, slots=True)
class Waiting:
    """The sums are not there yet; `reason` says why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Other:
    """The same question answered otherwise."""

    name: str
    contrast: Contrast | Absence
    why: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its answer's raw material. `closed`: why monitoring may not begin, None when it may."""

    contrast: Contrast | Absence | Waiting
    others: tuple[Other, ...]
    closed: TooFew | TooSkewed | None


def asked(
    metric: Mapping[str, Any], pair: Pair, adjustment: Adjustment | None, names: tuple[str, str]
) -> Asked:
    """For metrics of kind conversion, mean and ratio. Adjusted where covariates are there, unless `adjustment` is None.

    `names`: what a reason calls treatment and control.
    """
    treatment, control = pair.treatment, pair.control
    if treatment.outcome is None or control.outcome is None:
        return Asked(
            Waiting("the sums of this metric are being folded, or its cap is not known yet"), (), None
        )
    kind = metric["kind"]
    if kind == "ratio":
        plain = _over(pair, _outcomes(ratios))
        adjusted = _adjusted(pair, adjusted_ratios, adjustment, 2)
        return _chosen(plain, adjusted, [], _ratio_closed(treatment.outcome, control.outcome, names))
    moments = treatment.outcome.marginal(0), control.outcome.marginal(0)
    seen = treatment.seen, control.seen
    closed = not_open(*moments, seen, binary=kind == "conversion", names=names)
    if kind == "conversion":
        rates: Contrast | Absence = (
            proportions(treatment.seen, treatment.n, control.seen, control.n)
            if len(pair.strata) == 1
            else _over(pair, _marginals)
        )
        return _chosen(rates, _adjusted(pair, adjusted_means, adjustment, 1), [], closed)
    raw = []
    if (treatment.raw.s1, control.raw.s1) != (moments[0].s1, moments[1].s1):
        raw = [Other("raw", _over(pair, lambda t, c: means(t.raw, c.raw)), _RAW)]
    return _chosen(_over(pair, _marginals), _adjusted(pair, adjusted_means, adjustment, 1), raw, closed)


def asked_quantile(metric: Mapping[str, Any], sheet: Sheet, treatment: int, control: int) -> Asked:
    """For metrics of kind quantile; over all units, whatever the weights were."""
    found: list[Quantile] = []
    for place in (treatment, control):
        of_arm = quantile(Sketch(sheet.sketch(metric["id"], place)), metric["quantile"])
        if not isinstance(of_arm, Quantile):
            return Asked(of_arm, (), None)
        found.append(of_arm)
    if not all(each.standard_error > 0 for each in found):
        return Asked(Undefined("a standard error", "the values of both arms do not vary"), (), None)
    return Asked(quantile_contrast(*found), (), None)


def _chosen(
    plain: Contrast | Absence,
    adjusted: Contrast | Absence | None,
    others: Sequence[Other],
    closed: TooFew | TooSkewed | None,
) -> Asked:
    """The adjusted one where there is one; the plain one then stands beside it."""
    if adjusted is None or isinstance(adjusted, TooFew | Undefined):
        return Asked(plain, tuple(others), closed)
    return Asked(adjusted, (Other("unadjusted", plain, _UNADJUSTED), *others), closed)


def _over(pair: Pair, of_stratum: Callable[[Arm, Arm], LinearContrast | Absence]) -> LinearContrast | Absence:
    """The strata's contrasts as one. A stratum that has none is left out; the first reason, where none has any."""
    found = [(t.n + c.n, of_stratum(t, c)) for t, c in pair.strata]
    usable = [(n, each) for n, each in found if isinstance(each, LinearContrast)]
    if usable:
        return stratified(usable)
    absent = found[0][1]
    assert not isinstance(absent, LinearContrast)
    return absent


def _marginals(treatment: Arm, control: Arm) -> LinearContrast | Absence:
    assert treatment.outcome is not None
    assert control.outcome is not None
    return means(treatment.outcome.marginal(0), control.outcome.marginal(0))


def _outcomes(
    estimator: Callable[[JointMoments, JointMoments], LinearContrast | Absence],
) -> Callable[[Arm, Arm], LinearContrast | Absence]:
    def of_stratum(treatment: Arm, control: Arm) -> LinearContrast | Absence:
        assert treatment.outcome is not None
        assert control.outcome is not None
        return estimator(treatment.outcome, control.outcome)

    return of_stratum


def _adjusted(
    pair: Pair,
    estimator: Callable[[JointMoments, JointMoments, Adjustment], LinearContrast | Absence],
    adjustment: Adjustment | None,
    outcomes: int,
) -> LinearContrast | Absence | None:
    """None where nothing was done before the exposure, or nobody wants it used."""
    if adjustment is None or pair.treatment.adjusting is None or pair.control.adjusting is None:
        return None
    if not any((*pair.treatment.adjusting.first[outcomes:], *pair.control.adjusting.first[outcomes:])):
        return None

    def of_stratum(treatment: Arm, control: Arm) -> LinearContrast | Absence:
        assert treatment.adjusting is not None
        assert control.adjusting is not None
        return estimator(treatment.adjusting, control.adjusting, adjustment)

    return _over(pair, of_stratum)


def _ratio_closed(
    treatment: JointMoments, control: JointMoments, names: tuple[str, str]
) -> TooFew | TooSkewed | None:
    """The start rule for the linearised ratio: its skewness is that of numerator − ratio · denominator."""
    for name, arm in zip(names, (treatment, control), strict=True):
        if arm.n < LEAST_UNITS:
            return TooFew(f"monitoring {name}", LEAST_UNITS, arm.n)
    both = treatment.merge(control)
    means_of_both, covariances = both.means, both.covariances
    if isinstance(means_of_both, TooFew) or isinstance(covariances, TooFew) or not means_of_both[1]:
        return TooFew("monitoring, not counting units without a denominator,", LEAST_VALUES, 0)
    ratio = means_of_both[0] / means_of_both[1]
    (v_y, c), (_, v_d) = covariances
    variance = v_y - 2 * ratio * c + ratio**2 * v_d
    third = both.third_central_moment((1.0, -ratio))
    if not variance > 0 or isinstance(third, TooFew):
        return None
    skew = float(skew_of_difference(third / variance / sqrt(variance), treatment.n, control.n))
    return TooSkewed(skew, MOST_SKEW) if skew > MOST_SKEW else None
