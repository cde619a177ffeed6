"""Promotion by a bandit: the leader gets all traffic once it is probably enough the best, after time and traffic enough; and where
features decide, the policy does, once it is certain that it brings more than what its holdback gets.

Being promoted is no proof. Two equal arms pass any threshold of this kind sooner or later, and to choose between equals costs
nothing; so the rule may look at every moment, and promises no rate of errors.
"""

from collections.abc import Mapping
from typing import Any

from litmus.decide import BUCKETS

from litmus_server.bandits.held_back import Brought, brought
from litmus_server.bandits.modes import DAY, MODES, PromotionRule, Waiting
from litmus_server.bandits.version import needs_sheet, state_of
from litmus_server.domain.draft import Purpose, purpose_of
from litmus_server.domain.metric import Direction, MetricKind
from litmus_server.domain.policy import PolicyState, Watermark
from litmus_server.rules.act import EndHoldback, Promote
from litmus_server.rules.observation import Observation
from litmus_server.stats.critical import AlwaysValid
from litmus_server.stats.sheet import Waiting as SumsWaiting

RULE = "bandit"


def rule_of(observed: Observation) -> PromotionRule | None:
    """The experiment's own threshold and minima, else those of its mode; None where nothing is promoted."""
    experiment = observed.experiment
    mode = MODES[purpose_of(experiment.type) or Purpose.TEST].promotion
    if mode is None or not experiment.adaptive:
        return None
    return PromotionRule(
        threshold=float(experiment.parameters.get("promotion_threshold", mode.threshold)),
        least_units=experiment.min_sample_size or mode.least_units,
        least_age=experiment.analysis.minimum_days * DAY,
    )


def judge(observed: Observation) -> Promote | EndHoldback | tuple[str, int]:
    """What follows, or why nothing does; a bandit plans no looks, so that their number stays."""
    experiment, taken, rule = observed.experiment, observed.looks, rule_of(observed)
    if rule is None:
        return f"{experiment.type} promotes nothing", taken
    hindered = observed.promotes_nothing()
    if hindered is not None:
        return hindered, taken
    if experiment.type.contextual:
        promoted = _policy(observed, rule)
        return promoted if isinstance(promoted, EndHoldback) else (promoted, taken)
    units = [observed.sheet.exposed(variant.ordinal) for variant in experiment.variants]
    if sum(units) < rule.least_units or observed.age < rule.least_age:
        # Why is said without a posterior, which costs more than all else here.
        waiting = rule.judge([1.0] + [0.0] * (len(units) - 1), units, observed.age)
        assert isinstance(waiting, Waiting)
        return waiting.because, taken
    known = _known(observed, units)
    if known is None:
        return "the sums of the primary metric are being made", taken
    wins = [each.win_probability for each in known.variants]
    if sum(win is not None for win in wins) < 2:
        return "fewer than two variants have a posterior", taken
    said = rule.judge(wins, [each.n for each in known.variants], observed.age)
    if isinstance(said, Waiting):
        return said.because, taken
    leader = experiment.variants[said.ordinal]
    message = (
        f"{leader.key} is the best with a probability of {said.win_probability:.1%}, and {rule.threshold:.1%} promotes after "
        f"{rule.least_units:,} units and {rule.least_age / DAY:g} days"
    )
    evidence = {
        "threshold": rule.threshold,
        "least_units": rule.least_units,
        "least_seconds": rule.least_age,
        "seconds": observed.age,
        "units": sum(units),
        "variants": {variant.key: _document(known, variant.ordinal) for variant in experiment.variants},
    }
    return Promote(RULE, said.ordinal, said.win_probability, 1, 1, sum(units), message, evidence)


def _policy(observed: Observation, rule: PromotionRule) -> EndHoldback | str:
    """Every unit may have a best variant of its own, so no variant is promoted: the policy is, against its holdback."""
    experiment, holdback = observed.experiment, observed.experiment.holdback
    if holdback is None:
        return f"{experiment.type} promotes no variant, and nobody is held back whom the policy could be held against"
    metric = experiment.primary
    groups = [each for each in observed.held if each.baseline is holdback.to]
    units = sum(each.units for each in groups)
    if metric is None or units < rule.least_units or observed.age < rule.least_age:
        waiting = rule.judge([1.0], [units], observed.age)
        return waiting.because if isinstance(waiting, Waiting) else "it has no primary metric"
    found = brought(
        groups,
        AlwaysValid.of_units(units, experiment.planned_units, experiment.alpha),
        alpha=experiment.alpha,
        binary=metric.kind is MetricKind.CONVERSION,
        higher_is_better=metric.direction is Direction.INCREASE,
    )
    if not isinstance(found, Brought):
        return found.reason
    level = f"{1 - experiment.alpha:.10g}"
    more = "more" if metric.direction is Direction.INCREASE else "less"
    if not found.lower > 0:
        return f"that the policy brings more than its holdback is not certain at {level}: {found.lower:.4g} to {found.upper:.4g} in all"
    if not experiment.auto_promote:
        return (
            "the policy brings more than its holdback; auto_promote_winner is off, so that a person decides"
        )
    evidence = {
        "to": str(holdback.to),
        "share": holdback.share / BUCKETS,
        "units": units,
        "held_units": sum(each.units for each in groups if each.held),
        "brought": found.estimate,
        "lower": found.lower,
        "upper": found.upper,
        "level": 1 - experiment.alpha,
        "seconds": observed.age,
    }
    message = (
        f"the policy brought {found.estimate:.4g} ({found.lower:.4g} to {found.upper:.4g}, at every look, {level}) {more} of {metric.name} than if "
        f"all {units:,} units had been held back ({holdback.to}); from now on nobody is"
    )
    return EndHoldback(RULE, message, evidence)


def _known(observed: Observation, units: list[int]) -> PolicyState | None:
    """What the bandit itself goes by: old units faded and delays corrected for, as its parameters say."""
    metric = observed.experiment.primary
    assert metric is not None
    if observed.sheet.measures[metric.id].waiting is SumsWaiting.FOLD:
        return None
    seen = [observed.sheet.arm(metric.id, variant.ordinal).seen for variant in observed.experiment.variants]
    return state_of(
        observed.entry,
        Watermark(observed.seq, None),
        units,
        seen,
        [0] * len(units),
        observed.sheet if needs_sheet(observed.entry) else None,
        observed.now.timestamp(),
    )


def _document(known: PolicyState, ordinal: int) -> Mapping[str, Any]:
    variant = known.variants[ordinal]
    names = ("units", "n", "alpha", "beta", "sd", "expected", "lower", "upper")
    return {name: getattr(variant, name) for name in names} | {"probability": variant.win_probability}
