"""A stage for measurements: a real `litmus serve` on a folder of its own, a hundred experiments, units by SQL, wrk.

Nothing here asserts: it prints figures. Server, worker, PostgreSQL and load share the machine.
"""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import asyncpg
import psutil
from litmus_server.postgres import inspect

HERE = Path(__file__).parent
EXPERIMENTS = 100
TOKEN = "a-token-of-the-bench"


@dataclass
class Stage:
    """A server that is ready."""

    port: int
    data_folder: Path
    process: "subprocess.Popen[bytes]"
    started_in: float

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def database_url(self) -> str:
        url = inspect(self.data_folder).url
        assert url is not None
        return url

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """A request of ours, not of the load."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json", "authorization": f"Bearer {TOKEN}"}
        request = Request(self.base + path, data, headers, method=method)
        with urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def sql(self, query: str, *values: Any) -> list[Any]:
        """Rows of a query on the server's own database."""
        return asyncio.run(_fetch(self.database_url, query, *values))

    def tree(self) -> dict[str, int]:
        """Process name → PSS in bytes, added up over the processes of that name."""
        found: dict[str, int] = {}
        root = psutil.Process(self.process.pid)
        for process in [root, *root.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):  # PostgreSQL's helpers come and go
                command = " ".join(process.cmdline())
                name = "postgres" if "postgres" in command else "worker" if " worker" in command else "api"
                found[name] = found.get(name, 0) + process.memory_full_info().pss
        return found


@contextmanager
def stage(folder: Path, database_url: str | None = None, **environment: str) -> Iterator[Stage]:
    """Serve from `folder`, which is kept: a second stage on it finds the data of the first. With `database_url` it is one
    more server on that database.
    """
    ours = ["--embedded"] if database_url is None else []
    if database_url is not None:
        environment |= {"DATABASE_URL": database_url, "JWT_SECRET": "a-secret-of-the-bench-of-32-bytes!"}
    folder.mkdir(parents=True, exist_ok=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    began = time.monotonic()
    with (folder / "serve.log").open("ab") as log:
        process = subprocess.Popen(
            [str(Path(sys.executable).with_name("litmus")), "serve", *ours, "--host", "127.0.0.1"],
            env={
                **os.environ, "ENV": "production", "PORT": str(port), "LITMUS_DATA_FOLDER": str(folder / "data"),
                "LITMUS_ADMIN_TOKENS": TOKEN, "LOG_LEVEL": "WARNING", **environment,
            },
            stdout=log, stderr=log,
        )  # fmt: skip
    try:
        while True:
            try:
                with urlopen(f"http://127.0.0.1:{port}/ready", timeout=1):
                    break
            except OSError:
                if process.poll() is not None:
                    raise RuntimeError((folder / "serve.log").read_text()[-2000:]) from None
                time.sleep(0.02)
        yield Stage(port, folder / "data", process, time.monotonic() - began)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(120)


def furnish(on: Stage, units: int) -> None:
    """A hundred running experiments, and `units` units assigned one each; what is there already stays."""
    there = on.call("GET", "/api/v1/experiments?limit=200")["count"]
    for k in range(there, EXPERIMENTS):
        made = on.call("POST", "/api/v1/experiments", {
            "name": f"bench-{k}", "traffic_allocation": 1.0, "primary_metric": "conversion",
            "secondary_metrics": [{"name": "order_value", "kind": "mean"}],
            "variants": [{"name": f"arm-{a}", "weight": 0.2, "config": {"arm": a}} for a in range(5)],
        })  # fmt: skip
        on.call(
            "POST", f"/api/v1/experiments/{made['experiment_id']}/start", {"actor": "bench", "reason": "load"}
        )
    have = on.sql("select count(*) from assignment")[0][0]
    if have < units:
        on.sql(_ASSIGN, have, units - 1)
        on.sql("vacuum analyze assignment")


_ASSIGN = """
insert into assignment (unit, experiment, variant, door, epoch, propensity, bucket, revision, batch, attributes)
select unit, x.no, bucket / 200000, 1, 1, 200000, bucket, x.revision, 0, '{"country":"CA","device":"mobile","browser":"firefox"}'
from (
    select n, lpad(to_hex((n % 4194304 * 2654435761) % 4294967296), 8, '0') || '-' || n as unit from generate_series($1::bigint, $2::bigint) n
) t
join experiments x on x.key = 'bench-' || (n % 100)
cross join lateral (
    select ((('x' || encode(substring(sha256(convert_to('variant:' || x.salt || ':' || unit, 'UTF8')) from 1 for 4), 'hex'))::bit(32)::bigint
            * 1000000) >> 32)::int as bucket
) b
"""


def wrk(base: str, script: str, seconds: int, connections: int = 64, **variables: object) -> dict[str, Any]:
    """One thread of wrk, closed loop; what it saw."""
    environment = {**os.environ, "LOAD_FOLDER": str(HERE / "load"), "LOAD_TOKEN": TOKEN}
    environment |= {name: str(value) for name, value in variables.items()}
    command = [
        "wrk",
        "-t1",
        f"-c{connections}",
        f"-d{seconds}s",
        "--timeout",
        "30s",
        "--latency",
        "-s",
        f"{script}.lua",
        base,
    ]
    done = subprocess.run(
        command, cwd=HERE / "load", env=environment, capture_output=True, text=True, check=True
    )
    for line in done.stdout.splitlines():
        if line.startswith("RESULT "):
            seen: dict[str, Any] = json.loads(line[7:])
            return seen
    raise RuntimeError(done.stdout + done.stderr)


def bare(seconds: int = 10, *options: str) -> dict[str, Any]:
    """What the same load gets from the server without a product; `plain`: by uvicorn's own exchange."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, HERE / "bare.py", str(port), *options])
    try:
        _wait_for(port)
        return wrk(f"http://127.0.0.1:{port}", "assign", seconds)
    finally:
        process.terminate()
        process.wait(10)


def show(name: str, seen: dict[str, Any], **more: object) -> None:
    """A line for people, and the same as JSON for whoever keeps figures."""
    print(f"{name:42s} {json.dumps({**seen, **more})}", flush=True)


def _wait_for(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
        except OSError:
            time.sleep(0.05)
        else:
            return


async def _fetch(url: str, query: str, *values: Any) -> list[Any]:
    connection = await asyncpg.connect(url)
    try:
        return list(await connection.fetch(query, *values))
    finally:
        await connection.close()
