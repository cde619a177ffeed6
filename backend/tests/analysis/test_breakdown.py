"""One metric by the values of a dimension, against independent judges, and what is said where a slice is too small."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from litmus_server.analysis.breakdown import broken_down, post_stratified
from litmus_server.domain.breakdown import Breakdown, SliceKind
from litmus_server.domain.report import Missing
from litmus_server.ports import Sliced, SlicedSums, SliceValue
from litmus_server.stats.beta import Interval
from litmus_server.stats.contrast import LinearContrast
from litmus_server.stats.critical import Fixed
from litmus_server.stats.estimators import means
from litmus_server.stats.inference import compare
from litmus_server.stats.moments import MICRO, Moments
from scipy import stats
from sheets import NOW, TODAY, Unit, entry, metric, sheet
from statsmodels.stats.meta_analysis import combine_effects
from statsmodels.stats.multitest import multipletests

OLD = TODAY - 240
FIXED = {"method": "fixed", "adjustment": "none"}


def drawn(n: tuple[int, int], means: tuple[float, float], seed: int) -> list[Unit]:
    rng = random.Random(seed)
    return [(arm, 1, OLD, rng.gauss(means[arm], 2), 0.0) for arm in range(2) for _ in range(n[arm])]


SHOPS = {
    "de": drawn((500, 480), (10.0, 10.1), 1),
    "fr": drawn((300, 320), (14.0, 15.5), 2),
    "it": drawn((200, 190), (6.0, 6.2), 3),
}


def sliced(parts: dict[str | None, list[Unit]], of: dict[str, Any] | None = None, **fields: Any) -> Sliced:
    mine = [metric(**(of or {}))]
    document = entry(mine, **fields)
    whole = sheet(mine, {1: [unit for units in parts.values() for unit in units]})
    sums = [SlicedSums(SliceValue(name), sheet(mine, {1: units})) for name, units in parts.items()]
    return Sliced(NOW, 7, document, {1: document["weights"]}, whole, sums)


def told(parts: Any, of: dict[str, Any] | None = None, **fields: Any) -> Breakdown:
    return broken_down(sliced(parts, of, **({"analysis": FIXED} | fields)), "country")


def values(units: list[Unit], arm: int) -> list[float]:
    return [round(unit[3], 6) for unit in units if unit[0] == arm]


def test_each_slice_is_welchs_test_and_all_of_them_are_one_family() -> None:
    found = told(SHOPS)
    judges = [stats.ttest_ind(values(u, 1), values(u, 0), equal_var=False) for u in SHOPS.values()]
    effects = [each.effects[0] for each in found.slices]
    assert [each.p_value for each in effects] == pytest.approx([judge.pvalue for judge in judges])
    corrected = multipletests([judge.pvalue for judge in judges], method="holm")[1]
    adjusted = [each.adjusted for each in effects]
    assert [each.p_value for each in adjusted if each] == pytest.approx(list(corrected))
    assert [each.family for each in adjusted if each] == [3, 3, 3]
    assert [each.significant for each in effects] == list(corrected <= 0.05)
    assert effects[1].significant
    assert [(each.value, each.exposed_units) for each in found.slices] == [
        ("de", 980),
        ("fr", 620),
        ("it", 390),
    ]
    assert sum(each.share for each in found.slices) == pytest.approx(1)
    assert (found.correction, found.seq, found.metric) == ("holm", 7, "m1")


def test_an_experiment_that_corrects_nothing_corrects_its_slices_all_the_same() -> None:
    found = told(SHOPS, analysis={**FIXED, "correction": "none"})
    assert found.correction == "holm"
    found = told(SHOPS, analysis={**FIXED, "correction": "benjamini_hochberg"})
    judges = [stats.ttest_ind(values(u, 1), values(u, 0), equal_var=False).pvalue for u in SHOPS.values()]
    adjusted = [each.effects[0].adjusted for each in found.slices]
    assert [each.p_value for each in adjusted if each] == pytest.approx(
        list(multipletests(judges, method="fdr_bh")[1])
    )


def test_whether_effects_differ_is_cochrans_q() -> None:
    [found] = told(SHOPS).heterogeneity
    pairs = [(values(u, 1), values(u, 0)) for u in SHOPS.values()]
    differences = [np.mean(t) - np.mean(c) for t, c in pairs]
    variances = [np.var(t, ddof=1) / len(t) + np.var(c, ddof=1) / len(c) for t, c in pairs]
    judge = combine_effects(np.array(differences), np.array(variances))
    assert found.statistic == pytest.approx(judge.q)
    assert found.df == 2
    assert found.p_value == pytest.approx(stats.chi2.sf(judge.q, 2))
    assert found.i_squared == pytest.approx(judge.i2)
    assert (found.slices, found.left_out) == (3, 0)


def test_post_stratification_weighs_slices_by_their_part_of_all_units_and_is_narrower() -> None:
    [found] = told(SHOPS).overall
    pairs = [(values(u, 1), values(u, 0)) for u in SHOPS.values()]
    n = np.array([len(t) + len(c) for t, c in pairs])
    w = n / n.sum()
    differences = np.array([np.mean(t) - np.mean(c) for t, c in pairs])
    variances = np.array([np.var(t, ddof=1) / len(t) + np.var(c, ddof=1) / len(c) for t, c in pairs])
    middle = w @ differences
    error = np.sqrt(w**2 @ variances + w @ (differences - middle) ** 2 / n.sum())
    assert found.difference is not None
    assert found.difference.estimate == pytest.approx(middle)
    assert found.difference.lower is not None
    assert found.difference.upper is not None
    plain = found.plain.difference
    assert plain.lower is not None
    assert plain.upper is not None
    assert found.difference.upper - middle == pytest.approx(
        1.96 * error, rel=2e-3
    )  # t with some 1,500 degrees
    assert found.difference.upper - found.difference.lower < plain.upper - plain.lower
    all_units = [unit for units in SHOPS.values() for unit in units]
    judge = stats.ttest_ind(values(all_units, 1), values(all_units, 0), equal_var=False)
    assert found.plain.p_value == pytest.approx(judge.pvalue)


def test_the_post_stratified_difference_and_its_error_are_those_of_gbstats() -> None:
    golden = json.loads((Path(__file__).parents[3] / "spec/stats/post_stratified.json").read_text())
    for case in golden["cases"]:
        parts = []
        for control, treatment in case["strata"]:
            arms = (
                Moments(each["n"], round(each["sum"] * MICRO), round(each["sum_squares"] * MICRO**2))
                for each in (treatment, control)
            )
            contrast = means(*arms)
            assert isinstance(contrast, LinearContrast)
            parts.append((control["n"] + treatment["n"], contrast))
        found = post_stratified(parts)
        tolerance = golden["relative_tolerance"]
        assert found.treatment - found.control == pytest.approx(case["difference"], rel=tolerance)
        assert found.standard_error == pytest.approx(case["standard_error"], rel=tolerance)


def test_the_post_stratified_interval_holds_the_truth_as_often_as_it_says() -> None:
    """Slices of very different level, a random split of all units, and the parts themselves drawn: 2,000 times."""
    rng = np.random.default_rng(11)
    level, effect = np.array([0.0, 4.0, 9.0]), np.array([0.0, 1.0, 2.0])
    held = 0
    for _ in range(2000):
        which, arm = rng.integers(0, 3, 900), rng.integers(0, 2, 900)
        y = level[which] + arm * effect[which] + rng.normal(0, 1, 900)
        parts = []
        for k in range(3):
            t, c = y[(which == k) & (arm == 1)], y[(which == k) & (arm == 0)]
            v_t, v_c = t.var(ddof=1) / t.size, c.var(ddof=1) / c.size
            parts.append(
                (t.size + c.size, LinearContrast(float(t.mean()), float(c.mean()), float(v_t), float(v_c)))
            )
        interval = compare(post_stratified(parts), Fixed()).interval
        assert isinstance(interval, Interval)
        held += interval.lower <= 1.0 <= interval.upper
    assert held / 2000 == pytest.approx(0.95, abs=0.015)  # three standard errors


def test_looks_are_nobodys_plan_in_a_slice_so_intervals_hold_at_any_time() -> None:
    found = told(SHOPS, analysis={"adjustment": "none"}, planned_units=4000)
    assert {each.effects[0].method for each in found.slices} == {"always_valid"}
    assert {each.effects[0].population for each in found.slices} == {"all"}
    assert found.slices[0].effects[0].p_value is not None


def test_a_slice_that_is_too_small_says_so_and_counts_in_the_family() -> None:
    found = told({**SHOPS, "li": drawn((3, 2), (9.0, 9.0), 9)}, analysis={"adjustment": "none"})
    small = found.slices[-1].effects[0]
    assert (small.p_value, small.missing["p_value"]) == (None, Missing.NOT_OPEN)
    assert found.slices[1].effects[0].adjusted is not None
    assert found.slices[1].effects[0].adjusted.family == 4
    assert (found.heterogeneity[0].slices, found.heterogeneity[0].left_out) == (3, 1)
    assert found.overall[0].missing["difference"] is Missing.TOO_FEW_UNITS
    alone = told({"li": drawn((3, 2), (9.0, 9.0), 9)}, analysis={"adjustment": "none"})
    assert alone.heterogeneity[0].missing["p_value"] is Missing.TOO_FEW_UNITS


def test_the_slice_whose_units_are_lost_is_named() -> None:
    found = told({**SHOPS, "es": drawn((600, 400), (5.0, 5.0), 5)})
    [guilty] = found.guilty
    assert (guilty.kind, guilty.value, guilty.units) == (SliceKind.VALUE, "es", 1000)
    assert guilty.p_value < 0.01 < guilty.p_value_of_the_rest
    assert [each.sample_ratio.mismatch for each in found.slices] == [False, False, False, True]


def test_other_values_and_none_are_slices_too() -> None:
    found = broken_down(
        sliced({"de": SHOPS["de"]})._replace(
            slices=[
                SlicedSums(SliceValue("de"), sliced({"de": SHOPS["de"]}).whole),
                SlicedSums(SliceValue(None, other=True), sliced({"fr": SHOPS["fr"]}).whole),
                SlicedSums(SliceValue(None), sliced({"it": SHOPS["it"]}).whole),
            ]
        ),
        "country",
    )
    assert [each.kind for each in found.slices] == [SliceKind.VALUE, SliceKind.OTHER, SliceKind.UNKNOWN]


def test_nothing_is_claimed_of_features_that_decided_and_nothing_of_no_units() -> None:
    found = told(SHOPS, type="linucb")
    assert {each.effects[0].missing["p_value"] for each in found.slices} == {Missing.OWN_SHARES}
    assert [each.sample_ratio.mismatch for each in found.slices] == [None] * 3
    assert found.guilty == []
    empty = told({})
    assert (empty.slices, empty.guilty) == ([], [])
    assert empty.overall[0].plain.missing["p_value"] is Missing.NO_EXPOSURES


def test_a_bandits_slices_are_estimated_as_its_whole_is() -> None:
    found = told(SHOPS, of={"kind": "mean"}, type="thompson_sampling", analysis={})
    assert {each.effects[0].method for each in found.slices} == {"after_bandit"}
    assert found.overall[0].missing["difference"] is Missing.NOT_SUPPORTED
