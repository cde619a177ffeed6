"""Caps: pooled, frozen, and why a cap for each arm is not offered."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from litmus_server.stats.absence import TooFew
from litmus_server.stats.critical import Fixed
from litmus_server.stats.estimators import means
from litmus_server.stats.inference import compare
from litmus_server.stats.moments import MICRO, Moments
from litmus_server.stats.winsor import Cap, frozen_cap


def test_the_cap_is_the_quantile_of_all_values_together() -> None:
    values = list(range(1, 10_001))
    assert frozen_cap(reversed(values)) == Cap(upper=9990)
    assert frozen_cap(values, 0.9, 0.1) == Cap(upper=9000, lower=1000)
    assert frozen_cap(values, None, 0.5) == Cap(lower=5000)
    assert frozen_cap(values + [0] * 90_000, 0.9, without_zeros=True) == Cap(upper=9000)
    assert frozen_cap(values + [0] * 90_000, 0.9) == Cap(upper=0)


def test_a_cap_needs_five_thousand_values() -> None:
    assert frozen_cap(range(4999)) == TooFew("a cap", 5000, 4999)
    assert frozen_cap([0] * 9000, without_zeros=True) == TooFew("a cap", 5000, 0)
    for upper, lower in ((1.1, None), (0.5, 0.5), (0.2, 0.3), (None, -0.1)):
        with pytest.raises(ValueError, match="quantiles"):
            frozen_cap(range(9000), upper, lower)
    with pytest.raises(ValueError, match="lower cap"):
        Cap(upper=1, lower=2)


@given(st.integers(), st.integers(), st.integers(0))
def test_capping_twice_is_capping_once_and_keeps_the_order(value: int, lower: int, width: int) -> None:
    cap = Cap(upper=lower + width, lower=lower)
    assert cap.apply(cap.apply(value)) == cap.apply(value)
    assert lower <= cap.apply(value) <= lower + width
    assert cap.apply(value) <= cap.apply(value + 1)
    assert Cap().apply(value) == value


def test_a_pooled_cap_keeps_the_error_that_a_cap_for_each_arm_breaks() -> None:
    rng = np.random.default_rng(6)
    pooled = separate = 0
    runs = 100
    for _ in range(runs):
        arms = [(rng.lognormal(0, 2, n) * MICRO).astype(np.int64) for n in (300, 5700)]
        cap = frozen_cap(np.concatenate(arms).tolist(), 0.99)
        own = [int(np.quantile(arm, 0.99)) for arm in arms]
        assert isinstance(cap, Cap)
        assert cap.upper is not None

        def rejects(caps: list[int], arms: list[np.ndarray[tuple[int], np.dtype[np.int64]]] = arms) -> bool:
            t, c = (Moments.of(np.minimum(arm, most).tolist()) for arm, most in zip(arms, caps, strict=True))
            return compare(means(t, c), Fixed()).significant  # type: ignore[arg-type]

        pooled += rejects([cap.upper, cap.upper])
        separate += rejects(own)
    assert pooled / runs < 0.05 + 4 * np.sqrt(0.05 * 0.95 / runs)
    assert separate > 1.5 * pooled
