"""Forks and exits: a child starts with an empty buffer, and the end of a process sends what is left.

It knows all clients that are alive; it must not know what they do.
"""

import atexit
import os
import sys
import weakref
from time import monotonic
from typing import Protocol

EXIT_BUDGET = 2.0
"""Seconds that all clients together may hold up the end of the process."""


class Living(Protocol):
    """What forks and ends with the process."""

    def after_fork_in_child(self) -> None:
        """Make new locks, threads and connections; what is buffered belongs to the parent."""

    def close(self, timeout: float = ...) -> object:
        """Send what is left, within `timeout` seconds."""


_living: "weakref.WeakSet[Living]" = weakref.WeakSet()
_armed_in: int | None = None


def watch(client: Living) -> None:
    """See to this client when the process forks or ends."""
    _living.add(client)


def arm_in_multiprocessing_child() -> None:
    """A `multiprocessing` child runs no atexit handlers; its own finalizers take their place. Cheap to call
    often.
    """
    global _armed_in  # noqa: PLW0603
    multiprocessing = sys.modules.get("multiprocessing")
    if multiprocessing is None or _armed_in == os.getpid() or multiprocessing.parent_process() is None:
        return
    _armed_in = os.getpid()
    from multiprocessing.util import Finalize

    Finalize(None, _close_all, exitpriority=10)


def _close_all() -> None:
    deadline = monotonic() + EXIT_BUDGET
    for client in list(_living):
        client.close(timeout=max(0.0, deadline - monotonic()))


def _after_fork_in_child() -> None:
    for client in list(_living):
        client.after_fork_in_child()


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
