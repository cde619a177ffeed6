"""`litmus worker`: folds, learns, reports and does jobs, beside any number of servers on one database.

It knows which loops there are and that all of them end together; it must not know what any of them does.
"""

import asyncio
import signal

import structlog

from litmus_server.jobs.registry import Registry
from litmus_server.jobs.runner import Runner
from litmus_server.processes.child import at_end_of
from litmus_server.processes.database import answering
from litmus_server.processes.maintenance import running
from litmus_server.settings import Settings
from litmus_server.store.database import open_pool

log = structlog.get_logger(__name__)


async def work(settings: Settings, *, parent: int | None = None) -> None:
    """Work until SIGTERM, SIGINT or the end of the pipe `parent`; what is under way is finished or undone whole."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if parent is not None:
        at_end_of(parent, stop.set)
    url = running(settings)
    await answering(url, progress=log.info)
    pool = await open_pool(url, size=6)
    runner = Runner(pool, Registry({}))
    log.info("working")
    await runner.run(stop)
    await pool.close()
    log.info("stopped")
