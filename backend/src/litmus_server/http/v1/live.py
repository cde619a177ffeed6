"""The live stream: the report's document at once and every two seconds, over a WebSocket.

One producer an experiment, however many watch: a document is fetched and made text once. It must not know how a report
is made.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from fastapi import APIRouter, WebSocket

from litmus_server.domain.errors import NotFound
from litmus_server.http.closing import refuse
from litmus_server.http.streams import CODES, Channels, Door, Texts
from litmus_server.services.reports import Reports

EVERY = 2.0
"""Seconds between two documents."""


class Live:
    """All live streams of this process."""

    def __init__(self, reports: Reports, door: Door, *, every: float = EVERY) -> None:
        """`door` says who may watch, and until when."""
        self._reports, self._door = reports, door
        self.channels: Channels[str] = Channels(every)

    async def serve(self, socket: WebSocket, reference: str) -> None:
        """One watcher, from the handshake to the end."""
        await self._door.serve(socket, lambda: self._watching(reference))

    @asynccontextmanager
    async def _watching(self, reference: str) -> AsyncIterator[Texts]:
        experiment = await self._reports.identify(reference)
        seen = 0
        async with self.channels.joined(experiment, self._documents(experiment)) as channel:

            async def text() -> str:
                nonlocal seen
                seen, newest = await channel.after(seen)
                return newest

            yield text

    def _documents(self, experiment: str) -> Callable[[], Awaitable[str]]:
        kept, shown = b"", ""

        async def document() -> str:
            nonlocal kept, shown
            newest = await self._reports.report(experiment)
            if newest is not kept:
                kept, shown = newest, newest.decode()
            return shown

        return document


def routes(live: Live) -> APIRouter:
    """The one WebSocket, and the answer to all that nothing else answers."""
    router = APIRouter()

    @router.websocket("/api/v1/ws/experiments/{reference}/live")
    async def stream(socket: WebSocket, reference: str) -> None:
        await live.serve(socket, reference)

    @router.websocket("/{path:path}")
    async def nothing(socket: WebSocket, path: str) -> None:
        reason = str(NotFound("Stream", f"/{path}"))
        await refuse(socket.scope, socket.receive, socket.send, CODES[NotFound], reason)

    return router
