"""What can go wrong with the embedded server. Each message says what happened and what to do about it."""

from __future__ import annotations


class EmbeddedError(Exception):
    """The embedded PostgreSQL cannot be had; the text is meant for the person who started Litmus."""


class FolderInUse(EmbeddedError):
    """Another process serves this data folder."""


class FolderUnusable(EmbeddedError):
    """The data folder cannot be written, is full, is unsafe, or belongs to somebody else."""


class ClusterGone(EmbeddedError):
    """The folder had a database once, and it is not there now. Never answered with a new, empty one."""


class WrongMajorVersion(EmbeddedError):
    """The database was made by a major version of PostgreSQL that is not at hand."""


class NoBinaries(EmbeddedError):
    """There are no PostgreSQL binaries for this platform, or they do not run here."""


class NoAccount(EmbeddedError):
    """PostgreSQL refuses to run as root, and there is no other account that it could run as."""


class StartFailed(EmbeddedError):
    """PostgreSQL, or its initdb, ended instead of serving; the last lines of its log are in the text."""
