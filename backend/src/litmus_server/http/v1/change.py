"""What all changes have in common: why, by whom, and which revision the caller has seen."""

from re import compile as pattern

from fastapi import Request

from litmus_server.domain.access import Principal
from litmus_server.domain.audit import Cause, read_cause
from litmus_server.domain.errors import Fault, Invalid
from litmus_server.domain.form import Form
from litmus_server.http.traffic import REQUEST_ID

_TAG = pattern(r'(?:W/)?"([0-9]{1,18})"')


def read_change(form: Form, request: Request, principal: Principal) -> tuple[Cause, int | None]:
    """Why, and the revision that the caller has seen: from the body, else from If-Match."""
    cause = read_cause(form, principal, request.scope.get(REQUEST_ID))
    revision = form.integer("revision", 0, 2**62)
    return cause, _if_match(request) if revision is None else revision


def _if_match(request: Request) -> int | None:
    header = request.headers.get("if-match", "*").strip()
    if header == "*":
        return None
    if (found := _TAG.fullmatch(header)) is not None:
        return int(found[1])
    message = 'must be the ETag of what is changed, such as "12"'
    raise Invalid(f"If-Match: {message}", (Fault("/header/If-Match", message),))
