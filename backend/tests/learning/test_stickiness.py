"""Two nodes that hold two versions of a policy never give one unit two variants: the first writer wins."""

import asyncio
import datetime as dt
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from folded import make, observe
from litmus_server.domain.assignment import Candidate, Stored
from litmus_server.domain.event import LoggedEvent, Outcome
from litmus_server.services.decisions import Assigned, Decisions, Request
from litmus_server.services.learning import Learning
from litmus_server.services.snapshots import Snapshots
from litmus_server.store.assignments import AssignmentWriter
from litmus_server.store.events import EventWriter
from litmus_server.store.journal import BatchIds, Journal
from litmus_server.store.ledger import UnitLedger
from litmus_server.store.published import Published

pytestmark = pytest.mark.database

UNITS = int(os.environ.get("LITMUS_TEST_RACE_UNITS", "2000"))
"""Each is asked for twice: 50,000 make 100,000 first requests."""
WAVE = min(UNITS // 20, 1_000)


@asynccontextmanager
async def node(pool: "asyncpg.Pool[Any]", url: str) -> AsyncIterator[Decisions]:
    """What decides in a server of its own: a snapshot of this moment, journals, and a cache."""
    snapshots = Snapshots(Published(pool))
    await snapshots.refresh()
    assignments: Journal[Candidate, Stored | None] = Journal(
        "assignments", url, BatchIds(), AssignmentWriter.bind
    )
    events: Journal[LoggedEvent, Outcome] = Journal("events", url, BatchIds(), EventWriter.bind)
    assignments.start()
    events.start()
    yield Decisions(
        snapshots, assignments, events, UnitLedger(pool), lambda: "secret", lambda: dt.datetime.now(dt.UTC)
    )
    await assignments.close()
    await events.close()


@pytest.mark.parametrize(
    "sticky",
    [{}, {"sticky": "ttl", "ttl_seconds": 86_400}, {"sticky": "none"}],
    ids=["forever", "ttl", "none"],
)
async def test_two_nodes_with_two_versions_give_no_unit_two_variants(
    pool: "asyncpg.Pool[Any]", learning: Learning, database_url: str, sticky: dict[str, Any]
) -> None:
    experiment = await make(pool, "race", variants=3, **sticky)
    async with node(pool, database_url) as old:
        await observe(pool, experiment, (200, 200, 200), (10, 20, 60))
        await learning.learn(experiment.no)
        async with node(pool, database_url) as new:
            answers: list[Assigned] = []
            for start in range(0, UNITS, WAVE):
                # Both nodes are asked for the same units at once; who is asked first alternates.
                nodes = (old, new) if start // WAVE % 2 else (new, old)
                answers += await asyncio.gather(
                    *(
                        each.assign(Request("race", f"unit-{k}", {}), 1, None)
                        for each in nodes
                        for k in range(start, start + WAVE)
                    )
                )
    by_unit: dict[str, list[Assigned]] = {}
    for answer in answers:
        by_unit.setdefault(answer.unit, []).append(answer)
    assert len(by_unit) == UNITS
    versions = set()
    for unit, (one, other) in by_unit.items():
        assert one.variant == other.variant, unit
        assert (one.propensity, one.policy_version) == (other.propensity, other.policy_version)
        assert one.fresh + other.fresh == 1, unit
        versions.add(one.policy_version)
    assert versions == {1, 2}  # both have won: otherwise this was no race
    stored = await pool.fetch("select unit, stay_of, variant, epoch, propensity from assignment")
    assert len(stored) == UNITS
    shares = dict(
        await pool.fetch("select version, propensities from policy where experiment = $1", experiment.no)
    )
    for row in stored:
        unit = row["stay_of"] or row["unit"]
        assert row["unit"] == (f"{unit}/1" if "ttl_seconds" in sticky else unit)
        assert row["variant"] == by_unit[unit][0].variant
        assert row["propensity"] == shares[row["epoch"]][row["variant"]]
