"""The table from which this process decides: the newest configuration and policies, swapped one entry at a time.

It reads what others published and knows nothing of requests. A hint or the slow poll calls `refresh`.
"""

import asyncio
import datetime as dt
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from importlib import import_module
from typing import Any

import msgspec
import structlog
from litmus.decide import Experiment, InvalidEntry, Policy, compile_entry

from litmus_server.bandits.contextual import ModelMismatch
from litmus_server.bandits.contextual_draw import Drawing, drawing_of
from litmus_server.domain.draft import FIXED
from litmus_server.ports import Configuration

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Live:
    """One experiment as this process knows it: what the kernel decides from, and what the doors need beside it."""

    no: int
    experiment: Experiment
    document: Mapping[str, Any]
    configs: tuple[msgspec.Raw, ...]
    """Each variant's config as JSON, by ordinal: it is sent far more often than it changes."""
    dimensions: tuple[str, ...]
    metrics: Mapping[str, int]
    """Declared metrics: name → attribution window in seconds."""
    since: tuple[dt.datetime, ...]
    statuses: tuple[str, ...]
    """The history of the status: `statuses[k]` from `since[k]` on."""
    adaptive: bool
    drawing: Drawing | None
    """Of an adaptive one: what a unit's own draw is made from."""

    def status_at(self, moment: dt.datetime) -> str:
        """The status at a moment; before the first start, the status of that start's moment."""
        return self.statuses[max(bisect_right(self.since, moment) - 1, self._start)]

    @property
    def _start(self) -> int:
        return self.statuses.index("running") if "running" in self.statuses else 0


class Snapshots:
    """The current table. Reading it is a dictionary look-up; nobody waits for the database to decide."""

    def __init__(self, configuration: Configuration) -> None:
        """Empty until the first `refresh`."""
        self._configuration = configuration
        self._by_reference: dict[str, Live] = {}
        self._by_number: dict[int, Live] = {}
        self.rotating: dict[int, Live] = {}
        """By number, those where units are drawn anew after a while, and of which something can still be logged."""
        self._policies: dict[int, Policy] = {}
        self._models: dict[int, tuple[int, Mapping[str, Any]]] = {}  # with their versions
        self._current: asyncio.Task[None] | None = None
        self._next: asyncio.Task[None] | None = None
        self._published: tuple[str, bytes] | None = None
        self.revision = 0
        self.loaded = False

    def find(self, reference: str) -> Live | None:
        """By id, in either case of its letters, or by key."""
        live = self._by_reference.get(reference)
        if live is None and len(reference) == 36:  # a key never looks like an id
            live = self._by_reference.get(reference.lower())
        return live

    def by_number(self, no: int) -> Live | None:
        """By the number that the logs use."""
        return self._by_number.get(no)

    def __len__(self) -> int:
        return len(self._by_number)

    async def look(self, reference: str) -> Live | None:
        """`find`, with one look at the database before the answer is no."""
        live = self.find(reference)
        if live is None:
            await self.refresh()
            live = self.find(reference)
        return live

    async def refresh(self) -> None:
        """Read what is new. Of many calls at once few read: each is served by a read that began after it came, and shares
        its failure.
        """
        if self._next is None:
            self._next = asyncio.create_task(self._read_after(self._current), name="snapshots")
            self._next.add_done_callback(
                lambda task: task.cancelled() or task.exception()
            )  # nobody may wait any more
        await asyncio.shield(self._next)

    async def _read_after(self, current: "asyncio.Task[None] | None") -> None:
        if current is not None:
            await asyncio.wait([current])
        self._current, self._next = self._next, None
        await self._read()

    def published(self) -> tuple[str, bytes]:
        """(ETag, JSON) of the whole table: what an SDK in local mode decides from."""
        if self._published is None:
            entries = [self._entry(live) for _, live in sorted(self._by_number.items())]
            body = msgspec.json.encode(
                {"revision": self.revision, "hash": "sha256_v1", "experiments": entries}
            )
            self._published = f'"{sha256(body).hexdigest()[:32]}"', body
        return self._published

    async def _read(self) -> None:
        versions = {no: policy.version for no, policy in self._policies.items()}
        changes = await self._configuration.changes(self.revision, versions)
        for row in changes.policies:
            self._policies[row.experiment] = Policy(row.version, row.revision, tuple(row.propensities))
            self._models.pop(row.experiment, None)
            if row.model is not None:
                self._models[row.experiment] = row.version, row.model
                if "theta" in row.model:  # then numpy is needed, which loads longer than a request may wait
                    await asyncio.to_thread(import_module, "litmus_server.bandits.contextual_linear")
        touched = {row.experiment for row in changes.policies}
        for no in changes.deleted:
            self._drop(no)
        for document in changes.entries:
            touched.discard(document["no"])
            try:
                self._put(document)
            except InvalidEntry:
                # A newer server wrote what this one cannot read: decide by what is known, and follow all the others.
                log.exception("configuration entry not understood", experiment=document["no"])
        for no in touched & self._by_number.keys():
            mine = self._by_number[no]  # its audience stays compiled: that may take milliseconds
            experiment = mine.experiment.with_policy(self._policies[no])
            self._place(
                replace(mine, experiment=experiment, drawing=self._drawing(mine.document, experiment))
            )
        if changes.entries or changes.deleted or touched:
            self._published = None
        self.revision = changes.revision
        self.loaded = True

    def _put(self, document: Mapping[str, Any]) -> None:
        experiment = compile_entry({**document, "policy": None})
        policy = self._policies.get(document["no"])
        if policy is not None:
            experiment = experiment.with_policy(policy)
        history = [(dt.datetime.fromisoformat(at), status) for at, status in document["history"]]
        live = Live(
            no=document["no"],
            experiment=experiment,
            document=document,
            configs=tuple(
                msgspec.Raw(msgspec.json.encode(variant.config)) for variant in experiment.variants
            ),
            dimensions=tuple(document["dimensions"]),
            metrics={metric["name"]: metric["window_seconds"] for metric in document["metrics"]},
            since=tuple(at for at, _ in history),
            statuses=tuple(status for _, status in history),
            adaptive=document["type"] not in FIXED,
            drawing=self._drawing(document, experiment),
        )
        self._place(live)

    def _drawing(self, document: Mapping[str, Any], experiment: Experiment) -> Drawing | None:
        """A model counts only together with the version that published it: (r, v) is one state."""
        if document["type"] in FIXED:
            return None
        version, model = self._models.get(document["no"], (None, None))
        found = model if version == experiment.policy_version else None
        try:
            return drawing_of(document, experiment, found)
        except (ModelMismatch, KeyError):
            log.exception(
                "a model is not understood; the shares of its version decide", experiment=document["no"]
            )
            return drawing_of(document, experiment, None)

    def _place(self, live: Live) -> None:
        self._drop(live.no)  # it may have had another key
        self._by_number[live.no] = live
        if live.experiment.ttl_seconds is not None and not live.experiment.archived:
            self.rotating[live.no] = live
        self._by_reference[live.experiment.id] = self._by_reference[live.experiment.key] = live

    def _drop(self, no: int) -> None:
        live = self._by_number.pop(no, None)
        self.rotating.pop(no, None)
        if live is not None:
            for reference in (live.experiment.id, live.experiment.key):
                if self._by_reference.get(reference) is live:  # the key may be another's by now
                    del self._by_reference[reference]

    def _entry(self, live: Live) -> dict[str, Any]:
        # How many stays a unit has had is in the log, which only a server reads.
        rotates = live.experiment.ttl_seconds is not None
        needs_server = rotates or (live.drawing is not None and live.drawing.contextual)
        policy = None if needs_server else live.experiment.policy
        shown = policy and {
            "version": policy.version, "revision": policy.revision, "propensities": list(policy.propensities),
        }  # fmt: skip
        private = {
            "no", "metrics", "history", "dimensions", "started_at", "completed_at", "public", "planned_units", "min_sample_size",
            "significance", "analysis", "cells", "features", "ttl_seconds",
        }  # fmt: skip
        entry = {key: value for key, value in live.document.items() if key not in private} | {"policy": shown}
        return entry | {"needs_server": True} if needs_server else entry
