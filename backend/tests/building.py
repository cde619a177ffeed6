"""The application, built for test after test: what FastAPI has pydantic compile of a type is compiled once."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any
from unittest.mock import patch

from litmus_server import apps
from litmus_server.http.traffic import Application
from litmus_server.wiring import Runtime
from pydantic import TypeAdapter

_compiled: dict[Hashable, TypeAdapter[Any]] = {}


def application(runtime: Runtime) -> Application:
    """As `apps.application`, in a quarter of its time from the second on."""
    with patch("fastapi._compat.v2.TypeAdapter", _adapter):
        return apps.application(runtime)


def _adapter(type_: Any, **options: Any) -> TypeAdapter[Any]:
    """FastAPI asks for `Annotated[type, field]`; fields that look the same are the same."""
    key = type_.__origin__, repr(type_.__metadata__), repr(options)
    if key not in _compiled:
        _compiled[key] = TypeAdapter(type_, **options)
    return _compiled[key]
