"""One OpenAPI document for both planes, and the interactive page that shows it, with assets of our own.

FastAPI describes the control plane, msgspec's types the data plane. It must not know any route by name.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from http import HTTPStatus
from importlib.util import find_spec
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

import msgspec
from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.responses import FileResponse, HTMLResponse, Response
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from litmus_server.domain.errors import NotFound
from litmus_server.http.problems import SCHEMA

_REF = "#/components/schemas/"
_ONLY_READS = "x-only-reads"
_PROBLEM = {"application/problem+json": {"schema": {"$ref": f"{_REF}Problem"}}}
_OPEN_PATHS = ("/health", "/ready", "/metrics")


class DataRoute(NamedTuple):
    """A route of the data plane, which FastAPI does not know. Types are msgspec's; `errors` are statuses."""

    method: str
    path: str
    operation_id: str
    summary: str
    request: Any
    response: Any
    errors: Sequence[int]


def takes(model: type[BaseModel], *, required: bool = True, changes: bool = True) -> dict[str, Any]:
    """`openapi_extra` of a route that reads its body itself, as this model describes it. `changes`: it can conflict."""
    content = {"application/json": {"schema": {"$ref": _REF + model.__name__}}}
    body = {"requestBody": {"required": required, "content": content}}
    return body if changes else {**body, _ONLY_READS: True}


def document(app: FastAPI, data: Iterable[DataRoute], requests: Iterable[type[BaseModel]]) -> dict[str, Any]:
    """The document of all routes of `app` and of the data plane. `requests`: the models named by `takes`."""
    found = get_openapi(
        title=app.title,
        version=app.version,
        description=_DESCRIPTION,
        routes=app.routes,
        separate_input_output_schemas=False,
    )
    paths: dict[str, dict[str, Any]] = found.setdefault("paths", {})
    schemas: dict[str, Any] = found.setdefault("components", {}).setdefault("schemas", {})
    for left_over in ("HTTPValidationError", "ValidationError"):
        schemas.pop(left_over, None)
    for path, operations in paths.items():
        for method, operation in operations.items():
            _complete(path, method, operation)
    _, described = models_json_schema(
        [(model, "validation") for model in requests], ref_template=_REF + "{model}"
    )
    _add(schemas, described.get("$defs", {}))
    for route in data:
        operation, types = _data_operation(route)
        paths.setdefault(route.path, {})[route.method.lower()] = operation
        _add(schemas, types)
    _add(schemas, {"Problem": SCHEMA})
    found["components"]["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
    found["paths"] = dict(sorted(paths.items()))
    return found


def docs(app: FastAPI, data: Sequence[DataRoute], requests: Sequence[type[BaseModel]]) -> APIRouter:
    """/openapi.json, and /docs with its files. Open to everybody; nothing comes from another server."""
    router = APIRouter(include_in_schema=False)
    made: list[bytes] = []

    @router.get("/openapi.json")
    def openapi() -> Response:  # not async: making it takes a while, and the loop decides meanwhile
        if not made:
            made.append(msgspec.json.encode(document(app, data, requests)))
        return Response(made[0], media_type="application/json")

    @router.get("/docs")
    async def page() -> Response:
        return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _POLICY})

    @router.get("/docs/start.js")
    async def start() -> Response:
        return Response(_START, media_type="text/javascript")

    @router.get("/docs/{name}")
    async def asset(name: str) -> Response:
        if name not in _ASSETS:
            raise NotFound("Page", f"/docs/{name}")
        return FileResponse(_asset_folder() / name, headers={"Cache-Control": "public, max-age=86400"})

    return router


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    """Give an operation of the control plane the errors that it can have."""
    responses = operation["responses"]
    responses.pop("422", None)
    if path in _OPEN_PATHS:
        return
    errors = {401, 403, 500, 503}
    if "parameters" in operation or "requestBody" in operation:
        errors.add(400)
    if "{" in path:
        errors.add(404)
    if "requestBody" in operation:
        errors |= {413, 415}
        only_reads = operation.pop(_ONLY_READS, False)
        if ("{" in path or method != "post") and not only_reads:
            errors.add(409)
            operation.setdefault("parameters", []).append(_IF_MATCH)
    for status in sorted(errors):
        responses.setdefault(str(status), _problem(status))
    operation["security"] = [{"bearer": []}]


def _data_operation(route: DataRoute) -> tuple[dict[str, Any], dict[str, Any]]:
    """(operation, the schemas that it names)."""
    schemas: dict[str, Any] = {}
    operation: dict[str, Any] = {
        "operationId": route.operation_id,
        "summary": route.summary,
        "tags": ["data"],
        "security": [{"bearer": []}],
        "responses": {"200": _success(_describe(route.response, schemas))},
    }
    names = re.findall(r"{(\w+)}", route.path)
    if names:
        operation["parameters"] = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names
        ]
    if route.request is not None:
        content = {"application/json": {"schema": _describe(route.request, schemas)}}
        operation["requestBody"] = {"required": True, "content": content}
    for status in sorted(route.errors):
        operation["responses"][str(status)] = (
            {"description": HTTPStatus(status).phrase} if status < 400 else _problem(status)
        )
    return operation, schemas


def _describe(kind: Any, schemas: dict[str, Any]) -> dict[str, Any]:
    """The JSON schema of a type; the structs that it names are added to `schemas`.

    msgspec describes only what it can decode strictly; we also have unions of structs, and JSON that is kept as it came.
    """
    origin, inner = get_origin(kind), get_args(kind)
    if origin in {Union, UnionType}:
        kinds = [each for each in inner if each is not msgspec.UnsetType]  # left out, where it is not there
        if len(kinds) == 1:
            return _describe(kinds[0], schemas)
        return {"anyOf": [_describe(each, schemas) for each in kinds]}
    if origin is Annotated and get_origin(inner[0]) is list:
        bounds = Annotated[list, *inner[1:]]
        return {**msgspec.json.schema(bounds), **_describe(inner[0], schemas)}
    if origin is list:
        return {"type": "array", "items": _describe(inner[0], schemas)}
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        if kind.__name__ not in schemas:
            schemas[kind.__name__] = _struct(kind, schemas)
        return {"$ref": _REF + kind.__name__}
    if kind is Decimal:
        return {"type": "number"}
    (schema,), named = msgspec.json.schema_components([kind], ref_template=_REF + "{name}")
    _add(schemas, named)
    return dict(schema)


def _struct(kind: type[msgspec.Struct], schemas: dict[str, Any]) -> dict[str, Any]:
    fields = msgspec.structs.fields(kind)
    properties = {field.encode_name: _describe(field.type, schemas) for field in fields}
    for field in fields:
        if isinstance(field.default, str | int | float):
            properties[field.encode_name]["default"] = field.default
    return {
        "title": kind.__name__,
        "description": (kind.__doc__ or "").strip(),
        "type": "object",
        "properties": properties,
        "required": [field.encode_name for field in fields if field.required],
        **({"additionalProperties": False} if kind.__struct_config__.forbid_unknown_fields else {}),
    }


def _success(schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": "OK", "content": {"application/json": {"schema": schema}}}


def _problem(status: int) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": HTTPStatus(status).phrase, "content": _PROBLEM}
    if status in {429, 503}:
        seconds = {"description": "Seconds until it is worth another try", "schema": {"type": "integer"}}
        answer["headers"] = {"Retry-After": seconds}
    return answer


def _add(schemas: dict[str, Any], more: Mapping[str, Any]) -> None:
    for name, schema in more.items():
        if schemas.setdefault(name, schema) != schema:
            raise ValueError(f"two different schemas are called {name}")


def _asset_folder() -> Path:
    spec = find_spec("fastapi_offline")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "static"


_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "The ETag that the caller has seen; 409 when the experiment has changed since",
    "schema": {"type": "string", "pattern": r'^(\*|(W/)?"[0-9]{1,18}")$'},
}

_DESCRIPTION = """\
Decide, log, learn, report, act. The tag **data** marks the hot routes: decisions and events.

Errors are `application/problem+json`. A 2xx answer to an assignment or an event is given after its transaction has committed,
and sending it again changes nothing.
"""

_ASSETS = {"swagger-ui-bundle.js", "swagger-ui.css", "favicon.png"}

# Swagger UI sets styles from its script; everything else is ours and in files.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Litmus API</title>
<link rel="icon" href="/docs/favicon.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
<script src="/docs/swagger-ui-bundle.js" defer></script>
<script src="/docs/start.js" defer></script>
</head>
<body><div id="docs"></div></body>
</html>
"""

_START = """SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  tryItOutEnabled: true,
  persistAuthorization: true,
  validatorUrl: null,
});
"""
