"""Ramps: the share of traffic that grows by steps, each after the time that the step before has to run.

It must not know what an experiment is, nor who raises the share.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from litmus_server.domain.form import Form
from litmus_server.domain.weights import share_to_ppm, to_fraction

MOST_STEPS = 20
LEAST_HOURS = 1 / 60
MOST_HOURS = 24 * 365


@dataclass(frozen=True, slots=True)
class Step:
    """A share of traffic in ppm, and how long it runs, pauses not counted; None: the last, for good."""

    traffic: int
    hours: float | None

    @property
    def document(self) -> dict[str, Any]:
        """As it is stored and shown, and read back by `read_ramp`."""
        shown = {"traffic": to_fraction(self.traffic)}
        return shown if self.hours is None else shown | {"hours": self.hours}


@dataclass(frozen=True, slots=True)
class Hold:
    """Why the share is not raised although its time may have come."""

    by: str
    reason: str | None
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a ramp has come that began and is not at its end."""

    step: int
    """From 0."""
    since: dt.datetime
    held: Hold | None = None
    """By somebody, until it is resumed."""
    alarm: Hold | None = None
    """By an alarm, as long as one stands."""

    @property
    def document(self) -> dict[str, Any]:
        """As it is stored, and read back by `progress_of`."""
        return {
            "step": self.step,
            "since": self.since.isoformat(),
            "held": _shown(self.held),
            "alarm": _shown(self.alarm),
        }


def progress_of(document: Mapping[str, Any]) -> Progress:
    """What `Progress.document` says."""
    return Progress(
        document["step"],
        dt.datetime.fromisoformat(document["since"]),
        _hold(document["held"]),
        _hold(document["alarm"]),
    )


def read_ramp(form: Form) -> tuple[Step, ...] | None:
    """The form's `ramp`, None without: shares that grow, hours for all but the last."""
    if not form.has("ramp"):
        return None
    entries = form.entries("ramp", MOST_STEPS, 2)
    places = list(entries)
    steps: list[Step] = []
    for place in places:
        each = entries.form(place)
        noted = each.noted
        traffic = share_to_ppm(each.number("traffic", 0, 1), each.at)
        if traffic <= (steps[-1].traffic if steps else 0) and each.noted == noted:
            than = f"the share before, {to_fraction(steps[-1].traffic):g}" if steps else "0"
            each.fault("traffic", f"must be greater than {than}")
        hours: float | None = None
        if place != places[-1]:
            hours = each.number("hours", LEAST_HOURS, MOST_HOURS)
        elif each.has("hours"):
            each.fault("hours", "the last share stays, so that it has none")
        steps.append(Step(traffic, hours))
    return tuple(steps)


def steps_of(documents: Sequence[Mapping[str, Any]]) -> tuple[Step, ...]:
    """What the documents of steps say."""
    return tuple(Step(share_to_ppm(each["traffic"], ""), each.get("hours")) for each in documents)


def _shown(hold: Hold | None) -> dict[str, Any] | None:
    return None if hold is None else {"by": hold.by, "reason": hold.reason, "at": hold.at.isoformat()}


def _hold(document: Mapping[str, Any] | None) -> Hold | None:
    if document is None:
        return None
    return Hold(document["by"], document["reason"], dt.datetime.fromisoformat(document["at"]))
