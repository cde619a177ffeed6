"""What analysts take away: a report with all that it was computed from, and every unit with what it did."""

from collections.abc import AsyncIterator
from typing import Any

from litmus_server.domain.draft import is_reference
from litmus_server.domain.errors import NotFound, Overloaded
from litmus_server.ports import EXPORT, Errands, ExportedUnits, Readings, UnitBook
from litmus_server.services.errand import Errand

_MOST_READERS = 2  # of units: each holds a connection and a snapshot as long as it reads


class Exports:
    """Every method raises NotFound, Unavailable when the database is away, and Overloaded when too many wait or read."""

    def __init__(
        self, errands: Errands, readings: Readings, units: UnitBook, *, patience: float = 30.0
    ) -> None:
        """`patience`: how long to wait for a worker, in seconds."""
        self._errand = Errand(errands, EXPORT, "Nothing to export", patience=patience)
        self._readings, self._units, self._reading = readings, units, 0

    async def report(self, reference: str) -> dict[str, Any]:
        """The document (`domain.export.Export`). Raises Unavailable when no worker answers, too."""
        answer: dict[str, Any] = await self._errand.answer({"experiment": await self._number(reference)})
        return answer

    async def units(self, reference: str) -> ExportedUnits:
        """All exposed units; whoever asks reads `parts` to their end, or closes them."""
        number = await self._number(reference)
        if self._reading >= _MOST_READERS:
            raise Overloaded("Two others read units from this server: try again when they are done")
        found = await self._units.units(number)
        if found is None:
            raise NotFound("Experiment", reference)
        return found._replace(parts=self._counted(found.parts))

    async def _counted(self, parts: AsyncIterator[Any]) -> AsyncIterator[Any]:
        self._reading += 1
        try:
            async for part in parts:
                yield part
        finally:
            self._reading -= 1

    async def _number(self, reference: str) -> int:
        subject = await self._readings.subject(reference) if is_reference(reference) else None
        if subject is None:
            raise NotFound("Experiment", reference)
        return subject.no
