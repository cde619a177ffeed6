"""The analysis plan: how an experiment is judged, fixed before it starts so that the data cannot choose it.

The words are those of `litmus_server.stats`; it must not know how anything is computed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from litmus_server.domain.form import Form

MOST_LOOKS = 100
DEFAULT_LOOKS = 14
MOST_DAYS = 365
BUSINESS_CYCLE = 7
"""Days: Mondays are not Sundays."""


class Method(StrEnum):
    """How often one may look, and what an interval then is worth."""

    HYBRID = "hybrid"
    """Planned looks with nearly all of alpha, and a reserve that is always valid: needs `planned_units`."""
    GROUP_SEQUENTIAL = "group_sequential"
    """Planned looks only: needs `planned_units`."""
    ALWAYS_VALID = "always_valid"
    """Any look at any time, for ever."""
    FIXED = "fixed"
    """One look, at the end."""

    @property
    def planned(self) -> bool:
        """Whether looks are planned, which locks units until their windows have closed."""
        return self in {Method.HYBRID, Method.GROUP_SEQUENTIAL}


class SpendingShape(StrEnum):
    """How planned looks use up alpha."""

    OBRIEN_FLEMING = "obrien_fleming"
    POCOCK = "pocock"


class Correction(StrEnum):
    """What is held at alpha when several questions are asked: nothing, any false alarm, the share of false alarms."""

    NONE = "none"
    HOLM = "holm"
    BENJAMINI_HOCHBERG = "benjamini_hochberg"


class Scope(StrEnum):
    """Which questions are one family: all variants of a metric, everything but guardrails, the primary metric."""

    METRIC = "metric"
    EXPERIMENT = "experiment"
    PRIMARY = "primary"


class Adjustment(StrEnum):
    """How what units did before their exposure makes the effect more precise."""

    NONE = "none"
    CUPED = "cuped"
    ANCOVA = "ancova"
    LIN = "lin"


class NamedPrior(StrEnum):
    """Priors that have no numbers: every lift alike, or what the past experiments of this server suggest."""

    FLAT = "flat"
    FITTED = "fitted"


@dataclass(frozen=True, slots=True)
class NormalPrior:
    """What is believed of a lift before the first unit: Normal(mean, sd)."""

    mean: float = 0.0
    sd: float = 0.05


@dataclass(frozen=True, slots=True)
class AnalysisPlan:
    """All of it. `method` None: hybrid when `planned_units` are set, else always_valid.

    `minimum_effect` is the lift from which on an effect is worth having: what is powered for, and the half-width of the region
    of practical equivalence.
    """

    method: Method | None = None
    looks: int = DEFAULT_LOOKS
    spending: SpendingShape = SpendingShape.OBRIEN_FLEMING
    correction: Correction = Correction.HOLM
    scope: Scope = Scope.METRIC
    adjustment: Adjustment = Adjustment.LIN
    minimum_effect: float | None = None
    power: float = 0.8
    minimum_days: float = BUSINESS_CYCLE
    prior: NormalPrior | NamedPrior = NormalPrior()

    def method_for(self, planned_units: int | None) -> Method:
        """The method in force."""
        if self.method is not None:
            return self.method
        return Method.ALWAYS_VALID if planned_units is None else Method.HYBRID

    @property
    def document(self) -> dict[str, Any]:
        """As JSON: what `read_plan` reads."""
        prior = self.prior
        return {
            "method": None if self.method is None else str(self.method),
            "looks": self.looks,
            "spending": str(self.spending),
            "correction": str(self.correction),
            "scope": str(self.scope),
            "adjustment": str(self.adjustment),
            "minimum_effect": self.minimum_effect,
            "power": self.power,
            "minimum_days": self.minimum_days,
            "prior": str(prior) if isinstance(prior, NamedPrior) else {"mean": prior.mean, "sd": prior.sd},
        }


DEFAULT_PLAN = AnalysisPlan()
LATER = ("minimum_effect", "power", "minimum_days")
"""What may still be changed once it has started: how much is worth having, and how long to wait for it. Not how it is judged."""


def read_plan(form: Form, name: str, planned_units: int | None) -> AnalysisPlan:
    """The plan at `form[name]`; the default when it is absent."""
    if not form.has(name):
        return DEFAULT_PLAN
    given = form.form(name)
    method = given.choice("method", Method, Method.FIXED) if given.has("method") else None
    if method is not None and method.planned and planned_units is None:
        given.fault("method", f"{method} plans its looks, so it needs planned_units (of the experiment)")
    minimum = given.number("minimum_effect", 1e-6, 10) if given.has("minimum_effect") else None
    return AnalysisPlan(
        method=method,
        looks=given.integer("looks", 1, MOST_LOOKS) or DEFAULT_LOOKS,
        spending=given.choice("spending", SpendingShape, SpendingShape.OBRIEN_FLEMING),
        correction=given.choice("correction", Correction, Correction.HOLM),
        scope=given.choice("scope", Scope, Scope.METRIC),
        adjustment=given.choice("adjustment", Adjustment, Adjustment.LIN),
        minimum_effect=minimum,
        power=given.number("power", 0.5, 0.999, 0.8),
        minimum_days=given.number("minimum_days", 0, MOST_DAYS, BUSINESS_CYCLE),
        prior=_read_prior(given),
    )


def plan_of(document: Mapping[str, Any] | None) -> AnalysisPlan:
    """The plan that `document` of an experiment's entry holds; the default for none."""
    if document is None:
        return DEFAULT_PLAN
    form = Form({"analysis": document})
    plan = read_plan(form, "analysis", 1)
    form.close()
    return plan


def _read_prior(form: Form) -> NormalPrior | NamedPrior:
    if isinstance(form.value("prior"), str):
        return form.choice("prior", NamedPrior, NamedPrior.FLAT)
    if not form.has("prior"):
        return NormalPrior()
    given = form.form("prior")
    return NormalPrior(given.number("mean", -1, 1, 0.0), given.number("sd", 1e-6, 100, 0.05))
