"""The hash and the arithmetic of shares: golden vectors, an independent hash, and what must always hold."""

import hashlib
import math
from bisect import bisect_right
from itertools import pairwise
from typing import Any

import pytest
from goldens import golden
from hypothesis import given
from hypothesis import strategies as st
from litmus.decide import BUCKETS, InvalidUnit, bucket, h32, thresholds
from scipy import stats

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


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


def test_the_thresholds_of_the_study_choose_the_arms_of_the_study() -> None:
    study = golden("bucketing/shares_and_thresholds.json")
    ends = study["thresholds"]
    weights = [end - start for start, end in pairwise([0, *ends])]
    assert thresholds(weights) == tuple(ends)
    for case in study["cases"]:
        place = bucket(study["salt"], case["unit"])
        chosen = bisect_right(ends, place)
        assert (place, chosen, weights[chosen]) == (case["bucket"], case["arm"], case["propensity_ppm"])
