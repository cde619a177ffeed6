"""A dictionary that forgets what was used longest ago. Thread-safe; `unlock_after_fork` mends it in a child."""

import threading
from collections import OrderedDict
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Bounded(Generic[K, V]):
    """At most `capacity` entries; the least recently used one leaves first."""

    __slots__ = ("_capacity", "_entries", "_lock")

    def __init__(self, capacity: int) -> None:
        """Empty."""
        self._capacity = capacity
        self._entries: OrderedDict[K, V] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: K) -> V | None:
        """The value, which thereby is the last to leave."""
        with self._lock:
            value = self._entries.get(key)
            if value is not None:
                self._entries.move_to_end(key)
            return value

    def put(self, key: K, value: V) -> bool:
        """Remember; True when the key was not known."""
        with self._lock:
            new = key not in self._entries
            self._entries[key] = value
            self._entries.move_to_end(key)
            if len(self._entries) > self._capacity:
                self._entries.popitem(last=False)
            return new

    def discard(self, key: K) -> None:
        """Forget, if known."""
        with self._lock:
            self._entries.pop(key, None)

    def __len__(self) -> int:
        return len(self._entries)

    def unlock_after_fork(self) -> None:
        """A new lock: a thread that does not exist in the child may hold the old one."""
        self._lock = threading.Lock()
