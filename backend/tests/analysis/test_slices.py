"""The sums of slices, from the rows of units: exact, and together those of the report."""

from __future__ import annotations

from collections import Counter
from typing import Any

import asyncpg
from litmus.decide.bucketing import bucket
from litmus_server.domain.experiment import Experiment
from litmus_server.ports import Sliced, SliceValue
from litmus_server.stats.moments import Moments
from litmus_server.store.slices import SliceStore
from units import MICRO, drawn, shop


def number(made: Experiment, name: str) -> int:
    return next(metric.id for metric in made.metrics if metric.name == name)


async def read(pool: asyncpg.Pool[Any], made: Experiment, dimension: str, name: str = "spend") -> Sliced:
    found = await SliceStore(pool).sliced(made.no, dimension, lambda _: number(made, name))
    assert found is not None
    return found


async def test_the_values_with_most_units_are_told_and_all_others_are_one(pool: asyncpg.Pool[Any]) -> None:
    units = drawn()
    sliced = await read(pool, await shop(pool, units), "country")
    counted = Counter((unit.attributes or {}).get("country") for unit in units)
    ranked = sorted((name for name in counted if name is not None), key=lambda name: (-counted[name], name))
    expected = [SliceValue(name) for name in ranked[:20]]
    assert [each.value for each in sliced.slices] == [
        *expected,
        SliceValue(None, other=True),
        SliceValue(None),
    ]
    sizes = [sum(each.sheet.exposed(k) for k in range(2)) for each in sliced.slices]
    assert sizes[:20] == [counted[name] for name in ranked[:20]]
    assert sizes[20:] == [sum(counted[name] for name in ranked[20:]), counted[None]]


async def test_sums_are_those_of_the_units_to_the_last_micro_unit(pool: asyncpg.Pool[Any]) -> None:
    units = drawn()
    sliced = await read(pool, await shop(pool, units), "country")
    for each in sliced.slices[:20]:
        for arm in range(2):
            mine = [
                unit
                for unit in units
                if unit.variant == arm and (unit.attributes or {}).get("country") == each.value.value
            ]
            values = [round(unit.values.get("spend", 0) * MICRO) for unit in mine]
            found = each.sheet.arm(sliced.entry["metrics"][0]["id"], arm)
            assert found.raw == Moments.of(values)
            assert found.adjusting is not None
            assert found.adjusting.first[1] == sum(
                round(unit.before.get("spend", 0) * MICRO) for unit in mine
            )


async def test_all_slices_together_are_the_whole(pool: asyncpg.Pool[Any]) -> None:
    made = await shop(pool, drawn())
    for name in ("spend", "order", "basket", "p90"):
        for dimension in ("country", "day", "bucket", "device"):
            add_up(await read(pool, made, dimension, name), number(made, name), name)


def add_up(sliced: Sliced, metric: int, name: str) -> None:
    for arm in range(2):
        whole = sliced.whole.arm(metric, arm)
        parts = [each.sheet.arm(metric, arm) for each in sliced.slices]
        assert (whole.n, whole.seen) == (sum(each.n for each in parts), sum(each.seen for each in parts))
        raw = Moments()
        for each in parts:
            raw = raw.merge(each.raw)
        assert raw == whole.raw
        if name == "p90":
            counts: Counter[int] = Counter()
            for part in sliced.slices:
                counts.update(part.sheet.sketch(metric, arm))
            assert +counts == +Counter(whole_sketch := sliced.whole.sketch(metric, arm))
            assert whole_sketch
        else:
            outcomes = [each.outcome for each in parts if each.outcome is not None]
            assert whole.outcome is not None
            for sums in ("first", "second", "third"):
                together = zip(*(getattr(each, sums) for each in outcomes), strict=True)
                assert getattr(whole.outcome, sums) == tuple(map(sum, together))


async def test_a_day_is_that_of_the_first_exposure_and_a_bucket_the_tenth_of_the_traffics_hash(
    pool: asyncpg.Pool[Any],
) -> None:
    units = drawn()
    made = await shop(pool, units)
    days = await read(pool, made, "day")
    assert [each.value.value for each in days.slices] == [
        "2026-10-04",
        "2026-10-03",
        "2026-10-02",
        "2026-10-01",
    ]
    tenths = await read(pool, made, "bucket")
    expected = Counter(bucket(f"traffic:{made.salt}", unit.name) // 100_000 for unit in units)
    assert {
        int(each.value.value or ""): sum(each.sheet.exposed(k) for k in range(2)) for each in tenths.slices
    } == expected
