"""Experiments that share units: who may be held against whom, the question, and the answer. Classes are their schema.

It must not know how anything is computed, nor who computes it.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from litmus_server.domain.draft import ExperimentType
from litmus_server.domain.report import Estimate

TITLE = "Invalid question about interactions"
MOST_OTHERS = 20
"""Experiments that are looked at in one answer: those that started last."""


@dataclass(frozen=True, slots=True)
class Question:
    """Of which experiment, with which other one (ids or keys; None: all that ran beside it), on which of its metrics (None: the primary)."""

    experiment: str
    other: str | None = None
    metric: str | None = None


class InteractionRefusal(StrEnum):
    """Why nothing is said of the interaction with an experiment; a closed list, part of the API."""

    OTHER_UNIT_TYPE = "other_unit_type"
    """They have units of different types."""
    NEVER_TOGETHER = "never_together"
    """At no time did both run."""
    SAME_LAYER = "same_layer"
    """A layer keeps their units apart."""
    NOTHING_EXPOSED = "nothing_exposed"
    """One is a flag, which logs no exposure."""
    DRAWN_ANEW = "drawn_anew"
    """In one of them units are drawn anew after a while, so that a unit there is no unit here."""
    LEARNED_WEIGHTS = "learned_weights"
    """One of them learns its weights: how units are split follows the outcome, and cells cannot be compared as they are."""
    NO_UNITS_IN_BOTH = "no_units_in_both"
    """No unit was exposed to both."""
    TOO_FEW_UNITS = "too_few_units"
    """Some pair of variants has too few units, or too few that have a value."""
    TOO_SKEWED = "too_skewed"
    """The values are too skewed for this split: the normal approximation does not hold yet."""
    NO_VARIANCE = "no_variance"
    """All units of some pair of variants have the same value."""
    NO_BASELINE = "no_baseline"
    """The denominator of a ratio is too near to zero in some pair of variants."""
    NO_SUMS = "no_sums"
    """The metric is being folded anew, or its cap is not known yet."""
    NOT_SUPPORTED = "not_supported"
    """The metric is of a kind for which this is not computed."""


class InteractionFinding(StrEnum):
    """What was found of one other experiment; a closed list, part of the API."""

    DEPENDS = "depends"
    """The effect depends on the variant of the other."""
    NOT_SHOWN = "not_shown"
    """It differs no more than chance explains. That it does not depend is not proven: see the intervals."""
    UNEQUAL_SPLIT = "unequal_split"
    """The units in both are not split as both weights say: nothing else here can be trusted."""
    REFUSED = "refused"
    """Nothing is said; `refused` has the reason."""


class SplitCause(StrEnum):
    """What a wrong split of the units in both comes from."""

    THIS_REACHES_OTHER = "this_reaches_other"
    """How many units of a variant of this experiment get to the other one depends on the variant (or its own sample ratio is wrong)."""
    OTHER_REACHES_THIS = "other_reaches_this"
    """The other way round."""
    DRAWN_TOGETHER = "drawn_together"
    """Each by itself is right, and both together are not: the two draws are not independent, which is a fault of bucketing."""


@dataclass(frozen=True, slots=True)
class JointSplit:
    """Do the units in both arrive in the pairs of variants as the product of both weights says?

    `p_value` is always valid and counts all other experiments of this answer; `mismatch`: it is at most 0.01 and a share is off by 0.2
    percentage points. Pearson's test is right for one look, and null where a pair is expected to have fewer than five units.
    """

    mismatch: bool
    cause: SplitCause | None
    """Null where nothing is wrong."""
    p_value: float
    largest_deviation: float
    chi_squared: float | None
    df: int | None
    fixed_p_value: float | None


@dataclass(frozen=True, slots=True)
class PairCell:
    """The units in one variant of each. `mean` of the metric (of a ratio, the ratio); null where there is none."""

    variant_key: str
    other_variant_key: str
    units: int
    mean: float | None


@dataclass(frozen=True, slots=True)
class EffectWithin:
    """The effect of a variant against control among the units that have this variant of the other. `level` is of each by itself."""

    variant_key: str
    other_variant_key: str
    difference: Estimate


@dataclass(frozen=True, slots=True)
class EffectDifference:
    """By how much the effect of a variant differs where the other has this variant instead of its control, in the metric's units.

    The intervals of one other experiment hold together, and agree with its test.
    """

    variant_key: str
    other_variant_key: str
    difference: Estimate


@dataclass(frozen=True, slots=True)
class AveragedEffect:
    """The effect of a variant where the variants of the other come as its weights in force say, whoever was in which so far."""

    variant_key: str
    difference: Estimate


@dataclass(frozen=True, slots=True)
class InteractionTest:
    """Are all differences of differences zero? Wald's test of all of them at once.

    `p_value` by `method`, of this other experiment alone; `fixed_p_value` is that of a single look, whatever the method;
    `adjusted_p_value` counts all of this answer as one family of `family`, and `significant` goes by it.
    """

    statistic: float
    df: int
    method: str
    p_value: float
    fixed_p_value: float
    adjusted_p_value: float
    family: int
    significant: bool


@dataclass(frozen=True, slots=True)
class OtherExperiment:
    """One experiment that was held against this one.

    `units` were exposed to both, `share` is their part of this experiment's units; `left_out` of them fell in times when a variant was
    not drawn, and take no part in the test. Where `finding` is refused, `test` is null and what needs it empty; `split` is null where
    no unit is in both, or weights are learned.
    """

    experiment_id: str
    experiment_key: str
    name: str
    status: str
    units: int
    share: float
    left_out: int
    finding: InteractionFinding
    refused: InteractionRefusal | None
    sentence: str
    split: JointSplit | None
    cells: Sequence[PairCell]
    test: InteractionTest | None
    differences: Sequence[EffectDifference]
    within: Sequence[EffectWithin]
    averaged: Sequence[AveragedEffect]


@dataclass(frozen=True, slots=True)
class Interactions:
    """One metric of an experiment, against every experiment that ran beside it on units of the same type.

    What depends comes first, then what is wrong, then what was not shown, then what is refused. `method` is always_valid: looking often
    is safe; or fixed where the experiment is. `not_looked_at` is how many more there are: ask for one of them `with` its key.
    """

    experiment_id: str
    experiment_key: str
    metric: str
    computed_at: dt.datetime
    method: str
    alpha: float
    correction: str
    exposed_units: int
    not_looked_at: int
    others: Sequence[OtherExperiment]


def refusal(this: Mapping[str, Any], other: Mapping[str, Any], now: dt.datetime) -> InteractionRefusal | None:
    """Why units in both would say nothing, before any is looked at; of two documents that decide."""
    if this["unit_type"] != other["unit_type"]:
        return InteractionRefusal.OTHER_UNIT_TYPE
    if ExperimentType.FLAG in {this["type"], other["type"]}:
        return InteractionRefusal.NOTHING_EXPOSED
    if not _together(this, other, now):
        return InteractionRefusal.NEVER_TOGETHER
    if this["layer"] and other["layer"] and this["layer"]["salt"] == other["layer"]["salt"]:
        return InteractionRefusal.SAME_LAYER
    if this.get("ttl_seconds") or other.get("ttl_seconds"):
        return InteractionRefusal.DRAWN_ANEW
    return None


def learned(document: Mapping[str, Any]) -> bool:
    """Whether its weights follow the outcome."""
    return ExperimentType(document["type"]).adaptive


def _together(this: Mapping[str, Any], other: Mapping[str, Any], now: dt.datetime) -> bool:
    """Whether the times from start to end have something in common."""
    if this["started_at"] is None or other["started_at"] is None:
        return False
    spans = [
        (dt.datetime.fromisoformat(each["started_at"]), each["completed_at"] and dt.datetime.fromisoformat(each["completed_at"]))
        for each in (this, other)
    ]  # fmt: skip
    return max(start for start, _ in spans) < min(end or now for _, end in spans)
