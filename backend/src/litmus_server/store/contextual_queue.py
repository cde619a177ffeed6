"""Units of contextual experiments that have changed, and wait to be learned from (`contextual_sums.py`).

The fold writes them down in the transaction that changes their state, so that none is missed; to wait twice does no harm.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import asyncpg

from litmus_server.store.sql import statement

LEARNER_LOCK = 7_241_965
"""With the experiment's number, an advisory lock: one at a time changes its sums."""


async def enqueue_batches(
    connection: "asyncpg.Connection[Any]",
    batches: Sequence[int],
    only: Sequence[str] | None,
    experiments: Iterable[int],
) -> None:
    """In the transaction that folds these batches (of these events `only`), which met these experiments."""
    numbers = sorted(set(experiments))
    if numbers:
        await connection.execute(statement("contextual_enqueue"), batches, only, numbers)


async def enqueue_units(
    connection: "asyncpg.Connection[Any]", units: Sequence[str], experiments: Sequence[int]
) -> None:
    """In the transaction that computed the rows of these pairs again."""
    await connection.execute(_UNITS, units, experiments)


async def relearn(connection: "asyncpg.Connection[Any]") -> None:
    """Forget the sums of all contextual experiments, and let all their exposed units wait: the next learner makes them again."""
    async with connection.transaction():
        await connection.execute(_WAIT, LEARNER_LOCK)
        for query in _AGAIN:
            await connection.execute(query)


OWN_SHARES = "(features is not null or type = 'squarecb')"
"""Of a row of `experiments`: every unit has shares of its own, by features or by scores from outside."""

_CONTEXTUAL = f"select no from experiments where {OWN_SHARES}"

_WAIT = f"select pg_advisory_xact_lock($1, no) from ({_CONTEXTUAL} order by no) learning"

_UNITS = f"""
insert into contextual_queue (experiment, unit)
select t.experiment, t.unit
from unnest($1::text[], $2::integer[]) t (unit, experiment)
where t.experiment in ({_CONTEXTUAL})
"""

_AGAIN = (
    f"delete from contextual_sums where experiment in ({_CONTEXTUAL})",
    f"delete from contextual_unit where experiment in ({_CONTEXTUAL})",
    f"delete from contextual_held where experiment in ({_CONTEXTUAL})",
    f"""
    insert into contextual_queue (experiment, unit)
    select experiment, unit from unit_state where experiment in ({_CONTEXTUAL}) and first_at is not null
    """,
)
