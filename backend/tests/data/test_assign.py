"""Assigning: the first decision is written down, repeats honour it, and every refusal says why."""

import asyncio
import random
from typing import Any

import pytest
from litmus.decide import bucket
from litmus_server.domain.assignment import parse_assignment_id

from .conftest import Door

pytestmark = pytest.mark.database


async def test_the_answer_carries_everything_that_is_needed_to_decide_again(door: Door) -> None:
    experiment = await door.make("checkout")
    answer = await door.assign("checkout", "store-123", attributes={"country": "CA"})
    place = bucket(f"variant:{experiment.salt}", "store-123")
    chosen = experiment.variants[0 if place < 500_000 else 1]
    assert answer == {
        "experiment_id": str(experiment.id), "experiment_key": "checkout", "assignment_id": answer["assignment_id"],
        "unit_id": "store-123", "in_experiment": True, "reason": "assigned", "variant_id": str(chosen.id),
        "variant_key": chosen.key, "variant_name": chosen.name, "config": chosen.config, "propensity": 0.5, "fresh": True,
        "revision": experiment.revision, "policy_version": None,
    }  # fmt: skip
    assert parse_assignment_id(answer["assignment_id"])[1] == "store-123"
    (row,) = await door.fetch("select * from assignment")
    assert (row["bucket"], row["propensity"], row["revision"]) == (place, 500_000, answer["revision"])
    assert row["attributes"] == {"country": "CA"}


async def test_a_repeat_answers_the_stored_assignment_and_writes_nothing(door: Door) -> None:
    experiment = await door.make("checkout")
    first = await door.assign("checkout", "u")
    before = await door.fetch("select xmin::text, * from assignment")
    for reference in ("checkout", str(experiment.id)):
        again = await door.assign(reference, "u", attributes={"country": "DE"})
        assert again == {**first, "fresh": False, "reason": "stored"}
    read = await door.get("/api/v1/experiments/checkout/assignments/u")
    assert read.json() == {**first, "fresh": False, "reason": "stored"}
    assert await door.fetch("select xmin::text, * from assignment") == before


async def test_user_id_is_accepted_for_unit_id(door: Door) -> None:
    await door.make("checkout")
    answer = await door.post("/api/v1/experiments/checkout/assign", {"user_id": "u-1"})
    assert answer.json()["unit_id"] == "u-1"


@pytest.mark.parametrize(
    ("status", "reason"), [("draft", "not_started"), ("paused", "paused"), ("completed", "completed")]
)
async def test_an_experiment_that_is_not_running_gives_control_and_writes_nothing(
    door: Door, status: str, reason: str
) -> None:
    await door.make("checkout", status=status)
    answer = await door.assign("checkout", "u")
    assert (answer["variant_key"], answer["reason"], answer["in_experiment"]) == ("control", reason, False)
    assert answer["assignment_id"] is None
    assert not await door.fetch("select from assignment")


async def test_stored_assignments_wait_while_paused_and_come_back(door: Door) -> None:
    await door.make("checkout")
    before = {unit: (await door.assign("checkout", unit))["variant_key"] for unit in "abcdefgh"}
    assert set(before.values()) == {"control", "treatment"}
    await door.move("checkout", "paused")
    assert {(await door.assign("checkout", unit))["variant_key"] for unit in before} == {"control"}
    await door.move("checkout", "running")
    assert {unit: (await door.assign("checkout", unit))["variant_key"] for unit in before} == before


async def test_traffic_refuses_exactly_the_units_that_the_bucket_says(door: Door) -> None:
    experiment = await door.make("checkout", traffic_allocation=0.3)
    for k in range(60):
        answer = await door.assign("checkout", f"u{k}")
        inside = bucket(f"traffic:{experiment.salt}", f"u{k}") < 300_000
        assert answer["in_experiment"] is inside
        assert answer["reason"] == ("assigned" if inside else "traffic")
        assert answer["variant_key"] == "control" or inside


async def test_many_at_once_are_answered_in_order_and_fail_alone(door: Door) -> None:
    await door.make("a")
    await door.make("b", status="paused")
    requests: list[dict[str, Any]] = [
        {"experiment_id": "a", "unit_id": "u1"},
        {"experiment_id": "nowhere", "unit_id": "u1"},
        {"experiment_id": "b", "unit_id": "u1"},
        {"experiment_id": "a", "unit_id": "x\x00"},
        {"experiment_id": "a", "unit_id": "u1"},
        {"experiment_id": "a", "user_id": "u2"},
    ]
    answer = await door.post("/api/v1/assignments", {"requests": requests})
    assert answer.status_code == 200
    found = answer.json()["assignments"]
    assert [each.get("status") for each in found] == [None, 404, None, 400, None, None]
    assert [each.get("fresh") for each in found] == [True, None, False, None, False, True]
    assert found[1]["error"] == "Experiment not found"
    assert found[2]["reason"] == "paused"


async def test_a_hundred_concurrent_first_requests_of_a_unit_agree(door: Door) -> None:
    await door.make("checkout")
    answers = await asyncio.gather(*(door.assign("checkout", "u") for _ in range(100)))
    assert len({answer["variant_key"] for answer in answers}) == 1
    assert sum(answer["fresh"] for answer in answers) == 1
    assert len(await door.fetch("select from assignment")) == 1


async def test_a_logged_exposure_is_committed_with_the_assignment_and_a_retry_of_the_call_counts_once(
    door: Door,
) -> None:
    await door.make("checkout")
    headers = {"x-request-id": "call-0001"}
    for _ in range(3):
        await door.post(
            "/api/v1/experiments/checkout/assign", {"unit_id": "u", "log_exposure": True}, headers=headers
        )
    await door.assign("checkout", "u", log_exposure=True)
    rows = await door.fetch(
        "select e.kind, e.occurred_at >= a.assigned_at as after from event e join assignment a using (unit)"
    )
    assert [tuple(row) for row in rows] == [(1, True)] * 2


async def test_every_stored_assignment_is_derived_again_in_sql(door: Door) -> None:
    rng = random.Random(5)
    for k in range(4):
        await door.make(f"e{k}", traffic_allocation=rng.choice([1.0, 0.4]))
    units = [f"ünït-{k}-🙂" if k % 3 else f"{k}" for k in range(150)]
    await asyncio.gather(*(door.assign(f"e{rng.randrange(4)}", unit) for unit in units))
    differing = await door.fetch("""
        select a.* from assignment a
        join configuration c on c.experiment = a.experiment and c.revision = a.revision
        cross join lateral (
            select (('x' || encode(substring(sha256(convert_to('variant:' || (c.document->>'salt') || ':' || a.unit, 'UTF8'))
                     from 1 for 4), 'hex'))::bit(32)::bigint * 1000000) >> 32 as bucket) h
        where h.bucket <> a.bucket or a.variant <> (case when h.bucket < (c.document->'weights'->>0)::int then 0 else 1 end)
    """)
    assert not differing
    assert (await door.fetch("select count(*) from assignment"))[0][0] > 30


async def test_a_change_of_another_process_is_seen_at_the_next_request_at_the_latest(door: Door) -> None:
    await door.make("checkout")
    # Another node stops it, and tells nobody: the row of the experiment decides.
    await door.runtime.pool.execute("update experiments set status = 'paused'")
    answer = await door.post("/api/v1/experiments/checkout/assign", {"unit_id": "u"})
    assert answer.status_code == 503
    assert not await door.fetch("select from assignment")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b'{"unit_id": 5}', "/unit_id"),
        (b'{"unit_id": ""}', "/unit_id"),
        (b"{}", "/unit_id"),
        (b'{"unit_id": "%s"}' % (b"x" * 257), "/unit_id"),
        (b'{"unit_id": "a\\u0000b"}', "/unit_id"),
        (b'{"unit_id": "u", "attributes": []}', "/attributes"),
        (b'{"unit_id": "u", "attributes": {"a": NaN}}', None),
        (b'{"unit_id": "u", "unit_type": "session"}', "/unit_type"),
        (b'{"unit_id": "\\ud800"}', None),
        (b'{"unit_id": "\xff"}', None),
        (b'{"unit_id": "u"', None),
        (b"", None),
        (b"[]", ""),
        (b"[" * 100_000, None),
        (b'{"unit_id":"u","attributes":' + b'{"a":' * 20_000 + b"1" + b"}" * 20_001, None),
    ],
)
async def test_bad_input_is_a_400_that_says_where(door: Door, body: bytes, pointer: str | None) -> None:
    await door.make("checkout")
    answer = await door.post("/api/v1/experiments/checkout/assign", body)
    assert answer.status_code == 400, answer.text
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert {
        "type",
        "title",
        "status",
        "detail",
        "instance",
        "code",
        "request_id",
        "error",
        "message",
    } <= problem.keys()
    if pointer is not None:
        assert [each["pointer"] for each in problem["errors"]] == [pointer]
    assert not await door.fetch("select from assignment")


async def test_attributes_that_are_too_large_are_not_kept_and_do_not_fail_the_decision(door: Door) -> None:
    await door.make("checkout")
    huge = {"country": "CA", "device": "x" * 5_000, "secret": "not declared", "browser": "a\x00b"}
    answer = await door.assign("checkout", "u", attributes=huge)
    assert answer["in_experiment"]
    assert (await door.fetch("select attributes from assignment"))[0][0] == {"country": "CA"}


async def test_other_errors_have_their_status(door: Door) -> None:
    await door.make("checkout")
    missing = await door.post("/api/v1/experiments/nowhere/assign", {"unit_id": "u"})
    assert missing.status_code == 404
    assert missing.json()["error"] == "Experiment not found"
    assert missing.json()["message"] == "Experiment not found: nowhere"
    assert (await door.get("/api/v1/experiments/checkout/assign")).headers["allow"] == "POST"
    assert (await door.get("/api/v1/experiments/checkout/assignments/stranger")).status_code == 404
    large = await door.post(
        "/api/v1/experiments/checkout/assign", b'{"unit_id": "' + b"x" * 2_000_000 + b'"}'
    )
    assert large.status_code == 413
    unknown = await door.post(
        "/api/v1/experiments/checkout/assign", {"unit_id": "u"}, headers={"authorization": "Bearer no"}
    )
    assert unknown.status_code == 401


async def test_the_snapshot_is_what_decides_and_has_an_etag(door: Door) -> None:
    experiment = await door.make("checkout")
    answer = await door.get("/api/v1/snapshot")
    (entry,) = answer.json()["experiments"]
    assert entry["key"] == "checkout"
    assert entry["salt"] == experiment.salt
    assert entry["weights"] == [500_000, 500_000]
    same = await door.get("/api/v1/snapshot", headers={"if-none-match": answer.headers["etag"]})
    assert same.status_code == 304
    await door.move("checkout", "paused")
    assert (await door.get("/api/v1/snapshot")).headers["etag"] != answer.headers["etag"]
