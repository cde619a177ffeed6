"""The canonical API for people and operators: making, reading and changing experiments.

A route authenticates, reads a form, calls the service once, and answers. Rules are on another floor.
"""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request, Response

from litmus_server.domain.access import Action, Principal
from litmus_server.domain.audit import Trail, read_cause
from litmus_server.domain.draft import TITLE, ExperimentType, read_draft
from litmus_server.domain.experiment import Experiment, Status, read_status
from litmus_server.domain.form import Form
from litmus_server.domain.listing import MOST_LISTED, Listing, Order, read_position
from litmus_server.domain.metric import MetricKind, Role, read_declaration
from litmus_server.http.auth import Authenticator, Require
from litmus_server.http.body import Body
from litmus_server.http.openapi import takes
from litmus_server.http.traffic import REQUEST_ID
from litmus_server.http.v1.change import read_change
from litmus_server.http.v1.control_wire import (
    AlarmList,
    AuditList,
    Changed,
    ChangeRequest,
    CloneExperiment,
    ConcludeRequest,
    Created,
    CreateExperiment,
    DeclareMetric,
    Deleted,
    EditExperiment,
    ExperimentBody,
    ExperimentList,
    Meta,
    StatusRequest,
    WinnerRequest,
    from_alarm,
    from_audit,
    from_changed,
    from_created,
    from_experiment,
)
from litmus_server.http.v1.control_wire import Trail as TrailBody
from litmus_server.http.v1.query import Cursor, Moment, Reference, invalid, stored, utc, words
from litmus_server.services.experiments import MOST_AUDIT, Experiments
from litmus_server.services.reports import Reports

_ACTIONS = {
    "start": (Experiments.start, "Start: from now on units are assigned"),
    "launch": (Experiments.start, "The same as start"),
    "pause": (Experiments.pause, "Pause: control for everybody until it is resumed"),
    "resume": (Experiments.resume, "Resume after a pause"),
    "stop": (Experiments.stop, "Stop for ever: control for everybody"),
    "archive": (Experiments.archive, "Put a draft or a completed experiment away"),
    "restore": (Experiments.restore, "Take it out of the archive"),
}


_RAMP_ACTIONS = {
    "hold": (Experiments.hold_ramp, "Hold the ramp: the share of traffic stays until it is resumed"),
    "resume": (Experiments.resume_ramp, "Let the ramp go on"),
}


def routes(experiments: Experiments, reports: Reports, authenticator: Authenticator, meta: Meta) -> APIRouter:
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
    async def create(request: Request, principal: manager, form: Body) -> Created:
        draft = read_draft(form)
        cause = read_cause(form, principal, request.scope.get(REQUEST_ID))
        form.close(TITLE)
        return from_created(await experiments.create(draft, cause))

    @router.get(
        "/experiments",
        operation_id="listExperiments",
        tags=["experiments"],
        summary="List experiments: the running ones, or those of a status, or all",
        response_model=ExperimentList,
    )
    async def list_(
        _: reader,
        status: Annotated[
            list[str] | None,
            Query(
                description=f"{', '.join(Status)} or all; several with commas or repeated. `running` by default"
            ),
        ] = None,
        archived: Annotated[
            bool | None,
            Query(description="Only those in the archive, or only others; others unless status is all"),
        ] = None,
        q: Annotated[
            str,
            Query(
                max_length=200,
                description="Words, each part of name, key, owner, tags, description or hypothesis",
            ),
        ] = "",
        type_: Annotated[
            list[str] | None,
            Query(alias="type", description=f"{', '.join(ExperimentType)}; several as in status"),
        ] = None,
        tag: Annotated[list[str] | None, Query(description="Repeated: it has all of them")] = None,
        owner: Annotated[str | None, Query(max_length=200)] = None,
        metric: Annotated[str | None, Query(max_length=128, description="A metric that it declares")] = None,
        order: Annotated[Order, Query(description="Newest first by default")] = Order.NEWEST,
        include: Annotated[
            str | None, Query(description="`summary`: with what is known of the results of each")
        ] = None,
        cursor: Cursor = None,
        limit: Annotated[int, Query(ge=1, le=MOST_LISTED)] = MOST_LISTED,
    ) -> Response:
        if include not in {None, "summary"}:
            raise invalid("include", "must be summary")
        statuses = words(status) or (["all"] if archived else [str(Status.RUNNING)])
        everything = "all" in statuses
        listing = Listing(
            statuses=None if everything else tuple(read_status(each, "/query/status") for each in statuses),
            archived=False if archived is None and not everything else archived,
            text=stored(q, "q") or "",
            types=None if type_ is None else tuple(_read_type(each) for each in words(type_)),
            tags=tuple(stored(each, "tag") or "" for each in tag or ()),
            owner=stored(owner, "owner"),
            metric=stored(metric, "metric"),
            order=order,
            after=None if cursor is None else read_position(cursor, order),
            limit=limit,
        )
        page = await experiments.list(listing)
        bodies = [from_experiment(experiment) for experiment in page.experiments]
        summaries = await reports.summaries([each.id for each in page.experiments]) if include else None
        return _json(
            ExperimentList(
                experiments=bodies,
                count=len(bodies),
                total=page.total,
                next_cursor=page.cursor,
                summaries=summaries,
            )
        )

    @router.get(
        "/experiments/{id}",
        operation_id="getExperiment",
        tags=["experiments"],
        summary="One experiment with its variants",
        response_model=ExperimentBody,
    )
    async def get(_: reader, reference: Reference) -> Response:
        return _shown(await experiments.get(reference))

    @router.patch(
        "/experiments/{id}",
        operation_id="editExperiment",
        tags=["experiments"],
        summary="Change a draft, or what is safe to change once it has started",
        response_model=ExperimentBody,
        openapi_extra=takes(EditExperiment),
    )
    async def edit(request: Request, principal: manager, reference: Reference, form: Body) -> Response:
        cause, revision = read_change(form, request, principal)
        changes = form.rest()
        form.close(TITLE)
        return _shown(await experiments.edit(reference, changes, cause, revision))

    @router.delete(
        "/experiments/{id}",
        operation_id="deleteExperiment",
        tags=["experiments"],
        summary="Delete a draft; what has started can be archived",
        openapi_extra=takes(ChangeRequest, required=False),
    )
    async def delete(request: Request, principal: manager, reference: Reference, form: Body) -> Deleted:
        cause, revision = read_change(form, request, principal)
        form.close()
        draft, revision = await experiments.delete(reference, cause, revision)
        return Deleted(experiment_id=draft.id, experiment_key=draft.key, revision=revision)

    @router.post(
        "/experiments/{id}/clone",
        operation_id="cloneExperiment",
        tags=["experiments"],
        summary="A new draft that says the same, also of an archived one",
        openapi_extra=takes(CloneExperiment),
    )
    async def clone(request: Request, principal: manager, reference: Reference, form: Body) -> Created:
        cause, revision = read_change(form, request, principal)
        changes = form.rest()
        form.close(TITLE)
        return from_created(await experiments.clone(reference, changes, cause, revision))

    @router.post(
        "/experiments/{id}/conclude",
        operation_id="concludeExperiment",
        tags=["lifecycle"],
        summary="Complete it, or name the winner of a completed one: everybody gets that variant",
        openapi_extra=takes(ConcludeRequest),
    )
    async def conclude(request: Request, principal: manager, reference: Reference, form: Body) -> Changed:
        cause, revision = read_change(form, request, principal)
        winner, other = _read_winner(form), _read_winner(form, "winner")
        if winner and other and winner != other:
            form.fault("winner", "give winner or winner_variant_id, not both")
        if not winner and not other:
            form.fault("winner", "is required: the key or id of a variant; stop completes without one")
        form.close()
        return from_changed(await experiments.conclude(reference, winner or other or "", cause, revision))

    @router.post(
        "/experiments/{id}/winner",
        operation_id="shipWinner",
        tags=["lifecycle"],
        summary="Ship another winner of a completed experiment, or (null) none: then everybody gets the control",
        openapi_extra=takes(WinnerRequest),
    )
    async def ship(request: Request, principal: manager, reference: Reference, form: Body) -> Changed:
        cause, revision = read_change(form, request, principal)
        winner = _read_winner(form, "winner")
        if "winner" not in list(form):
            form.fault("winner", "is required: the key or id of a variant, or null for none")
        form.close()
        return from_changed(await experiments.ship(reference, winner, cause, revision))

    @router.put(
        "/experiments/{id}/status",
        operation_id="setExperimentStatus",
        tags=["lifecycle"],
        summary="Change the status",
        openapi_extra=takes(StatusRequest),
    )
    async def set_status(request: Request, principal: manager, reference: Reference, form: Body) -> Changed:
        cause, revision = read_change(form, request, principal)
        status = read_status(form.value("status"))
        winner = _read_winner(form)
        form.close()
        return from_changed(await experiments.set_status(reference, status, cause, revision, winner))

    for name, (change, summary) in _ACTIONS.items():
        router.add_api_route(
            f"/experiments/{{id}}/{name}",
            _action(experiments, manager, change),
            methods=["POST"],
            operation_id=f"{name}Experiment",
            tags=["lifecycle"],
            summary=summary,
            openapi_extra=takes(ChangeRequest, required=False),
        )

    for name, (change, summary) in _RAMP_ACTIONS.items():
        router.add_api_route(
            f"/experiments/{{id}}/ramp/{name}",
            _ramp_action(experiments, manager, change),
            methods=["POST"],
            operation_id=f"{name}Ramp",
            tags=["lifecycle"],
            summary=summary,
            response_model=ExperimentBody,
            openapi_extra=takes(ChangeRequest, required=False),
        )

    @router.post(
        "/experiments/{id}/metrics",
        operation_id="declareMetric",
        tags=["experiments"],
        summary="Declare one more metric, also of a running experiment",
        response_model=ExperimentBody,
        openapi_extra=takes(DeclareMetric),
    )
    async def declare_metric(
        request: Request, principal: manager, reference: Reference, form: Body
    ) -> Response:
        cause, revision = read_change(form, request, principal)
        metric = read_declaration(form, (Role.SECONDARY, Role.GUARDRAIL, Role.PRIMARY), MetricKind.MEAN)
        form.close()
        return _shown(await experiments.declare_metric(reference, metric, cause, revision))

    @router.get(
        "/experiments/{id}/alarms",
        operation_id="listAlarms",
        tags=["experiments"],
        summary="What was found wrong with it: the alarms that stand and those that stood, newest first",
    )
    async def alarms(
        _: reader,
        reference: Reference,
        cursor: Cursor = None,
        limit: Annotated[int, Query(ge=1, le=MOST_AUDIT)] = MOST_AUDIT,
    ) -> AlarmList:
        experiment = await experiments.get(reference)
        page = await experiments.alarms(reference, cursor, limit)
        bodies = [from_alarm(alarm) for alarm in page.alarms]
        return AlarmList(
            experiment_id=experiment.id, alarms=bodies, count=len(bodies), next_cursor=page.cursor
        )

    @router.post(
        "/experiments/{id}/alarms/{alarm}/acknowledge",
        operation_id="acknowledgeAlarm",
        tags=["lifecycle"],
        summary="Bear with what an alarm says: it stands no longer, until there is as much evidence anew",
        openapi_extra=takes(ChangeRequest, required=False),
    )
    async def acknowledge(
        request: Request,
        principal: manager,
        reference: Reference,
        alarm: Annotated[int, Path(ge=1, lt=2**63, description="The alarm's id")],
        form: Body,
    ) -> Changed:
        cause, revision = read_change(form, request, principal)
        form.close()
        return from_changed(await experiments.acknowledge(reference, alarm, cause, revision))

    @router.get(
        "/experiments/{id}/audit",
        operation_id="getAudit",
        tags=["experiments"],
        summary="Who changed what and why, newest first",
    )
    async def audit(
        _: reader,
        reference: Reference,
        cursor: Cursor = None,
        limit: Annotated[int, Query(ge=1, le=MOST_AUDIT)] = MOST_AUDIT,
    ) -> AuditList:
        experiment = await experiments.get(reference)
        page = await experiments.audit(Trail(reference=str(experiment.id), limit=limit), cursor)
        entries = [from_audit(entry) for entry in page.entries]
        return AuditList(
            experiment_id=experiment.id, entries=entries, count=len(entries), next_cursor=page.cursor
        )

    @router.get(
        "/audit",
        operation_id="getTrail",
        tags=["experiments"],
        summary="Who changed what and why, of everything, deleted drafts included; newest first",
    )
    async def trail(
        _: reader,
        experiment: Annotated[
            str | None, Query(max_length=200, description="Its id or key; also what it was called then")
        ] = None,
        subject: Annotated[str | None, Query(max_length=64, description="`experiment`, …")] = None,
        principal: Annotated[str | None, Query(max_length=200)] = None,
        action: Annotated[
            str | None, Query(max_length=64, description="`create`, `edit`, `start`, …")
        ] = None,
        since: Annotated[Moment | None, Query(description="RFC 3339; UTC without a zone")] = None,
        until: Annotated[Moment | None, Query(description="RFC 3339; that moment not included")] = None,
        cursor: Cursor = None,
        limit: Annotated[int, Query(ge=1, le=MOST_AUDIT)] = MOST_AUDIT,
    ) -> TrailBody:
        wanted = Trail(
            reference=stored(experiment, "experiment"),
            subject=stored(subject, "subject"),
            principal=stored(principal, "principal"),
            action=stored(action, "action"),
            since=utc(since, "since"),
            until=utc(until, "until"),
            limit=limit,
        )
        page = await experiments.audit(wanted, cursor)
        entries = [from_audit(entry) for entry in page.entries]
        return TrailBody(entries=entries, count=len(entries), next_cursor=page.cursor)

    @router.get("/meta", operation_id="getMeta", tags=["meta"], summary="What this deployment is")
    async def get_meta(_: reader) -> Meta:
        return meta

    return router


def _json(body: object, **headers: str) -> Response:
    """Encoded by msgspec: these are our own words, and pydantic would check them once more."""
    return Response(msgspec.json.encode(body), media_type="application/json", headers=headers)


def _shown(experiment: Experiment) -> Response:
    return _json(from_experiment(experiment), ETag=f'"{experiment.revision}"')


def _action(experiments: Experiments, manager: Any, change: Any) -> Any:
    async def act(request: Request, principal: manager, reference: Reference, form: Body) -> Changed:
        cause, revision = read_change(form, request, principal)
        form.close()
        return from_changed(await change(experiments, reference, cause, revision))

    return act


def _ramp_action(experiments: Experiments, manager: Any, change: Any) -> Any:
    async def act(request: Request, principal: manager, reference: Reference, form: Body) -> Response:
        cause, revision = read_change(form, request, principal)
        form.close()
        return _shown(await change(experiments, reference, cause, revision))

    return act


def _read_winner(form: Form, name: str = "winner_variant_id") -> str | None:
    return form.text(name, 200) if form.has(name) else None


def _read_type(name: str) -> ExperimentType:
    try:
        return ExperimentType(name)
    except ValueError:
        raise invalid("type", f"must be one of {', '.join(ExperimentType)}") from None
