"""The holdback: its parts are exact, mixing it in keeps every propensity a whole number of ppm, and who is held back can be told."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litmus_server.domain.draft import parse_draft
from litmus_server.domain.errors import Invalid
from litmus_server.domain.holdback import Baseline, Holdback, is_held, mixed, unmixed
from litmus_server.domain.weights import renormalised

VARIANTS = [{"name": "control"}, {"name": "b"}, {"name": "c"}]


@st.composite
def worlds(draw: st.DrawFn) -> tuple[tuple[int, ...], list[bool], Holdback, int]:
    """Shares of a policy, who is active, a holdback, and which variant is the control."""
    count = draw(st.integers(2, 30))
    active = draw(st.lists(st.booleans(), min_size=count, max_size=count).filter(any))
    raw = [draw(st.integers(0, 10**6)) if on else 0 for on in active]
    if not any(raw):
        raw = [int(on) for on in active]
    held = Holdback(draw(st.integers(1, 500_000)), draw(st.sampled_from(Baseline)))
    return renormalised(raw), active, held, draw(st.integers(0, count - 1))


@given(worlds())
def test_propensities_sum_to_the_whole_and_hold_the_share_exactly(
    world: tuple[tuple[int, ...], list[bool], Holdback, int],
) -> None:
    shares, active, held, control = world
    parts = held.parts(active, control)
    out = mixed(shares, parts)
    assert (sum(parts), sum(out)) == (held.share, 1_000_000)
    assert all(part <= share for part, share in zip(parts, out, strict=True))
    assert all(share == 0 for share, on in zip(out, active, strict=True) if not on)
    back = unmixed(out, parts)
    assert max(abs(a - b) for a, b in zip(back, shares, strict=True)) <= 3
    # Nothing drifts when a version is carried over again and again.
    assert mixed(back, parts) == out


@given(worlds())
def test_the_buckets_that_are_held_back_are_as_many_as_the_share_says_and_get_what_the_baseline_gives(
    world: tuple[tuple[int, ...], list[bool], Holdback, int],
) -> None:
    shares, active, held, control = world
    parts = held.parts(active, control)
    out = mixed(shares, parts)
    for (start, stop), part in zip(pairwise([0, *accumulate(out)]), parts, strict=True):
        edges = {start, start + part - 1, start + part, stop - 1}
        for bucket in (edge for edge in edges if start <= edge < stop):
            assert is_held(bucket, out, parts) is (bucket < start + part)
    if held.to is Baseline.CONTROL and active[control]:
        assert parts[control] == held.share
    else:
        mine = [part for part, on in zip(parts, active, strict=True) if on]
        assert max(mine) - min(mine) <= 1


def test_without_a_holdback_nothing_changes() -> None:
    assert mixed((600_000, 400_000), ()) == unmixed((600_000, 400_000), ()) == (600_000, 400_000)


def holdback(**given: Any) -> Holdback | None:
    return parse_draft({"name": "x", "variants": VARIANTS, **given}).holdback


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"mode": "earn"}, Holdback(50_000)),
        ({"mode": "earn", "holdback": {"share": 0.1, "to": "control"}}, Holdback(100_000, Baseline.CONTROL)),
        ({"mode": "earn", "holdback": None}, None),
        ({"mode": "earn", "holdback": {"share": 0}}, None),
        ({"mode": "earn", "type": "thompson_sampling"}, None),
        ({"mode": "learn"}, None),
        ({"mode": "test", "variants": [{"name": "a", "weight": 0.5}, {"name": "b", "weight": 0.5}]}, None),
        ({"type": "thompson_sampling"}, None),
        ({"type": "ucb", "holdback": {}}, Holdback(50_000)),
        ({"type": "epsilon_greedy", "holdback": {"to": "control"}}, Holdback(50_000, Baseline.CONTROL)),
    ],
)
def test_who_wants_to_earn_has_five_per_cent_and_who_names_an_algorithm_what_is_said(
    given: dict[str, Any], expected: Holdback | None
) -> None:
    assert holdback(**given) == expected


@pytest.mark.parametrize(
    ("given", "at"),
    [
        ({"type": "ab", "holdback": {"share": 0.1}}, "/holdback"),
        ({"type": "flag", "variants": [], "holdback": {}}, "/holdback"),
        ({"type": "ucb", "holdback": {"share": 0.6}}, "/holdback/share"),
        ({"type": "ucb", "holdback": {"share": -0.1}}, "/holdback/share"),
        ({"type": "ucb", "holdback": {"share": "much"}}, "/holdback/share"),
        ({"type": "ucb", "holdback": {"to": "winner"}}, "/holdback/to"),
        ({"type": "ucb", "holdback": {"part": 0.1}}, "/holdback/part"),
        ({"type": "ucb", "holdback": 0.05}, "/holdback"),
        ({"type": "ucb", "holdback": True}, "/holdback"),
    ],
)
def test_what_is_no_holdback_is_refused_at_its_place(given: dict[str, Any], at: str) -> None:
    with pytest.raises(Invalid) as caught:
        holdback(**given)
    assert at in {fault.pointer for fault in caught.value.faults}


def test_a_bucket_beyond_all_variants_is_nobodys() -> None:
    shares: Sequence[int] = (600_000, 400_000)
    with pytest.raises(ValueError, match="no variant has bucket 1000000"):
        is_held(1_000_000, shares, (25_000, 25_000))
