"""The control plane's bodies: what is documented as coming in, and what goes out. No rules.

What comes in is read by the domain's forms; the models of requests only describe them, and a test holds both together.
Names and shapes that the mission prints stand here as printed.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from litmus_server.domain.acting import GuardrailAction, RatioTest
from litmus_server.domain.alarm import Alarm, AlarmKind
from litmus_server.domain.audit import AuditEntry
from litmus_server.domain.draft import KEY, MOST_FORCED, MOST_VARIANTS, ExperimentType, Purpose
from litmus_server.domain.experiment import Experiment, Status, Variant
from litmus_server.domain.factors import KEY as FACTOR_KEY
from litmus_server.domain.factors import MOST_CELLS, MOST_FACTORS, MOST_LEVELS
from litmus_server.domain.factors import MOST_NAME as MOST_LEVEL_NAME
from litmus_server.domain.features import MOST_FEATURES, FeatureType
from litmus_server.domain.features import MOST_LEVELS as MOST_FEATURE_LEVELS
from litmus_server.domain.features import MOST_NAME as MOST_FEATURE_NAME
from litmus_server.domain.flag import ValueType
from litmus_server.domain.holdback import MOST_HELD, Baseline
from litmus_server.domain.metric import (
    MOST_COVARIATES,
    MOST_DESCRIPTION,
    MOST_METRICS,
    MOST_NAME,
    MOST_UNIT,
    Cap,
    Direction,
    Metric,
    MetricKind,
    Role,
)
from litmus_server.domain.plan import (
    MOST_DAYS,
    MOST_LOOKS,
    Adjustment,
    Correction,
    Method,
    NamedPrior,
    NormalPrior,
    Scope,
    SpendingShape,
)
from litmus_server.domain.ramp import LEAST_HOURS, MOST_HOURS, MOST_STEPS
from litmus_server.domain.stickiness import LEAST_SECONDS, MOST_SECONDS, Sticky
from litmus_server.domain.summary import Summary
from litmus_server.domain.weights import to_fraction

Name = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*\S[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$",
    ),
]
_Line = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$")]
Text = Annotated[str, Field(max_length=10_000, pattern=r"^[^\x00]*$")]
_Word = Annotated[
    str,
    Field(
        min_length=1,
        max_length=64,
        pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*\S[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$",
    ),
]
_MetricName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MOST_NAME,
        pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*\S[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$",
    ),
]
Key = Annotated[str, Field(pattern=f"^{KEY.pattern}$")]
_Units = Annotated[int, Field(ge=1, le=10**12)]
_Ttl = Annotated[int, Field(ge=LEAST_SECONDS, le=MOST_SECONDS)]
_STICKY = (
    "What keeps a unit's variant: `forever` the first draw, `ttl` a draw for `ttl_seconds`, `none`: each decision is a unit of its "
    "own, and `unit_type` is `decision`"
)
_FactorKey = Annotated[str, Field(pattern=f"^{FACTOR_KEY.pattern}$")]
_Factors = Annotated[list["NewFactor"], Field(min_length=2, max_length=MOST_FACTORS)]
_Features = Annotated[list["NewFeature"], Field(min_length=1, max_length=MOST_FEATURES)]
_Ramp = Annotated[list["RampStep"], Field(min_length=2, max_length=MOST_STEPS)]
_Cells = (
    Literal["all"] | Annotated[list[dict[_FactorKey, _FactorKey]], Field(min_length=2, max_length=MOST_CELLS)]
)


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewLevel(_Request):
    """One setting of a factor."""

    key: _FactorKey
    name: Annotated[_Line, Field(max_length=MOST_LEVEL_NAME)] | None = Field(None, description="Else the key")
    config: dict[str, Any] | None = Field(
        {}, description="What it adds to the config of each cell that has it"
    )


class NewFactor(_Request):
    """Something that is varied. Its first level is how it is without the experiment."""

    key: _FactorKey
    name: _Line | None = Field(None, description="Else the key")
    levels: Annotated[list[NewLevel], Field(min_length=2, max_length=MOST_LEVELS)]


class NewFeature(_Request):
    """An attribute that a contextual experiment decides by. `low` and `high` are of a number, `levels` of a category."""

    name: Annotated[_Line, Field(min_length=1, max_length=MOST_FEATURE_NAME)]
    type: FeatureType
    low: float | None = Field(None, ge=-1e15, le=1e15, description="The range that the number usually has")
    high: float | None = Field(None, ge=-1e15, le=1e15, description="Beyond its range a number is clipped")
    levels: Annotated[list[Annotated[_Line, Field(min_length=1, max_length=MOST_FEATURE_NAME)]],
                      Field(min_length=1, max_length=MOST_FEATURE_LEVELS)] | None = Field(
        None, description="The values that are told apart; all others are one"
    )  # fmt: skip
    required: bool | None = Field(
        None, description="Then a decision without it is refused; else missing is a value of its own"
    )


class RampStep(_Request):
    """A share of traffic, greater than the one before, and for how long; the last has no hours."""

    traffic: float = Field(gt=0, le=1)
    hours: float | None = Field(
        None, ge=LEAST_HOURS, le=MOST_HOURS, description="While it runs; pauses do not count"
    )


class NewVariant(_Request):
    """A variant to be. Its place in the list is its ordinal."""

    name: Name | None = Field(None, description="Required, but for cells, which are called as their levels")
    key: Key | None = Field(None, description="Derived from the name when absent")
    weight: float | None = Field(None, ge=0, le=1, description="All weights sum to 1.0")
    is_control: bool | None = Field(None, description="Else the one called control, else the first")
    config: Any = Field(
        {},
        description="Any JSON, at most 100,000 bytes; of a flag its value, of a cell by default that of its levels",
    )
    factors: dict[str, str] | None = Field(
        None, description="Of a cell: a level's key for each factor's key", examples=[{"color": "red"}]
    )


class CapRequest(_Request):
    """What a unit's total counts at most; one of both."""

    value: float | None = Field(None, ge=1e-6, le=1e12)
    quantile: float | None = Field(
        None,
        ge=0.5,
        le=1 - 1e-6,
        description="Of all variants' units with a value; frozen once 5,000 of them have one",
    )


class MetricRequest(_Request):
    """What is measured. `conversion`: did the unit do it at least once; `mean`: the sum of the unit's values; `ratio`: the sum of
    one metric ÷ that of another; `quantile`: of the units' sums.
    """

    name: _MetricName
    kind: MetricKind | None = None
    direction: Direction | None = None
    role: Literal["secondary", "guardrail"] | None = None
    window_days: float | None = Field(
        None,
        ge=60 / 86_400,
        le=365,
        description="Events that count come this soon after the first exposure; 30 by default",
    )
    window_seconds: int | None = Field(
        None, ge=60, le=365 * 86_400, description="The same in seconds; give one of both"
    )
    numerator: _MetricName | None = Field(
        None, description="Of a ratio: a metric of this experiment, a conversion or a mean"
    )
    denominator: _MetricName | None = Field(None, description="Of a ratio, likewise")
    quantile: float | None = Field(None, ge=1e-6, le=1 - 1e-6, description="Of a quantile: which one")
    cap: CapRequest | None = Field(None, description="Of a mean; the raw figures are shown beside the capped")
    margin: float | None = Field(
        None,
        ge=1e-6,
        le=100,
        description="Of a guardrail: the harm that is tolerated, as a part of the control's value",
    )
    minimum_effect: float | None = Field(
        None, ge=1e-6, le=100, description="The least lift worth having, as a part of the control's value"
    )
    unit: Annotated[_Line, Field(max_length=MOST_UNIT)] | None = Field(
        None, description="What values are shown in, such as EUR, ms, %"
    )
    description: Annotated[Text, Field(max_length=MOST_DESCRIPTION)] | None = None
    covariates: Annotated[list[_MetricName], Field(max_length=MOST_COVARIATES)] | None = Field(
        None,
        description="Further metrics whose totals before the exposure adjust it, beside its own; [] for none at all",
    )


class PrimaryMetric(MetricRequest):
    """The metric that decides."""

    role: Literal["primary"] | None = None  # type: ignore[assignment]


class Parameters(_Request):
    """Of the policy and the posteriors; which type takes which is in docs/reference/api.md."""

    prior_alpha: float | None = Field(None, ge=1e-6, le=1e9)
    prior_beta: float | None = Field(None, ge=1e-6, le=1e9)
    floor: float | None = Field(
        None,
        ge=0,
        le=0.5,
        description="Least share of each variant; 0.002 by default, 0.01 where a winner is sought, 0.001 of linear contextual types",
    )
    c: float | None = Field(
        None, ge=0.01, le=100, description="Of upper bounds: 2 is the textbook, more explores more"
    )
    epsilon: float | None = Field(None, ge=0, le=1, description="Of epsilon_greedy: 0.1 by default")
    decay: bool | None = Field(
        None, description="Of epsilon_greedy: the share starts at 1 and falls with the outcomes' cube root"
    )
    beta: float | None = Field(
        None, ge=0.01, le=1, description="Of top_two: the share of the probable best, 0.5 by default"
    )
    half_life_days: float | None = Field(
        None, ge=1 / 24, le=3_650, description="Of bandits: after so long a unit counts half"
    )
    window_days: float | None = Field(
        None, ge=1 / 24, le=3_650, description="Of bandits: after so long a unit counts no more"
    )
    mean_delay_hours: float | None = Field(
        None,
        ge=1 / 60,
        le=8_760,
        description="Of bandits with a conversion: how long it takes on average, where that is known",
    )
    learned_delays: bool | None = Field(
        None,
        description="Of bandits with a conversion: learn of each variant how long it takes, see docs/statistics/delays.md",
    )
    promotion_threshold: float | None = Field(
        None,
        ge=0.5001,
        le=1 - 1e-6,
        description="Of bandits: the probability of being the best that promotes; 0.99, or the significance_threshold that is given",
    )
    exploration: float | None = Field(
        None,
        ge=0.001,
        le=100,
        description="Of linear contextual types: 0.5 (linucb), 0.65 (lints), 4 (squarecb)",
    )
    ridge: float | None = Field(None, ge=1e-3, le=1e6, description="Of linear contextual types: 1 by default")
    early_stopping_threshold: float | None = Field(
        None,
        ge=0.5,
        le=1 - 1e-6,
        description="Probability of being the best that promotes a variant before the last look; 0.95 by default",
    )


class ActingRequest(_Request):
    """What may be done to it by itself, see docs/statistics/acting.md."""

    guardrails: GuardrailAction | None = Field(
        None, description="On evidence of harm: `pause` by default, `alarm` only, or `off`"
    )
    sample_ratio: RatioTest | None = Field(
        None, description="The test that raises the alarm: `sequential` by default, `fixed`, or `off`"
    )


class NormalPriorRequest(_Request):
    """Normal(mean, sd) of a lift."""

    mean: float | None = Field(None, ge=-1, le=1)
    sd: float | None = Field(None, ge=1e-6, le=100, description="0.05 by default")


class AnalysisRequest(_Request):
    """How it is judged, see docs/statistics/report.md. Alpha is 1 − significance_threshold."""

    method: Method | None = Field(
        None, description="`hybrid` by default when planned_units are set, else `always_valid`"
    )
    looks: int | None = Field(None, ge=1, le=MOST_LOOKS, description="Planned looks; 14 by default")
    spending: SpendingShape | None = None
    correction: Correction | None = Field(
        None, description="For several questions at once; `holm` by default"
    )
    scope: Scope | None = Field(None, description="Which questions are one family; `metric` by default")
    adjustment: Adjustment | None = Field(
        None, description="For what units did before their exposure; `lin` by default"
    )
    minimum_effect: float | None = Field(
        None, ge=1e-6, le=10, description="The lift from which on an effect is worth having"
    )
    power: float | None = Field(None, ge=0.5, le=0.999, description="0.8 by default")
    minimum_days: float | None = Field(
        None, ge=0, le=MOST_DAYS, description="How long it runs at least; 7 by default"
    )
    prior: NamedPrior | NormalPriorRequest | None = Field(
        None, description="What is believed of a lift before the first unit; Normal(0, 0.05) by default"
    )


class LayerRequest(_Request):
    """Its share of a layer: one contiguous range, which nobody else gets."""

    key: Key
    share: float = Field(ge=0.000001, le=1)


class HoldbackRequest(_Request):
    """Of a bandit: the share of its units that is drawn as if nothing had been learned, to measure what it brings."""

    share: float | None = Field(0.05, ge=0, le=MOST_HELD)
    to: Baseline | None = Field(
        Baseline.UNIFORM, description="What they get: any active variant alike, or the control"
    )


class ChangedLayer(_Request):
    """As in create; once it has started only `share` can grow, into what is free beside its range."""

    key: Key | None = None
    share: float | None = Field(None, ge=0.000001, le=1)


Condition = Annotated[
    dict[str, Any],
    Field(
        description='A condition of docs/reference/audiences.md; may name shared ones: `{"audience": "key"}`'
    ),
]
_Forced = Annotated[
    dict[str, str | None],
    Field(
        max_length=MOST_FORCED, description="Unit id → variant key, for people who test it; nothing is logged"
    ),
]


class Caused(_Request):
    """Who does this, and why."""

    actor: _Line | None = Field(
        None, description="Who does this, as the audit will say beside the token's name"
    )
    reason: Annotated[str, Field(max_length=2000, pattern=r"^[^\x00]*$")] | None = None


class CreateExperiment(Caused):
    """A new experiment, in status draft."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "name": "recommendation_algo_test",
                    "description": "Test new recommendation algorithm",
                    "traffic_allocation": 1.0,
                    "variants": [
                        {"name": "baseline", "weight": 0.5, "config": {"algo": "v1"}},
                        {"name": "new_algo", "weight": 0.5, "config": {"algo": "v2"}},
                    ],
                    "primary_metric": "watch_completion",
                }
            ]
        },
    )

    name: Name
    key: Key | None = Field(None, description="Derived from the name when absent")
    description: Text | None = None
    hypothesis: Text | None = None
    owner: _Line | None = None
    tags: Annotated[list[_Word], Field(max_length=50)] | None = None
    type: ExperimentType | None = ExperimentType.AB
    mode: Purpose | None = Field(
        None,
        description="What it is for, instead of a type: `earn` thompson_sampling, `learn` top_two, `test` ab",
    )
    unit_type: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")] | None = None
    sticky: Sticky | None = Field(None, description=_STICKY)
    ttl_seconds: _Ttl | None = Field(None, description="Of `ttl`: for how long a draw holds")
    public: bool | None = None
    traffic_allocation: float | None = Field(1.0, ge=0, le=1)
    variants: Annotated[list[NewVariant], Field(min_length=2, max_length=MOST_VARIANTS)] | None = Field(
        None, description="Required, but where factors make them, and for a boolean flag: that has off and on"
    )
    factors: _Factors | None = Field(
        None, description="Of a multivariate experiment: its cells are the variants"
    )
    cells: _Cells | None = Field(None, description="Which cells are tried: `all` by default")
    features: _Features | None = Field(None, description="Of a contextual experiment: what it decides by")
    value_type: ValueType | None = Field(None, description="Of a flag: `boolean` by default")
    starts_at: dt.datetime | None = Field(None, description="When it is to start by itself")
    ends_at: dt.datetime | None = Field(None, description="When it is to be completed by itself")
    ramp: _Ramp | None = Field(None, description="Shares of traffic, the first of which it starts with")
    primary_metric: _MetricName | PrimaryMetric | None = Field(
        None, description="`conversion` by default where shares are learned; a name alone is a conversion"
    )
    secondary_metrics: Annotated[list[_MetricName | MetricRequest], Field(max_length=MOST_METRICS)] | None = (
        Field(None, description="A name alone is a mean")
    )
    parameters: Parameters | None = None
    dimensions: Annotated[list[_Word], Field(max_length=16)] | None = Field(
        None, description="Attributes that are kept with an assignment"
    )
    planned_units: _Units | None = None
    min_sample_size: _Units | None = None
    significance_threshold: float | None = Field(0.95, ge=1e-6, le=1 - 1e-6)
    auto_promote_winner: bool | None = None
    acting: ActingRequest | None = None
    analysis: AnalysisRequest | None = None
    audience: Condition | None = None
    layer: LayerRequest | None = None
    holdout: bool | None = Field(True, description="Whether the global holdout keeps units out of it")
    holdback: HoldbackRequest | None = Field(
        None,
        description="Of a bandit; 5 % uniform by default where `mode` is `earn` and no type is named, else none",
    )
    forced: _Forced | None = None


class ChangeRequest(Caused):
    """Why, and which revision the caller has seen (409 when it is not the newest)."""

    revision: int | None = Field(None, ge=0, le=2**62)


class StatusRequest(ChangeRequest):
    """The status that the experiment is to have; with `completed`, the winner may be named."""

    status: Status
    winner_variant_id: str | None = Field(
        None, description="Id or key of the variant that everybody gets from now on"
    )


class ConcludeRequest(ChangeRequest):
    """Which variant everybody gets from now on; one of both fields, each takes an id or a key."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"winner": "treatment"}]})

    winner_variant_id: str | None = None
    winner: str | None = None


class WinnerRequest(ChangeRequest):
    """Which variant everybody gets from now on, by id or key; null: the control again."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"winner": None}]})

    winner: str | None = Field(min_length=1, max_length=200)


class ChangedVariant(_Request):
    """Of a draft: one of the whole list, as in create. Once it has started: what changes about the variant of this key or id; where
    shares are learned, a name with a key that none has adds a variant.
    """

    key: str | None = None
    id: str | None = None
    name: Name | None = None
    weight: float | None = Field(
        None, ge=0, le=1, description="All weights, with those not named, sum to 1.0"
    )
    state: Literal["active", "paused", "retired"] | None = Field(
        None,
        description="Once it has started: a paused one is not drawn, its share goes to the others in proportion; a retired one is "
        "not drawn any more for ever. Their units keep them",
    )
    is_control: bool | None = None
    config: Any = Field({}, description="Any JSON, at most 100,000 bytes")
    factors: dict[str, str] | None = Field(None, description="Of a draft only")


class _Definition(ChangeRequest):
    key: Key | None = None
    description: Text | None = None
    hypothesis: Text | None = None
    owner: _Line | None = None
    tags: Annotated[list[_Word], Field(max_length=50)] | None = None
    type: ExperimentType | None = None
    unit_type: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")] | None = None
    sticky: Sticky | None = Field(None, description=_STICKY)
    ttl_seconds: _Ttl | None = Field(None, description="Of `ttl`: for how long a draw holds")
    public: bool | None = None
    factors: _Factors | None = None
    cells: _Cells | None = Field(None, description="Of a draft: make the variants anew, as in create")
    features: _Features | None = None
    value_type: ValueType | None = None
    starts_at: dt.datetime | None = None
    ends_at: dt.datetime | None = None
    ramp: _Ramp | None = None
    traffic_allocation: float | None = Field(None, ge=0, le=1)
    primary_metric: _MetricName | PrimaryMetric | None = None
    secondary_metrics: Annotated[list[_MetricName | MetricRequest], Field(max_length=MOST_METRICS)] | None = (
        None
    )
    parameters: Parameters | None = None
    dimensions: Annotated[list[_Word], Field(max_length=16)] | None = None
    planned_units: _Units | None = None
    min_sample_size: _Units | None = None
    significance_threshold: float | None = Field(None, ge=1e-6, le=1 - 1e-6)
    auto_promote_winner: bool | None = None
    acting: ActingRequest | None = None
    analysis: AnalysisRequest | None = None
    audience: Condition | None = None
    layer: ChangedLayer | None = None
    holdout: bool | None = None
    holdback: HoldbackRequest | None = None
    forced: _Forced | None = None


class EditExperiment(_Definition):
    """What is to change, as JSON merge patch (RFC 7396): fields that are absent stay, null is the default.

    Everything of a draft. Of a running or paused one: name, description, hypothesis, owner, tags,
    min_sample_size, traffic_allocation and the layer's share upwards, audience, holdout, holdback, forced, acting, of analysis
    minimum_effect, power and minimum_days, and of variants name, weight,
    state and config. Of a completed one: name, description, hypothesis, owner, tags.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"traffic_allocation": 1.0, "variants": [{"key": "b", "state": "paused"}]}]
        },
    )

    name: Name | None = None
    variants: Annotated[list[ChangedVariant], Field(max_length=MOST_VARIANTS)] | None = None


class CloneExperiment(_Definition):
    """A new draft that says the same, but for these fields."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"name": "the same again"}]})

    name: Name
    variants: Annotated[list[NewVariant], Field(min_length=2, max_length=MOST_VARIANTS)] | None = None


class DeclareMetric(MetricRequest, ChangeRequest):
    """One more metric; what the log holds of it already is folded in soon."""

    role: Role | None = None  # type: ignore[assignment]


REQUESTS: tuple[type[BaseModel], ...] = (
    CreateExperiment,
    EditExperiment,
    CloneExperiment,
    ChangeRequest,
    StatusRequest,
    ConcludeRequest,
    WinnerRequest,
    DeclareMetric,
)
"""What `openapi.py` describes beside the answers."""


class Created(BaseModel):
    """`variants` is their number, as the mission prints it."""

    experiment_id: UUID
    experiment_key: str
    name: str
    status: Status
    variants: int
    variant_ids: dict[str, UUID]
    """By key."""
    revision: int


# These bodies are not frozen: a page of experiments makes thousands of them, and freezing would double what that costs.
@dataclass(slots=True)
class VariantBody:
    """A variant. `weight` is what it was given, or starts with, also while its `state` is paused."""

    id: UUID
    experiment_id: UUID
    key: str
    name: str
    ordinal: int
    is_control: bool
    state: str
    weight: float
    config: Any
    factors: dict[str, str] | None
    created_at: dt.datetime


@dataclass(slots=True)
class StartFailed:
    """A start that was due and could not be done; it is not tried again."""

    due_at: str
    at: str
    message: str


@dataclass(slots=True)
class RampStepBody:
    """A share of traffic, and for how many hours; the last one stays."""

    traffic: float
    hours: float | None


@dataclass(slots=True)
class RampProgress:
    """Where the ramp is (`step` from 1), and when it goes on; null before the start and from the last step on.

    While it is held or paused, `next_at` is null. `held_by` is who held it, `edit` where the traffic was set by hand, or `alarm`.
    """

    step: int
    of: int
    since: dt.datetime
    next_at: dt.datetime | None
    held_by: str | None
    held_reason: str | None
    held_at: dt.datetime | None
    alarm: str | None
    """What stands against it, whoever else holds it."""


@dataclass(slots=True)
class LevelBody:
    """One setting of a factor; `config` is what it adds to the config of each cell that has it."""

    key: str
    name: str
    config: dict[str, Any]


@dataclass(slots=True)
class FactorBody:
    """Something that is varied. Its first level is how it is without the experiment."""

    key: str
    name: str
    levels: list[LevelBody]


@dataclass(slots=True)
class CapBody:
    """What a unit's total counts at most. Of a quantile the value is null until it is frozen."""

    value: float | None
    quantile: float | None
    frozen_at: dt.datetime | None


@dataclass(slots=True)
class MetricBody:
    """A declared metric. `covariates` is null for the default: its own total before the exposure."""

    name: str
    role: Role
    kind: MetricKind
    direction: Direction
    window_seconds: int
    numerator: str | None
    denominator: str | None
    quantile: float | None
    cap: CapBody | None
    margin: float | None
    minimum_effect: float | None
    unit: str
    description: str
    covariates: list[str] | None


@dataclass(slots=True)
class HoldbackBody:
    """The share of a bandit's units that is drawn as if nothing had been learned, and what they get."""

    share: float
    to: Baseline


@dataclass(slots=True)
class LayerShareBody:
    """How much of which layer it has; which part of it that is, the layer tells."""

    key: str
    share: float


@dataclass(slots=True)
class AnalysisBody:
    """How it is judged. `method` null: hybrid when planned_units are set, else always_valid."""

    method: Method | None
    looks: int
    spending: SpendingShape
    correction: Correction
    scope: Scope
    adjustment: Adjustment
    minimum_effect: float | None
    power: float
    minimum_days: float
    prior: NamedPrior | NormalPrior


@dataclass(slots=True)
class ActingBody:
    """What may be done to it by itself."""

    guardrails: GuardrailAction
    sample_ratio: RatioTest


@dataclass(slots=True)
class PromotionBody:
    """The variant that a rule has promoted, which is no proof: how often it is wrong, `POST /power` says.

    `confidence` is the probability of being the best that the rule went by at its look `look` of `looks`. `concluded`: the experiment was
    completed with it as the winner; else it is recommended.
    """

    variant_id: UUID
    variant_key: str
    confidence: float
    rule: str
    look: int
    looks: int
    units: int
    at: dt.datetime
    concluded: bool


@dataclass(slots=True)
class ExperimentBody:
    """An experiment as it is at `revision`."""

    id: UUID
    key: str
    name: str
    description: str
    hypothesis: str
    owner: str
    tags: list[str]
    type: ExperimentType
    status: Status
    unit_type: str
    sticky: Sticky
    ttl_seconds: int | None
    public: bool
    traffic_allocation: float
    starts_at: dt.datetime | None
    ends_at: dt.datetime | None
    start_failed: StartFailed | None
    ramp: list[RampStepBody] | None
    ramp_progress: RampProgress | None
    factors: list[FactorBody] | None
    features: list[dict[str, Any]] | None
    """Of a contextual experiment, as they were declared, with all defaults."""
    value_type: ValueType | None
    salt: str
    epoch: int
    revision: int
    primary_metric: str | None
    metrics: list[MetricBody]
    parameters: dict[str, float | bool]
    dimensions: list[str]
    planned_units: int | None
    min_sample_size: int | None
    significance_threshold: float
    auto_promote_winner: bool
    acting: ActingBody
    analysis: AnalysisBody
    promotion: PromotionBody | None
    audience: dict[str, Any] | None
    layer: LayerShareBody | None
    holdout: bool
    holdback: HoldbackBody | None
    forced: dict[str, str]
    winner_variant_id: UUID | None
    cloned_from: UUID | None
    created_at: dt.datetime
    updated_at: dt.datetime
    started_at: dt.datetime | None
    completed_at: dt.datetime | None
    archived_at: dt.datetime | None
    variants: list[VariantBody]


@dataclass(slots=True)
class ExperimentList:
    """One page; `count` experiments are on it, `total` on all. `next_cursor` is null on the last.

    `summaries` by experiment id, where they are asked for, of those that have a report.
    """

    experiments: list[ExperimentBody]
    count: int
    total: int
    next_cursor: str | None
    summaries: dict[UUID, Summary] | None = None


class Changed(BaseModel):
    """What the experiment is after the change, or was already."""

    experiment_id: UUID
    experiment_key: str
    status: Status
    revision: int
    winner_variant_id: UUID | None
    updated_at: dt.datetime
    archived_at: dt.datetime | None


class Deleted(BaseModel):
    """A draft that is no more; its name and key are free."""

    experiment_id: UUID
    experiment_key: str
    deleted: Literal[True] = True
    revision: int


class AlarmBody(BaseModel):
    """Something that was found wrong. It stands while `cleared_at` is null.

    `kind` is sample_ratio or guardrail, and `metric` names the guardrail. `evidence` has the numbers that the rule went by.
    `acknowledged_by` is the person who bore with it; null where it stands, or became right by itself.
    """

    id: int
    kind: AlarmKind
    metric: str | None
    raised_at: dt.datetime
    message: str
    evidence: dict[str, Any]
    cleared_at: dt.datetime | None
    acknowledged_by: str | None


class AlarmList(BaseModel):
    """Newest first. `next_cursor` is null on the last page."""

    experiment_id: UUID
    alarms: list[AlarmBody]
    count: int
    next_cursor: str | None


class AuditBody(BaseModel):
    """One change. `principal` is proven by the token, `actor` is what the caller said.

    `subject` says what was changed, `key` what that was called then. `before` and `after` hold what differs, and null where
    there was nothing.
    """

    id: int
    at: dt.datetime
    subject: str
    experiment_id: UUID | None
    key: str
    action: str
    principal: str
    actor: str | None
    reason: str | None
    request_id: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    evidence: dict[str, Any] | None
    """The numbers that a rule went by, or the alarm that a person bore with; null of all else that people do."""


class AuditList(BaseModel):
    """Newest first. `next_cursor` is null on the last page."""

    experiment_id: UUID
    entries: list[AuditBody]
    count: int
    next_cursor: str | None


class Trail(BaseModel):
    """Newest first. `next_cursor` is null on the last page."""

    entries: list[AuditBody]
    count: int
    next_cursor: str | None


class Meta(BaseModel):
    """What this deployment is."""

    name: Literal["litmus"] = "litmus"
    version: str
    api_version: Literal["v1"] = "v1"
    environment: Literal["production", "development"]
    dashboard_url: str | None
    features: list[str]


def from_experiment(experiment: Experiment) -> ExperimentBody:
    """As `GET /experiments/{id}` answers it."""
    primary, layer = experiment.primary, experiment.layer
    return ExperimentBody(
        id=experiment.id,
        key=experiment.key,
        name=experiment.name,
        description=experiment.description,
        hypothesis=experiment.hypothesis,
        owner=experiment.owner,
        tags=list(experiment.tags),
        type=experiment.type,
        status=experiment.status,
        unit_type=experiment.unit_type,
        sticky=experiment.sticky,
        ttl_seconds=experiment.ttl_seconds,
        public=experiment.public,
        traffic_allocation=to_fraction(experiment.traffic),
        starts_at=experiment.starts_at,
        ends_at=experiment.ends_at,
        start_failed=None if experiment.start_failed is None else StartFailed(**experiment.start_failed),
        ramp=None
        if experiment.ramp is None
        else [RampStepBody(to_fraction(each.traffic), each.hours) for each in experiment.steps],
        ramp_progress=_from_progress(experiment),
        factors=None if experiment.factors is None else [_from_factor(each) for each in experiment.factors],
        features=None if experiment.features is None else [dict(each) for each in experiment.features],
        value_type=None if experiment.value_type is None else ValueType(experiment.value_type),
        salt=experiment.salt,
        epoch=experiment.epoch,
        revision=experiment.revision,
        primary_metric=None if primary is None else primary.name,
        metrics=[_from_metric(metric) for metric in experiment.metrics],
        parameters=dict(experiment.parameters),
        dimensions=list(experiment.dimensions),
        planned_units=experiment.planned_units,
        min_sample_size=experiment.min_sample_size,
        significance_threshold=experiment.significance,
        auto_promote_winner=experiment.auto_promote,
        acting=ActingBody(experiment.acting.guardrails, experiment.acting.sample_ratio),
        analysis=AnalysisBody(*(getattr(experiment.analysis, each.name) for each in fields(AnalysisBody))),
        promotion=_from_promotion(experiment),
        audience=None if experiment.audience is None else dict(experiment.audience),
        layer=None if layer is None else LayerShareBody(layer.key, to_fraction(layer.share)),
        holdout=experiment.holdout,
        holdback=None
        if experiment.holdback is None
        else HoldbackBody(to_fraction(experiment.holdback.share), experiment.holdback.to),
        forced=dict(experiment.forced),
        winner_variant_id=experiment.winner_variant_id,
        cloned_from=experiment.cloned_from,
        created_at=experiment.created_at,
        updated_at=experiment.updated_at,
        started_at=experiment.started_at,
        completed_at=experiment.completed_at,
        archived_at=experiment.archived_at,
        variants=[_from_variant(variant, experiment) for variant in experiment.variants],
    )


def from_created(experiment: Experiment) -> Created:
    """As `POST /experiments` answers it."""
    return Created(
        experiment_id=experiment.id,
        experiment_key=experiment.key,
        name=experiment.name,
        status=experiment.status,
        variants=len(experiment.variants),
        variant_ids={variant.key: variant.id for variant in experiment.variants},
        revision=experiment.revision,
    )


def from_changed(experiment: Experiment) -> Changed:
    """As a change of the status answers it."""
    return Changed(
        experiment_id=experiment.id,
        experiment_key=experiment.key,
        status=experiment.status,
        revision=experiment.revision,
        winner_variant_id=experiment.winner_variant_id,
        updated_at=experiment.updated_at,
        archived_at=experiment.archived_at,
    )


def from_alarm(alarm: Alarm) -> AlarmBody:
    """One alarm, whether it stands or stood."""
    return AlarmBody(
        id=alarm.id,
        kind=alarm.kind,
        metric=alarm.metric,
        raised_at=alarm.raised_at,
        message=alarm.message,
        evidence=dict(alarm.evidence),
        cleared_at=alarm.cleared_at,
        acknowledged_by=alarm.acknowledged_by,
    )


def from_audit(entry: AuditEntry) -> AuditBody:
    """One entry of an audit trail."""
    return AuditBody(
        id=entry.id,
        at=entry.at,
        subject=entry.subject,
        experiment_id=entry.experiment_id,
        key=entry.key,
        action=entry.action,
        principal=entry.principal,
        actor=entry.actor,
        reason=entry.reason,
        request_id=entry.request_id,
        before=None if entry.before is None else dict(entry.before),
        after=None if entry.after is None else dict(entry.after),
        evidence=None if entry.evidence is None else dict(entry.evidence),
    )


def _from_variant(variant: Variant, experiment: Experiment) -> VariantBody:
    return VariantBody(
        id=variant.id,
        experiment_id=experiment.id,
        key=variant.key,
        name=variant.name,
        ordinal=variant.ordinal,
        is_control=variant.is_control,
        state=variant.state,
        weight=to_fraction(variant.weight),
        config=variant.config,
        factors=None if variant.factors is None else dict(variant.factors),
        created_at=variant.created_at,
    )


def _from_promotion(experiment: Experiment) -> PromotionBody | None:
    promotion = experiment.promotion
    if promotion is None:
        return None
    return PromotionBody(
        variant_id=UUID(promotion.variant_id),
        variant_key=promotion.variant_key,
        confidence=promotion.confidence,
        rule=promotion.rule,
        look=promotion.look,
        looks=promotion.looks,
        units=promotion.units,
        at=promotion.at,
        concluded=promotion.concluded,
    )


def _from_progress(experiment: Experiment) -> RampProgress | None:
    progress = experiment.progress
    if progress is None:
        return None
    hold = progress.held or progress.alarm
    return RampProgress(
        step=progress.step + 1,
        of=len(experiment.steps),
        since=progress.since,
        next_at=experiment.raised_at,
        held_by=None if hold is None else hold.by,
        held_reason=None if hold is None else hold.reason,
        held_at=None if hold is None else hold.at,
        alarm=None if progress.alarm is None else progress.alarm.reason,
    )


def _from_factor(factor: Mapping[str, Any]) -> FactorBody:
    return FactorBody(factor["key"], factor["name"], [LevelBody(**level) for level in factor["levels"]])


def _from_metric(metric: Metric) -> MetricBody:
    return MetricBody(
        name=metric.name,
        role=metric.role,
        kind=metric.kind,
        direction=metric.direction,
        window_seconds=metric.window_seconds,
        numerator=metric.numerator,
        denominator=metric.denominator,
        quantile=metric.quantile,
        cap=None if metric.cap is None else _from_cap(metric.cap),
        margin=metric.margin,
        minimum_effect=metric.minimum_effect,
        unit=metric.unit,
        description=metric.description,
        covariates=None if metric.covariates is None else list(metric.covariates),
    )


def _from_cap(cap: Cap) -> CapBody:
    return CapBody(None if cap.value is None else cap.value / 1e6, cap.quantile, cap.frozen_at)
