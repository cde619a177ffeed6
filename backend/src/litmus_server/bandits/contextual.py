"""Contextual policies: from what is known of a unit, and what was learned of units like it, to its propensities.

This file is the seam: the types, the sums that are learned, and the model that a version archives and every decision under
it is made from. It must not know how sums come about, nor what a unit's bucket is. Deciding by segments or by the scores
of somebody else needs no numpy; a linear model loads it when it is read (docs/decisions/0020).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import floor
from typing import TYPE_CHECKING, Any, Protocol

from litmus.decide import BUCKETS

from litmus_server.bandits.policies import NEWCOMER_SHARE
from litmus_server.domain.expectation import UnitBelief
from litmus_server.domain.features import ONE, Schema
from litmus_server.domain.holdback import mixed

if TYPE_CHECKING:
    from litmus_server.bandits.contextual_linear import Solved

MICRO = 1_000_000
LINEAR = frozenset({"linucb", "lints", "squarecb"})
"""Types that learn one linear model an arm; of these `squarecb` takes scores from outside where no features are declared."""
SEGMENTED = "segmented_thompson"
CONTEXTUAL = LINEAR | {SEGMENTED}
"""The types of experiment whose propensities depend on features."""


class ModelMismatch(ValueError):
    """A model that was learned for other features, arms or another type than the experiment has."""


@dataclass(frozen=True, slots=True)
class Sums:
    """All that is learned of one arm, exact and additive over its exposed units.

    With x the vector of a unit (ten-thousandths) and r its reward (micro-units): `outer` is Σ x·xᵀ, the lower triangle row
    by row; `cross` is Σ r·x; `squares` is Σ r².
    """

    units: int
    outer: Sequence[int]
    cross: Sequence[int]
    squares: int

    @classmethod
    def none(cls, columns: int) -> "Sums":
        """Of an arm that nobody met yet."""
        return cls(0, (0,) * (columns * (columns + 1) // 2), (0,) * columns, 0)


def external_sums(outcomes: int, arms: int) -> list[Sums]:
    """Of an experiment whose scores come from outside: only how many units there were is known of it."""
    return [Sums(outcomes if arm == 0 else 0, (0,), (0,), 0) for arm in range(arms)]


class Model(Protocol):
    """What a version decides from."""

    def shares(self, given: Sequence[float], active: Sequence[bool]) -> tuple[int, ...]:
        """Propensities in ppm by ordinal, which sum to 1,000,000: 0 for an arm that is not active.

        `given` is the unit's vector (`vector_of`) or, where scores come from outside, one score an arm.
        """
        ...

    def beliefs(self, given: Sequence[float], active: Sequence[bool]) -> list[UnitBelief | None]:
        """What those shares follow from, by ordinal: None for an arm that is not active, or of which the document does not say it."""
        ...


def bounded(
    model: Model, given: Sequence[float], active: Sequence[bool], newcomers: Collection[int]
) -> tuple[int, ...]:
    """The model's shares, but arms of which it knows too little have at most a tenth together; the others contest the rest.

    `newcomers` are ordinals of arms that were added while the experiment ran, as in `policies.next_version`.
    """
    shares = model.shares(given, active)
    if not newcomers:
        return shares
    theirs, most = sum(shares[k] for k in newcomers), round(NEWCOMER_SHARE * BUCKETS)
    settled = [on and k not in newcomers for k, on in enumerate(active)]
    if theirs <= most or not any(settled):
        return shares
    parts = [share * most // theirs if k in newcomers else 0 for k, share in enumerate(shares)]
    return mixed(model.shares(given, settled), parts)


def columns_of(kind: str, schema: Schema) -> int:
    """The length of the vectors that an experiment of this type learns from."""
    return schema.segments if kind == SEGMENTED else len(schema.columns)


def vector_of(kind: str, schema: Schema, attributes: Mapping[str, Any]) -> list[int]:
    """The vector of a unit, in ten-thousandths: its features, or a one at the place of its segment. Raises Invalid."""
    if kind != SEGMENTED:
        return schema.encode(attributes)
    vector = [0] * schema.segments
    vector[schema.segment(attributes)] = ONE
    return vector


def fit(
    kind: str,
    parameters: Mapping[str, float],
    sums: Sequence[Sums],
    schema: Schema,
    *,
    higher_is_better: bool,
    binary: bool,
    solved: "Sequence[Solved] | None" = None,
) -> dict[str, Any]:
    """The model that follows from the sums, as a JSON document; `read_model` is its reader.

    `binary`: rewards are 0 or 1. `solved`: the regressions of linear arms, for who has them already.
    """
    document = {"type": kind, "schema": schema.hash, "arms": len(sums), "columns": columns_of(kind, schema)}
    if kind == SEGMENTED:
        from litmus_server.bandits.contextual_segments import fit_segments

        return document | fit_segments(parameters, sums, higher_is_better=higher_is_better)
    if not schema.features:
        return document | external(parameters, sum(each.units for each in sums), len(sums), higher_is_better)
    from litmus_server.bandits.contextual_linear import fit_linear

    return document | fit_linear(
        kind, parameters, sums, higher_is_better=higher_is_better, binary=binary, solved=solved
    )


def read_model(document: Mapping[str, Any], kind: str, schema: Schema, arms: int) -> Model:
    """The model in a published document. Raises ModelMismatch unless it is one of these features, arms and type."""
    if (document["type"], document["schema"], document["arms"]) != (kind, schema.hash, arms):
        raise ModelMismatch(
            f"a {document['type']} model of {document['arms']} arms and features {document['schema']}"
        )
    if kind == SEGMENTED:
        from litmus_server.bandits.contextual_segments import SegmentTable

        return SegmentTable(document)
    if not schema.features:
        return InverseGap(document["gamma"], document["floor"], document["sign"])
    from litmus_server.bandits.contextual_linear import LinearModel

    return LinearModel(document)


def external(
    parameters: Mapping[str, float], outcomes: int, arms: int, higher_is_better: bool
) -> dict[str, Any]:
    """The part of a model whose scores come from outside: how greedy to be after so many outcomes."""
    return {
        "gamma": gamma(parameters["exploration"], arms, outcomes),
        "floor": floor_ppm(parameters),
        "sign": 1 if higher_is_better else -1,
    }


def gamma(exploration: float, arms: int, outcomes: int) -> float:
    """How much a gap counts in SquareCB after so many outcomes: c·√(K·t) (Foster & Rakhlin 2020, section 3)."""
    return float(exploration * (arms * outcomes) ** 0.5)


def floor_ppm(parameters: Mapping[str, float]) -> int:
    """The least share of an active arm, in ppm."""
    return round(parameters["floor"] * BUCKETS)


@dataclass(frozen=True, slots=True)
class InverseGap:
    """SquareCB: an arm's share falls with the gap between its score and the best one.

    p_k = 1 / (K + γ·gap_k) for all but the best, which has the rest (Abe & Long 1999; Foster & Rakhlin, *Beyond UCB*, 2020).
    Scores may come from any regression; errors in them cost exploration, never a share that is not known exactly.
    """

    gamma: float
    floor: int
    sign: int = 1

    def shares(self, given: Sequence[float], active: Sequence[bool]) -> tuple[int, ...]:
        """See Model."""
        arms = [k for k, on in enumerate(active) if on]
        best = max(arms, key=lambda k: self.sign * given[k])
        chances = [0.0] * len(given)
        for k in arms:
            chances[k] = 1 / (len(arms) + self.gamma * (self.sign * (given[best] - given[k])))
        chances[best] = 0.0
        chances[best] = 1 - sum(chances)
        return rounded(chances, active, self.floor)

    def beliefs(self, given: Sequence[float], active: Sequence[bool]) -> list[UnitBelief | None]:
        """See Model."""
        best = max(self.sign * score for score, on in zip(given, active, strict=True) if on)
        return [
            UnitBelief(score, gap=best - self.sign * score, gamma=self.gamma) if on else None
            for score, on in zip(given, active, strict=True)
        ]


def rounded(chances: Sequence[float], active: Sequence[bool], least: int) -> tuple[int, ...]:
    """As `allocation.allocate`, in floating point: every decision needs it, and its order of operations is fixed.

    Chances of arms that are not active must be 0. Σ is exactly 1,000,000 and no share is off by more than one ppm.
    """
    above = BUCKETS - sum(active) * least
    total = sum(chances)
    shares, running, before = [], 0.0, 0
    for chance, on in zip(chances, active, strict=True):
        running += chance
        threshold = floor(above * (running / total) + 0.5)
        shares.append(threshold - before + (least if on else 0))
        before = threshold
    return tuple(shares)


def winner_takes(best: Sequence[int], active: Sequence[bool], least: int) -> tuple[int, ...]:
    """All above the floors to the best arm; in equal parts where several are best."""
    if len(best) > 1:
        return rounded([float(k in best) for k in range(len(active))], active, least)
    shares = [least if on else 0 for on in active]
    shares[best[0]] += BUCKETS - sum(shares)
    return tuple(shares)
