"""Rejected events, kept with their reason so that the sender can find out; bounded, so that a bad sender cannot fill the disk."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import asyncpg

from litmus_server.domain.event import DeadLetter
from litmus_server.store.journal import BatchIds
from litmus_server.store.sql import statement

KEPT_PER_HOUR = 1_000


class DeadLetterWriter:
    """Writes batches of dead letters; a batch that is sent twice is counted twice, which harms nobody."""

    def __init__(self, keep: Any) -> None:
        self._keep = keep

    @classmethod
    async def bind(cls, connection: "asyncpg.Connection[Any]", _: BatchIds) -> "DeadLetterWriter":
        """Prepare on one connection."""
        return cls(await connection.prepare(statement("keep_dead_letters")))

    async def __call__(self, batch: int, rows: Sequence[DeadLetter], again: bool, /) -> Sequence[None]:
        """One statement."""
        del batch, again
        await self._keep.fetch(KEPT_PER_HOUR, *zip(*rows, strict=True))
        return [None] * len(rows)


async def prune(connection: "asyncpg.Connection[Any]", keep: dt.timedelta = dt.timedelta(days=30)) -> int:
    """Delete letters and counts that are older than `keep`; how many letters went."""
    await connection.execute("delete from dead_letter_count where hour < now() - $1::interval", keep)
    done = await connection.execute("delete from dead_letter where received_at < now() - $1::interval", keep)
    return int(done.split()[-1])
