"""Sample ratio: golden p-values, who is blamed, and how often it cries wolf."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from litmus_server.stats.absence import TooFew, Undefined
from litmus_server.stats.multinomial import Epoch
from litmus_server.stats.sample_ratio import FixedTest, SampleRatio, guilty_slices, sample_ratio
from scipy import stats

GOLDEN = json.loads((Path(__file__).parents[3] / "spec" / "stats" / "sample_ratio.json").read_text())


def judged(*epochs: Epoch, alpha: float = 0.01) -> SampleRatio:
    found = sample_ratio(epochs, alpha)
    assert isinstance(found, SampleRatio)
    return found


def fixed(*epochs: Epoch) -> FixedTest:
    found = judged(*epochs).fixed
    assert isinstance(found, FixedTest)
    return found


@pytest.mark.parametrize("case", GOLDEN["cases"])
def test_the_fixed_test_agrees_with_the_references(case: dict[str, Any]) -> None:
    p = fixed(Epoch(tuple(case["counts"]), tuple(case["weights"]))).p
    assert p == pytest.approx(case["p"], rel=GOLDEN["relative_tolerance"])


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 100)), min_size=2, max_size=6))
@settings(max_examples=60, deadline=None)
def test_the_fixed_test_agrees_with_scipy(table: list[tuple[int, int]]) -> None:
    counts, weights = zip(*table, strict=True)
    found = sample_ratio([Epoch(counts, tuple(w / sum(weights) for w in weights))])
    if isinstance(found, TooFew) or isinstance(found.fixed, TooFew):
        assert sum(counts) * min(weights) / sum(weights) < 5
        return
    expected = np.array(weights) / sum(weights) * sum(counts)
    assert found.fixed.p == pytest.approx(stats.chisquare(counts, expected).pvalue, rel=1e-9, abs=1e-300)


def test_the_fixed_test_adds_up_over_epochs() -> None:
    first, second = Epoch((520, 480), (0.5, 0.5)), Epoch((85, 15), (0.9, 0.1))
    both = fixed(first, second)
    assert both.statistic == pytest.approx(fixed(first).statistic + fixed(second).statistic)
    assert both.degrees == 2


def test_too_few_units_for_chi_squared_are_not_too_few_for_evidence() -> None:
    found = judged(Epoch((14, 0), (0.8, 0.2)))
    assert isinstance(found.fixed, TooFew)
    assert found.fixed.needed == 25
    assert found.p < 1


def test_a_dead_variant_is_caught_within_twenty_units() -> None:
    assert judged(Epoch((20, 0), (0.5, 0.5))).mismatch
    assert not judged(Epoch((8, 0), (0.5, 0.5))).mismatch


def test_a_variant_of_weight_zero_with_traffic_is_a_mismatch_at_once() -> None:
    found = judged(Epoch((5000, 5000, 1), (0.5, 0.5, 0.0)))
    assert found.mismatch
    assert found.p == 0
    assert [each.stray for each in found.variants] == [False, False, True]
    assert isinstance(found.variants[2].residual, Undefined)
    assert not judged(Epoch((5000, 5000, 0), (0.5, 0.5, 0.0))).mismatch


def test_weights_that_changed_are_no_mismatch() -> None:
    before, after = Epoch((5000, 5000), (0.5, 0.5)), Epoch((9000, 1000), (0.9, 0.1))
    assert not judged(before, after).mismatch
    assert judged(Epoch((14_000, 6_000), (0.5, 0.5))).mismatch


def test_the_guilty_variant_is_named() -> None:
    found = judged(Epoch((30_000, 30_000, 28_500), (1 / 3, 1 / 3, 1 / 3)))
    assert found.mismatch
    worst = min(found.variants, key=lambda each: each.p)
    assert worst.counted == 28_500
    assert isinstance(worst.residual, float)
    assert worst.residual < -7
    assert sum(each.expected for each in found.variants) == pytest.approx(88_500)


def test_a_harmless_deviation_is_no_mismatch_however_certain() -> None:
    found = judged(Epoch((500_900_000, 499_100_000), (0.5, 0.5)))
    assert found.p < 1e-100
    assert found.largest_deviation == pytest.approx(0.0009)
    assert not found.mismatch


def test_looking_every_day_raises_few_false_alarms_and_a_fixed_test_many() -> None:
    rng = np.random.default_rng(5)
    sequential = fixed_test = 0
    for _ in range(60):
        counts = np.cumsum(rng.multinomial(700, [0.7, 0.3], size=21), axis=0).tolist()
        looks = [judged(Epoch(tuple(row), (0.7, 0.3)), alpha=0.05) for row in counts]
        sequential += any(look.p <= 0.05 for look in looks)
        fixed_test += any(isinstance(look.fixed, FixedTest) and look.fixed.p <= 0.05 for look in looks)
    assert sequential / 60 <= 0.05
    assert fixed_test / 60 > 0.15


def test_the_guilty_slice_is_found_and_the_others_are_not() -> None:
    half = (0.5, 0.5)
    dimensions = {
        "device": {
            "phone": [Epoch((10_100, 9_900), half)],
            "desktop": [Epoch((5_000, 5_020), half)],
            "tablet": [Epoch((900, 500), half)],
        },
        "day": {
            "Monday": [Epoch((8_150, 7_750), half)],
            "Tuesday": [Epoch((7_850, 7_670), half)],
            "nobody came": [Epoch((0, 0), half)],
        },
    }
    (suspect,) = guilty_slices(dimensions)
    assert (suspect.dimension, suspect.slice, suspect.units) == ("device", "tablet", 1400)
    assert suspect.share_of_units == pytest.approx(1400 / 31_420)
    assert suspect.largest_deviation == pytest.approx(400 / 2800)
    assert suspect.p < 1e-10
    assert suspect.p_of_the_rest > 0.5
    assert guilty_slices({"device": {"phone": [Epoch((10_100, 9_900), half)]}}) == ()


@given(st.permutations(range(4)))
@settings(max_examples=24, deadline=None)
def test_the_order_of_variants_changes_nothing_but_the_order(order: list[int]) -> None:
    counts, weights = (40, 250, 310, 390), (0.1, 0.2, 0.3, 0.4)
    straight = judged(Epoch(counts, weights))
    shuffled = judged(Epoch(tuple(counts[k] for k in order), tuple(weights[k] for k in order)))
    assert shuffled.p == pytest.approx(straight.p)
    assert [each.p for each in shuffled.variants] == pytest.approx([straight.variants[k].p for k in order])


def test_what_cannot_be_judged_says_why() -> None:
    assert isinstance(sample_ratio([]), TooFew)
    assert isinstance(sample_ratio([Epoch((0, 0), (0.5, 0.5))]), TooFew)
    with pytest.raises(ValueError, match="same variants"):
        sample_ratio([Epoch((1, 1), (0.5, 0.5)), Epoch((1, 1, 1), (0.5, 0.3, 0.2))])
    assert math.isfinite(judged(Epoch((1, 0), (1.0, 0.0))).p)
