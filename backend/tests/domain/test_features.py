"""Features are declared with types, and a vector is whole numbers that nothing can change later."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litmus_server.domain.errors import Invalid
from litmus_server.domain.features import ONE, Feature, FeatureType, Schema, read_features, schema_of
from litmus_server.domain.form import Form

AGE = Feature("age", FeatureType.NUMBER, 20, 60)
PLAN = Feature("plan", FeatureType.CATEGORY, levels=("free", "pro"))
MEMBER = Feature("member", FeatureType.BOOLEAN)
SCHEMA = Schema((AGE, PLAN, MEMBER))


def read(*features: Any) -> tuple[Feature, ...] | None:
    form = Form({"features": list(features)})
    found = read_features(form)
    form.close()
    return found


def test_a_schema_names_its_columns() -> None:
    assert SCHEMA.columns == (
        "age", "age: missing", "plan=free", "plan=pro", "plan: other", "plan: missing", "member", "member: missing", "constant",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("attributes", "ones"),
    [
        ({"age": 30, "plan": "pro", "member": True}, {"age": 0.25, "plan=pro": 1, "member": 1}),
        ({"age": 99, "plan": "gold", "member": False}, {"age": 1, "plan: other": 1}),
        ({"age": -1e300, "plan": "free"}, {"plan=free": 1, "member: missing": 1}),
        ({"age": None, "elsewhere": 7}, {"age: missing": 1, "plan: missing": 1, "member: missing": 1}),
        ({"age": 10**400 // 10**100, "plan": "x" * 1000}, {"age": 1, "plan: other": 1, "member: missing": 1}),
    ],
)
def test_a_number_is_scaled_and_clipped_and_what_is_unknown_or_missing_has_a_column_of_its_own(
    attributes: dict[str, Any], ones: dict[str, float]
) -> None:
    vector = dict(zip(SCHEMA.columns, SCHEMA.encode(attributes), strict=True))
    assert vector == {name: ONE * ones.get(name, 0) for name in SCHEMA.columns} | {"constant": ONE}


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ({"age": "30"}, "attributes/age: must be a finite number"),
        ({"age": True}, "attributes/age: must be a finite number"),
        ({"age": float("nan")}, "attributes/age: must be a finite number"),
        ({"age": float("-inf")}, "attributes/age: must be a finite number"),
        ({"age": 10**400}, "attributes/age: must be a finite number"),
        ({"plan": 3}, "attributes/plan: must be a text"),
        ({"member": 1}, "attributes/member: must be true or false"),
        ({"age": [], "member": {}}, "attributes/age"),
    ],
)
def test_a_value_of_another_type_is_refused_with_its_place(attributes: dict[str, Any], said: str) -> None:
    with pytest.raises(Invalid, match=said) as refused:
        SCHEMA.encode(attributes)
    assert len(refused.value.faults) == len(attributes)


def test_a_feature_that_is_required_has_no_column_for_missing_and_is_refused_without() -> None:
    schema = Schema((Feature("age", FeatureType.NUMBER, 0, 1, required=True),))
    assert schema.columns == ("age", "constant")
    with pytest.raises(Invalid, match="attributes/age: is required"):
        schema.encode({})


@given(
    st.dictionaries(
        st.sampled_from(["age", "plan", "member", "other"]),
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text(max_size=80)
        | st.sampled_from(["free", "pro"]),
    )
)
def test_what_is_kept_encodes_to_the_same_vector(attributes: dict[str, Any]) -> None:
    try:
        vector = SCHEMA.encode(attributes)
    except Invalid:
        return
    kept = SCHEMA.kept(attributes)
    assert SCHEMA.encode(kept) == vector
    assert kept.keys() <= {"age", "plan", "member"}
    assert all(0 <= each <= ONE for each in vector)
    assert "\x00" not in str(kept.get("plan"))


def test_segments_are_numbered_through_and_named() -> None:
    schema = Schema((PLAN, MEMBER))
    assert schema.segments == 12
    names = schema.segment_names()
    assert len(names) == len(set(names)) == 12
    cases: list[tuple[dict[str, Any], str]] = [
        ({"plan": "free", "member": False}, "plan=free, member=false"),
        ({"plan": "pro", "member": True}, "plan=pro, member=true"),
        ({"plan": "gold"}, "plan: other, member: missing"),
        ({}, "plan: missing, member: missing"),
    ]
    for attributes, name in cases:
        assert names[schema.segment(attributes)] == name
    assert Schema((AGE, PLAN)).segments == 0


def test_the_hash_changes_with_everything_and_survives_the_document() -> None:
    others = [
        Schema((PLAN, AGE, MEMBER)),
        Schema((Feature("age", FeatureType.NUMBER, 20, 61), PLAN, MEMBER)),
        Schema((AGE, Feature("plan", FeatureType.CATEGORY, levels=("pro", "free")), MEMBER)),
        Schema((AGE, PLAN, Feature("member", FeatureType.BOOLEAN, required=True))),
    ]
    assert len({SCHEMA.hash, *(each.hash for each in others)}) == 5
    again = schema_of([each.document for each in SCHEMA.features])
    assert again == SCHEMA
    assert again.hash == SCHEMA.hash
    assert read(*(each.document for each in SCHEMA.features)) == SCHEMA.features


@pytest.mark.parametrize(
    ("feature", "pointer", "said"),
    [
        ({"name": "age", "low": 0}, "/features/0/type", "is required, one of number, category, boolean"),
        ({"name": "age", "type": "vector", "low": 0}, "/features/0/type", "must be one of"),
        ({"name": "age", "type": "number", "low": 5, "high": 5}, "/features/0/high", "must be above low"),
        ({"name": "age", "type": "number", "low": 5}, "/features/0/high", "is required"),
        ({"name": "age", "type": "number", "low": 0, "high": float("inf")}, "/features/0/high", "must be a number"),
        ({"name": "plan", "type": "category"}, "/features/0/levels", "is required"),
        ({"name": "plan", "type": "category", "levels": ["a", "a"]}, "/features/0/levels", "must be different"),
        ({"name": "plan", "type": "category", "levels": [str(k) for k in range(101)]}, "/features/0/levels", "1 to 100"),
        ({"name": "on", "type": "boolean", "levels": ["a"]}, "/features/0/levels", "unknown field"),
        ({"type": "boolean"}, "/features/0/name", "is required"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_declaration_is_said(feature: dict[str, Any], pointer: str, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(feature)
    assert [(fault.pointer, said in fault.message) for fault in refused.value.faults] == [(pointer, True)]


def test_too_many_columns_and_the_same_name_twice_are_refused() -> None:
    levels = [str(k) for k in range(100)]
    with pytest.raises(Invalid, match="make 205 columns"):
        read(*({"name": name, "type": "category", "levels": levels} for name in "ab"))
    with pytest.raises(Invalid, match="age is a feature already"):
        read(*({"name": "age", "type": "boolean"} for _ in range(2)))
