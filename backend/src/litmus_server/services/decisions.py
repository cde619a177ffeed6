"""Which variant a unit gets: decide from memory, write the first decision down, honour it for ever."""

import asyncio
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from litmus.decide import Decision, decide

from litmus_server.domain.assignment import Candidate, Stored, check_unit
from litmus_server.domain.errors import Fault, Invalid, LitmusError, NotFound, Unavailable
from litmus_server.domain.event import Kind, LoggedEvent, Outcome
from litmus_server.domain.preview import Preview, read_preview, sign_preview
from litmus_server.ports import Ledger, Log
from litmus_server.services.snapshots import Live, Snapshots

KEPT_LIMIT = 1_024
"""Bytes of attributes that an assignment keeps."""
TURN_SECONDS = 0.002
"""How long one batch decides before others have their turn: one decision whose texts were made to be slow takes longer."""

_MAY_BE_IN = frozenset({"audience", "holdout"})
"""Why the kernel may refuse a unit that is in: its attributes and the holdout change. All else only admits more while an
experiment runs."""

Row = tuple[int, int, int, int]  # variant, epoch, propensity, revision

_encode = msgspec.json.Encoder().encode


class Request(NamedTuple):
    """Who wants to know what. `exposure`: the event id of an exposure to log with it, for doors that do. `preview`: a token."""

    reference: str
    unit: str
    attributes: Mapping[str, Any]
    unit_type: str | None = None
    exposure: str | None = None
    preview: str | None = None


class Assigned(NamedTuple):
    """The answer to a request. `fresh`: this call randomised; its propensity belongs to it alone."""

    live: Live
    unit: str
    variant: int
    propensity: int
    reason: str
    in_experiment: bool
    fresh: bool
    revision: int
    policy_version: int | None


class Decisions:
    """Assigns units. Stored assignments are cached: a row never changes, so the cache cannot be stale."""

    def __init__(
        self,
        snapshots: Snapshots,
        assignments: Log[Candidate, Stored | None],
        events: Log[LoggedEvent, Outcome],
        ledger: Ledger,
        secret: Callable[[], str],
        clock: Callable[[], dt.datetime],
        *,
        cache: int = 200_000,
    ) -> None:
        """`secret` signs previews. `cache`: how many assignments to remember; the oldest is forgotten first."""
        self._secret, self._clock = secret, clock
        self._snapshots, self._assignments = snapshots, assignments
        self._events, self._ledger = events, ledger
        self._cache = _Cache(cache)

    def admit(self) -> None:
        """Raise Overloaded or Unavailable while not even one assignment would be taken: before a body is read for nothing."""
        self._assignments.admit(1)

    async def assign(self, request: Request, door: int, key_id: int | None) -> Assigned:
        """The stored assignment of the unit, else a decision, committed before the answer when it is one to keep.

        Raises NotFound, Invalid, Overloaded, Unavailable.
        """
        live = self._snapshots.find(request.reference) or await self._look(request.reference)
        settled = self._decide(live, request, door, key_id)
        if isinstance(settled, Assigned):
            settled = await self._honoured(settled)
            if settled.in_experiment and request.exposure is not None:
                await self._expose(settled, request.exposure, door, key_id)
            return settled
        live, candidate = settled
        (answer,) = await self._assignments.submit((candidate,), _size(candidate))
        return await self._settle(live, candidate, answer, request, door, key_id)

    async def assign_many(
        self, requests: Sequence[Request], door: int, key_id: int | None
    ) -> list[Assigned | LitmusError]:
        """As `assign`, for each, in order and in one batch; what fails, fails alone. Raises Overloaded, Unavailable."""
        answers: list[Assigned | LitmusError] = []
        candidates: list[Candidate] = []
        waiting: list[tuple[int, Live]] = []
        refused: list[tuple[int, Assigned]] = []
        self._assignments.admit(len(requests))
        if any(self._snapshots.find(request.reference) is None for request in requests):
            await self._snapshots.refresh()  # once for all of them
        loop = asyncio.get_running_loop()
        turn = loop.time()
        for place, request in enumerate(requests):
            if loop.time() - turn > TURN_SECONDS:
                await asyncio.sleep(0)
                turn = loop.time()
            try:
                settled = self._decide(
                    _found(self._snapshots.find(request.reference), request.reference), request, door, key_id
                )
            except (NotFound, Invalid) as error:
                answers.append(error)
                continue
            if isinstance(settled, Assigned):
                answers.append(settled)
                if settled.reason in _MAY_BE_IN:
                    refused.append((place, settled))
            else:
                live, candidate = settled
                answers.append(NotFound("Experiment", request.reference))
                waiting.append((place, live))
                candidates.append(candidate)
        honoured = await asyncio.gather(*(self._honoured(outside) for _, outside in refused))
        for (place, _), answer in zip(refused, honoured, strict=True):
            answers[place] = answer
        if candidates:
            results = await self._assignments.submit(candidates, sum(map(_size, candidates)))
            for (place, live), candidate, result in zip(waiting, candidates, results, strict=True):
                try:
                    answers[place] = await self._settle(
                        live, candidate, result, requests[place], door, key_id
                    )
                except LitmusError as error:
                    answers[place] = error
        return answers

    async def stored(self, reference: str, unit: str) -> Assigned:
        """What a unit was assigned, without assigning it. Raises NotFound."""
        check_unit(unit)
        live = await self._look(reference)
        row = self._cache.get((unit, live.no))
        if row is None:
            found = await self._ledger.assignment(unit, live.no)
            if found is None:
                raise NotFound("Assignment", unit)
            row = _row(found)
            self._cache.put((unit, live.no), row)
        return _repeated(live, unit, row)

    async def preview(self, reference: str, variant: str, seconds: int) -> Preview:
        """A token that shows this variant (key or id) for so long, while the experiment runs. Raises NotFound and Invalid."""
        experiment = (await self._look(reference)).experiment
        found = experiment.variant(variant)
        if found is None:
            message = f"must be one of its variants: {', '.join(each.key for each in experiment.variants)}"
            raise Invalid(f"variant: {message}", (Fault("/variant", message),))
        expires_at = self._clock().replace(microsecond=0) + dt.timedelta(seconds=seconds)
        token = sign_preview(self._secret(), experiment.id, found.key, expires_at)
        return Preview(experiment.id, experiment.key, found.key, token, expires_at)

    async def _look(self, reference: str) -> Live:
        return _found(await self._snapshots.look(reference), reference)

    def _decide(
        self, live: Live, request: Request, door: int, key_id: int | None
    ) -> Assigned | tuple[Live, Candidate]:
        unit, experiment = request.unit, live.experiment
        check_unit(unit)
        if request.unit_type is not None and request.unit_type != experiment.unit_type:
            wanted = (
                f"this experiment's units are of type {experiment.unit_type!r}, not {request.unit_type!r}"
            )
            raise Invalid(wanted, (Fault("/unit_type", wanted),))
        forced = None if request.preview is None else self._previewed(live, request.preview)
        if (
            experiment.status == "running"
            and not experiment.archived
            and forced is None
            and unit not in experiment.forced
        ):
            row = self._cache.get((unit, live.no))
            if row is not None:
                return _repeated(live, unit, row)
        decision = decide(experiment, unit, request.attributes, forced)
        if not decision.in_experiment:
            return _outside(live, unit, decision)
        version = decision.policy_version
        return live, Candidate(
            unit, live.no, decision.variant, door, decision.epoch if version is None else version, decision.propensity,
            decision.bucket or 0, key_id, decision.revision, _kept(live, request.attributes), request.exposure,
        )  # fmt: skip

    def _previewed(self, live: Live, token: str) -> int:
        found = live.experiment.variant(
            read_preview(self._secret(), token, live.experiment.id, self._clock())
        )
        if found is None:
            message = "shows a variant that there is no more"
            raise Invalid(f"preview: {message}", (Fault("/preview", message),))
        return found.ordinal

    async def _honoured(self, outside: Assigned) -> Assigned:
        """The stored assignment of a unit that is refused now, if it has one. Looked up each time: another process may have
        stored one by other attributes.
        """
        if outside.reason not in _MAY_BE_IN or outside.live.experiment.is_flag:
            return outside
        found = await self._ledger.assignment(outside.unit, outside.live.no)
        if found is None:
            return outside
        row = _row(found)
        self._cache.put((outside.unit, outside.live.no), row)
        return _repeated(outside.live, outside.unit, row)

    async def _expose(self, assigned: Assigned, event_id: str, door: int, key_id: int | None) -> None:
        """A unit that is in already: its exposure is an event like any other, and the log looks at the assignment."""
        event = LoggedEvent(
            event_id, Kind.EXPOSURE, assigned.live.no, assigned.unit, None, None, None, None, None, door, key_id, False, None
        )  # fmt: skip
        (outcome,) = await self._events.submit((event,), 150 + len(assigned.unit))
        if isinstance(outcome, Exception):
            raise outcome

    async def _settle(
        self, live: Live, candidate: Candidate, answer: Stored | Exception | None, request: Request, door: int,
        key_id: int | None,
    ) -> Assigned:  # fmt: skip
        if isinstance(answer, Exception):
            raise answer
        if answer is None:
            # The database says that it is not running any more: this process had not heard of it yet.
            await self._snapshots.refresh()
            settled = self._decide(await self._look(request.reference), request, door, key_id)
            if isinstance(settled, Assigned):
                return await self._honoured(settled)
            raise Unavailable("The experiment was changed at this very moment; try again")
        row = _row(answer)
        self._cache.put((candidate.unit, live.no), row)
        if not answer.fresh:
            return _repeated(live, candidate.unit, row)
        return Assigned(
            live, candidate.unit, answer.variant, answer.propensity, "assigned", True, True, answer.revision,
            answer.epoch if live.adaptive else None,
        )  # fmt: skip


class _Cache:
    """The last assignments, in two generations: the older one goes when the younger one is half of the capacity.

    Tuples of integers under a tuple key: the garbage collector does not track them, however many there are.
    """

    def __init__(self, capacity: int) -> None:
        self._half = max(1, capacity // 2)
        self._young: dict[tuple[str, int], Row] = {}
        self._old: dict[tuple[str, int], Row] = {}

    def get(self, key: tuple[str, int]) -> Row | None:
        return self._young.get(key) or self._old.get(key)

    def put(self, key: tuple[str, int], row: Row) -> None:
        if len(self._young) >= self._half:
            self._young, self._old = {}, self._young
        self._young[key] = row


def _found(live: Live | None, reference: str) -> Live:
    if live is None:
        raise NotFound("Experiment", reference)
    return live


def _kept(live: Live, attributes: Mapping[str, Any]) -> str | None:
    if not attributes:
        return None
    kept = {name: attributes[name] for name in live.dimensions if name in attributes}
    if not kept:
        return None
    text = _encode(kept)
    if len(text) > KEPT_LIMIT or b"\\u0000" in text:
        kept = {name: value for name, value in kept.items() if _is_small(value)}
        text = _encode(kept)
    return text.decode() if len(text) <= KEPT_LIMIT else None


def _is_small(value: object) -> bool:
    return isinstance(value, (int, float, bool)) or (
        isinstance(value, str) and len(value) <= 64 and "\x00" not in value
    )


def _row(stored: Stored) -> Row:
    return stored.variant, stored.epoch, stored.propensity, stored.revision


def _repeated(live: Live, unit: str, row: Row) -> Assigned:
    variant, epoch, propensity, revision = row
    return Assigned(
        live, unit, variant, propensity, "stored", True, False, revision, epoch if live.adaptive else None
    )


def _outside(live: Live, unit: str, decision: Decision) -> Assigned:
    return Assigned(
        live, unit, decision.variant, decision.propensity, decision.reason, False, False, decision.revision,
        decision.policy_version,
    )  # fmt: skip


def _size(candidate: Candidate) -> int:
    return 120 + len(candidate.unit) + len(candidate.attributes or "")
