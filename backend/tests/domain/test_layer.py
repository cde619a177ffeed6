"""Layers: whatever is asked for in whatever order, no two experiments share a bucket, and nobody who is in is turned away."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litmus_server.domain.errors import Invalid
from litmus_server.domain.layer import Allocation, Layer, Place, allocated

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
EMPTY = Layer("page", "Page", "", "salt", 1, NOW, NOW)
MILLION = 1_000_000


def holding(held: dict[int, Allocation]) -> Layer:
    places = [Place(UUID(int=no), f"e{no}", "", "draft", each.start, each.stop) for no, each in held.items()]
    return replace(EMPTY, places=tuple(sorted(places, key=lambda place: place.start)))


def test_the_first_piece_that_is_large_enough_is_given() -> None:
    layer = holding({1: Allocation("page", 0, 100_000), 2: Allocation("page", 150_000, 500_000)})
    assert layer.free() == [(100_000, 150_000), (500_000, MILLION)]
    for share, start in ((50_000, 100_000), (50_001, 500_000)):
        assert allocated(layer, UUID(int=9), None, share, started=False).start == start


def test_what_does_not_fit_is_refused_with_what_is_free() -> None:
    layer = holding({1: Allocation("page", 200_000, 900_000)})
    with pytest.raises(Invalid, match=r"0\.3 free, in one piece 0\.2: 0\.25 does not fit") as caught:
        allocated(layer, UUID(int=9), None, 250_000, started=False)
    assert caught.value.faults[0].pointer == "/layer/share"


def test_a_range_that_started_grows_on_both_sides_and_says_how_far() -> None:
    held = {
        1: Allocation("page", 0, 100_000),
        2: Allocation("page", 200_000, 300_000),
        3: Allocation("page", 350_000, MILLION),
    }
    grown = allocated(holding(held), UUID(int=2), held[2], 220_000, started=True)
    assert (grown.start, grown.stop) == (130_000, 350_000)
    with pytest.raises(Invalid, match=r"0\.25 at most"):
        allocated(holding(held), UUID(int=2), held[2], 250_001, started=True)
    with pytest.raises(Invalid, match="can only be raised"):
        allocated(holding(held), UUID(int=2), held[2], 99_999, started=True)


STEPS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 700_000), st.booleans()), min_size=1, max_size=40
)


@given(STEPS)
def test_no_order_of_changes_gives_a_bucket_twice_or_takes_one_from_who_started(
    steps: list[tuple[int, int, bool]],
) -> None:
    held: dict[int, Allocation] = {}
    started: set[int] = set()
    for no, share, start in steps:
        if share == 0:
            held.pop(no, None)
            started.discard(no)
            continue
        before, layer = held.get(no), holding(held)
        free = layer.free(besides=UUID(int=no))
        try:
            after = held[no] = allocated(layer, UUID(int=no), before, share, started=no in started)
        except Invalid:
            assert no in started or all(share > high - low for low, high in free)
        else:
            assert after.share == share
            assert 0 <= after.start < after.stop <= MILLION
            if before is not None and no in started:
                assert after.start <= before.start < before.stop <= after.stop
        if start and no in held:
            started.add(no)
        ranges = sorted((each.start, each.stop) for each in held.values())
        assert all(stop <= start for (_, stop), (start, _) in pairwise(ranges))
        taken = sum(stop - start for start, stop in ranges)
        assert taken + sum(high - low for low, high in holding(held).free()) == MILLION
