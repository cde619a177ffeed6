"""Do intervals hold the truth after a bandit? Coverage in eleven designs, at their own floors and at the product's.

    python bench/calibrate_after_bandit.py [--runs 4000] [--designs NAME …]

For each design and floor: coverage of the difference to the first arm (the worst arm is shown) by the interval around
plain means, by AIPW with the empirical variance only, by what the product shows, by its narrow variant, and by the
anytime interval at all looks together from 400 units on; median widths beside them. Seeds are fixed. Ends with 1
when a bar of docs/statistics/after-a-bandit.md is missed.
"""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from litmus_server.bandits.allocation import DEFAULT_FLOOR_PPM
from litmus_server.stats.adaptive import Scores, Weighting
from litmus_server.stats.multinomial import concentration_for
from numpy.typing import NDArray
from scipy.special import ndtr

Array = NDArray[np.float64]

Z = 1.959963984540054
FIXED_BAR, ANYTIME_BAR = 0.935, 0.94
FIRST_LOOK = 400


@dataclass(frozen=True, slots=True)
class Design:
    """`floor` is the least propensity of an arm; None for one that decays as t^−0.7 ÷ arms (Hadad et al.)."""

    name: str
    means: tuple[float, ...]
    units: int
    batches: int
    floor: float | None
    outcome: str = "conversion"
    top_two: bool = False


DESIGNS = (
    Design("2 × .5, floor .01", (0.5, 0.5), 10_000, 100, 0.01),
    Design("2 × .5, floor .05", (0.5, 0.5), 10_000, 100, 0.05),
    Design("2 × .5, decaying", (0.5, 0.5), 10_000, 100, None),
    Design("2 × .05", (0.05, 0.05), 20_000, 50, 0.01),
    Design(".05 and .06", (0.05, 0.06), 20_000, 50, 0.01),
    Design("2 normal, apart by .05", (0.0, 0.05), 10_000, 100, 0.01, outcome="normal"),
    Design("4 × .1", (0.1,) * 4, 20_000, 100, 0.01),
    Design("3 × .1 and .13", (0.1, 0.1, 0.1, 0.13), 20_000, 100, 0.01),
    Design("4 × .1, top two", (0.1,) * 4, 20_000, 100, 0.01, top_two=True),
    Design("Hadad, no signal", (1.0, 1.0, 1.0), 10_000, 100, None, outcome="uniform"),
    Design("Hadad, low signal", (0.9, 1.0, 1.1), 10_000, 100, None, outcome="uniform"),
)

_VARIANCE = {"normal": lambda m: np.ones_like(m), "uniform": lambda m: np.full_like(m, 1 / 3), "conversion": lambda m: m * (1 - m)}  # fmt: skip


def best(mean: Array, sd: Array) -> Array:
    """P(best) of normal posteriors for many experiments at once, shape (runs, arms): good to about 1e-6 here."""
    if mean.shape[1] == 2:
        first = ndtr((mean[:, 0] - mean[:, 1]) / np.hypot(sd[:, 0], sd[:, 1]))
        return np.stack([first, 1 - first], axis=1)
    t, w = np.polynomial.legendre.leggauss(48)
    t, w = 7 * t, w * np.exp(-0.5 * (7 * t) ** 2)
    x = mean[:, :, None] + sd[:, :, None] * t
    p = np.ones_like(x)
    for j in range(mean.shape[1]):
        below = ndtr((x - mean[:, j, None, None]) / sd[:, j, None, None])
        below[:, j] = 1
        p *= below
    out = p @ w
    return np.asarray(out / out.sum(axis=1, keepdims=True))


def simulate(design: Design, floor: float | None, runs: int, rng: np.random.Generator) -> Scores:
    """Thompson sampling with normal posteriors; propensities stand still within a batch."""
    arms, per_batch = len(design.means), design.units // design.batches
    shape = (runs, design.batches, arms)
    n, total, squares, e = np.zeros(shape), np.zeros(shape), np.zeros(shape), np.zeros(shape)
    means = np.array(design.means)
    seen_n, seen = np.zeros((runs, arms)), np.zeros((runs, arms))
    for b in range(design.batches):
        if b == 0:
            propensity = np.full((runs, arms), 1 / arms)
        else:
            if design.outcome == "conversion":
                mean = (1 + seen) / (2 + seen_n)
                sd = np.sqrt(mean * (1 - mean) / (3 + seen_n))
            else:
                mean = seen / (1 + seen_n)
                sd = np.sqrt(_VARIANCE[design.outcome](mean) / (1 + seen_n))
            propensity = best(mean, sd)
            if design.top_two:
                odds = propensity / np.maximum(1 - propensity, 1e-12)
                propensity = propensity * (0.5 + 0.5 * (odds.sum(axis=1, keepdims=True) - odds))
                propensity /= propensity.sum(axis=1, keepdims=True)
            least = floor if floor is not None else (b * per_batch) ** -0.7 / arms
            propensity = least + (1 - arms * least) * propensity
        drawn = rng.multinomial(per_batch, propensity)
        if design.outcome == "conversion":
            sums = rng.binomial(drawn, means).astype(float)
            of_squares = sums
        else:
            noise = (
                rng.standard_normal if design.outcome == "normal" else lambda size: rng.uniform(-1, 1, size)
            )
            y = noise((runs, per_batch))
            arm = np.repeat(np.tile(np.arange(arms), runs), drawn.ravel()).reshape(runs, per_batch)
            y = y + means[arm]
            sums = np.stack([(y * (arm == k)).sum(axis=1) for k in range(arms)], axis=1)
            of_squares = np.stack([(y**2 * (arm == k)).sum(axis=1) for k in range(arms)], axis=1)
        n[:, b], total[:, b], squares[:, b], e[:, b] = drawn, sums, of_squares, propensity
        seen_n += drawn
        seen += sums
    return Scores(n, total, squares, e)


def coverage(design: Design, floor: float | None, runs: int, seed: int) -> dict[str, tuple[float, float]]:
    """For each interval, the worst arm's coverage and its median width."""
    scores = simulate(design, floor, runs, np.random.default_rng(seed))
    means = np.array(design.means)
    found: dict[str, list[tuple[float, float]]] = {}

    def note(name: str, estimate: Array, error: Array, truth: float) -> None:
        held = np.all((np.abs(estimate - truth) <= error).reshape(len(estimate), -1), axis=1)
        last = error if error.ndim == 1 else error[:, -1]
        found.setdefault(name, []).append((float(held.mean()), float(np.median(2 * last))))

    n, total, squares = scores.n.sum(axis=1), scores.total.sum(axis=1), scores.squares.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        plain = total / n
        plain_variance = (squares - n * plain**2) / np.maximum(n - 1, 1) / n
    t = np.cumsum(scores.units[..., 0], axis=-1)
    looks = t[0] >= FIRST_LOOK
    of_unit = _VARIANCE[design.outcome](means)
    for k in range(1, len(means)):
        truth = means[k] - means[0]
        note(
            "plain",
            plain[:, k] - plain[:, 0],
            Z * np.sqrt(plain_variance[:, k] + plain_variance[:, 0]),
            truth,
        )
        uniform, narrow = (scores.estimates((0, k), each) for each in (Weighting.UNIFORM, Weighting.NARROW))
        for name, each in (("empirical", uniform), ("narrow empirical", narrow)):
            c = each.covariance[..., -1]
            note(
                name,
                (each.mean[1] - each.mean[0])[:, -1],
                Z * np.sqrt(c[0, 0] + c[1, 1] - 2 * c[0, 1]),
                truth,
            )
        for name, each in (("product", uniform), ("narrow", narrow)):
            note(
                name,
                (each.mean[1] - each.mean[0])[:, -1],
                Z * np.sqrt(each.variance_of_difference[:, -1]),
                truth,
            )
        planned = design.units * len(means) * (of_unit[k] + of_unit[0])
        kappa = concentration_for(planned)
        estimate = uniform.mean[1] - uniform.mean[0]
        for name, variance in (
            ("anytime", uniform.variance_of_difference),
            (
                "anytime empirical",
                uniform.covariance[0, 0] + uniform.covariance[1, 1] - 2 * uniform.covariance[0, 1],
            ),
        ):
            v = variance * t**2 + kappa
            note(name, estimate[:, looks], (np.sqrt(v * np.log(v / (kappa * 0.05**2))) / t)[:, looks], truth)
    return {name: min(each) for name, each in found.items()}


COLUMNS = ("plain", "empirical", "product", "narrow empirical", "narrow", "anytime empirical", "anytime")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=4000)
    parser.add_argument("--designs", nargs="*", default=[design.name for design in DESIGNS])
    parser.add_argument("--seed", type=int, default=2026)
    options = parser.parse_args()
    start, missed = time.perf_counter(), []
    print(f"{'design':24} {'floor':>7}  " + "  ".join(f"{name:>17}" for name in COLUMNS))
    slack: Callable[[float], float] = lambda bar: 3 * float(np.sqrt(bar * (1 - bar) / options.runs))  # noqa: E731
    done = set()
    for design in DESIGNS:
        for floor in (design.floor, DEFAULT_FLOOR_PPM / 1e6):
            same = replace(design, name="", floor=floor)
            if design.name not in options.designs or same in done:
                continue
            done.add(same)
            found = coverage(design, floor, options.runs, options.seed)
            shown = "  ".join(f"{found[name][0]:8.4f} {found[name][1]:8.4g}" for name in COLUMNS)
            print(f"{design.name:24} {'decays' if floor is None else floor:>7}  {shown}", flush=True)
            for name, bar in (("product", FIXED_BAR), ("anytime", ANYTIME_BAR)):
                if found[name][0] < bar - slack(bar):
                    missed.append(f"{design.name} at {floor}: {name} {found[name][0]:.4f} < {bar}")
    print(f"{options.runs} runs each, {time.perf_counter() - start:.0f} s")
    if missed:
        sys.exit("missed: " + "; ".join(missed))


if __name__ == "__main__":
    main()
