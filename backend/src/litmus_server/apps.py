"""One ASGI application behind one port: the data plane's lean routes first, FastAPI's for everything else.

It knows which routes there are; it must not know what they do.
"""

from collections.abc import Awaitable, Sequence

from starlette.middleware.cors import CORSMiddleware

from litmus_server.domain.draft import ExperimentType
from litmus_server.http import operations
from litmus_server.http.control_plane import control_plane
from litmus_server.http.envelope import Envelope
from litmus_server.http.local import LocalOnly
from litmus_server.http.traffic import ROUTE, Application, Receive, Scope, Send, Traffic
from litmus_server.http.v1 import control, definitions, inspection, live, previews, results, tail, targeting
from litmus_server.http.v1.control_wire import REQUESTS, Meta
from litmus_server.http.v1.data import DataPlane
from litmus_server.http.v1.data_routes import ROUTES
from litmus_server.wiring import Runtime

_PROBES = frozenset({"/health", "/ready", "/metrics"})


def application(runtime: Runtime) -> Application:
    """What answers requests, for this runtime."""
    settings, version = runtime.settings, runtime.operations.version
    meta = Meta(
        version=version,
        environment=settings.env,
        dashboard_url=settings.dashboard_url,
        features=list(ExperimentType),
    )
    managed = control_plane(
        version=version,
        routers=[
            operations.router(runtime.operations, runtime.authenticator),
            control.routes(runtime.experiments, runtime.authenticator, meta),
            definitions.routes(runtime.definitions, runtime.authenticator),
            targeting.routes(runtime.targeting, runtime.authenticator),
            previews.routes(runtime.decisions, runtime.authenticator),
            results.routes(runtime.reports, runtime.authenticator),
            inspection.routes(runtime.inspection, runtime.authenticator),
            tail.routes(runtime.tail),
            live.routes(runtime.live),  # last: it answers for all streams that there are not
        ],
        data=ROUTES,
        requests=(*REQUESTS, *targeting.REQUESTS, previews.CreatePreview, inspection.ExplainRequest),
    )
    both = _Planes(runtime.data, managed)
    inner = _shared(both, settings.cors_origins)
    if settings.development:  # nobody needs a token there, so it matters where a request comes from
        inner = LocalOnly(inner, settings.cors_origins)
    traffic = Traffic(quiet=both.is_quiet)
    runtime.operations.collectors.append(traffic)
    return Envelope(inner, traffic)


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
    def __init__(self, data: DataPlane, control: Application) -> None:
        self._data, self._control = data, control

    def is_quiet(self, scope: Scope) -> bool:
        return ROUTE in scope or scope["path"] in _PROBES  # the data plane names its route itself

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        return (self._data if self._data.handles(scope) else self._control)(scope, receive, send)
