"""Sample ratio: an alarm stands while units do not arrive as the weights say. Nothing is ever paused or ended by it."""

import pytest
from folded import CAUSE
from litmus_server.domain.experiment import Status

from .conftest import House

pytestmark = pytest.mark.database


async def test_a_mismatch_raises_one_alarm_and_never_ends_anything(house: House) -> None:
    experiment = await house.bayesian(auto_promote_winner=True)
    for _ in range(4):
        await house.expose(experiment, (1000, 2000), (0, 2000))
        await house.worker().look()
    found = await house.get()
    assert (found.status, found.promotion) == (Status.RUNNING, None)
    (entry,) = await house.trail()
    assert (entry["action"], entry["principal"]) == ("raise_alarm", "rule:sample_ratio")
    assert entry["reason"].startswith("control has 1,000 units where 1,500 were expected")
    assert entry["evidence"]["variants"]["control"]["expected"] == 1500
    (alarm,) = await house.alarms()
    assert (alarm["kind"], alarm["metric"], alarm["cleared_at"]) == ("sample_ratio", None, None)


async def test_it_is_cleared_when_units_arrive_as_they_should_again(house: House) -> None:
    experiment = await house.make()
    await house.expose(experiment, (420, 580))
    await house.worker().look()
    await house.expose(experiment, (400, 400))
    await house.worker().look()
    assert len(await house.trail()) == 1  # not yet: it must not come and go
    await house.expose(experiment, (10_000, 10_000))
    await house.worker().look()
    assert [each["action"] for each in await house.trail()] == ["raise_alarm", "clear_alarm"]
    (alarm,) = await house.alarms()
    assert alarm["cleared_at"] is not None


async def test_units_are_held_against_the_weights_of_their_own_epoch(house: House) -> None:
    experiment = await house.make()
    await house.expose(experiment, (5000, 5000))
    changed = [{"key": "control", "weight": 0.1}, {"key": "treatment", "weight": 0.9}]
    later = await house.experiments.edit("x", {"variants": changed}, CAUSE)
    await house.expose(later, (1000, 9000))
    assert await house.worker().look() == []
    await house.expose(later, (0, 0), epoch=7)  # of an epoch that nobody knows
    await house.expose(later, (50, 5000), epoch=7)
    assert await house.worker().look() == []


async def test_a_bandit_is_held_against_the_propensities_of_each_version(house: House) -> None:
    experiment = await house.make(type="thompson_sampling", variants=[{"name": "a"}, {"name": "b"}])
    await house.expose(experiment, (500, 500), epoch=1)
    assert await house.worker().look() == []
    await house.expose(experiment, (500, 1500), epoch=1)
    await house.worker().look()
    assert [each["action"] for each in await house.trail()] == ["raise_alarm"]


async def test_a_variant_without_weight_that_has_units_is_named(house: House) -> None:
    experiment = await house.make()
    paused = [{"key": "treatment", "state": "paused"}]
    later = await house.experiments.edit("x", {"variants": paused}, CAUSE)
    await house.expose(experiment, (100, 100))
    await house.expose(later, (10, 1))
    await house.worker().look()
    (entry,) = await house.trail()
    assert entry["reason"] == "treatment has units that its weight of 0 rules out"


async def test_who_acknowledges_bears_with_what_there_was_and_as_much_anew_raises_it_again(
    house: House,
) -> None:
    experiment = await house.make()
    await house.expose(experiment, (500, 700))
    await house.worker().look()
    (alarm,) = await house.alarms()
    await house.experiments.acknowledge("x", alarm["id"], CAUSE)
    await house.worker().look()  # what there is until now is remembered
    await house.expose(experiment, (1000, 1000))
    assert await house.worker().look() == []
    assert (await house.experiments.alarms("x", None, 10)).alarms[0].acknowledged_by == "tester"
    await house.expose(experiment, (500, 900))
    await house.worker().look()
    assert [each["cleared_at"] is None for each in await house.alarms()] == [False, True]
    assert [each["action"] for each in await house.trail()] == ["raise_alarm", "raise_alarm"]


@pytest.mark.parametrize(("more", "raised"), [((0, 0), False), ((10, 1), True)])
async def test_units_of_an_unweighted_variant_are_borne_with_until_there_are_more(
    house: House, more: tuple[int, int], raised: bool
) -> None:
    await house.make()
    later = await house.experiments.edit("x", {"variants": [{"key": "treatment", "state": "paused"}]}, CAUSE)
    await house.expose(later, (10, 1))
    await house.worker().look()
    (alarm,) = await house.alarms()
    await house.experiments.acknowledge("x", alarm["id"], CAUSE)
    await house.worker().look()
    await house.expose(later, more)
    await house.worker().look()
    assert len(await house.alarms()) == 1 + raised


@pytest.mark.parametrize("test", ["fixed", "off"])
async def test_another_test_can_be_chosen_or_none(house: House, test: str) -> None:
    experiment = await house.make(acting={"sample_ratio": test})
    await house.expose(experiment, (5000, 5300))  # p = 0.003 for one look, not enough for all looks
    await house.worker().look()
    assert [each["action"] for each in await house.trail()] == (["raise_alarm"] if test == "fixed" else [])


async def test_where_features_decide_there_is_no_one_share_to_be_held_against(house: House) -> None:
    experiment = await house.make(
        type="linucb",
        variants=[{"name": "a"}, {"name": "b"}],
        features=[{"name": "age", "type": "number", "low": 0, "high": 100}],
    )
    await house.expose(experiment, (500, 1500), epoch=1)
    assert await house.worker().look() == []
    assert await house.trail() == []
