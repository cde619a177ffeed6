"""What fades with age, and what has not had its time: against every unit one by one, and against scipy's optimum."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from litmus_server.bandits.arms import NumberArm
from litmus_server.bandits.cohorts import Cohort, Forgetting, faded
from litmus_server.bandits.delays import matured, mean_delays, passed_by
from litmus_server.stats.moments import MICRO, Moments
from scipy.optimize import minimize_scalar

HOUR = 3600.0


def test_a_half_life_halves_and_a_window_ends() -> None:
    memory = Forgetting(half_life=10, window=35)
    assert [memory.weight(age) for age in (-1, 0, 10, 20, 35, 35.1)] == [1, 1, 0.5, 0.25, 0.5**3.5, 0]
    assert Forgetting().weight(1e12) == 1


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf")])
def test_what_is_no_time_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="half_life must be"):
        Forgetting(half_life=value)
    with pytest.raises(ValueError, match="window must be"):
        Forgetting(window=value)


@given(
    st.lists(
        st.tuples(st.floats(0, 100), st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=5)),
        min_size=1,
        max_size=6,
    ),
    st.integers(-(10**15), 10**15),
)
def test_fading_cohorts_is_fading_every_unit(cells: list[tuple[float, list[int]]], origin: int) -> None:
    memory = Forgetting(half_life=20)
    moved = [(age, [value + origin for value in values]) for age, values in cells]
    arm = faded([(age, Moments.of(values)) for age, values in moved], memory)
    w = np.array([memory.weight(age) for age, values in cells for _ in values])
    y = np.array([value for _, values in cells for value in values]) / MICRO
    mean = (w @ y) / w.sum()
    assert arm.n == pytest.approx(w.sum())
    assert arm.mean - origin / MICRO == pytest.approx(mean, abs=1e-6 + abs(origin) / MICRO * 1e-12)
    if w.sum() > 1.01:
        assert arm.variance == pytest.approx(w @ (y - mean) ** 2 / (w.sum() - 1), rel=1e-6, abs=1e-9)


def test_an_arm_that_is_forgotten_wholly_knows_nothing() -> None:
    assert faded([(50.0, Moments.of([1, 2]))], Forgetting(window=10)) == NumberArm(0, 0, 0)


# --- delays ----------------------------------------------------------------------------------------------------


def late(
    rng: np.random.Generator, units: int, rate: float, mean: float, horizon: float, cohorts: int
) -> list[Cohort]:
    """Units that come evenly, of whom `rate` convert after an exponential delay, seen at `horizon`."""
    born = (np.arange(units) + 0.5) * horizon / units
    delay = np.where(rng.random(units) < rate, rng.exponential(mean, units), np.inf)
    found = []
    for part in np.array_split(np.arange(units), cohorts):
        seen = born[part] + delay[part] <= horizon
        ages = horizon - born[part]
        found.append(Cohort(float(ages.mean()), len(part), int(seen.sum()), float(delay[part][seen].sum())))
    return found


def test_without_a_delay_nothing_is_corrected() -> None:
    (arm,) = matured([[Cohort(30 * HOUR, 100, 20, 20.0)]])
    assert arm.arm.successes == 20
    assert arm.arm.trials == pytest.approx(100)
    assert arm.arrived == pytest.approx(1)
    assert arm.to_come(0.2) == pytest.approx(0, abs=1e-6)


def test_before_the_first_conversion_of_any_arm_nothing_is_known_of_delays() -> None:
    first, second = matured([[Cohort(HOUR, 100, 0)], []])
    assert first.arm.trials == 100
    assert first.mean_delay is None
    assert second.arrived is None


def test_a_known_law_counts_the_chances_that_have_passed() -> None:
    (arm,) = matured([[Cohort(HOUR, 100, 5, 9000.0), Cohort(2 * HOUR, 50, 6, 9000.0)]], law=[HOUR])
    assert arm.arm.trials == pytest.approx(100 * (1 - math.exp(-1)) + 50 * (1 - math.exp(-2)))
    assert arm.arrived == pytest.approx(arm.arm.trials / 150)
    assert arm.to_come(0.1) == pytest.approx(0.1 * (150 - arm.arm.trials))


def test_an_attribution_window_ends_the_waiting() -> None:
    age, mean = np.array([1.0, 5.0, 10.0, 20.0]), np.array([[8.0]])
    passed = passed_by(age, mean, attribution=10.0)[0, :, 0]
    assert passed[2] == passed[3] == 1
    assert passed[0] == pytest.approx((1 - math.exp(-1 / 8)) / (1 - math.exp(-10 / 8)))


def test_the_mean_delay_is_the_likeliest_one_with_five_pseudo_converters() -> None:
    rng = np.random.default_rng(3)
    arms = [late(rng, 3000, 0.1, mean, 10_000, 40) for mean in (500, 4000)]
    age = np.array([cohort.age for cohort in arms[0]])
    converted = np.array([[c.converted for c in arm] for arm in arms], dtype=float)
    sums = np.array([sum(c.delay_sum for c in arm) for arm in arms])

    def likeliest(s: Any, total: float, pseudo: float, prior: float) -> float:
        def cost(log_mean: float) -> float:
            mean = math.exp(log_mean)
            seen = np.log(-np.expm1(-age / mean))
            return float(s.sum() * log_mean + total / mean + s @ seen + pseudo * (log_mean + prior / mean))

        best = minimize_scalar(cost, bounds=(3, 12), method="bounded", options={"xatol": 1e-9})
        return math.exp(best.x)

    pooled = likeliest(converted.sum(axis=0), sums.sum(), 0, 1.0)
    found = mean_delays(age, np.asarray(converted.T[None]), sums[None])[0]
    for k in (0, 1):
        assert found[k] == pytest.approx(likeliest(converted[k], sums[k], 5, pooled), rel=1e-4)
    assert found[0] == pytest.approx(500, rel=0.2)
    assert found[1] > 2000


def test_an_arm_that_converts_slowly_is_not_taken_for_a_bad_one() -> None:
    rng = np.random.default_rng(5)
    arms = [late(rng, 40_000, 0.12, 300, 8_000, 80), late(rng, 40_000, 0.14, 3000, 8_000, 80)]
    naive = [sum(c.converted for c in arm) / 40_000 for arm in arms]
    fast, slow = matured(arms)
    assert naive[1] < naive[0]
    assert slow.arm.successes / slow.arm.trials > fast.arm.successes / fast.arm.trials
    assert slow.arrived is not None
    assert fast.arrived is not None
    assert slow.arrived < 0.8 < fast.arrived


def test_chances_that_have_passed_are_never_fewer_than_conversions() -> None:
    (arm,) = matured([[Cohort(1.0, 10, 9, 8.0)]], law=[1e6])
    assert arm.arm.trials == arm.arm.successes == 9


def test_forgetting_and_delays_go_together() -> None:
    cohorts = [Cohort(10.0, 100, 10, 20.0), Cohort(30.0, 100, 12, 30.0)]
    (arm,) = matured([cohorts], law=[5.0], forgetting=Forgetting(half_life=10))
    assert arm.arm.successes == pytest.approx(0.5 * 10 + 0.125 * 12)
    passed = [1 - math.exp(-age / 5) for age in (10, 30)]
    assert arm.arm.trials == pytest.approx(0.5 * 100 * passed[0] + 0.125 * 100 * passed[1])


@pytest.mark.parametrize("law", [[0.0], [-1.0], [1.0, 2.0], [float("nan")]])
def test_what_is_no_law_is_refused(law: list[float]) -> None:
    with pytest.raises(ValueError, match="one positive mean delay an arm"):
        matured([[Cohort(1.0, 1, 0)]], law=law)


def test_what_is_no_cohort_is_refused() -> None:
    with pytest.raises(ValueError, match="no cohort"):
        Cohort(1.0, 3, 4)
