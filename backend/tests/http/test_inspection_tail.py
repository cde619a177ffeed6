"""The live tail over real sockets: what arrives is told once, what is too much is counted, and how it ends."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest
import uvicorn
from building import application
from drafts import ADMIN, WRITER, created, draft
from litmus_server.http.streams import Door
from litmus_server.http.v1.tail import Tail
from litmus_server.services.inspection import MOST_NEWS
from litmus_server.settings import Settings
from litmus_server.store.database import connect
from litmus_server.wiring import Runtime, opened_runtime
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as connect_socket
from websockets.exceptions import ConnectionClosed

pytestmark = pytest.mark.database

WAIT = 30.0
UNITS = [f"u{k}" for k in range(4)]


@dataclass
class Server:
    runtime: Runtime
    port: int
    client: httpx2.AsyncClient
    database_url: str

    def watch(self, query: str = "", reference: str = "shop", **headers: str) -> Any:
        address = f"ws://127.0.0.1:{self.port}/api/v1/ws/experiments/{reference}/events{query}"
        return connect_socket(address, additional_headers=headers, max_size=None)

    async def send(
        self, count: int = 1, unit: str = "u0", experiment: str | None = "shop", **more: Any
    ) -> list[str]:
        """Metric events; their ids."""
        named = {} if experiment is None else {"experiment_id": experiment}
        base = {"type": "metric", "metric_name": "spend", "value": 1, "unit_id": unit, **named, **more}
        events = [{"event_id": str(uuid4()), **base} for _ in range(count)]
        answer = await self.client.post("/api/v1/events", json={"events": events})
        assert answer.status_code == 200, answer.text
        return [str(each["event_id"]) for each in events]


Serve = Callable[..., AbstractAsyncContextManager[Server]]


@pytest.fixture
def serve(database_url: str, tmp_path: Path) -> Serve:
    """The application behind a real port, with one running experiment and four units in it."""

    @asynccontextmanager
    async def serve_(
        *, every: float = 0.05, heartbeat: float = WAIT, patience: float = WAIT, **settings: Any
    ) -> AsyncIterator[Server]:
        chosen: dict[str, Any] = {
            "env": "development",
            "data_folder": tmp_path,
            "_env_file": None,
            **settings,
        }
        async with opened_runtime(Settings(**chosen), database_url) as runtime:
            door = Door(runtime.authenticator, runtime.closing, patience)
            tail = Tail(runtime.inspection, door, every=every, heartbeat=heartbeat)
            object.__setattr__(runtime, "tail", tail)
            listener = socket.create_server(("127.0.0.1", 0))
            port = listener.getsockname()[1]
            config = uvicorn.Config(
                application(runtime), ws="websockets-sansio", ws_per_message_deflate=False, lifespan="off", log_config=None
            )  # fmt: skip
            server = uvicorn.Server(config)
            serving = asyncio.create_task(server.serve([listener]))
            headers = {"authorization": f"Bearer {ADMIN}"} if "env" in settings else {}
            try:
                async with httpx2.AsyncClient(
                    base_url=f"http://127.0.0.1:{port}", timeout=WAIT, headers=headers
                ) as client:
                    await created(client, draft("shop", traffic_allocation=1.0))
                    await client.post("/api/v1/experiments/shop/start")
                    for unit in UNITS:
                        await client.post("/api/v1/experiments/shop/assign", json={"unit_id": unit})
                    yield Server(runtime, port, client, database_url)
            finally:
                runtime.leave()
                server.should_exit = True
                await serving
                listener.close()

    return serve_


async def received(stream: ClientConnection) -> dict[str, Any]:
    frame: dict[str, Any] = json.loads(await asyncio.wait_for(stream.recv(), WAIT))
    assert frame.keys() == {"at", "skipped", "events"}
    return frame


async def begun(stream: ClientConnection) -> None:
    frame = await received(stream)
    assert (frame["skipped"], frame["events"]) == (0, [])


async def told(stream: ClientConnection, count: int) -> tuple[list[dict[str, Any]], int]:
    """Frames until so many events were shown or skipped; the shown ones, and how many were skipped."""
    events: list[dict[str, Any]] = []
    skipped = 0
    while len(events) + skipped < count:
        frame = await received(stream)
        events += frame["events"]
        skipped += frame["skipped"]
    assert len(events) + skipped == count
    return events, skipped


async def closed(stream: ClientConnection) -> tuple[int, str]:
    with pytest.raises(ConnectionClosed) as end:  # noqa: PT012
        while True:
            await received(stream)
    assert end.value.rcvd is not None
    return end.value.rcvd.code, end.value.rcvd.reason


async def test_every_event_that_arrives_is_told_once_accepted_or_rejected_oldest_first(serve: Serve) -> None:
    async with serve() as server:
        await server.send(3)  # before anybody watched
        async with server.watch() as stream:
            await begun(stream)
            sent = []
            for k in range(12):
                sent += await server.send(2, unit=UNITS[k % 4] if k % 3 else "stranger")
            events, skipped = await told(stream, 24)
            assert skipped == 0
            assert sorted(each["event_id"] for each in events) == sorted(sent)
            assert {each["outcome"] for each in events} == {"accepted", "rejected"}
            shown = await server.client.get("/api/v1/experiments/shop/events", params={"limit": 24})
            listed = {each["event_id"]: each for each in shown.json()["events"]}
            assert all(each == listed[each["event_id"]] for each in events)


async def test_what_is_too_much_at_once_is_counted(serve: Serve) -> None:
    async with serve(every=0.5) as server, server.watch() as stream:
        await begun(stream)
        await server.send(3 * MOST_NEWS)
        await server.send(7, unit="stranger")
        events, skipped = await told(stream, 3 * MOST_NEWS + 7)
        assert skipped >= MOST_NEWS
        assert len(events) >= MOST_NEWS


@pytest.mark.parametrize(
    ("query", "meant"),
    [
        ("?outcome=rejected", {"stranger"}), ("?outcome=accepted&metric=spend", {"spend"}), ("?type=conversion", {"bought"}),
        ("?metric=bought&type=conversion", {"bought"}), ("?named=false", {"unnamed"}),
    ],
)  # fmt: skip
async def test_filters_choose_what_is_told(serve: Serve, query: str, meant: set[str]) -> None:
    async with serve() as server:
        pool = server.runtime.pool
        await pool.execute(  # what a fold leaves of an exposure
            "insert into unit_state (unit, experiment, variant, epoch, cohort, first_at)"
            " select unit, experiment, variant, 1, 0, now() from assignment"
        )
        async with server.watch(query) as stream:
            await begun(stream)
            await server.send(unit="stranger", metadata={"is": "stranger"})
            await server.send(metadata={"is": "spend"})
            await server.send(experiment=None, metadata={"is": "unnamed"})
            await server.send(type="conversion", metric_name="bought", metadata={"is": "bought"})
            await server.send(type="exposure", metadata={"is": "exposure"})
            events, _ = await told(stream, len(meant))
            assert {each["metadata"]["is"] for each in events} == meant
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(stream.recv(), 0.3)


async def test_the_variant_chooses_what_is_told(serve: Serve) -> None:
    async with serve() as server:
        rows = await server.client.get("/api/v1/units/u0")
        mine = rows.json()["assignments"][0]["variant_key"]
        other = {"control": "treatment", "treatment": "control"}[mine]
        async with server.watch(f"?variant={mine}") as stream, server.watch(f"?variant={other}") as silent:
            await begun(stream)
            await begun(silent)
            await server.send(5, unit="u0")
            assert len((await told(stream, 5))[0]) == 5
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(silent.recv(), 0.3)


async def test_an_event_that_is_committed_after_a_later_one_is_told_all_the_same(serve: Serve) -> None:
    async with serve() as server, server.watch() as stream:
        await begun(stream)
        connection = await connect(server.database_url)
        slow = connection.transaction()
        await slow.start()
        await connection.execute(
            "insert into event (batch, value, occurred_at, event_id, experiment, kind, variant, door, unit)"
            " select -1, 1, now(), gen_random_uuid(), no, 2, 0, 1, 'slow' from experiments"
        )
        await server.send(unit="u1")
        first, _ = await told(stream, 1)
        await slow.commit()
        await connection.close()
        second, _ = await told(stream, 1)
        assert [each["unit_id"] for each in first + second] == ["u1", "slow"]
        assert second[0]["received_at"] < first[0]["received_at"]


async def test_silence_has_a_heartbeat(serve: Serve) -> None:
    async with serve(heartbeat=0.2) as server, server.watch() as stream:
        frames = [await received(stream) for _ in range(3)]
        assert all((frame["skipped"], frame["events"]) == (0, []) for frame in frames)
        assert frames[0]["at"] < frames[1]["at"] < frames[2]["at"]


async def test_watchers_of_the_same_share_one_look_and_the_last_one_ends_it(serve: Serve) -> None:
    async with serve() as server:
        channels = server.runtime.tail.channels.open
        async with server.watch() as one, server.watch() as two, server.watch("?type=metric") as three:
            for stream in (one, two, three):
                await begun(stream)
            assert len(channels) == 2
            await server.send()
            for stream in (one, two, three):
                assert len((await told(stream, 1))[0]) == 1
        async with asyncio.timeout(WAIT):
            while channels:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


async def test_a_watcher_that_reads_late_is_told_how_many_it_missed(serve: Serve) -> None:
    """Nothing is queued for it: the frames that it did not take are gone, and counted."""
    async with serve() as server:
        following = server.runtime.tail._watching("shop", {})
        async with following as texts:
            assert json.loads(await texts())["events"] == []
            for _ in range(4):
                await server.send(10)
                await asyncio.sleep(0.2)
            (channel,) = server.runtime.tail.channels.open.values()
            assert channel.newest is not None
            frame = json.loads(await asyncio.wait_for(texts(), WAIT))
            assert frame["skipped"] + len(frame["events"]) == 40
            assert frame["skipped"] >= 30


async def test_a_watcher_that_does_not_read_at_all_is_dropped(serve: Serve) -> None:
    async with serve(every=0.02, patience=0.5) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1024)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        writer.write(
            b"GET /api/v1/ws/experiments/shop/events HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        assert b"101" in await asyncio.wait_for(reader.readline(), WAIT)
        channels = server.runtime.tail.channels.open
        async with asyncio.timeout(WAIT):
            while not channels:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            while channels:
                await server.send(100, metadata={"filler": "x" * 8000})
        writer.transport.abort()


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("?outcome=odd", "outcome: must be one of accepted, rejected"), ("?type=view", "type: must be one of"),
        ("?variant=nobody", "variant: must be one of control, treatment"), ("?unit=u", "unit: unknown; allowed are"),
        ("?named=1", "named: must be true or false"), ("?metric=%00", "metric: must not hold NUL"),
    ],
)  # fmt: skip
async def test_a_filter_that_means_nothing_closes_with_the_reason(
    serve: Serve, query: str, said: str
) -> None:
    async with serve() as server, server.watch(query) as stream:
        code, reason = await closed(stream)
        assert code == 4400
        assert reason.startswith(said)


async def test_an_unknown_experiment_closes_with_the_reason(serve: Serve) -> None:
    async with serve() as server, server.watch(reference="nobody") as stream:
        assert await closed(stream) == (4404, "Experiment not found: nobody")


async def test_a_token_is_needed(serve: Serve) -> None:
    async with serve(env="production", write_tokens=(WRITER,), admin_tokens=(ADMIN,)) as server:
        async with server.watch() as stream:
            assert (await closed(stream))[0] == 4401
        async with server.watch(f"?token={WRITER}&type=metric") as stream:
            await begun(stream)
        async with server.watch(authorization=f"Bearer {WRITER}") as stream:
            await begun(stream)


async def test_too_many_different_streams_are_refused(serve: Serve) -> None:
    async with serve() as server:
        server.runtime.tail.channels._most = 1
        async with server.watch() as one:
            await begun(one)
            async with server.watch("?type=metric") as two:
                code, reason = await closed(two)
                assert code == 1013
                assert "try again later" in reason


async def test_the_end_of_the_server_closes_the_tail(serve: Serve) -> None:
    async with serve() as server, server.watch() as stream:
        await begun(stream)
        server.runtime.leave()
        assert await closed(stream) == (1001, "the server is shutting down")
