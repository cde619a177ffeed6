"""Reports for those who ask: the kept one when it is current, else the one that a worker computes on request.

It runs in the process that decides, so it computes no statistics and loads no numpy. It must not know how a report is
made, only what it reflects.
"""

import asyncio
import datetime as dt
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import fields, replace
from uuid import UUID

import msgspec

from litmus_server.domain.draft import is_reference
from litmus_server.domain.errors import NotFound, Unavailable
from litmus_server.domain.policy import Policy
from litmus_server.domain.readings import (
    Bandit,
    ConversionCounters,
    Inference,
    MetricAnalysis,
    Metrics,
    PublishedVersion,
    Results,
    VariantCounters,
)
from litmus_server.domain.report import Missing, Report
from litmus_server.domain.series import EffectSeries, Interval, build
from litmus_server.domain.summary import Summary
from litmus_server.domain.weights import to_fraction
from litmus_server.ports import REPORT, KeptReport, Readings, SeriesRows, Subject, Total, Work

_LOOK = 0.1  # seconds between two looks for the report without a hint
_LEAST = 0.25  # seconds between two reports of one experiment, however many ask while events come in
_PATIENCE_FOR_EFFECTS = 1.0  # seconds
_MICRO = 1_000_000
_KEPT = 64  # documents in memory
_TOO_OLD = 10.0  # seconds from which a summary is worth another report, although nobody looks at the experiment itself
_MOST_ASKED = 20  # of those, by one list


class Reports:
    """What is known of an experiment, as documents. Every method raises NotFound, and Unavailable when the database is
    away.
    """

    def __init__(self, readings: Readings, work: Work, *, patience: float = 5.0) -> None:
        """`patience`: how long to wait for a worker, in seconds, before a stale report is served, or none."""
        self._readings, self._work, self._patience = readings, work, patience
        self._flights: dict[int, asyncio.Task[None]] = {}
        self._hints: dict[int, asyncio.Event] = {}
        self._documents: OrderedDict[int, KeptReport] = OrderedDict()

    def heard(self, hint: str) -> None:
        """A hint of the bus: the number of an experiment that has a newer report, or "" for any."""
        for no, event in self._hints.items():
            if hint in {"", str(no)}:
                event.set()

    async def report(self, reference: str) -> bytes:
        """The report of this moment or a later one, as it is served; the same bytes for everybody.

        When no worker answers in time: the newest there is, with `stale` true, or Unavailable when there is none.
        """
        subject = await self._subject(reference)
        kept = subject.kept
        if kept is None or not kept.covers(subject.now):
            try:
                async with asyncio.timeout(self._patience):
                    await self._fly(subject)
            except TimeoutError:
                return await self._stale(subject)
        return (await self._document(subject)).document

    async def summaries(self, experiments: Sequence[UUID]) -> dict[UUID, Summary]:
        """What is kept of these experiments' newest reports; those that have none yet are left out. Nothing is waited for.

        Of those that have moved on, the oldest are asked for, so that who lists again sees them.
        """
        found = await self._readings.summaries(experiments)
        late = sorted(
            (each for each in found if each.stale and each.age > _TOO_OLD), key=lambda each: -each.age
        )
        if late:
            await self._work.ask(REPORT, [each.no for each in late[:_MOST_ASKED]])
        return {each.id: replace(each.summary, stale=each.stale) for each in found if each.summary}

    async def identify(self, reference: str) -> str:
        """The id of the experiment that has this id or key."""
        return (await self._subject(reference)).id

    async def close(self) -> None:
        """Wait for nothing any more."""
        flights = tuple(self._flights.values())
        for flight in flights:
            flight.cancel()
        await asyncio.gather(*flights, return_exceptions=True)

    async def metrics(self, reference: str) -> Metrics:
        """Raw counters: events as they came in."""
        subject = await self._subject(reference)
        counters = await self._readings.counters(subject.no)
        totals = {(total.variant, total.metric): total for total in counters.totals}
        names = {total.metric: total.name for total in counters.totals if total.name is not None}
        shown = {}
        for k, (variant_id, variant_name) in enumerate(counters.variants):
            exposure = totals.get((k, 0), _NOTHING)
            conversions = {
                name: _conversions(totals.get((k, number), _NOTHING), exposure.events)
                for number, name in names.items()
            }
            shown[variant_id] = VariantCounters(
                variant_id, variant_name, exposure.events, exposure.units, conversions
            )
        return Metrics(subject.id, subject.key, shown, counters.now)

    async def results(
        self,
        reference: str,
        metric: str | None = None,
        interval: Interval | None = None,
        since: dt.datetime | None = None,
        until: dt.datetime | None = None,
    ) -> Results:
        """The newest 500 points of this metric (None: the primary one) in this time, cumulative from the beginning.

        Raises NotFound for a metric that the experiment neither declares nor has events of, too.
        """
        subject = await self._subject(reference)
        rows = await self._readings.series(subject.no, metric, interval, since, until)
        effects, missing = await self._effects(reference, rows)
        if rows.window is None:
            return Results(subject.id, subject.key, None, effects, missing | {"series": Missing.NO_EVENTS})
        series = build(rows.window, rows.metric, rows.variants, rows.strips, declared=rows.declared)
        return Results(subject.id, subject.key, series, effects, missing)

    async def analysis(self, reference: str) -> bytes:
        """The inferential part of the report (`readings.Inference`), encoded; what is in it is not looked into."""
        return msgspec.json.encode(msgspec.json.decode(await self.report(reference), type=_INFERENCE))

    async def _effects(
        self, reference: str, rows: SeriesRows
    ) -> tuple[list[EffectSeries] | None, dict[str, Missing]]:
        """The lifts over time of this metric, out of the report."""
        if rows.metric is None:
            return None, {"effects": Missing.NO_PRIMARY_METRIC}
        if not rows.declared:
            return None, {"effects": Missing.NOT_SUPPORTED}
        try:
            async with asyncio.timeout(_PATIENCE_FOR_EFFECTS):  # the series is there without a worker
                report = msgspec.json.decode(await self.report(reference), type=_Trends)
        except (Unavailable, TimeoutError):
            return None, {"effects": Missing.NOT_COMPUTED}
        for each in report.metrics:
            if each.metric.name == rows.metric[1]:
                return msgspec.json.decode(each.series, type=list[EffectSeries]), {}
        return None, {"effects": Missing.NOT_COMPUTED}  # it was declared a moment ago

    async def bandit(self, reference: str, before: int | None = None, limit: int = 50) -> Bandit:
        """Posteriors and shares of this moment, out of the report; and the published versions before `before`."""
        report = msgspec.json.decode(await self.report(reference), type=Report)
        subject = await self._subject(reference)
        versions = await self._readings.policies(subject.no, before, limit + 1)
        page = versions[:limit]
        shared = {
            each.name: getattr(report, each.name) for each in fields(Bandit) if hasattr(report, each.name)
        }
        shared["missing"] = {name: why for name, why in report.missing.items() if name in shared}
        return Bandit(
            **shared,
            versions=[_version(policy) for policy in page],
            next_cursor=str(page[-1].version) if len(versions) > limit else None,
        )

    async def _subject(self, reference: str) -> Subject:
        subject = await self._readings.subject(reference) if is_reference(reference) else None
        if subject is None:
            raise NotFound("Experiment", reference)
        return subject

    async def _document(self, subject: Subject) -> KeptReport:
        """The kept report: out of memory when that is the one that covers this moment."""
        held = self._documents.get(subject.no)
        if (
            held is None
            or not held.state.covers(subject.now)
            or (subject.kept and not held.state.covers(subject.kept))
            or (held.changes_at is not None and held.changes_at <= subject.at)
        ):
            held = await self._readings.document(subject.no)
            if held is None:  # it was there a moment ago: the experiment is being erased
                raise NotFound("Experiment", subject.key)
            self._documents[subject.no] = held
            if len(self._documents) > _KEPT:
                self._documents.popitem(last=False)
        self._documents.move_to_end(subject.no)
        return held

    async def _stale(self, subject: Subject) -> bytes:
        held = await self._readings.document(subject.no)
        if held is None:
            raise Unavailable("The report is not computed yet: no worker has answered", retry_after=2)
        if held.state.covers(subject.now):
            return held.document
        return msgspec.json.encode(msgspec.json.decode(held.document) | {"stale": True})

    async def _fly(self, subject: Subject) -> None:
        """Wait until a report covers this subject; those who ask at the same time wait for one and the same."""
        while True:
            flight = self._flights.get(subject.no)
            # To wait for one that is done would not let anybody else go on.
            if flight is None or flight.done():
                flight = asyncio.create_task(self._compute(subject), name=f"report {subject.no}")
                self._flights[subject.no] = flight
                flight.add_done_callback(lambda done: self._landed(subject.no, done))
            await asyncio.shield(flight)
            held = self._documents.get(subject.no)
            if held is not None and held.state.covers(subject.now):
                return

    def _landed(self, no: int, flight: asyncio.Task[None]) -> None:
        if self._flights.get(no) is flight:
            del self._flights[no]
        if not flight.cancelled():
            flight.exception()  # those who wait for it have it; perhaps nobody does any more

    async def _compute(self, subject: Subject) -> None:
        """Ask for a report that covers this subject, and wait until it is in memory, a little longer than anybody does."""
        hint = self._hints[subject.no] = asyncio.Event()
        try:
            async with asyncio.timeout(2 * self._patience):
                await asyncio.sleep(_LEAST - subject.age if subject.kept else 0)
                await self._work.ask(REPORT, [subject.no])
                while True:
                    hint.clear()
                    seen = await self._readings.subject(subject.id)
                    if seen is None:
                        return
                    if seen.kept is not None and seen.kept.covers(subject.now):
                        await self._document(seen._replace(now=subject.now))
                        return
                    with suppress(TimeoutError):
                        async with asyncio.timeout(_LOOK):
                            await hint.wait()
        except TimeoutError:
            return  # whoever waited has given up; the next one asks again
        finally:
            del self._hints[subject.no]


class _Name(msgspec.Struct):
    name: str


class _Trend(msgspec.Struct):
    metric: _Name
    series: msgspec.Raw


class _Trends(msgspec.Struct):
    """Of a report only what `_effects` needs: the rest is skipped, not built."""

    metrics: list[_Trend]


_INFERENCE = msgspec.defstruct(
    "_Inference",
    [
        (
            each.name,
            list[msgspec.defstruct("_Metric", [(of.name, msgspec.Raw) for of in fields(MetricAnalysis)])]  # type: ignore[misc]
            if each.name == "metrics"
            else msgspec.Raw,
        )
        for each in fields(Inference)
    ],
)
"""The fields of `Inference`, as they stand in a report."""

_NOTHING = Total(0, 0, None, 0, 0, 0)


def _conversions(total: Total, exposures: int) -> ConversionCounters:
    return ConversionCounters(
        count=total.events,
        sum=total.value / _MICRO,
        mean=total.value / (_MICRO * total.events) if total.events else None,
        conversion_rate=total.events / exposures if exposures else None,
    )


def _version(policy: Policy) -> PublishedVersion:
    return PublishedVersion(
        version=policy.version,
        parent=policy.parent,
        revision=policy.revision,
        propensities=[to_fraction(share) for share in policy.propensities],
        units=policy.units,
        published_at=policy.published_at,
        checksum=policy.checksum,
        state=policy.document,
    )
