"""A posterior promotes at its looks, once, whoever looks; it is called promoted, and its false alarms are known."""

import asyncio

import numpy as np
import pytest
from folded import CAUSE
from litmus_server.domain.errors import Invalid
from litmus_server.domain.experiment import Status, entry
from litmus_server.rules.promotion import false_alarm_rate, looks_of, planned_looks, rate_of_entry
from scipy import stats

from .conftest import House

pytestmark = pytest.mark.database


async def test_a_variant_at_the_threshold_is_promoted_and_the_experiment_completed_with_it(
    house: House,
) -> None:
    experiment = await house.bayesian(min_sample_size=1000, planned_units=14_000, auto_promote_winner=True)
    await house.expose(experiment, (1000, 1000), (100, 160))
    assert await house.worker().look() == [str(experiment.id)]
    found = await house.get()
    assert (found.status, found.winner) == (Status.COMPLETED, 1)
    promotion = found.promotion
    assert promotion is not None
    assert (promotion.variant_key, promotion.rule, promotion.look, promotion.looks, promotion.units) == (
        "treatment", "bayesian_ab", 2, 14, 2000,
    )  # fmt: skip
    draws = np.random.default_rng(1).beta([[161], [101]], [[841], [901]], (2, 200_000))
    assert promotion.confidence == pytest.approx((draws[0] > draws[1]).mean(), abs=0.002)
    assert promotion.concluded
    (entry,) = await house.trail()
    assert (entry["action"], entry["principal"]) == ("promote", "rule:bayesian_ab")
    evidence = entry["evidence"]
    assert evidence["variants"]["treatment"]["alpha"] == 161
    assert evidence["variants"]["treatment"]["probability"] == promotion.confidence
    assert evidence["threshold"] == 0.95
    assert evidence["false_alarm_rate"] == false_alarm_rate(experiment)
    assert entry["after"]["status"] == "completed"
    assert "proven" not in entry["reason"]


async def test_without_auto_promote_it_is_recommended_once_and_runs_on(house: House) -> None:
    experiment = await house.bayesian(min_sample_size=1000, planned_units=14_000)
    for _ in range(3):
        await house.expose(experiment, (1000, 1000), (100, 160))
        await house.worker().look()
    found = await house.get()
    assert (found.status, found.winner_variant_id) == (Status.RUNNING, None)
    assert found.promotion is not None
    assert not found.promotion.concluded
    assert found.promotion.units == 2000
    assert [each["action"] for each in await house.trail()] == ["recommend"]


async def test_control_can_be_promoted_too_and_fewer_can_be_better(house: House) -> None:
    experiment = await house.make(
        type="bayesian_ab", primary_metric={"name": "complaint", "direction": "decrease"}, planned_units=2000
    )
    await house.expose(experiment, (1000, 1000), (50, 100))
    await house.worker().look()
    found = (await house.get()).promotion
    assert found is not None
    assert found.variant_key == "control"


async def test_nothing_is_promoted_before_the_minimum(house: House) -> None:
    experiment = await house.bayesian(min_sample_size=1000, auto_promote_winner=True)
    await house.expose(experiment, (499, 500), (0, 500))
    assert await house.worker().look() == []
    assert (await house.get()).status is Status.RUNNING
    await house.expose(experiment, (1, 0), (0, 0))
    assert await house.worker().look() == [str(experiment.id)]


async def test_between_two_looks_of_the_plan_nothing_is_looked_at(house: House) -> None:
    experiment = await house.bayesian(min_sample_size=1, planned_units=14_000, auto_promote_winner=True)
    await house.expose(experiment, (500, 500), (50, 50))
    assert await house.worker().look() == []  # the first look is taken, and nobody leads
    await house.expose(experiment, (499, 499), (0, 200))
    for _ in range(3):
        assert await house.worker().look() == []
    await house.expose(experiment, (1, 1), (0, 1))
    assert await house.worker().look() == [str(experiment.id)]
    promotion = (await house.get()).promotion
    assert promotion is not None
    assert promotion.look == 2


async def test_at_the_last_look_the_significance_threshold_counts(house: House) -> None:
    experiment = await house.bayesian(
        planned_units=14_000,
        min_sample_size=1000,
        significance_threshold=0.9,
        parameters={"early_stopping_threshold": 0.9999},
    )
    await house.expose(experiment, (6500, 6500), (650, 710))
    confidence = _beats((711, 5791), (651, 5851))
    assert 0.9 < confidence < 0.9999
    assert await house.worker().look() == []
    await house.expose(experiment, (500, 500), (50, 55))
    assert await house.worker().look() == [str(experiment.id)]


async def test_many_workers_promote_once(house: House) -> None:
    experiment = await house.bayesian(min_sample_size=1000, auto_promote_winner=True)
    await house.expose(experiment, (1000, 1000), (100, 200))
    looks = await asyncio.gather(*(house.worker().look() for _ in range(6)))
    assert [each for look in looks for each in look] == [str(experiment.id)]
    assert [each["action"] for each in await house.trail()] == ["promote"]


async def test_an_alarm_that_stands_keeps_everything_from_being_promoted_and_no_look_is_lost(
    house: House,
) -> None:
    experiment = await house.bayesian(min_sample_size=1000, auto_promote_winner=True)
    await house.expose(experiment, (1000, 3000), (100, 600))
    await house.worker().look()
    assert [each["action"] for each in await house.trail()] == ["raise_alarm"]
    assert await house.worker().look() == []
    assert (await house.get()).status is Status.RUNNING
    await house.experiments.edit("x", {"acting": {"sample_ratio": "off"}}, CAUSE)
    await house.worker().look()
    await house.worker().look()
    assert [each["action"] for each in await house.trail()] == ["raise_alarm", "clear_alarm", "promote"]


async def test_what_is_paused_completed_or_of_another_type_is_left_alone(house: House) -> None:
    plain = await house.make("ab", primary_metric="order")
    paused = await house.bayesian("paused")
    await house.experiments.pause("paused", CAUSE)
    for each in (plain, paused):
        await house.expose(each, (5000, 5000), (100, 600))
    assert await house.worker().look() == []
    assert [(await house.get(key)).promotion for key in ("ab", "paused")] == [None, None]


async def test_the_primary_metric_must_be_a_rate(house: House) -> None:
    with pytest.raises(Invalid, match="must be of kind conversion"):
        await house.make(type="bayesian_ab", primary_metric={"name": "revenue", "kind": "mean"})
    made = await house.make(type="bayesian_ab")
    assert [metric.name for metric in made.metrics] == ["conversion"]


async def test_looks_are_equal_steps_of_the_plan_or_doublings_from_the_minimum(house: House) -> None:
    assert planned_looks(1400, 350, 14, early=0.9, last=0.95).units == tuple(range(400, 1500, 100))
    assert planned_looks(1400, 350, 14, early=0.9, last=0.95).thresholds == (0.9,) * 10 + (0.95,)
    assert planned_looks(None, 100, 4, early=0.9, last=0.95).units == (100, 200, 400, 800)
    assert planned_looks(100, 5000, 14, early=0.9, last=0.95).units == (5000,)
    assert planned_looks(5, 1, 14, early=0.9, last=0.95).units == (1, 2, 3, 4, 5)
    experiment = await house.bayesian()
    assert looks_of(experiment).units[:2] == (1000, 2000)
    assert max(planned_looks(None, 10**12, 100, early=0.9, last=0.95).units) < 10**15
    assert rate_of_entry(entry(experiment)) == false_alarm_rate(experiment)
    assert rate_of_entry(entry(await house.make("plain"))) is None


def _beats(first: tuple[int, int], second: tuple[int, int]) -> float:
    x = np.linspace(0, 1, 400_001)
    return float(np.trapezoid(stats.beta(*first).pdf(x) * stats.beta(*second).cdf(x), x))
