"""Events as the server reads them: encoded once, when they are logged, so that a resend is the same to the
byte.

It knows the wire format of events; it must not know buffers, threads or HTTP.
"""

import json
import math
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal, TypeAlias

from litmus.errors import InvalidArgumentError, ServerError

Kind: TypeAlias = Literal["exposure", "metric"]


@dataclass(frozen=True, slots=True)
class Event:
    """One event, ready to be sent as often as it takes."""

    id: str
    kind: Kind
    body: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one event at the server; reason and message tell why it was rejected."""

    event_id: str
    outcome: Literal["accepted", "duplicate", "rejected"]
    reason: str
    message: str


def exposure(
    experiment_id: str,
    unit_id: str,
    variant_key: str,
    *,
    now: datetime,
    occurred_at: datetime | None = None,
    metadata: Mapping[str, object] | None = None,
    event_id: str | None = None,
) -> Event:
    """The unit met the point where the variants differ. Raises InvalidArgumentError."""
    fields = {"experiment_id": experiment_id, "unit_id": unit_id, "variant_key": variant_key}
    return _event("exposure", fields, None, now, occurred_at, metadata, event_id)


def metric(
    metric_name: str,
    unit_id: str,
    value: object,
    *,
    now: datetime,
    experiment_id: str | None = None,
    variant_key: str | None = None,
    occurred_at: datetime | None = None,
    metadata: Mapping[str, object] | None = None,
    event_id: str | None = None,
) -> Event:
    """A number was observed for the unit, in one experiment or (none named) in all that it was exposed to.

    Raises InvalidArgumentError.
    """
    fields: dict[str, object] = {"unit_id": unit_id, "metric_name": metric_name}
    if experiment_id is not None:
        fields["experiment_id"] = experiment_id
    if variant_key is not None:
        fields["variant_key"] = variant_key
    return _event("metric", fields, number(value), now, occurred_at, metadata, event_id)


def envelope(events: Iterable[Event], sent_at: datetime) -> bytes:
    """The body of one delivery. `sent_at` lets the server correct a clock that is off."""
    return b'{"sent_at":"%s","events":[%s]}' % (
        timestamp(sent_at).encode(),
        b",".join(event.body for event in events),
    )


def read_outcomes(answer: object, events: Sequence[Event]) -> list[Outcome]:
    """The outcome of each event, in the order of the events, as the server lists them.

    Raises ServerError when the answer does not account for every event: then none counts as delivered.
    """
    listed = answer.get("outcomes") if isinstance(answer, Mapping) else None
    if not isinstance(listed, list) or len(listed) != len(events):
        raise ServerError("the answer does not account for every event: is this a Litmus server?")
    return [_outcome(item, event) for item, event in zip(listed, events, strict=True)]


def _outcome(item: object, event: Event) -> Outcome:
    """Of this event: an outcome without an id is of an event that the server could not read."""
    if (
        not isinstance(item, Mapping)
        or item.get("outcome") not in {"accepted", "duplicate", "rejected"}
        or item.get("event_id") not in {event.id, None}
    ):
        raise ServerError("the answer does not account for every event: is this a Litmus server?")
    return Outcome(
        event.id, item["outcome"], str(item.get("reason") or "unknown"), str(item.get("message") or "")
    )


def number(value: object) -> str:
    """The value as JSON text, digit by digit as it was given: a Decimal never passes through a float.

    Raises InvalidArgumentError for what is no finite number.
    """
    try:
        if isinstance(value, Decimal):
            return str(value) if value.is_finite() else _no_number(value)
        if isinstance(value, int):
            return str(int(value))
        if isinstance(value, str | bytes):
            return _no_number(value)
        if hasattr(value, "__index__"):  # the integers of numpy
            return str(value.__index__())
        floated = float(value)  # type: ignore[arg-type]  # whatever has no __float__ is a TypeError, caught below
    except (TypeError, ValueError, OverflowError):
        return _no_number(value)
    return repr(floated) if math.isfinite(floated) else _no_number(value)


def timestamp(moment: object) -> str:
    """RFC 3339 in UTC with a Z. Raises InvalidArgumentError for a naive datetime: its zone cannot be guessed."""
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise InvalidArgumentError("times are datetimes with a time zone, for example datetime.now(UTC)")
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def uuid7(unix_ms: int, randbits: Callable[[int], int] = secrets.randbits) -> str:
    """A UUID of version 7 (RFC 9562): the time in milliseconds, then 74 random bits.

    The bits come from the operating system, so that a forked child repeats none of its parent's ids.
    """
    number = (unix_ms & (1 << 48) - 1) << 80 | 0x7 << 76 | randbits(12) << 64 | 0b10 << 62 | randbits(62)
    digits = f"{number:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def encode(document: object) -> bytes:
    """JSON in UTF-8, its keys sorted, so that equal documents are equal bytes.

    Raises InvalidArgumentError for what JSON or UTF-8 cannot carry.
    """
    try:
        return json.dumps(
            document, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
        ).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidArgumentError(f"this cannot be sent as JSON: {error}") from None


def _event(
    kind: Kind,
    fields: Mapping[str, object],
    value: str | None,
    now: datetime,
    occurred_at: datetime | None,
    metadata: Mapping[str, object] | None,
    event_id: str | None,
) -> Event:
    for name, text in fields.items():
        if not isinstance(text, str) or not text:
            raise InvalidArgumentError(f"{name} is a text that is not empty, not {text!r}")
    identity = uuid7(int(now.timestamp() * 1000)) if event_id is None else event_id
    document: dict[str, object] = {
        "event_id": identity,
        "type": kind,
        **fields,
        "occurred_at": timestamp(occurred_at if occurred_at is not None else now),
    }
    if metadata is not None:
        document["metadata"] = dict(metadata)
    body = encode(document)
    if value is not None:
        body = b'%s,"value":%s}' % (body[:-1], value.encode())
    return Event(identity, kind, body)


def _no_number(value: object) -> str:
    raise InvalidArgumentError(f"a finite number is needed, not {value!r}")
