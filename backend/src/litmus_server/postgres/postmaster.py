"""The process: started as our direct child, or found alive and adopted; watched, and stopped.

Two witnesses tell whether a PostgreSQL of ours is alive. `postmaster.pid` names a process, which may be dead,
a zombie, or by now somebody else's; so the process must be called postgres and work in our cluster. And every
process of the server holds an flock that it inherited from the postmaster, so that the last backend of a
killed postmaster is seen as well, in whatever container it runs.
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from litmus_server.postgres.cluster import environment
from litmus_server.postgres.errors import StartFailed
from litmus_server.postgres.folder import PORT, Place
from litmus_server.postgres.runtime import Runtime

LOG_LIMIT = 8 * 2**20


@dataclass(slots=True)
class Postmaster:
    """A live PostgreSQL: `child` is set when this very process started it."""

    process: psutil.Process
    socket: Path
    child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id of the postmaster."""
        return self.process.pid

    def alive(self) -> bool:
        """Reaps it when it is dead and ours to reap (as process 1 of a container, adopted ones are too)."""
        if self.child is not None:
            return self.child.poll() is None
        if _runs(self.process):
            return True
        with suppress(ChildProcessError):
            os.waitpid(self.pid, os.WNOHANG)
        return False

    def says_ready(self, cluster: Path) -> bool:
        """Whether it has written into its pid file that recovery is over."""
        try:
            lines = (cluster / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return lines[:1] == [str(self.pid)] and lines[7:8] != [] and lines[7].strip() == "ready"

    def send(self, number: signal.Signals) -> None:
        """Signal it, if it still is the process that it was."""
        with suppress(psutil.NoSuchProcess):
            self.process.send_signal(number)


def find(cluster: Path) -> Postmaster | None:
    """The live postmaster that the cluster's pid file names, if it is one and is ours."""
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
        process = psutil.Process(int(lines[0]))
        socket = Path(lines[4])
    except (OSError, ValueError, IndexError, psutil.NoSuchProcess):
        return None
    if not _runs(process) or not _works_in(process, cluster):
        return None
    return Postmaster(process, socket)


def processes_in(cluster: Path) -> list[psutil.Process]:
    """All live processes of PostgreSQL that work in this cluster, as far as we may look."""
    return [process for process in psutil.process_iter() if _runs(process) and _works_in(process, cluster)]


def orphans_in(cluster: Path, expected: int | None) -> list[int]:
    """Postmasters of this cluster, or of one that was removed from its place, other than the expected one."""
    found = {process.pid: process for process in processes_in(cluster)}
    return sorted(pid for pid, process in found.items() if pid != expected and _parent(process) not in found)


def spawn(place: Place, runtime: Runtime, socket: Path, config: Path) -> Postmaster:
    """Start PostgreSQL as a direct child in a session of its own (a terminal's Ctrl-C is not for it).

    Waits until the last process of a killed predecessor has left, and removes what that left behind.
    """
    lock = os.open(place.home / "postmaster.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _wait_for_predecessor(lock, place.cluster)
        for stale in [place.cluster / "postmaster.pid", *socket.glob(".s.PGSQL.*")]:
            stale.unlink(missing_ok=True)
        bound_log(place.log, running=False)
        where: list[str | Path] = ["-D", place.cluster, f"--config-file={config}", "-k", f'"{socket}"']
        with open(place.log, "ab", opener=_privately) as log:
            child = subprocess.Popen(
                [runtime.bin / "postgres", *where, "-c", "listen_addresses=", "-c", f"port={PORT}"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=place.home,
                env=environment(),
                umask=0o077,
                start_new_session=True,
                pass_fds=[lock],
                **place.account.identity(),
            )
    finally:
        os.close(lock)  # the child's copy holds it from now on
    return Postmaster(psutil.Process(child.pid), socket, child)


def tail(log: Path, offset: int = 0, lines: int = 15) -> str:
    """The last lines of the log, none older than `offset` bytes."""
    with suppress(OSError), log.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(offset if offset <= end else 0, end - 16_384))
        return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
    return ""


def bound_log(log: Path, *, running: bool) -> None:
    """Keep the log and one older part of it, each at most 8 MB (and what is written between two looks)."""
    with suppress(FileNotFoundError):
        if log.stat().st_size < LOG_LIMIT:
            return
        older = log.with_suffix(".log.1")
        if running:
            # PostgreSQL holds the file open for appending: copy, then cut.
            older.write_bytes(log.read_bytes())
            os.truncate(log, 0)
        else:
            log.replace(older)


def _privately(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _wait_for_predecessor(lock: int, cluster: Path) -> None:
    """Backends of a killed postmaster leave by themselves unless they are busy; then they are told to."""
    started = time.monotonic()
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waited = time.monotonic() - started
        else:
            return
        if waited > 30:
            raise StartFailed(
                f"Processes of an earlier PostgreSQL still work in {cluster} and do not end. "
                "`litmus doctor` names them; they may also belong to another container that uses the same folder."
            )
        if waited > 1:
            for process in processes_in(cluster):
                with suppress(psutil.Error):
                    process.send_signal(signal.SIGQUIT if waited < 5 else signal.SIGKILL)
        time.sleep(0.02 if waited < 1 else 0.5)


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _works_in(process: psutil.Process, cluster: Path) -> bool:
    """PostgreSQL's processes have the cluster as their working folder."""
    try:
        if process.name() != "postgres":
            return False
        try:
            return process.cwd().removesuffix(" (deleted)") == str(cluster)
        except psutil.AccessDenied:
            # Root without CAP_SYS_PTRACE, as in a container; the postmaster's command line names the cluster.
            return str(cluster) in process.cmdline()
    except psutil.Error:
        return False


def _parent(process: psutil.Process) -> int:
    try:
        return process.ppid()
    except psutil.Error:
        return 0
