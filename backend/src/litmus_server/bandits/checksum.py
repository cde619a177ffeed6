"""The checksum of a policy document, the same in every language: SHA-256 of its canonical JSON (RFC 8785).

It must not know what a policy's state holds.
"""

import json
from collections.abc import Mapping
from decimal import Decimal
from hashlib import sha256
from math import isfinite

from litmus_server.domain.policy import Policy, signed

_EXACT = 2**53 - 1


def checksum(document: Mapping[str, object]) -> str:
    """64 hex digits that change with any value in the document, and not with the order of its keys.

    Numbers are compared as JSON numbers, so 1 and 1.0 are the same. ValueError for what JSON cannot say: NaN,
    infinity, an integer beyond 2^53, a lone surrogate; TypeError for anything but mappings, lists, text, numbers,
    booleans and None.
    """
    return sha256(canonical_json(document).encode()).hexdigest()


def is_genuine(experiment_id: str, policy: Policy) -> bool:
    """Whether a version is what its checksum was taken of."""
    content = signed(experiment_id, policy.version, policy.revision, policy.propensities, policy.document)
    return checksum(content) == policy.checksum


def canonical_json(value: object) -> str:
    """RFC 8785: keys in the order of their UTF-16 code units, no white space, numbers as ECMAScript writes them."""
    match value:
        case None | bool() | str():
            return json.dumps(value, ensure_ascii=False)
        case int():
            if abs(value) > _EXACT:
                raise ValueError(f"{value} has no exact JSON number: write it as text")
            return str(value)
        case float():
            return _number(value)
        case Mapping():
            if not all(isinstance(key, str) for key in value):
                raise TypeError("keys must be text")
            keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
            return "{" + ",".join(f"{canonical_json(key)}:{canonical_json(value[key])}" for key in keys) + "}"
        case list() | tuple():
            return "[" + ",".join(map(canonical_json, value)) + "]"
        case _:
            raise TypeError(f"{type(value).__name__} has no JSON form")


def _number(value: float) -> str:
    """ECMAScript's Number::toString: Python finds the same shortest digits and writes them differently."""
    if not isfinite(value):
        raise ValueError(f"{value} has no JSON form")
    if value == 0:
        return "0"
    sign, digit_tuple, exponent = Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(exponent, int)
    digits = "".join(map(str, digit_tuple))
    point = len(digits) + exponent  # value = 0.digits × 10^point
    if 0 < point <= 21:
        whole, fraction = digits[:point].ljust(point, "0"), digits[point:]
        text = f"{whole}.{fraction}" if fraction else whole
    elif -6 < point <= 0:
        text = "0." + "0" * -point + digits
    else:
        mantissa = f"{digits[0]}.{digits[1:]}" if digits[1:] else digits
        text = f"{mantissa}e{point - 1:+d}"
    return "-" + text if sign else text
