"""The live stream: the report's document at once and every two seconds, over a WebSocket.

One producer an experiment, however many watch: a document is fetched and made text once. A watcher that cannot keep up
skips documents, and one that does not read at all is dropped: nothing is queued for anybody. It must not know how a report
is made.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import structlog
from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from litmus_server.domain.access import Action
from litmus_server.domain.errors import Forbidden, LitmusError, NotFound, Unauthorized, Unavailable
from litmus_server.http.auth import Authenticator
from litmus_server.http.closing import refuse, shortened
from litmus_server.services.reports import Reports

log = structlog.get_logger("litmus.http")

EVERY = 2.0
"""Seconds between two documents."""
PATIENCE = 10.0
"""Seconds that a watcher has to take a document before it is dropped."""

GOING_AWAY, INTERNAL, TRY_LATER = 1001, 1011, 1013
CODES: Mapping[type[LitmusError], int] = {
    Unauthorized: 4401,
    Forbidden: 4403,
    NotFound: 4404,
    Unavailable: TRY_LATER,
}
"""Of our own: 4000 and the HTTP status. The reason is the sentence that the HTTP API would answer."""


@dataclass(slots=True)
class _Channel:
    """What the watchers of one experiment share: the newest document, and a bell that rings for each."""

    watchers: int = 0
    number: int = 0
    text: str = ""
    failure: LitmusError | None = None
    bell: asyncio.Condition = field(default_factory=asyncio.Condition)
    producer: "asyncio.Task[None] | None" = None

    async def newest(self, seen: int) -> tuple[int, str]:
        """The newest document that is not number `seen`, with its number; raises what ended the channel."""
        async with self.bell:
            await self.bell.wait_for(lambda: self.number > seen or self.failure is not None)
        if self.failure is not None:
            raise self.failure
        return self.number, self.text


class Live:
    """All channels of this process."""

    def __init__(
        self, reports: Reports, authenticator: Authenticator, closing: asyncio.Event, *, every: float = EVERY,
        patience: float = PATIENCE,
    ) -> None:  # fmt: skip
        """`closing` is set when the server begins to end: every stream is then closed by us."""
        self._reports, self._authenticator, self._closing = reports, authenticator, closing
        self._every, self._patience = every, patience
        self._channels: dict[str, _Channel] = {}

    async def serve(self, socket: WebSocket, reference: str) -> None:
        """One watcher, from the handshake to the end."""
        credentials = _credentials(socket)
        socket.scope["query_string"] = (
            b""  # the server logs the address that it accepts, and a token may be in it
        )
        await socket.accept()
        try:
            self._authenticator.authorize(credentials, Action.READ)
            code, reason = await self._watch(socket, reference)
        except LitmusError as error:
            code, reason = _code(error), str(error)
        except WebSocketDisconnect:
            return
        with suppress(RuntimeError, WebSocketDisconnect, TimeoutError):  # it may be gone already
            async with asyncio.timeout(self._patience):
                await socket.close(code, shortened(reason))

    async def _watch(self, socket: WebSocket, reference: str) -> tuple[int, str]:
        """Send until something ends it; answers the close code and the reason."""
        experiment = await self._reports.identify(reference)
        channel = self._join(experiment)
        tasks = {
            asyncio.create_task(self._send(socket, channel)),
            asyncio.create_task(_until_gone(socket)),
            asyncio.create_task(self._closing.wait()),
        }
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if self._closing.is_set():
                return GOING_AWAY, "the server is shutting down"
            for task in tasks:
                if task.done():
                    task.result()
            return TRY_LATER, "documents are not read fast enough"
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._leave(experiment, channel)

    async def _send(self, socket: WebSocket, channel: _Channel) -> None:
        """Send each newest document; returns when the watcher is too slow."""
        seen = 0
        while True:
            seen, text = await channel.newest(seen)
            try:
                async with asyncio.timeout(self._patience):
                    await socket.send_text(text)
            except TimeoutError:
                return

    async def _produce(self, experiment: str, channel: _Channel) -> None:
        newest = b""
        while True:
            began = asyncio.get_running_loop().time()
            try:
                document = await self._reports.report(experiment)
            except Unavailable as error:
                log.info("no report for the live stream", experiment=experiment, error=str(error))
            except Exception as error:
                channel.failure = (
                    error if isinstance(error, LitmusError) else LitmusError("An unexpected error")
                )
                if not isinstance(error, LitmusError):
                    log.error("the live stream failed", experiment=experiment, exc_info=error)
            else:
                if document is not newest:
                    newest, channel.text = document, document.decode()
                channel.number += 1
            async with channel.bell:
                channel.bell.notify_all()
            if channel.failure is not None:
                return
            await asyncio.sleep(began + self._every - asyncio.get_running_loop().time())

    def _join(self, experiment: str) -> _Channel:
        channel = self._channels.get(experiment)
        if channel is None or channel.failure is not None:
            channel = self._channels[experiment] = _Channel()
            channel.producer = asyncio.create_task(self._produce(experiment, channel), name="live")
        channel.watchers += 1
        return channel

    def _leave(self, experiment: str, channel: _Channel) -> None:
        channel.watchers -= 1
        if channel.watchers == 0:
            if channel.producer is not None:
                channel.producer.cancel()
            if self._channels.get(experiment) is channel:
                del self._channels[experiment]


def routes(live: Live) -> APIRouter:
    """The one WebSocket, and the answer to all others."""
    router = APIRouter()

    @router.websocket("/api/v1/ws/experiments/{reference}/live")
    async def stream(socket: WebSocket, reference: str) -> None:
        await live.serve(socket, reference)

    @router.websocket("/{path:path}")
    async def nothing(socket: WebSocket, path: str) -> None:
        reason = str(NotFound("Stream", f"/{path}"))
        await refuse(socket.scope, socket.receive, socket.send, CODES[NotFound], reason)

    return router


async def _until_gone(socket: WebSocket) -> None:
    """Read and forget what the watcher sends; raises WebSocketDisconnect at its end."""
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))


def _credentials(socket: WebSocket) -> bytes | None:
    """The header or, since browsers cannot send one, the token in the query; neither is ever logged."""
    header = socket.headers.get("authorization")
    if header is not None:
        return header.encode("latin-1")
    token = socket.query_params.get("token")
    return None if token is None else b"Bearer " + token.encode()


def _code(error: LitmusError) -> int:
    return next((CODES[kind] for kind in type(error).__mro__ if kind in CODES), INTERNAL)
