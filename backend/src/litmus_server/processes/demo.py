"""`litmus demo`: a server for this machine only, and beside it the simulation of the tutorial.

The simulation is the script that people run by hand, as a child process that draws on our terminal. What the server has to
say goes into a file: the terminal is for what can be watched.
"""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

from litmus_server import logs
from litmus_server.processes.server import serve
from litmus_server.settings import Refused, Settings

_SCRIPT = "live_bandit_simulation.py"
_PATIENCE = 10.0
_TUTORIAL_PORT = 3000  # where the tutorial's links lead


async def demonstrate(settings: Settings, *, rate: float) -> None:
    """Serve and simulate until Ctrl-C; then nothing of it runs any more, and the data is still there."""
    script = simulation()
    settings = _with_dashboard(settings)
    settings.data_folder.mkdir(parents=True, exist_ok=True)
    journal = settings.data_folder / "demo.log"
    _say(f"Litmus is starting. Its data and its log are in {settings.data_folder}")

    @asynccontextmanager
    async def beside(address: str, stop: asyncio.Event) -> AsyncIterator[None]:
        _say(f"It answers on {address}   (interactive documentation: {address}/docs)")
        _say(f"Look at it: {_dashboard(settings, address)}/experiments")
        _say("Ctrl-C ends the server, the simulation and its PostgreSQL.\n")
        # A session of its own: Ctrl-C reaches us, and we end it first, so that it can say how it went.
        child = await asyncio.create_subprocess_exec(
            sys.executable, script, "--base-url", address, "--rate", str(rate),
            stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        watch = asyncio.create_task(_told(child, stop))
        try:
            yield
        finally:
            watch.cancel()
            await _end(child)
            _say("\nStopping. Everything that was acknowledged is stored; `make run` goes on from there.")

    with _stderr_into(journal):
        logs.configure(settings.log_level)
        await serve(settings, beside=beside, progress=_say)
    _say("Stopped.")


def _with_dashboard(settings: Settings) -> Settings:
    """With the dashboard on the tutorial's port too, unless somebody else has it."""
    if settings.dashboard_port is not None:
        return settings
    with socket.socket() as trial, suppress(OSError):
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        trial.bind((settings.listens_on, _TUTORIAL_PORT))
        return settings.model_copy(update={"dashboard_port": _TUTORIAL_PORT})
    return settings


def _dashboard(settings: Settings, address: str) -> str:
    own = address if settings.dashboard_port is None else f"http://localhost:{settings.dashboard_port}"
    return (settings.dashboard_url or own).rstrip("/")


@contextmanager
def _stderr_into(file: Path) -> Iterator[None]:
    """Ours and that of every child, meanwhile: what is raised afterwards is said on the terminal again."""
    terminal = os.dup(2)
    try:
        with file.open("ab") as out:
            os.dup2(out.fileno(), 2)
        yield
    finally:
        os.dup2(terminal, 2)
        os.close(terminal)


def simulation() -> Path:
    """The script: beside this module in a wheel, in scripts/ of a checkout."""
    here = Path(__file__).resolve()
    for folder in (here.parents[1] / "scripts", here.parents[4] / "scripts"):
        if (folder / _SCRIPT).exists():
            return folder / _SCRIPT
    raise Refused(f"{_SCRIPT} is missing from this installation")


async def _told(child: asyncio.subprocess.Process, stop: asyncio.Event) -> None:
    """When somebody stops the experiment, the simulation ends and the server stays, to be looked at."""
    code = await child.wait()
    if code:
        _say(f"The simulation has failed (exit code {code}).")
        stop.set()
    else:
        _say("\nThe simulation has ended; the server goes on until Ctrl-C.")


async def _end(child: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        child.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(child.wait(), _PATIENCE)
    except TimeoutError:
        child.kill()
        await child.wait()


def _say(text: str) -> None:
    print(text, flush=True)
