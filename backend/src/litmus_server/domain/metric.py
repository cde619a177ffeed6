"""What an experiment measures: a name, how events of that name become one number per unit, and which way is better.

It must not know how the numbers are computed.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any

from litmus_server.domain.form import Form

MOST_METRICS = 64
"""Declared metrics of one experiment; each has a slot from 1 to this."""
MOST_NAME = 128
"""Characters of a metric's name."""
MOST_UNIT = 16
"""Characters of the unit that values are shown in."""
MOST_DESCRIPTION = 1_000
MOST_COVARIATES = 4
"""Metrics that are named as further covariates of one."""
DAY = 86_400
DEFAULT_WINDOW = 30 * DAY
LOOSE = ("unit", "description", "cap", "covariates")
"""What may be changed of a metric while it is measured; a cap or covariates are then folded again from the log."""

_MICRO = 1_000_000
_OF_ONE_KIND = ("numerator", "denominator", "quantile", "cap", "covariates")


class Role(StrEnum):
    """What the metric is for: one primary decides, secondaries explain, guardrails must not suffer."""

    PRIMARY = "primary"
    SECONDARY = "secondary"
    GUARDRAIL = "guardrail"


class MetricKind(StrEnum):
    """How a unit's events become its number."""

    CONVERSION = "conversion"
    """Did the unit do it at least once."""
    MEAN = "mean"
    """The sum of the unit's values."""
    RATIO = "ratio"
    """The sum of one metric over all units ÷ that of another: its events are theirs."""
    QUANTILE = "quantile"
    """A quantile over units of the sum of the unit's values."""


class Direction(StrEnum):
    """Which way is better."""

    INCREASE = "increase"
    DECREASE = "decrease"


@dataclass(frozen=True, slots=True)
class Cap:
    """A unit's total counts at most `value`, in micro-units. With a `quantile` that is what this part of all variants' units
    with a value do not exceed, and None until enough units have one: then it is frozen, for ever.
    """

    value: int | None = None
    quantile: float | None = None
    frozen_at: dt.datetime | None = None

    @property
    def document(self) -> dict[str, float]:
        """What a person chose of it."""
        if self.quantile is not None:
            return {"quantile": self.quantile}
        return {} if self.value is None else {"value": self.value / _MICRO}


@dataclass(frozen=True, slots=True)
class Metric:
    """A declared metric: it has totals per unit, at place `slot` of the unit's arrays (from 1)."""

    name: str
    role: Role
    kind: MetricKind
    direction: Direction = Direction.INCREASE
    window_seconds: int = DEFAULT_WINDOW
    """Of a ratio: the longer one of its parts."""
    slot: int = 0
    """0 until an experiment has taken it up."""
    id: int = 0
    """The name as a small integer, the same in all experiments; 0 until stored."""
    numerator: str | None = None
    denominator: str | None = None
    """Of a ratio: names of metrics of the same experiment, of kind conversion or mean."""
    quantile: float | None = None
    """Of a quantile: which one, between 0 and 1."""
    cap: Cap | None = None
    margin: float | None = None
    """Of a guardrail: the harm that is tolerated, as a part of the control's value."""
    minimum_effect: float | None = None
    """The least lift worth having, as a part of the control's value."""
    unit: str = ""
    """What values are shown in: EUR, ms, %."""
    description: str = ""
    covariates: tuple[str, ...] | None = None
    """Metrics whose totals in the 30 days before the exposure adjust this one, beside its own; none at all when empty."""

    @property
    def document(self) -> dict[str, Any]:
        """What a person chose, in the words of the API; what says nothing is left out."""
        chosen: dict[str, Any] = {
            "name": self.name,
            "role": str(self.role),
            "kind": str(self.kind),
            "direction": str(self.direction),
            "window_seconds": None if self.kind is MetricKind.RATIO else self.window_seconds,
            "numerator": self.numerator,
            "denominator": self.denominator,
            "quantile": self.quantile,
            "cap": self.cap and self.cap.document,
            "margin": self.margin,
            "minimum_effect": self.minimum_effect,
            "unit": self.unit or None,
            "description": self.description or None,
            "covariates": None if self.covariates is None else list(self.covariates),
        }
        return {name: value for name, value in chosen.items() if value is not None}

    def revised(self, other: "Metric") -> "Metric":
        """The same with what may change while it is measured as `other` has it; a cap that stays is still frozen."""
        same = (self.cap and self.cap.document) == (other.cap and other.cap.document)
        return replace(
            self,
            unit=other.unit,
            description=other.description,
            cap=self.cap if same else other.cap,
            covariates=other.covariates,
        )


@dataclass(frozen=True, slots=True)
class Derivation:
    """What the fold derives of a metric beside its plain sums. Places are slots.

    Joint sums are of a unit's `totals` (1 or 0 where `binary`; at most `cap`, in micro-units), and of its sums before the
    exposure at `before`, of which its own is capped alike. Or it counts, as a `sketch`, how many units have which total.
    """

    totals: tuple[int, ...]
    binary: tuple[bool, ...]
    before: tuple[int, ...] = ()
    cap: int | None = None
    sketch: bool = False
    delay: int | None = None
    """The slot of a conversion of which it also sums how long after their exposure units converted, in microseconds."""


def derivation(metric: Metric, metrics: Sequence[Metric], *, delays: bool = False) -> Derivation | None:
    """What is derived of one of these metrics; None when plain sums say all, or (yet) when its cap is not frozen. `delays`: the
    experiment learns how long its primary conversion takes.
    """
    slots = {each.name: each.slot for each in metrics}
    kinds = {each.name: each.kind for each in metrics}
    parts = [part for part in (metric.numerator, metric.denominator) if part is not None] or [metric.name]
    adjusted = metric.covariates != () and (metric.kind is not MetricKind.CONVERSION or metric.covariates)
    before = [*parts, *(metric.covariates or ())] if adjusted else []
    totals = tuple(slots[name] for name in parts)
    binary = tuple(kinds[name] is MetricKind.CONVERSION for name in parts)
    if metric.kind is MetricKind.QUANTILE:
        return Derivation(totals, binary, sketch=True)
    timed = delays and metric.role is Role.PRIMARY and metric.kind is MetricKind.CONVERSION
    delay = slots[metric.name] if timed else None
    if metric.kind is not MetricKind.RATIO and metric.cap is None and not metric.covariates:
        return None if delay is None else Derivation((), (), delay=delay)
    if metric.cap is not None and metric.cap.value is None:
        return None
    cap = None if metric.cap is None else metric.cap.value
    return Derivation(totals, binary, tuple(slots[name] for name in before), cap, delay=delay)


def read_metric(form: Form, key: str, roles: tuple[Role, ...], kind: MetricKind) -> Metric:
    """The metric at `form[key]`: its name alone, or an object. `roles[0]` and `kind` are the defaults."""
    if isinstance(form.value(key), dict):
        return read_declaration(form.form(key), roles, kind)
    return Metric(form.text(key, MOST_NAME), roles[0], kind)


def read_declaration(form: Form, roles: tuple[Role, ...], kind: MetricKind) -> Metric:
    """The metric that this object declares. Whether those that it names are there, `misnamed` says."""
    name = form.text("name", MOST_NAME)
    role = form.choice("role", roles, roles[0])
    kind = form.choice("kind", MetricKind, kind)
    parts = [_read_part(form, part, kind) for part in ("numerator", "denominator")]
    return Metric(
        name=name,
        role=role,
        kind=kind,
        direction=form.choice("direction", Direction, Direction.INCREASE),
        window_seconds=_read_window(form, kind),
        numerator=parts[0],
        denominator=parts[1],
        quantile=_read_quantile(form, kind),
        cap=_read_cap(form, kind),
        margin=_read_margin(form, role),
        minimum_effect=form.number("minimum_effect", 1e-6, 100) if form.has("minimum_effect") else None,
        unit=form.text("unit", MOST_UNIT, ""),
        description=form.text("description", MOST_DESCRIPTION, "", lines=True),
        covariates=_read_covariates(form, kind),
    )


def misnamed(metric: Metric, metrics: Sequence[Metric]) -> Iterator[tuple[str, str]]:
    """(the field, what is wrong with it) for each metric that this one names and cannot have."""
    kinds = {each.name: each.kind for each in metrics}
    given = {"numerator": metric.numerator, "denominator": metric.denominator}
    for field, name in given.items():
        if name is not None and kinds.get(name) not in {MetricKind.CONVERSION, MetricKind.MEAN}:
            there = ", ".join(each.name for each in metrics if each.kind in {"conversion", "mean"}) or "none"
            yield field, f"must be a metric of this experiment of kind conversion or mean, which are: {there}"
    if metric.numerator is not None and metric.numerator == metric.denominator:
        yield "denominator", "is the numerator: the ratio would always be 1"
    own = {metric.name, *filter(None, given.values())}
    for place, name in enumerate(metric.covariates or ()):
        where = f"covariates/{place}"
        if name in own:
            yield where, f"{name} is a covariate of it already: name further ones, or give [] for none"
        elif name not in kinds or kinds[name] is MetricKind.RATIO:
            yield where, f"there is no metric {name} of this experiment, other than a ratio"


def settled(metrics: Sequence[Metric]) -> tuple[Metric, ...]:
    """The metrics, ratios with the window that follows from their parts."""
    windows = {metric.name: metric.window_seconds for metric in metrics}
    return tuple(
        replace(
            metric,
            window_seconds=max(
                windows.get(part or "", DEFAULT_WINDOW) for part in (metric.numerator, metric.denominator)
            ),
        )
        if metric.kind is MetricKind.RATIO
        else metric
        for metric in metrics
    )


def reshaped(was: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A metric's document without what these changes of it make meaningless: a window in another measure, a cap of another
    sort, all that only another kind has.
    """
    dropped = set[str]()
    if "window_days" in changes:
        dropped.add("window_seconds")
    if isinstance(changes.get("cap"), Mapping):
        dropped.add("cap")
    if "kind" in changes and changes["kind"] != was.get("kind"):
        dropped |= set(_OF_ONE_KIND)
        if changes["kind"] == MetricKind.RATIO:
            dropped.add("window_seconds")
    if "role" in changes and changes["role"] != Role.GUARDRAIL:
        dropped.add("margin")
    return {name: value for name, value in was.items() if name not in dropped}


def cohort_hours(metrics: tuple[Metric, ...], *, delays: bool = False) -> int:
    """Hours of first exposures that are counted together: 1 when a window is shorter than two days, or `delays` are learned, else
    24.
    """
    return 1 if delays or any(metric.window_seconds < 2 * DAY for metric in metrics) else 24


def _read_window(form: Form, kind: MetricKind) -> int:
    if kind is MetricKind.RATIO:
        for name in ("window_days", "window_seconds"):
            if form.has(name):
                form.fault(name, "is not for kind ratio: its parts have windows of their own")
        return DEFAULT_WINDOW
    days = form.number("window_days", 60 / DAY, 365, 30)
    seconds = form.integer("window_seconds", 60, 365 * DAY)
    if seconds is None:
        return round(days * DAY)
    if form.has("window_days"):
        form.fault("window_days", "give window_days or window_seconds, not both")
    return seconds


def _read_part(form: Form, name: str, kind: MetricKind) -> str | None:
    if kind is MetricKind.RATIO:
        return form.text(name, MOST_NAME)
    if form.has(name):
        form.fault(name, f"is for kind ratio, and this is {kind}")
    return None


def _read_quantile(form: Form, kind: MetricKind) -> float | None:
    if kind is MetricKind.QUANTILE:
        return form.number("quantile", 1e-6, 1 - 1e-6)
    if form.has("quantile"):
        form.fault("quantile", f"is for kind quantile, and this is {kind}")
    return None


def _read_cap(form: Form, kind: MetricKind) -> Cap | None:
    if not form.has("cap"):
        return None
    if kind is not MetricKind.MEAN:
        form.fault("cap", f"is for kind mean, and this is {kind}")
        return None
    given = form.form("cap")
    quantile = given.number("quantile", 0.5, 1 - 1e-6) if given.has("quantile") else None
    value = given.number("value", 1e-6, 1e12) if given.has("value") else None
    if (quantile is None) == (value is None):
        given.fault("", "give value or quantile, one of both")
    if value is None:
        return Cap(quantile=quantile)
    micro = Decimal(str(value)) * _MICRO
    if micro != int(micro):
        given.fault("value", "must have at most 6 decimal places, as values have")
    return Cap(int(micro))


def _read_margin(form: Form, role: Role) -> float | None:
    if not form.has("margin"):
        return None
    if role is not Role.GUARDRAIL:
        form.fault("margin", f"is for guardrails, and this is {role}")
        return None
    return form.number("margin", 1e-6, 100)


def _read_covariates(form: Form, kind: MetricKind) -> tuple[str, ...] | None:
    if not form.has("covariates"):
        return None
    covariates = form.texts("covariates", MOST_COVARIATES, MOST_NAME)
    if covariates and kind is MetricKind.QUANTILE:
        form.fault("covariates", "are not for kind quantile: nothing adjusts a quantile")
    return covariates
