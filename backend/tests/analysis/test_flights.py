"""Who asks at the very moment at which a report has come for others waits for the next one, and keeps nobody else from going on."""

import asyncio
import datetime as dt
from typing import Any, cast

from litmus_server.ports import KeptReport, Readings, ReportState, Subject, Work
from litmus_server.services.reports import Reports

_AT = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
_MOST = 100  # looks at one state: who needs more than these goes round in circles


class _State:
    """How far an experiment has come. It counts who asks, because a service that only asks never gives a test its turn."""

    def __init__(self, version: int) -> None:
        self.version, self.asked = version, 0

    def covers(self, other: "_State") -> bool:
        self.asked += 1
        assert self.asked < _MOST, "it goes round in circles"
        return self.version >= other.version


class _Moving:
    """An experiment that moves on just when its report has been read, and of which somebody asks again then."""

    def __init__(self) -> None:
        self.states = [_State(1), _State(2)]
        self.now, self.kept = 0, 0
        self.again: asyncio.Task[bytes] | None = None
        self.service = Reports(cast("Readings", self), cast("Work", self))

    async def ask(self, _kind: str, _experiments: object) -> None:
        """The worker: at once."""
        self.kept = self.now + 1

    async def subject(self, _reference: str) -> Subject:
        kept = cast("ReportState", self.states[self.kept - 1]) if self.kept else None
        return Subject(1, "x", "x", "ab", cast("ReportState", self.states[self.now]), kept, 60.0, _AT)

    async def document(self, _experiment: int) -> KeptReport:
        read = KeptReport(cast("Any", self.states[self.kept - 1]), b"report %d" % self.kept, None)
        if self.again is None:
            self.now = 1
            self.again = asyncio.create_task(self.service.report("x"))
        return read


async def test_a_report_that_is_asked_for_while_one_has_just_come_is_a_newer_one() -> None:
    moving = _Moving()
    async with asyncio.timeout(30):
        first = await moving.service.report("x")
        assert moving.again is not None
        assert (first, await moving.again) == (b"report 1", b"report 2")
