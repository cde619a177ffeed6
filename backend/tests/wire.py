"""An ASGI application behind a real socket, on the protocol that `litmus serve` uses; and a client that hides nothing."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import uvicorn
from litmus_server.processes.protocol import LeanHttp


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Wire:
    """A server that listens."""

    def __init__(self, server: uvicorn.Server, port: int) -> None:
        self.server, self.port = server, port
        self._clients: list[Client] = []

    async def open(self) -> Client:
        """A connection to it."""
        client = Client(*await asyncio.open_connection("127.0.0.1", self.port))
        self._clients.append(client)
        return client

    async def leave(self) -> None:
        """Close all connections from this side."""
        for client in self._clients:
            client.writer.close()
            with contextlib.suppress(OSError):
                await client.writer.wait_closed()

    async def ask(self, *requests: bytes) -> list[Answer]:
        """The answers to these requests, all sent at once on one connection."""
        client = await self.open()
        client.say(b"".join(requests))
        return [await client.answer() for _ in requests]


class Answer:
    """What came back, to the byte."""

    def __init__(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    def __getitem__(self, name: str) -> str:
        """A header that is there once."""
        (value,) = (value for key, value in self.headers if key == name.encode())
        return value.decode()

    def __contains__(self, name: str) -> bool:
        return name.encode() in dict(self.headers)


class Client:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def say(self, data: bytes) -> None:
        """Send it as it is."""
        self.writer.write(data)

    async def answer(self, *, bodiless: bool = False) -> Answer:
        """The next answer, read as RFC 9112 says. `bodiless`: it answers HEAD."""
        async with asyncio.timeout(10):
            head = await self.reader.readuntil(b"\r\n\r\n")
            first, *rest = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
            headers = [(name, value) for name, _, value in (line.partition(b": ") for line in rest)]
            status, known = int(first.split()[1]), dict(headers)
            if bodiless or status in {100, 204, 304}:
                body = b""
            elif known.get(b"transfer-encoding") == b"chunked":
                body = b""
                while size := int(await self.reader.readline(), 16):
                    body += (await self.reader.readexactly(size + 2))[:-2]
                assert await self.reader.readline() == b"\r\n"
            else:
                body = await self.reader.readexactly(int(known[b"content-length"]))
            return Answer(status, headers, body)

    async def is_closed(self) -> bool:
        """Wait until the server has said all that it has to say, and closed; whether it said nothing more."""
        async with asyncio.timeout(10):
            return await self.reader.read() == b""


@contextlib.asynccontextmanager
async def wired(app: Any, **options: Any) -> AsyncIterator[Wire]:
    """The application behind a port; at the end the server has stopped gracefully."""
    config = uvicorn.Config(
        app, http=LeanHttp, interface="asgi3", lifespan="off", log_config=None, server_header=False, proxy_headers=False,
        ws="websockets-sansio", **{"timeout_graceful_shutdown": 5, **options},
    )  # fmt: skip
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = _Server(config)
        serving = asyncio.create_task(server.serve([listener]))
        await until(lambda: server.started)
        wire = Wire(server, listener.getsockname()[1])
        try:
            yield wire
        finally:
            await wire.leave()
            server.should_exit = True
            await serving


async def until(holds: Callable[[], bool]) -> None:
    """Wait for what nobody tells us."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.001)
