"""HTTP/1.1 for small answers: uvicorn's server and httptools' parser, with an exchange of our own between them.

For each request uvicorn's own sets a timer and stops one, makes an event, searches each header twice and writes head and body
apart: a fifth of what a small answer costs. It must not know what is answered.
"""

import asyncio
import logging
import re
from collections import deque
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from litmus_server.http.answer import ANSWER, lines

if TYPE_CHECKING:  # it loads what the port need not wait for
    from litmus_server.http.traffic import Application, Message, Scope

log = logging.getLogger("uvicorn.error")

_ASGI = {"version": "3.0", "spec_version": "2.3"}
_EXTENSIONS: dict[str, dict[str, Any]] = {ANSWER: {}}
# RFC 9110, 5.1 and 5.5, of all names and of all values of an answer at once; names are in lower case, as ASGI wants them.
_NOT_IN_NAMES = re.compile(rb"[^a-z0-9!#$%&'*+.^_`|~-]")
_NOT_IN_VALUES = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_BODILESS = frozenset({204, 304})


class LeanHttp(HttpToolsProtocol):
    """One connection. Of requests that are sent ahead (pipelining) each waits until the one before it is answered."""

    sent: "asyncio.Future[None]"
    """What awaits an answer that is on its way has nothing to wait for."""

    _incoming: "_Exchange | None" = None  # whose body is being read
    _running: "_Exchange | None" = None  # which the application answers
    _last: "_Exchange | None" = None  # which came last, and may wait for others
    _heard = 0.0  # when something came or went
    _default: list[tuple[bytes, bytes]] | None = None
    _default_lines = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self._waiting: deque[_Exchange] = deque()
        self.sent = self.loop.create_future()
        self.sent.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone: who reads its request or writes its answer hears of it, and what waits is not begun."""
        self.connections.discard(self)
        super()._unset_keepalive_if_required()
        if self._running is not None:
            self._running.disconnect()
        self.flow.resume_writing()
        if exc is None:
            self.transport.close()
        self.parser = None  # type: ignore[assignment]  # it refers to us

    def shutdown(self) -> None:
        """Leave once what was asked is answered."""
        if self._last is None or self._last.response_complete:
            self.transport.close()
        else:
            self._last.keep_alive = False

    def data_received(self, data: bytes) -> None:
        """Parse it."""
        self._heard = self.loop.time()
        super().data_received(data)

    def on_message_begin(self) -> None:
        """A request begins."""
        self.url, self.headers, self.expect_100_continue = b"", [], False

    def on_headers_complete(self) -> None:
        """The head of a request is there: begin to answer, or queue it."""
        parser, url = self.parser, self.url
        version = parser.get_http_version()
        if url.startswith(b"/") and b"#" not in url:
            raw_path, _, query = url.partition(b"?")
        else:
            parsed = httptools.parse_url(url)
            raw_path, query = parsed.path, parsed.query or b""
        path = raw_path.decode("ascii")
        scope: Scope = {
            "type": "http",
            "asgi": _ASGI,
            "http_version": version,
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme,
            "method": parser.get_method().decode("ascii"),
            "root_path": self.root_path,
            "path": self.root_path + (unquote(path) if "%" in path else path),
            "raw_path": self.root_path.encode() + raw_path,
            "query_string": query,
            "headers": self.headers,
            "state": self.app_state.copy(),
            "extensions": _EXTENSIONS,
        }
        self.scope = scope  # type: ignore[assignment]
        if parser.should_upgrade() and self._should_upgrade():
            return
        before = self._last
        self._last = self._incoming = exchange = _Exchange(
            self, scope, version != "1.0" and parser.should_keep_alive(), self.expect_100_continue
        )
        if before is None or before.response_complete:
            self._start(exchange)
        else:
            self.flow.pause_reading()
            self._waiting.append(exchange)

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        exchange = self._incoming
        if exchange is None or exchange.response_complete:
            return  # of a WebSocket's first words; of what was answered before it was read
        if exchange.hear(body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()

    def on_message_complete(self) -> None:
        """The request is whole."""
        exchange, self._incoming = self._incoming, None
        if exchange is not None:
            exchange.more_body = False
            exchange.hear(b"")

    def on_response_complete(self) -> None:
        """The answer is whole: begin the next, or wait for one."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self._waiting:
            self._start(self._waiting.popleft())
            return
        self._heard = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._watch(self.timeout_keep_alive)

    def default_lines(self) -> bytes:
        """The lines of the header that every answer has; the server makes them anew each second."""
        headers = self.server_state.default_headers
        if headers is not self._default:
            self._default, self._default_lines = headers, lines(headers)
        return self._default_lines

    def timeout_keep_alive_handler(self) -> None:
        """Nothing came for so long, or something did: then look again when its own time is up."""
        self.timeout_keep_alive_task = None
        if self._last is None or not self._last.response_complete:
            return  # the end of its answer sets the timer again
        left = self._heard + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._watch(left)
        else:
            super().timeout_keep_alive_handler()

    def _watch(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def _unset_keepalive_if_required(self) -> None:
        """One timer lives as long as the connection; it is not stopped for each request."""

    def _start(self, exchange: "_Exchange") -> None:
        self._running = exchange
        task = self.loop.create_task(exchange.run(self.app))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)


class _Exchange:
    """One request and its answer, as the application sees them: `receive` and `send`."""

    __slots__ = (
        "_asked_to_send", "_body", "_chunked", "_connection", "_head", "_left", "_news", "_scope", "_silent", "disconnected",
        "keep_alive", "more_body", "response_complete", "response_started",
    )  # fmt: skip

    def __init__(self, connection: LeanHttp, scope: "Scope", keep_alive: bool, asked_to_send: bool) -> None:
        """`asked_to_send`: the client sends the body when it is told to go on (Expect: 100-continue)."""
        self._connection, self._scope = connection, scope
        self.keep_alive, self._asked_to_send = keep_alive, asked_to_send
        self._body, self.more_body, self._silent = b"", True, True
        self._news: asyncio.Event | None = None
        self._head: Message | None = None
        self._chunked, self._left = False, 0
        self.disconnected = self.response_started = self.response_complete = False

    async def run(self, app: "Application") -> None:
        """Let the application answer; what it does not answer is answered 500."""
        try:
            await app(self._scope, self.receive, self.send)
        except BaseException as error:
            self._fail("Exception in ASGI application", error)
        else:
            if not self.response_complete and not self.disconnected:
                self._fail("The ASGI application ended before its answer", None)

    def hear(self, body: bytes) -> int:
        """More of the request, or its end; how many bytes nobody has read yet."""
        self._body = self._body + body if self._body else body
        self._silent = False
        if self._news is not None:
            self._news.set()
        return len(self._body)

    def disconnect(self) -> None:
        """The client is gone."""
        self.disconnected = not self.response_complete
        self.hear(b"")

    async def receive(self) -> "Message":
        """What has come of the request since the last time; waits until something has."""
        connection = self._connection
        if self._asked_to_send:
            self._asked_to_send = False
            if not connection.transport.is_closing():
                connection.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        while self._silent and not self.disconnected and not self.response_complete:
            connection.flow.resume_reading()
            if self._news is None:
                self._news = asyncio.Event()
            self._news.clear()
            await self._news.wait()
        if self.disconnected or self.response_complete:
            return {"type": "http.disconnect"}
        body, self._body, self._silent = self._body, b"", True
        return {"type": "http.request", "body": body, "more_body": self.more_body}

    def send(self, message: "Message") -> Awaitable[None]:
        """A part of the answer, or all of it. Raises RuntimeError for what is no answer in HTTP."""
        connection = self._connection
        if connection.flow.write_paused and not self.disconnected:
            return self._send_later(message)
        self._send(message)
        return connection.sent

    async def _send_later(self, message: "Message") -> None:
        await self._connection.flow.drain()
        self._send(message)

    def _send(self, message: "Message") -> None:
        if self.disconnected:
            return
        kind, begun = message["type"], self.response_started or self._head is not None
        if kind == ANSWER and not begun:
            self._whole(message["status"], message["head"], message["body"])
        elif kind == "http.response.start" and not begun:
            self._head = message  # it leaves with the first piece of the body
        elif kind == "http.response.body" and begun and not self.response_complete:
            self._piece(message.get("body", b""), more=message.get("more_body", False))
        else:
            raise RuntimeError(f"The ASGI message {kind!r} does not belong here")

    def _whole(self, status: int, head: bytes, body: bytes) -> None:
        connection, framing = self._connection, self._last_word()
        if status not in _BODILESS:
            framing += b"content-length: %d\r\n" % len(body)
        if status in _BODILESS or self._scope["method"] == "HEAD":
            body = b""
        parts = (STATUS_LINE[status], connection.default_lines(), head, framing, b"\r\n", body)
        connection.transport.write(b"".join(parts))
        self._complete()

    def _piece(self, body: bytes, *, more: bool) -> None:
        parts = [] if self._head is None else self._heading(self._head)
        if self._scope["method"] == "HEAD":
            self._left = 0
        elif self._chunked:
            if body:
                parts += (b"%x\r\n" % len(body), body, b"\r\n")
            if not more:
                parts.append(b"0\r\n\r\n")
        else:
            parts.append(body)
            self._left -= len(body)
            if self._left < 0 or (self._left and not more):
                raise RuntimeError("The body is not as long as content-length says")
        self._head, self.response_started = None, True
        self._connection.transport.write(b"".join(parts))
        if not more:
            self._complete()

    def _heading(self, start: "Message") -> list[bytes]:
        headers, status = tuple(start.get("headers", ())), start["status"]
        if headers:
            names, values = zip(*headers, strict=True)
            if _NOT_IN_NAMES.search(b"".join(names)) or _NOT_IN_VALUES.search(b"".join(values)):
                raise RuntimeError("A header that HTTP does not allow")
        framing, known = b"", dict(headers)
        if b"content-length" in known:
            self._left = int(known[b"content-length"])
        elif known.get(b"transfer-encoding", b"").lower() == b"chunked":
            self._chunked = True
        elif status not in _BODILESS and self._scope["method"] != "HEAD":
            self._chunked, framing = True, b"transfer-encoding: chunked\r\n"
        if b"close" in known.get(b"connection", b"").lower():
            self.keep_alive = False
        else:
            framing += self._last_word()
        return [STATUS_LINE[status], self._connection.default_lines(), lines(headers), framing, b"\r\n"]

    def _last_word(self) -> bytes:
        if (
            self._asked_to_send
        ):  # and was not told to: nobody knows whether the body comes or the next request
            self.keep_alive = False
        return b"" if self.keep_alive else b"connection: close\r\n"

    def _complete(self) -> None:
        self.response_started = self.response_complete = True
        if self._news is not None:
            self._news.set()
        if not self.keep_alive:
            self._connection.transport.close()
        self._connection.on_response_complete()

    def _fail(self, what: str, error: BaseException | None) -> None:
        log.error(what, exc_info=error)
        if self.response_started:
            self._connection.transport.close()
        elif not self.disconnected:
            self.keep_alive = False
            self._whole(500, b"content-type: text/plain; charset=utf-8\r\n", b"Internal Server Error")
