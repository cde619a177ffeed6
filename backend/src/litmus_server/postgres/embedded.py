"""The supervisor of the embedded server: claim the folder, start or adopt, keep alive, stop.

All of it may be used from any event loop, one after the other; nothing here is bound to one.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

import asyncpg

from litmus_server.postgres import cluster, postmaster, runtime
from litmus_server.postgres.errors import ClusterGone, EmbeddedError, FolderUnusable, StartFailed
from litmus_server.postgres.folder import PORT, OwnerLock, Place, make_socket_folder, prepare
from litmus_server.postgres.postmaster import Postmaster

log = logging.getLogger(__name__)

# What a connection says to somebody who comes early: no socket, nobody behind it, still recovering, shutting down.
NOT_YET = (
    FileNotFoundError,
    ConnectionError,
    BlockingIOError,
    TimeoutError,
    asyncpg.CannotConnectNowError,
    asyncpg.PostgresConnectionError,
)


def url_of(socket: Path, database: str = cluster.DATABASE) -> str:
    """The address of a database behind a socket, as asyncpg, SQLAlchemy and libpq read it."""
    return f"postgresql://{cluster.ROLE}@/{database}?host={quote(str(socket), safe='/')}&port={PORT}"


class Embedded:
    """One PostgreSQL in one data folder, owned by this process between `start` and `stop`."""

    def __init__(self, data_folder: Path, *, progress: Callable[[str], None] = log.info) -> None:
        """`progress` gets a line for people whenever a start takes time (first start, recovery)."""
        self.folder = data_folder.expanduser().resolve()
        self._progress = progress
        self._locks: list[OwnerLock] = []
        self._place: Place | None = None
        self._postmaster: Postmaster | None = None
        self._turn = asyncio.Lock()
        self.adopted = False

    @property
    def url(self) -> str:
        """The address of Litmus's database; it stays the same when PostgreSQL is restarted."""
        return self.url_for(cluster.DATABASE)

    def url_for(self, database: str) -> str:
        """The address of another database of this server (`postgres` for administration)."""
        return url_of(self._running().socket, database)

    @property
    def pid(self) -> int:
        """The postmaster's process id."""
        return self._running().pid

    @property
    def alive(self) -> bool:
        """Whether the postmaster lives at this moment."""
        return self._postmaster is not None and self._postmaster.alive()

    async def start(self) -> None:
        """Return when the server answers; recovery after a crash is waited for, however long it takes.

        Raises a subclass of `EmbeddedError`; then nothing of ours is left running and the folder is free.
        """
        async with self._turn:
            if self._place is not None:
                return
            try:
                self._place = await asyncio.to_thread(self._claim)
                await self._launch()
            except BaseException:
                await self._end(patience=10.0)
                raise

    async def stop(self, patience: float = 120.0) -> None:
        """Shut down cleanly and give the folder free. After `patience` seconds, in a hurry: nothing is lost,
        and the next start recovers. Does nothing when not started.
        """
        async with self._turn:
            await self._end(patience)

    async def ensure_running(self) -> bool:
        """Start PostgreSQL again if it has died; true if it had."""
        async with self._turn:
            if self._place is None:
                raise StartFailed("The embedded PostgreSQL has not been started.")
            if self.alive:
                return False
            log.error("PostgreSQL has ended unexpectedly; starting it again")
            await self._launch()
            return True

    async def watch(self, interval: float = 0.25) -> None:
        """Keep the server running until cancelled; cancel it before `stop`. A restart that fails is tried again, ever less often."""
        pause = interval
        while True:
            await asyncio.sleep(pause)
            try:
                await self.ensure_running()
                await asyncio.to_thread(postmaster.bound_log, self._claimed().log, running=True)
                pause = interval
            except (EmbeddedError, OSError) as error:
                pause = min(pause * 2, 10.0)
                log.error("PostgreSQL cannot be started (next attempt in %.0f s): %s", pause, error)

    async def __aenter__(self) -> Embedded:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        await self.stop()

    def _running(self) -> Postmaster:
        if self._postmaster is None:
            raise StartFailed("The embedded PostgreSQL has not been started.")
        return self._postmaster

    def _claimed(self) -> Place:
        if self._place is None:
            raise StartFailed("The embedded PostgreSQL has not been started.")
        return self._place

    def _claim(self) -> Place:
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock(self.folder)
            place = prepare(self.folder)
            if place.record.home is not None:
                # A copy of the data folder has the same home: one of the two may use it.
                self._lock(place.home)
                self._progress(
                    f"{place.account.name}, whom PostgreSQL runs as, cannot reach {place.folder}: "
                    f"the database is in {place.home}"
                )
        except OSError as error:
            raise FolderUnusable(f"The data folder {self.folder} cannot be used: {error}") from error
        return place

    def _lock(self, folder: Path) -> None:
        lock = OwnerLock(folder / "owner.lock")
        lock.acquire()
        self._locks.append(lock)

    async def _launch(self) -> None:
        """Adopt the postmaster that an earlier Litmus left, or start one; return when it answers."""
        place = self._claimed()
        found = await asyncio.to_thread(postmaster.find, place.cluster)
        if found is not None:
            self._progress(
                f"found PostgreSQL running in {place.home} (process {found.pid}); going on with it"
            )
            self._postmaster, self.adopted = found, True
            if await self._answers():
                return
        try:
            offset = place.log.stat().st_size if place.log.exists() else 0
            self._postmaster, self.adopted = await asyncio.to_thread(self._spawn), False
        except OSError as error:
            raise FolderUnusable(f"PostgreSQL cannot be started in {place.home}: {error}") from error
        if not await self._answers():
            said = postmaster.tail(place.log, offset)
            raise StartFailed(
                f"PostgreSQL ended while starting in {place.home}. The end of {place.log}:\n{said}"
            )

    def _spawn(self) -> Postmaster:
        place = self._claimed()
        cluster.remove_unfinished(place)
        major = cluster.major_of(place)
        if major is None:
            cluster.check_space(place)
        binaries = runtime.ensure(place, major)
        if major is None:
            self._progress(f"making a new database in {place.home} (PostgreSQL {binaries.version})")
            cluster.initialise(place, binaries)
        if not place.record.initialised:
            self._place = place = place.initialised()
        config = cluster.configure(place)
        started = postmaster.spawn(place, binaries, make_socket_folder(place), config)
        runtime.remove_others(place, binaries)
        return started

    async def _answers(self) -> bool:
        """Wait until the server answers (true) or ends (false)."""
        server, place = self._running(), self._claimed()
        started = told = time.monotonic()
        pause = 0.01
        while server.alive():
            # Not knocking before it says that it is ready keeps its log readable during a long recovery.
            if server.says_ready(place.cluster) and await self._connects():
                return True
            if time.monotonic() - told > 2.0:
                told = time.monotonic()
                last = postmaster.tail(place.log, lines=1)
                self._progress(f"waiting for PostgreSQL since {told - started:.0f} s; its log: {last}")
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, 0.25)
        return False

    async def _connects(self) -> bool:
        try:
            connection = await asyncpg.connect(self.url, timeout=5.0)
        except asyncpg.TooManyConnectionsError:
            return True
        except NOT_YET:
            return False
        except asyncpg.InvalidCatalogNameError as error:
            raise ClusterGone(
                f"The server in {self._claimed().home} has lost its database: {error}"
            ) from error
        await connection.close()
        return True

    async def _end(self, patience: float) -> None:
        server, self._postmaster, self._place = self._postmaster, None, None
        try:
            if server is not None:
                for number, limit in (
                    (signal.SIGINT, patience),
                    (signal.SIGQUIT, 15.0),
                    (signal.SIGKILL, 15.0),
                ):
                    server.send(number)
                    if await _ended(server, limit):
                        break
                    log.warning("PostgreSQL has not ended %.0f s after %s", limit, number.name)
        finally:
            while self._locks:
                self._locks.pop().release()


async def _ended(server: Postmaster, limit: float) -> bool:
    deadline = time.monotonic() + limit
    while server.alive():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.02)
    return True
