"""Which variant a unit gets: decide from memory, write the first decision down, honour it for ever."""

import asyncio
import datetime as dt
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec
from litmus.decide import BUCKETS, Decision, decide, thresholds

from litmus_server.bandits.contextual_draw import Drawn
from litmus_server.domain.assignment import Candidate, Stored, check_unit
from litmus_server.domain.errors import Fault, Invalid, LitmusError, NotFound, Unavailable
from litmus_server.domain.event import Kind, LoggedEvent, Outcome
from litmus_server.domain.preview import Preview, read_preview, sign_preview
from litmus_server.domain.stickiness import DECISION, Stay, stay_name
from litmus_server.ports import Ledger, Log
from litmus_server.services.snapshots import Live, Snapshots

KEPT_LIMIT = 1_024
"""Bytes of attributes that an assignment keeps."""
TURN_SECONDS = 0.002
"""How long one batch decides before others have their turn: one decision whose texts were made to be slow takes longer."""

INELIGIBLE = "ineligible"
"""Outside: none of the variants that the request says the unit may get is drawn, for they are paused or retired. Nothing is kept, so
that the unit can be drawn when one of them is again."""

_MAY_BE_IN = frozenset({"audience", "holdout"})
"""Why the kernel may refuse a unit that is in: its attributes and the holdout change. All else only admits more while an
experiment runs."""

T = TypeVar("T")
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
    eligible: Sequence[str] | None = None
    """Keys of the variants that it may get; only where shares are learned."""
    scores: Mapping[str, float] | None = None
    """What each variant is expected to bring, by key; only where they come from outside."""
    decision: str = ""
    """What the unit is where each decision is one and the caller named none."""


class Assigned(NamedTuple):
    """The answer to a request. `fresh`: this call randomised; its propensity belongs to it alone. `unit` is the caller's."""

    live: Live
    unit: str
    variant: int
    propensity: int
    reason: str
    in_experiment: bool
    fresh: bool
    revision: int
    policy_version: int | None
    stay: str | None = None
    """Its name, where the unit is drawn anew after a while."""
    expires_at: dt.datetime | None = None
    """When the stay is over."""

    @property
    def logged_as(self) -> str:
        """What the logs call the unit."""
        return self.stay or self.unit


class Decisions:
    """Assigns units. Stored assignments are cached: a row never changes, so the cache cannot be stale; of stays it is kept until
    when each is over.
    """

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
        self._cache: _Cache[Row] = _Cache(cache)
        self._stays: _Cache[tuple[Stay, float]] = _Cache(
            cache // 4
        )  # with when it is over, by the loop's clock

    def admit(self) -> None:
        """Raise Overloaded or Unavailable while not even one assignment would be taken: before a body is read for nothing."""
        self._assignments.admit(1)

    async def assign(self, request: Request, door: int, key_id: int | None) -> Assigned:
        """The stored assignment of the unit, else a decision, committed before the answer when it is one to keep.

        Raises NotFound, Invalid, Overloaded, Unavailable.
        """
        live = self._snapshots.find(request.reference) or await self._look(request.reference)
        if live.experiment.ttl_seconds is not None:
            return await self._stay(live, request, door, key_id)
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
        rotating: list[tuple[int, Live]] = []
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
                live = _found(self._snapshots.find(request.reference), request.reference)
                if live.experiment.ttl_seconds is not None:
                    answers.append(NotFound("Experiment", request.reference))
                    rotating.append((place, live))
                    continue
                settled = self._decide(live, request, door, key_id)
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
        stays = await asyncio.gather(
            *(self._stay_or_not(live, requests[place], door, key_id) for place, live in rotating)
        )
        for (place, _), stay in zip(rotating, stays, strict=True):
            answers[place] = stay
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
        """What a unit was assigned, without assigning it. Raises NotFound, also when its last stay is over."""
        check_unit(unit)
        live = await self._look(reference)
        if live.experiment.ttl_seconds is not None:
            stay = await self._standing(unit, live)
            if stay is None or _is_over(stay, live):
                raise NotFound("Assignment", unit)
            return _staying(live, unit, stay)
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
        unit, forced = self._checked(live, request)
        if forced is None and _draws(live, unit):
            row = self._cache.get((unit, live.no))
            if row is not None:
                return _repeated(live, unit, row)
        return self._drawn(live, request, unit, unit, forced, door, key_id)

    def _checked(self, live: Live, request: Request) -> tuple[str, int | None]:
        """The unit, and the variant that a preview forces. Raises Invalid."""
        unit, experiment = request.unit, live.experiment
        if not unit and experiment.unit_type == DECISION:
            unit = request.decision
        check_unit(unit)
        if request.unit_type is not None and request.unit_type != experiment.unit_type:
            wanted = (
                f"this experiment's units are of type {experiment.unit_type!r}, not {request.unit_type!r}"
            )
            raise Invalid(wanted, (Fault("/unit_type", wanted),))
        return unit, None if request.preview is None else self._previewed(live, request.preview)

    def _drawn(
        self,
        live: Live,
        request: Request,
        unit: str,
        name: str,
        forced: int | None,
        door: int,
        key_id: int | None,
    ) -> Assigned | tuple[Live, Candidate]:
        """The kernel's word on what the logs call `name`: the unit, or the stay that it would begin."""
        decision = decide(live.experiment, name, request.attributes, forced)
        if not decision.in_experiment:
            return _outside(live, unit, decision)
        if live.drawing is not None and request.eligible and not live.drawing.allows(request.eligible):
            return Assigned(
                live, unit, live.experiment.control, BUCKETS, INELIGIBLE, False, False, decision.revision,
                decision.policy_version,
            )  # fmt: skip
        version, variant, propensity, context = (
            decision.policy_version,
            decision.variant,
            decision.propensity,
            None,
        )
        drawn = _own_draw(live, request)
        if drawn is not None:
            variant = bisect_right(thresholds(drawn.shares), decision.bucket or 0)
            propensity, context = drawn.shares[variant], _encode(drawn.document).decode()
        return live, Candidate(
            name, live.no, variant, door, decision.epoch if version is None else version, propensity,
            decision.bucket or 0, key_id, decision.revision, _kept(live, request.attributes), context,
            None if name is unit else unit, request.exposure,
        )  # fmt: skip

    async def _stay_or_not(
        self, live: Live, request: Request, door: int, key_id: int | None
    ) -> Assigned | LitmusError:
        try:
            return await self._stay(live, request, door, key_id)
        except LitmusError as error:
            return error

    async def _stay(self, live: Live, request: Request, door: int, key_id: int | None) -> Assigned:
        """The stay that the unit is in, else a draw that begins the next one. Raises as `assign`.

        Whether a stay is over the database's clock alone says, so that nodes agree: only who was told so proposes the next one,
        whose name is a key, and the first to write it wins.
        """
        unit, forced = self._checked(live, request)
        stay = await self._standing(unit, live) if forced is None and _draws(live, unit) else None
        if stay is not None and not _is_over(stay, live):
            staying = _staying(live, unit, stay)
            if request.exposure is not None:
                await self._expose(staying, request.exposure, door, key_id)
            return staying
        name = stay_name(unit, 1 if stay is None else stay.number + 1)
        settled = self._drawn(live, request, unit, name, forced, door, key_id)
        if isinstance(settled, Assigned):
            return settled
        _, candidate = settled
        (answer,) = await self._assignments.submit((candidate,), _size(candidate))
        if isinstance(answer, Exception):
            raise answer
        if answer is None:
            return await self._stopped(request, door, key_id)
        begun = await self._standing(unit, live)
        if begun is None or begun.name != name:  # it is over already, and somebody has begun another one
            raise Unavailable("The unit's stay has ended at this very moment; try again")
        staying = _staying(live, unit, begun)
        return staying._replace(reason="assigned", fresh=True) if answer.fresh else staying

    async def _standing(self, unit: str, live: Live) -> Stay | None:
        """The unit's newest stay; one that is over only if the database has just said so."""
        key, now = (unit, live.no), asyncio.get_running_loop().time()
        kept = self._stays.get(key)
        if kept is not None and now < kept[1]:
            return kept[0]
        stay = await self._ledger.stay(unit, live.no)
        if stay is not None and not _is_over(stay, live):
            # Reckoned from before the question: it is never kept for longer than it lasts.
            self._stays.put(key, (stay, now + (live.experiment.ttl_seconds or 0) - stay.age))
        return stay

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
            event_id, Kind.EXPOSURE, assigned.live.no, assigned.logged_as, None, None, None, None, None, door, key_id, False, None
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
            return await self._stopped(request, door, key_id)
        row = _row(answer)
        self._cache.put((candidate.unit, live.no), row)
        if not answer.fresh:
            return _repeated(live, candidate.unit, row)
        return Assigned(
            live, candidate.unit, answer.variant, answer.propensity, "assigned", True, True, answer.revision,
            answer.epoch if live.adaptive else None,
        )  # fmt: skip

    async def _stopped(self, request: Request, door: int, key_id: int | None) -> Assigned:
        """The database says that it is not running any more: this process had not heard of it yet."""
        await self._snapshots.refresh()
        live = await self._look(request.reference)
        unit, forced = self._checked(live, request)
        name = unit if live.experiment.ttl_seconds is None else stay_name(unit, 1)
        settled = self._drawn(live, request, unit, name, forced, door, key_id)
        if isinstance(settled, Assigned):
            return await self._honoured(settled)
        raise Unavailable("The experiment was changed at this very moment; try again")


class _Cache(Generic[T]):
    """The last assignments, in two generations: the older one goes when the younger one is half of the capacity.

    Tuples of integers under a tuple key: the garbage collector does not track them, however many there are.
    """

    def __init__(self, capacity: int) -> None:
        self._half = max(1, capacity // 2)
        self._young: dict[tuple[str, int], T] = {}
        self._old: dict[tuple[str, int], T] = {}

    def get(self, key: tuple[str, int]) -> T | None:
        return self._young.get(key) or self._old.get(key)

    def put(self, key: tuple[str, int], row: T) -> None:
        if len(self._young) >= self._half:
            self._young, self._old = {}, self._young
        self._young[key] = row


def _found(live: Live | None, reference: str) -> Live:
    if live is None:
        raise NotFound("Experiment", reference)
    return live


def _draws(live: Live, unit: str) -> bool:
    """Whether neither the status nor the configuration settles what the unit gets."""
    experiment = live.experiment
    return experiment.status == "running" and not experiment.archived and unit not in experiment.forced


def _is_over(stay: Stay, live: Live) -> bool:
    return stay.age >= (live.experiment.ttl_seconds or 0)


def _own_draw(live: Live, request: Request) -> Drawn | None:
    """The draw of a unit that has shares of its own; None where those in force are everybody's. Raises Invalid."""
    drawing = live.drawing
    if drawing is None and (request.eligible is not None or request.scores is not None):
        name = "eligible" if request.eligible is not None else "scores"
        message = f"is for experiments whose shares are learned, and this is of type {live.experiment.type}"
        raise Invalid(f"{name}: {message}", (Fault(f"/{name}", message),))
    if drawing is None or not (
        drawing.contextual or request.eligible is not None or request.scores is not None
    ):
        return None
    return drawing.draw(request.attributes, request.eligible, request.scores)


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


def _staying(live: Live, unit: str, stay: Stay) -> Assigned:
    stored = stay.stored
    return Assigned(
        live, unit, stored.variant, stored.propensity, "stored", True, False, stored.revision,
        stored.epoch if live.adaptive else None, stay.name,
        stay.began_at + dt.timedelta(seconds=live.experiment.ttl_seconds or 0),
    )  # fmt: skip


def _outside(live: Live, unit: str, decision: Decision) -> Assigned:
    return Assigned(
        live, unit, decision.variant, decision.propensity, decision.reason, False, False, decision.revision,
        decision.policy_version,
    )  # fmt: skip


def _size(candidate: Candidate) -> int:
    return 120 + len(candidate.unit) + len(candidate.attributes or "") + len(candidate.context or "")
