"""The canonical API for those who look at results: counters, report, series, bandit.

A route authenticates, calls the service once, and answers what it said. The bodies are the domain's own documents, encoded
by msgspec; the classes are their schema.
"""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query, Response

from litmus_server.domain.access import Action, Principal
from litmus_server.domain.readings import Bandit, Inference, Metrics, Results
from litmus_server.domain.report import Report
from litmus_server.domain.series import Interval
from litmus_server.http.auth import Authenticator, Require
from litmus_server.http.v1.query import Moment, Reference, invalid, utc
from litmus_server.services.reports import Reports

MOST_VERSIONS = 200


def routes(reports: Reports, authenticator: Authenticator) -> APIRouter:
    """All of them, under /api/v1."""
    router = APIRouter(prefix="/api/v1", tags=["results"])
    reader = Annotated[Principal, Depends(Require(authenticator, Action.READ))]

    @router.get(
        "/experiments/{id}/metrics",
        operation_id="getMetrics",
        summary="Raw counters: events as they came in, distinct exposed units",
        response_model=Metrics,
    )
    async def metrics(_: reader, reference: Reference) -> Response:
        return _json(await reports.metrics(reference))

    @router.get(
        "/experiments/{id}/report",
        operation_id="getReport",
        summary="The report: what is known of each variant, computed once for everybody who asks",
        response_model=Report,
    )
    async def report(_: reader, reference: Reference) -> Response:
        return Response(await reports.report(reference), media_type="application/json")

    @router.get(
        "/experiments/{id}/analysis",
        operation_id="getAnalysis",
        summary="The inferential part of the report alone: verdict, plan, health, effects, tests by name",
        response_model=Inference,
    )
    async def analysis(_: reader, reference: Reference) -> Response:
        return Response(await reports.analysis(reference), media_type="application/json")

    @router.get(
        "/experiments/{id}/results",
        operation_id="getResults",
        summary="One metric over time, at most 500 points",
        response_model=Results,
    )
    async def results(
        _: reader,
        reference: Reference,
        interval: Annotated[
            Interval | None, Query(description="The finest that shows everything in 500 points by default")
        ] = None,
        metric: Annotated[
            str | None, Query(max_length=128, description="A metric's name; the primary one by default")
        ] = None,
        since: Annotated[
            Moment | None, Query(alias="from", description="RFC 3339; UTC without a zone")
        ] = None,
        until: Annotated[Moment | None, Query(alias="to", description="RFC 3339; UTC without a zone")] = None,
    ) -> Response:
        start, end = utc(since, "from"), utc(until, "to")
        if start is not None and end is not None and start > end:
            raise invalid("from", "must not be after `to`")
        return _json(await reports.results(reference, metric, interval, start, end))

    @router.get(
        "/experiments/{id}/bandit",
        operation_id="getBandit",
        summary="Posteriors, shares, and every published policy version with the state that it follows from",
        response_model=Bandit,
    )
    async def bandit(
        _: reader,
        reference: Reference,
        cursor: Annotated[
            int | None, Query(ge=1, le=2**31 - 1, description="`next_cursor` of the page before")
        ] = None,
        limit: Annotated[int, Query(ge=1, le=MOST_VERSIONS, description="Versions on a page")] = 50,
    ) -> Response:
        return _json(await reports.bandit(reference, cursor, limit))

    return router


def _json(document: Any) -> Response:
    return Response(msgspec.json.encode(document), media_type="application/json")
