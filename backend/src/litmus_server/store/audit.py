"""The audit trail: written in the transaction of the change that it tells of, read for ever."""

import datetime as dt
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import asyncpg

from litmus_server.domain.audit import AuditEntry, Cause, difference


async def record(
    connection: "asyncpg.Connection[Any]",
    at: dt.datetime,
    action: str,
    cause: Cause,
    *,
    key: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    experiment: UUID | None = None,
    subject: str = "experiment",
) -> None:
    """Keep what differs between both documents. `key` is what the subject is called; None: it was, or is, not there."""
    was, now = difference(before, after)
    await connection.execute(
        _INSERT, at, subject, experiment, key, action, cause.principal.name, cause.actor, cause.reason, cause.request_id,
        was, now,
    )  # fmt: skip


async def recorded(
    connection: "asyncpg.Connection[Any]", experiment: UUID, before: int | None, limit: int
) -> list[AuditEntry]:
    """Newest first, of those of this experiment with a smaller id than `before`."""
    return [AuditEntry(*row) for row in await connection.fetch(_PAGE, experiment, before, limit)]


_INSERT = """
insert into audit (at, subject, experiment_id, key, action, principal, actor, reason, request_id, before, after)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""

_PAGE = """
select id, at, subject, experiment_id, key, action, principal, actor, reason, request_id, before, after
from audit
where experiment_id = $1 and ($2::bigint is null or id < $2)
order by id desc
limit $3
"""
