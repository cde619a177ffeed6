"""The account that PostgreSQL runs as: ours, or, when we are root, one that exists already.

Nothing here makes an account or changes a permission.
"""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from litmus_server.postgres.errors import NoAccount

# In this order: an account made for Litmus, the one of a PostgreSQL package, the one that every system has.
CANDIDATES = ("litmus", "postgres", "nobody")


class ChildIdentity(TypedDict, total=False):
    """The arguments of `subprocess.Popen` that make a child run as somebody else."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Account:
    """Who PostgreSQL runs as."""

    uid: int
    gid: int
    name: str

    @property
    def is_ours(self) -> bool:
        """Whether PostgreSQL runs as the same user as Litmus."""
        return self.uid == os.geteuid()

    def identity(self) -> ChildIdentity:
        """What to hand to `subprocess.Popen` so that the child runs as this account."""
        if self.is_ours:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def can_enter(self, folder: Path) -> bool:
        """Whether this account can reach the folder: asked of the kernel, so that ACLs count too."""
        probe = subprocess.run(
            ["/bin/sh", "-c", 'cd -- "$1"', "sh", str(folder)],
            check=False,
            cwd="/",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **self.identity(),
        )
        return probe.returncode == 0


def account_of(uid: int) -> Account:
    """Raises `NoAccount` for a uid without a name, which initdb refuses (`docker run --user 12345`)."""
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        raise NoAccount(
            f"User id {uid} has no entry in the password database, and PostgreSQL's initdb refuses to work "
            "without one. Run Litmus as a user that has a name, or set DATABASE_URL to a server of your own."
        ) from None
    return Account(uid=entry.pw_uid, gid=entry.pw_gid, name=entry.pw_name)


def choose(cluster_owner: int | None) -> Account:
    """The account for this process's PostgreSQL; as root an existing cluster keeps the owner that it has."""
    if os.geteuid() != 0:
        return account_of(os.geteuid())
    if cluster_owner:
        return account_of(cluster_owner)
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(uid=entry.pw_uid, gid=entry.pw_gid, name=name)
    raise NoAccount(
        f"PostgreSQL refuses to run as root, and none of the accounts {', '.join(CANDIDATES)} exists. "
        "Run Litmus as an ordinary user, make one of these accounts, or set DATABASE_URL."
    )
