"""Lists: by status, text and order, in pages that stay right while others create."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx2
import pytest
from drafts import bandit, created, draft
from litmus_server.domain.listing import encode_cursor


async def names(client: httpx2.AsyncClient, **query: Any) -> list[str]:
    body = (await client.get("/api/v1/experiments", params=query)).json()
    return [experiment["name"] for experiment in body["experiments"]]


async def test_the_default_is_running_newest_first(client: httpx2.AsyncClient) -> None:
    for name in ("one", "two", "three"):
        identity = await created(client, draft(name))
        if name != "two":
            await client.post(f"/api/v1/experiments/{identity}/start")
    assert await names(client) == ["three", "one"]
    assert await names(client, status="draft") == ["two"]
    assert await names(client, status="all", order="created_at") == ["one", "two", "three"]
    assert await names(client, status="all", order="name") == ["one", "three", "two"]


async def test_text_is_found_in_name_key_and_description_whatever_its_case(
    client: httpx2.AsyncClient,
) -> None:
    await created(client, draft("Checkout", description="Fewer steps"))
    await created(client, draft("Search", key="find-100%", description="") | {"key": "find_100"})
    for text, found in (("CHECK", ["Checkout"]), ("steps", ["Checkout"]), ("_100", ["Search"]), ("%", [])):
        assert await names(client, status="all", q=text) == found


async def test_words_are_all_found_in_name_key_owner_tags_description_or_hypothesis(
    client: httpx2.AsyncClient,
) -> None:
    await created(
        client, draft("One", owner="Ann Lee", tags=["Search", "q3"], hypothesis="Shorter is faster")
    )
    await created(client, draft("Two", owner="Bob", tags=["q3"], description="Longer"))
    for text, found in (
        ("ann", ["One"]),
        ("SEARCH shorter one", ["One"]),
        ("q3", ["Two", "One"]),
        ("q3 longer ann", []),
        ("  ", ["Two", "One"]),
    ):
        assert await names(client, status="all", q=text) == found, text


async def test_filters_combine(client: httpx2.AsyncClient) -> None:
    plans = {
        "a": draft("a", tags=["x", "y"], owner="ann", primary_metric="buy"),
        "b": draft("b", tags=["x"], owner="ann", secondary_metrics=["buy"]),
        "c": bandit("c", tags=["x"], owner="bob"),
        "d": bandit("d"),
    }
    for name, body in plans.items():
        identity = await created(client, body)
        for action in {"b": ("start",), "c": ("start", "pause"), "d": ("start", "stop", "archive")}.get(
            name, ()
        ):
            assert (await client.post(f"/api/v1/experiments/{identity}/{action}")).status_code == 200
    for query, found in (
        ("status=all", "abcd"),
        ("", "b"),
        ("status=draft,running", "ab"),
        ("status=draft&status=paused", "ac"),
        ("status=completed", ""),
        ("archived=true", "d"),
        ("status=completed&archived=true", "d"),
        ("status=all&archived=false", "abc"),
        ("status=all&tag=x", "abc"),
        ("status=all&tag=x&tag=y", "a"),
        ("status=all&owner=ann", "ab"),
        ("status=all&owner=Ann", ""),
        ("status=all&type=thompson_sampling", "cd"),
        ("status=all&type=ab,thompson_sampling&owner=bob", "c"),
        ("status=all&metric=buy", "ab"),
        ("status=all&metric=conversion&archived=true", "d"),
        ("status=draft&metric=buy&tag=x&owner=ann&q=A", "a"),
        ("status=all&metric=unheard", ""),
    ):
        body = (await client.get(f"/api/v1/experiments?order=name&{query}")).json()
        assert "".join(each["name"] for each in body["experiments"]) == found, query
        assert body["total"] == body["count"] == len(found)


async def test_the_total_counts_all_pages(client: httpx2.AsyncClient) -> None:
    for name in "abc":
        await created(client, draft(name))
    body = (await client.get("/api/v1/experiments?status=all&limit=1")).json()
    assert (body["count"], body["total"]) == (1, 3)


async def test_each_order_goes_both_ways_and_what_never_started_is_last(client: httpx2.AsyncClient) -> None:
    made = {name: await created(client, draft(name)) for name in "abcd"}
    for name in "ca":
        await client.post(f"/api/v1/experiments/{made[name]}/start")
    await client.patch(f"/api/v1/experiments/{made['b']}", json={"owner": "x"})
    assert await names(client, status="all", order="updated_at") == ["d", "c", "a", "b"]
    assert await names(client, status="all", order="-updated_at") == ["b", "a", "c", "d"]
    assert await names(client, status="all", order="-name") == ["d", "c", "b", "a"]
    assert (await names(client, status="all", order="started_at"))[:2] == ["c", "a"]
    assert (await names(client, status="all", order="-started_at"))[:2] == ["a", "c"]


ORDERS = [sign + name for name in ("created_at", "updated_at", "started_at", "name") for sign in ("", "-")]


@pytest.mark.parametrize("order", ORDERS)
async def test_pages_together_are_the_whole_list(client: httpx2.AsyncClient, order: str) -> None:
    for k in range(7):
        identity = await created(client, draft(f"e{k * 5 % 7}"))
        if k % 3 == 0:
            await client.post(f"/api/v1/experiments/{identity}/start")
    whole = await names(client, status="all", order=order)
    query: dict[str, Any] = {"status": "all", "order": order, "limit": 2}
    seen: list[str] = []
    while True:
        body = (await client.get("/api/v1/experiments", params=query)).json()
        seen += [experiment["name"] for experiment in body["experiments"]]
        if body["next_cursor"] is None:
            break
        query["cursor"] = body["next_cursor"]
    assert seen == whole
    assert len(whole) == 7


@pytest.mark.parametrize("order", ["-created_at", "created_at", "name"])
async def test_pages_hold_each_experiment_once_while_others_are_created(
    client: httpx2.AsyncClient, order: str
) -> None:
    before = {f"old {k:02}" for k in range(11)}
    for name in sorted(before):
        await created(client, draft(name))
    seen: list[str] = []
    query: dict[str, Any] = {"status": "all", "order": order, "limit": 3}
    for turn in range(20):
        body = (await client.get("/api/v1/experiments", params=query)).json()
        assert body["count"] == len(body["experiments"]) <= 3
        seen += [experiment["name"] for experiment in body["experiments"]]
        if body["next_cursor"] is None:
            break
        query["cursor"] = body["next_cursor"]
        await created(client, draft(f"new {turn}"))
    assert len(seen) == len(set(seen))
    assert before <= set(seen)


async def test_a_full_last_page_has_no_next(client: httpx2.AsyncClient) -> None:
    for name in ("a", "b"):
        await created(client, draft(name))
    body = (await client.get("/api/v1/experiments?status=all&limit=2")).json()
    assert (body["count"], body["next_cursor"]) == (2, None)


@pytest.mark.parametrize("text", ["\0", "\ud800"])
async def test_a_cursor_with_what_no_text_can_hold_is_refused(client: httpx2.AsyncClient, text: str) -> None:
    cursor = encode_cursor("name", text, str(uuid4()))
    answer = await client.get(f"/api/v1/experiments?status=all&order=name&cursor={cursor}")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/query/cursor"


async def test_a_cursor_of_another_order_is_refused(client: httpx2.AsyncClient) -> None:
    for name in ("a", "b"):
        await created(client, draft(name))
    body = (await client.get("/api/v1/experiments?status=all&limit=1&order=name")).json()
    answer = await client.get(f"/api/v1/experiments?status=all&limit=1&cursor={body['next_cursor']}")
    assert answer.status_code == 400


async def test_summaries_come_when_they_are_asked_for(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/api/v1/experiments")).json()["summaries"] is None
    assert (await client.get("/api/v1/experiments?include=summary")).json()["summaries"] == {}
    refused = await client.get("/api/v1/experiments?include=everything")
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/query/include")
