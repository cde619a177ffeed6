"""Development's door: no token is needed there, so only this machine may come in, and no page of somebody else's.

A browser carries pages of the whole internet onto this machine. A name that was made to point here (DNS rebinding) shows in
`Host`, another site's page in `Origin` and `Sec-Fetch-Site`. It must not know any route.
"""

from collections.abc import Collection, Mapping
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from litmus_server.domain.errors import Forbidden
from litmus_server.http.closing import refuse
from litmus_server.http.traffic import Application, Receive, Scope, Send

_READING = frozenset({"GET", "HEAD", "OPTIONS"})


class LocalOnly:
    """ASGI middleware for both planes and the WebSocket. `origins`: of pages that are let in all the same."""

    def __init__(self, app: Application, origins: Collection[str]) -> None:
        """Around this application."""
        self._app, self._origins = app, frozenset(origin.encode() for origin in origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on, or refuse it. Raises Forbidden; a WebSocket is closed with the reason."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        reason = self._objection(scope, dict(scope["headers"]))
        if reason is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            raise Forbidden(reason)
        else:
            await refuse(scope, receive, send, 4403, reason)

    def _objection(self, scope: Scope, headers: Mapping[bytes, bytes]) -> str | None:
        host = headers.get(b"host")
        if host and not _is_here(b"//" + host):
            return (
                "ENV=development answers on this machine only: Host must be localhost or a loopback address"
            )
        # Reading is the browser's to refuse, but for WebSockets, and those could bring the token that everybody knows.
        trusted = scope["type"] == "http" and (scope["method"] in _READING or b"authorization" in headers)
        if not trusted and self._is_strange(headers):
            return "A page of another site needs a token, or a place in LITMUS_CORS_ORIGINS"
        return None

    def _is_strange(self, headers: Mapping[bytes, bytes]) -> bool:
        origin = headers.get(b"origin")
        if origin is None:
            return headers.get(b"sec-fetch-site") == b"cross-site"
        return origin not in self._origins and not _is_here(origin)


@lru_cache(256)
def _is_here(address: bytes) -> bool:
    """Whether the host of this address is this machine, by its name or number."""
    try:
        host = urlsplit(address.decode()).hostname or ""
        return host == "localhost" or host.endswith(".localhost") or ip_address(host).is_loopback
    except ValueError:
        return False
