"""The series agrees with a naive recount of the same events, whatever interval and time are asked for."""

import datetime as dt
import random
from collections import Counter
from typing import Any, NamedTuple

import asyncpg
import pytest
from folded import MICRO, add_rollup, make
from hypothesis import given
from hypothesis import strategies as st
from litmus_server.domain.errors import NotFound
from litmus_server.domain.experiment import Experiment
from litmus_server.domain.series import MOST_POINTS, Extent, Interval, Series, finest, window
from litmus_server.services.reports import Reports

START = dt.datetime(2026, 11, 1, 10, 17, 30, tzinfo=dt.UTC)


class Fact(NamedTuple):
    """One unit is exposed (metric 0) or converts for the first time, or one event of a metric comes in."""

    at: dt.datetime
    variant: int
    metric: int
    value: int
    first: bool


def floor(at: dt.datetime, interval: Interval) -> dt.datetime:
    minute = at.replace(second=0, microsecond=0)
    if interval is Interval.MINUTE:
        return minute
    return minute.replace(minute=0) if interval is Interval.HOUR else minute.replace(minute=0, hour=0)


async def roll_up(
    pool: "asyncpg.Pool[Any]", experiment: Experiment, facts: list[Fact], *, minutes: bool = True
) -> None:
    """As the fold would: all time, by hour, by day, by minute."""
    cells: dict[tuple[int, dt.datetime | None, int, int], list[int]] = {}
    for fact in facts:
        spans = [(0, None), (1, floor(fact.at, Interval.HOUR)), (3, floor(fact.at, Interval.DAY))]
        if minutes:
            spans.append((2, floor(fact.at, Interval.MINUTE)))
        for span, at in spans:
            cell = cells.setdefault((span, at, fact.variant, fact.metric), [0, 0, 0])
            cell[0] += 1
            cell[1] += fact.value
            cell[2] += fact.first
    async with pool.acquire() as connection, connection.transaction():
        for (span, at, variant, metric), (events, total, units) in cells.items():
            await add_rollup(
                connection, experiment.no, variant, metric, events, total, units, span=span, at=at
            )


def events(experiment: Experiment, count: int, minutes: int, *, seed: int = 3) -> list[Fact]:
    rng, metric = random.Random(seed), experiment.metrics[0].id
    facts = []
    for _ in range(count):
        at = START + dt.timedelta(seconds=rng.randrange(60 * minutes))
        variant, kind = rng.randrange(len(experiment.variants)), rng.choice((0, 0, metric))
        value = 0 if kind == 0 else rng.randrange(5 * MICRO)
        facts.append(Fact(at, variant, kind, value, rng.random() < 0.7))
    return facts


def assert_is_recount(series: Series, facts: list[Fact], metric: int) -> None:
    """Every number of the series, counted one fact at a time."""
    interval = series.interval
    for ordinal, variant in enumerate(series.variants):
        mine = [fact for fact in facts if fact.variant == ordinal]
        units: Counter[Any] = Counter(floor(f.at, interval) for f in mine if f.metric == 0 and f.first)
        won: Counter[Any] = Counter(floor(f.at, interval) for f in mine if f.metric == metric and f.first)
        for k, at in enumerate(series.at):
            end = at + dt.timedelta(seconds=interval.seconds)
            inside = [f for f in mine if f.metric == metric and at <= f.at < end]
            so_far = sum(f.metric == 0 and f.first and f.at < end for f in mine)
            won_so_far = sum(f.metric == metric and f.first and f.at < end for f in mine)
            assert (variant.exposed_units[k], variant.conversions[k]) == (units[at], won[at])
            assert variant.cumulative_exposed_units[k] == so_far
            assert variant.cumulative_conversions[k] == won_so_far
            assert variant.rate[k] == (won_so_far / so_far if so_far else None)
            assert variant.events[k] == len(inside)
            assert variant.total[k] == sum(f.value for f in inside) / MICRO


@pytest.mark.database
@pytest.mark.parametrize("interval", list(Interval))
async def test_every_point_is_what_a_recount_says(
    pool: "asyncpg.Pool[Any]", reports: Reports, interval: Interval
) -> None:
    experiment = await make(pool, "points", variants=3)
    facts = events(experiment, 600, {"minute": 90, "hour": 3_000, "day": 20_000}[interval])
    await roll_up(pool, experiment, facts)
    found = (await reports.results(experiment.key, interval=interval)).series
    assert found is not None
    assert (found.interval, found.metric_name, found.truncated) == (interval, "conversion", False)
    assert found.at[0] == min(floor(fact.at, interval) for fact in facts)
    assert found.at[-1] == max(floor(fact.at, interval) for fact in facts)
    assert {b - a for a, b in zip(found.at, found.at[1:], strict=False)} == {
        dt.timedelta(seconds=interval.seconds)
    }
    assert_is_recount(found, facts, experiment.metrics[0].id)


@pytest.mark.database
async def test_a_part_of_the_time_is_cumulative_from_the_beginning(
    pool: "asyncpg.Pool[Any]", reports: Reports
) -> None:
    experiment = await make(pool, "part")
    facts = events(experiment, 500, 600)
    await roll_up(pool, experiment, facts)
    since, until = START + dt.timedelta(minutes=100, seconds=7), START + dt.timedelta(minutes=222, seconds=1)
    found = (await reports.results(experiment.key, None, Interval.MINUTE, since, until)).series
    assert found is not None
    assert found.at[0] == floor(since, Interval.MINUTE)
    assert found.at[-1] == floor(until, Interval.MINUTE)
    assert_is_recount(found, facts, experiment.metrics[0].id)


@pytest.mark.database
async def test_of_too_many_points_the_newest_are_shown(pool: "asyncpg.Pool[Any]", reports: Reports) -> None:
    experiment = await make(pool, "long")
    facts = events(experiment, 400, 1_440)
    await roll_up(pool, experiment, facts)
    found = (await reports.results(experiment.key, interval=Interval.MINUTE)).series
    assert found is not None
    assert found.truncated
    assert len(found.at) == MOST_POINTS
    assert found.at[-1] == max(floor(fact.at, Interval.MINUTE) for fact in facts)
    assert_is_recount(found, facts, experiment.metrics[0].id)


@pytest.mark.database
async def test_a_metric_that_nobody_declared_has_events_and_no_units(
    pool: "asyncpg.Pool[Any]", reports: Reports
) -> None:
    experiment = await make(pool, "undeclared")
    number = await pool.fetchval("insert into metric (name) values ('scrolled') returning id")
    facts = [fact._replace(metric=fact.metric and number) for fact in events(experiment, 50, 60)]
    facts = [fact._replace(first=fact.first and not fact.metric) for fact in facts]
    await roll_up(pool, experiment, facts)
    found = (await reports.results(experiment.key, "scrolled")).series
    assert found is not None
    assert (found.metric_name, found.declared) == ("scrolled", False)
    assert_is_recount(found, facts, number)


@pytest.mark.database
async def test_a_metric_that_is_not_there_is_not_found(pool: "asyncpg.Pool[Any]", reports: Reports) -> None:
    experiment = await make(pool, "unknown")
    for name in ("nonsense", "null\0byte"):
        with pytest.raises(NotFound, match="Metric"):
            await reports.results(experiment.key, name)


@pytest.mark.database
async def test_a_time_without_events_has_no_series_and_a_reason(
    pool: "asyncpg.Pool[Any]", reports: Reports
) -> None:
    experiment = await make(pool, "empty")
    assert (await reports.results(experiment.key)).missing == {
        "series": "no_events",
        "effects": "not_computed",
    }
    await roll_up(pool, experiment, events(experiment, 50, 60))
    for since, until in (
        (START + dt.timedelta(days=9), None),
        (None, START - dt.timedelta(days=9)),
        (START, START),
    ):
        found = await reports.results(experiment.key, None, Interval.MINUTE, since, until)
        assert found.series is None or since == until


@pytest.mark.database
async def test_pruned_minutes_leave_the_hours(pool: "asyncpg.Pool[Any]", reports: Reports) -> None:
    experiment = await make(pool, "old")
    facts = events(experiment, 200, 120)
    await roll_up(pool, experiment, facts, minutes=False)
    found = (await reports.results(experiment.key)).series
    assert found is not None
    assert found.interval == Interval.HOUR
    assert_is_recount(found, facts, experiment.metrics[0].id)
    assert (await reports.results(experiment.key, interval=Interval.MINUTE)).series is None


moments = st.integers(1_577_836_800, 1_893_456_000).map(lambda at: dt.datetime.fromtimestamp(at, dt.UTC))


@given(moments, st.timedeltas(dt.timedelta(0), dt.timedelta(days=2000)))
def test_the_default_interval_shows_everything_where_one_can(
    first: dt.datetime, length: dt.timedelta
) -> None:
    last = first + length
    extent = Extent(
        floor(first, Interval.HOUR),
        floor(last, Interval.HOUR),
        floor(first, Interval.MINUTE),
        floor(last, Interval.MINUTE),
    )
    shown = window(extent, finest(extent))
    assert shown is not None
    assert 1 <= shown.stop - shown.start <= MOST_POINTS
    if length < dt.timedelta(days=498):
        assert not shown.truncated
        assert shown.starts_at == floor(first, shown.interval)


@given(moments, moments, st.none() | moments, st.none() | moments, st.sampled_from(list(Interval)))
def test_a_window_lies_inside_what_was_asked_and_what_there_is(
    one: dt.datetime,
    other: dt.datetime,
    since: dt.datetime | None,
    until: dt.datetime | None,
    interval: Interval,
) -> None:
    first, last = sorted((one, other))
    extent = Extent(first, last, first, last)
    shown = window(extent, interval, since, until)
    length = dt.timedelta(seconds=interval.seconds)
    lowest = floor(max(first, since) if since else first, interval)
    if shown is None:
        assert (
            (since and since > last)
            or (until and until <= floor(first, interval))
            or (since and until and since >= until)
        )
        return
    ends_at = shown.starts_at + (shown.stop - shown.start) * length
    assert shown.starts_at >= lowest
    assert ends_at <= floor(last, interval) + length
    assert until is None or ends_at < until + length
    assert shown.stop - shown.start <= MOST_POINTS
    assert shown.truncated or shown.starts_at == lowest
