"""The weekly partitions of the event log, made ahead of time.

`create table … partition of` waits for every open reader and stops all inserts behind it; create + check + attach does
not. A lock time-out bounds the wait all the same: this runs again within the hour.
"""

import datetime as dt
from typing import Any

import asyncpg

_WEEK = dt.timedelta(days=7)
_EPOCH = dt.date(2024, 1, 1)  # a Monday; partitions begin on Mondays, UTC


async def ensure_partitions(connection: "asyncpg.Connection[Any]", *, weeks_ahead: int = 8) -> list[str]:
    """Make this week's partition and the next `weeks_ahead`, by the database's clock; answers the new ones."""
    today: dt.date = await connection.fetchval("select (now() at time zone 'UTC')::date")
    monday = _EPOCH + (today - _EPOCH) // _WEEK * _WEEK
    there = {row["name"] for row in await connection.fetch(_EXISTING)}
    made = []
    # One week back, so that a clock set back a little still finds its place.
    for start in (monday + _WEEK * k for k in range(-1, weeks_ahead + 1)):
        name = f"event_{start:%Y%m%d}"
        if name not in there and await _make(connection, name, start, start + _WEEK):
            made.append(name)
    return made


_EXISTING = """
select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'event'::regclass
"""


async def _make(connection: "asyncpg.Connection[Any]", name: str, start: dt.date, end: dt.date) -> bool:
    lower, upper = f"'{start} 00:00+00'", f"'{end} 00:00+00'"
    try:
        async with connection.transaction():
            await connection.execute("set local lock_timeout = '2s'")
            # Two processes may come here at once: the second one finds the work done.
            await connection.execute("select pg_advisory_xact_lock(7241965310422)")
            if await connection.fetchval("select to_regclass($1)", name):
                return False
            await connection.execute(f"""
                create table {name} (like event including defaults,
                    check (received_at >= {lower} and received_at < {upper}));
                create index on {name} (batch);
                create index on {name} (unit, occurred_at);
                alter table event attach partition {name} for values from ({lower}) to ({upper});
            """)
    except asyncpg.LockNotAvailableError:
        return False
    return True
