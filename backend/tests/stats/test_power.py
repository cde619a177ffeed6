"""Power and sample size: golden figures, statsmodels, simulation of every plan, and forecasts of days."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from litmus_server.stats.absence import TooFew, Undefined
from litmus_server.stats.group_sequential import Shape, Spending
from litmus_server.stats.moments import MICRO, Moments
from litmus_server.stats.power import (
    Comparison,
    Duration,
    MeanBaseline,
    Plan,
    RateBaseline,
    duration,
    remaining,
)
from statsmodels.stats.power import TTestIndPower

SPEC = json.loads((Path(__file__).parents[3] / "spec" / "stats" / "power.json").read_text())

PLANS = {
    "fixed": Plan.fixed(),
    "O'Brien–Fleming, 5": Plan.group_sequential(5),
    "Pocock, 14": Plan.group_sequential(14, Spending(Shape.POCOCK)),
    "always valid, 14": Plan.always_valid(14),
    "hybrid, 14": Plan.hybrid(14),
}


def planned(case: dict[str, Any]) -> Comparison:
    given = case["baseline"]
    baseline = (
        RateBaseline(given["rate"]) if "rate" in given else MeanBaseline(given["mean"], given["variance"])
    )
    return Comparison(baseline, shares=tuple(case.get("shares", (0.5, 0.5))))


@pytest.mark.parametrize("case", SPEC["cases"])
def test_figures_agree_with_the_references(case: dict[str, Any]) -> None:
    relative = case.get("relative_tolerance", SPEC["relative_tolerance"])
    if "drift" in case:
        assert Plan.fixed().rejection(case["drift"], 0.05) == pytest.approx(case["power"], rel=relative)
        return
    plan = planned(case)
    if "at_units" in case and "difference" in case:
        assert plan.power(case["difference"], case["at_units"]) == pytest.approx(case["power"], rel=relative)
    elif "at_units" in case:
        assert plan.detectable(case["at_units"], case["power"]) == pytest.approx(
            case["detectable"], rel=relative
        )
    else:
        units = plan.units(case["difference"], case["power"])
        assert isinstance(units, float)
        if "whole_units" in case:
            assert math.ceil(units) == case["whole_units"]
        else:
            assert units == pytest.approx(case["units"], rel=relative)


@given(st.floats(0.02, 3), st.floats(0.1, 0.9), st.floats(8, 5000), st.floats(0.001, 0.2), st.booleans())
@settings(max_examples=60, deadline=None)
def test_the_power_of_a_mean_agrees_with_statsmodels(
    effect: float, share: float, units: float, alpha: float, one_sided: bool
) -> None:
    plan = Comparison(MeanBaseline(5.0, 4.0), alpha=alpha, one_sided=one_sided, shares=(1 - share, share))
    if units * min(share, 1 - share) < 2:
        return
    expected = TTestIndPower().power(
        effect,
        (1 - share) * units,
        alpha,
        ratio=share / (1 - share),
        alternative="larger" if one_sided else "two-sided",
    )
    assume(not math.isnan(expected))  # scipy's distribution has no value far on the wrong side
    assert plan.power(2 * effect, units) == pytest.approx(float(expected), abs=1e-9)


@given(
    st.sampled_from(sorted(PLANS)),
    st.sampled_from([MeanBaseline(3.0, 2.0, explained=0.3), RateBaseline(0.05), RateBaseline(0.6)]),
    st.floats(0.005, 0.03),
    st.sampled_from([0.5, 0.8, 0.95]),
    st.booleans(),
    st.sampled_from([(0.5, 0.5), (0.9, 0.1), (0.2, 0.2)]),
)
@settings(max_examples=60, deadline=None)
def test_power_units_and_difference_answer_the_same_question(
    name: str, baseline: Any, difference: float, power: float, one_sided: bool, shares: tuple[float, float]
) -> None:
    plan = Comparison(baseline, PLANS[name], one_sided=one_sided, shares=shares)
    units = plan.units(difference, power)
    assert isinstance(units, float)
    assert plan.power(difference, units) == pytest.approx(power, abs=1e-7)
    if name in {"fixed", "O'Brien–Fleming, 5"}:
        assert plan.detectable(units, power) == pytest.approx(difference, rel=1e-6)


@pytest.mark.parametrize("name", list(PLANS))
def test_a_simulated_plan_rejects_as_often_as_computed(name: str) -> None:
    plan, rng, runs = PLANS[name], np.random.default_rng(6), 40_000
    at = np.array(plan.fractions)
    steps = rng.standard_normal((runs, len(at))) * np.sqrt(np.diff(at, prepend=0))
    bounds = np.array([critical.value(0.05) for critical in plan.criticals])
    for drift in (0.0, plan.drift(0.8, 0.05)):
        z = (np.cumsum(steps, axis=1) + drift * at) / np.sqrt(at)
        rejected = float((np.abs(z) >= bounds).any(axis=1).mean())
        expected = plan.rejection(drift, 0.05)
        assert rejected == pytest.approx(expected, abs=4 * math.sqrt(expected * (1 - expected) / runs))


def test_inflation_is_what_the_literature_computes() -> None:
    """Jennison & Turnbull 2000, tables 2.7 and 7.x, to their digits; the others by the study's own integration."""
    assert Plan.fixed().inflation() == pytest.approx(1)
    looks = {5: (1.025, 1.212), 14: (1.042, 1.258), 28: (1.049, 1.271)}
    for k, (obrien_fleming, pocock) in looks.items():
        assert Plan.group_sequential(k).inflation() == pytest.approx(obrien_fleming, abs=5e-4)
        assert Plan.group_sequential(k, Spending(Shape.POCOCK)).inflation() == pytest.approx(pocock, abs=5e-4)
    assert Plan.group_sequential(14, Spending(Shape.POWER, 2.0)).inflation() == pytest.approx(1.087, abs=5e-4)
    assert 1 < Plan.hybrid(14).inflation() < 1.08
    assert 1.65 < Plan.always_valid(28).inflation() < 1.76


def test_the_default_keeps_95_per_cent_of_the_power_of_a_single_look() -> None:
    drift = Plan.fixed().drift(0.8, 0.05)
    assert Plan.hybrid(14).rejection(drift, 0.05) >= 0.95 * 0.8


def test_a_margin_is_tested_from_one_side() -> None:
    harm = Comparison(RateBaseline(0.1), one_sided=True, margin=0.005)
    units = harm.units(0.0)
    assert isinstance(units, float)
    assert harm.power(0.0, units) == pytest.approx(0.8)
    assert isinstance(harm.units(-0.005), Undefined)
    assert harm.detectable(units) == pytest.approx(0, abs=1e-9)


def test_adjustment_by_a_covariate_saves_what_it_explains() -> None:
    plain, adjusted = (
        Comparison(MeanBaseline(1, 1, part), Plan.group_sequential(5)).units(0.01) for part in (0, 0.4)
    )
    assert isinstance(plain, float)
    assert adjusted == pytest.approx(0.6 * plain)


def test_a_baseline_comes_from_an_experiments_own_moments() -> None:
    found = MeanBaseline.of(Moments.of([MICRO, 3 * MICRO]), explained=0.5)
    assert found == MeanBaseline(2.0, 2.0, 0.5)
    assert isinstance(MeanBaseline.of(Moments()), TooFew)
    assert isinstance(MeanBaseline.of(Moments.of([MICRO])), TooFew)
    assert isinstance(MeanBaseline.of(Moments.of([MICRO, MICRO])), Undefined)


def test_a_falling_rate_finds_differences_downwards() -> None:
    plan = Comparison(RateBaseline(0.1))
    down, up = plan.detectable(10_000, upwards=False), plan.detectable(10_000)
    assert isinstance(down, float)
    assert isinstance(up, float)
    assert -0.1 < down < 0 < up
    assert plan.power(down, 10_000) == pytest.approx(0.8)
    assert isinstance(plan.detectable(3), Undefined)
    assert isinstance(plan.detectable(0), Undefined)


def test_days_are_whole_and_end_with_a_cycle() -> None:
    assert duration(10_001, 1000) == Duration(11, 2)
    assert duration(1, 1000) == Duration(1, 1)
    assert isinstance(duration(10, 0), Undefined)


def test_a_forecast_follows_an_experiments_own_arrivals() -> None:
    assert remaining(5000, [1000] * 3) == Duration(5, 1)
    assert remaining(5000, [900, 1100] * 7) == Duration(5, 1)
    # Half as many each week: 3500, then 1750, … never 7000 more; 3000 more in the sixth day of the next week.
    falling = [1000] * 7 + [500] * 7
    assert remaining(1700, falling) == Duration(7, 1)
    assert remaining(3000, falling) == Duration(20, 3)
    assert isinstance(remaining(3500, falling), Undefined)
    assert remaining(7001, [500] * 7 + [1000] * 7) == Duration(8, 2)
    assert remaining(0, []) == Duration(0, 0)
    assert remaining(1e9, [3, 4]) == Duration(285_714_286, 40_816_327)
    assert remaining(496, [0, 0, 0, 1, 0, 0, 0]) == Duration(
        3472, 496
    )  # not a day more for a float's rounding
    assert isinstance(remaining(10, []), TooFew)
    assert isinstance(remaining(10, [5, 0, 0, 0, 0, 0, 0, 0]), Undefined)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: MeanBaseline(0, 0), "variance"),
        (lambda: MeanBaseline(0, 1, 1.0), "baseline"),
        (lambda: RateBaseline(1.0), "between 0 and 1"),
        (lambda: Comparison(RateBaseline(0.1), alpha=5), "alpha"),
        (lambda: Comparison(RateBaseline(0.1), shares=(0.7, 0.7)), "shares"),
        (lambda: Comparison(RateBaseline(0.1), margin=0.1), "one-sided"),
        (lambda: Plan.group_sequential(0), "one look"),
        (lambda: Plan.fixed().drift(0.01, 0.05), "power must be"),
    ],
)
def test_what_cannot_be_planned_is_refused(make: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        make()


def test_nothing_to_find_has_no_sample_size() -> None:
    assert isinstance(Comparison(RateBaseline(0.1)).units(0.0), Undefined)
    assert Comparison(RateBaseline(0.1)).power(0.02, 0) == 0.05
