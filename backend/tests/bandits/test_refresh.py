"""When a version is published."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litmus_server.bandits.refresh import Published, Reason, RefreshRule

START = datetime(2026, 1, 1, tzinfo=UTC)
RULE = RefreshRule()


def published(outcomes: int, propensities: tuple[int, ...] = (500_000, 500_000)) -> Published:
    return Published(START, outcomes, propensities)


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


NEAR, FAR = (501_999, 498_001), (502_000, 498_000)


def test_the_first_version_is_always_published() -> None:
    assert RULE.may_publish(START, None, 0)
    assert RULE.reason_to_publish(START, None, 0, (500_000, 500_000)) is Reason.FIRST


@pytest.mark.parametrize(
    ("seconds", "outcomes", "propensities", "reason"),
    [
        (1, 1050, NEAR, Reason.GROWTH),  # 5 % more, and something changed
        (1, 1049, FAR, None),  # less than 5 % more
        (0.999, 2000, FAR, None),  # too soon after the newest version
        (1, 2000, (500_000, 500_000), None),  # nothing changed: nothing to publish
        (60, 1049, FAR, Reason.AGE),  # old, and a propensity moved by 0.2 points
        (60, 1000, FAR, Reason.AGE),  # a late conversion moves a propensity without a new unit
        (60, 900, FAR, Reason.AGE),  # a recompute took outcomes away
        (86_400, 1049, NEAR, None),  # old, but versions must not grow with the calendar
        (59.9, 1049, FAR, None),  # not old yet
        (60, 1050, NEAR, Reason.GROWTH),  # growth needs no move of 0.2 points
    ],
)
def test_a_version_is_published_on_growth_or_on_age(
    seconds: float, outcomes: int, propensities: tuple[int, ...], reason: Reason | None
) -> None:
    assert RULE.reason_to_publish(after(seconds), published(1000), outcomes, propensities) is reason


def test_the_first_outcomes_count_one_by_one() -> None:
    assert [RULE.outcomes_due(n) for n in (0, 1, 19, 20, 21, 100, 1000, 1001)] == [
        1,
        2,
        20,
        21,
        23,
        105,
        1050,
        1052,
    ]
    assert RULE.reason_to_publish(after(1), published(0), 1, NEAR) is Reason.GROWTH


@given(st.floats(0, 200), st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_what_may_not_be_published_never_is(seconds: float, before: int, outcomes: int, first: int) -> None:
    last, new = published(before), (first, 1_000_000 - first)
    if RULE.reason_to_publish(after(seconds), last, outcomes, new) is not None:
        assert RULE.may_publish(after(seconds), last, outcomes)


def test_a_hundred_million_outcomes_make_few_versions() -> None:
    outcomes = versions = 0
    while outcomes < 10**8:
        outcomes = RULE.outcomes_due(outcomes)
        versions += 1
    assert versions < 378  # ln(1e8) / ln(1.05): the bound on the batches of an analysis


def test_other_arms_are_no_case_of_this_rule() -> None:
    with pytest.raises(ValueError, match="zip"):
        RULE.reason_to_publish(after(5), published(10), 100, (300_000, 300_000, 400_000))
