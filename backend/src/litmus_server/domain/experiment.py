"""An experiment: a question with variants, allocation, metrics and a lifecycle; and the document that decides.

It must not know where experiments are stored, nor what an API calls their fields.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

from litmus.decide import Policy

from litmus_server.domain.draft import Draft, ExperimentType
from litmus_server.domain.errors import Fault, Invalid, InvalidTransition
from litmus_server.domain.metric import MOST_METRICS, Metric, Role, cohort_hours


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
    """In ppm. Of an adaptive experiment: the share it starts with."""
    config: Any
    created_at: dt.datetime
    factors: Any = None
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
    parameters: Mapping[str, float]
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
    public: bool = False
    epoch: int = 1
    """Grows with each change of fixed weights."""
    revision: int = 0
    cohort_hours: int = 24
    planned_units: int | None = None
    min_sample_size: int | None = None
    significance: float = 0.95
    auto_promote: bool = False
    winner_variant_id: UUID | None = None
    started_at: dt.datetime | None = None
    completed_at: dt.datetime | None = None
    archived_at: dt.datetime | None = None
    weights: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Derive, so that it cannot disagree, what is read often."""
        object.__setattr__(self, "weights", tuple(variant.weight for variant in self.variants))

    @property
    def adaptive(self) -> bool:
        """Whether its shares are learned, and so published as policies."""
        return self.type.adaptive

    @property
    def learning(self) -> bool:
        """Adaptive and running: such a revision has a policy of its own."""
        return self.adaptive and self.status is Status.RUNNING

    @property
    def winner(self) -> int | None:
        """The ordinal of the variant that was named the winner."""
        return next((each.ordinal for each in self.variants if each.id == self.winner_variant_id), None)

    @property
    def primary(self) -> Metric | None:
        """The metric that decides."""
        return next((metric for metric in self.metrics if metric.role is Role.PRIMARY), None)

    def moved(self, status: Status, at: dt.datetime) -> "Experiment":
        """The same experiment in another status. Raises InvalidTransition."""
        allowed = TRANSITIONS[self.status]
        if status not in allowed:
            raise InvalidTransition(self.status, status, allowed)
        at = self._after(at)
        return replace(
            self,
            status=status,
            updated_at=at,
            history=(*self.history, (at, status)),
            started_at=self.started_at or (at if status is Status.RUNNING else None),
            completed_at=at if status is Status.COMPLETED else None,
        )

    def measuring(self, metric: Metric, at: dt.datetime) -> "Experiment":
        """The same experiment with one more declared metric, in the next slot. Raises Invalid."""
        taken = any(each.name == metric.name for each in self.metrics)
        if taken or (metric.role is Role.PRIMARY and self.primary is not None):
            what, where = ("metric of this name", "/name") if taken else ("primary metric", "/role")
            raise Invalid(f"There is a {what} already", (Fault(where, f"there is a {what} already"),))
        if len(self.metrics) >= MOST_METRICS:
            message = f"at most {MOST_METRICS} metrics can be declared"
            raise Invalid(message.capitalize(), (Fault("", message),))
        metrics = (*self.metrics, replace(metric, slot=len(self.metrics) + 1))
        return replace(self, metrics=metrics, cohort_hours=cohort_hours(metrics), updated_at=self._after(at))

    def _after(self, at: dt.datetime) -> dt.datetime:
        """`at`, but later than all that was before, even when the clock was set back."""
        return max(at, self.updated_at + dt.timedelta(microseconds=1))


def begin(
    draft: Draft, experiment_id: UUID, variant_ids: tuple[UUID, ...], salt: str, at: dt.datetime
) -> Experiment:
    """The experiment that a draft describes, in status draft. One id a variant; `salt` is random."""
    metrics = tuple(replace(metric, slot=slot) for slot, metric in enumerate(draft.metrics, 1))
    variants = tuple(
        Variant(variant_id, each.key, each.name, ordinal, each.is_control, each.weight, each.config, at)
        for ordinal, (variant_id, each) in enumerate(zip(variant_ids, draft.variants, strict=True))
    )
    return Experiment(
        id=experiment_id,
        key=draft.key,
        name=draft.name,
        type=draft.type,
        status=Status.DRAFT,
        unit_type=draft.unit_type,
        salt=salt,
        traffic=draft.traffic,
        variants=variants,
        metrics=metrics,
        parameters=draft.parameters,
        dimensions=draft.dimensions,
        created_at=at,
        updated_at=at,
        history=((at, Status.DRAFT),),
        description=draft.description,
        hypothesis=draft.hypothesis,
        owner=draft.owner,
        tags=draft.tags,
        public=draft.public,
        cohort_hours=cohort_hours(metrics),
        planned_units=draft.planned_units,
        min_sample_size=draft.min_sample_size,
        significance=draft.significance,
        auto_promote=draft.auto_promote,
    )


def entry(experiment: Experiment, policy: Policy | None = None) -> dict[str, Any]:
    """The document that decides: the format of `litmus.decide.snapshot`, and what only a server needs (from "no" on)."""
    return {
        "id": str(experiment.id),
        "key": experiment.key,
        "revision": experiment.revision,
        "hash": "sha256_v1",
        "status": str(experiment.status),
        "archived": experiment.archived_at is not None,
        "type": str(experiment.type),
        "unit_type": experiment.unit_type,
        "salt": experiment.salt,
        "traffic": experiment.traffic,
        "layer": None,
        "audience": None,
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
        "cohort_hours": experiment.cohort_hours,
        "metrics": [
            {
                "name": metric.name,
                "id": metric.id,
                "slot": metric.slot,
                "role": str(metric.role),
                "kind": str(metric.kind),
                "direction": str(metric.direction),
                "window_seconds": metric.window_seconds,
            }
            for metric in experiment.metrics
        ],
        "history": [[rfc3339(at), str(status)] for at, status in experiment.history],
        "started_at": experiment.started_at and rfc3339(experiment.started_at),
        "completed_at": experiment.completed_at and rfc3339(experiment.completed_at),
    }


def describe(experiment: Experiment) -> dict[str, Any]:
    """What a person chose, for the audit's "before" and "after"."""
    document = entry(experiment)
    shown = (
        "key",
        "name",
        "type",
        "status",
        "archived",
        "unit_type",
        "public",
        "dimensions",
        "parameters",
        "metrics",
    )
    return {name: document[name] for name in shown} | {
        "description": experiment.description,
        "hypothesis": experiment.hypothesis,
        "owner": experiment.owner,
        "tags": list(experiment.tags),
        "traffic": experiment.traffic,
        "variants": document["variants"],
        "weights": document["weights"],
        "planned_units": experiment.planned_units,
        "min_sample_size": experiment.min_sample_size,
        "significance": experiment.significance,
        "auto_promote": experiment.auto_promote,
        "winner": experiment.winner,
    }


def rfc3339(at: dt.datetime) -> str:
    """A time in UTC as text, with Z."""
    return at.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
