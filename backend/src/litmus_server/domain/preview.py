"""Preview tokens: who holds one may see one variant of one experiment until a moment; nothing is stored for it or logged.

A token is `base64url(expiry "." variant key) "." base64url(HMAC-SHA256)`, signed with the deployment's secret over the
experiment's id as well (RFC 2104; RFC 4648, section 5). It must not know where the secret comes from.
"""

import datetime as dt
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256

from litmus_server.domain.errors import Fault, Invalid

SHORTEST, LONGEST = 60, 30 * 86_400
"""How long a preview can last, in seconds."""


@dataclass(frozen=True, slots=True)
class Preview:
    """A token, and what it is for."""

    experiment_id: str
    experiment_key: str
    variant_key: str
    token: str
    expires_at: dt.datetime


def sign_preview(secret: str, experiment_id: str, variant_key: str, expires_at: dt.datetime) -> str:
    """The token; a fraction of a second is dropped."""
    said = f"{int(expires_at.timestamp())}.{variant_key}"
    return f"{_text(said.encode())}.{_text(_signature(secret, experiment_id, said))}"


def read_preview(secret: str, token: str, experiment_id: str, now: dt.datetime) -> str:
    """The key of the variant that the token shows. Raises Invalid unless this secret signed it for this experiment, and `now` is
    before its end.
    """
    said, _, signature = token.partition(".")
    try:
        text, given = _bytes(said).decode(), _bytes(signature)
    except ValueError:
        raise _invalid("is no preview token") from None
    if not hmac.compare_digest(given, _signature(secret, experiment_id, text)):
        raise _invalid("was not made by this server for this experiment")
    seconds, _, variant = text.partition(".")
    if now.timestamp() >= int(seconds):
        raise _invalid("has expired; make a new one")
    return variant


def _signature(secret: str, experiment_id: str, said: str) -> bytes:
    return hmac.digest(
        secret.encode(), f"litmus preview\n{experiment_id}\n{said}".encode(errors="replace"), sha256
    )


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))


def _invalid(message: str) -> Invalid:
    return Invalid(f"preview: {message}", (Fault("/preview", message),))
