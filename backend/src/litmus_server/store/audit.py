"""The audit trail: written in the transaction of the change that it tells of, read for ever."""

import datetime as dt
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import asyncpg

from litmus_server.domain.audit import AuditEntry, Cause, Trail, difference
from litmus_server.domain.draft import is_id


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
        was, now, cause.evidence,
    )  # fmt: skip


async def recorded(connection: "asyncpg.Connection[Any]", trail: Trail) -> list[AuditEntry]:
    """Newest first, at most `trail.limit`."""
    reference = trail.reference
    identity = UUID(reference) if reference is not None and is_id(reference) else None
    rows = await connection.fetch(
        _PAGE, identity, None if identity else reference, trail.subject, trail.principal, trail.action, trail.since,
        trail.until, trail.before, trail.limit,
    )  # fmt: skip
    return [AuditEntry(*row) for row in rows]


_INSERT = """
insert into audit (at, subject, experiment_id, key, action, principal, actor, reason, request_id, before, after, evidence)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
"""

# Whoever asks for a key means the experiment that bears it, whatever it was called at the time, or what was deleted.
_PAGE = """
select id, at, subject, experiment_id, key, action, principal, actor, reason, request_id, before, after, evidence
from audit
where ($1::uuid is null or experiment_id = $1)
  and ($2::text is null or key = $2 or experiment_id = (select id from experiments x where x.key = $2))
  and ($3::text is null or subject = $3)
  and ($4::text is null or principal = $4)
  and ($5::text is null or action = $5)
  and ($6::timestamptz is null or at >= $6)
  and ($7::timestamptz is null or at < $7)
  and ($8::bigint is null or id < $8)
order by id desc
limit $9
"""
