"""Requests and answers of the A/B testing API's document, word for word."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import httpx2
from drafts import created, draft


async def test_create_answers_as_printed(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/api/v1/experiments", json=draft())
    body = answer.json()
    assert answer.status_code == 200
    assert str(UUID(body["experiment_id"])) == body["experiment_id"]
    assert (body["name"], body["status"], body["variants"]) == ("lora_boost_test", "draft", 2)


async def test_get_answers_as_printed(client: httpx2.AsyncClient) -> None:
    identity = await created(client)
    await client.put(f"/api/v1/experiments/{identity}/status", json={"status": "running"})
    body = (await client.get(f"/api/v1/experiments/{identity}")).json()
    _check_experiment(body, identity)
    assert (await client.get("/api/v1/experiments/lora_boost_test")).json() == body


async def test_list_answers_as_printed(client: httpx2.AsyncClient) -> None:
    identity = await created(client)
    await created(client, draft("another, not running"))
    await client.put(f"/api/v1/experiments/{identity}/status", json={"status": "running"})
    body = (await client.get("/api/v1/experiments")).json()
    assert body["count"] == 1
    (experiment,) = body["experiments"]
    _check_experiment(experiment, identity)


async def test_an_unknown_experiment_answers_404_as_printed(client: httpx2.AsyncClient) -> None:
    unknown = str(uuid4())
    answer = await client.get(f"/api/v1/experiments/{unknown}")
    assert answer.status_code == 404
    printed = {"error": "Experiment not found", "message": f"Experiment not found: {unknown}"}
    assert printed.items() <= answer.json().items()


async def test_a_new_status_answers_as_printed(client: httpx2.AsyncClient) -> None:
    identity = await created(client)
    answer = await client.put(f"/api/v1/experiments/{identity}/status", json={"status": "running"})
    assert answer.status_code == 200
    assert {"experiment_id": identity, "status": "running"}.items() <= answer.json().items()


async def test_an_unknown_status_answers_400_as_printed(client: httpx2.AsyncClient) -> None:
    identity = await created(client)
    answer = await client.put(f"/api/v1/experiments/{identity}/status", json={"status": "started"})
    assert answer.status_code == 400
    printed = {
        "error": "Invalid status",
        "valid_statuses": ["draft", "running", "paused", "completed"],
    }
    assert printed.items() <= answer.json().items()


async def test_the_tutorial_stops_with_actor_and_reason(client: httpx2.AsyncClient) -> None:
    identity = await created(client)
    await client.post(f"/api/v1/experiments/{identity}/start")
    answer = await client.post(
        f"/api/v1/experiments/{identity}/stop",
        json={"actor": "tutorial.user", "reason": "convergence reached"},
        headers={"Authorization": "Bearer dev-token"},
    )
    assert answer.status_code == 200
    assert answer.json()["status"] == "completed"
    entry = (await client.get(f"/api/v1/experiments/{identity}/audit")).json()["entries"][0]
    said = {
        "action": "stop",
        "actor": "tutorial.user",
        "reason": "convergence reached",
        "principal": "dev-token",
    }
    assert said.items() <= entry.items()


def _check_experiment(body: dict[str, Any], identity: str) -> None:
    printed = {
        "id": identity,
        "name": "lora_boost_test",
        "description": "Test LoRA boost factor 0.3 vs 0.5",
        "status": "running",
        "traffic_allocation": 0.5,
        "completed_at": None,
    }
    assert printed.items() <= body.items()
    for time in ("created_at", "updated_at", "started_at"):
        assert body[time].endswith("Z")
    assert body["created_at"] < body["started_at"] == body["updated_at"]
    shown = [
        {key: variant[key] for key in ("experiment_id", "name", "weight", "config")}
        for variant in body["variants"]
    ]
    sent = draft()["variants"]
    assert shown == [{"experiment_id": identity, **variant} for variant in sent]
    assert all(
        len(variant["id"]) == 36 and variant["created_at"].endswith("Z") for variant in body["variants"]
    )
