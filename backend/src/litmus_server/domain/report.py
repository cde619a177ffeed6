"""The report: one document a person decides from. Its classes are its schema; it knows no method and no storage.

Absence is typed, in one style: a number that cannot be is null, and `missing` of the same object names the field and
says why. Nothing is rounded. Shares, rates and probabilities are fractions from 0 to 1. There are no p-values.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from litmus_server.domain.series import Series

SCHEMA_VERSION = 1
LEVEL = 0.95
"""The probability of every credible interval."""


class Missing(StrEnum):
    """Why a field is null; a closed list, part of the API."""

    NO_EXPOSURES = "no_exposures"  # no unit has been exposed
    NO_EVENTS = "no_events"  # nothing was counted in the time asked for
    NO_PRIMARY_METRIC = "no_primary_metric"  # the experiment declares none
    NOT_A_RATE = "not_a_rate"  # the metric is a mean of values: a Beta posterior is of a rate
    VARIANT_INACTIVE = "variant_inactive"  # paused or retired: it takes no part in the contest
    FIXED_WEIGHTS = "fixed_weights"  # nothing is learned, so there is no floor and no policy
    NOT_LEARNED = "not_learned"  # no learner has published yet


@dataclass(frozen=True, slots=True)
class CredibleInterval:
    """Equal-tailed credible interval: the rate is inside with probability `level`."""

    lower: float
    upper: float
    level: float


@dataclass(frozen=True, slots=True)
class Prior:
    """Beta(alpha, beta): what was believed of the primary metric's rate before the first unit."""

    alpha: float
    beta: float


@dataclass(frozen=True, slots=True)
class Mark:
    """How far the log is folded into this document. `seq` grows with each fold that touched the experiment.

    `folded_at` is when the newest folded event was received; null before the first.
    """

    seq: int
    folded_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class MetricDeclaration:
    """A metric that the experiment declares, and how long after its exposure a unit's events count."""

    name: str
    role: str
    kind: str
    direction: str
    window_seconds: int


@dataclass(frozen=True, slots=True)
class VariantReport:
    """One variant on the primary metric.

    `exposures` are events, `exposed_units` are units; everything inferential counts units. `conversions` are units with
    at least one conversion after their exposure and inside the window, `conversion_events` are events as they came in.
    `total_value` sums the values inside the units' windows, `mean` is that per exposed unit, `rate` is conversions per
    exposed unit. `alpha`, `beta` and `expected_rate` (their mean) are of the posterior; `win_probability` is the
    probability of being the best of the active variants, which is no proof. `share` is of all exposed units,
    `propensity` of the next decisions (the last ones there were, when it does not run), `floor` its least value.
    """

    variant_id: str
    variant_key: str
    variant_name: str
    is_control: bool
    state: str
    exposures: int
    exposed_units: int
    share: float | None
    propensity: float
    floor: float | None
    conversions: int | None
    conversion_events: int | None
    total_value: float | None
    mean: float | None
    rate: float | None
    rate_interval: CredibleInterval | None
    alpha: float | None
    beta: float | None
    expected_rate: float | None
    win_probability: float | None
    missing: Mapping[str, Missing] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class VariantMetric:
    """One variant on one declared metric, in the words of `VariantReport`. The interval's prior is Beta(1, 1)."""

    variant_id: str
    variant_key: str
    conversions: int
    conversion_events: int
    total_value: float
    mean: float | None
    rate: float | None
    rate_interval: CredibleInterval | None
    missing: Mapping[str, Missing] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MetricReport:
    """One declared metric; variants by ordinal."""

    metric: MetricDeclaration
    variants: Sequence[VariantMetric]


@dataclass(frozen=True, slots=True)
class UndeclaredMetric:
    """A name that events used and nobody declared: counted as the events came in, by variant id."""

    metric_name: str
    events: int
    total_value: float
    events_by_variant: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Undeclared:
    """The names that most events used, at most 50, of `names` in all."""

    names: int
    metrics: Sequence[UndeclaredMetric]
    hint: str


@dataclass(frozen=True, slots=True)
class Leader:
    """The active variant with the highest win probability. It leads; whether it is better is another question."""

    variant_id: str
    variant_key: str
    variant_name: str
    win_probability: float
    expected_rate: float


@dataclass(frozen=True, slots=True)
class Report:
    """Computed once for each state of an experiment: watermark, revision, policy version.

    `stale` true: something newer is known, and nobody has computed the report of it yet. `lag_seconds` is the age of the
    oldest event that was not folded when this was computed; 0 when all were. `policy_version` is null under fixed
    weights. `epoch` counts, from 1, the changes of fixed weights and of the audience: above it, units were drawn with
    different shares, or from others.
    `variants` by ordinal.
    """

    schema_version: int
    stale: bool
    experiment_id: str
    experiment_key: str
    name: str
    type: str
    status: str
    archived: bool
    unit_type: str
    started_at: str | None
    completed_at: str | None
    computed_at: dt.datetime
    watermark: Mark
    lag_seconds: float
    revision: int
    epoch: int
    policy_version: int | None
    level: float
    prior: Prior
    primary_metric: MetricDeclaration | None
    exposures: int
    exposed_units: int
    leader: Leader | None
    variants: Sequence[VariantReport]
    metrics: Sequence[MetricReport]
    undeclared: Undeclared
    series: Series | None
    missing: Mapping[str, Missing] = field(default_factory=dict)
