"""Any cells of a sheet add up to the moments of their units, exactly."""

import random
from collections.abc import Sequence

import pytest
from litmus_server.stats.absence import Undefined
from litmus_server.stats.estimators import ratios
from litmus_server.stats.moments import MICRO, JointMoments, Moments
from litmus_server.stats.sheet import (
    EXPOSED,
    Measure,
    Sheet,
    Strip,
    Waiting,
    joint_length,
    of_cohort,
    of_epoch,
    parse_strips,
    until_cohort,
)

UNITS = [
    (random.Random(k).randrange(3), 24 * random.Random(-k - 1).randrange(4), k * MICRO // 3, (7 - k) * MICRO)
    for k in range(60)
]
"""(epoch, cohort, total, sum before the exposure); every fifth has no event."""


def _cells(rows: Sequence[tuple[int, int, tuple[int, ...]]]) -> Strip:
    return Strip(
        tuple(e for e, _, _ in rows), tuple(c for _, c, _ in rows), tuple(sums for _, _, sums in rows)
    )


def sheet(measure: Measure, units: list[tuple[int, int, int, int]] = UNITS) -> Sheet:
    """One row a unit: that cells come twice changes nothing."""
    exposed = [(e, c, (1, 0, 0, 0, 0, 0, 0)) for e, c, _, _ in units]
    plain = [(e, c, (1, y, y**2, y**3, x, x**2, x * y)) for k, (e, c, y, x) in enumerate(units) if k % 5]
    return Sheet(24, {7: measure}, {(EXPOSED, 0): _cells(exposed), (7, 0): _cells(plain)})


@pytest.mark.parametrize(
    ("meant", "chosen"),
    [
        (None, lambda e, c: True),
        (of_epoch(1), lambda e, c: e == 1),
        (of_cohort(48), lambda e, c: c == 48),
        (until_cohort(24), lambda e, c: c <= 24),
        (of_epoch(99), lambda e, c: False),
    ],
)
def test_the_cells_that_are_meant_are_the_units_in_them(meant, chosen) -> None:  # type: ignore[no-untyped-def]
    arm = sheet(Measure(before=True)).arm(7, 0, meant)
    units = [(y, x) if k % 5 else (0, 0) for k, (e, c, y, x) in enumerate(UNITS) if chosen(e, c)]
    assert arm.n == len(units)
    assert arm.seen == sum(1 for k, (e, c, _, _) in enumerate(UNITS) if chosen(e, c) and k % 5)
    assert arm.raw == Moments.of(y for y, _ in units)
    assert arm.outcome == JointMoments.of([(y,) for y, _ in units], 1)
    pairs = JointMoments.of(units, 2)
    assert arm.adjusting == JointMoments(pairs.n, pairs.first, pairs.second)


def test_a_conversion_counts_one_whatever_its_value() -> None:
    arm = sheet(Measure(binary=True)).arm(7, 0)
    assert arm.outcome == JointMoments.of([(MICRO if k % 5 else 0,) for k in range(60)], 1)
    assert arm.adjusting is None


@pytest.mark.parametrize(("outcomes", "covariates"), [(1, 0), (1, 3), (2, 0), (2, 2), (2, 4)])
def test_joint_sums_are_those_of_the_outcomes_and_of_all_values(outcomes: int, covariates: int) -> None:
    dice = random.Random(outcomes * 10 + covariates)
    width = outcomes + covariates
    values = [tuple(dice.randrange(-5, 50) * MICRO for _ in range(width)) for _ in range(40)]
    rows = []
    for unit in values:
        whole, own = JointMoments.of([unit], width), JointMoments.of([unit[:outcomes]], outcomes)
        rows.append((1, 0, (*whole.first, *whole.second, *own.third)))
    strip = _cells(rows)
    assert {len(row) for row in strip.rows} == {joint_length(outcomes, covariates)}
    exposed = _cells([(1, 0, (1, 0, 0, 0, 0, 0, 0))] * 45)
    found = Sheet(
        24,
        {7: Measure(outcomes=outcomes, covariates=covariates)},
        {(EXPOSED, 0): exposed},
        {(7, 0): strip},
    ).arm(7, 0)
    everybody = [*values, *[(0,) * width] * 5]
    assert found.outcome == JointMoments.of([unit[:outcomes] for unit in everybody], outcomes)
    whole = JointMoments.of(everybody, width)
    assert found.adjusting == (JointMoments(whole.n, whole.first, whole.second) if covariates else None)


def test_a_metric_without_any_event_has_the_moments_of_zeros() -> None:
    empty = Sheet(24, {7: Measure(outcomes=2)}, {(EXPOSED, 1): _cells([(1, 0, (3, 0, 0, 0, 0, 0, 0))])})
    assert empty.arm(7, 1).outcome == JointMoments.of([(0, 0)] * 3, 2)
    assert empty.arm(7, 0).raw == Moments()


def test_a_ratio_whose_denominators_are_all_zero_is_not_defined_and_stops_nothing() -> None:
    values = _cells(
        [(1, 0, (*JointMoments.of([(k, 0)], 2).first, k * k, 0, 0, k**3, 0, 0, 0)) for k in range(9)]
    )
    exposed = _cells([(1, 0, (9, 0, 0, 0, 0, 0, 0))])
    found = Sheet(24, {7: Measure(outcomes=2)}, {(EXPOSED, 0): exposed}, {(7, 0): values}).arm(7, 0)
    assert found.outcome == JointMoments.of([(k, 0) for k in range(9)], 2)
    assert isinstance(ratios(found.outcome, found.outcome), Undefined)


def test_a_metric_that_waits_has_its_raw_figures_only() -> None:
    arm = sheet(Measure(outcomes=1, waiting=Waiting.CAP)).arm(7, 0)
    assert (arm.outcome, arm.adjusting) == (None, None)
    assert arm.raw.n == 60


def test_a_cohort_is_closed_when_its_last_unit_is() -> None:
    found = sheet(Measure())
    window, cohort = 3600, 48
    last = (cohort + 24) * 3600 + window
    assert not found.closed(window, last - 1)(1, cohort)
    assert found.closed(window, last)(1, cohort)
    assert found.closes_at(window, last - 1) == last
    assert found.closes_at(window, 1e9) is None
    assert found.cohorts() == [0, 24, 48, 72]
    assert found.epochs() == [0, 1, 2]


def test_a_sketch_has_every_exposed_unit() -> None:
    found = Sheet(
        24,
        {7: Measure()},
        {(EXPOSED, 0): _cells([(1, 0, (9, 0, 0, 0, 0, 0, 0))])},
        {},
        {(7, 0): {0: 1, 12: 3}},
    )
    assert found.sketch(7, 0) == {0: 6, 12: 3}
    assert found.sketch(7, 1) == {}


def test_text_of_cells_is_read_as_numbers_of_any_size() -> None:
    read = parse_strips([(7, 0, "1 24 5 -6 7"), (7, 0, f"2 48 {10**40} 0 0"), (8, 1, "3 0 1 1 1")])
    assert read[7, 0] == Strip((1, 2), (24, 48), ((5, -6, 7), (10**40, 0, 0)))
    assert read[8, 1] == Strip((3,), (0,), ((1, 1, 1),))


def test_parts_are_what_their_cells_add_up_to_and_together_the_whole() -> None:
    for measure in (Measure(before=True), Measure(binary=True)):
        of = sheet(measure)
        parts = of.parts(7, 0, lambda e, c: (e, c < 48) if e else None)
        assert len(parts) == 4
        for part, arm in parts.items():
            assert arm == of.arm(7, 0, lambda e, c, part=part: (e, c < 48) == part)  # type: ignore[misc]
        first, *others = parts.values()
        for each in others:
            first = first.merge(each)
        assert first == of.arm(7, 0, lambda e, _: e > 0)
