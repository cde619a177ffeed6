"""Policies: what was observed of the arms in, propensities out.

This file is the seam through which every policy comes: one class with `propensities`, one line in POLICIES. It must
not know floors, parts per million, versions, or when to publish; see `allocation.py` and `refresh.py`. The API
validates parameters here, so numpy is loaded by the first computation only.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from inspect import signature
from typing import Protocol


class InvalidPolicy(ValueError):
    """No such policy, or a parameter that it does not take; `parameter` names it, None for the policy itself."""

    def __init__(self, message: str, parameter: str | None = None) -> None:
        """`message` is a sentence for the person who wrote the configuration."""
        super().__init__(message)
        self.parameter = parameter


@dataclass(frozen=True, slots=True)
class Arm:
    """What one arm has shown: `successes` of `trials` units. An inactive arm (paused, retired) gets no traffic."""

    successes: int
    trials: int
    active: bool = True

    def __post_init__(self) -> None:
        """ValueError unless 0 ≤ successes ≤ trials."""
        if not 0 <= self.successes <= self.trials:
            raise ValueError(f"successes must be between 0 and trials: {self.successes} of {self.trials}")


@dataclass(frozen=True, slots=True)
class State:
    """All arms of one experiment, by ordinal: a place in it is never reused and never a rank."""

    arms: tuple[Arm, ...]

    @property
    def outcomes(self) -> int:
        """Matured outcomes of all arms: what `refresh.py` measures growth on."""
        return sum(arm.trials for arm in self.arms)


class Policy(Protocol):
    """A rule from a state to the probabilities of the next decision."""

    def propensities(self, state: State) -> tuple[float, ...]:
        """One probability an arm, by ordinal: 0 for an inactive one, summing to 1. ValueError when none is active."""
        ...


@dataclass(frozen=True, slots=True)
class ThompsonSampling:
    """Each arm with the probability that it is the best one, under independent Beta posteriors.

    The exact probability that Thompson sampling would draw, so that deciding needs no draw of its own
    (Thompson 1933; Chapelle & Li 2011). Inactive arms take no part in the contest.
    """

    prior_alpha: float = 1.0
    prior_beta: float = 1.0

    def __post_init__(self) -> None:
        """InvalidPolicy unless both are numbers from 1e-6 to 1e9."""
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 1e-6 <= value <= 1e9:
                raise InvalidPolicy(f"{field.name} must be a number from 0.000001 to 1000000000", field.name)

    def posterior(self, arm: Arm) -> tuple[float, float]:
        """(alpha, beta): the prior plus successes, the prior plus failures."""
        return self.prior_alpha + arm.successes, self.prior_beta + arm.trials - arm.successes

    def propensities(self, state: State) -> tuple[float, ...]:
        """See Policy."""
        from litmus_server.stats.pbest import pbest_beta

        posteriors = [self.posterior(arm) for arm in state.arms if arm.active]
        if not posteriors:
            raise ValueError("no arm is active")
        alphas, betas = zip(*posteriors, strict=True)
        best = iter(pbest_beta(alphas, betas).probability)
        return tuple(next(best) if arm.active else 0.0 for arm in state.arms)


POLICIES: Mapping[str, Callable[..., Policy]] = {"thompson_sampling": ThompsonSampling}
"""Every policy by the `type` of its experiments; the arguments of the class are the parameters."""


def policy(kind: str, parameters: Mapping[str, object]) -> Policy:
    """The policy of an experiment of type `kind`. InvalidPolicy names what is unknown or out of range."""
    make = POLICIES.get(kind)
    if make is None:
        raise InvalidPolicy(f"{kind} is not a policy; there is {', '.join(POLICIES)}")
    known = signature(make).parameters
    for name in parameters:
        if name not in known:
            raise InvalidPolicy(f"{kind} takes no {name}; it takes {', '.join(known)}", name)
    return make(**parameters)
