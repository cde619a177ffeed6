"""The cluster: made once by initdb, configured at every start."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
from pathlib import Path

from litmus_server.postgres.errors import FolderUnusable, StartFailed
from litmus_server.postgres.folder import Place, check_not_gone, sync_folder
from litmus_server.postgres.runtime import Runtime

ROLE = "litmus"
DATABASE = "litmus"
# A new cluster takes 60 MB and its write-ahead log grows to max_wal_size; less than this is not a start.
NEEDED_BYTES = 256 * 2**20

SETTINGS = {
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_connections": "50",
    # Durability is the product's promise.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    # A crash replays at most this much, at about 5 s a gigabyte (one core): ready again within 10 s.
    "max_wal_size": "1GB",
    # Random unit ids touch a new page each: compressing its image (the wheel has only pglz) costs more than half of the speed.
    "wal_compression": "off",
    # One small server beside its only client: no helper processes for reading or for single queries, which
    # would also need more of /dev/shm than a container has (64 MB), and no compiling of short statements.
    "io_method": "sync",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "random_page_cost": "1.1",
    # Tables that mostly grow: often and a little, so that index-only scans and statistics keep up.
    "autovacuum_naptime": "15s",
    "autovacuum_max_workers": "2",
    "autovacuum_vacuum_scale_factor": "0.05",
    "autovacuum_vacuum_insert_scale_factor": "0.05",
    "autovacuum_analyze_scale_factor": "0.02",
    "autovacuum_vacuum_cost_limit": "1000",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_startup_progress_interval": "2s",
    "log_line_prefix": "%m [%p] ",
    # Values of people's events must not reach a log by way of a statement's text or an error's detail.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "unix_socket_permissions": "0700",
}
if sys.platform == "darwin":
    SETTINGS["wal_sync_method"] = "fsync_writethrough"  # plain fsync does not reach the disk there
if sys.platform == "linux":
    SETTINGS["recovery_init_sync_method"] = "syncfs"  # one call, not one for each file of the cluster


def environment() -> dict[str, str]:
    """A child's environment: nothing of ours, so that no PG… variable changes what it does."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def major_of(place: Place) -> int | None:
    """The cluster's major version; none when there has never been a cluster; `ClusterGone` when there was one."""
    check_not_gone(place.folder, place.record)
    version = place.cluster / "PG_VERSION"
    return int(version.read_text()) if version.exists() else None


def check_space(place: Place) -> None:
    """Refuse before anything is half done."""
    free = shutil.disk_usage(place.home).free
    if free < NEEDED_BYTES:
        raise FolderUnusable(
            f"The disk of {place.home} has {free // 2**20} MB free, and a new database needs {NEEDED_BYTES // 2**20} MB."
        )


def initialise(place: Place, runtime: Runtime) -> None:
    """Make the cluster beside its place and move it there whole, so that an interrupted one is simply made again."""
    fresh = place.home / f"cluster.new-{secrets.token_hex(4)}"
    fresh.mkdir(mode=0o700)
    if not place.account.is_ours:
        os.chown(fresh, place.account.uid, place.account.gid)
    options = [
        "--no-locale",
        "--encoding=UTF8",
        "--data-checksums",
        "--no-instructions",
        f"--username={ROLE}",
    ]
    access = ["--auth-local=trust", "--auth-host=reject"]
    try:
        _run(place, [runtime.bin / "initdb", f"--pgdata={fresh}", *options, *access])
        single: list[str | Path] = ["--single", "-D", fresh, "-c", "exit_on_error=on", "template1"]
        _run(place, [runtime.bin / "postgres", *single], f"create database {DATABASE}\n")
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    fresh.rename(place.cluster)
    sync_folder(place.home)


def remove_unfinished(place: Place) -> None:
    """What an interrupted `initialise` left. Its initdb may outlive it and go on writing, so each start looks again."""
    for leftover in place.home.glob("cluster.new-*"):
        shutil.rmtree(leftover, ignore_errors=True)


def configure(place: Place) -> Path:
    """Write the settings of this release, and leave room for the operator's own, which are read after them."""
    path = place.home / "postgresql.conf"
    lines = [f"{name} = '{value}'" for name, value in SETTINGS.items()]
    path.write_text(
        "# Litmus writes this file at every start. Your own settings go into custom.conf beside it.\n"
        + "\n".join(lines)
        + "\ninclude_if_exists = 'custom.conf'\n"
    )
    path.chmod(0o644)
    return path


def _run(place: Place, command: list[str | Path], text: str = "") -> None:
    """One step of making a cluster; `StartFailed` with what it said (a full disk says so)."""
    done = subprocess.run(
        command,
        check=False,
        input=text,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        cwd=place.home,
        env=environment(),
        umask=0o077,
        **place.account.identity(),
    )
    if done.returncode != 0:
        said = "\n".join(done.stdout.strip().splitlines()[-15:])
        raise StartFailed(f"{Path(command[0]).name} could not make a database in {place.home}:\n{said}")
