"""The live tail: events of an experiment as they arrive, accepted and rejected, over a WebSocket.

It looks into both logs once a second, so it sees what any process wrote. One producer for all that watch the same with the
same filters. A frame tells the newest events, and how many others arrived since the one before it. It must not know how
events are found.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import NamedTuple

import msgspec
from fastapi import APIRouter, WebSocket

from litmus_server.domain.experiment import rfc3339
from litmus_server.domain.inspection import EventType, Filters, Side
from litmus_server.http.streams import Channels, Door, Texts
from litmus_server.http.v1.query import invalid, stored, word
from litmus_server.services.inspection import Following, Inspection

EVERY = 1.0
"""Seconds between two looks."""
HEARTBEAT = 15.0
"""Seconds after which a frame without events is sent: whoever watches then knows that nothing came."""
MOST = 50
"""Different streams at once in this process: each asks the database."""

_encode = msgspec.json.Encoder(decimal_format="number").encode


class _Arrived(NamedTuple):
    """One look. `passed` counts all events since the first look, `shown` of them are in `text`."""

    at: str
    text: str
    shown: int
    passed: int


class Tail:
    """All tails of this process."""

    def __init__(
        self, inspection: Inspection, door: Door, *, every: float = EVERY, heartbeat: float = HEARTBEAT
    ) -> None:
        """`door` says who may watch, and until when. Times in seconds."""
        self._inspection, self._door, self._heartbeat = inspection, door, heartbeat
        self.channels: Channels[_Arrived] = Channels(every, MOST)

    async def serve(self, socket: WebSocket, reference: str) -> None:
        """One watcher, from the handshake to the end."""
        asked = dict(socket.query_params)
        await self._door.serve(socket, lambda: self._watching(reference, asked))

    @asynccontextmanager
    async def _watching(self, reference: str, asked: Mapping[str, str]) -> AsyncIterator[Texts]:
        filters = _read(asked)
        following = await self._inspection.follow(reference, filters)
        looks = _Looks(following)
        async with self.channels.joined((following.subject.id, filters), looks.look) as channel:
            clock = asyncio.get_running_loop().time
            seen, passed, told_at = 0, -1, 0.0

            async def text() -> str:
                nonlocal seen, passed, told_at
                while True:
                    seen, arrived = await channel.after(seen)
                    if passed < 0:  # the first frame says from when on
                        passed, told_at = arrived.passed, clock()
                        return _frame(arrived.at, 0, "[]")
                    if arrived.passed > passed or clock() - told_at >= self._heartbeat:
                        skipped = arrived.passed - passed - arrived.shown
                        passed, told_at = arrived.passed, clock()
                        return _frame(arrived.at, skipped, arrived.text)

            yield text


class _Looks:
    """What the producer of one channel remembers."""

    def __init__(self, following: Following) -> None:
        self._following, self._passed = following, 0

    async def look(self) -> _Arrived:
        news = await self._following.news()
        self._passed += news.total
        return _Arrived(rfc3339(news.at), _encode(news.events).decode(), len(news.events), self._passed)


def _frame(at: str, skipped: int, events: str) -> str:
    return f'{{"at":"{at}","skipped":{skipped},"events":{events}}}'


def routes(tail: Tail) -> APIRouter:
    """The one WebSocket."""
    router = APIRouter()

    @router.websocket("/api/v1/ws/experiments/{reference}/events")
    async def stream(socket: WebSocket, reference: str) -> None:
        await tail.serve(socket, reference)

    return router


_FILTERS = ("outcome", "type", "metric", "variant", "named")


def _read(asked: Mapping[str, str]) -> Filters:
    """The filters of a query. Raises Invalid."""
    for name, value in asked.items():
        if name not in {*_FILTERS, "token"}:
            raise invalid(name, f"unknown; allowed are {', '.join(_FILTERS)}")
        stored(value, name)
    named = asked.get("named", "true")
    if named not in {"true", "false"}:
        raise invalid("named", "must be true or false")
    return Filters(
        outcome=word(asked.get("outcome"), "outcome", Side),
        type=word(asked.get("type"), "type", EventType),
        metric=asked.get("metric"),
        variant=asked.get("variant"),
        named=named == "true",
    )
