"""What is said aloud: log lines that help and never flood. The logger is `litmus`."""

import logging
from time import monotonic

from litmus.bounded import Bounded

logger = logging.getLogger("litmus")

MINUTE = 60.0


class Notices:
    """Each notice once, or once a minute; the counts are in `stats()`."""

    def __init__(self) -> None:
        """Nothing said yet."""
        self._said: Bounded[str, float] = Bounded(1000)

    def once(self, level: int, key: str, message: str, *values: object) -> None:
        """Say it the first time."""
        if self._said.put(key, monotonic()):
            logger.log(level, message, *values)

    def each_minute(self, level: int, key: str, message: str, *values: object) -> None:
        """Say it if it was not said for a minute."""
        said = self._said.get(key)
        if said is None or monotonic() - said >= MINUTE:
            self._said.put(key, monotonic())
            logger.log(level, message, *values)

    def unlock_after_fork(self) -> None:
        """In a child: usable again, and nothing is said twice."""
        self._said.unlock_after_fork()
