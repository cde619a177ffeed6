"""A comparison of policies in one world: regret curves with bands, and a line of a table for each.

It must not know formats, files or where the world came from.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from litmus_server.bandits.environments import Environment
from litmus_server.bandits.policies import EqualSplit
from litmus_server.bandits.simulate import Design, Lives, equal_split, mean_and_error, simulate

POINTS = 80
"""The most points of a curve: what a figure can show."""


@dataclass(frozen=True, slots=True)
class Curve:
    """The regret of one policy by decisions so far: its mean over runs, and what 10 % and 90 % of runs stay below.

    `error` is the standard error of the mean at the end; `on_best` the share of all traffic that the best arm got,
    `found` the part of runs in which it got most; `versions` how many policies were published.
    """

    name: str
    decisions: tuple[int, ...]
    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    error: float
    on_best: float
    found: float
    versions: int

    @property
    def regret(self) -> float:
        """At the end."""
        return self.mean[-1]


@dataclass(frozen=True, slots=True)
class Study:
    """All curves of one world, and what an equal split would lose there."""

    world: Environment
    runs: int
    equal: float
    curves: tuple[Curve, ...]


def study(world: Environment, designs: Mapping[str, Design], *, runs: int, seed: int) -> Study:
    """Every design lives the same number of runs; each begins from the same seed, so that adding one changes no other.

    ValueError for less than two runs: there is no band around one.
    """
    if runs < 2:
        raise ValueError(f"a comparison takes at least 2 runs, not {runs}")
    curves = []
    for name, design in designs.items():
        # An equal split needs few versions; a curve wants points all the same.
        timed = (
            replace(design, every=max(1, world.horizon // POINTS))
            if isinstance(design.policy, EqualSplit)
            else design
        )
        curves.append(_curve(name, world, simulate(world, timed, np.random.default_rng(seed), runs=runs)))
    return Study(world, runs, equal_split(world), tuple(curves))


def _curve(name: str, world: Environment, lives: Lives) -> Curve:
    wanted = np.linspace(0, world.horizon, min(POINTS, world.horizon) + 1)[1:]
    at = np.unique(np.searchsorted(lives.decisions, wanted).clip(max=len(lives.decisions) - 1))
    regret = lives.regret[:, at]
    low, high = np.quantile(regret, (0.1, 0.9), axis=0)
    best = int(np.argmax(world.rates_at(np.array([world.horizon - 0.5]))[0]))
    return Curve(
        name=name,
        decisions=(0, *lives.decisions[at].tolist()),
        mean=(0.0, *regret.mean(axis=0).tolist()),
        low=(0.0, *low.tolist()),
        high=(0.0, *high.tolist()),
        error=mean_and_error(lives.final)[1],
        on_best=float(lives.trials[:, best].sum() / lives.trials.sum()),
        found=float((lives.trials.argmax(axis=1) == best).mean()),
        versions=lives.versions,
    )
