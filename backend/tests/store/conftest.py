"""What the tests of the two logs share: a connection, journals on the real database, experiments made by SQL."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from litmus_server.domain.assignment import Candidate, Stored
from litmus_server.domain.event import Kind, LoggedEvent, Outcome
from litmus_server.store.assignments import AssignmentWriter
from litmus_server.store.database import connect
from litmus_server.store.events import EventWriter
from litmus_server.store.journal import BatchIds, Journal

AssignmentJournal = Journal[Candidate, Stored | None]
EventJournal = Journal[LoggedEvent, Outcome]


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator["asyncpg.Connection[Any]"]:
    connection = await connect(database_url)
    yield connection
    connection.terminate()


@pytest.fixture
async def assignments(database_url: str) -> AsyncIterator[AssignmentJournal]:
    journal: AssignmentJournal = Journal("assignments", database_url, BatchIds(), AssignmentWriter.bind)
    journal.start()
    yield journal
    await journal.close()


@pytest.fixture
async def events(database_url: str) -> AsyncIterator[EventJournal]:
    journal: EventJournal = Journal(
        "events", database_url, BatchIds(), EventWriter.bind, connections=2, max_rows=5_000
    )
    journal.start()
    yield journal
    await journal.close()


async def add_experiment(
    connection: "asyncpg.Connection[Any]", status: str = "running", arms: int = 2
) -> int:
    """An experiment as a row; its number."""
    key, id_ = f"experiment-{uuid4().hex[:8]}", uuid4()
    number = await connection.fetchval(
        """insert into experiments (id, key, name, type, status, salt, traffic, revision)
           values ($1, $2, $2, 'ab', $3, '0123456789abcdef', 1000000, 1) returning no""",
        id_, key, status,
    )  # fmt: skip
    for ordinal in range(arms):
        await connection.execute(
            """insert into experiment_variants (id, experiment_id, key, name, ordinal, weight)
               values ($1, $2, $3, $3, $4, $5)""",
            uuid4(), id_, f"v{ordinal}", ordinal, 1_000_000 // arms,
        )  # fmt: skip
    return int(number)


def candidate(unit: str, experiment: int, variant: int = 0, **changes: Any) -> Candidate:
    """A decision worth writing down."""
    return Candidate(unit, experiment, variant, 1, 1, 500_000, 123, None, 1, '{"country":"CA"}')._replace(
        **changes
    )


def logged(unit: str, experiment: int | None, kind: Kind = Kind.EXPOSURE, **changes: Any) -> LoggedEvent:
    """An event on its way into the log."""
    row = LoggedEvent(
        str(uuid4()), kind, experiment, unit, None, None, None, None, None, 1, None, False, None
    )
    return row._replace(**changes)


async def each(journal: "Journal[Any, Any]", *rows: Any) -> list[Any]:
    """Submit each row as a request of its own, all at once; their answers."""
    answers = await asyncio.gather(*(journal.submit((row,), 100) for row in rows))
    return [answer for (answer,) in answers]
