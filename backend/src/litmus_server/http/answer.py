"""A whole answer at once: one message where the server takes it, else the two of ASGI.

It must not know what is answered, and loads nothing, so that the port is open at once.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from litmus_server.http.traffic import Scope, Send

ANSWER = "litmus.answer"
"""Our extension of ASGI, offered in `scope["extensions"]` by `processes/protocol.py`: a message of this type is a whole answer.

Its keys: `status`; `head`, the lines of the header, each with its end, which nobody checks any more, and among which are
neither content-length nor connection; `body`.
"""


async def answer(
    scope: "Scope", send: "Send", status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes
) -> None:
    """Send it. What a caller sent is in none of `headers`, unless it was looked at."""
    if ANSWER in scope.get("extensions", ()):
        await send({"type": ANSWER, "status": status, "head": lines(headers), "body": body})
        return
    length = (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})


def lines(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """As HTTP/1.1 writes them."""
    return b"".join([b"%b: %b\r\n" % header for header in headers])
