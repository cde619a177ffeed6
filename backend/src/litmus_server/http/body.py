"""Bodies of the control plane: bounded, JSON, UTF-8, strict. The data plane has its own, faster way."""

from typing import Annotated

import msgspec
from fastapi import Depends, Request
from starlette.requests import ClientDisconnect

from litmus_server.domain.errors import Invalid, TooLarge
from litmus_server.domain.form import Form
from litmus_server.http.problems import UnsupportedType

LIMIT = 2 << 20
"""Bytes. Reading more at once would hold up whoever waits for a decision."""
_DRAINED = 64 << 20
"""A client that sends too much is heard out up to here: only then does it read our answer."""


async def read_form(request: Request) -> Form:
    """FastAPI dependency: the JSON object in the body; an empty one when there is no body.

    Raises TooLarge, UnsupportedType, or Invalid for what is not one JSON value in UTF-8.
    """
    body = await read_bytes(request)
    if not body:
        return Form({})
    media = media_type(request)
    if media != "application/json" and not media.endswith("+json"):
        raise UnsupportedType(f"The body must be application/json, not {media or 'without a Content-Type'}")
    try:
        return Form(msgspec.json.decode(body))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid(f"The body is not JSON: {error}", title="Malformed body") from error


Body = Annotated[Form, Depends(read_form)]
"""The parameter of a route that takes one."""


def media_type(request: Request) -> str:
    """Of the body, in small letters, without parameters; empty when it is not said."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def read_bytes(request: Request) -> bytes:
    """The whole body. Raises TooLarge, and Invalid when it ends too early."""
    parts: list[bytes] = []
    size = 0
    try:
        async for part in request.stream():
            size += len(part)
            if size <= LIMIT:
                parts.append(part)
            elif size > _DRAINED:
                break
    except ClientDisconnect as gone:
        raise Invalid("The body ended before its end", title="Malformed body") from gone
    if size > LIMIT:
        raise TooLarge(LIMIT)
    return b"".join(parts)
