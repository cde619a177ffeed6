"""What is answered before there is anything to answer with."""

from __future__ import annotations

import httpx2
from litmus_server.http.problems import SCHEMA
from litmus_server.processes.front import Front


async def test_before_it_is_ready_it_answers_the_same_kind_of_problem_as_later() -> None:
    transport = httpx2.ASGITransport(app=Front("0"))
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answer = await client.get("/api/v1/experiments/a b")
    problem = answer.json()
    assert set(SCHEMA["required"]) <= problem.keys() <= SCHEMA["properties"].keys()
    assert problem["code"] in SCHEMA["properties"]["code"]["enum"]
    assert (answer.status_code, problem["status"], problem["code"]) == (503, 503, "unavailable")
    assert problem["instance"] == "/api/v1/experiments/a%20b"
    assert answer.headers["retry-after"] == "1"
