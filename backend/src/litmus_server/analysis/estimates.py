"""From comparisons to the figures of the document: infinite ends and absent values become nulls with their reasons."""

from collections.abc import Mapping
from math import isfinite

from litmus_server.domain.report import Estimate, Missing
from litmus_server.stats.absence import Absence, TooFew, Undefined
from litmus_server.stats.contrast import Contrast, LinearContrast, ScoreContrast, delta_standard_error
from litmus_server.stats.inference import Comparison

_REASONS: Mapping[str, Missing] = {
    "the lift": Missing.NO_BASELINE,
    "the ratio": Missing.NO_BASELINE,
    "the interval": Missing.CONTRADICTION,
    "a standard error": Missing.NO_VARIANCE,
    "a contrast": Missing.NO_VARIANCE,
    "a quantile's error": Missing.NO_VARIANCE,
    "an estimate after a bandit": Missing.TOO_FEW_UNITS,
    "a ratio of rates": Missing.TOO_FEW_UNITS,
    "a factor's effect": Missing.NO_VARIANCE,
}


def reason_of(absence: Absence) -> Missing:
    """Why there is no value, as a word of the closed list."""
    if isinstance(absence, TooFew):
        return Missing.TOO_FEW_UNITS
    return _REASONS[absence.what]


def estimate_of(comparison: Comparison, *, only: Missing | None = None) -> Estimate:
    """`only`: why there is no interval, whatever the comparison says."""
    missing: dict[str, Missing] = {}
    estimate = None
    if isinstance(comparison.estimate, float | int) and isfinite(comparison.estimate):
        estimate = float(comparison.estimate)
    else:
        missing["estimate"] = Missing.NO_BASELINE
    ends: list[float | None] = []
    for name in ("lower", "upper"):
        if only is not None:
            ends.append(None)
            missing[name] = only
        elif isinstance(comparison.interval, Undefined):
            ends.append(None)
            missing[name] = reason_of(comparison.interval)
        else:
            end = getattr(comparison.interval, name)
            ends.append(end if isfinite(end) else None)
            if not isfinite(end):
                missing[name] = Missing.UNBOUNDED
    return Estimate(estimate, ends[0], ends[1], 1 - comparison.alpha, missing)


def bare(value: float | None, level: float, why: Missing) -> Estimate:
    """A figure that has no interval, and why; or no figure either."""
    names = ("lower", "upper") if value is not None else ("estimate", "lower", "upper")
    return Estimate(value, None, None, level, dict.fromkeys(names, why))


def linear(contrast: Contrast) -> LinearContrast | None:
    """Two proportions as two normal means with variances of their own; None where a rate is 0 or 1."""
    if isinstance(contrast, LinearContrast):
        return contrast
    if not isinstance(contrast, ScoreContrast):
        return None
    p, q = contrast.treatment, contrast.control
    v = p * (1 - p) / contrast.treatment_units, q * (1 - q) / contrast.control_units
    return LinearContrast(p, q, *v) if min(v) > 0 else None


def lift_error(contrast: Contrast) -> float | None:
    """The standard error of the lift; None where there is no lift."""
    found = linear(contrast)
    if found is None or not found.control:
        return None
    # Fieller's set is unbounded at one standard error: a belief about such a lift would be about noise.
    if found.control**2 <= found.v_control:
        return None
    return delta_standard_error(found)
