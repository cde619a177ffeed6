"""What a rule says: an act with its evidence, or why there is none."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from litmus_server.domain.alarm import AlarmKind


@dataclass(frozen=True, slots=True)
class RaiseAlarm:
    """Something is wrong: an alarm is to stand, and if it `pauses`, nobody else is to be exposed. `metric` is a guardrail's number."""

    kind: AlarmKind
    metric: int | None
    message: str
    evidence: Mapping[str, Any]
    pauses: bool = False


@dataclass(frozen=True, slots=True)
class ClearAlarm:
    """It is right again."""

    kind: AlarmKind
    metric: int | None
    message: str
    evidence: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Promote:
    """The variant of this ordinal is to be promoted, at look `look` of `looks`. It is never called proven."""

    rule: str
    variant: int
    confidence: float
    look: int
    looks: int
    units: int
    message: str
    evidence: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EndHoldback:
    """A policy that decides by features is promoted: from now on it has all traffic, and nobody is held back."""

    rule: str
    message: str
    evidence: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """What a person has borne with is to be remembered: the logarithm of the evidence by ordinal, of what this alarm is about."""

    alarm: int
    floors: Mapping[int, float]


Act = RaiseAlarm | ClearAlarm | Promote | EndHoldback


@dataclass(frozen=True, slots=True)
class Judgement:
    """All that follows from one observation, in the order in which it is to be done.

    `looks` is how many looks the promotion rule has taken now; `waiting` says of each rule that does nothing why.
    """

    acts: tuple[Act, ...] = ()
    acknowledged: tuple[Acknowledge, ...] = ()
    looks: int = 0
    waiting: Mapping[str, str] = field(default_factory=dict)
