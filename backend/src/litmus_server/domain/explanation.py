"""Why a unit gets what it gets, and how its stored assignment came about, as people read it. The classes are their schema.

It must not know where anything is stored.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from litmus.decide import Experiment, Finding, Step, compile_entry, decide, explain, thresholds
from litmus.decide.explanation import Outcome as StepOutcome
from litmus.decide.explanation import StepName

from litmus_server.domain.assignment import Stored
from litmus_server.domain.draft import ExperimentType
from litmus_server.domain.expectation import Expectation
from litmus_server.domain.replay import (
    Difference,
    Past,
    Unknown,
    Verdict,
    compiled,
    decided,
    entry_of,
    judged,
    lacks_attributes,
)
from litmus_server.domain.weights import to_fraction


@dataclass(frozen=True, slots=True)
class ExplainedStep:
    """One step of a decision. Exactly one of all has the outcome `settled`, and the reason, variant and propensity.

    `not_set`: the experiment has no such step, or nothing of the kind was asked; `not_reached`: an earlier one settled the
    matter. A step that draws has the `bucket` where the unit fell, of 0 to 999,999, and [start, stop), the buckets that pass
    or, in the last step, those of the variant. `finding` is what the audience came to.
    """

    name: StepName
    outcome: StepOutcome
    reason: str | None = None
    variant_key: str | None = None
    propensity: float | None = None
    bucket: int | None = None
    start: int | None = None
    stop: int | None = None
    finding: Finding | None = None


@dataclass(frozen=True, slots=True)
class PolicyOfDecision:
    """The archived policy that a decision was drawn by. `genuine`: its checksum is that of what the archive holds."""

    version: int
    revision: int
    published_at: dt.datetime
    checksum: str
    genuine: bool


@dataclass(frozen=True, slots=True)
class VariantRange:
    """The buckets [start, stop) that were a variant's, of a million, and so its propensity."""

    variant_key: str
    propensity: float
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class LoggedDecision:
    """An assignment as the log has it, and made again from the archive: the configuration of its revision, the policy of its
    version, and the attributes that the log kept.

    `verdict` is what `litmus replay` says of it: `same`, `differs`, or why it cannot be said. `epoch` counts changes of fixed
    weights; a bandit has a `policy` instead. `context` is what the log keeps of a draw that was the unit's own: features, shares
    in ppm, eligible arms; `expectation` what the archived model expected of it. `ranges` and `steps` are empty where the archive
    lacks what it was drawn by.
    """

    assigned_at: dt.datetime
    variant_key: str
    propensity: float
    bucket: int
    revision: int
    epoch: int | None
    policy: PolicyOfDecision | None
    attributes: Mapping[str, Any] | None
    context: Mapping[str, Any] | None
    verdict: str
    ranges: Sequence[VariantRange]
    steps: Sequence[ExplainedStep]
    expectation: Expectation | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a unit would get now, why, and every step on the way there. Nothing was assigned, and nothing logged.

    `revision` and `policy_version` are what it was drawn by, so of a stored assignment those of its time; the latter is null
    under fixed weights. `expectation` is what the model in force expects of the unit under each variant; null where features decide
    nothing. `logged` is the draw of the unit's stored assignment; null when it has none.
    """

    experiment_id: str
    experiment_key: str
    unit_id: str
    in_experiment: bool
    reason: str
    variant_key: str
    propensity: float
    revision: int
    policy_version: int | None
    steps: Sequence[ExplainedStep]
    expectation: Expectation | None = None
    logged: LoggedDecision | None = None


def explained(
    experiment: Experiment,
    unit: str,
    attributes: Mapping[str, object],
    forced: int | None,
    stored: Stored | None,
) -> Explanation:
    """The decision of the kernel, step by step; `forced` and `stored` as the kernel takes them."""
    assigned = None if stored is None else stored.variant
    steps = tuple(
        _step(step, experiment, stored) for step in explain(experiment, unit, attributes, forced, assigned)
    )
    settled = next(step for step in steps if step.outcome == "settled")
    decision = decide(experiment, unit, attributes, forced)
    told = Explanation(
        experiment_id=experiment.id,
        experiment_key=experiment.key,
        unit_id=unit,
        in_experiment=decision.in_experiment,
        reason=settled.reason or decision.reason,
        variant_key=settled.variant_key or experiment.variants[decision.variant].key,
        propensity=to_fraction(decision.propensity) if settled.propensity is None else settled.propensity,
        revision=decision.revision,
        policy_version=decision.policy_version,
        steps=steps,
    )
    if settled.name != "stored" or stored is None:
        return told
    adaptive = ExperimentType(experiment.type).adaptive
    version = stored.epoch if adaptive else None
    return replace(told, in_experiment=True, revision=stored.revision, policy_version=version)


def _step(step: Step, experiment: Experiment, stored: Stored | None) -> ExplainedStep:
    propensity = stored.propensity if step.reason == "stored" and stored is not None else step.propensity
    return ExplainedStep(
        name=step.name,
        outcome=step.outcome,
        reason=step.reason,
        variant_key=None if step.variant is None else experiment.variants[step.variant].key,
        propensity=None if propensity is None else to_fraction(propensity),
        bucket=step.bucket,
        start=step.start,
        stop=step.stop,
        finding=step.finding,
    )


def logged(past: Past, experiment: Experiment, genuine: bool) -> LoggedDecision:
    """The stored assignment of a unit, as it was drawn; `experiment` is the present one, `genuine` whether the policy is."""
    row, policy = past.row, past.policy
    ranges: Sequence[VariantRange] = ()
    steps: Sequence[ExplainedStep] = ()
    verdict: Verdict
    document = entry_of(past.document, policy)
    if isinstance(document, Unknown):
        verdict = document
    else:
        then = compiled(document)
        if isinstance(then, Unknown):
            verdict = then
        else:
            verdict = judged(row, decided(then, row.unit, row.attributes, row.shares))
            if isinstance(verdict, Difference) and lacks_attributes(
                row, decided(then, row.unit, row.attributes, row.shares), document["audience"]
            ):
                then = compile_entry({**document, "audience": None})
                verdict = judged(row, decided(then, row.unit, row.attributes, row.shares), Unknown.ATTRIBUTES)
            ranges = _ranges(then, row.shares or then.propensities)
            steps = tuple(_step(step, then, None) for step in explain(then, row.unit, row.attributes))
            if row.shares is not None and steps[-1].outcome == "settled":
                steps = (*steps[:-1], _own_draw(steps[-1], ranges))
    return LoggedDecision(
        assigned_at=row.assigned_at,
        variant_key=experiment.variants[row.drawn.variant].key,
        propensity=to_fraction(row.drawn.propensity),
        bucket=row.drawn.bucket or 0,
        revision=row.source.revision,
        epoch=None if ExperimentType(experiment.type).adaptive else row.source.epoch,
        policy=None
        if policy is None
        else PolicyOfDecision(policy.version, policy.revision, policy.published_at, policy.checksum, genuine),
        attributes=row.attributes,
        context=row.context,
        verdict="same" if verdict is None else "differs" if isinstance(verdict, Difference) else str(verdict),
        ranges=ranges,
        steps=steps,
    )


def _own_draw(step: ExplainedStep, ranges: Sequence[VariantRange]) -> ExplainedStep:
    """The last step, drawn from shares of the unit's own."""
    for each in ranges:
        if step.bucket is not None and each.start <= step.bucket < each.stop:
            return replace(
                step,
                variant_key=each.variant_key,
                propensity=each.propensity,
                start=each.start,
                stop=each.stop,
            )
    return step


def _ranges(experiment: Experiment, shares: Sequence[int]) -> tuple[VariantRange, ...]:
    return tuple(
        VariantRange(variant.key, to_fraction(share), stop - share, stop)
        for variant, share, stop in zip(experiment.variants, shares, thresholds(shares), strict=True)
    )
