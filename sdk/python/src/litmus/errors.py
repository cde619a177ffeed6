"""What can go wrong between a service and Litmus. With `fail_safe_enabled` (the default) none of it reaches
the caller.

It knows statuses and their meaning; it must not know HTTP libraries.
"""

from typing import ClassVar


class LitmusError(Exception):
    """Base of every error of the SDK."""

    retryable: ClassVar[bool] = False
    """The same request may well succeed a moment later."""
    outage: ClassVar[bool] = False
    """The server could not do its work: enough of these in a row and the client stops asking for a while."""

    def __init__(self, message: str, *, status: int | None = None, retry_after: float | None = None) -> None:
        """`status` is the answer's, None without an answer; `retry_after` is in seconds, when the server said
        so.
        """
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


class UnreachableError(LitmusError):
    """No answer: refused, cut off, not resolved; or not asked."""

    retryable = True
    outage = True


class NotAskedError(UnreachableError):
    """The server has been failing, or refuses the key, and it is too early to ask again."""


class DeadlineError(LitmusError):
    """The time budget of the call ran out."""

    outage = True


class ServerError(LitmusError):
    """Status 5xx or 408, or an answer that is not what Litmus would say."""

    retryable = True
    outage = True


class RateLimitedError(LitmusError):
    """Status 429. `retry_after` says when to come back."""

    retryable = True


class AuthError(LitmusError):
    """Status 401 or 403: the key is missing, wrong, or may not do this."""


class NotFoundError(LitmusError):
    """Status 404: no such experiment, or no Litmus at this base URL."""


class RefusedError(LitmusError):
    """Any other status that is no success: the server understood, and says no."""


class InvalidArgumentError(LitmusError, ValueError):
    """The arguments can never be accepted: a value that is no number, text that has no UTF-8 form, a missing
    id.
    """


def error_for(status: int, message: str, retry_after: float | None) -> LitmusError:
    """The error that an answer with this status means."""
    kind: type[LitmusError] = RefusedError
    if status in {401, 403}:
        kind = AuthError
    elif status == 404:
        kind = NotFoundError
    elif status == 429:
        kind = RateLimitedError
    elif status == 408 or status >= 500:
        kind = ServerError
    return kind(message, status=status, retry_after=retry_after)
