"""Bodies that make experiments, what is done with them, and the tokens of a guarded server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import asyncpg
import httpx2

WRITER, ADMIN = "writer-token-0123456789", "admin-token-0123456789"


def draft(name: str = "lora_boost_test", **changes: Any) -> dict[str, Any]:
    """The body that the A/B API prints, with changes."""
    return {
        "name": name,
        "description": "Test LoRA boost factor 0.3 vs 0.5",
        "traffic_allocation": 0.5,
        "variants": [
            {"name": "control", "weight": 0.5, "config": {"lora_boost": 0.3, "algorithm": "baseline"}},
            {"name": "treatment", "weight": 0.5, "config": {"lora_boost": 0.5, "algorithm": "enhanced"}},
        ],
    } | changes


def bandit(name: str = "bandit", **changes: Any) -> dict[str, Any]:
    """An adaptive experiment with three variants."""
    return {
        "name": name,
        "type": "thompson_sampling",
        "variants": [{"name": letter} for letter in "abc"],
    } | changes


async def created(client: httpx2.AsyncClient, body: Mapping[str, Any] | None = None) -> str:
    """The id of a new experiment."""
    answer = await client.post("/api/v1/experiments", json=draft() if body is None else dict(body))
    assert answer.status_code == 200, answer.text
    return str(answer.json()["experiment_id"])


async def rows(url: str, query: str, *arguments: object) -> list[asyncpg.Record]:
    """What the database says beside the API."""
    connection = await asyncpg.connect(url)
    try:
        return list(await connection.fetch(query, *arguments))
    finally:
        await connection.close()


async def act(client: httpx2.AsyncClient, identity: str, action: str, **body: Any) -> httpx2.Response:
    """POST of an action, such as start."""
    return await client.post(f"/api/v1/experiments/{identity}/{action}", json=body)
