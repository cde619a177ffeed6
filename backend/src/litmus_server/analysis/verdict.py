"""The verdict: what a person should do, from effects, health and the plan. A pure function, tested by worked situations.

The order: nothing can be trusted while units are split wrongly; harm to a guardrail waits for nothing; only then is the primary metric
asked, and not before the experiment has seen a whole business cycle.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from litmus_server.domain.report import Choice, Effect, Verdict, VerdictValue

_Said = tuple[VerdictValue, str, str | None, str | None, bool]


@dataclass(frozen=True, slots=True)
class Situation:
    """All that the verdict depends on.

    `primary` are the primary metric's effects, `guardrails` (metric, effect) of all guardrails. `minimum_effect` is the lift that is
    worth having, if anybody said. `ready_at` is when the least time is over, None while that cannot be said. `mismatch`
    is the sentence of a failed sample ratio. `over`: no more units will come, or the plan's are there. `cut_short`: it was ended
    before the planned units were there. `control_note` is a sentence about a control that is not running.
    """

    metric: str | None
    higher_is_better: bool
    control: str
    exposed_units: int
    primary: Sequence[Effect]
    guardrails: Sequence[tuple[str, Effect]]
    minimum_effect: float | None
    now: dt.datetime
    ready_at: dt.datetime | None
    over: bool
    mismatch: str | None
    control_note: str | None
    choices: Sequence[Choice]
    progress: str | None = None
    """How much longer it takes, as a sentence."""
    changing: str | None = None
    """That the effect differs between cohorts, as a sentence."""
    cut_short: bool = False
    overdue: int | None = None
    """The days that its purpose gives it, where they are over."""

    @property
    def looked_once(self) -> bool:
        """Whether this is the one look at which an answer of the fixed method holds. Who ends an experiment early chose its end."""
        return self.over and not self.cut_short


def verdict_of(situation: Situation) -> Verdict:
    """The verdict."""
    value, sentence, subject, metric, proven = _said(situation)
    waiting = value in {VerdictValue.COLLECTING, VerdictValue.KEEP_WAITING}
    early = situation.ready_at is not None and situation.now < situation.ready_at
    return Verdict(
        value=value,
        action=value.action,
        sentence=sentence,
        subject=subject,
        metric=metric,
        proven=proven,
        reasons=list(dict.fromkeys(_reasons(situation, value))),
        choices=list(situation.choices),
        until=situation.ready_at if waiting and early else None,
    )


def _said(s: Situation) -> _Said:
    if s.mismatch is not None:
        return VerdictValue.FIX_SAMPLE_RATIO, f"Fix the sample ratio first. {s.mismatch}", None, None, False
    harmed = _harmed(s)
    if harmed:
        name, effect = harmed[0]
        return (
            VerdictValue.STOP_GUARDRAIL,
            f"Stop: {effect.variant_key} harms {name}{_by_more_than(effect)}.",
            effect.variant_key,
            name,
            False,
        )
    if s.metric is None:
        return (
            VerdictValue.COLLECTING,
            "There is no primary metric, so there is nothing to decide by.",
            None,
            None,
            False,
        )
    if not s.primary:
        return (
            VerdictValue.COLLECTING,
            "There is only one variant, so there is nothing to compare.",
            None,
            s.metric,
            False,
        )
    if not s.exposed_units:
        return VerdictValue.COLLECTING, "No unit has been exposed yet.", None, s.metric, False
    known = [effect for effect in s.primary if effect.p_value is not None]
    if not known and not s.over:
        return VerdictValue.COLLECTING, f"Still collecting: {_why_silent(s.primary)}", None, s.metric, False
    best = _best(s)
    if best is not None:
        return _shipping(s, best)
    settled = _settled(s)
    if settled is not None:
        if _early(s):
            return _wait(s, settled)
        return VerdictValue.NO_DIFFERENCE, settled, None, s.metric, False
    if s.over:
        return VerdictValue.NO_DIFFERENCE, _undecided_at_the_end(s), None, s.metric, False
    return VerdictValue.KEEP_WAITING, "Keep waiting: nothing is decided yet.", None, s.metric, False


def _shipping(s: Situation, best: Effect) -> _Said:
    said = f"{best.variant_key} is better than {s.control} on {s.metric}{_by(best)}"
    if _early(s):
        return _wait(s, f"{said}.")
    if best.method == "fixed" and not s.looked_once:
        if s.over:
            short = f"Nothing was shown on {s.metric}: the experiment was ended before the units of its one planned look were there."
            return VerdictValue.NO_DIFFERENCE, short, None, s.metric, False
        return _wait(s, f"{said}, if this is the one look that was planned.")
    proven = _holds_at_every_look(best)
    return (
        VerdictValue.SHIP,
        f"Ship {best.variant_key}: {said}{', which is proven at every look at once' if proven else ''}.",
        best.variant_key,
        s.metric,
        proven,
    )


def _wait(s: Situation, said: str) -> _Said:
    if _early(s):
        assert s.ready_at is not None
        until = f" until {s.ready_at:%Y-%m-%d %H:%M} UTC, so that every day of the week has counted"
    else:
        until = " until the plan's end"
    return VerdictValue.KEEP_WAITING, f"Keep waiting{until}. So far: {said}", None, s.metric, False


def _early(s: Situation) -> bool:
    """Whoever ended the experiment has decided not to wait."""
    return s.ready_at is not None and s.now < s.ready_at


def _best(s: Situation) -> Effect | None:
    """Of the variants that are better, the one with the largest effect."""
    better = [
        effect
        for effect in s.primary
        if effect.better and not effect.biased and not _as_good_as_none(s, effect)
    ]
    return max(better, key=lambda effect: _size(effect) * (1 if s.higher_is_better else -1), default=None)


def _size(effect: Effect) -> float:
    for shown in (effect.difference, effect.lift):
        if shown.estimate is not None:
            return shown.estimate
    return 0.0


def _settled(s: Situation) -> str | None:
    """Why nothing better can be expected of any variant; None while it can."""
    worse = [effect.variant_key for effect in s.primary if effect.better is False]
    alike = [
        effect.variant_key
        for effect in s.primary
        if effect.better is not False and _as_good_as_none(s, effect)
    ]
    unsettled = len(s.primary) - len(worse) - len(alike)
    if unsettled or (any(effect.method == "fixed" for effect in s.primary) and not s.looked_once):
        return None
    if not alike:
        return f"Keep {s.control}: {_listed(worse)} {'is' if len(worse) == 1 else 'are'} worse on {s.metric}."
    more = f", and {_listed(worse)} {'is' if len(worse) == 1 else 'are'} worse" if worse else ""
    return (
        f"There is no difference worth having on {s.metric}: if {_listed(alike)} {'is' if len(alike) == 1 else 'are'} better than "
        f"{s.control} at all, then by less than {s.minimum_effect:.2%}{more}."
    )


def _as_good_as_none(s: Situation, effect: Effect) -> bool:
    """The whole interval of the lift lies below what is worth having."""
    shown = effect.adjusted.lift if effect.adjusted is not None else effect.lift
    if s.minimum_effect is None or shown.lower is None or shown.upper is None:
        return False
    return shown.upper < s.minimum_effect if s.higher_is_better else shown.lower > -s.minimum_effect


def _undecided_at_the_end(s: Situation) -> str:
    silent = {_why_not(effect) for effect in s.primary}
    if silent == {"no_variance"}:
        return f"No difference was found on {s.metric}: all units are alike."
    if None not in silent:
        return f"Nothing was found out about {s.metric}: {_why_silent(s.primary)}"
    changed = next((effect for effect in s.primary if effect.significant and effect.better is None), None)
    if changed is not None:
        return f"Nothing lasting was found on {s.metric}: {_why_silent([changed])}"
    return f"No difference was found on {s.metric} by the end: what there is may be in either direction."


def _why_not(effect: Effect) -> str | None:
    why = effect.missing.get("p_value")
    return None if why is None else str(why)


def _why_silent(effects: Sequence[Effect]) -> str:
    return next(
        (note[:1].lower() + note[1:] for effect in effects for note in effect.notes), "there is too little."
    )


def _harmed(s: Situation) -> list[tuple[str, Effect]]:
    """An answer that holds at a single look only counts at that look: else one look in twenty would stop what harms nobody."""
    return [(name, effect) for name, effect in _seem_harmed(s) if effect.method != "fixed" or s.looked_once]


def _seem_harmed(s: Situation) -> list[tuple[str, Effect]]:
    return [
        (name, effect)
        for name, effect in s.guardrails
        if effect.guardrail is not None and effect.guardrail.state == "harmed" and not effect.biased
    ]


def _holds_at_every_look(effect: Effect) -> bool:
    """Whether the always-valid interval leaves out no effect: the answer's own, or the one that stands beside it (Bonferroni)."""
    if effect.method in {"always_valid", "exact", "after_bandit"}:
        return effect.significant
    questions = effect.adjusted.family if effect.adjusted is not None else 1
    return any(
        other.name == "always_valid"
        and other.p_value is not None
        and other.p_value * questions < effect.alpha
        for other in effect.alternatives
    )


def _by(effect: Effect) -> str:
    lift = effect.lift
    if lift.estimate is None:
        return ""
    if lift.lower is None or lift.upper is None:
        return f" by {abs(lift.estimate):.1%}"
    ends = f" ({lift.lower:+.1%} to {lift.upper:+.1%})"
    # Where the effect faded, what an early look has shown does not hold the present estimate.
    return f" by {abs(lift.estimate):.1%}{ends}" if lift.lower <= lift.estimate <= lift.upper else ends


def _by_more_than(effect: Effect) -> str:
    margin = effect.guardrail.margin if effect.guardrail is not None else 0.0
    return f" by more than the {margin:.1%} that are borne" if margin else ""


def _fading(effect: Effect | None) -> list[str]:
    """Planned looks are kept: what an early one has shown may no longer be seen in all units together."""
    if effect is None:
        return []
    lower, now, upper = effect.lift.lower, effect.lift.estimate, effect.lift.upper
    if lower is None or upper is None or now is None or lower <= now <= upper:
        return []
    return [
        f"An early look has shown it; over all units it is {now:+.1%} by now, so the effect may be fading."
    ]


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _reasons(s: Situation, value: VerdictValue) -> list[str]:
    reasons = []
    if value is VerdictValue.FIX_SAMPLE_RATIO:
        reasons += [f"{effect.variant_key} seems to harm {name}, too." for name, effect in _harmed(s)]
    if s.control_note is not None:
        reasons.append(s.control_note)
    reasons += [
        f"{effect.variant_key} seems to harm {name}; its interval holds at one planned look, and this is none."
        for name, effect in _seem_harmed(s)
        if effect.method == "fixed" and not s.looked_once
    ]
    if value is VerdictValue.STOP_GUARDRAIL:
        reasons += [f"{effect.variant_key} harms {name}, too." for name, effect in _harmed(s)[1:]]
        best = _best(s)
        if best is not None:
            reasons.append(f"On {s.metric} {best.variant_key} is better than {s.control}{_by(best)}.")
    if s.changing is not None and value is not VerdictValue.COLLECTING:
        reasons.append(f"{s.changing} The effect of all units together is not the one to expect from now on.")
    if value is VerdictValue.SHIP:
        reasons += _fading(_best(s))
        unclear = [
            name
            for name, effect in s.guardrails
            if effect.guardrail is not None and effect.guardrail.state == "unclear"
        ]
        if unclear:
            reasons.append(
                f"It is not shown yet that {_listed(list(dict.fromkeys(unclear)))} did not suffer."
            )
    if value in {VerdictValue.COLLECTING, VerdictValue.KEEP_WAITING}:
        reasons += [note for effect in s.primary for note in effect.notes]
        if s.progress is not None and not s.over:
            reasons.append(s.progress)
        if s.overdue is not None:
            reasons.append(
                f"It has run for the {s.overdue} days that an experiment of its purpose is given: decide by what is known now."
            )
    if any(effect.biased for effect in s.primary):
        reasons.append("The figures of the primary metric are biased: a bandit chose who was drawn.")
    return reasons
