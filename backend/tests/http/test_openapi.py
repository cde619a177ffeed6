"""One document for both planes, true to what is served; and a page for it that needs no other server."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx2
from fastapi.routing import APIRoute
from litmus_server.domain.access import Principal, Role
from litmus_server.domain.audit import read_cause
from litmus_server.domain.draft import PARAMETERS, ExperimentType, parse_draft, read_draft
from litmus_server.domain.experiment import Experiment, begin, definition
from litmus_server.domain.form import Form
from litmus_server.domain.metric import MetricKind, read_declaration
from litmus_server.domain.metric import Role as MetricRole
from litmus_server.http.auth import Authenticator, Require
from litmus_server.http.v1 import control
from litmus_server.http.v1.control_wire import (
    ChangedVariant,
    CloneExperiment,
    CreateExperiment,
    DeclareMetric,
    EditExperiment,
    Meta,
    NewVariant,
    Parameters,
)
from litmus_server.http.v1.data_routes import ROUTES
from openapi_spec_validator import validate


def asked(form: Form) -> set[str]:
    """Which fields the domain reads: those that its complaint about an unknown one allows."""
    form.fault  # noqa: B018
    return set(form._asked)


def example() -> Experiment:
    draft = parse_draft(
        {"name": "x", "variants": [{"name": "a", "weight": 0.5}, {"name": "b", "weight": 0.5}]}
    )
    return begin(draft, uuid4(), (uuid4(), uuid4()), "0" * 16, dt.datetime.now(dt.UTC))


async def document(client: httpx2.AsyncClient) -> dict[str, Any]:
    answer = await client.get("/openapi.json")
    assert answer.status_code == 200
    body: dict[str, Any] = answer.json()
    return body


def operations(body: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in body["paths"].items():
        for operation in methods.values():
            yield path, operation


async def test_the_document_is_valid_and_names_every_operation_once(client: httpx2.AsyncClient) -> None:
    body = await document(client)
    validate(body)
    names = [operation["operationId"] for _, operation in operations(body)]
    assert len(names) == len(set(names))


async def test_the_data_plane_is_in_the_same_document(client: httpx2.AsyncClient) -> None:
    paths = (await document(client))["paths"]
    for route in ROUTES:
        assert paths[route.path][route.method.lower()]["operationId"] == route.operation_id


async def test_every_operation_tells_its_errors_and_none_is_422(client: httpx2.AsyncClient) -> None:
    body = await document(client)
    assert "HTTPValidationError" not in body["components"]["schemas"]
    for path, operation in operations(body):
        assert "422" not in operation["responses"]
        if not path.startswith("/api/"):
            continue
        told = set(operation["responses"])
        assert {"401", "403", "503"} <= told, path
        assert "404" in told or "{" not in path or path.endswith("/snapshot"), path
        if "requestBody" in operation:
            assert {"400", "413"} <= told, path
        for status, answer in operation["responses"].items():
            if status >= "400":
                reference = {"$ref": "#/components/schemas/Problem"}
                assert answer["content"]["application/problem+json"]["schema"] == reference


def test_the_documented_bodies_have_the_fields_that_are_read() -> None:
    form = Form({"variants": [{}, {}], "parameters": {}})
    read_draft(form)
    read_cause(form, Principal("x", Role.ADMIN), None)
    assert asked(form) == set(CreateExperiment.model_fields)
    variant = form.entries("variants", 9).form("0")
    assert {"name", "key", "weight", "is_control", "config", "factors"} == set(NewVariant.model_fields)
    assert variant.at == "/variants/0"
    every = {name for kind in ExperimentType for name in PARAMETERS[kind]}
    assert every == set(Parameters.model_fields)
    changed = {*definition(example()), "cells", "actor", "reason", "revision"}
    assert changed == set(EditExperiment.model_fields) == set(CloneExperiment.model_fields)
    assert set(ChangedVariant.model_fields) == set(NewVariant.model_fields) | {"id", "state"}
    declaration = Form({})
    read_declaration(declaration, tuple(MetricRole), MetricKind.MEAN)
    read_cause(declaration, Principal("x", Role.ADMIN), None)
    declaration.integer("revision", 0, 1)
    assert asked(declaration) == set(DeclareMetric.model_fields)


def test_every_route_of_the_control_plane_declares_what_it_does() -> None:
    meta = Meta(version="0", environment="production", dashboard_url="", features=[])
    router = control.routes(None, None, Authenticator((), ()), meta)  # type: ignore[arg-type]
    routes = [route for route in router.routes if isinstance(route, APIRoute)]
    assert len(routes) == len(router.routes) > 10
    for route in routes:
        declared = [each.call for each in route.dependant.dependencies if isinstance(each.call, Require)]
        assert len(declared) == 1, route.path
        assert isinstance(route.dependant.dependencies[0].call, Require), route.path


async def test_the_page_and_all_its_files_come_from_us(client: httpx2.AsyncClient) -> None:
    page = await client.get("/docs")
    assert page.status_code == 200
    named = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(named) >= 4
    for path in named:
        assert path.startswith("/docs/")
        assert (await client.get(path)).status_code == 200
    assert not re.search(r"<script(?![^>]*src=)", page.text)
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "http" not in policy
    assert "script-src 'self';" in policy
    assert (await client.get("/docs/../pyproject.toml")).status_code == 404
    assert (await client.get("/docs/redoc.standalone.js")).status_code == 404
