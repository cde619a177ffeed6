"""Migrating, in a process of its own: the tool for it needs more memory, and more time to load, than the server does.

The process loads first and reads the address then, so that it can be started while PostgreSQL is still being made. The
address comes through a pipe: it may hold a password.
"""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process


class Migration:
    """At most one child, which applies what is missing to one database."""

    def __init__(self) -> None:
        """Nothing runs yet."""
        self._process: Process | None = None

    async def begin(self) -> None:
        """Start the child, which loads and waits."""
        if self._process is None:
            command = (sys.executable, "-P", "-m", __name__)
            self._process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, start_new_session=True)

    async def apply(self, url: str) -> bool:
        """Migrate this database; False when it failed, and the child has said why."""
        await self.begin()
        assert self._process is not None
        await self._process.communicate(url.encode())
        return self._process.returncode == 0

    async def end(self) -> None:
        """Let it go if it was not needed, or is needed no more: what it had begun is undone."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


def _main() -> None:
    from litmus_server.store.migrate import upgrade

    if url := sys.stdin.read().strip():
        asyncio.run(upgrade(url))


if __name__ == "__main__":
    _main()
