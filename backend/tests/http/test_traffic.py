"""What a request leaves in the log and in the counters, and what it must not leave."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from litmus_server import logs
from litmus_server.http import traffic
from litmus_server.http.envelope import Envelope
from litmus_server.http.traffic import BOUNDS, PRINCIPAL, ROUTE, Traffic

Lines = list[dict[str, Any]]


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    root, text = logging.getLogger(), io.StringIO()
    before = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in logs._QUIET}
    logs.configure("INFO", to=text)
    yield text
    root.handlers[:], root.level = before
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    structlog.reset_defaults()


def lines(out: io.StringIO) -> Lines:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def app(status: int = 200, *, fails: bool = False, route: str | None = "/things/{id}") -> Any:
    async def answer(scope: Any, receive: Any, send: Any) -> None:
        if route is not None:
            scope[ROUTE] = route
        scope[PRINCIPAL] = "writer:1a2b"
        if fails:
            raise RuntimeError("broken")
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    return answer


def ask(watched: Traffic, answer: Any) -> None:
    async def run() -> None:
        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(_: Any) -> None:
            return None

        await Envelope(answer, watched)(
            {
                "type": "http",
                "method": "POST",
                "path": "/things/secret-unit",
                "query_string": b"token=secret-token",
                "headers": [(b"x-request-id", b"req-12345")],
            },
            receive,
            send,
        )

    asyncio.run(run())


def test_a_request_has_one_line_with_what_an_operator_asks_for(out: io.StringIO) -> None:
    ask(Traffic(quiet=lambda _: False), app())
    (line,) = lines(out)
    assert {"time", "duration_ms"} <= line.keys()
    assert (line["level"], line["event"], line["method"], line["route"]) == (
        "info",
        "request",
        "POST",
        "/things/{id}",
    )
    assert (line["status"], line["request_id"], line["principal"]) == (200, "req-12345", "writer:1a2b")


def test_neither_paths_nor_query_strings_reach_the_log(out: io.StringIO) -> None:
    ask(Traffic(quiet=lambda _: False), app())
    ask(Traffic(quiet=lambda _: False), app(route=None))
    assert "secret" not in out.getvalue()
    assert lines(out)[1]["route"] == "unmatched"


def test_a_quiet_request_that_goes_well_has_no_line_and_one_that_fails_has_one(out: io.StringIO) -> None:
    ask(Traffic(quiet=lambda _: True), app())
    ask(Traffic(quiet=lambda _: True), app(429))
    assert lines(out) == []
    ask(Traffic(quiet=lambda _: True), app(503))
    assert [(line["level"], line["status"]) for line in lines(out)] == [("warning", 503)]


def test_a_quiet_request_that_is_slow_has_a_line(out: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "SLOW", 0.0)
    ask(Traffic(quiet=lambda _: True), app())
    assert [line["level"] for line in lines(out)] == ["warning"]


def test_an_exception_counts_as_500(out: io.StringIO) -> None:
    watched = Traffic(quiet=lambda _: True)
    ask(watched, app(fails=True))
    (requests, _) = watched.collect()
    assert [sample.labels["status"] for sample in requests.samples] == ["500"]
    assert watched.in_flight == 0


def test_the_histogram_is_cumulative_and_ends_with_all() -> None:
    watched = Traffic(quiet=lambda _: True)
    for _ in range(5):
        ask(watched, app())
    (_, seconds) = watched.collect()
    buckets = [sample.value for sample in seconds.samples if sample.name.endswith("_bucket")]
    assert len(buckets) == len(BOUNDS) + 1
    assert buckets == sorted(buckets)
    assert buckets[-1] == 5


def test_lines_of_other_libraries_have_the_same_form(out: io.StringIO) -> None:
    logging.getLogger("uvicorn.error").warning("hm %s", 3)
    logging.getLogger("uvicorn.error").info("Uvicorn running")
    (line,) = lines(out)
    assert (line["level"], line["event"], line["logger"]) == ("warning", "hm 3", "uvicorn.error")


def test_an_exception_is_one_line_too(out: io.StringIO) -> None:
    try:
        raise ValueError("no")
    except ValueError:
        structlog.get_logger().exception("failed")
    (line,) = lines(out)
    assert line["level"] == "error"
    assert "ValueError: no" in line["exception"]
