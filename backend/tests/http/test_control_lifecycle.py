"""Changes of experiments: transitions, one linear history, revisions, audit, and what an adaptive one publishes."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import asyncpg
import httpx2
import pytest
from drafts import act, bandit, created, draft, rows

ACTIONS = {
    "start": "running",
    "launch": "running",
    "pause": "paused",
    "resume": "running",
    "stop": "completed",
}
ALLOWED = {
    "draft": ["running"],
    "running": ["paused", "completed"],
    "paused": ["running", "completed"],
    "completed": [],
}
WAY = {"draft": (), "running": ("start",), "paused": ("start", "pause"), "completed": ("start", "stop")}


async def test_every_transition_is_as_the_contract_says(client: httpx2.AsyncClient) -> None:
    for current, way in WAY.items():
        for wanted in ALLOWED:
            identity = await created(client, draft(f"{current} to {wanted}"))
            for action in way:
                assert (await act(client, identity, action)).status_code == 200
            answer = await client.put(f"/api/v1/experiments/{identity}/status", json={"status": wanted})
            if wanted == current or wanted in ALLOWED[current]:
                assert (answer.status_code, answer.json()["status"]) == (200, wanted)
                continue
            assert answer.status_code == 400
            told = answer.json()
            assert told["error"] == "Invalid status transition"
            assert (told["from"], told["to"], told["allowed"]) == (current, wanted, ALLOWED[current])


@pytest.mark.parametrize("action", ACTIONS)
async def test_an_action_leads_where_its_name_says_with_and_without_a_body(
    client: httpx2.AsyncClient, action: str
) -> None:
    identity = await created(client)
    if action != "start":
        await act(client, identity, "start")
    answer = await client.post(f"/api/v1/experiments/{identity}/{action}")
    assert (answer.status_code, answer.json()["status"]) == (200, ACTIONS[action])


async def test_the_same_status_again_writes_nothing(client: httpx2.AsyncClient, database_url: str) -> None:
    identity = await created(client)
    first = (await act(client, identity, "start")).json()
    counts = "select (select count(*) from audit), (select count(*) from configuration), (select revision from configuration_head)"
    before = await rows(database_url, counts)
    again = await act(client, identity, "launch", actor="somebody")
    assert (again.status_code, again.json()) == (200, first)
    assert await rows(database_url, counts) == before


async def test_two_creates_with_one_name_make_one_experiment(client: httpx2.AsyncClient) -> None:
    answers = await asyncio.gather(*(client.post("/api/v1/experiments", json=draft()) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 9
    assert (await client.get("/api/v1/experiments?status=all")).json()["count"] == 1


async def test_200_concurrent_changes_leave_one_linear_history(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    identities = [await created(client, draft("a")), await created(client, bandit("b"))]
    for identity in identities:
        await act(client, identity, "start")
    answers = await asyncio.gather(
        *(
            act(client, identities[k % 2], "pause" if k // 2 % 2 else "resume", actor=str(k))
            for k in range(200)
        )
    )
    assert {answer.status_code for answer in answers} == {200}
    found = await rows(
        database_url,
        "select experiment, revision, document ->> 'status' as status from configuration order by revision",
    )
    assert [row["revision"] for row in found] == list(range(1, len(found) + 1))
    assert len(found) == len(await rows(database_url, "select from audit"))
    for number in (1, 2):
        statuses = [row["status"] for row in found if row["experiment"] == number]
        history = await rows(
            database_url, "select status from status_history where experiment = $1 order by at", number
        )
        assert statuses == [row["status"] for row in history]
        assert all(later in ALLOWED[earlier] for earlier, later in pairwise(statuses))
    policies = await rows(
        database_url, "select version, parent, revision from policy where experiment = 2 order by version"
    )
    assert [row["version"] for row in policies] == list(range(1, len(policies) + 1))
    running = [row["revision"] for row in found if row["experiment"] == 2 and row["status"] == "running"]
    assert [row["revision"] for row in policies] == running


async def test_a_stale_revision_is_a_conflict_and_changes_nothing(client: httpx2.AsyncClient) -> None:
    identity = await created(client)
    url = f"/api/v1/experiments/{identity}"
    seen = await client.get(url)
    etag, revision = seen.headers["etag"], seen.json()["revision"]
    assert (await act(client, identity, "start", revision=revision)).status_code == 200
    assert (await act(client, identity, "pause", revision=revision)).status_code == 409
    stale = await client.post(f"{url}/pause", headers={"if-match": etag})
    assert (stale.status_code, stale.json()["code"]) == (409, "conflict")
    assert stale.json()["revision"] == revision + 1
    assert (await client.post(f"{url}/pause", headers={"if-match": "soon"})).status_code == 400
    newest = (await client.get(url)).headers["etag"]
    assert (await client.post(f"{url}/pause", headers={"if-match": newest})).status_code == 200


async def test_the_audit_holds_principal_actor_reason_and_difference(client: httpx2.AsyncClient) -> None:
    identity = await created(client, draft(actor="ann", reason="a new idea"))
    await client.post(
        f"/api/v1/experiments/{identity}/start",
        json={"actor": "bob", "reason": "reviewed"},
        headers={"x-request-id": "request-0001"},
    )
    body = (await client.get(f"/api/v1/experiments/{identity}/audit")).json()
    assert (body["experiment_id"], body["count"], body["next_cursor"]) == (identity, 2, None)
    start, create = body["entries"]
    said = {"action": "start", "principal": "development", "actor": "bob", "reason": "reviewed",
            "request_id": "request-0001", "before": {"status": "draft"}, "after": {"status": "running"}}  # fmt: skip
    assert said.items() <= start.items()
    assert (create["action"], create["actor"], create["before"]) == ("create", "ann", None)
    assert create["after"]["name"] == "lora_boost_test"
    first = (await client.get(f"/api/v1/experiments/{identity}/audit?limit=1")).json()
    rest = (
        await client.get(f"/api/v1/experiments/{identity}/audit?limit=1&cursor={first['next_cursor']}")
    ).json()
    assert (first["entries"], rest["entries"], rest["next_cursor"]) == ([start], [create], None)
    wrong = await client.get(f"/api/v1/experiments/{identity}/audit?cursor=x")
    assert wrong.status_code == 400


async def test_an_adaptive_experiment_has_a_policy_for_each_running_revision(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    weights = [0.5, 0.25, 0.25]
    variants = [{"name": letter, "weight": weight} for letter, weight in zip("abc", weights, strict=True)]
    identity = await created(client, bandit(variants=variants))
    assert await rows(database_url, "select from policy") == []
    for action in ("start", "pause", "resume"):
        await act(client, identity, action)
    await client.post(f"/api/v1/experiments/{identity}/metrics", json={"name": "revenue"})
    found = await rows(
        database_url, "select version, parent, revision, propensities, checksum from policy order by version"
    )
    assert [(row["version"], row["parent"], row["revision"]) for row in found] == [
        (1, None, 2),
        (2, 1, 4),
        (3, 2, 5),
    ]
    assert {tuple(row["propensities"]) for row in found} == {(500_000, 250_000, 250_000)}
    assert all(len(row["checksum"]) == 64 for row in found)
    (head,) = await rows(database_url, "select version from policy_head")
    assert head["version"] == 3


async def test_fixed_weights_publish_no_policy(client: httpx2.AsyncClient, database_url: str) -> None:
    await act(client, await created(client), "start")
    assert await rows(database_url, "select from policy") == []


async def test_a_metric_declared_late_takes_the_next_slot_and_is_refolded(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    identity = await created(client, bandit())
    url = f"/api/v1/experiments/{identity}/metrics"
    await client.post(url, json={"name": "early"})
    assert await rows(database_url, "select from job where kind = 'refold'") == []
    await act(client, identity, "start")
    late = {"name": "revenue", "kind": "mean", "role": "guardrail", "direction": "decrease", "window_days": 1}
    answer = await client.post(url, json=late)
    assert answer.status_code == 200
    shown = answer.json()["metrics"]
    assert [metric["name"] for metric in shown] == ["conversion", "early", "revenue"]
    declared = {"kind": "mean", "role": "guardrail", "direction": "decrease", "window_seconds": 86_400}
    assert declared.items() <= shown[2].items()
    jobs = await rows(
        database_url, "select payload ->> 'experiment' as experiment from job where kind = 'refold'"
    )
    assert [row["experiment"] for row in jobs] == ["1"]
    for again in ({"name": "revenue"}, {"name": "x", "role": "primary"}):
        refused = await client.post(url, json=again)
        assert refused.status_code == 400, refused.text


async def test_at_most_64_metrics_can_be_declared(client: httpx2.AsyncClient) -> None:
    identity = await created(client, bandit(secondary_metrics=[f"m{k}" for k in range(63)]))
    answer = await client.post(f"/api/v1/experiments/{identity}/metrics", json={"name": "one too many"})
    assert answer.status_code == 400


async def test_a_database_that_goes_away_is_503_with_retry_after_and_nothing_half_done(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    other = await asyncpg.connect(database_url)
    blocked = (
        "select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    )
    try:
        async with other.transaction():
            await other.execute("select from configuration_head for update")
            asking = asyncio.create_task(client.post("/api/v1/experiments", json=draft()))
            while not (pids := await rows(database_url, blocked)):
                assert not asking.done(), asking.result().text
                await asyncio.sleep(0.01)
            await other.execute("select pg_terminate_backend($1)", pids[0]["pid"])
            answer = await asking
    finally:
        await other.close()
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.headers["retry-after"].isdigit()
    assert (await client.get("/api/v1/experiments?status=all")).json()["count"] == 0
    assert await created(client)
