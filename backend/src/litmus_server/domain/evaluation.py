"""Asking the log of an experiment what another policy would have earned: the question, and the answer. Classes are their schema.

It must not know how anything is computed, nor who computes it.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from litmus_server.domain.draft import MOST_VARIANTS
from litmus_server.domain.form import Form
from litmus_server.domain.metric import MOST_NAME

TITLE = "Invalid evaluation"
MOST_VALUES = 1_000
"""Values of a feature that a rule may name."""


@dataclass(frozen=True, slots=True)
class Target:
    """The policy that is asked about; exactly one of these is given.

    `weights`: fixed shares by the variants' keys. `variant`: always this one. `uniform`: all variants that were drawn from, alike.
    `type`: a bandit, with its `parameters` and its `floor`, computed again from what was known at each version of the log. Of a
    contextual experiment instead `version`: its own policy of this version; or `by`: a rule, for each value of this feature (as JSON
    writes it, text without quotes) the variant of `values`, and the one of `otherwise` for all others.
    """

    weights: Mapping[str, float] | None = None
    variant: str | None = None
    uniform: bool = False
    type: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    floor: float | None = None
    version: int | None = None
    by: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    otherwise: str | None = None

    @property
    def contextual(self) -> bool:
        """Whether it looks at features."""
        return self.version is not None or self.by is not None


@dataclass(frozen=True, slots=True)
class Question:
    """Of which experiment (id or key) and metric (None: the primary one)."""

    experiment: str
    target: Target
    metric: str | None = None


_TARGETS = ("weights", "variant", "uniform", "type", "version", "by")


def read_question(form: Form, experiment: str) -> Question:
    """The question in this form; meaningless unless `form.close` then finds no fault."""
    policy = form.form("policy")
    given = [name for name in _TARGETS if policy.has(name)]
    if len(given) != 1:
        policy.fault("", f"must say one of {', '.join(_TARGETS)}")
    metric = form.text("metric", MOST_NAME) if form.has("metric") else None
    return Question(experiment, _read_target(policy, given[0] if given else ""), metric)


def _read_target(policy: Form, given: str) -> Target:
    match given:
        case "weights":
            return Target(weights=_read_weights(policy))
        case "variant":
            return Target(variant=policy.text("variant", 128))
        case "uniform":
            if not policy.flag("uniform"):
                policy.fault("uniform", "must be true, or left out")
            return Target(uniform=True)
        case "version":
            return Target(version=int(policy.integer("version", 1, 2**31 - 1) or 1))
        case "by":
            values = policy.form("values")
            chosen = {value: values.text(value, 128) for value in list(values)[:MOST_VALUES]}
            return Target(by=policy.text("by", 64), values=chosen, otherwise=policy.text("otherwise", 128))
        case _:
            parameters = policy.json("parameters", {}, 4_096)
            if not isinstance(parameters, dict | None):
                policy.fault("parameters", "must be an object")
                parameters = None
            floor = float(policy.number("floor", 0, 1)) if policy.has("floor") else None
            return Target(type=policy.text("type", 64), parameters=parameters or {}, floor=floor)


def _read_weights(policy: Form) -> Mapping[str, float]:
    weights = policy.form("weights")
    noted = weights.noted
    found = {name: float(weights.number(name, 0, 1)) for name in list(weights)[: MOST_VARIANTS + 1]}
    if weights.noted == noted and abs(sum(found.values()) - 1) > 1e-6:
        policy.fault("weights", "must sum to 1")
    return found


class Refusal(StrEnum):
    """Why the log cannot say what the policy would have earned."""

    NO_OVERLAP = "no_overlap"
    """It would choose variants that nobody was drawn for at the time."""
    TOO_FEW_UNITS = "too_few_units"
    """The log is worth too few units to it: `got` effective ones of `needed`."""
    METRIC_KIND = "metric_kind"
    """The metric has no value per unit that could be averaged."""
    NOT_READY = "not_ready"
    """The metric's sums are being made, or its cap is not known yet."""
    FEATURES = "features"
    """It looks at features and the experiment has none; or units have propensities of their own, and it is a bandit without features,
    of which the log does not say what it would have known.
    """


@dataclass(frozen=True, slots=True)
class Value:
    """In the metric's units, per exposed unit; [lower, upper] holds it with probability `level`."""

    estimate: float
    standard_error: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class Refused:
    """Why there is no value; which variants, and how many units, where that says more."""

    reason: Refusal
    message: str
    variants: Sequence[str] = ()
    needed: int | None = None
    got: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the policy would have earned on the exposed units of the log, and what they did earn; null where `refused` says why.

    `value` is the doubly robust estimate, `gain` that less `logged`; the two others are for comparison. `shares` are the policy's
    own, averaged over these `units`. `left_out_units` came while the policy wanted a variant that was not drawn from.
    `effective_units` is how many units of its own the log is worth to the policy, `largest_weight` for how many of its units one
    unit stands at most.
    """

    experiment_id: str
    experiment_key: str
    metric: str
    computed_at: dt.datetime
    level: float
    shares: Mapping[str, float]
    value: Value | None = None
    logged: Value | None = None
    gain: Value | None = None
    self_normalised: Value | None = None
    inverse_propensity: Value | None = None
    units: int = 0
    left_out_units: int = 0
    effective_units: float | None = None
    largest_weight: float | None = None
    refused: Refused | None = None
