"""What is not "one more event": late declarations, other cohorts, rebuilding, pruning."""

import asyncio
import datetime as dt
import random
from dataclasses import replace
from itertools import count

import pytest
from fold.judge import Derived, Event, judge
from fold.ledger import (
    Connection,
    at,
    declare,
    declare_metrics,
    fold_all,
    random_log,
    tables,
    write_batch,
)
from fold.logs import EXPERIMENTS
from litmus_server.domain.errors import Conflict
from litmus_server.stats.quantiles import bucket
from litmus_server.store.database import connect
from litmus_server.store.fold import prune_minutes
from litmus_server.store.rebuild import Progress, Rebuilt, rebuild
from litmus_server.store.refold import refold_experiment
from litmus_server.store.verify import verify

pytestmark = pytest.mark.database

TABLES = ("unit_state", "moments", "rollup", "fold_mark", "joint_moments", "sketch")


async def _log_and_fold(connection: Connection, log: list[Event], start: int = 1) -> None:
    for number, begin in enumerate(range(0, len(log), 50), start):
        await write_batch(connection, number, log[begin : begin + 50])
    await fold_all(connection)


async def test_a_metric_declared_late_has_its_whole_past_after_a_refold(connection: Connection) -> None:
    log = random_log(7, 400)
    undeclared = [replace(experiment, metrics={}, derived={}) for experiment in EXPERIMENTS]
    await declare(connection, undeclared)
    await _log_and_fold(connection, log[:300])
    assert await tables(connection) == judge(log[:300], undeclared)
    for experiment in EXPERIMENTS:
        await declare_metrics(connection, experiment)
    # Events that come between the declaration and its refold are folded onto rows that are too short.
    await _log_and_fold(connection, log[300:], start=100)
    for experiment in EXPERIMENTS:
        await refold_experiment(connection, experiment.number)
    assert await tables(connection) == judge(log, EXPERIMENTS)


async def test_a_refold_of_what_is_right_changes_no_row(connection: Connection) -> None:
    await declare(connection, EXPERIMENTS)
    await _log_and_fold(connection, random_log(8, 300))
    before = await tables(connection)
    assert [await refold_experiment(connection, x.number) for x in EXPERIMENTS] == [0] * len(EXPERIMENTS)
    assert await tables(connection) == before


async def test_another_width_of_cohorts_moves_the_moments_and_changes_no_sum(connection: Connection) -> None:
    log = random_log(9, 400)
    await declare(connection, EXPERIMENTS)
    await _log_and_fold(connection, log[:300])
    await connection.execute("update experiments set cohort_hours = 25 - cohort_hours")
    await _log_and_fold(connection, log[300:], start=100)
    for experiment in EXPERIMENTS:
        await refold_experiment(connection, experiment.number)
    turned = [replace(experiment, cohort_hours=25 - experiment.cohort_hours) for experiment in EXPERIMENTS]
    assert await tables(connection) == judge(log, turned)


async def test_another_window_counts_what_it_holds_after_a_refold(connection: Connection) -> None:
    log = random_log(10, 300)
    await declare(connection, EXPERIMENTS)
    await _log_and_fold(connection, log)
    wider = replace(EXPERIMENTS[0], metrics={1: (1, 90 * 86_400), 2: (2, 60)})
    await declare_metrics(connection, wider)
    await refold_experiment(connection, 1)
    assert await tables(connection) == judge(log, [wider, *EXPERIMENTS[1:]])


async def test_what_is_derived_anew_is_as_if_it_had_always_been_so(connection: Connection) -> None:
    """Another cap, other covariates, other parts of a ratio, a quantile that becomes none and the reverse, while it is folded."""
    log = random_log(17, 600)
    await declare(connection, EXPERIMENTS)
    await _log_and_fold(connection, log[:300])
    derived = {
        1: Derived((1,), sketch=True),
        2: Derived((2,), before=(2, 1), cap=90_000_000),
        5: Derived((1, 2), (True, False)),
        6: Derived((1,), (True,), (1,), delay=1),
        7: Derived((), (), delay=2),
    }
    changed = replace(EXPERIMENTS[0], derived=derived)
    await declare_metrics(connection, changed)
    await _log_and_fold(connection, log[300:400], start=100)
    await refold_experiment(connection, 1)
    await _log_and_fold(connection, log[400:], start=200)
    assert await tables(connection) == judge(log, [changed, *EXPERIMENTS[1:]])
    assert await verify(connection) == []
    nothing = replace(changed, derived={})
    await declare_metrics(connection, nothing)
    await refold_experiment(connection, 1)
    assert await tables(connection) == judge(log, [nothing, *EXPERIMENTS[1:]])
    assert await verify(connection) == []


async def test_what_is_being_derived_anew_is_left_alone_by_a_rebuild_and_by_a_check(
    connection: Connection, database_url: str
) -> None:
    log = random_log(18, 300)
    await declare(connection, EXPERIMENTS)
    await _log_and_fold(connection, log)
    changed = replace(EXPERIMENTS[0], derived={1: Derived((1,), cap=5), 2: EXPERIMENTS[0].derived[2]})
    await declare_metrics(connection, changed)
    await connection.execute("update derived_metric set whole = true where metric = 2")
    assert {each.table for each in await verify(connection)} == {
        "joint_moments"
    }  # of the ratio that is no more
    assert (await rebuild(database_url)).derived > 0
    assert await verify(connection) == []
    await refold_experiment(connection, 1)
    assert await tables(connection) == judge(log, [changed, *EXPERIMENTS[1:]])


async def test_writers_and_folds_go_on_while_something_is_derived_anew(
    connection: Connection, database_url: str
) -> None:
    await declare(connection, EXPERIMENTS)
    log = random_log(19, 900)
    await _log_and_fold(connection, log[:300])
    changed = replace(EXPERIMENTS[0], derived={1: Derived((1,), before=(2,), cap=50_000_000)})
    numbers = count(100)

    async def write() -> None:
        writer = await connect(database_url)
        for begin in range(300, 900, 20):
            await write_batch(writer, next(numbers), log[begin : begin + 20])
            await fold_all(writer)
        await writer.close()

    async def change() -> None:
        changer = await connect(database_url)
        for each in (replace(changed, derived=EXPERIMENTS[0].derived), changed):
            async with changer.transaction():
                await declare_metrics(changer, each)
            await refold_experiment(changer, 1)
        await changer.close()

    await asyncio.gather(write(), change())
    assert await tables(connection) == judge(log, [changed, *EXPERIMENTS[1:]])
    assert await verify(connection) == []


async def test_the_buckets_of_totals_are_those_of_the_sketch(connection: Connection) -> None:
    edges = [2**k + miss for k in range(100) for miss in (-1, 0, 1)]
    dice = random.Random(3)
    totals = [*edges, *(-edge for edge in edges), *(dice.randrange(-(10**24), 10**24) for _ in range(500))]
    found = await connection.fetch("select sketch_bucket(t) from unnest($1::numeric[]) t", totals)
    assert [row[0] for row in found] == [bucket(total) for total in totals]


async def test_rebuilding_right_tables_finds_nothing_and_writes_nothing(
    connection: Connection, database_url: str
) -> None:
    await declare(connection, EXPERIMENTS)
    log = random_log(11, 300)
    await _log_and_fold(connection, log)
    places = [await connection.fetch(f"select ctid, xmin from {table} order by ctid") for table in TABLES]
    assert await rebuild(database_url) == Rebuilt(0, 0, 0, 0)
    assert await tables(connection) == judge(log, EXPERIMENTS)
    for table, before in zip(TABLES, places, strict=True):
        assert await connection.fetch(f"select ctid, xmin from {table} order by ctid") == before, table


async def test_rebuilding_an_empty_database_finds_nothing(database_url: str) -> None:
    assert await rebuild(database_url) == Rebuilt(0, 0, 0, 0)


@pytest.mark.parametrize(
    "damage",
    [
        "delete from unit_state where unit < 'unit-2'",
        "update unit_state set totals[1] = totals[1] + 1, counts[1] = counts[1] + 1 where first_at is not null",
        "update unit_state set first_at = first_at + interval '1 hour'",
        "update unit_state set variant = 1, epoch = 9, cohort = 0 where experiment > 0",
        "insert into unit_state (unit, experiment) select 'nobody', n from generate_series(0, 3) n",
        "insert into unit_state (unit, experiment, variant, epoch, cohort, first_at) values ('zzz', 1, 0, 1, 0, now())",
        "update moments set s2 = s2 + 1, n = n - 1",
        "delete from moments where metric = 0",
        "insert into moments select 1, 77, 1, 0, 1, 1, 5, 6, 7, 8, 9, 10, 11",
        "delete from moments where span = 0",
        "delete from rollup where span = 3",
        "delete from rollup where span = 1",
        "update rollup set total = total - 3, units = units + 1",
        "update fold_mark set units = units + 4",
        "truncate unit_state, moments, rollup, fold_mark",
        "update joint_moments set sums[2] = sums[2] + 1 where cardinality(sums) > 1",
        "delete from joint_moments where metric = 5",
        "update sketch set n = n + 1",
        "insert into sketch values (1, 2, 7, 5, 5), (1, 1, 0, 5, 5)",
        "insert into joint_moments values (4, 9, 0, 1, 0, '{1,2}'), (1, 2, 0, 1, 0, '{1,2}')",
        "truncate joint_moments, sketch",
        "update joint_moments set sums[1] = sums[1] - 1 where experiment = 3 and metric = 2",
        "update unit_state set firsts[1] = firsts[1] + interval '1 microsecond' where firsts[1] is not null",
    ],
)
async def test_rebuilding_repairs_every_table(connection: Connection, database_url: str, damage: str) -> None:
    await declare(connection, EXPERIMENTS)
    log = random_log(12, 300)
    await _log_and_fold(connection, log)
    await connection.execute(damage)
    assert await verify(connection)
    report = await rebuild(database_url)
    assert report != Rebuilt(0, 0, 0, 0)
    assert await tables(connection) == judge(log, EXPERIMENTS)
    assert await verify(connection) == []


async def test_rebuilding_while_writers_write_and_the_fold_folds_loses_nothing(
    connection: Connection, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("litmus_server.store.rebuild._SLICE", 40)
    await declare(connection, EXPERIMENTS)
    log = random_log(13, 1200)
    await _log_and_fold(connection, log[:600])
    await connection.execute("delete from unit_state where unit < 'unit-2'; update moments set n = n + 1")
    numbers = count(100)
    seen: list[Progress] = []

    async def write() -> None:
        writer = await connect(database_url)
        for begin in range(600, 1200, 20):
            await write_batch(writer, next(numbers), log[begin : begin + 20])
            await fold_all(writer)
        await writer.close()

    await asyncio.gather(rebuild(database_url, seen.append), write())
    await fold_all(connection)
    assert len(seen) > 5
    assert await tables(connection) == judge(log, EXPERIMENTS)


async def test_a_rebuild_goes_on_where_another_one_ended(
    connection: Connection, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("litmus_server.store.rebuild._SLICE", 30)
    await declare(connection, EXPERIMENTS)
    log = random_log(14, 300)
    await _log_and_fold(connection, log)
    await connection.execute("truncate unit_state, moments, rollup")

    def interrupt(progress: Progress) -> None:
        reached.append(progress.unit)
        if len(reached) == 3:
            raise InterruptedError

    reached: list[str] = []
    with pytest.raises(InterruptedError):
        await rebuild(database_url, interrupt)
    await rebuild(database_url, after=reached[-1])
    assert await tables(connection) == judge(log, EXPERIMENTS)


async def test_two_rebuilds_do_not_run_at_once(connection: Connection, database_url: str) -> None:
    await declare(connection, EXPERIMENTS)
    await _log_and_fold(connection, random_log(15, 100))
    ends = await asyncio.gather(rebuild(database_url), rebuild(database_url), return_exceptions=True)
    assert {type(end) for end in ends} == {Conflict, Rebuilt}


async def test_minutes_that_were_pruned_do_not_come_back(connection: Connection, database_url: str) -> None:
    await declare(connection, EXPERIMENTS)
    log = random_log(16, 400)
    await _log_and_fold(connection, log[:200])
    now = await connection.fetchval("select now()")
    horizon = at(0).replace(second=0, microsecond=0)
    assert await prune_minutes(connection, now - horizon) > 0
    [minutes_from] = await connection.fetchrow("select minutes_from from fold_lock")
    assert dt.timedelta(0) <= minutes_from - horizon <= dt.timedelta(minutes=10)
    await _log_and_fold(connection, log[200:], start=100)
    assert await tables(connection) == judge(log, EXPERIMENTS, minutes_from)
    await connection.execute("delete from rollup where span = 0")
    await rebuild(database_url)
    assert await tables(connection) == judge(log, EXPERIMENTS, minutes_from)
