"""What callers pass, made into what is sent, or refused. Without I/O."""

from collections.abc import Mapping

from litmus.errors import InvalidArgumentError
from litmus.events import encode


def experiment_text(experiment_id: object) -> str:
    """The id or key of an experiment."""
    return _text("experiment_id", experiment_id)


def unit_text(unit_id: object) -> str:
    """Units are texts, byte-exact; integers are sent as decimal text."""
    if isinstance(unit_id, int) and not isinstance(unit_id, bool):
        return str(int(unit_id))
    return _text("unit_id", unit_id)


def assign_request(unit: str, attributes: Mapping[str, object] | None) -> bytes:
    """The body of an assign request; equal for equal units and attributes."""
    if not attributes:
        return encode({"unit_id": unit})
    if not isinstance(attributes, Mapping):
        raise InvalidArgumentError(f"attributes are a mapping, not {attributes!r}")
    return encode({"unit_id": unit, "attributes": dict(attributes)})


def server_url(base_url: str | None) -> str:
    """The base of all paths; a trailing slash or /api/v1 is taken off. Raises ValueError."""
    if not base_url:
        raise ValueError(
            "a base URL is needed: pass base_url or set LITMUS_BASE_URL, e.g. http://localhost:8000"
        )
    if not base_url.startswith(("http://", "https://")):
        raise ValueError(f"base_url starts with http:// or https://, not {base_url!r}")
    return base_url.rstrip("/").removesuffix("/api/v1")


def at_least(least: float, **numbers: float) -> None:
    """Raises ValueError, by name, for a number below this (or NaN)."""
    for name, number in numbers.items():
        if not number >= least:
            raise ValueError(f"{name} must be at least {least}, not {number!r}")


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or not value:
        raise InvalidArgumentError(f"{name} is a text that is not empty, not {value!r}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidArgumentError(f"{name} holds a lone surrogate, so it has no UTF-8 form") from None
    return value
