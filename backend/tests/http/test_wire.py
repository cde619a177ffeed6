"""Both planes over a real connection: what the server writes by itself when the data plane answers at once."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from building import application
from drafts import WRITER
from litmus_server.settings import Settings
from litmus_server.wiring import opened_runtime
from wire import Wire, wired

pytestmark = pytest.mark.database
Opened = Callable[..., AbstractAsyncContextManager[Wire]]


@pytest.fixture
def opened(database_url: str, tmp_path: Path) -> Opened:
    """The application behind a port, with these settings."""

    @asynccontextmanager
    async def open_(**chosen: Any) -> AsyncIterator[Wire]:
        read = Settings(**{"env": "development", "data_folder": tmp_path, "_env_file": None, **chosen})
        async with opened_runtime(read, database_url) as runtime, wired(application(runtime)) as wire:
            yield wire

    return open_


@pytest.fixture
async def wire(opened: Opened) -> AsyncIterator[Wire]:
    """In development."""
    async with opened() as wire:
        yield wire


def request(method: str, path: str, body: Any = None, *headers: str) -> bytes:
    data = b"" if body is None else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", "host: localhost", f"content-length: {len(data)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + data


async def running(wire: Wire) -> None:
    """An experiment to ask about."""
    draft = {
        "name": "wired",
        "variants": [{"name": "control", "weight": 0.5}, {"name": "treatment", "weight": 0.5}],
    }
    made, started = await wire.ask(
        request("POST", "/api/v1/experiments", draft, "content-type: application/json"),
        request(
            "POST",
            "/api/v1/experiments/wired/start",
            {"actor": "a", "reason": "b"},
            "content-type: application/json",
        ),
    )
    assert (made.status, started.status) == (200, 200), (made.body, started.body)


ASSIGN = "/api/v1/experiments/wired/assign"


async def test_assignments_sent_ahead_are_answered_in_order_and_once_each(wire: Wire) -> None:
    await running(wire)
    asked = [request("POST", ASSIGN, {"unit_id": f"u{n % 20}"}) for n in range(60)]
    answers = await wire.ask(*asked)
    units = [json.loads(answer.body) for answer in answers]
    assert [unit["unit_id"] for unit in units] == [f"u{n % 20}" for n in range(60)]
    assert [unit["fresh"] for unit in units] == [True] * 20 + [False] * 40


async def test_a_hot_answer_has_its_headers_each_once(wire: Wire) -> None:
    await running(wire)
    echoed, minted = await wire.ask(
        request("POST", ASSIGN, {"unit_id": "u"}, "X-Request-Id: Order-42.retry_1"),
        request("POST", ASSIGN, {"unit_id": "u"}, "X-Request-Id: no\tgood\tone"),
    )
    for answer in (echoed, minted):
        assert answer.status == 200
        assert sorted(name for name, _ in answer.headers) == [
            b"content-length", b"content-type", b"date", b"x-content-type-options", b"x-request-id",
        ]  # fmt: skip
        assert (answer["content-type"], answer["x-content-type-options"]) == ("application/json", "nosniff")
    assert echoed["x-request-id"] == "Order-42.retry_1"
    assert "good" not in minted["x-request-id"]


async def test_the_snapshot_is_not_sent_to_who_has_it_nor_to_head(wire: Wire) -> None:
    path, client = "/api/v1/snapshot", await wire.open()
    client.say(request("GET", path))
    whole = await client.answer()
    client.say(request("HEAD", path))
    head = await client.answer(bodiless=True)
    assert (head.status, head["etag"], head["content-length"]) == (200, whole["etag"], str(len(whole.body)))
    client.say(request("GET", path, None, f"if-none-match: {whole['etag']}"))
    same = await client.answer()
    assert (same.status, same.body, same["etag"]) == (304, b"", whole["etag"])


async def test_what_is_wrong_is_a_problem_on_the_wire_too(opened: Opened) -> None:
    async with opened(env="production", write_tokens=(WRITER,)) as wire:
        token = f"authorization: Bearer {WRITER}"
        nobody, wrong, missing, none = await wire.ask(
            request("POST", ASSIGN, {"unit_id": "u"}),
            request("GET", ASSIGN, None, token),
            request("POST", ASSIGN, {"unit_id": "u"}, token),
            request("POST", "/api/v1/events", {"no": 1}, token),
        )
    assert [answer.status for answer in (nobody, wrong, missing, none)] == [401, 405, 404, 400]
    assert (nobody["www-authenticate"], wrong["allow"]) == ('Bearer realm="litmus"', "POST")
    for answer in (nobody, wrong, missing, none):
        assert answer["content-type"] == "application/problem+json"
        assert json.loads(answer.body)["request_id"] == answer["x-request-id"]


async def test_a_body_that_is_too_large_is_refused_before_it_is_read_and_while_it_is(wire: Wire) -> None:
    client = await wire.open()
    client.say(
        request("POST", ASSIGN, None, "expect: 100-continue").replace(b"length: 0", b"length: 2000000")
    )
    announced = await client.answer()
    assert (announced.status, announced["connection"]) == (413, "close")
    client = await wire.open()
    client.say(f"POST {ASSIGN} HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n".encode())
    client.say((b"10000\r\n" + b"x" * 65_536 + b"\r\n") * 17)
    assert (await client.answer()).status == 413
    client.say(b"0\r\n\r\n" + request("GET", "/api/v1/snapshot"))
    assert (await client.answer()).status == 200


async def test_every_answer_is_counted_by_route_and_status(wire: Wire) -> None:
    await running(wire)
    hot = [request("POST", ASSIGN, {"unit_id": f"u{n}"}) for n in range(5)]
    await wire.ask(*hot, request("POST", ASSIGN, {}), request("GET", "/api/v1/experiments/wired"))
    (metrics,) = await wire.ask(request("GET", "/metrics"))
    lines = metrics.body.decode().splitlines()
    hot_route = 'route="/api/v1/experiments/{id}/assign"'
    assert f'litmus_requests_total{{method="POST",{hot_route},status="200"}} 5.0' in lines
    assert f'litmus_requests_total{{method="POST",{hot_route},status="400"}} 1.0' in lines
    assert f'litmus_request_seconds_count{{method="POST",{hot_route}}} 6.0' in lines


async def test_a_page_of_a_known_origin_may_read_hot_answers(opened: Opened) -> None:
    async with opened(cors_origins=("https://shop.example",)) as wire:
        await running(wire)
        answers: list[Awaitable[Any]] = [
            wire.ask(request("POST", ASSIGN, {"unit_id": "u"}, *origin))
            for origin in (("origin: https://shop.example",), ())
        ]
        ((known,), (none,)) = [await each for each in answers]
    assert (known.status, known["access-control-allow-origin"]) == (200, "https://shop.example")
    assert (none.status, json.loads(none.body)["fresh"]) == (200, False)
