"""Questions of what another policy would have earned, for those who ask: a worker computes the answer."""

import msgspec

from litmus_server.bandits.policies import InvalidPolicy, policy
from litmus_server.domain.draft import is_reference
from litmus_server.domain.errors import Fault, Invalid, NotFound
from litmus_server.domain.evaluation import TITLE, Question
from litmus_server.ports import EVALUATE, Errands, Readings
from litmus_server.services.errand import Errand


class Evaluations:
    """Every method raises Unavailable when the database is away, or no worker answers."""

    def __init__(self, errands: Errands, readings: Readings, *, patience: float = 10.0) -> None:
        """`patience`: how long to wait for a worker, in seconds."""
        self._errand = Errand(errands, EVALUATE, TITLE, patience=patience)
        self._readings = readings

    async def answer(self, question: Question) -> bytes:
        """The document (`domain.evaluation.Answer`) as it is served. Raises NotFound and Invalid, and Overloaded when too many wait."""
        subject = (
            await self._readings.subject(question.experiment) if is_reference(question.experiment) else None
        )
        if subject is None:
            raise NotFound("Experiment", question.experiment)
        check_policy(question)
        answer = await self._errand.answer({"question": msgspec.to_builtins(question)})
        return msgspec.json.encode(answer)


def check_policy(question: Question) -> None:
    """Raise Invalid for a bandit that there is not, or parameters that it does not take."""
    target = question.target
    if target.type is None:
        return
    try:
        policy(target.type, target.parameters)
    except InvalidPolicy as wrong:
        below = "/type" if wrong.parameter is None else f"/parameters/{wrong.parameter}"
        raise Invalid(f"policy: {wrong}", (Fault(f"/policy{below}", str(wrong)),), TITLE) from None
