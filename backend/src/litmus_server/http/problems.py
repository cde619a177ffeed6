"""Errors as HTTP: the one table from the domain's errors to statuses, and the one body that they have.

RFC 9457 `application/problem+json`, which also carries `error` and `message`, the two fields that the mission prints.
It must not know any route.
"""

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, ClassVar
from urllib.parse import quote

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from litmus_server.domain.errors import (
    Conflict,
    Fault,
    Forbidden,
    Invalid,
    InvalidTransition,
    LitmusError,
    NotFound,
    Overloaded,
    TooLarge,
    Unauthorized,
    Unavailable,
)
from litmus_server.domain.experiment import InvalidStatus, Status
from litmus_server.http.traffic import REQUEST_ID

log = structlog.get_logger("litmus.http")

Headers = list[tuple[bytes, bytes]]


class UnsupportedType(LitmusError):
    """The body is of another media type than JSON."""

    title: ClassVar[str] = "Unsupported media type"


class MethodNotAllowed(LitmusError):
    """There is such a path, but not for this method."""

    title: ClassVar[str] = "Method not allowed"

    def __init__(self, allow: str) -> None:
        """`allow`: the methods that there are."""
        super().__init__(f"This path takes {allow}" if allow else "This path does not take this method")
        self.allow = allow


STATUSES: dict[type[LitmusError], tuple[int, str]] = {
    Invalid: (400, "invalid"),
    InvalidStatus: (400, "invalid_status"),
    InvalidTransition: (400, "invalid_transition"),
    Unauthorized: (401, "unauthorized"),
    Forbidden: (403, "forbidden"),
    NotFound: (404, "not_found"),
    MethodNotAllowed: (405, "method_not_allowed"),
    Conflict: (409, "conflict"),
    TooLarge: (413, "too_large"),
    UnsupportedType: (415, "unsupported_type"),
    Overloaded: (429, "overloaded"),
    Unavailable: (503, "unavailable"),
}
"""The only place where an error meets a status. A subclass without a line of its own has its parent's."""

SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457. `error` and `message` say the same as `title` and `detail`.",
    "required": ["type", "title", "status", "detail", "instance", "code", "error", "message"],
    "properties": {
        "type": {"type": "string", "description": "`urn:litmus:problem:` and the code"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong, for the person who caused it"},
        "instance": {"type": "string", "description": "The path of the request"},
        "code": {"type": "string", "enum": sorted({code for _, code in STATUSES.values()} | {"internal"})},
        "request_id": {"type": ["string", "null"]},
        "error": {"type": "string"},
        "message": {"type": "string"},
        "errors": {
            "type": "array",
            "description": "Everything that is wrong with the input",
            "items": {
                "type": "object",
                "required": ["pointer", "message"],
                "properties": {
                    "pointer": {
                        "type": "string",
                        "description": "RFC 6901, into the body; /query/… for the query",
                    },
                    "message": {"type": "string"},
                },
            },
        },
        "valid_statuses": {"type": "array", "items": {"type": "string"}},
        "revision": {"type": "integer", "description": "The one that is current"},
        "from": {"type": "string"},
        "to": {"type": "string"},
        "allowed": {"type": "array", "items": {"type": "string"}},
    },
}
"""The JSON schema of every error of the canonical API."""


def status_of(error: Exception) -> tuple[int, str]:
    """(HTTP status, code) of an error; (500, "internal") of one that nobody expected."""
    for kind in type(error).__mro__:
        if kind in STATUSES:
            return STATUSES[kind]
    return 500, "internal"


def heading_of(error: Exception) -> str:
    """What the mission prints as `error`."""
    match error:
        case Invalid():
            return error.heading
        case NotFound():
            return f"{error.kind} not found"
        case LitmusError():
            return error.title
        case _:
            return HTTPStatus.INTERNAL_SERVER_ERROR.phrase


def problem(error: Exception, request_id: str | None, instance: str) -> tuple[int, Headers, bytes]:
    """(status, headers, body) of the answer. An unexpected error is logged here, and its answer tells nothing of it."""
    status, code = status_of(error)
    if status == 500:
        log.error("unexpected", request_id=request_id, exc_info=error)
    title = heading_of(error)
    detail = str(error) if status != 500 else "An unexpected error; the log has more under this request id"
    body: dict[str, Any] = {
        "type": f"urn:litmus:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": instance,
        "code": code,
        "request_id": request_id,
        "error": title,
        "message": detail,
    }
    body |= _more(error)
    headers: Headers = [(b"content-type", b"application/problem+json"), (b"cache-control", b"no-store")]
    headers += _more_headers(error)
    # What somebody sent may be quoted, and need not have a UTF-8 form.
    return status, headers, json.dumps(body, ensure_ascii=False).encode(errors="replace")


def _more(error: Exception) -> dict[str, Any]:
    match error:
        case InvalidStatus():
            return {"valid_statuses": list(Status), "errors": _listed(error.faults)}
        case Invalid(faults=faults) if faults:
            return {"errors": _listed(faults)}
        case Conflict(revision=int(revision)):
            return {"revision": revision}
        case InvalidTransition():
            return {"from": error.current, "to": error.wanted, "allowed": list(error.allowed)}
        case _:
            return {}


def _listed(faults: Sequence[Fault]) -> list[dict[str, str]]:
    return [{"pointer": fault.pointer, "message": fault.message} for fault in faults]


def _more_headers(error: Exception) -> Headers:
    match error:
        case Overloaded() | Unavailable():
            return [(b"retry-after", str(error.retry_after).encode())]
        case Unauthorized():
            return [(b"www-authenticate", b'Bearer realm="litmus"')]
        case MethodNotAllowed():
            return [(b"allow", error.allow.encode())]
        case _:
            return []


def install(app: FastAPI) -> None:
    """Let this application answer all errors in our way, its own included."""

    async def answer(request: Request, error: Exception) -> Response:
        status, headers, body = problem(
            _ours(error, request), request.scope.get(REQUEST_ID), quote(request.url.path)
        )
        response = Response(body, status)
        response.raw_headers.extend(headers)
        return response

    for kind in (LitmusError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, answer)


def _ours(error: Exception, request: Request) -> Exception:
    match error:
        case RequestValidationError():
            return _refused(error)
        case HTTPException(status_code=404):
            return NotFound("Route", request.url.path)
        case HTTPException(status_code=405):
            return MethodNotAllowed(", ".join(_methods(request)))
        case HTTPException(status_code=status) if 400 <= status < 500:
            return Invalid(str(error.detail))
        case _:
            return error


def _methods(request: Request) -> list[str]:
    """What this path takes; Starlette names the methods of the first route only."""
    routes = request.app.routes
    return [
        method
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes)
    ]


def _refused(error: RequestValidationError) -> Invalid:
    faults = tuple(
        Fault("".join(f"/{part}" for part in each["loc"] if part != "body"), str(each["msg"]))
        for each in error.errors()
    )
    first = faults[0]
    return Invalid(f"{first.pointer.removeprefix('/')}: {first.message}", faults)
