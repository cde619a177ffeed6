"""A published policy: the shares of one experiment's variants, and everything that they were computed from.

A version is kept for ever. It must not know how propensities are computed, nor where versions are stored.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Watermark:
    """How far the log was folded: `seq` grows with each fold that touched the experiment, from 0.

    `folded_at` is the time at which the newest folded event was received; None when there was none.
    """

    seq: int
    folded_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class VariantState:
    """What one variant had shown when a version was published: `conversions` of `units` exposed units.

    `alpha` and `beta` are of the posterior of its conversion rate, `expected_rate` its mean. `win_probability` is the
    probability that it is the best of the active ones; None for one that was paused or retired.
    """

    variant_id: str
    active: bool
    units: int
    conversions: int
    alpha: float
    beta: float
    expected_rate: float
    win_probability: float | None


@dataclass(frozen=True, slots=True)
class PolicyState:
    """From what a version was computed, and why it was published. `floor` is in ppm; variants by ordinal."""

    policy: str
    parameters: Mapping[str, float]
    floor: int
    metric: str
    direction: str
    reason: str
    watermark: Watermark
    variants: tuple[VariantState, ...]

    @property
    def units(self) -> int:
        """Matured outcomes, of all variants."""
        return sum(variant.units for variant in self.variants)

    def document(self) -> dict[str, Any]:
        """As JSON; `read_state` is the inverse."""
        folded_at = self.watermark.folded_at
        watermark = {"seq": self.watermark.seq, "folded_at": folded_at and folded_at.isoformat()}
        return asdict(self) | {
            "watermark": watermark,
            "parameters": dict(self.parameters),
            "variants": [asdict(variant) for variant in self.variants],
        }


@dataclass(frozen=True, slots=True)
class Policy:
    """Version `version` for the variants of configuration `revision`: (r, v) is one state.

    `propensities` are in ppm by ordinal; `parent` is None for the first version. `document` is what a learner made by
    `PolicyState.document` or, where a person's change published the version, only says so.
    """

    experiment: int
    version: int
    revision: int
    parent: int | None
    propensities: tuple[int, ...]
    units: int
    checksum: str
    published_at: dt.datetime
    document: Mapping[str, Any]


def read_state(document: Mapping[str, Any]) -> PolicyState | None:
    """The state that a learner wrote into this document; None when no learner did."""
    if "variants" not in document:
        return None
    folded_at = document["watermark"]["folded_at"]
    return PolicyState(
        policy=document["policy"],
        parameters=document["parameters"],
        floor=document["floor"],
        metric=document["metric"],
        direction=document["direction"],
        reason=document["reason"],
        watermark=Watermark(document["watermark"]["seq"], folded_at and dt.datetime.fromisoformat(folded_at)),
        variants=tuple(VariantState(**variant) for variant in document["variants"]),
    )


def signed(
    experiment_id: str,
    version: int,
    revision: int,
    propensities: Sequence[int],
    document: Mapping[str, Any],
) -> dict[str, Any]:
    """What the checksum of a version is taken of."""
    return {
        "experiment_id": experiment_id,
        "version": version,
        "revision": revision,
        "propensities": list(propensities),
        "state": dict(document),
    }
