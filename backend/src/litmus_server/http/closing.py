"""Refusing a WebSocket so that a browser's page learns why: it is accepted, and closed with a code and a reason.

A handshake that is refused tells a page nothing. It must not know who refuses what.
"""

from litmus_server.http.traffic import Receive, Scope, Send


async def refuse(scope: Scope, receive: Receive, send: Send, code: int, reason: str) -> None:
    """Answer a handshake so."""
    scope["query_string"] = b""  # the server logs the address that it accepts, and a token may be in it
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": code, "reason": shortened(reason)})


def shortened(reason: str) -> str:
    """A close frame holds 123 bytes of reason."""
    return reason.encode()[:123].decode(errors="ignore")
