"""Acting: what rules say is done, once, and told in the audit with its evidence. All that is done by itself on evidence goes through here.

Any number of processes may look. An act is a change like any other: made under the lock of all changes, at the revision that
was judged, in one transaction with the alarm, the look and the audit; so it is done wholly or not at all, and not twice. It must not
know SQL, nor what any rule goes by.
"""

import datetime as dt
from dataclasses import replace

import structlog

from litmus_server.domain.access import Principal, Role
from litmus_server.domain.acting import Promotion
from litmus_server.domain.audit import Cause
from litmus_server.domain.errors import Unavailable
from litmus_server.domain.experiment import Experiment, Status
from litmus_server.ports import ActBook, Deed
from litmus_server.rules.act import Act, ClearAlarm, EndHoldback, Promote, RaiseAlarm
from litmus_server.rules.judge import judged
from litmus_server.rules.observation import Observation

log = structlog.get_logger(__name__)

REST = dt.timedelta(seconds=5)
"""How long an experiment is left alone after it was judged: harm is acted upon within a minute, and 100 experiments are no load."""
MOST = 50
"""Experiments that are judged in one look."""


class Acting:
    """Everything raises Unavailable when the database is away; what was new stays new."""

    def __init__(self, book: ActBook, rest: dt.timedelta = REST) -> None:
        """`book` is where rules look and act."""
        self._book, self._rest = book, rest

    async def look(self) -> list[str]:
        """Judge the experiments that have moved, and do what follows; names those (ids) to which something was done.

        One cheap query while none has; meant to be called once or twice a second, by any number of processes.
        """
        changed = []
        for each in await self._book.watched(self._rest, MOST):
            try:
                if await self._judge(each.no):
                    changed.append(each.id)
            except Unavailable:
                raise
            except Exception:
                # It is seen again after its rest; others must not wait for it.
                log.exception("an experiment could not be judged; it is tried again", experiment=each.id)
        return changed

    async def _judge(self, no: int) -> bool:
        observation = await self._book.observed(no)
        if observation is None or observation.experiment.status is not Status.RUNNING:
            return False
        said = judged(observation)
        for each in said.acknowledged:
            await self._book.acknowledge(each.alarm, each.floors)
        if said.acts:
            # Its mark stays: what these acts have changed is judged anew.
            return await self._act(observation, said.acts, said.looks)
        await self._book.judged(observation, said.looks)
        return False

    async def _act(self, observation: Observation, acts: tuple[Act, ...], looks: int) -> bool:
        done = False
        async with self._book.acting() as deed:
            experiment = await deed.get(str(observation.experiment.id))
            if experiment is None or experiment.revision != observation.experiment.revision:
                return False  # somebody changed it: it is judged anew
            if not await deed.mark(experiment.no, looks, observation.looks):
                return False  # somebody else has taken this look
            for act in acts:
                after = await _carried_out(deed, experiment, act)
                if after is not None:
                    experiment, done = after, True
        return done


async def _carried_out(deed: Deed, before: Experiment, act: Act) -> Experiment | None:
    """The experiment after the act; None when there was nothing to do."""
    match act:
        case RaiseAlarm():
            pauses = act.pauses and before.status is Status.RUNNING
            raised = await deed.raise_alarm(before.no, act.kind, act.metric, act.message, act.evidence)
            if not raised and not pauses:
                return None
            after = before.moved(Status.PAUSED, deed.at) if pauses else _touched(before, deed.at)
            action, name = "pause" if pauses else "raise_alarm", str(act.kind)
        case ClearAlarm():
            if not await deed.clear_alarm(before.no, act.kind, act.metric):
                return None
            after, action, name = _touched(before, deed.at), "clear_alarm", str(act.kind)
        case Promote():
            if before.status is not Status.RUNNING:
                return None
            after, name = before.promoted(_promotion(before, act, deed.at), deed.at), act.rule
            action = "promote" if after.status is Status.COMPLETED else "recommend"
        case EndHoldback():
            if before.status is not Status.RUNNING or before.holdback is None:
                return None
            after, action, name = replace(_touched(before, deed.at), holdback=None), "promote", act.rule
    cause = Cause(principal_of(name), reason=act.message, evidence=act.evidence)
    log.info("a rule has acted", experiment=before.key, rule=name, action=action, reason=act.message)
    return await deed.save(before, after, action, cause)


def principal_of(rule: str) -> Principal:
    """Who it is that the audit names."""
    return Principal(f"rule:{rule}", Role.ADMIN)


def _touched(experiment: Experiment, at: dt.datetime) -> Experiment:
    """The same at another revision, so that whoever shows it shows the alarm."""
    return replace(experiment, updated_at=experiment.after(at))


def _promotion(experiment: Experiment, act: Promote, at: dt.datetime) -> Promotion:
    variant = experiment.variants[act.variant]
    return Promotion(
        variant_id=str(variant.id),
        variant_key=variant.key,
        confidence=act.confidence,
        rule=act.rule,
        look=act.look,
        looks=act.looks,
        units=act.units,
        at=at,
        concluded=experiment.auto_promote,
    )
