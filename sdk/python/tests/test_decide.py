"""The kernel against the golden decisions, and what must hold for every experiment and every unit."""

from collections import Counter
from typing import Any

import pytest
from goldens import golden, names
from hypothesis import given
from hypothesis import strategies as st
from litmus.decide import BUCKETS, REASONS, Decision, Experiment, InvalidUnit, bucket, compile_entry, decide
from scipy import stats

UNITS = [f"user-{number}" for number in range(2_000)]
SALTS = st.text("0123456789abcdef", min_size=16, max_size=16)
SHARES = st.integers(0, BUCKETS)


def entry(**changes: Any) -> Experiment:
    document: dict[str, Any] = golden("decide/units_are_compared_byte_by_byte.json")["entry"]
    return compile_entry(document | changes)


def with_weights(weights: list[int], **changes: Any) -> Experiment:
    variants = [
        {"id": f"id-{k}", "key": f"v{k}", "name": f"V{k}", "ordinal": k, "state": "active"}
        for k in range(len(weights))
    ]
    return entry(variants=variants, weights=weights, **changes)


@st.composite
def weights(draw: st.DrawFn, size: int | None = None) -> list[int]:
    cuts = sorted(draw(st.lists(SHARES, min_size=size or 0, max_size=size or 5)))
    return [end - start for start, end in zip([0, *cuts], [*cuts, BUCKETS], strict=True)]


@pytest.mark.parametrize("name", names("decide"))
def test_a_decision_is_the_one_of_the_golden_file(name: str) -> None:
    document = golden(f"decide/{name}.json")
    experiment = compile_entry(document["entry"])
    for case in document["cases"]:
        decision = decide(experiment, case["unit"], case.get("attributes"), case.get("forced"))
        assert decision == Decision(**case["expect"]), case


def test_the_golden_files_show_every_reason() -> None:
    shown = {
        case["expect"]["reason"]
        for name in names("decide")
        for case in golden(f"decide/{name}.json")["cases"]
    }
    assert shown == set(REASONS)


@given(st.text(), weights(), SHARES)
def test_every_text_gets_a_decision_or_is_called_invalid(unit: str, parts: list[int], traffic: int) -> None:
    experiment = with_weights(parts, traffic=traffic, layer={"salt": "l", "from": 0, "to": 900_000})
    try:
        unit.encode()
    except UnicodeEncodeError:
        with pytest.raises(InvalidUnit):
            decide(experiment, unit)
        return
    decision = decide(experiment, unit)
    assert decision == decide(experiment, unit)
    assert decision.in_experiment is (decision.reason == "assigned")
    assert decision.propensity == (parts[decision.variant] if decision.in_experiment else BUCKETS)
    assert decision.propensity > 0


def test_a_forced_ordinal_that_does_not_exist_is_an_error() -> None:
    for ordinal in (-1, 2):
        with pytest.raises(ValueError, match="no variant with ordinal"):
            decide(entry(), "user-1", forced=ordinal)


def test_decisions_follow_the_weights() -> None:
    parts = [500_000, 300_000, 150_000, 50_000]
    experiment = with_weights(parts)
    counts = Counter(decide(experiment, f"user-{number}").variant for number in range(40_000))
    expected = [part * 40_000 / BUCKETS for part in parts]
    assert stats.chisquare([counts[k] for k in range(4)], expected).pvalue > 1e-4


def test_traffic_and_variant_are_drawn_independently() -> None:
    half, whole = entry(traffic=500_000), entry()
    table = [[0, 0], [0, 0]]
    for number in range(20_000):
        unit = f"user-{number}"
        table[decide(half, unit).in_experiment][decide(whole, unit).variant] += 1
    assert stats.chi2_contingency(table).pvalue > 1e-4


@given(SALTS, SHARES, SHARES)
def test_raising_traffic_only_adds_units(salt: str, one: int, other: int) -> None:
    lower, higher = entry(salt=salt, traffic=min(one, other)), entry(salt=salt, traffic=max(one, other))
    for unit in UNITS[:100]:
        before, after = decide(lower, unit), decide(higher, unit)
        if before.in_experiment:
            assert after == before


@given(SALTS, weights(size=2), weights(size=2))
def test_changing_weights_moves_only_the_units_it_must(salt: str, old: list[int], new: list[int]) -> None:
    before, after = with_weights(old, salt=salt), with_weights(new, salt=salt)
    for unit in UNITS[:100]:
        one, other = decide(before, unit), decide(after, unit)
        assert one.bucket is not None
        start, end = sum(new[: one.variant]), sum(new[: one.variant + 1])
        assert (one.variant == other.variant) == (start <= one.bucket < end)


@given(SALTS, st.integers(0, BUCKETS), st.integers(0, BUCKETS))
def test_two_experiments_of_one_layer_never_share_a_unit(salt: str, one: int, other: int) -> None:
    low, high = sorted((one, other))
    layers = [
        {"salt": salt, "from": start, "to": end} for start, end in [(0, low), (low, high), (high, BUCKETS)]
    ]
    experiments = [entry(salt=f"{place:016x}", layer=layer) for place, layer in enumerate(layers)]
    for unit in UNITS[:50]:
        assert sum(decide(experiment, unit).in_experiment for experiment in experiments) == 1


@given(SALTS, SHARES, SHARES)
def test_raising_the_holdout_only_takes_units_out(salt: str, one: int, other: int) -> None:
    low, high = sorted((one, other))
    smaller, larger = (entry(holdout={"salt": salt, "share": share}) for share in (low, high))
    for unit in UNITS[:100]:
        before, after = decide(smaller, unit), decide(larger, unit)
        assert (after.reason == "holdout") is (bucket(f"holdout:{salt}", unit) < high)
        if after.in_experiment:
            assert before == after


def test_holdout_and_variant_are_drawn_independently() -> None:
    held, whole = entry(holdout={"salt": "h", "share": 300_000}), entry()
    table = [[0, 0], [0, 0]]
    for number in range(20_000):
        unit = f"user-{number}"
        table[decide(held, unit).in_experiment][decide(whole, unit).variant] += 1
    assert stats.chi2_contingency(table).pvalue > 1e-4


@given(weights(), SHARES)
def test_a_flag_gives_what_the_experiment_of_the_same_document_gives(parts: list[int], traffic: int) -> None:
    experiment = with_weights(parts, traffic=traffic)
    flag = with_weights(parts, traffic=traffic, type="flag")
    for unit in UNITS[:50]:
        one, other = decide(experiment, unit), decide(flag, unit)
        assert not other.in_experiment
        assert other.reason == ("flag" if one.in_experiment else one.reason)
        assert (one.variant, one.propensity, one.bucket) == (other.variant, other.propensity, other.bucket)


@given(weights())
def test_a_variant_with_no_share_is_never_chosen(parts: list[int]) -> None:
    experiment = with_weights(parts)
    for unit in UNITS[:100]:
        assert parts[decide(experiment, unit).variant] > 0
