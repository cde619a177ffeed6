"""What services send and get on the hot routes: the types that decode, encode and document them. No logic."""

import datetime as dt
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec

from litmus_server.domain.event import Reason, Submitted

Eligible = Annotated[list[str], msgspec.Meta(min_length=1, max_length=100)]
UTC = Annotated[dt.datetime, msgspec.Meta(tz=True)]


class AssignRequest(msgspec.Struct):
    """Which variant does this unit get? `log_exposure`: log an exposure in the same transaction. `preview`: a token that shows
    one variant, and logs nothing. `unit_id` may be left out where each decision is a unit of its own. Where shares are learned, `eligible` are the keys of the variants that it may get, and for
    squarecb without features `scores` are what each is expected to bring.
    """

    unit_id: str | None = None
    user_id: str | None = None
    unit_type: str | None = None
    attributes: dict[str, Any] | None = None
    log_exposure: bool = False
    preview: str | None = None
    eligible: Eligible | None = None
    scores: dict[str, float] | None = None


class Assignment(msgspec.Struct):
    """The variant, why, and with what probability. `fresh`: this call randomised the unit. `expires_at`, where units are drawn anew
    after a while: from then on this answer holds no more.
    """

    experiment_id: str
    experiment_key: str
    assignment_id: str | None
    unit_id: str
    in_experiment: bool
    reason: str
    variant_id: str
    variant_key: str
    variant_name: str
    config: Any
    propensity: float
    fresh: bool
    revision: int
    policy_version: int | None
    expires_at: dt.datetime | msgspec.UnsetType = msgspec.UNSET


class AssignOne(msgspec.Struct):
    """One of many: the experiment by id or key, and the unit."""

    experiment_id: str
    unit_id: str | None = None
    user_id: str | None = None
    unit_type: str | None = None
    attributes: dict[str, Any] | None = None
    preview: str | None = None
    eligible: Eligible | None = None
    scores: dict[str, float] | None = None


class AssignManyRequest(msgspec.Struct):
    """At most 1,000 at once; each is answered in its place."""

    requests: Annotated[list[AssignOne], msgspec.Meta(max_length=1_000)]


class Failed(msgspec.Struct):
    """One of many that could not be assigned."""

    status: int
    error: str
    message: str
    experiment_id: str
    unit_id: str


class AssignManyResponse(msgspec.Struct):
    """In the order of the requests, each an assignment or what was wrong with it."""

    assignments: list[Assignment | Failed]


class Events(msgspec.Struct):
    """At most 10,000 events. `sent_at`: the sender's clock now, by which a clock that is wrong is corrected."""

    events: Annotated[list[Submitted], msgspec.Meta(max_length=10_000)]
    sent_at: UTC | None = None


class RawEvents(msgspec.Struct):
    """The same, when some event in it is not one: the others must not suffer."""

    events: Annotated[list[msgspec.Raw], msgspec.Meta(max_length=10_000)]
    sent_at: UTC | None = None


class EventOutcome(msgspec.Struct, omit_defaults=True):
    """What became of one event: accepted, duplicate or rejected, and then why."""

    event_id: str | None
    outcome: Literal["accepted", "duplicate", "rejected"]
    reason: Reason | None = None
    message: str | None = None


class EventsResponse(msgspec.Struct):
    """One outcome per event, in order. Accepted means committed."""

    accepted: int
    duplicates: int
    rejected: int
    outcomes: list[EventOutcome]


class ConversionRequest(msgspec.Struct):
    """A goal reached. Without an `event_id` each call is a new event."""

    experiment_id: str
    metric_name: str
    user_id: str | None = None
    unit_id: str | None = None
    value: Decimal | None = None
    metadata: msgspec.Raw = msgspec.Raw()
    event_id: str | None = None
    occurred_at: UTC | None = None


class ConversionResponse(msgspec.Struct):
    """The variant is the name of the one that the unit was assigned."""

    status: str
    experiment_id: str
    variant: str
    metric: str
    value: Decimal | float
    event_id: str
    duplicate: bool
    message: str | None = None
    """What was changed on the way in, if anything was."""


class SnapshotResponse(msgspec.Struct):
    """Everything that is needed to decide; `experiments` are configuration entries with the policy in force."""

    revision: int
    hash: str
    experiments: list[dict[str, Any]]
