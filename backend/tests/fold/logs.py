"""Accepted logs as Hypothesis draws them: small worlds in which everything that can meet does meet."""

import datetime as dt
from typing import TypeVar

from fold.judge import Declared, Derived, Event
from fold.ledger import at
from hypothesis import strategies as st

T = TypeVar("T")

DAY = 86_400
EXPERIMENTS = [
    Declared(
        1,
        "user",
        24,
        {1: (1, 3600), 2: (2, 30 * DAY)},
        {
            1: Derived((1,), before=(1, 2), cap=2_000_000),
            2: Derived((2,), sketch=True),
            5: Derived((2, 1), (False, True), (2, 1)),  # a ratio, of which no event is
            6: Derived((), (), delay=2),
        },
    ),
    Declared(  # slot 2 is nobody's
        2,
        "user",
        1,
        {2: (1, 60), 3: (3, 2 * DAY)},
        {2: Derived((1,), (True,), (1, 3), delay=1), 3: Derived((3,), cap=0)},
    ),
    Declared(
        3, "session", 24, {1: (1, DAY)}, {1: Derived((1, 1), (False, True)), 2: Derived((), (), delay=1)}
    ),
    Declared(4, "user", 24, {}),
]
# Steps from one moment to another that just miss or just meet the edges of minutes, hours, cohorts, windows and of the
# thirty days before.
STEPS = [
    sign * step + miss
    for step in (0, 60, 3600, DAY, 2 * DAY, 30 * DAY)
    for sign in (1, -1)
    for miss in (0, 0.000001, -0.000001)
]
VALUES = [0, 1, -1, 2, 3, -2_500_000, 10**18, -(10**18), 999_999_999_999]


def variant_of(unit: str, experiment: int) -> tuple[int, int]:
    """The stored assignment of a unit: its variant and epoch."""
    return (len(unit) + experiment) % 3, 1 + experiment % 2


@st.composite
def logs(draw: st.DrawFn) -> list[Event]:
    """Few units and few moments, chosen anew for each log, so that events fall on each other's edges."""
    start = draw(st.sampled_from([0.0, 1800.5, 43_199.999999, 43_200.0]))
    steps = draw(st.lists(st.sampled_from(STEPS), min_size=1, max_size=4))
    moments = [at(start), *(at(start + step) for step in steps)]
    units = draw(st.sampled_from([["a"], ["a", "Ä"], ["a", "b", "z" * 40]]))
    experiments = draw(st.sampled_from([[1], [2], [1, 2], [1, 2, 3, 4]]))
    places = st.tuples(
        *(st.sampled_from(choice) for choice in (units, [None, *experiments, *experiments], moments))
    )
    size = draw(st.integers(1, 16))
    return [_event(draw, *draw(places)) for _ in range(size)]


def _event(draw: st.DrawFn, unit: str, experiment: int | None, when: dt.datetime) -> Event:
    kind = draw(st.sampled_from([1, 2, 3])) if experiment else 2
    variant, epoch = variant_of(unit, experiment) if experiment else (None, None)
    return Event(
        unit,
        kind,
        when,
        experiment,
        variant,
        epoch,
        metric=draw(st.sampled_from([1, 2, 2, 3, 9])) if kind > 1 else None,
        value=draw(st.sampled_from(VALUES)) if kind > 1 else None,
        unit_type=draw(st.sampled_from([None, "user", "session", "decision"]))
        if experiment is None
        else None,
        is_bot=draw(st.sampled_from([False] * 9 + [True])),
    )


@st.composite
def deliveries(draw: st.DrawFn, log: list[Event]) -> list[list[list[Event]]]:
    """The log in any order, cut into batches, and those into deliveries: what waits when somebody folds."""
    return _cut(draw, _cut(draw, draw(st.permutations(log))))


def _cut(draw: st.DrawFn, things: list[T]) -> list[list[T]]:
    often = draw(st.sampled_from([[True, True, False], [True, False], [True] + [False] * 5]))
    ends = [draw(st.sampled_from(often)) for _ in things[1:]]
    parts = [things[:1]]
    for ends_before, thing in zip(ends, things[1:], strict=True):
        if ends_before:
            parts.append([thing])
        else:
            parts[-1].append(thing)
    return parts
