"""`litmus serve`: the process that answers, and looks after the worker and, where it has one, PostgreSQL.

It knows the order of starting and stopping; it must not know what any of them does. The port opens first, so that
probes are answered while PostgreSQL starts or recovers. At the end: /ready fails, listeners close, WebSockets are closed
by us, requests under way are answered, journals drain, the worker leaves, PostgreSQL stops.
"""

import asyncio
import contextlib
import gc
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib import import_module
from typing import TypeAlias

import structlog
import uvicorn

from litmus_server import VERSION
from litmus_server.processes.child import Child, at_end_of
from litmus_server.processes.database import bring_up_to_date, is_new, opened
from litmus_server.processes.front import Application, Front
from litmus_server.processes.migration import Migration
from litmus_server.processes.protocol import LeanHttp
from litmus_server.settings import Refused, Settings

log = structlog.get_logger(__name__)

Beside: TypeAlias = Callable[[str, asyncio.Event], AbstractAsyncContextManager[None]]
"""What runs beside a server that is ready: given its address and the event that ends everything."""

_NOTICE = 0.25  # seconds between /ready saying no and the listeners closing
_WORKER_ENDS = 2.0  # seconds in which the worker ends by itself once its own time is up


async def serve(
    settings: Settings,
    *,
    embedded: bool = False,
    parent: int | None = None,
    beside: Beside | None = None,
    progress: Callable[[str], None] | None = None,
) -> None:
    """Serve until SIGTERM, SIGINT or the end of the pipe `parent`. Raises Refused and EmbeddedError."""
    settings.check_start(embedded=embedded)
    for sentence in settings.advice():
        log.warning(sentence)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if parent is not None:
        at_end_of(parent, stop.set)
    with contextlib.ExitStack() as stack:
        listeners = [stack.enter_context(listening(settings, settings.port))]
        if settings.dashboard_port is not None:  # the same application on one more port
            listeners.append(stack.enter_context(listening(settings, settings.dashboard_port)))
        await _Server(settings, listeners, stop, progress or log.info).run(beside)
    log.info("stopped")


class Listeners(uvicorn.Server):
    """Signals are ours: there is more to stop than the listeners."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


class _Server:
    def __init__(
        self,
        settings: Settings,
        listeners: list[socket.socket],
        stop: asyncio.Event,
        progress: Callable[[str], None],
    ) -> None:
        self._settings, self._listeners, self._stop, self._progress = settings, listeners, stop, progress
        self._began = time.monotonic()
        self._front = Front(VERSION)
        self._web = Listeners(configuration(self._front, settings))
        self._started = False

    async def run(self, beside: Beside | None) -> None:
        serving = asyncio.create_task(self._web.serve(self._listeners), name="listeners")
        # A listener that fails ends everything; so does a signal, also while we wait for a database that is not there.
        serving.add_done_callback(lambda _: self._stop.set())
        stages = asyncio.create_task(self._stages(serving, beside), name="stages")
        stopping = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait([stages, stopping], return_when=asyncio.FIRST_COMPLETED)
            if not self._started:
                stages.cancel()
            await asyncio.wait([stages])
        finally:
            stopping.cancel()
            await self._close(serving)
        serving.result()  # of a listener that has failed nothing else tells
        if not stages.cancelled():
            stages.result()

    async def _stages(self, serving: "asyncio.Task[None]", beside: Beside | None) -> None:
        """Each stage stands on the one before and is taken down before it."""
        settings = self._settings
        importing = asyncio.create_task(asyncio.to_thread(import_module, "litmus_server.apps"))
        async with _migration(settings) as migration, opened(settings, progress=self._progress) as url:
            settings.signing_secret()  # made now where nobody gave one (the folder is there), and kept from then on
            self._front.waits_for = "migrations"
            await bring_up_to_date(url, migration)
            self._front.waits_for = "the first snapshot"
            await importing
            from litmus_server.apps import application
            from litmus_server.wiring import opened_runtime

            told = self._with_addresses()
            async with _worker(settings, url) as worker, opened_runtime(told, url) as runtime:
                self._front.show(application(runtime))
                self._started = True
                await worker.start()
                # What start-up made stays for ever: the collector need not look at it again.
                gc.collect()
                gc.freeze()
                # What a request makes goes by itself, when nothing refers to it: looking for cycles less often costs memory
                # that nobody misses, and saves a tenth of the time.
                gc.set_threshold(20_000, 20, 20)
                port = _port(self._listeners[0])
                log.info("ready", port=port, after_seconds=round(time.monotonic() - self._began, 3))
                try:
                    await self._until_stop(beside, f"http://localhost:{port}")
                finally:
                    runtime.leave()
                    await asyncio.sleep(_NOTICE)
                    await self._close(serving)

    def _with_addresses(self) -> Settings:
        """The settings with the dashboard's address: in development it is certain which it is."""
        if self._settings.dashboard_url is not None or not self._settings.development:
            return self._settings
        address = f"http://localhost:{_port(self._listeners[-1])}"
        return self._settings.model_copy(update={"dashboard_url": address})

    async def _until_stop(self, beside: Beside | None, address: str) -> None:
        if beside is None:
            await self._stop.wait()
            return
        async with beside(address, self._stop):
            await self._stop.wait()

    async def _close(self, serving: "asyncio.Task[None]") -> None:
        self._web.should_exit = True
        await asyncio.wait([serving])


@asynccontextmanager
async def _migration(settings: Settings) -> AsyncIterator[Migration]:
    """Begun at once where it will be needed for certain: then it loads while PostgreSQL is being made."""
    migration = Migration()
    try:
        if is_new(settings):
            await migration.begin()
        yield migration
    finally:
        await migration.end()


@asynccontextmanager
async def _worker(settings: Settings, url: str) -> AsyncIterator[Child]:
    """One that has not been started; its end is awaited."""
    child = Child("worker", ["worker"], settings.environment(DATABASE_URL=url))
    try:
        yield child
    finally:
        await child.stop(settings.shutdown_seconds + _WORKER_ENDS)


def configuration(application: Application, settings: Settings) -> uvicorn.Config:
    """Of uvicorn, for whatever we serve."""
    return uvicorn.Config(
        application,
        interface="asgi3",
        http=LeanHttp,
        proxy_headers=False,  # nothing that we answer depends on the address or the scheme of the caller
        ws="websockets-sansio",
        ws_per_message_deflate=False,  # a thousand watchers: compression alone would eat half a core
        ws_max_size=64 * 1024,  # nobody has anything to tell us there
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=75,  # longer than a load balancer keeps a connection, so that it is the one to close
        timeout_graceful_shutdown=max(1, round(settings.shutdown_seconds)),
    )


@contextlib.contextmanager
def listening(settings: Settings, port: int) -> Iterator[socket.socket]:
    """A listener on this port. Raises Refused, saying which variable chooses another one."""
    host = settings.listens_on
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            which = "PORT, or `litmus serve --port`," if port == settings.port else "LITMUS_DASHBOARD_PORT"
            raise Refused(
                f"Port {port} on {host} cannot be opened: {error.strerror}. Is another Litmus running? "
                f"{which} chooses another one."
            ) from None
        listener.listen(2048)
        log.info("listening", host=host, port=_port(listener), env=settings.env)
        yield listener


def _port(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])
