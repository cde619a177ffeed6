"""The canonical API for those who plan: how many units, how small an effect, how probable a finding, how many days."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field

from litmus_server.domain.access import Action, Principal
from litmus_server.domain.metric import MOST_NAME
from litmus_server.domain.plan import MOST_LOOKS, Correction, Method, SpendingShape
from litmus_server.domain.power import (
    MOST_DAYS,
    MOST_SHARES,
    MOST_UNITS,
    TITLE,
    Answer,
    Question,
    read_question,
)
from litmus_server.http.auth import Authenticator, Require
from litmus_server.http.body import Body
from litmus_server.http.openapi import takes
from litmus_server.http.v1.query import Reference
from litmus_server.services.power import Power


class PowerRule(BaseModel):
    """The rule of `bayesian_ab`, whose false-alarm rate is asked for."""

    model_config = ConfigDict(extra="forbid")

    early_stopping_threshold: float | None = Field(None, ge=0.5, le=1 - 1e-6, description="0.95 by default")
    significance_threshold: float | None = Field(
        None, ge=0.5, le=1 - 1e-6, description="At the last look; 0.95 by default"
    )
    min_sample_size: int | None = Field(None, ge=1, le=MOST_UNITS, description="1,000 by default")
    prior_alpha: float | None = Field(None, ge=1e-6, le=1e9)
    prior_beta: float | None = Field(None, ge=1e-6, le=1e9)


class PowerRequest(BaseModel):
    """A baseline is required: `baseline_rate`, or `mean` and `sd`, or an experiment that has run.

    What is left out is as the experiment has it, or: alpha 0.05, power 0.8, two sides, method hybrid with 14 looks, two equal shares.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"baseline_rate": 0.1, "minimum_effect": 0.1, "units_per_day": 3000}]
        },
    )

    experiment_id: str | None = Field(
        None, max_length=128, description="Id or key: its settings and its history"
    )
    metric: Annotated[str, Field(min_length=1, max_length=MOST_NAME)] | None = Field(
        None, description="Of the experiment; its primary one by default"
    )
    baseline_rate: float | None = Field(None, gt=0, lt=1)
    mean: float | None = Field(None, ge=-1e12, le=1e12)
    sd: float | None = Field(None, gt=0, le=1e12, description="Standard deviation of one unit's value")
    explained: float | None = Field(
        None, ge=0, le=0.999, description="Part of the variance that adjustment removes"
    )
    minimum_effect: float | None = Field(None, ge=-100, le=100, description="As a fraction of the baseline")
    minimum_difference: float | None = Field(None, ge=-1e12, le=1e12, description="In the metric's units")
    margin: float | None = Field(
        None, ge=1e-6, le=10, description="Non-inferiority: the harm that is borne, as a fraction; one side"
    )
    variants: int | None = Field(None, ge=2, le=MOST_SHARES, description="Equal shares of so many")
    shares: Annotated[list[float], Field(min_length=2, max_length=MOST_SHARES)] | None = Field(
        None, description="Of all units, control first; they sum to 1"
    )
    alpha: float | None = Field(None, ge=1e-6, le=0.5)
    power: float | None = Field(None, ge=0.5, le=0.999)
    sides: int | None = Field(None, ge=1, le=2)
    method: Method | None = None
    looks: int | None = Field(None, ge=1, le=MOST_LOOKS)
    spending: SpendingShape | None = None
    correction: Correction | None = Field(None, description="With several treatments; holm by default")
    units: int | None = Field(None, ge=1, le=MOST_UNITS, description="In all: what do so many find?")
    days: float | None = Field(None, ge=1e-3, le=MOST_DAYS, description="The same from units_per_day")
    units_per_day: float | None = Field(None, ge=1e-6, le=MOST_UNITS, description="New units, in all")
    rule: PowerRule | None = None


_NO_EXPERIMENT = {
    "description": "There is no experiment of this `experiment_id`",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def routes(power: Power, authenticator: Authenticator) -> APIRouter:
    """Both of them, under /api/v1."""
    router = APIRouter(prefix="/api/v1", tags=["planning"])
    reader = Annotated[Principal, Depends(Require(authenticator, Action.READ))]

    @router.post(
        "/power",
        operation_id="computePower",
        summary="Sample size, detectable effect, power and duration; from typed-in numbers or an experiment's own history",
        openapi_extra=takes(PowerRequest, changes=False),
        response_model=Answer,
        responses={404: _NO_EXPERIMENT},
    )
    async def compute(_: reader, form: Body) -> Response:
        question = read_question(form)
        form.close(TITLE)
        return _json(await power.answer(question))

    @router.get(
        "/experiments/{id}/power",
        operation_id="getPower",
        summary="The same for an experiment as it is planned, from what control has shown so far",
        response_model=Answer,
    )
    async def of_experiment(_: reader, reference: Reference) -> Response:
        return _json(await power.answer(Question(experiment=reference)))

    return router


def _json(document: bytes) -> Response:
    return Response(document, media_type="application/json")
