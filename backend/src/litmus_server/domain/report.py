"""The report: one document a person decides from. Its classes are its schema; it knows no method and no storage.

Absence is typed, in one style: a number that cannot be is null, and `missing` of the same object names the field and
says why. Nothing is rounded. Shares, rates, lifts and probabilities are fractions: 0.05 is 5 %. Objects without `missing` have
a null only where their text says what it means.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from litmus_server.domain.series import EffectSeries, Series

SCHEMA_VERSION = 2
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
    NO_DELAY = (
        "no_delay"  # nothing says how long conversions take, so all that are in are all that is counted on
    )
    NO_FLOOR = "no_floor"  # an arm may get nothing at all
    NO_HOLDBACK = "no_holdback"  # no unit is held back
    TOO_FEW_UNITS = "too_few_units"  # the figure needs more units, or more that have a value
    WINDOWS_OPEN = "windows_open"  # no unit's attribution window has closed yet
    NOT_OPEN = "not_open"  # the start rule: the normal approximation does not hold yet
    NO_VARIANCE = "no_variance"  # all units of an arm have the same value
    NO_BASELINE = (
        "no_baseline"  # control is zero, or not far enough from it, so that a fraction of it says nothing
    )
    UNBOUNDED = "unbounded"  # nothing can be said of this end yet: every value beyond it is still possible
    NOT_SIGNIFICANT = "not_significant"  # it may be either
    NOT_STOPPED = "not_stopped"  # the plan is not over, and no look has crossed its boundary
    CONTRADICTION = "contradiction"  # what was measured at different times has nothing in common
    NOT_PLANNED = "not_planned"  # the experiment has no planned_units
    NO_MINIMUM_EFFECT = "no_minimum_effect"  # nobody has said which effect is worth having
    NO_RULE = "no_rule"  # no rule acts by itself
    NO_FAMILY = "no_family"  # the question stands alone, or nothing is corrected
    NO_FORECAST = "no_forecast"  # no units come, or no whole day is over
    NOT_A_GUARDRAIL = "not_a_guardrail"  # the metric's role is another
    NOT_SUPPORTED = "not_supported"  # the figure is not computed for this kind of metric
    OWN_SHARES = "own_shares"  # every unit had shares of its own, so the units of two variants differ by more than the variant
    SAME_SHARES = "same_shares"  # one set of shares is for all units: `bandit` and effects say all there is
    NO_SUMS = "no_sums"  # the log has not been folded for this figure yet
    NOT_COMPUTED = "not_computed"  # no worker has answered


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
    description: str = ""
    unit: str = ""
    """What its values are in, for display: "EUR", "ms"."""
    margin: float | None = None
    """Of a guardrail: the harm that is borne, as a fraction of control. Null: none is."""


# ── the verdict ──────────────────────────────────────────────────────────────────────────────────────────────────────


class VerdictValue(StrEnum):
    """What to do, in one word; a closed list."""

    COLLECTING = "collecting"  # there is not enough yet to say anything
    KEEP_WAITING = "keep_waiting"  # there is something to say, and it is too early to act on it
    SHIP = "ship"  # the variant `subject` is better
    NO_DIFFERENCE = (
        "no_difference"  # there is no difference worth having, or none was found by the plan's end
    )
    STOP_GUARDRAIL = "stop_guardrail"  # the variant `subject` harms the guardrail `metric`
    FIX_SAMPLE_RATIO = (
        "fix_sample_ratio"  # units are not split as the weights say: nothing else here can be trusted
    )

    @property
    def action(self) -> str:
        """The same in the words of the worker's dialect."""
        return {
            VerdictValue.COLLECTING: "continue",
            VerdictValue.KEEP_WAITING: "continue",
            VerdictValue.SHIP: "conclude_winner",
            VerdictValue.NO_DIFFERENCE: "conclude_no_winner",
            VerdictValue.STOP_GUARDRAIL: "stop_guardrail",
            VerdictValue.FIX_SAMPLE_RATIO: "fix_sample_ratio",
        }[self]


@dataclass(frozen=True, slots=True)
class Choice:
    """One variant that could be shipped now, and what choosing it is expected to cost on the primary metric.

    `expected_loss` is how much worse than the best variant it is expected to be, counting as 0 where it is the best, in the
    metric's units; `lift` is that as a fraction of control's mean.
    """

    variant_id: str
    variant_key: str
    is_control: bool
    expected_loss: float | None
    expected_loss_lift: float | None
    missing: Mapping[str, Missing] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a person should do, before any number.

    `sentence` says it; `reasons` are further sentences, the most important first. `subject` is the key of the variant that it is
    about, `metric` the name of the metric; null where it is about none. `proven` is true only where the interval that holds at
    every look at once says so: a high chance to win never is. `until` is when waiting ends at the earliest, null where nothing
    but more units ends it. `action` is the same in the words of the worker's dialect.
    """

    value: VerdictValue
    action: str
    sentence: str
    subject: str | None
    metric: str | None
    proven: bool
    reasons: Sequence[str]
    choices: Sequence[Choice]
    until: dt.datetime | None


@dataclass(frozen=True, slots=True)
class PlanReport:
    """How this experiment is judged, and how far it is.

    `method`, `alpha`, `power`, `looks` (planned ones), `spending`, `correction`, `scope`, `adjustment`, `minimum_effect` (a lift) and
    `prior` are the settings `analysis` in force. `minimum_seconds` is the time that it runs at least, `ready_at` when that is
    over. `units_left` and `seconds_left` say how many more exposed units, and how long at the present pace, until the plan's
    end; without planned units, until an effect of `minimum_effect` would be found with `power`. `false_alarm_rate` is that
    of the rule that acts by itself, over the whole plan.
    """

    method: str
    alpha: float
    power: float
    looks: int
    spending: str
    correction: str
    scope: str
    adjustment: str
    prior: "LiftPrior"
    minimum_effect: float | None
    minimum_seconds: int
    ready_at: dt.datetime | None
    planned_units: int | None
    units_left: int | None
    seconds_left: int | None
    false_alarm_rate: float | None
    missing: Mapping[str, Missing] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LiftPrior:
    """Normal(mean, sd) of a lift; what beliefs start from. `flat`: every lift is equally probable, and `sd` is null.

    Under a flat prior looking often is no longer safe: the more looks, the more chances to be wrong.
    """

    mean: float
    sd: float | None
    flat: bool


# ── health ───────────────────────────────────────────────────────────────────────────────────────────────────────────


class CheckStatus(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"  # somebody should look at it
    FAILED = "failed"  # the results cannot be trusted
    UNKNOWN = "unknown"  # there is not enough yet to tell


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that could be wrong. `name` is one of a closed list: see docs/statistics/report.md."""

    name: str
    status: CheckStatus
    sentence: str


@dataclass(frozen=True, slots=True)
class ArmRatio:
    """How many units one variant has, against what the weights say.

    `residual` is (counted − expected) in standard deviations, null where the weight leaves chance no room; `p_value` is
    always valid, adjusted over the variants. `stray`: it has units while its weight was 0.
    """

    variant_id: str
    variant_key: str
    counted: int
    expected: float
    residual: float | None
    p_value: float
    stray: bool


@dataclass(frozen=True, slots=True)
class SampleRatioReport:
    """Do units arrive in the variants as the weights, or the propensities of each policy version, say?

    `p_value` is always valid: looking often is safe. `mismatch`: it is at most `alpha` and some share is off by 0.2 percentage
    points, or a variant is stray. `largest_deviation` is of a share. `chi_squared`, `df` and `fixed_p_value` are Pearson's test,
    which is right for one look at a planned moment, and for no other.
    """

    mismatch: bool | None
    alpha: float
    p_value: float | None
    largest_deviation: float | None
    chi_squared: float | None
    df: int | None
    fixed_p_value: float | None
    arms: Sequence[ArmRatio]
    missing: Mapping[str, Missing] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StandingAlarm:
    """Something that was found wrong, and is not right again. `kind` is sample_ratio or guardrail; `metric` names the guardrail."""

    id: int
    kind: str
    metric: str | None
    raised_at: dt.datetime
    message: str


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the figures below can be trusted. `status` is the worst of the checks that could be made.

    `crossovers` are events that claimed another variant than the stored one; `rejected` counts all rejected events of this
    experiment by reason.
    """

    status: CheckStatus
    sample_ratio: SampleRatioReport
    checks: Sequence[Check]
    crossovers: int
    rejected: Mapping[str, int]
    alarms: Sequence[StandingAlarm]


# ── effects ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and its interval, which holds the truth with probability `level`. A null end: every value beyond is possible."""

    estimate: float | None
    lower: float | None
    upper: float | None
    level: float
    missing: Mapping[str, Missing] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Adjusted:
    """The same answer when the questions of its family count together; what `significant` goes by.

    `method` is holm or benjamini_hochberg, `family` the number of questions in it; the intervals are at the level at which one
    leaves out zero exactly where the adjusted p-value is at most alpha.
    """

    p_value: float
    method: str
    family: int
    difference: Estimate
    lift: Estimate


@dataclass(frozen=True, slots=True)
class Belief:
    """What is believed of an effect, given the prior of the lift.

    `chance_to_win` is the probability that the variant is better than control. `expected_loss` is how much worse than control
    choosing the variant is expected to be, counting as 0 where it is better, in the metric's units; `expected_loss_of_control`
    the other way round. `interval` is of the lift, equal-tailed. `rope` is the half-width of the region of lifts that
    are as good as none, `in_rope`, `benefit` and `harm` the probabilities of being inside, better and worse.
    """

    chance_to_win: float
    expected_loss: float
    expected_loss_of_control: float
    interval: CredibleInterval
    rope: float
    in_rope: float
    benefit: float
    harm: float
    prior: LiftPrior


@dataclass(frozen=True, slots=True)
class GuardrailState:
    """`state`: ok (worse by less than the margin, shown), harmed (worse by more, shown), or unclear. `margin` is a lift ≥ 0."""

    margin: float
    state: str


@dataclass(frozen=True, slots=True)
class Alternative:
    """The same question answered otherwise, for comparison; never what the verdict goes by. `why` says what it is for.

    `name`: unadjusted, raw (without the cap), sample_mean (biased after a bandit), narrow (after a bandit), always_valid.
    """

    name: str
    difference: Estimate
    lift: Estimate
    p_value: float | None
    biased: bool
    why: str
    missing: Mapping[str, Missing] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Look:
    """A look that was taken; a fact, kept for ever. `information_fraction` is of the plan; the interval is of the difference, at
    the planned looks' share of alpha.
    """

    number: int
    taken_at: dt.datetime
    information_fraction: float
    units: int
    estimate: float
    lower: float | None
    upper: float | None
    p_value: float


@dataclass(frozen=True, slots=True)
class Start:
    """Whether monitoring may begin. `reason` is a sentence, empty when it may."""

    open: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Windows:
    """Exposed units of both arms whose attribution window has closed, and others. `closes_at`: the next one to close."""

    matured_units: int
    open_units: int
    closes_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Effect:
    """One variant against control on one metric.

    `population`: "matured", only units whose attribution window has closed count, or "all". `units` and `control_units` are of
    that population. `difference` is variant − control in the metric's units, `lift` that as a fraction of |control|; both
    come from one contrast, so that an interval leaves out zero exactly where `p_value` is below `alpha`. `mean` and
    `control_mean` are that population's, as the contrast has them; `standard_error` is of the difference. `statistic` is the
    distance from no effect in standard errors, `critical_value` the one from which on it is significant.
    `significant` counts the correction for several questions in. `better`: significant, and in the metric's direction, or
    significant and against it (false); null where nothing is known.
    `method` is what was used here: hybrid, group_sequential, always_valid, fixed, exact (the conditional multinomial test
    of conversions), after_bandit. `alpha_spent` is how much of alpha the looks so far have used up, `looks` those that were
    taken. `information_fraction` is of the plan. `median_unbiased` is the estimate of the difference that is as often too
    high as too low after looks have been taken. `alternatives` answer the same question otherwise. `notes` say in sentences
    what is missing and why.
    """

    variant_id: str
    variant_key: str
    control_key: str
    population: str
    units: int
    control_units: int
    mean: float | None
    control_mean: float | None
    difference: Estimate
    lift: Estimate
    standard_error: float | None
    p_value: float | None
    statistic: float | None
    critical_value: float | None
    significant: bool
    better: bool | None
    adjusted: Adjusted | None
    method: str
    alpha: float
    alpha_spent: float | None
    looks: Sequence[Look]
    information_fraction: float | None
    median_unbiased: float | None
    start: Start
    windows: Windows
    belief: Belief | None
    guardrail: GuardrailState | None
    alternatives: Sequence[Alternative]
    biased: bool
    notes: Sequence[str]
    missing: Mapping[str, Missing] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NamedTest:
    """A test that people ask for by its name: welch_t, student_t, two_proportion_z (of one variant) or chi_squared (of all).

    Right for one look at a planned moment, and for no other: the verdict never goes by it. `variant_key` is null for all variants
    together; `df` null where the statistic is normal.
    """

    name: str
    variant_key: str | None
    statistic: float | None
    df: float | None
    p_value: float | None
    reason: str
    """Why there is none; empty when there is."""


@dataclass(frozen=True, slots=True)
class FactorChange:
    """One factor at `level` instead of at `base`."""

    factor: str
    level: str
    base: str


@dataclass(frozen=True, slots=True)
class FactorEffect:
    """Of a multivariate experiment: the main effect of one change, or the interaction of two.

    An interaction is how much the first change's effect differs where the second is made too. `p_value` counts all effects
    of the metric as one family. `combinations` of the other factors are averaged over.
    """

    changes: Sequence[FactorChange]
    difference: Estimate
    p_value: float | None
    significant: bool
    combinations: int
    missing: Mapping[str, Missing] = field(default_factory=dict)


# ── after a bandit ───────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class BanditArm:
    """One arm on the primary metric: `mean` by inverse propensities (AIPW), which holds after a bandit, and the plain
    `sample_mean`, which is biased: an arm that began badly was not looked at again.

    `posterior` is what the policy goes by: the mean that is expected of the arm, and the interval that holds it with
    probability `level`, with old units faded and delays corrected for as the parameters say. `at_floor`: it would get less
    without the floor. `arrived` is the share of its units' expected conversions that is in, `to_come` how many are still
    expected, and `mean_delay_hours` how long they take, as declared or as learned of this arm; all are null where no delay is
    declared or learned.
    """

    variant_id: str
    variant_key: str
    units: int
    mean: Estimate
    sample_mean: Estimate
    posterior: Estimate
    at_floor: bool
    arrived: float | None
    to_come: float | None
    mean_delay_hours: float | None
    missing: Mapping[str, Missing] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FloorReport:
    """The floor: the least `share` of each active arm, what all of them keep from the leader (`given_away`), and what that
    buys: half the width of the 95 % interval of an arm that was at the floor for all units so far, in the metric's units.
    """

    share: float
    given_away: float
    half_width: float | None
    missing: Mapping[str, Missing] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HoldbackReport:
    """What the bandit has brought against its holdback, the `share` of units that is drawn as if nothing had been learned: any active
    variant alike (`to` is uniform) or the control.

    `brought` is of all units so far, in conversions or in the metric's units (less, where lower is better); `per_unit` is the same
    for one unit that is not held back. Both intervals may be watched.
    """

    share: float
    to: str
    brought: Estimate
    per_unit: Estimate


@dataclass(frozen=True, slots=True)
class AfterBandit:
    """What can be said of the arms although the data chose how often each was drawn. `batches` are stretches of one policy.

    `saved` is how much more these units brought than an equal split of them would have (less, where lower is better), in
    conversions or in the metric's units; its interval may be watched. `exploring` is the share of the traffic that the
    leading arm does not get.
    """

    metric_name: str
    batches: int
    units: int
    arms: Sequence[BanditArm]
    saved: Estimate
    holdback: HoldbackReport | None
    exploring: float | None
    floor: FloorReport
    missing: Mapping[str, Missing] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ContextualReport:
    """What a policy has brought that decides by features, and so by shares of each unit's own: no variant has a mean to compare.

    Units that are held back are a random share of all, whatever their features: `learned` is the mean of the primary metric of all
    others, `held` that of theirs (conversions a unit, or the metric's units), with intervals for one look; those of `holdback` may be
    watched. `learned_units` and `held_units` are exposed ones. All four are of those whose holdback had the same `to`.
    """

    metric_name: str
    learned_units: int
    held_units: int
    learned: Estimate
    held: Estimate
    holdback: HoldbackReport


# ── what was counted ─────────────────────────────────────────────────────────────────────────────────────────────────


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
    """One declared metric; variants by ordinal.

    `effects` are those of all variants but control, by ordinal. `factors` are the effects of a multivariate experiment's
    factors, empty for others. `tests` are the textbook's, by name. `series` is how each lift and its interval moved.
    """

    metric: MetricDeclaration
    variants: Sequence[VariantMetric]
    effects: Sequence[Effect]
    factors: Sequence[FactorEffect]
    tests: Sequence[NamedTest]
    series: Sequence[EffectSeries]


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
    expected_rate: float | None
    missing: Mapping[str, Missing] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """Computed once for each state of an experiment: watermark, revision, policy version.

    `stale` true: something newer is known, and nobody has computed the report of it yet. `lag_seconds` is the age of the
    oldest event that was not folded when this was computed; 0 when all were. `policy_version` is null under fixed
    weights. `epoch` counts, from 1, the changes of fixed weights and of the audience: above it, units were drawn with
    different shares, or from others. `level` is that of the credible intervals of rates.
    `changes_at`: when it will say something else although nothing happens, because a window closes or a time is over; null:
    never. `variants` by ordinal.
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
    changes_at: dt.datetime | None
    watermark: Mark
    lag_seconds: float
    revision: int
    epoch: int
    policy_version: int | None
    verdict: Verdict
    plan: PlanReport
    health: Health
    level: float
    prior: Prior
    primary_metric: MetricDeclaration | None
    exposures: int
    exposed_units: int
    leader: Leader | None
    variants: Sequence[VariantReport]
    metrics: Sequence[MetricReport]
    bandit: AfterBandit | None
    contextual: ContextualReport | None
    undeclared: Undeclared
    series: Series | None
    missing: Mapping[str, Missing] = field(default_factory=dict)
