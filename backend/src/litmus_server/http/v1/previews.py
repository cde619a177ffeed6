"""The canonical API for previews: a link that shows one variant to whoever opens it, and logs nothing."""

import datetime as dt
from typing import Annotated
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from litmus_server.domain.access import Action, Principal
from litmus_server.domain.preview import LONGEST, SHORTEST
from litmus_server.http.auth import Authenticator, Require
from litmus_server.http.body import Body
from litmus_server.http.openapi import takes
from litmus_server.http.v1.query import Reference
from litmus_server.services.decisions import Decisions

PARAMETER = "litmus_preview"
"""What carries the token in the address of a page."""
_A_DAY = 86_400


class CreatePreview(BaseModel):
    """Which variant to show. `page` is the address of the page on which it is to be seen."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"variant": "treatment"}]})

    variant: Annotated[str, Field(min_length=1, max_length=200)] = Field(description="Its key or id")
    expires_in: int | None = Field(
        None, ge=SHORTEST, le=LONGEST, description="Seconds; a day by default, 30 days at most"
    )
    page: Annotated[str, Field(max_length=2000, pattern=r"^https?://[^\s\x00-\x1f]+$")] | None = None


class PreviewBody(BaseModel):
    """`token` is what `assign` takes as `preview`; `url` is the page with it, and null without a page."""

    experiment_id: UUID
    experiment_key: str
    variant_key: str
    token: str
    url: str | None
    expires_at: dt.datetime


def routes(decisions: Decisions, authenticator: Authenticator) -> APIRouter:
    """The one route, under /api/v1."""
    router = APIRouter(prefix="/api/v1", tags=["experiments"])
    manager = Annotated[Principal, Depends(Require(authenticator, Action.MANAGE))]

    @router.post(
        "/experiments/{id}/previews",
        operation_id="createPreview",
        summary="A token that shows one variant, for people who check it; nothing is logged",
        openapi_extra=takes(CreatePreview, changes=False),
    )
    async def create(
        _: manager,
        reference: Reference,
        form: Body,
    ) -> PreviewBody:
        variant = form.text("variant", 200)
        seconds = form.integer("expires_in", SHORTEST, LONGEST) or _A_DAY
        page = form.text("page", 2000) if form.has("page") else None
        if page is not None and _with_token(page, "") is None:
            form.fault("page", "must be an http or https address")
        form.close()
        preview = await decisions.preview(reference, variant, seconds)
        return PreviewBody(
            experiment_id=UUID(preview.experiment_id),
            experiment_key=preview.experiment_key,
            variant_key=preview.variant_key,
            token=preview.token,
            url=None if page is None else _with_token(page, preview.token),
            expires_at=preview.expires_at,
        )

    return router


def _with_token(page: str, token: str) -> str | None:
    """The address with the token among its parameters; None for what is none."""
    try:
        parts = urlsplit(page)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            return None
        query = [each for each in parse_qsl(parts.query, keep_blank_values=True) if each[0] != PARAMETER]
    except ValueError:
        return None
    return urlunsplit(parts._replace(query=urlencode([*query, (PARAMETER, token)])))
