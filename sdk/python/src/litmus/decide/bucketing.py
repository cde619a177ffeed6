"""Where a unit falls: the hash `sha256_v1`, and the arithmetic of parts per million.

It knows text and integers; it must not know what an experiment is.
"""

from collections.abc import Iterable
from hashlib import sha256
from itertools import accumulate

BUCKETS = 1_000_000
"""Buckets, weights, thresholds and propensities are all counted in parts per million."""


class InvalidUnit(ValueError):
    """The text holds a lone surrogate, so it has no UTF-8 form and no language would agree on its hash."""


def h32(salt: str, unit: str) -> int:
    """First four bytes, big endian, of SHA-256 over the UTF-8 of `salt + ":" + unit`.

    Byte-exact: no normalisation, no case folding, no trimming. The same number in Python, JavaScript and SQL
    for any text (`spec/bucketing`). Raises InvalidUnit for a lone surrogate.
    """
    return int.from_bytes(sha256(_utf8(salt) + b":" + _utf8(unit)).digest()[:4], "big")


def bucket(salt: str, unit: str) -> int:
    """Where a unit falls on [0, 1_000_000)."""
    return h32(salt, unit) * BUCKETS >> 32


def prefix(salt: str) -> bytes:
    """The part of the hash's input that does not depend on the unit, for `bucket_after`."""
    return _utf8(salt) + b":"


def bucket_after(salted: bytes, unit: str) -> int:
    """`bucket`, for a salt that was made into bytes once, by `prefix`."""
    try:
        return int.from_bytes(sha256(salted + unit.encode()).digest()[:4], "big") * BUCKETS >> 32
    except UnicodeEncodeError as error:
        raise _lone_surrogate(error) from None


def thresholds(weights: Iterable[int]) -> tuple[int, ...]:
    """Running sums of weights in ppm: the first variant whose threshold exceeds the bucket is chosen."""
    return tuple(accumulate(weights))


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise _lone_surrogate(error) from None


def _lone_surrogate(error: UnicodeEncodeError) -> InvalidUnit:
    return InvalidUnit(f"lone surrogate at position {error.start}: this text has no UTF-8 form")
