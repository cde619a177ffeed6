"""What a contextual model expects of one unit under each variant: why the unit's shares are what they are.

The classes are their schema. It must not know how a model computes, nor where versions are kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class UnitBelief:
    """What a model believes of one variant for one unit; what its type does not go by is null.

    `expected` is the reward that is expected, in the metric's units, or the score that came from outside. `linucb` takes the variant
    with the best `bound`: the upper one, or the lower one where less is better. `lints` draws from a normal of mean `expected`
    and standard deviation `sd`. `segmented_thompson` draws from Beta(`alpha`, `beta`), the posterior of the unit's segment.
    Of `squarecb` `gap` is how far the variant is behind the best one, and `gamma` how much that counts: of K variants all but the best have 1 / (K + gamma·gap).
    """

    expected: float
    sd: float | None = None
    bound: float | None = None
    gap: float | None = None
    gamma: float | None = None
    alpha: float | None = None
    beta: float | None = None


class NoExpectation(StrEnum):
    """Why there is no expectation of a unit in a contextual experiment."""

    NO_MODEL = "no_model"
    """Nothing was learned yet: all variants that are active have equal shares."""
    NOT_DRAWN = "not_drawn"
    """An earlier step settled the matter. Of a stored assignment, `logged` tells what was expected."""
    NOT_ARCHIVED = "not_archived"
    """The archive lacks what the model expected then, or this server cannot read it."""


@dataclass(frozen=True, slots=True)
class VariantExpectation:
    """`propensity` is the unit's own, after floors, holdback and the bound on newcomers. `belief` is null of a variant that the unit could not get."""

    variant_key: str
    propensity: float
    belief: UnitBelief | None


@dataclass(frozen=True, slots=True)
class Expectation:
    """All variants in their order; null where `missing` says why."""

    variants: Sequence[VariantExpectation] | None = None
    missing: NoExpectation | None = None
