"""Does an effect last: the question, and the answer by when units came and by how long they have been there. Classes are their schema.

It must not know how anything is computed, nor who computes it.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from litmus_server.domain.report import Estimate, Missing

TITLE = "Invalid question about cohorts"
MOST_DAYS = 365
"""The longest age, which is that of the longest window."""
SECONDS = 86_400
"""In a day."""
AGES = (0, 1, 2, 4, 7, 14, 28, 56, 112, 224)
"""The days after a unit's exposure at which the ages begin that are told one by one."""


@dataclass(frozen=True, slots=True)
class Question:
    """Of which experiment (id or key), on which metric (None: the primary one), at which age of its units (None: the metric's window)."""

    experiment: str
    metric: str | None = None
    age_days: int | None = None


class Pattern(StrEnum):
    """How an effect changes; a closed list."""

    NOVELTY = (
        "novelty"  # it fades: the later, the less the variant does for the metric, compared with control
    )
    PRIMACY = "primacy"  # it grows: the later, the more
    UNEVEN = "uneven"  # it differs from cohort to cohort, without a direction
    STEADY = "steady"  # no change is shown, which does not prove that there is none
    UNKNOWN = "unknown"  # there is not enough yet to tell


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """The effect on one group of units, whose intervals hold for that group alone.

    Of cohorts: the units whose first exposure was from `since` to before `until`, days since the first cohort being `day`. Of ages: what all
    units did on this `day` after their exposure (0: the first 24 hours), `since` and `until` being null. `lift` is a fraction of control.
    """

    since: dt.datetime | None
    until: dt.datetime | None
    day: float
    units: int
    control_units: int
    mean: float
    control_mean: float
    difference: Estimate
    lift: Estimate


@dataclass(frozen=True, slots=True)
class Slope:
    """How the effect changes with ln(1 + day), by weighted least squares.

    `difference` is in the metric's units, `log_ratio` of ln(mean ÷ control's mean); null where means are not well above zero. `p_value` is of
    no change on either scale (the larger of the two), and may be looked at as often as one likes; `fixed_p_value` may be looked at once.
    """

    difference: Estimate
    log_ratio: Estimate | None
    p_value: float
    fixed_p_value: float
    missing: Mapping[str, Missing] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CohortHeterogeneity:
    """Do the cohorts differ more than chance lets them? Cochran's Q of the scale on which they differ less; p-values as of `Slope`."""

    statistic: float
    df: int
    i_squared: float
    p_value: float
    fixed_p_value: float


@dataclass(frozen=True, slots=True)
class Thirds:
    """The effect on the first and on the last third of the groups, as lifts where `lift`, else as differences.

    `change` is last − first. Its p-value is for one look at a planned moment: which groups are meant changes when more come.
    """

    lift: bool
    first: Estimate
    last: Estimate
    change: Estimate
    fixed_p_value: float


@dataclass(frozen=True, slots=True)
class Curve:
    """The effect of one variant along one axis. `points` in their order; `left_out_units` are those of groups that are too small as yet.

    `pattern` goes by the always-valid p-values, each times the number of `questions`, at most `alpha`; `sentence` says it. Of ages
    there is no `heterogeneity`: units are in all of them.
    """

    variant_id: str
    variant_key: str
    pattern: Pattern
    sentence: str
    points: Sequence[CurvePoint]
    left_out_units: int
    slope: Slope | None
    heterogeneity: CohortHeterogeneity | None
    thirds: Thirds | None
    missing: Mapping[str, Missing] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Axis:
    """The curves of all variants but control along one axis, judged together: `questions` is how many were asked.

    `refused` says in a sentence why there is none; empty where there are some, and `missing` then has no `curves`.
    """

    alpha: float
    questions: int
    curves: Sequence[Curve]
    refused: str
    missing: Mapping[str, Missing] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cohorts:
    """Whether the effect on one metric lasts.

    `cohorts`: by the day on which units came, all of them seen for the same time after it, `age_seconds`. `ages`: by the day after their
    exposure, of units that have been there that long.
    """

    experiment_id: str
    experiment_key: str
    metric: str
    computed_at: dt.datetime
    seq: int
    """How far the log was folded: the report's `watermark`."""
    window_seconds: int
    age_seconds: int
    cohorts: Axis
    ages: Axis
