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
from litmus_server.http.traffic import BOUNDS, PRINCIPAL, REQUEST_ID, ROUTE, Traffic

Lines = list[dict[str, Any]]


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    root, text = logging.getLogger(), io.StringIO()
    before = root.handlers[:], root.level
    logs.configure("INFO", to=text)
    yield text
    root.handlers[:], root.level = before
    structlog.reset_defaults()


def lines(out: io.StringIO) -> Lines:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def app(status: int = 200, *, fails: bool = False, route: str | None = "/things/{id}") -> Any:
    async def answer(scope: Any, receive: Any, send: Any) -> None:
        if route is not None:
            scope[ROUTE] = route
        scope[PRINCIPAL], scope[REQUEST_ID] = "writer:1a2b", "req-12345"
        if fails:
            raise RuntimeError("broken")
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    return answer


def ask(watched: Traffic, path: str = "/things/secret-unit", query: bytes = b"token=secret-token") -> None:
    async def run() -> None:
        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(_: Any) -> None:
            return None

        scope = {"type": "http", "method": "POST", "path": path, "query_string": query, "headers": []}
        await watched(scope, receive, send)

    asyncio.run(run())


def test_a_request_has_one_line_with_what_an_operator_asks_for(out: io.StringIO) -> None:
    ask(Traffic(app(), quiet=lambda _: False))
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
    ask(Traffic(app(), quiet=lambda _: False))
    ask(Traffic(app(route=None), quiet=lambda _: False))
    assert "secret" not in out.getvalue()
    assert lines(out)[1]["route"] == "unmatched"


def test_a_quiet_request_that_goes_well_has_no_line_and_one_that_fails_has_one(out: io.StringIO) -> None:
    ask(Traffic(app(), quiet=lambda _: True))
    ask(Traffic(app(429), quiet=lambda _: True))
    assert lines(out) == []
    ask(Traffic(app(503), quiet=lambda _: True))
    assert [(line["level"], line["status"]) for line in lines(out)] == [("warning", 503)]


def test_a_quiet_request_that_is_slow_has_a_line(out: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "SLOW", 0.0)
    ask(Traffic(app(), quiet=lambda _: True))
    assert [line["level"] for line in lines(out)] == ["warning"]


def test_an_exception_passes_through_and_counts_as_500(out: io.StringIO) -> None:
    watched = Traffic(app(fails=True), quiet=lambda _: True)
    with pytest.raises(RuntimeError, match="broken"):
        ask(watched)
    (requests, _) = watched.collect()
    assert [sample.labels["status"] for sample in requests.samples] == ["500"]
    assert watched.in_flight == 0


def test_the_histogram_is_cumulative_and_ends_with_all() -> None:
    watched = Traffic(app(), quiet=lambda _: True)
    for _ in range(5):
        ask(watched)
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
