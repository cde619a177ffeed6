"""Worlds whose truth is known, for simulations: how often each arm succeeds at each moment, and how long that takes.

It must not know a policy or a generator of its own. Time is counted in decisions.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

Change = Callable[[Array, "Environment"], Array]
"""What is added to the rates at these decisions: shape (decisions, arms) or (decisions, 1)."""


class Law(Protocol):
    """How the number of a unit is drawn, for arms whose outcomes are numbers with the means `rates`."""

    def __call__(self, rng: np.random.Generator, mean: Array) -> Array:
        """One outcome for each mean."""
        ...


@dataclass(frozen=True, slots=True)
class Environment:
    """Arms with `rates`, for `horizon` decisions.

    `change` moves the rates with time. `delays` is each arm's mean number of decisions between an exposure and its
    conversion, exponentially distributed. With a `law` outcomes are numbers with these means, else conversions. Each unit comes
    `visits` times, and each visit is a decision with an outcome of its own.
    """

    rates: tuple[float, ...]
    horizon: int
    about: str = ""
    change: Change | None = None
    delays: tuple[float, ...] | None = None
    law: Law | None = None
    visits: int = 1

    def __post_init__(self) -> None:
        """ValueError for what no world is; a sentence for people, since rates are typed in."""
        if not 2 <= len(self.rates) <= 100:
            raise ValueError(f"there are 2 to 100 arms, not {len(self.rates)}")
        if not 1 <= self.horizon <= 10_000_000:
            raise ValueError(f"the horizon is 1 to 10,000,000 decisions, not {self.horizon}")
        if not 1 <= self.visits <= 1_000:
            raise ValueError(f"a unit comes 1 to 1,000 times, not {self.visits}")
        if self.law is None and not all(0 <= rate <= 1 for rate in self.rates):
            raise ValueError(f"rates are between 0 and 1: {', '.join(map(str, self.rates))}")
        if self.delays is not None and (len(self.delays) != len(self.rates) or min(self.delays) <= 0):
            raise ValueError("delays are one positive number of decisions an arm")

    def rates_at(self, decisions: Array) -> Array:
        """The mean of each arm at each of these decisions: (decisions, arms)."""
        rates = np.broadcast_to(np.array(self.rates), (len(decisions), len(self.rates)))
        if self.change is None:
            return rates
        moved = rates + self.change(decisions, self)
        return np.asarray(moved if self.law is not None else moved.clip(0, 1))


def _switching(at: Array, world: Environment) -> Array:
    """At each third of the horizon the rates move one arm on, so that another arm is the best."""
    base = np.array(world.rates)
    turns = np.minimum((3 * at / world.horizon).astype(int), 2)
    return np.asarray(np.stack([np.roll(base, turn) for turn in range(3)])[turns] - base)


def _seasonal(at: Array, world: Environment) -> Array:
    """All arms together: five days of ±0.08."""
    return np.asarray(0.08 * np.sin(2 * np.pi * 5 * at / world.horizon))[:, None]


def _drifting(at: Array, world: Environment) -> Array:
    """All arms together rise by 0.16 over the horizon, from 0.08 below."""
    return np.asarray(0.16 * at / world.horizon - 0.08)[:, None]


def _novelty(at: Array, world: Environment) -> Array:
    """The first arm, the worst, is new: 0.06 more at first, and nothing of it after a fifth of the horizon."""
    out = np.zeros((len(at), len(world.rates)))
    out[:, 0] = 0.06 * np.maximum(1 - at / (0.2 * world.horizon), 0)
    return out


def _revenue(rng: np.random.Generator, mean: Array) -> Array:
    """One unit in twenty buys, for a log-normal amount (sigma 1)."""
    return np.asarray(
        (rng.random(mean.shape) < 0.05) * 20 * mean * np.exp(rng.standard_normal(mean.shape) - 0.5)
    )


_LADDER = Environment((0.10, 0.11, 0.12, 0.13, 0.14), 20_000, "five rates in steps of 0.01")

ENVIRONMENTS: Mapping[str, Environment] = {
    "ladder5": _LADDER,
    "easy2": Environment((0.10, 0.12), 20_000, "two rates"),
    "hard10": Environment(
        (0.10, *[0.05] * 3, *[0.02] * 3, *[0.01] * 3), 20_000, "ten small rates, most hopeless"
    ),
    "cl10": Environment((0.50, *[0.40] * 9), 20_000, "one good among ten (Chapelle & Li 2011)"),
    "fivemodel": Environment((0.62, 0.66, 0.70, 0.74, 0.80), 5_000, "the five models of the tutorial"),
    "rare5": Environment((0.010, 0.011, 0.012, 0.013, 0.015), 100_000, "five rare conversions"),
    "null2": Environment((0.10, 0.10), 20_000, "two equal arms"),
    "null5": Environment((0.10,) * 5, 20_000, "five equal arms"),
    "switching": replace(_LADDER, change=_switching, about="the best arm changes twice"),
    "seasonal": replace(_LADDER, change=_seasonal, about="all rates swing by 0.08, five times"),
    "drifting": replace(_LADDER, change=_drifting, about="all rates rise from 0.02 to 0.18"),
    "novelty": replace(_LADDER, change=_novelty, about="the worst arm is new: 0.06 more at first"),
    "delayed": replace(_LADDER, delays=(1000.0,) * 5, about="conversions take 1,000 decisions"),
    "slow_best": replace(
        _LADDER, delays=(300.0,) * 4 + (3000.0,), about="the best arm converts ten times slower"
    ),
    "revenue4": Environment((1.0, 1.1, 1.2, 1.4), 50_000, "money: one in twenty buys", law=_revenue),
}
"""The environments of the literature, of the five-model tutorial, and of what goes wrong in practice."""
