"""Takes events in: each gets exactly one outcome, answered after the accepted ones are committed.

The steps for one event are `_judge`; what needs the stored assignment (not in the experiment, another variant, a duplicate)
is settled by the log itself, in the transaction that stores it.
"""

import asyncio
import datetime as dt
from collections.abc import Callable, Sequence
from contextlib import suppress
from uuid import UUID, uuid5

import msgspec
import structlog

from litmus_server.domain.errors import Overloaded, Unavailable, Unstorable
from litmus_server.domain.event import (
    AHEAD,
    BACK,
    KINDS,
    Accepted,
    DeadLetter,
    Duplicate,
    Kind,
    LoggedEvent,
    Outcome,
    Reason,
    Rejected,
    Submitted,
    Unreadable,
    corrected,
    identity,
    micro,
    storable,
)
from litmus_server.ports import Ledger, Log, MetricNames, StayAsked
from litmus_server.services.snapshots import Live, Snapshots

log = structlog.get_logger(__name__)

_CHUNK = 1_000
"""Events of one request that are written at once."""
_TURN, _TURNS = 0.05, 200
"""Seconds between two attempts of a later chunk, and how many there are."""
METADATA_LIMIT = 8_192
NAME_LIMIT = 128
UNDECLARED_LIMIT = 1_000
WINDOW = 30 * 86_400
"""Seconds after the first exposure in which a completed experiment still takes metrics that it did not declare."""

_ROUNDED = Accepted("value was rounded to 6 decimals, half to even")
_TOO_MANY = Rejected(
    Reason.TOO_MANY_METRICS,
    f"more than {UNDECLARED_LIMIT} undeclared metric names: declare it, or fix the name",
)
_IN_NO_STAY = Rejected(
    Reason.NOT_IN_EXPERIMENT,
    "the unit was in no stay of this experiment then: its last one was over, or it never had one",
)
_NULL = msgspec.Raw(b"null")  # an empty Raw is encoded as nothing at all
_UNNUMBERED = -1
"""In the place of a metric's number, until it is known."""
_OF_MEMORY = frozenset({Reason.UNKNOWN_EXPERIMENT, Reason.NOT_RUNNING})
"""What may be wrong only because this process has not heard of a change yet."""


class Ingest:
    """Accepts batches. Nothing is dropped in silence: what is rejected is kept as a dead letter with its reason."""

    def __init__(
        self,
        snapshots: Snapshots,
        events: Log[LoggedEvent, Outcome],
        dead_letters: Log[DeadLetter, None],
        names: MetricNames,
        ledger: Ledger,
        clock: Callable[[], dt.datetime],
    ) -> None:
        """`clock` answers now, in UTC."""
        self._snapshots, self._events, self._dead_letters = snapshots, events, dead_letters
        self._names, self._ledger, self._clock = names, ledger, clock
        self._numbers: dict[str, int] = {}
        self._admitted: dict[int, set[int]] = {}
        self.rejections: dict[str, int] = dict.fromkeys(Reason, 0)
        self.letters_lost = 0

    def admit(self) -> None:
        """Raise Overloaded or Unavailable while not even one event would be taken: before a body is read for nothing."""
        self._events.admit(1)

    async def accept(
        self,
        submitted: Sequence[Submitted | Unreadable],
        door: int,
        key_id: int | None,
        sent_at: dt.datetime | None = None,
    ) -> list[Outcome]:
        """One outcome per event, in order. Raises Overloaded, having stored nothing, or Unavailable, when what was stored
        is not known: sending the same again is safe.
        """
        now = self._clock()
        self._events.admit(min(len(submitted), _CHUNK))
        judged = [self._judge(event, door, key_id, sent_at, now) for event in submitted]
        if any(isinstance(each, Rejected) and each.reason in _OF_MEMORY for each in judged):
            await self._snapshots.refresh()
            judged = [self._judge(event, door, key_id, sent_at, now) for event in submitted]
        for place in await self._learn_names(submitted, judged):
            judged[place] = self._judge(submitted[place], door, key_id, sent_at, now)
        copied = await self._find_stays(judged) if self._snapshots.rotating else []
        await self._close_windows(submitted, judged, now)
        await self._bound_undeclared(judged)
        rows = [each[0] for each in judged if isinstance(each, tuple)]
        rows += [copy for place, copy in copied if isinstance(judged[place], tuple)]
        stored = iter(await self._store(rows))
        outcomes = [
            each if isinstance(each, Rejected) else _outcome(next(stored), each[1]) for each in judged
        ]
        if any(isinstance(outcome, Rejected) for outcome in outcomes):
            await self._keep(submitted, outcomes, door, key_id)
        return outcomes

    async def _store(self, rows: Sequence[LoggedEvent]) -> list[Outcome | Exception]:
        """By chunks, so that a large request waits its turns between small ones and is not refused because of its size.

        Only the first chunk can be refused: after it, "nothing was stored" would not be true.
        """
        stored: list[Outcome | Exception] = []
        for start in range(0, len(rows), _CHUNK):
            chunk = rows[start : start + _CHUNK]
            stored += await self._submit(chunk, 0 if start == 0 else _TURNS)
        return stored

    async def _submit(self, chunk: Sequence[LoggedEvent], turns: int) -> Sequence[Outcome | Exception]:
        size = sum(map(_size, chunk))
        for _ in range(turns):
            with suppress(Overloaded):
                return await self._events.submit(chunk, size)
            await asyncio.sleep(_TURN)
        if turns:
            raise Unavailable(
                "Too much is waiting to be written; a part is stored: sending all of it again is safe"
            )
        return await self._events.submit(chunk, size)

    def _judge(
        self,
        event: Submitted | Unreadable,
        door: int,
        key_id: int | None,
        sent_at: dt.datetime | None,
        now: dt.datetime,
    ) -> "Judged":
        """The event as the log stores it, or why not, as far as memory can tell."""
        if isinstance(event, Unreadable):
            return Rejected(Reason.MALFORMED, event.message)
        wrong = _malformed(event)
        if wrong is not None:
            return wrong
        kind = KINDS[event.type]
        occurred_at = event.occurred_at
        if occurred_at is not None:
            occurred_at = corrected(occurred_at, sent_at, now)
            age = (now - occurred_at).total_seconds()
            if age > BACK or age < -AHEAD:
                return Rejected(
                    Reason.CLOCK,
                    "occurred_at must lie within 30 days back and 5 minutes ahead of the server's clock",
                )
        live: Live | None = None
        claimed = None
        if event.experiment_id is not None:
            live = self._snapshots.find(event.experiment_id)
            if live is None:
                return Rejected(Reason.UNKNOWN_EXPERIMENT, f"there is no experiment {event.experiment_id!r}")
            refusal = _refused_by(live, event, kind, occurred_at or now)
            if refusal is not None:
                return refusal
            if event.variant_key is not None:
                variant = live.experiment.variant(event.variant_key)
                if variant is None:
                    return Rejected(
                        Reason.VARIANT_MISMATCH, f"this experiment has no variant {event.variant_key!r}"
                    )
                claimed = variant.ordinal
        number, value, rounded = None, None, False
        if kind is not Kind.EXPOSURE:
            number = self._numbers.get(_metric_name(event), _UNNUMBERED)
            try:
                value, rounded = _value(event, kind)
            except ValueError as error:
                return Rejected(Reason.VALUE, str(error))
        row = LoggedEvent(
            identity(event.event_id), kind, live.no if live else None, event.unit_id, event.unit_type, number, value, occurred_at,
            claimed, door, key_id, False, bytes(event.metadata).decode() or None,
        )  # fmt: skip
        return row, rounded

    async def _learn_names(
        self, submitted: Sequence[Submitted | Unreadable], judged: "list[Judged]"
    ) -> list[int]:
        """Number the names of events that passed, and of no others; answers the places of events to be judged again."""
        names: dict[int, str] = {}
        for place, (event, each) in enumerate(zip(submitted, judged, strict=True)):
            if isinstance(each, Rejected) or isinstance(event, Unreadable) or each[0].metric != _UNNUMBERED:
                continue
            name, number = _metric_name(event), each[0].experiment or 0
            live = self._snapshots.by_number(number)
            declared = live is not None and name in live.metrics
            if not declared and len(self._admitted.get(number, ())) >= UNDECLARED_LIMIT:
                judged[place] = _TOO_MANY
            else:
                names[place] = name
        if names:
            self._numbers.update(await self._names.numbers(sorted(set(names.values()))))
        return list(names)

    async def _find_stays(self, judged: "list[Judged]") -> list[tuple[int, LoggedEvent]]:
        """Where units are drawn anew after a while, an event is of the stay that its unit was in when it happened.

        An event that names no experiment is logged once more for each stay that its unit was in: answered are these copies, each
        with its place and an id that follows from the event's.
        """
        named: list[int] = []
        unnamed: list[tuple[int, LoggedEvent, Live]] = []
        asked: list[StayAsked] = []
        for place, each in enumerate(judged):
            if isinstance(each, Rejected):
                continue
            event = each[0]
            if event.experiment is None:
                unnamed.extend(
                    (place, event, live)
                    for live in self._snapshots.rotating.values()
                    if live.experiment.unit_type == (event.unit_type or "user")
                )
            elif event.experiment in self._snapshots.rotating:
                named.append(place)
                asked.append(_stay_asked(event, self._snapshots.rotating[event.experiment]))
        asked += [_stay_asked(event, live) for _, event, live in unnamed]
        if not asked:
            return []
        names = iter(await self._ledger.stays(asked))
        for place, name in zip(named, names, strict=False):
            judged[place] = _IN_NO_STAY if name is None else _renamed(judged[place], name)
        return [
            (place, event._replace(event_id=_copy_id(event, live), experiment=live.no, unit=name))
            for (place, event, live), name in zip(unnamed, names, strict=True)
            if name is not None
        ]

    async def _close_windows(
        self, submitted: Sequence[Submitted | Unreadable], judged: "list[Judged]", now: dt.datetime
    ) -> None:
        """A completed experiment takes the metrics of a unit only inside its attribution window."""
        late: dict[tuple[str, int], list[tuple[int, dt.datetime, int]]] = {}
        for place, (event, each) in enumerate(zip(submitted, judged, strict=True)):
            if isinstance(each, Rejected) or isinstance(event, Unreadable) or each[0].experiment is None:
                continue
            live = self._snapshots.by_number(each[0].experiment)
            if (
                live is not None
                and live.experiment.status == "completed"
                and each[0].kind is not Kind.EXPOSURE
            ):
                window = live.metrics.get(_metric_name(event), WINDOW)
                late.setdefault((each[0].unit, live.no), []).append(
                    (place, each[0].occurred_at or now, window)
                )
        if not late:
            return
        exposed = await self._ledger.first_exposures(list(late))
        for pair, places in late.items():
            first_at = exposed.get(pair)
            for place, occurred_at, window in places:
                if first_at is None or occurred_at >= first_at + dt.timedelta(seconds=window):
                    judged[place] = Rejected(
                        Reason.NOT_RUNNING,
                        "the experiment is completed and the unit's attribution window is closed",
                    )

    async def _bound_undeclared(self, judged: "list[Judged]") -> None:
        """One client that sends ids as names must not explode the counters."""
        unknown: dict[int, set[int]] = {}
        for each in judged:
            if isinstance(each, Rejected) or each[0].metric is None:
                continue
            number = each[0].experiment or 0
            if each[0].metric not in self._admitted.setdefault(number, set()):
                unknown.setdefault(number, set()).add(each[0].metric)
        for number, metrics in unknown.items():
            admitted = self._admitted[number]
            live = self._snapshots.by_number(number)
            declared = (
                {self._numbers[name] for name in live.metrics if name in self._numbers}
                if live
                else set[int]()
            )
            admitted |= metrics & declared
            if metrics - declared:
                admitted |= await self._names.admit(number, sorted(metrics - declared), UNDECLARED_LIMIT)
        for place, each in enumerate(judged if unknown else ()):
            if isinstance(each, Rejected) or each[0].metric is None:
                continue
            if each[0].metric not in self._admitted[each[0].experiment or 0]:
                judged[place] = _TOO_MANY

    async def _keep(
        self,
        submitted: Sequence[Submitted | Unreadable],
        outcomes: Sequence[Outcome],
        door: int,
        key_id: int | None,
    ) -> None:
        letters = []
        for event, outcome in zip(submitted, outcomes, strict=True):
            if isinstance(outcome, Rejected):
                self.rejections[outcome.reason] += 1
                letters.append(self._letter(event, outcome, door, key_id))
        try:
            await self._dead_letters.submit(letters, sum(len(letter.body) + 200 for letter in letters))
        except (Overloaded, Unavailable) as error:
            # The answer still says why; it must not say that nothing was stored, for the good ones were.
            self.letters_lost += len(letters)
            log.warning("dead letters were not kept", count=len(letters), error=str(error))

    def _letter(
        self, event: Submitted | Unreadable, outcome: Rejected, door: int, key_id: int | None
    ) -> DeadLetter:
        reason, message = outcome.reason.value, storable(outcome.message, 500)
        if isinstance(event, Unreadable):
            shown = event.event_id and storable(event.event_id, 256)
            return DeadLetter(None, reason, message, shown, None, door, key_id, storable(event.raw))
        live = self._snapshots.find(event.experiment_id) if event.experiment_id is not None else None
        shown_event = event if bytes(event.metadata) else msgspec.structs.replace(event, metadata=_NULL)
        body = storable(msgspec.json.encode(shown_event).decode(errors="replace"))
        return DeadLetter(
            live.no if live else None,
            reason,
            message,
            storable(event.event_id, 256),
            storable(event.unit_id, 256),
            door,
            key_id,
            body,
        )


Judged = Rejected | tuple[LoggedEvent, bool]


def _malformed(event: Submitted) -> Rejected | None:
    if not event.unit_id:
        return _bad("unit_id (or user_id) is required")
    if len(event.unit_id) > 256 or not _storable(event.unit_id):
        return _bad("unit_id must be 1 to 256 characters of text without NUL")
    if not 0 < len(event.event_id) <= 256 or not _storable(event.event_id):
        return _bad("event_id must be 1 to 256 characters of text without NUL")
    if event.unit_type is not None and (not 0 < len(event.unit_type) <= 64 or not _storable(event.unit_type)):
        return _bad("unit_type must be 1 to 64 characters of text without NUL")
    if event.type == "exposure":
        if event.experiment_id is None:
            return _bad("an exposure must name its experiment_id")
    elif not _is_name(_metric_name(event)):
        return _bad("metric_name must be 1 to 128 characters of text without NUL")
    metadata = bytes(event.metadata)
    if metadata:
        if len(metadata) > METADATA_LIMIT:
            return Rejected(
                Reason.TOO_LARGE, f"metadata may have {METADATA_LIMIT} bytes; this has {len(metadata)}"
            )
        if metadata[:1] != b"{" and metadata != b"null":
            return _bad("metadata must be an object")
        if (b"\\u" in metadata or not metadata.isascii()) and not _is_storable_json(metadata):
            return _bad("metadata must be text in UTF-8, without NUL or lone surrogates")
    return None


def _refused_by(live: Live, event: Submitted, kind: Kind, occurred_at: dt.datetime) -> Rejected | None:
    experiment = live.experiment
    if experiment.archived:
        return Rejected(Reason.ARCHIVED, "the experiment is archived")
    if experiment.status == "draft":
        return Rejected(Reason.NOT_RUNNING, "the experiment has not started")
    if kind is Kind.EXPOSURE:
        status = live.status_at(occurred_at)
        if status != "running":
            return Rejected(Reason.NOT_RUNNING, f"the experiment was {status} when this happened")
    if event.unit_type is not None and event.unit_type != experiment.unit_type:
        return _bad(f"this experiment's units are of type {experiment.unit_type!r}")
    return None


def _stay_asked(event: LoggedEvent, live: Live) -> StayAsked:
    return StayAsked(event.unit, live.no, event.occurred_at, live.experiment.ttl_seconds or 0)


def _renamed(judged: "Judged", name: str) -> "Judged":
    return judged if isinstance(judged, Rejected) else (judged[0]._replace(unit=name), judged[1])


def _copy_id(event: LoggedEvent, live: Live) -> str:
    return str(uuid5(UUID(event.event_id), live.experiment.id))


def _value(event: Submitted, kind: Kind) -> tuple[int, bool]:
    if event.value is None:
        if kind is Kind.CONVERSION:
            return 1_000_000, False
        raise ValueError("a metric event needs a value")
    return micro(event.value)


def _metric_name(event: Submitted) -> str:
    if event.metric_name is None and event.type != "metric":
        return event.type  # a conversion is called "conversion", a reward "reward", unless it has a name
    return event.metric_name or ""


def _outcome(stored: Outcome | Exception, rounded: bool) -> Outcome:
    if isinstance(stored, Unstorable):
        return Rejected(Reason.MALFORMED, "the event holds text or a number that cannot be stored")
    if isinstance(stored, Exception):
        raise stored
    return _ROUNDED if rounded and not isinstance(stored, (Duplicate, Rejected)) else stored


def _bad(message: str) -> Rejected:
    return Rejected(Reason.MALFORMED, message)


def _is_name(name: str) -> bool:
    return 0 < len(name) <= NAME_LIMIT and _storable(name)


def _storable(text: str) -> bool:
    return "\x00" not in text and (text.isascii() or not any("\ud800" <= c <= "\udfff" for c in text))


def _is_storable_json(raw: bytes) -> bool:
    try:
        return _has_no_nul(msgspec.json.decode(raw))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def _has_no_nul(value: object) -> bool:
    match value:
        case str():
            return "\x00" not in value
        case list():
            return all(map(_has_no_nul, value))
        case dict():
            return all(map(_has_no_nul, value)) and all(map(_has_no_nul, value.values()))
        case _:
            return True


def _size(row: LoggedEvent) -> int:
    return 150 + len(row.unit) + len(row.metadata or "")
