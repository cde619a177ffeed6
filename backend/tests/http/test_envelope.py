"""What is around every answer: the request id, browsers' headers, and an answer to what nobody expected."""

from __future__ import annotations

import httpx2
from fastapi import APIRouter
from litmus_server.http.control_plane import control_plane
from litmus_server.http.envelope import Envelope
from litmus_server.http.traffic import Traffic


async def test_a_decent_request_id_is_echoed_by_both_planes(client: httpx2.AsyncClient) -> None:
    for path in ("/api/v1/meta", "/api/v1/snapshot", "/api/v1/nope", "/health", "/docs"):
        answer = await client.get(path, headers={"x-request-id": "Order-42.retry_1"})
        assert answer.headers["x-request-id"] == "Order-42.retry_1", path
        assert answer.headers["x-content-type-options"] == "nosniff", path
        page = path != "/api/v1/snapshot"  # a hot answer is JSON, never a page
        assert ("referrer-policy" in answer.headers) is page, path


async def test_head_answers_as_get_does_without_a_body_on_both_planes(client: httpx2.AsyncClient) -> None:
    for path in ("/health", "/metrics", "/api/v1/experiments", "/api/v1/snapshot", "/docs", "/api/v1/nope"):
        head, get = await client.head(path), await client.get(path)
        assert head.status_code == get.status_code, path
        assert head.content == b"", path
        assert head.headers["content-type"] == get.headers["content-type"], path
    assert (await client.head("/api/v1/events")).status_code == 405
    metrics = (await client.get("/metrics")).text
    assert 'litmus_requests_total{method="HEAD",route="/api/v1/snapshot",status="200"} 1.0' in metrics
    assert 'litmus_requests_total{method="HEAD",route="/api/v1/experiments",status="200"} 1.0' in metrics


async def test_any_other_request_id_is_replaced(client: httpx2.AsyncClient) -> None:
    bad = ["short", "x" * 65, "has space in it", "semi;colon;s", "ünïcödé-id"]
    answers = [await client.get("/api/v1/nope", headers=[(b"x-request-id", each.encode())]) for each in bad]
    minted = [answer.headers["x-request-id"] for answer in answers]
    assert not set(bad) & set(minted)
    assert len(set(minted)) == len(bad)
    assert [answer.json()["request_id"] for answer in answers] == minted


async def test_an_unexpected_error_is_500_and_tells_nothing() -> None:
    router = APIRouter()

    @router.get("/broken")
    def broken() -> None:
        raise RuntimeError("the password is swordfish")

    app = Envelope(control_plane(version="0", routers=[router]), Traffic(quiet=lambda _: True))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://x") as client:
        answer = await client.get("/broken")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "swordfish" not in answer.text
    assert answer.headers["x-request-id"] == answer.json()["request_id"]


async def test_an_error_outside_of_any_framework_is_answered_too() -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("swordfish")

    transport = httpx2.ASGITransport(app=Envelope(broken, Traffic(quiet=lambda _: True)))
    async with httpx2.AsyncClient(transport=transport, base_url="http://x") as client:
        answer = await client.get("/")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "swordfish" not in answer.text
