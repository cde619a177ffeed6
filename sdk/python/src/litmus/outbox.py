"""Sends what was logged, in the background and on demand, and never loses sight of an event.

It knows threads and time; it must not know HTTP: `deliver` does the sending. One lock guards the buffer,
another makes sure that there is one sender at a time, so that a batch whose fate is unknown is settled before
the next.
"""

import contextlib
import random
import threading
from collections import deque
from collections.abc import Callable, Sequence
from time import monotonic
from typing import TypeAlias

from litmus.buffer import EventBuffer
from litmus.counts import FlushResult, Rejection
from litmus.errors import AuthError, LitmusError, RefusedError
from litmus.events import Event, Outcome
from litmus.retry import RetryPolicy

Deliver: TypeAlias = Callable[[Sequence[Event], float], list[Outcome]]
"""Send events within a budget of seconds; their outcomes in order. Raises LitmusError when their fate is
unknown.
"""

Batch: TypeAlias = list[tuple[int, Event]]

TOO_MUCH = {400, 413, 422}
"""Statuses with which a server refuses a whole envelope, where perhaps one event is to blame."""
AUTH_HOLD = 60.0
"""Seconds until a refused key is tried again in the background."""
LONGEST_HOLD = 300.0
"""Seconds for which a Retry-After is believed."""


class Outbox:
    """A bounded buffer with a lazy daemon thread that empties it.

    The thread starts with an event and ends when nothing is left, so that an idle client has none, an
    abandoned client can be collected, and a forked child starts its own.
    """

    def __init__(
        self,
        deliver: Deliver,
        *,
        batch_size: int,
        interval: float,
        capacity: int,
        budget: float,
        on_error: Callable[[LitmusError], None],
        on_rejected: Callable[[Rejection], None],
    ) -> None:
        """`interval` is the longest an event waits, `budget` the time of one delivery, both in seconds."""
        self._deliver = deliver
        self._batch_size = batch_size
        self._interval = interval
        self._capacity = capacity
        self._budget = budget
        self._on_error = on_error
        self._on_rejected = on_rejected
        self.start_over()

    def start_over(self) -> None:
        """Forget everything: in a forked child the parent owns the buffer, and its thread and locks mean
        nothing.
        """
        self._buffer = EventBuffer(self._capacity)
        self._changed = threading.Condition(threading.Lock())
        self._sending = threading.Lock()
        self._thread: threading.Thread | None = None
        self._due = 0.0
        self._not_before = 0.0
        self._failures = 0
        self._closed = False
        self._reported = (0, 0, 0)
        self.sent = 0
        self.duplicates = 0
        self.rejected = 0
        self.recent_rejections: deque[Rejection] = deque(maxlen=10)

    def add(self, event: Event) -> bool:
        """Queue an event without waiting for anything; False when the buffer had to give something up."""
        with self._changed:
            if self._closed:
                self._buffer.add(event)
                self._buffer.abandon()
                return False
            kept_all = self._buffer.add(event)
            if self._thread is None:
                self._due = monotonic() + self._interval
                self._start_thread()
            elif len(self._buffer) >= self._batch_size:
                self._changed.notify()
            return kept_all

    def reject(self, rejection: Rejection) -> None:
        """Count an event that is refused for good, here or by the server."""
        with self._changed:
            self.rejected += 1
            self.recent_rejections.append(rejection)
        self._on_rejected(rejection)

    def flush(self, timeout: float) -> FlushResult:
        """Send what is here now, on the caller's thread; return after at most about `timeout` seconds."""
        self._flush(timeout)
        return self._result()

    def close(self, timeout: float) -> FlushResult:
        """Flush; what could not be sent is dropped, and so is what comes later."""
        self._flush(timeout)
        with self._changed:
            self._closed = True
            self._buffer.abandon()
            self._changed.notify()
        return self._result()

    @property
    def pending(self) -> int:
        """Events that are here."""
        return len(self._buffer)

    @property
    def dropped(self) -> tuple[int, int]:
        """Exposures and metrics that were given up."""
        return self._buffer.dropped_exposures, self._buffer.dropped_metrics

    def _flush(self, timeout: float) -> None:
        deadline = monotonic() + timeout
        sending = self._sending
        if sending.acquire(timeout=max(0.0, timeout)):
            try:
                self._send_all(deadline, upto=self._buffer.newest)
            finally:
                sending.release()

    def _result(self) -> FlushResult:
        with self._changed:
            total = (self.sent, sum(self.dropped), self.rejected)
            sent, dropped, rejected = (
                now - before for now, before in zip(total, self._reported, strict=True)
            )
            self._reported = total
            return FlushResult(sent=sent, pending=len(self._buffer), dropped=dropped, rejected=rejected)

    def _start_thread(self) -> None:
        self._thread = threading.Thread(target=self._run, name="litmus-outbox", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:  # the interpreter is going down: whoever flushes last sends
            self._thread = None

    def _run(self) -> None:
        while self._wait_until_due():
            with self._sending:
                self._send_all(deadline=None)

    def _wait_until_due(self) -> bool:
        """False when there is nothing to wait for: the thread ends, and the next event starts another."""
        with self._changed:
            while len(self._buffer) and not self._closed:
                full = len(self._buffer) >= self._batch_size
                wait = (self._not_before if full else max(self._due, self._not_before)) - monotonic()
                if wait <= 0:
                    return True
                self._changed.wait(wait)
            self._thread = None
            return False

    def _send_all(self, deadline: float | None, upto: int | None = None) -> None:
        """Batch by batch until nothing is left, the deadline passes or a delivery fails. Holds `_sending`."""
        while True:
            with self._changed:
                batch = self._buffer.take(self._batch_size, upto)
                self._due = monotonic() + self._interval
            if not batch or not self._send(batch, deadline):
                return

    def _send(self, batch: Batch, deadline: float | None) -> bool:
        budget = self._budget if deadline is None else min(self._budget, deadline - monotonic())
        if budget <= 0:
            return False
        try:
            outcomes = self._deliver([event for _, event in batch], budget)
        except RefusedError as error:
            if error.status not in TOO_MUCH:
                return self._failed(error)
            if len(batch) > 1:
                half = len(batch) // 2
                return self._send(batch[:half], deadline) and self._send(batch[half:], deadline)
            reason = "too_large" if error.status == 413 else "malformed"
            outcomes = [Outcome(batch[0][1].id, "rejected", reason, str(error))]
        except LitmusError as error:
            return self._failed(error)
        except Exception as error:  # whatever it is, it must not end the thread that sends
            return self._failed(LitmusError(f"{type(error).__name__}: {error}"))
        self._settle(batch, outcomes)
        return True

    def _settle(self, batch: Batch, outcomes: list[Outcome]) -> None:
        words = [outcome.outcome for outcome in outcomes]
        with self._changed:
            self._buffer.settle(number for number, _ in batch)
            self._failures = 0
            self._not_before = 0.0
            self.duplicates += words.count("duplicate")
            self.sent += words.count("accepted") + words.count("duplicate")
        for outcome in outcomes:
            if outcome.outcome == "rejected":
                self.reject(Rejection(outcome.event_id, outcome.reason, outcome.message))

    def _failed(self, error: LitmusError) -> bool:
        """The batch stays, with its ids; the background waits longer after each failure in a row."""
        pace = RetryPolicy(retries=0, base=max(self._interval, 0.1), cap=60.0)
        pause = pace.ceiling(self._failures) * random.uniform(0.5, 1.0)
        if isinstance(error, AuthError):
            pause = AUTH_HOLD
        elif error.retry_after is not None:
            pause = min(error.retry_after, LONGEST_HOLD)
        with self._changed:
            self._failures += 1
            self._not_before = monotonic() + pause
        with contextlib.suppress(Exception):
            self._on_error(error)
        return False
