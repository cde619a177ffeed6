"""Audiences, layers and the holdout: what experiments share. A change of one of them is a change of every experiment that it
touches, in the same transaction.

It must not know SQL or HTTP.
"""

import asyncio
import datetime as dt
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

from litmus.decide import Finding, compile_condition, find, names

from litmus_server.domain.audience import MOST_AUDIENCES, Audience, resolved
from litmus_server.domain.audit import Cause
from litmus_server.domain.errors import Conflict, Fault, Invalid, NotFound, Unavailable
from litmus_server.domain.experiment import Experiment, Status
from litmus_server.domain.form import same
from litmus_server.domain.layer import MOST_LAYERS, Layer
from litmus_server.domain.reach import Reach, reach
from litmus_server.ports import Holdout, TargetingBook, TargetingChange, User

T = TypeVar("T", Audience, Layer, Holdout)


class AudienceUse(NamedTuple):
    """An audience, the experiments that name it themselves, and the keys of the audiences that do."""

    audience: Audience
    experiments: list[User]
    audiences: list[str]


class Targeting:
    """Every method raises Unavailable when the database is away; a change is then done wholly or not at all."""

    def __init__(self, book: TargetingBook, refresh: Callable[[], Awaitable[None]] | None = None) -> None:
        """`refresh` lets this process decide by a change before the change is answered."""
        self._book, self._refresh = book, refresh

    async def audiences(self) -> list[Audience]:
        """All, by key."""
        return await self._book.audiences()

    async def audience(self, key: str) -> AudienceUse:
        """One, and who names it. Raises NotFound."""
        everything = {each.key: each for each in await self._book.audiences()}
        if key not in everything:
            raise NotFound("Audience", key)
        users = await self._book.users(audiences=[key])
        return AudienceUse(everything[key], users, _naming(key, everything.values()))

    async def create_audience(
        self, key: str, name: str, description: str, condition: Mapping[str, Any], cause: Cause
    ) -> Audience:
        """A new one. Raises Invalid when its key is taken, or it names what there is not."""
        async with self._changing() as change:
            everything = await change.audiences()
            if any(each.key == key for each in everything):
                raise _taken("audience", key)
            if len(everything) >= MOST_AUDIENCES:
                raise Invalid(f"There are {MOST_AUDIENCES} audiences already, which is the most")
            audience = Audience(key, name, description, condition, 0, change.at, change.at)
            resolved(
                condition, {each.key: each.condition for each in everything} | {key: condition}, "/condition"
            )
            return await change.save_audience(None, audience, cause)

    async def edit_audience(
        self,
        key: str,
        name: str | None,
        description: str | None,
        condition: Mapping[str, Any] | None,
        cause: Cause,
        revision: int | None = None,
    ) -> Audience:
        """Change what is given; nothing is written when nothing differs. Every running experiment that means another
        condition from now on is published anew, and opens an epoch. Raises NotFound, Conflict, and Invalid.
        """
        async with self._changing() as change:
            everything = {each.key: each for each in await change.audiences()}
            before = _current("Audience", everything.get(key), key, revision)
            after = replace(
                before,
                name=before.name if name is None else name,
                description=before.description if description is None else description,
                condition=before.condition if condition is None else condition,
            )
            if after == before and same(after.condition, before.condition):
                return before
            was = {each.key: each.condition for each in everything.values()}
            now = was | {key: after.condition}
            resolved(after.condition, now, "/condition")
            touched = _standing_on(key, everything.values())
            for each in sorted(touched):
                _resolved_of(f"audience {each}", now[each], now)
            users = await change.naming(touched)
            for user in users:
                _resolved_of(f"experiment {user.key}", user.audience or {}, now)
            saved = await change.save_audience(before, replace(after, updated_at=change.at), cause)
            for user in users:
                await _republish(change, user, was, now, cause)
            return saved

    async def delete_audience(self, key: str, cause: Cause, revision: int | None = None) -> int:
        """Remove it, and answer the revision without it. Raises NotFound, Conflict, and Invalid while somebody names it."""
        async with self._changing() as change:
            everything = {each.key: each for each in await change.audiences()}
            audience = _current("Audience", everything.get(key), key, revision)
            users = [user.key for user in await change.users(audiences=[key])]
            _refuse_used("audience", users, _naming(key, everything.values()))
            return await change.delete_audience(audience, cause)

    async def test_audience(
        self, condition: Mapping[str, Any] | None, key: str | None, attributes: Mapping[str, object]
    ) -> Finding:
        """What this condition, or the audience of this key, comes to. Raises NotFound and Invalid."""
        return find(compile_condition(await self._expanded(condition, key)), attributes)

    async def reach(
        self, condition: Mapping[str, Any] | None, key: str | None, unit_type: str | None
    ) -> tuple[Reach, dt.datetime, bool]:
        """How many of the units that were assigned of late match, since when, and whether all since then were looked at.

        Raises as `test_audience`.
        """
        expanded = await self._expanded(condition, key)
        lately = await self._book.met(unit_type)
        return await asyncio.to_thread(reach, expanded, lately.log), lately.since, lately.whole

    async def _expanded(self, condition: Mapping[str, Any] | None, key: str | None) -> Mapping[str, Any]:
        everything = {each.key: each.condition for each in await self._book.audiences()}
        if key is not None and key not in everything:
            raise NotFound("Audience", key)
        return resolved(everything[key] if key else condition or {}, everything, "/audience")

    async def layers(self) -> list[Layer]:
        """All, by key."""
        return await self._book.layers()

    async def layer(self, key: str) -> Layer:
        """One with its places. Raises NotFound."""
        return _current("Layer", {each.key: each for each in await self._book.layers()}.get(key), key, None)

    async def create_layer(self, key: str, name: str, description: str, cause: Cause) -> Layer:
        """A new one, all of it free. Raises Invalid when its key is taken."""
        async with self._changing() as change:
            # On the change's own connection: all others may be waiting for it.
            there = await change.layers()
            if any(layer.key == key for layer in there):
                raise _taken("layer", key)
            if len(there) >= MOST_LAYERS:
                raise Invalid(f"There are {MOST_LAYERS} layers already, which is the most")
            layer = Layer(key, name, description, secrets.token_hex(8), 0, change.at, change.at)
            return await change.save_layer(None, layer, cause)

    async def edit_layer(
        self, key: str, name: str | None, description: str | None, cause: Cause, revision: int | None = None
    ) -> Layer:
        """Change what is given; nothing is written when nothing differs. Raises NotFound and Conflict."""
        async with self._changing() as change:
            before = _current("Layer", await change.layer(key), key, revision)
            after = replace(
                before,
                name=before.name if name is None else name,
                description=before.description if description is None else description,
            )
            if after == before:
                return before
            return await change.save_layer(before, replace(after, updated_at=change.at), cause)

    async def delete_layer(self, key: str, cause: Cause, revision: int | None = None) -> int:
        """Remove it, and answer the revision without it. Raises NotFound, Conflict, and Invalid while an experiment names it."""
        async with self._changing() as change:
            layer = _current("Layer", await change.layer(key), key, revision)
            _refuse_used("layer", [user.key for user in await change.users(layer=key)], [])
            return await change.delete_layer(layer, cause)

    async def holdout(self) -> Holdout:
        """The global holdout."""
        return await self._book.holdout()

    async def set_holdout(self, share: int, cause: Cause, revision: int | None = None) -> Holdout:
        """Keep this share of all units, in ppm, out of every experiment that takes part; units that are in stay. Raises Conflict."""
        async with self._changing() as change:
            before = _current("Holdout", await change.holdout(), "holdout", revision)
            if before.share == share:
                return before
            saved = await change.save_holdout(before, share, cause)
            for experiment in await change.held_out():
                after = replace(experiment, updated_at=experiment.after(change.at))
                await change.save(experiment, after, "holdout", cause)
            return saved

    @asynccontextmanager
    async def _changing(self) -> AsyncIterator[TargetingChange]:
        async with self._book.change() as change:
            yield change
        if self._refresh is not None:
            # The change is committed, whatever becomes of the look at it.
            with suppress(Unavailable):
                await self._refresh()


async def _republish(
    change: TargetingChange,
    experiment: Experiment,
    was: Mapping[str, Any],
    now: Mapping[str, Any],
    cause: Cause,
) -> None:
    """Only what runs decides by its audience; all else is published anew before it does."""
    if experiment.status is not Status.RUNNING or experiment.archived_at is not None:
        return
    condition = experiment.audience or {}
    if not same(resolved(condition, was, "/audience"), resolved(condition, now, "/audience")):
        epoch = experiment.epoch + (not experiment.adaptive)
        after = replace(experiment, epoch=epoch, updated_at=experiment.after(change.at))
        await change.save(experiment, after, "audience", cause)


def _naming(key: str, audiences: Collection[Audience]) -> list[str]:
    return [each.key for each in audiences if key in names(each.condition)]


def _standing_on(key: str, audiences: Collection[Audience]) -> set[str]:
    """The audience, and all whose meaning depends on it."""
    found, more = {key}, {key}
    while more:
        more = {name for each in more for name in _naming(each, audiences)} - found
        found |= more
    return found


def _resolved_of(user: str, condition: Mapping[str, Any], audiences: Mapping[str, Any]) -> None:
    try:
        resolved(condition, audiences, "")
    except Invalid as error:
        message = f"{user} could not be decided by any more: {error}"
        raise Invalid(f"condition: {message}", (Fault("/condition", message),)) from None


def _current(kind: str, found: T | None, key: str, revision: int | None) -> T:
    if found is None:
        raise NotFound(kind, key)
    if revision not in {None, found.revision}:
        raise Conflict(
            f"It is at revision {found.revision}, not {revision}: somebody changed it", found.revision
        )
    return found


def _taken(kind: str, key: str) -> Invalid:
    return Invalid(f"There is already one called {key}", (Fault("/key", f"is that of another {kind}"),))


def _refuse_used(kind: str, experiments: list[str], audiences: list[str]) -> None:
    users = [
        f"{word} {', '.join(keys[:10])}{f' and {len(keys) - 10} more' if len(keys) > 10 else ''}"
        for word, keys in (("experiments", experiments), ("audiences", audiences))
        if keys
    ]
    if users:
        message = f"This {kind} is used by {' and by '.join(users)}"
        raise Invalid(message, (Fault("", message),))
