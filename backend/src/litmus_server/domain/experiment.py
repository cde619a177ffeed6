"""An experiment: a question with variants, allocation, metrics and a lifecycle; and the document that decides.

It must not know where experiments are stored, nor what an API calls their fields.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from itertools import pairwise
from typing import Any, Literal
from uuid import UUID

from litmus.decide import Policy, expand

from litmus_server.domain.acting import Acting, Promotion
from litmus_server.domain.audience import resolved
from litmus_server.domain.draft import Draft, ExperimentType, learns_delays
from litmus_server.domain.errors import Fault, Invalid, InvalidTransition
from litmus_server.domain.holdback import Holdback
from litmus_server.domain.layer import Allocation, Layer, LayerShare, allocated
from litmus_server.domain.metric import MOST_METRICS, Metric, Role, cohort_hours, misnamed, settled
from litmus_server.domain.plan import DEFAULT_PLAN, AnalysisPlan
from litmus_server.domain.ramp import Hold, Progress, Step, steps_of
from litmus_server.domain.stickiness import Sticky, sticky_of
from litmus_server.domain.weights import renormalised, to_fraction


class Status(StrEnum):
    """Four words for ever; being archived is a date, not a status."""

    DRAFT = "draft"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"


TRANSITIONS: Mapping[Status, tuple[Status, ...]] = {
    Status.DRAFT: (Status.RUNNING,),
    Status.RUNNING: (Status.PAUSED, Status.COMPLETED),
    Status.PAUSED: (Status.RUNNING, Status.COMPLETED),
    Status.COMPLETED: (),
}


class InvalidStatus(Invalid):
    """No such status; the API prints which ones there are."""

    title = "Invalid status"

    def __init__(self, wanted: object, pointer: str = "/status") -> None:
        """`wanted` is what was asked for, of whatever type."""
        shown = repr(wanted)[:100] if wanted is not None else "none was given"
        message = f"must be one of {', '.join(Status)}, not {shown}"
        super().__init__(f"status: {message}", (Fault(pointer, message),))


def read_status(value: object, pointer: str = "/status") -> Status:
    """The status of this name. Raises InvalidStatus."""
    for status in Status:
        if isinstance(value, str) and value == status:
            return status
    raise InvalidStatus(value, pointer)


@dataclass(frozen=True, slots=True)
class Variant:
    """One alternative. Thresholds follow `ordinal`, its place for ever; never a rank."""

    id: UUID
    key: str
    name: str
    ordinal: int
    is_control: bool
    weight: int
    """In ppm, as somebody chose it, also while the variant is paused. Of an adaptive experiment: what it starts with."""
    config: Any
    created_at: dt.datetime
    factors: Mapping[str, str] | None = None
    """Of a multivariate experiment: its level of each factor."""
    state: Literal["active", "paused", "retired"] = "active"


@dataclass(frozen=True, slots=True)
class Experiment:
    """As it is at `revision`, a number that all changes of all experiments share. Shares are in ppm."""

    id: UUID
    key: str
    name: str
    type: ExperimentType
    status: Status
    unit_type: str
    salt: str
    traffic: int
    variants: tuple[Variant, ...]
    metrics: tuple[Metric, ...]
    """By slot: the k-th has slot k + 1."""
    parameters: Mapping[str, float | bool]
    dimensions: tuple[str, ...]
    """Attributes that an assignment keeps."""
    created_at: dt.datetime
    updated_at: dt.datetime
    history: tuple[tuple[dt.datetime, Status], ...]
    """Which status it had from when on, oldest first."""
    no: int = 0
    """Its small number in the logs; 0 until stored."""
    description: str = ""
    hypothesis: str = ""
    owner: str = ""
    tags: tuple[str, ...] = ()
    ttl_seconds: int | None = None
    """For how long a draw of a unit holds; None where it is not drawn anew."""
    public: bool = False
    epoch: int = 1
    """Grows with each change of fixed weights."""
    revision: int = 0
    cohort_hours: int = 24
    planned_units: int | None = None
    min_sample_size: int | None = None
    significance: float = 0.95
    auto_promote: bool = False
    acting: Acting = field(default_factory=Acting)
    """What may be done to it by itself."""
    promotion: Promotion | None = None
    """The variant that a rule has promoted."""
    analysis: AnalysisPlan = DEFAULT_PLAN
    """How it is judged."""
    audience: Mapping[str, Any] | None = None
    """A condition (`litmus.decide.targeting`) that may name shared ones."""
    layer: Allocation | None = None
    """The range of a layer's buckets that it takes; free for others once it is completed or archived."""
    holdout: bool = True
    """Whether the global holdout keeps units out of it."""
    holdback: Holdback | None = None
    """Of an adaptive one: the units that are drawn as if nothing had been learned."""
    forced: Mapping[str, str] = field(default_factory=dict)
    """Unit id → variant key, for people who test it."""
    starts_at: dt.datetime | None = None
    """When it is to start; None once it has."""
    ends_at: dt.datetime | None = None
    """When it is to end; None once it has."""
    start_failed: Mapping[str, Any] | None = None
    """That a start was due, {"due_at", "at", "message"}, and could not be done."""
    ramp: Sequence[Mapping[str, Any]] | None = None
    """The shares by which it is to grow, as `ramp.Step.document`."""
    progress: Progress | None = None
    """Of its ramp, from the start until the last step is reached."""
    factors: Any = None
    """What is varied, as `factors.Factor.document`; each variant then says which levels it has."""
    features: Any = None
    """Of a contextual one: what it decides by, as `features.Feature.document`."""
    value_type: str | None = None
    """Of a flag: what each variant's config is (`flag.ValueType`)."""
    cloned_from: UUID | None = None
    winner_variant_id: UUID | None = None
    started_at: dt.datetime | None = None
    completed_at: dt.datetime | None = None
    archived_at: dt.datetime | None = None
    weights: tuple[int, ...] = field(init=False)
    """In force, by ordinal: those of the active variants, scaled to the whole; 0 for the others."""

    def __post_init__(self) -> None:
        """Derive, so that it cannot disagree, what is read often."""
        active = [variant.state == "active" for variant in self.variants]
        weights = [variant.weight if on else 0 for variant, on in zip(self.variants, active, strict=True)]
        if self.adaptive and not any(weights):
            weights = [int(on) for on in active]  # all that it began with are gone
        object.__setattr__(self, "weights", renormalised(weights))

    @property
    def adaptive(self) -> bool:
        """Whether its shares are learned, and so published as policies."""
        return self.type.adaptive

    @property
    def sticky(self) -> Sticky:
        """What keeps a unit's variant."""
        return sticky_of(self.unit_type, self.ttl_seconds)

    @property
    def alpha(self) -> float:
        """The error that is allowed: 1 − significance, without the digits that subtracting invents."""
        return round(1 - self.significance, 12)

    @property
    def learning(self) -> bool:
        """Adaptive and running: such a revision has a policy of its own."""
        return self.adaptive and self.status is Status.RUNNING

    @property
    def learns_delays(self) -> bool:
        """Whether it learns of each variant how long conversions take."""
        return learns_delays(self.parameters)

    @property
    def winner(self) -> int | None:
        """The ordinal of the variant that was named the winner."""
        return next((each.ordinal for each in self.variants if each.id == self.winner_variant_id), None)

    @property
    def control(self) -> int:
        """The ordinal of what the others are compared with."""
        return next((each.ordinal for each in self.variants if each.is_control), 0)

    @property
    def primary(self) -> Metric | None:
        """The metric that decides."""
        return next((metric for metric in self.metrics if metric.role is Role.PRIMARY), None)

    @property
    def steps(self) -> tuple[Step, ...]:
        """Of its ramp."""
        return steps_of(self.ramp or ())

    @property
    def raised_at(self) -> dt.datetime | None:
        """When the next step of its ramp is due; None while none is: it has no ramp, is held, or does not run."""
        progress = self.progress
        if progress is None or progress.held or progress.alarm or self.status is not Status.RUNNING:
            return None
        paused = (
            later - at
            for (at, status), (later, _) in pairwise(self.history)
            if status is Status.PAUSED and at >= progress.since
        )
        hours = dt.timedelta(hours=self.steps[progress.step].hours or 0)
        return progress.since + hours + sum(paused, dt.timedelta())

    def variant(self, reference: str) -> Variant | None:
        """By key or id."""
        return next((each for each in self.variants if reference in {each.key, str(each.id)}), None)

    def moved(self, status: Status, at: dt.datetime) -> "Experiment":
        """The same experiment in another status. Raises InvalidTransition, and Invalid when it is archived."""
        self.refuse_archived()
        allowed = TRANSITIONS[self.status]
        if status not in allowed:
            raise InvalidTransition(self.status, status, allowed)
        at = self.after(at)
        ends, over = self.ends_at, status is Status.COMPLETED
        if status is Status.RUNNING and ends is not None and ends <= at:
            message = (
                f"was to end at {rfc3339(ends)}, which has passed: give it another ends_at first, or none"
            )
            raise Invalid(f"Experiment {self.key} {message}", (Fault("/ends_at", message),))
        moved = replace(
            self,
            status=status,
            updated_at=at,
            history=(*self.history, (at, status)),
            started_at=self.started_at or (at if status is Status.RUNNING else None),
            completed_at=at if over else None,
            starts_at=None,
            start_failed=None,
            ends_at=None if over else ends,
            progress=None if over else self.progress,
        )
        if self.status is Status.DRAFT and self.ramp:
            return replace(moved, traffic=self.steps[0].traffic, progress=Progress(0, at))
        return moved

    def held(self, hold: Hold) -> "Experiment":
        """The same experiment whose ramp waits until it is resumed; itself when it does already. Raises Invalid."""
        progress = self._ramping()
        if progress.held is not None:
            return self
        return replace(self, progress=replace(progress, held=hold), updated_at=self.after(hold.at))

    def resumed(self, at: dt.datetime) -> "Experiment":
        """The same experiment whose ramp nobody holds; itself when nobody does. An alarm that stands goes on holding it.
        Raises Invalid.
        """
        progress = self._ramping()
        if progress.held is None:
            return self
        return replace(self, progress=replace(progress, held=None), updated_at=self.after(at))

    def _ramping(self) -> Progress:
        self.refuse_archived()
        if self.progress is None:
            message = "has no ramp that is under way"
            raise Invalid(f"Experiment {self.key} {message}", (Fault("", message),))
        return self.progress

    def concluded(self, winner: Variant, at: dt.datetime) -> "Experiment":
        """Completed, and everybody gets this variant from now on; itself when that is so already. Raises as `moved`.

        A completed experiment can be given a winner later, or another one.
        """
        self.refuse_archived()
        over = self if self.status is Status.COMPLETED else self.moved(Status.COMPLETED, at)
        if over.winner_variant_id == winner.id:
            return over
        return replace(over, winner_variant_id=winner.id, updated_at=self.after(at))

    def promoted(self, promotion: Promotion, at: dt.datetime) -> "Experiment":
        """The same experiment with the variant that a rule promotes: completed with it, or told to people. Raises as `moved`."""
        self.refuse_archived()
        variant = self.variant(promotion.variant_id)
        assert variant is not None
        after = self.concluded(variant, at) if promotion.concluded else self
        return replace(after, promotion=promotion, updated_at=self.after(at))

    def shipping(self, winner: Variant | None, at: dt.datetime) -> "Experiment":
        """Completed, and answering with another winner from now on, or with the control again; itself when that is so
        already. Raises Invalid.
        """
        self.refuse_archived()
        if self.status is not Status.COMPLETED:
            message = f"is {self.status}, and only what is completed ships a winner: conclude it with one"
            raise Invalid(f"Experiment {self.key} {message}", (Fault("", message),))
        identity = None if winner is None else winner.id
        if identity == self.winner_variant_id:
            return self
        return replace(self, winner_variant_id=identity, updated_at=self.after(at))

    def archived(self, at: dt.datetime) -> "Experiment":
        """Put away; itself when it is already. Raises InvalidTransition unless it is a draft or completed."""
        if self.archived_at is not None:
            return self
        if self.status in {Status.RUNNING, Status.PAUSED}:
            raise InvalidTransition(self.status, "archived", (Status.COMPLETED,))
        at = self.after(at)
        return replace(self, archived_at=at, updated_at=at)

    def restored(self, at: dt.datetime) -> "Experiment":
        """Taken out of the archive, as it was; itself when it was not in it."""
        return (
            self if self.archived_at is None else replace(self, archived_at=None, updated_at=self.after(at))
        )

    def refuse_archived(self) -> None:
        """Raise Invalid when it is archived: then it can be read, restored and cloned, and nothing else."""
        if self.archived_at is not None:
            message = "is archived: restore it first, or clone it"
            raise Invalid(f"Experiment {self.key} {message}", (Fault("", message),))

    def measuring(self, metric: Metric, at: dt.datetime) -> "Experiment":
        """The same experiment with one more declared metric, in the next slot. Raises Invalid."""
        self.refuse_archived()
        if self.type is ExperimentType.FLAG:
            message = "a flag measures nothing: an experiment of another type does"
            raise Invalid(message.capitalize(), (Fault("", message),))
        taken = any(each.name == metric.name for each in self.metrics)
        if taken or (metric.role is Role.PRIMARY and self.primary is not None):
            what, where = ("metric of this name", "/name") if taken else ("primary metric", "/role")
            raise Invalid(f"There is a {what} already", (Fault(where, f"there is a {what} already"),))
        if len(self.metrics) >= MOST_METRICS:
            message = f"at most {MOST_METRICS} metrics can be declared"
            raise Invalid(message.capitalize(), (Fault("", message),))
        faults = tuple(
            Fault(f"/{field}", problem) for field, problem in misnamed(metric, [*self.metrics, metric])
        )
        if faults:
            raise Invalid(f"{faults[0].pointer[1:]}: {faults[0].message}", faults)
        metrics = settled((*self.metrics, replace(metric, slot=len(self.metrics) + 1)))
        hours = cohort_hours(metrics, delays=self.learns_delays)
        return replace(self, metrics=metrics, cohort_hours=hours, updated_at=self.after(at))

    def freezing(self, name: str, value: int, at: dt.datetime) -> "Experiment":
        """The same experiment with the cap of this metric, a quantile, frozen at a value in micro-units; itself when none is to
        be frozen, and once it is archived.
        """
        found = next((each for each in self.metrics if each.name == name), None)
        if self.archived_at or found is None or found.cap is None or found.cap.value is not None:
            return self
        frozen = replace(found, cap=replace(found.cap, value=value, frozen_at=at))
        metrics = tuple(frozen if each is found else each for each in self.metrics)
        return replace(self, metrics=metrics, updated_at=self.after(at))

    def after(self, at: dt.datetime) -> dt.datetime:
        """`at`, but later than all that was before, even when the clock was set back."""
        return max(at, self.updated_at + dt.timedelta(microseconds=1))


@dataclass(frozen=True, slots=True)
class Shared:
    """What experiments share, as far as somebody needs it."""

    audiences: Mapping[str, Any] = field(default_factory=dict)
    """Named conditions by name: all that an audience names, and what those name."""
    layers: Mapping[str, Layer] = field(default_factory=dict)
    """By key."""
    holdout: Mapping[str, Any] | None = None
    """The global holdout: {"salt", "share" in ppm}; None when nobody is held out."""


NOTHING = Shared()


def begin(
    draft: Draft,
    experiment_id: UUID,
    variant_ids: tuple[UUID, ...],
    salt: str,
    at: dt.datetime,
    shared: Shared = NOTHING,
) -> Experiment:
    """The experiment that a draft describes, in status draft. One id a variant; `salt` is random. Raises Invalid for what is not
    in `shared`.
    """
    variants = tuple(
        Variant(
            variant_id,
            each.key,
            each.name,
            ordinal,
            each.is_control,
            each.weight,
            each.config,
            at,
            each.factors,
        )
        for ordinal, (variant_id, each) in enumerate(zip(variant_ids, draft.variants, strict=True))
    )
    experiment = Experiment(
        id=experiment_id,
        status=Status.DRAFT,
        salt=salt,
        variants=variants,
        metrics=slotted(draft.metrics),
        created_at=at,
        updated_at=at,
        history=((at, Status.DRAFT),),
        cohort_hours=cohort_hours(draft.metrics, delays=learns_delays(draft.parameters)),
        **chosen(draft),
    )
    refuse_past(experiment, at)
    return placed(experiment, draft.layer, shared)


def refuse_past(experiment: Experiment, at: dt.datetime, before: Experiment | None = None) -> None:
    """Raise Invalid when it is to start or to end before now, unless that was so `before`."""
    faults = []
    for name in ("starts_at", "ends_at"):
        moment = getattr(experiment, name)
        if moment is not None and moment <= at and (before is None or moment != getattr(before, name)):
            faults.append(Fault(f"/{name}", f"must be in the future; now is {rfc3339(at)}"))
    if faults:
        raise Invalid(f"{faults[0].pointer[1:]}: {faults[0].message}", tuple(faults))


def placed(experiment: Experiment, wanted: LayerShare | None, shared: Shared) -> Experiment:
    """The experiment with the share of a layer that it wants, if its audience is known. Raises Invalid.

    The layer cannot be left or changed once it has started: then others would meet its units, or it units of others.
    """
    if experiment.audience is not None:
        resolved(experiment.audience, shared.audiences, "/audience")
    mine, started = experiment.layer, experiment.status is not Status.DRAFT
    if wanted == (mine and LayerShare(mine.key, mine.share)):
        return experiment
    if started and (mine is None or wanted is None or wanted.key != mine.key):
        message = "cannot be taken, left or changed once it has started: others would meet its units; clone it instead"
        raise Invalid(f"layer: {message}", (Fault("/layer", message),))
    if wanted is None:
        return replace(experiment, layer=None)
    if wanted.key not in shared.layers:
        message = f"there is no layer {wanted.key}"
        raise Invalid(f"layer/key: {message}", (Fault("/layer/key", message),))
    kept = mine if mine is not None and mine.key == wanted.key else None
    layer = shared.layers[wanted.key]
    return replace(experiment, layer=allocated(layer, experiment.id, kept, wanted.share, started=started))


def chosen(draft: Draft) -> dict[str, Any]:
    """The fields of an experiment that a draft says, but for variants and metrics, which are numbered, and its layer (`placed`)."""
    return {
        each.name: getattr(draft, each.name)
        for each in fields(draft)
        if each.name not in {"variants", "metrics", "layer"}
    }


def slotted(metrics: tuple[Metric, ...]) -> tuple[Metric, ...]:
    """The metrics of an experiment that has not started, by slot."""
    return tuple(replace(metric, slot=slot) for slot, metric in enumerate(metrics, 1))


def entry(experiment: Experiment, policy: Policy | None = None, shared: Shared = NOTHING) -> dict[str, Any]:
    """The document that decides: the format of `litmus.decide.snapshot`, and what only a server needs (from "no" on).

    Raises InvalidCondition or KeyError for an audience or a layer that `shared` does not have.
    """
    ordinals = {variant.key: variant.ordinal for variant in experiment.variants}
    return {
        "id": str(experiment.id),
        "key": experiment.key,
        "revision": experiment.revision,
        "hash": "sha256_v1",
        "status": str(experiment.status),
        "archived": experiment.archived_at is not None,
        "type": str(experiment.type),
        "unit_type": experiment.unit_type,
        "ttl_seconds": experiment.ttl_seconds,
        "salt": experiment.salt,
        "traffic": experiment.traffic,
        "holdout": shared.holdout if experiment.holdout else None,
        "forced": {unit: ordinals[key] for unit, key in experiment.forced.items() if key in ordinals},
        "layer": None
        if experiment.layer is None
        else {
            "salt": shared.layers[experiment.layer.key].salt,
            "from": experiment.layer.start,
            "to": experiment.layer.stop,
        },
        "audience": None if experiment.audience is None else expand(experiment.audience, shared.audiences),
        "variants": [
            {
                "id": str(variant.id),
                "key": variant.key,
                "name": variant.name,
                "ordinal": variant.ordinal,
                "is_control": variant.is_control,
                "config": variant.config,
                "state": variant.state,
            }
            for variant in experiment.variants
        ],
        "weights": list(experiment.weights),
        "epoch": experiment.epoch,
        "winner": experiment.winner,
        "policy": None
        if policy is None
        else {
            "version": policy.version,
            "revision": policy.revision,
            "propensities": list(policy.propensities),
        },
        "no": experiment.no,
        "name": experiment.name,
        "public": experiment.public,
        "dimensions": list(experiment.dimensions),
        "parameters": dict(experiment.parameters),
        "holdback": experiment.holdback and experiment.holdback.published,
        "features": experiment.features,
        "cohort_hours": experiment.cohort_hours,
        "planned_units": experiment.planned_units,
        "min_sample_size": experiment.min_sample_size,
        "significance": experiment.significance,
        "analysis": experiment.analysis.document,
        "cells": [variant.factors for variant in experiment.variants],
        "metrics": [
            {
                "name": metric.name,
                "id": metric.id,
                "slot": metric.slot,
                "role": str(metric.role),
                "kind": str(metric.kind),
                "direction": str(metric.direction),
                "window_seconds": metric.window_seconds,
                "numerator": metric.numerator,
                "denominator": metric.denominator,
                "quantile": metric.quantile,
                "cap": metric.cap and {"quantile": metric.cap.quantile, "value": metric.cap.value},
                "margin": metric.margin,
                "minimum_effect": metric.minimum_effect,
                "unit": metric.unit,
                "covariates": None if metric.covariates is None else list(metric.covariates),
            }
            for metric in experiment.metrics
        ],
        "history": [[rfc3339(at), str(status)] for at, status in experiment.history],
        "started_at": experiment.started_at and rfc3339(experiment.started_at),
        "completed_at": experiment.completed_at and rfc3339(experiment.completed_at),
    }


def definition(experiment: Experiment) -> dict[str, Any]:
    """What a person chose, in the words of the API: the body that creates the same experiment (`draft.parse_draft`)."""
    metrics = [metric.document for metric in experiment.metrics]
    return {
        "name": experiment.name,
        "key": experiment.key,
        "type": str(experiment.type),
        "description": experiment.description,
        "hypothesis": experiment.hypothesis,
        "owner": experiment.owner,
        "tags": list(experiment.tags),
        "unit_type": experiment.unit_type,
        "sticky": str(experiment.sticky),
        "ttl_seconds": experiment.ttl_seconds,
        "public": experiment.public,
        "traffic_allocation": to_fraction(experiment.traffic),
        "variants": [
            {
                "key": variant.key,
                "name": variant.name,
                "is_control": variant.is_control,
                "weight": to_fraction(variant.weight),
                "config": variant.config,
            }
            | ({} if variant.factors is None else {"factors": variant.factors})
            for variant in experiment.variants
        ],
        "factors": experiment.factors,
        "features": experiment.features,
        "value_type": experiment.value_type,
        "starts_at": experiment.starts_at and rfc3339(experiment.starts_at),
        "ends_at": experiment.ends_at and rfc3339(experiment.ends_at),
        "ramp": experiment.ramp,
        "primary_metric": next((each for each in metrics if each["role"] == "primary"), None),
        "secondary_metrics": [each for each in metrics if each["role"] != "primary"],
        "parameters": dict(experiment.parameters),
        "dimensions": list(experiment.dimensions),
        "planned_units": experiment.planned_units,
        "min_sample_size": experiment.min_sample_size,
        "significance_threshold": experiment.significance,
        "auto_promote_winner": experiment.auto_promote,
        "acting": experiment.acting.document,
        "analysis": experiment.analysis.document,
        "audience": experiment.audience,
        "layer": None
        if experiment.layer is None
        else {"key": experiment.layer.key, "share": to_fraction(experiment.layer.share)},
        "holdout": experiment.holdout,
        "holdback": experiment.holdback and experiment.holdback.document,
        "forced": dict(experiment.forced),
    }


def describe(experiment: Experiment) -> dict[str, Any]:
    """All that can be changed about it, for the audit's "before" and "after": lists whose members have names by name."""
    shown = definition(experiment)
    states = {
        variant.key: {"ordinal": variant.ordinal, "state": variant.state} for variant in experiment.variants
    }
    winner = experiment.winner
    return shown | {
        "status": str(experiment.status),
        "archived": experiment.archived_at is not None,
        "epoch": experiment.epoch,
        "variants": {each["key"]: {**each, **states[each["key"]]} for each in shown["variants"]},
        "secondary_metrics": {each["name"]: each for each in shown["secondary_metrics"]},
        "frozen_caps": {
            each.name: each.cap.value / 1e6
            for each in experiment.metrics
            if each.cap is not None and each.cap.frozen_at is not None and each.cap.value is not None
        },
        "layer": None
        if experiment.layer is None
        else {
            **shown["layer"],
            "from": to_fraction(experiment.layer.start),
            "to": to_fraction(experiment.layer.stop),
        },
        "start_failed": experiment.start_failed,
        "progress": experiment.progress and experiment.progress.document,
        "cloned_from": experiment.cloned_from and str(experiment.cloned_from),
        "promotion": experiment.promotion and experiment.promotion.document,
        "winner": None if winner is None else experiment.variants[winner].key,
    }


def rfc3339(at: dt.datetime) -> str:
    """A time in UTC as text, with Z."""
    return at.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
