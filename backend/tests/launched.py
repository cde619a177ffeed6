"""`litmus` as people start it: a process of its own, whose log is read and whose children are known."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import psutil

LITMUS = Path(sys.executable).with_name("litmus")
PATIENCE = 60.0  # seconds: the machine may be busy; nothing is measured here


def environment(folder: Path, **variables: str) -> dict[str, str]:
    """Development on a free port, in this folder, and nothing of what the machine has set."""
    ours = {"DATABASE_URL", "JWT_SECRET", "ENV", "LOG_LEVEL", "PORT"}
    foreign = {
        name: value
        for name, value in os.environ.items()
        if name not in ours and not name.startswith("LITMUS_")
    }
    return {
        **foreign,
        "ENV": "development",
        "PORT": "0",
        "LITMUS_DATA_FOLDER": str(folder / "data"),
        **variables,
    }


@dataclass(slots=True)
class Launched:
    """One `litmus serve`."""

    process: subprocess.Popen[bytes]
    log: Path

    def lines(self, event: str) -> list[dict[str, Any]]:
        """The log lines with this event."""
        found = []
        for line in self.log.read_text(encoding="utf-8").splitlines():
            try:
                said = json.loads(line)
            except ValueError:
                continue
            if said.get("event") == event:
                found.append(said)
        return found

    @property
    def port(self) -> int:
        until(lambda: bool(self.lines("listening")), "it listens", self)
        return int(self.lines("listening")[0]["port"])

    def get(self, path: str) -> tuple[int, dict[str, Any]]:
        """(status, document); status 0 when nobody answers."""
        try:
            with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status, json.load(answer)
        except HTTPError as error:
            return error.code, json.load(error)
        except (URLError, OSError):
            return 0, {}

    def ready(self) -> Launched:
        """Itself, when /ready says so."""
        until(lambda: self.get("/ready")[0] == 200, "it is ready", self)
        return self

    def worker(self) -> psutil.Process:
        """The worker that is connected now."""
        until(lambda: self.get("/health")[1].get("status") == "ok", "it is well", self)
        return psutil.Process(self.lines("started")[-1]["pid"])

    def postgres(self) -> psutil.Process:
        """The postmaster."""
        return psutil.Process(self.lines("PostgreSQL is up")[-1]["pid"])

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send the signal and answer the exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@contextmanager
def home() -> Iterator[Path]:
    """A folder for a whole Litmus, which its PostgreSQL may enter too when the tests run as root; nothing of it stays.

    (pytest's own folders are closed to others: as root the database would be made in /var/lib/litmus, and stay there.)
    """
    folder = Path(tempfile.mkdtemp(prefix="litmus-test-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def launched(folder: Path, *arguments: str, **variables: str) -> Iterator[Launched]:
    """`litmus serve`, ended at the end, by force if it must be."""
    folder.mkdir(exist_ok=True)
    log = folder / f"serve-{time.monotonic_ns()}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [LITMUS, "serve", *arguments],
            env=environment(folder, **variables),
            cwd=folder,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    server = Launched(process, log)
    try:
        yield server
    finally:
        if process.poll() is None:
            try:
                server.end()
            finally:
                process.kill()


def litmus(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A command that ends by itself."""
    folder.mkdir(exist_ok=True)
    return subprocess.run(
        [LITMUS, *arguments],
        env=environment(folder, **variables),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def until(holds: Callable[[], bool], what: str, server: Launched | None = None) -> None:
    """Wait until it holds; fail with the server's log."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        dead = server is not None and server.process.poll() is not None
        if dead or time.monotonic() > deadline:
            said = server.log.read_text(encoding="utf-8")[-4000:] if server is not None else ""
            raise AssertionError(f"{'it has ended before' if dead else 'never'}: {what}\n{said}")
        time.sleep(0.05)


def gone(process: psutil.Process) -> bool:
    """Whether this very process has ended (a zombie has)."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
