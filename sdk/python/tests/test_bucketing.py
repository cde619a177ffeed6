"""The hash and the arithmetic of shares: golden vectors, an independent hash, and what must always hold."""

import hashlib
import math
from typing import Any

import pytest
from goldens import golden
from hypothesis import given
from hypothesis import strategies as st
from litmus.decide import BUCKETS, InvalidUnit, bucket, h32, shares_to_ppm, thresholds
from scipy import stats

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
SHARES = st.lists(st.integers(0, 10**6), min_size=1, max_size=12).filter(any)


@pytest.mark.parametrize("vector", golden("bucketing/sha256_v1.json")["vectors"])
def test_every_language_hashes_to_the_same_bucket(vector: dict[str, Any]) -> None:
    assert h32(vector["salt"], vector["unit"]) == vector["h32"]
    assert bucket(vector["salt"], vector["unit"]) == vector["bucket"]


@given(TEXT, TEXT)
def test_the_bucket_is_that_of_a_hash_written_another_way(salt: str, unit: str) -> None:
    digits = hashlib.new("sha256", f"{salt}:{unit}".encode()).hexdigest()[:8]
    assert bucket(salt, unit) == math.floor(int(digits, 16) * 1_000_000 / 2**32)


@pytest.mark.parametrize(("salt", "unit"), [("s", "a\ud800"), ("\udfff", "a")])
def test_a_lone_surrogate_is_a_clear_value_error(salt: str, unit: str) -> None:
    with pytest.raises(InvalidUnit, match="lone surrogate at position"):
        bucket(salt, unit)
    assert issubclass(InvalidUnit, ValueError)


@pytest.mark.parametrize("salt", [f"variant:{number:016x}" for number in range(12)])
def test_buckets_are_uniform(salt: str) -> None:
    counts = [0] * 50
    for number in range(20_000):
        counts[bucket(salt, f"user-{number}") * 50 // BUCKETS] += 1
    assert stats.chisquare(counts).pvalue > 1e-4


@pytest.mark.parametrize(
    ("one", "other"), [("traffic:00ff", "variant:00ff"), ("variant:00ff", "variant:00fe")]
)
def test_two_salts_are_independent(one: str, other: str) -> None:
    table = [[0] * 5 for _ in range(5)]
    for number in range(20_000):
        unit = f"user-{number}"
        table[bucket(one, unit) * 5 // BUCKETS][bucket(other, unit) * 5 // BUCKETS] += 1
    assert stats.chi2_contingency(table).pvalue > 1e-4


def test_shares_become_the_thresholds_of_the_study() -> None:
    study = golden("bucketing/shares_and_thresholds.json")
    weights = shares_to_ppm(study["shares"])
    assert thresholds(weights) == tuple(study["thresholds"])
    for case in study["cases"]:
        place = bucket(study["salt"], case["unit"])
        chosen = next(k for k, end in enumerate(thresholds(weights)) if place < end)
        assert (place, chosen, weights[chosen]) == (case["bucket"], case["arm"], case["propensity_ppm"])


@given(SHARES)
def test_shares_in_ppm_sum_to_a_million_and_are_off_by_less_than_two(parts: list[int]) -> None:
    shares = [part / sum(parts) for part in parts]
    weights = shares_to_ppm(shares)
    assert sum(weights) == BUCKETS
    for weight, share in zip(weights, shares, strict=True):
        assert weight >= 0
        assert abs(weight - share * BUCKETS) < 2
        assert share > 0 or weight == 0


@pytest.mark.parametrize(
    "shares",
    [[], [0.5], [0.5, 0.6], [1.1, -0.1], [float("nan"), 1.0], [float("inf"), 0.0], [0.0, 0.0], [0.999998]],
)
def test_shares_that_are_no_shares_are_refused(shares: list[float]) -> None:
    with pytest.raises(ValueError, match="shares must"):
        shares_to_ppm(shares)
