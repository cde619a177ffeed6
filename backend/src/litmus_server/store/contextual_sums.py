"""What contextual experiments learn: the units that wait are added to exact sums, each once.

Of each unit the difference is added between what the sums hold of it and what they ought to. So it does not matter how
often a unit waits, nor in which order units are learned from: the same log gives the same sums to the last bit.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
import numpy as np

from litmus_server.bandits.contextual import Sums, columns_of, vector_of
from litmus_server.domain.features import Schema, schema_of
from litmus_server.domain.holdback import is_held
from litmus_server.domain.metric import MetricKind
from litmus_server.store.contextual_queue import LEARNER_LOCK, OWN_SHARES
from litmus_server.store.database import available
from litmus_server.store.sql import statement

_SLICE = 2_000
_PILE = 1_000
"""Units of an experiment that does not run may wait until there are so many."""
_PEOPLE = 200

_Group = tuple[str, int, bool]
"""Baseline, share in ppm, whether it was held back."""


class ContextualStore:
    """See `ports.Contexts`."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        """Uses one connection of the pool for each call."""
        self._pool = pool

    async def absorb(self, entry: Mapping[str, Any]) -> int:
        """See the port. Slices of units, each one transaction."""
        changed = 0
        async with available(), self._pool.acquire() as connection:
            while True:
                async with connection.transaction():
                    await connection.execute(
                        "select pg_advisory_xact_lock($1, $2)", LEARNER_LOCK, entry["no"]
                    )
                    taken, moved = await _absorb(connection, entry)
                changed += moved
                if not taken:
                    return changed

    async def idle(self) -> Sequence[int]:
        """See the port."""
        async with available(), self._pool.acquire() as connection:
            return [row[0] for row in await connection.fetch(_IDLE, _PILE)]

    async def settle(self, experiment: int) -> int:
        """See the port."""
        async with available(), self._pool.acquire() as connection:
            entry = await connection.fetchval(_ENTRY, experiment)
        return 0 if entry is None else await self.absorb(entry)

    async def sums(self, entry: Mapping[str, Any]) -> list[Sums]:
        """See the port."""
        columns = columns_of(entry["type"], schema_of(entry["features"]))
        found = [Sums.none(columns)] * len(entry["variants"])
        async with available(), self._pool.acquire() as connection:
            for row in await connection.fetch(_SUMS, entry["no"]):
                found[row["variant"]] = _read(row)
        return found

    async def people(self, entry: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        """See the port."""
        async with available(), self._pool.acquire() as connection:
            return [row[0] for row in await connection.fetch(_FEATURES, entry["no"], _PEOPLE)]


async def _absorb(connection: "asyncpg.Connection[Any]", entry: Mapping[str, Any]) -> tuple[int, int]:
    """How many units were taken from the queue, and how many of them changed what is in the sums."""
    metric = next(each for each in entry["metrics"] if each["role"] == "primary")
    binary = metric["kind"] == MetricKind.CONVERSION
    rows = await connection.fetch(
        statement("contextual_changed"), entry["no"], _SLICE, metric["slot"], binary
    )
    change = _Change(entry["type"], schema_of(entry["features"]))
    gone, written = [], []
    apart: Counter[tuple[_Group, int]] = Counter()
    for row in rows:
        stood = None if row["was_variant"] is None else (row["was_variant"], int(row["was_reward"]))
        ought = None if row["variant"] is None else (row["variant"], int(row["reward"]))
        if stood == ought:
            continue
        group = _group(row)
        for signed, side in ((stood, -1), (ought, 1)):
            if signed is not None:
                change.add(*signed, row["features"] or {}, side)
                if group is not None:
                    apart[group, signed[1]] += side
        if ought is None:
            gone.append(row["unit"])
        else:
            written.append((row["unit"], *ought))
    if gone:
        await connection.execute(_FORGET, entry["no"], gone)
    if written:
        await connection.execute(_REMEMBER, entry["no"], *zip(*written, strict=True))
    for variant, each in change.sums():
        held = await connection.fetchrow(_ONE, entry["no"], variant)
        total = each if held is None else _added(_read(held), each)
        columns = total.units, list(total.outer), list(total.cross), total.squares
        await connection.execute(_WRITE, entry["no"], variant, *columns)
    for group in sorted({group for group, _ in apart}):
        rewards = {reward: count for (of, reward), count in apart.items() if of == group}
        units, *sums = (sum(count * reward**power for reward, count in rewards.items()) for power in range(4))
        await connection.execute(_HOLD, entry["no"], *group, units, units - rewards.get(0, 0), *sums)
    return len(rows), len(gone) + len(written)


def _group(row: "asyncpg.Record") -> _Group | None:
    """What the unit could have been drawn by instead, in which share, and whether it was; None where nothing was held back."""
    holdback = row["holdback"]
    if holdback is None:
        return None
    parts = holdback["parts"]
    return holdback["to"], sum(parts), is_held(row["bucket"], row["shares"], parts)


class _Change:
    """What a slice adds to the sums of each variant."""

    def __init__(self, kind: str, schema: Schema) -> None:
        self._kind, self._schema = kind, schema
        self._columns = columns_of(kind, schema)
        self._given: dict[int, list[tuple[list[int], int, int]]] = {}

    def add(self, variant: int, reward: int, features: Mapping[str, Any], sign: int) -> None:
        """One unit more, or less. Its features were valid when they were kept, and the schema is still the same."""
        vector = vector_of(self._kind, self._schema, features)
        self._given.setdefault(variant, []).append((vector, reward, sign))

    def sums(self) -> list[tuple[int, Sums]]:
        """By variant. Products of two columns fit 64 bits for two thousand units; rewards need not."""
        lower, found = np.tril_indices(self._columns), []
        for variant, given in sorted(self._given.items()):
            vectors, rewards, signs = zip(*given, strict=True)
            x, sign = np.array(vectors, dtype=np.int64), np.array(signs, dtype=np.int64)
            outer = (x * sign[:, None]).T @ x
            signed = [reward * side for reward, side in zip(rewards, signs, strict=True)]
            cross = [sum(r * v for r, v in zip(signed, column, strict=True) if v) for column in x.T.tolist()]
            squares = sum(reward * r for reward, r in zip(rewards, signed, strict=True))
            found.append((variant, Sums(int(sign.sum()), outer[lower].tolist(), cross, squares)))
        return found


def _added(one: Sums, other: Sums) -> Sums:
    return Sums(
        one.units + other.units,
        [a + b for a, b in zip(one.outer, other.outer, strict=True)],
        [a + b for a, b in zip(one.cross, other.cross, strict=True)],
        one.squares + other.squares,
    )


def _read(row: "asyncpg.Record") -> Sums:
    return Sums(row["units"], row["outer_sum"], [int(each) for each in row["cross_sum"]], int(row["squares"]))


# What is over is settled to the last unit: no report would do it any more.
_IDLE = f"""
select x.no
from experiments x
where {OWN_SHARES} and (x.status <> 'running' or x.archived_at is not null)
  and exists (
      select from contextual_queue q where q.experiment = x.no offset case when x.status = 'completed' then 0 else $1 end
  )
order by x.no
"""

_ENTRY = f"""
select c.document
from experiments x
join configuration c on c.experiment = x.no and c.revision = x.revision
where x.no = $1 and {OWN_SHARES}
"""

_SUMS = "select variant, units, outer_sum, cross_sum, squares from contextual_sums where experiment = $1"

_ONE = f"{_SUMS} and variant = $2"

_WRITE = """
insert into contextual_sums (experiment, variant, units, outer_sum, cross_sum, squares)
values ($1, $2, $3, $4, $5, $6)
on conflict (experiment, variant) do update
set units = excluded.units, outer_sum = excluded.outer_sum, cross_sum = excluded.cross_sum, squares = excluded.squares
"""

_FORGET = "delete from contextual_unit where experiment = $1 and unit = any($2::text[])"

_REMEMBER = """
insert into contextual_unit (experiment, unit, variant, reward)
select $1, * from unnest($2::text[], $3::smallint[], $4::numeric[])
on conflict (experiment, unit) do update set variant = excluded.variant, reward = excluded.reward
"""

_HOLD = """
insert into contextual_held as h (experiment, baseline, share, held, units, seen, total, squares, cubes)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict (experiment, baseline, share, held) do update
set units = h.units + excluded.units, seen = h.seen + excluded.seen, total = h.total + excluded.total,
    squares = h.squares + excluded.squares, cubes = h.cubes + excluded.cubes
"""

# By unit, not by time: a sample of the units is wanted, and there is no index by time.
_FEATURES = """
select a.context -> 'features'
from (select unit from contextual_unit where experiment = $1 order by experiment, unit limit $2) u
cross join lateral (select context from assignment where unit = u.unit and experiment = $1 limit 1) a
where a.context ? 'features'
"""
