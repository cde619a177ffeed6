"""Whoever asks for a report gets the same bytes, current or marked stale, and nobody computes it twice."""

import asyncio
from typing import Any

import asyncpg
import msgspec
import pytest
from folded import CAUSE, HOUR, MICRO, add_moments, make, observe
from litmus_server.domain.errors import NotFound, Unavailable
from litmus_server.ports import Facts, KeptReport, ReportState
from litmus_server.services.analysis import Analysis
from litmus_server.services.experiments import Experiments
from litmus_server.services.reports import Reports
from litmus_server.stats.bayes import DEFAULT_PRIOR, fitted_prior
from litmus_server.stats.contrast import ScoreContrast
from litmus_server.stats.estimators import proportions
from litmus_server.store.contextual_sums import ContextualStore
from litmus_server.store.control import Control
from litmus_server.store.jobs import Queue
from litmus_server.store.reports import ReportStore

from .conftest import worker

pytestmark = pytest.mark.database


async def computed(pool: "asyncpg.Pool[Any]") -> int:
    """Reports computed so far."""
    done: int = await pool.fetchval(
        "select count(*) from job where kind = 'report' and (result ->> 'computed')::boolean"
    )
    return done


async def test_a_report_is_computed_once_for_each_state(pool: "asyncpg.Pool[Any]", patient: Reports) -> None:
    experiment = await make(pool, "once")
    async with worker(pool):
        first = await patient.report(experiment.key)
        again = await patient.report(str(experiment.id))
        assert again is first
        assert await computed(pool) == 1
        await observe(pool, experiment, (10, 20, 30), (1, 2, 3))
        news = msgspec.json.decode(await patient.report(experiment.key))
        assert await computed(pool) == 2
        assert news["exposed_units"] == 60
        assert news["watermark"]["seq"] == 1
        assert news["stale"] is False
        await Experiments(Control(pool)).pause(experiment.key, CAUSE)
        assert msgspec.json.decode(await patient.report(experiment.key))["status"] == "paused"
        assert await computed(pool) == 3


async def test_a_crowd_that_asks_at_once_gets_the_same_bytes_of_one_computation(
    pool: "asyncpg.Pool[Any]", patient: Reports
) -> None:
    experiment = await make(pool, "crowd")
    await observe(pool, experiment, (10, 20, 30), (1, 2, 3))
    elsewhere = Reports(ReportStore(pool), Queue(pool), patience=30)  # another process
    asking = [asyncio.create_task(patient.report(experiment.key)) for _ in range(20)]
    asking += [asyncio.create_task(elsewhere.report(str(experiment.id))) for _ in range(20)]
    async with worker(pool):
        documents = await asyncio.gather(*asking)
    assert len(set(documents)) == 1
    assert await computed(pool) == 1


async def test_without_a_worker_the_old_report_is_served_and_says_so(
    pool: "asyncpg.Pool[Any]", patient: Reports, reports: Reports
) -> None:
    experiment = await make(pool, "stale")
    async with worker(pool):
        current = msgspec.json.decode(await patient.report(experiment.key))
    await observe(pool, experiment, (10, 20, 30), (1, 2, 3))
    served = msgspec.json.decode(await reports.report(experiment.key))
    assert served == current | {"stale": True}
    async with worker(pool):
        fresh = msgspec.json.decode(await patient.report(experiment.key))
    assert (fresh["stale"], fresh["exposed_units"]) == (False, 60)


async def test_without_a_worker_and_an_old_report_it_is_unavailable(
    pool: "asyncpg.Pool[Any]", reports: Reports
) -> None:
    experiment = await make(pool, "nobody")
    with pytest.raises(Unavailable, match="no worker"):
        await reports.report(experiment.key)
    with pytest.raises(Unavailable):
        await reports.bandit(experiment.key)
    assert await pool.fetchval("select count(*) from job where state = 'queued'") == 1


async def test_a_hint_ends_the_wait(pool: "asyncpg.Pool[Any]", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("litmus_server.services.reports._LOOK", 3600)
    service = Reports(ReportStore(pool), Queue(pool), patience=30)
    experiment = await make(pool, "hint")
    async with pool.acquire() as connection:
        await connection.add_listener("litmus_report", heard := lambda *told: service.heard(told[3]))
        asking = asyncio.create_task(service.report(experiment.key))
        while not await pool.fetchval("select count(*) from job"):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        async with worker(pool):
            assert msgspec.json.decode(await asking)["experiment_key"] == "hint"
        await connection.remove_listener("litmus_report", heard)


async def test_what_came_in_while_a_report_was_computed_is_in_the_next_one(
    pool: "asyncpg.Pool[Any]", patient: Reports
) -> None:
    experiment = await make(pool, "meanwhile")
    reading, may_go_on = asyncio.Event(), asyncio.Event()

    class Slow(ReportStore):
        async def facts(self, experiment: int) -> Facts | None:
            facts = await super().facts(experiment)
            reading.set()
            await may_go_on.wait()
            return facts

    slow = asyncio.create_task(Analysis(Slow(pool), ContextualStore(pool)).report(experiment.no))
    await reading.wait()
    await observe(pool, experiment, (10, 20, 30), (1, 2, 3))
    may_go_on.set()
    await slow
    async with worker(pool):
        assert msgspec.json.decode(await patient.report(experiment.key))["exposed_units"] == 60


async def test_an_older_report_never_replaces_a_newer_one(pool: "asyncpg.Pool[Any]") -> None:
    experiment = await make(pool, "order")
    store = ReportStore(pool)
    old, new = await store.facts(experiment.no), await store.facts(experiment.no)
    assert old is not None
    assert new is not None
    for which, state, at in (("new", 2, new.now), ("old", 1, old.now)):
        kept = KeptReport(ReportState(state, 1, 0), f'{{"which": "{which}"}}'.encode(), None)
        await store.keep(experiment.no, kept, at, (), b"{}")
    assert await store.document(experiment.no) == (ReportState(2, 1, 0), b'{"which": "new"}', None)


async def test_an_unknown_experiment_is_not_found(reports: Reports) -> None:
    for reference in ("nobody", "c0ffee00-0000-4000-8000-000000000000", "no such thing", "", "null\0"):
        with pytest.raises(NotFound, match="Experiment"):
            await reports.report(reference)
        with pytest.raises(NotFound, match="Experiment"):
            await reports.metrics(reference)


async def test_the_raw_counters_are_those_of_the_rollup(pool: "asyncpg.Pool[Any]", reports: Reports) -> None:
    experiment = await make(pool, "raw", variants=2)
    number = await pool.fetchval("insert into metric (name) values ('click_through') returning id")
    for variant, metric, events, total, units in (
        (0, 0, 1250, 0, 1000),
        (0, experiment.metrics[0].id, 450, 450_500_000, 400),
        (1, number, 3, 1, 0),
    ):
        await pool.execute(
            "insert into rollup values ($1, $2, $3, 0, '-infinity', $4, $5, $6)",
            experiment.no, variant, metric, events, total, units,
        )  # fmt: skip
    found = msgspec.json.decode(msgspec.json.encode(await reports.metrics(experiment.key)))
    assert set(found) >= {"experiment_id", "variant_metrics", "computed_at"}
    control, other = (found["variant_metrics"][str(variant.id)] for variant in experiment.variants)
    assert control == {
        "variant_id": str(experiment.variants[0].id),
        "variant_name": "model-0",
        "exposures": 1250,
        "unique_users": 1000,
        "conversions": {
            "conversion": {"count": 450, "sum": 450.5, "mean": 450.5 / 450, "conversion_rate": 0.36},
            "click_through": {"count": 0, "sum": 0.0, "mean": None, "conversion_rate": 0.0},
        },
    }
    assert (other["exposures"], other["unique_users"]) == (0, 0)
    assert other["conversions"]["click_through"] == {
        "count": 3, "sum": 1e-6, "mean": 1 / 3_000_000, "conversion_rate": None,
    }  # fmt: skip


async def test_the_bandit_shows_its_versions_page_by_page(
    pool: "asyncpg.Pool[Any]", patient: Reports
) -> None:
    experiment = await make(pool, "versions", variants=2)
    service = Experiments(Control(pool))
    for _ in range(3):
        await service.pause(experiment.key, CAUSE)
        await service.resume(experiment.key, CAUSE)
    async with worker(pool):
        first = await patient.bandit(experiment.key, limit=3)
        assert first.next_cursor == "2"
        rest = await patient.bandit(experiment.key, int(first.next_cursor), limit=3)
    versions = [*first.versions, *rest.versions]
    assert [each.version for each in versions] == [4, 3, 2, 1]
    assert [each.parent for each in versions] == [3, 2, 1, None]
    assert rest.next_cursor is None
    assert versions[-1].propensities == [0.5, 0.5]
    assert first.policy_version == 4
    assert [variant.win_probability for variant in first.variants] == pytest.approx([0.5, 0.5])
    assert first.leader is None
    assert first.missing == {
        "leader": "no_exposures",
        "bandit": "no_exposures",
        "contextual": "same_shares",
    }


async def test_a_fitted_prior_is_that_of_the_experiments_that_are_over(
    pool: "asyncpg.Pool[Any]", patient: Reports
) -> None:
    declared: dict[str, Any] = {
        "type": "ab",
        "variants": 2,
        "primary_metric": {"name": "order", "kind": "conversion"},
    }
    lifts, errors = [], []
    async with worker(pool):
        new = await make(pool, "new", analysis={"prior": "fitted"}, **declared)
        alone = msgspec.json.decode(await patient.report(new.key))["plan"]["prior"]
        assert alone == {"mean": 0.0, "sd": pytest.approx(DEFAULT_PRIOR.sd, rel=1e-9), "flat": False}
        for number, treated in enumerate((1010, 990, 1040, 1005)):
            past = await make(pool, f"past {number}", **declared)
            await observe(pool, past, (0, 0), (0, 0))
            async with pool.acquire() as connection, connection.transaction():
                for variant, converted in enumerate((1000, treated)):
                    for metric, n, total in (
                        (0, 10_000, 0),
                        (past.metrics[0].id, converted, MICRO * converted),
                    ):
                        await add_moments(connection, past.no, variant, past.epoch, HOUR, metric, n, total)
            await Experiments(Control(pool)).stop(past.key, CAUSE)
            await patient.report(past.key)
            rates = proportions(treated, 10_000, 1000, 10_000)
            lifts.append(treated / 1000 - 1)
            assert isinstance(rates, ScoreContrast)
            errors.append(rates.standard_error / 0.1)
        await Experiments(Control(pool)).edit(new.key, {"description": "asked again"}, CAUSE)
        fitted = msgspec.json.decode(await patient.report(new.key))["plan"]["prior"]
    assert fitted["sd"] == pytest.approx(fitted_prior(lifts, errors).sd, rel=1e-9)
    assert fitted["sd"] < alone["sd"]  # four experiments in which next to nothing happened
