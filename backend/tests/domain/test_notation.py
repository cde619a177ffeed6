"""Texts in JSON and YAML: the same values from both, and nothing else from either."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from litmus_server.domain.errors import Invalid
from litmus_server.domain.notation import MOST_DEPTH, MOST_YAML, read_json, read_yaml, write_yaml

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
LOOKALIKES = st.sampled_from(
    ["no", "Yes", "on", "~", "null", "", "1e5", "0o17", "0x1F", ".5", "1.", "+1", "-.inf", ".NaN", "2026-11-20", "1_000", "0b1", "1:30", "<<", "=",
     "010", "- a", "a: b", "#x", " x", "x ", "a\nb", "a\n b", "a\n\nb\n", "\t", "%YAML", "---", "...", "&a", "*a", "!a", "|", ">", "{", "\ufeff", "\x85"]
)  # fmt: skip
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
    | LOOKALIKES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS | LOOKALIKES, inner, max_size=4),
    max_leaves=12,
)


def refused(text: str) -> str:
    with pytest.raises(Invalid) as caught:
        read_yaml(text)
    return str(caught.value)


@given(st.lists(JSON, min_size=1, max_size=3))
def test_what_is_written_is_read_back_as_it_was(values: list[Any]) -> None:
    text = write_yaml(values)
    assert read_yaml(text) == values
    assert [json.dumps(each) for each in read_yaml(text)] == [json.dumps(each) for each in values]


@given(JSON)
def test_a_reader_of_yaml_1_1_reads_the_same(value: Any) -> None:
    assert list(yaml.safe_load_all(write_yaml([value]))) == [value]


@given(JSON)
def test_json_is_read_as_json_is(value: Any) -> None:
    assert read_json(json.dumps(value)) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"), ("yes", "yes"), ("on", "on"), ("y", "y"), ("No", "No"), ("true", True), ("FALSE", False), ("tRue", "tRue"),
        ("2026-11-20", "2026-11-20"), ("2026-11-20T12:00:00Z", "2026-11-20T12:00:00Z"), ("12:30:45", "12:30:45"),
        ("1_000", "1_000"), ("0b11", "0b11"), ("0x1F", 31), ("0o17", 15), ("1e3", 1000.0), ("-.5", -0.5), ("1.", 1.0),
        ("0", 0), ("-0", 0), ("0.50", 0.5), ("~", None), ("Null", None), ("nUll", "nUll"), ("'1'", "1"), ('"true"', "true"),
        ("=", "="), ("<<", "<<"), ("|\n  true", "true"), ("1.2.3", "1.2.3"), ("+", "+"), (".", "."), ("e5", "e5"),
    ],
)  # fmt: skip
def test_plain_scalars_are_those_of_the_core_schema(text: str, value: Any) -> None:
    ((found,),) = read_yaml(f"- {text}")
    assert found == value
    assert type(found) is type(value)


def test_a_stream_has_several_documents_and_empty_ones_do_not_count() -> None:
    assert read_yaml("---\na: 1\n---\n---\n- 2\n...\n---\nnull\n") == [{"a": 1}, [2], None]
    assert read_yaml("") == read_yaml("# nothing\n") == []
    assert read_yaml("%YAML 1.2\n---\na: 1\n") == [{"a": 1}]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: &x 1\nb: *x", "line 1, column 4: anchors and aliases are not taken"),
        ("a: *x", "anchors and aliases"),
        ("*x : 1", "anchors and aliases"),
        ("&a [*a]", "anchors and aliases"),
        ("a: !!python/object/apply:os.system [ls]", "tags are not taken"),
        ("a: !!binary aGk=", "tags are not taken"),
        ("a: !x 1", "tags are not taken"),
        ("a: ! 1", "tags are not taken"),
        ("!!map {a: 1}", "tags are not taken"),
        ("%TAG ! tag:x,2000:\n---\na: 1", "directives are not taken"),
        ("%YAML 1.1\n---\na: 1", "directives are not taken"),
        ("a: 1\nb: 2\na: 3", "a: line 3, column 1: is there twice"),
        ("x: {y: 1, 'y': 2}", "x/y: line 1, column 11: is there twice"),
        ("1: a", "a key must be a text: put quotes around 1"),
        ("true: a", "a key must be a text"),
        ("? [a, b]\n: 1", "a key must be a text"),
        ("? {a: b}\n: 1", "a key must be a text"),
        ("a: .inf", "JSON has neither"),
        ("a: -.Inf", "JSON has neither"),
        ("a: .nan", "JSON has neither"),
        ("a: 1e999", "beyond the numbers"),
        ("a: 010", "put quotes around it"),
        ("a: " + "9" * 5000, "digits"),
        ("a: [1, 2", "line 1"),
        ("a:\n\t- 1", "line 2"),
        ("a: b: c", "line 1"),
        ("a: '\x01'", "special characters"),
        ('a: "\\ud800"', "lone surrogates"), ('"\\udfff": 1', "lone surrogates"), ('a: "\\U00110000"', "range"),
        ("- " * (MOST_DEPTH + 2) + "1", "nest deeper"),
        ("[" * 100_000, ""),
        ("a: " + "{x: " * (MOST_DEPTH + 2), "nest deeper"),
        ("- " + "x" * MOST_YAML, "YAML may have"),
    ],
    ids=lambda text: text[:30],
)  # fmt: skip
def test_tricks_are_refused_with_their_place(text: str, why: str) -> None:
    assert why in refused(text)


def test_a_billion_laughs_are_refused_at_the_first() -> None:
    lines = ["a0: &a0 lol", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10))]
    assert "line 1" in refused("\n".join(lines))


@pytest.mark.parametrize(
    "text",
    ['{"a": 1, "a": 2}', '{"x": [{"b": 1, "b": 1}]}', "NaN", "[Infinity]", "1e999", "9" * 5000, "", "{", "{} {}", "[" * 100_000,
     "[" * (MOST_DEPTH + 2) + "]" * (MOST_DEPTH + 2), "nul", "'a'", '["\\ud800"]', '{"\\ud800": 1}'],
    ids=lambda text: text[:30],
)  # fmt: skip
def test_json_that_says_two_things_or_none_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_json(text)
    assert caught.value.faults
