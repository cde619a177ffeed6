"""The law of the fold: any order, any repetition and any batching of the accepted log give the same tables."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, replace
from itertools import count, product
from typing import Any

import pytest
from fold.judge import Event, judge
from fold.ledger import Connection, at, clear, declare, fold_all, tables, write_batch
from fold.logs import DAY, EXPERIMENTS, deliveries, logs
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
    log = data.draw(logs())
    delivered = data.draw(deliveries(log))
    folders = data.draw(st.integers(1, 3))

    async def run(connections: list[Connection]) -> None:
        connection = connections[0]
        await clear(connection)
        await declare(connection, EXPERIMENTS)
        numbers = count(1)
        for delivery in delivered:
            for batch in delivery:
                await write_batch(connection, next(numbers), batch)
            await asyncio.gather(*(fold_all(folder) for folder in connections[:folders]))
        assert await tables(connection) == judge(log, EXPERIMENTS)
        assert await verify(connection) == []

    world.run(run)


@pytest.mark.parametrize("exposed", ["first", "last", "in the same batch"])
async def test_every_edge_of_every_window_is_where_it_is_said_to_be(
    connection: Connection, exposed: str
) -> None:
    """A unit for each metric and moment around the edges, on the fast path and on the slow one."""
    await declare(connection, EXPERIMENTS)
    exposures, outcomes = [], []
    for experiment in EXPERIMENTS[:2]:
        edges = {0, -30 * DAY, *(window for _, window in experiment.metrics.values())}
        moments = [edge + miss for edge in edges for miss in (-0.000001, 0, 0.000001)]
        for metric, moment in product([*experiment.metrics, 9], moments):
            for named in (True, False):
                unit = f"{experiment.number} {metric} {moment} {named}"
                exposures.append(Event(unit, 1, at(0), experiment.number, 0, 1))
                outcome = Event(unit, 2, at(moment), metric=metric, value=7)
                names = replace(outcome, experiment=experiment.number, variant=0, epoch=1)
                outcomes.append(names if named else outcome)
    batches = {
        "first": [exposures, outcomes],
        "last": [outcomes, exposures],
        "in the same batch": [[*outcomes, *exposures]],
    }
    for number, batch in enumerate(batches[exposed], 1):
        await write_batch(connection, number, batch)
        await fold_all(connection)
    assert await tables(connection) == judge([*exposures, *outcomes], EXPERIMENTS)


async def test_one_batch_may_change_every_place_of_a_row_and_moments_that_fall_back_to_zero_go(
    connection: Connection,
) -> None:
    await declare(connection, EXPERIMENTS)
    log = [Event(unit, 1, at(0), 2, 0, 1) for unit in "ab"]
    for unit in "ab":
        for metric in (2, 3):
            log += [Event(unit, 2, at(moment), 2, 0, 1, metric, 5) for moment in (-1, 1, 2)]
    log += [Event("c", 1, at(0), 1, 0, 1), *(Event("c", 2, at(-1), 1, 0, 1, 1, value) for value in (5, -5))]
    for number, batch in enumerate((log[:2], log[2:-2], log[-2:-1], log[-1:]), 1):
        await write_batch(connection, number, batch)
        await fold_all(connection)
    assert await tables(connection) == judge(log, EXPERIMENTS)
    assert not await connection.fetchval(
        "select exists (select from moments where experiment = 1 and metric = 1)"
    )
