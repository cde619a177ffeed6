"""Looking at what came in: the events and dead letters of an experiment, one unit, and what arrives while somebody watches.

It decides which sources are asked and where a page ends. It must not know SQL or HTTP.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from litmus.decide import Experiment, Policy, decide

from litmus_server.bandits.checksum import is_genuine
from litmus_server.bandits.contextual_draw import archived_drawing
from litmus_server.bandits.contextual_expectation import expectation_of
from litmus_server.domain.assignment import Stored, check_unit
from litmus_server.domain.draft import is_reference
from litmus_server.domain.errors import Fault, Invalid, NotFound
from litmus_server.domain.expectation import Expectation, NoExpectation
from litmus_server.domain.explanation import Explanation, explained, logged
from litmus_server.domain.inspection import (
    DeadLetters,
    ExperimentEvents,
    Filters,
    SeenEvent,
    UnitFindings,
    merged,
    read_cursor,
)
from litmus_server.domain.replay import Past, Unknown
from litmus_server.domain.stickiness import stay_name
from litmus_server.ports import EventBook, Inspected, Ledger, PastDecisions
from litmus_server.services.snapshots import Live, Snapshots

COUNTED = dt.timedelta(days=7)
"""How far back rejections are counted by hour."""
LATE = dt.timedelta(seconds=2)
"""How long after its time an event may become visible, and still be seen by those who follow: writing takes a while."""
MOST_NEWS = 100
"""Events that are told at once to those who follow; more would not be read by anybody."""


class Inspection:
    """Reads only. Every method raises NotFound, Invalid, and Unavailable when the database is away."""

    def __init__(self, book: EventBook, snapshots: Snapshots, ledger: Ledger, past: PastDecisions) -> None:
        """`book` is where both logs are read, `past` the archive; the others are what a decision is made from."""
        self._book, self._snapshots, self._ledger, self._past = book, snapshots, ledger, past

    async def events(
        self, reference: str, filters: Filters, cursor: str | None, limit: int
    ) -> ExperimentEvents:
        """What came in for an experiment."""
        subject = await self._subject(reference)
        below = None if cursor is None else read_cursor(cursor)
        variant = _ordinal(subject, filters)
        page = merged(await self._book.events(subject.no, variant, filters, below, limit), limit)
        return ExperimentEvents(subject.id, subject.key, page.events, page.next_cursor)

    async def dead_letters(
        self, reference: str | None, filters: Filters, cursor: str | None, limit: int
    ) -> DeadLetters:
        """Rejected events of an experiment, or (None) those that name none that there is."""
        below = None if cursor is None else read_cursor(cursor)
        experiment = None
        if reference is not None:
            try:
                experiment = (await self._subject(reference)).no
            except NotFound as unknown:
                message = f"there is no experiment {reference!r}"
                raise Invalid(f"experiment: {message}", (Fault("/query/experiment", message),)) from unknown
        page = merged([await self._book.dead_letters(experiment, filters, below, limit)], limit)
        counts = await self._book.rejections(experiment, filters, COUNTED)
        return DeadLetters(page.events, counts, page.next_cursor)

    async def unit(self, unit: str, cursor: str | None, limit: int) -> UnitFindings:
        """All that is known of a unit, and its newest events."""
        if "\0" in unit:
            raise NotFound("Unit", unit)
        below = None if cursor is None else read_cursor(cursor)
        page = merged(await self._book.unit_events(unit, below, limit), limit)
        return UnitFindings(unit, await self._book.unit(unit), page.events, page.next_cursor)

    async def explain(
        self,
        reference: str,
        unit: str,
        attributes: Mapping[str, object],
        preview: str | None,
        scores: Mapping[str, float] | None = None,
    ) -> Explanation:
        """What the unit would get, and every step of the decision; `preview` is the key of a variant to be forced, `scores` as in a request."""
        check_unit(unit)
        live = await self._snapshots.look(reference)
        if live is None:
            raise NotFound("Experiment", reference)
        forced = None
        if preview is not None:
            variants = {variant.key: ordinal for ordinal, variant in enumerate(live.experiment.variants)}
            if preview not in variants:
                message = f"must be one of {', '.join(variants)}"
                raise Invalid(f"preview: {message}", (Fault("/preview", message),))
            forced = variants[preview]
        name, stored = await self._stored(live, unit)
        experiment, expectation = live.experiment, None
        if live.drawing is not None and live.drawing.contextual:
            expectation = Expectation(missing=NoExpectation.NOT_DRAWN)
        if stored is None:
            experiment, drawn = _drawn_from(live, name, attributes, forced, scores)
            expectation = drawn or expectation
        told = explained(experiment, name, attributes, forced, stored)
        told = replace(told, unit_id=unit, expectation=expectation)
        past = None if stored is None else await self._past.find(live.no, name)
        if past is None:
            return told
        genuine = past.policy is not None and is_genuine(live.experiment.id, past.policy)
        shown = logged(past, live.experiment, genuine)
        if expectation is not None:
            shown = replace(shown, expectation=_expected_then(past))
        return replace(told, logged=shown)

    async def _stored(self, live: Live, unit: str) -> tuple[str, Stored | None]:
        """What the logs call the unit, or would if it were drawn now, and the assignment that holds."""
        seconds = live.experiment.ttl_seconds
        if seconds is None:
            return unit, await self._ledger.assignment(unit, live.no)
        stay = await self._ledger.stay(unit, live.no)
        if stay is not None and stay.age < seconds:
            return stay.name, stay.stored
        return stay_name(unit, 1 if stay is None else stay.number + 1), None

    async def follow(self, reference: str, filters: Filters) -> "Following":
        """What arrives for an experiment from the first look on."""
        subject = await self._subject(reference)
        return Following(self._book, subject, _ordinal(subject, filters), filters)

    async def _subject(self, reference: str) -> Inspected:
        subject = await self._book.subject(reference) if is_reference(reference) else None
        if subject is None:
            raise NotFound("Experiment", reference)
        return subject


class News(NamedTuple):
    """The newest of the `total` events that arrived since the last look, oldest first."""

    at: dt.datetime
    total: int
    events: tuple[SeenEvent, ...]


class Following:
    """What arrives, each event once. It remembers only what became visible in the last LATE seconds."""

    def __init__(self, book: EventBook, subject: Inspected, variant: int | None, filters: Filters) -> None:
        """`variant` is the ordinal that the filters mean."""
        self._book, self.subject, self._variant, self._filters = book, subject, variant, filters
        self._since: dt.datetime | None = None
        self._batches: dict[int, dt.datetime] = {}
        self._letters: dict[int, dt.datetime] = {}

    async def news(self) -> News:
        """Since the last look; the first look finds nothing. Raises Unavailable, and then nothing is missed."""
        began = self._since
        found = await self._book.arrivals(
            self.subject.no, self._variant, self._filters, began, tuple(self._batches), tuple(self._letters), MOST_NEWS
        )  # fmt: skip
        self._since = found.at if began is None else max(began, found.at - LATE)
        self._batches = self._recent(self._batches | dict(found.batches))
        self._letters = self._recent(self._letters | dict(found.letters))
        return News(found.at, found.total, tuple(found.events))

    def _recent(self, known: dict[int, dt.datetime]) -> dict[int, dt.datetime]:
        return {each: at for each, at in known.items() if self._since is None or at >= self._since}


def _drawn_from(
    live: Live,
    unit: str,
    attributes: Mapping[str, object],
    forced: int | None,
    scores: Mapping[str, float] | None,
) -> tuple[Experiment, Expectation | None]:
    """The experiment with the shares that this unit has for its own, if it would be drawn from such, and what these follow from. Raises
    Invalid.
    """
    drawing, experiment = live.drawing, live.experiment
    if scores is not None and (drawing is None or not drawing.external):
        message = "is for experiments of type squarecb that declare no features"
        raise Invalid(f"scores: {message}", (Fault("/scores", message),))
    if (
        drawing is None
        or not drawing.contextual
        or not decide(experiment, unit, attributes, forced).in_experiment
    ):
        return experiment, None
    drawn = drawing.draw(attributes, scores=scores)
    version = experiment.policy_version
    if version is None:
        return experiment, None
    policy = Policy(version, experiment.revision, drawn.shares)
    return replace(experiment, policy=policy), expectation_of(drawing, drawn.document)


def _expected_then(past: Past) -> Expectation:
    """What the archived model expected of the unit when it was drawn."""
    nothing = Expectation(missing=NoExpectation.NOT_ARCHIVED)
    if past.document is None or past.policy is None or past.row.context is None:
        return nothing
    drawing = archived_drawing(past.document, past.policy)
    if isinstance(drawing, Unknown):
        return nothing
    try:
        return expectation_of(drawing, past.row.context)
    except (Invalid, KeyError, TypeError, ValueError):  # an archive is read as it is, forged ones too
        return nothing


def _ordinal(subject: Inspected, filters: Filters) -> int | None:
    if filters.variant is None:
        return None
    if filters.variant not in subject.variants:
        message = f"must be one of {', '.join(subject.variants)}"
        raise Invalid(f"variant: {message}", (Fault("/query/variant", message),))
    return subject.variants[filters.variant]
