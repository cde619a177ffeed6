"""Conditions: the golden cases of each operator, the limits, and names that stand for conditions.

`test_targeting_judge.py` holds their combinations to an evaluator of its own.
"""

import json
from typing import Any

import jsonschema
import pytest
from goldens import golden, names
from litmus.decide import InvalidCondition, compile_condition, expand
from litmus.decide import names as audience_names
from litmus.decide.targeting import MAX_BYTES, MAX_DEPTH, MAX_LIST, MAX_NODES, OPERATORS, kind

CASES = [name for name in names("targeting") if not name.startswith("refused")]
REFUSED = golden("targeting/refused.json")["refused"]
REFUSED_BEYOND_THE_SCHEMA = golden("targeting/refused_beyond_the_schema.json")["refused"]
SCHEMA = jsonschema.Draft202012Validator(golden("targeting.schema.json"))
PRESENT: dict[str, Any] = {"attribute": "x", "operator": "present"}


def one_of(values: list[Any]) -> dict[str, Any]:
    return {"attribute": "x", "operator": "in", "value": values}


def of_size(size: int) -> dict[str, Any]:
    """A condition of this many bytes as compact JSON."""
    frame = len(
        json.dumps(
            {"not": {"any": [one_of(["é", ""]), PRESENT]}}, separators=(",", ":"), ensure_ascii=False
        ).encode()
    )
    return {"not": {"any": [one_of(["é", "a" * (size - frame)]), PRESENT]}}


@pytest.mark.parametrize("name", CASES)
def test_a_condition_matches_as_the_golden_file_says(name: str) -> None:
    document = golden(f"targeting/{name}.json")
    condition = compile_condition(document["condition"], document.get("audiences"))
    for case in document["cases"]:
        assert condition.matches(case["attributes"]) is case["matches"], case


@pytest.mark.parametrize("refused", REFUSED + REFUSED_BEYOND_THE_SCHEMA)
def test_a_condition_that_cannot_be_evaluated_is_refused_with_the_place(refused: dict[str, Any]) -> None:
    with pytest.raises(InvalidCondition) as caught:
        compile_condition(refused["condition"], refused.get("audiences"))
    assert caught.value.pointer == refused["pointer"]


def test_the_golden_files_show_each_operator_with_match_no_match_missing_and_wrong_type() -> None:
    shown: dict[str, set[tuple[str, bool]]] = {word: set() for word in OPERATORS}
    for name in CASES:
        document = golden(f"targeting/{name}.json")
        rule = document["condition"]
        if "operator" not in rule:
            continue
        want = rule.get("value")
        kinds = {kind(each) for each in (want if isinstance(want, list) else [want])}
        for case in document["cases"]:
            have = case["attributes"].get("x")
            what = "missing" if have is None else "its kind" if kind(have) in kinds else "another kind"
            shown[rule["operator"]].add((what, case["matches"]))
    for word, seen in shown.items():
        wanted = {("missing", False)}
        if word != "present":  # which asks for nothing else
            other = ("another kind", word in {"not_equals", "not_in"})
            wanted |= {("its kind", True), ("its kind", False), other}
        assert wanted <= seen, word


def test_the_schema_is_one_and_knows_every_operator() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA.schema)
    known = set()
    for each in SCHEMA.schema["$defs"]["rule"]["oneOf"]:
        operator = each["properties"]["operator"]
        known |= set(operator.get("enum", [operator.get("const")]))
    assert known == set(OPERATORS)


@pytest.mark.parametrize("name", CASES)
def test_the_schema_accepts_what_is_evaluated(name: str) -> None:
    document = golden(f"targeting/{name}.json")
    for condition in [document["condition"], *document.get("audiences", {}).values()]:
        SCHEMA.validate(condition)


@pytest.mark.parametrize("refused", REFUSED)
def test_the_schema_refuses_what_a_schema_can(refused: dict[str, Any]) -> None:
    assert not SCHEMA.is_valid(refused["condition"])


@pytest.mark.parametrize("refused", REFUSED_BEYOND_THE_SCHEMA)
def test_only_the_server_refuses_what_a_schema_cannot(refused: dict[str, Any]) -> None:
    assert SCHEMA.is_valid(refused["condition"])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1 << 5_000])
def test_a_number_that_not_every_reader_can_carry_is_refused(value: float) -> None:
    with pytest.raises(InvalidCondition, match=r"finite number|bits"):
        compile_condition({"attribute": "x", "operator": "equals", "value": value})


@pytest.mark.parametrize("operator", ["equals", "starts_with", "matches"])
def test_a_text_with_a_lone_surrogate_is_refused(operator: str) -> None:
    with pytest.raises(InvalidCondition, match="lone surrogates"):
        compile_condition({"attribute": "x", "operator": operator, "value": "a\ud800"})


def test_an_integer_beyond_every_float_compares_exactly() -> None:
    rule = {"attribute": "x", "operator": "greater", "value": 10**400}
    assert compile_condition(rule).matches({"x": 10**400 + 1})


def test_no_attribute_makes_a_condition_raise() -> None:
    values: list[object] = [
        float("nan"), 10**5_000, "\ud800", "9" * 5_000 + ".0.0", "0" * 5_000, {"a": []}, [], object(), b"", "2026-11-20T" + "0" * 5_000
    ]  # fmt: skip
    for word, build in OPERATORS.items():
        rule = {"attribute": "x", "operator": word}
        for want in (None, "a", "1.2.3", "2026-11-20", 1, ["a", 1]):
            try:
                condition = compile_condition(rule if want is None else rule | {"value": want})
            except InvalidCondition:
                continue
            for value in values:
                assert condition.matches({"x": value}) in {True, False}, (word, build)


def test_what_is_beyond_a_limit_is_refused_and_what_is_at_it_is_not() -> None:
    deep: dict[str, Any] = PRESENT
    for _ in range(MAX_DEPTH):
        deep = {"not": deep}
    at: list[tuple[dict[str, Any], dict[str, Any], str]] = [
        (deep, {"not": deep}, "at most 20 deep"),
        ({"all": [PRESENT] * (MAX_NODES - 1)}, {"all": [PRESENT] * MAX_NODES}, "at most 1000 conditions"),
        (one_of([1] * MAX_LIST), one_of([1] * (MAX_LIST + 1)), "a list of 1 to 10000"),
        (of_size(MAX_BYTES), of_size(MAX_BYTES + 1), "at most 65536 bytes"),
    ]
    for accepted, refused, message in at:
        compile_condition(accepted)
        with pytest.raises(InvalidCondition, match=message):
            compile_condition(refused)


def test_what_is_enormous_is_refused_without_being_read_to_its_end() -> None:
    deep: dict[str, Any] = PRESENT
    for _ in range(50_000):
        deep = {"not": deep}
    laughs: dict[str, object] = {f"a{k}": {"all": [{"audience": f"a{k + 1}"}] * 2} for k in range(18)}
    exploding = {"attribute": "x", "operator": "matches", "value": "((a{9}){9}){9}"}
    enormous: list[dict[str, Any]] = [
        deep,
        {"any": [PRESENT] * 1_000_000},
        {"any": [{"attribute": "x", "operator": "contains", "value": "a" * 1_000}] * 1_000},
        one_of(list(range(10**6))),
        one_of(["a" * 200] * 10_000),
        {"any": [exploding] * 900},
        {"audience": "a0"},
        {"attribute": "x", "operator": "semver_less", "value": "1.0.0-" + "a." * 10**6 + "a"},
    ]
    for document in enormous:
        with pytest.raises(InvalidCondition):
            compile_condition(document, laughs)


def test_what_no_message_can_show_is_refused_like_anything_else() -> None:
    deep: list[Any] = []
    for _ in range(50_000):
        deep = [deep]
    odd: Any
    for odd in (10**5_000, deep, {"a": deep}, "\ud800", None):
        for document in (
            {"audience": odd},
            {"attribute": "x", "operator": odd},
            PRESENT | {"value": odd or 1},
        ):
            with pytest.raises(InvalidCondition):
                compile_condition(document)
        with pytest.raises(InvalidCondition):
            compile_condition({"attribute": odd, "operator": "present"})


def test_keys_that_are_no_texts_are_refused() -> None:
    odd: Any
    for odd in ({1: 2, "all": []}, {None: PRESENT}, PRESENT | {10**5_000: 2}):
        with pytest.raises(InvalidCondition):
            compile_condition(odd)


def test_a_name_is_replaced_by_what_it_stands_for() -> None:
    document = golden("targeting/audience_stands_for_its_condition.json")
    expanded = expand(document["condition"], document["audiences"])
    assert expanded == document["expanded"]
    assert audience_names(document["condition"]) == set(document["names"])
    assert audience_names(expanded) == set()
    for case in document["cases"]:
        assert compile_condition(expanded).matches(case["attributes"]) is case["matches"]


def test_an_error_behind_a_name_says_where() -> None:
    audiences = {
        "a": {"all": [PRESENT, {"audience": "b"}]},
        "b": {"not": {"attribute": "x", "operator": "like"}},
    }
    with pytest.raises(InvalidCondition) as caught:
        compile_condition({"not": {"audience": "a"}}, audiences)
    assert caught.value.pointer == "/not/audience"
    assert caught.value.message.startswith(
        "audience 'a' at /all/1/audience: audience 'b' at /not/operator: unknown operator 'like'"
    )


def test_a_cycle_of_names_is_told_as_one() -> None:
    audiences = {"a": {"audience": "b"}, "b": {"not": {"audience": "c"}}, "c": {"audience": "b"}}
    with pytest.raises(InvalidCondition, match="b → c → b"):
        compile_condition({"audience": "a"}, audiences)


def test_the_names_of_what_is_no_condition_are_looked_for_without_an_error() -> None:
    deep: object = {"audience": "x"}
    for _ in range(50_000):
        deep = {"not": deep}
    assert audience_names(deep) == {"x"}
    odd: Any
    for odd in (None, 3, "a", [], {}, {"all": 3}, {"audience": 3}, {"any": [None, {"audience": "y"}]}):
        assert audience_names(odd) <= {"y"}
