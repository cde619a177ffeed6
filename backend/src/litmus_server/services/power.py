"""Questions of planning, for those who ask: a worker computes the answer.

It runs in the process that decides, so it computes no statistics and loads no numpy.
"""

from collections import OrderedDict
from dataclasses import replace

import msgspec

from litmus_server.domain.draft import is_reference
from litmus_server.domain.errors import NotFound
from litmus_server.domain.power import TITLE, Question
from litmus_server.ports import POWER, Errands, Readings
from litmus_server.services.errand import Errand

_KEPT = 128  # answers in memory


class Power:
    """Every method raises Unavailable when the database is away, or no worker answers."""

    def __init__(self, errands: Errands, readings: Readings, *, patience: float = 10.0) -> None:
        """`patience`: how long to wait for a worker, in seconds."""
        self._errand, self._readings = Errand(errands, POWER, TITLE, patience=patience), readings
        self._kept: OrderedDict[bytes, bytes] = OrderedDict()

    async def answer(self, question: Question) -> bytes:
        """The document (`domain.power.Answer`) as it is served. Raises NotFound and Invalid, and Overloaded when too many wait."""
        if question.experiment is not None:
            known = is_reference(question.experiment)
            subject = await self._readings.subject(question.experiment) if known else None
            if subject is None:
                raise NotFound("Experiment", question.experiment)
            question = replace(question, experiment=subject.id)
        asked = msgspec.json.encode(question)
        kept = self._kept.get(asked)
        if kept is not None:
            self._kept.move_to_end(asked)
            return kept
        answer = msgspec.json.encode(await self._errand.answer({"question": msgspec.to_builtins(question)}))
        if question.experiment is None:  # from typed-in numbers alone: it stays true
            self._kept[asked] = answer
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return answer
