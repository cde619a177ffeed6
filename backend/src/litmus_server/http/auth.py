"""Who asks: from an `Authorization` header to a Principal, and the one question that every route asks of it.

It knows tokens and how they are compared; it must not know what is done with the answer.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from typing import NamedTuple

from fastapi import Request

from litmus_server.domain.access import ANONYMOUS, Action, Principal, Role, allowed
from litmus_server.domain.errors import Forbidden, Unauthorized
from litmus_server.http.traffic import PRINCIPAL

_DEVELOPMENT_TOKEN = "dev-token"  # noqa: S105 - printed in the mission, and known in development only
_DEVELOPER = Principal("development", Role.ADMIN)


class _Known(NamedTuple):
    digest: bytes
    principal: Principal


class Authenticator:
    """Bearer tokens from the settings; kept as digests only."""

    def __init__(
        self, write_tokens: Iterable[str], admin_tokens: Iterable[str], *, development: bool = False
    ) -> None:
        """In development whoever brings no token may do everything, and `dev-token` is one of the tokens."""
        self._nobody = _DEVELOPER if development else ANONYMOUS
        self._known = [
            *(_known(token, Role.ADMIN, "admin") for token in admin_tokens),
            *(_known(token, Role.WRITER, "writer") for token in write_tokens),
        ]
        if development:
            self._known.append(_known(_DEVELOPMENT_TOKEN, Role.ADMIN, _DEVELOPMENT_TOKEN))

    def principal(self, authorization: bytes | None) -> Principal:
        """The caller with this header. Raises Unauthorized for credentials that we do not know.

        None is the anonymous caller; outside development nothing is allowed to it.
        """
        if authorization is None:
            return self._nobody
        scheme, _, token = authorization.partition(b" ")
        if scheme.lower() != b"bearer":
            raise Unauthorized("Authorization must be: Bearer <token>")
        digest = sha256(token.strip()).digest()
        found = None
        for known in self._known:  # all of them, so that the time tells nothing
            if compare_digest(known.digest, digest):
                found = found or known.principal
        if found is None:
            raise Unauthorized("This token is not known")
        return found

    def knows(self, authorization: bytes | None) -> bool:
        """Whether this is somebody, where strangers are answered too."""
        try:
            return self.principal(authorization) is not ANONYMOUS
        except Unauthorized:
            return False

    def authorize(self, authorization: bytes | None, action: Action) -> Principal:
        """The caller, who may do this. Raises Unauthorized or Forbidden."""
        principal = self.principal(authorization)
        if not allowed(principal, action):
            if principal is ANONYMOUS:
                raise Unauthorized("A token is needed: Authorization: Bearer <token>")
            raise Forbidden(f"{principal.name} may not {action}: an admin token is needed")
        return principal


@dataclass(frozen=True, slots=True)
class Require:
    """FastAPI dependency with which a route declares what it does: it gives the Principal who may do it."""

    authenticator: Authenticator
    action: Action

    def __call__(self, request: Request) -> Principal:
        """Raises Unauthorized or Forbidden before the route does anything."""
        authorization = dict(request.scope["headers"]).get(b"authorization")
        principal = self.authenticator.authorize(authorization, self.action)
        request.scope[PRINCIPAL] = principal.name
        return principal


def _known(token: str, role: Role, name: str) -> _Known:
    digest = sha256(token.encode()).digest()
    key_id = int.from_bytes(digest[:4], "big") >> 1
    shown = name if name == _DEVELOPMENT_TOKEN else f"{name}:{digest.hex()[:8]}"
    return _Known(digest, Principal(shown, role, key_id))
