"""Looking at what came in: the events and dead letters of an experiment, one unit, and what arrives while somebody watches.

It decides which sources are asked and where a page ends. It must not know SQL or HTTP.
"""

import datetime as dt
from collections.abc import Mapping
from typing import NamedTuple

from litmus_server.domain.assignment import check_unit
from litmus_server.domain.draft import is_reference
from litmus_server.domain.errors import Fault, Invalid, NotFound
from litmus_server.domain.inspection import (
    DeadLetters,
    ExperimentEvents,
    Explanation,
    Filters,
    SeenEvent,
    UnitFindings,
    explained,
    merged,
    read_cursor,
)
from litmus_server.ports import EventBook, Inspected, Ledger
from litmus_server.services.snapshots import Snapshots

COUNTED = dt.timedelta(days=7)
"""How far back rejections are counted by hour."""
LATE = dt.timedelta(seconds=2)
"""How long after its time an event may become visible, and still be seen by those who follow: writing takes a while."""
MOST_NEWS = 100
"""Events that are told at once to those who follow; more would not be read by anybody."""


class Inspection:
    """Reads only. Every method raises NotFound, Invalid, and Unavailable when the database is away."""

    def __init__(self, book: EventBook, snapshots: Snapshots, ledger: Ledger) -> None:
        """`book` is where both logs are read; the others are what a decision is made from."""
        self._book, self._snapshots, self._ledger = book, snapshots, ledger

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
        self, reference: str, unit: str, attributes: Mapping[str, object], preview: str | None
    ) -> Explanation:
        """What the unit would get, and every step of the decision; `preview` is the key of a variant to be forced."""
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
        stored = await self._ledger.assignment(unit, live.no)
        return explained(live.experiment, unit, attributes, forced, stored)

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


def _ordinal(subject: Inspected, filters: Filters) -> int | None:
    if filters.variant is None:
        return None
    if filters.variant not in subject.variants:
        message = f"must be one of {', '.join(subject.variants)}"
        raise Invalid(f"variant: {message}", (Fault("/query/variant", message),))
    return subject.variants[filters.variant]
