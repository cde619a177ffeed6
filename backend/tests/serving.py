"""A real `litmus serve` in a process of its own, on a free port and a folder of its own, for tests that are callers."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from litmus_server.postgres import inspect

STARTS_WITHIN = 60.0  # seconds: the machine may be busy, and the first start makes the database
STOPS_WITHIN = 60.0


@dataclass(frozen=True, slots=True)
class Served:
    """A server that is ready. `log` is what it has printed."""

    port: int
    data_folder: Path
    log: Path

    @property
    def base_url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def database_url(self) -> str:
        url = inspect(self.data_folder).url
        assert url is not None, "the embedded PostgreSQL is not running"
        return url

    def at(self, text: str) -> str:
        """The text with the addresses that documents print replaced by this server's."""
        for port in (8000, 8082):
            text = text.replace(f"//localhost:{port}", f"//localhost:{self.port}")
        return text


@contextmanager
def serving(folder: Path, **environment: str) -> Iterator[Served]:
    """Start in development, wait for /ready, and end it as a person would, by SIGINT."""
    port = _free_port()
    log = folder / "serve.log"
    variables = {
        **{name: value for name, value in os.environ.items() if not name.startswith("LITMUS_")},
        "ENV": "development",
        "PORT": str(port),
        "LITMUS_DATA_FOLDER": str(folder / "data"),
        **environment,
    }
    variables.pop("DATABASE_URL", None)
    with log.open("w") as out:
        process = subprocess.Popen(
            [str(Path(sys.executable).with_name("litmus")), "serve"],
            env=variables,
            cwd=folder,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_until_ready(process, port, log)
        yield Served(port, folder / "data", log)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOPS_WITHIN)
        finally:
            process.kill()


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(f"http://localhost:{port}/ready", timeout=5):
                return
        except (HTTPError, URLError, OSError):
            time.sleep(0.05)
    raise AssertionError(f"litmus serve did not become ready:\n{log.read_text()[-4000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
