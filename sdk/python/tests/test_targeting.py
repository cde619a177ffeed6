"""Conditions: the golden cases of each operator, and an evaluator of our own as the judge of their
combinations.
"""

from typing import Any

import pytest
from goldens import golden, names
from hypothesis import given
from hypothesis import strategies as st
from litmus.decide import InvalidCondition, compile_condition

SCALARS = st.one_of(st.sampled_from(["DE", "CA", "1", ""]), st.integers(-2, 2), st.booleans(), st.just(1.0))
ATTRIBUTES = st.dictionaries(st.sampled_from("xyz"), st.one_of(SCALARS, st.none(), st.just(["DE"])))
RULES = st.one_of(
    st.builds(
        lambda name, word, value: {"attribute": name, "operator": word, "value": value},
        st.sampled_from("xyz"),
        st.sampled_from(["equals", "not_equals"]),
        SCALARS,
    ),
    st.builds(
        lambda name, word, value: {"attribute": name, "operator": word, "value": value},
        st.sampled_from("xyz"),
        st.sampled_from(["in", "not_in"]),
        st.lists(SCALARS, min_size=1, max_size=3),
    ),
    st.builds(
        lambda name, word, value: {"attribute": name, "operator": word, "value": value},
        st.sampled_from("xyz"),
        st.sampled_from(["greater", "greater_or_equal", "less", "less_or_equal"]),
        SCALARS.filter(lambda value: not isinstance(value, bool)),
    ),
    st.builds(lambda name: {"attribute": name, "operator": "present"}, st.sampled_from("xyz")),
)
CONDITIONS = st.recursive(
    RULES,
    lambda inner: st.one_of(
        st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
    ),
    max_leaves=6,
)


@pytest.mark.parametrize("name", [name for name in names("targeting") if name != "refused"])
def test_a_condition_matches_as_the_golden_file_says(name: str) -> None:
    document = golden(f"targeting/{name}.json")
    matches = compile_condition(document["condition"])
    for case in document["cases"]:
        assert matches(case["attributes"]) is case["matches"], case


@pytest.mark.parametrize("refused", golden("targeting/refused.json")["refused"])
def test_a_condition_that_cannot_be_evaluated_is_refused_with_the_place(refused: dict[str, Any]) -> None:
    with pytest.raises(InvalidCondition) as caught:
        compile_condition(refused["condition"])
    assert caught.value.pointer == refused["pointer"]


def test_a_number_that_json_cannot_carry_is_refused() -> None:
    with pytest.raises(InvalidCondition, match="finite number"):
        compile_condition({"attribute": "x", "operator": "equals", "value": float("nan")})


def test_a_condition_that_nests_too_deep_is_refused() -> None:
    document: dict[str, Any] = {"attribute": "x", "operator": "present"}
    for _ in range(5_000):
        document = {"not": document}
    with pytest.raises(InvalidCondition, match="at most 20 deep"):
        compile_condition(document)


def test_an_integer_beyond_every_float_compares_exactly() -> None:
    assert compile_condition({"attribute": "x", "operator": "greater", "value": 10**400})({"x": 10**400 + 1})


@given(CONDITIONS, ATTRIBUTES)
def test_a_condition_matches_as_a_naive_reading_of_it(
    condition: dict[str, Any], attributes: dict[str, Any]
) -> None:
    assert compile_condition(condition)(attributes) is _naive(condition, attributes)


def _naive(condition: dict[str, Any], attributes: dict[str, Any]) -> bool:
    if "all" in condition:
        return all(_naive(part, attributes) for part in condition["all"])
    if "any" in condition:
        return any(_naive(part, attributes) for part in condition["any"])
    if "not" in condition:
        return not _naive(condition["not"], attributes)
    have, want = attributes.get(condition["attribute"]), condition.get("value")
    if have is None:
        return False
    match condition["operator"]:
        case "present":
            return True
        case "equals":
            return _same(have, want)
        case "not_equals":
            return not _same(have, want)
        case "in":
            return any(_same(have, each) for each in want or [])
        case "not_in":
            return not any(_same(have, each) for each in want or [])
    if isinstance(have, bool) or isinstance(have, str) != isinstance(want, str) or isinstance(have, list):
        return False
    sign = (have > want) - (have < want)
    return bool(
        {"greater": sign > 0, "greater_or_equal": sign >= 0, "less": sign < 0, "less_or_equal": sign <= 0}[
            condition["operator"]
        ]
    )


def _same(have: object, want: object) -> bool:
    if isinstance(have, list):
        return False
    return have == want and isinstance(have, bool) == isinstance(want, bool)
