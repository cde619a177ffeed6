"""Multivariate experiments: which cells there are, what they are called, and what is refused."""

from __future__ import annotations

import datetime as dt
from itertools import product
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litmus.decide import compile_entry
from litmus_server.domain.draft import parse_draft
from litmus_server.domain.edit import cloned, edited
from litmus_server.domain.errors import Invalid
from litmus_server.domain.experiment import Experiment, Status, begin, definition, entry

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
COLOR = {
    "key": "color",
    "levels": [{"key": "red", "config": {"color": "#f00"}}, {"key": "blue", "config": {"color": "#00f"}}],
}
SIZE = {
    "key": "size", "name": "Size of the button",
    "levels": [{"key": "small", "name": "Small"}, {"key": "large", "name": "Large", "config": {"px": 20, "bold": True}}, {"key": "huge"}],
}  # fmt: skip
SOME = [
    {"color": "red", "size": "large"},
    {"color": "blue", "size": "small"},
    {"color": "red", "size": "huge"},
]


def made(**changes: Any) -> Experiment:
    draft = parse_draft({"name": "button", "factors": [COLOR, SIZE]} | changes)
    return begin(draft, uuid4(), tuple(uuid4() for _ in draft.variants), "0123456789abcdef", NOW)


def edit(experiment: Experiment, **changes: Any) -> Experiment:
    return edited(experiment, changes, NOW, uuid4)


def refused(**changes: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        made(**changes)
    return {fault.pointer: fault.message for fault in caught.value.faults}


def test_all_cells_are_the_variants_with_the_configs_of_their_levels() -> None:
    experiment = made()
    assert [(each.key, each.name, each.config, each.factors) for each in experiment.variants[:3]] == [
        ("red-small", "red, Small", {"color": "#f00"}, {"color": "red", "size": "small"}),
        (
            "red-large",
            "red, Large",
            {"color": "#f00", "px": 20, "bold": True},
            {"color": "red", "size": "large"},
        ),
        ("red-huge", "red, huge", {"color": "#f00"}, {"color": "red", "size": "huge"}),
    ]
    assert [each.is_control for each in experiment.variants] == [True, False, False, False, False, False]
    assert sum(experiment.weights) == 1_000_000
    assert max(experiment.weights) - min(experiment.weights) <= 1
    compile_entry(entry(experiment))


@given(st.lists(st.integers(2, 5), min_size=2, max_size=4))
def test_there_is_a_cell_for_each_combination_of_levels_or_it_says_that_there_are_too_many(
    counts: list[int],
) -> None:
    factors = [{"key": f"f{k}", "levels": [{"key": f"l{j}"} for j in range(n)]} for k, n in enumerate(counts)]
    combinations = [tuple(f"l{j}" for j in each) for each in product(*map(range, counts))]
    if len(combinations) > 100:
        assert str(len(combinations)) in refused(factors=factors)["/cells"]
        return
    experiment = made(factors=factors)
    assert [tuple((each.factors or {}).values()) for each in experiment.variants] == combinations
    assert [each.key for each in experiment.variants] == ["-".join(each) for each in combinations]
    assert experiment.variants[0].is_control


def test_chosen_cells_are_the_variants_and_the_control_is_how_things_are() -> None:
    experiment = made(cells=[*SOME, {"color": "red", "size": "small"}])
    assert [each.key for each in experiment.variants] == ["red-large", "blue-small", "red-huge", "red-small"]
    assert [each.is_control for each in experiment.variants] == [False, False, False, True]
    assert made(cells=SOME).variants[0].is_control


def test_a_variant_with_factors_is_a_cell_with_words_of_its_own() -> None:
    variants = [
        {"factors": SOME[0], "weight": 0.5, "name": "Loud", "config": {"own": 1}},
        {"factors": SOME[1], "weight": 0.3, "is_control": True},
        {"factors": SOME[2], "weight": 0.2, "key": "third"},
    ]
    experiment = made(variants=variants)
    assert [(each.key, each.name, each.weight) for each in experiment.variants] == [
        ("red-large", "Loud", 500_000),
        ("blue-small", "blue, Small", 300_000),
        ("third", "red, huge", 200_000),
    ]
    assert [each.config for each in experiment.variants] == [{"own": 1}, {"color": "#00f"}, {"color": "#f00"}]
    assert experiment.variants[1].is_control


LEVELS = COLOR["levels"]
WRONG: list[tuple[str, dict[str, Any]]] = [
    ("/factors", {"factors": [COLOR]}),
    ("/factors", {"factors": [{**COLOR, "key": f"f{k}"} for k in range(5)]}),
    ("/factors", {"factors": "all"}),
    ("/factors/0/levels", {"factors": [{"key": "color", "levels": LEVELS[:1]}, SIZE]}),
    ("/factors/0/levels", {"factors": [{"key": "color"}, SIZE]}),
    ("/factors/0/levels", {"factors": [{"key": "color", "levels": [{"key": f"l{k}"} for k in range(6)]}, SIZE]}),
    ("/factors/1/key", {"factors": [COLOR, COLOR]}),
    ("/factors/0/key", {"factors": [{**COLOR, "key": "x" * 31}, SIZE]}),
    ("/factors/0/levels/1/key", {"factors": [{"key": "color", "levels": [LEVELS[0], LEVELS[0]]}, SIZE]}),
    ("/factors/0/levels/1/name", {"factors": [{"key": "c", "levels": [{"key": "a", "name": "x"}, {"key": "b", "name": "x"}]}, SIZE]}),
    ("/factors/0/levels/0/config", {"factors": [{"key": "c", "levels": [{"key": "a", "config": 7}, {"key": "b"}]}, SIZE]}),
    ("/factors/1/levels", {"factors": [COLOR, {"key": "c", "levels": [{"key": "a"}, {"key": "b", "config": {"color": 1}}]}]}),
    ("/cells", {"cells": "some"}),
    ("/cells", {"cells": SOME[:1]}),
    ("/cells", {"cells": [*SOME, SOME[0]]}),
    ("/cells", {"cells": SOME[:2]}),
    ("/cells/0/size", {"cells": [{"color": "red"}, *SOME]}),
    ("/cells/0/size", {"cells": [{"color": "red", "size": ["large"]}, *SOME]}),
    ("/cells/0/shape", {"cells": [{"color": "red", "size": "small", "shape": "x"}, *SOME]}),
    ("/cells", {"factors": None, "cells": "all", "variants": [{"name": "a", "weight": 1}, {"name": "b", "weight": 0}]}),
    ("/cells", {"cells": SOME, "variants": [{"factors": each} for each in SOME]}),
    ("/variants", {"variants": [{"factors": SOME[0]}, {"factors": SOME[0], "key": "other", "name": "other"}]}),
    ("/variants/0/factors/color", {"variants": [{"name": "a"}, {"factors": SOME[1]}, {"factors": SOME[2]}]}),
    ("/variants/0/factors", {"factors": None, "variants": [{"name": "a", "weight": 1, "factors": SOME[0]}, {"name": "b", "weight": 0}]}),
    ("/factors", {"type": "flag", "value_type": "object"}),
]  # fmt: skip


@pytest.mark.parametrize(("pointer", "changes"), WRONG)
def test_what_is_no_design_is_refused_where_it_is_wrong(pointer: str, changes: dict[str, Any]) -> None:
    assert pointer in refused(**changes)


def test_two_cells_that_would_have_one_key_are_refused() -> None:
    factors = [
        {"key": "a", "levels": [{"key": "x-y"}, {"key": "x"}]},
        {"key": "b", "levels": [{"key": "z"}, {"key": "y-z"}]},
    ]
    assert "x-y-z" in next(iter(refused(factors=factors).values()))


def test_a_multivariate_draft_can_be_edited_and_cloned() -> None:
    before = made(cells=SOME)
    assert edit(before, **definition(before)) is before
    assert edit(before, name="other").variants == before.variants
    wider = edit(before, cells="all")
    assert [each.key for each in wider.variants][:2] == ["red-small", "red-large"]
    assert wider.variants[1].id == before.variants[0].id
    third = {"key": "shape", "levels": [{"key": "round"}, {"key": "square"}]}
    assert len(edit(before, factors=[COLOR, third]).variants) == 4
    plain = edit(before, factors=None, variants=[{"name": "a", "weight": 1}, {"name": "b", "weight": 0}])
    assert (plain.factors, [each.factors for each in plain.variants]) == (None, [None, None])
    kept = edit(before, factors=None)
    assert [(each.key, each.factors) for each in kept.variants] == [
        (each.key, None) for each in before.variants
    ]
    copy = cloned(before, {"name": "again"}, NOW, uuid4, "f" * 16)
    assert definition(copy) == definition(before) | {"name": "again", "key": "again"}
    fewer = cloned(
        before,
        {"name": "fewer", "cells": [SOME[1], {"color": "red", "size": "small"}, *SOME[2:], SOME[0]]},
        NOW,
        uuid4,
        "f" * 16,
    )
    assert len(fewer.variants) == 4


def test_a_running_one_keeps_its_cells() -> None:
    running = made(cells=SOME).moved(Status.RUNNING, NOW)
    for changes in ({"factors": [COLOR, {**SIZE, "key": "other"}]}, {"factors": None}, {"cells": "all"}):
        with pytest.raises(Invalid) as caught:
            edit(running, **changes)
        assert f"/{next(iter(changes))}" in [fault.pointer for fault in caught.value.faults]
    heavier = edit(
        running,
        variants=[
            {"key": each.key, "weight": w} for each, w in zip(running.variants, (0.5, 0.3, 0.2), strict=True)
        ],
    )
    assert [each.factors for each in heavier.variants] == SOME
    assert heavier.epoch == 2


def test_cells_are_learned_too() -> None:
    assert sum(made(type="thompson_sampling").weights) == 1_000_000
