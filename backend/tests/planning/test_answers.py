"""Planning from typed-in numbers: the textbook's figures, the four questions agree with each other, and whatever is asked has an answer."""

from contextlib import suppress
from math import isfinite
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from litmus_server.domain.errors import Invalid
from litmus_server.domain.form import Form
from litmus_server.domain.power import TITLE, Answer, read_question
from litmus_server.services.planning import answered
from litmus_server.stats.power import Comparison, MeanBaseline, Plan, RateBaseline
from statsmodels.stats.power import NormalIndPower, TTestIndPower
from statsmodels.stats.proportion import samplesize_proportions_2indep_onetail


def ask(**body: Any) -> Answer:
    form = Form(body)
    question = read_question(form)
    form.close(TITLE)
    return answered(question, None)


def size(answer: Answer) -> int:
    assert answer.sample_size is not None, answer.missing
    return answer.sample_size.units


def test_a_single_look_needs_what_statsmodels_says() -> None:
    rates = ask(baseline_rate=0.1, minimum_effect=0.1, method="fixed")
    assert size(rates) == pytest.approx(
        2 * samplesize_proportions_2indep_onetail(0.01, 0.1, 0.8, alpha=0.05), rel=1e-4
    )
    means = ask(mean=10, sd=5, minimum_effect=0.02, method="fixed")
    assert size(means) == pytest.approx(
        2 * TTestIndPower().solve_power(0.04, alpha=0.05, power=0.8), rel=1e-4
    )
    uneven = ask(
        mean=10, sd=5, minimum_difference=0.2, shares=[0.8, 0.2], method="fixed", alpha=0.01, power=0.9
    )
    expected = NormalIndPower().solve_power(0.04, alpha=0.01, power=0.9, ratio=0.25)
    assert size(uneven) == pytest.approx(1.25 * expected, rel=1e-3)
    assert uneven.sample_size is not None
    assert uneven.sample_size.units_per_variant == pytest.approx(
        [0.8 * size(uneven), 0.2 * size(uneven)], abs=1
    )


def test_by_default_it_is_the_hybrid_with_14_looks_at_5_percent_and_80_percent_power() -> None:
    answer = ask(baseline_rate=0.1, minimum_effect=0.1, units_per_day=3000)
    comparison = Comparison(RateBaseline(0.1), Plan.hybrid(14))
    assert size(answer) == pytest.approx(comparison.units(0.01), abs=1)
    assert answer.sample_size is not None
    assert (answer.sample_size.days, answer.sample_size.weeks) == (11, 2)
    assert answer.design.inflation == pytest.approx(1.074, abs=0.001)
    assert set(answer.missing) == {"detectable", "achieved"}


def test_the_four_questions_agree() -> None:
    units = size(ask(baseline_rate=0.1, minimum_effect=0.1))
    back = ask(baseline_rate=0.1, minimum_effect=0.1, units=units)
    assert back.detectable is not None
    assert back.detectable.effect.lift == pytest.approx(0.1, rel=1e-4)
    assert back.achieved is not None
    assert back.achieved.power == pytest.approx(0.8, abs=1e-4)
    powers = [point.power for point in back.curve]
    assert powers == sorted(powers)
    assert len(powers) == 20
    middle = back.curve[9]
    assert middle.units == units
    assert middle.power == pytest.approx(0.8, abs=1e-4)
    by_days = ask(baseline_rate=0.1, minimum_effect=0.1, days=7, units_per_day=units / 7 + 0.01)
    assert by_days.achieved == back.achieved


def test_several_treatments_share_alpha_unless_nothing_is_corrected() -> None:
    two = ask(baseline_rate=0.1, minimum_effect=0.1, method="fixed", variants=2)
    four = ask(baseline_rate=0.1, minimum_effect=0.1, method="fixed", variants=4)
    none = ask(baseline_rate=0.1, minimum_effect=0.1, method="fixed", variants=4, correction="none")
    assert four.design.alpha_each == pytest.approx(0.05 / 3)
    assert none.design.alpha_each == 0.05
    assert size(none) == pytest.approx(2 * size(two), abs=2)
    assert size(four) > size(none)


def test_a_question_of_non_inferiority_needs_no_effect() -> None:
    answer = ask(mean=10, sd=5, margin=0.02, method="group_sequential")
    comparison = Comparison(MeanBaseline(10, 25), Plan.group_sequential(14), one_sided=True, margin=0.2)
    assert size(answer) == pytest.approx(comparison.units(0.0), abs=1)
    assert answer.design.one_sided
    better = ask(mean=10, sd=5, margin=0.02, minimum_effect=0.01, method="group_sequential")
    assert size(better) < size(answer)


def test_one_side_is_that_of_the_effect() -> None:
    up, down = (ask(mean=10, sd=5, minimum_effect=sign * 0.02, sides=1, units=20_000) for sign in (1, -1))
    assert size(up) == size(down) < size(ask(mean=10, sd=5, minimum_effect=0.02))
    assert down.detectable is not None
    assert up.detectable is not None
    assert down.detectable.effect.difference == pytest.approx(-up.detectable.effect.difference)
    fewer = ask(baseline_rate=0.1, minimum_effect=-0.1, sides=1)
    assert size(fewer) == pytest.approx(
        Comparison(RateBaseline(0.9), Plan.hybrid(14), one_sided=True).units(0.01), abs=1
    )


def test_what_adjustment_explains_is_saved() -> None:
    plain, half = (ask(mean=10, sd=5, minimum_effect=0.02, explained=part) for part in (0, 0.5))
    assert size(half) == pytest.approx(size(plain) / 2, rel=1e-3)


def test_the_rule_of_a_bayesian_ab_has_its_false_alarms_shown() -> None:
    answer = ask(baseline_rate=0.1, minimum_effect=0.1, units=14_000, rule={"min_sample_size": 3000})
    assert answer.rule is not None
    assert answer.rule.exact
    assert [look.units for look in answer.rule.looks] == list(range(3000, 14_001, 1000))
    assert 0.3 < answer.rule.false_alarm_rate < 0.4
    strict = ask(baseline_rate=0.1, units=14_000, rule={"early_stopping_threshold": 0.999})
    assert strict.rule is not None
    assert strict.rule.false_alarm_rate < 0.12


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/baseline_rate"),
        ({"baseline_rate": 0}, "/baseline_rate"),
        ({"baseline_rate": 0.1, "mean": 3, "sd": 1}, "/baseline_rate"),
        ({"mean": 3}, "/sd"),
        ({"baseline_rate": 0.1, "minimum_effect": 0}, "/minimum_effect"),
        ({"baseline_rate": 0.1, "minimum_effect": 9.5}, "/minimum_effect"),
        ({"baseline_rate": 0.1, "minimum_effect": 0.1, "minimum_difference": 0.1}, "/minimum_effect"),
        ({"mean": 0, "sd": 1, "minimum_effect": 0.1}, "/minimum_effect"),
        ({"mean": 0, "sd": 1, "margin": 0.1}, "/margin"),
        ({"baseline_rate": 0.1, "margin": 0.1, "sides": 2}, "/sides"),
        ({"baseline_rate": 0.1, "shares": [0.5, 0.4]}, "/shares"),
        ({"baseline_rate": 0.1, "shares": [0.5, 0.5], "variants": 3}, "/variants"),
        ({"baseline_rate": 0.1, "days": 7}, "/days"),
        ({"baseline_rate": 0.1, "power": 0.5, "alpha": 0.5}, "/power"),
        ({"baseline_rate": 0.1, "looks": 0}, "/looks"),
        ({"baseline_rate": 0.1, "method": "guess"}, "/method"),
        ({"baseline_rate": 0.1, "rule": {"early_stopping_threshold": 0.3}}, "/rule/early_stopping_threshold"),
        ({"baseline_rate": 0.1, "surprise": 1}, "/surprise"),
    ],
)
def test_what_cannot_be_planned_is_named(body: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Invalid) as refused:
        ask(**body)
    assert pointer in [fault.pointer for fault in refused.value.faults]


BASELINES = st.one_of(
    st.fixed_dictionaries({"baseline_rate": st.floats(1e-9, 1 - 1e-9)}),
    st.fixed_dictionaries({"mean": st.floats(-1e12, 1e12), "sd": st.floats(1e-12, 1e12)}),
)
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "minimum_effect": st.floats(-100, 100),
        "margin": st.floats(1e-6, 10),
        "sides": st.integers(1, 2),
        "alpha": st.floats(1e-6, 0.5),
        "power": st.floats(0.5, 0.999),
        "method": st.sampled_from(["fixed", "hybrid", "group_sequential", "always_valid"]),
        "looks": st.integers(1, 5),
        "spending": st.sampled_from(["obrien_fleming", "pocock"]),
        "variants": st.integers(2, 100),
        "explained": st.floats(0, 0.999),
        "units": st.integers(1, 10**12),
        "units_per_day": st.floats(1e-6, 1e12),
        "rule": st.just({}),
    },
)


@settings(max_examples=120, deadline=None)
@given(BASELINES, OPTIONS)
def test_whatever_is_asked_has_an_answer_of_finite_numbers_or_a_fault(
    baseline: dict[str, Any], options: dict[str, Any]
) -> None:
    answer = None
    with suppress(Invalid):
        answer = ask(**baseline, **options)
    if answer is None:
        return
    numbers: list[Any] = [msgspec.to_builtins(answer)]
    while numbers:
        each = numbers.pop()
        if isinstance(each, dict):
            numbers.extend(each.values())
        elif isinstance(each, list):
            numbers.extend(each)
        elif isinstance(each, float):
            assert isfinite(each)
    for name in ("sample_size", "detectable", "achieved"):
        assert (getattr(answer, name) is None) == (name in answer.missing)
    for point in answer.curve:
        assert 0 <= point.power <= 1
