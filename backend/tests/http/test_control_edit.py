"""Editing over HTTP: PATCH, clone, archive, delete, conclude, and the trail that they leave."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx2
import pytest
from drafts import act, bandit, created, draft, rows

BASE = "/api/v1/experiments"
WRITTEN = "select (select count(*) from audit), (select count(*) from configuration), (select revision from configuration_head)"


async def patch(client: httpx2.AsyncClient, reference: str, **changes: Any) -> dict[str, Any]:
    answer = await client.patch(f"{BASE}/{reference}", json=changes)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def faults(client: httpx2.AsyncClient, reference: str, body: Any) -> dict[str, str]:
    answer = await client.patch(f"{BASE}/{reference}", json=body)
    assert answer.status_code == 400, answer.text
    return {each["pointer"]: each["message"] for each in answer.json()["errors"]}


async def shown(client: httpx2.AsyncClient, reference: str) -> dict[str, Any]:
    answer = await client.get(f"{BASE}/{reference}")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_a_draft_is_edited_and_reads_back_as_it_was_answered(client: httpx2.AsyncClient) -> None:
    identity = await created(client)
    before = await shown(client, identity)
    after = await patch(
        client, identity, key="other", description="new", tags=["a"], type="thompson_sampling", primary_metric="click",
        variants=[{"name": "one", "config": 1}, {"name": "two"}, {"name": "control"}], actor="ann", reason="better",
    )  # fmt: skip
    assert after == await shown(client, "other") == await shown(client, identity)
    assert (after["revision"], after["created_at"]) == (before["revision"] + 1, before["created_at"])
    assert [variant["is_control"] for variant in after["variants"]] == [False, False, True]
    assert after["variants"][2]["id"] == before["variants"][0]["id"]
    assert [metric["name"] for metric in after["metrics"]] == ["click"]
    assert (await client.get(f"{BASE}/lora_boost_test")).status_code == 404


async def test_the_old_key_of_a_draft_decides_nothing_any_more(client: httpx2.AsyncClient) -> None:
    await created(client, draft(key="before"))
    await patch(client, "before", key="after")
    for key, status in (("before", 404), ("after", 200)):
        answer = await client.post(f"{BASE}/{key}/assign", json={"unit_id": "u"})
        assert answer.status_code == status, key
    other = await created(client, draft("other", key="before"))
    answer = await client.post(f"{BASE}/before/assign", json={"unit_id": "u"})
    assert answer.json()["experiment_id"] == other


async def test_an_edit_that_changes_nothing_writes_nothing(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    for make in (draft(), bandit()):
        identity = await created(client, make)
        for _ in range(2):
            before = await rows(database_url, WRITTEN)
            body = await shown(client, identity)
            for changes in (
                {},
                {"actor": "ann"},
                {"name": body["name"], "variants": make["variants"]}
                if body["status"] == "draft"
                else {"owner": "", "variants": []},
            ):
                assert await patch(client, identity, **changes) == body
            assert await rows(database_url, WRITTEN) == before
            await act(client, identity, "start")


async def test_a_running_experiment_takes_what_is_safe_and_says_what_is_not(
    client: httpx2.AsyncClient,
) -> None:
    identity = await created(client)
    await act(client, identity, "start")
    after = await patch(
        client, identity, name="renamed", traffic_allocation=0.75, min_sample_size=1000, owner="ann"
    )
    assert (after["name"], after["traffic_allocation"], after["min_sample_size"], after["epoch"]) == (
        "renamed",
        0.75,
        1000,
        1,
    )
    said = await faults(
        client, identity, {"traffic_allocation": 0.5, "unit_type": "session", "salt": "x", "key": "k"}
    )
    assert set(said) == {"/salt"}  # what is no field at all is told first
    said = await faults(client, identity, {"traffic_allocation": 0.5, "unit_type": "session", "key": "k"})
    assert set(said) == {"/traffic_allocation", "/unit_type", "/key"}
    assert "pause" in said["/traffic_allocation"]
    assert await shown(client, identity) == after


async def test_weights_and_pauses_of_variants_open_epochs_and_are_served(client: httpx2.AsyncClient) -> None:
    identity = await created(client)
    await act(client, identity, "start")
    after = await patch(
        client, identity, variants=[{"key": "control", "weight": 0.1}, {"key": "treatment", "weight": 0.9}]
    )
    assert ([variant["weight"] for variant in after["variants"]], after["epoch"]) == ([0.1, 0.9], 2)
    after = await patch(client, identity, variants=[{"key": "control", "state": "paused"}])
    assert [(variant["weight"], variant["state"]) for variant in after["variants"]] == [
        (0.1, "paused"),
        (0.9, "active"),
    ]
    (entry,) = (await client.get("/api/v1/snapshot")).json()["experiments"]
    assert (entry["weights"], entry["epoch"]) == ([0, 1_000_000], 3)
    assert "/variants" in await faults(
        client, identity, {"variants": [{"key": "treatment", "state": "paused"}]}
    )
    again = await patch(client, identity, variants=[{"key": "control", "state": "active"}])
    assert again["epoch"] == 4


async def test_a_paused_variant_of_an_adaptive_experiment_gets_nothing_and_comes_back_at_the_floor(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    identity = await created(client, bandit(parameters={"floor": 0.01}))
    await act(client, identity, "start")
    await rows(database_url, "update policy set propensities = '{600000,300000,100000}'")
    newest = "select propensities, revision from policy order by version desc limit 1"
    steps = [
        ({"key": "a", "state": "paused"}, [0, 750_000, 250_000]),
        ({"key": "b", "state": "paused"}, [0, 0, 1_000_000]),
        ({"key": "a", "state": "active"}, [10_000, 0, 990_000]),
    ]
    for change, expected in steps:
        body = await patch(client, identity, variants=[change])
        (row,) = await rows(database_url, newest)
        assert (list(row["propensities"]), row["revision"]) == (expected, body["revision"])
        assert body["epoch"] == 1
    await patch(client, identity, variants=[{"key": "c", "state": "paused"}, {"key": "b", "state": "active"}])
    (row,) = await rows(database_url, newest)
    assert list(row["propensities"]) == [990_000, 10_000, 0]
    only_new = [
        {"key": "a", "state": "paused"},
        {"key": "b", "state": "paused"},
        {"key": "c", "state": "active"},
    ]
    await patch(client, identity, variants=only_new)
    (row,) = await rows(database_url, newest)
    assert list(row["propensities"]) == [0, 0, 1_000_000]


async def test_a_stale_revision_is_a_conflict_that_names_the_current_one(client: httpx2.AsyncClient) -> None:
    identity = await created(client)
    seen = await client.get(f"{BASE}/{identity}")
    current = (await patch(client, identity, owner="ann", revision=seen.json()["revision"]))["revision"]
    for attempt in (
        client.patch(f"{BASE}/{identity}", json={"owner": "bob"}, headers={"if-match": seen.headers["etag"]}),
        client.patch(f"{BASE}/{identity}", json={"owner": "bob", "revision": seen.json()["revision"]}),
        client.delete(f"{BASE}/{identity}", headers={"if-match": seen.headers["etag"]}),
        client.post(f"{BASE}/{identity}/archive", headers={"if-match": seen.headers["etag"]}),
    ):
        answer = await attempt
        assert (answer.status_code, answer.json()["revision"]) == (409, current)
    assert (await shown(client, identity))["owner"] == "ann"


async def test_a_taken_name_or_key_is_refused_and_ones_own_is_not(client: httpx2.AsyncClient) -> None:
    identity = await created(client)
    await created(client, draft("other"))
    assert "/name" in await faults(client, identity, {"name": "other"})
    assert "/key" in await faults(client, identity, {"key": "other"})
    await patch(client, identity, name="lora_boost_test", key="lora_boost_test", owner="x")


async def test_a_draft_is_deleted_and_its_name_is_free(client: httpx2.AsyncClient, database_url: str) -> None:
    identity = await created(client)
    answer = await client.request("DELETE", f"{BASE}/{identity}", json={"actor": "ann", "reason": "a slip"})
    assert (answer.status_code, answer.json()["deleted"]) == (200, True)
    for gone in (
        await client.get(f"{BASE}/{identity}"),
        await client.post(f"{BASE}/lora_boost_test/assign", json={"unit_id": "u"}),
        await client.delete(f"{BASE}/{identity}"),
    ):
        assert gone.status_code == 404
    assert (await client.get("/api/v1/snapshot")).json()["experiments"] == []
    (entry, _) = (await client.get(f"/api/v1/audit?experiment={identity}")).json()["entries"]
    assert (entry["action"], entry["key"], entry["after"]) == ("delete", "lora_boost_test", None)
    assert (entry["before"]["name"], entry["actor"], entry["reason"]) == ("lora_boost_test", "ann", "a slip")
    again = await created(client)
    assert again != identity
    await act(client, again, "start")
    for action in ("start", "pause", "stop"):
        await act(client, again, action)
        refused = await client.delete(f"{BASE}/{again}")
        assert refused.status_code == 400
        assert "archive" in refused.json()["message"]


async def test_what_is_archived_rests_until_it_is_restored(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    identity = await created(client)
    await act(client, identity, "start")
    refused = await act(client, identity, "archive")
    assert (refused.status_code, refused.json()["code"], refused.json()["allowed"]) == (
        400,
        "invalid_transition",
        ["completed"],
    )
    await act(client, identity, "stop")
    first = await act(client, identity, "archive", reason="done")
    assert first.json()["archived_at"] is not None
    before = await rows(database_url, WRITTEN)
    assert (await act(client, identity, "archive")).json() == first.json()
    assert await rows(database_url, WRITTEN) == before
    for rest, body in (("conclude", {"winner": "control"}), ("start", {})):
        answer = await act(client, identity, rest, **body)
        assert (answer.status_code, "restore" in answer.json()["message"]) == (400, True)
    assert "" in await faults(client, identity, {"owner": "x"})
    assert (await act(client, identity, "restore")).json()["archived_at"] is None
    assert (await patch(client, identity, owner="x"))["owner"] == "x"


async def test_a_clone_is_a_draft_with_ids_and_a_salt_of_its_own(client: httpx2.AsyncClient) -> None:
    identity = await created(client)
    for action in ("start", "stop", "archive"):
        await act(client, identity, action)
    answer = await client.post(
        f"{BASE}/{identity}/clone", json={"name": "again", "traffic_allocation": 1, "actor": "ann"}
    )
    assert (answer.status_code, answer.json()["status"]) == (200, "draft")
    before, after = await shown(client, identity), await shown(client, "again")
    assert (after["cloned_from"], after["traffic_allocation"], after["archived_at"]) == (identity, 1.0, None)
    assert after["salt"] != before["salt"]
    assert {each["id"] for each in after["variants"]}.isdisjoint(each["id"] for each in before["variants"])
    assert [each["config"] for each in after["variants"]] == [each["config"] for each in before["variants"]]
    for body, pointer in (
        ({}, "/name"),
        ({"name": "again"}, "/name"),
        ({"name": "x", "key": "again"}, "/key"),
        ({"name": "x", "z": 1}, "/z"),
    ):
        refused = await client.post(f"{BASE}/{identity}/clone", json=body)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, pointer)


@pytest.mark.parametrize("way", ["conclude by key", "conclude by id", "status"])
async def test_the_winner_is_what_everybody_gets(client: httpx2.AsyncClient, way: str) -> None:
    identity = await created(client)
    await act(client, identity, "start")
    treatment = (await shown(client, identity))["variants"][1]["id"]
    if way == "status":
        body = {"status": "completed", "winner_variant_id": treatment}
        answer = await client.put(f"{BASE}/{identity}/status", json=body)
    else:
        body = {"winner": "treatment"} if way == "conclude by key" else {"winner_variant_id": treatment}
        answer = await act(client, identity, "conclude", **body)
    assert (answer.status_code, answer.json()["status"], answer.json()["winner_variant_id"]) == (
        200,
        "completed",
        treatment,
    )
    served = (await client.post(f"{BASE}/{identity}/assign", json={"unit_id": "anybody"})).json()
    assert (served["reason"], served["variant_key"], served["in_experiment"]) == (
        "shipped",
        "treatment",
        False,
    )


async def test_a_completed_experiment_can_be_given_a_winner_later_or_another_one(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    identity = await created(client)
    draft_refused = await act(client, identity, "conclude", winner="control")
    assert (draft_refused.status_code, draft_refused.json()["code"]) == (400, "invalid_transition")
    await act(client, identity, "start")
    await act(client, identity, "stop")
    completed_at = (await shown(client, identity))["completed_at"]
    for key in ("treatment", "control"):
        await act(client, identity, "conclude", winner=key)
        served = (await client.post(f"{BASE}/{identity}/assign", json={"unit_id": "u"})).json()
        assert (served["reason"], served["variant_key"]) == ("shipped", key)
    before = await rows(database_url, WRITTEN)
    assert (await act(client, identity, "conclude", winner="control")).status_code == 200
    assert await rows(database_url, WRITTEN) == before
    assert (await shown(client, identity))["completed_at"] == completed_at
    wrong: list[dict[str, Any]] = [
        {},
        {"winner": "nobody"},
        {"winner": 5},
        {"winner": "a", "winner_variant_id": "b"},
    ]
    for body in wrong:
        assert (await act(client, identity, "conclude", **body)).status_code == 400, body
    answer = await client.put(
        f"{BASE}/{identity}/status", json={"status": "paused", "winner_variant_id": "control"}
    )
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/winner_variant_id")


async def test_the_trail_of_everything_is_read_by_experiment_action_principal_and_time(
    client: httpx2.AsyncClient,
) -> None:
    one, two = await created(client), await created(client, draft("two"))
    await patch(client, one, owner="ann", key="one", actor="ann")
    await act(client, two, "start")

    async def trail(**query: Any) -> list[tuple[str, str]]:
        body = (await client.get("/api/v1/audit", params=query)).json()
        return [(entry["key"], entry["action"]) for entry in body["entries"]]

    everything = [("two", "start"), ("one", "edit"), ("two", "create"), ("lora_boost_test", "create")]
    assert await trail() == everything
    assert await trail(experiment=one) == await trail(experiment="one") == [everything[1], everything[3]]
    assert await trail(action="create", principal="development") == everything[2:]
    assert (
        await trail(principal="nobody")
        == await trail(experiment="none")
        == await trail(subject="layer")
        == []
    )
    middle = (await client.get("/api/v1/audit")).json()["entries"][1]["at"]
    assert await trail(since=middle) == everything[:2]
    assert await trail(until=middle) == everything[2:]
    first = (await client.get("/api/v1/audit?limit=3")).json()
    assert await trail(limit=3, cursor=first["next_cursor"]) == everything[3:]
    edit = first["entries"][1]
    assert (edit["before"], edit["after"]) == (
        {"key": "lora_boost_test", "owner": ""},
        {"key": "one", "owner": "ann"},
    )
    for query in ("since=yesterday", "limit=0", "cursor=x", "action=%00", "experiment=%00"):
        refused = await client.get(f"/api/v1/audit?{query}")
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (
            400,
            f"/query/{query.partition('=')[0]}",
        )


async def test_two_who_edit_at_once_lose_no_update_and_leave_no_half_written_revision(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    """A thousand edits: each adds one to a number that stands in three fields and two tables, or is a conflict."""
    identity = await created(client)
    await act(client, identity, "start")
    both = ("control", "treatment")
    await patch(client, identity, description="0", variants=[{"key": key, "config": 0} for key in both])
    done = 0

    async def add() -> None:
        nonlocal done
        seen = await shown(client, identity)
        for _ in range(500):
            count = int(seen["description"]) + 1
            changes = {
                "description": str(count), "min_sample_size": count, "revision": seen["revision"],
                "variants": [{"key": key, "config": count} for key in both],
            }  # fmt: skip
            answer = await client.patch(f"{BASE}/{identity}", json=changes)
            assert answer.status_code in {200, 409}
            if answer.status_code == 200:
                done += 1
            seen = answer.json() if answer.status_code == 200 else await shown(client, identity)

    await asyncio.gather(add(), add())
    last = await shown(client, identity)
    assert 100 < done < 1000
    assert (last["description"], last["min_sample_size"]) == (str(done), done)
    assert [variant["config"] for variant in last["variants"]] == [done, done]
    found = await rows(
        database_url,
        "select revision, document -> 'variants' as variants from configuration order by revision",
    )
    assert [row["revision"] for row in found] == list(range(1, done + 4))
    configs = [tuple(variant["config"] for variant in json.loads(row["variants"])) for row in found[2:]]
    assert configs == [(count, count) for count in range(done + 1)]
    said = await rows(
        database_url, "select after ->> 'description' as said from audit where action = 'edit' order by id"
    )
    assert [row["said"] for row in said] == [str(count) for count in range(done + 1)]
