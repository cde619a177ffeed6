"""A bandit's leader is promoted once, when probability, traffic and time allow it; nobody calls that proven."""

import datetime as dt
from typing import Any

import numpy as np
import pytest
from litmus_server.domain.experiment import Experiment, Status

from .conftest import House

pytestmark = pytest.mark.database


async def bandit(house: House, **fields: Any) -> Experiment:
    return await house.make(**({"type": "thompson_sampling", "primary_metric": "order"} | fields))


async def started(house: House, days: float) -> None:
    """As if it had been started so long ago."""
    at = dt.datetime.now(dt.UTC) - dt.timedelta(days=days)
    await house.pool.execute("update status_history set at = $1 where status = 'running'", at)


@pytest.mark.parametrize("kind", ["thompson_sampling", "top_two", "ucb", "epsilon_greedy"])
async def test_the_leader_is_promoted_after_a_week_and_everybody_gets_it(house: House, kind: str) -> None:
    experiment = await bandit(house, type=kind, auto_promote_winner=True)
    await started(house, 8)
    await house.expose(experiment, (500, 500), (50, 100))
    assert await house.worker().look() == [str(experiment.id)]
    found = await house.get()
    assert (found.status, found.winner) == (Status.COMPLETED, 1)
    promotion = found.promotion
    assert promotion is not None
    assert (promotion.variant_key, promotion.rule, promotion.units) == ("treatment", "bandit", 1000)
    draws = np.random.default_rng(1).beta([[101], [51]], [[401], [451]], (2, 200_000))
    assert promotion.confidence == pytest.approx((draws[0] > draws[1]).mean(), abs=0.001)
    (entry,) = await house.trail()
    assert (entry["action"], entry["principal"]) == ("promote", "rule:bandit")
    assert entry["evidence"]["threshold"] == 0.99
    assert entry["evidence"]["variants"]["treatment"]["alpha"] == 101
    assert entry["evidence"]["seconds"] == pytest.approx(8 * 86_400, rel=0.01)
    assert "proven" not in entry["reason"]


async def test_without_auto_promote_it_is_recommended_once_and_goes_on_learning(house: House) -> None:
    experiment = await bandit(house)
    await started(house, 8)
    for _ in range(2):
        await house.expose(experiment, (500, 500), (50, 100))
        await house.worker().look()
    found = await house.get()
    assert (found.status, found.winner_variant_id) == (Status.RUNNING, None)
    assert found.promotion is not None
    assert not found.promotion.concluded
    assert [each["action"] for each in await house.trail()] == ["recommend"]


async def test_nothing_is_promoted_before_its_time_its_traffic_or_its_threshold(house: House) -> None:
    young = await bandit(house, name="young")
    few = await bandit(house, name="few", min_sample_size=5_000)
    unsure = await bandit(house, name="unsure", parameters={"promotion_threshold": 0.999999})
    contextual = await house.make(
        name="contextual", type="lints", primary_metric="order", features=[{"name": "on", "type": "boolean"}]
    )
    await started(house, 6)
    await house.expose(young, (500, 500), (50, 100))
    await house.worker().look()
    await started(house, 8)
    for experiment in (few, contextual):
        await house.expose(experiment, (500, 500), (50, 100))
    await house.expose(unsure, (500, 500), (50, 70))
    await house.worker().look()
    for key in ("young", "few", "unsure", "contextual"):
        assert (await house.get(key)).promotion is None
        assert await house.trail(key) == []


async def test_a_losers_few_units_do_not_hold_a_promotion_and_the_minima_can_be_chosen(house: House) -> None:
    experiment = await bandit(
        house,
        significance_threshold=0.95,
        min_sample_size=100,
        analysis={"minimum_days": 0},
        acting={"sample_ratio": "off"},
    )
    await house.expose(experiment, (9, 300), (0, 150))
    await house.worker().look()
    found = await house.get()
    assert found.promotion is not None
    assert found.promotion.variant_key == "treatment"


async def test_numbers_promote_too_and_fewer_can_be_better(house: House) -> None:
    metric = {"name": "minutes", "kind": "mean", "direction": "decrease"}
    experiment = await bandit(house, primary_metric=metric, analysis={"minimum_days": 0})
    await house.expose(experiment, (500, 500), (100, 30))
    await house.worker().look()
    found = await house.get()
    assert found.promotion is not None
    assert found.promotion.variant_key == "treatment"


async def test_two_workers_promote_once(house: House) -> None:
    experiment = await bandit(house, auto_promote_winner=True, analysis={"minimum_days": 0})
    await house.expose(experiment, (500, 500), (50, 100))
    for worker in (house.worker(), house.worker()):
        await worker.look()
    assert [each["action"] for each in await house.trail()] == ["promote"]


async def personal(house: House, name: str, **fields: Any) -> Experiment:
    """Contextual, with a fifth of the units held back, a week old."""
    features, share = [{"name": "on", "type": "boolean"}], {"share": 0.2, "to": "control"}
    made = await house.make(
        name=name, type="lints", primary_metric="order", features=features, holdback=share, **fields
    )
    await started(house, 8)
    return made


async def brought(
    house: House, experiment: Experiment, others: tuple[int, int], held: tuple[int, int]
) -> None:
    """Units and conversions of those that were not held back, and of those that were, as the learner sums them up."""
    for side, (units, converted) in ((False, others), (True, held)):
        powers = [converted * 10 ** (6 * power) for power in (1, 2, 3)]
        await house.pool.execute(
            "insert into contextual_held values ($1, 'control', 200000, $2, $3, $4, $5, $6, $7)",
            experiment.no, side, units, converted, *powers,
        )  # fmt: skip
    await house.expose(experiment, (others[0], held[0]), (others[1], held[1]))


async def test_a_contextual_policy_is_promoted_against_its_holdback_and_then_nobody_is_held_back(
    house: House,
) -> None:
    experiment = await personal(house, "sure", auto_promote_winner=True)
    await brought(house, experiment, (2000, 400), (500, 50))
    for _ in range(2):
        await house.worker().look()
    found = await house.get("sure")
    assert (found.status, found.holdback, found.promotion) == (Status.RUNNING, None, None)
    (entry,) = await house.trail("sure")
    assert (entry["action"], entry["principal"]) == ("promote", "rule:bandit")
    told = entry["evidence"]
    assert (told["units"], told["held_units"], told["share"], told["to"]) == (2500, 500, 0.2, "control")
    assert told["brought"] == pytest.approx(2000 * (0.2 - 0.1))
    assert 0 < told["lower"] < told["brought"]
    document = await house.pool.fetchval(
        "select document from configuration where experiment = $1 order by revision desc limit 1",
        experiment.no,
    )
    assert document["holdback"] is None
    published = await house.pool.fetchval(
        "select state from policy where experiment = $1 order by version desc limit 1", experiment.no
    )
    assert "holdback" not in published


async def test_a_contextual_policy_is_not_promoted_before_it_is_certain_nor_against_a_persons_will(
    house: House,
) -> None:
    unsure = await personal(house, "unsure", auto_promote_winner=True)
    asked = await personal(house, "asked")
    few = await personal(house, "few", auto_promote_winner=True, min_sample_size=3000)
    alone = await house.make(name="alone", type="squarecb", primary_metric="order", auto_promote_winner=True)
    await started(house, 8)
    await brought(house, unsure, (2000, 240), (500, 50))
    for each in (asked, few):
        await brought(house, each, (2000, 400), (500, 50))
    await house.expose(alone, (2000, 500), (400, 50))
    await house.worker().look()
    for key in ("unsure", "asked", "few", "alone"):
        assert await house.trail(key) == []
    assert {(await house.get(key)).holdback is None for key in ("unsure", "asked", "few")} == {False}
