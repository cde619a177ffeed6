"""When to publish new propensities: on growth of what is known, not on a clock.

A policy that decides from a snapshot loses nothing against one that learns from every outcome if it is republished
whenever the matured outcomes have grown by 5 %; a fixed 1,000 decisions costs up to 142 % more regret. Growth also
bounds the number of versions (378 for a hundred million outcomes), and a version is a batch of the later analysis.

It must not know a clock, a policy, or where versions are stored.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from litmus.decide import BUCKETS


class Reason(StrEnum):
    """Why a version was published."""

    FIRST = "first"
    GROWTH = "growth"
    AGE = "age"


@dataclass(frozen=True, slots=True)
class Published:
    """The newest version: when (by the clock that `now` is read from), on how many outcomes, and its ppm."""

    at: datetime
    outcomes: int
    propensities: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RefreshRule:
    """Publish when matured outcomes grew by `growth_ppm` since the newest version and any propensity changed.

    The first outcomes count one by one. After `max_age` a new version is also due when outcomes did not grow that
    much (or a recompute took some away), but only if a propensity moved by `min_move_ppm`: versions must grow with
    the data, never with the calendar. Two versions are at least `min_interval` apart.

    A change of arms is no case of this rule: the transaction that changes them publishes its own version.
    """

    growth_ppm: int = 50_000
    min_interval: timedelta = timedelta(seconds=1)
    max_age: timedelta = timedelta(seconds=60)
    min_move_ppm: int = 2_000

    def outcomes_due(self, outcomes: int) -> int:
        """At how many outcomes the version that was published on `outcomes` is outgrown."""
        return outcomes + max(1, -(-outcomes * self.growth_ppm // BUCKETS))

    def may_publish(self, now: datetime, last: Published | None, outcomes: int) -> bool:
        """Whether propensities are worth computing: False when no result of it would be published."""
        if last is None:
            return True
        age = now - last.at
        return age >= self.min_interval and (
            outcomes >= self.outcomes_due(last.outcomes) or age >= self.max_age
        )

    def reason_to_publish(
        self, now: datetime, last: Published | None, outcomes: int, propensities: tuple[int, ...]
    ) -> Reason | None:
        """Why `propensities` (ppm) should be published, or None. ValueError when the arms are not the same."""
        if last is None:
            return Reason.FIRST
        moved = max(abs(new - old) for new, old in zip(propensities, last.propensities, strict=True))
        if moved == 0 or not self.may_publish(now, last, outcomes):
            return None
        if outcomes >= self.outcomes_due(last.outcomes):
            return Reason.GROWTH
        return Reason.AGE if moved >= self.min_move_ppm else None
