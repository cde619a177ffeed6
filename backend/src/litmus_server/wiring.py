"""From settings to a running system: the only place that constructs.

A `Runtime` is the server's; the worker's parts are wired in `processes/worker.py` from the same classes. Nothing here may
load numpy or scipy: this process decides, and small processes start fast.
"""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import asyncpg
import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from litmus_server import VERSION
from litmus_server.bus.hints import Heard, listen
from litmus_server.domain.assignment import Candidate, Stored
from litmus_server.domain.errors import Unavailable
from litmus_server.domain.event import DeadLetter, LoggedEvent, Outcome
from litmus_server.http.auth import Authenticator
from litmus_server.http.operations import Operations
from litmus_server.http.streams import Door
from litmus_server.http.v1.data import DataPlane
from litmus_server.http.v1.live import Live
from litmus_server.http.v1.tail import Tail
from litmus_server.services.decisions import Decisions
from litmus_server.services.definitions import Definitions
from litmus_server.services.evaluations import Evaluations
from litmus_server.services.experiments import Experiments
from litmus_server.services.explorations import Explorations
from litmus_server.services.exports import Exports
from litmus_server.services.ingest import Ingest
from litmus_server.services.inspection import Inspection
from litmus_server.services.power import Power
from litmus_server.services.reports import Reports
from litmus_server.services.snapshots import Snapshots
from litmus_server.services.targeting import Targeting
from litmus_server.settings import Settings
from litmus_server.store import control, policies
from litmus_server.store.assignments import AssignmentWriter
from litmus_server.store.database import connect, pool_of
from litmus_server.store.dead_letters import DeadLetterWriter
from litmus_server.store.events import EventWriter
from litmus_server.store.inspection import InspectionStore
from litmus_server.store.jobs import Queue
from litmus_server.store.journal import BatchIds, Journal
from litmus_server.store.ledger import MetricRegistry, UnitLedger
from litmus_server.store.published import Published
from litmus_server.store.replay import PastDecisions
from litmus_server.store.reports import CHANNEL as REPORTED
from litmus_server.store.reports import ReportStore
from litmus_server.store.schema import head
from litmus_server.store.targeting import TargetingStore
from litmus_server.store.units import UnitStore
from litmus_server.store.vitals import Probe

log = structlog.get_logger(__name__)

POLL = 1.0
"""Seconds between two looks at the configuration without a hint: the longest that a change can go unnoticed."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """Everything that answers requests. It opens nothing until it is run."""

    settings: Settings
    pool: "asyncpg.Pool[Any]"
    authenticator: Authenticator
    experiments: Experiments
    targeting: Targeting
    definitions: Definitions
    reports: Reports
    power: Power
    evaluations: Evaluations
    explorations: Explorations
    exports: Exports
    live: Live
    inspection: Inspection
    tail: Tail
    decisions: Decisions
    data: DataPlane
    operations: Operations
    snapshots: Snapshots
    journals: tuple["Journal[Any, Any]", ...]
    closing: asyncio.Event
    """Set when the end begins: whoever holds a connection open for long lets go of it."""

    def leave(self) -> None:
        """Say to everybody that the end begins."""
        self.operations.stopping = True
        self.closing.set()


def assembled(settings: Settings, url: str) -> Runtime:
    """A runtime that has not been opened: enough to say which routes there are. Needs a running event loop."""
    pool = pool_of(url, size=settings.database_pool)
    snapshots = Snapshots(Published(pool))
    ids = BatchIds()
    assignments = Journal[Candidate, Stored | None]("assignments", url, ids, AssignmentWriter.bind)
    events = Journal[LoggedEvent, Outcome](
        "events", url, ids, EventWriter.bind,
        connections=2, max_rows=2_000, bound_rows=4_000, bound_bytes=64 << 20,
    )  # fmt: skip
    dead_letters = Journal[DeadLetter, None]("dead letters", url, ids, DeadLetterWriter.bind)
    ledger = UnitLedger(pool)
    ingest = Ingest(
        snapshots, events, dead_letters, MetricRegistry(pool), ledger, lambda: dt.datetime.now(dt.UTC)
    )
    journals = (assignments, events, dead_letters)
    authenticator = Authenticator(
        [token.get_secret_value() for token in settings.write_tokens],
        [token.get_secret_value() for token in settings.admin_tokens],
        development=settings.development,
    )
    catalog, book = control.Control(pool), TargetingStore(pool)
    readings, queue = ReportStore(pool), Queue(pool)
    reports = Reports(readings, queue)
    inspection = Inspection(InspectionStore(pool), snapshots, ledger, PastDecisions(pool))
    decisions = Decisions(
        snapshots, assignments, events, ledger, settings.signing_secret, lambda: dt.datetime.now(dt.UTC)
    )
    closing = asyncio.Event()
    return Runtime(
        settings=settings,
        pool=pool,
        authenticator=authenticator,
        experiments=Experiments(catalog, snapshots.refresh),
        targeting=Targeting(book, snapshots.refresh),
        definitions=Definitions(catalog, book, Targeting, snapshots.refresh),
        reports=reports,
        power=Power(queue, readings),
        evaluations=Evaluations(queue, readings),
        explorations=Explorations(queue, readings),
        exports=Exports(queue, readings, UnitStore(pool)),
        live=Live(reports, Door(authenticator, closing)),
        inspection=inspection,
        tail=Tail(inspection, Door(authenticator, closing)),
        data=DataPlane(authenticator, decisions, ingest, snapshots),
        decisions=decisions,
        operations=Operations(
            version=VERSION,
            head=head(),
            vitals=Probe(pool),
            data_folder=_existing(settings),
            snapshot_loaded=lambda: snapshots.loaded,
            collectors=[_Counts(journals, ingest, snapshots)],
        ),
        snapshots=snapshots,
        journals=journals,
        closing=closing,
    )


@asynccontextmanager
async def opened_runtime(settings: Settings, url: str) -> AsyncIterator[Runtime]:
    """A runtime on a database that answers; at the end its journals have written what was waiting."""
    runtime = assembled(settings, url)
    await runtime.pool
    for journal in runtime.journals:
        journal.start()
    with suppress(Unavailable):  # then the poll will read it
        await runtime.snapshots.refresh()
    following = asyncio.create_task(_follow(runtime.snapshots, runtime.reports, url), name="snapshots")
    try:
        yield runtime
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await runtime.reports.close()
        await runtime.explorations.close()
        await asyncio.gather(*(journal.close(settings.shutdown_seconds) for journal in runtime.journals))
        await _closed(runtime.pool)


async def _follow(snapshots: Snapshots, reports: Reports, url: str) -> None:
    """Keep the table at the newest, at once on a hint, else within POLL seconds; and hand on the hints of reports."""
    news = asyncio.Event()
    channels: dict[str, Heard] = dict.fromkeys((control.CHANNEL, policies.CHANNEL), lambda _: news.set())
    channels[REPORTED] = reports.heard
    listening = asyncio.create_task(listen(lambda: connect(url), channels))
    try:
        while True:
            news.clear()
            try:
                await snapshots.refresh()
            except Unavailable:
                pass  # decisions go on from what is known
            except Exception:
                log.exception("the table of experiments could not be read; decisions go on from the last one")
            with suppress(TimeoutError):
                async with asyncio.timeout(
                    POLL
                ):  # not wait_for: until Python 3.12 it may swallow a cancellation
                    await news.wait()
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def _closed(pool: "asyncpg.Pool[Any]") -> None:
    try:
        await asyncio.wait_for(pool.close(), 2.0)
    except TimeoutError:
        pool.terminate()


def _existing(settings: Settings) -> str:
    folder = settings.data_folder
    while not folder.exists():
        folder = folder.parent
    return str(folder)


class _Counts(Collector):
    """What journals, ingest and the table have counted, read when somebody scrapes."""

    def __init__(self, journals: "Iterable[Journal[Any, Any]]", ingest: Ingest, snapshots: Snapshots) -> None:
        self._journals, self._ingest, self._snapshots = tuple(journals), ingest, snapshots

    def collect(self) -> Iterable[CounterMetricFamily | GaugeMetricFamily]:
        """Every family."""
        label = ("journal",)
        waiting = GaugeMetricFamily(
            "litmus_journal_waiting_rows", "Rows that wait for a commit", labels=label
        )
        held = GaugeMetricFamily("litmus_journal_waiting_bytes", "Bytes of rows that wait", labels=label)
        batches = CounterMetricFamily("litmus_journal_batches", "Batches committed", labels=label)
        rows = CounterMetricFamily(
            "litmus_journal_rows", "Rows committed; by batches: the batch size", labels=label
        )
        refused = CounterMetricFamily(
            "litmus_journal_refused", "Requests refused because too much waits", labels=label
        )
        for journal in self._journals:
            name = (journal.name,)
            waiting.add_metric(name, journal.waiting_rows)
            held.add_metric(name, journal.waiting_bytes)
            batches.add_metric(name, journal.batches)
            rows.add_metric(name, journal.rows_written)
            refused.add_metric(name, journal.refused)
        rejected = CounterMetricFamily(
            "litmus_events_rejected", "Events rejected, by reason", labels=("reason",)
        )
        for reason, count in self._ingest.rejections.items():
            rejected.add_metric((str(reason),), count)
        experiments = GaugeMetricFamily(
            "litmus_snapshot_experiments", "Experiments in the table", len(self._snapshots)
        )
        revision = GaugeMetricFamily(
            "litmus_snapshot_revision", "Revision of the table", self._snapshots.revision
        )
        return (waiting, held, batches, rows, refused, rejected, experiments, revision)
