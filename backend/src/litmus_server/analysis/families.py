"""Several questions at once: which are one family, and what every answer is after the correction."""

from collections.abc import Sequence
from dataclasses import replace

from litmus_server.analysis.answers import Exact
from litmus_server.analysis.estimates import bare, estimate_of
from litmus_server.analysis.frame import Frame
from litmus_server.analysis.telling import Found, is_better
from litmus_server.domain import report as r
from litmus_server.domain.plan import Correction
from litmus_server.domain.report import Missing
from litmus_server.stats.contrast import Scale
from litmus_server.stats.multiplicity import (
    Adjusted,
    Method,
    Question,
    Role,
    Scope,
    adjust,
    adjust_evidence,
    families,
)


def corrected(frame: Frame, found: Sequence[Found]) -> list[Found]:
    """The same in the same order, with the correction that the plan asks for.

    A question that has no answer yet counts in its family all the same: families are what was asked, not what was found.
    """
    method = frame.plan.correction
    if method is Correction.NONE:
        return list(found)
    questions = [Question(each.metric["id"], each.variant, Role(each.metric["role"])) for each in found]
    after = list(found)
    for family in families(questions, Scope(frame.plan.scope)):
        if len(family) < 2:
            continue
        for k, each in zip(family, together([found[k] for k in family], method, frame.alpha), strict=True):
            after[k] = each
    return after


def together(members: Sequence[Found], method: Correction, alpha: float) -> list[Found]:
    """The same, corrected as one family."""
    adjusted = _adjusted(members, method, alpha)
    return [
        each if each.answer is None else _with(each, adjusted, place, len(members), method)
        for place, each in enumerate(members)
    ]


def _adjusted(members: Sequence[Found], method: Correction, alpha: float) -> Adjusted:
    """Benjamini–Hochberg by e-values (e-BH) where all answers have one: then it may be looked at at any time."""
    if method is Correction.BENJAMINI_HOCHBERG:
        evidence = [0.0 if each.answer is None else each.answer.log_evidence() for each in members]
        known = [each for each in evidence if each is not None]
        if len(known) == len(members):
            return adjust_evidence(known, alpha)
    return adjust(
        [1.0 if each.effect.p_value is None else each.effect.p_value for each in members],
        Method(method),
        alpha,
    )


def _with(found: Found, family: Adjusted, place: int, size: int, method: Correction) -> Found:
    effect, answer = found.effect, found.answer
    assert answer is not None
    level = family.interval_alpha
    lift = estimate_of(answer.at(level, Scale.LIFT))
    if isinstance(answer, Exact):
        difference = bare(effect.difference.estimate, 1 - level, Missing.NOT_SUPPORTED)
    else:
        difference = estimate_of(answer.at(level, Scale.DIFFERENCE))
    significant = family.rejected[place]
    missing = {name: why for name, why in effect.missing.items() if name not in {"adjusted", "better"}}
    better = is_better(found.metric, effect.difference, effect.lift) if significant else None
    if better is None:
        missing["better"] = Missing.CONTRADICTION if significant else Missing.NOT_SIGNIFICANT
    return replace(
        found,
        effect=replace(
            effect,
            significant=significant,
            better=better,
            adjusted=r.Adjusted(family.p[place], str(method), size, difference, lift),
            missing=missing,
        ),
    )
