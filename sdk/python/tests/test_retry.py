"""When to ask again and when to stop: pure rules, so the clock is a number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litmus.errors import (
    AuthError,
    DeadlineError,
    LitmusError,
    NotFoundError,
    RateLimitedError,
    RefusedError,
    ServerError,
    UnreachableError,
)
from litmus.retry import Breaker, RetryPolicy


def longest(low: float, high: float) -> float:
    assert low == 0
    return high


def test_pauses_double_up_to_the_cap() -> None:
    policy = RetryPolicy(retries=10, base=0.1, cap=2.0)
    pauses = [policy.pause(attempt, UnreachableError("x"), 1e9, longest) for attempt in range(7)]
    assert pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]


@given(st.integers(0, 5), st.integers(0, 10_000), st.floats(0, 10), st.one_of(st.none(), st.floats(0, 10)))
def test_a_pause_ends_within_the_budget_and_never_after_the_last_retry(
    retries: int, attempt: int, left: float, retry_after: float | None
) -> None:
    pause = RetryPolicy(retries).pause(attempt, ServerError("x", retry_after=retry_after), left, longest)
    if pause is not None:
        assert attempt < retries
        assert 0 <= pause < left
        assert retry_after is None or pause == retry_after


@pytest.mark.parametrize("kind", [UnreachableError, ServerError, RateLimitedError])
def test_these_are_worth_another_try(kind: type[LitmusError]) -> None:
    assert RetryPolicy(1).pause(0, kind("x"), 10, longest) is not None


@pytest.mark.parametrize("kind", [DeadlineError, AuthError, NotFoundError, RefusedError])
def test_these_are_not(kind: type[LitmusError]) -> None:
    assert RetryPolicy(1).pause(0, kind("x"), 10, longest) is None


def test_the_breaker_opens_after_five_failures_in_a_row() -> None:
    breaker = Breaker()
    for _ in range(4):
        breaker.failed(now=0)
    breaker.succeeded()
    for _ in range(4):
        breaker.failed(now=0)
    assert breaker.allows(now=0)
    breaker.failed(now=0)
    assert breaker.is_open
    assert not breaker.allows(now=9.9)


def test_one_call_at_a_time_tries_an_open_breaker() -> None:
    breaker = Breaker()
    for _ in range(5):
        breaker.failed(now=0)
    assert breaker.allows(now=10)
    assert not breaker.allows(now=10)
    breaker.failed(now=12)
    assert not breaker.allows(now=21)
    assert breaker.allows(now=22)
    breaker.succeeded()
    assert breaker.allows(now=22)
    assert breaker.allows(now=22)


def test_a_trial_that_never_came_back_does_not_close_the_door_for_ever() -> None:
    breaker = Breaker()
    for _ in range(5):
        breaker.failed(now=0)
    assert breaker.allows(now=10)
    assert breaker.allows(now=20)


def test_a_tripped_breaker_holds_as_long_as_it_was_told() -> None:
    breaker = Breaker()
    breaker.trip(now=0, hold=60)
    assert not breaker.allows(now=59)
    assert breaker.allows(now=60)
