"""The report says what the moments say, to the last bit, and names a reason where it can say nothing."""

import random
from typing import Any

import asyncpg
import msgspec
import numpy as np
import pytest
from folded import CAUSE, HOUR, MICRO, add_moments, add_rollup, make, observe
from litmus_server.analysis.document import report_of
from litmus_server.domain.experiment import Experiment
from litmus_server.domain.report import Report
from litmus_server.services.analysis import encode
from litmus_server.services.experiments import Experiments
from litmus_server.services.learning import Learning
from litmus_server.store.control import Control
from litmus_server.store.jobs import Queue
from litmus_server.store.policies import PolicyStore
from litmus_server.store.reports import ReportStore
from scipy import stats

pytestmark = pytest.mark.database


async def report(pool: "asyncpg.Pool[Any]", experiment: Experiment) -> Report:
    facts = await ReportStore(pool).facts(experiment.no)
    assert facts is not None
    return report_of(facts)


def probability_of_being_best(posteriors: list[tuple[float, float]], k: int) -> float:
    """By brute force: a fine trapezoid over the density of one and the distribution functions of the others."""
    x = np.linspace(0, 1, 400_001)
    f = stats.beta(*posteriors[k]).pdf(x)
    for j, (a, b) in enumerate(posteriors):
        if j != k:
            f = f * stats.beta(a, b).cdf(x)
    return float(np.trapezoid(f, x))


def nulls(document: Any, path: str = "") -> set[str]:
    """Every object that has a field `missing`, against the fields of it that are null."""
    found = set()
    if isinstance(document, dict):
        if "missing" in document:
            empty = {name for name, value in document.items() if value is None} - {
                "started_at",
                "completed_at",
                "changes_at",
            }
            found |= {f"{path}/{name}" for name in empty ^ set(document["missing"])}
        for name, value in document.items():
            found |= nulls(value, f"{path}/{name}")
    if isinstance(document, list):
        for k, value in enumerate(document):
            found |= nulls(value, f"{path}/{k}")
    return found


async def test_every_variant_has_its_counts_posterior_and_chance(pool: "asyncpg.Pool[Any]") -> None:
    units, conversions = (120, 150, 90), (40, 66, 20)
    prior = {"prior_alpha": 2, "prior_beta": 3, "floor": 0.01}
    experiment = await make(pool, "five", variants=3, parameters=prior)
    await observe(pool, experiment, units, conversions)
    found = await report(pool, experiment)
    posteriors = [(2.0 + c, 3.0 + n - c) for n, c in zip(units, conversions, strict=True)]
    for k, variant in enumerate(found.variants):
        alpha, beta = posteriors[k]
        assert (variant.variant_id, variant.variant_key) == (str(experiment.variants[k].id), f"model-{k}")
        assert variant.is_control == (k == 0)
        assert (variant.exposures, variant.exposed_units) == (units[k], units[k])
        assert variant.share == units[k] / 360
        assert (variant.conversions, variant.conversion_events) == (conversions[k], conversions[k])
        assert variant.rate == conversions[k] / units[k]
        assert variant.mean == conversions[k] / units[k]
        assert variant.total_value == conversions[k]
        assert (variant.alpha, variant.beta) == (alpha, beta)
        assert variant.expected_rate == alpha / (alpha + beta)
        assert variant.rate_interval is not None
        assert variant.rate_interval.lower == pytest.approx(stats.beta.ppf(0.025, alpha, beta), rel=1e-9)
        assert variant.rate_interval.upper == pytest.approx(stats.beta.isf(0.025, alpha, beta), rel=1e-9)
        assert variant.win_probability == pytest.approx(probability_of_being_best(posteriors, k), abs=1e-6)
        assert variant.floor == 0.01
        assert variant.propensity == experiment.weights[k] / 1e6
        assert variant.missing == {}
    assert found.leader is not None
    assert found.leader.variant_key == "model-1"
    assert (found.exposures, found.exposed_units) == (360, 360)
    assert (found.watermark.seq, found.revision, found.policy_version) == (1, experiment.revision, 1)
    assert found.primary_metric is not None
    assert found.primary_metric.name == "conversion"


async def test_epochs_cohorts_and_values_add_up_exactly(pool: "asyncpg.Pool[Any]") -> None:
    """Sums far beyond the integers of a float, over 400 epochs and cohorts, against Python's own integers."""
    experiment = await make(pool, "sums", variants=2, secondary_metrics=["order_value"])
    rng, order_value = random.Random(5), experiment.metrics[1].id
    units, values = [0, 0], [0, 0]
    async with pool.acquire() as connection, connection.transaction():
        for _ in range(400):
            variant, n, value = rng.randrange(2), rng.randrange(9), rng.randrange(10**21)
            place = (experiment.no, variant, rng.randrange(50), HOUR + 24 * rng.randrange(30))
            await add_moments(connection, *place, 0, n, 0)
            await add_moments(connection, *place, order_value, 1, value)
            units[variant] += n
            values[variant] += value
    found = await report(pool, experiment)
    [declared] = [each for each in found.metrics if each.metric.name == "order_value"]
    assert [each.exposed_units for each in found.variants] == units
    assert [each.total_value for each in declared.variants] == [value / MICRO for value in values]
    assert [each.mean for each in declared.variants] == [
        value / (n * MICRO) for n, value in zip(units, values, strict=True)
    ]


async def test_before_the_first_exposure_the_report_says_why_it_is_silent(pool: "asyncpg.Pool[Any]") -> None:
    experiment = await make(pool, "silent", type="ab", primary_metric="conversion", start=False)
    found = await report(pool, experiment)
    assert found.leader is None
    assert found.series is None
    assert found.missing == {
        "leader": "no_exposures",
        "series": "no_exposures",
        "policy_version": "fixed_weights",
        "bandit": "fixed_weights",
        "contextual": "same_shares",
    }
    for variant in found.variants:
        assert (variant.exposed_units, variant.conversions) == (0, 0)
        assert (variant.alpha, variant.beta, variant.expected_rate) == (1, 1, 0.5)
        assert variant.missing == {
            "share": "no_exposures",
            "rate": "no_exposures",
            "mean": "no_exposures",
            "floor": "fixed_weights",
        }


async def test_every_null_has_a_reason_and_every_reason_a_null(pool: "asyncpg.Pool[Any]") -> None:
    no_primary = await make(pool, "none", type="ab")
    value = {"name": "revenue", "kind": "mean"}
    of_values = await make(pool, "values", type="ab", primary_metric=value, secondary_metrics=["x"])
    paused_arm = await make(pool, "paused arm", secondary_metrics=["x"])
    await pool.execute(
        "update configuration set document = jsonb_set(document, '{variants,1,state}', '\"paused\"')"
        " where experiment = $1",
        paused_arm.no,
    )
    for experiment in (no_primary, of_values, paused_arm):
        document = msgspec.json.decode(encode(await report(pool, experiment)))
        assert nulls(document) == set()
    for experiment in (of_values, paused_arm):
        await observe(pool, experiment, (10, 20, 30), (1, 2, 3))
    await pool.execute("insert into moments values ($1, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0)", no_primary.no)
    seen: dict[str, dict[str, str]] = {}
    for experiment in (no_primary, of_values, paused_arm):
        document = msgspec.json.decode(encode(await report(pool, experiment)))
        assert nulls(document) == set()
        seen[experiment.name] = document["missing"] | document["variants"][1]["missing"]
    assert seen["none"]["win_probability"] == seen["none"]["leader"] == "no_primary_metric"
    assert seen["values"]["expected_rate"] == "not_a_rate"
    assert "win_probability" not in seen["values"]
    assert "leader" not in seen["values"]
    assert seen["paused arm"]["win_probability"] == "variant_inactive"
    assert "leader" not in seen["paused arm"]


async def test_a_paused_variant_takes_nothing_from_the_contest(pool: "asyncpg.Pool[Any]") -> None:
    experiment = await make(pool, "contest", variants=3)
    await observe(pool, experiment, (50, 50, 50), (10, 12, 45))
    await pool.execute(
        "update configuration set document = jsonb_set(document, '{variants,2,state}', '\"paused\"')"
        " where experiment = $1",
        experiment.no,
    )
    found = await report(pool, experiment)
    best = probability_of_being_best([(11, 41), (13, 39)], 1)
    assert found.variants[1].win_probability == pytest.approx(best, abs=1e-6)
    assert found.variants[2].win_probability is None
    assert found.leader is not None
    assert found.leader.variant_key == "model-1"


async def test_names_that_nobody_declared_are_counted_with_a_hint(pool: "asyncpg.Pool[Any]") -> None:
    experiment = await make(pool, "undeclared", variants=2)
    async with pool.acquire() as connection:
        for k in range(60):
            number = await connection.fetchval(
                "insert into metric (name) values ($1) returning id", f"name {k}"
            )
            await add_rollup(connection, experiment.no, k % 2, number, 100 + k, 1_500_000, 0)
    found = (await report(pool, experiment)).undeclared
    assert found.names == 60
    assert [each.metric_name for each in found.metrics] == [f"name {k}" for k in range(59, 9, -1)]
    assert found.metrics[0].events == 159
    assert found.metrics[0].total_value == 1.5
    assert found.metrics[0].events_by_variant == {str(experiment.variants[1].id): 159}
    assert "Declare" in found.hint


async def test_the_propensities_are_those_of_the_newest_policy(pool: "asyncpg.Pool[Any]") -> None:
    experiment = await make(pool, "policy", variants=2)
    await observe(pool, experiment, (50, 50), (5, 45))
    await pool.execute("update policy set published_at = published_at - interval '1 minute'")
    assert await Learning(PolicyStore(pool), Queue(pool)).learn(experiment.no) == 2
    found = await report(pool, experiment)
    shares = await pool.fetchval("select propensities from policy where version = 2")
    assert found.policy_version == 2
    assert [each.propensity for each in found.variants] == [share / 1e6 for share in shares]
    # A pause is another revision; the shares stay as they were.
    await Experiments(Control(pool)).pause(experiment.key, CAUSE)
    paused = await report(pool, experiment)
    assert paused.status == "paused"
    assert paused.revision > found.revision
    assert [each.propensity for each in paused.variants] == [share / 1e6 for share in shares]


async def test_the_lag_is_the_age_of_the_oldest_batch_that_waits(pool: "asyncpg.Pool[Any]") -> None:
    experiment = await make(pool, "lag")
    assert (await report(pool, experiment)).lag_seconds == 0
    await pool.execute("insert into fold_queue values (1, now() - interval '90 s'), (2, now())")
    assert 90 <= (await report(pool, experiment)).lag_seconds < 600


async def test_a_report_survives_its_encoding(pool: "asyncpg.Pool[Any]") -> None:
    experiment = await make(pool, "encoding", secondary_metrics=["order_value"])
    await observe(pool, experiment, (50, 60, 70), (5, 45, 7))
    found = await report(pool, experiment)
    assert msgspec.json.decode(encode(found), type=Report) == found
