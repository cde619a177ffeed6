"""Drafts: every rule of an experiment's description, and that nothing but Invalid ever comes of bad input."""

from __future__ import annotations

import datetime as dt
import json
from inspect import signature
from typing import Any
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from litmus.decide import BUCKETS, compile_entry, decide
from litmus_server.bandits import contextual
from litmus_server.bandits.modes import MODES
from litmus_server.bandits.policies import POLICIES, own_parameters, policy
from litmus_server.domain.draft import (
    KEY,
    LINEAR,
    PARAMETERS,
    PURPOSES,
    Draft,
    ExperimentType,
    Parameter,
    derive_key,
    parse_draft,
    purpose_of,
)
from litmus_server.domain.errors import Invalid
from litmus_server.domain.experiment import begin, describe, entry
from litmus_server.domain.features import schema_of
from litmus_server.domain.form import Form, wrong_json
from litmus_server.domain.metric import MetricKind, Role

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
BARE = [{"name": "a"}, {"name": "b"}]
TWO = [{"name": "control", "weight": 0.5}, {"name": "treatment", "weight": 0.5}]


def parsed(**changes: Any) -> Draft:
    return parse_draft({"name": "a test", "variants": TWO} | changes)


def refused(**changes: Any) -> set[str]:
    with pytest.raises(Invalid) as caught:
        parsed(**changes)
    return {fault.pointer for fault in caught.value.faults}


def begun(draft: Draft) -> Any:
    ids = tuple(UUID(int=k + 1) for k in range(len(draft.variants)))
    return begin(draft, UUID(int=99), ids, "0123456789abcdef", NOW)


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20)
anything = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4), max_leaves=12)  # fmt: skip
FIELDS = [
    "name", "key", "description", "hypothesis", "owner", "tags", "type", "unit_type", "public", "traffic_allocation",
    "primary_metric", "secondary_metrics", "parameters", "dimensions", "planned_units", "min_sample_size",
    "significance_threshold", "auto_promote_winner", "analysis", "factors", "cells", "features", "value_type", "starts_at", "ends_at",
    "ramp", "mode", "nonsense",
]  # fmt: skip
words = st.sampled_from(
    [
        "ab",
        "thompson_sampling",
        "earn",
        "epsilon_greedy",
        "lints",
        "squarecb",
        "flag",
        "boolean",
        "all",
        "user",
        "control",
        "x",
    ]
)
metric = st.dictionaries(
    st.sampled_from(["name", "kind", "role", "window_days", "window_seconds"]), anything | words
)
variant = st.dictionaries(
    st.sampled_from(
        ["name", "key", "weight", "is_control", "config", "factors", "levels", "traffic", "hours", "extra"]
    ),
    anything | words | st.floats(0, 1),
)
bodies = st.dictionaries(
    st.sampled_from([*FIELDS, "variants"]),
    anything | words | st.lists(variant | metric, max_size=4) | st.dictionaries(st.sampled_from(["prior_alpha", "floor", "decay", "c"]), scalars),
)  # fmt: skip


@given(bodies | anything)
@example({"name": "x", "variants": [{"name": "\ud800", "weight": float("nan")}, {"config": 10**400}]})
@example({"name": "x", "variants": TWO, "traffic_allocation": float("inf")})
def test_bad_input_is_invalid_and_nothing_else(body: Any) -> None:
    try:
        draft = parse_draft(body)
    except Invalid as invalid:
        draft, faults = None, invalid.faults
    if draft is None:
        assert faults
        assert all(not fault.pointer or fault.pointer.startswith("/") for fault in faults)
        return
    experiment = begun(draft)
    compiled = compile_entry(json.loads(json.dumps(entry(experiment))))
    assert decide(compiled, "unit").reason == "not_started"
    assert json.dumps(describe(experiment)).isprintable()


texts = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=50).filter(
    str.strip
)
configs = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abc"), inner), max_leaves=8,
)  # fmt: skip


@given(
    names=st.lists(texts, min_size=2, max_size=8, unique_by=lambda name: derive_key(name, "variant")),
    shares=st.lists(st.integers(0, 1000), min_size=8, max_size=8),
    config=configs,
    traffic=st.integers(0, BUCKETS),
    type_=st.sampled_from([kind for kind in ExperimentType if kind is not ExperimentType.FLAG]),
)
def test_what_is_valid_is_kept_as_it_was(
    names: list[str], shares: list[int], config: Any, traffic: int, type_: ExperimentType
) -> None:
    shares = shares[: len(names)]
    shares[0] += 1
    total = sum(shares)
    variants = [
        {"name": n, "weight": s / total, "config": config} for n, s in zip(names, shares, strict=True)
    ]
    features = {"features": [{"name": "on", "type": "boolean"}]} if type_.contextual else {}
    draft = parsed(variants=variants, traffic_allocation=traffic / BUCKETS, type=type_.value, **features)
    assert [each.name for each in draft.variants] == names
    assert [each.config for each in draft.variants] == [config] * len(names)
    assert draft.traffic == traffic
    assert sum(each.weight for each in draft.variants) == BUCKETS
    for each, share in zip(draft.variants, shares, strict=True):
        assert abs(each.weight - share / total * BUCKETS) <= 1
    assert sum(each.is_control for each in draft.variants) == 1


@given(texts)
def test_a_derived_key_is_a_key_and_the_name_itself_where_it_can_be(name: str) -> None:
    key = derive_key(name, "experiment")
    assert KEY.fullmatch(key)
    if KEY.fullmatch(name) and name != "conversions":
        assert key == name


def test_derived_keys_are_readable() -> None:
    names = {
        "lora_boost_test": "lora_boost_test",
        "Homepage Hero Test": "homepage-hero-test",
        "Größe & Fuß!": "groe-fu",
        "conversions": "experiment-",
        "実験": "experiment-",
        "550e8400-e29b-41d4-a716-446655440000": "experiment-",
        "x" * 127 + " y z": "x" * 127 + "-",
    }
    for name, expected in names.items():
        assert derive_key(name, "experiment").startswith(expected)
    assert derive_key("実験", "experiment") != derive_key("実", "experiment")


@pytest.mark.parametrize(
    ("variants", "control"),
    [
        ([{"name": "a"}, {"name": "control"}, {"name": "c", "is_control": True}], 2),
        ([{"name": "a"}, {"name": "control"}, {"name": "c"}], 1),
        ([{"name": "a"}, {"name": "Control"}, {"name": "c"}], 1),
        ([{"name": "a"}, {"name": "b", "key": "control"}, {"name": "c"}], 1),
        ([{"name": "a"}, {"name": "b"}, {"name": "c"}], 0),
    ],
)
def test_the_control_is_the_flagged_one_else_the_one_called_so_else_the_first(
    variants: list[dict[str, Any]], control: int
) -> None:
    draft = parsed(variants=variants, type="thompson_sampling")
    assert [each.is_control for each in draft.variants] == [k == control for k in range(3)]
    assert compile_entry(entry(begun(draft))).control == control


def test_two_controls_are_refused() -> None:
    assert refused(variants=[{"name": n, "weight": 0.5, "is_control": True} for n in "ab"]) == {"/variants"}


def test_a_name_alone_is_a_conversion_as_primary_and_a_mean_as_secondary() -> None:
    draft = parsed(
        primary_metric="signup", secondary_metrics=["revenue", {"name": "errors", "role": "guardrail"}]
    )
    shown = [(each.name, each.role, each.kind) for each in draft.metrics]
    assert shown == [
        ("signup", Role.PRIMARY, MetricKind.CONVERSION),
        ("revenue", Role.SECONDARY, MetricKind.MEAN),
        ("errors", Role.GUARDRAIL, MetricKind.MEAN),
    ]
    assert [each.slot for each in begun(draft).metrics] == [1, 2, 3]


def test_where_shares_are_learned_there_is_always_a_primary_metric() -> None:
    assert parsed().metrics == ()
    (primary,) = parsed(type="thompson_sampling").metrics
    assert (primary.name, primary.role, primary.window_seconds) == ("conversion", Role.PRIMARY, 30 * 86_400)


@pytest.mark.parametrize(
    ("window", "seconds", "hours"),
    [({}, 2_592_000, 24), ({"window_days": 2}, 172_800, 24), ({"window_days": 1.5}, 129_600, 1), ({"window_seconds": 60}, 60, 1)],
)  # fmt: skip
def test_cohorts_are_hours_when_a_window_is_shorter_than_two_days(
    window: dict[str, Any], seconds: int, hours: int
) -> None:
    experiment = begun(parsed(primary_metric={"name": "m"} | window))
    assert (experiment.primary.window_seconds, experiment.cohort_hours) == (seconds, hours)


def test_a_window_is_given_in_one_unit() -> None:
    both = {"name": "m", "window_days": 1, "window_seconds": 60}
    assert refused(primary_metric=both) == {"/primary_metric/window_days"}


def test_the_types_and_parameters_are_those_of_the_policies() -> None:
    plain = {kind for kind in ExperimentType if kind.adaptive and not kind.contextual}
    assert plain == set(POLICIES)
    for kind in plain:
        numbers = {name: each for name, each in PARAMETERS[kind].items() if isinstance(each, Parameter)}
        for end in ("low", "high", "default"):
            policy(kind, own_parameters(kind, {name: getattr(each, end) for name, each in numbers.items()}))
        takes = signature(POLICIES[kind]).parameters
        assert takes.keys() <= PARAMETERS[kind].keys()
        assert {name: PARAMETERS[kind][name].default for name in takes} == {
            name: each.default for name, each in takes.items()
        }


def test_a_purpose_stands_for_a_type_and_its_floor() -> None:
    for purpose, mode in MODES.items():
        made = parsed(mode=purpose, variants=BARE if mode.policy else TWO)
        assert made.type == (mode.policy or "ab")
        assert made.type is PURPOSES[purpose]
        assert purpose_of(made.type) is purpose
        if mode.policy:
            assert round(made.parameters["floor"] * 1_000_000) == mode.floor_ppm
    assert parsed(mode="earn", type="ucb", variants=BARE).type == "ucb"
    assert refused(mode="learn", type="ucb", variants=BARE) == {"/mode"}
    assert refused(mode="profit", variants=TWO) == {"/mode"}


def test_parameters_that_no_policy_can_take_are_refused_where_they_stand() -> None:
    def wrong(kind: str, **parameters: object) -> set[str]:
        return refused(type=kind, variants=BARE, parameters=parameters)

    assert wrong("epsilon_greedy", epsilon=1.5) == {"/parameters/epsilon"}
    assert wrong("epsilon_greedy", decay=1) == {"/parameters/decay"}
    assert wrong("ucb", c=0) == {"/parameters/c"}
    assert wrong("top_two", beta=2) == {"/parameters/beta"}
    assert wrong("top_two", floor=0.5001) == {"/parameters/floor"}
    assert wrong("thompson_sampling", prior_alpha=0) == {"/parameters/prior_alpha"}
    assert wrong("exploration_sampling", half_life_days=-1) == {"/parameters/half_life_days"}
    assert wrong("ucb", prior_alpha=1) == {"/parameters/prior_alpha"}
    assert wrong("ab", c=1) >= {"/parameters/c"}


def test_parameters_are_those_that_the_worker_prints() -> None:
    assert parsed(type="ucb", variants=BARE, parameters={"c": 2}).parameters["c"] == 2
    greedy = parsed(type="epsilon_greedy", variants=BARE, parameters={"epsilon": 0.1, "decay": True})
    assert greedy.parameters["epsilon"] == 0.1
    assert greedy.parameters["decay"] is True


def test_a_threshold_that_is_named_promotes_and_else_it_is_that_of_production() -> None:
    assert parsed(type="ucb", variants=BARE).parameters["promotion_threshold"] == 0.99
    named = parsed(type="ucb", variants=BARE, significance_threshold=0.95)
    assert named.parameters["promotion_threshold"] == 0.95
    both = parsed(
        type="ucb", variants=BARE, significance_threshold=0.95, parameters={"promotion_threshold": 0.999}
    )
    assert both.parameters["promotion_threshold"] == 0.999


def test_the_contextual_types_are_those_that_can_be_learned() -> None:
    assert {kind for kind in ExperimentType if kind.contextual} == contextual.CONTEXTUAL
    assert set(LINEAR) == contextual.LINEAR
    boolean = [{"name": "on", "type": "boolean"}]
    schema = schema_of(parsed(type="lints", variants=BARE, features=boolean).features or ())
    for kind in contextual.CONTEXTUAL:
        for end in ("low", "high", "default"):
            parameters = {name: getattr(each, end) for name, each in PARAMETERS[ExperimentType(kind)].items()}
            sums = [contextual.Sums.none(contextual.columns_of(kind, schema))] * 2
            model = contextual.fit(kind, parameters, sums, schema, higher_is_better=True, binary=True)
            assert contextual.read_model(model, kind, schema, 2) is not None


def test_features_are_for_contextual_types_which_need_them() -> None:
    boolean = [{"name": "on", "type": "boolean"}]
    assert refused(type="lints", variants=BARE) == {"/features"}
    assert refused(type="thompson_sampling", variants=BARE, features=boolean) == {"/features"}
    assert parsed(type="squarecb", variants=BARE).features is None
    assert parsed(type="linucb", variants=BARE, features=boolean).features == [
        {"name": "on", "type": "boolean", "required": False}
    ]
    assert refused(type="linucb", variants=BARE, features=boolean, parameters={"floor": 0}) == {
        "/parameters/floor"
    }


def test_a_million_segments_and_a_segment_of_a_number_are_refused_and_so_is_a_model_that_is_too_large() -> (
    None
):
    digits = {"type": "category", "levels": [str(k) for k in range(9)], "required": True}
    six = [digits | {"name": f"f{k}"} for k in range(6)]
    with pytest.raises(Invalid, match="make 1000000 segments"):
        parsed(type="segmented_thompson", variants=BARE, features=six)
    number = {"name": "age", "type": "number", "low": 0, "high": 1}
    with pytest.raises(Invalid, match="hold a number"):
        parsed(type="segmented_thompson", variants=BARE, features=[number])
    hundred = [{"name": str(k)} for k in range(100)]
    with pytest.raises(Invalid, match="numbers for 100 variants"):
        parsed(type="lints", variants=hundred, features=[*six, digits | {"name": "g"}])
    assert parsed(type="lints", variants=BARE, features=[*six, digits | {"name": "g"}]).features


def test_floors_leave_room_for_every_variant() -> None:
    variants = [{"name": str(k)} for k in range(100)]
    few = {"variants": variants, "type": "thompson_sampling"}
    assert parsed(**few, parameters={"floor": 0.01}).parameters["floor"] == 0.01
    assert refused(**few, parameters={"floor": 0.011}) == {"/parameters/floor"}
    assert refused(parameters={"floor": 0.01}) == {"/parameters/floor"}


def test_weights_within_a_millionth_of_one_are_taken() -> None:
    thirds = [{"name": name, "weight": 0.333333} for name in "abc"]
    assert sum(each.weight for each in parsed(variants=thirds).variants) == BUCKETS
    assert refused(variants=[{"name": "a", "weight": 0.5}, {"name": "b", "weight": 0.49}]) == {
        "/variants/1/weight"
    }


def test_pointers_are_escaped_and_long_ones_cut() -> None:
    assert refused(**{"a/b~c": 1}) == {"/a~1b~0c"}
    (pointer,) = refused(**{"x" * 5000: 1})
    assert len(pointer) < 120


def test_at_most_a_hundred_faults_are_listed() -> None:
    with pytest.raises(Invalid) as caught:
        parse_draft({str(k): 1 for k in range(500)})
    assert len(caught.value.faults) == 100


@given(configs)
def test_json_that_can_be_kept_is_taken(value: Any) -> None:
    assert wrong_json(value, 100_000) is None


def test_json_that_cannot_be_kept_is_refused() -> None:
    deep: Any = 0
    for _ in range(33):
        deep = [deep]
    for value in (
        "a\0",
        "\udfff",
        {"\0": 1},
        [float("nan")],
        {"a": [float("-inf")]},
        2**63,
        deep,
        "x" * 99_999,
    ):
        assert wrong_json(value, 100_000) is not None
    assert wrong_json(deep[0], 100_000) is None
    assert wrong_json("é" * 49_999, 100_000) is None


def test_what_is_no_object_is_one_fault() -> None:
    others: list[Any] = [[], "x", None, 5]
    for value in others:
        form = Form(value)
        form.text("name", 5)
        with pytest.raises(Invalid) as caught:
            form.close()
        assert [fault.pointer for fault in caught.value.faults] == [""]
