"""Acknowledged means committed, and one bad request harms nobody else."""

import asyncio
from typing import Any, TypeAlias
from uuid import uuid4

import asyncpg
import pytest
from litmus_server.domain.assignment import Stored
from litmus_server.domain.errors import Overloaded, Unavailable
from litmus_server.domain.event import Accepted, Duplicate, Kind, Reason, Rejected
from litmus_server.store.assignments import AssignmentWriter
from litmus_server.store.events import EventWriter
from litmus_server.store.journal import BatchIds, Journal

from .conftest import AssignmentJournal, EventJournal, add_experiment, candidate, each, logged

pytestmark = pytest.mark.database
Connection: TypeAlias = "asyncpg.Connection[Any]"


async def test_a_batch_with_a_nul_a_lone_surrogate_and_a_cancelled_request_answers_all_the_others(
    connection: Connection, assignments: AssignmentJournal
) -> None:
    number = await add_experiment(connection)
    futures = {
        unit: assignments.submit((candidate(unit, number),), 100)
        for unit in [*(f"good-{k}" for k in range(40)), "nul-\x00", "surrogate-\ud800", "cancelled"]
    }
    futures["cancelled"].cancel()

    answers = {unit: await future for unit, future in futures.items() if not future.cancelled()}

    for unit, (answer,) in answers.items():
        assert isinstance(answer, Stored if unit.startswith("good") else Exception), unit
    stored = {row[0] for row in await connection.fetch("select unit from assignment")}
    assert stored == {unit for unit in futures if unit.startswith(("good", "cancelled"))}
    assert await each(assignments, candidate("later", number)) == [
        Stored(0, 1, 500_000, 123, 1, fresh=True)
    ], "the journal goes on"


async def test_metadata_that_is_no_jsonb_is_refused_alone(
    connection: Connection, events: EventJournal
) -> None:
    bad = ['{"a": "\\u0000"}', '{"a": "\\ud800"}', "{", '{"n": 1e400000}']
    rows = [
        logged(f"u{k}", None, Kind.METRIC, metric=1, value=1, metadata=text) for k, text in enumerate(bad)
    ]
    good = [logged(f"g{k}", None, Kind.METRIC, metric=1, value=1) for k in range(20)]

    answers = await each(events, *good[:10], *rows, *good[10:])

    assert [isinstance(answer, Accepted) for answer in answers] == [True] * 10 + [False] * 4 + [True] * 10
    assert await connection.fetchval("select count(*) from event") == 20


async def test_a_connection_that_is_cut_while_rows_wait_loses_and_doubles_nothing(
    connection: Connection, events: EventJournal
) -> None:
    rows = [logged(f"u{k}", None, Kind.METRIC, metric=1, value=1) for k in range(3_000)]
    stop = asyncio.Event()

    async def cut() -> None:
        while not stop.is_set():
            await connection.execute(
                """select pg_terminate_backend(pid) from pg_stat_activity
                   where pid <> pg_backend_pid() and datname = current_database()"""
            )
            await asyncio.sleep(0.02)

    async def send(row: Any) -> Any:
        await asyncio.sleep(rows.index(row) * 0.0002)
        return (await events.submit((row,), 100))[0]

    cutter = asyncio.create_task(cut())
    sending = asyncio.gather(*map(send, rows), return_exceptions=True)
    await asyncio.sleep(1.0)
    stop.set()
    await cutter
    answers = await sending

    acknowledged = {row.event_id for row, answer in zip(rows, answers, strict=True) if answer == Accepted()}
    unknown = [answer for answer in answers if not isinstance(answer, (Accepted, Duplicate, Unavailable))]
    assert not unknown
    logged_ids = [str(row[0]) for row in await connection.fetch("select event_id from event")]
    assert len(logged_ids) == len(set(logged_ids)), "none twice"
    assert acknowledged <= set(logged_ids), "every acknowledged one is there"
    assert len(acknowledged) > 2_000


async def test_a_batch_sent_again_after_its_commit_is_accepted_not_a_duplicate(
    connection: Connection, database_url: str
) -> None:
    number = await add_experiment(connection)
    ids = BatchIds()
    await ids.reserve(connection)
    writer = await AssignmentWriter.bind(connection, ids)
    events = await EventWriter.bind(connection, ids)
    batch = ids.take()
    (first,) = await writer(batch, [candidate("u", number)], False)
    (again,) = await writer(batch, [candidate("u", number)], True)
    assert first == again == Stored(0, 1, 500_000, 123, 1, fresh=True)
    rows = [logged("u", number), logged("stranger", number)]
    batch = ids.take()
    assert [type(each) for each in await events(batch, rows)] == [Accepted, Rejected]
    assert [type(each) for each in await events(batch, rows, True)] == [Accepted, Rejected]
    assert [type(each) for each in await events(ids.take(), rows)] == [Duplicate, Rejected]
    assert await connection.fetchval("select count(*) from event") == 1


async def test_more_than_may_wait_is_refused_and_the_rest_is_served(
    database_url: str, connection: Connection
) -> None:
    journal: EventJournal = Journal("events", database_url, BatchIds(), EventWriter.bind, bound_rows=50)
    journal.start()
    accepted, refused = [], 0
    for k in range(200):
        try:
            accepted.append(journal.submit((logged(f"u{k}", None, Kind.METRIC, metric=1, value=1),), 100))
        except Overloaded as error:
            refused += error.retry_after
    assert len(accepted) == 50
    assert refused == journal.refused == 150
    await asyncio.gather(*accepted)
    assert journal.waiting_rows == journal.waiting_bytes == 0
    await journal.close()
    assert await connection.fetchval("select count(*) from event") == 50


async def test_after_a_refusal_only_what_leaves_soon_may_wait_until_a_second_has_passed_without_one(
    database_url: str, connection: Connection
) -> None:
    journal: EventJournal = Journal(
        "events", database_url, BatchIds(), EventWriter.bind, max_rows=400, bound_rows=1_000
    )
    rows = iter([logged(f"u{k}", None, Kind.METRIC, metric=1, value=1) for k in range(5_000)])

    def submit(count: int) -> "asyncio.Future[Any]":
        return journal.submit([next(rows) for _ in range(count)], count)

    burst = [submit(600), submit(400)]  # a burst may fill all of it
    with pytest.raises(Overloaded):
        submit(1)
    journal.start()
    await asyncio.gather(*burst)

    large = submit(900)  # a large request is not refused for its size when nothing waits
    with pytest.raises(
        Overloaded
    ):  # a thousand rows took a tenth of a second or were not counted: 300 at most leave soon
        submit(1)
    await large
    await asyncio.sleep(0)  # rows wait until their caller has had its turn
    await asyncio.gather(submit(1), submit(600))  # nor when next to nothing does
    assert journal.refused == 2

    await asyncio.sleep(1.1)
    await asyncio.gather(submit(600), submit(400))
    assert journal.refused == 2
    await journal.close()
    assert await connection.fetchval("select count(*) from event") == 3_501


async def test_a_database_that_is_away_is_an_answer_within_the_journals_patience() -> None:
    url = "postgresql://nobody@127.0.0.1:1/none"
    journal: EventJournal = Journal("events", url, BatchIds(), EventWriter.bind, patience=0.3)
    journal.start()
    with pytest.raises(Unavailable):
        await asyncio.wait_for(journal.submit((logged("u", None),), 100), 5)
    await journal.close()


async def test_closing_writes_what_waits_and_takes_nothing_more(
    database_url: str, connection: Connection
) -> None:
    journal: EventJournal = Journal("events", database_url, BatchIds(), EventWriter.bind)
    journal.start()
    waiting = [
        journal.submit((logged(f"u{k}", None, Kind.METRIC, metric=1, value=1),), 100) for k in range(500)
    ]
    await journal.close()
    assert all(future.result() == [Accepted()] for future in waiting)
    with pytest.raises(Unavailable):
        journal.submit((logged("late", None),), 100)
    assert await connection.fetchval("select count(*) from event") == 500


async def test_four_nodes_that_assign_the_same_units_agree(database_url: str, connection: Connection) -> None:
    numbers = [await add_experiment(connection) for _ in range(3)]
    journals: list[AssignmentJournal] = [
        Journal(f"node {n}", database_url, BatchIds(), AssignmentWriter.bind) for n in range(4)
    ]
    for journal in journals:
        journal.start()
    keys = [(f"unit-{k}", number) for k in range(300) for number in numbers]
    answers = await asyncio.gather(
        *(
            each(
                journal,
                *(
                    candidate(unit, number, variant=n % 2, epoch=n)
                    for unit, number in keys[:: 1 if n % 2 else -1]
                ),
            )
            for n, journal in enumerate(journals)
        )
    )
    by_node = [list(answer) if n % 2 else list(answer)[::-1] for n, answer in enumerate(answers)]
    for place in range(len(keys)):
        assert len({answer[place][:5] for answer in by_node}) == 1, "every node tells the same variant"
        assert sum(answer[place].fresh for answer in by_node) == 1, "one of them made it"
    for journal in journals:
        await journal.close()


async def test_an_experiment_that_was_stopped_elsewhere_assigns_nobody(
    connection: Connection, assignments: AssignmentJournal
) -> None:
    number = await add_experiment(connection, status="paused")
    assert await each(assignments, candidate("u", number)) == [None]
    assert await connection.fetchval("select count(*) from assignment") == 0


async def test_of_two_requests_for_one_unit_in_a_batch_one_is_fresh(
    connection: Connection, assignments: AssignmentJournal
) -> None:
    number = await add_experiment(connection)
    answers = await each(assignments, *(candidate("u", number, variant=k % 2) for k in range(5)))
    assert [answer.fresh for answer in answers] == [True, False, False, False, False]
    assert {answer.variant for answer in answers} == {0}


SHOWN = """select e.variant = a.variant and e.epoch = a.epoch and e.occurred_at >= a.assigned_at as right,
                  e.batch in (select batch from fold_queue) as queued, e.xmin = a.xmin as together
           from event e join assignment a using (unit, experiment)"""


async def test_an_exposure_rides_in_the_transaction_of_its_assignment(
    connection: Connection, assignments: AssignmentJournal
) -> None:
    number = await add_experiment(connection)
    call = str(uuid4())
    for _ in range(2):
        await each(
            assignments, candidate("u", number, exposure=call), candidate("u", number, exposure=str(uuid4()))
        )
    rows = await connection.fetch(SHOWN)
    assert len(rows) == 3, "the repeated call is a duplicate"
    assert all(row["right"] and row["queued"] for row in rows)
    assert [row["together"] for row in rows].count(True) == 1


async def test_who_is_assigned_already_is_exposed_to_what_is_stored(
    connection: Connection, assignments: AssignmentJournal
) -> None:
    number, stopped = await add_experiment(connection), await add_experiment(connection, status="paused")
    await each(assignments, candidate("u", number, variant=1, epoch=7))
    answers = await each(
        assignments,
        candidate("u", number, exposure=str(uuid4())),
        candidate("u", stopped, exposure=str(uuid4())),
        candidate("new", number, exposure=str(uuid4())),
        candidate("not shown", number),
    )
    assert [answer and (answer.variant, answer.epoch, answer.fresh) for answer in answers] == [
        (1, 7, False),
        None,
        (0, 1, True),
        (0, 1, True),
    ]
    rows = await connection.fetch(SHOWN)
    assert len(rows) == 2
    assert all(row["right"] and row["queued"] for row in rows)


async def test_of_equal_units_and_equal_exposures_in_a_batch_each_exposure_counts_once(
    connection: Connection, assignments: AssignmentJournal
) -> None:
    number, stopped = await add_experiment(connection), await add_experiment(connection, status="paused")
    first, second, third = (str(uuid4()) for _ in range(3))
    rows = [
        candidate("u", number, exposure=first),
        candidate("u", number, variant=1, exposure=first),
        candidate("u", number, variant=1, exposure=second),
        candidate("v", number, exposure=first),
        candidate("w", stopped, exposure=third),
        candidate("w", number, exposure=third),
    ]
    answers = await assignments.submit(rows, 600)
    assert [isinstance(answer, Stored) and answer.fresh for answer in answers] == [
        True, False, False, True, False, True,
    ]  # fmt: skip
    logged_ids = [str(row[0]) for row in await connection.fetch("select event_id from event")]
    assert sorted(logged_ids) == sorted((first, second, third))
    assert all(row["right"] for row in await connection.fetch(SHOWN))


async def test_a_batch_with_exposures_sent_again_adds_nothing_to_what_may_be_folded(
    connection: Connection,
) -> None:
    number = await add_experiment(connection)
    ids = BatchIds()
    await ids.reserve(connection)
    writer = await AssignmentWriter.bind(connection, ids)
    await writer(ids.take(), [candidate("other", number)], False)
    rows = [candidate(unit, number, exposure=str(uuid4())) for unit in ("u", "other")]
    batch = ids.take()
    first = await writer(batch, rows, False)
    await connection.execute("delete from fold_queue")  # the fold was there
    later = candidate("late", number, exposure=str(uuid4()))
    again = await writer(batch, [*rows, later], True)
    assert [answer and answer.fresh for answer in first] == [True, False]
    assert [answer and answer.fresh for answer in again] == [True, False, True]
    assert await connection.fetchval("select count(*) from event") == 3
    queued = "select count(*) from event where batch in (select batch from fold_queue)"
    assert await connection.fetchval(queued) == 1, "what came later has a batch of its own"


async def test_nodes_that_show_the_same_new_units_log_each_exposure_under_the_winners_variant(
    database_url: str, connection: Connection
) -> None:
    number = await add_experiment(connection)
    journals: list[AssignmentJournal] = [
        Journal(f"node {n}", database_url, BatchIds(), AssignmentWriter.bind) for n in range(3)
    ]
    for journal in journals:
        journal.start()
    for turn in range(5):
        await asyncio.gather(
            *(
                each(
                    journal,
                    *(
                        candidate(f"{turn}-{k}", number, variant=n % 2, epoch=n, exposure=str(uuid4()))
                        for k in range(100)
                    ),
                )
                for n, journal in enumerate(journals)
            )
        )
    for journal in journals:
        await journal.close()
    rows = await connection.fetch(SHOWN)
    assert len(rows) == 3 * 5 * 100
    assert all(row["right"] and row["queued"] for row in rows)


async def test_a_rejected_id_is_not_remembered(
    connection: Connection, events: EventJournal, assignments: AssignmentJournal
) -> None:
    number = await add_experiment(connection)
    event = logged("u", number)
    (outcome,) = await each(events, event)
    assert outcome.reason is Reason.NOT_IN_EXPERIMENT
    await each(assignments, candidate("u", number))
    assert await each(events, event) == [Accepted()]
    assert await each(events, event) == [Duplicate()]


async def test_an_id_twice_in_one_request_counts_once_unless_the_first_was_rejected(
    connection: Connection, events: EventJournal, assignments: AssignmentJournal
) -> None:
    number = await add_experiment(connection)
    await each(assignments, candidate("u", number))
    good, stranger = logged("u", number), logged("stranger", number)
    outcomes = await events.submit((good, good, stranger, stranger._replace(unit="u")), 400)
    assert [type(outcome) for outcome in outcomes] == [Accepted, Duplicate, Rejected, Accepted]
    assert await connection.fetchval("select count(*) from event") == 2
    assert await connection.fetchval("select count(distinct batch) from event") == 2, (
        "nothing is added to a batch"
    )


async def test_another_variant_than_the_stored_one_is_a_mismatch(
    connection: Connection, events: EventJournal, assignments: AssignmentJournal
) -> None:
    number = await add_experiment(connection)
    await each(assignments, candidate("u", number, variant=1))
    outcomes = await each(events, logged("u", number, claimed=0), logged("u", number, claimed=1))
    assert outcomes[0].reason is Reason.VARIANT_MISMATCH
    assert outcomes[1] == Accepted()
