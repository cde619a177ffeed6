"""What came in, as people read it: the events of the log and the dead letters in one order, and all that is known of a unit.

Newest first, by the time received. The classes of documents are their schema. It must not know where anything is stored.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from litmus_server.domain.errors import Fault, Invalid
from litmus_server.domain.event import KINDS, Kind, Reason
from litmus_server.domain.experiment import rfc3339
from litmus_server.domain.listing import decode_cursor, encode_cursor, wrong_cursor

MOST_EVENTS = 200
"""On one page."""


class Side(StrEnum):
    """Where something ended that came in: in the event log, or among the dead letters."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"


class EventType(StrEnum):
    """As the log stores them; a `reward` is a metric."""

    EXPOSURE = "exposure"
    METRIC = "metric"
    CONVERSION = "conversion"

    @property
    def kind(self) -> Kind:
        """Its number in the log."""
        return KINDS[self]


@dataclass(frozen=True, slots=True)
class Filters:
    """Which events are meant; None is all of them. `since` ≤ received < `until`.

    `named` false: not the events that name the experiment, but those that name none and count for it, because the unit was
    exposed to it before.
    """

    outcome: Side | None = None
    type: EventType | None = None
    metric: str | None = None
    variant: str | None = None
    unit: str | None = None
    reason: Reason | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    named: bool = True

    def __post_init__(self) -> None:
        """Raises Invalid where two of them exclude each other."""
        if self.reason is not None and self.outcome is Side.ACCEPTED:
            raise _excluded("reason", "only rejected events have a reason: leave it out, or ask for them")
        if self.since is not None and self.until is not None and self.since > self.until:
            raise _excluded("since", "must not be after `until`")

    @property
    def accepted(self) -> bool:
        """Whether events of the log can be meant."""
        return self.outcome is not Side.REJECTED and self.reason is None

    @property
    def rejected(self) -> bool:
        """Whether dead letters can be meant. Which experiments would have counted one that names none, nobody knows."""
        return self.outcome is not Side.ACCEPTED and self.named

    def let_through(self, event: "SeenEvent") -> bool:
        """Whether these filters, but for the times, mean this dead letter; what could not be read in it matches nothing."""
        return (
            (self.type is None or KINDS.get(event.type or "") == self.type.kind)
            and self.metric in {None, event.metric_name}
            and self.variant in {None, event.variant_key}
            and self.unit in {None, event.unit_id}
            and self.reason in {None, event.reason}
        )


class Position(NamedTuple):
    """A place in the order, which is total: times are equal within a batch. Of equal times the accepted come first."""

    at: dt.datetime
    accepted: bool
    id: int
    """The event's id as a number, or the dead letter's."""

    @property
    def cursor(self) -> str:
        """The opaque text with which a list goes on below this place."""
        return encode_cursor("events", rfc3339(self.at), str(int(self.accepted)), str(self.id))


def read_cursor(cursor: str) -> Position:
    """The place that a cursor names. Raises Invalid."""
    try:
        of, at, accepted, number = decode_cursor(cursor)
        if of != "events" or not number.isascii() or not number.isdigit() or len(number) > 39:
            raise ValueError
        position = Position(dt.datetime.fromisoformat(at).astimezone(dt.UTC), accepted == "1", int(number))
        if position.cursor != cursor or position.id >= 2 ** (128 if position.accepted else 63):
            raise ValueError
    except (ValueError, OverflowError):
        raise wrong_cursor() from None
    return position


@dataclass(frozen=True, slots=True)
class SeenEvent:
    """One event that came in. Of a rejected one there is what could be read of it, `reason`, `message`, and the `body`.

    `event_id` of an accepted one is the UUID by which it is remembered. `variant_key` of an accepted one is the variant that
    is stored for its unit, of a rejected one what it said.
    """

    outcome: Side
    event_id: str | None
    type: str | None
    experiment_id: str | None
    experiment_key: str | None
    unit_id: str | None
    unit_type: str | None
    variant_key: str | None
    metric_name: str | None
    value: Decimal | None
    occurred_at: dt.datetime | None
    received_at: dt.datetime
    door: str | None
    metadata: Any = None
    reason: str | None = None
    message: str | None = None
    body: str | None = None


Placed = tuple[Position, SeenEvent]


class Stretch(NamedTuple):
    """Events of one source, in order, and the place down to which it was looked through (None: to its end)."""

    events: Sequence[Placed]
    end: Position | None


@dataclass(frozen=True, slots=True)
class EventPage:
    """One page. It may hold fewer than asked for, even none, and yet have a `next_cursor`: then the search goes on there."""

    events: Sequence[SeenEvent]
    next_cursor: str | None


def merged(stretches: Sequence[Stretch], limit: int) -> EventPage:
    """At most `limit` events of all of them, in the one order; nothing below a place that some were not looked through to."""
    ends = [stretch.end for stretch in stretches if stretch.end is not None]
    end = max(ends, default=None)
    placed = sorted((each for stretch in stretches for each in stretch.events), key=_place, reverse=True)
    if end is not None:
        placed = [each for each in placed if each[0] >= end]
    if len(placed) > limit:
        end = placed[limit - 1][0]
    return EventPage([event for _, event in placed[:limit]], None if end is None else end.cursor)


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """How many events were rejected for this reason in the hour that begins then; all of them, kept or not."""

    hour: dt.datetime
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class ExperimentEvents:
    """What came in for one experiment, newest first."""

    experiment_id: str
    experiment_key: str
    events: Sequence[SeenEvent]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """Rejected events, newest first, and how many there were by hour, newest first."""

    dead_letters: Sequence[SeenEvent]
    counts: Sequence[ReasonCount]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class UnitMetric:
    """What a unit did of one declared metric, as the results have it.

    `events` and `total` are inside the window, which begins with the first exposure; `before` is the sum of the 30 days
    before it.
    """

    name: str
    role: str
    kind: str
    events: int
    total: Decimal
    first_at: dt.datetime | None
    window_ends_at: dt.datetime | None
    before: Decimal


@dataclass(frozen=True, slots=True)
class UnitAssignment:
    """One assignment: what was drawn, when, with what probability, by which configuration; and what came of it.

    `epoch` counts changes of fixed weights; of an adaptive experiment `policy_version` is what it was drawn from.
    `first_exposure` is null until an exposure is folded.
    """

    experiment_id: str
    experiment_key: str
    experiment_name: str
    experiment_status: str
    assignment_id: str
    variant_id: str
    variant_key: str
    variant_name: str
    propensity: float
    bucket: int
    revision: int
    epoch: int | None
    policy_version: int | None
    door: str
    attributes: Any
    assigned_at: dt.datetime
    first_exposure: dt.datetime | None
    metrics: Sequence[UnitMetric]


@dataclass(frozen=True, slots=True)
class UnitFindings:
    """All that is known of a unit; of one that never came everything is empty."""

    unit_id: str
    assignments: Sequence[UnitAssignment]
    events: Sequence[SeenEvent]
    next_cursor: str | None


def read_letter(body: str) -> Mapping[str, Any]:
    """What can be read of a rejected event: the fields of `SeenEvent` that its body tells, of the right type or None."""
    try:
        told = _LETTER.decode(body)
    except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError):
        told = {}  # it was never an event, or is longer than what is kept of it
    kind = _text(told.get("type"))
    return {
        "type": kind,
        "unit_type": _text(told.get("unit_type")),
        "variant_key": _text(told.get("variant_key")),
        "metric_name": _text(told.get("metric_name")) or (kind if kind in {"conversion", "reward"} else None),
        "value": _decimal(told.get("value")),
        "occurred_at": _time(told.get("occurred_at")),
        "metadata": told.get("metadata"),
    }


_LETTER = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _decimal(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _time(value: object) -> dt.datetime | None:
    if not isinstance(value, str):
        return None
    try:
        at = dt.datetime.fromisoformat(value)
        return None if at.tzinfo is None else at.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None


def _place(placed: Placed) -> Position:
    return placed[0]


def _excluded(name: str, message: str) -> Invalid:
    return Invalid(f"{name}: {message}", (Fault(f"/query/{name}", message),))
