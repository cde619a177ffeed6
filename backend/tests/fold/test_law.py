"""The law of the fold: any order, any repetition and any batching of the accepted log give the same tables."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from fold.judge import judge
from fold.ledger import Connection, clear, declare, fold_all, tables, write_batch
from fold.logs import EXPERIMENTS, batchings, events
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from litmus_server.store.database import connect
from litmus_server.store.verify import verify

pytestmark = pytest.mark.database


@dataclass
class World:
    """One loop and some connections for all examples: plans are made once."""

    runner: asyncio.Runner
    connections: list[Connection]

    def run(self, work: Callable[[list[Connection]], Coroutine[Any, Any, None]]) -> None:
        self.runner.run(work(self.connections))


@pytest.fixture
def world(database_url: str) -> Iterator["World"]:
    with asyncio.Runner() as runner:
        connections = [runner.run(connect(database_url)) for _ in range(3)]
        yield World(runner, connections)
        for connection in connections:
            runner.run(connection.close())


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_any_order_and_batching_of_the_accepted_log_gives_the_tables_of_the_judge(
    world: World, data: st.DataObject
) -> None:
    log = data.draw(st.lists(events(), max_size=30))
    deliveries = data.draw(batchings(log))
    folders = data.draw(st.integers(1, 3))

    async def run(connections: list[Connection]) -> None:
        connection = connections[0]
        await clear(connection)
        await declare(connection, EXPERIMENTS)
        numbers = count(1)
        for delivery in deliveries:
            for batch in delivery:
                await write_batch(connection, next(numbers), batch)
            await asyncio.gather(*(fold_all(folder) for folder in connections[:folders]))
        assert await tables(connection) == judge(log, EXPERIMENTS)
        assert await verify(connection) == []

    world.run(run)
