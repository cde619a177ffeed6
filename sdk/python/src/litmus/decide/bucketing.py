"""Where a unit falls: the hash `sha256_v1`, and the arithmetic of parts per million.

It knows text and integers; it must not know what an experiment is.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from itertools import accumulate
from math import floor, isfinite

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


def shares_to_ppm(shares: Sequence[float]) -> tuple[int, ...]:
    """Weights that sum to 1.0 (within 1e-6), as integers in ppm that sum to exactly 1,000,000.

    Cumulative rounding, T_k = floor(1e6 · Σ_{i≤k} w_i + ½) with the last T at 1,000,000, so that no threshold is
    off by more than half a millionth. A share of zero stays zero. Raises ValueError.
    """
    if not shares or not all(isfinite(share) and share >= 0 for share in shares):
        raise ValueError("shares must be finite, not negative, and at least one")
    sums = list(accumulate(shares))
    if abs(sums[-1] - 1) > 1e-6:
        raise ValueError(f"shares must sum to 1, not {sums[-1]!r}")
    last = max(index for index, share in enumerate(shares) if share > 0)
    ends = [
        BUCKETS if index >= last else min(floor(BUCKETS * end + 0.5), BUCKETS)
        for index, end in enumerate(sums)
    ]
    return tuple(end - start for start, end in zip([0, *ends], ends, strict=False))


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise _lone_surrogate(error) from None


def _lone_surrogate(error: UnicodeEncodeError) -> InvalidUnit:
    return InvalidUnit(f"lone surrogate at position {error.start}: this text has no UTF-8 form")
