"""Who does what: the handler of each kind of job. It must not know how jobs are stored, woken or run again."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import asyncpg

from litmus_server.store.jobs import Job


@dataclass(frozen=True, slots=True)
class Context:
    """What a handler is given beside its payload: the job itself and connections to the database."""

    job: Job
    pool: "asyncpg.Pool[Any]"


Handler: TypeAlias = Callable[[Context, Mapping[str, Any]], Awaitable[object]]
"""Does the work and answers what is kept as the job's result (JSON, or None); must be safe to run twice."""


class Registry:
    """Kind → handler. Jobs of a kind that is not in it are left for a process that has it."""

    def __init__(self, handlers: Mapping[str, Handler] | None = None) -> None:
        """Start from these."""
        self._handlers = dict(handlers or {})

    def add(self, kind: str, handler: Handler) -> None:
        """One handler a kind: a second is a mistake in the wiring."""
        if kind in self._handlers:
            raise ValueError(f"jobs of kind {kind} have a handler already")
        self._handlers[kind] = handler

    @property
    def kinds(self) -> tuple[str, ...]:
        """What this process can do."""
        return tuple(self._handlers)

    def __getitem__(self, kind: str) -> Handler:
        return self._handlers[kind]
