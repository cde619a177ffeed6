"""Policies: what was observed of the arms in, propensities out.

This file is the seam through which every policy comes: one class with `shares`, one line in POLICIES. It must
not know floors, parts per million, versions, or when to publish; see `allocation.py` and `refresh.py`. The API
validates parameters here, so numpy is loaded by the first computation only.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from inspect import signature
from typing import TYPE_CHECKING, Any

from litmus_server.bandits.allocation import DEFAULT_FLOOR_PPM, allocate
from litmus_server.bandits.arms import Arm, State

if TYPE_CHECKING:
    from litmus_server.bandits.tallies import Array, Tallies

NEWCOMER_UNITS, NEWCOMER_SHARE = 100, 0.1
"""An arm that was added later is a newcomer until it has learned from so many units; all of them share so much."""


class InvalidPolicy(ValueError):
    """No such policy, or a parameter that it does not take; `parameter` names it, None for the policy itself."""

    def __init__(self, message: str, parameter: str | None = None) -> None:
        """`message` is a sentence for the person who wrote the configuration."""
        super().__init__(message)
        self.parameter = parameter


class Policy(ABC):
    """A rule from a state to the probabilities of the next decision."""

    @abstractmethod
    def shares(self, tallies: "Tallies") -> "Array":
        """One probability an arm, of each experiment, each row summing to 1: shape (experiments, arms)."""

    def propensities(self, state: State) -> tuple[float, ...]:
        """One probability an arm, by ordinal: 0 for an inactive one, summing to 1. ValueError when none is active."""
        if not any(state.active):
            raise ValueError("no arm is active")
        from litmus_server.bandits.tallies import Tallies

        found = iter(self.shares(Tallies.of(state))[0].tolist())
        return tuple(next(found) if on else 0.0 for on in state.active)


def next_version(policy: Policy, state: State, floor_ppm: int = DEFAULT_FLOOR_PPM) -> tuple[int, ...]:
    """The ppm that a learner publishes: propensities, newcomers bounded, floor, rounding.

    An arm that was added while the experiment ran knows nothing and could take everything; until it has learned from
    100 units, it and others like it share at most a tenth. Raises what `propensities` and `allocate` raise.
    """
    found = policy.propensities(state)
    newcomers = [arm.active and arm.joined > 0 and arm.outcomes < NEWCOMER_UNITS for arm in state.arms]
    theirs = sum(p for p, new in zip(found, newcomers, strict=True) if new)
    settled = [on and not new for on, new in zip(state.active, newcomers, strict=True)]
    if theirs > NEWCOMER_SHARE and any(settled):
        # The others contest the rest among themselves: beside a newcomer they may have nothing left to scale up.
        arms = tuple(replace(arm, active=on) for arm, on in zip(state.arms, settled, strict=True))
        rest = policy.propensities(replace(state, arms=arms))
        found = tuple(
            NEWCOMER_SHARE * p / theirs if new else (1 - NEWCOMER_SHARE) * other
            for p, other, new in zip(found, rest, newcomers, strict=True)
        )
    return allocate(found, state.active, floor_ppm)


def _in_range(name: str, value: object, low: float, high: float, words: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise InvalidPolicy(f"{name} must be a number from {words}", name)


def _true_or_false(name: str, value: object) -> None:
    if not isinstance(value, int | float) or value not in {0, 1}:
        raise InvalidPolicy(f"{name} must be true or false", name)


@dataclass(frozen=True, slots=True)
class Bayesian(Policy):
    """What follows from P(best) alone. `prior_alpha` and `prior_beta` are of rates; numbers have a weak prior of their own (`thompson.py`)."""

    prior_alpha: float = 1.0
    prior_beta: float = 1.0

    def __post_init__(self) -> None:
        """InvalidPolicy unless both are numbers from 1e-6 to 1e9."""
        for name, value in (("prior_alpha", self.prior_alpha), ("prior_beta", self.prior_beta)):
            _in_range(name, value, 1e-6, 1e9, "0.000001 to 1000000000")

    def posterior(self, arm: Arm) -> tuple[float, float]:
        """(alpha, beta): the prior plus successes, the prior plus failures."""
        return self.prior_alpha + arm.successes, self.prior_beta + arm.trials - arm.successes

    def chances(self, tallies: "Tallies") -> "Array":
        """The probability that each arm is the best one; shape (experiments, arms)."""
        from litmus_server.bandits.thompson import chances

        return chances(tallies, self.prior_alpha, self.prior_beta)

    @abstractmethod
    def weighed(self, chances: "Array") -> "Array":
        """The shares that follow from these chances."""

    def shares(self, tallies: "Tallies") -> "Array":
        """See Policy."""
        return self.weighed(self.chances(tallies))


@dataclass(frozen=True, slots=True)
class ThompsonSampling(Bayesian):
    """Each arm with the probability that it is the best one, under independent posteriors.

    The exact probability that Thompson sampling would draw, so that deciding needs no draw of its own
    (Thompson 1933; Chapelle & Li 2011).
    """

    def weighed(self, chances: "Array") -> "Array":
        """See Bayesian."""
        return chances


@dataclass(frozen=True, slots=True)
class TopTwo(Bayesian):
    """Top-two Thompson sampling: `beta` of the traffic to the probable best, the rest to its challengers (Russo 2020)."""

    beta: float = 0.5

    def __post_init__(self) -> None:
        """InvalidPolicy for a prior or a share that is none."""
        Bayesian.__post_init__(self)
        _in_range("beta", self.beta, 0.01, 1, "0.01 to 1")

    def weighed(self, chances: "Array") -> "Array":
        """See Bayesian."""
        from litmus_server.bandits.thompson import top_two

        return top_two(chances, self.beta)


@dataclass(frozen=True, slots=True)
class ExplorationSampling(Bayesian):
    """Shares in proportion to p·(1 − p), p the probability of being the best: for choosing well at the end."""

    def weighed(self, chances: "Array") -> "Array":
        """See Bayesian."""
        from litmus_server.bandits.thompson import exploration

        return exploration(chances)


@dataclass(frozen=True, slots=True)
class _UpperBound(Policy):
    """`c` scales the logarithm of the bound, (c/2)·ln t: 2 is the textbook of each, more explores more."""

    c: float = 2.0

    def __post_init__(self) -> None:
        """InvalidPolicy unless c is a number from 0.01 to 100."""
        _in_range("c", self.c, 0.01, 100, "0.01 to 100")


@dataclass(frozen=True, slots=True)
class KLUCB(_UpperBound):
    """The bound that fits the kind of outcome (Garivier & Cappé 2011): the one to use."""

    def shares(self, tallies: "Tallies") -> "Array":
        """See Policy."""
        from litmus_server.bandits.upper_bounds import kl_bounds

        return kl_bounds(tallies, self.c)


@dataclass(frozen=True, slots=True)
class UCB1(_UpperBound):
    """The bound of outcomes of which only the range is known (Auer et al. 2002): a baseline, and slow."""

    def shares(self, tallies: "Tallies") -> "Array":
        """See Policy."""
        from litmus_server.bandits.upper_bounds import ucb1

        return ucb1(tallies, self.c)


@dataclass(frozen=True, slots=True)
class UCBTuned(_UpperBound):
    """UCB1 with the variance that was observed (Auer et al. 2002)."""

    def shares(self, tallies: "Tallies") -> "Array":
        """See Policy."""
        from litmus_server.bandits.upper_bounds import ucb_tuned

        return ucb_tuned(tallies, self.c)


@dataclass(frozen=True, slots=True)
class EpsilonGreedy(Policy):
    """The best mean so far, but a share of `epsilon` for all arms alike.

    With `decay`, the share is 1 at first, `epsilon` at 1,000 outcomes, and falls with their cube root; at the default
    of 0.1 that is t^(−1/3).
    """

    epsilon: float = 0.1
    decay: bool | float = False

    def __post_init__(self) -> None:
        """InvalidPolicy unless epsilon is from 0 to 1 and decay is true or false (or 1 or 0)."""
        _in_range("epsilon", self.epsilon, 0, 1, "0 to 1")
        _true_or_false("decay", self.decay)

    def shares(self, tallies: "Tallies") -> "Array":
        """See Policy."""
        from litmus_server.bandits.greedy import epsilon_greedy

        return epsilon_greedy(tallies, self.epsilon, decay=bool(self.decay))


@dataclass(frozen=True, slots=True)
class EqualSplit(Policy):
    """All arms alike, whatever they have shown: what the others are held against."""

    def shares(self, tallies: "Tallies") -> "Array":
        """See Policy."""
        out: Array = 0 * tallies.n + 1 / tallies.arms
        return out


POLICIES: Mapping[str, Callable[..., Policy]] = {
    "thompson_sampling": ThompsonSampling,
    "ucb": KLUCB,
    "ucb1": UCB1,
    "ucb_tuned": UCBTuned,
    "epsilon_greedy": EpsilonGreedy,
    "top_two": TopTwo,
    "exploration_sampling": ExplorationSampling,
}
"""Every policy by the `type` of its experiments; the arguments of the class are the parameters."""


def policy(kind: str, parameters: Mapping[str, Any]) -> Policy:
    """The policy of an experiment of type `kind`. InvalidPolicy names what is unknown or out of range."""
    make = POLICIES.get(kind)
    if make is None:
        raise InvalidPolicy(f"{kind} is not a policy; there is {', '.join(POLICIES)}")
    known = signature(make).parameters
    for name in parameters:
        if name not in known:
            raise InvalidPolicy(f"{kind} takes no {name}; it takes {', '.join(known)}", name)
    return make(**parameters)


def own_parameters(kind: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Of an experiment's parameters those that its policy takes: others say what it learns from, or when to promote."""
    known = signature(POLICIES[kind]).parameters
    return {name: value for name, value in parameters.items() if name in known}
