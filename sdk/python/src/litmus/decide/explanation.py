"""Why a unit gets what it gets: every step of a decision, for people who ask.

It decides nothing: the kernel's decision says which step settled the matter, and this module shows what each
step up to there looked at. It must not know of stored assignments more than that the caller found one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, get_args

from litmus.decide.bucketing import bucket_after
from litmus.decide.kernel import Decision, Reason, decide, unit_of
from litmus.decide.snapshot import Experiment
from litmus.decide.targeting import Condition

StepName: TypeAlias = Literal[
    "status", "forced", "stored", "holdout", "layer", "audience", "traffic", "variant"
]
STEPS: tuple[StepName, ...] = get_args(StepName)
"""In the order of a decision."""
Outcome: TypeAlias = Literal["passed", "settled", "not_reached", "not_set"]

_SETTLED_BY: Mapping[Reason, StepName] = {
    "not_started": "status",
    "paused": "status",
    "shipped": "status",
    "completed": "status",
    "forced": "forced",
    "holdout": "holdout",
    "layer": "layer",
    "audience": "audience",
    "traffic": "traffic",
    "assigned": "variant",
    "flag": "variant",
    "needs_server": "variant",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What a condition came to for these attributes. All its parts were looked at, also those that settle nothing."""

    word: str
    """`all`, `any`, `not`, or the operator."""
    matched: bool
    attribute: str | None = None
    wanted: object = None
    """The value of the condition."""
    found: object = None
    """The value of the attribute; None when it is missing or null."""
    parts: tuple["Finding", ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a decision. Exactly one of all has the outcome `settled`."""

    name: StepName
    outcome: Outcome
    """`not_set`: the experiment has no such step; `not_reached`: an earlier one settled the matter."""
    reason: Reason | Literal["stored"] | None = None
    """That of the decision, where it was settled; so are variant and propensity."""
    variant: int | None = None
    propensity: int | None = None
    """In ppm; None for a stored assignment, whose row has it."""
    bucket: int | None = None
    """Where the unit fell, in a step that draws."""
    start: int | None = None
    stop: int | None = None
    """The buckets [start, stop) pass; in the last step they are those of the variant."""
    finding: Finding | None = None
    """What the audience came to."""


def explain(
    experiment: Experiment,
    unit: str,
    attributes: Mapping[str, object] | None = None,
    forced: int | None = None,
    stored: int | None = None,
) -> tuple[Step, ...]:
    """All STEPS in their order; the one that is settled says what `decide` says. `unit` is what `decide` takes.

    `stored` is the ordinal of the unit's assignment, when the caller has one: it settles what neither the status
    nor a forced variant did. Raises what `decide` raises.
    """
    decision = decide(experiment, unit, attributes, forced)
    asked = unit if experiment.ttl_seconds is None else unit_of(unit)
    present = _present(experiment, forced, stored)
    last = _SETTLED_BY[decision.reason]
    if stored is not None and STEPS.index(last) > STEPS.index("stored"):
        last = "stored"
    steps: list[Step] = []
    for name in STEPS:
        if name not in present:
            steps.append(Step(name, "not_set"))
        elif STEPS.index(name) > STEPS.index(last):
            steps.append(Step(name, "not_reached"))
        else:
            passed = _passed(experiment, asked, attributes or {}, name)
            steps.append(passed if name != last else _settled(passed, experiment, decision, stored))
    return tuple(steps)


def _present(experiment: Experiment, forced: int | None, stored: int | None) -> set[StepName]:
    optional: dict[StepName, bool] = {
        "forced": forced is not None or bool(experiment.forced),
        "stored": stored is not None,
        "holdout": experiment.holdout is not None,
        "layer": experiment.layer is not None,
        "audience": experiment.audience is not None,
        "traffic": experiment.entrance is not None,
    }
    return {name for name in STEPS if optional.get(name, True)}


def _passed(experiment: Experiment, unit: str, attributes: Mapping[str, object], name: StepName) -> Step:
    gates = {gate.step: gate for gate in (*experiment.gates, experiment.entrance) if gate is not None}
    if name == "audience" and experiment.audience is not None:
        return Step(name, "passed", finding=find(experiment.audience, attributes))
    if name in {"holdout", "layer", "traffic"}:
        gate = gates[name]
        return Step(name, "passed", bucket=bucket_after(gate.salted, unit), start=gate.start, stop=gate.stop)
    return Step(name, "passed")


def _settled(passed: Step, experiment: Experiment, decision: Decision, stored: int | None) -> Step:
    if passed.name == "stored":
        return replace(passed, outcome="settled", reason="stored", variant=stored)
    settled = replace(
        passed,
        outcome="settled",
        reason=decision.reason,
        variant=decision.variant,
        propensity=decision.propensity,
    )
    if passed.name != "variant" or decision.bucket is None:
        return settled
    stop = experiment.thresholds[decision.variant]
    return replace(
        settled, bucket=decision.bucket, start=stop - experiment.propensities[decision.variant], stop=stop
    )


def find(condition: Condition, attributes: Mapping[str, object]) -> Finding:
    """What the condition comes to for these attributes."""
    parts = tuple(find(part, attributes) for part in condition.parts)
    if parts:  # each test is done once: those of patterns may be slow
        results = [part.matched for part in parts]
        matched = {"all": all(results), "any": any(results), "not": not results[0]}[condition.word]
        return Finding(condition.word, matched, parts=parts)
    matched = condition.matches(attributes)
    name, wanted = condition.document["attribute"], condition.document.get("value")
    return Finding(condition.word, matched, name, wanted, attributes.get(name))
