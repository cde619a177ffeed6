"""Lists: by status, text and order, in pages that stay right while others create."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from drafts import created, draft


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


async def test_a_cursor_of_another_order_is_refused(client: httpx2.AsyncClient) -> None:
    for name in ("a", "b"):
        await created(client, draft(name))
    body = (await client.get("/api/v1/experiments?status=all&limit=1&order=name")).json()
    answer = await client.get(f"/api/v1/experiments?status=all&limit=1&cursor={body['next_cursor']}")
    assert answer.status_code == 400
