"""What is believed of each arm, for people: the posterior that Thompson sampling decides from, in the metric's own units.

The probability of being the best one is that of `thompson.py`; nothing here decides. It must not know a report.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from litmus_server.bandits.arms import Arm, NumberArm, State
from litmus_server.bandits.tallies import PRIOR_UNITS, Tallies
from litmus_server.stats.absence import TooFew, Undefined
from litmus_server.stats.beta import BetaPosterior
from litmus_server.stats.pbest import Best, pbest_beta, pbest_normal


@dataclass(frozen=True, slots=True)
class Belief:
    """The posterior of one arm's mean: what is expected of it, and the interval that holds it with probability `level`.

    `alpha` and `beta` are there for rates, `sd` for numbers. `win_probability` and `expected_loss` (what choosing this
    arm is expected to cost a unit, against the best one) are None for an inactive arm.
    """

    expected: float
    lower: float
    upper: float
    level: float
    alpha: float | None
    beta: float | None
    sd: float | None
    win_probability: float | None
    expected_loss: float | None


def beliefs(
    state: State, prior_alpha: float = 1.0, prior_beta: float = 1.0, level: float = 0.95
) -> tuple[Belief, ...] | TooFew | Undefined:
    """One an arm, by ordinal. Numbers need two different values first: without a spread there is no posterior of them."""
    if all(isinstance(arm, Arm) for arm in state.arms):
        return _of_rates(state, prior_alpha, prior_beta, level)
    numbers = [arm for arm in state.arms if isinstance(arm, NumberArm)]
    return _of_numbers(state, numbers, level)


def _of_rates(state: State, prior_alpha: float, prior_beta: float, level: float) -> tuple[Belief, ...]:
    posteriors = [
        BetaPosterior(prior_alpha + arm.successes, prior_beta + arm.trials - arm.successes)
        for arm in state.arms
        if isinstance(arm, Arm)
    ]
    contest = [each for each, on in zip(posteriors, state.active, strict=True) if on]
    best = None
    if contest:
        best = pbest_beta(
            [each.alpha for each in contest],
            [each.beta for each in contest],
            higher_is_better=state.higher_is_better,
        )
    found = []
    for posterior, (win, loss) in zip(posteriors, _placed(best, state.active), strict=True):
        ends = posterior.interval(level)
        found.append(
            Belief(
                posterior.mean,
                ends.lower,
                ends.upper,
                level,
                posterior.alpha,
                posterior.beta,
                None,
                win,
                loss,
            )
        )
    return tuple(found)


def _of_numbers(
    state: State, numbers: Sequence[NumberArm], level: float
) -> tuple[Belief, ...] | TooFew | Undefined:
    # What the arms in the contest have shown decides; the others are only looked at beside them.
    contest = [arm for arm in numbers if arm.active] or numbers
    units = sum(arm.n for arm in contest)
    if units < 2:
        return TooFew("a posterior of means", 2, int(units))
    _, common = Tallies.of(State(tuple(replace(arm, active=True) for arm in contest))).spread
    if not common[0, 0] > 0:
        return Undefined("a posterior of means", "all values so far are the same")
    n, own_mean, variance = np.array([(arm.n, arm.mean, arm.variance) for arm in numbers]).T
    centre = sum(arm.n * arm.mean for arm in contest) / units
    mean = (n * own_mean + centre) / (n + 1)
    freedom = np.maximum(n - 1, 0)
    sd = np.sqrt((variance * freedom + PRIOR_UNITS * common[0, 0]) / (freedom + PRIOR_UNITS) / (n + 1))
    on = np.array(state.active)
    best = pbest_normal(mean[on], sd[on], higher_is_better=state.higher_is_better) if on.any() else None
    reach = _normal_reach(level)
    return tuple(
        Belief(float(m), float(m - reach * s), float(m + reach * s), level, None, None, float(s), win, loss)
        for m, s, (win, loss) in zip(mean, sd, _placed(best, state.active), strict=True)
    )


def _placed(best: Best | None, active: Sequence[bool]) -> list[tuple[float | None, float | None]]:
    if best is None:
        return [(None, None)] * len(active)
    contest = iter(zip(best.probability, best.expected_loss, strict=True))
    return [next(contest) if on else (None, None) for on in active]


def _normal_reach(level: float) -> float:
    from scipy.special import ndtri

    return float(-ndtri((1 - level) / 2))
