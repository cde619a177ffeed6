"""Off-policy evaluation through the door: from the sums of each version and the archived policies, computed by a worker."""

from __future__ import annotations

from typing import Any

import asyncpg
import httpx2
import pytest
from drafts import WRITER
from folded import HOUR, MICRO, add_moments, make
from litmus_server.bandits.evaluation import Evaluation, evaluate
from litmus_server.domain.errors import Unavailable
from litmus_server.domain.evaluation import Question, Target
from litmus_server.domain.experiment import Experiment
from litmus_server.services.evaluations import Evaluations
from litmus_server.stats.adaptive import Batch
from litmus_server.stats.moments import Moments
from litmus_server.store.database import open_pool
from litmus_server.store.jobs import Queue
from litmus_server.store.reports import ReportStore
from working import worker

pytestmark = pytest.mark.database

Json = dict[str, Any]
CLICK = {"name": "click", "kind": "conversion"}
VERSIONS: dict[int, tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]] = {
    1: ((500_000, 500_000), (500, 510), (50, 66)),
    2: ((200_000, 800_000), (210, 790), (20, 95)),
    3: ((50_000, 950_000), (52, 948), (4, 118)),
}
"""Version → propensities in ppm, units, converted units."""


def converted(successes: int, units: int) -> Moments:
    return Moments(units, successes * MICRO, successes * MICRO**2, successes * MICRO**3)


BATCHES = [
    Batch(tuple(map(converted, wins, units)), tuple(share / 1e6 for share in shares))
    for shares, units, wins in VERSIONS.values()
]


async def learned(pool: asyncpg.Pool[Any], **fields: Any) -> Experiment:
    """A bandit of two models with these versions, each published on what the versions before it had shown."""
    made = await make(pool, "bandit", variants=2, primary_metric=CLICK, **fields)
    units, wins = [0, 0], [0, 0]
    for version, (shares, new, won) in VERSIONS.items():
        if version > 1:
            state = {
                "policy": "thompson_sampling", "parameters": {}, "floor": 2000, "metric": "click", "direction": "increase",
                "reason": "growth", "watermark": {"seq": version, "folded_at": None},
                "variants": [
                    {"variant_id": str(variant.id), "active": True, "units": units[k], "conversions": wins[k], "n": units[k],
                     "successes": wins[k], "mean": None, "variance": None, "joined": 0, "arrived": None, "mean_delay_hours": None, "expected": 0.1, "lower": 0.0,
                     "upper": 1.0, "alpha": 1 + wins[k], "beta": 1 + units[k] - wins[k], "sd": None, "win_probability": 0.5}
                    for k, variant in enumerate(made.variants)
                ],
            }  # fmt: skip
            async with pool.acquire() as connection:
                await connection.execute(
                    "insert into policy (experiment, version, revision, parent, propensities, state, checksum, units) "
                    "values ($1, $2, $3, $4, $5, $6, '', $7)",
                    made.no, version, made.revision, version - 1, list(shares), state, sum(units),
                )  # fmt: skip
        async with pool.acquire() as connection:
            for k in range(2):
                place = connection, made.no, k, version, HOUR
                await add_moments(*place, 0, new[k], 0)
                await add_moments(*place, made.metrics[0].id, won[k], MICRO * won[k])
        units, wins = (
            [a + b for a, b in zip(units, new, strict=True)],
            [a + b for a, b in zip(wins, won, strict=True)],
        )
    return made


async def asked(client: httpx2.AsyncClient, policy: Json, key: str = "bandit", **more: Any) -> Json:
    answer = await client.post(f"/api/v1/experiments/{key}/evaluate", json={"policy": policy, **more})
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


POLICIES: list[tuple[Json, list[float]]] = [
    ({"weights": {"model-0": 0.3, "model-1": 0.7}}, [0.3, 0.7]),
    ({"weights": {"model-1": 1}}, [0, 1]),
    ({"variant": "model-0"}, [1, 0]),
    ({"uniform": True}, [0.5, 0.5]),
]


async def test_the_answer_is_the_estimate_from_the_sums_of_each_version(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    async with worker(database_url) as pool:
        await learned(pool)
        for policy, target in POLICIES:
            is_estimated(await asked(client, policy), target)


def is_estimated(found: Json, target: list[float]) -> None:
    expected = evaluate(BATCHES, [target] * 3)
    assert isinstance(expected, Evaluation)
    for name, estimate in {
        "value": expected.doubly_robust,
        "logged": expected.logged,
        "gain": expected.gain,
        "self_normalised": expected.self_normalised,
        "inverse_propensity": expected.inverse_propensity,
    }.items():
        assert found[name] == {
            "estimate": pytest.approx(estimate.estimate),
            "standard_error": pytest.approx(estimate.standard_error),
            "lower": pytest.approx(estimate.interval.lower),
            "upper": pytest.approx(estimate.interval.upper),
        }
    assert found["logged"]["estimate"] == pytest.approx((50 + 66 + 20 + 95 + 4 + 118) / 3010)
    assert (found["units"], found["left_out_units"], found["refused"]) == (3010, 0, None)
    assert found["effective_units"] == pytest.approx(expected.effective_units)
    assert list(found["shares"].values()) == pytest.approx(target)
    assert (found["metric"], found["level"], found["experiment_key"]) == ("click", 0.95, "bandit")


async def test_a_bandit_is_computed_again_from_what_was_known_at_each_version(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    """Epsilon-greedy can be computed by hand: nothing is known at first, then the second model has the better rate."""
    async with worker(database_url) as pool:
        await learned(pool)
        found = await asked(client, {"type": "epsilon_greedy", "parameters": {"epsilon": 0.2}, "floor": 0})
    expected = evaluate(BATCHES, [[0.5, 0.5], [0.1, 0.9], [0.1, 0.9]])
    assert isinstance(expected, Evaluation)
    assert found["value"]["estimate"] == pytest.approx(expected.doubly_robust.estimate)
    assert found["shares"]["model-1"] == pytest.approx((0.5 * 1010 + 0.9 * 2000) / 3010)


async def test_fixed_weights_are_a_log_like_any_other(client: httpx2.AsyncClient, database_url: str) -> None:
    async with worker(database_url) as pool:
        made = await make(
            pool, "plain", variants=2, type="ab", primary_metric={"name": "spend", "kind": "mean"}
        )
        async with pool.acquire() as connection:
            for k, (units, spent) in enumerate(((400, 90), (410, 120))):
                await add_moments(connection, made.no, k, 1, HOUR, 0, units, 0)
                await add_moments(connection, made.no, k, 1, HOUR, made.metrics[0].id, spent, MICRO * spent)
        found = await asked(client, {"variant": "model-1"}, "plain", metric="spend")
    assert found["self_normalised"]["estimate"] == pytest.approx(120 / 410)
    assert found["value"]["estimate"] == pytest.approx(120 / 410)  # one batch: a stratified sample
    assert found["value"]["lower"] < 120 / 410 < found["value"]["upper"]


async def test_what_the_log_cannot_say_is_refused_with_the_reason(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    async with worker(database_url) as pool:
        empty = await make(pool, "empty", variants=2, primary_metric=CLICK)
        nothing = (await asked(client, {"uniform": True}, "empty"))["refused"]
        assert (nothing["reason"], nothing["needed"], nothing["got"]) == ("too_few_units", 100, 0)
        async with pool.acquire() as connection:
            await connection.execute(
                "update policy set propensities = '{0,1000000}' where experiment = $1", empty.no
            )
            await add_moments(connection, empty.no, 1, 1, HOUR, 0, 1000, 0)
        refused = await asked(client, {"variant": "model-0"}, "empty")
        assert refused["value"] is None
        assert (refused["refused"]["reason"], refused["refused"]["variants"]) == ("no_overlap", ["model-0"])
        await make(
            pool, "ratio", variants=2, type="ab",
            primary_metric={"name": "rate", "kind": "ratio", "numerator": "a", "denominator": "b"},
            secondary_metrics=[{"name": "a", "kind": "mean"}, {"name": "b", "kind": "mean"}],
        )  # fmt: skip
        assert (await asked(client, {"uniform": True}, "ratio"))["refused"]["reason"] == "metric_kind"


REFUSED: list[tuple[Json, str]] = [
    ({}, "/policy"),
    ({"policy": {}}, "/policy"),
    ({"policy": {"uniform": True, "variant": "model-0"}}, "/policy"),
    ({"policy": {"uniform": False}}, "/policy/uniform"),
    ({"policy": {"weights": {"model-0": 0.5, "model-1": 0.6}}}, "/policy/weights"),
    ({"policy": {"weights": {"model-0": 2}}}, "/policy/weights/model-0"),
    ({"policy": {"weights": {"model-7": 1}}}, "/policy/weights/model-7"),
    ({"policy": {"variant": "model-7"}}, "/policy/variant"),
    ({"policy": {"type": "oracle"}}, "/policy/type"),
    ({"policy": {"type": "epsilon_greedy", "parameters": {"epsilon": 2}}}, "/policy/parameters/epsilon"),
    ({"policy": {"type": "epsilon_greedy", "parameters": {"c": 2}}}, "/policy/parameters/c"),
    ({"policy": {"type": "epsilon_greedy", "floor": 0.9}}, "/policy/floor"),
    ({"policy": {"uniform": True}, "metric": "nothing"}, "/metric"),
    ({"policy": {"uniform": True}, "colour": 1}, "/colour"),
]


async def test_bad_input_is_a_problem_that_says_where(client: httpx2.AsyncClient, database_url: str) -> None:
    async with worker(database_url) as pool:
        await learned(pool)
        for body, pointer in REFUSED:
            answer = await client.post("/api/v1/experiments/bandit/evaluate", json=body)
            assert answer.status_code == 400, answer.text
            assert pointer in {each["pointer"] for each in answer.json()["errors"]}, body


async def test_nobody_and_no_worker_are_told_as_such(client: httpx2.AsyncClient, database_url: str) -> None:
    answer = await client.post("/api/v1/experiments/nobody/evaluate", json={"policy": {"uniform": True}})
    assert answer.status_code == 404
    async with await open_pool(database_url, size=2) as pool:
        await make(pool, "bandit", variants=2)
        evaluations = Evaluations(Queue(pool), ReportStore(pool), patience=0.2)
        with pytest.raises(Unavailable, match="No worker has answered"):
            await evaluations.answer(Question("bandit", Target(uniform=True)))


async def test_whoever_may_read_may_ask(guarded: httpx2.AsyncClient) -> None:
    path = "/api/v1/experiments/nobody/evaluate"
    assert (await guarded.post(path, json={})).status_code == 401
    answer = await guarded.post(path, json={}, headers={"authorization": f"Bearer {WRITER}"})
    assert answer.status_code == 400
