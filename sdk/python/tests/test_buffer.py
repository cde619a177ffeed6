"""The buffer against a naive model: bounded, oldest first, exposures dearer than metrics, nothing unaccounted
for.
"""

from dataclasses import dataclass, field

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from litmus.buffer import EventBuffer
from litmus.events import Event, Kind

CAPACITY = 6


@dataclass
class Model:
    """Lists and obvious loops."""

    waiting: list[Event] = field(default_factory=list)
    held: list[Event] = field(default_factory=list)
    lost: list[Event] = field(default_factory=list)

    def add(self, event: Event) -> bool:
        if len(self.waiting) + len(self.held) < CAPACITY:
            self.waiting.append(event)
            return True
        metrics = [each for each in self.waiting if each.kind == "metric"]
        if metrics:
            victim = metrics[0]
        elif event.kind == "exposure" and self.waiting:
            victim = self.waiting[0]
        else:
            victim = event
        self.waiting.append(event)
        self.waiting.remove(victim)
        self.lost.append(victim)
        return False


class BufferMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.buffer = EventBuffer(CAPACITY)
        self.model = Model()
        self.made = 0
        self.settled = 0

    @rule(kind=st.sampled_from(["exposure", "metric"]))
    def add(self, kind: Kind) -> None:
        self.made += 1
        event = Event(f"event-{self.made}", kind, b"{}")
        assert self.buffer.add(event) is self.model.add(event)

    @rule(limit=st.integers(1, 4))
    def take(self, limit: int) -> None:
        if not self.model.held:
            self.model.held, self.model.waiting = self.model.waiting[:limit], self.model.waiting[limit:]
        assert [event for _, event in self.buffer.take(limit)] == self.model.held[:limit]

    @precondition(lambda self: self.model.held)
    @rule(data=st.data())
    def settle(self, data: st.DataObject) -> None:
        count = data.draw(st.integers(1, len(self.model.held)))
        self.buffer.settle([number for number, _ in self.buffer.take(CAPACITY)[:count]])
        self.model.held = self.model.held[count:]
        self.settled += count

    @rule()
    def abandon(self) -> None:
        left = [*self.model.held, *self.model.waiting]
        assert self.buffer.abandon() == len(left)
        self.model.lost += left
        self.model.held, self.model.waiting = [], []

    @invariant()
    def every_event_is_accounted_for(self) -> None:
        dropped = self.buffer.dropped_exposures + self.buffer.dropped_metrics
        assert len(self.buffer) == len(self.model.held) + len(self.model.waiting) <= CAPACITY
        assert dropped == len(self.model.lost)
        assert self.buffer.dropped_metrics == sum(event.kind == "metric" for event in self.model.lost)
        assert self.made == len(self.buffer) + dropped + self.settled


TestBuffer = BufferMachine.TestCase


def test_only_events_up_to_a_number_are_taken() -> None:
    buffer = EventBuffer(10)
    for name in "abc":
        buffer.add(Event(name, "metric", b"{}"))
    mark = buffer.newest
    buffer.add(Event("d", "metric", b"{}"))
    assert [event.id for _, event in buffer.take(10, upto=mark)] == ["a", "b", "c"]
    buffer.settle(number for number, _ in buffer.take(10))
    assert buffer.take(10, upto=mark) == []
    assert [event.id for _, event in buffer.take(10)] == ["d"]
