"""Accepted logs as Hypothesis draws them: small worlds in which everything that can meet does meet."""

from dataclasses import replace
from typing import TypeVar

from fold.judge import Declared, Event
from fold.ledger import at
from hypothesis import strategies as st

T = TypeVar("T")

DAY = 86_400
EXPERIMENTS = [
    Declared(1, "user", 24, {1: (1, 3600), 2: (2, 30 * DAY)}),
    Declared(2, "user", 1, {2: (1, 60), 3: (3, 2 * DAY)}),  # slot 2 is nobody's
    Declared(3, "session", 24, {1: (1, DAY)}),
    Declared(4, "user", 24, {}),
]
# Moments that meet the edges: of minutes, hours, cohorts, windows and the thirty days before.
_EDGES = [0, 1, 59.999999, 60, 3599, 3600, 43_199.999999, 43_200, DAY - 1, DAY, 2 * DAY, 30 * DAY]
MOMENTS = [at(sign * edge + base) for edge in _EDGES for sign in (1, -1) for base in (0, 1800)]
UNITS = ["a", "b", "Ä", "z" * 40]

moments = st.sampled_from(MOMENTS)
values = st.one_of(
    st.integers(-3, 3), st.sampled_from([0, 1_000_000, -2_500_000, 10**18, -(10**18), 999_999_999_999])
)


def variant_of(unit: str, experiment: int) -> tuple[int, int]:
    """The stored assignment of a unit: its variant and epoch."""
    return (len(unit) + experiment) % 3, 1 + experiment % 2


@st.composite
def events(draw: st.DrawFn) -> Event:
    unit = draw(st.sampled_from(UNITS))
    experiment = draw(st.sampled_from([None, 1, 1, 2, 3, 4]))
    kind = draw(st.sampled_from([1, 2, 3])) if experiment is not None else draw(st.sampled_from([2, 3]))
    event = Event(unit, kind, draw(moments), is_bot=draw(st.integers(0, 9)) == 0)
    if kind > 1:
        event = replace(event, metric=draw(st.sampled_from([1, 2, 3, 9])), value=draw(values))
    if experiment is None:
        return replace(event, unit_type=draw(st.sampled_from([None, "user", "session", "decision"])))
    variant, epoch = variant_of(unit, experiment)
    return replace(event, experiment=experiment, variant=variant, epoch=epoch)


@st.composite
def batchings(draw: st.DrawFn, log: list[Event]) -> list[list[list[Event]]]:
    """The log in any order, cut into batches, and those into deliveries: what waits when somebody folds."""
    order = draw(st.permutations(log))
    batches = _cut(draw, order)
    return _cut(draw, batches)


def _cut(draw: st.DrawFn, things: list[T]) -> list[list[T]]:
    cuts = sorted(draw(st.sets(st.integers(1, max(1, len(things) - 1)), max_size=6)))
    return [part for a, b in zip([0, *cuts], [*cuts, len(things)], strict=True) if (part := things[a:b])]
