"""What answers from the first moment: probes while the rest starts, then the application, then its farewell.

It loads nothing but the standard library, so that the port is open at once.
"""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias
from urllib.parse import quote

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]


_PAGE = b"""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>Litmus</title>
<h1>Litmus is starting</h1><p>It waits for %b.</p>
"""


class Front:
    """An ASGI application that becomes another one."""

    def __init__(self, version: str) -> None:
        """Until `show`, it answers /health with what it waits for and everything else with 503."""
        self._version = version
        self._application: Application | None = None
        self.waits_for = "the database"

    def show(self, application: Application) -> None:
        """From now on this one answers."""
        self._application = application

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer."""
        return (self._application or self._starting)(scope, receive, send)

    async def _starting(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            if b"text/html" in dict(scope["headers"]).get(b"accept", b""):
                await self._page(send)
            else:
                await self._not_yet(quote(scope["path"]), send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1013})

    async def _not_yet(self, path: str, send: Send) -> None:
        status, body = 503, self._body(path)
        if path == "/health":
            status = 200
        content = json.dumps(body).encode()
        kind = b"application/json" if path in {"/health", "/ready"} else b"application/problem+json"
        headers = [(b"content-type", kind), (b"content-length", b"%d" % len(content)), (b"retry-after", b"1")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    async def _page(self, send: Send) -> None:
        """For people: it comes again by itself, until there is more to see."""
        content = _PAGE % self.waits_for.encode()
        headers = [
            (b"content-type", b"text/html; charset=utf-8"),
            (b"content-length", b"%d" % len(content)),
            (b"cache-control", b"no-store"),
            (b"retry-after", b"1"),
            (b"refresh", b"1"),
        ]
        await send({"type": "http.response.start", "status": 503, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    def _body(self, path: str) -> dict[str, Any]:
        sentence = f"Litmus is starting and waits for {self.waits_for}"
        if path == "/health":
            database = {"status": "fail", "message": sentence}
            checks = {"database": database, "system": {"status": "ok"}}
            return {"status": "degraded", "version": self._version, "concerns": [sentence], "checks": checks}
        if path == "/ready":
            return {"ready": False, "waits_for": [self.waits_for], "concerns": [sentence]}
        return {
            "type": "urn:litmus:problem:unavailable",
            "title": "Service unavailable",
            "status": 503,
            "detail": sentence,
            "instance": path,
            "code": "unavailable",
            "request_id": None,
            "error": "Service unavailable",
            "message": sentence,
        }
