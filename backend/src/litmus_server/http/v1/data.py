"""The hot routes of the canonical API: assign, events, conversions, snapshot. A lean ASGI application.

Each handler authenticates, decodes, calls one service, encodes. The control plane is FastAPI's; see `control.py`.
"""

import datetime as dt
import os
import re
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from hashlib import sha256
from typing import NamedTuple, TypeVar
from uuid import UUID

import msgspec

from litmus_server.domain.access import Action, Principal
from litmus_server.domain.assignment import assignment_id
from litmus_server.domain.errors import Fault, Invalid, LitmusError, NotFound, TooLarge
from litmus_server.domain.event import (
    KINDS,
    MICRO,
    Accepted,
    Door,
    Duplicate,
    Outcome,
    Reason,
    Rejected,
    Submitted,
    Unreadable,
    micro,
)
from litmus_server.http.answer import answer
from litmus_server.http.auth import Authenticator
from litmus_server.http.problems import MethodNotAllowed, heading_of, status_of
from litmus_server.http.traffic import HEADERS, PRINCIPAL, REQUEST_ID, ROUTE, Receive, Scope, Send
from litmus_server.http.v1.data_wire import (
    AssignManyRequest,
    AssignManyResponse,
    Assignment,
    AssignRequest,
    ConversionRequest,
    ConversionResponse,
    EventOutcome,
    Events,
    EventsResponse,
    Failed,
    RawEvents,
)
from litmus_server.services.decisions import Assigned, Decisions, Request
from litmus_server.services.ingest import Ingest
from litmus_server.services.snapshots import Snapshots

T = TypeVar("T")
Handler = Callable[["Call"], Awaitable["Reply"]]

_SMALL, _LARGE = 1 << 20, 16 << 20
_JSON = (b"content-type", b"application/json")
_encode = msgspec.json.Encoder(decimal_format="number").encode
_PREFIX = "/api/v1/experiments/"
_FOUND = "litmus.found"


class Reply(NamedTuple):
    """What goes back."""

    body: bytes
    status: int = 200
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Call(NamedTuple):
    """What came in. `path`: the parts of the path that the route leaves open."""

    principal: Principal
    request_id: str
    path: tuple[str, ...]
    body: bytes
    headers: Mapping[bytes, bytes]


class _Route(NamedTuple):
    method: str
    template: str
    action: Action
    limit: int
    handler: Handler


class DataPlane:
    """`handles` says whether a request is ours; calling it answers."""

    def __init__(
        self, authenticator: Authenticator, decisions: Decisions, ingest: Ingest, snapshots: Snapshots
    ) -> None:
        """All state is in the services."""
        self._authenticator = authenticator
        self._decisions, self._ingest, self._snapshots = decisions, ingest, snapshots
        self._assign = _Route("POST", _PREFIX + "{id}/assign", Action.DECIDE, _SMALL, self._post_assign)
        self._assigned = _Route(
            "GET", _PREFIX + "{id}/assignments/{unit_id}", Action.READ, _SMALL, self._get_assigned
        )
        self._fixed = {
            "/api/v1/events": _Route("POST", "/api/v1/events", Action.INGEST, _LARGE, self._post_events),
            "/api/v1/assignments": _Route(
                "POST", "/api/v1/assignments", Action.DECIDE, _LARGE, self._post_many
            ),
            _PREFIX + "conversions": _Route(
                "POST", _PREFIX + "conversions", Action.INGEST, _SMALL, self._post_conversion
            ),
            "/api/v1/snapshot": _Route("GET", "/api/v1/snapshot", Action.DECIDE, _SMALL, self._get_snapshot),
        }

    def handles(self, scope: Scope) -> bool:
        """Whether the path is one of ours, whatever the method."""
        if scope["type"] != "http" or (found := self._find(scope["path"])) is None:
            return False
        scope[_FOUND] = found
        return True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that `handles` took. What is wrong is raised: `http/envelope.py` answers it, for both planes."""
        route, path = scope[_FOUND]
        scope[ROUTE] = route.template
        if scope["method"] != route.method:
            raise MethodNotAllowed(route.method)
        headers = scope[HEADERS]
        principal = self._authenticator.authorize(headers.get(b"authorization"), route.action)
        scope[PRINCIPAL] = principal.name
        body = await _body(receive, headers, route.limit) if route.method == "POST" else b""
        if body is None:  # the client went away
            return
        reply = await route.handler(Call(principal, scope[REQUEST_ID], path, body, headers))
        await answer(scope, send, reply.status, (_JSON, *reply.headers), reply.body)

    def _find(self, path: str) -> tuple[_Route, tuple[str, ...]] | None:
        route = self._fixed.get(path)
        if route is not None:
            return route, ()
        if path.startswith(_PREFIX):
            reference, slash, rest = path[len(_PREFIX) :].partition("/")
            if rest == "assign":
                return self._assign, (reference,)
            if slash and rest.startswith("assignments/") and len(rest) > 12:
                return self._assigned, (reference, rest[12:])
        return None

    async def _post_assign(self, call: Call) -> Reply:
        asked = _decode(_ASSIGN, call.body)
        unit = asked.unit_id or asked.user_id or ""
        exposure = None
        if asked.log_exposure:
            # Derived from the assignment and the call: a retry of this call, by its request id, is a duplicate.
            live = self._snapshots.find(call.path[0])
            exposure = _derived(live.experiment.id if live else call.path[0], unit, call.request_id)
        request = Request(
            call.path[0],
            unit,
            asked.attributes or {},
            asked.unit_type,
            exposure,
            asked.preview,
            asked.eligible,
            asked.scores,
            "" if unit else _derived(call.path[0], "decision", call.request_id),
        )
        answer = await self._decisions.assign(request, Door.CANONICAL, call.principal.key_id)
        return Reply(_encode(_assignment(answer)))

    async def _get_assigned(self, call: Call) -> Reply:
        return Reply(_encode(_assignment(await self._decisions.stored(*call.path))))

    async def _post_many(self, call: Call) -> Reply:
        self._decisions.admit()
        asked = _decode(_MANY, call.body).requests
        requests = [
            Request(
                one.experiment_id,
                (unit := one.unit_id or one.user_id or ""),
                one.attributes or {},
                one.unit_type,
                preview=one.preview,
                eligible=one.eligible,
                scores=one.scores,
                decision="" if unit else _derived(one.experiment_id, str(place), call.request_id),
            )
            for place, one in enumerate(asked)
        ]
        answers = await self._decisions.assign_many(requests, Door.CANONICAL, call.principal.key_id)
        shown = [
            _failed(answer, request) if isinstance(answer, LitmusError) else _assignment(answer)
            for answer, request in zip(answers, requests, strict=True)
        ]
        return Reply(_encode(AssignManyResponse(shown)))

    async def _post_events(self, call: Call) -> Reply:
        self._ingest.admit()
        events, sent_at = _events(call.body)
        outcomes = await self._ingest.accept(events, Door.CANONICAL, call.principal.key_id, sent_at)
        return Reply(_encode(_outcomes(events, outcomes)))

    async def _post_conversion(self, call: Call) -> Reply:
        asked = _decode(_CONVERSION, call.body)
        unit = asked.unit_id or asked.user_id or ""
        value = Decimal(1) if asked.value is None else asked.value
        event_id = _uuid() if asked.event_id is None else asked.event_id
        event = Submitted(
            event_id, "conversion", unit, experiment_id=asked.experiment_id, metric_name=asked.metric_name,
            value=value, occurred_at=asked.occurred_at, metadata=asked.metadata,
        )  # fmt: skip
        # Known before it is written: a database that goes away in between must not make a stored conversion fail.
        assigned = await self._stored(asked.experiment_id, unit)
        (outcome,) = await self._ingest.accept([event], Door.CANONICAL, call.principal.key_id)
        if isinstance(outcome, Rejected):
            raise _conversion_refused(outcome, asked.experiment_id)
        assigned = assigned or await self._decisions.stored(asked.experiment_id, unit)
        experiment = assigned.live.experiment
        answer = ConversionResponse(
            "recorded", experiment.id, experiment.variants[assigned.variant].name, asked.metric_name, _plain(value),
            event_id, isinstance(outcome, Duplicate), outcome.note if isinstance(outcome, Accepted) else None,
        )  # fmt: skip
        return Reply(_encode(answer))

    async def _stored(self, reference: str, unit: str) -> Assigned | None:
        try:
            return await self._decisions.stored(reference, unit)
        except (NotFound, Invalid):
            return None

    async def _get_snapshot(self, call: Call) -> Reply:
        etag, body = self._snapshots.published()
        headers = ((b"etag", etag.encode()), (b"cache-control", b"no-cache"))
        if call.headers.get(b"if-none-match") == etag.encode():
            return Reply(b"", 304, headers)
        return Reply(body, 200, headers)


_ASSIGN = msgspec.json.Decoder(AssignRequest)
_MANY = msgspec.json.Decoder(AssignManyRequest)
_EVENTS = msgspec.json.Decoder(Events)
_RAW_EVENTS = msgspec.json.Decoder(RawEvents)
_EVENT = msgspec.json.Decoder(Submitted)
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_CONVERSION = msgspec.json.Decoder(ConversionRequest)


def _decode(decoder: "msgspec.json.Decoder[T]", body: bytes) -> T:
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise _invalid(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid(f"The body is not JSON: {error}", title="Malformed body") from error


def _invalid(error: msgspec.ValidationError) -> Invalid:
    """Msgspec says «Expected `str`, got `int` - at `$.requests[0].unit_id`»; we say it with a JSON pointer."""
    said, _, path = str(error).partition(" - at `$")
    pointer = "".join(f"/{name or place}" for name, place in _STEP.findall(path))
    if missing := _MISSING.fullmatch(said):
        pointer, said = f"{pointer}/{missing[1]}", "is required"
    elif said.startswith("Invalid enum value") and pointer.endswith("/type"):
        said = f"must be one of {', '.join(KINDS)}"
    elif most := _MOST.fullmatch(said):
        said = f"must have at most {most[1]} items"
    else:
        said = _PLAIN.sub(_in_json, said)
    return Invalid(f"{pointer.removeprefix('/') or 'the body'}: {said}", (Fault(pointer, said),))


_STEP = re.compile(r"\.(\w+)|\[([\d.]+)\]")
_MISSING = re.compile(r"Object missing required field `(\w+)`")
_MOST = re.compile(r"Expected `array` of length <= (\d+)")
_PLAIN = re.compile(r"Expected `([^`]+)`, got `([^`]+)`")
_JSON_WORDS = {"str": "text", "int": "a number", "float": "a number", "decimal": "a number", "bool": "true or false",
               "object": "an object", "array": "a list", "null": "null", "datetime": "a time with its zone"}  # fmt: skip


def _in_json(match: "re.Match[str]") -> str:
    wanted, found = (
        " or ".join(
            _JSON_WORDS.get(word.strip(), word.strip()) for word in part.split("|") if word.strip() != "null"
        )
        or "null"
        for part in match.groups()
    )
    return f"must be {wanted}, not {found}"


def _events(body: bytes) -> tuple[list[Submitted | Unreadable], dt.datetime | None]:
    """The events of an envelope, or the one bare event; what is none becomes Unreadable in its place."""
    try:
        envelope = _EVENTS.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        events, sent_at = _events_apart(body)
    else:
        events, sent_at = list(envelope.events), envelope.sent_at
    for place, event in enumerate(events):
        if isinstance(event, Submitted) and not event.unit_id and event.user_id:
            events[place] = msgspec.structs.replace(event, unit_id=event.user_id)
    return events, sent_at


def _events_apart(body: bytes) -> tuple[list[Submitted | Unreadable], dt.datetime | None]:
    """One event by one: those that are none, or hold half of a character, must not make the others wait."""
    try:
        raw = _OBJECT.decode(body)
    except msgspec.ValidationError as error:
        raise _invalid(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        body = _without_lone_surrogates(body)
        raw = _decode(_OBJECT, body)
    if "events" in raw:
        loose = _decode(_RAW_EVENTS, body)
        return [_event(each) for each in loose.events], loose.sent_at
    if not raw.keys() & {"event_id", "type", "unit_id", "user_id"}:
        raise Invalid("events is required: a list, or one bare event", (Fault("/events", "is required"),))
    return [_event(msgspec.Raw(body))], None


# A pair of surrogates, half of one, or any other escape: in this order, so that `\\\\ud800` stays what it is.
_ESCAPE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.",
    re.DOTALL,
)


def _without_lone_surrogates(body: bytes) -> bytes:
    """The same JSON with each half of a character as a NUL, which no event may hold: so only its own event is rejected."""
    return _ESCAPE.sub(lambda match: b"\\u0000" if match[1] else match[0], body)


def _event(raw: msgspec.Raw) -> Submitted | Unreadable:
    try:
        return _EVENT.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        said = str(_invalid(error)) if isinstance(error, msgspec.ValidationError) else str(error)
        text = bytes(raw).decode(errors="replace")
        try:
            named = msgspec.json.decode(raw, type=_Named).event_id
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            named = None
        return Unreadable(said, text, named)


class _Named(msgspec.Struct):
    event_id: str | None = None


def _outcomes(events: list[Submitted | Unreadable], outcomes: list[Outcome]) -> EventsResponse:
    shown, duplicates, rejected = [], 0, 0
    for event, outcome in zip(events, outcomes, strict=True):
        if isinstance(outcome, Rejected):
            rejected += 1
            shown.append(EventOutcome(event.event_id, "rejected", outcome.reason, outcome.message))
        elif isinstance(outcome, Duplicate):
            duplicates += 1
            shown.append(EventOutcome(event.event_id, "duplicate"))
        else:
            shown.append(EventOutcome(event.event_id, "accepted", None, outcome.note))
    return EventsResponse(len(shown) - duplicates - rejected, duplicates, rejected, shown)


def _assignment(answer: Assigned) -> Assignment:
    live, experiment = answer.live, answer.live.experiment
    variant = experiment.variants[answer.variant]
    return Assignment(
        experiment.id,
        experiment.key,
        assignment_id(live.no, answer.logged_as) if answer.in_experiment else None,
        answer.unit,
        answer.in_experiment,
        answer.reason,
        variant.id,
        variant.key,
        variant.name,
        live.configs[answer.variant],
        answer.propensity / MICRO,
        answer.fresh,
        answer.revision,
        answer.policy_version,
        answer.expires_at or msgspec.UNSET,
    )


def _failed(error: LitmusError, request: Request) -> Failed:
    return Failed(status_of(error)[0], heading_of(error), str(error), request.reference, request.unit)


def _conversion_refused(outcome: Rejected, reference: str) -> LitmusError:
    match outcome.reason:
        case Reason.NOT_IN_EXPERIMENT:
            return Invalid(outcome.message, title="User not in experiment")
        case Reason.UNKNOWN_EXPERIMENT:
            return NotFound("Experiment", reference)
        case _:
            return Invalid(f"{outcome.reason.value}: {outcome.message}", title="Conversion rejected")


def _plain(value: Decimal) -> Decimal | float:
    """As it is stored; 1.0 stays 1.0, as the documents print it."""
    stored = Decimal(micro(value)[0]).scaleb(-6)
    return float(stored) if stored == stored.to_integral_value() else stored.normalize()


async def _body(receive: Receive, headers: Mapping[bytes, bytes], limit: int) -> bytes | None:
    """The whole body; None when the client went away. Raises TooLarge before it holds more than `limit` bytes."""
    announced = headers.get(b"content-length", b"0")
    if announced.isdigit() and int(announced) > limit:
        raise TooLarge(limit)
    message = await receive()
    if message["type"] == "http.disconnect":
        return None
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        if len(body) > limit:
            raise TooLarge(limit)
        return body
    parts, size = [body], len(body)
    while message.get("more_body"):
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limit:
            raise TooLarge(limit)
    return b"".join(parts)


def _derived(reference: str, unit: str, request_id: str) -> str:
    digest = bytearray(
        sha256("\n".join((reference, unit, request_id)).encode(errors="replace")).digest()[:16]
    )
    digest[6], digest[8] = digest[6] & 0x0F | 0x80, digest[8] & 0x3F | 0x80
    return str(UUID(bytes=bytes(digest)))


def _uuid() -> str:
    return str(UUID(bytes=os.urandom(16), version=4))
