"""Worked situations: what a person should be told to do, and why. No database, no statistics: effects as they may come out."""

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from litmus_server.analysis.verdict import Situation, verdict_of
from litmus_server.domain.report import (
    Adjusted,
    Alternative,
    Choice,
    Effect,
    Estimate,
    GuardrailState,
    Missing,
    Start,
    VerdictValue,
    Windows,
)

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


def effect(
    lift: float | None = 0.0,
    within: float = 0.05,
    *,
    key: str = "B",
    method: str = "hybrid",
    decrease: bool = False,
    proven: bool = False,
    note: str = "",
    guardrail: str | None = None,
    margin: float = 0.0,
    **fields: Any,
) -> Effect:
    """An effect whose lift is `lift` ± `within`; None: there is no answer, for the reason `note`."""
    nothing = Estimate(
        None, None, None, 0.95, dict.fromkeys(("estimate", "lower", "upper"), Missing.NOT_OPEN)
    )
    told = nothing if lift is None else Estimate(lift, lift - within, lift + within, 0.95)
    significant = lift is not None and abs(lift) > within
    anytime = Alternative("always_valid", told, told, 0.001 if proven else 0.5, biased=False, why="")
    made = Effect(
        variant_id=key, variant_key=key, control_key="A", population="matured", units=1000, control_units=1000,
        mean=0.1, control_mean=0.1, difference=told, lift=told, standard_error=0.01,
        p_value=None if lift is None else (0.001 if significant else 0.4),
        statistic=None, critical_value=None, significant=significant,
        better=(lift > 0) is not decrease if significant and lift is not None else None,
        adjusted=None, method=method, alpha=0.05, alpha_spent=0.05, looks=[], information_fraction=0.5,
        median_unbiased=None, start=Start(open=True, reason=""), windows=Windows(2000, 0, None), belief=None,
        guardrail=None if guardrail is None else GuardrailState(margin, guardrail), alternatives=[anytime],
        biased=False, notes=[note] if note else [],
    )  # fmt: skip
    return replace(made, **fields)


def situation(*primary: Effect, **fields: Any) -> Situation:
    """Ten days into an experiment that may be decided after seven."""
    usual: dict[str, Any] = {
        "metric": "orders", "higher_is_better": True, "control": "A", "exposed_units": 2000, "guardrails": [],
        "minimum_effect": None, "now": NOW, "ready_at": NOW - 3 * DAY, "over": False, "mismatch": None,
        "control_note": None, "choices": [], "progress": "1,000 more exposed units are needed.",
    }  # fmt: skip
    return Situation(primary=list(primary), **(usual | fields))


@dataclass(frozen=True)
class Worked:
    """One exercise: what is the case, and what the verdict must say of it."""

    case: str
    given: Situation
    value: str
    subject: str | None = None
    says: tuple[str, ...] = ()
    proven: bool = False
    because: tuple[str, ...] = field(default=())


HARM = [("latency", effect(0.08, 0.03, guardrail="harmed", margin=0.02))]
FINE = [("latency", effect(0.0, 0.01, guardrail="ok", margin=0.02))]
UNCLEAR = [("latency", effect(0.0, 0.2, guardrail="unclear", margin=0.02))]
NO_LIFT = Estimate(None, None, None, 0.95, dict.fromkeys(("estimate", "lower", "upper"), Missing.NO_BASELINE))
SPLIT = "A has 900 exposed units, fewer than the 1,000 expected."

TABLE = [
    Worked("nobody has been exposed", situation(effect(None), exposed_units=0), "collecting", says=("No unit",)),
    Worked("one unit only", situation(effect(None, note="Monitoring needs at least 50 units, and has 1.")), "collecting",
           says=("at least 50 units",)),
    Worked("there is one arm only", situation(), "collecting", says=("only one variant",)),
    Worked("no primary metric", situation(metric=None), "collecting", says=("no primary metric",)),
    Worked("windows are open", situation(effect(None, note="The first window closes on 2026-11-30.")), "collecting",
           says=("2026-11-30",)),
    Worked("an effect may be in either direction", situation(effect(0.02)), "keep_waiting",
           because=("1,000 more exposed units are needed.",)),
    Worked("better, before the week is over", situation(effect(0.2), ready_at=NOW + DAY), "keep_waiting",
           says=("until 2026-11-21 12:00", "B is better than A on orders by 20.0%")),
    Worked("better, and the week is over", situation(effect(0.2)), "ship", "B",
           ("Ship B", "by 20.0% (+15.0% to +25.0%)")),
    Worked("better at every look at once", situation(effect(0.2, proven=True)), "ship", "B", ("proven",), proven=True),
    Worked("an always-valid answer is proven by itself", situation(effect(0.2, method="always_valid")), "ship", "B",
           ("proven",), proven=True),
    Worked("better by less than is worth having", situation(effect(0.004, 0.003), minimum_effect=0.01), "no_difference",
           says=("less than 1.00%",)),
    Worked("equivalent: inside what is not worth having", situation(effect(0.001, 0.008), minimum_effect=0.01),
           "no_difference", says=("no difference worth having",)),
    Worked("equivalent, before the week is over",
           situation(effect(0.001, 0.008), minimum_effect=0.01, ready_at=NOW + DAY), "keep_waiting"),
    Worked("not equivalent yet", situation(effect(0.001, 0.02), minimum_effect=0.01), "keep_waiting"),
    Worked("worse", situation(effect(-0.2)), "no_difference", says=("Keep A", "B is worse")),
    Worked("lower is better, and it is lower", situation(effect(-0.2, decrease=True), higher_is_better=False), "ship", "B",
           ("by 20.0%",)),
    Worked("lower is better, and it is higher", situation(effect(0.2, decrease=True), higher_is_better=False),
           "no_difference", says=("B is worse",)),
    Worked("lower is better: less than is worth having",
           situation(effect(-0.001, 0.005, decrease=True), higher_is_better=False, minimum_effect=0.01), "no_difference"),
    Worked("a guardrail is harmed", situation(effect(0.02), guardrails=HARM), "stop_guardrail", "B",
           ("harms latency by more than the 2.0% that are borne",)),
    Worked("harm does not wait for the week", situation(effect(0.02), guardrails=HARM, ready_at=NOW + DAY),
           "stop_guardrail", "B"),
    Worked("better, and a guardrail is harmed", situation(effect(0.2), guardrails=HARM), "stop_guardrail", "B",
           because=("On orders B is better than A by 20.0% (+15.0% to +25.0%).",)),
    Worked("better, and nothing is harmed", situation(effect(0.2), guardrails=FINE), "ship", "B"),
    Worked("better, and a guardrail is unclear", situation(effect(0.2), guardrails=UNCLEAR), "ship", "B",
           because=("It is not shown yet that latency did not suffer.",)),
    Worked("units are split wrongly", situation(effect(0.2), mismatch=SPLIT), "fix_sample_ratio", says=(SPLIT,)),
    Worked("split wrongly, and a guardrail is harmed", situation(effect(0.2), mismatch=SPLIT, guardrails=HARM),
           "fix_sample_ratio", because=("B seems to harm latency, too.",)),
    Worked("two are better: the greater effect", situation(effect(0.2), effect(0.3, key="C")), "ship", "C"),
    Worked("one is better, one undecided", situation(effect(0.01), effect(0.3, key="C")), "ship", "C"),
    Worked("one is worse, one undecided", situation(effect(-0.2), effect(0.01, key="C")), "keep_waiting"),
    Worked("one is worse, one not worth having",
           situation(effect(-0.2), effect(0.0, 0.005, key="C"), minimum_effect=0.01), "no_difference",
           says=("if C is better", "B is worse")),
    Worked("all are worse", situation(effect(-0.2), effect(-0.3, key="C")), "no_difference", says=("B and C are worse",)),
    Worked("control is paused", situation(effect(0.02), control_note="Control (A) is paused."), "keep_waiting",
           because=("Control (A) is paused.",)),
    Worked("no variance, and it goes on", situation(effect(None, note="The values of both arms do not vary.")),
           "collecting", says=("do not vary",)),
    Worked("all converted, and it is over",
           situation(effect(None, missing={"p_value": Missing.NO_VARIANCE}), over=True, ready_at=None), "no_difference",
           says=("all units are alike",)),
    Worked("a baseline of zero: only the difference is there",
           situation(replace(effect(0.2), lift=NO_LIFT)),
           "ship", "B", ("B is better than A on orders.",)),
    Worked("a single look, before it was due", situation(effect(0.2, method="fixed")), "keep_waiting",
           says=("until the plan's end", "if this is the one look")),
    Worked("a single look, when it was due", situation(effect(0.2, method="fixed"), over=True), "ship", "B"),
    Worked("a single look, where somebody ended it as soon as it looked well",
           situation(effect(0.2, method="fixed"), over=True, cut_short=True), "no_difference",
           says=("was ended before the units of its one planned look were there",)),
    Worked("planned looks with a reserve, ended early: what is shown at every look is shown",
           situation(effect(0.2), over=True, cut_short=True), "ship", "B"),
    Worked("undecided after all the days that its purpose gives it", situation(effect(0.02), overdue=28), "keep_waiting",
           because=("It has run for the 28 days that an experiment of its purpose is given: decide by what is known now.",)),
    Worked("the plan is over, and nothing was found", situation(effect(0.02), over=True), "no_difference",
           says=("by the end",)),
    Worked("over, and nothing could be compared",
           situation(effect(None, note="Features decided.", missing={"p_value": Missing.OWN_SHARES}), over=True, ready_at=None),
           "no_difference", says=("Nothing was found out about orders: features decided.",)),
    Worked("better at an early look, and faded since", situation(replace(effect(0.2), lift=Estimate(0.01, 0.05, 0.3, 0.95))),
           "ship", "B", ("B is better than A on orders (+5.0% to +30.0%)",),
           because=("An early look has shown it; over all units it is +1.0% by now, so the effect may be fading.",)),
    Worked("looks contradict each other", situation(replace(effect(0.2, note="It has changed."), better=None)),
           "keep_waiting", because=("It has changed.",)),
    Worked("looks contradict each other to the end", situation(replace(effect(0.2, note="It has changed."), better=None), over=True),
           "no_difference", says=("Nothing lasting was found on orders: it has changed.",)),
    Worked("a quantile seems to be harmed, at a look that nobody planned",
           situation(effect(0.02), guardrails=[("p95", effect(0.08, 0.03, guardrail="harmed", method="fixed"))]),
           "keep_waiting", because=("B seems to harm p95; its interval holds at one planned look, and this is none.",)),
    Worked("a quantile is harmed at the end",
           situation(effect(0.02), guardrails=[("p95", effect(0.08, 0.03, guardrail="harmed", method="fixed"))], over=True),
           "stop_guardrail", "B"),
    Worked("the plan is over before the week", situation(effect(0.2), over=True, ready_at=NOW + DAY), "keep_waiting"),
    Worked("after a bandit", situation(effect(0.2, method="after_bandit")), "ship", "B", ("proven",), proven=True),
    Worked("after a bandit, a figure that is biased", situation(effect(0.2, method="fixed", biased=True), over=True),
           "no_difference", because=("The figures of the primary metric are biased: a bandit chose who was drawn.",)),
]  # fmt: skip


@pytest.mark.parametrize("worked", TABLE, ids=lambda worked: worked.case)
def test_what_a_person_should_do(worked: Worked) -> None:
    found = verdict_of(worked.given)
    assert str(found.value) == worked.value, found.sentence
    assert found.subject == worked.subject
    for words in worked.says:
        assert words in found.sentence
    for reason in worked.because:
        assert reason in found.reasons
    assert found.proven is worked.proven
    assert ("proven" in found.sentence) is worked.proven
    assert found.action == found.value.action


def test_the_correction_decides_and_not_the_plain_answer() -> None:
    """Significant by itself, and not among five questions."""
    plain = effect(0.2)
    wider = Estimate(0.2, -0.01, 0.41, 0.99)
    corrected = replace(
        plain, significant=False, better=None, adjusted=Adjusted(0.06, "holm", 5, wider, wider)
    )
    assert verdict_of(situation(corrected)).value == "keep_waiting"


def test_every_word_has_the_workers_word() -> None:
    assert {value: value.action for value in VerdictValue} == {
        "collecting": "continue",
        "keep_waiting": "continue",
        "ship": "conclude_winner",
        "no_difference": "conclude_no_winner",
        "stop_guardrail": "stop_guardrail",
        "fix_sample_ratio": "fix_sample_ratio",
    }


def test_until_is_said_while_the_least_time_is_not_over() -> None:
    assert verdict_of(situation(effect(0.2), ready_at=NOW + DAY)).until == NOW + DAY
    assert verdict_of(situation(effect(0.2))).until is None


def test_the_choices_are_told_whatever_the_verdict() -> None:
    choices = [Choice("a", "A", True, 0.01, 0.1), Choice("b", "B", False, 0.002, 0.02)]
    assert verdict_of(situation(effect(0.02), choices=choices)).choices == choices
