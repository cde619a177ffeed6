"""Learning: from what the variants of an adaptive experiment have shown to its next policy version.

The lease of the job is thrift: one computes. The compare-and-swap is correctness: one publishes. It must not know how
moments come about, nor how a unit is decided.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import structlog

from litmus_server.bandits.allocation import DEFAULT_FLOOR_PPM, allocate
from litmus_server.bandits.checksum import checksum
from litmus_server.bandits.contest import win_probabilities
from litmus_server.bandits.policies import POLICIES, Arm, State
from litmus_server.bandits.policies import policy as make_policy
from litmus_server.bandits.refresh import Published, RefreshRule
from litmus_server.domain.errors import Invalid
from litmus_server.domain.policy import Policy, PolicyState, VariantState, signed
from litmus_server.domain.weights import share_to_ppm
from litmus_server.ports import Observed, Policies, Standing, Work

log = structlog.get_logger(__name__)

LEARN = "learn"
"""The kind of job; its payload is {"experiment": number}."""

_AGAIN = dt.timedelta(seconds=5)  # how soon to look again at what was not worth publishing and did not grow


class Learning:
    """Finds the experiments that have learned something, and publishes what follows from it."""

    def __init__(self, policies: Policies, work: Work, rule: RefreshRule | None = None) -> None:
        """`rule` says when a version is worth publishing."""
        self._policies, self._work, self._rule = policies, work, rule or RefreshRule()
        self._asked: dict[int, Standing] = {}
        self._refused: dict[int, int] = {}  # experiment → the revision that cannot be learned from

    async def look(self) -> list[int]:
        """Ask for a job `learn` of each experiment that may have something to publish; names them.

        One cheap query; meant to be called once or twice a second, by any number of processes.
        """
        standings = await self._policies.standings(tuple(POLICIES))
        due = [each for each in standings if self._is_due(each)]
        if due:
            await self._work.ask(LEARN, [each.experiment for each in due])
        running = {each.experiment for each in standings}
        self._asked = {no: asked for no, asked in self._asked.items() if no in running}
        self._refused = {no: revision for no, revision in self._refused.items() if no in running}
        self._asked |= {each.experiment: each for each in due}
        return [each.experiment for each in due]

    async def learn(self, experiment: int) -> int | None:
        """Publish the next version if the rule says so; answers it. None when there is nothing to publish: not running,
        not enough news, or somebody else was faster. Raises Invalid for a metric that the policy cannot learn from, and
        `look` then leaves the experiment alone until it is changed.
        """
        observed = await self._policies.observed(experiment)
        if observed is None:
            return None
        standing, units = observed.standing, sum(observed.units)
        last = _published(standing)
        if (last is None and units == 0) or not self._rule.may_publish(standing.now, last, units):
            return None
        try:
            state = state_of(observed)
        except Invalid:
            self._refused[experiment] = standing.revision
            raise
        shares = propensities_of(state)
        reason = self._rule.reason_to_publish(standing.now, last, units, shares)
        if reason is None:
            return None
        policy = _next(observed, shares, state.document() | {"reason": str(reason)})
        if not await self._policies.publish(policy):
            return None
        log.info(
            "a policy is published",
            experiment=experiment,
            version=policy.version,
            reason=str(reason),
            units=units,
        )
        return policy.version

    def _is_due(self, standing: Standing) -> bool:
        current = standing.policy is not None and standing.policy.revision == standing.revision
        if standing.units == 0 or (current and standing.seq == standing.policy_seq):
            return False  # nothing was folded since
        if self._refused.get(standing.experiment) == standing.revision:
            return False
        if not self._rule.may_publish(standing.now, _published(standing), standing.units):
            return False
        asked = self._asked.get(standing.experiment)
        return (
            asked is None
            or (asked.revision, asked.policy) != (standing.revision, standing.policy)
            or standing.units >= self._rule.outcomes_due(asked.units)
            or standing.now - asked.now >= _AGAIN
        )


def state_of(observed: Observed) -> PolicyState:
    """What is known of each variant, its posterior and its chance of being the best. Raises Invalid."""
    entry = observed.entry
    metric = next((each for each in entry["metrics"] if each["role"] == "primary"), None)
    if metric is None or metric["kind"] != "conversion":
        raise Invalid(
            f"{entry['type']} learns from a primary metric of kind conversion, and {entry['key']} has none"
        )
    parameters = dict(entry["parameters"])
    floor = parameters.pop("floor", None)
    alpha, beta = parameters.get("prior_alpha", 1.0), parameters.get("prior_beta", 1.0)
    counts = list(zip(entry["variants"], observed.units, observed.conversions, strict=True))
    posteriors = [(alpha + conversions, beta + units - conversions) for _, units, conversions in counts]
    wins = win_probabilities(
        posteriors,
        [each["state"] == "active" for each in entry["variants"]],
        higher_is_better=metric["direction"] == "increase",
    )
    return PolicyState(
        policy=entry["type"],
        parameters=parameters,
        floor=DEFAULT_FLOOR_PPM if floor is None else share_to_ppm(floor, "/parameters/floor"),
        metric=metric["name"],
        direction=metric["direction"],
        reason="",
        watermark=observed.watermark,
        variants=tuple(
            VariantState(
                variant["id"], variant["state"] == "active", units, conversions, a, b, a / (a + b), win
            )
            for (variant, units, conversions), (a, b), win in zip(counts, posteriors, wins, strict=True)
        ),
    )


def propensities_of(state: PolicyState) -> tuple[int, ...]:
    """The shares in ppm that follow from a state, and from nothing else: any published version can be recomputed."""
    # Where fewer conversions are better, a success is a unit without one.
    fewer = state.direction == "decrease"
    arms = State(
        tuple(
            Arm(each.units - each.conversions if fewer else each.conversions, each.units, each.active)
            for each in state.variants
        )
    )
    rule = make_policy(state.policy, _mirrored(state.parameters) if fewer else state.parameters)
    return allocate(rule.propensities(arms), [arm.active for arm in arms.arms], state.floor)


def _next(observed: Observed, shares: tuple[int, ...], document: Mapping[str, Any]) -> Policy:
    standing = observed.standing
    parent = standing.policy.version if standing.policy else None
    version = (parent or 0) + 1
    signature = checksum(signed(observed.entry["id"], version, standing.revision, shares, document))
    return Policy(
        experiment=standing.experiment,
        version=version,
        revision=standing.revision,
        parent=parent,
        propensities=shares,
        units=sum(observed.units),
        checksum=signature,
        published_at=standing.now,
        document=document,
    )


def _mirrored(parameters: Mapping[str, Any]) -> dict[str, Any]:
    swapped = {"prior_alpha": "prior_beta", "prior_beta": "prior_alpha"}
    return {swapped.get(name, name): value for name, value in parameters.items()}


def _published(standing: Standing) -> Published | None:
    newest = standing.policy
    if newest is None or newest.revision != standing.revision or standing.published_at is None:
        return None
    return Published(standing.published_at, standing.policy_units, tuple(newest.propensities))
