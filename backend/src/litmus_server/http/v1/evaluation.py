"""The canonical API for those who ask what another policy would have earned on the units of the log."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field

from litmus_server.domain.access import Action, Principal
from litmus_server.domain.evaluation import TITLE, Answer, read_question
from litmus_server.domain.metric import MOST_NAME
from litmus_server.http.auth import Authenticator, Require
from litmus_server.http.body import Body
from litmus_server.http.openapi import takes
from litmus_server.http.v1.query import Reference
from litmus_server.services.evaluations import Evaluations


class TargetPolicy(BaseModel):
    """Exactly one of `weights`, `variant`, `uniform`, `type`, `version` and `by`."""

    model_config = ConfigDict(extra="forbid")

    weights: dict[str, Annotated[float, Field(ge=0, le=1)]] | None = Field(
        None, description="Fixed shares by the variants' keys; they sum to 1"
    )
    variant: Annotated[str, Field(max_length=128)] | None = Field(
        None, description="Always the one of this key"
    )
    uniform: bool | None = Field(None, description="All variants that were drawn from, alike")
    type: Annotated[str, Field(max_length=64)] | None = Field(
        None, description="A bandit, computed again from what was known at each version"
    )
    parameters: dict[str, Any] | None = Field(None, description="Of the type")
    floor: float | None = Field(None, ge=0, le=1, description="Of the type: the least share of each variant")
    version: int | None = Field(
        None, ge=1, description="Of a contextual experiment: its own policy of this version"
    )
    by: Annotated[str, Field(max_length=64)] | None = Field(
        None, description="Of a contextual experiment: a rule by this feature, with `values` and `otherwise`"
    )
    values: dict[str, Annotated[str, Field(max_length=128)]] | None = Field(
        None, description="Of `by`: for each value of the feature, as JSON writes it, the variant's key"
    )
    otherwise: Annotated[str, Field(max_length=128)] | None = Field(
        None, description="Of `by`: the variant's key for all other values, and for none"
    )


class EvaluateRequest(BaseModel):
    """Which policy, and by which metric."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"policy": {"uniform": True}}, {"policy": {"variant": "control"}}]},
    )

    policy: TargetPolicy
    metric: Annotated[str, Field(min_length=1, max_length=MOST_NAME)] | None = Field(
        None, description="A declared one; the primary one by default"
    )


def routes(evaluations: Evaluations, authenticator: Authenticator) -> APIRouter:
    """All of them, under /api/v1."""
    router = APIRouter(prefix="/api/v1", tags=["results"])
    reader = Annotated[Principal, Depends(Require(authenticator, Action.READ))]

    @router.post(
        "/experiments/{id}/evaluate",
        operation_id="evaluatePolicy",
        summary="What another policy would have earned on the units of the log, or why that cannot be said",
        response_model=Answer,
        openapi_extra=takes(EvaluateRequest, changes=False),
    )
    async def evaluate(_: reader, reference: Reference, form: Body) -> Response:
        question = read_question(form, reference)
        form.close(TITLE)
        return Response(await evaluations.answer(question), media_type="application/json")

    return router
