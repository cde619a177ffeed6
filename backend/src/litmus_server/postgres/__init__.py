"""The embedded PostgreSQL: the server that Litmus runs for itself when nobody names another.

It knows processes, folders and the binaries of the wheel; it must not know what Litmus keeps in the
database. Linux and macOS only: elsewhere name a server of your own in `DATABASE_URL`.

The folder, as it lies on the disk (`docs/decisions` has the reasons):

    <data folder>/owner.lock      who serves this folder now (an flock; the text inside is for people)
    <data folder>/litmus.json     the folder's id, where its database is, whether it was ever made
    <data folder>/postgres/       cluster, runtime (the binaries), socket, postgresql.conf, postgres.log

As root the last one may be `/var/lib/litmus/<id>` instead: see `folder.py`.
"""

from litmus_server.postgres.embedded import Embedded
from litmus_server.postgres.errors import (
    ClusterGone,
    EmbeddedError,
    FolderInUse,
    FolderUnusable,
    NoAccount,
    NoBinaries,
    StartFailed,
    WrongMajorVersion,
)
from litmus_server.postgres.facts import Facts, inspect

__all__ = [
    "ClusterGone",
    "Embedded",
    "EmbeddedError",
    "Facts",
    "FolderInUse",
    "FolderUnusable",
    "NoAccount",
    "NoBinaries",
    "StartFailed",
    "WrongMajorVersion",
    "inspect",
]
