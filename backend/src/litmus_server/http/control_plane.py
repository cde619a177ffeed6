"""The FastAPI application that carries the control plane's routers, whatever they are."""

from collections.abc import Iterable, Sequence

from fastapi import APIRouter, FastAPI
from pydantic import BaseModel

from litmus_server.http import problems
from litmus_server.http.openapi import DataRoute, docs


def control_plane(
    *,
    version: str,
    routers: Iterable[APIRouter],
    data: Sequence[DataRoute] = (),
    requests: Sequence[type[BaseModel]] = (),
) -> FastAPI:
    """The application: routers, errors, documentation.

    `data` and `requests` are described in the same OpenAPI: the routes of the data plane, and the models of bodies
    that routes read themselves.
    """
    app = FastAPI(
        title="Litmus",
        version=version,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    problems.install(app)
    for router in routers:
        app.include_router(router)
    app.include_router(docs(app, data, requests))
    return app
