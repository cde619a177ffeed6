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
    """What one variant had shown when a version was published, and what was believed of it then.

    `units` are exposed units, `conversions` those with an event of the metric. `n` is how much they count for: the units, but
    less where old ones fade or conversions are still to come. Of rates `successes` of `n` converted; of numbers `mean` and
    `variance` are those of n units, in the metric's units. `joined` is how many units the experiment had when the variant was
    added. `arrived` is the share of expected conversions that are in, where delays are corrected for, by a mean of
    `mean_delay_hours`: the declared one, or the one that was learned of this variant.

    `expected` is the mean of the posterior of the rate or mean, which [lower, upper] holds with probability 0.95; `alpha` and
    `beta` are of a rate's posterior, `sd` of a number's. None while there is no posterior. `win_probability` is the
    probability that it is the best of the active ones; None for one that was paused or retired.
    """

    variant_id: str
    active: bool
    units: int
    conversions: int
    n: float
    successes: float | None
    mean: float | None
    variance: float | None
    joined: int
    arrived: float | None
    mean_delay_hours: float | None
    expected: float | None
    lower: float | None
    upper: float | None
    alpha: float | None
    beta: float | None
    sd: float | None
    win_probability: float | None


@dataclass(frozen=True, slots=True)
class PolicyState:
    """From what a version was computed, and why it was published. `floor` is in ppm; variants by ordinal."""

    policy: str
    parameters: Mapping[str, float | bool]
    floor: int
    metric: str
    direction: str
    reason: str
    watermark: Watermark
    variants: tuple[VariantState, ...]
    holdback: tuple[int, ...] = ()
    """What of each propensity is the holdback's, in ppm; nothing where there is none."""

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
            "holdback": list(self.holdback),
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
        holdback=tuple(document.get("holdback", ())),
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
