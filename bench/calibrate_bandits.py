"""Do the bandits keep what is promised of them? Every bar of regret, promotion, delays and false claims, with its figure.

    python bench/calibrate_bandits.py [--scale 0.1] [--only regret floor upper promotion holdback delays claims environments]

Thousands of experiments side by side in worlds whose truth is known, with the product's own policies, floor, rounding,
refresh rule and promotion. Seeds are fixed: a run gives the same figures again, and with and without a floor the same
seeds are used. `--scale` shortens all runs alike. Ends with 1 when a bar is missed by more than three standard errors.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from litmus_server.bandits.accounts import saved
from litmus_server.bandits.allocation import DEFAULT_FLOOR_PPM
from litmus_server.bandits.cohorts import Forgetting
from litmus_server.bandits.environments import ENVIRONMENTS, Environment
from litmus_server.bandits.modes import MODES, PromotionRule
from litmus_server.bandits.policies import (
    KLUCB,
    EpsilonGreedy,
    Policy,
    ThompsonSampling,
    TopTwo,
    UCBTuned,
)
from litmus_server.bandits.refresh import RefreshRule
from litmus_server.bandits.simulate import Design, Lives, equal_split, mean_and_error, simulate
from litmus_server.bandits.tallies import Tallies
from litmus_server.bandits.version import shares_of, state_of
from litmus_server.domain.draft import Purpose
from litmus_server.domain.holdback import Baseline, Holdback
from litmus_server.domain.policy import Watermark
from litmus_server.stats.adaptive import Scores, Weighting
from litmus_server.stats.critical import AlwaysValid, best_ratio, log_evidence
from litmus_server.stats.moments import MICRO
from litmus_server.stats.sheet import EXPOSED, Measure, Sheet, Strip
from litmus_server.stats.start import LEAST_UNITS, LEAST_VALUES, MOST_SKEW, skew_of_difference
from numpy.typing import NDArray

Array = NDArray[np.float64]

CASES = json.loads((Path(__file__).parents[1] / "spec" / "bandits" / "regret.json").read_text())["cases"]
FIVE = tuple(case["environment"] for case in CASES)
MOST_VERSIONS = 250


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table; `bar` None is information. `error` is one standard error."""

    name: str
    value: float
    error: float = 0.0
    bar: float | None = None
    at_least: bool = False

    @property
    def missed(self) -> bool:
        if self.bar is None:
            return False
        beyond = self.bar - self.value if self.at_least else self.value - self.bar
        return beyond > 3 * self.error


@cache
def lives(environment: str, floor: int, runs: int) -> Lives:
    """Thompson sampling with the default refresh."""
    return simulate(
        ENVIRONMENTS[environment], Design(ThompsonSampling(), floor), np.random.default_rng(2026), runs=runs
    )


def regret(scale: float) -> Iterator[Figure]:
    """Bar 2, first half: no floor."""
    for case in CASES:
        found = lives(case["environment"], 0, max(50, round(2000 * scale)))
        mean, error = mean_and_error(found.final)
        yield Figure(f"Thompson, no floor, {case['environment']}: regret", mean, error, case["bar"])
        yield Figure(f"Thompson, {case['environment']}: versions", found.versions, 0, MOST_VERSIONS)


def floor(scale: float) -> Iterator[Figure]:
    """Bar 2, second half: what the default floor costs, with the same seeds."""
    for name in FIVE:
        runs = max(50, round(2000 * scale))
        without, with_floor = lives(name, 0, runs).final, lives(name, DEFAULT_FLOOR_PPM, runs).final
        cost = with_floor.mean() / without.mean() - 1
        spread = with_floor - (1 + cost) * without
        error = float(np.std(spread) / np.sqrt(runs) / without.mean())
        bar = 0.10 if name in {"ladder5", "easy2", "fivemodel"} else 0.22
        yield Figure(f"floor of 0.2 %, {name}: cost in regret", float(cost), error, bar)


def upper(scale: float) -> Iterator[Figure]:
    """Bar 3: KL-UCB decided 1,000 times from each version, with the least floor there is, 1 ppm."""
    for name, bar in (("ladder5", 160.0), ("hard10", 146.0), ("cl10", 350.0)):
        design = Design(KLUCB(), floor_ppm=1, every=1000)
        runs = max(50, round(2000 * scale))
        found = simulate(ENVIRONMENTS[name], design, np.random.default_rng(2026), runs=runs)
        yield Figure(f"KL-UCB, 1,000 decisions a version, {name}: regret", *mean_and_error(found.final), bar)
        yield Figure(f"KL-UCB, {name}: least propensity", found.least_propensity, 0, 1e-6, at_least=True)


def promotion(scale: float) -> Iterator[Figure]:
    """Bar 5: the five-model tutorial in two modes; a demonstration's minimum of 500 units and no age."""
    runs = max(100, round(2000 * scale))
    world = ENVIRONMENTS["fivemodel"]
    best = int(np.argmax(world.rates))
    for purpose, policy, threshold in (
        (Purpose.EARN, ThompsonSampling(), 0.95),
        (Purpose.LEARN, TopTwo(), 0.99),
    ):
        design = Design(policy, MODES[purpose].floor_ppm, promotion=PromotionRule(threshold, 500, 0))
        found = simulate(world, design, np.random.default_rng(2026), runs=runs)
        done = found.promoted >= 0
        right, wrong = float(done.mean()), float((done & (found.promoted != best)).mean())
        median = float(np.median(found.promoted_at[done]))
        earn = purpose is Purpose.EARN
        yield Figure(
            f"{purpose}: promoted within 5,000",
            right,
            _error(right, runs),
            0.975 if earn else None,
            at_least=True,
        )
        yield Figure(f"{purpose}: promoted a wrong one", wrong, _error(wrong, runs), 0.012 if earn else 0.005)
        yield Figure(f"{purpose}: median decisions until then", median, 0, None if earn else 1500)
        yield Figure(f"{purpose}: regret", *mean_and_error(found.final), 46 if earn else None)


def holdback(scale: float) -> Iterator[Figure]:
    """What a holdback of 5 % measures: bias and coverage at one look and at all, and how wide, with it and without; and what it costs."""
    runs = max(100, round(1000 * scale))
    for name, rates in (
        ("ladder5", (0.1, 0.11, 0.12, 0.13, 0.14)),
        ("fivemodel", (0.62, 0.66, 0.7, 0.74, 0.8)),
    ):
        for to in (None, *Baseline):
            share = 0 if to is None else 50_000
            against = 0 if to is Baseline.CONTROL else None
            scores, truth, counted = _held(rates, Holdback(max(share, 1), to or Baseline.UNIFORM), runs)
            estimate, variance = saved(scores, against)
            covered = float(np.mean(np.abs(estimate - truth[:, -1]) <= 1.959964 * np.sqrt(variance)))
            always = np.ones(runs, dtype=bool)
            batches = scores.e.shape[1]
            for until in range(4, batches + 1, 2):
                totals = _totals(scores)[:, :until]
                part = Scores(scores.n[:, :until], totals, totals, scores.e[:, :until])
                so_far, spread = saved(part, against)
                reach = AlwaysValid(until / batches * best_ratio(0.05)).value(0.05) * np.sqrt(spread)
                always &= np.abs(so_far - truth[:, until - 1]) <= reach
            label = f"{name}, " + ("no holdback" if to is None else f"holdback of 5 %, {to}")
            yield Figure(
                f"{label}: interval holds at one look", covered, _error(covered, runs), 0.935, at_least=True
            )
            at_all = float(always.mean())
            yield Figure(f"{label}: at all looks", at_all, _error(at_all, runs), 0.94, at_least=True)
            yield Figure(
                f"{label}: half its width, of {truth[:, -1].mean():.0f}",
                float(np.median(1.959964 * np.sqrt(variance))),
            )
            yield Figure(f"{label}: error", float((estimate - truth[:, -1]).std()))
            if to is not None:
                yield Figure(
                    f"{label}: error of counting who was held back", float((counted - truth[:, -1]).std())
                )
    for mode, policy, threshold in (("earn", ThompsonSampling(), 0.95), ("learn", TopTwo(), 0.99)):
        runs = max(100, round(2000 * scale))
        design = Design(
            policy,
            MODES[Purpose(mode)].floor_ppm,
            promotion=PromotionRule(threshold, 500, 0),
            holdback=Holdback(50_000),
        )
        found = simulate(ENVIRONMENTS["fivemodel"], design, np.random.default_rng(2026), runs=runs)
        yield Figure(
            f"{mode}, holdback of 5 %: regret", *mean_and_error(found.final), 46 if mode == "earn" else None
        )
        done = found.promoted >= 0
        yield Figure(
            f"{mode}, holdback of 5 %: promoted",
            float(done.mean()),
            0,
            0.975 if mode == "earn" else None,
            at_least=True,
        )
        yield Figure(
            f"{mode}, holdback of 5 %: a wrong one", float((done & (found.promoted != 4)).mean()), 0, 0.012
        )
    for name in FIVE:
        runs = max(50, round(1000 * scale))
        designs = [
            Design(ThompsonSampling(), DEFAULT_FLOOR_PPM, holdback=each) for each in (None, Holdback(50_000))
        ]
        without, with_it = (
            simulate(ENVIRONMENTS[name], each, np.random.default_rng(2026), runs=runs).final.mean()
            for each in designs
        )
        yield Figure(f"holdback of 5 %, {name}: regret, from {without:.1f}", float(with_it))


def _totals(scores: Scores) -> Array:
    """Conversions of each (batch, arm), out of what the scores keep."""
    return np.asarray(scores.rest * scores.e + scores.n * scores.mu)


def _held(rates: tuple[float, ...], held: Holdback, runs: int) -> tuple[Scores, Array, Array]:
    """10,000 units in 100 batches of bandits with the default floor: scores, what each brought against the holdback until each batch,
    and what counting those who were held back against the others says at the end.
    """
    rng, arms, h = np.random.default_rng(2026), len(rates), held.share / 1e6
    parts = np.array(held.parts([True] * arms, 0)) / 1e6
    baseline = parts / h
    if held.share == 1:  # none: against an equal split
        parts, baseline, h = np.zeros(arms), np.full(arms, 1 / arms), 0.0
    n, total, e = (np.zeros((runs, 100, arms)) for _ in range(3))
    units, won = np.zeros((2, runs)), np.zeros((2, runs))
    floor = DEFAULT_FLOOR_PPM / 1e6
    for b in range(100):
        p = np.full((runs, arms), 1 / arms)
        if b:
            p = ThompsonSampling().shares(Tallies(n.sum(axis=1), total.sum(axis=1)))
        e[:, b] = parts + (1 - h) * (floor + (1 - arms * floor) * p)
        n[:, b] = rng.multinomial(100, e[:, b] / e[:, b].sum(axis=1, keepdims=True))
        back = rng.binomial(n[:, b].astype(int), parts / e[:, b])
        for side, counts in enumerate((n[:, b].astype(int) - back, back)):
            successes = rng.binomial(counts, rates)
            total[:, b] += successes
            units[side] += counts.sum(axis=1)
            won[side] += successes.sum(axis=1)
    truth = (100 * (e - baseline) * np.array(rates)).sum(axis=2).cumsum(axis=1)
    counted = (won[0] / units[0] - won[1] / np.maximum(units[1], 1)) * units[0]
    return Scores(n, total, total, e), truth, counted


def _error(share: float, runs: int) -> float:
    return float(np.sqrt(share * (1 - share) / runs))


def delays(scale: float) -> Iterator[Figure]:
    """Bar 6: conversions that take 300 decisions, but 3,000 in the best arm; and 1,000 in all."""
    for name, bars in (
        ("slow_best", {"nothing": None, "estimated": 200.0, "law": 130.0}),
        ("delayed", {"nothing": None, "estimated": 135.0, "law": 130.0}),
    ):
        for how, bar in bars.items():
            design = Design(ThompsonSampling(), correct=how)
            runs = max(50, round(400 * scale))
            found = simulate(ENVIRONMENTS[name], design, np.random.default_rng(2026), runs=runs)
            yield Figure(f"delays, {name}, corrected by {how}: regret", *mean_and_error(found.final), bar)
    runs = max(10, round(400 * scale))
    served = np.array([_served(ENVIRONMENTS["slow_best"], seed) for seed in range(runs)])
    yield Figure("delays, slow_best, learned as the server does: regret", *mean_and_error(served), 200.0)


def _served(world: Environment, seed: int) -> float:
    """One life by the server's own steps: cohorts of an hour (100 decisions), exact sums of delays, states and their shares."""
    rng, arms = np.random.default_rng(seed), len(world.rates)
    rates, means = np.array(world.rates), np.array(world.delays)
    rule, done, shares, lost = RefreshRule(), 0, np.full(arms, 1 / arms), 0.0
    units = np.zeros((world.horizon // 100 + 1, arms), dtype=int)
    arrival, delay, cell = (np.zeros(0) for _ in range(3))
    while done < world.horizon:
        until = min(rule.outcomes_due(done), done + 1_000, world.horizon)
        for start in [done, *range(done // 100 * 100 + 100, until, 100)]:
            end = min(until, start // 100 * 100 + 100)
            chosen = rng.multinomial(end - start, shares)
            units[start // 100] += chosen
            lost += float(chosen @ (rates.max() - rates))
            arm = np.repeat(np.arange(arms), rng.binomial(chosen, rates))
            took = rng.exponential(means[arm])
            arrival = np.append(arrival, rng.uniform(start, end, arm.size) + took)
            delay, cell = np.append(delay, took), np.append(cell, start // 100 * arms + arm)
        done = until
        here = arrival < done
        hours = -(-done // 100)
        came = np.bincount(cell[here].astype(int), minlength=hours * arms).reshape(-1, arms)
        late = np.bincount(cell[here].astype(int), delay[here], hours * arms).reshape(-1, arms)
        state = state_of(
            _PATIENT,
            Watermark(0, None),
            units.sum(axis=0).tolist(),
            came.sum(axis=0).tolist(),
            [0] * arms,
            _sheet(units[:hours], came, np.asarray(late * _DECISION)),
            done * _DECISION,
        )
        shares = np.array(shares_of(state)) / 1e6
    return lost


_DECISION = 36.0
"""Seconds."""
_PATIENT: dict[str, Any] = {
    "key": "slow_best",
    "type": "thompson_sampling",
    "parameters": {"prior_alpha": 1, "prior_beta": 1, "floor": 0, "learned_delays": True},
    "metrics": [
        {
            "id": 1,
            "name": "conversion",
            "role": "primary",
            "kind": "conversion",
            "direction": "increase",
            "window_seconds": 365 * 86_400,
        }
    ],
    "variants": [{"id": str(k), "state": "active"} for k in range(5)],
}


def _sheet(units: NDArray[np.int64], came: NDArray[np.int64], late: Array) -> Sheet:
    """As the tables of the fold are read: a row an hour and variant."""
    hours, arms = units.shape
    strips: dict[tuple[int, int], Strip] = {}
    for metric, counts in ((EXPOSED, units), (1, came)):
        for arm in range(arms):
            rows = tuple((n, n * MICRO, n * MICRO**2, n * MICRO**3, 0, 0, 0) for n in counts[:, arm].tolist())
            strips[metric, arm] = Strip((1,) * hours, tuple(range(hours)), rows)
    joint = {
        (1, arm): Strip(
            (1,) * hours, tuple(range(hours)), tuple((round(s * MICRO),) for s in late[:, arm].tolist())
        )
        for arm in range(arms)
    }
    return Sheet(1, {1: Measure(binary=True, delays=True)}, strips, joint)


def claims(scale: float) -> Iterator[Figure]:
    """Bar 10: "proven" on equal arms, at any look, by the anytime interval after a bandit; every other arm against the
    first, Bonferroni. P(best) ≥ 0.95 beside it, which is no claim. Looks every 100 decisions, from where
    the report's start rule lets monitoring begin."""
    runs = max(100, round(2000 * scale))
    for name in ("null2", "null5"):
        world = ENVIRONMENTS[name]
        for label, floor_ppm, policy in (
            ("no floor", 0, ThompsonSampling()),
            ("floor 0.2 %", DEFAULT_FLOOR_PPM, ThompsonSampling()),
            ("top-two, floor 1 %", 10_000, TopTwo()),
        ):
            proven, probable, promoted = 0, 0, runs
            for part in range(0, runs, 250):
                some = min(250, runs - part)
                found = _looked_at(world.rates, world.horizon, policy, floor_ppm, some, 2026 + part)
                proven, probable = proven + found[0], probable + found[1]
            rate, seen = proven / promoted, probable / promoted
            yield Figure(
                f"{name}, {label}: claimed as proven", rate, float(np.sqrt(0.05 * 0.95 / runs)), 0.05
            )
            yield Figure(f"{name}, {label}: P(best) ≥ 0.95 at some look", seen)


def _looked_at(
    rates: tuple[float, ...],
    horizon: int,
    policy: ThompsonSampling | TopTwo,
    floor_ppm: int,
    runs: int,
    seed: int,
) -> tuple[int, int]:
    """How many of these runs were called proven, and how many probable, at any look: versions of 100 decisions."""
    from litmus_server.bandits.tallies import Tallies

    rng, arms, looks = np.random.default_rng(seed), len(rates), horizon // 100
    n, total, e = (np.zeros((runs, looks, arms)) for _ in range(3))
    trials, successes, probable = np.zeros((runs, arms)), np.zeros((runs, arms)), np.zeros(runs, dtype=bool)
    for look in range(looks):
        best = policy.chances(Tallies(trials, successes))
        if look >= 4:
            probable |= (best >= 0.95).any(axis=1)
        least = floor_ppm / 1e6
        e[:, look] = np.maximum(least + (1 - arms * least) * policy.weighed(best), 1e-6)
        e[:, look] /= e[:, look].sum(axis=1, keepdims=True)
        n[:, look] = rng.multinomial(100, e[:, look])
        total[:, look] = rng.binomial(n[:, look].astype(int), rates)
        trials, successes = trials + n[:, look], successes + total[:, look]
    scores = Scores(n, total, total, e)
    units = np.cumsum(scores.units[..., 0], axis=-1)
    planned = horizon * arms * 2 * rates[0] * (1 - rates[0])
    alpha = 0.05 / (arms - 1)
    proven = np.zeros(runs, dtype=bool)
    for k in range(1, arms):
        found = scores.estimates((0, k), Weighting.UNIFORM)
        variance = found.variance_of_difference
        with np.errstate(divide="ignore", invalid="ignore"):
            statistic = (found.mean[1] - found.mean[0]) / np.sqrt(variance)
            ratio = variance * units**2 / planned * best_ratio(alpha)
            evidence = log_evidence(statistic, ratio)
        proven |= (
            _open(n[..., 0], total[..., 0], n[..., k], total[..., k]) & (evidence >= -np.log(alpha))
        ).any(axis=1)
    return int(proven.sum()), int(probable.sum())


def _open(n0: Array, s0: Array, n1: Array, s1: Array) -> NDArray[np.bool_]:
    """`stats.start.not_open` of conversions, for all runs and looks."""
    n0, s0, n1, s1 = (np.cumsum(each, axis=1) for each in (n0, s0, n1, s1))
    enough = (np.minimum(n0, n1) >= LEAST_UNITS) & (np.minimum(s0, s1) >= LEAST_VALUES)
    enough &= np.minimum(n0 - s0, n1 - s1) >= LEAST_VALUES
    with np.errstate(divide="ignore", invalid="ignore"):
        p = (s0 + s1) / (n0 + n1)
        skew = skew_of_difference((1 - 2 * p) / np.sqrt(p * (1 - p)), n1, n0)
    return np.asarray(enough & (skew <= MOST_SKEW))


def environments(scale: float) -> Iterator[Figure]:
    """No bars: what each policy costs in each world, against an equal split."""
    designs: dict[str, Policy] = {
        "Thompson": ThompsonSampling(),
        "KL-UCB": KLUCB(),
        "UCB1-tuned": UCBTuned(),
        "epsilon, decay": EpsilonGreedy(decay=True),
        "top-two": TopTwo(),
    }
    runs = max(20, round(400 * scale))
    for name, world in ENVIRONMENTS.items():
        yield Figure(f"{name}: equal split", equal_split(world))
        for label, policy in designs.items():
            if name in {"rare5", "revenue4", *FIVE, "switching", "seasonal", "drifting", "novelty"}:
                design = Design(policy, DEFAULT_FLOOR_PPM)
                found = simulate(world, design, np.random.default_rng(2026), runs=runs)
                yield Figure(f"{name}: {label}, floor 0.2 %", *mean_and_error(found.final))
    for name in ("ladder5", "switching", "novelty"):
        for label, memory in (
            ("half-life 5,000", Forgetting(half_life=5000)),
            ("window 5,000", Forgetting(window=5000)),
        ):
            design = Design(ThompsonSampling(), forgetting=memory)
            found = simulate(ENVIRONMENTS[name], design, np.random.default_rng(2026), runs=runs)
            yield Figure(f"{name}: Thompson, {label}", *mean_and_error(found.final))


PARTS = {
    each.__name__: each for each in (regret, floor, upper, promotion, holdback, delays, claims, environments)
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--only", nargs="*", choices=list(PARTS), default=list(PARTS))
    options = parser.parse_args()
    missed = []
    for part in options.only:
        start = time.perf_counter()
        for figure in PARTS[part](options.scale):
            bar = "" if figure.bar is None else f"{'≥' if figure.at_least else '≤'} {figure.bar:g}"
            error = f"± {figure.error:.4g}" if figure.error else ""
            print(
                f"{figure.name:62} {figure.value:10.4g} {error:12} {bar:10}{'  MISSED' if figure.missed else ''}",
                flush=True,
            )
            missed += [figure.name] if figure.missed else []
        print(f"── {part}: {time.perf_counter() - start:.0f} s", flush=True)
    if missed:
        sys.exit("missed: " + "; ".join(missed))


if __name__ == "__main__":
    main()
