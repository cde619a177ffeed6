"""`litmus dashboard`: the dashboard alone, for a deployment in which something else than the API's servers shows it.

It needs no database. The pages ask the API where NUXT_PUBLIC_API_BASE says that browsers find it.
"""

import asyncio
import signal

import structlog

from litmus_server.processes.server import Listeners, configuration, listening
from litmus_server.settings import Refused, Settings

log = structlog.get_logger(__name__)


async def show(settings: Settings) -> None:
    """Serve the pages until SIGTERM or SIGINT. Raises Refused."""
    from litmus_server.apps import pages

    application = pages(settings)
    if application is None:
        raise Refused(
            "The dashboard is not built: `make dashboard` in a checkout, or install the wheel of a release."
        )
    with listening(settings, settings.port) as listener:
        web = Listeners(configuration(application, settings))

        def leave() -> None:
            web.should_exit = True

        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, leave)
        await web.serve([listener])
    log.info("stopped")
