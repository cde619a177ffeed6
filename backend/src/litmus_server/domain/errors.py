"""What can go wrong, in the words of the domain. No HTTP here: `http/problems.py` translates, once."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with an input: where (JSON pointer), what, and what is allowed."""

    pointer: str
    message: str


class LitmusError(Exception):
    """Base of all expected failures; `str()` is a sentence for the person who caused it."""

    title: ClassVar[str] = "Request failed"


class Invalid(LitmusError):
    """The input breaks a rule; `faults` lists every rule that it breaks, not only the first."""

    title = "Invalid request"

    def __init__(self, message: str, faults: tuple[Fault, ...] = (), title: str | None = None) -> None:
        """`title` overrides the class's, where the mission prints other words."""
        super().__init__(message)
        self.faults = faults
        self.heading = title or self.title


class NotFound(LitmusError):
    """No such thing, or none that the caller may see."""

    def __init__(self, kind: str, reference: str) -> None:
        """`kind` as people say it: "Experiment"."""
        super().__init__(f"{kind} not found: {reference}")
        self.kind, self.reference = kind, reference


class InvalidTransition(LitmusError):
    """The status cannot go from here to there."""

    title = "Invalid status transition"

    def __init__(self, current: str, wanted: str, allowed: tuple[str, ...]) -> None:
        """`allowed`: where it can go from `current`."""
        ways = ", ".join(allowed) or "nowhere: it is final"
        super().__init__(f"An experiment that is {current} cannot become {wanted}; it can become {ways}")
        self.current, self.wanted, self.allowed = current, wanted, allowed


class Conflict(LitmusError):
    """Somebody else changed it first: read it again, then decide again."""

    title = "Conflict"

    def __init__(self, message: str, revision: int | None = None) -> None:
        """`revision`: the one that is current."""
        super().__init__(message)
        self.revision = revision


class Unauthorized(LitmusError):
    """No credentials, or credentials that we do not know."""

    title = "Unauthorized"


class Forbidden(LitmusError):
    """Known, but not allowed to do this."""

    title = "Forbidden"


class Overloaded(LitmusError):
    """More is waiting than we can hold; nothing was done. Try again after `retry_after` seconds."""

    title = "Too many requests"

    def __init__(self, message: str, retry_after: int = 1) -> None:
        """Seconds, whole, at least 1."""
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(LitmusError):
    """The database is away. What was asked may or may not have happened; asking again is safe."""

    title = "Service unavailable"

    def __init__(self, message: str, retry_after: int = 1) -> None:
        """Seconds, whole, at least 1."""
        super().__init__(message)
        self.retry_after = retry_after


class TooLarge(LitmusError):
    """The body has more bytes than this route takes; nothing of it was looked at."""

    title = "Body too large"

    def __init__(self, limit: int) -> None:
        """`limit` in bytes."""
        super().__init__(f"The body may have {limit} bytes; send less at once")
        self.limit = limit


class Unstorable(Invalid):
    """PostgreSQL has no form for this text or number: the row is at fault, not the database."""
