"""Does the test for interactions of two experiments keep its error, watched and at a single look, and what does it find?

    python bench/calibrate_interactions.py [--runs 4000] [--units 20000] [--looks 40]

False alarms: both experiments have an effect, and neither depends on the other; looked at `looks` times up to `units` units in both,
as soon as the start rule allows. Always valid: any look that rejects counts; the single look is the last one. Power: the interaction
that a single look finds 80 times in 100, by the normal approximation. With weights that change while the outcome drifts too, in two
stretches. Seeds are fixed. Ends with 1 when a bar is missed. 4,000 runs take about 35 minutes on one core.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from litmus_server.stats.interaction import Crossed, Grid, crossed, not_open
from litmus_server.stats.moments import JointMoments
from numpy.typing import NDArray
from scipy.special import ndtri

ALPHA = 0.05
Integers = NDArray[np.int64]
Draw = Callable[[np.random.Generator, int], NDArray[np.float64]]


@dataclass(frozen=True)
class World:
    """`draw` makes values; `effects` are what a variant of either adds, in standard deviations of them. Weights may change once."""

    name: str
    draw: Draw
    shares: tuple[Sequence[float], Sequence[float]] = ((0.5, 0.5), (0.5, 0.5))
    then: tuple[Sequence[float], Sequence[float]] | None = None
    drift: float = 0.0
    binary: float | None = None
    """Of conversions: the rate, to which effects add."""
    sizes: tuple[float, float] = field(default=(0.1, 0.2))


def normal(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    return rng.normal(0, 1, n)


def revenue(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    return np.where(rng.random(n) < 0.1, rng.lognormal(0, 1, n), 0.0)


WORLDS = (
    World("normal, 2 × 2", normal),
    World("normal, 3 × 4", normal, ((1 / 3,) * 3, (0.25,) * 4)),
    World("normal, 2 × 2, 90/10 and 80/20", normal, ((0.9, 0.1), (0.8, 0.2))),
    World("conversions at 5 %, 2 × 2", normal, binary=0.05, sizes=(0.005, 0.01)),
    World("conversions at 5 %, 2 × 3, 80/20", normal, ((0.8, 0.2), (1 / 3,) * 3), binary=0.05, sizes=(0.005, 0.01)),
    World("exponential, 2 × 2, 90/10 both", lambda rng, n: rng.exponential(1, n), ((0.9, 0.1), (0.9, 0.1))),
    World("revenue, mostly zero, 2 × 2", revenue),
    World("revenue, mostly zero, 2 × 2, 80/20 both", revenue, ((0.8, 0.2), (0.8, 0.2))),
    World("normal, weights move as the outcome drifts", normal, ((0.8, 0.2), (0.8, 0.2)), ((0.4, 0.6), (0.4, 0.6)), drift=1.0),
)  # fmt: skip


def path(
    world: World, rng: np.random.Generator, units: int, looks: int, interaction: float = 0.0
) -> tuple[NDArray[np.int64], int]:
    """Sums by look, stretch and cell: units, with a value, Σy, Σy², Σy³ in 1/1,000; and how many looks are in the first stretch."""
    half = looks // 2 if world.then else looks
    stretch = np.repeat([0, 1], [half * (units // looks), units - half * (units // looks)])
    a, b = (
        np.where(
            stretch == 0,
            rng.choice(len(world.shares[side]), units, p=world.shares[side]),
            rng.choice(len(world.shares[side]), units, p=(world.then or world.shares)[side]),
        )
        for side in (0, 1)
    )
    added = world.sizes[0] * a + world.sizes[1] * b + interaction * (a > 0) * (b > 0) + world.drift * stretch
    y = (
        (rng.random(units) < world.binary + added).astype(float)
        if world.binary
        else world.draw(rng, units) + added
    )
    thousands = np.round(1000 * y).astype(np.int64)
    rows, columns = map(len, world.shares)
    place = np.arange(units) // (units // looks)
    index = ((np.minimum(place, looks - 1) * 2 + stretch) * rows + a) * columns + b
    size = looks * 2 * rows * columns
    sums = np.zeros((size, 5), dtype=np.int64)
    for k, each in enumerate(
        (np.ones(units, np.int64), (thousands != 0).astype(np.int64), thousands, thousands**2, thousands**3)
    ):
        np.add.at(sums[:, k], index, each)
    return sums.reshape(looks, 2, rows, columns, 5).cumsum(axis=0), half


def grid(sums: NDArray[np.int64]) -> Grid:
    return [
        [
            JointMoments(int(c[0]), (int(c[2]) * 10**3,), (int(c[3]) * 10**6,), (int(c[4]) * 10**9,))
            for c in row
        ]
        for row in sums
    ]


def looked(world: World, sums: NDArray[np.int64], planned: int) -> Crossed | None:
    """What one look has; None while the start rule is closed."""
    together = sums.sum(axis=0)
    if not_open(grid(together), together[..., 1].tolist(), binary=world.binary is not None) is not None:
        return None
    found = crossed([grid(each) for each in sums if each[..., 0].any()], world.shares, planned, ALPHA)
    return found if isinstance(found, Crossed) else None


def rates(
    world: World, runs: int, units: int, looks: int, seed: int, interaction: float = 0.0
) -> tuple[float, float, float]:
    """How many of the runs reject at some look (always valid), at the last by itself, and have ever been open."""
    rng = np.random.default_rng(seed)
    watched = once = opened = 0
    for _ in range(runs):
        sums, _ = path(world, rng, units, looks, interaction)
        alarm = began = False
        for look in range(looks):
            found = looked(world, sums[look], units)
            if found is None:
                continue
            began = True
            if found.interaction().p_always <= ALPHA:
                alarm = True
                break
        watched, opened = watched + alarm, opened + began
        last = looked(world, sums[-1], units)
        once += last is not None and last.interaction().p_once <= ALPHA
    return watched / runs, once / runs, opened / runs


def detectable(world: World, units: int) -> float:
    """The interaction of 2 × 2 normal cells that a single look finds 80 times in 100."""
    shares = np.outer(*(np.asarray(each) for each in world.shares))
    return float((-ndtri(ALPHA / 2) - ndtri(0.2)) * np.sqrt((1 / (units * shares)).sum()))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=4000)
    parser.add_argument("--units", type=int, default=20_000)
    parser.add_argument("--looks", type=int, default=40)
    given = parser.parse_args()
    start, missed = time.perf_counter(), []
    most = ALPHA + 3 * np.sqrt(ALPHA * (1 - ALPHA) / given.runs)
    print(f"rejected in 100 of {given.runs}      always valid, {given.looks} looks    one look    ever open")
    for seed, world in enumerate(WORLDS):
        watched, once, opened = rates(world, given.runs, given.units, given.looks, 100 + seed)
        print(f"{world.name:46} {100 * watched:8.2f} {100 * once:12.2f} {100 * opened:10.1f}", flush=True)
        if max(watched, once) > most:
            missed.append(world.name)
    for world in (WORLDS[0], WORLDS[2]):
        size = detectable(world, given.units)
        watched, once, _ = rates(world, given.runs // 4, given.units, given.looks, 200, size)
        print(f"power, {world.name:39} {100 * watched:8.1f} {100 * once:12.1f}", flush=True)
        if once < 0.8 - 3 * np.sqrt(0.16 / (given.runs // 4)) or watched < 0.4:
            missed.append(f"power, {world.name}")
    print(f"{time.perf_counter() - start:.0f} s")
    if missed:
        sys.exit("missed: " + "; ".join(missed))


if __name__ == "__main__":
    main()
