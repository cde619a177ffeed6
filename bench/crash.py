"""kill -9 of the server, the worker and PostgreSQL, again and again under load: what was acknowledged is there, once.

    uv run python bench/crash.py [--times 20] [--folder DIR]

The load runs in threads of this process and remembers every acknowledgement. At the end the log is held against it, and
the folded tables against a recompute from the log.
"""

import argparse
import asyncio
import http.client
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen
from uuid import uuid4

import asyncpg
import psutil
from litmus_server.postgres import inspect
from litmus_server.store.verify import verify

PORT = 18_431
THREADS = 8


class Load:
    """Assigns, exposes and measures until told to stop; knows what was acknowledged."""

    def __init__(self) -> None:
        self.assigned: dict[tuple[str, str], str] = {}
        self.accepted: set[str] = set()
        self.failed = self.contradicted = 0
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self._run, args=(n,)) for n in range(THREADS)]

    def _run(self, number: int) -> None:
        rng = random.Random(number)
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=10)
        serial = 0
        pending: list[dict[str, Any]] = []
        while not self.stop.is_set():
            try:
                serial += 1
                unit, key = f"{number}-{rng.randrange(serial + 1)}", f"crash-{rng.randrange(5)}"
                answer = _post(connection, f"/api/v1/experiments/{key}/assign", {"unit_id": unit})
                if answer is None:
                    self.failed += 1
                elif answer["in_experiment"]:
                    if self.assigned.setdefault((key, unit), answer["variant_key"]) != answer["variant_key"]:
                        self.contradicted += 1
                    pending.append(
                        {"event_id": str(uuid4()), "type": "exposure", "unit_id": unit, "experiment_id": key}
                    )
                    pending.append({"event_id": str(uuid4()), "type": "metric", "metric_name": "value", "unit_id": unit,
                                    "value": rng.randrange(1000) / 4, **({"experiment_id": key} if rng.random() < 0.7 else {})})  # fmt: skip
                if len(pending) >= 40:
                    # The same ids again until they are acknowledged, as an SDK does.
                    sent = _post(connection, "/api/v1/events", {"events": pending})
                    if sent is None:
                        self.failed += 1
                    else:
                        self.accepted |= {
                            each["event_id"] for each in sent["outcomes"] if each["outcome"] != "rejected"
                        }
                        pending = []
            except (OSError, http.client.HTTPException):
                connection.close()
                time.sleep(0.05)


def _post(connection: http.client.HTTPConnection, path: str, body: Any) -> Any:
    connection.request("POST", path, json.dumps(body), {"content-type": "application/json"})
    answer = connection.getresponse()
    content = answer.read()
    return json.loads(content) if answer.status == 200 else None


class Server:
    """`litmus serve`, started again by whoever kills it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = (folder / "serve.log").open("ab")
        self.start()

    def start(self) -> None:
        environment = {**os.environ, "ENV": "development", "PORT": str(PORT), "LITMUS_DATA_FOLDER": str(self.folder / "data"),
                       "LOG_LEVEL": "WARNING"}  # fmt: skip
        command = [str(Path(sys.executable).with_name("litmus")), "serve"]
        self.process = subprocess.Popen(command, env=environment, stdout=self.log, stderr=self.log)

    def kill(self, victim: str) -> None:
        if victim == "server":
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.start()
        elif victim == "worker":
            for child in psutil.Process(self.process.pid).children():
                if "worker" in child.cmdline():
                    child.kill()
        else:
            os.kill(inspect(self.folder / "data").pid or 0, signal.SIGKILL)

    def ready_in(self) -> float:
        """Seconds until it answers /ready and takes a write; the worker is part of being ready."""
        began = time.monotonic()
        while True:
            try:
                with urlopen(f"http://127.0.0.1:{PORT}/ready", timeout=1) as answer:
                    if json.load(answer).get("status", "ok") != "down":
                        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=10)
                        probe = {
                            "event_id": str(uuid4()),
                            "type": "metric",
                            "metric_name": "probe",
                            "value": 1,
                            "unit_id": "probe",
                        }
                        if _post(connection, "/api/v1/events", probe) is not None:
                            return time.monotonic() - began
            except (URLError, OSError, http.client.HTTPException):
                pass
            time.sleep(0.02)


def main() -> None:
    parse = argparse.ArgumentParser(description=__doc__)
    parse.add_argument("--times", type=int, default=20)
    parse.add_argument("--folder", type=Path, default=Path("/var/tmp/litmus-crash"))
    given = parse.parse_args()
    shutil.rmtree(given.folder, ignore_errors=True)
    given.folder.mkdir(parents=True)
    server = Server(given.folder)
    print(f"first start: ready in {server.ready_in():.2f} s", flush=True)
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=10)
    for k in range(5):
        _post(connection, "/api/v1/experiments", {"name": f"crash-{k}", "primary_metric": "value",
              "variants": [{"name": "control", "weight": 0.5}, {"name": "treatment", "weight": 0.5}]})  # fmt: skip
        _post(connection, f"/api/v1/experiments/crash-{k}/start", {})
    load = Load()
    for thread in load.threads:
        thread.start()
    took: dict[str, list[float]] = {"server": [], "worker": [], "postgres": []}
    for turn in range(given.times):
        for victim in took:
            time.sleep(1.0)
            if victim == "postgres" and turn == given.times // 2:
                asyncio.run(_fill_wal(server))
            server.kill(victim)
            took[victim].append(server.ready_in())
    time.sleep(2)
    load.stop.set()
    for thread in load.threads:
        thread.join()
    for victim, seconds in took.items():
        print(json.dumps({"killed": victim, "times": len(seconds), "ready_again_max_s": round(max(seconds), 2),
                          "ready_again_median_s": round(sorted(seconds)[len(seconds) // 2], 2)}), flush=True)  # fmt: skip
    asyncio.run(_judge(server, load))
    server.process.send_signal(signal.SIGINT)
    server.process.wait(60)


async def _fill_wal(server: Server) -> None:
    """As much log to replay as there can be: write until just before the next checkpoint."""
    connection = await asyncpg.connect(inspect(server.folder / "data").url)
    await connection.execute("checkpoint")
    megabytes = await connection.fetchval(
        "select setting::bigint from pg_settings where name = 'max_wal_size'"
    )
    await connection.execute("create table if not exists filler (id uuid, body text)")
    began = await connection.fetchval("select pg_current_wal_insert_lsn()")
    written = 0
    # A checkpoint begins at about half of max_wal_size; it may finish late, so the most is what lies between two.
    while written < megabytes * 0.9 * 2**20:
        await connection.execute(
            "insert into filler select gen_random_uuid(), repeat(md5(random()::text), 20) from generate_series(1, 20000)"
        )
        written = await connection.fetchval("select pg_current_wal_insert_lsn() - $1::pg_lsn", began)
    replay = await connection.fetchval(
        "select pg_current_wal_insert_lsn() - redo_lsn from pg_control_checkpoint()"
    )
    print(f"WAL to replay: {int(replay) >> 20} MB (max_wal_size {megabytes} MB)", flush=True)
    connection.terminate()


async def _judge(server: Server, load: Load) -> None:
    connection = await asyncpg.connect(inspect(server.folder / "data").url)
    while await connection.fetchval("select exists (select from fold_queue)"):  # noqa: ASYNC110 - another process's event
        await asyncio.sleep(0.1)
    ids = [str(row[0]) for row in await connection.fetch("select event_id from event")]
    rows = await connection.fetch("select experiment_key, unit_id, variant_key from experiment_assignments")
    stored = {(row[0], row[1]): row[2] for row in rows}
    missing = [pair for pair, variant in load.assigned.items() if stored.get(pair) != variant]
    differences = await verify(connection)
    print(json.dumps({
        "acknowledged_events": len(load.accepted), "lost": len(load.accepted - set(ids)), "twice": len(ids) - len(set(ids)),
        "acknowledged_assignments": len(load.assigned), "lost_or_changed": len(missing), "contradicted": load.contradicted,
        "requests_failed_and_sent_again": load.failed, "differences_from_a_recompute": [str(each) for each in differences][:5],
    }), flush=True)  # fmt: skip
    await connection.close()


if __name__ == "__main__":
    main()
