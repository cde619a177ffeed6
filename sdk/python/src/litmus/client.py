"""`ExperimentClient`: ask for a variant, log what happened, and never break the service that does so.

It puts the parts together; what needs no I/O stands in its own file, for an asynchronous client to share.
"""

import logging
import os
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from threading import Lock
from types import TracebackType
from typing import Self
from urllib.parse import quote

import httpx2

from litmus import events, lifetime
from litmus.arguments import assign_request, at_least, experiment_text, server_url, unit_text
from litmus.assignment import Assignment, read_answer
from litmus.counts import FlushResult, Rejection, Stats
from litmus.errors import (
    AuthError,
    InvalidArgumentError,
    LitmusError,
    NotAskedError,
    NotFoundError,
    RefusedError,
)
from litmus.events import Event, Outcome
from litmus.memory import Memory
from litmus.notices import Notices
from litmus.outbox import AUTH_HOLD, Outbox
from litmus.retry import Breaker, RetryPolicy
from litmus.transport import Transport

SETTLED = (NotFoundError, RefusedError, InvalidArgumentError)
"""Errors that asking again will not change soon: their fallback is remembered, for a short while."""
SETTLED_TTL = 5.0
"""Seconds."""


class ExperimentClient:
    """A thread-safe client of one Litmus server; make one a process and keep it.

    With `fail_safe_enabled` no method raises because of Litmus or of the data: `get_variant` answers from the
    cache, from an expired cache entry, or with `default_variant` and `in_experiment=False`; an event that can
    never be accepted is counted in `stats()`. Without it, `get_variant` and the `log_…` methods raise
    LitmusError.
    """

    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | None = None,
        *,
        timeout: float = 5,
        retries: int = 2,
        cache_ttl_seconds: float = 30,
        fail_safe_enabled: bool = True,
        batch_size: int = 100,
        flush_interval_seconds: float = 5.0,
        max_queue_size: int = 10_000,
        default_variant: str = "control",
        overrides: Mapping[str, str] | None = None,
        on_error: Callable[[LitmusError], None] | None = None,
        transport: httpx2.BaseTransport | None = None,
        dedupe_exposures: bool = False,
    ) -> None:
        """Nothing is connected yet. Raises ValueError when an argument makes no sense.

        `base_url` and `api_key` default to LITMUS_BASE_URL and LITMUS_API_KEY. `timeout` is the whole budget
        of a call in seconds, retries included. `overrides` maps experiments to variant keys for tests: they
        are answered without the server, and nothing is logged for them. `on_error` is called with every
        failure, also those that fail-safe mode hides, and from the background thread as well. `transport` is
        an httpx2 transport.
        """
        at_least(0, retries=retries, cache_ttl_seconds=cache_ttl_seconds)
        at_least(0.001, timeout=timeout, flush_interval_seconds=flush_interval_seconds)
        at_least(1, batch_size=batch_size, max_queue_size=max_queue_size)
        url = server_url(base_url or os.environ.get("LITMUS_BASE_URL"))
        self._timeout = timeout
        self._ttl = cache_ttl_seconds
        self._fail_safe = fail_safe_enabled
        self._default_variant = default_variant
        self._overrides = dict(overrides or {})
        self._on_error = on_error
        self._dedupe = dedupe_exposures
        key = api_key if api_key is not None else os.environ.get("LITMUS_API_KEY")
        self._transport = Transport(url, key, RetryPolicy(retries), transport)
        self._outbox = Outbox(
            self._deliver,
            batch_size=batch_size,
            interval=flush_interval_seconds,
            capacity=max_queue_size,
            budget=timeout,
            on_error=self._report,
            on_rejected=self._report_rejection,
        )
        self._notices = Notices()
        self._memory = Memory()
        self._start_counting()
        lifetime.watch(self)

    def get_variant(
        self,
        experiment_id: str,
        unit_id: str | int,
        attributes: Mapping[str, object] | None = None,
        log_exposure: bool = False,
    ) -> Assignment:
        """The variant of this unit, by the id or the key of the experiment.

        It logs no exposure, since an assignment is not one: call `log_exposure` where the variants differ, or
        pass `log_exposure=True` to do so at once, which logs only when the unit is in the experiment.
        """
        try:
            experiment, unit = experiment_text(experiment_id), unit_text(unit_id)
            if experiment in self._overrides:
                return Assignment(
                    self._overrides[experiment], False, "override", "override", experiment, unit
                )
            assignment = self._assignment(experiment, unit, assign_request(unit, attributes))
        except InvalidArgumentError as error:
            self._report(error)
            if not self._fail_safe:
                raise
            experiment, unit = str(experiment_id), str(unit_id)
            assignment = self._fallback(experiment, unit, error)
        self._count(assignment.source)
        self._memory.shown(experiment, assignment)
        if log_exposure and assignment.in_experiment:
            self.log_exposure(experiment, unit, assignment.variant_key)
        return assignment

    def log_exposure(
        self,
        experiment_id: str,
        unit_id: str | int,
        variant_key: str,
        *,
        occurred_at: datetime | None = None,
        metadata: Mapping[str, object] | None = None,
        event_id: str | None = None,
    ) -> None:
        """The unit met the point where the variants differ. Buffered; returns at once.

        It is dropped, and counted in `stats()`, for a unit that was last seen outside the experiment or was
        shown a fallback, and with `dedupe_exposures` when this process logged it before.
        """

        def build() -> Event | None:
            unit = unit_text(unit_id)
            event = events.exposure(
                experiment_id,
                unit,
                variant_key,
                now=datetime.now(UTC),
                occurred_at=occurred_at,
                metadata=metadata,
                event_id=event_id,
            )
            if self._untrue(experiment_id, unit, "exposure"):
                return None
            if self._dedupe and not self._memory.first_exposure(experiment_id, unit, variant_key):
                return None
            return event

        self._log(build)

    def log_metric(
        self,
        experiment_id: str,
        unit_id: str | int,
        variant_key: str | None,
        metric_name: str,
        value: object,
        occurred_at: datetime | None = None,
        metadata: Mapping[str, object] | None = None,
        event_id: str | None = None,
    ) -> None:
        """A number was observed for the unit in this experiment. Buffered; returns at once.

        `value` is an int, a float or a Decimal, kept to six fractional digits by the server. The same
        `event_id` is counted once, however often it is logged. Dropped, and counted, for a unit that was
        shown a fallback.
        """

        def build() -> Event | None:
            unit = unit_text(unit_id)
            event = events.metric(
                metric_name,
                unit,
                value,
                now=datetime.now(UTC),
                experiment_id=experiment_id,
                variant_key=variant_key,
                occurred_at=occurred_at,
                metadata=metadata,
                event_id=event_id,
            )
            return None if self._untrue(experiment_id, unit, "metric") else event

        self._log(build)

    def track(
        self,
        metric_name: str,
        unit_id: str | int,
        value: object = 1.0,
        occurred_at: datetime | None = None,
        metadata: Mapping[str, object] | None = None,
        event_id: str | None = None,
    ) -> None:
        """A number was observed for the unit: it counts in every experiment that the unit was exposed to
        before.
        """
        self._log(
            lambda: events.metric(
                metric_name,
                unit_text(unit_id),
                value,
                now=datetime.now(UTC),
                occurred_at=occurred_at,
                metadata=metadata,
                event_id=event_id,
            )
        )

    def flush(self, timeout: float = 5.0) -> FlushResult:
        """Send what was logged so far and say what became of it. Never raises, never takes much longer than
        `timeout`.
        """
        return self._outbox.flush(timeout)

    def stats(self) -> Stats:
        """What the client did so far."""
        exposures, metrics = self._outbox.dropped
        with self._lock:
            return Stats(
                pending=self._outbox.pending,
                sent=self._outbox.sent,
                duplicates=self._outbox.duplicates,
                rejected=self._outbox.rejected,
                dropped_exposures=exposures,
                dropped_metrics=metrics,
                breaker_open=self._breaker.is_open,
                last_error=self._last_error,
                recent_rejections=tuple(self._outbox.recent_rejections),
                suppressed_after_fallback=self._counts["suppressed_after_fallback"],
                suppressed_outside=self._counts["suppressed_outside"],
                from_server=self._counts["server"],
                from_cache=self._counts["cache"],
                stale=self._counts["stale"],
                fallbacks=self._counts["fallback"],
            )

    def close(self, timeout: float = 5.0) -> FlushResult:
        """Flush within `timeout` seconds and disconnect. What could not be sent is dropped, counted, and said
        aloud.
        """
        result = self._outbox.close(timeout)
        self._transport.close()
        if result.dropped:
            self._notices.each_minute(
                logging.WARNING, "closed", "%d events were not sent before the end", result.dropped
            )
        return result

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def after_fork_in_child(self) -> None:
        """Called in a forked child: the buffer is the parent's, and so are its connections."""
        self._transport.start_over()
        self._outbox.start_over()
        self._notices.unlock_after_fork()
        self._memory.unlock_after_fork()
        self._start_counting()

    def _start_counting(self) -> None:
        self._lock = Lock()
        self._breaker = Breaker()
        self._last_error: str | None = None
        self._counts: Counter[str] = Counter()

    def _assignment(self, experiment: str, unit: str, request: bytes) -> Assignment:
        known = self._memory.recall(experiment, request)
        if known is not None and time.monotonic() < known.until:
            return known.assignment
        try:
            assignment = self._ask(experiment, unit, request)
        except LitmusError as error:
            self._report(error)
            if not self._fail_safe:
                raise
            if known is not None and known.assignment.source == "cache":
                return known.assignment.again("stale")
            assignment = self._fallback(experiment, unit, error)
            if isinstance(error, SETTLED):
                self._memory.keep(
                    experiment, request, assignment, time.monotonic() + min(self._ttl, SETTLED_TTL)
                )
            return assignment
        seconds = self._ttl
        if assignment.expires_at is not None:
            seconds = min(seconds, (assignment.expires_at - datetime.now(UTC)).total_seconds())
        self._memory.keep(experiment, request, assignment.again("cache"), time.monotonic() + seconds)
        return assignment

    def _ask(self, experiment: str, unit: str, request: bytes) -> Assignment:
        with self._lock:
            if not self._breaker.allows(time.monotonic()):
                raise NotAskedError(f"not asked again yet, after {self._last_error}")
        path = f"/api/v1/experiments/{quote(experiment, safe='')}/assign"
        try:
            answer = read_answer(self._transport.post(path, lambda: request, self._timeout), experiment, unit)
        except LitmusError as error:
            with self._lock:
                if isinstance(error, AuthError):
                    self._breaker.trip(time.monotonic(), AUTH_HOLD)
                elif error.outage:
                    self._breaker.failed(time.monotonic())
                else:
                    self._breaker.succeeded()
            raise
        with self._lock:
            self._breaker.succeeded()
        return answer

    def _fallback(self, experiment: str, unit: str, error: LitmusError) -> Assignment:
        reason = type(error).__name__.removesuffix("Error").lower()
        return Assignment(self._default_variant, False, reason, "fallback", experiment, unit)

    def _untrue(self, experiment: str | None, unit: str, kind: events.Kind) -> bool:
        """Whether an event must not be logged: the variant was a guess, or an exposure did not happen."""
        if experiment is None:
            return False
        standing = self._memory.standing(experiment, unit)
        if experiment in self._overrides or (standing == "outside" and kind == "exposure"):
            self._count("suppressed_outside")
            return True
        if standing != "fallback":
            return False
        self._count("suppressed_after_fallback")
        self._notices.once(
            logging.WARNING,
            "suppressed",
            "events of units that were shown a fallback are dropped, since their variant is not known; see stats()",
        )
        return True

    def _log(self, build: Callable[[], Event | None]) -> None:
        lifetime.arm_in_multiprocessing_child()
        try:
            event = build()
        except InvalidArgumentError as error:
            self._report(error)
            if not self._fail_safe:
                raise
            self._outbox.reject(Rejection("", "invalid_argument", str(error)))
            return
        if event is not None and not self._outbox.add(event):
            self._notices.each_minute(
                logging.WARNING,
                "dropped",
                "the event buffer is full or closed: events are dropped; see stats()",
            )

    def _deliver(self, batch: Sequence[Event], budget: float) -> list[Outcome]:
        answer = self._transport.post(
            "/api/v1/events", lambda: events.envelope(batch, datetime.now(UTC)), budget
        )
        return events.read_outcomes(answer, batch)

    def _report(self, error: LitmusError) -> None:
        if isinstance(error, NotAskedError):
            return  # what led to it was reported
        with self._lock:
            self._last_error = f"{type(error).__name__}: {error}"
        if isinstance(error, AuthError):
            self._notices.once(
                logging.ERROR, "auth", "Litmus refuses the API key (%s); asking rarely from now on", error
            )
        elif isinstance(error, NotFoundError):
            self._notices.once(logging.WARNING, f"not found {error}", "Litmus does not know this: %s", error)
        else:
            self._notices.each_minute(
                logging.WARNING, type(error).__name__, "%s: %s", type(error).__name__, error
            )
        if self._on_error is not None:
            with suppress(Exception):
                self._on_error(error)

    def _report_rejection(self, rejection: Rejection) -> None:
        self._notices.once(
            logging.WARNING,
            f"rejected {rejection.reason}",
            "an event was rejected (%s: %s) and is not sent again; further ones are counted in stats()",
            rejection.reason,
            rejection.message,
        )

    def _count(self, name: str) -> None:
        with self._lock:
            self._counts[name] += 1
