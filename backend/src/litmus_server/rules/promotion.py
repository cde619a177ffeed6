"""Promotion by a posterior: a variant whose probability of being the best reaches a threshold is promoted.

Being promoted is no proof. The rule looks a planned number of times, so that how often it promotes something when nothing
differs can be said beforehand (`false_alarm_rate`), and is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from litmus_server.domain.draft import ExperimentType
from litmus_server.domain.experiment import Experiment
from litmus_server.domain.metric import Direction
from litmus_server.rules.act import Promote
from litmus_server.rules.observation import Observation
from litmus_server.stats.false_alarms import Look, false_alarms
from litmus_server.stats.pbest import pbest_beta

RULE = "bayesian_ab"
MINIMUM = 1_000
"""Exposed units in all that the rule waits for where the experiment names no `min_sample_size`."""

_FAR = 10**15  # units that nobody will ever have


@dataclass(frozen=True, slots=True)
class Looks:
    """The plan of the rule: from how many exposed units in all each look is taken, and which probability promotes there."""

    units: tuple[int, ...]
    thresholds: tuple[float, ...]

    def due(self, units: int) -> int:
        """How many of them these units have reached."""
        return sum(units >= each for each in self.units)


def looks_of(experiment: Experiment) -> Looks:
    """Equal steps of the planned units, or, where none are planned, doublings from the minimum on.

    Before the last look a variant needs `early_stopping_threshold`, at the last one `significance_threshold`.
    """
    return planned_looks(
        experiment.planned_units,
        experiment.min_sample_size,
        experiment.analysis.looks,
        early=experiment.parameters["early_stopping_threshold"],
        last=experiment.significance,
    )


def planned_looks(
    planned: int | None, minimum: int | None, looks: int, *, early: float, last: float
) -> Looks:
    """The plan that follows from typed-in numbers; `minimum` None is MINIMUM."""
    least = minimum or MINIMUM
    if planned is None:
        units = tuple(least * 2**k for k in range(looks) if least * 2**k <= _FAR)
    else:
        steps = [ceil(planned * k / looks) for k in range(1, looks + 1)]
        units = tuple(sorted({max(each, 1) for each in steps if each >= least})) or (least,)
    return Looks(units, (early,) * (len(units) - 1) + (last,))


def false_alarm_rate(experiment: Experiment) -> float | None:
    """How often the rule promotes a variant when all are alike; None where none acts, or fewer than two variants are drawn."""
    if experiment.type is not ExperimentType.BAYESIAN_AB:
        return None
    return _rate(looks_of(experiment), experiment.weights, experiment.parameters)


def rate_of_entry(entry: Mapping[str, Any]) -> float | None:
    """The same of the document that decides (`domain.experiment.entry`), which is what reports have."""
    if entry["type"] != ExperimentType.BAYESIAN_AB:
        return None
    looks = planned_looks(
        entry["planned_units"],
        entry["min_sample_size"],
        entry["analysis"]["looks"],
        early=entry["parameters"]["early_stopping_threshold"],
        last=entry["significance"],
    )
    return _rate(looks, entry["weights"], entry["parameters"])


def _rate(looks: Looks, weights: Sequence[int], parameters: Mapping[str, float]) -> float | None:
    shares = [weight / 1_000_000 for weight in weights if weight]
    return (
        rate_of(looks, shares, parameters["prior_alpha"] + parameters["prior_beta"])
        if len(shares) > 1
        else None
    )


def rate_of(looks: Looks, shares: list[float], prior: float) -> float:
    """The same of typed-in numbers: `shares` of all units, `prior` is alpha + beta."""
    plan = [Look(n, threshold) for n, threshold in zip(looks.units, looks.thresholds, strict=True)]
    return false_alarms(tuple(plan), tuple(shares), prior)


def judge(observed: Observation) -> Promote | tuple[str, int]:
    """What follows; or why nothing does, and how many looks have been taken with this one."""
    experiment, taken = observed.experiment, observed.looks
    if experiment.type is not ExperimentType.BAYESIAN_AB:
        return f"{experiment.type} has no such rule", taken
    hindered = observed.promotes_nothing()
    if hindered is not None:
        return hindered, taken
    looks, units = (
        looks_of(experiment),
        sum(observed.sheet.exposed(each.ordinal) for each in experiment.variants),
    )
    due = looks.due(units)
    if due <= taken:
        after = [each for each in looks.units if each > units]
        return (f"the next look is at {after[0]:,} units" if after else "all looks are taken"), taken
    beliefs = _beliefs(observed)
    if len(beliefs) < 2:
        return "fewer than two variants are active", taken
    best = max(beliefs, key=lambda each: each.probability)
    confidence, threshold = best.probability, looks.thresholds[due - 1]
    if confidence < threshold:
        return f"look {due} of {len(looks.units)}: {best.key} is the best with {confidence:.1%}", due
    evidence = {
        "threshold": threshold,
        "false_alarm_rate": false_alarm_rate(experiment),
        "units": units,
        "variants": {each.key: each.document for each in beliefs},
    }
    message = (
        f"{best.key} is the best with a probability of {confidence:.1%}, and {threshold:.1%} promotes at look {due} of "
        f"{len(looks.units)}"
    )
    return Promote(RULE, best.ordinal, confidence, due, len(looks.units), units, message, evidence)


@dataclass(frozen=True, slots=True)
class _Belief:
    """Of one active variant: its posterior, the probability of being the best, and what choosing it is expected to lose."""

    ordinal: int
    key: str
    alpha: float
    beta: float
    probability: float
    expected_loss: float

    @property
    def document(self) -> dict[str, Any]:
        return {
            "alpha": self.alpha,
            "beta": self.beta,
            "probability": self.probability,
            "expected_loss": self.expected_loss,
        }


def _beliefs(observed: Observation) -> list[_Belief]:
    """Of the active variants, where there are two."""
    experiment, metric = observed.experiment, observed.experiment.primary
    assert metric is not None
    active = [each for each in experiment.variants if each.state == "active"]
    if len(active) < 2:
        return []
    arms = [observed.sheet.arm(metric.id, each.ordinal) for each in active]
    alpha = [experiment.parameters["prior_alpha"] + arm.seen for arm in arms]
    beta = [experiment.parameters["prior_beta"] + arm.n - arm.seen for arm in arms]
    best = pbest_beta(alpha, beta, higher_is_better=metric.direction is Direction.INCREASE)
    return [
        _Belief(variant.ordinal, variant.key, a, b, p, loss)
        for variant, a, b, p, loss in zip(
            active, alpha, beta, best.probability, best.expected_loss, strict=True
        )
    ]
