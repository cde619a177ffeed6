"""Experiments in PostgreSQL: what is read is what was written, and a change is whole or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from litmus_server.bandits.checksum import checksum
from litmus_server.domain.access import Principal
from litmus_server.domain.access import Role as Rank
from litmus_server.domain.audit import Cause
from litmus_server.domain.draft import parse_draft
from litmus_server.domain.errors import Invalid
from litmus_server.domain.experiment import Experiment, Status, entry
from litmus_server.domain.listing import Listing
from litmus_server.domain.metric import Metric, MetricKind, Role
from litmus_server.domain.policy import Policy, signed
from litmus_server.services.experiments import Experiments
from litmus_server.store.control import CHANNEL, Control
from litmus_server.store.database import connect, open_pool
from litmus_server.store.policies import PolicyStore

CAUSE = Cause(Principal("tests", Rank.ADMIN), "ann", "because", "request-1")


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool[Any]]:
    pool = await open_pool(database_url)
    yield pool
    await pool.close()


@pytest.fixture
def experiments(pool: asyncpg.Pool[Any]) -> Experiments:
    return Experiments(Control(pool))


def body(name: str = "bandit", **changes: Any) -> dict[str, Any]:
    return {
        "name": name,
        "type": "thompson_sampling",
        "description": "two\nlines",
        "hypothesis": "h",
        "owner": "o",
        "tags": ["a", "b"],
        "unit_type": "session",
        "public": True,
        "traffic_allocation": 0.123456,
        "variants": [
            {"name": "A", "weight": 0.7, "config": None},
            {"name": "B", "weight": 0.3, "config": {"x": [1.5]}},
        ],
        "primary_metric": {"name": "buy", "window_days": 1},
        "secondary_metrics": ["revenue", {"name": "errors", "role": "guardrail", "direction": "decrease"}],
        "parameters": {"prior_alpha": 2, "floor": 0.01},
        "dimensions": ["plan"],
        "planned_units": 1000,
        "min_sample_size": 10,
        "significance_threshold": 0.9,
        "auto_promote_winner": True,
    } | changes


async def test_what_is_read_is_what_was_written(experiments: Experiments, pool: asyncpg.Pool[Any]) -> None:
    made = await experiments.create(parse_draft(body()), CAUSE)
    assert made == await experiments.get("bandit") == await experiments.get(str(made.id).upper())
    steps = [
        await experiments.start("bandit", CAUSE),
        await experiments.declare_metric("bandit", Metric("late", Role.SECONDARY, MetricKind.MEAN), CAUSE),
        await experiments.pause("bandit", CAUSE),
        await experiments.resume("bandit", CAUSE),
        await experiments.stop("bandit", CAUSE),
    ]
    assert steps[-1] == await experiments.get("bandit")
    assert [step.revision for step in steps] == [2, 3, 4, 5, 6]
    for step in (made, *steps):
        document = await pool.fetchval(
            "select document from configuration where experiment = $1 and revision = $2",
            step.no,
            step.revision,
        )
        assert document == entry(step)
    page = await experiments.list(Listing())
    assert page.experiments == [steps[-1]]


async def test_a_name_of_a_metric_has_one_number_in_all_experiments(experiments: Experiments) -> None:
    made = await asyncio.gather(*(experiments.create(parse_draft(body(f"e{k}")), CAUSE) for k in range(6)))
    numbers = {(metric.name, metric.id) for each in made for metric in each.metrics}
    assert len(numbers) == 3
    assert all(number > 0 for _, number in numbers)


async def test_policies_are_signed_and_carry_the_newest_shares(
    experiments: Experiments, pool: asyncpg.Pool[Any]
) -> None:
    made = await experiments.create(parse_draft(body()), CAUSE)
    await experiments.start("bandit", CAUSE)
    await pool.execute("update policy set propensities = '{600000,400000}', units = 77")
    await experiments.declare_metric("bandit", Metric("late", Role.SECONDARY, MetricKind.MEAN), CAUSE)
    first, second = await pool.fetch("select * from policy order by version")
    assert (second["version"], second["parent"], second["revision"]) == (2, 1, 3)
    assert (list(second["propensities"]), second["units"]) == ([600_000, 400_000], 77)
    for row in (second,):
        document = signed(
            str(made.id), row["version"], row["revision"], tuple(row["propensities"]), row["state"]
        )
        assert row["checksum"] == checksum(document)
    assert first["state"] == {"reason": "start"}


async def test_a_change_that_fails_leaves_no_trace(experiments: Experiments, pool: asyncpg.Pool[Any]) -> None:
    await experiments.create(parse_draft(body()), CAUSE)
    tables = (
        "experiments",
        "experiment_variants",
        "experiment_metric",
        "configuration",
        "status_history",
        "audit",
        "job",
    )
    count = "select " + ", ".join(f"(select count(*) from {table}) as {table}" for table in tables)
    before = await pool.fetchrow(count), await pool.fetchval("select revision from configuration_head")
    for _ in range(2):
        with pytest.raises(Invalid):
            await experiments.create(parse_draft(body()), CAUSE)
        with pytest.raises(Invalid):
            await experiments.declare_metric("bandit", Metric("buy", Role.SECONDARY, MetricKind.MEAN), CAUSE)
    # A database error in the last statement but one undoes all that was before it.
    await pool.execute("alter table audit add constraint no_starts check (action <> 'start')")
    with pytest.raises(asyncpg.CheckViolationError):
        await experiments.start("bandit", CAUSE)
    after = await pool.fetchrow(count), await pool.fetchval("select revision from configuration_head")
    assert after == before
    assert (await experiments.get("bandit")).status is Status.DRAFT


async def test_each_change_is_hinted_once_and_no_change_is_not(
    experiments: Experiments, database_url: str
) -> None:
    listener = await connect(database_url)
    hints: list[str] = []
    await listener.add_listener(CHANNEL, lambda *hint: hints.append(hint[-1]))
    made = await experiments.create(parse_draft(body()), CAUSE)
    await experiments.start("bandit", CAUSE)
    await experiments.start("bandit", CAUSE)
    await listener.execute("select 1")  # what was sent before has been delivered with this answer
    await listener.close()
    assert hints == [str(made.no)] * 2


SEEN = "select h.version, x.revision from policy_head h join experiments x on x.no = h.experiment"


def computed(experiment: Experiment, parent: int, revision: int) -> Policy:
    """What a learner that saw version `parent` would publish."""
    return Policy(
        experiment=experiment.no,
        version=parent + 1,
        revision=revision,
        parent=parent,
        propensities=(400_000, 600_000),
        units=parent,
        checksum="c",
        published_at=experiment.created_at,
        document={},
    )


async def test_a_learner_and_a_person_at_once_never_break_the_chain(
    experiments: Experiments, pool: asyncpg.Pool[Any]
) -> None:
    made: Experiment = await experiments.create(parse_draft(body()), CAUSE)
    await experiments.start("bandit", CAUSE)
    published = 0

    async def learner() -> None:
        nonlocal published
        for _ in range(40):
            version, revision = await pool.fetchrow(SEEN)
            published += await PolicyStore(pool).publish(computed(made, version, revision))

    async def person() -> None:
        for k in range(10):
            await experiments.declare_metric(
                "bandit", Metric(f"m{k}", Role.SECONDARY, MetricKind.MEAN), CAUSE
            )

    await asyncio.gather(learner(), person())
    rows = await pool.fetch("select version, parent, revision from policy order by version")
    assert [row["version"] for row in rows] == list(range(1, len(rows) + 1))
    assert [row["parent"] for row in rows] == [None, *range(1, len(rows))]
    revisions = [row["revision"] for row in rows]
    assert revisions == sorted(revisions)
    assert set(revisions) == set(range(2, 13))
    assert len(rows) == 11 + published
