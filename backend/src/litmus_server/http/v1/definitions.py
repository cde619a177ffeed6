"""Definitions as documents, in JSON and YAML: what is there, what a set of documents would change, and changing it.

Its bodies are the documents alone, so that a file can be sent as it is; who and why are in the query.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import BaseModel
from starlette.responses import StreamingResponse

from litmus_server.domain.access import Action, Principal
from litmus_server.domain.audit import read_cause
from litmus_server.domain.definition import MOST_DOCUMENTS, Item, Kind, Plan
from litmus_server.domain.errors import Fault, Invalid
from litmus_server.domain.experiment import Status
from litmus_server.domain.form import Form
from litmus_server.domain.notation import MOST_YAML, read_json, read_yaml, write_yaml
from litmus_server.http.auth import Authenticator, Require
from litmus_server.http.body import media_type, read_bytes
from litmus_server.http.problems import UnsupportedType
from litmus_server.http.traffic import REQUEST_ID
from litmus_server.http.v1.control_wire import CreateExperiment
from litmus_server.http.v1.query import Reference
from litmus_server.http.v1.targeting import CreateAudience, CreateLayer
from litmus_server.services.definitions import Definitions

_YAML = "application/yaml"
_YAML_TYPES = {_YAML, "application/x-yaml", "text/yaml", "text/x-yaml"}
_SLICE = 50
"""Documents that are written between two looks at who waits."""

Format = Literal["json", "yaml"]


@dataclass(frozen=True, slots=True)
class DifferenceBody:
    """One value that changes; null where there was, or will be, nothing."""

    pointer: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class FaultBody:
    """Why a document is refused; the pointer is into the document."""

    pointer: str
    message: str


@dataclass(frozen=True, slots=True)
class ItemBody:
    """What becomes of a document: `create`, `update`, `unchanged` or `refused`. `revision` is the one before."""

    document: int
    kind: str | None
    key: str | None
    outcome: Literal["create", "update", "unchanged", "refused"]
    revision: int | None
    differences: list[DifferenceBody]
    errors: list[FaultBody]


@dataclass(frozen=True, slots=True)
class PlanBody:
    """What becomes of the documents, in their order. `changes` and `refused` count them; `token` is also the ETag."""

    applied: bool
    token: str
    changes: int
    refused: int
    items: list[ItemBody]


def routes(definitions: Definitions, authenticator: Authenticator) -> APIRouter:
    """All of them, under /api/v1."""
    router = APIRouter(prefix="/api/v1", tags=["definitions"])
    reader = Annotated[Principal, Depends(Require(authenticator, Action.READ))]
    manager = Annotated[Principal, Depends(Require(authenticator, Action.MANAGE))]
    wanted = Annotated[
        Format | None, Query(alias="format", description="As the Accept header; JSON by default")
    ]
    documents = Annotated[list[Any], Depends(_read_documents)]

    @router.get(
        "/experiments/{id}/definition",
        operation_id="getDefinition",
        summary="What people chose about an experiment, as a document",
        responses=_either({"type": "object"}),
    )
    async def one(
        request: Request,
        _: reader,
        reference: Reference,
        form: wanted = None,
    ) -> Response:
        document = await definitions.one(reference)
        if _wants_yaml(request, form):
            return Response(await asyncio.to_thread(write_yaml, [document]), media_type=_YAML)
        return Response(msgspec.json.encode(document), media_type="application/json")

    @router.get(
        "/definitions",
        operation_id="listDefinitions",
        summary="All definitions that are not archived, as documents that can be applied elsewhere",
        responses=_either({"type": "array", "items": {"type": "object"}}),
    )
    async def all_(request: Request, _: reader, form: wanted = None) -> Response:
        found = await definitions.all()
        if _wants_yaml(request, form):
            return StreamingResponse(_yaml(found), media_type=_YAML)
        return StreamingResponse(_json(found), media_type="application/json")

    @router.post(
        "/definitions/plan",
        operation_id="planDefinitions",
        summary="What applying these documents would change",
        response_model=PlanBody,
        openapi_extra=_TAKES,
    )
    async def plan(request: Request, principal: reader, documents: documents) -> Response:
        cause = read_cause(Form({}), principal, request.scope.get(REQUEST_ID))
        return _planned(await definitions.plan(documents, cause), applied=False)

    @router.post(
        "/definitions/apply",
        operation_id="applyDefinitions",
        summary="Bring everything to what these documents say, in one transaction or not at all; nothing is deleted",
        response_model=PlanBody,
        openapi_extra=_TAKES,
        responses={409: _CONFLICT},
    )
    async def apply(
        request: Request,
        principal: manager,
        documents: documents,
        actor: Annotated[str, Query(max_length=200, description="Who does this, as the audit will say")] = "",
        reason: Annotated[str, Query(max_length=2000, description="Why, as the audit will say")] = "",
        if_match: Annotated[
            str, Header(max_length=200, description="A plan's ETag; 409 when it would now do something else")
        ] = "*",
    ) -> Response:
        form = Form({"actor": actor, "reason": reason}, "/query")
        cause = read_cause(form, principal, request.scope.get(REQUEST_ID))
        form.close()
        return _planned(await definitions.apply(documents, cause, _token(if_match)), applied=True)

    return router


def schema() -> dict[str, Any]:
    """The JSON schema of a document, for editors: the bodies of create, and what else a document may say."""
    experiment, defs = _described(CreateExperiment, Kind.EXPERIMENT)
    defs["NewVariant"]["properties"]["state"] = {
        "enum": ["active", "paused"],
        "description": "Once it has started; stays when absent",
    }
    experiment["properties"]["status"] = {
        "enum": list(Status),
        "description": "Where it is brought, if that is a legal step; stays when absent",
    }
    defs |= {
        "experiment": experiment,
        "audience": _described(CreateAudience, Kind.AUDIENCE)[0],
        "layer": _described(CreateLayer, Kind.LAYER)[0],
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:litmus:definition",
        "title": "A definition of Litmus",
        "description": "What a person chose, as docs/reference/definitions.md says; what is left out has its default.",
        "type": "object",
        "required": ["kind"],
        "oneOf": [{"$ref": f"#/$defs/{kind}"} for kind in Kind],
        "$defs": defs,
    }


def _described(model: type[BaseModel], kind: Kind) -> tuple[dict[str, Any], dict[str, Any]]:
    """The schema of a document of this kind, which is found by its key, and of what it names."""
    described = model.model_json_schema()
    properties = {
        k: v for k, v in described["properties"].items() if k not in {"actor", "reason", "revision"}
    }
    properties["key"] = {**properties["key"]["anyOf"][0], "description": "What it is found by"}
    return {
        "description": described["description"],
        "type": "object",
        "properties": {"kind": {"const": str(kind)}, **properties},
        "required": ["kind", "key", *(name for name in described["required"] if name != "key")],
        "additionalProperties": False,
    }, described.get("$defs", {})


async def _read_documents(request: Request) -> list[Any]:
    """The documents of the body. Read in a thread: YAML takes long. Raises as `read_form`."""
    body, media = await read_bytes(request), media_type(request)
    is_yaml = media in _YAML_TYPES or media.endswith("+yaml")
    if not (is_yaml or media == "application/json" or media.endswith("+json")):
        what = media or "without a Content-Type"
        raise UnsupportedType(f"The body must be application/json or {_YAML}, not {what}")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid(f"The body is not UTF-8: {error}", title="Malformed body") from error
    read = await asyncio.to_thread(read_yaml if is_yaml else _read_json, text)
    documents = [
        each for document in read for each in (document if isinstance(document, list) else [document])
    ]
    if not documents or not all(isinstance(each, dict) for each in documents):
        message = "must be a document, which is an object, or a list of at least one"
        raise Invalid(f"The body {message}", (Fault("", message),))
    return documents


def _read_json(text: str) -> list[Any]:
    return [read_json(text)]


def _planned(plan: Plan, *, applied: bool) -> Response:
    body = PlanBody(
        applied, plan.token, plan.changes, len(plan.refused), [_item(item) for item in plan.items]
    )
    headers = {"ETag": f'"{plan.token}"'}
    return Response(msgspec.json.encode(body), media_type="application/json", headers=headers)


def _item(item: Item) -> ItemBody:
    return ItemBody(
        item.document,
        item.kind,
        item.key,
        item.outcome.value,
        item.revision,
        [DifferenceBody(each.pointer, each.before, each.after) for each in item.differences],
        [FaultBody(each.pointer, each.message) for each in item.faults],
    )


def _json(documents: Sequence[Any]) -> Iterator[bytes]:
    """A list, in slices: Starlette takes each in a thread."""
    yield b"["
    for place in range(0, len(documents), _SLICE):
        part = b",".join(msgspec.json.encode(each) for each in documents[place : place + _SLICE])
        yield b"," + part if place else part
    yield b"]"


def _yaml(documents: Sequence[Any]) -> Iterator[str]:
    """A list as one YAML document: the slices of a block sequence follow one another."""
    for place in range(0, max(len(documents), 1), _SLICE):
        part = write_yaml([list(documents[place : place + _SLICE])])
        yield part.removeprefix("---\n") if place else part


def _wants_yaml(request: Request, form: Format | None) -> bool:
    """What the query says, else whether the header names YAML before JSON."""
    if form is not None:
        return form == "yaml"
    for media in request.headers.get("accept", "").split(","):
        name = media.partition(";")[0].strip().lower()
        if name in _YAML_TYPES or name == "application/json":
            return name in _YAML_TYPES
    return False


def _token(if_match: str) -> str | None:
    header = if_match.strip()
    return None if header == "*" else header.removeprefix("W/").strip('"')


def _either(schema: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {"application/json": {"schema": schema}, _YAML: {"schema": {}}}}}


_DOCUMENTS = {
    "anyOf": [
        {"type": "object"},
        {"type": "array", "items": {"type": "object"}, "minItems": 1, "maxItems": MOST_DOCUMENTS},
    ],
    "description": f"One document or a list, as spec/definition.schema.json has it; YAML of at most {MOST_YAML:,} bytes",
}
_CONFLICT = {
    "description": "What the plan was made against has changed since",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_TAKES = {
    "requestBody": {
        "required": True,
        "content": {media: {"schema": _DOCUMENTS} for media in ("application/json", _YAML)},
    },
}
