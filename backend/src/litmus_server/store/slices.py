"""The sums of an experiment by the values of one dimension, or by how long its units have been there, from their rows. It computes nothing.

The one reader of reports' figures whose cost grows with units: it is asked on demand, by a worker, for one dimension and metric.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from itertools import combinations_with_replacement
from typing import Any

import asyncpg

from litmus_server.domain.breakdown import BUCKET, DAY, MOST_VALUES
from litmus_server.domain.cohorts import AGES, SECONDS
from litmus_server.ports import Aged, AgeSums, Sliced, SlicedSums, SliceValue
from litmus_server.stats.moments import JointMoments
from litmus_server.stats.sheet import EXPOSED, Measure, Sheet, parse_strips
from litmus_server.store.database import PATIENT, snapshot
from litmus_server.store.reports import read_shares, read_sheet
from litmus_server.store.sql import statement

_MOST = {DAY: 60, BUCKET: 10}
_OTHER, _UNKNOWN = 0, -1


class SliceStore:
    """`ports.SliceBook` in PostgreSQL."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        """Uses one connection of the pool for each call."""
        self._pool = pool

    async def sliced(
        self, experiment: int, dimension: str, choose: Callable[[Mapping[str, Any]], int]
    ) -> Sliced | None:
        """See the port."""
        async with snapshot(self._pool) as connection:
            head = await connection.fetchrow(_HEAD, experiment)
            if head is None:
                return None
            entry = head["document"]
            metric = choose(entry)
            entry = {**entry, "metrics": [each for each in entry["metrics"] if each["id"] == metric]}
            whole = await read_sheet(connection, experiment, entry)
            shares = await read_shares(connection, experiment, whole, learned=head["policy_version"] > 0)
            await connection.execute("set local statement_timeout = 0; set local work_mem = '64MB'")
            most = _MOST.get(dimension, MOST_VALUES)
            rows = await connection.fetch(
                statement("slices"), experiment, dimension, most, metric, entry["salt"], timeout=PATIENT
            )
        return Sliced(head["now"], head["seq"], entry, shares, whole, _slices(rows, whole))

    async def aged(
        self, experiment: int, choose: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    ) -> Aged | None:
        """See the port."""
        async with snapshot(self._pool) as connection:
            head = await connection.fetchrow(_HEAD, experiment)
            if head is None:
                return None
            declared = head["document"]
            metric = choose(declared)
            entry = {**declared, "metrics": [metric]}
            [window] = [each["window_seconds"] for each in declared["metrics"] if each["id"] == metric["id"]]
            sheet = await read_sheet(connection, experiment, entry)
            shares = await read_shares(connection, experiment, sheet, learned=head["policy_version"] > 0)
            ages: dict[tuple[int, int], AgeSums] = {}
            if metric["kind"] not in {"ratio", "quantile"}:
                await connection.execute("set local statement_timeout = 0; set local work_mem = '64MB'")
                starts = [start * SECONDS for start in AGES if start * SECONDS < metric["window_seconds"]]
                latest = _reached(sheet, metric["window_seconds"], head["now"].timestamp())
                measure = sheet.measures[metric["id"]]
                rows = await connection.fetch(
                    statement("ages"),
                    experiment,
                    metric["id"],
                    metric["window_seconds"],
                    entry["unit_type"],
                    metric["kind"] == "conversion",
                    measure.cap,
                    starts,
                    latest,
                    timeout=PATIENT,
                )
                ages = _ages(rows, sheet, len(starts), latest)
                if metric["window_seconds"] != window:
                    measure = Measure(binary=metric["kind"] == "conversion", waiting=measure.waiting)
                    plain = parse_strips(
                        (number, variant, cells) for what, number, variant, cells in rows if what == 0
                    )
                    sheet = Sheet(sheet.cohort_hours, {metric["id"]: measure}, plain)
        return Aged(head["now"], head["seq"], entry, window, shares, sheet, ages)


def _reached(sheet: Sheet, age: int, now: float) -> int:
    """The newest cohort all of whose units have this age."""
    return max((cohort for cohort in sheet.cohorts() if sheet.closed(age, now)(0, cohort)), default=-1)


def _ages(
    rows: "list[asyncpg.Record]", sheet: Sheet, ages: int, latest: int
) -> dict[tuple[int, int], AgeSums]:
    """By variant and epoch, of all units up to this cohort: those that did nothing count too."""
    products: dict[tuple[int, int], dict[tuple[int, int], int]] = defaultdict(dict)
    first: dict[tuple[int, int], dict[int, tuple[int, int]]] = defaultdict(dict)
    for what, _, variant, cells in rows:
        for cell in cells.split(";") if what else ():
            epoch, age, *others = map(int, cell.split(" "))
            if what == 1:
                products[variant, epoch][age, others[0]] = others[1]
            else:
                first[variant, epoch][age] = others[0], others[1]
    units: dict[tuple[int, int], int] = defaultdict(int)
    for (metric, variant), strip in sheet.plain.items():
        if metric == EXPOSED:
            for epoch, cohort, row in zip(strip.epochs, strip.cohorts, strip.rows, strict=True):
                if cohort <= latest:
                    units[variant, epoch] += row[0]
    found = {}
    for key, n in units.items():
        seen = tuple(first[key].get(age, (0, 0))[0] for age in range(ages))
        sums = tuple(first[key].get(age, (0, 0))[1] for age in range(ages))
        pairs = combinations_with_replacement(range(ages), 2)
        found[key] = AgeSums(JointMoments(n, sums, tuple(products[key].get(pair, 0) for pair in pairs)), seen)
    return found


def _slices(rows: "list[asyncpg.Record]", whole: Sheet) -> list[SlicedSums]:
    """Values in the order of the statement, then the others, then none."""
    values: dict[int, str] = {}
    cells: dict[int, list[list[tuple[int, int, str]]]] = defaultdict(lambda: [[], [], []])
    for what, place, metric, variant, text in rows:
        if what < 0:
            values[place] = text.strip()
        else:
            cells[place][what].append((metric, variant, text))
    found = []
    for place in sorted(cells, key=lambda each: (each <= _OTHER, -each if each <= _OTHER else each)):
        plain, joint, sketch = map(parse_strips, cells[place])
        buckets = {key: dict(zip(strip.epochs, strip.cohorts, strict=True)) for key, strip in sketch.items()}
        sheet = Sheet(whole.cohort_hours, whole.measures, plain, joint, buckets)
        found.append(SlicedSums(SliceValue(values.get(place), other=place == _OTHER), sheet))
    return found


_HEAD = """
select now() as now, c.document, coalesce(f.seq, 0) as seq, coalesce(h.version, 0) as policy_version
from experiments x
join configuration c on c.experiment = x.no and c.revision = x.revision
left join fold_mark f on f.experiment = x.no
left join policy_head h on h.experiment = x.no
where x.no = $1
"""
