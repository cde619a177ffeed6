"""Effects of a report against independent judges, and every situation in which one cannot be told: a value with a reason."""

import datetime as dt
import math
import random
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest
from litmus_server.analysis.document import computed, report_of
from litmus_server.bandits.accounts import Saved, regret_saved
from litmus_server.domain.report import Effect, Missing, Report
from litmus_server.ports import Facts
from litmus_server.stats.adaptive import AfterBandit, Batch
from litmus_server.stats.critical import AlwaysValid, best_ratio, information
from litmus_server.stats.estimators import proportions
from litmus_server.stats.inference import compare
from litmus_server.stats.moments import MICRO, Moments
from scipy import stats
from sheets import NOW, TODAY, Unit, entry, facts, metric, sheet
from statsmodels.stats.proportion import proportions_ztest

OLD = TODAY - 24 * 10


def drawn(
    n: int, means: tuple[float, ...], *, seed: int = 1, epoch: int = 1, cohort: int = OLD, linked: float = 0.0
) -> list[Unit]:
    """Normal values, n of each arm; `linked`: how much of the value was there before the exposure."""
    rng = random.Random(seed)
    units = []
    for arm, mean in enumerate(means):
        for _ in range(n):
            before = rng.gauss(5, 1)
            units.append((arm, epoch, cohort, mean + linked * (before - 5) + rng.gauss(0, 1), before))
    return units


def converting(counts: tuple[tuple[int, int], ...], *, epoch: int = 1, cohort: int = OLD) -> list[Unit]:
    """(successes, units) of each arm."""
    return [
        (arm, epoch, cohort, float(k < successes), 0.0)
        for arm, (successes, units) in enumerate(counts)
        for k in range(units)
    ]


def told(units: list[Unit], *, of: dict[str, Any] | None = None, arms: int = 2, **fields: Any) -> Report:
    mine = [metric(**(of or {}))]
    names = {
        name: fields.pop(name)
        for name in ("looks", "shares", "now", "past", "rejected", "propensities")
        if name in fields
    }
    return report_of(facts(entry(mine, arms, **fields), sheet(mine, {1: units}), **names))


def only(report: Report) -> Effect:
    [effect] = report.metrics[0].effects
    return effect


def values(units: list[Unit], arm: int) -> list[float]:
    return [unit[3] for unit in units if unit[0] == arm]


def test_a_mean_is_welchs_test_at_one_look() -> None:
    units = drawn(400, (10.0, 10.3))
    plan = {"method": "fixed", "adjustment": "none"}
    effect = only(told(units, analysis=plan))
    judge = stats.ttest_ind(values(units, 1), values(units, 0), equal_var=False)
    assert effect.difference.estimate is not None
    assert effect.p_value == pytest.approx(judge.pvalue, rel=1e-6)
    assert effect.statistic == pytest.approx(judge.statistic, rel=1e-6)
    interval = judge.confidence_interval(0.95)
    assert effect.difference.lower == pytest.approx(interval.low, rel=1e-6)
    assert effect.difference.upper == pytest.approx(interval.high, rel=1e-6)
    assert effect.lift.estimate == pytest.approx(
        effect.difference.estimate / np.mean(values(units, 0)), rel=1e-6
    )
    tests = {test.name: test for test in told(units, analysis=plan).metrics[0].tests}
    assert tests["welch_t"].p_value == pytest.approx(judge.pvalue, rel=1e-6)
    assert tests["welch_t"].df == pytest.approx(judge.df, rel=1e-6)
    student = stats.ttest_ind(values(units, 1), values(units, 0))
    assert tests["student_t"].p_value == pytest.approx(student.pvalue, rel=1e-6)
    assert tests["student_t"].df == pytest.approx(student.df)


def test_what_units_did_before_makes_the_effect_more_precise_and_the_plain_one_stands_beside_it() -> None:
    units = drawn(400, (10.0, 10.3), linked=2.0)
    adjusted, plain = (
        only(told(units, analysis={"method": "fixed", "adjustment": how})) for how in ("lin", "none")
    )
    assert adjusted.standard_error is not None
    assert plain.standard_error is not None
    assert adjusted.standard_error < 0.6 * plain.standard_error
    [beside] = [other for other in adjusted.alternatives if other.name == "unadjusted"]
    assert beside.difference == plain.difference
    assert beside.p_value == plain.p_value
    assert plain.alternatives[0].name == "always_valid"


def test_conversions_are_the_pooled_z_test_and_chi_squared() -> None:
    counts = ((200, 2000), (260, 2000))
    report = told(converting(counts), of={"kind": "conversion"}, analysis={"method": "fixed"})
    z, p = proportions_ztest([260, 200], [2000, 2000])
    assert only(report).statistic == pytest.approx(z, rel=1e-9)
    assert only(report).p_value == pytest.approx(p, rel=1e-9)
    tests = {test.name: test for test in report.metrics[0].tests}
    table = stats.chi2_contingency([[200, 1800], [260, 1740]], correction=False)
    assert tests["chi_squared"].statistic == pytest.approx(table.statistic, rel=1e-9)
    assert tests["chi_squared"].p_value == pytest.approx(table.pvalue, rel=1e-9)
    assert tests["two_proportion_z"].p_value == pytest.approx(p, rel=1e-9)


def test_without_a_plan_the_interval_is_always_valid_and_narrowest_at_ten_thousand_units() -> None:
    counts = ((200, 2000), (260, 2000))
    effect = only(told(converting(counts), of={"kind": "conversion"}))
    contrast = proportions(260, 2000, 200, 2000)
    ratio = information(2000, 2000) / information(5000, 5000) * best_ratio(0.05)
    judge = compare(contrast, AlwaysValid(ratio), 0.05)  # type: ignore[arg-type]
    assert effect.method == "always_valid"
    assert effect.population == "all"
    assert effect.p_value == judge.p_value
    assert effect.difference.lower == judge.interval.lower  # type: ignore[union-attr]


def test_two_epochs_of_other_weights_do_not_make_an_effect_out_of_a_drift() -> None:
    """Simpson's paradox: nothing differs within an epoch, and pooled means differ by much."""
    early = [*drawn(900, (10.0,), seed=1), *[(1, *u[1:]) for u in drawn(100, (10.0,), seed=2)]]
    late = [(0, 2, *u[2:]) for u in drawn(500, (20.0,), seed=3)] + [
        (1, 2, *u[2:]) for u in drawn(500, (20.0,), seed=4)
    ]
    shares = {1: [900_000, 100_000], 2: [500_000, 500_000]}
    plan = {"method": "fixed", "adjustment": "none"}
    effect = only(told(early + late, analysis=plan, shares=shares, epoch=2))
    assert effect.p_value is not None
    assert effect.p_value > 0.01
    assert effect.difference.estimate == pytest.approx(0.0, abs=0.3)
    naive = np.mean(values(early + late, 1)) - np.mean(values(early + late, 0))
    assert naive > 3
    assert "Weights were changed" in effect.notes[0]


def test_units_of_a_time_in_which_control_was_paused_do_not_count() -> None:
    units = [*drawn(200, (10.0, 10.5)), *[(1, 2, *u[2:]) for u in drawn(300, (99.0,), seed=5)]]
    effect = only(
        told(units, shares={1: [500_000, 500_000], 2: [0, 1_000_000]}, epoch=2, analysis={"method": "fixed"})
    )
    assert (effect.units, effect.control_units) == (200, 200)
    assert effect.mean == pytest.approx(10.5, abs=0.3)


# ── planned looks ────────────────────────────────────────────────────────────────────────────────────────────────────


def planned(units: list[Unit], looks: Any = (), now: dt.datetime = NOW, **fields: Any) -> Facts:
    mine = [metric()]
    return facts(entry(mine, planned_units=2000, **fields), sheet(mine, {1: units}), looks=looks, now=now)


def test_before_a_window_has_closed_nothing_is_said_but_when_it_will_be() -> None:
    effect = only(report_of(planned(drawn(100, (10.0, 10.0), cohort=TODAY))))
    assert effect.missing["p_value"] == Missing.WINDOWS_OPEN
    assert effect.p_value is None
    assert effect.windows.open_units == 200
    assert effect.windows.closes_at == NOW + dt.timedelta(days=2)
    assert "2026-11-22" in effect.notes[0]


def test_a_look_is_taken_once_when_its_fraction_is_there_and_kept() -> None:
    first = computed(planned(drawn(200, (10.0, 10.1))))
    [look] = first.looks
    assert (look.number, look.fraction, look.final, look.planned_units, look.units) == (
        2,
        0.2,
        False,
        2000,
        400,
    )
    again = computed(planned(drawn(200, (10.0, 10.1)), first.looks))
    assert again.looks == []
    assert only(again.report) == only(first.report)
    more = computed(planned(drawn(500, (10.0, 10.1)), first.looks))
    assert [each.number for each in more.looks] == [7]
    assert [each.number for each in only(more.report).looks] == [2, 7]
    assert only(more.report).population == "matured"


def test_between_looks_what_the_looks_found_still_holds() -> None:
    """The interval of a look bounds the one that is shown later, and the p-value never rises."""
    first = computed(planned(drawn(700, (10.0, 10.3), seed=3)))
    then = only(first.report)
    later = only(report_of(planned(drawn(714, (10.0, 10.3), seed=3), first.looks)))
    assert first.looks[0].number == 9
    assert later.looks == then.looks
    assert later.difference.lower is not None
    assert first.looks[0].lower is not None
    assert later.difference.lower >= first.looks[0].lower
    assert later.p_value is not None
    assert then.p_value is not None
    assert later.p_value <= then.p_value + 1e-12
    assert then.significant
    assert later.significant


def shifted(n: int, by: float, seed: int) -> list[Unit]:
    """Two arms of the same values, but for this difference."""
    control = drawn(n, (10.0,), seed=seed)
    return [*control, *[(1, *unit[1:3], unit[3] + by, 0.0) for unit in control]]


def test_an_effect_that_faded_is_told_by_what_its_looks_have_shown_and_not_by_its_present_sign() -> None:
    """Better at the sixth look; those who came later made up for it, and a little more."""
    early, late = shifted(430, 0.24, seed=3), shifted(500, -0.25, seed=4)
    plan = {"adjustment": "none"}
    first = computed(planned(early, analysis=plan))
    assert only(first.report).better
    report = report_of(planned([*early, *late], first.looks, analysis=plan))
    effect = only(report)
    assert effect.difference.estimate is not None
    assert effect.difference.lower is not None
    assert effect.difference.estimate < 0 < effect.difference.lower
    assert effect.better
    assert report.verdict.value == "ship"
    assert "by" not in report.verdict.sentence.split("than A on m1")[1]


def test_looks_that_contradict_each_other_decide_nothing() -> None:
    early, late = drawn(430, (10.0, 10.5), seed=3), drawn(570, (10.0, 9.0), seed=4)
    first = computed(planned(early))
    report = report_of(planned([*early, *late], first.looks))
    effect = only(report)
    assert effect.difference.missing["lower"] == Missing.CONTRADICTION
    assert effect.missing["better"] == Missing.CONTRADICTION
    assert any("nothing in common" in note for note in effect.notes)
    assert report.verdict.value == "no_difference"
    assert "Nothing lasting" in report.verdict.sentence
    assert nulls(msgspec.json.decode(msgspec.json.encode(report))) == set()


def test_where_the_planned_units_came_unevenly_a_last_look_spends_what_is_left() -> None:
    """650 and 1,350 of 2,000 units have 0.88 of the information that 1,000 and 1,000 would have."""
    units = [*drawn(650, (10.0, 10.1)), *[(1, *u[1:]) for u in drawn(700, (10.1,), seed=2)]]
    over: dict[str, Any] = {"status": "completed", "completed_at": "2026-11-19T00:00:00Z"}
    found = computed(planned(units, **over))
    [look] = found.looks
    assert (look.final, look.fraction) == (True, 0.877)
    effect = only(found.report)
    assert effect.alpha_spent == pytest.approx(0.05)
    assert effect.median_unbiased is not None
    assert computed(planned(units, found.looks, **over)).looks == []
    assert computed(planned(units)).looks[0].final is False


def test_who_ends_an_experiment_early_does_not_choose_when_the_last_look_is() -> None:
    """2.3 standard errors at 0.3 of the plan: as a last look that would be enough, and it is why somebody ended it."""
    units = drawn(300, (10.0, 10.19), seed=12)
    judge = stats.ttest_ind(values(units, 1), values(units, 0)).pvalue
    assert 0.01 < judge < 0.03
    over: dict[str, Any] = {"status": "completed", "completed_at": "2026-11-19T00:00:00Z"}
    plan = {"adjustment": "none"}
    found = computed(planned(units, analysis=plan, **over))
    assert [each.final for each in found.looks] == [False]
    assert not only(found.report).significant
    assert found.report.verdict.value == "no_difference"
    before = computed(planned(units, analysis=plan))
    assert computed(planned(units, before.looks, analysis=plan, **over)).looks == []


def test_the_plan_of_the_first_look_stays_in_force() -> None:
    first = computed(planned(drawn(200, (10.0, 10.1))))
    moved = replace_plan(planned(drawn(300, (10.0, 10.1)), first.looks), 4000)
    assert report_of(moved).plan.planned_units == 2000
    assert only(report_of(moved)).information_fraction == pytest.approx(0.3)


def replace_plan(given: Facts, planned_units: int) -> Facts:
    return given._replace(entry=dict(given.entry) | {"planned_units": planned_units})


def test_what_a_look_found_stands_although_the_start_rule_would_close_again() -> None:
    first = computed(planned(drawn(200, (10.0, 10.1))))
    extreme = [*drawn(200, (10.0, 10.1)), *[(0, 1, OLD, 1e6, 0.0)], *[(0, 1, OLD, 1.0, 0.0)] * 900]
    effect = only(report_of(planned(extreme, first.looks)))
    assert effect.looks == only(first.report).looks
    assert effect.method == "hybrid"


def test_a_rule_that_acts_tells_how_often_it_is_wrong() -> None:
    rules = {"early_stopping_threshold": 0.99, "prior_alpha": 1, "prior_beta": 1}
    acting: dict[str, Any] = {"type": "bayesian_ab", "parameters": rules, "planned_units": 2000}
    report = told(converting(((20, 200), (40, 200))), of={"kind": "conversion"}, **acting)
    assert report.plan.false_alarm_rate is not None
    assert 0.01 < report.plan.false_alarm_rate < 0.2
    belief = only(report).belief
    assert belief is not None
    assert belief.prior.flat
    assert nulls(msgspec.json.decode(msgspec.json.encode(report))) == set()


def test_looks_survive_their_storage() -> None:
    found = computed(planned(drawn(200, (10.0, 10.1))))
    [look] = found.looks
    stored = replace(look, contrast=msgspec.json.decode(msgspec.json.encode(look.contrast)))
    assert only(report_of(planned(drawn(200, (10.0, 10.1)), [stored]))) == only(found.report)


# ── several questions ────────────────────────────────────────────────────────────────────────────────────────────────


def test_several_treatments_are_corrected_and_their_intervals_agree() -> None:
    units = drawn(400, (10.0, 10.18, 10.0, 10.0))
    report = told(
        units, arms=4, analysis={"method": "fixed", "adjustment": "none"}, shares={1: [250_000] * 4}
    )
    effects = report.metrics[0].effects
    plain = [effect.p_value for effect in effects]
    assert all(p is not None for p in plain)
    for effect in effects:
        assert effect.adjusted is not None
        assert effect.adjusted.family == 3
        assert effect.p_value is not None
        assert effect.adjusted.p_value >= effect.p_value
        lower, upper = effect.adjusted.difference.lower, effect.adjusted.difference.upper
        assert lower is not None
        assert upper is not None
        assert (lower > 0 or upper < 0) == effect.significant
        assert effect.significant == (effect.adjusted.p_value <= 0.05)
    alone = told(units, arms=4, analysis={"method": "fixed", "correction": "none"}, shares={1: [250_000] * 4})
    assert [effect.adjusted for effect in alone.metrics[0].effects] == [None] * 3


# ── counts that are rare ─────────────────────────────────────────────────────────────────────────────────────────────


def test_rare_conversions_are_judged_exactly_while_others_wait() -> None:
    effect = only(told(converting(((0, 900), (14, 900))), of={"kind": "conversion"}))
    assert effect.method == "exact"
    assert effect.significant
    assert effect.better
    assert not effect.start.open
    assert effect.difference.missing["lower"] == Missing.NOT_SUPPORTED
    assert only(told(converting(((3, 900), (5, 900))), of={"kind": "conversion"})).significant is False


def test_a_mean_that_is_too_skewed_waits_with_the_reason() -> None:
    rng = random.Random(5)
    units = [(0, 1, OLD, rng.lognormvariate(0, 2), 0.0) for _ in range(3000)]
    units += [(1, 1, OLD, rng.lognormvariate(0, 2), 0.0) for _ in range(60)]
    effect = only(told(units, shares={1: [980_000, 20_000]}))
    assert effect.missing["p_value"] == Missing.NOT_OPEN
    assert "skewed" in effect.start.reason
    assert effect.difference.estimate is not None


# ── what cannot be told ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("units", "kind", "why"),
    [
        ([], "mean", Missing.NO_EXPOSURES),
        (drawn(1, (1.0, 2.0)), "mean", Missing.TOO_FEW_UNITS),
        ([(0, 1, OLD, 1.0, 0.0)], "mean", Missing.TOO_FEW_UNITS),
        ([(arm, 1, OLD, 7.0, 0.0) for arm in (0, 1) for _ in range(90)], "mean", Missing.NO_VARIANCE),
        (drawn(90, (1.0,)) + [(1, 1, OLD, 7.0, 0.0)] * 90, "mean", Missing.NO_VARIANCE),
        (converting(((90, 90), (90, 90))), "conversion", Missing.NO_VARIANCE),
        (converting(((0, 90), (0, 90))), "conversion", Missing.NO_VARIANCE),
    ],
    ids=[
        "no units",
        "one unit an arm",
        "one unit",
        "no variance",
        "no variance in one arm",
        "all converted",
        "none converted",
    ],
)
def test_what_cannot_be_told_is_absent_with_its_reason(units: list[Unit], kind: str, why: Missing) -> None:
    report = told(units, of={"kind": kind})
    effect = only(report)
    assert effect.p_value is None
    assert effect.missing["p_value"] == why
    assert effect.notes
    assert str(report.verdict.value) == "collecting"
    assert nulls(msgspec.json.decode(msgspec.json.encode(report))) == set()


def test_a_quantile_that_cannot_be_told_is_not_told_by_means() -> None:
    effect = only(told(drawn(30, (1.0, 2.0)), of={"kind": "quantile", "quantile": 0.9}))
    assert effect.p_value is None
    assert (effect.mean, effect.difference.estimate, effect.lift.estimate) == (None, None, None)


def nulls(document: Any, path: str = "") -> set[str]:
    """Every object that has a field `missing`, against the fields of it that are null."""
    found = set()
    if isinstance(document, dict):
        if "missing" in document:
            empty = {name for name, value in document.items() if value is None}
            empty -= {"started_at", "completed_at", "changes_at"}
            found |= {f"{path}/{name}" for name in empty ^ set(document["missing"])}
        for name, value in document.items():
            found |= nulls(value, f"{path}/{name}")
    if isinstance(document, list):
        for k, value in enumerate(document):
            found |= nulls(value, f"{path}/{k}")
    return found


@pytest.mark.parametrize("base", [0.0, -10.0])
def test_a_baseline_of_zero_or_less_keeps_the_difference(base: float) -> None:
    effect = only(told(drawn(2000, (base, base + 0.3)), analysis={"method": "fixed"}))
    assert effect.significant
    assert effect.better
    if base:
        assert effect.lift.estimate == pytest.approx(0.03, abs=0.01)
        assert effect.lift.lower is not None
        assert effect.lift.lower > 0
    else:
        assert effect.lift.missing["lower"] == Missing.NO_BASELINE
        assert effect.belief is None


@pytest.mark.parametrize(
    "analysis", [{}, {"method": "fixed"}, {"prior": "flat"}, {"correction": "benjamini_hochberg"}]
)
@pytest.mark.parametrize("planned_units", [None, 3000])
@pytest.mark.parametrize("kind", ["mean", "conversion"])
def test_every_null_has_a_reason_and_every_reason_a_null(
    analysis: Any, planned_units: Any, kind: str
) -> None:
    counts = ((20, 150), (40, 150), (90, 150))
    units = converting(counts) if kind == "conversion" else drawn(150, (1.0, 1.2, 1.5))
    report = told(units, of={"kind": kind}, arms=3, analysis=analysis, planned_units=planned_units)
    assert nulls(msgspec.json.decode(msgspec.json.encode(report))) == set()


def test_a_guardrail_is_ok_harmed_or_unclear_by_where_its_whole_interval_lies() -> None:
    def state(mean: float, n: int, **fields: Any) -> str:
        effect = only(
            told(drawn(n, (10.0, mean)), of={"role": "guardrail", **fields}, analysis={"method": "fixed"})
        )
        assert effect.guardrail is not None
        return effect.guardrail.state

    assert state(10.0, 2000, margin=0.05) == "ok"
    assert state(9.0, 2000, margin=0.05) == "harmed"
    assert state(9.5, 20, margin=0.05) == "unclear"
    assert state(11.0, 2000, margin=0.05, direction="decrease") == "harmed"
    assert state(11.0, 2000) == "ok"
    assert state(9.9, 2000) == "harmed"


# ── after a bandit ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_after_a_bandit_effects_are_weighed_by_propensities_and_sample_means_are_marked() -> None:
    batches = [
        ((500, 500), (0.5, 0.5), (50, 60)),
        ((210, 790), (0.2, 0.8), (20, 95)),
        ((52, 948), (0.05, 0.95), (4, 118)),
    ]
    units, shares, judged = [], {}, []
    for version, (n, e, seen) in enumerate(batches, 1):
        units += converting(tuple(zip(seen, n, strict=True)), epoch=version)
        shares[version] = [round(each * 1e6) for each in e]
        moments = tuple(
            Moments(m, s * MICRO, s * MICRO**2, s * MICRO**3) for s, m in zip(seen, n, strict=True)
        )
        judged.append(Batch(moments, e))
    report = told(units, of={"kind": "conversion"}, type="thompson_sampling", shares=shares)
    effect, judge = only(report), AfterBandit(tuple(judged)).contrast(1, 0)
    assert effect.method == "after_bandit"
    assert effect.difference.estimate == judge.contrast.treatment - judge.contrast.control  # type: ignore[union-attr]
    assert effect.standard_error == judge.contrast.standard_error  # type: ignore[union-attr]
    assert [(other.name, other.biased) for other in effect.alternatives] == [
        ("narrow", False),
        ("sample_mean", True),
    ]
    assert report.bandit is not None
    assert [arm.units for arm in report.bandit.arms] == [762, 2238]
    assert report.bandit.arms[1].sample_mean.estimate == pytest.approx(273 / 2238)
    saved = regret_saved(AfterBandit(tuple(judged)))
    assert isinstance(saved, Saved)
    assert report.bandit.saved.estimate == saved.estimate
    assert report.bandit.saved.lower is not None
    assert report.bandit.saved.lower < saved.lower  # it may be watched, that one is for one look
    assert report.bandit.exploring == 0.5
    assert nulls(msgspec.json.decode(msgspec.json.encode(report))) == set()


def test_a_bandit_that_cannot_tell_yet_names_the_variant_that_has_too_few_units() -> None:
    few = {"type": "thompson_sampling", "shares": {1: [400_000, 300_000, 300_000]}}
    units = converting(((30, 90), (12, 30), (20, 49)))
    [first, second] = told(units, of={"kind": "conversion"}, arms=3, **few).metrics[0].effects
    assert first.start.reason == "monitoring B needs at least 50 units, and has 30"
    assert second.start.reason == "monitoring C needs at least 50 units, and has 49"


def test_means_that_cannot_be_told_yet_name_the_variant_that_has_too_few_units() -> None:
    units = converting(((30, 90), (12, 30), (20, 49)))
    [first, second] = told(units, of={"kind": "mean"}, arms=3).metrics[0].effects
    assert first.start.reason == "monitoring B needs at least 50 units, and has 30"
    assert second.start.reason == "monitoring C needs at least 50 units, and has 49"


def test_a_bandit_of_numbers_says_what_it_believes_what_its_floor_costs_and_what_it_has_brought() -> None:
    units = drawn(400, (10.0, 11.0), epoch=1) + drawn(400, (10.0, 11.0), epoch=2)[200:]
    report = told(
        units,
        of={"direction": "decrease"},
        type="ucb",
        parameters={"c": 2, "floor": 0.1},
        shares={1: [500_000, 500_000], 2: [333_333, 666_667]},
        propensities=[100_000, 900_000],
    )
    assert report.bandit is not None
    assert report.bandit.exploring == pytest.approx(0.1)
    assert [arm.at_floor for arm in report.bandit.arms] == [True, False]
    everything = [value for arm in (0, 1) for value in values(units, arm)]
    floor = report.bandit.floor
    assert (floor.share, floor.given_away) == (0.1, 0.1)
    assert floor.half_width == pytest.approx(
        stats.norm.ppf(0.975) * np.std(np.round(everything, 6), ddof=1) / math.sqrt(0.1 * len(everything)),
        rel=1e-12,
    )
    assert report.leader is not None
    assert report.leader.variant_key == "A"
    assert report.leader.win_probability > 0.99
    assert report.leader.missing == {"expected_rate": "not_a_rate"}
    for arm in (0, 1):
        posterior = report.bandit.arms[arm].posterior
        assert posterior.estimate == pytest.approx(np.mean(values(units, arm)), abs=0.01)
        unknown = ("arrived", "to_come", "mean_delay_hours")
        assert report.bandit.arms[arm].missing == dict.fromkeys(unknown, "no_delay")
    # More went to the higher mean, and lower is better: an equal split would have done better.
    assert report.bandit.saved.estimate is not None
    assert report.bandit.saved.estimate < 0


def test_factors_of_a_multivariate_experiment_stand_beside_the_cells() -> None:
    cells = [{"color": c, "size": s} for c in ("red", "blue") for s in ("s", "l")]
    report = told(drawn(300, (1.0, 1.0, 1.5, 1.5)), arms=4, cells=cells, analysis={"method": "fixed"})
    factors = {tuple((c.factor, c.level) for c in each.changes): each for each in report.metrics[0].factors}
    assert factors[(("color", "blue"),)].difference.estimate == pytest.approx(0.5, abs=0.15)
    assert factors[(("color", "blue"),)].significant
    assert not factors[(("size", "l"),)].significant
    assert len(factors) == 3


def test_the_lift_over_time_ends_where_the_report_is() -> None:
    units = [
        unit for day in range(20) for unit in drawn(60, (10.0, 10.2), seed=day, cohort=OLD + 24 * (day - 15))
    ]
    report = told(units, analysis={"adjustment": "none"})
    [series] = report.metrics[0].series
    assert series.by == "cohort"
    assert len(series.at) == 20
    effect = only(report)
    assert series.lift[-1] == pytest.approx(effect.lift.estimate, rel=1e-9)
    assert series.lower[-1] == pytest.approx(effect.lift.lower, rel=0.02)
    assert series.units[-1] == 2400
    assert series.lower[0] is not None
    assert series.lower[-1] is not None
    assert series.lower[-1] > series.lower[0]
