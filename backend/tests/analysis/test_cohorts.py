"""Whether an effect lasts: by when units came and by how long they have been there. Worked situations, and experiments whose truth is known."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from fading import CASES, flagged
from litmus_server.analysis.cohorts import Judged, Refused, judged
from litmus_server.analysis.document import report_of
from litmus_server.analysis.frame import Frame
from litmus_server.analysis.lasting import lasting
from litmus_server.domain.cohorts import AGES, SECONDS, Axis, Curve, Pattern
from litmus_server.domain.report import CheckStatus, Missing
from litmus_server.ports import Aged, AgeSums
from litmus_server.stats.moments import MICRO, JointMoments
from litmus_server.stats.sheet import EXPOSED, Measure, Sheet, Strip
from sheets import NOW, TODAY, entry, facts, metric

DAYS = 21
FIRST = TODAY - 24 * (DAYS + 2)

Rates = Callable[[int], float]


def conversions(
    treatment: Rates,
    control: Rates = lambda _: 0.1,
    *,
    days: int = DAYS,
    daily: tuple[int, int] = (10_000, 10_000),
    arms: int = 2,
    epoch: Callable[[int], int] = lambda _: 1,
) -> Sheet:
    """As if every cohort had converted exactly as it should: (control, treatment) units a day, and further arms as control."""
    rows: dict[tuple[int, int], list[tuple[int, int, tuple[int, ...]]]] = {}
    for day in range(days):
        cohort = FIRST + 24 * day
        for arm in range(arms):
            n = daily[1] if arm == 1 else daily[0]
            seen = round(n * (treatment(day) if arm == 1 else control(day)))
            rows.setdefault((EXPOSED, arm), []).append((epoch(day), cohort, (n, *[0] * 6)))
            rows.setdefault((1, arm), []).append(
                (epoch(day), cohort, (seen, seen * MICRO, seen * MICRO**2, seen * MICRO**3, 0, 0, 0))
            )
    strips = {
        key: Strip(
            tuple(e for e, _, _ in cells), tuple(c for _, c, _ in cells), tuple(r for _, _, r in cells)
        )
        for key, cells in rows.items()
    }
    return Sheet(24, {1: Measure(binary=True)}, strips)


RATE: dict[str, Any] = {"kind": "conversion", "window_seconds": SECONDS}


def framed(sheet: Sheet, of: dict[str, Any] | None = None, **fields: Any) -> Frame:
    arms = max(variant for _, variant in sheet.plain) + 1 if sheet.plain else 2
    document = entry([metric(**(RATE | (of or {})))], arms, **fields)
    shares = fields.get("shares") or {1: document["weights"]}
    last = sheet.cohorts()[-1] if sheet.plain else TODAY
    now = dt.datetime.fromtimestamp((last + 24) * 3600 + SECONDS, dt.UTC)  # the newest cohort has just closed
    return Frame(document, sheet, shares, (), (), now)


def found(sheet: Sheet, of: dict[str, Any] | None = None, **fields: Any) -> list[Judged]:
    frame = framed(sheet, of, **fields)
    answer = judged(frame, frame.entry["metrics"][0])
    assert not isinstance(answer, Refused)
    return answer


def fading(start: float, end: float, base: float = 0.1) -> Rates:
    return lambda day: base * (1 + end + (start - end) * 0.75**day)


@pytest.mark.parametrize(
    ("treatment", "direction", "pattern"),
    [
        (fading(0.3, 0.0), "increase", Pattern.NOVELTY),
        (fading(-0.3, 0.0), "increase", Pattern.PRIMACY),
        (fading(0.0, 0.3), "increase", Pattern.PRIMACY),
        (fading(0.3, 0.0), "decrease", Pattern.PRIMACY),
        (fading(-0.3, 0.0), "decrease", Pattern.NOVELTY),
        (lambda _: 0.12, "increase", Pattern.STEADY),
        (lambda _: 0.1, "increase", Pattern.STEADY),
        (lambda day: 0.1 * (1 + (0.3 if day % 7 in {2, 5} else 0.0)), "increase", Pattern.UNEVEN),
    ],
    ids=["fades", "recovers", "grows", "harm fades", "benefit fades", "lasts", "none", "two days a week"],
)
def test_worked_situations(treatment: Rates, direction: str, pattern: Pattern) -> None:
    [answer] = found(conversions(treatment), {"direction": direction})
    assert answer.pattern is pattern


def test_a_constant_lift_of_a_falling_base_and_a_constant_difference_are_both_steady() -> None:
    """People who come first do more: on one of the scales an effect that is constant on the other one changes."""

    def base(day: int) -> float:
        return 0.05 + 0.1 * 0.8**day

    of_lift, of_difference = (
        found(conversions(rates, base, daily=(30_000, 30_000)))[0]
        for rates in (lambda day: 1.2 * base(day), lambda day: base(day) + 0.01)
    )
    for answer in (of_lift, of_difference):
        assert answer.pattern is Pattern.STEADY
    assert of_lift.difference is not None
    assert of_lift.difference.drift.statistic < -4  # by itself it would be called fading
    assert of_difference.lift is not None
    assert of_difference.lift.drift.statistic > 4


def test_days_are_groups_for_two_weeks_and_then_weeks_that_are_over() -> None:
    [answer] = found(conversions(lambda _: 0.1, days=20))
    assert [(group.first, group.last) for group in answer.groups] == [(day, day) for day in range(14)]
    [answer] = found(conversions(lambda _: 0.1, days=21))
    assert (answer.groups[-1].first, answer.groups[-1].last) == (14, 20)
    assert answer.groups[-1].units == 7 * 10_000
    [answer] = found(conversions(lambda _: 0.1, days=20), status="completed")
    assert (answer.groups[-1].first, answer.groups[-1].units) == (14, 6 * 10_000)


def test_later_units_never_move_an_earlier_group() -> None:
    sheet = conversions(fading(0.3, 0), daily=(150, 150))
    before: list[Any] = []
    for days in range(3, DAYS + 1):
        cut = Sheet(
            24,
            sheet.measures,
            {
                key: Strip(strip.epochs[:days], strip.cohorts[:days], strip.rows[:days])
                for key, strip in sheet.plain.items()
            },
        )
        [answer] = found(cut)
        assert list(answer.groups[: len(before)]) == before
        before = list(answer.groups)
    assert len(before) > 3
    assert before[0].last > 0  # 15 conversions a day are too few for a group


def test_units_that_do_not_make_a_group_are_told() -> None:
    [answer] = found(conversions(lambda _: 0.1, days=5, daily=(150, 150)))
    assert answer.pattern is Pattern.UNKNOWN
    assert sum(group.units + group.control_units for group in answer.groups) + answer.left_out == 5 * 300
    assert answer.left_out > 0


def test_less_than_a_week_is_not_judged() -> None:
    [answer] = found(conversions(fading(0.9, 0.0), days=6))
    assert answer.slope is not None
    assert answer.slope > 10
    assert answer.pattern is Pattern.UNKNOWN


def test_units_of_changed_weights_are_compared_among_themselves() -> None:
    """A tenth gets the treatment in a week in which everybody converts twice as often: pooled, that looks like an effect that changes."""
    shares = {1: [900_000, 100_000], 2: [500_000, 500_000]}
    sheet = conversions(lambda day: 0.2 if day < 7 else 0.1, lambda day: 0.2 if day < 7 else 0.1)
    rows = {key: Strip((1,) * 7 + (2,) * 14, strip.cohorts, strip.rows) for key, strip in sheet.plain.items()}
    [answer] = found(Sheet(24, sheet.measures, rows), shares=shares)
    assert answer.pattern is Pattern.STEADY
    assert len(answer.groups) == 15
    assert all(abs(group.contrast.treatment - group.contrast.control) < 1e-12 for group in answer.groups)


@pytest.mark.parametrize(
    ("of", "fields", "why"),
    [
        ({}, {"type": "thompson_sampling"}, Missing.NOT_SUPPORTED),
        ({"kind": "quantile", "quantile": 0.5}, {}, Missing.NOT_SUPPORTED),
        ({"window_seconds": 60 * SECONDS}, {}, Missing.WINDOWS_OPEN),
    ],
    ids=["bandit", "quantile", "window"],
)
def test_what_has_no_cohorts_is_refused_with_a_reason(of: Any, fields: Any, why: Missing) -> None:
    frame = framed(conversions(lambda _: 0.1), of, **fields)
    refused = judged(frame, frame.entry["metrics"][0])
    assert isinstance(refused, Refused)
    assert refused.why is why
    assert refused.sentence.endswith(".")


@pytest.mark.parametrize(("window", "age"), [(3_600, "1 hour"), (86_400, "1 day"), (30 * 86_400, "30 days")])
def test_an_age_that_nobody_has_reached_is_said_as_people_say_it(window: int, age: str) -> None:
    frame = framed(conversions(lambda _: 0.1), {"window_seconds": window})
    first = dt.datetime.fromtimestamp(FIRST * 3600, dt.UTC)
    frame = replace(frame, now=first)
    refused = judged(frame, frame.entry["metrics"][0])
    assert isinstance(refused, Refused)
    assert f"here {age}, which no cohort has reached yet" in refused.sentence


def test_nobody_exposed_is_refused_too() -> None:
    frame = framed(Sheet(24, {1: Measure(binary=True)}))
    refused = judged(frame, frame.entry["metrics"][0])
    assert isinstance(refused, Refused)
    assert refused.why is Missing.NO_EXPOSURES


def test_the_report_warns_and_the_verdict_speaks_of_it_and_stays_what_it_was() -> None:
    document = entry([metric(**RATE)])
    for rates, status in ((fading(0.3, 0.02), CheckStatus.WARNING), (lambda _: 0.12, CheckStatus.OK)):
        report = report_of(facts(document, conversions(rates)))
        check = next(each for each in report.health.checks if each.name == "lasting_effect")
        assert check.status is status
        told = [reason for reason in report.verdict.reasons if reason.startswith(check.sentence)]
        assert len(told) == (status is CheckStatus.WARNING)
        assert report.verdict.value.value == "ship"
    assert "fades" in next(
        each.sentence
        for each in report_of(facts(document, conversions(fading(0.3, 0.02)))).health.checks
        if each.name == "lasting_effect"
    )


# ── the document ─────────────────────────────────────────────────────────────────────────────────────────────────────


def aged(sheet: Sheet, ages: Any = None, of: dict[str, Any] | None = None, **fields: Any) -> Aged:
    frame = framed(sheet, of, **fields)
    [only] = frame.entry["metrics"]
    return Aged(frame.now, 7, frame.entry, only["window_seconds"], frame.shares, sheet, ages or {})


def curve(axis: Axis) -> Curve:
    assert axis.refused == ""
    [only] = axis.curves
    return only


def test_the_document_shows_the_curve_the_tests_and_a_sentence() -> None:
    told = lasting(aged(conversions(fading(0.3, 0.0))))
    assert (told.metric, told.seq, told.age_seconds) == ("m1", 7, SECONDS)
    of = curve(told.cohorts)
    assert of.pattern is Pattern.NOVELTY
    assert of.sentence.startswith("The effect of B on m1 fades: +")
    assert (of.points[0].since, of.points[0].until) == (
        NOW - dt.timedelta(days=DAYS + 2),
        NOW - dt.timedelta(days=DAYS + 1),
    )
    assert of.points[0].lift.estimate == pytest.approx(0.3)
    assert of.slope is not None
    assert of.slope.p_value * told.cohorts.questions <= told.cohorts.alpha
    assert of.slope.fixed_p_value < of.slope.p_value  # looking often is paid for
    assert of.thirds is not None
    assert of.thirds.lift
    assert of.thirds.first.estimate is not None
    assert of.thirds.last.estimate is not None
    assert of.thirds.first.estimate > 0.1
    assert of.thirds.last.estimate < 0.03
    assert told.ages.missing == {"curves": Missing.NOT_SUPPORTED}


def test_a_refusal_and_too_little_are_told_as_such() -> None:
    told = lasting(aged(conversions(lambda _: 0.1), type="ucb"))
    assert (told.cohorts.curves, told.cohorts.missing) == ([], {"curves": Missing.NOT_SUPPORTED})
    assert "bandit" in told.cohorts.refused
    of = curve(lasting(aged(conversions(lambda _: 0.1, days=2))).cohorts)
    assert (of.pattern, of.slope, of.heterogeneity, of.thirds) == (Pattern.UNKNOWN, None, None, None)
    assert set(of.missing) == {"slope", "heterogeneity", "thirds"}


def test_the_questions_of_all_variants_are_one_family() -> None:
    told = lasting(aged(conversions(fading(0.3, 0.0), arms=4)))
    assert (told.cohorts.questions, told.ages.questions) == (6, 3)
    assert [each.pattern for each in told.cohorts.curves] == [Pattern.NOVELTY, Pattern.STEADY, Pattern.STEADY]


WEEKS = {"window_seconds": 14 * SECONDS}
STARTS = [start for start in AGES if start < 14]


def of_ages(rows: Sequence[np.ndarray]) -> dict[tuple[int, int], AgeSums]:
    """From what each unit of each arm did at each age."""
    return {
        (arm, 1): AgeSums(
            JointMoments.of(
                (tuple(round(float(value) * MICRO) for value in unit) for unit in units), units.shape[1]
            ),
            tuple(int(count) for count in (units != 0).sum(axis=0)),
        )
        for arm, units in enumerate(rows)
    }


def spending(rng: np.random.Generator, n: int, lifts: np.ndarray) -> np.ndarray:
    """Units with a level of their own, who do less and less."""
    lengths = np.diff([*STARTS, 14])
    level = rng.gamma(2.0, 0.5, (n, 1))
    drawn: np.ndarray = rng.poisson(level * lengths / (1 + np.array(STARTS)) * (1 + lifts)).astype(float)
    return drawn


def test_by_age_an_effect_that_fades_is_told_from_one_that_lasts_while_everybody_does_less() -> None:
    sheet = conversions(lambda _: 0.1)
    for lifts, pattern in (
        (np.array([0.6, 0.4, 0.2, 0.0, 0.0]), Pattern.NOVELTY),
        (np.full(5, 0.3), Pattern.STEADY),
        (np.array([-0.3, -0.2, 0.0, 0.0, 0.0]), Pattern.PRIMACY),
    ):
        rng = np.random.default_rng(8)
        rows = [spending(rng, 6000, np.zeros(5)), spending(rng, 6000, lifts)]
        told = lasting(aged(sheet, of_ages(rows), {"kind": "mean", **WEEKS}))
        of = curve(told.ages)
        assert of.pattern is pattern, lifts
        assert [point.day for point in of.points] == [0, 1, 2.5, 5, 10]
        assert of.points[0].since is None
        assert of.points[0].mean == pytest.approx(rows[1][:, 0].mean())
        assert of.points[4].control_mean == pytest.approx(rows[0][:, 4].mean() / 7)
        assert of.missing["heterogeneity"] is Missing.NOT_SUPPORTED


def test_by_age_conversions_are_of_those_who_have_not_converted_before() -> None:
    """Twice the hazard at every age: shares of all units would say that the effect fades, because few are left who can convert."""
    n = 40_000
    rows = []
    for hazard in (0.2, 0.4):
        left, counts = float(n), []
        for length in np.diff([*STARTS, 14]):
            counts.append(round(left * min(0.9, hazard * length / 7)))
            left -= counts[-1]
        units = np.zeros((n, 5))
        for age, (start, stop) in enumerate(
            zip(np.cumsum([0, *counts[:-1]]), np.cumsum(counts), strict=True)
        ):
            units[start:stop, age] = 1
        rows.append(units)
    of = curve(lasting(aged(conversions(lambda _: 0.1), of_ages(rows), WEEKS)).ages)
    assert [point.lift.estimate for point in of.points] == pytest.approx([1.0] * 5, abs=0.01)
    assert of.pattern is Pattern.STEADY
    assert of.points[4].units < 0.7 * n < of.points[4].control_units


def test_ages_are_refused_where_there_are_none() -> None:
    sheet = conversions(lambda _: 0.1)
    for of, fields, why in (
        ({"window_seconds": 2 * SECONDS}, {}, Missing.NOT_SUPPORTED),
        ({"kind": "mean", **WEEKS}, {}, Missing.WINDOWS_OPEN),
        ({"kind": "mean", **WEEKS}, {"type": "ucb"}, Missing.NOT_SUPPORTED),
    ):
        told = lasting(aged(sheet, None, of, **fields))
        assert (told.ages.missing, told.ages.curves) == ({"curves": why}, [])
        assert told.ages.refused.endswith(".")
    few = [np.ones((20, 5)), np.ones((20, 5))]
    of_few = curve(lasting(aged(sheet, of_ages(few), {"kind": "mean", **WEEKS})).ages)
    assert (of_few.pattern, of_few.points, of_few.left_out_units) == (Pattern.UNKNOWN, [], 40)


# ── watched ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_whoever_looks_every_day_is_rarely_misled_and_finds_what_fades() -> None:
    """A short run of bench/calibrate_cohorts.py: traffic that grows, weekends, a tenth treated."""
    null = next(case for case in CASES if case.name.startswith("no effect, a tenth"))
    fades = next(case for case in CASES if case.name.startswith("fades"))
    assert (
        sum(bool(flagged(null, seed)) for seed in range(60)) <= 3
    )  # at 1 in 100 more than 3 come once in 300
    assert sum("novelty" in flagged(fades, seed) for seed in range(10)) >= 8
