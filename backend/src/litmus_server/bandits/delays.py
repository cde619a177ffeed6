"""Conversions take time, and not the same time in every arm: how many of a unit's chances have passed by now.

"Not converted yet" is not "will not convert". A unit of age a counts as G(a) units, G the share of conversions that have
come by then (Vernade, Cappé & Perchet, UAI 2017, who know G). G is estimated for each arm: exponential, by maximum
likelihood that knows that only delays shorter than the unit's age can have been seen, with five converters of the
common mean added. It must not know a policy, nor a clock.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from litmus_server.bandits.arms import Arm
from litmus_server.bandits.cohorts import Cohort, Forgetting

Array = NDArray[np.float64]

PSEUDO_CONVERTERS = 5
_HALVINGS = 40
_LONGEST = 10.0  # in units of the oldest age: what is slower than that cannot be told from what never comes


@dataclass(frozen=True, slots=True)
class Maturity:
    """An arm, corrected for what has not had its time.

    `arm` is what a policy takes: its trials are the chances that have passed, never fewer than its successes.
    `arrived` is the share of expected conversions that are already in (None before the first exposure), and
    `mean_delay` is in seconds (None where nothing is known and nothing is corrected).
    """

    arm: Arm
    arrived: float | None
    mean_delay: float | None

    def to_come(self, rate: float) -> float:
        """How many conversions of units that are in are still expected, if a chance converts at `rate`."""
        if self.arrived is None or self.arrived <= 0:
            return 0.0
        return rate * self.arm.trials * (1 / self.arrived - 1)


def matured(
    arms: Sequence[Sequence[Cohort]],
    *,
    attribution: float | None = None,
    law: Sequence[float] | None = None,
    forgetting: Forgetting | None = None,
    active: Sequence[bool] | None = None,
    joined: Sequence[float] | None = None,
) -> tuple[Maturity, ...]:
    """Each arm from its cohorts, by ordinal.

    `attribution` is the metric's window in seconds: what would come later never counts. `law` gives each arm's mean
    delay in seconds where it is known; otherwise it is estimated. Raises ValueError for a law that is no positive number.
    """
    ages = sorted({cohort.age for arm in arms for cohort in arm})
    place = {age: at for at, age in enumerate(ages)}
    exposed, converted = (np.zeros((1, len(ages), len(arms))) for _ in range(2))
    delays = np.zeros((1, len(arms)))
    for k, arm in enumerate(arms):
        for cohort in arm:
            exposed[0, place[cohort.age], k] += cohort.exposed
            converted[0, place[cohort.age], k] += cohort.converted
            delays[0, k] += cohort.delay_sum
    age = np.array(ages)
    if law is not None:
        if len(law) != len(arms) or not all(mean > 0 for mean in law):
            raise ValueError(f"a law is one positive mean delay an arm, in seconds: {law}")
        means = np.array([law], dtype=np.float64)
    else:
        means = mean_delays(age, converted, delays, attribution)
    passed = passed_by(age, means, attribution)[0]
    weight = np.array([1.0 if forgetting is None else forgetting.weight(each) for each in ages])
    on = [True] * len(arms) if active is None else active
    since = [0.0] * len(arms) if joined is None else joined
    out = []
    for k in range(len(arms)):
        successes = float(weight @ converted[0, :, k])
        units = float(weight @ exposed[0, :, k])
        chances = float((weight * passed[:, k]) @ exposed[0, :, k])
        mean = float(means[0, k])
        arm_now = Arm(successes, max(chances, successes), on[k], since[k])
        out.append(Maturity(arm_now, chances / units if units else None, mean if mean > 0 else None))
    return tuple(out)


def mean_delays(age: Array, converted: Array, delays: Array, attribution: float | None = None) -> Array:
    """The estimated mean delay of each arm: of many experiments at once.

    `age` (cohorts), `converted` (experiments, cohorts, arms) so far, `delays` (experiments, arms) their sums. Answers
    (experiments, arms); 0, which corrects nothing, where no arm of an experiment has converted.
    """
    limit = np.maximum(age if attribution is None else np.minimum(age, attribution), 1e-9)
    if not len(age):
        return np.zeros_like(delays)
    longest = _LONGEST * float(limit.max())
    pooled = _fitted(
        limit, converted.sum(axis=2, keepdims=True), delays.sum(axis=1, keepdims=True), 0.0, longest
    )
    # `longest` also bounds the common mean: five pseudo-converters must not outvote what can be seen.
    own = _fitted(limit, converted, delays + PSEUDO_CONVERTERS * pooled, PSEUDO_CONVERTERS, longest)
    return np.where(converted.sum(axis=(1, 2))[:, None] > 0, own, 0.0)


def passed_by(age: Array, means: Array, attribution: float | None = None) -> Array:
    """The share of conversions that come within `age`, of those that count at all: (experiments, cohorts, arms)."""
    mean = np.maximum(means, 1e-300)[:, None, :]
    seen = -np.expm1(-np.maximum(age, 0.0)[:, None] / mean)
    if attribution is None:
        return np.asarray(seen)
    return np.asarray(np.minimum(seen / -np.expm1(-attribution / mean), 1.0))


def _fitted(limit: Array, converted: Array, delays: Array, pseudo: float, longest: float) -> Array:
    """The root of the score: Σ delays = Σ_c converted_c·E[delay | delay < limit_c] + pseudo·mean, which grows with the mean."""
    low, high = np.full_like(delays, longest * 1e-9), np.full_like(delays, longest)
    for _ in range(_HALVINGS):
        mean = np.sqrt(low * high)
        ratio = limit[:, None] / mean[:, None, :]
        with np.errstate(over="ignore"):
            truncated = mean[:, None, :] - limit[:, None] / np.expm1(ratio)
        expected = (converted * truncated).sum(axis=1) + pseudo * mean
        low, high = np.where(expected < delays, mean, low), np.where(expected < delays, high, mean)
    return np.asarray(np.sqrt(low * high))
