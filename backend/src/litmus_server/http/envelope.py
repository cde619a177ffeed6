"""Around every answer of both planes: a request id, the headers that browsers should have, and no naked exception.

It must not know any route.
"""

import re
import secrets
from collections.abc import Awaitable
from itertools import count
from typing import Any
from urllib.parse import quote

from litmus_server.http.problems import problem
from litmus_server.http.traffic import REQUEST_ID, ROUTE, Application, Message, Receive, Scope, Send

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

    def __init__(self, app: Application) -> None:
        """Around this application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; an exception that nobody has answered is answered 500 and logged."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope[REQUEST_ID] = request_id
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = scope
        if scope["method"] == "HEAD":
            # What GET answers, without its body; the server asks the scope for the method.
            scope = {**asked, "method": "GET"}
        started = False
        echo = (b"x-request-id", request_id.encode())

        def enveloped(message: Message) -> Awaitable[None]:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                # A hot answer is JSON, never a page: what frames and refers to pages is not said tens of thousands of times.
                safe = _NOSNIFF if ROUTE in scope else _SECURITY
                message["headers"] = [*message.get("headers", ()), echo, *safe]
            elif asked is not scope:
                message["body"] = b""
            return send(message)

        try:
            await self._app(scope, receive, enveloped)
        except Exception as error:
            # Starlette answers and then raises all the same: what it has answered it has handed to `problem` already.
            if not started:
                await _answer(error, request_id, quote(scope["path"]), enveloped)
        finally:
            if asked is not scope:  # whoever is around us reads there which route it was
                asked.update(scope, method="HEAD")


async def _answer(error: Exception, request_id: str, instance: str, send: Send) -> None:
    status, headers, body = problem(error, request_id, instance)
    start: dict[str, Any] = {
        "type": "http.response.start",
        "status": status,
        "headers": [*headers, (b"content-length", str(len(body)).encode())],
    }
    await send(start)
    await send({"type": "http.response.body", "body": body})


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _ID.fullmatch(value):
            return str(value.decode())
    return f"{_PROCESS}{next(_numbers):x}"
