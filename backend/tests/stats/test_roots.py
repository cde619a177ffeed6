"""Roots: found to the last digits, and only where there is one."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from litmus_server.stats.roots import root


@given(st.floats(-50, 50), st.floats(1e-3, 1e3), st.booleans())
@settings(max_examples=200, deadline=None)
def test_a_root_is_found_to_the_last_digits(x: float, steepness: float, falling: bool) -> None:
    sign = -1 if falling else 1
    found = root(lambda at: sign * math.tanh(steepness * (at - x)), -100, 100)
    assert found == pytest.approx(x, abs=3e-13 * max(1, abs(x)))


def test_flat_and_steep_functions_end_soon() -> None:
    for f, expected in (
        (lambda x: (x - 1) ** 5, 1.0),
        (lambda x: math.exp(min(x, 700)) - 5, math.log(5)),
        (lambda x: math.atan(x - 3e6), 3e6),
    ):
        calls = 0

        def counted(x: float, f=f) -> float:  # type: ignore[no-untyped-def]
            nonlocal calls
            calls += 1
            return float(f(x))

        assert root(counted, -1e9, 1e10) == pytest.approx(expected, rel=1e-9)
        assert calls < 120


def test_a_tolerance_finer_than_floats_ends_at_the_last_bit() -> None:
    assert root(lambda x: x - 1 / 3, 0, 1, tolerance=1e-30) == pytest.approx(1 / 3, rel=1e-15)
    assert root(lambda x: x**3 - 3e60, -1e30, 1e30, tolerance=0.0) == pytest.approx(
        3e60 ** (1 / 3), rel=1e-13
    )


def test_an_end_may_be_the_root_and_no_change_of_sign_is_refused() -> None:
    assert root(lambda x: x, 0, 1) == 0
    assert root(lambda x: x - 1, 0, 1) == 1
    with pytest.raises(ValueError, match="no change of sign"):
        root(lambda x: x + 2, 0, 1)
