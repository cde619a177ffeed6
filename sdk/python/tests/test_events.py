"""Events on the wire: numbers that keep their digits, ids that sort by time, outcomes that account for every
event.
"""

import json
import uuid
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litmus.errors import InvalidArgumentError, ServerError
from litmus.events import Event, envelope, exposure, metric, number, read_outcomes, uuid7

NOW = datetime(2026, 11, 20, 12, 0, 0, 123456, UTC)


@given(
    st.one_of(
        st.decimals(allow_nan=False, allow_infinity=False),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
    )
)
def test_a_number_is_json_and_exactly_what_was_given(value: Any) -> None:
    read = json.loads(number(value), parse_float=Decimal, parse_int=Decimal)
    if isinstance(value, float):
        assert float(read) == value
    else:
        assert Fraction(read) == Fraction(value)


@pytest.mark.parametrize(
    "value", [float("nan"), float("-inf"), Decimal("sNaN"), Decimal("Infinity"), "1", b"1", None, []]
)
def test_what_is_no_finite_number_is_refused(value: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="finite number"):
        number(value)


def test_numbers_of_other_libraries_are_numbers() -> None:
    class Integer:
        def __index__(self) -> int:
            return 7

    class Real:
        def __float__(self) -> float:
            return 2.5

    assert (number(Integer()), number(Real())) == ("7", "2.5")


@given(st.integers(0, 2**48 - 1))
def test_an_id_is_a_uuid_of_version_7_that_holds_its_time(unix_ms: int) -> None:
    text = uuid7(unix_ms)
    parsed = uuid.UUID(text)
    assert (str(parsed), parsed.version, parsed.variant) == (text, 7, uuid.RFC_4122)
    assert parsed.int >> 80 == unix_ms


def test_ids_sort_by_time_and_do_not_repeat() -> None:
    assert uuid7(1_000) < uuid7(1_001) < uuid7(2**47)
    assert len({uuid7(5) for _ in range(10_000)}) == 10_000


def test_the_random_bits_fill_their_places() -> None:
    assert uuid7(0, lambda bits: 2**bits - 1) == "00000000-0000-7fff-bfff-ffffffffffff"
    assert uuid7(2**48 - 1, lambda _: 0) == "ffffffff-ffff-7000-8000-000000000000"


@given(
    st.text(min_size=1), st.text(min_size=1), st.dictionaries(st.text(), st.one_of(st.text(), st.integers()))
)
def test_an_event_is_read_back_as_it_was_given_or_refused(
    unit: str, name: str, metadata: dict[str, Any]
) -> None:
    try:
        (unit + name + "".join(f"{key}{value}" for key, value in metadata.items())).encode()
    except UnicodeEncodeError:
        with pytest.raises(InvalidArgumentError):
            metric(name, unit, 1, now=NOW, metadata=metadata)
        return
    event = metric(name, unit, Decimal("1.10"), now=NOW, metadata=metadata)
    body = json.loads(envelope([event], NOW), parse_float=Decimal)
    assert body == {
        "sent_at": "2026-11-20T12:00:00.123456Z",
        "events": [
            {
                "event_id": event.id,
                "type": "metric",
                "unit_id": unit,
                "metric_name": name,
                "value": Decimal("1.10"),
                "occurred_at": "2026-11-20T12:00:00.123456Z",
                "metadata": metadata,
            }
        ],
    }


def events(*ids: str) -> list[Event]:
    return [exposure("e", "u", "b", now=NOW, event_id=each) for each in ids]


def test_outcomes_are_read_in_the_order_of_the_events() -> None:
    answer = {
        "outcomes": [
            {"event_id": "a", "outcome": "accepted"},
            {"event_id": "b", "outcome": "rejected", "reason": "clock", "message": "too late"},
            {"event_id": "a", "outcome": "duplicate"},
            {"event_id": None, "outcome": "rejected", "reason": "malformed"},
        ]
    }
    outcomes = read_outcomes(answer, events("a", "b", "a", "unreadable"))
    assert [outcome.outcome for outcome in outcomes] == ["accepted", "rejected", "duplicate", "rejected"]
    assert (outcomes[1].reason, outcomes[1].message) == ("clock", "too late")
    assert (outcomes[3].event_id, outcomes[3].reason) == ("unreadable", "malformed")


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        {},
        {"accepted": 2},
        {"outcomes": None},
        {"outcomes": [{"event_id": "a", "outcome": "accepted"}]},
        {"outcomes": [{"event_id": "a", "outcome": "accepted"}, {"event_id": "b", "outcome": "perhaps"}]},
        {"outcomes": [{"event_id": "a", "outcome": "accepted"}, {"event_id": "c", "outcome": "accepted"}]},
        {"outcomes": ["a", "b"]},
    ],
)
def test_an_answer_that_leaves_an_event_out_settles_none(answer: object) -> None:
    with pytest.raises(ServerError, match="account for every event"):
        read_outcomes(answer, events("a", "b"))
