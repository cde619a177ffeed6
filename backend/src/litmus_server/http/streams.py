"""What all streams over WebSockets have in common: the handshake, who may watch, one producer for many watchers, the end.

A watcher that cannot keep up skips what it missed, and one that does not read at all is dropped: nothing is queued for
anybody. It must not know what is sent.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import structlog
from fastapi import WebSocket, WebSocketDisconnect

from litmus_server.domain.access import Action
from litmus_server.domain.errors import Forbidden, Invalid, LitmusError, NotFound, Unauthorized, Unavailable
from litmus_server.http.auth import Authenticator
from litmus_server.http.closing import shortened

log = structlog.get_logger("litmus.http")

T = TypeVar("T")

PATIENCE = 10.0
"""Seconds that a watcher has to take a text before it is dropped."""

GOING_AWAY, INTERNAL, TRY_LATER = 1001, 1011, 1013
CODES: Mapping[type[LitmusError], int] = {
    Invalid: 4400,
    Unauthorized: 4401,
    Forbidden: 4403,
    NotFound: 4404,
    Unavailable: TRY_LATER,
}
"""Of our own: 4000 and the HTTP status. The reason is the sentence that the HTTP API would answer."""

Texts = Callable[[], Awaitable[str]]
"""Waits for the next text to send."""


@dataclass(slots=True)
class Channel(Generic[T]):
    """What the watchers of one thing share: the newest of it, and a bell that rings for each."""

    watchers: int = 0
    number: int = 0
    newest: T | None = None
    failure: LitmusError | None = None
    bell: asyncio.Condition = field(default_factory=asyncio.Condition)
    producer: "asyncio.Task[None] | None" = None

    async def after(self, seen: int) -> tuple[int, T]:
        """The newest that is not number `seen`, with its number; raises what ended the channel."""
        async with self.bell:
            await self.bell.wait_for(lambda: self.number > seen or self.failure is not None)
        if self.failure is not None:
            raise self.failure
        assert self.newest is not None
        return self.number, self.newest


class Channels(Generic[T]):
    """All channels of one kind in this process, by what they are about."""

    def __init__(self, every: float, most: int | None = None) -> None:
        """`every`: seconds between two looks of a producer. `most` of them at once (None: no bound)."""
        self._every, self._most = every, most
        self.open: dict[Hashable, Channel[T]] = {}

    @asynccontextmanager
    async def joined(self, about: Hashable, make: Callable[[], Awaitable[T]]) -> AsyncIterator[Channel[T]]:
        """The channel about this; `make` is called again and again while anybody watches. Raises Unavailable for too many."""
        channel = self.open.get(about)
        if channel is None or channel.failure is not None:
            if self._most is not None and len(self.open) >= self._most:
                raise Unavailable(f"{self._most} different streams are watched here already; try again later")
            channel = self.open[about] = Channel()
            channel.producer = asyncio.create_task(self._produce(about, channel, make), name="stream")
        channel.watchers += 1
        try:
            yield channel
        finally:
            channel.watchers -= 1
            if channel.watchers == 0:
                if channel.producer is not None:
                    channel.producer.cancel()
                if self.open.get(about) is channel:
                    del self.open[about]

    async def _produce(self, about: Hashable, channel: Channel[T], make: Callable[[], Awaitable[T]]) -> None:
        while True:
            began = asyncio.get_running_loop().time()
            try:
                channel.newest = await make()
            except Unavailable as error:
                log.info("nothing for the stream", about=str(about), error=str(error))
            except Exception as error:
                channel.failure = (
                    error if isinstance(error, LitmusError) else LitmusError("An unexpected error")
                )
                if not isinstance(error, LitmusError):
                    log.error("the stream failed", about=str(about), exc_info=error)
            else:
                channel.number += 1
            async with channel.bell:
                channel.bell.notify_all()
            if channel.failure is not None:
                return
            await asyncio.sleep(began + self._every - asyncio.get_running_loop().time())


@dataclass(frozen=True, slots=True)
class Door:
    """Who may watch, and until when. `closing` is set when the server begins to end: every stream is then closed by us."""

    authenticator: Authenticator
    closing: asyncio.Event
    patience: float = PATIENCE

    async def serve(
        self, socket: WebSocket, watching: Callable[[], AbstractAsyncContextManager[Texts]]
    ) -> None:
        """One watcher, from the handshake to the end; `watching` is entered once it is known that it may."""
        credentials = _credentials(socket)
        # The server logs the address that it accepts, and a token may be in it.
        socket.scope["query_string"] = b""
        await socket.accept()
        try:
            self.authenticator.authorize(credentials, Action.READ)
            async with watching() as texts:
                code, reason = await self._watch(socket, texts)
        except LitmusError as error:
            code, reason = _code(error), str(error)
        except WebSocketDisconnect:
            return
        with suppress(RuntimeError, WebSocketDisconnect, TimeoutError):  # it may be gone already
            async with asyncio.timeout(self.patience):
                await socket.close(code, shortened(reason))

    async def _watch(self, socket: WebSocket, texts: Texts) -> tuple[int, str]:
        """Send until something ends it; answers the close code and the reason."""
        tasks = {
            asyncio.create_task(self._send(socket, texts)),
            asyncio.create_task(_until_gone(socket)),
            asyncio.create_task(self.closing.wait()),
        }
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if self.closing.is_set():
                return GOING_AWAY, "the server is shutting down"
            for task in tasks:
                if task.done():
                    task.result()
            return TRY_LATER, "documents are not read fast enough"
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _send(self, socket: WebSocket, texts: Texts) -> None:
        """Send each text; returns when the watcher is too slow."""
        while True:
            text = await texts()
            try:
                async with asyncio.timeout(self.patience):
                    await socket.send_text(text)
            except TimeoutError:
                return


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
