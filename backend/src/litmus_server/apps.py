"""One ASGI application behind one port: the data plane's lean routes first, FastAPI's for everything else.

It knows which routes there are; it must not know what they do.
"""

from collections.abc import Awaitable, Sequence
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel
from starlette.middleware.cors import CORSMiddleware

from litmus_server.domain.draft import ExperimentType
from litmus_server.domain.errors import NotFound
from litmus_server.http import operations
from litmus_server.http.closing import refuse
from litmus_server.http.control_plane import control_plane
from litmus_server.http.dashboard import Dashboard, built
from litmus_server.http.envelope import Envelope
from litmus_server.http.local import LocalOnly
from litmus_server.http.openapi import document
from litmus_server.http.streams import CODES
from litmus_server.http.traffic import ROUTE, Application, Receive, Scope, Send, Traffic
from litmus_server.http.v1 import (
    control,
    definitions,
    evaluation,
    exploration,
    export,
    inspection,
    live,
    power,
    previews,
    results,
    tail,
    targeting,
)
from litmus_server.http.v1.control_wire import REQUESTS, Meta
from litmus_server.http.v1.data import DataPlane
from litmus_server.http.v1.data_routes import ROUTES
from litmus_server.settings import Settings
from litmus_server.wiring import Runtime, assembled

_PROBES = frozenset({"/health", "/ready", "/metrics"})


_REQUESTS: tuple[type[BaseModel], ...] = (
    *REQUESTS,
    *targeting.REQUESTS,
    previews.CreatePreview,
    inspection.ExplainRequest,
    power.PowerRequest,
    evaluation.EvaluateRequest,
)


def application(runtime: Runtime) -> Application:
    """What answers requests, for this runtime."""
    settings = runtime.settings
    both = _Planes(runtime.data, Dashboard(built(), settings.api_base), _managed(runtime))
    inner = _shared(both, settings.cors_origins)
    if settings.development:  # nobody needs a token there, so it matters where a request comes from
        inner = LocalOnly(inner, settings.cors_origins)
    traffic = Traffic(quiet=both.is_quiet)
    runtime.operations.collectors.append(traffic)
    return Envelope(inner, traffic)


def pages(settings: Settings) -> Application | None:
    """The dashboard and nothing else, its API elsewhere; None when it is not built."""
    folder = built()
    if folder is None:
        return None
    dashboard = Dashboard(folder, settings.api_base or "http://localhost:8000/api/v1")

    async def only(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await refuse(scope, receive, send, CODES[NotFound], "The API is elsewhere")
        elif dashboard.handles(scope):
            await dashboard(scope, receive, send)
        else:
            raise NotFound("Page", scope["path"])

    return Envelope(only, Traffic(quiet=dashboard.handles))


async def description() -> dict[str, Any]:
    """The OpenAPI document of this version, as /openapi.json answers it; no database is asked."""
    runtime = assembled(Settings.read(env="development", database_url=None), "postgresql://nowhere/none")
    return document(_managed(runtime), ROUTES, _REQUESTS)


def _managed(runtime: Runtime) -> FastAPI:
    settings, version = runtime.settings, runtime.operations.version
    meta = Meta(
        version=version,
        environment=settings.env,
        dashboard_url=settings.dashboard_url,
        features=list(ExperimentType),
    )
    return control_plane(
        version=version,
        routers=[
            operations.router(runtime.operations, runtime.authenticator),
            control.routes(runtime.experiments, runtime.reports, runtime.authenticator, meta),
            definitions.routes(runtime.definitions, runtime.authenticator),
            targeting.routes(runtime.targeting, runtime.authenticator),
            previews.routes(runtime.decisions, runtime.authenticator),
            results.routes(runtime.reports, runtime.authenticator),
            power.routes(runtime.power, runtime.authenticator),
            evaluation.routes(runtime.evaluations, runtime.authenticator),
            exploration.routes(runtime.explorations, runtime.authenticator),
            export.routes(runtime.exports, runtime.authenticator),
            inspection.routes(runtime.inspection, runtime.authenticator),
            tail.routes(runtime.tail),
            live.routes(runtime.live),  # last: it answers for all streams that there are not
        ],
        data=ROUTES,
        requests=_REQUESTS,
    )


def _shared(app: Application, origins: Sequence[str]) -> Application:
    """Answer pages of exactly these origins too. Never with cookies: a token is what counts."""
    if not origins:
        return app

    def plain(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == "http":  # the headers of CORS are put into ASGI's own messages only
            scope.pop("extensions", None)
        return app(scope, receive, send)

    return CORSMiddleware(
        plain,
        allow_origins=list(origins),
        allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "If-Match", "X-Request-Id"],
        expose_headers=["ETag", "Retry-After", "X-Request-Id"],
        max_age=600,
    )


class _Planes:
    def __init__(self, data: DataPlane, dashboard: Dashboard, control: Application) -> None:
        self._data, self._dashboard, self._control = data, dashboard, control

    def is_quiet(self, scope: Scope) -> bool:
        if ROUTE in scope or scope["path"] in _PROBES:  # the data plane names its route itself
            return True
        return self._dashboard.handles(scope)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if self._data.handles(scope):
            return self._data(scope, receive, send)
        return (self._dashboard if self._dashboard.handles(scope) else self._control)(scope, receive, send)
