"""Off-policy evaluation: against the same sums over single rows, against the truth in simulated logs, and what it refuses."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from litmus_server.bandits.evaluation import LEAST_EFFECTIVE, Evaluation, NoOverlap, evaluate
from litmus_server.bandits.unit_evaluation import Units, evaluate_units
from litmus_server.stats.absence import TooFew
from litmus_server.stats.adaptive import Batch
from litmus_server.stats.moments import MICRO, Moments


@dataclass(frozen=True)
class Row:
    """One unit: its batch, its arm, its outcome in micro-units."""

    batch: int
    arm: int
    y: int


def logged(rows: list[Row], propensities: list[list[float]]) -> list[Batch]:
    return [
        Batch(
            tuple(
                Moments.of(row.y for row in rows if (row.batch, row.arm) == (b, arm)) for arm in range(len(e))
            ),
            tuple(e),
        )
        for b, e in enumerate(propensities)
    ]


def by_rows(rows: list[Row], e: list[list[float]], q: list[list[float]]) -> dict[str, float]:
    """As the papers print them, one unit after the other; in the first batch μ̂ is the arm's mean of that batch."""

    def mean(some: list[Row]) -> float | None:
        return sum(row.y for row in some) / MICRO / len(some) if some else None

    def predicted(b: int, arm: int) -> float:
        before = [row for row in rows if row.batch < b]
        now = [row for row in rows if row.batch == b]
        for some in (
            [row for row in before if row.arm == arm],
            before,
            [row for row in now if row.arm == arm],
            now,
        ):
            found = mean(some)
            if found is not None:
                return found
        return 0.0

    weights = [q[row.batch][row.arm] / e[row.batch][row.arm] for row in rows]
    n, y = len(rows), [row.y / MICRO for row in rows]
    robust = [
        sum(q[row.batch][arm] * predicted(row.batch, arm) for arm in range(len(e[0])))
        + w * (value - predicted(row.batch, row.arm))
        for row, w, value in zip(rows, weights, y, strict=True)
    ]
    weighed = sum(w * value for w, value in zip(weights, y, strict=True))
    return {
        "doubly_robust": sum(robust) / n,
        "self_normalised": weighed / sum(weights),
        "inverse_propensity": weighed / n,
        "logged": sum(y) / n,
        "gain": sum(robust) / n - sum(y) / n,
        "effective": sum(weights) ** 2 / sum(w * w for w in weights),
        "largest": max(weights),
    }


def shares(dice: random.Random, arms: int) -> list[float]:
    parts = [dice.choice([0.02, 0.1, 0.5, 1.0]) for _ in range(arms)]
    return [part / sum(parts) for part in parts]


@pytest.mark.parametrize("origin", [0, 10**9 * MICRO])
@pytest.mark.parametrize("seed", range(20))
def test_every_estimate_is_the_one_that_single_rows_give(seed: int, origin: int) -> None:
    dice = random.Random(seed)
    arms, batches = dice.randint(2, 5), dice.randint(1, 6)
    e = [shares(dice, arms) for _ in range(batches)]
    q = [shares(dice, arms) for _ in range(batches)]
    rows = [
        Row(b, dice.choices(range(arms), e[b])[0], origin + round(dice.gauss(3, 2) * MICRO))
        for b in range(batches)
        for _ in range(dice.randint(5, 80))
    ]
    found = evaluate(logged(rows, e), q, least_effective=1)
    assert isinstance(found, Evaluation)
    expected = by_rows(rows, e, q)
    close = 1e-9 if origin == 0 else 1e-5  # the rows' own floats lose the rest
    for what in ("doubly_robust", "self_normalised", "inverse_propensity", "logged", "gain"):
        assert getattr(found, what).estimate == pytest.approx(expected[what], rel=1e-9, abs=close), what
    assert found.effective_units == pytest.approx(expected["effective"])
    assert found.largest_weight == pytest.approx(expected["largest"])
    assert (found.units, found.left_out) == (len(rows), 0)


def test_errors_of_outcomes_far_from_zero_are_those_of_outcomes_near_zero() -> None:
    dice = random.Random(20261120)
    e, q = [[0.3, 0.7], [0.1, 0.9]], [[0.5, 0.5], [0.5, 0.5]]
    drawn = [
        (b, dice.choices((0, 1), e[b])[0], dice.randrange(5 * MICRO)) for b in (0, 1) for _ in range(400)
    ]
    near, far = (
        evaluate(logged([Row(b, arm, y + origin) for b, arm, y in drawn], e), q)
        for origin in (0, 10**9 * MICRO)
    )
    assert isinstance(near, Evaluation)
    assert isinstance(far, Evaluation)
    for what in ("doubly_robust", "self_normalised", "logged", "gain"):
        assert getattr(far, what).standard_error == pytest.approx(
            getattr(near, what).standard_error, rel=1e-6
        )


@settings(max_examples=50)
@given(
    st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=2, max_size=4), st.integers(1, 4)
)
def test_the_policy_of_the_log_earns_what_was_logged(counts: list[tuple[int, int]], batches: int) -> None:
    e = [1 / len(counts)] * len(counts)
    log = [Batch(tuple(converted(min(s, n), n) for s, n in counts), tuple(e))] * batches
    found = evaluate(log, [e] * batches, least_effective=1)
    if isinstance(found, TooFew):
        assert sum(n for _, n in counts) == 0
        return
    assert isinstance(found, Evaluation)
    assert found.inverse_propensity.estimate == pytest.approx(found.logged.estimate, abs=1e-12)
    assert found.self_normalised.estimate == pytest.approx(found.logged.estimate, abs=1e-12)
    assert found.effective_units == pytest.approx(found.units)
    assert found.largest_weight == pytest.approx(1)
    assert math.isfinite(found.gain.standard_error)


def converted(successes: int, units: int) -> Moments:
    return Moments(units, successes * MICRO, successes * MICRO**2, successes * MICRO**3)


def test_batches_in_which_the_policy_wants_an_arm_that_was_not_drawn_are_left_out() -> None:
    old = Batch((converted(50, 500), converted(60, 500), Moments()), (0.5, 0.5, 0.0))
    new = Batch((converted(50, 400), converted(40, 300), converted(70, 300)), (0.4, 0.3, 0.3))
    found = evaluate([old, new], [[0, 0, 1]] * 2)
    alone = evaluate([new], [[0, 0, 1]])
    assert isinstance(found, Evaluation)
    assert isinstance(alone, Evaluation)
    assert (found.units, found.left_out) == (1000, 1000)
    assert found.doubly_robust == alone.doubly_robust
    assert found.self_normalised.estimate == pytest.approx(70 / 300)


def test_a_policy_that_wants_what_was_never_drawn_is_refused_with_the_arms() -> None:
    log = [Batch((converted(50, 500), converted(60, 500), Moments()), (0.5, 0.5, 0.0))]
    found = evaluate(log, [[0.5, 0, 0.5]])
    assert found == NoOverlap((2,))
    assert "the log cannot say" in found.reason


def test_a_log_that_is_worth_too_few_units_to_the_policy_is_refused_with_how_many() -> None:
    log = [Batch((converted(3, 20), converted(60, 980)), (0.02, 0.98))]
    found = evaluate(log, [[1, 0]])
    assert found == TooFew("evaluating this policy on the log", LEAST_EFFECTIVE, 20)
    assert evaluate([], []) == TooFew("evaluating this policy on the log", LEAST_EFFECTIVE, 0)
    empty = Batch((Moments(), Moments()), (0.5, 0.5))
    assert evaluate([empty], [[0.5, 0.5]]) == TooFew("evaluating this policy on the log", LEAST_EFFECTIVE, 0)


@pytest.mark.parametrize("row", [[0.5, 0.6], [1.0], [-0.1, 1.1], [math.nan, 1.0]])
def test_shares_that_are_none_are_an_error(row: list[float]) -> None:
    with pytest.raises(ValueError, match="shares of the target"):
        evaluate([Batch((converted(1, 9), converted(1, 9)), (0.5, 0.5))], [row])


def test_the_intervals_of_a_bandits_log_hold_the_truth_of_other_policies() -> None:
    """In short; `bench/calibrate_evaluation.py` in full."""
    rng = np.random.default_rng(20261120)
    rates, runs, inside = np.array([0.2, 0.25, 0.3]), 300, dict.fromkeys(("doubly_robust", "gain"), 0)
    target = np.array([0.5, 0.3, 0.2])
    for _ in range(runs):
        wins, tries, log, earned, units = np.zeros(3), np.zeros(3), [], 0.0, 0
        for size in (200, 200, 400, 800, 1600):
            mean = (wins + 1) / (tries + 2)
            e = np.exp(25 * mean)  # adapts, and hard
            e = 0.02 + 0.94 * e / e.sum()
            n = rng.multinomial(size, e / e.sum())
            s = rng.binomial(n, rates)
            log.append(Batch(tuple(map(converted, s.tolist(), n.tolist())), tuple(e / e.sum())))
            wins, tries = wins + s, tries + n
            earned, units = earned + size * float(e @ rates / e.sum()), units + size
        found = evaluate(log, [target.tolist()] * 5)
        assert isinstance(found, Evaluation)
        value = float(target @ rates)
        for what, true in {"doubly_robust": value, "gain": value - earned / units}.items():
            interval = getattr(found, what).interval
            inside[what] += interval.lower <= true <= interval.upper
    for what, held in inside.items():
        assert held / runs >= 0.94, what


@pytest.mark.parametrize("seed", range(12))
def test_units_one_by_one_give_what_their_sums_give_where_all_of_a_batch_have_the_same_propensities(
    seed: int,
) -> None:
    dice = random.Random(seed)
    arms, batches = dice.randint(2, 5), dice.randint(2, 6)
    e = [shares(dice, arms) for _ in range(batches)]
    q = [shares(dice, arms) for _ in range(batches)]
    rows = [
        Row(b, dice.choices(range(arms), e[b])[0], MICRO * dice.choice([0, 0, 1, 3]))
        for b in range(batches)
        for _ in range(60)
    ]
    whole = evaluate(logged(rows, e), q, least_effective=1)
    single = evaluate_units(
        Units(
            np.array([7 * row.batch for row in rows]),
            np.array([row.arm for row in rows]),
            np.array([row.y / MICRO for row in rows]),
            np.array([e[row.batch] for row in rows]),
        ),
        np.array([q[row.batch] for row in rows]),
        least_effective=1,
    )
    assert isinstance(whole, Evaluation)
    assert isinstance(single, Evaluation)
    for name in ("doubly_robust", "self_normalised", "inverse_propensity", "logged", "gain"):
        one, other = getattr(single, name), getattr(whole, name)
        assert one.estimate == pytest.approx(other.estimate, rel=1e-9, abs=1e-12)
        assert one.standard_error == pytest.approx(other.standard_error, rel=1e-9)
    assert single.effective_units == pytest.approx(whole.effective_units)
    assert single.largest_weight == pytest.approx(whole.largest_weight)
    assert single.shares == pytest.approx(whole.shares)


def test_what_each_unit_had_of_its_own_is_undone_and_the_truth_is_inside() -> None:
    """Two kinds of units with opposite best arms, drawn mostly for their own: any fixed arm, and the best rule, are known."""
    rates, inside, looks = np.array([[0.3, 0.1], [0.1, 0.3]]), 0, 300
    rng = np.random.default_rng(4)
    for _ in range(looks):
        kind = rng.integers(0, 2, 2_000)
        lean = np.where(np.arange(2_000) < 400, 0.5, 0.9)
        e = np.where(kind[:, None] == np.arange(2), lean[:, None], 1 - lean[:, None])
        arm = (rng.random(2_000) >= e[:, 0]).astype(int)
        y = (rng.random(2_000) < rates[kind, arm]).astype(float)
        units = Units(np.arange(2_000) // 400, arm, y, e)
        for q, truth in (
            (np.tile([1.0, 0.0], (2_000, 1)), rates[kind, 0].mean()),
            (np.eye(2)[kind], 0.3),
        ):
            found = evaluate_units(units, q)
            assert isinstance(found, Evaluation)
            value = found.doubly_robust.interval
            inside += value.lower <= truth <= value.upper
    assert inside >= 0.95 * 2 * looks


def test_units_for_which_the_policy_wants_what_was_not_drawn_are_left_out() -> None:
    e = np.array([[0.5, 0.5, 0.0]] * 300 + [[0.2, 0.3, 0.5]] * 300)
    arm, y = np.array([0, 1] * 150 + [2, 1] * 150), np.tile([1.0, 0.0], 300)
    units = Units(np.repeat([1, 2], 300), arm, y, e)
    third = evaluate_units(units, np.tile([0.0, 0.0, 1.0], (600, 1)))
    assert isinstance(third, Evaluation)
    assert (third.units, third.left_out) == (300, 300)
    nothing_for_some = np.where(units.batch[:, None] == 1, [[0.5, 0.5, 0.0]], [[0.0, 0.0, 0.0]])
    first = evaluate_units(units, nothing_for_some)
    assert isinstance(first, Evaluation)
    assert (first.units, first.left_out, first.logged.estimate) == (300, 300, 0.5)
    assert isinstance(evaluate_units(units, np.zeros((600, 3))), TooFew)
    nobody = evaluate_units(units.among(units.batch == 1), np.tile([0.0, 0.0, 1.0], (300, 1)))
    assert nobody == NoOverlap((2,))
    few = evaluate_units(units.among(np.arange(600) < 90), np.tile([1.0, 0.0, 0.0], (90, 1)))
    assert isinstance(few, TooFew)
    assert isinstance(evaluate_units(units.among(np.zeros(600, dtype=bool)), np.zeros((0, 3))), TooFew)
