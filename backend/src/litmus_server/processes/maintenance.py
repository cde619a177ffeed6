"""What an operator does to a database by hand: bring it up to date, compute it again from its log."""

import structlog

from litmus_server.domain.errors import Conflict
from litmus_server.processes.database import answering, place, running
from litmus_server.settings import Refused, Settings
from litmus_server.store.rebuild import Progress, Rebuilt
from litmus_server.store.rebuild import rebuild as again_from_the_log

log = structlog.get_logger(__name__)


async def migrate(settings: Settings) -> None:
    """Apply what is missing; a second one at the same time waits and finds nothing to do."""
    from litmus_server.store.migrate import upgrade

    url = running(settings)
    await answering(url, progress=log.info)
    await upgrade(url)
    log.info("the schema is the newest", database=place(url))


async def rebuild(settings: Settings, after: str) -> Rebuilt:
    """Compute the tables of the fold from the log again, telling how far it is; see `store.rebuild`."""
    url = running(settings)
    await answering(url, progress=log.info)

    def told(done: Progress) -> None:
        log.info("rebuilding", events=done.events, changed=done.changed, after=done.unit)

    try:
        return await again_from_the_log(url, told, after=after)
    except Conflict as error:
        raise Refused(str(error)) from None
