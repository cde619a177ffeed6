"""Quantiles: the sketch as a multiset of rounded values, the golden errors, and coverage."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from litmus_server.stats.absence import TooFew, Undefined
from litmus_server.stats.critical import Fixed
from litmus_server.stats.inference import compare
from litmus_server.stats.moments import MICRO, JointMoments
from litmus_server.stats.quantiles import (
    BITS,
    Clusters,
    Quantile,
    Sketch,
    bounds,
    bucket,
    quantile,
    quantile_contrast,
)

GOLDEN = json.loads((Path(__file__).parents[3] / "spec" / "stats" / "quantiles.json").read_text())

MICROS = st.one_of(st.integers(-5000, 5000), st.integers(-(10**18), 10**18))


@given(MICROS)
@settings(max_examples=300, deadline=None)
def test_a_bucket_holds_its_values_and_is_narrow(value: int) -> None:
    lower, upper = bounds(bucket(value))
    assert lower <= value < upper
    assert upper - lower <= max(1, abs(value) >> BITS)
    assert bucket(-value) == -bucket(value)


@given(MICROS, MICROS)
@settings(max_examples=300, deadline=None)
def test_buckets_are_ordered_as_values_are_and_leave_no_gap(a: int, b: int) -> None:
    assert (bucket(a) <= bucket(b)) == (a <= b or bucket(a) == bucket(b))
    assert bounds(bucket(a))[1] == bounds(bucket(a) + 1)[0]


@given(st.lists(MICROS, max_size=50), st.lists(MICROS, max_size=50), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_any_order_and_any_detour_gives_the_same_sketch(
    first: list[int], second: list[int], random: Any
) -> None:
    both = first + second
    random.shuffle(both)
    assert Sketch.of(first).merge(Sketch.of(second)) == Sketch.of(both)
    assert Sketch.of(both).remove(Sketch.of(second)) == Sketch.of(first)


@given(st.lists(st.integers(1, 10**15), min_size=1, max_size=200), st.floats(0.01, 0.99))
@settings(max_examples=60, deadline=None)
def test_a_value_of_a_rank_is_right_to_a_bucket(values: list[int], probability: float) -> None:
    rank = probability * len(values)
    exact = sorted(values)[math.ceil(rank) - 1]
    assert Sketch.of(values).at(rank) * MICRO == pytest.approx(exact, rel=2.0**-BITS, abs=1)


@pytest.mark.parametrize("case", GOLDEN["cases"])
def test_errors_agree_with_the_references(case: dict[str, Any]) -> None:
    """gbstats takes limits that were found with fewer values (`n_star`), and scales their variance for that."""
    z = 1.959963984540054
    arms = []
    for arm in case["arms"]:
        scaled = arm["n_star"] / arm["n"] * (arm["n"] - 1) / arm["n"]
        error = (arm["upper"] - arm["lower"]) / (2 * z) * math.sqrt(scaled)
        arms.append(Quantile(arm["value"], error, arm["lower"], arm["upper"], arm["n"]))
    found = compare(quantile_contrast(arms[1], arms[0]), Fixed())
    assert found.estimate == pytest.approx(case["difference"], rel=1e-9)
    assert quantile_contrast(arms[1], arms[0]).standard_error == pytest.approx(
        case["standard_error"], rel=1e-9
    )


def test_limits_hold_the_quantile_and_differences_hold_theirs() -> None:
    rng, runs, n = np.random.default_rng(10), 100, 2500
    for probability in (0.5, 0.9, 0.99):
        truth = math.exp({0.5: 0.0, 0.9: 1.2815515655, 0.99: 2.3263478740}[probability])
        held = differences = 0
        for _ in range(runs):
            arms = []
            for factor in (1.0, 1.1):
                values = (factor * np.exp(rng.standard_normal(n)) * MICRO).astype(np.int64)
                found = quantile(Sketch.of(values.tolist()), probability)
                assert isinstance(found, Quantile)
                arms.append(found)
            held += arms[0].lower <= truth <= arms[0].upper
            interval = compare(quantile_contrast(arms[1], arms[0]), Fixed()).interval
            assert not isinstance(interval, Undefined)
            differences += interval.lower <= 0.1 * truth <= interval.upper
        slack = 3 * math.sqrt(0.95 * 0.05 / runs)
        assert abs(held / runs - 0.95) <= slack
        assert differences / runs >= 0.95 - slack


def test_values_that_come_in_clusters_have_a_larger_error() -> None:
    rng, units, runs = np.random.default_rng(11), 300, 100
    errors, estimates = [], []
    for _ in range(runs):
        sizes = rng.integers(1, 20, units)
        level = rng.normal(0, 1, units)
        values = (np.exp(np.repeat(level, sizes) + rng.normal(0, 0.5, sizes.sum())) * MICRO).astype(np.int64)
        sketch = Sketch.of(values.tolist())
        median = sketch.at(0.5 * sketch.n) * MICRO
        below = np.add.reduceat(values <= median, np.concatenate([[0], np.cumsum(sizes)[:-1]]))
        rows = [(int(b) * MICRO, int(size) * MICRO) for b, size in zip(below, sizes, strict=True)]
        effect = Clusters(JointMoments.of(rows, 2)).design_effect(0.5)
        assert isinstance(effect, float)
        assert effect > 3
        found = quantile(sketch, 0.5, design_effect=effect)
        assert isinstance(found, Quantile)
        errors.append(found.standard_error)
        estimates.append(found.value)
    assert np.mean(errors) == pytest.approx(np.std(estimates), rel=0.2)


def test_independent_values_have_a_design_effect_of_one() -> None:
    rows = [(k % 2 * MICRO, MICRO) for k in range(10_000)]
    assert Clusters(JointMoments.of(rows, 2)).design_effect(0.5) == pytest.approx(1, rel=1e-3)


def test_what_has_no_quantile_says_why() -> None:
    few = Sketch.of(range(MICRO, 31 * MICRO, MICRO))
    assert quantile(few, 0.9) == TooFew("the 90 % quantile", 200, 30)
    same = Sketch.of([MICRO] * 1000)
    found = quantile(same, 0.5)
    assert isinstance(found, Undefined)
    assert "same value" in found.reason
    assert isinstance(quantile(Sketch.of(range(50)), 0.5, design_effect=100.0), Undefined)
    assert isinstance(quantile(Sketch({}), 0.5), TooFew)
    assert isinstance(Clusters(JointMoments.of([(0, 0)] * 3, 2)).design_effect(0.5), Undefined)
    for bad in (0.0, 1.0, 2.0, math.nan):
        with pytest.raises(ValueError, match="no quantile"):
            quantile(same, bad)
    with pytest.raises(ValueError, match="one value at least"):
        few.remove(same)
