"""Flags: an experiment with one thing less, whose variants have a value of one type."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import uuid4

import pytest
from litmus.decide import compile_entry, decide
from litmus_server.domain.draft import parse_draft
from litmus_server.domain.edit import cloned, edited
from litmus_server.domain.errors import Invalid
from litmus_server.domain.experiment import Experiment, Status, begin, definition, entry
from litmus_server.domain.metric import Metric, MetricKind, Role

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
VALUES = {"boolean": (False, True), "string": ("a", ""), "number": (0, 1.5), "object": ({}, {"a": [1]})}
ALL = [value for values in VALUES.values() for value in values]


def flag(**changes: Any) -> Experiment:
    draft = parse_draft({"name": "new checkout", "type": "flag"} | changes)
    return begin(draft, uuid4(), tuple(uuid4() for _ in draft.variants), "0123456789abcdef", NOW)


def edit(experiment: Experiment, **changes: Any) -> Experiment:
    return edited(experiment, changes, NOW, uuid4)


def valued(value_type: str, *values: object) -> Experiment:
    weights = [1, *(0 for _ in values[1:])]
    variants = [
        {"name": f"v{k}", "config": v, "weight": w}
        for k, (v, w) in enumerate(zip(values, weights, strict=True))
    ]
    return flag(value_type=value_type, variants=variants)


def refused(**changes: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        flag(**changes)
    return {fault.pointer: fault.message for fault in caught.value.faults}


def test_a_flag_without_variants_is_off_for_those_outside_its_share_and_on_for_those_in_it() -> None:
    made = flag(traffic_allocation=0.3)
    assert [(v.key, v.config, v.weight, v.is_control) for v in made.variants] == [
        ("off", False, 0, True),
        ("on", True, 1_000_000, False),
    ]
    assert (made.metrics, made.parameters, made.value_type, made.adaptive) == ((), {}, "boolean", False)
    running = compile_entry(entry(made.moved(Status.RUNNING, NOW)))
    given = [decide(running, f"u{k}") for k in range(3000)]
    assert {(each.variant, each.reason, each.in_experiment) for each in given} == {
        (0, "traffic", False),
        (1, "flag", False),
    }
    assert 800 < sum(each.variant for each in given) < 1000


@pytest.mark.parametrize("value_type", VALUES)
def test_every_value_is_held_against_the_type(value_type: str) -> None:
    good = VALUES[value_type]
    made = valued(value_type, *good)
    assert [variant.config for variant in made.variants] == list(good)
    bad = [value for value in [*ALL, None, []] if not any(value is each for each in good)]
    running = made.moved(Status.RUNNING, NOW)
    for value in bad:
        with pytest.raises(Invalid) as caught:
            valued(value_type, good[0], value)
        assert [fault.pointer for fault in caught.value.faults] == ["/variants/1/config"]
        assert value_type in caught.value.faults[0].message
        with pytest.raises(Invalid, match=value_type):
            edit(running, variants=[{"key": "v1", "config": value}])
    assert edit(running, variants=[{"key": "v1", "config": good[0]}]).variants[1].config == good[0]


def test_a_flag_measures_nothing_and_only_a_flag_has_a_value() -> None:
    assert set(refused(primary_metric="click", secondary_metrics=["x"])) == {
        "/primary_metric",
        "/secondary_metrics",
    }
    assert set(refused(parameters={"prior_alpha": 1})) == {"/parameters/prior_alpha"}
    with pytest.raises(Invalid, match="measures nothing"):
        flag().measuring(Metric("click", Role.SECONDARY, MetricKind.MEAN), NOW)
    assert set(refused(value_type="text")) == {"/value_type"}
    assert set(refused(value_type="string")) == {"/variants"}
    weights = [{"name": "a", "weight": 0.5}, {"name": "b", "weight": 0.5}]
    assert set(refused(type="ab", value_type="boolean", variants=weights)) == {"/value_type"}


def test_the_share_and_the_weights_of_a_running_flag_go_both_ways() -> None:
    running = flag(traffic_allocation=0.5).moved(Status.RUNNING, NOW)
    less = edit(running, traffic_allocation=0)
    assert less.traffic == 0
    assert edit(less, traffic_allocation=1).traffic == 1_000_000
    back = edit(running, variants=[{"key": "on", "weight": 0}, {"key": "off", "weight": 1}])
    assert back.weights == (1_000_000, 0)


def test_a_flag_is_cloned_and_its_type_can_change_while_it_is_a_draft() -> None:
    made = flag()
    assert edit(made, **definition(made)) is made
    copy = cloned(made, {"name": "again"}, NOW, uuid4, "f" * 16)
    assert definition(copy) == definition(made) | {"name": "again", "key": "again"}
    ab = edit(made, type="ab")
    assert (ab.value_type, ab.parameters["prior_alpha"]) == (None, 1)
    assert edit(ab, type="flag").value_type == "boolean"
    assert [
        each.key for each in edit(valued("string", "a", "b"), value_type="boolean", variants=None).variants
    ] == [
        "off",
        "on",
    ]
