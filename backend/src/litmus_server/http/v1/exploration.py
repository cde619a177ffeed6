"""The canonical API for those who look into an experiment: by a dimension, by when its units came, by what else they are in."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from litmus_server.domain import cohorts as lasting
from litmus_server.domain.access import Action, Principal
from litmus_server.domain.breakdown import Breakdown, Question
from litmus_server.domain.interactions import Interactions
from litmus_server.domain.interactions import Question as Held
from litmus_server.domain.metric import MOST_NAME
from litmus_server.http.auth import Authenticator, Require
from litmus_server.http.v1.query import Reference, stored
from litmus_server.services.explorations import Explorations

MetricName = Annotated[
    str | None, Query(max_length=MOST_NAME, description="A declared metric; the primary one by default")
]


def routes(explorations: Explorations, authenticator: Authenticator) -> APIRouter:
    """All of them, under /api/v1."""
    router = APIRouter(prefix="/api/v1", tags=["results"])
    reader = Annotated[Principal, Depends(Require(authenticator, Action.READ))]

    @router.get(
        "/experiments/{id}/breakdown",
        operation_id="getBreakdown",
        summary="One metric by the values of one dimension: effects, what differs between them, whose sample ratio is wrong",
        response_model=Breakdown,
    )
    async def breakdown(
        _: reader,
        reference: Reference,
        dimension: Annotated[
            str,
            Query(
                min_length=1,
                max_length=64,
                description="One that the experiment declares, or `day`, or `bucket`",
            ),
        ],
        metric: MetricName = None,
    ) -> Response:
        question = Question(reference, stored(dimension, "dimension") or "", stored(metric, "metric"))
        return Response(await explorations.breakdown(question), media_type="application/json")

    @router.get(
        "/experiments/{id}/cohorts",
        operation_id="getCohorts",
        summary="Whether an effect lasts: by when units came, and by how long they have been there",
        response_model=lasting.Cohorts,
    )
    async def cohorts(
        _: reader,
        reference: Reference,
        metric: MetricName = None,
        age_days: Annotated[
            int | None,
            Query(
                ge=1,
                le=lasting.MOST_DAYS,
                description="How long units were there when they are compared; the metric's window by default, and at most",
            ),
        ] = None,
    ) -> Response:
        question = lasting.Question(reference, stored(metric, "metric"), age_days)
        return Response(await explorations.cohorts(question), media_type="application/json")

    @router.get(
        "/experiments/{id}/interactions",
        operation_id="getInteractions",
        summary="Whether an effect depends on the variant of another experiment that has the same units",
        response_model=Interactions,
    )
    async def interactions(
        _: reader,
        reference: Reference,
        other: Annotated[
            str | None,
            Query(
                alias="with",
                max_length=128,
                description="Another experiment's id or key; by default all that ran beside it",
            ),
        ] = None,
        metric: MetricName = None,
    ) -> Response:
        question = Held(reference, stored(other, "with"), stored(metric, "metric"))
        return Response(await explorations.interactions(question), media_type="application/json")

    return router
