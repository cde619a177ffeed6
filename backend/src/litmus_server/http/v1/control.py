"""The canonical API for people and operators: making, reading and changing experiments.

A route authenticates, reads a form, calls the service once, and answers. Rules are on another floor.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from litmus_server.domain.access import Action, Principal
from litmus_server.domain.audit import Cause, read_cause
from litmus_server.domain.draft import TITLE, read_draft
from litmus_server.domain.errors import Fault, Invalid
from litmus_server.domain.experiment import Status, read_status
from litmus_server.domain.form import Form
from litmus_server.domain.listing import MOST_LISTED, Listing, Order, read_position
from litmus_server.domain.metric import MetricKind, Role, read_declaration
from litmus_server.http.auth import Authenticator, Require
from litmus_server.http.body import read_form
from litmus_server.http.openapi import takes
from litmus_server.http.traffic import REQUEST_ID
from litmus_server.http.v1.control_wire import (
    AuditList,
    Changed,
    ChangeRequest,
    Created,
    CreateExperiment,
    DeclareMetric,
    ExperimentBody,
    ExperimentList,
    Meta,
    StatusRequest,
    from_audit,
    from_changed,
    from_created,
    from_experiment,
)
from litmus_server.services.experiments import MOST_AUDIT, Experiments

_Reference = Annotated[str, Path(alias="id", description="The experiment's id or key")]
_Body = Annotated[Form, Depends(read_form)]
_Cursor = Annotated[str | None, Query(max_length=1000, description="`next_cursor` of the page before")]

_ACTIONS = {
    "start": (Status.RUNNING, "Start: from now on units are assigned"),
    "launch": (Status.RUNNING, "The same as start"),
    "pause": (Status.PAUSED, "Pause: control for everybody until it is resumed"),
    "resume": (Status.RUNNING, "Resume after a pause"),
    "stop": (Status.COMPLETED, "Stop for ever: control for everybody"),
}


def routes(experiments: Experiments, authenticator: Authenticator, meta: Meta) -> APIRouter:
    """All of them, under /api/v1."""
    router = APIRouter(prefix="/api/v1")
    reader = Annotated[Principal, Depends(Require(authenticator, Action.READ))]
    manager = Annotated[Principal, Depends(Require(authenticator, Action.MANAGE))]

    @router.post(
        "/experiments",
        operation_id="createExperiment",
        tags=["experiments"],
        summary="Create an experiment",
        openapi_extra=takes(CreateExperiment),
    )
    async def create(request: Request, principal: manager, form: _Body) -> Created:
        draft = read_draft(form)
        cause = read_cause(form, principal, request.scope.get(REQUEST_ID))
        form.close(TITLE)
        return from_created(await experiments.create(draft, cause))

    @router.get(
        "/experiments",
        operation_id="listExperiments",
        tags=["experiments"],
        summary="List experiments: the running ones, or those of a status, or all",
    )
    async def list_(
        _: reader,
        status: Annotated[str, Query(description=f"{', '.join(Status)} or all")] = "running",
        q: Annotated[str, Query(max_length=200, description="Part of the name, key or description")] = "",
        order: Annotated[Order, Query(description="Newest first by default")] = Order.NEWEST,
        cursor: _Cursor = None,
        limit: Annotated[int, Query(ge=1, le=MOST_LISTED)] = MOST_LISTED,
    ) -> ExperimentList:
        wanted = None if status == "all" else read_status(status, "/query/status")
        if "\0" in q:
            raise Invalid("q: must not hold NUL", (Fault("/query/q", "must not hold NUL"),))
        after = None if cursor is None else read_position(cursor, order)
        page = await experiments.list(Listing(wanted, q, order, after, limit))
        bodies = [from_experiment(experiment) for experiment in page.experiments]
        return ExperimentList(experiments=bodies, count=len(bodies), next_cursor=page.cursor)

    @router.get(
        "/experiments/{id}",
        operation_id="getExperiment",
        tags=["experiments"],
        summary="One experiment with its variants",
    )
    async def get(_: reader, reference: _Reference, response: Response) -> ExperimentBody:
        experiment = await experiments.get(reference)
        response.headers["ETag"] = f'"{experiment.revision}"'
        return from_experiment(experiment)

    @router.put(
        "/experiments/{id}/status",
        operation_id="setExperimentStatus",
        tags=["lifecycle"],
        summary="Change the status",
        openapi_extra=takes(StatusRequest),
    )
    async def set_status(request: Request, principal: manager, reference: _Reference, form: _Body) -> Changed:
        cause, revision = _read_change(form, request, principal)
        status = read_status(form.value("status"))
        form.close()
        return from_changed(await experiments.set_status(reference, status, cause, revision))

    for name, (status, summary) in _ACTIONS.items():
        router.add_api_route(
            f"/experiments/{{id}}/{name}",
            _action(experiments, manager, status),
            methods=["POST"],
            operation_id=f"{name}Experiment",
            tags=["lifecycle"],
            summary=summary,
            openapi_extra=takes(ChangeRequest, required=False),
        )

    @router.post(
        "/experiments/{id}/metrics",
        operation_id="declareMetric",
        tags=["experiments"],
        summary="Declare one more metric, also of a running experiment",
        openapi_extra=takes(DeclareMetric),
    )
    async def declare_metric(
        request: Request, principal: manager, reference: _Reference, form: _Body
    ) -> ExperimentBody:
        cause, revision = _read_change(form, request, principal)
        metric = read_declaration(form, (Role.SECONDARY, Role.GUARDRAIL, Role.PRIMARY), MetricKind.MEAN)
        form.close()
        return from_experiment(await experiments.declare_metric(reference, metric, cause, revision))

    @router.get(
        "/experiments/{id}/audit",
        operation_id="getAudit",
        tags=["experiments"],
        summary="Who changed what and why, newest first",
    )
    async def audit(
        _: reader,
        reference: _Reference,
        cursor: _Cursor = None,
        limit: Annotated[int, Query(ge=1, le=MOST_AUDIT)] = MOST_AUDIT,
    ) -> AuditList:
        experiment = await experiments.get(reference)
        page = await experiments.audit(reference, cursor, limit)
        entries = [from_audit(entry) for entry in page.entries]
        return AuditList(
            experiment_id=experiment.id, entries=entries, count=len(entries), next_cursor=page.cursor
        )

    @router.get("/meta", operation_id="getMeta", tags=["meta"], summary="What this deployment is")
    async def get_meta(_: reader) -> Meta:
        return meta

    return router


def _action(experiments: Experiments, manager: Any, status: Status) -> Any:
    async def act(request: Request, principal: manager, reference: _Reference, form: _Body) -> Changed:
        cause, revision = _read_change(form, request, principal)
        form.close()
        return from_changed(await experiments.set_status(reference, status, cause, revision))

    return act


def _read_change(form: Form, request: Request, principal: Principal) -> tuple[Cause, int | None]:
    """Why, and the revision that the caller has seen: from the body, else from If-Match."""
    cause = read_cause(form, principal, request.scope.get(REQUEST_ID))
    revision = form.integer("revision", 0, 2**62)
    return cause, _if_match(request) if revision is None else revision


def _if_match(request: Request) -> int | None:
    header = request.headers.get("if-match", "*").strip()
    if header == "*":
        return None
    digits = header.removeprefix("W/").strip('"')
    if digits.isascii() and digits.isdigit() and len(digits) < 19:
        return int(digits)
    message = 'must be the ETag of the experiment, such as "12"'
    raise Invalid(f"If-Match: {message}", (Fault("/header/If-Match", message),))
