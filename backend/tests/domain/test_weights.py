"""Weights in ppm: the golden thresholds, exact rationals as a judge, and what must always hold."""

import json
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate
from math import floor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litmus_server.domain.errors import Invalid
from litmus_server.domain.weights import equal_ppm, share_to_ppm, to_fraction, to_ppm

GOLDEN = json.loads(
    (Path(__file__).parents[3] / "spec" / "bucketing" / "shares_and_thresholds.json").read_text()
)

PARTS = st.lists(st.integers(0, 10**9), min_size=1, max_size=100).filter(any)


def weights_of(parts: list[int]) -> list[str]:
    """Decimal text of twelve digits that sums to exactly 1."""
    ends = [10**12 * end // sum(parts) for end in accumulate(parts)]
    return [str(Decimal(end - start) / 10**12) for start, end in zip([0, *ends], ends, strict=False)]


def test_thresholds_are_those_of_the_golden_vectors() -> None:
    assert list(accumulate(to_ppm(GOLDEN["shares"]))) == GOLDEN["thresholds"]


@given(PARTS)
def test_thresholds_are_cumulatively_rounded_and_end_at_a_million(parts: list[int]) -> None:
    weights = weights_of(parts)
    ppm = to_ppm(weights)
    exact = [floor(10**6 * end + Fraction(1, 2)) for end in accumulate(map(Fraction, weights))]
    assert list(accumulate(ppm)) == exact
    assert sum(ppm) == 1_000_000
    assert all(got == 0 for got, weight in zip(ppm, weights, strict=True) if Decimal(weight) == 0)
    assert all(abs(got - 10**6 * Fraction(weight)) <= 1 for got, weight in zip(ppm, weights, strict=True))


@given(PARTS)
def test_text_decimals_and_floats_of_the_same_digits_agree(parts: list[int]) -> None:
    weights = weights_of(parts)
    assert to_ppm(weights) == to_ppm([Decimal(w) for w in weights]) == to_ppm([float(w) for w in weights])


@pytest.mark.parametrize("weight", ["0.5195015", "0.5044715", "0.0321915"])
def test_halves_are_rounded_as_they_are_written_where_floats_round_down(weight: str) -> None:
    written, computed = Fraction(weight) * 10**6 + Fraction(1, 2), floor(1e6 * float(weight) + 0.5)
    rest = str(1 - Decimal(weight))
    assert to_ppm([weight, rest])[0] == to_ppm([float(weight), float(rest)])[0] == floor(written)
    assert computed == floor(written) - 1


@pytest.mark.parametrize(
    ("weights", "ppm"),
    [
        ([0.5, 0.5], (500_000, 500_000)),
        ([1], (1_000_000,)),
        ([0.7, 0.2, 0.1], (700_000, 200_000, 100_000)),
        ([0.333333, 0.333333, 0.333333], (333_333, 333_333, 333_334)),
        (["0.999999", 0], (1_000_000, 0)),  # the tolerance gives no traffic to a weight of 0
        (["0.5", "0.500001", 0], (500_000, 500_000, 0)),
        ([1.000001, 0], (1_000_000, 0)),
        ([0, 1], (0, 1_000_000)),
        (["1e-999999999", 1], (0, 1_000_000)),
    ],
)
def test_weights_within_the_tolerance_sum_to_a_million(weights: list[Any], ppm: tuple[int, ...]) -> None:
    assert to_ppm(weights) == ppm


@pytest.mark.parametrize(
    "weights",
    [[], [0.5, 0.4], [0.5, 0.500002], ["0.9999989"], [0, 0]],
)
def test_weights_that_do_not_sum_to_one_are_refused(weights: list[float]) -> None:
    with pytest.raises(Invalid, match=r"sum to 1|At least one"):
        to_ppm(weights)


@pytest.mark.parametrize(
    "weight",
    [-0.1, 1.1, float("nan"), float("inf"), "NaN", "-Infinity", "half", "", None, True, [1], "1e999999999"],
)
def test_every_weight_that_is_no_share_is_named_by_its_place(weight: Any) -> None:
    with pytest.raises(Invalid) as refused:
        to_ppm([weight, 0.5, weight], at="/variants/{}/weight")
    assert [fault.pointer for fault in refused.value.faults] == ["/variants/0/weight", "/variants/2/weight"]


@given(st.integers(1, 200))
def test_equal_weights_are_equal_to_a_millionth(count: int) -> None:
    ppm = equal_ppm(count)
    assert sum(ppm) == 1_000_000
    assert len(ppm) == count
    assert max(ppm) - min(ppm) <= 1
    assert list(accumulate(ppm)) == [
        floor(Fraction(10**6 * k, count) + Fraction(1, 2)) for k in range(1, count + 1)
    ]


@pytest.mark.parametrize(
    ("share", "ppm"), [(0, 0), (1, 10**6), (0.002, 2000), ("0.5000005", 500_001), ("1e-9", 0)]
)
def test_one_share_is_rounded_half_up(share: Any, ppm: int) -> None:
    assert share_to_ppm(share, "/traffic") == ppm


@pytest.mark.parametrize("share", [-0.1, 1.0000001, "x", True])
def test_what_is_no_share_is_refused_by_name(share: Any) -> None:
    with pytest.raises(Invalid) as refused:
        share_to_ppm(share, "/traffic")
    assert refused.value.faults[0].pointer == "/traffic"


@given(st.integers(0, 10**6))
def test_a_fraction_converts_back_exactly(ppm: int) -> None:
    assert share_to_ppm(to_fraction(ppm), "/share") == ppm
    assert Decimal(repr(to_fraction(ppm))) == Decimal(ppm) / 10**6
