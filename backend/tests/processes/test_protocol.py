"""HTTP/1.1 to the byte: what holds of every answer, whoever gives it and in however many pieces."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from litmus_server.http.answer import ANSWER
from wire import Wire, until, wired


def request(path: str = "/echo", body: bytes = b"", method: str = "POST", *headers: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "host: x", f"content-length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Application:
    """Answers by path, and remembers what it was asked and what it heard."""

    def __init__(self) -> None:
        self.scopes: list[Any] = []
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.gone = asyncio.Event()
        self.go_on = asyncio.Event()
        self.poured = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        self.begun.append(scope["path"])
        await getattr(self, scope["path"].strip("/").split("/")[0])(scope, receive, send)
        self.ended.append(scope["path"])

    async def echo(self, scope: Any, receive: Any, send: Any) -> None:
        body = await whole(receive)
        await send({"type": ANSWER, "status": 200, "head": b"content-type: text/plain\r\n", "body": body})

    async def plain(self, scope: Any, receive: Any, send: Any) -> None:
        body = await whole(receive)
        length = (b"content-length", b"%d" % len(body))
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        await send({"type": "http.response.body", "body": body})

    async def pieces(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200})
        for piece in (b"one", b"", b"two"):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body"})

    async def slow(self, scope: Any, receive: Any, send: Any) -> None:
        body = await whole(receive)
        await self.go_on.wait()
        await send({"type": ANSWER, "status": 200, "head": b"", "body": body})

    async def unread(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": ANSWER, "status": 413, "head": b"", "body": b"too much"})

    async def nothing(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": ANSWER, "status": 304, "head": b'etag: "1"\r\n', "body": b""})

    async def waits(self, scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.gone.set()

    async def pours(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200})
        for self.poured in range(401):
            await send({"type": "http.response.body", "body": b"x" * 65_536, "more_body": True})
        await send({"type": "http.response.body"})

    async def wrong(self, scope: Any, receive: Any, send: Any) -> None:
        headers = {
            "name": [(b"X-Upper", b"a")],
            "value": [(b"x-a", b"a\r\nx-b: c")],
            "long": [(b"content-length", b"1")],
            "short": [(b"content-length", b"9")],
            "raises": [],
            "none": [],
        }[scope["path"].split("/")[2]]
        if scope["path"].endswith("raises"):
            raise RuntimeError("swordfish")
        if not scope["path"].endswith("none"):
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b"four"})


async def whole(receive: Any) -> bytes:
    message = await receive()
    body: bytes = message["body"]
    while message["more_body"]:
        message = await receive()
        body += message["body"]
    return body


@pytest.fixture
def app() -> Application:
    return Application()


@pytest.fixture
async def wire(app: Application) -> AsyncIterator[Wire]:
    async with wired(app) as wire:
        yield wire


@pytest.mark.parametrize("path", ["/echo", "/plain"])
async def test_a_connection_is_kept_for_the_next_request(wire: Wire, path: str) -> None:
    client = await wire.open()
    for body in (b"first", b"", b"third"):
        client.say(request(path, body))
        answer = await client.answer()
        assert (answer.status, answer.body, answer["content-length"]) == (200, body, str(len(body)))
        assert "date" in answer
        assert "connection" not in answer


async def test_the_application_is_told_what_was_asked(wire: Wire, app: Application) -> None:
    await wire.ask(request("/echo/a%20b%2Fc?q=%20&r", b"", "PUT", "X-Two: 1", "x-two: 2"))
    (scope,) = app.scopes
    assert (scope["method"], scope["path"], scope["raw_path"]) == ("PUT", "/echo/a b/c", b"/echo/a%20b%2Fc")
    assert (scope["query_string"], scope["http_version"], scope["scheme"]) == (b"q=%20&r", "1.1", "http")
    assert [value for name, value in scope["headers"] if name == b"x-two"] == [b"1", b"2"]
    assert (scope["server"], scope["client"][0]) == (("127.0.0.1", wire.port), "127.0.0.1")
    await wire.ask(request("http://other.example/echo?q=1"))
    assert (app.scopes[1]["path"], app.scopes[1]["query_string"]) == ("/echo", b"q=1")


@settings(max_examples=12, deadline=None)
@given(
    cuts=st.lists(st.integers(1, 400), max_size=8),
    bodies=st.lists(st.binary(max_size=80), min_size=1, max_size=5),
)
def test_answers_come_in_order_however_the_requests_are_cut(cuts: list[int], bodies: list[bytes]) -> None:
    async def run() -> None:
        async with wired(Application()) as wire:
            client = await wire.open()
            sent = b"".join(
                request(path, body)
                for body, path in zip(bodies, ["/echo", "/plain", "/pieces"] * 2, strict=False)
            )
            start = 0
            for cut in [*sorted(set(cuts)), len(sent)]:
                client.say(sent[start:cut])
                start = max(start, cut)
                await asyncio.sleep(0)
                await client.writer.drain()
            answers = [await client.answer() for _ in bodies]
            expected = [b"onetwo" if place % 3 == 2 else body for place, body in enumerate(bodies)]
            assert [answer.body for answer in answers] == expected

    asyncio.run(run())


async def test_what_is_sent_ahead_waits_for_the_answer_before_it(wire: Wire, app: Application) -> None:
    client = await wire.open()
    client.say(request("/slow", b"1") + request("/echo", b"2") * 3000)
    await until(lambda: bool(app.begun))
    await asyncio.sleep(0.02)
    assert app.begun == ["/slow"]
    app.go_on.set()
    assert [(await client.answer()).body for _ in range(3001)] == [b"1"] + [b"2"] * 3000


async def test_a_chunked_body_is_put_together_and_a_large_one_comes_whole(wire: Wire) -> None:
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (b"ab", b"c" * 300))
    head = b"POST /echo HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    large = bytes(range(256)) * 8192
    answers = await wire.ask(head + chunks + b"0\r\n\r\n", request("/echo", large))
    assert [answer.body for answer in answers] == [b"ab" + b"c" * 300, large]


async def test_an_answer_of_unknown_length_is_chunked(wire: Wire) -> None:
    (answer,) = await wire.ask(request("/pieces"))
    assert (answer.body, answer["transfer-encoding"]) == (b"onetwo", "chunked")
    assert "content-length" not in answer


async def test_head_has_the_head_and_nothing_else(wire: Wire) -> None:
    client = await wire.open()
    for path in ("/echo", "/plain", "/pieces"):
        client.say(request(path, b"body", "HEAD"))
        answer = await client.answer(bodiless=True)
        assert answer.status == 200
        assert "transfer-encoding" not in answer
        if path != "/pieces":
            assert answer["content-length"] == "4"
    client.say(request("/echo", b"and on"))
    assert (await client.answer()).body == b"and on"


async def test_not_modified_has_no_body_and_says_no_length(wire: Wire) -> None:
    first, second = await wire.ask(request("/nothing"), request("/echo", b"on"))
    assert (first.status, first["etag"], "content-length" in first) == (304, '"1"', False)
    assert second.body == b"on"


async def test_who_asks_whether_to_go_on_is_told_to_when_the_body_is_wanted(wire: Wire) -> None:
    client = await wire.open()
    client.say(request("/echo", b"", "POST", "expect: 100-continue").replace(b"length: 0", b"length: 4"))
    assert (await client.answer()).status == 100
    client.say(b"body")
    assert (await client.answer()).body == b"body"


async def test_who_asks_whether_to_go_on_and_is_refused_is_not_waited_for(wire: Wire) -> None:
    client = await wire.open()
    client.say(request("/unread", b"", "POST", "expect: 100-continue").replace(b"length: 0", b"length: 4"))
    answer = await client.answer()
    assert (answer.status, answer["connection"]) == (413, "close")
    assert await client.is_closed()


async def test_a_body_that_nobody_wanted_is_passed_over(wire: Wire) -> None:
    first, second = await wire.ask(request("/unread", b"x" * 300_000), request("/echo", b"on"))
    assert (first.status, first.body, second.body) == (413, b"too much", b"on")


@pytest.mark.parametrize(
    "asked",
    [
        b"POST /echo HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 2\r\n\r\nhi",
        b"POST /plain HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 2\r\n\r\nhi",
        b"POST /echo HTTP/1.0\r\ncontent-length: 2\r\n\r\nhi",
    ],
)
async def test_a_connection_that_is_not_to_be_kept_is_closed_after_the_answer(
    wire: Wire, asked: bytes
) -> None:
    client = await wire.open()
    client.say(asked)
    answer = await client.answer()
    assert (answer.body, answer["connection"]) == (b"hi", "close")
    assert await client.is_closed()


async def test_a_client_that_goes_away_is_noticed(wire: Wire, app: Application) -> None:
    client = await wire.open()
    client.say(request("/waits", b"x" * 10))
    await until(lambda: bool(app.begun))
    client.writer.transport.abort()
    await asyncio.wait_for(app.gone.wait(), 10)


async def test_what_was_begun_ends_when_its_client_has_gone_away(wire: Wire, app: Application) -> None:
    client = await wire.open()
    client.say(request("/slow"))
    await until(lambda: bool(app.begun))
    client.writer.transport.abort()
    await until(lambda: not wire.server.server_state.connections)
    app.go_on.set()
    await until(lambda: not wire.server.server_state.tasks)
    assert app.ended == ["/slow"]


async def test_a_slow_reader_holds_the_writer_back(wire: Wire, app: Application) -> None:
    client = await wire.open()
    client.say(request("/pours"))
    await client.reader.readuntil(b"\r\n\r\n")
    for _ in range(20):
        await asyncio.sleep(0.005)
        poured = app.poured
    assert poured == app.poured < 400
    client.writer.transport.abort()
    await until(lambda: not wire.server.server_state.tasks)


async def test_nonsense_is_answered_400_and_the_connection_closed(wire: Wire, app: Application) -> None:
    client = await wire.open()
    client.say(b"\x16\x03\x01\x02\x00 nonsense\r\n\r\n")
    assert (await client.answer()).status == 400
    assert await client.is_closed()
    assert app.begun == []


@pytest.mark.parametrize("how", ["name", "value", "long", "short", "raises", "none"])
async def test_what_is_no_answer_becomes_500_and_nothing_of_it_leaves(wire: Wire, how: str) -> None:
    client = await wire.open()
    client.say(request(f"/wrong/{how}"))
    answer = await client.answer()
    assert (answer.status, answer.body, answer["connection"]) == (500, b"Internal Server Error", "close")
    assert await client.is_closed()


async def test_an_idle_connection_is_closed_when_its_time_is_up_and_a_busy_one_is_not(
    app: Application,
) -> None:
    async with wired(app, timeout_keep_alive=0.2) as wire:
        idle, busy = await wire.open(), await wire.open()
        for client in (idle, busy):
            client.say(request())
            await client.answer()
        busy.say(request("/slow", b"still"))
        assert await idle.is_closed()
        await asyncio.sleep(0.3)
        app.go_on.set()
        assert (await busy.answer()).body == b"still"
        assert await busy.is_closed()


async def test_at_the_end_what_was_asked_is_answered_and_idle_connections_are_closed(
    app: Application,
) -> None:
    async with wired(app) as wire:
        idle, busy = await wire.open(), await wire.open()
        idle.say(request())
        await idle.answer()
        busy.say(request("/slow", b"last") + request("/echo", b"very last"))
        await until(lambda: "/slow" in app.begun)
        wire.server.should_exit = True
        assert await idle.is_closed()
        app.go_on.set()
        first, second = await busy.answer(), await busy.answer()
        assert (first.body, second.body, second["connection"]) == (b"last", b"very last", "close")
        assert await busy.is_closed()


async def test_at_the_end_who_never_answers_is_cancelled(app: Application) -> None:
    async with wired(app, timeout_graceful_shutdown=0.2) as wire:
        client = await wire.open()
        client.say(request("/slow"))
        await until(lambda: bool(app.begun))
        wire.server.should_exit = True
        assert (await client.answer()).status == 500
        assert await client.is_closed()
