"""Who asks, and what they may do. Where the credentials come from is `http/auth.py`'s business."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Role(IntEnum):
    """Each role may do what the smaller ones may."""

    ANONYMOUS = 0
    WRITER = 1  # a service: reads, decides, sends events
    ADMIN = 2  # a person or an operator: also creates, changes and stops experiments


class Action(StrEnum):
    """What every route declares before it does anything."""

    READ = "read"
    DECIDE = "decide"
    INGEST = "ingest"
    MANAGE = "manage"


@dataclass(frozen=True, slots=True)
class Principal:
    """The authenticated caller. `key_id` is stored with what the caller writes; never the credential."""

    name: str
    role: Role
    key_id: int | None = None


ANONYMOUS = Principal("anonymous", Role.ANONYMOUS)

_NEEDS = {
    Action.READ: Role.WRITER,
    Action.DECIDE: Role.WRITER,
    Action.INGEST: Role.WRITER,
    Action.MANAGE: Role.ADMIN,
}


def allowed(principal: Principal, action: Action) -> bool:
    """Whether this caller may do this; the one rule that all doors ask."""
    return principal.role >= _NEEDS[action]
