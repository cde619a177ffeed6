"""The holdback: the share of a bandit's units that is drawn as if nothing had been learned, to measure what learning brings.

It is mixed into the propensities (docs/decisions/0021): a unit's one draw says both what it gets and whether it is held back, so
a propensity stays one exact number, and no kernel has to know of it. It must not know what a bandit learns.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

from litmus.decide import BUCKETS

from litmus_server.domain.form import Form
from litmus_server.domain.weights import renormalised, share_to_ppm, to_fraction

MOST_HELD = 0.5


class Baseline(StrEnum):
    """What units get that are held back: any variant alike, or the control."""

    UNIFORM = "uniform"
    CONTROL = "control"


@dataclass(frozen=True, slots=True)
class Holdback:
    """`share` of the units in ppm, above 0."""

    share: int
    to: Baseline = Baseline.UNIFORM

    @property
    def document(self) -> dict[str, Any]:
        """As people write it."""
        return {"share": to_fraction(self.share), "to": str(self.to)}

    @property
    def published(self) -> dict[str, Any]:
        """As a configuration archives it: the share in ppm."""
        return {"share": self.share, "to": str(self.to)}

    def parts(self, active: Sequence[bool], control: int) -> tuple[int, ...]:
        """What of each variant's propensity is the holdback's, in ppm by ordinal; they sum to `share`.

        A control that gets no traffic cannot be what units get: then it is all active variants alike.
        """
        if self.to is Baseline.CONTROL and active[control]:
            return tuple(self.share if k == control else 0 for k in range(len(active)))
        count = sum(active)
        ends = [(2 * self.share * before + count) // (2 * count) for before in accumulate(active, initial=0)]
        return tuple(stop - start for start, stop in pairwise(ends))


class Held(NamedTuple):
    """Units of one share (ppm) and baseline that were held back, or that were not: of their outcomes (micro-units) the sums of the
    first three powers, and how many are not zero.
    """

    baseline: Baseline
    share: int
    held: bool
    units: int
    seen: int
    total: int
    squares: int
    cubes: int


DEFAULT = Holdback(50_000)
"""Of a bandit that is to *earn*, where nobody chose another one."""


def read_holdback(form: Form, *, possible: bool, default: Holdback | None) -> Holdback | None:
    """The holdback in this form: the default where it says nothing, none where it is null or its share 0."""
    given = form.value("holdback")
    if given is None:
        return None if "holdback" in form else default
    if not possible:
        form.fault(
            "holdback",
            "is for types that learn: fixed weights are their own comparison",
        )
        return None
    inner = form.form("holdback")
    share = share_to_ppm(inner.number("share", 0, MOST_HELD, to_fraction(DEFAULT.share)), "/holdback/share")
    to = inner.choice("to", Baseline, Baseline.UNIFORM)
    return Holdback(share, to) if share else None


def control_of(document: Mapping[str, Any]) -> int:
    """The ordinal of the control of an archived configuration; the first variant where none is."""
    return next((k for k, each in enumerate(document["variants"]) if each["is_control"]), 0)


def published_holdback(document: Mapping[str, Any]) -> Holdback | None:
    """That of an archived configuration (`Holdback.published`); None where it has none."""
    found = document.get("holdback")
    return None if found is None else Holdback(found["share"], Baseline(found["to"]))


def parts_of(document: Mapping[str, Any]) -> tuple[int, ...]:
    """`Holdback.parts` of an archived configuration, for its variants as they are there; nothing where it has no holdback."""
    held = published_holdback(document)
    if held is None:
        return ()
    return held.parts([each["state"] == "active" for each in document["variants"]], control_of(document))


def mixed(shares: Sequence[int], parts: Sequence[int]) -> tuple[int, ...]:
    """Propensities in ppm with the holdback in them: its parts, and these shares of all the rest. They sum to 1,000,000."""
    if not parts:
        return tuple(shares)
    rest, before, running, out = BUCKETS - sum(parts), 0, 0, []
    for share, part in zip(shares, parts, strict=True):
        running += share
        end = _scaled(running, rest)
        out.append(end - before + part)
        before = end
    return tuple(out)


def unmixed(shares: Sequence[int], parts: Sequence[int]) -> tuple[int, ...]:
    """What units get that are not held back: the inverse of `mixed`, to the rounding of one ppm."""
    if not any(parts):
        return tuple(shares)
    return renormalised([share - part for share, part in zip(shares, parts, strict=False)])


def is_held(bucket: int, shares: Sequence[int], parts: Sequence[int]) -> bool:
    """Whether the unit of this bucket is held back: it is where the bucket falls on the first part of its variant's interval."""
    start = 0
    for share, part in zip(shares, parts, strict=True):
        if bucket < start + share:
            return bucket < start + part
        start += share
    raise ValueError(f"no variant has bucket {bucket}")


def _scaled(ppm: int, whole: int) -> int:
    """So many millionths of a whole in ppm, halves up."""
    return (2 * whole * ppm + BUCKETS) // (2 * BUCKETS)
