"""Experiments without an effect, watched through the functions that reports are made by: how many claim one. In short; the full run
is `bench/calibrate_report.py`.
"""

from dataclasses import replace

import numpy as np
import pytest
from watching import Law, Plan, Seen, watch

RARE, SKEWED = Law("rare", rate=0.02), Law("skewed", draw=lambda rng, n: rng.exponential(1.0, n))
ALWAYS = Plan(RARE, "always_valid", 10_000, 50)
HYBRID = Plan(RARE, "hybrid", 5_600, 28, planned=4)


def seen(plan: Plan, runs: int, seed: int = 0, *, every: bool = False) -> list[Seen]:
    rng = np.random.default_rng([seed, 4])
    return [watch(plan, rng, every=every) for _ in range(runs)]


def _named(plan: Plan) -> str:
    return f"{plan.method}, {plan.law.name}, {plan.share:.0%} treated"


@pytest.mark.parametrize(
    "plan", [ALWAYS, replace(ALWAYS, share=0.1), HYBRID, replace(HYBRID, law=SKEWED)], ids=_named
)
def test_watched_all_the_time_few_experiments_without_an_effect_claim_one(plan: Plan) -> None:
    runs = 80
    claims = sum(each.by is not None for each in seen(plan, runs))
    assert claims <= runs * (0.05 + 3 * (0.05 * 0.95 / runs) ** 0.5)


def test_the_test_that_speaks_changes_where_the_start_rule_opens() -> None:
    """With an effect the exact test claims it early, the interval later."""
    found = {each.by for each in seen(replace(ALWAYS, lift=0.8), 30)}
    assert found >= {"exact", "always_valid"}


def test_planned_looks_find_nearly_what_one_look_at_the_end_finds() -> None:
    found = seen(replace(HYBRID, law=Law("common", rate=0.2), lift=0.155), 120)
    one_look = sum(each.fixed for each in found)
    assert sum(each.by is not None for each in found) >= 0.93 * one_look
    assert np.mean([each.at for each in found]) < 0.9


def test_looks_that_are_left_out_of_a_simulation_could_not_have_claimed_anything() -> None:
    for plan in (replace(ALWAYS, lift=0.3), replace(HYBRID, lift=0.4)):
        assert seen(plan, 6) == seen(plan, 6, every=True)
