"""What a client has done so far, for the caller to read."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FlushResult:
    """What became of events since the previous `flush` returned; the sum of all results is the whole history."""

    sent: int
    """Acknowledged by the server, thus committed there; duplicates of earlier deliveries included."""
    pending: int
    """Still here now, to be sent again with the same ids."""
    dropped: int
    """Lost because the buffer was full, or the client closed."""
    rejected: int
    """Refused for good, by the server with a reason or here for arguments that can never be accepted."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """One event that was refused for good."""

    event_id: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Stats:
    """Counters since the client was made (or since the fork, in a child)."""

    pending: int
    sent: int
    duplicates: int
    rejected: int
    dropped_exposures: int
    dropped_metrics: int
    suppressed_after_fallback: int
    """Events of units that were shown a fallback: their variant is not known to be true."""
    suppressed_outside: int
    """Exposures of units that were last seen outside the experiment, and everything under an override."""
    from_server: int
    from_cache: int
    stale: int
    fallbacks: int
    breaker_open: bool
    last_error: str | None
    recent_rejections: tuple[Rejection, ...]
    """The last ten."""
