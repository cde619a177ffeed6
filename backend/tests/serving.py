"""A running server as the tests of documents see it: its address in the place of the printed one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from launched import home, launched
from litmus_server.postgres import inspect


@dataclass(frozen=True, slots=True)
class Served:
    """A server that is ready."""

    port: int
    data_folder: Path

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
def serving() -> Iterator[Served]:
    """`litmus serve` in development, with a worker, on a free port and in a folder of its own."""
    with home() as folder, launched(folder) as server:
        server.ready().worker()
        yield Served(server.port, folder / "data")
