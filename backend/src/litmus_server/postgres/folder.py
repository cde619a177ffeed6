"""The data folder: who owns it, where its database is, who may reach it.

Permissions are changed on what Litmus made itself, and on nothing else. When Litmus runs as root and the
account of PostgreSQL cannot reach the data folder (a parent such as /root is closed, and stays so), the
database is made in `/var/lib/litmus/<id>`, and `litmus.json` in the data folder says so.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shlex
import socket
import stat
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from litmus_server.postgres.account import Account, choose
from litmus_server.postgres.errors import ClusterGone, FolderInUse, FolderUnusable

SYSTEM_HOME = Path("/usr/local/var/litmus" if sys.platform == "darwin" else "/var/lib/litmus")
PORT = 5432
# sun_path holds 108 bytes on Linux and 104 on macOS, with the final NUL.
SOCKET_PATH_LIMIT = 103 if sys.platform == "darwin" else 107


@dataclass(frozen=True, slots=True)
class Owner:
    """The process that holds a data folder."""

    pid: int
    command: str
    since: str

    def __str__(self) -> str:
        """For messages."""
        return f"process {self.pid} ({self.command}), since {self.since}"


@dataclass(frozen=True, slots=True)
class Record:
    """What `litmus.json` says; `home` is set only when the database is outside the data folder."""

    id: str
    home: str | None = None
    initialised: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where the parts of one embedded server are, and who it runs as."""

    folder: Path
    home: Path
    account: Account
    record: Record

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own data directory."""
        return self.home / "cluster"

    @property
    def log(self) -> Path:
        """Where PostgreSQL's standard error goes."""
        return self.home / "postgres.log"

    def initialised(self) -> Place:
        """Note, durably, that this folder has had a database from now on."""
        record = replace(self.record, initialised=True)
        write_record(self.folder, record)
        return replace(self, record=record)


class OwnerLock:
    """An flock on a file that names its holder. The kernel releases it when the holder dies, however."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd: int | None = None

    def acquire(self, patience: float = 1.0) -> None:
        """Raises `FolderInUse` after `patience` seconds (somebody may only be looking, or just leaving)."""
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() < deadline:
                    time.sleep(0.05)
                    continue
                holder = _read_owner(fd)
                os.close(fd)
                raise FolderInUse(
                    f"The data folder {self._path.parent} is in use by {holder or 'another process'}. "
                    "Stop that process, or give this one another folder (LITMUS_DATA_FOLDER)."
                ) from None
        command = shlex.join([Path(sys.argv[0]).name or "python", *sys.argv[1:]])[:500]
        owner = Owner(os.getpid(), command, datetime.now(UTC).isoformat(timespec="seconds"))
        os.ftruncate(fd, 0)
        os.pwrite(fd, json.dumps(asdict(owner)).encode(), 0)
        self._fd = fd

    def release(self) -> None:
        """The file stays: removing it would let two processes lock two files of one name."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def holder_of(path: Path) -> Owner | None:
    """Who holds the lock at `path` at this moment, if anybody."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read_owner(fd) or Owner(0, "unknown", "unknown")
    else:
        return None
    finally:
        os.close(fd)


def _read_owner(fd: int) -> Owner | None:
    with suppress(ValueError, TypeError):
        return Owner(**json.loads(os.pread(fd, 4096, 0)))
    return None


def read_record(folder: Path) -> Record | None:
    """What the data folder says about itself; none in a folder that Litmus has not used yet."""
    path = folder / "litmus.json"
    try:
        return Record(**json.loads(path.read_text()))
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise FolderUnusable(f"The data folder {folder} belongs to another user: {error}") from error
    except (ValueError, TypeError) as error:
        raise FolderUnusable(
            f"{path} is damaged ({error}). Restore it from a backup of the folder."
        ) from error


def write_record(folder: Path, record: Record) -> None:
    """Replace `litmus.json` in one step that a power cut cannot halve."""
    fresh = folder / "litmus.json.new"
    with fresh.open("w") as file:
        json.dump(asdict(record), file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(folder / "litmus.json")
    sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def check_not_gone(folder: Path, record: Record) -> None:
    """Raise `ClusterGone` when the folder had a database once and has none now."""
    cluster = home_of(folder, record) / "cluster"
    if record.initialised and not (cluster / "PG_VERSION").exists():
        raise ClusterGone(
            f"The data folder {folder} had a database, and {cluster} is not there or is not whole now. Is a disk not "
            "mounted? Restore it from a backup. Litmus makes no new, empty one in its place; if that is what you "
            "want, use another data folder."
        )


def home_of(folder: Path, record: Record) -> Path:
    """Where the database of a folder is."""
    return Path(record.home).resolve() if record.home else folder / "postgres"


def prepare(folder: Path) -> Place:
    """Decide, once for the life of the folder, where the database is and who it runs as. Needs the lock."""
    record = read_record(folder)
    ours = record is not None or all(entry.name == "owner.lock" for entry in folder.iterdir())
    if record is None:
        record = Record(id=secrets.token_hex(6))
        write_record(folder, record)
    cluster = home_of(folder, record) / "cluster"
    owner = cluster.stat().st_uid if cluster.exists() else None
    account = choose(owner)
    if owner not in (None, account.uid):
        raise FolderUnusable(
            f"The database in {cluster} belongs to user id {owner}, and Litmus runs as {account.name}. "
            "Run Litmus as that user (or as root, if it was root who made the folder)."
        )
    if not account.is_ours and record.home is None and not _admit(folder, account, ours=ours):
        if record.initialised:
            raise FolderUnusable(
                f"PostgreSQL runs as {account.name} because Litmus runs as root, and {account.name} cannot reach "
                f"{folder} any more. Open the folders above it to {account.name}, or run Litmus as {account.name}."
            )
        record = replace(record, home=str(SYSTEM_HOME / record.id))
        write_record(folder, record)
        if not SYSTEM_HOME.exists():
            SYSTEM_HOME.mkdir(parents=True)
            SYSTEM_HOME.chmod(0o711)
    home = home_of(folder, record)
    check_not_gone(folder, record)
    home.mkdir(exist_ok=True)
    # Root keeps the folder itself, so that the other account cannot plant links for root to follow.
    home.chmod(0o700 if account.is_ours else 0o711)
    if not account.can_enter(home):
        raise FolderUnusable(f"User {account.name}, whom PostgreSQL runs as, cannot reach {home}.")
    return Place(folder, home, account, record)


def _admit(folder: Path, account: Account, *, ours: bool) -> bool:
    """Whether the account can enter the data folder; opens that folder (no parent) if it is Litmus's own."""
    if account.can_enter(folder):
        return True
    if not ours or not account.can_enter(folder.parent):
        return False
    folder.chmod(stat.S_IMODE(folder.stat().st_mode) | 0o011)
    return account.can_enter(folder)


def make_socket_folder(place: Place) -> Path:
    """A folder that only PostgreSQL's account can enter, with a path that fits into a socket's address.

    That folder is the whole access control: inside it everybody is trusted, and nothing listens elsewhere.
    """
    for candidate in _socket_candidates(place):
        fits = len(os.fsencode(candidate)) + len(f"/.s.PGSQL.{PORT}") <= SOCKET_PATH_LIMIT
        # A comma separates hosts for every client, and a quote ends a path for PostgreSQL.
        plain = not set(str(candidate)) & set(',"')
        if not fits or not plain or not _make_private(candidate, place.account):
            continue
        if place.account.can_enter(candidate) and _holds_sockets(candidate):
            return candidate
    raise FolderUnusable(
        f"There is no safe folder with a short path for PostgreSQL's socket: {place.home} is too long, and none "
        "could be made in the system's folder for temporary files. Use a data folder with a shorter path."
    )


def _socket_candidates(place: Place) -> list[Path]:
    runtime = "/run" if os.geteuid() == 0 else os.environ.get("XDG_RUNTIME_DIR")
    bases = [runtime, tempfile.gettempdir(), "/tmp"]  # noqa: S108 (the folder itself is checked)
    usable = [Path(base) for base in bases if base and os.access(base, os.W_OK)]
    return [place.home / "socket", *(base / f"litmus-{place.record.id}" for base in usable)]


def _holds_sockets(folder: Path) -> bool:
    """Whether its file system can: some that are shared with a host or a network cannot."""
    probe = folder / "probe"
    with socket.socket(socket.AF_UNIX) as server:
        try:
            server.bind(str(probe))
        except OSError:
            return False
    probe.unlink()
    return True


def _make_private(folder: Path, account: Account) -> bool:
    """False when somebody else made the folder first, or could get in."""
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (os.geteuid(), account.uid):
        return False
    if found.st_uid != account.uid:
        os.chown(folder, account.uid, account.gid, follow_symlinks=False)
    return stat.S_IMODE(found.st_mode) & 0o077 == 0
