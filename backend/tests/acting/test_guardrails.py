"""A guardrail is a circuit breaker: certain harm pauses, with its evidence, once; who resumes has borne with what there was."""

import asyncio
import random
from collections.abc import Sequence
from math import log
from typing import Any

import pytest
from folded import CAUSE
from litmus_server.domain.experiment import Experiment, Status
from litmus_server.rules.guardrails import Finding, found
from litmus_server.rules.judge import judged
from litmus_server.rules.observation import Observation
from litmus_server.services.experiments import Experiments
from litmus_server.stats.absence import TooFew
from litmus_server.stats.sheet import Measure, Sheet, Strip
from litmus_server.store.control import Control

from .conftest import House

pytestmark = pytest.mark.database

ERRORS = {"name": "failed", "kind": "conversion", "role": "guardrail", "direction": "decrease"}
ORDERS = {"name": "order", "kind": "conversion", "role": "guardrail"}


async def guarded(house: House, *guardrails: object, **fields: Any) -> Experiment:
    return await house.make(secondary_metrics=list(guardrails) or [ERRORS], **fields)


async def test_certain_harm_pauses_the_experiment_with_its_evidence(house: House) -> None:
    experiment = await guarded(house)
    await house.expose(experiment, (2000, 2000), (40, 120))
    assert await house.worker().look() == [str(experiment.id)]
    assert (await house.get()).status is Status.PAUSED
    (entry,) = await house.trail()
    assert (entry["action"], entry["principal"]) == ("pause", "rule:guardrail")
    assert entry["reason"].startswith("treatment is worse than control on failed by 200.0%")
    found = entry["evidence"]["variants"]["treatment"]
    assert found["p_value"] < 0.05
    assert found["lift"] == pytest.approx(2.0)
    (alarm,) = await house.alarms()
    assert (alarm["kind"], alarm["metric"], alarm["cleared_at"]) == (
        "guardrail",
        experiment.metrics[0].id,
        None,
    )
    assert alarm["evidence"] == entry["evidence"]
    assert alarm["message"] == entry["reason"]


async def test_a_metric_that_should_increase_is_harmed_when_it_falls(house: House) -> None:
    experiment = await guarded(house, ORDERS)
    await house.expose(experiment, (3000, 3000), (600, 400))
    await house.worker().look()
    assert (await house.get()).status is Status.PAUSED


async def test_what_gets_better_pauses_nothing(house: House) -> None:
    experiment = await guarded(house, ERRORS, ORDERS)
    await house.expose(experiment, (3000, 3000), (300, 100))
    await house.expose(experiment, (0, 0), (300, 900), metric=1)
    assert await house.worker().look() == []
    assert await house.trail() == []


async def test_harm_within_the_margin_is_borne_with_and_beyond_it_is_not(house: House) -> None:
    experiment = await guarded(house, {**ORDERS, "margin": 0.1})
    await house.expose(experiment, (20_000, 20_000), (4000, 3700))
    await house.worker().look()
    assert (await house.get()).status is Status.RUNNING
    await house.expose(experiment, (20_000, 20_000), (4000, 2900))
    await house.worker().look()
    assert (await house.get()).status is Status.PAUSED


async def test_errors_that_control_never_has_are_seen_before_the_normal_law_holds(house: House) -> None:
    experiment = await guarded(house)
    await house.expose(experiment, (300, 300), (0, 14))
    await house.worker().look()
    assert (await house.get()).status is Status.PAUSED


async def test_with_more_guardrails_and_treatments_each_needs_more_evidence(house: House) -> None:
    three = [
        {"name": name, "weight": weight} for name, weight in (("control", 0.5), ("b", 0.25), ("c", 0.25))
    ]
    alone = await guarded(house)
    crowd = await house.make(
        "crowd", variants=three, secondary_metrics=[ERRORS, ORDERS, {**ORDERS, "name": "paid"}]
    )
    p = []
    for experiment in (alone, crowd):
        units = (2000, 2000) if experiment is alone else (2000, 1000, 1000)
        failures = (40, 120) if experiment is alone else (40, 60, 20)
        await house.expose(experiment, units, failures)
    await house.worker().look()
    for key, treatment in (("x", "treatment"), ("crowd", "b")):
        ((_, evidence),) = [(each["action"], each["evidence"]) for each in await house.trail(key)]
        found = evidence["variants"][treatment]
        p.append(found["p_value"])
        assert log(found["p_value"]) == pytest.approx(log(evidence["family"]) - found["log_evidence"])
        assert evidence["family"] == (1 if key == "x" else 6)
    assert p[0] < p[1]


async def test_many_workers_pause_once(house: House) -> None:
    experiment = await guarded(house)
    await house.expose(experiment, (2000, 2000), (40, 120))
    looks = await asyncio.gather(*(house.worker().look() for _ in range(6)))
    assert [each for look in looks for each in look] == [str(experiment.id)]
    assert len(await house.trail()) == len(await house.alarms()) == 1


async def test_an_act_that_fails_halfway_leaves_nothing_and_is_done_at_the_next_look(house: House) -> None:
    """As when a worker is killed: alarm, pause, look and audit are one transaction."""
    experiment = await guarded(house)
    await house.expose(experiment, (2000, 2000), (40, 120))
    await house.pool.execute("alter table audit add constraint broken check (principal not like 'rule:%')")
    assert await house.worker().look() == []
    assert ((await house.get()).status, await house.alarms()) == (Status.RUNNING, [])
    assert (await house.get()).revision == experiment.revision
    await house.pool.execute("alter table audit drop constraint broken")
    assert await house.worker().look() == [str(experiment.id)]
    assert (await house.get()).status is Status.PAUSED


async def test_a_change_that_came_between_judging_and_acting_wins(house: House) -> None:
    """Optimistic locking: what was judged is no longer what is there."""
    experiment = await guarded(house)
    await house.expose(experiment, (2000, 2000), (40, 120))
    worker = house.worker()
    observation = await worker._book.observed(experiment.no)
    assert observation is not None
    await house.experiments.edit("x", {"acting": {"guardrails": "off"}}, CAUSE)
    said = judged(observation)
    assert said.acts
    assert await worker._act(observation, said.acts, said.looks) is False
    assert (await house.get()).status is Status.RUNNING
    assert await house.alarms() == []


async def test_who_resumes_bears_with_what_there_was_and_new_harm_pauses_again(house: House) -> None:
    experiment = await guarded(house)
    await house.expose(experiment, (2000, 2000), (40, 120))
    await house.worker().look()
    await house.experiments.resume("x", CAUSE)
    (alarm,) = await house.alarms()
    assert (alarm["cleared_by"], alarm["cleared_at"] is None) == ("tester", False)
    for _ in range(3):
        await house.worker().look()
        await house.expose(experiment, (5, 5), (0, 0))
    assert (await house.get()).status is Status.RUNNING
    await house.expose(experiment, (1000, 1000), (20, 20))  # it was right again
    await house.worker().look()
    assert (await house.get()).status is Status.RUNNING
    await house.expose(experiment, (2000, 2000), (40, 160))
    await house.worker().look()
    assert (await house.get()).status is Status.PAUSED
    first, second = await house.trail()
    was, now = (each["evidence"]["variants"]["treatment"] for each in (first, second))
    assert now["log_evidence_acknowledged"] == pytest.approx(was["log_evidence"])
    assert now["log_evidence"] - now["log_evidence_acknowledged"] >= log(1 / 0.05)
    assert len(await house.alarms()) == 2


async def test_set_to_alarm_only_it_goes_on_and_the_alarm_is_cleared_when_it_is_right_again(
    house: House,
) -> None:
    experiment = await guarded(house, acting={"guardrails": "alarm"})
    await house.expose(experiment, (2000, 2000), (40, 120))
    for _ in range(2):
        await house.worker().look()
    assert (await house.get()).status is Status.RUNNING
    assert [each["action"] for each in await house.trail()] == ["raise_alarm"]
    await house.expose(experiment, (20_000, 20_000), (1000, 900))
    await house.worker().look()
    assert [each["action"] for each in await house.trail()] == ["raise_alarm", "clear_alarm"]
    (alarm,) = await house.alarms()
    assert (alarm["cleared_at"] is None, alarm["cleared_by"]) == (False, None)


async def test_switched_off_it_says_nothing_and_what_stood_is_cleared(house: House) -> None:
    experiment = await guarded(house, acting={"guardrails": "alarm"})
    await house.expose(experiment, (2000, 2000), (40, 120))
    await house.worker().look()
    await house.experiments.edit("x", {"acting": {"guardrails": "off"}}, CAUSE)
    await house.worker().look()
    await house.expose(experiment, (2000, 2000), (40, 220))
    await house.worker().look()
    assert [each["action"] for each in await house.trail()] == ["raise_alarm", "clear_alarm"]


async def test_days_on_which_shares_were_others_are_not_compared_with_each_other(house: House) -> None:
    """All units alike on each day, more failures on the second: pooled, the treatment would look twice as bad."""
    experiment = await guarded(house)
    changed = [{"key": "control", "weight": 0.1}, {"key": "treatment", "weight": 0.9}]
    await house.expose(experiment, (9000, 9000), (180, 180))
    later = await house.experiments.edit("x", {"variants": changed}, CAUSE)
    assert later.epoch == experiment.epoch + 1
    await house.expose(later, (2000, 18_000), (200, 1800))
    await house.worker().look()
    assert (await house.get()).status is Status.RUNNING
    await house.expose(later, (400, 3600), (0, 1200))
    await house.worker().look()
    assert (await house.get()).status is Status.PAUSED


async def test_a_bandit_is_guarded_by_the_propensities_with_which_it_drew(house: House) -> None:
    names = [{"name": "control"}, {"name": "b"}]
    experiment = await house.make(type="thompson_sampling", variants=names, secondary_metrics=[ERRORS])
    await house.expose(experiment, (3000, 3000), (60, 60), metric=1, epoch=1)
    await house.worker().look()
    assert await house.trail() == []
    await house.expose(experiment, (3000, 3000), (60, 240), metric=1, epoch=1)
    await house.worker().look()
    assert (await house.get()).status is Status.PAUSED


def harm(experiment: Experiment, units: Sequence[int], failures: Sequence[int]) -> Finding:
    """What is found of so many units and failures, control first."""
    metric = experiment.metrics[0]
    strips = {(0, arm): Strip((1,), (0,), ((units[arm], *[0] * 6),)) for arm in (0, 1)} | {
        (metric.id, arm): Strip((1,), (0,), ((failures[arm], *[failures[arm]] * 3, 0, 0, 0),))
        for arm in (0, 1)
    }
    sheet = Sheet(24, {metric.id: Measure(binary=True)}, strips)
    seen = Observation(experiment, {}, experiment.created_at, 1, sheet, {1: (0.5, 0.5)})
    return found(seen, metric, 1, TooFew("", 1, 0))


async def test_what_cannot_be_told_yet_names_the_variant_that_has_too_few_units(house: House) -> None:
    experiment = await guarded(house, start=False)
    assert (
        harm(experiment, (40, 400), (4, 40)).reason
        == "monitoring control needs at least 50 units, and has 40"
    )
    assert (
        harm(experiment, (400, 49), (40, 4)).reason
        == "monitoring treatment needs at least 50 units, and has 49"
    )


async def test_without_harm_looking_after_every_batch_hardly_ever_pauses(house: House) -> None:
    """The short run of the calibration: the full one is bench/calibrate_acting.py."""
    experiment = await guarded(house, start=False)
    rng, paused, runs = random.Random(3), 0, 200
    for _ in range(runs):
        n, k = [0, 0], [0, 0]
        for _ in range(40):
            for arm in (0, 1):
                n[arm] += 50
                k[arm] += sum(rng.random() < 0.03 for _ in range(50))
            if harm(experiment, n, k).log_evidence >= log(1 / 0.05):
                paused += 1
                break
    assert paused <= 0.05 * runs + 3 * (0.05 * 0.95 * runs) ** 0.5


async def test_a_service_of_another_process_resumes_the_same_way(house: House) -> None:
    experiment = await guarded(house)
    await house.expose(experiment, (2000, 2000), (40, 120))
    await house.worker().look()
    await Experiments(Control(house.pool)).set_status("x", Status.RUNNING, CAUSE)
    assert (await house.alarms())[0]["cleared_by"] == "tester"
