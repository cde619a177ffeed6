"""The canonical API for those who look at what came in: events, dead letters, one unit, one decision.

A route authenticates, reads its query, calls the service once, and answers what it said. The bodies are the domain's own
documents, encoded by msgspec; the classes are their schema.
"""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.convertors import Convertor, register_url_convertor

from litmus_server.domain.access import Action, Principal
from litmus_server.domain.event import Reason
from litmus_server.domain.explanation import Explanation
from litmus_server.domain.form import Form
from litmus_server.domain.inspection import (
    MOST_EVENTS,
    DeadLetters,
    EventType,
    ExperimentEvents,
    Filters,
    Side,
    UnitFindings,
)
from litmus_server.http.auth import Authenticator, Require
from litmus_server.http.body import Body
from litmus_server.http.openapi import takes
from litmus_server.http.v1.query import Cursor, Moment, Reference, stored, utc, word
from litmus_server.services.inspection import Inspection

MOST_ATTRIBUTES = 65_536
"""Bytes."""
MOST_SCORE = 1e308

_Limit = Annotated[int, Query(ge=1, le=MOST_EVENTS, description="Events on a page")]
_Type = Annotated[EventType | None, Query(alias="type", description="A `reward` is a metric")]
_Metric = Annotated[str | None, Query(max_length=128, description="A metric's name")]
_Variant = Annotated[str | None, Query(max_length=128, description="A variant's key")]
_Unit = Annotated[str | None, Query(max_length=256, description="A unit's id")]
_Reason = Annotated[
    str | None,
    Query(description="Why it was rejected", json_schema_extra={"enum": [*map(str, Reason), None]}),
]
_Since = Annotated[Moment | None, Query(description="Received then or later; RFC 3339, UTC without a zone")]
_Until = Annotated[Moment | None, Query(description="Received before; RFC 3339, UTC without a zone")]


_UnitId = Annotated[str, Field(max_length=256, pattern=r"^[^\x00]*$")]


class ExplainRequest(BaseModel):
    """Whose decision, by which attributes. `preview`: the key of a variant to be forced, as a preview link does. `scores`: as in a request
    for an assignment, where they decide.
    """

    model_config = ConfigDict(extra="forbid")

    unit_id: _UnitId | None = None
    user_id: _UnitId | None = Field(None, description="The same as unit_id")
    attributes: dict[str, Any] | None = None
    preview: Annotated[str, Field(max_length=128)] | None = None
    scores: dict[str, float] | None = None


class _Text(Convertor[str]):
    """The rest of a path. Starlette's own `path` ends before a line feed, and would answer for another unit."""

    regex = "(?s:.*)"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("text", _Text())

_encode = msgspec.json.Encoder(decimal_format="number").encode


def routes(inspection: Inspection, authenticator: Authenticator) -> APIRouter:
    """All of them, under /api/v1."""
    router = APIRouter(prefix="/api/v1", tags=["inspection"])
    reader = Annotated[Principal, Depends(Require(authenticator, Action.READ))]

    @router.get(
        "/experiments/{id}/events",
        operation_id="listEvents",
        summary="What came in for an experiment, accepted and rejected, newest first",
        response_model=ExperimentEvents,
    )
    async def events(
        _: reader,
        reference: Reference,
        outcome: Annotated[Side | None, Query(description="Both by default")] = None,
        kind: _Type = None,
        metric: _Metric = None,
        variant: _Variant = None,
        unit: _Unit = None,
        reason: _Reason = None,
        since: _Since = None,
        until: _Until = None,
        named: Annotated[
            bool,
            Query(
                description="false: instead, the events that name no experiment and count for this one, because the unit was "
                "exposed to it before"
            ),
        ] = True,
        cursor: Cursor = None,
        limit: _Limit = 50,
    ) -> Response:
        filters = Filters(
            outcome, kind, stored(metric, "metric"), variant, stored(unit, "unit"), word(reason, "reason", Reason),
            utc(since, "since"), utc(until, "until"), named,
        )  # fmt: skip
        return _json(await inspection.events(reference, filters, cursor, limit))

    @router.post(
        "/experiments/{id}/explain",
        operation_id="explainDecision",
        summary="Why a unit gets what it gets: every step of the decision; nothing is assigned",
        response_model=Explanation,
        openapi_extra=takes(ExplainRequest, changes=False),
    )
    async def explain(_: reader, reference: Reference, form: Body) -> Response:
        unit = _read_unit(form)
        attributes = form.json("attributes", {}, MOST_ATTRIBUTES)
        if not isinstance(attributes, dict | None):
            form.fault("attributes", "must be an object")
        preview = form.text("preview", 128, "")
        scores = None
        if form.has("scores"):
            inner = form.form("scores")
            scores = {key: float(inner.number(key, -MOST_SCORE, MOST_SCORE)) for key in inner}
        form.close()
        given = attributes if isinstance(attributes, dict) else {}
        return _json(await inspection.explain(reference, unit, given, preview or None, scores))

    @router.get(
        "/dead-letters",
        operation_id="listDeadLetters",
        summary="Rejected events that name no experiment that there is, or those of one; and how many by hour",
        response_model=DeadLetters,
    )
    async def dead_letters(
        _: reader,
        experiment: Annotated[str | None, Query(description="An experiment's id or key")] = None,
        kind: _Type = None,
        metric: _Metric = None,
        unit: _Unit = None,
        reason: _Reason = None,
        since: _Since = None,
        until: _Until = None,
        cursor: Cursor = None,
        limit: _Limit = 50,
    ) -> Response:
        filters = Filters(
            Side.REJECTED,
            kind,
            stored(metric, "metric"),
            None,
            stored(unit, "unit"),
            word(reason, "reason", Reason),
            utc(since, "since"),
            utc(until, "until"),
        )
        return _json(await inspection.dead_letters(experiment, filters, cursor, limit))

    @router.get(
        "/units/{unit_id:text}",
        operation_id="getUnit",
        summary="One unit: its assignments, what they counted, and its newest events",
        response_model=UnitFindings,
    )
    async def unit(
        _: reader,
        unit_id: Annotated[str, Path(description="Any text; a slash may stand as it is, or as %2F")],
        cursor: Cursor = None,
        limit: _Limit = 50,
    ) -> Response:
        return _json(await inspection.unit(unit_id, cursor, limit))

    return router


def _read_unit(form: Form) -> str:
    """As `assign` reads it; the service says what is no unit."""
    given = {name: form.value(name) for name in ("unit_id", "user_id")}
    for name, value in given.items():
        if not isinstance(value, str | None):
            form.fault(name, "must be a text")
    return str(given["unit_id"] or given["user_id"] or "")


def _json(document: Any) -> Response:
    return Response(_encode(document), media_type="application/json")
