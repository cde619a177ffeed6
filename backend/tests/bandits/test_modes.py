"""What a purpose means: its defaults, when it promotes, and what its floor costs."""

import numpy as np
import pytest
from litmus_server.bandits.allocation import FloorTooHigh
from litmus_server.bandits.modes import DAY, MODES, Promotion, PromotionRule, Waiting, floor_prices
from litmus_server.bandits.policies import POLICIES
from litmus_server.domain.draft import Purpose
from litmus_server.stats.absence import Undefined

RULE = PromotionRule(0.95, least_units=500, least_age=7 * DAY, least_leader_units=200)
UNITS = [10, 600, 30]


def test_a_leader_is_promoted_when_all_of_the_rule_is_met() -> None:
    assert RULE.judge([0.01, 0.96, 0.03], UNITS, 8 * DAY) == Promotion(1, 0.96)


@pytest.mark.parametrize(
    ("chances", "units", "age", "because"),
    [
        ([0.1, 0.9, 0.0], UNITS, 8 * DAY, "0.9000, and 0.95"),
        ([0.0, 1.0, 0.0], [10, 400, 30], 8 * DAY, "440 of at least 500"),
        ([1.0, 0.0, 0.0], UNITS, 8 * DAY, "the leader has 10 of at least 200"),
        ([0.0, 1.0, 0.0], UNITS, 6 * DAY, "6.0 of at least 7 days"),
        ([None, None, None], UNITS, 8 * DAY, "no arm is active"),
    ],
)
def test_otherwise_the_answer_says_what_is_missing(
    chances: list[float | None], units: list[int], age: float, because: str
) -> None:
    found = RULE.judge(chances, units, age)
    assert isinstance(found, Waiting)
    assert because in found.because


def test_losers_need_no_units_to_be_passed_over_and_inactive_arms_win_nothing() -> None:
    assert RULE.judge([None, 0.99, 0.01], [9_000, 600, 0], 8 * DAY) == Promotion(1, 0.99)


@pytest.mark.parametrize("rule", [(0.5, 0, 0), (1.0, 0, 0), (0.95, -1, 0), (0.95, 0, -1.0)])
def test_what_is_no_rule_is_refused(rule: tuple[float, int, float]) -> None:
    with pytest.raises(ValueError, match=r"threshold|minimum"):
        PromotionRule(*rule)


def test_each_purpose_has_its_defaults() -> None:
    earn, learn, test = (MODES[purpose] for purpose in Purpose)
    assert (earn.policy, earn.floor_ppm, earn.horizon) == ("thompson_sampling", 2_000, None)
    assert (learn.policy, learn.floor_ppm) == ("top_two", 10_000)
    assert (test.policy, test.floor_ppm, test.promotion) == (None, 10_000, None)
    assert {earn.policy, learn.policy} <= set(POLICIES)


def test_a_floor_costs_traffic_and_buys_width() -> None:
    prices = floor_prices(0.25, 10_000, 5)
    assert isinstance(prices[0].half_width, Undefined)
    assert prices[0].share_given_away == 0
    one = next(price for price in prices if price.floor_ppm == 10_000)
    assert (one.units_at_floor, one.share_given_away) == (100, 0.04)
    means = np.random.default_rng(1).binomial(100, 0.5, 20_000) / 100
    assert one.half_width == pytest.approx(1.96 * means.std(), rel=0.02)


def test_floors_that_do_not_fit_are_refused() -> None:
    with pytest.raises(FloorTooHigh):
        floor_prices(0.1, 1_000, 30, floors_ppm=(50_000,))
    with pytest.raises(ValueError, match="positive variance"):
        floor_prices(0, 1_000, 3)
