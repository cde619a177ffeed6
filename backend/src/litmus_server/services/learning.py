"""Learning: from what the variants of an adaptive experiment have shown to its next policy version.

The lease of the job is thrift: one computes. The compare-and-swap is correctness: one publishes. It must not know how
moments come about, nor how a unit is decided.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import structlog

from litmus_server.bandits.checksum import checksum
from litmus_server.bandits.contextual import CONTEXTUAL
from litmus_server.bandits.contextual_version import next_model
from litmus_server.bandits.policies import POLICIES
from litmus_server.bandits.refresh import Published, Reason, RefreshRule
from litmus_server.bandits.version import needs_sheet, shares_of, state_of
from litmus_server.domain.errors import Invalid
from litmus_server.domain.holdback import parts_of
from litmus_server.domain.policy import Policy, signed
from litmus_server.ports import Contexts, Observed, Policies, Standing, Work

log = structlog.get_logger(__name__)

LEARN = "learn"
"""The kind of job; its payload is {"experiment": number}."""

_AGAIN = dt.timedelta(seconds=5)  # how soon to look again at what was not worth publishing and did not grow


class Learning:
    """Finds the experiments that have learned something, and publishes what follows from it."""

    def __init__(
        self,
        policies: Policies,
        work: Work,
        rule: RefreshRule | None = None,
        *,
        contexts: Contexts | None = None,
    ) -> None:
        """`rule` says when a version is worth publishing. Without `contexts` nothing is learned of contextual experiments."""
        self._policies, self._work, self._rule = policies, work, rule or RefreshRule()
        self._contexts = contexts
        self._types = (*POLICIES, *(() if contexts is None else sorted(CONTEXTUAL)))
        self._asked: dict[int, Standing] = {}
        self._refused: dict[int, int] = {}  # experiment → the revision that cannot be learned from

    async def look(self) -> list[int]:
        """Ask for a job `learn` of each experiment that may have something to publish; names them.

        Cheap queries; meant to be called once or twice a second, by any number of processes.
        """
        standings = await self._policies.standings(self._types)
        due = [each for each in standings if self._is_due(each)]
        idle = [] if self._contexts is None else await self._contexts.idle()
        if due or idle:
            await self._work.ask(LEARN, [*(each.experiment for each in due), *idle])
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
        observed = await self._policies.observed(experiment, _wants_sheet)
        if observed is None:
            if self._contexts is not None:  # what its units still do must not pile up while it is paused
                await self._contexts.settle(experiment)
            return None
        standing, units = observed.standing, sum(observed.units)
        last = _published(standing)
        if (last is None and units == 0) or not self._rule.may_publish(standing.now, last, units):
            return None
        try:
            document, shares = await self._learned(observed)
        except Invalid:
            self._refused[experiment] = standing.revision
            raise
        reason = self._rule.reason_to_publish(standing.now, last, units, shares)
        if (
            reason is None
            and "model" in document
            and last
            and units >= self._rule.outcomes_due(last.outcomes)
        ):
            reason = Reason.GROWTH  # another model, even if the mean of its shares is the same
        if reason is None:
            return None
        policy = _next(observed, shares, document | {"reason": str(reason)})
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

    async def _learned(self, observed: Observed) -> tuple[dict[str, Any], tuple[int, ...]]:
        """What follows from all that is known, and the shares in ppm. Raises Invalid."""
        entry = observed.entry
        if entry["type"] not in CONTEXTUAL or self._contexts is None:
            state = state_of(
                entry,
                observed.watermark,
                observed.units,
                observed.conversions,
                observed.joined,
                observed.sheet,
                observed.standing.now.timestamp(),
            )
            return state.document(), shares_of(state)
        await self._contexts.absorb(entry)
        sums, people = await self._contexts.sums(entry), await self._contexts.people(entry)
        model, shares = next_model(entry, sums, people, observed.units, observed.joined)
        return _contextual_document(observed, model), shares

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


def _wants_sheet(entry: Mapping[str, Any]) -> bool:
    return entry["type"] in POLICIES and needs_sheet(entry)


def _contextual_document(observed: Observed, model: Mapping[str, Any]) -> dict[str, Any]:
    folded_at = observed.watermark.folded_at
    return {
        "policy": observed.entry["type"],
        "parameters": dict(observed.entry["parameters"]),
        "watermark": {"seq": observed.watermark.seq, "folded_at": folded_at and folded_at.isoformat()},
        "model": dict(model),
        "holdback": list(parts_of(observed.entry)),
    }


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


def _published(standing: Standing) -> Published | None:
    newest = standing.policy
    if newest is None or newest.revision != standing.revision or standing.published_at is None:
        return None
    return Published(standing.published_at, standing.policy_units, tuple(newest.propensities))
