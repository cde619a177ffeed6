"""Which experiments to list, in which order, and where a page ends: a cursor names the last one that was seen.

It must not know how they are found.
"""

import datetime as dt
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from litmus_server.domain.draft import ExperimentType
from litmus_server.domain.errors import Fault, Invalid
from litmus_server.domain.experiment import Experiment, Status
from litmus_server.domain.form import wrong_json

MOST_LISTED = 200


EARLIEST = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
LATEST = dt.datetime(9999, 12, 31, tzinfo=dt.UTC)


class Order(StrEnum):
    """By what a list is sorted; a minus sign means descending."""

    NEWEST = "-created_at"
    OLDEST = "created_at"
    LATELY_CHANGED = "-updated_at"
    LONGEST_UNCHANGED = "updated_at"
    LATELY_STARTED = "-started_at"
    FIRST_STARTED = "started_at"
    NAME = "name"
    NAME_BACKWARDS = "-name"

    @property
    def descending(self) -> bool:
        """Whether the greatest comes first."""
        return self.startswith("-")

    @property
    def column(self) -> str:
        """The field of an experiment."""
        return self.removeprefix("-")


@dataclass(frozen=True, slots=True)
class Position:
    """A place between two experiments of a list; it stays where it is when others are added."""

    value: dt.datetime | str
    id: UUID


@dataclass(frozen=True, slots=True)
class Listing:
    """What is listed fulfils everything that is given; None means whatever.

    `tags`: it has all of them. `metric`: it declares it. `text`: each of its words is part of its name, key, owner, tags,
    description or hypothesis, whatever the case.
    """

    statuses: tuple[Status, ...] | None = None
    archived: bool | None = None
    text: str = ""
    types: tuple[ExperimentType, ...] | None = None
    tags: tuple[str, ...] = ()
    owner: str | None = None
    metric: str | None = None
    order: Order = Order.NEWEST
    after: Position | None = None
    limit: int = MOST_LISTED

    @property
    def words(self) -> list[str]:
        """Of `text`, in lower case."""
        return self.text.lower().split()


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
    value = getattr(experiment, order.column)
    if value is None:
        value = EARLIEST if order.descending else LATEST
    return encode_cursor(
        str(order), value if isinstance(value, str) else value.isoformat(), str(experiment.id)
    )


def read_position(cursor: str, order: Order) -> Position:
    """The place that a cursor of a list in this order names. Raises Invalid."""
    parts = decode_cursor(cursor)
    try:
        of, value, identity = parts
        if of != order:
            raise ValueError
        if order.column == "name":
            return Position(value, UUID(identity))
        moment = dt.datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError
        return Position(moment.astimezone(dt.UTC), UUID(identity))
    except (ValueError, TypeError, OverflowError):
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
    if isinstance(parts, list) and all(
        isinstance(part, str) and not wrong_json(part, 1_000) for part in parts
    ):
        return parts
    raise wrong_cursor()


def wrong_cursor() -> Invalid:
    """The error for a cursor that we did not make, or made for another list."""
    message = "must be the next_cursor of a list in the same order"
    return Invalid(f"cursor: {message}", (Fault("/query/cursor", message),))
