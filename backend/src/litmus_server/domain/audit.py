"""Who changed what, and why: what is kept of every change for ever."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litmus_server.domain.access import Principal
from litmus_server.domain.form import Form


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a change happens. `principal` is proven by the credentials; `actor` and `reason` are what the body says."""

    principal: Principal
    actor: str | None = None
    reason: str | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change as it was recorded; `before` and `after` hold only what differs."""

    id: int
    at: dt.datetime
    experiment_id: UUID | None
    action: str
    principal: str
    actor: str | None
    reason: str | None
    request_id: str | None
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


def read_cause(form: Form, principal: Principal, request_id: str | None) -> Cause:
    """The cause of a change, from the optional fields `actor` and `reason` of its body."""
    actor = form.text("actor", 200, "")
    reason = form.text("reason", 2000, "", lines=True)
    return Cause(principal, actor or None, reason or None, request_id)


def difference(
    before: Mapping[str, Any] | None, after: Mapping[str, Any]
) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """Both documents without what they have in common."""
    if before is None:
        return None, dict(after)
    changed = [name for name in after if before.get(name) != after[name]]
    return {name: before.get(name) for name in changed}, {name: after[name] for name in changed}
