"""An event that PostgreSQL refuses to fold stands aside; nothing stops, and nothing else is lost."""

import random
from dataclasses import replace

import asyncpg
import pytest
from fold.judge import Event, judge
from fold.ledger import Connection, at, declare, fold_all, random_log, tables, write_batch
from fold.logs import EXPERIMENTS
from litmus_server.store.fold import Fold
from litmus_server.store.rebuild import Rebuilt, rebuild
from litmus_server.store.verify import verify

pytestmark = pytest.mark.database


def guilty(unit: str) -> Event:
    """Ingest lets no metric event through that has no metric; here it stands for whatever it did not foresee."""
    return Event(unit, 2, at(5), 1, 0, 1, None, 7)


async def _faults(connection: Connection) -> set[object]:
    return {row[0] for row in await connection.fetch("select event_id from fold_fault where error <> ''")}


@pytest.mark.parametrize("places", [[0], [99], [50], [3, 4, 97], list(range(0, 100, 7))])
async def test_guilty_events_stand_aside_and_all_others_are_folded(
    connection: Connection, database_url: str, places: list[int]
) -> None:
    await declare(connection, EXPERIMENTS)
    log = random_log(21, 300)
    batches = [log[:100], log[100:200], log[200:]]
    wrong = {place: guilty(f"unit-{place}") for place in places}
    middle = [event for place, good in enumerate(batches[1]) for event in (wrong.get(place), good) if event]
    await write_batch(connection, 1, batches[0])
    ids = await write_batch(connection, 2, middle)
    await write_batch(connection, 3, batches[2])
    done = await fold_all(connection)
    assert sum(folded.faults for folded in done) == len(places)
    assert await _faults(connection) == {
        event_id for event_id, event in zip(ids, middle, strict=True) if event in wrong.values()
    }
    assert await connection.fetchval("select count(*) from fold_fault") == len(places)
    assert await tables(connection) == judge(log, EXPERIMENTS)
    # A recompute leaves them out too.
    assert await verify(connection) == []
    assert await rebuild(database_url) == Rebuilt(0, 0, 0, 0)


async def test_an_event_that_overflows_a_count_stands_aside(connection: Connection) -> None:
    await declare(connection, EXPERIMENTS)
    await write_batch(connection, 1, [Event("a", 1, at(0), 1, 0, 1), Event("a", 2, at(1), 1, 0, 1, 1, 5)])
    await fold_all(connection)
    await connection.execute("update unit_state set counts[1] = 2147483646 where unit = 'a'")
    await write_batch(connection, 2, [Event("a", 2, at(n), 1, 0, 1, 1, 5) for n in range(2, 5)])
    await fold_all(connection)
    assert await connection.fetchval("select counts[1] from unit_state where unit = 'a'") == 2147483647
    assert await connection.fetchval("select count(*) from fold_fault where error like '%out of range%'") == 2
    assert await connection.fetchval("select count(*) from fold_queue") == 0


async def test_an_exposure_without_a_variant_stands_aside_also_when_it_comes_before_a_good_one(
    connection: Connection,
) -> None:
    await declare(connection, EXPERIMENTS)
    good = [
        Event("a", 1, at(10), 1, 0, 1),
        Event("a", 2, at(20), 1, 0, 1, 1, 5),
        Event("b", 1, at(3), 1, 1, 1),
    ]
    await write_batch(connection, 1, [replace(good[0], occurred_at=at(0), variant=None), *good])
    await fold_all(connection)
    assert await tables(connection) == judge(good, EXPERIMENTS)
    assert len(await _faults(connection)) == 1


async def test_errors_that_blame_no_data_change_nothing_and_put_nothing_aside(connection: Connection) -> None:
    await declare(connection, EXPERIMENTS)
    log = random_log(22, 60)
    await write_batch(connection, 1, log)
    await connection.execute("alter table fold_mark rename column seq to was_seq")
    fold = Fold()
    for _ in range(2):
        with pytest.raises(asyncpg.UndefinedColumnError):
            await fold.fold_once(connection)
    assert await connection.fetchval("select count(*) from fold_fault") == 0
    assert await connection.fetchval("select count(*) from unit_state") == 0
    await connection.execute("alter table fold_mark rename column was_seq to seq")
    await fold_all(connection)
    assert await tables(connection) == judge(log, EXPERIMENTS)


async def test_a_batch_of_guilty_events_only_leaves_the_queue(connection: Connection) -> None:
    await declare(connection, EXPERIMENTS)
    order = [f"unit-{n}" for n in range(17)]
    random.Random(1).shuffle(order)
    await write_batch(connection, 1, [guilty(unit) for unit in order])
    await fold_all(connection)
    assert len(await _faults(connection)) == 17
    assert await tables(connection) == judge([], EXPERIMENTS)
    assert await connection.fetchval("select count(*) from fold_queue") == 0
