"""What can be said about an embedded server from outside: for `litmus doctor`, and to find a running one.

Takes no lock and changes nothing.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from litmus_server.postgres import postmaster, runtime
from litmus_server.postgres.embedded import url_of
from litmus_server.postgres.folder import Owner, holder_of, home_of, read_record


@dataclass(frozen=True, slots=True)
class Facts:
    """The state of one data folder's PostgreSQL at one moment; `size_bytes` is what the cluster takes on disk."""

    folder: Path
    home: Path
    initialised: bool
    major: int | None
    runtime: str | None
    size_bytes: int
    owner: Owner | None
    pid: int | None
    socket: Path | None
    url: str | None
    orphans: tuple[int, ...]
    log: Path

    @property
    def left_behind(self) -> bool:
        """A live PostgreSQL whose Litmus has died; the next start adopts it."""
        return self.pid is not None and self.owner is None


def inspect(data_folder: Path) -> Facts:
    """The facts of a data folder, which need not exist. `url` is set when its PostgreSQL is running."""
    folder = data_folder.expanduser().resolve()
    record = read_record(folder)
    home = home_of(folder, record) if record else folder / "postgres"
    cluster = home / "cluster"
    server = postmaster.find(cluster)
    version = cluster / "PG_VERSION"
    copies = runtime.copied(home)
    return Facts(
        folder=folder,
        home=home,
        initialised=record is not None and record.initialised,
        major=int(version.read_text()) if version.exists() else None,
        runtime=copies[0].version if copies else None,
        size_bytes=_size(cluster),
        owner=holder_of(folder / "owner.lock"),
        pid=server.pid if server else None,
        socket=server.socket if server else None,
        url=url_of(server.socket) if server else None,
        orphans=tuple(postmaster.orphans_in(cluster, server.pid if server else None)),
        log=home / "postgres.log",
    )


def _size(folder: Path) -> int:
    """Bytes on the disk; files come and go while it counts."""
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(path, name)).st_blocks * 512  # noqa: PTH118
            except FileNotFoundError:
                continue
    return total
