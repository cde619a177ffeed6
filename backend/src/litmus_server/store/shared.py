"""What experiments share, in PostgreSQL: named audiences, layers, the holdout. Plain reads; changes are in `targeting.py`."""

from collections.abc import Collection
from typing import Any

import asyncpg
from litmus.decide import names

from litmus_server.domain.layer import Layer, Place


async def read_audiences(
    connection: "asyncpg.Connection[Any]", wanted: Collection[str]
) -> dict[str, dict[str, Any]]:
    """The conditions of these keys, and of all that they name; what there is not is missing."""
    found: dict[str, dict[str, Any]] = {}
    missing = set(wanted)
    while missing:
        rows = await connection.fetch(
            "select key, condition from audience where key = any ($1)", sorted(missing)
        )
        found |= {row["key"]: row["condition"] for row in rows}
        missing = {name for row in rows for name in names(row["condition"])} - found.keys()
    return found


async def read_layers(
    connection: "asyncpg.Connection[Any]", wanted: Collection[str] | None = None
) -> list[Layer]:
    """The layers of these keys, or (None) all, by key, with the places that are taken."""
    keys = None if wanted is None else sorted(wanted)
    places: dict[str, list[Place]] = {}
    for row in await connection.fetch(_PLACES, keys):
        places.setdefault(row["layer"], []).append(Place(*row[1:]))
    return [
        Layer(**row, places=tuple(places.get(row["key"], ())))
        for row in await connection.fetch(_LAYERS, keys)
    ]


async def read_holdout(connection: "asyncpg.Connection[Any]") -> dict[str, Any] | None:
    """As the documents of experiments have it; None when nobody is held out."""
    row = await connection.fetchrow("select salt, share from holdout where share > 0")
    return row and dict(row)


_LAYERS = """
select key, name, description, salt, revision, created_at, updated_at
from layer
where $1::text[] is null or key = any ($1)
order by key
"""

# As the exclusion constraint has it: whatever is over has given its range back.
_PLACES = """
select l.key as layer, x.id, x.key, x.name, x.status, x.layer_from, x.layer_to
from experiments x
join layer l on l.no = x.layer
where x.layer is not null and x.status <> 'completed' and x.archived_at is null and ($1::text[] is null or l.key = any ($1))
order by l.key, x.layer_from
"""
