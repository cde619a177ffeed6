"""`litmus worker`: folds, learns, acts, reports and does jobs, beside any number of servers on one database.

It knows which loops there are and that they end together; it must not know what any of them does.
"""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

import structlog

from litmus_server.domain.errors import Unavailable
from litmus_server.jobs.handlers import define_schedules, handlers
from litmus_server.jobs.runner import Runner
from litmus_server.processes.child import at_end_of
from litmus_server.processes.database import answering, running, schema
from litmus_server.services.acting import Acting
from litmus_server.services.analysis import Analysis
from litmus_server.services.learning import Learning
from litmus_server.services.timetable import Timetable
from litmus_server.settings import Settings
from litmus_server.store.acting import ActBook
from litmus_server.store.alarms import AlarmBook
from litmus_server.store.contextual_sums import ContextualStore
from litmus_server.store.control import Control
from litmus_server.store.database import named, open_pool
from litmus_server.store.fold import Fold
from litmus_server.store.jobs import Queue
from litmus_server.store.policies import PolicyStore
from litmus_server.store.reports import ReportStore
from litmus_server.store.schema import head
from litmus_server.store.vitals import WORKER

log = structlog.get_logger(__name__)

_LOOK = 0.5  # seconds between two looks for what can be learned, what rules say, and whose time has come
_LOOK_PLANNED = 10.0  # seconds between two looks for experiments whose planned look may be due


async def work(settings: Settings, *, parent: int | None = None) -> None:
    """Work until SIGTERM, SIGINT or the end of the pipe `parent`; what is under way is finished or undone whole."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if parent is not None:
        at_end_of(parent, stop.set)
    url = named(running(settings), WORKER)
    if not await _unless(stop, _prepared(url)):
        return
    pool = await open_pool(url, size=8)
    contexts = ContextualStore(pool)
    learning = Learning(PolicyStore(pool), Queue(pool), contexts=contexts)
    analysis = Analysis(ReportStore(pool), contexts)
    await define_schedules(pool)
    log.info("working")
    await _together(
        stop,
        settings.shutdown_seconds,
        fold=Fold().run(url, stop),
        # Half of the time for jobs to finish, the other half to give back those that did not.
        jobs=Runner(pool, handlers(learning, analysis), drain=settings.shutdown_seconds / 2).run(stop),
        learner=_look(learning.look, stop),
        looks=_look(lambda: _unless(stop, analysis.look(Queue(pool))), stop, every=_LOOK_PLANNED),
        rules=_look(Acting(ActBook(pool)).look, stop),
        timetable=_look(Timetable(Control(pool), AlarmBook(pool)).look, stop),
    )
    log.info("stopped")


async def _prepared(url: str) -> None:
    """Return when the database is there and somebody has migrated it."""
    await answering(url, progress=log.info)
    while await schema(url) != head():
        log.info("waiting for the migrations", needed=head())
        await asyncio.sleep(1.0)


async def _look(look: Callable[[], Awaitable[object]], stop: asyncio.Event, *, every: float = _LOOK) -> None:
    while not stop.is_set():
        try:
            await look()
        except Unavailable:
            pass  # the others say it
        except Exception:
            log.exception("looking for what is to be done has failed; the next look may not")
        with suppress(TimeoutError):
            async with asyncio.timeout(every):
                await stop.wait()


async def _unless(stop: asyncio.Event, waiting: Coroutine[Any, Any, object]) -> bool:
    """Wait for something; False when `stop` came first."""
    tasks = [asyncio.create_task(waiting), asyncio.create_task(stop.wait())]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    if tasks[0].done() and not tasks[0].cancelled():
        tasks[0].result()
    return not stop.is_set()


async def _together(stop: asyncio.Event, patience: float, **loops: Coroutine[Any, Any, None]) -> None:
    """Run all until `stop`; one that fails ends all, and the process with them, so that it is started afresh."""
    tasks = [asyncio.create_task(loop, name=name) for name, loop in loops.items()]
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([*tasks, stopping], return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    _, late = await asyncio.wait(tasks, timeout=patience)
    for task in late:
        log.warning("a loop did not end in time; what it was doing is undone", loop=task.get_name())
    failed = [task for task in tasks if task.done() and task.exception() is not None]
    for task in failed:
        log.error("a loop has failed", loop=task.get_name(), exc_info=task.exception())
    if failed or late:
        # Nothing may keep this process: transactions that are open end with their connections.
        os._exit(1)
