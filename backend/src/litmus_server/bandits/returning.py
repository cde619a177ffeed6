"""Units that come back, in simulations: who visits when, and which arm a visit gets by what sticks to its unit.

Time is counted in decisions, of which each is a visit. It must not know how shares come about.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Counts = NDArray[np.int64]


class Keep(StrEnum):
    """What of a unit's arm stays when it comes back."""

    FOREVER = "forever"
    """The arm of its first visit."""
    TTL = "ttl"
    """The arm of its last draw, if that was less than so many decisions ago; else it is drawn anew."""
    SOFT = "soft"
    """The arm with the least e_k ÷ p_k, where each unit has exponential numbers e for ever: it moves only where shares p did.
    Only simulated: what it costs and earns is a question worth an answer, and the product has no such mode.
    """
    NONE = "none"
    """Nothing: every visit is drawn."""


@dataclass(frozen=True, slots=True)
class Stickiness:
    """How units are kept. ValueError for a time to live where it means nothing, or none where it is needed."""

    keep: Keep
    ttl: int | None = None

    def __post_init__(self) -> None:
        """A sentence for people: it is typed in."""
        if (self.keep is Keep.TTL) is not (self.ttl is not None) or (self.ttl is not None and self.ttl < 1):
            raise ValueError("ttl is given with its decisions, as ttl:2000, and the others without")


DRAWN = Stickiness(Keep.NONE)


class Visits:
    """The visits of `horizon` decisions by units that come `each` times, at moments anywhere; the same for all runs."""

    def __init__(
        self, rng: np.random.Generator, horizon: int, each: int, stickiness: Stickiness, runs: int, arms: int
    ) -> None:
        """Numbers of units are shuffled, so that the visits of one are spread over the whole horizon."""
        units = -(-horizon // each)
        self._who = rng.permutation(np.repeat(np.arange(units), each))[:horizon]
        self._keep, self._runs, self._arms = stickiness.keep, runs, arms
        self.fresh = _fresh(self._who, units, stickiness)
        """Of each visit, whether it is drawn. Of `soft` only first visits are: what comes later follows from them."""
        self._held = np.zeros((runs, units), dtype=np.int8)
        race = stickiness.keep is Keep.SOFT
        self._race = rng.standard_exponential((runs, units, arms), dtype=np.float32) if race else None

    def arms(self, rng: np.random.Generator, start: int, until: int, shares: Array) -> Counts:
        """The arm of each visit, (runs, visits), where these shares, (runs, arms), are in force."""
        who = self._who[start:until]
        if self._race is not None:
            with np.errstate(divide="ignore"):  # who has no share comes in last
                return np.asarray((self._race[:, who] / shares[:, None, :]).argmin(axis=2))
        drawn = self.fresh[start:until]
        given = np.zeros((self._runs, until - start), dtype=np.int64)
        at = rng.random((self._runs, int(drawn.sum())))
        thresholds = np.cumsum(shares, axis=1)[:, :-1]
        given[:, drawn] = (at[:, :, None] >= thresholds[:, None, :]).sum(axis=2)
        for turn in _turns(who):  # a unit may come twice before the next version
            new = turn[drawn[turn]]
            self._held[:, who[new]] = given[:, new]
            given[:, turn] = self._held[:, who[turn]]
        return given

    def chosen(self, rng: np.random.Generator, start: int, until: int, shares: Array) -> Counts:
        """How many of these visits got each arm: (runs, arms)."""
        given = self.arms(rng, start, until, shares) + self._arms * np.arange(self._runs)[:, None]
        return np.bincount(given.ravel(), minlength=self._runs * self._arms).reshape(self._runs, self._arms)


def _fresh(who: Counts, units: int, stickiness: Stickiness) -> NDArray[np.bool_]:
    if stickiness.keep is Keep.NONE:
        return np.ones(len(who), dtype=np.bool_)
    lasts = len(who) + 1 if stickiness.ttl is None else stickiness.ttl
    fresh, drawn = np.zeros(len(who), dtype=np.bool_), np.full(units, -len(who) - lasts)
    for at, unit in enumerate(who.tolist()):
        if at - drawn[unit] >= lasts:
            fresh[at], drawn[unit] = True, at
    return fresh


def _turns(who: Counts) -> list[Counts]:
    """The places of first visits in this stretch, then those of second ones, and so on."""
    turns: list[Counts] = []
    left = np.arange(len(who))
    while len(left):
        _, first = np.unique(who[left], return_index=True)
        first.sort()
        turns.append(left[first])
        left = np.delete(left, first)
    return turns
