"""Off-policy evaluation: from the sums of the log and a target policy to what it would have earned.

It runs in the worker. It must not know who asks.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from json import dumps
from typing import Any, NamedTuple

import msgspec
import numpy as np
from litmus.decide import BUCKETS
from litmus.decide.document import escaped
from numpy.typing import NDArray

from litmus_server.bandits.allocation import DEFAULT_FLOOR_PPM, FloorTooHigh
from litmus_server.bandits.arms import Arm, NumberArm, State
from litmus_server.bandits.contextual import CONTEXTUAL
from litmus_server.bandits.contextual_draw import archived_drawing
from litmus_server.bandits.evaluation import Estimate, Evaluation, NoOverlap, evaluate
from litmus_server.bandits.policies import next_version, policy
from litmus_server.bandits.unit_evaluation import Units, evaluate_units
from litmus_server.bandits.version import arms_of
from litmus_server.domain import evaluation as e
from litmus_server.domain.errors import Fault, Invalid
from litmus_server.domain.policy import PolicyState, read_state
from litmus_server.domain.replay import Unknown
from litmus_server.domain.weights import share_to_ppm
from litmus_server.ports import ArchivedVersion, DecisionLog, DecisionLogs, LoggedUnits
from litmus_server.stats.absence import TooFew
from litmus_server.stats.adaptive import Batch
from litmus_server.stats.moments import Moments
from litmus_server.stats.sheet import of_epoch

_LEVEL = 0.95


class Evaluating:
    """Answers questions."""

    def __init__(self, logs: DecisionLogs) -> None:
        """`logs` is where an experiment's versions and their sums are read."""
        self._logs = logs

    async def answer(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """{"answer"}, or {"faults"} where the question has none; `document` is a `Question`. Computed beside the loop."""
        question = msgspec.convert(document, e.Question)
        log = await self._logs.find(question.experiment)
        try:
            if log is None:
                raise _wrong("/experiment", "there is no such experiment any more")
            if log.entry["type"] in CONTEXTUAL:
                metric = _metric(log.entry, question.metric)
                refused = _unanswerable(question, metric, log)
                units = None if refused else await self._logs.units(log.entry, metric)
                version, archived = question.target.version, None
                if version is not None and units is not None:
                    archived = await self._logs.version(log.entry["no"], version)
                answer = await asyncio.to_thread(answered_by_units, question, log, units, archived)
            else:
                answer = await asyncio.to_thread(answered, question, log)
        except Invalid as invalid:
            return {"faults": [{"pointer": each.pointer, "message": each.message} for each in invalid.faults]}
        return {"answer": msgspec.to_builtins(answer)}


def answered(question: e.Question, log: DecisionLog) -> e.Answer:
    """The answer that follows from the question and the log, and from nothing else. Raises Invalid."""
    entry, keys = log.entry, [variant["key"] for variant in log.entry["variants"]]
    metric = _metric(entry, question.metric)
    versions = _versions(log, metric["id"])
    target = _target(question.target, keys, versions)
    answer = e.Answer(entry["id"], entry["key"], metric["name"], log.now, _LEVEL, shares={})
    refused = _unanswerable(question, metric, log)
    if refused is not None:
        return replace(answer, refused=refused)
    return _said(answer, evaluate([version.batch for version in versions], target, alpha=1 - _LEVEL), keys)


def answered_by_units(
    question: e.Question, log: DecisionLog, units: LoggedUnits | None, archived: ArchivedVersion | None
) -> e.Answer:
    """The same of an experiment in which each unit has propensities of its own; `units` None where that is refused. Raises Invalid.

    `archived` is the version that is asked about; None where there is none.
    """
    entry, keys = log.entry, [variant["key"] for variant in log.entry["variants"]]
    metric = _metric(entry, question.metric)
    answer = e.Answer(entry["id"], entry["key"], metric["name"], log.now, _LEVEL, shares={})
    if units is None:
        return replace(answer, refused=_unanswerable(question, metric, log))
    shares = np.array(units.shares, dtype=np.float64).reshape(-1, len(keys)) / BUCKETS
    target = _targets(question.target, log, keys, units, shares, archived)
    found = evaluate_units(
        Units(
            np.array(units.versions, dtype=np.int64),
            np.array(units.variants, dtype=np.int64),
            np.array(units.outcomes, dtype=np.float64),
            shares,
        ),
        target,
        alpha=1 - _LEVEL,
    )
    said = _said(answer, found, keys)
    return replace(said, left_out_units=said.left_out_units + units.unknown) if said.value else said


def _said(answer: e.Answer, found: Evaluation | NoOverlap | TooFew, keys: Sequence[str]) -> e.Answer:
    if not isinstance(found, Evaluation):
        return replace(answer, refused=_refused(found, keys))
    return replace(
        answer,
        shares=dict(zip(keys, map(float, found.shares), strict=True)),
        value=_value(found.doubly_robust),
        logged=_value(found.logged),
        gain=_value(found.gain),
        self_normalised=_value(found.self_normalised),
        inverse_propensity=_value(found.inverse_propensity),
        units=found.units,
        left_out_units=found.left_out,
        effective_units=found.effective_units,
        largest_weight=found.largest_weight,
    )


class _Version(NamedTuple):
    """A stretch of the log in which propensities stood still, and what was known when it began (None: nobody had learned)."""

    batch: Batch
    state: PolicyState | None


def _metric(entry: Mapping[str, Any], name: str | None) -> Mapping[str, Any]:
    for metric in entry["metrics"]:
        if metric["name"] == name or (name is None and metric["role"] == "primary"):
            found: Mapping[str, Any] = metric
            return found
    declared = ", ".join(metric["name"] for metric in entry["metrics"]) or "none"
    message = "is required: the experiment has no primary metric" if name is None else "is not declared"
    raise _wrong("/metric", f"{message}; declared are {declared}")


def _unanswerable(question: e.Question, metric: Mapping[str, Any], log: DecisionLog) -> e.Refused | None:
    contextual = log.entry["type"] in CONTEXTUAL
    if contextual and question.target.type is not None:
        return e.Refused(
            e.Refusal.FEATURES,
            "a bandit without features would have known other things than the log's own: name shares, a variant, a rule or a version",
        )
    if question.target.contextual and not (contextual and log.entry["features"]):
        return e.Refused(e.Refusal.FEATURES, "the experiment has no features that a policy could go by")
    if metric["kind"] not in {"conversion", "mean"}:
        return e.Refused(
            e.Refusal.METRIC_KIND, f"a {metric['kind']} has no value per unit that could be averaged"
        )
    waiting = log.sheet.measures[metric["id"]].waiting
    if waiting is not None:
        return e.Refused(e.Refusal.NOT_READY, f"the metric's sums are not there yet: {waiting}")
    return None


def _versions(log: DecisionLog, metric: int) -> list[_Version]:
    """Those with exposed units, oldest first. A unit in a variant that was not drawn from (it was moved by hand) counts nowhere."""
    arms = len(log.entry["variants"])
    state: PolicyState | None = None
    found = []
    exposed = set(log.sheet.epochs())
    for epoch, version in sorted(log.versions.items()):
        if version.state is not None:
            state = read_state(version.state) or state
        if epoch not in exposed:
            continue
        shares = [share / BUCKETS for share in version.shares] + [0.0] * (arms - len(version.shares))
        moments = [
            _moments(log, metric, arm, epoch) if share > 0 else Moments() for arm, share in enumerate(shares)
        ]
        found.append(_Version(Batch(tuple(moments), tuple(shares)), state))
    return found


def _moments(log: DecisionLog, metric: int, arm: int, epoch: int) -> Moments:
    outcome = log.sheet.arm(metric, arm, of_epoch(epoch)).outcome
    if outcome is None or len(outcome.first) != 1:  # refused, with the reason
        return Moments()
    return Moments(outcome.n, outcome.first[0], outcome.second[0])


def _targets(
    target: e.Target,
    log: DecisionLog,
    keys: Sequence[str],
    units: LoggedUnits,
    shares: NDArray[np.float64],
    archived: ArchivedVersion | None,
) -> NDArray[np.float64]:
    """The policy's propensities for each unit, by ordinal; all 0 where it would have drawn nothing for it. Raises Invalid."""
    if target.version is not None:
        return _of_version(target.version, archived, len(keys), units)
    if target.by is not None:
        return _of_rule(target, log, keys, units.features)
    if target.uniform:
        drawn = shares > 0
        return np.asarray(drawn / np.maximum(drawn.sum(axis=1, keepdims=True), 1))
    fixed = _fixed(target, keys)
    return np.tile(np.array(fixed, dtype=np.float64), (len(shares), 1))


def _of_version(
    version: int, archived: ArchivedVersion | None, arms: int, units: LoggedUnits
) -> NDArray[np.float64]:
    """What the archived policy would have drawn each unit by, from the features that were kept and of the variants that it might get."""
    if archived is None:
        raise _wrong("/policy/version", f"there is no version {version} of its policy")
    drawing = archived_drawing(archived.document, archived.policy)
    if isinstance(drawing, Unknown):
        raise _wrong("/policy/version", "its configuration or its model cannot be read any more")
    active = {arm for arm, on in enumerate(drawing.active) if on}
    known: dict[str, tuple[int, ...]] = {}
    rows = []
    for features, eligible in zip(units.features, units.eligible, strict=True):
        kept = {"features": features, "eligible": eligible}
        text = dumps(kept, sort_keys=True)
        if text not in known:
            possible = eligible is None or not active.isdisjoint(eligible)
            drawn = drawing.again(kept) if possible else ()
            known[text] = (*drawn, *(0,) * (arms - len(drawn)))
        rows.append(known[text])
    return np.array(rows, dtype=np.float64).reshape(-1, arms) / BUCKETS


def _of_rule(
    target: e.Target, log: DecisionLog, keys: Sequence[str], features: Sequence[Mapping[str, Any]]
) -> NDArray[np.float64]:
    names = [each["name"] for each in log.entry["features"]]
    if target.by not in names:
        raise _wrong("/policy/by", f"there is no feature {target.by!r}; there is {', '.join(names)}")
    values = {
        value: _ordinal(keys, key, f"/policy/values/{escaped(value)}") for value, key in target.values.items()
    }
    otherwise = _ordinal(keys, target.otherwise or "", "/policy/otherwise")
    chosen = [values.get(_written(each.get(target.by or "")), otherwise) for each in features]
    return np.eye(len(keys))[np.array(chosen, dtype=np.int64)]


def _written(value: object) -> str:
    return value if isinstance(value, str) else dumps(value)


def _fixed(target: e.Target, keys: Sequence[str]) -> list[float]:
    if target.weights is not None:
        for key in target.weights:
            _ordinal(keys, key, f"/policy/weights/{escaped(key)}")
        return [target.weights.get(key, 0.0) for key in keys]
    chosen = _ordinal(keys, target.variant or "", "/policy/variant")
    return [float(place == chosen) for place in range(len(keys))]


def _target(target: e.Target, keys: Sequence[str], versions: Sequence[_Version]) -> list[list[float]]:
    """The policy's propensities in each version, by ordinal. Raises Invalid."""
    if target.weights is not None or target.variant is not None:
        return [_fixed(target, keys)] * len(versions)
    if target.uniform or target.contextual:  # the latter is refused
        return [_equal(version.batch) for version in versions]
    return [_learned(target, version) for version in versions]


def _equal(batch: Batch) -> list[float]:
    drawn = sum(share > 0 for share in batch.propensities)
    return [1 / drawn if share > 0 else 0.0 for share in batch.propensities]


def _learned(target: e.Target, version: _Version) -> list[float]:
    """What this bandit would have published, knowing what the log's own knew then. Of the variants that were drawn from."""
    drawn = [share > 0 for share in version.batch.propensities]
    state = version.state
    known = [] if state is None else list(arms_of(state).arms)
    known += [Arm(0, 0)] * (len(drawn) - len(known))
    if any(isinstance(arm, NumberArm) for arm in known):
        known = [NumberArm(0, 0, 0) if isinstance(arm, Arm) else arm for arm in known]
    arms = State(
        tuple(replace(arm, active=on) for arm, on in zip(known, drawn, strict=True)),
        higher_is_better=state is None or state.direction == "increase",
    )
    floor = DEFAULT_FLOOR_PPM if target.floor is None else share_to_ppm(target.floor, "/policy/floor")
    try:
        shares = next_version(policy(str(target.type), target.parameters), arms, floor)
    except FloorTooHigh as wrong:
        raise _wrong("/policy/floor", str(wrong)) from None
    return [share / BUCKETS for share in shares]


def _ordinal(keys: Sequence[str], key: str, pointer: str) -> int:
    if key not in keys:
        raise _wrong(pointer, f"there is no variant {key!r}; there is {', '.join(keys)}")
    return keys.index(key)


def _refused(found: NoOverlap | TooFew, keys: Sequence[str]) -> e.Refused:
    if isinstance(found, NoOverlap):
        named = tuple(keys[arm] for arm in found.arms)
        return e.Refused(e.Refusal.NO_OVERLAP, found.reason, named)
    return e.Refused(e.Refusal.TOO_FEW_UNITS, found.reason, needed=found.needed, got=found.got)


def _value(found: Estimate) -> e.Value:
    return e.Value(found.estimate, found.standard_error, found.interval.lower, found.interval.upper)


def _wrong(pointer: str, message: str) -> Invalid:
    return Invalid(message, (Fault(pointer, message),), e.TITLE)
