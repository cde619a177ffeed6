"""The hot routes as the OpenAPI document shows them: from the very types that decode and encode them."""

from litmus_server.domain.event import Submitted
from litmus_server.http.openapi import DataRoute
from litmus_server.http.v1.data_wire import (
    AssignManyRequest,
    AssignManyResponse,
    Assignment,
    AssignRequest,
    ConversionRequest,
    ConversionResponse,
    Events,
    EventsResponse,
    SnapshotResponse,
)

_PREFIX = "/api/v1/experiments/"
_COMMON = (400, 401, 403, 405, 413, 429, 500, 503)
ROUTES = (
    DataRoute(
        "POST", _PREFIX + "{id}/assign", "assignUnit", "Assign a unit to a variant", AssignRequest, Assignment,
        (*_COMMON, 404),
    ),
    DataRoute(
        "GET", _PREFIX + "{id}/assignments/{unit_id}", "getAssignment", "What a unit was assigned", None, Assignment,
        (400, 401, 403, 404, 405, 500, 503),
    ),
    DataRoute(
        "POST", "/api/v1/assignments", "assignMany", "Assign many units at once", AssignManyRequest, AssignManyResponse,
        _COMMON,
    ),
    DataRoute(
        "POST", "/api/v1/events", "sendEvents", "Send events: many in an envelope, or one bare", Events | Submitted,
        EventsResponse, _COMMON,
    ),
    DataRoute(
        "POST", _PREFIX + "conversions", "recordConversion", "Record a conversion", ConversionRequest,
        ConversionResponse, (*_COMMON, 404),
    ),
    DataRoute(
        "GET", "/api/v1/snapshot", "getSnapshot", "Everything that is needed to decide", None, SnapshotResponse,
        (304, 401, 403, 405, 500, 503),
    ),
)  # fmt: skip
