"""From probabilities to the integers that decide: floor, then parts per million that sum to exactly 1,000,000.

It must not know where the probabilities come from, nor how a unit's bucket is computed.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import floor, isfinite

from litmus.decide import BUCKETS

DEFAULT_FLOOR_PPM = 2_000


class FloorTooHigh(ValueError):
    """The floors of all active arms together exceed the whole traffic."""


def check_floor(floor_ppm: int, active_arms: int) -> None:
    """FloorTooHigh when `active_arms` floors do not fit into 1,000,000."""
    if floor_ppm < 0:
        raise ValueError("the floor must not be negative")
    if active_arms * floor_ppm > BUCKETS:
        raise FloorTooHigh(
            f"a floor of {floor_ppm} ppm an arm is too high for {active_arms} arms: "
            f"at most {BUCKETS // active_arms} ppm is possible"
        )


def allocate(
    propensities: Sequence[float], active: Sequence[bool], floor_ppm: int = DEFAULT_FLOOR_PPM
) -> tuple[int, ...]:
    """Propensities in ppm, by ordinal, that sum to exactly 1,000,000.

    `f + (1 − K·f)·p` over the K active arms, whose p are first renormalised; an inactive arm gets 0 whatever its p.
    Each active arm gets at least the floor. The thresholds are those of cumulative rounding,
    `T_k = floor(1e6 · Σ_{i≤k} + ½)`, computed exactly, so no propensity is off by more than one ppm.

    Raises FloorTooHigh, and ValueError where no active arm has a positive p.
    """
    if len(propensities) != len(active):
        raise ValueError("propensities and active must have one entry an arm")
    if not all(isfinite(p) and p >= 0 for p in propensities):
        raise ValueError("propensities must be finite and not negative")
    check_floor(floor_ppm, sum(active))
    shares = [Fraction(p) if on else Fraction(0) for p, on in zip(propensities, active, strict=True)]
    total = sum(shares)
    if total == 0:
        raise ValueError("no active arm has a positive propensity")
    above_floors = BUCKETS - sum(active) * floor_ppm
    out, running, before = [], Fraction(0), 0
    for share, on in zip(shares, active, strict=True):
        running += share
        threshold = floor(above_floors * running / total + Fraction(1, 2))
        out.append(threshold - before + (floor_ppm if on else 0))
        before = threshold
    return tuple(out)


def carried_over(shares: Sequence[int], active: Sequence[bool], floor_ppm: int) -> tuple[int, ...] | None:
    """The shares of a version, in ppm, for arms of which others are active now: what an inactive arm had goes to the
    others in proportion, and an active arm that had nothing starts at the floor. None when no active arm had any.
    """
    kept = [share if on else 0 for share, on in zip(shares, active, strict=True)]
    if not any(kept):
        return None
    starts = any(on and share == 0 for share, on in zip(shares, active, strict=True))
    return allocate(kept, active, floor_ppm if starts else 0)
