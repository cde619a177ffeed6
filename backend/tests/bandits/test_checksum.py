"""The checksum of an archived policy is the same in every language."""

import json
import math
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litmus_server.bandits.checksum import canonical_json, checksum

GOLDEN = json.loads((Path(__file__).parents[3] / "spec" / "bandits" / "checksum.json").read_text())

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.mark.parametrize("case", GOLDEN["numbers"])
def test_numbers_are_written_as_ecmascript_writes_them(case: dict[str, str]) -> None:
    (number,) = struct.unpack(">d", bytes.fromhex(case["ieee754"]))
    assert canonical_json(number) == case["canonical"]


@pytest.mark.parametrize("case", GOLDEN["documents"])
def test_documents_have_the_checksum_that_node_computes(case: dict[str, Any]) -> None:
    assert canonical_json(case["document"]) == case["canonical"]
    assert checksum(case["document"]) == case["sha256"]


@given(JSON)
def test_the_canonical_form_says_the_same_and_is_its_own_canonical_form(value: Any) -> None:
    try:
        text = canonical_json(value)
        text.encode()
    except UnicodeEncodeError:
        return  # a lone surrogate
    read = json.loads(text, parse_int=float)  # JSON knows one kind of number
    assert read == value
    assert canonical_json(read) == text


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 10), min_size=2),
    st.randoms(use_true_random=False),
)
def test_the_order_of_keys_does_not_matter_and_every_value_does(
    document: dict[str, int], random: Any
) -> None:
    keys = list(document)
    random.shuffle(keys)
    assert checksum({key: document[key] for key in keys}) == checksum(document)
    assert checksum({**document, keys[0]: document[keys[0]] + 1}) != checksum(document)


def test_a_number_is_the_same_with_and_without_a_point() -> None:
    assert checksum({"prior_alpha": 1}) == checksum({"prior_alpha": 1.0})


@pytest.mark.parametrize("value", [math.nan, math.inf, 2**53, "\ud800"])
def test_what_json_cannot_say_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"JSON|surrogates"):
        checksum({"value": value})


@pytest.mark.parametrize("value", [{1}, b"x", {1: 2}])
def test_what_is_no_json_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        checksum({"value": value})
