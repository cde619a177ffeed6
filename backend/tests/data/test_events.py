"""Events: each gets exactly one outcome, accepted means committed, and nothing is dropped in silence."""

import asyncio
import datetime as dt
import json
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from litmus_server.domain.event import Reason

from .conftest import Door

pytestmark = pytest.mark.database


def event(kind: str, unit: str = "u", experiment: str | None = "checkout", **more: Any) -> dict[str, Any]:
    body = {"event_id": str(uuid4()), "type": kind, "unit_id": unit, **more}
    return body if experiment is None else {**body, "experiment_id": experiment}


def ago(**by: float) -> str:
    return (dt.datetime.now(dt.UTC) - dt.timedelta(**by)).isoformat()


async def reasons(door: Door, *events: Any, **envelope: Any) -> list[str]:
    return [outcome.get("reason", outcome["outcome"]) for outcome in await door.send(*events, **envelope)]


async def test_good_and_bad_events_in_one_batch_get_an_outcome_each_and_the_bad_ones_are_kept(
    door: Door,
) -> None:
    await door.make("checkout")
    await door.make("draft", status="draft")
    await door.assign("checkout", "u")
    first = event("exposure")
    batch = [
        (first, "accepted"),
        (event("metric", metric_name="order_value", value=12.5), "accepted"),
        (event("conversion"), "accepted"),
        (event("reward", value=1), "accepted"),
        (event("metric", experiment=None, metric_name="order_value", value=3), "accepted"),
        (first, "duplicate"),
        ({**first, "unit_id": "another", "type": "conversion"}, "duplicate"),
        (event("exposure", unit="stranger"), "not_in_experiment"),
        (event("exposure", experiment="nowhere"), "unknown_experiment"),
        (event("exposure", experiment="draft"), "not_running"),
        (event("metric", experiment="draft", metric_name="m", value=1), "not_running"),
        (event("exposure", variant_key="no such"), "variant_mismatch"),
        (event("exposure", occurred_at=ago(days=31)), "clock"),
        (event("exposure", occurred_at=ago(minutes=-6)), "clock"),
        (event("metric", metric_name="m"), "value"),
        (event("metric", metric_name="m", value=1e13), "value"),
        (event("metric", metric_name="m", value="NaN"), "value"),
        (event("metric", metric_name="m", value="many"), "malformed"),
        (event("metric", value=1), "malformed"),
        (event("metric", metric_name="x" * 200, value=1), "malformed"),
        (event("exposure", experiment=None), "malformed"),
        (event("exposure", unit=""), "malformed"),
        (event("exposure", unit="a\x00b"), "malformed"),
        (event("explosion"), "malformed"),
        (event("exposure", occurred_at="2026-11-20T10:00:00"), "malformed"),
        (event("exposure", occurred_at="yesterday"), "malformed"),
        (event("exposure", unit_type="session"), "malformed"),
        (event("conversion", metadata=[1]), "malformed"),
        (event("conversion", metadata={"a": "\x00"}), "malformed"),
        (event("conversion", metadata={"a": "x" * 9_000}), "too_large"),
        ({"type": "exposure"}, "malformed"),
        (5, "malformed"),
        (None, "malformed"),
        ({**event("exposure"), "unit_id": 5}, "malformed"),
    ]
    found = await reasons(door, *(each for each, _ in batch))
    assert found == [expected for _, expected in batch]

    kept = await door.fetch("select reason, message, body from dead_letter order by id")
    rejected = [reason for reason in found if reason not in {"accepted", "duplicate"}]
    assert sorted(row["reason"] for row in kept) == sorted(rejected)
    assert all(row["message"] for row in kept)
    assert (await door.fetch("select sum(count) from dead_letter_count"))[0][0] == len(rejected)
    assert (await door.fetch("select count(*) from event"))[0][0] == found.count("accepted")


async def test_every_reason_of_the_closed_list_is_in_the_api_document(door: Door) -> None:
    document = json.dumps((await door.get("/openapi.json")).json())
    assert all(reason.value in document for reason in Reason)


@pytest.mark.parametrize(
    ("status", "exposure", "metric"),
    [
        ("draft", "not_running", "not_running"),
        ("running", "accepted", "accepted"),
        ("paused", "not_running", "accepted"),
        ("completed", "not_running", "accepted"),
    ],
)
async def test_each_status_takes_the_events_that_the_contract_says(
    door: Door, status: str, exposure: str, metric: str
) -> None:
    await door.make("checkout", status="draft")
    steps = {
        "draft": [],
        "running": ["running"],
        "paused": ["running", "paused"],
        "completed": ["running", "completed"],
    }
    for step in steps[status]:
        await door.move("checkout", step)
        if step == "running":
            await door.assign("checkout", "u")
            assert await reasons(door, event("exposure")) == ["accepted"]
    found = await reasons(door, event("exposure"), event("conversion"))
    assert found == [exposure, metric]


async def test_archived_experiments_take_nothing(door: Door) -> None:
    await door.make("checkout")
    await door.assign("checkout", "u")
    await door.move("checkout", "completed")
    await door.runtime.pool.execute("""
        with head as (update configuration_head set revision = revision + 1 returning revision),
             x as (update experiments set archived_at = now(), revision = head.revision from head returning no, head.revision)
        insert into configuration (experiment, revision, document)
        select x.no, x.revision, c.document || jsonb_build_object('archived', true, 'revision', x.revision)
        from x join lateral (select document from configuration where experiment = x.no order by revision desc limit 1) c on true
    """)
    await reasons(door, event("exposure", experiment="nowhere"))  # a look at the database
    assert await reasons(door, event("exposure"), event("conversion")) == ["archived", "archived"]


async def test_a_completed_experiment_takes_metrics_inside_the_units_window_only(door: Door) -> None:
    await door.make("checkout", primary_metric={"name": "bought", "window_days": 1})
    await door.assign("checkout", "early")
    await door.assign("checkout", "never shown")
    await door.send(event("exposure", unit="early"))
    await door.move("checkout", "completed")
    await door.runtime.pool.execute("update event set occurred_at = now() - interval '25 hours'")
    assert await reasons(
        door,
        event("conversion", unit="early", metric_name="bought"),
        event("conversion", unit="early", metric_name="bought", occurred_at=ago(hours=3)),
        event("conversion", unit="early", metric_name="undeclared"),
        event("conversion", unit="never shown"),
    ) == ["not_running", "accepted", "accepted", "not_running"]


async def test_exposures_that_happened_while_it_ran_are_taken_after_a_pause(door: Door) -> None:
    await door.make("checkout")
    await door.assign("checkout", "u")
    seen = dt.datetime.now(dt.UTC).isoformat()
    await door.move("checkout", "paused")
    assert await reasons(door, event("exposure", occurred_at=seen), event("exposure")) == [
        "accepted",
        "not_running",
    ]


async def test_an_exposure_is_never_before_its_assignment(door: Door) -> None:
    await door.make("checkout")
    await door.assign("checkout", "u")
    await door.send(event("exposure", occurred_at=ago(minutes=10)))
    (row,) = await door.fetch(
        "select e.occurred_at = a.assigned_at as moved from event e join assignment a using (unit)"
    )
    assert row["moved"]


async def test_a_clock_that_is_ten_minutes_wrong_is_corrected_by_sent_at(door: Door) -> None:
    wrong = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=10)
    happened = (wrong - dt.timedelta(seconds=30)).isoformat()
    late = event("metric", experiment=None, metric_name="m", value=1, occurred_at=happened)
    assert await reasons(door, late) == ["clock"]
    assert await reasons(door, late, sent_at=wrong.isoformat()) == ["accepted"]
    (row,) = await door.fetch("select extract(epoch from received_at - occurred_at)::float as age from event")
    assert row["age"] == pytest.approx(30, abs=5)


async def test_the_same_id_is_stored_once_whatever_comes_with_it(door: Door) -> None:
    first = event("metric", experiment=None, metric_name="m", value=1)
    again = {**first, "value": 2}
    upper = {**first, "event_id": first["event_id"].upper()}
    assert await reasons(door, first, again) == ["accepted", "duplicate"]
    assert await reasons(door, again, upper) == ["duplicate", "duplicate"]
    named = [
        event("metric", experiment=None, metric_name="m", value=1, event_id=name)
        for name in ("order-1", "order-2", "order-1")
    ]
    outcomes = await door.send(*named)
    assert [each["outcome"] for each in outcomes] == ["accepted", "accepted", "duplicate"]
    assert [each["event_id"] for each in outcomes] == ["order-1", "order-2", "order-1"], "as they were sent"
    assert [row[0] for row in await door.fetch("select value from event order by value")] == [1_000_000] * 3


async def test_a_bare_event_needs_no_envelope(door: Door) -> None:
    answer = await door.post("/api/v1/events", event("metric", experiment=None, metric_name="m", value=1))
    assert answer.json()["accepted"] == 1
    wrong = await door.post("/api/v1/events", {**event("metric", experiment=None), "value": "x"})
    assert wrong.json()["outcomes"][0]["reason"] == "malformed"


async def test_values_are_exact_decimals_and_finer_ones_are_rounded_half_to_even_and_said(door: Door) -> None:
    given_ = {
        "1.005": 1_005_000,
        "0.0000005": 0,
        "0.0000015": 2,
        "-2.5": -2_500_000,
        "1e12": 10**18,
        "1E-400": 0,
        "3": 3_000_000,
    }
    bodies = [
        f'{{"event_id":"{uuid4()}","type":"metric","unit_id":"u","metric_name":"m","value":{text}}}'
        for text in given_
    ]
    answer = await door.post("/api/v1/events", '{"events":[' + ",".join(bodies) + "]}")
    outcomes = answer.json()["outcomes"]
    assert {each["outcome"] for each in outcomes} == {"accepted"}
    rounded = [
        text for text, each in zip(given_, outcomes, strict=True) if "rounded" in each.get("message", "")
    ]
    assert rounded == ["0.0000005", "0.0000015", "1E-400"]
    stored = await door.fetch("select value from event order by value")
    assert [row[0] for row in stored] == sorted(given_.values())


async def test_the_thousand_and_first_undeclared_name_is_one_too_many(door: Door) -> None:
    await door.make("checkout", primary_metric="bought")
    await door.assign("checkout", "u")
    names = [event("metric", metric_name=f"name {k}", value=1) for k in range(1_005)]
    found = await reasons(door, *names)
    assert found.count("accepted") == 1_000
    assert found.count("too_many_metrics") == 5
    assert await reasons(door, event("conversion", metric_name="bought"), names[0]) == [
        "accepted",
        "duplicate",
    ]
    elsewhere = [event("metric", experiment=None, metric_name=f"name {k}", value=1) for k in range(1_005)]
    assert (await reasons(door, *elsewhere)).count("accepted") == 1_000


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b'{"events": [', 400),
        (b'{"events": 5}', 400),
        (b"[]", 400),
        (b'{"events": [{"event_id": "\xff"}]}', 200),
        (b'{"events": [], "sent_at": "yesterday"}', 400),
        (b'{"events": []}', 200),
        (b'{"events": [' + b",".join([b"{}"] * 10_001) + b"]}", 400),
        (b"[" * 200_000, 400),
        (b'{"events": ["' + b"x" * 17_000_000 + b'"]}', 413),
    ],
)
async def test_only_an_envelope_that_cannot_be_read_is_refused_whole(
    door: Door, body: bytes, status: int
) -> None:
    answer = await door.post("/api/v1/events", body)
    assert answer.status_code == status, answer.text[:300]
    if status >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["message"]
    assert not await door.fetch("select from event")


async def test_conversions_answer_as_printed(door: Door) -> None:
    experiment = await door.make("checkout")
    unit = str(uuid4())
    assigned = await door.assign("checkout", unit)
    body = {
        "experiment_id": str(experiment.id), "user_id": unit, "metric_name": "watch_completion", "value": 1.0,
        "metadata": {"duration_seconds": 3600},
    }  # fmt: skip
    answer = await door.post("/api/v1/experiments/conversions", body)
    printed = {"status": "recorded", "experiment_id": str(experiment.id), "variant": assigned["variant_name"],
               "metric": "watch_completion", "value": 1.0}  # fmt: skip
    assert answer.status_code == 200
    assert printed.items() <= answer.json().items()
    stranger = await door.post("/api/v1/experiments/conversions", {**body, "user_id": "stranger"})
    assert (stranger.status_code, stranger.json()["error"]) == (400, "User not in experiment")
    nowhere = await door.post("/api/v1/experiments/conversions", {**body, "experiment_id": str(uuid4())})
    assert (nowhere.status_code, nowhere.json()["error"]) == (404, "Experiment not found")
    twice = {**body, "event_id": "goal-1"}
    assert [
        (await door.post("/api/v1/experiments/conversions", twice)).json()["duplicate"] for _ in range(2)
    ] == [False, True]
    assert (await door.fetch("select count(*) from event where kind = 3"))[0][0] == 2
    assert (await door.fetch("select metadata from event limit 1"))[0][0] == {"duration_seconds": 3600}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
FIELDS = [
    "event_id",
    "type",
    "unit_id",
    "experiment_id",
    "metric_name",
    "value",
    "occurred_at",
    "metadata",
    "variant_key",
    "unit_type",
]


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(FIELDS), JSON | st.sampled_from(["exposure", "metric", "checkout", "u"])
        )
        | JSON,
        max_size=6,
    )
)
async def test_whatever_comes_every_event_gets_one_outcome_and_its_neighbour_is_served(
    door: Door, garbage: list[Any]
) -> None:
    good = {"event_id": str(uuid4()), "type": "metric", "unit_id": "u", "metric_name": "m", "value": 1}
    body = json.dumps({"events": [*garbage, good]})
    answer = await door.post("/api/v1/events", body)
    assert answer.status_code in {200, 400}, answer.text
    if answer.status_code == 400:  # NaN is not JSON, nor is a lone surrogate text
        assert "NaN" in body or "Infinity" in body or "\\ud" in body, answer.text
        return
    outcomes = answer.json()["outcomes"]
    assert len(outcomes) == len(garbage) + 1
    assert outcomes[-1]["outcome"] == "accepted"


@given(st.decimals(allow_nan=True, allow_infinity=True) | st.decimals(min_value=-(10**12), max_value=10**12))
def test_a_value_becomes_the_nearest_micro_unit_or_an_error(value: Decimal) -> None:
    from fractions import Fraction

    from litmus_server.domain.event import micro

    if not value.is_finite() or abs(value) > 10**12:
        with pytest.raises(ValueError, match="value must"):
            micro(value)
        return
    number, rounded = micro(value)
    exact = Fraction(value) * 10**6
    assert number == round(exact)
    assert rounded == (exact != number)


async def test_a_clock_three_seconds_behind_does_not_put_a_conversion_before_its_exposure(door: Door) -> None:
    await door.make("checkout")
    await door.assign("checkout", "u")
    await door.send(
        event("exposure", occurred_at=ago(seconds=3)),
        event("conversion", occurred_at=ago(seconds=2.5)),
        event("metric", metric_name="earlier", value=1, occurred_at=ago(hours=1)),
    )
    rows = await door.fetch(
        """select e.kind, e.occurred_at >= min(e.occurred_at) filter (where e.kind = 1) over () as after
           from event e order by e.kind, e.metric"""
    )
    assert sorted(tuple(row) for row in rows) == [(1, True), (2, False), (3, True)]


async def test_half_a_character_in_one_event_harms_no_other(door: Door) -> None:
    good, literal = (
        event("metric", experiment=None, metric_name="m", value=1),
        event("conversion", experiment=None),
    )
    body = json.dumps(
        {
            "events": [
                good,
                {**good, "event_id": "cut", "unit_id": "x\ud83d"},
                {**literal, "metadata": {"a": "\\ud800"}},
            ]
        }
    )
    answer = await door.post("/api/v1/events", body)
    assert [each["outcome"] for each in answer.json()["outcomes"]] == ["accepted", "rejected", "accepted"]
    (row,) = await door.fetch("select metadata from event where metadata is not null")
    assert row[0] == {"a": "\\ud800"}, "a backslash is a character"


async def test_bytes_that_are_no_text_in_metadata_reject_their_event_only(door: Door) -> None:
    good = json.dumps(event("conversion", experiment=None)).encode()
    bad = good.replace(b'"conversion"', b'"conversion","metadata":{"a":"\xff"}')
    answer = await door.post("/api/v1/events", b'{"events":[' + good + b"," + bad + b"]}")
    assert [each["outcome"] for each in answer.json()["outcomes"]] == ["accepted", "rejected"]
    conversion = b'{"experiment_id":"x","user_id":"u","metric_name":"m","metadata":{"a":"\xff"}}'
    assert (await door.post("/api/v1/experiments/conversions", conversion)).status_code in {400, 404}


@pytest.mark.parametrize("trouble", ["read only", "no partition", "not privileged"])
async def test_a_database_that_cannot_write_now_is_503_and_the_same_events_are_taken_later(
    door: Door, trouble: str
) -> None:
    await door.make("checkout")
    await door.assign("checkout", "known")
    breaking, mending = {
        "read only": ("alter database {0} set default_transaction_read_only = on", "alter database {0} reset default_transaction_read_only"),
        "no partition": (_DETACH, _ATTACH),
        "not privileged": ("alter table event_key rename to gone", "alter table gone rename to event_key"),
    }[trouble]  # fmt: skip
    pool = door.runtime.pool
    name = await pool.fetchval("select quote_ident(current_database())")
    kick = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
    async with pool.acquire() as connection:
        await connection.execute("set default_transaction_read_only = off")
        await connection.execute(breaking.replace("{0}", name))
        await connection.execute(kick)
        body = event("conversion", unit="known")
        answer = await door.post("/api/v1/events", {"events": [body]})
        assert answer.status_code == 503, answer.text
        assert answer.headers["retry-after"]
        shown = await door.post(
            "/api/v1/experiments/checkout/assign", {"unit_id": "known", "log_exposure": True}
        )
        assert shown.status_code == 503, "an exposure that was not stored is not acknowledged"
        await connection.execute(mending.replace("{0}", name))
        await connection.execute(kick)
    assert await reasons(door, body) == ["accepted"]
    assert len(await door.fetch("select from event")) == 1
    assert not await door.fetch("select from dead_letter")


_DETACH = """
do $$ declare part text; begin
    for part in select inhrelid::regclass::text from pg_inherits where inhparent = 'event'::regclass loop
        execute 'alter table event detach partition ' || part;
    end loop;
end $$
"""
_ATTACH = """
do $$ declare part text; monday date; begin
    for part in select relname from pg_class where relname ~ '^event_20[0-9]{6}$' loop
        monday := to_date(substring(part from 7), 'YYYYMMDD');
        execute format('alter table event attach partition %I for values from (%L) to (%L)', part, monday || ' 00:00+00', monday + 7 || ' 00:00+00');
    end loop;
end $$
"""


async def test_the_first_thousand_dead_letters_are_kept_whatever_batches_they_come_in(door: Door) -> None:
    for size in (300, 1_500, 200):
        await door.send(*(event("exposure", experiment="nowhere") for _ in range(size)))
    assert (await door.fetch("select count(*) from dead_letter"))[0][0] == 1_000
    assert (await door.fetch("select sum(count) from dead_letter_count"))[0][0] == 2_000
    (row,) = await door.fetch("select body::jsonb->>'experiment_id' as named from dead_letter limit 1")
    assert row["named"] == "nowhere"


async def test_rejected_events_leave_no_names_behind(door: Door) -> None:
    await door.send(*(event("metric", experiment="nowhere", metric_name=f"m{k}", value=1) for k in range(50)))
    assert not await door.fetch("select from metric where name like 'm%'")


async def test_a_conversion_says_what_is_stored_and_refuses_an_empty_id(door: Door) -> None:
    experiment = await door.make("checkout")
    await door.assign("checkout", "u")
    body = {"experiment_id": str(experiment.id).upper(), "user_id": "u", "metric_name": "paid"}
    path = "/api/v1/experiments/conversions"
    fine = await door.post(path, json.dumps(body)[:-1] + ', "value": 2.00000049}')
    assert (fine.json()["value"], "rounded" in fine.json()["message"]) == (2.0, True)
    exact = await door.post(path, json.dumps(body)[:-1] + ', "value": 12345678901.123456}')
    assert '"value":12345678901.123456' in exact.text
    assert (await door.post(path, {**body, "value": None})).json()["value"] == 1.0
    assert (await door.post(path, {**body, "event_id": ""})).status_code == 400


@pytest.mark.parametrize(
    ("body", "pointer", "said"),
    [
        ({}, "/events", "is required"),
        ({"event": []}, "/events", "is required"),
        ({"events": "many"}, "/events", "must be a list, not text"),
    ],
)
async def test_an_envelope_that_is_none_says_what_is_allowed(
    door: Door, body: Any, pointer: str, said: str
) -> None:
    answer = await door.post("/api/v1/events", body)
    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"pointer": pointer, "message": said}]


async def test_a_large_request_is_written_in_turns_and_answered_whole(door: Door) -> None:
    many = [event("metric", unit=f"u{k}", experiment=None, metric_name="m", value=k) for k in range(3_500)]
    bodies = [many, many[:100], many[3_400:]]
    answers = await asyncio.gather(*(door.send(*body) for body in bodies))
    accepted = [each["event_id"] for answer in answers for each in answer if each["outcome"] == "accepted"]
    assert sorted(accepted) == sorted(each["event_id"] for each in many), "each once, whoever was first"
    assert (await door.fetch("select count(*) from event"))[0][0] == 3_500
