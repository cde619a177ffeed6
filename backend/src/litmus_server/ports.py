"""The list of doors: what services need from the world, in the services' words."""

import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple, Protocol, TypeVar
from uuid import UUID

from litmus_server.bandits.contextual import Sums
from litmus_server.domain.alarm import Alarm, AlarmKind
from litmus_server.domain.assignment import Stored
from litmus_server.domain.audience import Audience
from litmus_server.domain.audit import AuditEntry, Cause, Trail
from litmus_server.domain.experiment import Experiment, Shared
from litmus_server.domain.holdback import Held
from litmus_server.domain.inspection import (
    Filters,
    Position,
    ReasonCount,
    SeenEvent,
    Stretch,
    UnitAssignment,
)
from litmus_server.domain.interactions import InteractionRefusal
from litmus_server.domain.layer import Layer
from litmus_server.domain.listing import Listing
from litmus_server.domain.look import Look
from litmus_server.domain.metric import Metric
from litmus_server.domain.policy import Policy, Watermark
from litmus_server.domain.reach import Met
from litmus_server.domain.replay import Past
from litmus_server.domain.series import Interval, Strip, Window
from litmus_server.domain.stickiness import Stay
from litmus_server.domain.summary import Summary
from litmus_server.rules.observation import Observation
from litmus_server.stats.moments import JointMoments
from litmus_server.stats.sheet import Sheet

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
    """A published policy; propensities in ppm by ordinal. `model`: of a contextual one, what each unit's shares follow from."""

    experiment: int
    version: int
    revision: int
    propensities: Sequence[int]
    model: Mapping[str, Any] | None = None


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


class StayAsked(NamedTuple):
    """In which stay was this unit at this moment (None: now)? Before its first, in its first. Stays last so many seconds."""

    unit: str
    experiment: int
    at: dt.datetime | None
    ttl_seconds: int


class Ledger(Protocol):
    """Reading back what was written about one unit."""

    async def assignment(self, unit: str, experiment: int) -> Stored | None:
        """The stored assignment, or None."""
        ...

    async def stay(self, unit: str, experiment: int) -> Stay | None:
        """The newest stay of a unit that is drawn anew after a while, whether it is over or not; None when there was none."""
        ...

    async def stays(self, asked: Sequence["StayAsked"]) -> Sequence[str | None]:
        """The name of the stay that each was in; None for one that was in none."""
        ...

    async def first_exposures(
        self, pairs: Sequence[tuple[str, int]]
    ) -> Mapping[tuple[str, int], dt.datetime]:
        """When each (unit, experiment) was first exposed; pairs that never were are missing."""
        ...


class PastDecisions(Protocol):
    """The log of assignments with the archive of what they were drawn by."""

    async def find(self, experiment: int, unit: str) -> Past | None:
        """The assignment of this unit; None when it has none. Raises Unavailable when the database is away."""
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

    async def acknowledge(self, experiment: int, alarm: int, by: str) -> Alarm | None:
        """The alarm as it was, cleared in this person's name if it stood; None when the experiment has none of this id."""
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

    async def alarms(self, experiment: int, before: int | None, limit: int) -> list[Alarm]:
        """Of one experiment, those that stand and those that stood; newest first, at most `limit`, raised before this id."""
        ...


class Watched(NamedTuple):
    """A running experiment about which something is new to the rules."""

    no: int
    id: str


class Deed(CatalogChange, Protocol):
    """A transaction in which acts of rules are carried out."""

    async def mark(self, experiment: int, looks: int, taken: int) -> bool:
        """The promotion rule has taken `looks` looks now; False, and nothing done, unless it had taken `taken` before."""
        ...

    async def raise_alarm(
        self, experiment: int, kind: AlarmKind, metric: int | None, message: str, evidence: Mapping[str, Any]
    ) -> bool:
        """False, and nothing done, when one of this kind and metric stands."""
        ...

    async def clear_alarm(self, experiment: int, kind: AlarmKind, metric: int | None) -> bool:
        """False when none stands."""
        ...


class ActBook(Protocol):
    """Where rules look, and act. Everything raises Unavailable when the database is away."""

    async def watched(self, rest: dt.timedelta, most: int) -> Sequence[Watched]:
        """At most so many running experiments of which something was folded or changed since they were judged, those first that
        have waited longest. They are the caller's for `rest`: nobody else is told of them.
        """
        ...

    async def observed(self, experiment: int) -> Observation | None:
        """All that rules go by, read in one snapshot; None when there is no such experiment."""
        ...

    async def judged(self, observed: Observation, looks: int) -> bool:
        """What was observed is judged, and need not be again; the promotion rule has taken `looks` looks. As `Deed.mark`."""
        ...

    async def acknowledge(self, alarm: int, floors: Mapping[int, float]) -> None:
        """Keep the evidence that a person has borne with, by ordinal, unless it is kept already."""
        ...

    def acting(self) -> AbstractAsyncContextManager[Deed]:
        """One transaction: committed at the end of the block, undone when it raises."""
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

    async def met(self, unit_type: str | None) -> "Lately":
        """Who was assigned of late, by experiments of this unit type or of all; bounded in rows and in time."""
        ...


class Lately(NamedTuple):
    """Assignments since `since`: all of them where `whole`, else as many as are looked at."""

    since: dt.datetime
    whole: bool
    log: Sequence[Met]


REPORT = "report"
"""The kind of job that computes an experiment's report: what those who ask and those who compute agree on."""


class Work(Protocol):
    """Asking for what is done beside the requests."""

    async def ask(self, kind: str, experiments: Sequence[int]) -> None:
        """A job of this kind about each of these experiments, unless one waits already."""
        ...


POWER = "power"
"""The kind of job that answers a question of planning; its payload is {"question": …}."""


class Errands(Protocol):
    """Asking for something to be computed elsewhere, and waiting for what comes of it."""

    async def send(self, kind: str, payload: Mapping[str, Any]) -> int:
        """The number under which to ask for the outcome."""
        ...

    async def outcome(self, errand: int) -> tuple[bool, Any] | None:
        """Whether it was done, and what came of it; None as long as nobody has finished it."""
        ...


EVALUATE = "evaluate"
"""The kind of job that answers what another policy would have earned; its payload is {"question": …}."""


class LoggedVersion(NamedTuple):
    """Shares in ppm by ordinal, of an epoch of fixed weights or a version of a policy; and the archived state of the latter."""

    shares: tuple[int, ...]
    state: Mapping[str, Any] | None


class DecisionLog(NamedTuple):
    """An experiment's sums, and by epoch (or version) what its units were drawn with: nothing where each has shares of its own."""

    now: dt.datetime
    entry: Mapping[str, Any]
    sheet: Sheet
    versions: Mapping[int, LoggedVersion]


class LoggedUnits(NamedTuple):
    """Exposed units of an experiment in which each has propensities of its own, side by side, by version."""

    versions: Sequence[int]
    variants: Sequence[int]
    shares: Sequence[Sequence[int]]
    """By ordinal in ppm."""
    features: Sequence[Mapping[str, Any]]
    eligible: Sequence[Sequence[int] | None]
    """The ordinals of variants that a request named; None where it named none."""
    outcomes: Sequence[float]
    """In the metric's units."""
    unknown: int
    """How many others there are whose propensities the log does not hold."""


class ArchivedVersion(NamedTuple):
    """A policy, and the configuration for whose variants it was published."""

    document: Mapping[str, Any]
    policy: Policy


class DecisionLogs(Protocol):
    """What off-policy evaluation reads."""

    async def version(self, experiment: int, version: int) -> ArchivedVersion | None:
        """Of the experiment of this number. Raises Unavailable when the database is away."""
        ...

    async def units(self, entry: Mapping[str, Any], metric: Mapping[str, Any]) -> LoggedUnits:
        """Of a contextual experiment and a conversion or mean of it. Raises Unavailable when the database is away."""
        ...

    async def find(self, reference: str) -> DecisionLog | None:
        """By id or key. Raises Unavailable when the database is away."""
        ...


COHORTS = "cohorts"
"""The kind of job that answers whether an effect lasts; its payload is {"experiment": …, "question": …}."""
EXPLORE = "explore"
"""The kind of job that answers a question about parts of an experiment; its payload is {"question": …}."""


EXPORT = "export"
"""The kind of job that answers an experiment's report with all that it was computed from; its payload is {"experiment": number}."""


class ExportedUnits(NamedTuple):
    """Rows of units in parts: unit, variant's key, epoch, first exposure; then of each of these metrics the events, their sum, and the
    sum before the exposure, in the metric's units.
    """

    metrics: Sequence[str]
    parts: AsyncIterator[Sequence[Sequence[Any]]]


class UnitBook(Protocol):
    """Reading all units of an experiment, for analysts."""

    async def units(self, experiment: int) -> ExportedUnits | None:
        """In one snapshot, in no particular order; None when there is no such experiment."""
        ...


class SliceValue(NamedTuple):
    """What the units of a slice have in common: a value; or (None) others than those that are told, or none."""

    value: str | None
    other: bool = False


class SlicedSums(NamedTuple):
    """The sums of one slice, as a sheet has them of all."""

    value: SliceValue
    sheet: Sheet


class Sliced(NamedTuple):
    """One metric of an experiment by the values of a dimension. `entry` declares that metric alone; `whole` has all units."""

    now: dt.datetime
    seq: int
    entry: Mapping[str, Any]
    shares: Mapping[int, Sequence[int]]
    whole: Sheet
    slices: Sequence[SlicedSums]


class AgeSums(NamedTuple):
    """What units did at each age (`domain.cohorts.AGES`): their joint sums, and how many had a value. Of a conversion the first one counts, as 1."""

    units: JointMoments
    seen: tuple[int, ...]


class Aged(NamedTuple):
    """One metric of an experiment at one age of its units. `entry` declares that metric alone, with a window that ends at this age."""

    now: dt.datetime
    seq: int
    entry: Mapping[str, Any]
    window_seconds: int
    """Of the metric as it was declared."""
    shares: Mapping[int, Sequence[int]]
    sheet: Sheet
    ages: Mapping[tuple[int, int], AgeSums]
    """(variant, epoch) → of units whose cohort has reached that age. Empty for ratios and quantiles."""


class SliceBook(Protocol):
    """What is read of an experiment's units, by what is known of them."""

    async def sliced(
        self, experiment: int, dimension: str, choose: Callable[[Mapping[str, Any]], int]
    ) -> Sliced | None:
        """None when there is no such experiment. `choose` names the metric's number in its document, and may raise."""
        ...

    async def aged(
        self, experiment: int, choose: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    ) -> Aged | None:
        """None when there is no such experiment. `choose` gives the metric as its document has it, with the window to read; it may raise."""
        ...


INTERACT = "interact"
"""The kind of job that answers which experiments depend on each other; its payload is {"experiment": number, "question": …}."""


class CrossedSums(NamedTuple):
    """Of the units in one variant and epoch of this experiment and in one of another; `seen` of them have a value."""

    variant: int
    other_variant: int
    epoch: int
    other_epoch: int
    seen: int
    sums: JointMoments


class CrossedWith(NamedTuple):
    """Another experiment, with the sums of the units in both; or why it is not held against this one. Where weights are learned there
    are no shares, and epochs are not told apart.
    """

    entry: Mapping[str, Any]
    shares: Mapping[int, Sequence[int]]
    sums: Sequence[CrossedSums]
    refused: InteractionRefusal | None = None


class CrossedUnits(NamedTuple):
    """One metric of an experiment over the units that it shares with others. `entry` declares that metric alone; `ready`: its rows are
    what it declares. `not_looked_at` is how many more others there are.
    """

    now: dt.datetime
    entry: Mapping[str, Any]
    shares: Mapping[int, Sequence[int]]
    exposed: int
    ready: bool
    others: Sequence[CrossedWith]
    not_looked_at: int


class CrossingBook(Protocol):
    """What is read of units that several experiments share."""

    async def crossed(
        self, experiment: int, other: str | None, choose: Callable[[Mapping[str, Any]], int]
    ) -> CrossedUnits | None:
        """With this other one (id or key), or with all that ran beside it; None when there is no such experiment. `choose` names the
        metric's number in its document, and may raise. Raises NotFound when there is no such other one.
        """
        ...


class PlanBook(Protocol):
    """What planning reads."""

    async def history(self, reference: str, metric: str | None) -> "PastUnits | None":
        """What an experiment (id or key) has shown of this metric, by default its primary one; None when there is no such experiment."""
        ...


class PastUnits(NamedTuple):
    """An experiment, and the sums of one of its metrics, which is None where it declares no such one."""

    now: dt.datetime
    experiment: Experiment
    metric: Metric | None
    sheet: Sheet


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
    """All that a policy is computed from, read in one snapshot of the database; counts by ordinal.

    `joined` is how many units the experiment had when each variant was added; `sheet` has the primary metric's sums, where
    somebody asked for it.
    """

    standing: Standing
    entry: Mapping[str, Any]
    watermark: Watermark
    units: Sequence[int]
    conversions: Sequence[int]
    joined: Sequence[int]
    sheet: Sheet | None


class Policies(Protocol):
    """What learners read and publish."""

    async def standings(self, types: Sequence[str]) -> Sequence[Standing]:
        """Of all running experiments of these types."""
        ...

    async def observed(
        self, experiment: int, wants_sheet: Callable[[Mapping[str, Any]], bool]
    ) -> Observed | None:
        """What is known of this experiment; None unless it is running. `wants_sheet` is asked with its document."""
        ...

    async def publish(self, policy: Policy) -> bool:
        """Compare and swap: False, and nothing done, unless it follows the newest version (`parent`) and the experiment
        is running at the revision that it was computed for. `published_at` becomes the database's time.
        """
        ...


class Contexts(Protocol):
    """What learners read of contextual experiments; `entry` is the configuration's document."""

    async def absorb(self, entry: Mapping[str, Any]) -> int:
        """Add to the sums what the fold has changed since, exactly once; how many units changed them."""
        ...

    async def idle(self) -> Sequence[int]:
        """Experiments that do not run, and of which so many units wait that they are worth absorbing."""
        ...

    async def settle(self, experiment: int) -> int:
        """`absorb`, of an experiment by its newest document; 0 where it is not contextual."""
        ...

    async def sums(self, entry: Mapping[str, Any]) -> Sequence[Sums]:
        """By ordinal."""
        ...

    async def people(self, entry: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        """The features of some units that are in the sums: a sample that stays the same unless they change."""
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
    sheet: Sheet
    """All sums of the declared metrics by variant, epoch (or policy version) and cohort: what effects are computed from."""
    shares: Mapping[int, Sequence[int]]
    """Epoch, or policy version → the share of each variant in ppm while units were drawn under it."""
    looks: Sequence[Look] = ()
    """The planned looks that were taken."""
    rejected: Mapping[str, int] = {}
    """Rejected events of this experiment by reason."""
    alarms: Sequence[Alarm] = ()
    """Those that stand."""
    past: Sequence[tuple[float, float]] = ()
    """(lift, its standard error) of the primary metric of past experiments; read where the prior is fitted to them."""
    held: Sequence[Held] = ()
    """Where features decide: what those of the holdback brought, and all others."""


class ReportState(NamedTuple):
    """What a report reflects: how far it is folded, which configuration, which policy (0: none)."""

    seq: int
    revision: int
    policy_version: int

    def covers(self, other: "ReportState") -> bool:
        """Whether a report of this state shows all that one of the other would."""
        return all(mine >= theirs for mine, theirs in zip(self, other, strict=True))


class KeptReport(NamedTuple):
    """A document as it is served, and what it reflects; `changes_at`: when it says something else although nothing happens."""

    state: ReportState
    document: bytes
    changes_at: dt.datetime | None


class ReportBook(Protocol):
    """Where the worker reads what a report is made of, and keeps it."""

    async def is_current(self, experiment: int) -> bool:
        """Whether the kept report reflects this very moment."""
        ...

    async def facts(self, experiment: int) -> Facts | None:
        """None when there is no such experiment."""
        ...

    async def keep(
        self,
        experiment: int,
        report: "KeptReport",
        computed_at: dt.datetime,
        looks: Sequence[Look],
        summary: bytes,
    ) -> None:
        """Keep it and its summary in place of older ones, with the looks that were taken for it, and hint."""
        ...

    async def looking(self) -> Sequence[int]:
        """Experiments with planned looks whose report no longer reflects what is known, or what time it is; at most 100."""
        ...


class Subject(NamedTuple):
    """An experiment that somebody wants to read of: `now` what a report would reflect, `kept` what the kept one does, if its
    time has not come to change.

    `age` is that of the kept report, in seconds; `at` is the database's time.
    """

    no: int
    id: str
    key: str
    type: str
    now: ReportState
    kept: ReportState | None
    age: float
    at: dt.datetime


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


class Summarized(NamedTuple):
    """An experiment's kept summary, None before its first report. `stale`: a report of this moment would reflect more; `age`:
    of the newest, in seconds.
    """

    no: int
    id: UUID
    summary: Summary | None
    stale: bool
    age: float


class Readings(Protocol):
    """What is read for those who look at results. Everything raises Unavailable when the database is away."""

    async def subject(self, reference: str) -> Subject | None:
        """By id or key."""
        ...

    async def document(self, experiment: int) -> KeptReport | None:
        """The kept report."""
        ...

    async def summaries(self, experiments: Sequence[UUID]) -> Sequence[Summarized]:
        """Of those of them that have started: what is kept of their newest reports."""
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
