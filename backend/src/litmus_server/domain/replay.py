"""Decisions of the log made again, and held against what was logged: bit for bit the same, different, or not to be said.

An assignment is drawn by the document of its revision and the policy of its version, both kept for ever. The log keeps only some
attributes of a unit (the dimensions, and few bytes), so an audience may refuse it now for want of what it said then: the draw
is judged without the audience, and the audience is not. It must not know where anything is stored, nor in which language a decision
is made again.
"""

import datetime as dt
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from litmus.decide import Experiment, InvalidEntry, compile_entry, decide, thresholds

from litmus_server.domain.draft import ExperimentType
from litmus_server.domain.policy import Policy

MOST_SHOWN = 20
"""Differences that are shown, of all that are counted."""


class Source(NamedTuple):
    """What an assignment was drawn by. `epoch` is that of fixed weights, or the version of the policy."""

    experiment: int
    revision: int
    epoch: int


class Logged(NamedTuple):
    """One row of the log of assignments. Propensity in ppm. `context` is what the log keeps of a draw that was the unit's own."""

    source: Source
    unit: str
    attributes: Mapping[str, Any] | None
    assigned_at: dt.datetime
    drawn: "Drawn"
    context: Mapping[str, Any] | None = None

    @property
    def shares(self) -> tuple[int, ...] | None:
        """The unit's own, in ppm by ordinal; None where those in force are everybody's."""
        return None if self.context is None else tuple(self.context["shares"])


class Drawn(NamedTuple):
    """What is held against each other: an ordinal, its propensity in ppm, the bucket, the epoch or policy version."""

    variant: int
    propensity: int
    bucket: int | None
    epoch: int


class Past(NamedTuple):
    """A row of the log, and what the archive has of what it was drawn by; None where it has nothing."""

    row: Logged
    document: Mapping[str, Any] | None
    policy: Policy | None


class Again(NamedTuple):
    """A decision that was made again. `reason` is the kernel's."""

    reason: str
    drawn: Drawn


class Unknown(StrEnum):
    """Why a decision cannot be judged."""

    CONFIGURATION = "configuration"
    """The document of its revision is not in the archive."""
    POLICY = "policy"
    """The policy of its version is not in the archive."""
    UNREADABLE = "unreadable"
    """The document is no configuration to this version of the kernel."""
    ATTRIBUTES = "attributes"
    """The draw is the same; the log does not keep all attributes that the audience asks for."""
    AUDIENCE = "audience"
    """The draw is the same; audiences are not judged in this language."""


@dataclass(frozen=True, slots=True)
class Difference:
    """An assignment that comes out differently: what the log says, and what was drawn again, with the kernel's reason."""

    experiment: int
    unit: str
    revision: int
    assigned_at: dt.datetime
    logged: Drawn
    again: Drawn
    reason: str


Verdict = Difference | Unknown | None
"""None: the same."""


@dataclass(slots=True)
class Tally:
    """How a range of the log came out. `forged` names policies (experiment, version) whose checksum is not theirs."""

    same: int = 0
    differs: int = 0
    unknown: Counter[Unknown] = field(default_factory=Counter)
    shown: list[Difference] = field(default_factory=list)
    forged: list[tuple[int, int]] = field(default_factory=list)

    @property
    def total(self) -> int:
        """Assignments that were looked at."""
        return self.same + self.differs + self.unknown.total()

    def add(self, verdict: Verdict) -> None:
        """Count one verdict."""
        match verdict:
            case None:
                self.same += 1
            case Unknown():
                self.unknown[verdict] += 1
            case _:
                self.differs += 1
                if len(self.shown) < MOST_SHOWN:
                    self.shown.append(verdict)


def entry_of(document: Mapping[str, Any] | None, policy: Policy | None) -> Mapping[str, Any] | Unknown:
    """The document that decides, with its policy in it; both from the archive."""
    if document is None:
        return Unknown.CONFIGURATION
    if not ExperimentType(document["type"]).adaptive:
        return document
    if policy is None:
        return Unknown.POLICY
    published = {
        "version": policy.version,
        "revision": policy.revision,
        "propensities": list(policy.propensities),
    }
    return {**document, "policy": published}


def compiled(document: Mapping[str, Any]) -> Experiment | Unknown:
    """The experiment of an archived document, if this kernel can read it."""
    try:
        return compile_entry(document)
    except InvalidEntry:
        return Unknown.UNREADABLE


def decided(
    experiment: Experiment,
    unit: str,
    attributes: Mapping[str, Any] | None,
    shares: Sequence[int] | None = None,
) -> Again:
    """The decision made again by the kernel of this process; with `shares` the draw is from these."""
    made = decide(experiment, unit, attributes)
    version = made.epoch if made.policy_version is None else made.policy_version
    variant, propensity = made.variant, made.propensity
    if shares is not None and made.in_experiment and made.bucket is not None:
        variant = bisect_right(thresholds(shares), made.bucket)
        propensity = shares[variant]
    return Again(made.reason, Drawn(variant, propensity, made.bucket, version))


def judged(row: Logged, again: Again | Unknown, audience: Unknown | None = None) -> Verdict:
    """The verdict on one assignment; `audience` says why its audience was left out of the decision, None that it was not."""
    if isinstance(again, Unknown):
        return again
    if again.reason == "assigned" and again.drawn == row.drawn:
        return audience
    source = row.source
    return Difference(
        source.experiment, row.unit, source.revision, row.assigned_at, row.drawn, again.drawn, again.reason
    )


def lacks_attributes(row: Logged, again: Again | Unknown, audience: object) -> bool:
    """Whether the audience (a condition) refused a unit of which the log may not keep all that it asks for."""
    if isinstance(again, Unknown) or again.reason != "audience":
        return False
    return not asked_attributes(audience) <= set(row.attributes or {})


def asked_attributes(condition: object) -> set[str]:
    """The names of all attributes in a published condition."""
    return set(_attributes(condition))


def _attributes(condition: object) -> Iterator[str]:
    match condition:
        case {"attribute": str(name)}:
            yield name
        case {"all": list(parts)} | {"any": list(parts)}:
            for part in parts:
                yield from _attributes(part)
        case {"not": part}:
            yield from _attributes(part)
