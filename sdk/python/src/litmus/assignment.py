"""What `get_variant` returns, and how a server's answer becomes one. Without I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, TypeAlias

from litmus.errors import ServerError

Source: TypeAlias = Literal["server", "cache", "stale", "override", "fallback"]


@dataclass(frozen=True, slots=True)
class Assignment:
    """The variant to show, and what is known about how it came to be."""

    variant_key: str
    in_experiment: bool
    """Only then may an exposure be logged; the client drops one that is logged nevertheless."""
    reason: str
    """The server's (`assigned`, `traffic`, `paused`, …), or `override`, or for a fallback what went wrong."""
    source: Source
    """`stale` is a cached answer past its time, since the server is away; `fallback` is a guess of the SDK.
    """
    experiment_id: str
    unit_id: str
    config: object = None
    """The variant's configuration, any JSON."""
    experiment_key: str | None = None
    variant_id: str | None = None
    variant_name: str | None = None
    assignment_id: str | None = None
    propensity: float | None = None
    """Probability with which this variant was drawn, 0.0 to 1.0."""
    fresh: bool = False
    """True on the one answer that recorded the assignment."""
    revision: int | None = None
    policy_version: int | None = None
    expires_at: datetime | None = None
    """Where units are drawn anew after a while: until then this answer holds."""

    @property
    def payload(self) -> object:
        """The same as `config`."""
        return self.config

    def again(self, source: Source) -> "Assignment":
        """The same assignment, answered from memory."""
        return replace(self, source=source, fresh=False)


def read_answer(answer: object, experiment_id: str, unit_id: str) -> Assignment:
    """The assignment in the body of an `assign` answer. Raises ServerError when it is none."""
    if not isinstance(answer, Mapping) or not isinstance(answer.get("variant_key"), str):
        raise ServerError("the answer holds no variant_key: is this the base URL of a Litmus server?")
    return Assignment(
        variant_key=answer["variant_key"],
        in_experiment=answer.get("in_experiment") is True,
        reason=str(answer.get("reason")),
        source="server",
        experiment_id=str(answer.get("experiment_id") or experiment_id),
        unit_id=unit_id,
        config=answer.get("config"),
        experiment_key=answer.get("experiment_key"),
        variant_id=answer.get("variant_id"),
        variant_name=answer.get("variant_name"),
        assignment_id=answer.get("assignment_id"),
        propensity=answer.get("propensity"),
        fresh=answer.get("fresh") is True,
        revision=answer.get("revision"),
        policy_version=answer.get("policy_version"),
        expires_at=_moment(answer.get("expires_at")),
    )


def _moment(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
