"""A question that a worker answers, while somebody waits for it: asking, waiting, and telling what went wrong.

It runs in the process that decides, which must not compute for long; shared by the services that ask.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from litmus_server.domain.errors import Fault, Invalid, Overloaded, Unavailable
from litmus_server.ports import Errands

_LOOK = 0.03  # seconds between two looks for the answer


class Errand:
    """Questions of one kind. `most` may wait at once in this process."""

    def __init__(
        self, errands: Errands, kind: str, title: str, *, patience: float = 10.0, most: int = 16
    ) -> None:
        """`title` is that of a question that cannot be answered; `patience`: how long to wait, in seconds."""
        self._errands, self._kind, self._title = errands, kind, title
        self._patience, self._most, self._waiting = patience, most, 0

    async def answer(self, payload: Mapping[str, Any]) -> Any:
        """The "answer" of the worker's result. Raises Invalid with its "faults", Overloaded when too many wait, Unavailable when no
        worker answers.
        """
        if self._waiting >= self._most:
            raise Overloaded("Too many questions wait for an answer")
        self._waiting += 1
        try:
            async with asyncio.timeout(self._patience):
                errand = await self._errands.send(self._kind, payload)
                while True:
                    outcome = await self._errands.outcome(errand)
                    if outcome is not None:
                        break
                    await asyncio.sleep(_LOOK)
        except TimeoutError:
            raise Unavailable("No worker has answered", retry_after=2) from None
        finally:
            self._waiting -= 1
        done, result = outcome
        if not done:
            raise RuntimeError(f"a job of kind {self._kind} has failed; it has the reason")
        if "faults" in result:
            faults = tuple(Fault(**each) for each in result["faults"])
            raise Invalid(f"{faults[0].pointer[1:]}: {faults[0].message}", faults, self._title)
        return result["answer"]
