"""What rules go by: one experiment and its sums, read in one snapshot of the database."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from litmus_server.domain.alarm import AlarmKind
from litmus_server.domain.experiment import Experiment, Status
from litmus_server.domain.holdback import Held
from litmus_server.stats.sheet import Meant, Sheet


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The newest alarm about something that a person has acknowledged. `floors`: the logarithm of the evidence at the first look
    after that, by ordinal; None until then.
    """

    alarm: int
    floors: Mapping[int, float] | None


@dataclass(frozen=True, slots=True)
class Observation:
    """`shares`: of each epoch of weights, or version of a policy, the shares by ordinal with which variants were drawn.

    `entry` is the document that decides, with the metrics that rules go by; `now` is the database's clock.
    `looks` are those that the promotion rule has taken. `standing` are the alarms that stand, as (kind, number of the metric).
    `acknowledged` is by the number of a guardrail's metric; None is the sample ratio. `held`: where features decide, what units brought that
    were held back, and all others.
    """

    experiment: Experiment
    entry: Mapping[str, Any]
    now: dt.datetime
    seq: int
    sheet: Sheet
    shares: Mapping[int, Sequence[float]]
    looks: int = 0
    standing: frozenset[tuple[AlarmKind, int | None]] = frozenset()
    acknowledged: Mapping[int | None, Acknowledged] = field(default_factory=dict)
    held: Sequence[Held] = ()

    @property
    def age(self) -> float:
        """For how many seconds it has been running, pauses left out."""
        history = self.experiment.history
        ends = [at for at, _ in history[1:]] + [self.now]
        ran = (end - at for (at, status), end in zip(history, ends, strict=True) if status is Status.RUNNING)
        return sum(ran, dt.timedelta()).total_seconds()

    def promotes_nothing(self) -> str | None:
        """Why no rule may promote a variant now, whatever the sums say; None where one may."""
        experiment = self.experiment
        if experiment.promotion is not None:
            return f"{experiment.promotion.variant_key} was promoted"
        if experiment.status is not Status.RUNNING:
            return f"it is {experiment.status}"
        return "an alarm stands" if self.standing else None

    @property
    def control(self) -> int:
        """The ordinal that all others are compared with."""
        return next((each.ordinal for each in self.experiment.variants if each.is_control), 0)

    @property
    def treatments(self) -> tuple[int, ...]:
        """The ordinals of all others."""
        control = self.control
        return tuple(each.ordinal for each in self.experiment.variants if each.ordinal != control)

    def epochs(self, *drawn: int) -> list[int]:
        """Those with exposed units whose shares are known, oldest first, in which all these variants were drawn."""
        return [
            epoch
            for epoch in self.sheet.epochs()
            if epoch in self.shares and all(self.shares[epoch][k] > 0 for k in drawn)
        ]

    def during(self, epochs: Sequence[int]) -> Meant:
        """The cells of these epochs."""
        wanted = frozenset(epochs)
        return lambda epoch, _: epoch in wanted
