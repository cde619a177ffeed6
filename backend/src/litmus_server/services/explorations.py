"""Questions about parts of an experiment, for those who ask: a worker computes the answer, once for every state of the experiment."""

import asyncio
from collections import OrderedDict
from dataclasses import replace
from typing import NamedTuple

import msgspec

from litmus_server.domain import breakdown as b
from litmus_server.domain import cohorts as c
from litmus_server.domain import interactions as i
from litmus_server.domain.draft import is_reference
from litmus_server.domain.errors import NotFound
from litmus_server.ports import COHORTS, EXPLORE, INTERACT, Errands, Readings, ReportState, Subject
from litmus_server.services.errand import Errand

_KEPT = 64  # answers in memory
_Question = b.Question | c.Question | i.Question
_PERIODS = {c.Question: 3600, i.Question: 60}
"""For how many seconds at most an answer is kept: cohorts close at full hours, and other experiments change too."""


class _Asked(NamedTuple):
    """A question about a state of an experiment: whoever asks the same is told the same."""

    question: _Question
    state: ReportState
    period: int
    """Of the database's time (`_PERIODS`); 0 where time changes nothing."""


class Explorations:
    """Every method raises NotFound, Unavailable when the database is away or no worker answers, and Overloaded when too many wait."""

    def __init__(self, errands: Errands, readings: Readings, *, patience: float = 60.0) -> None:
        """`patience`: how long to wait for a worker, in seconds; it reads the rows of all units."""
        self._parts = Errand(errands, EXPLORE, b.TITLE, patience=patience)
        self._lasting = Errand(errands, COHORTS, c.TITLE, patience=patience)
        self._crossed = Errand(errands, INTERACT, i.TITLE, patience=patience)
        self._readings = readings
        self._asked: OrderedDict[_Asked, asyncio.Task[bytes]] = OrderedDict()

    async def breakdown(self, question: b.Question) -> bytes:
        """The document (`domain.breakdown.Breakdown`) as it is served. Raises Invalid."""
        return await self._told(question, self._parts)

    async def cohorts(self, question: c.Question) -> bytes:
        """The document (`domain.cohorts.Cohorts`) as it is served. Raises Invalid."""
        return await self._told(question, self._lasting)

    async def interactions(self, question: i.Question) -> bytes:
        """The document (`domain.interactions.Interactions`) as it is served. Raises Invalid."""
        return await self._told(question, self._crossed)

    async def _told(self, question: _Question, errand: Errand) -> bytes:
        subject = (
            await self._readings.subject(question.experiment) if is_reference(question.experiment) else None
        )
        if subject is None:
            raise NotFound("Experiment", question.experiment)
        seconds = _PERIODS.get(type(question))
        period = int(subject.at.timestamp()) // seconds if seconds else 0
        asked = _Asked(replace(question, experiment=subject.id), subject.now, period)
        task = self._asked.get(asked)
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            task = asyncio.create_task(self._answer(errand, subject, asked.question))
            self._asked[asked] = task
            if len(self._asked) > _KEPT:
                self._asked.popitem(last=False)
        self._asked.move_to_end(asked)
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Wait for nothing any more."""
        waiting = [task for task in self._asked.values() if not task.done()]
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    async def _answer(self, errand: Errand, subject: Subject, question: _Question) -> bytes:
        payload = {"experiment": subject.no, "question": msgspec.to_builtins(question)}
        return msgspec.json.encode(await errand.answer(payload))
