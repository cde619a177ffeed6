"""The list of doors: what services need from the world, in the services' words."""

import datetime as dt
from collections.abc import Awaitable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple, Protocol, TypeVar
from uuid import UUID

from litmus_server.domain.alarm import Alarm
from litmus_server.domain.assignment import Stored
from litmus_server.domain.audience import Audience
from litmus_server.domain.audit import AuditEntry, Cause, Trail
from litmus_server.domain.experiment import Experiment, Shared
from litmus_server.domain.inspection import (
    Filters,
    Position,
    ReasonCount,
    SeenEvent,
    Stretch,
    UnitAssignment,
)
from litmus_server.domain.layer import Layer
from litmus_server.domain.listing import Listing
from litmus_server.domain.policy import Policy, Watermark
from litmus_server.domain.series import Interval, Strip, Window

Row_contra = TypeVar("Row_contra", contravariant=True)
Answer_co = TypeVar("Answer_co", covariant=True)


class Log(Protocol[Row_contra, Answer_co]):
    """Append-only: what it answers has been committed."""

    def admit(self, rows: int, size: int = 0, /) -> None:
        """Raise what `submit` would raise for so many rows, before work is put into them."""
        ...

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
    deleted: Sequence[int] = ()
    """Numbers of experiments that are no more."""


class Configuration(Protocol):
    """What experiments are, as published."""

    async def changes(self, since: int, versions: Mapping[int, int]) -> Changes:
        """What was changed or deleted after revision `since`, and policies newer than those named by experiment."""
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


class Alarms(Protocol):
    """What was found wrong with experiments, and is not right again."""

    async def standing(self, experiments: Sequence[int]) -> Mapping[int, Sequence[Alarm]]:
        """The alarms that stand, oldest first, of those of these experiments that have any."""
        ...


class Ramping(NamedTuple):
    """A running experiment whose ramp is under way, and whether an alarm holds it."""

    id: str
    no: int
    alarmed: bool


class Due(NamedTuple):
    """What time may change: `ids` of experiments whose moment has come at `at`, and all ramps that are under way."""

    at: dt.datetime
    ids: Sequence[str]
    ramping: Sequence[Ramping]


class CatalogChange(Protocol):
    """A transaction that holds the head of the configuration: no other change is under way, on any machine."""

    at: dt.datetime
    """The database's clock."""

    async def get(self, reference: str) -> Experiment | None:
        """By id or key, as it is now."""
        ...

    async def taken(self, name: str, key: str, besides: UUID) -> tuple[bool, bool]:
        """Whether the name, and whether the key, is that of another experiment, archived ones included."""
        ...

    async def shared(self, audiences: Collection[str], layers: Collection[str]) -> Shared:
        """The audiences of these keys with those that they name, the layers of these keys, and the holdout."""
        ...

    async def save(
        self, before: Experiment | None, after: Experiment, action: str, cause: Cause
    ) -> Experiment:
        """Write `after` under the next revision, with all that follows: document, history, audit, policy, hint.

        Answers it with its revision and the numbers that the database gave.
        """
        ...

    async def delete(self, experiment: Experiment, cause: Cause) -> int:
        """Remove it with its documents, under the next revision, which it answers; only the audit remembers it."""
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

    async def due(self, at: dt.datetime | None = None) -> Due:
        """What is due at this moment, by default the database's; what waits longest comes first."""
        ...

    async def find(self, listing: Listing) -> tuple[list[Experiment], int]:
        """At most `listing.limit`, in its order; and how many there are on all pages."""
        ...

    async def audit(self, trail: Trail) -> list[AuditEntry]:
        """Newest first, at most `trail.limit`."""
        ...


class User(NamedTuple):
    """An experiment that names something shared."""

    id: UUID
    key: str
    name: str
    status: str


class Holdout(NamedTuple):
    """The units that no experiment has: those whose bucket is below `share`, in ppm. The salt never changes."""

    salt: str
    share: int
    revision: int
    updated_at: dt.datetime


class TargetingChange(CatalogChange, Protocol):
    """A transaction that changes what experiments share, and with it experiments. What it saves has the next revision."""

    async def audiences(self) -> list[Audience]:
        """All, by key."""
        ...

    async def layers(self) -> list[Layer]:
        """All, by key, with the places that are taken."""
        ...

    async def layer(self, key: str) -> Layer | None:
        """With the places that are taken."""
        ...

    async def holdout(self) -> Holdout:
        """As it is now."""
        ...

    async def users(self, *, audiences: Collection[str] = (), layer: str | None = None) -> list[User]:
        """Experiments that name one of these audiences, or this layer, whatever their status."""
        ...

    async def naming(self, audiences: Collection[str]) -> list[Experiment]:
        """The experiments that name one of these audiences."""
        ...

    async def held_out(self) -> list[Experiment]:
        """The running experiments that take part in the holdout."""
        ...

    async def save_audience(self, before: Audience | None, after: Audience, cause: Cause) -> Audience:
        """Write it."""
        ...

    async def delete_audience(self, audience: Audience, cause: Cause) -> int:
        """Remove it; answers the revision without it."""
        ...

    async def save_layer(self, before: Layer | None, after: Layer, cause: Cause) -> Layer:
        """Write it, but for its places, which are the experiments'."""
        ...

    async def delete_layer(self, layer: Layer, cause: Cause) -> int:
        """Remove it; answers the revision without it."""
        ...

    async def save_holdout(self, before: Holdout, share: int, cause: Cause) -> Holdout:
        """Write the share, in ppm."""
        ...


class TargetingBook(Protocol):
    """What experiments share, as people manage it. Everything raises Unavailable when the database is away."""

    def change(self) -> AbstractAsyncContextManager[TargetingChange]:
        """One transaction: committed at the end of the block, undone when it raises."""
        ...

    async def audiences(self) -> list[Audience]:
        """All, by key."""
        ...

    async def layers(self) -> list[Layer]:
        """All, by key, with the places that are taken."""
        ...

    async def holdout(self) -> Holdout:
        """As it is now."""
        ...

    async def users(self, *, audiences: Collection[str] = (), layer: str | None = None) -> list[User]:
        """Experiments that name one of these audiences, or this layer, whatever their status."""
        ...


REPORT = "report"
"""The kind of job that computes an experiment's report: what those who ask and those who compute agree on."""


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


class Total(NamedTuple):
    """Events of one variant and metric (0: the exposure) as they came in; `value` in micro-units."""

    variant: int
    metric: int
    name: str | None
    events: int
    value: int
    units: int


class Facts(NamedTuple):
    """All that a report is made of, read in one snapshot of the database. Variants are ordinals."""

    now: dt.datetime
    entry: Mapping[str, Any]
    state: "ReportState"
    folded_at: dt.datetime | None
    lag_seconds: float
    propensities: Sequence[int] | None
    """Of the newest policy, in ppm, also while nothing runs; None under fixed weights."""
    sums: Mapping[tuple[int, int], tuple[int, int]]
    """(variant, metric) → units (0: exposed ones), their sum in micro-units, over all epochs and cohorts."""
    totals: Sequence[Total]
    window: Window | None
    strips: Sequence[Strip]
    """Of the exposure and the primary metric, over `window`."""


class ReportState(NamedTuple):
    """What a report reflects: how far it is folded, which configuration, which policy (0: none)."""

    seq: int
    revision: int
    policy_version: int

    def covers(self, other: "ReportState") -> bool:
        """Whether a report of this state shows all that one of the other would."""
        return all(mine >= theirs for mine, theirs in zip(self, other, strict=True))


class ReportBook(Protocol):
    """Where the worker reads what a report is made of, and keeps it."""

    async def is_current(self, experiment: int) -> bool:
        """Whether the kept report reflects this very moment."""
        ...

    async def facts(self, experiment: int) -> Facts | None:
        """None when there is no such experiment."""
        ...

    async def keep(
        self, experiment: int, state: ReportState, computed_at: dt.datetime, document: bytes
    ) -> None:
        """Keep it in place of an older one, and hint."""
        ...


class Subject(NamedTuple):
    """An experiment that somebody wants to read of: `now` what a report would reflect, `kept` what the kept one does.

    `age` is that of the kept report, in seconds.
    """

    no: int
    id: str
    key: str
    type: str
    now: ReportState
    kept: ReportState | None
    age: float


class Counters(NamedTuple):
    """The raw counters of one experiment; variants are (id, name) by ordinal."""

    experiment_id: str
    now: dt.datetime
    variants: Sequence[tuple[str, str]]
    totals: Sequence[Total]


class SeriesRows(NamedTuple):
    """Sparse counts over `window`, which is None when there are none; variants are (id, key) by ordinal."""

    variants: Sequence[tuple[str, str]]
    metric: tuple[int, str] | None
    declared: bool
    window: Window | None
    strips: Sequence[Strip]


class Readings(Protocol):
    """What is read for those who look at results. Everything raises Unavailable when the database is away."""

    async def subject(self, reference: str) -> Subject | None:
        """By id or key."""
        ...

    async def document(self, experiment: int) -> tuple[ReportState, bytes] | None:
        """The kept report, byte for byte, and what it reflects."""
        ...

    async def counters(self, experiment: int) -> Counters:
        """What `/metrics` shows: one look at the rollup of all time."""
        ...

    async def series(
        self,
        experiment: int,
        metric: str | None,
        interval: Interval | None,
        since: dt.datetime | None,
        until: dt.datetime | None,
    ) -> SeriesRows:
        """Counts by interval (None: the finest that shows all) of this metric (None: the primary one).

        Raises NotFound for a metric that the experiment neither declares nor has events of.
        """
        ...

    async def policies(self, experiment: int, before: int | None, limit: int) -> Sequence[Policy]:
        """Newest first, of those with a smaller version than `before`."""
        ...


class Inspected(NamedTuple):
    """An experiment whose events are looked at; `variants`: key → ordinal."""

    no: int
    id: str
    key: str
    variants: Mapping[str, int]


class Arrivals(NamedTuple):
    """What became visible: `events` are the newest of the `total` that are meant, oldest first.

    `batches` and `letters` are what they are known by, with their times: to be left out of the next look.
    """

    at: dt.datetime
    batches: Mapping[int, dt.datetime]
    letters: Mapping[int, dt.datetime]
    total: int
    events: Sequence[SeenEvent]


class EventBook(Protocol):
    """Both logs, read for people. `variant` is the ordinal that the filters' key means. Everything raises Unavailable when
    the database is away.
    """

    async def subject(self, reference: str) -> Inspected | None:
        """By id or key."""
        ...

    async def events(
        self, experiment: int, variant: int | None, filters: Filters, below: Position | None, limit: int
    ) -> Sequence[Stretch]:
        """What came in for an experiment: at least one more than `limit` of each source, or as far as it was looked through.

        Of a unit only the newest 10,000 are looked through.
        """
        ...

    async def unit_events(self, unit: str, below: Position | None, limit: int) -> Sequence[Stretch]:
        """The same for a unit, whatever the experiment."""
        ...

    async def dead_letters(
        self, experiment: int | None, filters: Filters, below: Position | None, limit: int
    ) -> Stretch:
        """Those of an experiment, or (None) those that name none that there is."""
        ...

    async def rejections(
        self, experiment: int | None, filters: Filters, most: dt.timedelta
    ) -> Sequence[ReasonCount]:
        """How many were rejected by hour and reason, `most` back at most."""
        ...

    async def unit(self, unit: str) -> Sequence[UnitAssignment]:
        """Its assignments, newest first."""
        ...

    async def arrivals(
        self,
        experiment: int,
        variant: int | None,
        filters: Filters,
        since: dt.datetime | None,
        batches: Sequence[int],
        letters: Sequence[int],
        most: int,
    ) -> Arrivals:
        """What came in since (None: only what time it is), but for these batches and dead letters; `most` events."""
        ...
