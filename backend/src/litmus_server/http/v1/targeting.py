"""The canonical API for what experiments share: audiences, layers, the holdout.

A route authenticates, reads a form, calls the service once, and answers. Rules are on another floor.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Path, Request, Response
from litmus.decide import Finding
from pydantic import BaseModel, ConfigDict, Field

from litmus_server.domain.access import Action, Principal
from litmus_server.domain.audience import Audience, read_condition
from litmus_server.domain.audit import read_cause
from litmus_server.domain.draft import KEY, read_key
from litmus_server.domain.errors import NotFound
from litmus_server.domain.form import Form
from litmus_server.domain.layer import Layer
from litmus_server.domain.weights import share_to_ppm, to_fraction
from litmus_server.http.auth import Authenticator, Require
from litmus_server.http.body import Body
from litmus_server.http.openapi import takes
from litmus_server.http.traffic import REQUEST_ID
from litmus_server.http.v1.change import read_change
from litmus_server.http.v1.control_wire import Caused, ChangeRequest, Condition, Key, Name, Text
from litmus_server.ports import Holdout
from litmus_server.services.targeting import AudienceUse, Targeting

MOST_ATTRIBUTES = 65_536
"""Bytes."""

T = TypeVar("T")
_Key = Annotated[str, Path(alias="key")]


class CreateAudience(Caused):
    """A condition that experiments can name: `{"audience": "key"}`."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"name": "grown up", "condition": {"attribute": "age", "operator": "greater", "value": 17}}
            ]
        },
    )

    name: Name
    key: Key | None = Field(None, description="Derived from the name when absent")
    description: Text | None = None
    condition: Condition


class EditAudience(ChangeRequest):
    """What is to change; what is absent stays. The condition is replaced as a whole."""

    name: Name | None = None
    description: Text | None = None
    condition: Condition | None = None


class TestAudience(BaseModel):
    """A condition, or the key of an audience; one of both."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"audience": {"attribute": "age", "operator": "present"}, "attributes": {"age": 36}}]
        },
    )

    audience: Condition | None = None
    key: Key | None = None
    attributes: dict[str, Any] | None = None


class CountAudience(BaseModel):
    """A condition, or the key of an audience; one of both."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"audience": {"attribute": "country", "operator": "equals", "value": "DE"}}]
        },
    )

    audience: Condition | None = None
    key: Key | None = None
    unit_type: str | None = Field(
        None, max_length=64, description="Only units of this type; those of all experiments when absent"
    )


class CreateLayer(Caused):
    """A layer; experiments take their shares of it."""

    name: Name
    key: Key | None = Field(None, description="Derived from the name when absent")
    description: Text | None = None


class EditLayer(ChangeRequest):
    """What is to change; what is absent stays."""

    name: Name | None = None
    description: Text | None = None


class SetHoldout(ChangeRequest):
    """The share of all units that no experiment has, but for those that take no part."""

    share: float = Field(ge=0, le=1)


REQUESTS: tuple[type[BaseModel], ...] = (
    CreateAudience,
    EditAudience,
    TestAudience,
    CountAudience,
    CreateLayer,
    EditLayer,
    SetHoldout,
)
"""What `openapi.py` describes beside the answers."""


class UserBody(BaseModel):
    """An experiment that names it."""

    experiment_id: UUID
    experiment_key: str
    name: str
    status: str


class AudienceBody(BaseModel):
    """A named condition. `condition` may name others."""

    key: str
    name: str
    description: str
    condition: dict[str, Any]
    revision: int
    created_at: dt.datetime
    updated_at: dt.datetime


class AudienceList(BaseModel):
    """By key."""

    audiences: list[AudienceBody]
    count: int


class UsedBy(BaseModel):
    """Those that name it themselves; `audiences` are keys."""

    experiments: list[UserBody]
    audiences: list[str]


class UsedAudience(AudienceBody):
    """A named condition, and who names it."""

    used_by: UsedBy


class Tested(BaseModel):
    """Whether the condition matches, and what each of its parts came to."""

    matches: bool
    finding: Finding


class Counted(BaseModel):
    """Of the `units` that experiments assigned since `since`, at most a day ago, how many match the condition.

    Of `unknown` it cannot be said: the log keeps the attributes that experiments' dimensions name, and no others. Nobody was
    assigned: `units` is 0. `whole`: all since then were looked at; else as many as are looked at, which is enough for a share.
    """

    units: int
    matching: int
    not_matching: int
    unknown: int
    not_kept: list[str] = Field(
        description="Attributes that the condition asks for, and that none of their experiments keeps"
    )
    since: dt.datetime
    whole: bool


class PlaceBody(UserBody):
    """The part of the layer that an experiment has: from `from` up to before `to`."""

    model_config = ConfigDict(serialize_by_alias=True)

    from_: float = Field(alias="from")
    to: float
    share: float


class FreeBody(BaseModel):
    """A part of the layer that nobody has."""

    model_config = ConfigDict(serialize_by_alias=True)

    from_: float = Field(alias="from")
    to: float
    share: float


class LayerBody(BaseModel):
    """Who has which part of it, in its order. `free` is what is left in all, `largest_free` the most that one can get."""

    key: str
    name: str
    description: str
    salt: str
    revision: int
    created_at: dt.datetime
    updated_at: dt.datetime
    allocations: list[PlaceBody]
    free: float
    largest_free: float
    free_ranges: list[FreeBody]


class LayerList(BaseModel):
    """By key."""

    layers: list[LayerBody]
    count: int


class HoldoutBody(BaseModel):
    """The share of all units that no experiment has. The salt never changes, so that the same units come first."""

    share: float
    salt: str
    revision: int
    updated_at: dt.datetime


class Removed(BaseModel):
    """It is no more; its key is free."""

    key: str
    deleted: Literal[True] = True
    revision: int


_NO_AUDIENCE = {
    "description": "There is no audience of this `key`",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def routes(targeting: Targeting, authenticator: Authenticator) -> APIRouter:
    """All of them, under /api/v1."""
    router = APIRouter(prefix="/api/v1", tags=["targeting"])
    reader = Annotated[Principal, Depends(Require(authenticator, Action.READ))]
    manager = Annotated[Principal, Depends(Require(authenticator, Action.MANAGE))]

    @router.get("/audiences", operation_id="listAudiences", summary="All named audiences")
    async def list_audiences(_: reader) -> AudienceList:
        found = [_from_audience(each) for each in await targeting.audiences()]
        return AudienceList(audiences=found, count=len(found))

    @router.post(
        "/audiences",
        operation_id="createAudience",
        summary="Name a condition that experiments share",
        openapi_extra=takes(CreateAudience),
    )
    async def create_audience(request: Request, principal: manager, form: Body) -> AudienceBody:
        cause = read_cause(form, principal, request.scope.get(REQUEST_ID))
        key, name, description = _read_new(form, "audience")
        condition = read_condition(form, "condition")
        if not form.has("condition"):
            form.fault("condition", "is required")
        form.close()
        return _from_audience(await targeting.create_audience(key, name, description, condition or {}, cause))

    @router.post(
        "/targeting/test",
        operation_id="testAudience",
        summary="Whether a condition, or a named audience, matches these attributes, and why",
        response_model=Tested,
        responses={404: _NO_AUDIENCE},
        openapi_extra=takes(TestAudience),
    )
    async def try_audience(_: reader, form: Body) -> Response:
        condition, key = _read_either(form)
        attributes = form.json("attributes", {}, MOST_ATTRIBUTES)
        if not isinstance(attributes, dict | None):
            form.fault("attributes", "must be an object")
        form.close()
        found = await targeting.test_audience(
            condition, key, attributes if isinstance(attributes, dict) else {}
        )
        body = msgspec.json.encode({"matches": found.matched, "finding": found})
        return Response(body, media_type="application/json")

    @router.post(
        "/targeting/count",
        operation_id="countAudience",
        summary="How many of the units of the last day a condition, or a named audience, means",
        responses={404: _NO_AUDIENCE},
        openapi_extra=takes(CountAudience),
    )
    async def count_audience(_: reader, form: Body) -> Counted:
        condition, key = _read_either(form)
        unit_type = form.text("unit_type", 64) if form.has("unit_type") else None
        form.close()
        found, since, whole = await targeting.reach(condition, key, unit_type)
        return Counted(
            units=found.units,
            matching=found.matching,
            not_matching=found.units - found.matching - found.unknown,
            unknown=found.unknown,
            not_kept=list(found.not_kept),
            since=since,
            whole=whole,
        )

    @router.get("/audiences/{key}", operation_id="getAudience", summary="One, and who names it")
    async def get_audience(_: reader, key: _Key, response: Response) -> UsedAudience:
        found = await targeting.audience(_known("Audience", key))
        return _from_use(_tagged(response, found.audience.revision, found))

    @router.patch(
        "/audiences/{key}",
        operation_id="editAudience",
        summary="Change it, and with it every experiment that means it",
        openapi_extra=takes(EditAudience),
    )
    async def edit_audience(
        request: Request, principal: manager, key: _Key, form: Body, response: Response
    ) -> AudienceBody:
        cause, revision = read_change(form, request, principal)
        name, description = _read_edit(form)
        condition = read_condition(form, "condition")
        form.close()
        saved = await targeting.edit_audience(
            _known("Audience", key), name, description, condition, cause, revision
        )
        return _from_audience(_tagged(response, saved.revision, saved))

    @router.delete(
        "/audiences/{key}",
        operation_id="deleteAudience",
        summary="Remove one that nobody names",
        openapi_extra=takes(ChangeRequest, required=False),
    )
    async def delete_audience(request: Request, principal: manager, key: _Key, form: Body) -> Removed:
        cause, revision = read_change(form, request, principal)
        form.close()
        gone = await targeting.delete_audience(_known("Audience", key), cause, revision)
        return Removed(key=key, revision=gone)

    @router.get("/layers", operation_id="listLayers", summary="All layers, with who has which part")
    async def list_layers(_: reader) -> LayerList:
        found = [_from_layer(each) for each in await targeting.layers()]
        return LayerList(layers=found, count=len(found))

    @router.post(
        "/layers",
        operation_id="createLayer",
        summary="A layer, whose experiments will never share a unit",
        openapi_extra=takes(CreateLayer),
    )
    async def create_layer(request: Request, principal: manager, form: Body) -> LayerBody:
        cause = read_cause(form, principal, request.scope.get(REQUEST_ID))
        key, name, description = _read_new(form, "layer")
        form.close()
        return _from_layer(await targeting.create_layer(key, name, description, cause))

    @router.get("/layers/{key}", operation_id="getLayer", summary="Who has which part, and what is free")
    async def get_layer(_: reader, key: _Key, response: Response) -> LayerBody:
        found = await targeting.layer(_known("Layer", key))
        return _from_layer(_tagged(response, found.revision, found))

    @router.patch(
        "/layers/{key}",
        operation_id="editLayer",
        summary="Change its name or description",
        openapi_extra=takes(EditLayer),
    )
    async def edit_layer(
        request: Request, principal: manager, key: _Key, form: Body, response: Response
    ) -> LayerBody:
        cause, revision = read_change(form, request, principal)
        name, description = _read_edit(form)
        form.close()
        saved = await targeting.edit_layer(_known("Layer", key), name, description, cause, revision)
        return _from_layer(_tagged(response, saved.revision, saved))

    @router.delete(
        "/layers/{key}",
        operation_id="deleteLayer",
        summary="Remove one that no experiment names",
        openapi_extra=takes(ChangeRequest, required=False),
    )
    async def delete_layer(request: Request, principal: manager, key: _Key, form: Body) -> Removed:
        cause, revision = read_change(form, request, principal)
        form.close()
        gone = await targeting.delete_layer(_known("Layer", key), cause, revision)
        return Removed(key=key, revision=gone)

    @router.get("/holdout", operation_id="getHoldout", summary="The share of units that no experiment has")
    async def get_holdout(_: reader, response: Response) -> HoldoutBody:
        found = await targeting.holdout()
        return _from_holdout(_tagged(response, found.revision, found))

    @router.put(
        "/holdout",
        operation_id="setHoldout",
        summary="Keep this share of units out of every experiment that takes part; those that are in stay",
        openapi_extra=takes(SetHoldout),
    )
    async def set_holdout(
        request: Request, principal: manager, form: Body, response: Response
    ) -> HoldoutBody:
        cause, revision = read_change(form, request, principal)
        share = form.number("share", 0, 1)
        form.close()
        saved = await targeting.set_holdout(share_to_ppm(share, "/share"), cause, revision)
        return _from_holdout(_tagged(response, saved.revision, saved))

    return router


def _read_new(form: Form, kind: str) -> tuple[str, str, str]:
    name = form.text("name", 200)
    return read_key(form, name, kind), name, form.text("description", 10_000, "", lines=True)


def _read_either(form: Form) -> tuple[Mapping[str, Any] | None, str | None]:
    """A condition, or the key of an audience."""
    condition = read_condition(form, "audience")
    key = form.text("key", 128) if form.has("key") else None
    if form.has("audience") is form.has("key"):
        form.fault("audience", "give either a condition in audience, or a key")
    return condition, key


def _read_edit(form: Form) -> tuple[str | None, str | None]:
    name = form.text("name", 200) if form.has("name") else None
    return name, form.text("description", 10_000, "", lines=True) if form.has("description") else None


def _known(kind: str, key: str) -> str:
    """What cannot be a key needs no look-up. Raises NotFound."""
    if not KEY.fullmatch(key):
        raise NotFound(kind, key)
    return key


def _tagged(response: Response, revision: int, body: T) -> T:
    response.headers["ETag"] = f'"{revision}"'
    return body


def _from_audience(audience: Audience) -> AudienceBody:
    return AudienceBody(
        key=audience.key,
        name=audience.name,
        description=audience.description,
        condition=dict(audience.condition),
        revision=audience.revision,
        created_at=audience.created_at,
        updated_at=audience.updated_at,
    )


def _from_use(use: AudienceUse) -> UsedAudience:
    users = [
        UserBody(experiment_id=each.id, experiment_key=each.key, name=each.name, status=each.status)
        for each in use.experiments
    ]
    used_by = UsedBy(experiments=users, audiences=use.audiences)
    return UsedAudience(**_from_audience(use.audience).model_dump(), used_by=used_by)


def _from_layer(layer: Layer) -> LayerBody:
    free = layer.free()
    return LayerBody(
        key=layer.key,
        name=layer.name,
        description=layer.description,
        salt=layer.salt,
        revision=layer.revision,
        created_at=layer.created_at,
        updated_at=layer.updated_at,
        allocations=[
            PlaceBody(
                experiment_id=each.experiment_id,
                experiment_key=each.key,
                name=each.name,
                status=each.status,
                **_range(each.start, each.stop),
            )
            for each in layer.places
        ],
        free=to_fraction(sum(stop - start for start, stop in free)),
        largest_free=to_fraction(max((stop - start for start, stop in free), default=0)),
        free_ranges=[FreeBody(**_range(start, stop)) for start, stop in free],
    )


def _range(start: int, stop: int) -> dict[str, Any]:
    return {"from": to_fraction(start), "to": to_fraction(stop), "share": to_fraction(stop - start)}


def _from_holdout(holdout: Holdout) -> HoldoutBody:
    return HoldoutBody(
        share=to_fraction(holdout.share),
        salt=holdout.salt,
        revision=holdout.revision,
        updated_at=holdout.updated_at,
    )
