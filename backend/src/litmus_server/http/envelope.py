"""Around every answer of both planes: a request id, the headers that browsers should have, no naked exception, and a note of it.

It must not know any route.
"""

import re
import secrets
import time
from collections.abc import Awaitable
from itertools import count
from urllib.parse import quote

from litmus_server.http.answer import ANSWER, answer, lines
from litmus_server.http.problems import problem
from litmus_server.http.traffic import (
    HEADERS,
    REQUEST_ID,
    ROUTE,
    Application,
    Message,
    Receive,
    Scope,
    Send,
    Traffic,
)

_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
# Unique, not secret: a random number for the process and a count cost a tenth of a random number each.
_PROCESS, _numbers = secrets.token_hex(6), count()
_NOSNIFF = ((b"x-content-type-options", b"nosniff"),)
_SECURITY = (
    *_NOSNIFF,
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
    (b"x-frame-options", b"DENY"),
)


class Envelope:
    """ASGI middleware. The id is the caller's `X-Request-Id` where it is a decent one; it is echoed and logged."""

    def __init__(self, app: Application, traffic: Traffic) -> None:
        """Around this application; `traffic` hears of every answer."""
        self._app, self._traffic = app, traffic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; an exception that nobody has answered is answered 500 and logged."""
        kind = scope["type"]
        if kind == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = scope[HEADERS] = dict(scope["headers"])
        request_id = scope[REQUEST_ID] = _request_id(headers.get(b"x-request-id"))
        if kind != "http":
            await self._app(scope, receive, send)
            return
        began, status, echo = time.perf_counter(), 0, (b"x-request-id", request_id.encode())
        asked = scope
        if scope["method"] == "HEAD":
            # What GET answers, without its body; the server asks the scope for the method.
            scope = {**asked, "method": "GET"}

        def enveloped(message: Message) -> Awaitable[None]:
            nonlocal status
            kind = message["type"]
            if kind == ANSWER:  # of the data plane
                status = message["status"]
                message["head"] += lines((echo, *_NOSNIFF))
            elif kind == "http.response.start":
                status = message["status"]
                # A hot answer is JSON, never a page: what frames and refers to pages is not said tens of thousands of times.
                safe = _NOSNIFF if ROUTE in scope else _SECURITY
                message["headers"] = [*message.get("headers", ()), echo, *safe]
            elif asked is not scope:
                message["body"] = b""
            return send(message)

        traffic = self._traffic
        traffic.in_flight += 1
        try:
            await self._app(scope, receive, enveloped)
        except Exception as error:
            # Starlette answers and then raises all the same: what it has answered it has handed to `problem` already.
            if not status:
                await answer(scope, enveloped, *problem(error, request_id, quote(scope["path"])))
        finally:
            traffic.in_flight -= 1
            if asked is not scope:
                scope["method"] = "HEAD"
            traffic.note(scope, status or 500, time.perf_counter() - began)


def _request_id(asked: bytes | None) -> str:
    if asked is not None and _ID.fullmatch(asked):
        return asked.decode()
    return f"{_PROCESS}{next(_numbers):x}"
