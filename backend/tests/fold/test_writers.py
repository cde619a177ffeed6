"""Writers that are slow, concurrent, rolled back or somebody else's: the fold loses nothing and waits for nobody."""

import asyncio
import random
from itertools import count

import pytest
from fold.conftest import OtherDatabase
from fold.judge import Event, judge
from fold.ledger import Connection, at, declare, fold_all, insert, random_log, tables, until, write_batch
from fold.logs import EXPERIMENTS
from litmus_server.store.database import connect
from litmus_server.store.fold import Fold, Folded, lag
from litmus_server.store.verify import verify

pytestmark = pytest.mark.database


@pytest.mark.parametrize("folders", [1, 3])
async def test_slow_concurrent_and_rolled_back_writers_lose_nothing(
    connection: Connection, database_url: str, folders: int
) -> None:
    await declare(connection, EXPERIMENTS)
    log = random_log(31, 1500)
    batches = iter([log[begin : begin + 25] for begin in range(0, len(log), 25)])
    numbers = count(1)
    stop = asyncio.Event()
    heard: list[Folded] = []

    async def write(seed: int) -> None:
        dice = random.Random(seed)
        writer = await connect(database_url)
        for batch in batches:
            for fails in ([True] if dice.random() < 0.3 else []) + [False]:
                transaction = writer.transaction()
                await transaction.start()
                await insert(writer, next(numbers), batch)
                await asyncio.sleep(dice.choice([0, 0, 0.02, 0.1]))
                await (transaction.rollback() if fails else transaction.commit())
        await writer.close()

    folding = [
        asyncio.create_task(Fold().run(database_url, stop, folded=heard.append)) for _ in range(folders)
    ]
    await asyncio.gather(*(write(seed) for seed in range(6)))
    await until(connection, "not exists (select from fold_queue)")
    stop.set()
    await asyncio.gather(*folding)
    assert sum(folded.events for folded in heard) == sum(not event.is_bot for event in log)
    assert await tables(connection) == judge(log, EXPERIMENTS)
    assert await verify(connection) == []


async def test_a_write_transaction_left_open_anywhere_delays_nothing(
    connection: Connection, database_url: str, other_database: OtherDatabase
) -> None:
    await declare(connection, EXPERIMENTS)
    elsewhere, here = await connect(other_database.url), await connect(database_url)
    await elsewhere.execute("begin; create table t (n int); insert into t values (1)")
    waiting = Event("late", 1, at(0), 1, 0, 1)
    await here.execute("begin")
    await insert(here, 1, [waiting])
    log = random_log(32, 100)
    await write_batch(connection, 2, log)
    await fold_all(connection)
    assert await tables(connection) == judge(log, EXPERIMENTS)
    await here.execute("commit")
    await fold_all(connection)
    assert await tables(connection) == judge([*log, waiting], EXPERIMENTS)
    await elsewhere.execute("rollback")
    await elsewhere.close()
    await here.close()


async def test_a_batch_that_waits_is_not_read_by_a_late_exposure(
    connection: Connection, database_url: str
) -> None:
    """Read committed would count it twice: once through the log, once as a batch."""
    await declare(connection, EXPERIMENTS)
    early, exposure, waiting = (
        Event("a", 2, at(5), 1, 0, 1, 1, 10),
        Event("a", 1, at(0), 1, 0, 1),
        Event("a", 2, at(6), 1, 0, 1, 1, 100),
    )
    await write_batch(connection, 1, [early])
    await fold_all(connection)
    await write_batch(connection, 2, [exposure])
    fold = Fold()
    fold._limit = 1  # one batch a transaction: the third waits while the second is folded
    await write_batch(connection, 3, [waiting])
    await fold.fold_once(connection)
    assert await tables(connection) == judge([early, exposure], EXPERIMENTS)
    await fold.fold_once(connection)
    assert await tables(connection) == judge([early, exposure, waiting], EXPERIMENTS)


async def test_killing_the_folders_connection_in_the_middle_loses_nothing(
    connection: Connection, database_url: str
) -> None:
    await declare(connection, EXPERIMENTS)
    log = random_log(33, 2000)
    stop = asyncio.Event()
    folding = asyncio.create_task(Fold().run(database_url, stop, poll=0.01))
    killed = 0

    async def kill() -> None:
        nonlocal killed
        killer = await connect(database_url)
        while not stop.is_set():
            # In a transaction, so that it is not the idle connection that dies.
            killed += await killer.fetchval(_KILL)
            await asyncio.sleep(0.03)
        await killer.close()

    killing = asyncio.create_task(kill())
    for number, begin in enumerate(range(0, len(log), 20), 1):
        await write_batch(connection, number, log[begin : begin + 20])
        await asyncio.sleep(0.005)
    stop.set()
    await asyncio.gather(folding, killing)
    assert killed > 0
    await fold_all(connection)
    assert await tables(connection) == judge(log, EXPERIMENTS)


_KILL = """
select count(pg_terminate_backend(l.pid))
from pg_locks l
join pg_database d on d.oid = l.database
where d.datname = current_database() and l.relation = 'fold_lock'::regclass and l.mode = 'ExclusiveLock'
"""


async def test_a_fold_that_cannot_have_the_lock_tries_again(
    connection: Connection, database_url: str
) -> None:
    await declare(connection, EXPERIMENTS)
    holder = await connect(database_url)
    await holder.execute("begin; lock table fold_lock in exclusive mode")
    log = random_log(34, 50)
    await write_batch(connection, 1, log)
    stop = asyncio.Event()
    folding = asyncio.create_task(Fold().run(database_url, stop))
    await asyncio.sleep(0.3)
    assert await lag(connection) > 0.2
    await holder.execute("rollback")
    await until(connection, "not exists (select from fold_queue)")
    assert await lag(connection) == 0
    stop.set()
    await folding
    await holder.close()
    assert await tables(connection) == judge(log, EXPERIMENTS)


_LISTENS = """
exists (
    select from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and state = 'idle' and query like '%fold_queue%'
)
"""


async def test_a_hint_wakes_the_fold_before_its_poll(connection: Connection, database_url: str) -> None:
    await declare(connection, EXPERIMENTS)
    stop = asyncio.Event()
    heard: asyncio.Queue[Folded] = asyncio.Queue()
    folding = asyncio.create_task(Fold().run(database_url, stop, poll=3600, folded=heard.put_nowait))
    await until(connection, _LISTENS)
    for number in range(1, 4):
        await write_batch(connection, number, [Event("a", 1, at(number), 1, 0, 1)])
        await connection.execute("notify litmus_fold")
        folded = await asyncio.wait_for(heard.get(), 30)
        assert folded.batches == 1
        assert folded.experiments == {1}
    stop.set()
    await asyncio.wait_for(folding, 30)


async def test_the_fold_comes_back_from_a_database_that_was_away(
    connection: Connection, database_url: str, other_database: OtherDatabase
) -> None:
    await declare(connection, EXPERIMENTS)
    name = await connection.fetchval("select current_database()")
    stop = asyncio.Event()
    heard: asyncio.Queue[Folded] = asyncio.Queue()
    admin = await connect(other_database.url)
    await admin.execute(f'alter database "{name}" allow_connections false')
    folding = asyncio.create_task(Fold().run(database_url, stop, folded=heard.put_nowait))
    await write_batch(connection, 1, [Event("a", 1, at(0), 1, 0, 1)])
    await asyncio.sleep(0.3)
    assert heard.empty()
    assert not folding.done()
    await admin.execute(f'alter database "{name}" allow_connections true')
    await admin.close()
    assert (await asyncio.wait_for(heard.get(), 30)).events == 1
    stop.set()
    await asyncio.wait_for(folding, 30)
