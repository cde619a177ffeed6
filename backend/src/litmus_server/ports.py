"""The list of doors: what services need from the world, in the services' words."""

import datetime as dt
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple, Protocol, TypeVar
from uuid import UUID

from litmus_server.domain.assignment import Stored
from litmus_server.domain.audit import AuditEntry, Cause
from litmus_server.domain.experiment import Experiment
from litmus_server.domain.listing import Listing
from litmus_server.domain.policy import Policy, Watermark

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


class CatalogChange(Protocol):
    """A transaction that holds the head of the configuration: no other change is under way, on any machine."""

    at: dt.datetime
    """The database's clock."""

    async def get(self, reference: str) -> Experiment | None:
        """By id or key, as it is now."""
        ...

    async def taken(self, name: str, key: str) -> tuple[bool, bool]:
        """Whether the name, and whether the key, was ever given to an experiment."""
        ...

    async def save(
        self, before: Experiment | None, after: Experiment, action: str, cause: Cause
    ) -> Experiment:
        """Write `after` under the next revision, with all that follows: document, history, audit, policy, hint.

        Answers it with its revision and the numbers that the database gave.
        """
        ...

    async def refold(self, experiment: int) -> None:
        """Ask for a new fold of this experiment's log, once this change is committed."""
        ...


class Catalog(Protocol):
    """The experiments as people manage them. Everything raises Unavailable when the database is away."""

    def change(self) -> AbstractAsyncContextManager[CatalogChange]:
        """One transaction: committed at the end of the block, undone when it raises."""
        ...

    async def get(self, reference: str) -> Experiment | None:
        """By id or key."""
        ...

    async def find(self, listing: Listing) -> list[Experiment]:
        """At most `listing.limit`, in its order."""
        ...

    async def audit(self, experiment: UUID, before: int | None, limit: int) -> list[AuditEntry]:
        """Newest first, of those with a smaller id than `before`."""
        ...


class Work(Protocol):
    """Asking for what is done beside the requests."""

    async def ask(self, kind: str, experiments: Sequence[int]) -> None:
        """A job of this kind about each of these experiments, unless one waits already."""
        ...


class Standing(NamedTuple):
    """Where a running adaptive experiment stands, against its newest policy (None: there is none)."""

    experiment: int
    revision: int
    seq: int
    units: int
    now: dt.datetime
    policy: PolicyRow | None
    policy_seq: int
    policy_units: int
    published_at: dt.datetime | None


class Observed(NamedTuple):
    """All that a policy is computed from, read in one snapshot of the database; counts by ordinal."""

    standing: Standing
    entry: Mapping[str, Any]
    watermark: Watermark
    units: Sequence[int]
    conversions: Sequence[int]


class Policies(Protocol):
    """What learners read and publish."""

    async def standings(self, types: Sequence[str]) -> Sequence[Standing]:
        """Of all running experiments of these types."""
        ...

    async def observed(self, experiment: int) -> Observed | None:
        """What is known of this experiment; None unless it is running."""
        ...

    async def publish(self, policy: Policy) -> bool:
        """Compare and swap: False, and nothing done, unless it follows the newest version (`parent`) and the experiment
        is running at the revision that it was computed for. `published_at` becomes the database's time.
        """
        ...
