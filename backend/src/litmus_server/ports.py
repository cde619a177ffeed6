"""The list of doors: what services need from the world, in the services' words."""

import datetime as dt
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

from litmus_server.domain.assignment import Stored

Row_contra = TypeVar("Row_contra", contravariant=True)
Answer_co = TypeVar("Answer_co", covariant=True)


class Log(Protocol[Row_contra, Answer_co]):
    """Append-only: what it answers has been committed."""

    def submit(self, rows: Sequence[Row_contra], size: int, /) -> Awaitable[Sequence[Answer_co | Exception]]:
        """One answer per row, in order, after their commit; a row that cannot be stored answers its exception.

        `size`: bytes, roughly. Raises Overloaded when too much waits; Unavailable, now or when awaited, when the
        database is away.
        """
        ...


class PolicyRow(NamedTuple):
    """A published policy; propensities in ppm by ordinal."""

    experiment: int
    version: int
    revision: int
    propensities: Sequence[int]


class Changes(NamedTuple):
    """What happened to the configuration and the policies, read in one snapshot of the database."""

    revision: int
    entries: Sequence[Mapping[str, Any]]
    policies: Sequence[PolicyRow]


class Configuration(Protocol):
    """What experiments are, as published."""

    async def changes(self, since: int, versions: Mapping[int, int]) -> Changes:
        """Entries newer than revision `since`, and policies newer than those named by experiment."""
        ...


class Ledger(Protocol):
    """Reading back what was written about one unit."""

    async def assignment(self, unit: str, experiment: int) -> Stored | None:
        """The stored assignment, or None."""
        ...

    async def first_exposures(
        self, pairs: Sequence[tuple[str, int]]
    ) -> Mapping[tuple[str, int], dt.datetime]:
        """When each (unit, experiment) was first exposed; pairs that never were are missing."""
        ...


class MetricNames(Protocol):
    """Names of metrics as small integers."""

    async def numbers(self, names: Sequence[str]) -> Mapping[str, int]:
        """The numbers of these names, making those that are new."""
        ...

    async def admit(self, experiment: int, metrics: Sequence[int], limit: int) -> set[int]:
        """Which undeclared metrics this experiment counts, at most `limit` in all; it stays with its first ones."""
        ...
