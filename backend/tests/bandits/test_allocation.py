"""The floor and the rounding: golden cases, and what must always hold of the integers that decide."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from litmus_server.bandits.allocation import FloorTooHigh, allocate, check_floor

SPEC = Path(__file__).parents[3] / "spec" / "bandits"

ARMS = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=100)


def split(arms: list[tuple[float, bool]]) -> tuple[list[float], list[bool]]:
    return [p for p, _ in arms], [on for _, on in arms]


@pytest.mark.parametrize("case", json.loads((SPEC / "allocation.json").read_text())["cases"])
def test_propensities_are_those_of_the_references(case: dict[str, Any]) -> None:
    assert list(allocate(case["p"], case["active"], case["floor_ppm"])) == case["ppm"]


@given(ARMS, st.integers(0, 10_000))
def test_ppm_sum_to_a_million_and_respect_the_floor(arms: list[tuple[float, bool]], floor_ppm: int) -> None:
    p, active = split(arms)
    total = sum(share for share, on in arms if on)
    assume(total > 1e-300)
    ppm = allocate(p, active, floor_ppm)
    assert sum(ppm) == 1_000_000
    for share, on, got in zip(p, active, ppm, strict=True):
        wanted = floor_ppm + (1_000_000 - sum(active) * floor_ppm) * share / total if on else 0
        assert got >= (floor_ppm if on else 0)
        assert got == pytest.approx(wanted, abs=1 + 1e-6)


@given(ARMS, st.randoms(use_true_random=False))
def test_permuting_arms_moves_no_propensity_by_more_than_its_rounding(
    arms: list[tuple[float, bool]], random: Any
) -> None:
    assume(any(p > 0 and on for p, on in arms))
    order = list(range(len(arms)))
    random.shuffle(order)
    straight, shuffled = allocate(*split(arms)), allocate(*split([arms[k] for k in order]))
    assert all(abs(shuffled[place] - straight[k]) <= 1 for place, k in enumerate(order))


@given(ARMS)
def test_thresholds_of_the_arms_before_do_not_move_when_the_rest_is_shared_otherwise(
    arms: list[tuple[float, bool]],
) -> None:
    p, active = split(arms)
    assume(any(share > 0 and on for share, on in arms))
    # An inactive arm at the end is an arm of width zero: nobody else's interval changes.
    assert allocate([*p, 0.5], [*active, False])[:-1] == allocate(p, active)


def test_floors_that_fill_the_whole_traffic_leave_equal_shares() -> None:
    assert allocate([0.9, 0.1, 0, 0], [True] * 4, 250_000) == (250_000,) * 4


def test_floors_that_exceed_the_traffic_are_refused() -> None:
    with pytest.raises(FloorTooHigh, match="at most 10000 ppm"):
        allocate([0.01] * 100, [True] * 100, 10_001)
    allocate([0.01] * 100, [True] * 99 + [False], 10_001)  # only active arms need a floor
    with pytest.raises(ValueError, match="negative"):
        check_floor(-1, 2)


@pytest.mark.parametrize(
    ("p", "active", "message"),
    [
        ([0.5, 0.5], [True], "one entry an arm"),
        ([0.5, -0.5], [True, True], "not negative"),
        ([0.5, float("nan")], [True, True], "finite"),
        ([0.5, 0.5], [False, False], "no active arm"),
        ([0.0, 1.0], [True, False], "no active arm"),
        ([], [], "no active arm"),
    ],
)
def test_what_is_no_allocation_is_refused(p: list[float], active: list[bool], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        allocate(p, active)
