"""Planned looks: when one is due, what is kept of it, and what it says ever after.

A look is due when the information passes the next of the planned fractions, or the experiment is over. When that is depends on units
and windows alone, never on the estimate.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import inf, isfinite

from litmus_server.analysis.answers import Kept
from litmus_server.domain.look import Look
from litmus_server.stats.beta import Interval
from litmus_server.stats.contrast import Contrast, LinearContrast, ScoreContrast
from litmus_server.stats.critical import GroupSequential
from litmus_server.stats.group_sequential import CLOSEST, Spending, median_unbiased
from litmus_server.stats.inference import compare

# Looks a tenth of a per cent apart have nearly the same boundary: metrics of the same units then share one computation.
_DIGITS = 3


@dataclass(frozen=True, slots=True)
class Schedule:
    """The plan's looks: `count` at equal steps, of which each spends as `spending` says from `alpha`."""

    count: int
    spending: Spending
    alpha: float

    def due(self, fraction: float, before: Sequence[Look], *, over: bool) -> tuple[int, float, bool] | None:
        """(number, fraction, final) of the look that is due now; None when none is.

        `before` are those that were taken. `over`: no more units will come, so that whatever is left of alpha is used.
        """
        last = before[-1] if before else None
        if last is not None and (last.final or last.fraction >= 1):
            return None
        at = round(fraction, _DIGITS)
        final = over and at < 1
        number = min(int(at * self.count + 1e-9), self.count)
        taken = 0 if last is None else last.number
        beyond = at >= (0.0 if last is None else last.fraction) + max(CLOSEST, 10**-_DIGITS / 2)
        if not beyond or (number <= taken and not final):
            return None
        return (max(number, taken + 1), at, final)

    def boundary(self, fractions: Sequence[float], *, final: bool) -> GroupSequential:
        """Of the last of these looks."""
        return GroupSequential(tuple(fractions), self.spending, final)

    def take(
        self,
        contrast: Contrast,
        due: tuple[int, float, bool],
        before: Sequence[Look],
        *,
        metric: int,
        variant: int,
        at: dt.datetime,
        planned_units: int,
        units: int,
        exact_estimate: bool,
    ) -> Look:
        """The look. `exact_estimate`: with the median-unbiased one, where it stops here."""
        number, fraction, final = due
        boundary = self.boundary([*(look.fraction for look in before), fraction], final=final)
        found = compare(contrast, boundary, self.alpha)
        interval = found.interval
        assert isinstance(interval, Interval)
        unbiased = None
        if exact_estimate and (final or fraction >= 1 or abs(found.statistic) >= found.critical_value):
            unbiased = self._median_unbiased(contrast, boundary)
        return Look(
            metric=metric,
            variant=variant,
            number=number,
            taken_at=at,
            fraction=fraction,
            final=final,
            planned_units=planned_units,
            units=units,
            contrast=_numbers(contrast),
            estimate=contrast.treatment - contrast.control,
            lower=interval.lower if isfinite(interval.lower) else None,
            upper=interval.upper if isfinite(interval.upper) else None,
            p_value=found.p_value,
            median_unbiased=unbiased,
        )

    def kept(self, looks: Sequence[Look]) -> list[Kept]:
        """What these looks say, each with the boundary that was in force."""
        fractions = [look.fraction for look in looks]
        return [
            Kept(
                _contrast(look.contrast),
                self.boundary(fractions[: k + 1], final=look.final),
                look.p_value,
            )
            for k, look in enumerate(looks)
        ]

    def _median_unbiased(self, contrast: Contrast, boundary: GroupSequential) -> float:
        """In the metric's units; the boundaries are those of the normal statistic."""
        fractions = boundary.fractions
        bounds = [
            self.boundary(fractions[: k + 1], final=False).value(self.alpha) for k in range(len(fractions))
        ]
        bounds[-1] = boundary.value(self.alpha)
        return median_unbiased(contrast.statistic(), fractions, bounds) * contrast.standard_error


def _numbers(contrast: Contrast) -> Mapping[str, float]:
    """Degrees of freedom that are infinite are left out: JSON has none."""
    if not isinstance(contrast, LinearContrast | ScoreContrast):
        raise TypeError(f"no look can be kept of {type(contrast).__name__}")
    return {name: value for name, value in asdict(contrast).items() if value != inf}


def _contrast(numbers: Mapping[str, float]) -> Contrast:
    if "treatment_units" in numbers:
        return ScoreContrast(**{name: int(value) for name, value in numbers.items()})
    return LinearContrast(**numbers)
