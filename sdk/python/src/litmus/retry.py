"""When to ask again, and when to stop asking. Without I/O, clock or dice, so that any client can share it."""

from collections.abc import Callable
from dataclasses import dataclass

from litmus.errors import LitmusError


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Full jitter: the n-th pause is uniform on [0, min(cap, base · 2ⁿ)] seconds; a Retry-After replaces it."""

    retries: int
    base: float = 0.1
    cap: float = 2.0

    def pause(
        self, attempt: int, error: LitmusError, left: float, uniform: Callable[[float, float], float]
    ) -> float | None:
        """Seconds to wait before attempt `attempt + 1` (the first is 0), or None: give up.

        It gives up when the pause would not end within the `left` seconds of the budget.
        """
        if not error.retryable or attempt >= self.retries:
            return None
        pause = error.retry_after
        if pause is None:
            pause = uniform(0.0, self.ceiling(attempt))
        return pause if pause < left else None

    def ceiling(self, attempt: int) -> float:
        """The longest pause after this attempt."""
        return float(min(self.cap, self.base * 2 ** min(attempt, 32)))


class Breaker:
    """Stops the asking after `limit` failed calls in a row, for `hold` seconds; then one call at a time may
    try.

    So a dead server costs the caller's service a few slow calls, never one per request. Not thread-safe.
    """

    __slots__ = ("_failures", "_until", "hold", "limit")

    def __init__(self, limit: int = 5, hold: float = 10.0) -> None:
        """Closed, that is: everything may pass."""
        self.limit = limit
        self.hold = hold
        self._failures = 0
        self._until = 0.0

    def allows(self, now: float) -> bool:
        """Whether a call may be made now. While open, a True is the one trial until another hold has passed."""
        if not self.is_open:
            return True
        if now < self._until:
            return False
        self._until = now + self.hold
        return True

    def failed(self, now: float) -> None:
        """A call found the server unable to work."""
        self._failures += 1
        self._until = now + self.hold

    def trip(self, now: float, hold: float) -> None:
        """Open at once, for this long: asking again cannot help."""
        self._failures = max(self._failures, self.limit)
        self._until = now + hold

    def succeeded(self) -> None:
        """A call was answered."""
        self._failures = 0

    @property
    def is_open(self) -> bool:
        """True from the last of `limit` failures until a call is answered."""
        return self._failures >= self.limit
