"""How much longer: units and time until the plan's end, from the experiment's own days."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from litmus_server.analysis.frame import Frame
from litmus_server.bandits.modes import MODES
from litmus_server.domain.draft import ExperimentType, purpose_of
from litmus_server.domain.metric import DAY
from litmus_server.domain.plan import Method
from litmus_server.domain.report import Missing
from litmus_server.stats.absence import TooFew
from litmus_server.stats.group_sequential import Shape, Spending
from litmus_server.stats.moments import Moments
from litmus_server.stats.power import Comparison, Duration, MeanBaseline, Plan, remaining

_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Forecast:
    """`units` exposed units and `seconds` more; `missing` says why one of them is not there. `sentence` tells both, or is empty."""

    units: int | None
    seconds: int | None
    missing: Mapping[str, Missing]
    sentence: str


def forecast(frame: Frame, primary: Mapping[str, Any] | None) -> Forecast:
    """Until the planned units are there; without a plan, until `minimum_effect` would be found with the plan's power."""
    exposed = sum(frame.sheet.exposed(k) for k in range(len(frame.entry["variants"])))
    needed, why = _needed(frame, primary)
    missing: dict[str, Missing] = {}
    if needed is None:
        return Forecast(None, None, dict.fromkeys(("units_left", "seconds_left"), why), "")
    left = max(0, needed - exposed)
    found = remaining(left, _days(frame))
    seconds = None
    if frame.entry["status"] == "running" or not left:
        seconds = found.days * DAY if isinstance(found, Duration) else None
    if seconds is None:
        missing["seconds_left"] = Missing.NO_FORECAST
    return Forecast(left, seconds, missing, _sentence(left, seconds))


def ready_at(frame: Frame) -> dt.datetime | None:
    """When the least time of this plan is over; None before the start, and for what has ended."""
    started, status = frame.entry["started_at"], frame.entry["status"]
    if started is None or status in {"draft", "completed"}:
        return None
    return dt.datetime.fromisoformat(started) + dt.timedelta(days=frame.plan.minimum_days)


def overdue(frame: Frame) -> int | None:
    """The days that its purpose gives an experiment without planned units, where they are over; None where they are not, or none are."""
    started, purpose = frame.entry["started_at"], purpose_of(ExperimentType(frame.entry["type"]))
    horizon = None if purpose is None else MODES[purpose].horizon
    if started is None or horizon is None or frame.planned_units is not None:
        return None
    if frame.entry["status"] == "completed":
        return None
    age = (frame.now - dt.datetime.fromisoformat(started)).total_seconds()
    return round(horizon / DAY) if age >= horizon else None


def _needed(frame: Frame, primary: Mapping[str, Any] | None) -> tuple[int | None, Missing]:
    if frame.planned_units is not None:
        return frame.planned_units, Missing.NOT_PLANNED
    if primary is None:
        return None, Missing.NO_PRIMARY_METRIC
    effect = frame.minimum_effect(primary)
    if effect is None:
        return None, Missing.NO_MINIMUM_EFFECT
    if frame.adaptive or primary["kind"] not in {"conversion", "mean"}:
        return None, Missing.NOT_SUPPORTED
    control = frame.sheet.arm(primary["id"], frame.control)
    if control.outcome is None:
        return None, Missing.NO_SUMS
    baseline = _baseline(control.outcome.marginal(0))
    if isinstance(baseline, Missing):
        return None, baseline
    shares = frame.entry["weights"]
    least = min((shares[k] for k in frame.treatments if shares[k]), default=0)
    if not least or not shares[frame.control]:
        return None, Missing.VARIANT_INACTIVE
    comparison = Comparison(
        baseline,
        _plan(frame),
        frame.alpha / max(1, sum(shares[k] > 0 for k in frame.treatments)),
        shares=(shares[frame.control] / 1e6, least / 1e6),
    )
    units = comparison.units(effect * abs(baseline.mean), frame.plan.power)
    return (ceil(units), Missing.NOT_PLANNED) if isinstance(units, float) else (None, Missing.NO_BASELINE)


def _baseline(control: Moments) -> MeanBaseline | Missing:
    """A rate as a mean, too: pooling under the null changes little, and the plan's drift is then the same for every baseline."""
    found = MeanBaseline.of(control)
    if isinstance(found, TooFew):
        return Missing.TOO_FEW_UNITS
    if not isinstance(found, MeanBaseline):
        return Missing.NO_VARIANCE
    return found if found.mean else Missing.NO_BASELINE


def _plan(frame: Frame) -> Plan:
    if frame.method is Method.FIXED:
        return Plan.fixed()
    if frame.method is Method.ALWAYS_VALID:
        return Plan.always_valid(frame.plan.looks, frame.alpha)
    if frame.method is Method.HYBRID:
        return Plan.hybrid(frame.plan.looks, frame.alpha)
    return Plan.group_sequential(frame.plan.looks, Spending(Shape(frame.plan.spending)))


def _days(frame: Frame) -> list[int]:
    """New exposed units on each day (24 hours before now, and those before) since the first one, but for the incomplete first."""
    now = frame.now.timestamp() / _HOUR
    days: dict[int, int] = {}
    for (metric, _), strip in frame.sheet.plain.items():
        if metric:
            continue
        for cohort, row in zip(strip.cohorts, strip.rows, strict=True):
            day = int((now - cohort) // 24)
            days[day] = days.get(day, 0) + row[0]
    # The newest day has only just begun where cohorts are days, and the oldest began somewhere within it.
    complete = [days.get(day, 0) for day in range(max(days, default=0) - 1, 0, -1)]
    return complete or [sum(days.values())] * bool(days and _age(frame) >= DAY)


def _age(frame: Frame) -> float:
    started = frame.entry["started_at"]
    return 0.0 if started is None else (frame.now - dt.datetime.fromisoformat(started)).total_seconds()


def _sentence(units: int, seconds: int | None) -> str:
    if not units:
        return "All planned units are there."
    if seconds is None:
        return f"{units:,} more exposed units are needed."
    days = ceil(seconds / DAY)
    return f"{units:,} more exposed units are needed: at the present pace about {days} day{'s' if days != 1 else ''}."
