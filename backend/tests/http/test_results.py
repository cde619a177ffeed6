"""What results look like from outside: a whole experiment through the doors, against a recount of what was sent."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import uuid4

import asyncpg
import httpx2
import numpy as np
import pytest
from drafts import bandit, created, draft
from litmus_server.analysis.document import computed
from litmus_server.bandits.refresh import RefreshRule
from litmus_server.bandits.version import shares_of
from litmus_server.domain.policy import read_state
from litmus_server.domain.report import Health
from litmus_server.ports import KeptReport
from litmus_server.services import reports as reports_module
from litmus_server.services.analysis import Analysis, encode
from litmus_server.services.learning import Learning
from litmus_server.services.reports import Reports
from litmus_server.store.contextual_sums import ContextualStore
from litmus_server.store.database import connect, open_pool
from litmus_server.store.fold import Fold
from litmus_server.store.jobs import Queue
from litmus_server.store.policies import PolicyStore
from litmus_server.store.reports import ReportStore
from scipy import stats
from working import worker

pytestmark = pytest.mark.database

Json = dict[str, Any]
_NO_TIME = dt.timedelta(0)


async def folded(database_url: str) -> None:
    """Fold what waits."""
    connection = await connect(database_url)
    fold = Fold()
    while (await fold.fold_once(connection)).batches:
        pass
    await connection.close()


@dataclass
class Traffic:
    """Sends units through the doors, and remembers what it sent."""

    client: httpx2.AsyncClient
    experiment: str
    rates: dict[str, float]
    rng: random.Random = field(default_factory=lambda: random.Random(11))
    exposed: dict[str, set[str]] = field(default_factory=dict)
    converted: dict[str, set[str]] = field(default_factory=dict)
    exposures: Counter[str] = field(default_factory=Counter)
    conversions: Counter[str] = field(default_factory=Counter)
    values: Counter[str] = field(default_factory=Counter)

    async def send(self, units: int) -> None:
        ids = [f"unit-{uuid4()}" for _ in range(units)]
        requests = [{"experiment_id": self.experiment, "unit_id": unit} for unit in ids]
        answer = await self.client.post("/api/v1/assignments", json={"requests": requests})
        assert answer.status_code == 200, answer.text
        variants = {each["unit_id"]: each["variant_key"] for each in answer.json()["assignments"]}
        events = [event for unit in ids for event in self._life(unit, variants[unit])]
        # What came before its exposure would not count.
        events.sort(key=lambda event: event["type"] != "exposure")
        for start in range(0, len(events), 500):
            batch = [
                {"event_id": str(uuid4()), "experiment_id": self.experiment, **event}
                for event in events[start:][:500]
            ]
            outcome = (await self.client.post("/api/v1/events", json={"events": batch})).json()
            assert (outcome["accepted"], outcome["rejected"]) == (len(batch), 0), outcome

    def _life(self, unit: str, variant: str) -> list[Json]:
        """Some are never exposed; some are exposed again; some convert twice; orders have values."""
        if self.rng.random() < 0.1:
            return []
        shown = self.rng.choice((1, 1, 2))
        self.exposed.setdefault(variant, set()).add(unit)
        self.exposures[variant] += shown
        events: list[Json] = [{"type": "exposure", "unit_id": unit}] * shown
        if self.rng.random() < self.rates[variant]:
            times = self.rng.choice((1, 2))
            self.converted.setdefault(variant, set()).add(unit)
            self.conversions[variant] += times
            events += [{"type": "conversion", "unit_id": unit, "metric_name": "conversion"}] * times
            cents = self.rng.randrange(10_000)
            self.values[variant] += cents
            events.append(
                {"type": "metric", "unit_id": unit, "metric_name": "order_value", "value": cents / 100}
            )
        return events


@pytest.fixture
def frequent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A report whenever one is asked for."""
    monkeypatch.setattr(reports_module, "_LEAST", 0.0)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long for a worker that there is not."""
    monkeypatch.setattr("litmus_server.wiring.Reports", partial(Reports, patience=0.1))


async def started(client: httpx2.AsyncClient, body: Json) -> str:
    experiment = await created(client, body)
    assert (await client.post(f"/api/v1/experiments/{experiment}/start")).status_code == 200
    return experiment


async def test_a_bandit_from_its_first_unit_to_its_report(
    client: httpx2.AsyncClient, database_url: str, frequent: None
) -> None:
    """Send, fold, learn, send again under the new policy, fold: every number equals a recount of what was sent."""
    experiment = await started(client, bandit(secondary_metrics=["order_value"]))
    traffic = Traffic(client, experiment, {"a": 0.45, "b": 0.5, "c": 0.55})
    async with worker(database_url) as pool:
        learning = Learning(PolicyStore(pool), Queue(pool), RefreshRule(min_interval=_NO_TIME))
        number = await pool.fetchval("select no from experiments where id = $1", experiment)
        for round_ in range(3):
            await traffic.send(300)
            await folded(database_url)
            assert await learning.learn(number) == round_ + 2
        report = (await client.get(f"/api/v1/experiments/{experiment}/report")).json()
        shown = (await client.get(f"/api/v1/experiments/{experiment}/bandit")).json()
        policy = await pool.fetchrow("select * from policy order by version desc limit 1")

    variants = {each["variant_key"]: each for each in report["variants"]}
    units = {key: len(traffic.exposed[key]) for key in "abc"}
    won = {key: len(traffic.converted[key]) for key in "abc"}
    posteriors = {key: (1 + won[key], 1 + units[key] - won[key]) for key in "abc"}
    x = np.linspace(0, 1, 200_001)
    assert sum(units.values()) == report["exposed_units"]
    for key, variant in variants.items():
        alpha, beta = posteriors[key]
        assert (variant["exposures"], variant["exposed_units"]) == (traffic.exposures[key], units[key])
        assert (variant["conversions"], variant["conversion_events"]) == (won[key], traffic.conversions[key])
        assert (variant["alpha"], variant["beta"]) == (alpha, beta)
        assert variant["rate"] == won[key] / units[key]
        assert variant["expected_rate"] == alpha / (alpha + beta)
        interval = variant["rate_interval"]
        assert interval["lower"] == pytest.approx(stats.beta.ppf(0.025, alpha, beta), rel=1e-9)
        assert interval["upper"] == pytest.approx(stats.beta.ppf(0.975, alpha, beta), rel=1e-9)
        density = stats.beta(alpha, beta).pdf(x)
        for other in posteriors.keys() - {key}:
            density = density * stats.beta(*posteriors[other]).cdf(x)
        assert variant["win_probability"] == pytest.approx(np.trapezoid(density, x), abs=1e-6)
        assert variant["propensity"] == policy["propensities"][ord(key) - ord("a")] / 1e6
    [orders] = [each for each in report["metrics"] if each["metric"]["name"] == "order_value"]
    assert {each["variant_key"]: each["total_value"] for each in orders["variants"]} == {
        key: traffic.values[key] / 100 for key in "abc"
    }
    series = {each["variant_key"]: each for each in report["series"]["variants"]}
    assert report["series"]["interval"] == "minute"
    for key in "abc":
        assert series[key]["cumulative_exposed_units"][-1] == units[key]
        assert series[key]["cumulative_conversions"][-1] == won[key]
        assert sum(series[key]["conversions"]) == won[key]
    best = max(report["variants"], key=lambda each: float(each["win_probability"]))
    assert report["leader"]["variant_id"] == best["variant_id"]
    assert (report["policy_version"], report["stale"]) == (4, False)

    state = read_state(policy["state"])
    assert state is not None
    assert [each.units for each in state.variants] == [units[key] for key in "abc"]
    assert shares_of(state) == tuple(policy["propensities"])
    assert shown["variants"] == report["variants"]
    assert [each["version"] for each in shown["versions"]] == [4, 3, 2, 1]
    assert shown["versions"][0]["propensities"] == [each["propensity"] for each in report["variants"]]
    assert shown["lag_seconds"] == report["lag_seconds"]


async def test_raw_counters_count_events_as_they_came(client: httpx2.AsyncClient, database_url: str) -> None:
    experiment = await started(client, draft(traffic_allocation=1.0))
    traffic = Traffic(client, experiment, {"control": 0.3, "treatment": 0.6})
    await traffic.send(200)
    await folded(database_url)
    found = (await client.get(f"/api/v1/experiments/{experiment}/metrics")).json()
    assert found["experiment_id"] == experiment
    assert found["computed_at"].endswith("Z")
    for variant in found["variant_metrics"].values():
        key = variant["variant_name"]
        exposures, conversions = traffic.exposures[key], traffic.conversions[key]
        assert (variant["exposures"], variant["unique_users"]) == (exposures, len(traffic.exposed[key]))
        assert variant["conversions"]["conversion"] == {
            "count": conversions,
            "sum": float(conversions),
            "mean": 1.0,
            "conversion_rate": conversions / exposures,
        }
    empty = await created(client, draft("nothing yet"))
    silent = (await client.get(f"/api/v1/experiments/{empty}/metrics")).json()["variant_metrics"]
    assert [(each["exposures"], each["unique_users"], each["conversions"]) for each in silent.values()] == [
        (0, 0, {})
    ] * 2


@pytest.mark.usefixtures("hasty")
async def test_results_take_interval_metric_and_time(client: httpx2.AsyncClient, database_url: str) -> None:
    experiment = await started(client, bandit(secondary_metrics=["order_value"]))
    traffic = Traffic(client, experiment, {"a": 0.2, "b": 0.5, "c": 0.8})
    await traffic.send(100)
    await folded(database_url)
    base = f"/api/v1/experiments/{experiment}/results"
    for interval in ("minute", "hour", "day"):
        found = (await client.get(base, params={"interval": interval, "metric": "order_value"})).json()[
            "series"
        ]
        assert (found["interval"], found["metric_name"]) == (interval, "order_value")
        for variant in found["variants"]:
            key = variant["variant_key"]
            assert variant["cumulative_exposed_units"][-1] == len(traffic.exposed[key])
            assert sum(variant["total"]) == pytest.approx(traffic.values[key] / 100)
    past = (await client.get(base, params={"to": "2020-01-01T00:00:00Z"})).json()
    assert past["series"] is None
    assert past["missing"] == {"series": "no_events", "effects": "not_computed"}


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("interval=second", 400),
        ("interval=", 400),
        ("from=yesterday", 400),
        ("from=0001-01-01T00:00:00%2B14:00", 400),
        ("to=9999-12-31T23:59:59-14:00", 400),
        ("from=0001-01-01T00:00:00Z&to=9999-12-31T23:59:59Z", 200),
        ("from=2025-01-01&to=2026-01-01", 200),
        ("metric=nonsense", 404),
        ("metric=%00", 404),
        ("metric=%ff%fe", 404),
        ("metric=" + "x" * 129, 400),
        ("unknown=1", 200),
    ],
)
async def test_bad_questions_are_refused_as_documented(
    client: httpx2.AsyncClient, query: str, status: int
) -> None:
    experiment = await created(client, bandit())
    answer = await client.get(f"/api/v1/experiments/{experiment}/results?{query}")
    assert answer.status_code == status, answer.text
    if status != 200:
        assert set(answer.json()) >= {"error", "message"}


@pytest.mark.parametrize(
    ("query", "at"),
    [
        ("from=1", "from"),
        ("to=1763640000", "to"),
        ("from=-1.5", "from"),
        ("from=2026-01-01&to=2025-01-01", "from"),
        ("from=2026-11-20T12:00:00%2B01:00&to=2026-11-20T10:59:59Z", "from"),
    ],
)
async def test_times_that_are_none_or_in_no_order_are_refused_where_they_stand(
    client: httpx2.AsyncClient, query: str, at: str
) -> None:
    experiment = await created(client, bandit())
    answer = await client.get(f"/api/v1/experiments/{experiment}/results?{query}")
    assert answer.status_code == 400, answer.text
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"/query/{at}"]


@pytest.mark.parametrize(
    "query", ["cursor=0", "cursor=x", "cursor=99999999999", "limit=0", "limit=201", "limit=x"]
)
async def test_bad_pages_are_refused(client: httpx2.AsyncClient, query: str) -> None:
    experiment = await created(client, bandit())
    assert (await client.get(f"/api/v1/experiments/{experiment}/bandit?{query}")).status_code == 400


@pytest.mark.parametrize("of", ["metrics", "report", "results", "bandit"])
async def test_an_unknown_experiment_is_not_found_as_printed(client: httpx2.AsyncClient, of: str) -> None:
    reference = "550e8400-e29b-41d4-a716-446655440000"
    answer = await client.get(f"/api/v1/experiments/{reference}/{of}")
    assert answer.status_code == 404
    assert answer.json()["error"] == "Experiment not found"
    assert answer.json()["message"] == f"Experiment not found: {reference}"


@pytest.mark.slow
@pytest.mark.usefixtures("hasty")
async def test_without_a_worker_a_first_report_is_503_and_says_when_to_come_again(
    client: httpx2.AsyncClient,
) -> None:
    experiment = await created(client, bandit())
    for of in ("report", "bandit"):
        answer = await client.get(f"/api/v1/experiments/{experiment}/{of}")
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) >= 1
    # What needs no report is answered all the same.
    for of in ("metrics", "results"):
        assert (await client.get(f"/api/v1/experiments/{experiment}/{of}")).status_code == 200


# ── what is inferred ─────────────────────────────────────────────────────────────────────────────────────────────────

PLAN = {"planned_units": 400, "analysis": {"looks": 4, "minimum_days": 0}}


async def sent(client: httpx2.AsyncClient, database_url: str, pool: asyncpg.Pool[Any], **fields: Any) -> str:
    """300 units, whose windows have all closed: they came in four days ago."""
    body = draft(traffic_allocation=1.0, secondary_metrics=["order_value"], **fields)
    body["primary_metric"] = {"name": "conversion", "window_seconds": 3600}
    experiment = await started(client, body)
    traffic = Traffic(client, experiment, {"control": 0.4, "treatment": 0.7})
    await traffic.send(300)
    await folded(database_url)
    await pool.execute("update moments set cohort = cohort - 96 where span = 1")
    return experiment


async def test_a_planned_look_is_taken_by_the_worker_and_never_again(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    async with worker(database_url) as pool:
        experiment = await sent(client, database_url, pool, **PLAN)
        analysis = Analysis(ReportStore(pool), ContextualStore(pool))
        assert await analysis.look(Queue(pool)) == 1
        await client.get(f"/api/v1/experiments/{experiment}/report")
        rows = await pool.fetch("select * from look order by metric, taken_at")
        assert {row["planned_units"] for row in rows} == {400}
        assert await analysis.look(Queue(pool)) == 0
        report = (await client.get(f"/api/v1/experiments/{experiment}/report")).json()
        [effect] = report["metrics"][0]["effects"]
        assert effect["method"] == "hybrid"
        assert effect["looks"][0]["estimate"] == rows[0]["estimate"]
        assert effect["looks"][0]["p_value"] == rows[0]["p_value"]
        await pool.execute("delete from report")
        again = (await client.get(f"/api/v1/experiments/{experiment}/report")).json()
        assert again["metrics"][0]["effects"] == report["metrics"][0]["effects"]
        assert await pool.fetchval("select count(*) from look") == len(rows)


async def test_the_parts_of_a_report_are_the_same_numbers_everywhere(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    async with worker(database_url) as pool:
        experiment = await sent(client, database_url, pool)
        base = f"/api/v1/experiments/{experiment}"
        report = (await client.get(f"{base}/report")).json()
        analysis = (await client.get(f"{base}/analysis")).json()
        results = (await client.get(f"{base}/results", params={"metric": "order_value"})).json()
    assert analysis["verdict"] == report["verdict"]
    assert analysis["health"] == report["health"]
    for mine, whole in zip(analysis["metrics"], report["metrics"], strict=True):
        assert mine == {name: whole[name] for name in ("metric", "effects", "factors", "tests")}
    assert [test["name"] for test in analysis["metrics"][0]["tests"]] == ["two_proportion_z", "chi_squared"]
    assert [test["name"] for test in analysis["metrics"][1]["tests"]] == ["welch_t", "student_t"]
    [orders] = [each for each in report["metrics"] if each["metric"]["name"] == "order_value"]
    assert results["effects"] == orders["series"]
    assert results["missing"] == {}
    assert report["health"]["sample_ratio"]["mismatch"] is False
    assert report["verdict"]["value"] == "keep_waiting"
    assert report["verdict"]["until"] == report["plan"]["ready_at"]


async def test_a_report_is_computed_anew_when_its_time_has_come(
    database_url: str, client: httpx2.AsyncClient
) -> None:
    """Nothing is folded, nothing is changed: only the clock has moved on."""
    async with worker(database_url) as pool:
        experiment = await sent(client, database_url, pool)
        store = ReportStore(pool)
        number = await pool.fetchval("select no from experiments where id = $1", experiment)
        facts = await store.facts(number)
        assert facts is not None
        body = encode(computed(facts).report)
        for changes_at, kept in ((None, True), (facts.now + dt.timedelta(days=1), True), (facts.now, False)):
            await pool.execute("delete from report")
            await store.keep(number, KeptReport(facts.state, body, changes_at), facts.now, (), b"{}")
            assert await store.is_current(number) is kept
            reports = Reports(store, Queue(pool), patience=30)
            assert (await reports.report(experiment) == body) is kept
            await reports.close()


async def test_rejected_events_and_crossovers_are_told(client: httpx2.AsyncClient, database_url: str) -> None:
    async with await open_pool(database_url, size=2) as pool:
        experiment = await created(client, draft())
        number = await pool.fetchval("select no from experiments where id = $1", experiment)
        counted = "insert into dead_letter_count values (now(), $1, $2, 0, $3)"
        await pool.executemany(counted, [(number, "variant_mismatch", 7), (number, "clock", 3)])
        facts = await ReportStore(pool).facts(number)
    assert facts is not None
    health = computed(facts).report.health
    assert health.crossovers == 7
    assert health.rejected == {"clock": 3, "variant_mismatch": 7}


async def test_health_is_the_worst_of_what_could_be_checked(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    async with worker(database_url) as pool:
        exposed = await sent(client, database_url, pool)
        unseen = await created(client, draft(name="unseen", key="unseen"))
        store = ReportStore(pool)

        async def health(experiment: str) -> Health:
            facts = await store.facts(
                await pool.fetchval("select no from experiments where id = $1", experiment)
            )
            assert facts is not None
            return computed(facts).report.health

        seen = await health(exposed)
        statuses = {check.name: str(check.status) for check in seen.checks}
        assert statuses["covariate_balance"] == "unknown", "nobody was there before"
        assert (seen.status, statuses["sample_ratio"]) == ("ok", "ok")
        assert (await health(unseen)).status == "unknown", "nobody was exposed"
        number = await pool.fetchval("select no from experiments where id = $1", unseen)
        await pool.execute("insert into dead_letter_count values (now(), $1, 'clock', 0, 3)", number)
        assert (await health(unseen)).status == "warning", "what is wrong is said before anybody is exposed"
