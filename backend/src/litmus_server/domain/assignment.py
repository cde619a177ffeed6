"""The first decision for a unit, written down: it holds whatever is edited later."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import NamedTuple

from litmus_server.domain.errors import Fault, Invalid

UNIT_LIMIT = 256
"""Characters of a unit's id."""


class Candidate(NamedTuple):
    """A decision that becomes the unit's assignment if the unit has none. `attributes` and `context` are JSON text.

    Where units are drawn anew after a while, `unit` is a stay's name and `stay_of` the unit whose it is.
    """

    unit: str
    experiment: int
    variant: int
    door: int
    epoch: int
    propensity: int
    bucket: int
    key_id: int | None
    revision: int
    attributes: str | None
    context: str | None = None
    """Of a draw that was this unit's own, what makes it again: `Drawn.document`."""
    stay_of: str | None = None
    exposure: str | None = None
    """The event id of an exposure to log in the same transaction."""


class Stored(NamedTuple):
    """The assignment that a unit has. `epoch` is the epoch of fixed weights, or the version of the policy."""

    variant: int
    epoch: int
    propensity: int
    bucket: int
    revision: int
    fresh: bool
    """Whether this very call made it."""


def assignment_id(experiment: int, unit: str) -> str:
    """The id of a unit's assignment: a reversible code, so that nothing needs an index to find it again."""
    return urlsafe_b64encode(b"%x:%b" % (experiment, unit.encode())).rstrip(b"=").decode()


def parse_assignment_id(code: str) -> tuple[int, str]:
    """(experiment, unit) of an assignment id. Raises ValueError for anything that `assignment_id` did not make."""
    number, found, unit = urlsafe_b64decode(code.encode() + b"=" * (-len(code) % 4)).partition(b":")
    if not found:
        raise ValueError("not an assignment id")
    experiment, text = int(number, 16), unit.decode()
    if assignment_id(experiment, text) != code:
        raise ValueError("not an assignment id")
    return experiment, text


def check_unit(unit: str) -> None:
    """A unit id is 1 to 256 characters of text that UTF-8 and PostgreSQL can hold. Raises Invalid."""
    if not unit:
        raise Invalid(
            "unit_id (or user_id) is required", (Fault("/unit_id", "is required: 1 to 256 characters"),)
        )
    if len(unit) > UNIT_LIMIT:
        raise Invalid("unit_id must have 1 to 256 characters", (Fault("/unit_id", "1 to 256 characters"),))
    if not unit.isascii():
        try:
            unit.encode()
        except UnicodeEncodeError as error:
            wrong = "unit_id holds a lone surrogate, which is no text"
            raise Invalid(wrong, (Fault("/unit_id", wrong),)) from error
    if "\x00" in unit:
        raise Invalid("unit_id must not contain NUL", (Fault("/unit_id", "no NUL character"),))
