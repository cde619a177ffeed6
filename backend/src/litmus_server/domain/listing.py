"""Which experiments to list, in which order, and where a page ends: a cursor names the last one that was seen.

It must not know how they are found.
"""

import datetime as dt
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from litmus_server.domain.errors import Fault, Invalid
from litmus_server.domain.experiment import Experiment, Status, rfc3339

MOST_LISTED = 200


class Order(StrEnum):
    """By what a list is sorted; a minus sign means descending."""

    NEWEST = "-created_at"
    OLDEST = "created_at"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Position:
    """A place between two experiments of a list; it stays where it is when others are added."""

    value: dt.datetime | str
    id: UUID


@dataclass(frozen=True, slots=True)
class Listing:
    """`status` None means all, archived ones included; `text` is looked for in name, key and description."""

    status: Status | None = Status.RUNNING
    text: str = ""
    order: Order = Order.NEWEST
    after: Position | None = None
    limit: int = MOST_LISTED


def searched(experiment: Experiment) -> str:
    """All that is looked through for a text, in lower case."""
    parts = (
        experiment.name,
        experiment.key,
        experiment.owner,
        *experiment.tags,
        experiment.description,
        experiment.hypothesis,
    )
    return "\n".join(parts).lower()


def cursor_after(experiment: Experiment, order: Order) -> str:
    """The opaque text with which the list goes on after this experiment."""
    value = experiment.name if order is Order.NAME else rfc3339(experiment.created_at)
    return encode_cursor(str(order), value, str(experiment.id))


def read_position(cursor: str, order: Order) -> Position:
    """The place that a cursor of a list in this order names. Raises Invalid."""
    parts = decode_cursor(cursor)
    try:
        of, value, identity = parts
        if of != order:
            raise ValueError
        return Position(value if order is Order.NAME else dt.datetime.fromisoformat(value), UUID(identity))
    except (ValueError, TypeError):
        raise wrong_cursor() from None


def encode_cursor(*parts: str) -> str:
    """Opaque, and safe in a URL."""
    return urlsafe_b64encode(json.dumps(parts).encode()).rstrip(b"=").decode()


def decode_cursor(cursor: str) -> list[str]:
    """What was put into a cursor. Raises Invalid for anything else than a list of text."""
    try:
        parts = json.loads(urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)))
    except (ValueError, RecursionError):
        raise wrong_cursor() from None
    if isinstance(parts, list) and all(isinstance(part, str) and "\0" not in part for part in parts):
        return parts
    raise wrong_cursor()


def wrong_cursor() -> Invalid:
    """The error for a cursor that we did not make, or made for another list."""
    message = "must be the next_cursor of a list in the same order"
    return Invalid(f"cursor: {message}", (Fault("/query/cursor", message),))
