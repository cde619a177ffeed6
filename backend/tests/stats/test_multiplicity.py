"""Adjusted p-values against statsmodels and scipy, families, and what the methods promise."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from litmus_server.stats.multiplicity import Method, Question, Role, Scope, adjust, adjust_evidence, families
from scipy import stats
from statsmodels.stats.multitest import multipletests

GOLDEN = json.loads((Path(__file__).parents[3] / "spec" / "stats" / "multiplicity.json").read_text())

P_VALUES = st.lists(
    st.one_of(st.floats(0, 1), st.sampled_from([0.0, 1e-300, 0.01, 1.0])), min_size=1, max_size=30
)


@pytest.mark.parametrize("case", GOLDEN["cases"])
def test_adjustments_agree_with_the_references(case: dict[str, Any]) -> None:
    if "evidence" in case:
        found = adjust_evidence(np.log(case["evidence"]), case["alpha"])
    else:
        found = adjust(case["p"], Method(case["method"]), case["alpha"])
        assert found.p == pytest.approx(case["adjusted"], rel=GOLDEN["relative_tolerance"])
    assert list(found.rejected) == case["rejected"]


@given(P_VALUES, st.sampled_from([0.01, 0.05, 0.2]))
@settings(max_examples=30, deadline=None)
def test_adjusted_p_values_agree_with_statsmodels_and_scipy(p: list[float], alpha: float) -> None:
    holm = adjust(p, Method.HOLM, alpha)
    assert holm.p == pytest.approx(multipletests(p, alpha, method="holm")[1], rel=1e-12, abs=1e-300)
    found = adjust(p, Method.BENJAMINI_HOCHBERG, alpha)
    assert found.p == pytest.approx(stats.false_discovery_control(p), rel=1e-12, abs=1e-300)


@given(P_VALUES)
@settings(max_examples=100, deadline=None)
def test_an_interval_at_its_alpha_excludes_no_effect_exactly_where_it_is_rejected(p: list[float]) -> None:
    for method in Method:
        found = adjust(p, method, 0.05)
        for before, after, rejected in zip(p, found.p, found.rejected, strict=True):
            assert after >= before
            if abs(after - 0.05) > 1e-12:
                assert rejected == (before <= found.interval_alpha)


@given(P_VALUES, st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_the_order_of_questions_does_not_matter(p: list[float], random: Any) -> None:
    order = list(range(len(p)))
    random.shuffle(order)
    for method in Method:
        straight, shuffled = adjust(p, method).p, adjust([p[k] for k in order], method).p
        assert shuffled == pytest.approx([straight[k] for k in order])


@given(st.lists(st.floats(-5, 50), min_size=1, max_size=20))
@settings(max_examples=100, deadline=None)
def test_evidence_is_rejected_by_the_definition_of_e_bh(log_evidence: list[float]) -> None:
    m, alpha = len(log_evidence), 0.05
    ranked = sorted(log_evidence, reverse=True)
    last = max((k for k in range(1, m + 1) if ranked[k - 1] >= math.log(m / (k * alpha))), default=0)
    assert sum(adjust_evidence(log_evidence, alpha).rejected) == last


def test_the_error_rates_hold_for_correlated_statistics() -> None:
    rng = np.random.default_rng(3)
    for rho in (0.0, 0.5, 0.9):
        shared, own = rng.standard_normal((2000, 1)), rng.standard_normal((2000, 20))
        z = np.sqrt(rho) * shared + np.sqrt(1 - rho) * own
        z[:, :5] += 3.0  # five of the twenty are real
        p = 2 * stats.norm.sf(np.abs(z))
        any_false, shares_false = [], []
        for row in p:
            any_false.append(any(adjust(row, Method.HOLM).rejected[5:]))
            found = adjust(row, Method.BENJAMINI_HOCHBERG).rejected
            shares_false.append(sum(found[5:]) / max(sum(found), 1))
        assert np.mean(any_false) <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 2000)
        assert np.mean(shares_false) <= 0.05 + 3 * np.std(shares_false) / math.sqrt(2000)


def test_families_follow_the_scope_and_guardrails_stand_alone() -> None:
    questions = [
        Question("rate", "b", Role.PRIMARY),
        Question("rate", "c", Role.PRIMARY),
        Question("revenue", "b", Role.SECONDARY),
        Question("revenue", "c", Role.SECONDARY),
        Question("errors", "b", Role.GUARDRAIL),
        Question("value", "b", Role.PRIMARY),
    ]
    assert families(questions, Scope.METRIC) == ((0, 1), (2, 3), (4,), (5,))
    assert families(questions, Scope.EXPERIMENT) == ((0, 1, 2, 3, 5), (4,))
    assert families(questions, Scope.PRIMARY) == ((0, 1, 5), (2, 3), (4,))


def test_what_is_no_p_value_is_refused() -> None:
    for bad in ([1.1], [-0.1], [math.nan], 0.05):
        with pytest.raises(ValueError, match="p-values"):
            adjust(bad, Method.HOLM)
    with pytest.raises(ValueError, match="evidence"):
        adjust_evidence([math.nan])
    assert adjust([], Method.HOLM).p == ()
