"""What planning reads of an experiment: its settings and the sums of one metric. It computes nothing."""

from collections.abc import Mapping
from typing import Any

import asyncpg

from litmus_server.domain.draft import is_id
from litmus_server.ports import PastUnits
from litmus_server.store.control import read_experiments
from litmus_server.store.database import snapshot
from litmus_server.store.reports import read_sheet


class PlanBook:
    """`ports.PlanBook` in PostgreSQL."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        """Uses one connection of the pool for each call."""
        self._pool = pool

    async def history(self, reference: str, metric: str | None) -> PastUnits | None:
        """See the port."""
        async with snapshot(self._pool) as connection:
            column = "id = $1::uuid" if is_id(reference) else "key = $1"
            found = await read_experiments(connection, column, reference)
            if not found:
                return None
            experiment = found[0]
            now, entry = await connection.fetchrow(_ENTRY, experiment.no)
            wanted = next(
                (
                    each
                    for each in experiment.metrics
                    if each.name == metric or (metric is None and each == experiment.primary)
                ),
                None,
            )
            names = set() if wanted is None else {wanted.name, wanted.numerator, wanted.denominator}
            return PastUnits(
                now, experiment, wanted, await read_sheet(connection, experiment.no, _only(entry, names))
            )


def _only(entry: Mapping[str, Any], names: set[str | None]) -> dict[str, Any]:
    return {**entry, "metrics": [each for each in entry["metrics"] if each["name"] in names]}


_ENTRY = """
select now() as now, c.document
from experiments x
join configuration c on c.experiment = x.no and c.revision = x.revision
where x.no = $1
"""
