"""What an operator does to a database by hand: bring it up to date, compute it again from its log."""

import structlog

from litmus_server.postgres import inspect
from litmus_server.processes.database import answering, place
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


def running(settings: Settings) -> str:
    """The address of the database in use: DATABASE_URL's, or the one that the data folder's server keeps running."""
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    url = inspect(settings.data_folder).url
    if url is None:
        raise Refused(
            f"No PostgreSQL is running in {settings.data_folder}, and DATABASE_URL is not set. Start `litmus serve` first, "
            "or set DATABASE_URL, or name the folder with LITMUS_DATA_FOLDER."
        )
    return url
