"""Weights: people write fractions, deciding counts integers in parts per million.

It knows decimals and their rounding; it must not know what the weights are of, nor how a bucket is computed.
"""

from collections.abc import Sequence
from decimal import Context, Decimal, InvalidOperation
from itertools import pairwise
from math import floor
from typing import TypeAlias

from litmus.decide import BUCKETS

from litmus_server.domain.errors import Fault, Invalid

Share: TypeAlias = Decimal | float | int | str
"""A number from 0 to 1. A float counts as the decimal text that it prints as: 0.1 is exactly one tenth."""

_TOLERANCE = Decimal("0.000001")
_EXACTLY = Context(
    prec=60
)  # far finer than any text a person writes; bounded, unlike 1e-999999999 as a fraction


def to_ppm(weights: Sequence[Share], at: str = "/weights/{}") -> tuple[int, ...]:
    """Weights that sum to 1 (within 1e-6) as integers that sum to exactly 1,000,000.

    Cumulative rounding: T_k = floor(1e6 · Σ_{i≤k} w_i + ½), the last 1,000,000, so that no threshold is off by more
    than half a millionth. "The last" is the last weight above zero: what the tolerance leaves over never
    gives traffic to a variant whose weight is 0. Raises Invalid; `at` is where the k-th weight stood in the input.
    """
    if not weights:
        raise Invalid(
            "At least one weight is needed", (Fault(at.format(0), "at least one weight is needed"),)
        )
    exact = _parse_all(weights, at, most=1 + _TOLERANCE)  # what the sum may be, one weight may be
    sums, running = [], Decimal(0)
    for weight in exact:
        running = _EXACTLY.add(running, weight)
        sums.append(running)
    if abs(running - 1) > _TOLERANCE:
        message = f"weights must sum to 1, not {_EXACTLY.plus(running).normalize():f}"
        raise Invalid(message[0].upper() + message[1:], (Fault(at.format(len(exact) - 1), message),))
    last = max(k for k, weight in enumerate(exact) if weight > 0)
    ends = [BUCKETS if k >= last else min(_round(end), BUCKETS) for k, end in enumerate(sums)]
    return tuple(end - start for start, end in pairwise([0, *ends]))


def equal_ppm(count: int) -> tuple[int, ...]:
    """Equal weights of `count` variants, by the same cumulative rounding: they differ by at most 1 ppm."""
    ends = [(2 * BUCKETS * k + count) // (2 * count) for k in range(count + 1)]
    return tuple(end - start for start, end in pairwise(ends))


def renormalised(weights: Sequence[int]) -> tuple[int, ...]:
    """Weights in ppm scaled to sum to 1,000,000, by the same cumulative rounding; ValueError when all are 0."""
    total, ends, running = sum(weights), [0], 0
    if total <= 0:
        raise ValueError("no weight is above zero")
    for weight in weights:
        running += weight
        ends.append((2 * BUCKETS * running + total) // (2 * total))
    return tuple(end - start for start, end in pairwise(ends))


def share_to_ppm(share: Share, at: str) -> int:
    """One share of the whole (a traffic share, a floor) in ppm, halves up. Raises Invalid unless 0 ≤ share ≤ 1."""
    return _round(_parse_all([share], at, most=Decimal(1))[0])


def to_fraction(ppm: int) -> float:
    """The float nearest to ppm ÷ 1,000,000: it prints with at most six decimals and converts back exactly."""
    return ppm / BUCKETS


def _round(share: Decimal) -> int:
    return floor(_EXACTLY.add(_EXACTLY.multiply(share, Decimal(BUCKETS)), Decimal("0.5")))


def _parse_all(weights: Sequence[Share], at: str, most: Decimal) -> list[Decimal]:
    parsed = [_parse(weight, most) for weight in weights]
    wrong = [k for k, weight in enumerate(parsed) if weight is None]
    if wrong:
        faults = tuple(Fault(at.format(k), "must be a number from 0 to 1") for k in wrong)
        raise Invalid("Weights and shares must be numbers from 0 to 1", faults)
    return [weight for weight in parsed if weight is not None]


def _parse(weight: Share, most: Decimal) -> Decimal | None:
    if isinstance(weight, bool):
        return None
    try:
        number = Decimal(repr(weight) if isinstance(weight, float) else weight)
    except (InvalidOperation, TypeError, ValueError):
        return None
    return number if number.is_finite() and 0 <= number <= most else None
