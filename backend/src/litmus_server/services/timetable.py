"""The timetable: starts, ramps and ends of experiments, done when they are due.

Any number of processes may look: each does, under the lock of all changes, what is then still to be done, so that it is
done once. It must not know SQL, nor the rules of what is due (`domain/schedule.py`).
"""

import datetime as dt
from collections.abc import Callable, Sequence

import structlog

from litmus_server.domain.access import Principal, Role
from litmus_server.domain.alarm import Alarm
from litmus_server.domain.audit import Cause
from litmus_server.domain.errors import Invalid, InvalidTransition, Unavailable
from litmus_server.domain.experiment import Experiment
from litmus_server.domain.schedule import Advance, advanced, failed
from litmus_server.ports import Alarms, Catalog

log = structlog.get_logger(__name__)

PRINCIPAL = Principal("schedule", Role.ADMIN)
"""Who it is that the audit names."""

_REST = dt.timedelta(minutes=1)  # before what has failed for no known reason is tried again


class Timetable:
    """Everything raises Unavailable when the database is away; what is due stays due."""

    def __init__(self, catalog: Catalog, alarms: Alarms) -> None:
        """`alarms` hold ramps."""
        self._catalog, self._alarms = catalog, alarms
        self._resting: dict[str, dt.datetime] = {}

    async def look(self, at: dt.datetime | None = None) -> list[str]:
        """Do what is due at this moment, by default now by the database's clock; names the experiments (ids) that changed.

        One cheap query while nothing is; meant to be called once or twice a second, by any number of processes.
        """
        due = await self._catalog.due(at)
        alarms = await self._alarms.standing([each.no for each in due.ramping]) if due.ramping else {}
        numbers = {each.id: each.no for each in due.ramping}
        turned = [each.id for each in due.ramping if each.alarmed is not (each.no in alarms)]
        self._resting = {each: until for each, until in self._resting.items() if until > due.at}
        changed = []
        for identity in dict.fromkeys([*turned, *due.ids]):
            if identity in self._resting:
                continue
            try:
                if await self._advance(identity, at, alarms.get(numbers.get(identity, 0), ())):
                    changed.append(identity)
            except Unavailable:
                raise
            except Exception:
                self._resting[identity] = due.at + _REST
                log.exception("what is due could not be done; it is tried again", experiment=identity)
        return changed

    async def _advance(self, identity: str, at: dt.datetime | None, alarms: Sequence[Alarm]) -> bool:
        try:
            return await self._change(identity, at, lambda found, moment: advanced(found, moment, alarms))
        except (Invalid, InvalidTransition) as error:
            why = str(error)
            if await self._change(identity, at, lambda found, moment: failed(found, moment, why)):
                log.warning("a start that was due cannot be done", experiment=identity, error=why)
                return True
            raise

    async def _change(
        self, identity: str, at: dt.datetime | None, rule: Callable[[Experiment, dt.datetime], Advance | None]
    ) -> bool:
        async with self._catalog.change() as change:
            before = await change.get(identity)
            advance = None if before is None else rule(before, at or change.at)
            if advance is None:
                return False
            await change.save(before, advance.after, advance.action, Cause(PRINCIPAL, reason=advance.reason))
            return True
