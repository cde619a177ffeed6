"""How many units of the log a condition means: Kleene's logic over what the log keeps."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litmus.decide import compile_condition
from litmus_server.domain.reach import Met, Reach, reach

DE = {"attribute": "country", "operator": "equals", "value": "DE"}
PRO = {"attribute": "plan", "operator": "equals", "value": "pro"}
COUNTRY, BOTH = frozenset({"country"}), frozenset({"country", "plan"})


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (DE, Reach(4, 2, 0, ())),
        (PRO, Reach(4, 0, 4, ("plan",))),
        ({"not": DE}, Reach(4, 2, 0, ())),
        ({"all": [DE, PRO]}, Reach(4, 0, 2, ("plan",))),
        ({"any": [DE, PRO]}, Reach(4, 2, 2, ("plan",))),
        ({"not": {"any": [DE, PRO]}}, Reach(4, 0, 2, ("plan",))),
    ],
    ids=["known", "not kept", "not", "all", "any", "none of"],
)
def test_what_is_not_kept_is_unknown_unless_what_is_kept_settles_it(
    condition: dict[str, Any], expected: Reach
) -> None:
    log = [
        Met("a", {"country": "DE"}, COUNTRY),
        Met("b", {"country": "DE"}, COUNTRY),
        Met("c", {"country": "FR"}, COUNTRY),
        Met("d", None, COUNTRY),
    ]
    assert reach(condition, log) == expected


def test_a_unit_of_two_experiments_brings_together_what_both_know() -> None:
    log = [Met("a", {"country": "DE"}, COUNTRY), Met("a", {"plan": "pro"}, BOTH)]
    assert reach({"all": [DE, PRO]}, log) == Reach(1, 1, 0, ())


def test_an_attribute_that_was_kept_and_not_brought_is_missing_and_not_unknown() -> None:
    absent = {"not": {"attribute": "plan", "operator": "present"}}
    assert reach(absent, [Met("a", {}, BOTH)]) == Reach(1, 1, 0, ())
    assert reach(absent, [Met("a", {}, COUNTRY)]) == Reach(1, 0, 1, ("plan",))


def test_of_nobody_nothing_matches() -> None:
    assert reach(DE, []) == Reach(0, 0, 0, ("country",))


NAMES = "abc"
TESTS = st.sampled_from(NAMES).map(lambda name: {"attribute": name, "operator": "equals", "value": True})
CONDITIONS = st.recursive(
    TESTS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"all": parts}),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"any": parts}),
        inner.map(lambda part: {"not": part}),
    ),
    max_leaves=6,
)


@given(CONDITIONS, st.dictionaries(st.sampled_from(NAMES), st.booleans()))
def test_what_is_counted_as_settled_is_so_whatever_the_unknown_attributes_are(
    condition: dict[str, Any], kept: dict[str, bool]
) -> None:
    found = reach(condition, [Met("a", kept, frozenset(kept))])
    compiled = compile_condition(condition)
    open_names = [name for name in NAMES if name not in kept]
    worlds = {
        compiled.matches({**kept, **dict(zip(open_names, values, strict=True))})
        for values in product((True, False), repeat=len(open_names))
    }
    if found.matching:
        assert worlds == {True}
    elif not found.unknown:
        assert worlds == {False}
