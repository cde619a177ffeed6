"""Events that wait to be sent. Without I/O, clock or locks, so that any client can share it.

It knows what to give up when it is full; it must not know how events are sent.
"""

from collections import OrderedDict, deque
from collections.abc import Iterable

from litmus.events import Event


class EventBuffer:
    """A bounded queue, oldest first. When full it gives up the oldest metric, and an exposure only without
    metrics.

    What was taken is held until it is settled, and taken again first: a delivery that failed is repeated as
    it was, with the same ids. Held events are never given up, since the server may have them already.
    """

    def __init__(self, capacity: int) -> None:
        """Empty."""
        self._capacity = capacity
        self._waiting: OrderedDict[int, Event] = OrderedDict()
        self._metrics: deque[int] = deque()
        self._held: OrderedDict[int, Event] = OrderedDict()
        self.newest = 0
        """Number of the event that was added last; they count up from 1."""
        self.dropped_exposures = 0
        self.dropped_metrics = 0

    def __len__(self) -> int:
        return len(self._waiting) + len(self._held)

    def add(self, event: Event) -> bool:
        """Queue an event; False when something had to be given up for it (possibly the event itself)."""
        full = len(self) >= self._capacity
        if full and not self._make_room(event):
            return False
        self.newest += 1
        self._waiting[self.newest] = event
        if event.kind == "metric":
            self._metrics.append(self.newest)
        return not full

    def take(self, limit: int, upto: int | None = None) -> list[tuple[int, Event]]:
        """The oldest events (number, event), at most `limit` and none newer than number `upto`."""
        if not self._held:
            while self._waiting and len(self._held) < limit:
                number = next(iter(self._waiting))
                if upto is not None and number > upto:
                    break
                self._held[number] = self._waiting.pop(number)
                if self._metrics and self._metrics[0] == number:
                    self._metrics.popleft()
        return [(number, event) for number, event in self._held.items() if upto is None or number <= upto][
            :limit
        ]

    def settle(self, numbers: Iterable[int]) -> None:
        """These need not be sent again."""
        for number in numbers:
            self._held.pop(number, None)

    def abandon(self) -> int:
        """Give up everything, for good; the number of events."""
        lost = [*self._held.values(), *self._waiting.values()]
        for event in lost:
            self._count_dropped(event)
        self._held.clear()
        self._waiting.clear()
        self._metrics.clear()
        return len(lost)

    def _make_room(self, newcomer: Event) -> bool:
        if self._metrics:
            self._count_dropped(self._waiting.pop(self._metrics.popleft()))
        elif newcomer.kind == "exposure" and self._waiting:
            self._count_dropped(self._waiting.popitem(last=False)[1])
        else:
            self._count_dropped(newcomer)
            return False
        return True

    def _count_dropped(self, event: Event) -> None:
        if event.kind == "metric":
            self.dropped_metrics += 1
        else:
            self.dropped_exposures += 1
