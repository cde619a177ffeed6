"""The live stream over real sockets: who watches, what they get, and how it ends."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from building import application
from drafts import ADMIN, WRITER, bandit, created
from litmus_server.http.streams import Door
from litmus_server.http.v1.live import Live
from litmus_server.jobs.handlers import handlers
from litmus_server.jobs.runner import Runner
from litmus_server.services.analysis import Analysis
from litmus_server.services.learning import Learning
from litmus_server.settings import Settings
from litmus_server.store.contextual_sums import ContextualStore
from litmus_server.store.jobs import Queue
from litmus_server.store.policies import PolicyStore
from litmus_server.store.reports import ReportStore
from litmus_server.wiring import Runtime, opened_runtime
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

pytestmark = pytest.mark.database

WAIT = 30.0


@dataclass
class Server:
    runtime: Runtime
    port: int
    client: httpx2.AsyncClient

    def watch(self, reference: str, query: str = "", **headers: str) -> Any:
        address = f"ws://127.0.0.1:{self.port}/api/v1/ws/experiments/{reference}/live{query}"
        return connect(address, additional_headers=headers, max_size=None)

    async def news(self, experiment: str) -> None:
        """What a fold leaves when it has touched the experiment."""
        await self.runtime.pool.execute(
            "insert into fold_mark select no, 1, 0, now() from experiments where id = $1"
            " on conflict (experiment) do update set seq = fold_mark.seq + 1",
            experiment,
        )


Serve = Callable[..., AbstractAsyncContextManager[Server]]


@pytest.fixture
def serve(database_url: str, tmp_path: Path) -> Serve:
    """The application behind a real port, with or without a worker; documents come ten times as fast."""

    @asynccontextmanager
    async def serve_(
        *, worker: bool = True, patience: float = 30.0, **settings: Any
    ) -> AsyncIterator[Server]:
        chosen: dict[str, Any] = {
            "env": "development",
            "data_folder": tmp_path,
            "_env_file": None,
            **settings,
        }
        async with opened_runtime(Settings(**chosen), database_url) as runtime:
            door = Door(runtime.authenticator, runtime.closing, patience)
            live = Live(runtime.reports, door, every=0.2)
            object.__setattr__(runtime, "live", live)
            listener = socket.create_server(("127.0.0.1", 0))
            port = listener.getsockname()[1]
            config = uvicorn.Config(
                application(runtime),
                ws="websockets-sansio",
                ws_per_message_deflate=False,
                lifespan="off",
                log_config=None,
            )
            server = uvicorn.Server(config)
            stop = asyncio.Event()
            learning = Learning(PolicyStore(runtime.pool), Queue(runtime.pool))
            registry = handlers(learning, Analysis(ReportStore(runtime.pool), ContextualStore(runtime.pool)))
            tasks = [asyncio.create_task(server.serve([listener]))]
            if worker:
                tasks.append(
                    asyncio.create_task(Runner(runtime.pool, registry, poll=0.05, concurrency=1).run(stop))
                )
            try:
                async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=WAIT) as client:
                    yield Server(runtime, port, client)
            finally:
                runtime.leave()
                server.should_exit = True
                stop.set()
                await asyncio.gather(*tasks)
                listener.close()

    return serve_


async def received(stream: ClientConnection) -> Any:
    return await asyncio.wait_for(stream.recv(), WAIT)


async def closed(stream: ClientConnection) -> tuple[int, str]:
    """How the server closed it, whatever it sent before."""
    with pytest.raises(ConnectionClosed) as end:  # noqa: PT012
        while True:
            await received(stream)
    assert end.value.rcvd is not None
    return end.value.rcvd.code, end.value.rcvd.reason


async def test_a_watcher_gets_the_report_at_once_and_again(serve: Serve) -> None:
    async with serve() as server:
        experiment = await created(server.client, bandit())
        async with server.watch("bandit") as stream:
            first = await received(stream)
            assert isinstance(first, str)
            report = await server.client.get(f"/api/v1/experiments/{experiment}/report")
            assert first.encode() == report.content
            assert await received(stream) == first
            await server.news(experiment)
            while json.loads(newer := await received(stream))["watermark"]["seq"] == 0:
                assert newer == first
            assert json.loads(newer)["watermark"]["seq"] == 1


async def test_all_watchers_get_the_same_documents_of_one_computation(serve: Serve) -> None:
    async with serve() as server:
        experiment = await created(server.client, bandit())
        async with (
            server.watch(experiment) as one,
            server.watch("bandit") as two,
            server.watch(experiment.upper()) as three,
        ):
            documents = [await received(stream) for stream in (one, two, three) for _ in range(3)]
        assert len(set(documents)) == 1
        results = await server.runtime.pool.fetch("select result from job where kind = 'report'")
        assert [row["result"] for row in results].count({"computed": True}) == 1


async def test_an_unknown_experiment_closes_with_the_reason(serve: Serve) -> None:
    async with serve() as server, server.watch("nobody") as stream:
        assert await closed(stream) == (4404, "Experiment not found: nobody")


async def test_an_address_without_a_stream_closes_with_the_reason(serve: Serve) -> None:
    async with serve() as server, connect(f"ws://127.0.0.1:{server.port}/api/v1/ws/nothing") as stream:
        assert await closed(stream) == (4404, "Stream not found: /api/v1/ws/nothing")


@pytest.mark.parametrize(
    "headers",
    [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"host": "evil.example"}],
)
async def test_in_development_another_sites_page_cannot_watch(serve: Serve, headers: dict[str, str]) -> None:
    async with serve() as server:
        experiment = await created(server.client, bandit())
        async with server.watch(experiment, "?token=dev-token", **headers) as stream:
            code, reason = await closed(stream)
            assert code == 4403
            assert "Host" in reason or "another site" in reason
        async with server.watch(experiment, origin="http://localhost:3000") as stream:
            assert json.loads(await received(stream))["experiment_id"] == experiment


async def test_a_token_is_needed_and_may_come_in_the_query_and_is_never_logged(
    serve: Serve, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.INFO)
    async with serve(env="production", write_tokens=(WRITER,), admin_tokens=(ADMIN,)) as server:
        admin = {"authorization": f"Bearer {ADMIN}"}
        answer = await server.client.post("/api/v1/experiments", json=bandit(), headers=admin)
        experiment = answer.json()["experiment_id"]
        async with server.watch(experiment) as stream:
            code, reason = await closed(stream)
            assert code == 4401
            assert "token" in reason
        async with server.watch(experiment, "?token=guess-4711") as stream:
            assert (await closed(stream))[0] == 4401
        async with server.watch(experiment, f"?token={WRITER}") as stream:
            assert json.loads(await received(stream))["experiment_id"] == experiment
        async with server.watch(experiment, authorization=f"Bearer {WRITER}") as stream:
            assert json.loads(await received(stream))["experiment_id"] == experiment
    printed = capfd.readouterr()
    logged = caplog.text + printed.out + printed.err
    assert "WebSocket /api/v1/ws" in logged
    for secret in (WRITER, ADMIN, "guess-4711"):
        assert secret not in logged


async def test_the_end_of_the_server_closes_the_stream(serve: Serve) -> None:
    async with serve() as server:
        experiment = await created(server.client, bandit())
        async with server.watch(experiment) as stream:
            await received(stream)
            server.runtime.leave()
            assert await closed(stream) == (1001, "the server is shutting down")


async def test_a_watcher_that_does_not_read_is_dropped_and_the_others_go_on(serve: Serve) -> None:
    async with serve(patience=0.5) as server:
        experiment = await created(server.client, bandit())
        # A large document fills the buffers of both sides before long.
        await server.runtime.pool.execute(
            "update configuration set document = jsonb_set(document, '{name}', to_jsonb(repeat('x', 2000000)))"
        )
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1024)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        path = f"/api/v1/ws/experiments/{experiment}/live"
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        assert b"101" in await asyncio.wait_for(reader.readline(), WAIT)
        channels = server.runtime.live.channels.open
        async with server.watch(experiment) as stream:
            await received(stream)
            async with asyncio.timeout(WAIT):
                while channels[experiment].watchers == 2:
                    await received(stream)
            assert channels[experiment].watchers == 1
            await received(stream)
        writer.transport.abort()


async def test_a_watcher_that_leaves_ends_the_producer(serve: Serve) -> None:
    async with serve() as server:
        experiment = await created(server.client, bandit())
        async with server.watch(experiment) as stream:
            await stream.send("hello?")  # what a watcher says is not listened to
            await received(stream)
            assert len(server.runtime.live.channels.open) == 1
        async with asyncio.timeout(WAIT):
            while server.runtime.live.channels.open:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


async def test_a_stream_waits_for_a_worker_that_is_away(serve: Serve) -> None:
    async with serve(worker=False) as server:
        runtime = server.runtime
        object.__setattr__(runtime.reports, "_patience", 0.1)
        experiment = await created(server.client, bandit())
        async with server.watch(experiment) as stream:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(stream.recv(), 1)
            number = await runtime.pool.fetchval("select no from experiments where id = $1", experiment)
            await Analysis(ReportStore(runtime.pool), ContextualStore(runtime.pool)).report(number)
            assert json.loads(await received(stream))["experiment_id"] == experiment
