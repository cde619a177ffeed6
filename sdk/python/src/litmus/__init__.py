"""Litmus for Python services: ask which variant a unit gets, log what happened.

    from litmus import ExperimentClient

Importing `litmus.decide` alone loads the standard library only: the client, and with it httpx2, comes on
first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from litmus.assignment import Assignment, Source
    from litmus.client import ExperimentClient
    from litmus.counts import FlushResult, Rejection, Stats
    from litmus.errors import (
        AuthError,
        DeadlineError,
        InvalidArgumentError,
        LitmusError,
        NotAskedError,
        NotFoundError,
        RateLimitedError,
        RefusedError,
        ServerError,
        UnreachableError,
    )

__all__ = [
    "Assignment",
    "AuthError",
    "DeadlineError",
    "ExperimentClient",
    "FlushResult",
    "InvalidArgumentError",
    "LitmusError",
    "NotAskedError",
    "NotFoundError",
    "RateLimitedError",
    "RefusedError",
    "Rejection",
    "ServerError",
    "Source",
    "Stats",
    "UnreachableError",
]

_HOMES = {
    "Assignment": "assignment",
    "ExperimentClient": "client",
    "FlushResult": "counts",
    "Rejection": "counts",
    "Source": "assignment",
    "Stats": "counts",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'litmus' has no attribute {name!r}")
    value: object = getattr(import_module(f"litmus.{_HOMES.get(name, 'errors')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
