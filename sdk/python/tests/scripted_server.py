"""A Litmus server that does as it is told: it stands for the outside party, over real HTTP on a real socket."""

import json
import re
import threading
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal


@dataclass(frozen=True)
class Say:
    """An answer; `trick` instead of one: never answer, cut the connection, or send the body byte by byte."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    trick: Literal["hang", "cut", "drip"] | None = None


@dataclass
class Request:
    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    raw: bytes


class ScriptedServer:
    """Answers `assign` and `events` as Litmus does, unless its script says otherwise, and remembers what it
    got.
    """

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.events: dict[str, dict[str, Any]] = {}
        self.rejecting: dict[str, str] = {}
        self.assigning: dict[str, Any] = {}
        self.released = threading.Event()
        self._script: dict[str, deque[Say]] = defaultdict(deque)
        self._always: dict[str, Say] = {}
        self._lock = threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # header and body are two writes: 40 ms a request otherwise

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                server.answer(self, Request(self.path, dict(self.headers), json.loads(raw), raw))

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, *_: object) -> None:
                pass  # clients that gave up are part of the tests

        self._http = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def script(self, door: Literal["assign", "events"], *says: Say) -> None:
        """The next answers of this door."""
        self._script[door].extend(says)

    def always(self, door: Literal["assign", "events"], say: Say | None) -> None:
        """The answer of this door from now on; None restores its manners."""
        self._always.pop(door, None)
        if say is not None:
            self._always[door] = say

    def asked(self, door: Literal["assign", "events"]) -> list[Request]:
        return [request for request in self.requests if request.path.endswith(door)]

    def kinds(self) -> list[str]:
        return [event["type"] for event in self.events.values()]

    def close(self) -> None:
        self.released.set()
        self._http.shutdown()
        self._http.server_close()

    def answer(self, handler: BaseHTTPRequestHandler, request: Request) -> None:
        door = request.path.rsplit("/", 1)[1]
        with self._lock:
            self.requests.append(request)
            queue = self._script[door]
            say = queue.popleft() if queue else self._always.get(door)
            if say is None:
                say = Say(body=self._assign(request) if door == "assign" else self._ingest(request.body))
        if say.trick == "cut":
            handler.close_connection = True
            return
        if say.trick == "hang":
            self.released.wait(30)
            handler.close_connection = True
            return
        content = say.body if isinstance(say.body, bytes) else json.dumps(say.body).encode()
        handler.send_response(say.status)
        for name, value in {"Content-Length": str(len(content)), **say.headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        for piece in [content[k : k + 1] for k in range(len(content))] if say.trick == "drip" else [content]:
            handler.wfile.write(piece)
            handler.wfile.flush()
            if say.trick == "drip" and self.released.wait(0.1):
                break

    def _assign(self, request: Request) -> dict[str, Any]:
        found = re.search(r"/experiments/([^/]+)/assign$", request.path)
        assert found
        return {
            "experiment_id": f"id-of-{found[1]}",
            "experiment_key": found[1],
            "assignment_id": "as_1",
            "unit_id": request.body["unit_id"],
            "in_experiment": True,
            "reason": "assigned",
            "variant_id": "id-of-treatment",
            "variant_key": "treatment",
            "variant_name": "Treatment",
            "config": {"color": "blue"},
            "propensity": 0.5,
            "fresh": True,
            "revision": 12,
            "policy_version": None,
            **self.assigning,
        }

    def _ingest(self, body: dict[str, Any]) -> dict[str, Any]:
        outcomes = [self._outcome(event) for event in body["events"]]
        count = [outcome["outcome"] for outcome in outcomes].count
        return {
            "accepted": count("accepted"),
            "duplicates": count("duplicate"),
            "rejected": count("rejected"),
            "outcomes": outcomes,
        }

    def _outcome(self, event: dict[str, Any]) -> dict[str, Any]:
        reason = self.rejecting.get(event["unit_id"])
        if reason is not None:
            message = f"because of {reason}"
            return {
                "event_id": event["event_id"],
                "outcome": "rejected",
                "reason": reason,
                "message": message,
            }
        known = event["event_id"] in self.events
        self.events.setdefault(event["event_id"], event)
        return {"event_id": event["event_id"], "outcome": "duplicate" if known else "accepted"}


@contextmanager
def scripted_server() -> Iterator[ScriptedServer]:
    server = ScriptedServer()
    try:
        yield server
    finally:
        server.close()
