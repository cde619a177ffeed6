"""A fact that arrived, and what became of it. Knows the rules for one event; not where it goes."""

import datetime as dt
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from enum import IntEnum, StrEnum
from hashlib import sha256
from re import compile as pattern
from typing import Annotated, Literal, NamedTuple

import msgspec


class Kind(IntEnum):
    """What the log stores. A conversion is a metric event whose value defaults to 1."""

    EXPOSURE = 1
    METRIC = 2
    CONVERSION = 3


class Door(IntEnum):
    """Through which API an assignment or event came in."""

    CANONICAL = 1
    WEBSITE = 2
    WORKER = 3
    OFREP = 4


class Reason(StrEnum):
    """Why an event was rejected: a closed list, part of the API."""

    MALFORMED = "malformed"
    UNKNOWN_EXPERIMENT = "unknown_experiment"
    NOT_RUNNING = "not_running"
    ARCHIVED = "archived"
    NOT_IN_EXPERIMENT = "not_in_experiment"
    VARIANT_MISMATCH = "variant_mismatch"
    CLOCK = "clock"
    VALUE = "value"
    TOO_LARGE = "too_large"
    TOO_MANY_METRICS = "too_many_metrics"


@dataclass(frozen=True, slots=True)
class Accepted:
    """Committed. `note` says what was changed on the way in, if anything was."""

    note: str | None = None


@dataclass(frozen=True, slots=True)
class Duplicate:
    """An event with this id is stored already; the first one stays."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """Not stored in the log; its id is not remembered, so it may be sent again."""

    reason: Reason
    message: str


Outcome = Accepted | Duplicate | Rejected


class LoggedEvent(NamedTuple):
    """One row on its way into the event log. Times are UTC; None means the database's clock. Values are micro-units."""

    event_id: str
    kind: Kind
    experiment: int | None
    unit: str
    unit_type: str | None
    metric: int | None
    value: int | None
    occurred_at: dt.datetime | None
    claimed: int | None
    door: int
    key_id: int | None
    is_bot: bool
    metadata: str | None


KINDS = {
    "exposure": Kind.EXPOSURE,
    "metric": Kind.METRIC,
    "conversion": Kind.CONVERSION,
    "reward": Kind.METRIC,
}
"""What an event may call itself, and what it is stored as."""


class Submitted(msgspec.Struct, frozen=True, gc=False):
    """One event as it was sent. The door for services decodes straight into it; other doors translate."""

    event_id: str
    type: Literal["exposure", "metric", "conversion", "reward"]
    unit_id: str = ""
    user_id: str = ""
    experiment_id: str | None = None
    unit_type: str | None = None
    variant_key: str | None = None
    metric_name: str | None = None
    value: Decimal | None = None
    occurred_at: Annotated[dt.datetime, msgspec.Meta(tz=True)] | None = None
    metadata: msgspec.Raw = msgspec.Raw()


class Unreadable(NamedTuple):
    """Something in the place of an event that is none; `raw` is what was there, as it came."""

    message: str
    raw: str
    event_id: str | None = None


class DeadLetter(NamedTuple):
    """A rejected event as it is kept: text that PostgreSQL can hold, and the reason."""

    experiment: int | None
    reason: str
    message: str
    event_id: str | None
    unit: str | None
    door: int
    key_id: int | None
    body: str


def storable(text: str, limit: int = 4_096) -> str:
    """`text` without what PostgreSQL cannot store (NUL, lone surrogates), cut to `limit` characters."""
    return text[:limit].replace("\x00", "\N{SYMBOL FOR NULL}").encode(errors="replace").decode()


MICRO = 1_000_000
MAX_VALUE = 10**12
_STEP = Decimal(1).scaleb(-6)
_UUID = pattern(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")

AHEAD, BACK = 300.0, 30 * 86_400.0
"""Seconds that `occurred_at` may lie ahead of, or back from, the server's clock."""
SKEW = 5.0
"""Seconds by which a client's clock must be off before `sent_at` corrects its times."""


def identity(event_id: str) -> str:
    """The UUID under which an id is remembered: itself if it is one, else a hash of its text."""
    if _UUID.fullmatch(event_id):
        return event_id.lower()
    digest = sha256(event_id.encode()).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-8{digest[13:16]}-a{digest[17:20]}-{digest[20:32]}"


def micro(value: Decimal) -> tuple[int, bool]:
    """A value as a whole number of micro-units, and whether it had to be rounded (half to even).

    Raises ValueError with a sentence when it is not finite or beyond ±10^12.
    """
    if not value.is_finite():
        raise ValueError("value must be a finite number")
    if abs(value) > MAX_VALUE:
        raise ValueError("value must lie between -1e12 and 1e12")
    try:
        stepped = value.quantize(_STEP, ROUND_HALF_EVEN)
    except InvalidOperation:  # an exponent so small that the context cannot hold the quotient
        return 0, True
    return int(stepped.scaleb(6)), stepped != value


def corrected(occurred_at: dt.datetime, sent_at: dt.datetime | None, received_at: dt.datetime) -> dt.datetime:
    """`occurred_at` on the server's clock: shifted when the sender's clock is off by more than SKEW seconds."""
    if sent_at is None:
        return occurred_at
    skew = received_at - sent_at
    if abs(skew.total_seconds()) <= SKEW:
        return occurred_at
    try:
        return occurred_at + skew
    except OverflowError:  # beyond year 9999: the clock check says what is wrong with it
        return occurred_at
