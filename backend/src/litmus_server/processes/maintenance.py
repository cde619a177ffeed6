"""What an operator does to a database by hand: bring it up to date, compute it again from its log."""

import structlog

from litmus_server.processes.database import answering, place, running
from litmus_server.settings import Refused, Settings

log = structlog.get_logger(__name__)


async def migrate(settings: Settings) -> None:
    """Apply what is missing; a second one at the same time waits and finds nothing to do."""
    from litmus_server.store.migrate import upgrade

    url = running(settings)
    await answering(url, progress=log.info)
    await upgrade(url)
    log.info("the schema is the newest", database=place(url))


async def rebuild(settings: Settings, experiment: str | None) -> None:
    """Not yet."""
    raise Refused("not yet")
