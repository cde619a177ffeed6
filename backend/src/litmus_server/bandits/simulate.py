"""What a policy would earn and cost: thousands of experiments in a world whose truth is known, decided side by side.

The product's own policies, floor, rounding, refresh rule, memory, correction of delays and promotion; for planning, tests,
calibration and documentation. It must not know a database, an event or a real clock: time is counted in decisions,
and where the product counts seconds (half-lives, delays), a decision is a second.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from litmus.decide import BUCKETS
from numpy.typing import NDArray

from litmus_server.bandits.cohorts import Forgetting
from litmus_server.bandits.delays import mean_delays, passed_by
from litmus_server.bandits.environments import Environment
from litmus_server.bandits.modes import PromotionRule
from litmus_server.bandits.policies import Bayesian, Policy, ThompsonSampling
from litmus_server.bandits.refresh import RefreshRule
from litmus_server.bandits.returning import DRAWN, Keep, Stickiness, Visits
from litmus_server.bandits.tallies import Tallies
from litmus_server.domain.holdback import Holdback

Array = NDArray[np.float64]
Counts = NDArray[np.int64]

TICK = 100
"""The most decisions between two looks at a world that moves or answers late."""


@dataclass(frozen=True, slots=True)
class Design:
    """A policy and everything around it.

    A version is published on growth, at the latest after `cap` decisions; or every `every` decisions. `correct` says
    what is done about delays: "nothing" (an open conversion is a failure), "estimated", or "law", the true mean delays.
    """

    policy: Policy
    floor_ppm: int = 0
    rule: RefreshRule = field(default_factory=RefreshRule)
    cap: int = 1_000
    every: int | None = None
    forgetting: Forgetting | None = None
    correct: str = "nothing"
    promotion: PromotionRule | None = None
    holdback: Holdback | None = None
    stickiness: Stickiness = DRAWN


@dataclass(frozen=True, slots=True)
class Lives:
    """What became of the runs. `decisions` (steps) counts from the start; `regret` (runs, steps) is Σ (best mean − mean
    of the arm that decided) until then. `promoted_at` is 0 where nothing was promoted, `promoted` then −1.
    """

    decisions: Counts
    regret: Array
    trials: Counts
    versions: int
    least_propensity: float
    promoted_at: Counts
    promoted: Counts

    @property
    def final(self) -> Array:
        """The regret of each run, at the end."""
        return np.asarray(self.regret[:, -1])


def simulate(world: Environment, design: Design, rng: np.random.Generator, *, runs: int) -> Lives:
    """`runs` lives of the same experiment. ValueError for a correction of delays in a world that answers at once."""
    if design.correct not in {"nothing", "estimated", "law"}:
        raise ValueError(f"delays are corrected by nothing, estimated or law: {design.correct}")
    if world.delays is None and design.correct != "nothing":
        raise ValueError("nothing arrives late here: there are no delays to correct for")
    arms = len(world.rates)
    steps = list(_steps(world, design))
    memory = _Memory(world, design, runs, len(steps))
    kept = world.visits > 1 and design.stickiness.keep is not Keep.NONE
    visits = Visits(rng, world.horizon, world.visits, design.stickiness, runs, arms) if kept else None
    regret, lost = np.zeros((runs, len(steps))), np.zeros(runs)
    promoted, promoted_at = np.full(runs, -1), np.zeros(runs, dtype=np.int64)
    versions, least, shares = 0, 1.0, np.full((runs, arms), 1 / arms)
    for step, (start, until, ahead) in enumerate(steps):
        if ahead is not None:
            shares, found = _published(memory, design, start, ahead, runs, arms)
            least = min(least, float(shares.min()))
            if design.promotion is not None:
                leader = _leaders(found, memory, design.promotion, start)
                new = (promoted < 0) & (leader >= 0)
                promoted, promoted_at = np.where(new, leader, promoted), np.where(new, start, promoted_at)
            versions += 1
            won = promoted >= 0
            shares[won] = np.eye(arms)[promoted[won]]
        rates = world.rates_at(np.array([(start + until) / 2]))[0]
        if visits is None:
            chosen = rng.multinomial(until - start, shares)
        else:
            chosen = visits.chosen(rng, start, until, shares)
        lost = lost + chosen @ (rates.max() - rates)
        regret[:, step] = lost
        memory.live(rng, step, start, until, chosen, rates)
    ends = np.array([until for _, until, _ in steps])
    return Lives(ends, regret, memory.trials.astype(np.int64), versions, least, promoted_at, promoted)


def mean_and_error(values: Array) -> tuple[float, float]:
    """The mean over runs and its standard error."""
    return float(np.mean(values)), float(np.std(values, ddof=1) / np.sqrt(len(values)))


def _steps(world: Environment, design: Design) -> Iterator[tuple[int, int, int | None]]:
    """(start, end, decisions until the next version where one is published at the start)."""
    moves = world.change is not None or world.delays is not None or design.forgetting is not None
    done = 0
    while done < world.horizon:
        grown = (
            done + design.every if design.every else min(design.rule.outcomes_due(done), done + design.cap)
        )
        until = min(grown, world.horizon)
        ends = [*range(done + TICK, until, TICK), until] if moves else [until]
        for start, end in zip([done, *ends], ends, strict=False):
            yield start, end, until - done if start == done else None
        done = until


def _published(
    memory: "_Memory", design: Design, now: int, ahead: int, runs: int, arms: int
) -> tuple[Array, Array | None]:
    """The shares of the next version, rounded to ppm as `allocate` does, and P(best) where a promotion asks for it."""
    equal = np.full((runs, arms), 1 / arms)
    best = None
    if not now:
        p = equal  # all runs know the same: nothing
    elif isinstance(design.policy, Bayesian):
        best = design.policy.chances(memory.tallies(now, ahead))
        p = design.policy.weighed(best)
    else:
        tallies = memory.tallies(now, ahead)
        p = design.policy.shares(tallies)
        best = None if design.promotion is None else ThompsonSampling().chances(tallies)
    above = BUCKETS - arms * design.floor_ppm
    thresholds = np.floor(above * np.cumsum(p, axis=1) + 0.5)
    thresholds[:, -1] = above
    own = np.diff(thresholds, axis=1, prepend=0) + design.floor_ppm
    return _mixed(own, design.holdback) / BUCKETS, best


def _mixed(own: Array, holdback: Holdback | None) -> Array:
    """`holdback.mixed` for many: the first arm is the control."""
    if holdback is None:
        return own
    thresholds = np.floor((BUCKETS - holdback.share) * np.cumsum(own, axis=1) / BUCKETS + 0.5)
    return np.diff(thresholds, axis=1, prepend=0) + holdback.parts([True] * own.shape[1], 0)


def _leaders(best: Array | None, memory: "_Memory", rule: PromotionRule, now: int) -> Counts:
    """The arm to promote in each run, −1 where there is none: `PromotionRule.judge` for many."""
    runs = len(memory.trials)
    if best is None or now < max(rule.least_units, rule.least_age):
        return np.full(runs, -1)
    leader = best.argmax(axis=1)
    rows = np.arange(runs)
    enough = (best[rows, leader] >= rule.threshold) & (memory.trials[rows, leader] >= rule.least_leader_units)
    return np.where(enough, leader, -1)


class _Memory:
    """What the learner has seen of all runs, as it would be folded: by arm, and by cohort where age matters."""

    def __init__(self, world: Environment, design: Design, runs: int, steps: int) -> None:
        shape = (runs, len(world.rates))
        self.world, self.design = world, design
        self.trials, self.total, self.squares = (np.zeros(shape) for _ in range(3))
        self.aged = design.forgetting is not None or world.delays is not None
        if self.aged:
            self.born = np.zeros(steps)
            self.units, self.sums, self.second = (np.zeros((runs, steps, shape[1])) for _ in range(3))
        self.seen = 0
        self.delays = np.zeros(shape)
        self.open: list[tuple[Array, Array, Counts, Counts]] = []  # arrival, delay, run·arms + arm, step

    def live(
        self, rng: np.random.Generator, step: int, start: int, until: int, chosen: Counts, rates: Array
    ) -> None:
        """The units of one step get their outcomes, or will."""
        self.trials += chosen
        if self.world.law is not None:
            cell = np.repeat(np.arange(chosen.size), chosen.ravel())
            y = self.world.law(rng, rates[cell % len(rates)])
            sums = np.bincount(cell, y, chosen.size).reshape(chosen.shape)
            second = np.bincount(cell, y * y, chosen.size).reshape(chosen.shape)
        else:
            sums = second = rng.binomial(chosen, rates).astype(np.float64)
        if self.aged:
            self.born[step], self.seen = (start + until) / 2, step + 1
            self.units[:, step] = chosen
        if self.world.delays is not None:
            cell = np.repeat(np.arange(chosen.size), sums.ravel().astype(int))
            delay = rng.exponential(np.array(self.world.delays)[cell % len(rates)])
            arrival = rng.uniform(start, until, cell.size) + delay
            soon = arrival < self.world.horizon
            self.open.append((arrival[soon], delay[soon], cell[soon], np.full(int(soon.sum()), step)))
            return
        self.total += sums
        self.squares += second
        if self.aged:
            self.sums[:, step], self.second[:, step] = sums, second

    def tallies(self, now: int, ahead: int) -> Tallies:
        """What a policy is given at this decision."""
        self._arrive(now)
        if not self.aged:
            if self.world.law is None:
                return Tallies(self.trials, self.total, ahead=ahead)
            return Tallies(
                self.trials, self.total, self._scatter(self.trials, self.total, self.squares), ahead=ahead
            )
        ages = now - self.born[: self.seen]
        units, sums, second = (each[:, : self.seen] for each in (self.units, self.sums, self.second))
        weight = np.ones(len(ages))
        if (forgetting := self.design.forgetting) is not None:
            weight = np.array([forgetting.weight(age) for age in ages.tolist()])
        passed: Array | float = 1.0
        if self.world.delays is not None and self.design.correct != "nothing":
            means = np.broadcast_to(np.array(self.world.delays), self.delays.shape)
            if self.design.correct == "estimated":
                means = mean_delays(ages, sums, self.delays)
            passed = passed_by(ages, means)
        total = np.einsum("c,rck->rk", weight, sums)
        n = np.einsum("c,rck->rk", weight, units * passed)
        if self.world.law is None:
            return Tallies(np.maximum(n, total), total, ahead=ahead)
        return Tallies(n, total, self._scatter(n, total, np.einsum("c,rck->rk", weight, second)), ahead=ahead)

    @staticmethod
    def _scatter(n: Array, total: Array, squares: Array) -> Array:
        return np.maximum(squares - total**2 / np.maximum(n, 1e-300), 0)

    def _arrive(self, now: int) -> None:
        """Conversions that have come by now are added to their cohorts."""
        if not self.open:
            return
        arrival, delay, cell, step = (np.concatenate(each) for each in zip(*self.open, strict=True))
        here = arrival < now
        run, arm = np.divmod(cell[here], len(self.world.rates))
        np.add.at(self.sums, (run, step[here], arm), 1.0)
        np.add.at(self.delays, (run, arm), delay[here])
        late = ~here
        self.open = [(arrival[late], delay[late], cell[late], step[late])]


def equal_split(world: Environment) -> float:
    """The regret of an equal split over the whole horizon, exactly: what every policy is held against."""
    moments = np.arange(world.horizon, dtype=np.float64) + 0.5
    rates = world.rates_at(moments)
    return float((rates.max(axis=1) - rates.mean(axis=1)).sum())
