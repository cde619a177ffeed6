"""What a client remembers of units: answers, where they stand, and what was logged. Without I/O or clock.

It decides which events would be untrue; it must not know how answers are fetched.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from litmus.assignment import Assignment
from litmus.bounded import Bounded

Standing: TypeAlias = Literal["fallback", "outside"]
"""Why an event of this unit would be untrue: it was shown a guess, or it is not in the experiment."""

CAPACITY = 10_000


@dataclass(frozen=True, slots=True)
class Known:
    """An answer, and until when (on the caller's clock) it needs no asking."""

    assignment: Assignment
    until: float


class Memory:
    """Bounded in all its parts: the least recently used is forgotten. Thread-safe."""

    def __init__(self) -> None:
        """Nothing is known."""
        self._answers: Bounded[tuple[str, bytes], Known] = Bounded(CAPACITY)
        self._standings: Bounded[tuple[str, str], Standing] = Bounded(CAPACITY)
        self._exposed: Bounded[tuple[str, str, str], bool] = Bounded(CAPACITY)

    def recall(self, experiment: str, request: bytes) -> Known | None:
        """The last answer to this very request, however old."""
        return self._answers.get((experiment, request))

    def keep(self, experiment: str, request: bytes, assignment: Assignment, until: float) -> None:
        """Remember an answer."""
        self._answers.put((experiment, request), Known(assignment, until))

    def shown(self, asked: str, assignment: Assignment) -> None:
        """The caller was given this assignment for `asked`, the experiment's id or key: the unit stands there
        now.
        """
        unit = assignment.unit_id
        for name in {asked, assignment.experiment_id, assignment.experiment_key or asked}:
            if assignment.source == "fallback":
                self._standings.put((name, unit), "fallback")
            elif not assignment.in_experiment:
                self._standings.put((name, unit), "outside")
            else:
                self._standings.discard((name, unit))

    def standing(self, experiment: str, unit: str) -> Standing | None:
        """Where the unit stands; None when an event of it may well be true."""
        return self._standings.get((experiment, unit))

    def first_exposure(self, experiment: str, unit: str, variant: str) -> bool:
        """True the first time (among those remembered)."""
        return self._exposed.put((experiment, unit, variant), True)

    def unlock_after_fork(self) -> None:
        """In a child: still true, and usable again."""
        for part in (self._answers, self._standings, self._exposed):
            part.unlock_after_fork()
