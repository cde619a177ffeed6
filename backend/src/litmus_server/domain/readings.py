"""The smaller documents for those who look at results: raw counters, one series, the bandit. Their classes are their schema.

Absence is told as in `report.py`, except in the raw counters, whose form is printed: there null stands for x ÷ 0.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from litmus_server.domain.report import (
    AfterBandit,
    ContextualReport,
    Effect,
    FactorEffect,
    Health,
    Leader,
    Mark,
    MetricDeclaration,
    Missing,
    NamedTest,
    PlanReport,
    Prior,
    VariantReport,
    Verdict,
)
from litmus_server.domain.series import EffectSeries, Series


@dataclass(frozen=True, slots=True)
class ConversionCounters:
    """Events of one metric as they came in. `mean` is sum ÷ count, `conversion_rate` count ÷ exposures."""

    count: int
    sum: float
    mean: float | None
    conversion_rate: float | None


@dataclass(frozen=True, slots=True)
class VariantCounters:
    """`exposures` are events, `unique_users` exposed units; `conversions` by the name of the metric."""

    variant_id: str
    variant_name: str
    exposures: int
    unique_users: int
    conversions: Mapping[str, ConversionCounters]


@dataclass(frozen=True, slots=True)
class Metrics:
    """The raw document of the A/B API: nothing inferred, nothing rounded."""

    experiment_id: str
    experiment_key: str
    variant_metrics: Mapping[str, VariantCounters]
    computed_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Results:
    """One metric over time; `series` is null where nothing was counted in the time asked for.

    `effects` are the lifts of the report's variants and how their intervals moved, over all of the time; null while no worker
    has computed them, and for metrics that are not declared.
    """

    experiment_id: str
    experiment_key: str
    series: Series | None
    effects: Sequence[EffectSeries] | None
    missing: Mapping[str, Missing] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MetricAnalysis:
    """What is inferred of one declared metric, as in the report."""

    metric: MetricDeclaration
    effects: Sequence[Effect]
    factors: Sequence[FactorEffect]
    tests: Sequence[NamedTest]


@dataclass(frozen=True, slots=True)
class Inference:
    """The inferential part of the report alone, with the same numbers. `bandit` is null under fixed weights,
    `contextual` where features do not decide.
    """

    schema_version: int
    stale: bool
    experiment_id: str
    experiment_key: str
    name: str
    type: str
    status: str
    computed_at: dt.datetime
    watermark: Mark
    lag_seconds: float
    revision: int
    policy_version: int | None
    verdict: Verdict
    plan: PlanReport
    health: Health
    primary_metric: MetricDeclaration | None
    metrics: Sequence[MetricAnalysis]
    bandit: AfterBandit | None
    contextual: ContextualReport | None


@dataclass(frozen=True, slots=True)
class PublishedVersion:
    """One published policy: fractions by ordinal, and the state from which they can be computed again.

    `checksum` is the SHA-256 of the canonical JSON (RFC 8785) of {experiment_id, version, revision, propensities in ppm,
    state}. `units` are the outcomes that it was computed from.
    """

    version: int
    parent: int | None
    revision: int
    propensities: Sequence[float]
    units: int
    published_at: dt.datetime
    checksum: str
    state: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Bandit:
    """Posteriors, shares and what the bandit has brought, as in the report; and the published versions, newest first: the state of
    each has what was known and believed of every variant then.
    """

    schema_version: int
    stale: bool
    experiment_id: str
    experiment_key: str
    name: str
    type: str
    status: str
    computed_at: dt.datetime
    watermark: Mark
    lag_seconds: float
    revision: int
    policy_version: int | None
    level: float
    prior: Prior
    primary_metric: MetricDeclaration | None
    exposures: int
    exposed_units: int
    leader: Leader | None
    variants: Sequence[VariantReport]
    bandit: AfterBandit | None
    contextual: ContextualReport | None
    missing: Mapping[str, Missing]
    versions: Sequence[PublishedVersion]
    next_cursor: str | None
