"""Who changed what, and why: what is kept of every change for ever."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litmus_server.domain.access import Principal
from litmus_server.domain.form import Form, same


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a change happens. `principal` is proven by the credentials; `actor` and `reason` are what the body says."""

    principal: Principal
    actor: str | None = None
    reason: str | None = None
    request_id: str | None = None
    evidence: Mapping[str, Any] | None = None
    """Of what is done by itself: the numbers that the rule went by. Of what a person bears with: the alarm."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change as it was recorded; `before` and `after` hold only what differs, and are None where there was nothing."""

    id: int
    at: dt.datetime
    subject: str
    """What was changed: `experiment`, or what experiments share."""
    experiment_id: UUID | None
    key: str
    """What it was called then."""
    action: str
    principal: str
    actor: str | None
    reason: str | None
    request_id: str | None
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    evidence: Mapping[str, Any] | None = None
    """What a rule went by, or the alarm that a person bore with; None of all else that people do."""


@dataclass(frozen=True, slots=True)
class Trail:
    """Which changes to show, newest first: those with a smaller id than `before`. None means all.

    `reference` is an experiment's id, or what anything was called.
    """

    reference: str | None = None
    subject: str | None = None
    principal: str | None = None
    action: str | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    before: int | None = None
    limit: int = 200


def read_cause(form: Form, principal: Principal, request_id: str | None) -> Cause:
    """The cause of a change, from the optional fields `actor` and `reason` of its body."""
    actor = form.text("actor", 200, "")
    reason = form.text("reason", 2000, "", lines=True)
    return Cause(principal, actor or None, reason or None, request_id)


def difference(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Both documents without what they have in common, also within objects; None where there was or is nothing."""
    if before is None or after is None:
        return None if before is None else dict(before), None if after is None else dict(after)
    was, now = {}, {}
    for name in [*after, *(name for name in before if name not in after)]:
        old, new = before.get(name), after.get(name)
        if name in before and name in after and same(old, new):
            continue
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            old, new = difference(old, new)
        if name in before:
            was[name] = old
        if name in after:
            now[name] = new
    return was, now
