"""A layer: its experiments never share a unit, because each has a range of the layer's buckets of its own.

It knows ranges in ppm and how they are given out: from draft on, one contiguous range each, first fit, and never moved
once units were drawn by it. It must not know what else an experiment is.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from litmus.decide import BUCKETS

from litmus_server.domain.errors import Fault, Invalid
from litmus_server.domain.weights import to_fraction

MOST_LAYERS = 1_000


class LayerShare(NamedTuple):
    """What an experiment asks for: so much of the layer of this key, in ppm."""

    key: str
    share: int


@dataclass(frozen=True, slots=True)
class Allocation:
    """The range that it has: the buckets [start, stop) of the layer of this key."""

    key: str
    start: int
    stop: int

    @property
    def share(self) -> int:
        """In ppm."""
        return self.stop - self.start


class Place(NamedTuple):
    """An experiment in a layer, and its range."""

    experiment_id: UUID
    key: str
    name: str
    status: str
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Layer:
    """As it is at `revision`. `places` are those that are taken, by where they start; they never overlap."""

    key: str
    name: str
    description: str
    salt: str
    revision: int
    created_at: dt.datetime
    updated_at: dt.datetime
    places: tuple[Place, ...] = ()

    def free(self, besides: UUID | None = None) -> list[tuple[int, int]]:
        """The ranges that nobody has, or nobody but this experiment."""
        return _gaps((each.start, each.stop) for each in self.places if each.experiment_id != besides)


def allocated(layer: Layer, owner: UUID, mine: Allocation | None, share: int, *, started: bool) -> Allocation:
    """The range of this share for an experiment that has `mine` of this layer, or nothing of it.

    What it has is kept as far as possible. Once it has started it can only grow, into what is free beside it: a unit that
    was inside stays inside. Raises Invalid, which says what is free.
    """
    free = layer.free(besides=owner)
    if mine is None:
        return Allocation(layer.key, *_first_fit(layer, free, share))
    if share == mine.share:
        return mine
    if share < mine.share and started:
        raise _invalid(
            f"can only be raised above {to_fraction(mine.share):g} once it has started: a smaller one would turn away units "
            "that are in; stop it, or clone it"
        )
    if share < mine.share:
        return Allocation(layer.key, mine.start, mine.start + share)
    low, high = next((low, high) for low, high in free if low <= mine.start and mine.stop <= high)
    if share <= high - low:
        stop = min(high, mine.start + share)
        return Allocation(layer.key, stop - share, stop)
    if started:
        raise _invalid(
            f"can be raised to {to_fraction(high - low):g} at most: its range cannot move once it has started, and its "
            f"neighbours in layer {layer.key} leave no more"
        )
    return Allocation(layer.key, *_first_fit(layer, free, share))


def _first_fit(layer: Layer, free: list[tuple[int, int]], share: int) -> tuple[int, int]:
    for low, high in free:
        if share <= high - low:
            return low, low + share
    total, largest = sum(high - low for low, high in free), max((high - low for low, high in free), default=0)
    raise _invalid(
        f"layer {layer.key} has {to_fraction(total):g} free, in one piece {to_fraction(largest):g}: "
        f"{to_fraction(share):g} does not fit"
    )


def _gaps(taken: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    gaps, at = [], 0
    for start, stop in sorted(taken):
        if at < start:
            gaps.append((at, start))
        at = max(at, stop)
    return [*gaps, (at, BUCKETS)] if at < BUCKETS else gaps


def _invalid(message: str) -> Invalid:
    return Invalid(f"layer/share: {message}", (Fault("/layer/share", message),))
