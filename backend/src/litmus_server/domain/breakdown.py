"""What happened in parts of an experiment: the question, and the answer. Classes are their schema.

It must not know how anything is computed, nor who computes it.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from litmus_server.domain.report import Effect, Estimate, Missing

TITLE = "Invalid breakdown"
MOST_VALUES = 20
"""Values of an attribute that are told one by one: those that most units have."""
DAY, BUCKET = "day", "bucket"
"""Dimensions that every experiment has: the day of a unit's first exposure, and the tenth of the hash that admits traffic."""


@dataclass(frozen=True, slots=True)
class Question:
    """Of which experiment (id or key), by which dimension, on which metric (None: the primary one)."""

    experiment: str
    dimension: str
    metric: str | None = None


class SliceKind(StrEnum):
    """What the units of a slice have in common."""

    VALUE = "value"
    OTHER = "other"
    """A value that too few have to be told alone."""
    UNKNOWN = "unknown"
    """Nobody said."""


@dataclass(frozen=True, slots=True)
class SliceVariant:
    """Exposed units of one variant in one slice."""

    variant_id: str
    variant_key: str
    exposed_units: int


@dataclass(frozen=True, slots=True)
class SliceRatio:
    """Do the units of this slice arrive in the variants as the weights say?

    `p_value` is always valid, for this slice alone; who is guilty is in `Breakdown.guilty`. `largest_deviation` is of a share.
    """

    mismatch: bool | None
    p_value: float | None
    largest_deviation: float | None


@dataclass(frozen=True, slots=True)
class Slice:
    """The units that have one value. `value` is null for those of other values, and for those of none.

    `effects` are of each variant against control, as in the report; `adjusted` counts all slices and variants of this answer as one
    family, and `significant` goes by it.
    """

    kind: SliceKind
    value: str | None
    exposed_units: int
    share: float
    variants: Sequence[SliceVariant]
    sample_ratio: SliceRatio
    effects: Sequence[Effect]


@dataclass(frozen=True, slots=True)
class Heterogeneity:
    """Does the effect of this variant differ between slices? Cochran's Q of the differences, by chi-squared.

    Right for one look at a planned moment, and for no other. `i_squared` is the part of the spread between slices that chance does
    not explain. `slices` took part; `left_out` have too few units for a standard error that can be trusted.
    """

    variant_key: str
    statistic: float | None
    df: int | None
    p_value: float | None
    i_squared: float | None
    slices: int
    left_out: int
    missing: Mapping[str, Missing] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Overall:
    """The effect on all units, plain and post-stratified: each slice counting by its part of all units, whatever the split in it was.

    The second is narrower where slices differ in what they yield. Null with its reason where a slice has too few units of a variant.
    """

    variant_key: str
    plain: Effect
    difference: Estimate | None
    lift: Estimate | None
    p_value: float | None
    missing: Mapping[str, Missing] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Guilty:
    """A slice whose units do not arrive as the weights say, although no other slice is looked at.

    `p_value` counts all slices; `p_value_of_the_rest` is that of all others together: not small any more if this one alone is guilty.
    """

    kind: SliceKind
    value: str | None
    units: int
    share_of_units: float
    largest_deviation: float
    p_value: float
    p_value_of_the_rest: float


@dataclass(frozen=True, slots=True)
class Breakdown:
    """One metric by the values of one dimension.

    Intervals and p-values of slices are always valid, or fixed where the experiment is: nobody has planned looks at slices. All exposed
    units count, whether their window has closed or not. `refused` is a sentence where there is no answer.
    """

    experiment_id: str
    experiment_key: str
    dimension: str
    metric: str
    computed_at: dt.datetime
    seq: int
    """How far the log was folded: the report's `watermark`."""
    correction: str
    slices: Sequence[Slice]
    heterogeneity: Sequence[Heterogeneity]
    overall: Sequence[Overall]
    guilty: Sequence[Guilty]
