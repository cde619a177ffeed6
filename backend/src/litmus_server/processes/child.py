"""A process of ours that ends when we end, however we end: it reads a pipe from us and leaves at its end.

It knows starting, restarting and ending; it must not know what the child does.
"""

import asyncio
import os
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Mapping

import structlog

log = structlog.get_logger(__name__)

_SHORTEST, _LONGEST = 0.2, 10.0
_STEADY = 30.0  # seconds of life after which a death is a new story and not the old one


def command(*arguments: str) -> list[str]:
    """The command line of another `litmus` that runs this same code."""
    return [sys.executable, "-P", "-m", "litmus_server.cli", *arguments]


class Child:
    """One child, started again when it dies, ever less often while it dies at once."""

    def __init__(self, name: str, arguments: list[str], environment: Mapping[str, str]) -> None:
        """`arguments` of the `litmus` command, which must understand `--parent-fd`."""
        self._name = name
        self._command = command(*arguments, "--parent-fd", "0")
        self._environment = environment
        self._process: Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self.restarts = 0

    @property
    def pid(self) -> int | None:
        """The process id, while it lives."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def start(self) -> None:
        """Start it, and keep it from now on."""
        await self._spawn()
        self._keeper = asyncio.create_task(self._keep(), name=f"keeper of the {self._name}")

    async def stop(self, patience: float) -> None:
        """Close its pipe and wait; after `patience` seconds it is killed."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
        process = self._process
        if process is None or process.returncode is not None:
            return
        assert process.stdin is not None
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), patience)
        except TimeoutError:
            log.warning("a child did not leave in time and is killed", child=self._name, pid=process.pid)
            process.kill()
            await process.wait()

    async def _spawn(self) -> None:
        # A session of its own: Ctrl-C in a terminal is for us, and we end the child when it is its turn.
        self._process = await asyncio.create_subprocess_exec(
            *self._command, stdin=PIPE, env=self._environment, start_new_session=True
        )
        log.info("started", child=self._name, pid=self._process.pid)

    async def _keep(self) -> None:
        pause = _SHORTEST
        while True:
            assert self._process is not None
            began = time.monotonic()
            code = await self._process.wait()
            pause = _SHORTEST if time.monotonic() - began > _STEADY else min(pause * 2, _LONGEST)
            log.error(
                "a child has died and is started again", child=self._name, exit_code=code, in_seconds=pause
            )
            await asyncio.sleep(pause)
            self.restarts += 1
            while not await self._respawned():
                pause = min(pause * 2, _LONGEST)
                await asyncio.sleep(pause)

    async def _respawned(self) -> bool:
        """Whether the machine let us (it may be short of processes, memory or files for a while)."""
        try:
            await self._spawn()
        except OSError as error:
            log.error("a child could not be started; tried again", child=self._name, error=str(error))
            return False
        return True


def at_end_of(descriptor: int, then: Callable[[], None]) -> None:
    """Call `then` in the running loop when the parent at the other end of this pipe is gone or closes it."""
    loop = asyncio.get_running_loop()

    def readable() -> None:
        if not os.read(descriptor, 4096):
            loop.remove_reader(descriptor)
            then()

    loop.add_reader(descriptor, readable)
