"""What an experiment measures: a name, how events of that name become one number per unit, and which way is better.

It must not know how the numbers are computed.
"""

from dataclasses import dataclass
from enum import StrEnum

from litmus_server.domain.form import Form

MOST_METRICS = 32
"""Declared metrics of one experiment; each has a slot from 1 to this."""
MOST_NAME = 128
"""Characters of a metric's name."""
DAY = 86_400
DEFAULT_WINDOW = 30 * DAY


class Role(StrEnum):
    """What the metric is for: one primary decides, secondaries explain, guardrails must not suffer."""

    PRIMARY = "primary"
    SECONDARY = "secondary"
    GUARDRAIL = "guardrail"


class MetricKind(StrEnum):
    """`conversion`: did the unit do it at least once. `mean`: the sum of the unit's values."""

    CONVERSION = "conversion"
    MEAN = "mean"


class Direction(StrEnum):
    """Which way is better."""

    INCREASE = "increase"
    DECREASE = "decrease"


@dataclass(frozen=True, slots=True)
class Metric:
    """A declared metric: it has totals per unit, at place `slot` of the unit's arrays (from 1)."""

    name: str
    role: Role
    kind: MetricKind
    direction: Direction = Direction.INCREASE
    window_seconds: int = DEFAULT_WINDOW
    slot: int = 0
    """0 until an experiment has taken it up."""
    id: int = 0
    """The name as a small integer, the same in all experiments; 0 until stored."""


def read_metric(form: Form, key: str, roles: tuple[Role, ...], kind: MetricKind) -> Metric:
    """The metric at `form[key]`: its name alone, or an object. `roles[0]` and `kind` are the defaults."""
    if isinstance(form.value(key), dict):
        return read_declaration(form.form(key), roles, kind)
    return Metric(form.text(key, MOST_NAME), roles[0], kind)


def read_declaration(form: Form, roles: tuple[Role, ...], kind: MetricKind) -> Metric:
    """The metric that this object declares."""
    return Metric(
        name=form.text("name", MOST_NAME),
        role=form.choice("role", roles, roles[0]),
        kind=form.choice("kind", MetricKind, kind),
        direction=form.choice("direction", Direction, Direction.INCREASE),
        window_seconds=_read_window(form),
    )


def cohort_hours(metrics: tuple[Metric, ...]) -> int:
    """Hours of first exposures that are counted together: 1 when a window is shorter than two days, else 24."""
    return 1 if any(metric.window_seconds < 2 * DAY for metric in metrics) else 24


def _read_window(form: Form) -> int:
    days = form.number("window_days", 60 / DAY, 365, 30)
    seconds = form.integer("window_seconds", 60, 365 * DAY)
    if seconds is None:
        return round(days * DAY)
    if form.has("window_days"):
        form.fault("window_days", "give window_days or window_seconds, not both")
    return seconds
