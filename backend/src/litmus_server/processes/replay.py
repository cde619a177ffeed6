"""Every decision of the log made again, by the archive alone: in Python, in JavaScript, or in SQL.

It streams: what it holds is one page of the log, and the documents that this page was drawn by.
"""

import asyncio
import json
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import structlog
from litmus.decide import Experiment

from litmus_server.bandits.checksum import is_genuine
from litmus_server.bandits.contextual import ModelMismatch
from litmus_server.bandits.contextual_draw import Drawing, drawing_of
from litmus_server.domain.draft import ExperimentType
from litmus_server.domain.errors import Invalid
from litmus_server.domain.policy import Policy
from litmus_server.domain.replay import (
    Again,
    Drawn,
    Logged,
    Source,
    Tally,
    Unknown,
    compiled,
    decided,
    entry_of,
    judged,
    lacks_attributes,
)
from litmus_server.processes.database import answering, running
from litmus_server.settings import Refused, Settings
from litmus_server.store.replay import Archive, Range, archive

log = structlog.get_logger(__name__)

KERNEL = Path(__file__).parents[4] / "sdk" / "javascript" / "bin" / "decide.js"
"""The JavaScript kernel as a filter, where the server runs from a checkout."""
_KEPT = 500  # entries in memory, here and in Node
_TOLD = 2.0  # seconds between two lines about how far it is
_LINE = 256 * 2**20  # bytes of one line from Node


class Language(StrEnum):
    """In which the decisions are made again."""

    PYTHON = "python"
    JAVASCRIPT = "javascript"
    SQL = "sql"


class Entry(NamedTuple):
    """A document that decides, with the policy in force; `name` is its own among all entries of a replay.

    `model` is the archived one of that policy, by which each unit has shares of its own; None for others.
    """

    name: str
    source: Source
    document: Mapping[str, Any]
    model: Mapping[str, Any] | None

    def without_audience(self) -> "Entry":
        """The same for everybody."""
        return self._replace(name=f"{self.name} for all", document={**self.document, "audience": None})


class Asked(NamedTuple):
    """Which decision is to be made."""

    entry: Entry
    unit: str
    attributes: Mapping[str, Any] | None
    shares: Sequence[int] | None = None
    """The unit's own, in ppm, where the log kept them."""
    context: Mapping[str, Any] | None = None
    """What they were computed from."""


class Engine(Protocol):
    """A language in which decisions are made."""

    @property
    def judges_audiences(self) -> bool:
        """Otherwise it decides as if there were none."""
        ...

    async def decide(self, asked: Sequence[Asked]) -> Sequence[Again | Unknown]:
        """The decisions, in order."""
        ...


async def replay(
    settings: Settings,
    language: Language = Language.PYTHON,
    experiment: str | None = None,
    range_: Range | None = None,
    kernel: Path = KERNEL,
) -> Tally:
    """Make the assignments of a range again, telling how far it is. `experiment` is an id or a key; None: all of them.

    Raises Refused when there is no such experiment, or no such engine on this machine.
    """
    url = running(settings)
    await answering(url, progress=log.info)
    range_ = range_ or Range()
    async with archive(url) as kept, _engine(language, kept, kernel) as engine:
        if experiment is not None:
            number = await kept.number(experiment)
            if number is None:
                raise Refused(f"There is no experiment {experiment!r}")
            range_ = Range(number, range_.since, range_.until)
        tally = Tally()
        entries = _Entries(kept, tally)
        told = asyncio.get_running_loop().time()
        async for page in kept.pages(range_):
            await _judge(page, entries, engine, tally)
            now = asyncio.get_running_loop().time()
            if now - told > _TOLD:
                told = now
                log.info("replaying", assignments=tally.total, differs=tally.differs)
    return tally


async def _judge(page: Sequence[Logged], entries: "_Entries", engine: Engine, tally: Tally) -> None:
    found = await entries.of({row.source for row in page})
    asked = []
    for row in page:
        entry = found[row.source]
        if isinstance(entry, Unknown):
            tally.add(entry)
        else:
            asked.append((row, Asked(entry, row.unit, row.attributes, row.shares, row.context)))
    if not asked:
        return
    answers = await engine.decide([each for _, each in asked])
    blind: list[tuple[Logged, Asked]] = []
    for (row, each), again in zip(asked, answers, strict=True):
        audience = each.entry.document.get("audience")
        if engine.judges_audiences and lacks_attributes(row, again, audience):
            blind.append((row, each._replace(entry=each.entry.without_audience())))
        else:
            unjudged = audience is not None and not engine.judges_audiences
            tally.add(judged(row, again, Unknown.AUDIENCE if unjudged else None))
    if blind:
        answers = await engine.decide([each for _, each in blind])
        for (row, _), again in zip(blind, answers, strict=True):
            tally.add(judged(row, again, Unknown.ATTRIBUTES))


class _Entries:
    """The entries that assignments were drawn by, or why there is none; checksums of policies are checked on the way."""

    def __init__(self, kept: Archive, tally: Tally) -> None:
        self._archive, self._tally = kept, tally
        self._known: dict[Source, Entry | Unknown] = {}

    async def of(self, sources: set[Source]) -> Mapping[Source, Entry | Unknown]:
        new = sources - self._known.keys()
        if len(self._known) + len(new) > _KEPT:
            self._known, new = {}, sources
        if new:
            documents = await self._archive.configurations({(each.experiment, each.revision) for each in new})
            policies = await self._archive.policies({(each.experiment, each.epoch) for each in new})
            for each in new:
                document = documents.get((each.experiment, each.revision))
                self._known[each] = self._entry(each, document, policies.get((each.experiment, each.epoch)))
        return self._known

    def _entry(
        self, source: Source, document: Mapping[str, Any] | None, policy: Policy | None
    ) -> Entry | Unknown:
        found = entry_of(document, policy)
        if isinstance(found, Unknown):
            return found
        if policy is not None:
            self._check(found["id"], policy)
        model = None if policy is None else policy.document.get("model")
        return Entry(" ".join(map(str, source)), source, found, model)

    def _check(self, experiment_id: str, policy: Policy) -> None:
        key = policy.experiment, policy.version
        if not is_genuine(experiment_id, policy) and key not in self._tally.forged:
            self._tally.forged.append(key)


@asynccontextmanager
async def _engine(language: Language, kept: Archive, kernel: Path) -> AsyncIterator[Engine]:
    match language:
        case Language.PYTHON:
            yield _Python()
        case Language.SQL:
            yield _Sql(kept)
        case Language.JAVASCRIPT:
            async with _node(kernel) as engine:
                yield engine


class _Python:
    """The kernel of this process; and the archived models, by which shares of a unit's own are computed again."""

    judges_audiences = True

    def __init__(self) -> None:
        self._compiled: dict[str, tuple[Experiment, Drawing | None] | Unknown] = {}

    async def decide(self, asked: Sequence[Asked]) -> Sequence[Again | Unknown]:
        return [self._decided(each) for each in asked]

    def _decided(self, asked: Asked) -> Again | Unknown:
        found = self._find(asked.entry)
        if isinstance(found, Unknown):
            return found
        experiment, drawing = found
        if asked.context is None or drawing is None:
            return decided(experiment, asked.unit, asked.attributes, asked.shares)
        try:
            shares = drawing.again(asked.context)
        except (Invalid, ValueError, TypeError):
            return Unknown.UNREADABLE
        again = decided(experiment, asked.unit, asked.attributes, shares)
        return again if shares == asked.shares else Again("shares", again.drawn)

    def _find(self, entry: Entry) -> tuple[Experiment, Drawing | None] | Unknown:
        found = self._compiled.get(entry.name)
        if found is None:
            if len(self._compiled) >= _KEPT:
                self._compiled.clear()
            experiment = compiled(entry.document)
            found = experiment if isinstance(experiment, Unknown) else _with_drawing(entry, experiment)
            self._compiled[entry.name] = found
        return found


def _with_drawing(entry: Entry, experiment: Experiment) -> tuple[Experiment, Drawing | None] | Unknown:
    if not ExperimentType(entry.document["type"]).adaptive:
        return experiment, None
    try:
        return experiment, drawing_of(entry.document, experiment, entry.model)
    except (ModelMismatch, KeyError):
        return Unknown.UNREADABLE


class _Sql:
    """PostgreSQL, which reads the archive itself."""

    judges_audiences = False

    def __init__(self, kept: Archive) -> None:
        self._archive = kept

    async def decide(self, asked: Sequence[Asked]) -> Sequence[Again | Unknown]:
        return await self._archive.drawn([(each.entry.source, each.unit, each.shares) for each in asked])


@asynccontextmanager
async def _node(kernel: Path) -> AsyncIterator[Engine]:
    if not (kernel.parent.parent / "dist" / "index.js").exists():
        raise Refused(
            f"The JavaScript kernel is not built at {kernel}: run `npm ci && npm run build` in sdk/javascript of a checkout, "
            "and name its bin/decide.js with --kernel."
        )
    try:
        process = await asyncio.create_subprocess_exec(
            "node", str(kernel), stdin=PIPE, stdout=PIPE, stderr=PIPE, limit=_LINE
        )
    except FileNotFoundError:
        raise Refused(
            "There is no `node` on this machine: --engine javascript needs Node 20 or later."
        ) from None
    try:
        yield _Node(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


class _Node:
    """`sdk/javascript/bin/decide.js`: one line of JSON in, one line out."""

    judges_audiences = True

    def __init__(self, process: Process) -> None:
        self._process = process
        self._told: dict[str, bool] = {}
        """Entries that it knows, and whether it could read them."""

    async def decide(self, asked: Sequence[Asked]) -> Sequence[Again | Unknown]:
        new = {each.entry.name: each.entry.document for each in asked if each.entry.name not in self._told}
        forget = len(self._told) + len(new) > _KEPT
        if forget:
            self._told = {}
            new = {each.entry.name: each.entry.document for each in asked}
        answer = await self._say(
            {
                "forget": forget,
                "entries": new,
                "decisions": [
                    (each.entry.name, each.unit, each.attributes, None, each.shares) for each in asked
                ],
            }
        )
        self._told |= {name: error is None for name, error in answer["entries"].items()}
        return [
            _read(made) if self._told[each.entry.name] else Unknown.UNREADABLE
            for each, made in zip(asked, answer["decisions"], strict=True)
        ]

    async def _say(self, request: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        line = await self._process.stdout.readline()
        if not line:
            said = (await self._process.stderr.read()).decode(errors="replace").strip()
            raise Refused(f"Node has left: {said or 'it said nothing'}")
        answer: dict[str, Any] = json.loads(line)
        return answer


def _read(made: Sequence[Any]) -> Again:
    variant, propensity, reason, bucket, _, epoch, version = made
    return Again(reason, Drawn(variant, propensity, bucket, epoch if version is None else version))


def printed(tally: Tally, language: Language, *, as_json: bool = False) -> str:
    """What people read, or programs."""
    if as_json:
        return json.dumps(_document(tally, language), default=str, indent=2)
    lines = [
        f"{tally.total:,} assignments made again in {_NAMES[language]}",
        _counted("same", tally.same),
        _counted("differs", tally.differs),
        _counted("cannot say", tally.unknown.total()),
    ]
    lines += [_counted(f"  {reason}", count, _WHY[reason]) for reason, count in sorted(tally.unknown.items())]
    for each in tally.shown:
        lines.append(
            f"unit {each.unit!r} of experiment {each.experiment}, revision {each.revision}, {each.assigned_at:%Y-%m-%dT%H:%M:%SZ}"
        )
        lines += [f"  logged  {_told(each.logged)}", f"  again   {_told(each.again)}, reason {each.reason}"]
    if tally.differs > len(tally.shown):
        lines.append(f"and {tally.differs - len(tally.shown):,} more that differ")
    lines += [
        f"policy version {version} of experiment {no} is not what its checksum says"
        for no, version in tally.forged
    ]
    return "\n".join(lines)


def _counted(label: str, count: int, why: str = "") -> str:
    return f"  {label:<16} {count:>12,}" + (f"  {why}" if why else "")


def _told(drawn: Drawn) -> str:
    return f"variant {drawn.variant}, propensity {drawn.propensity}, bucket {drawn.bucket}, epoch or version {drawn.epoch}"


def _document(tally: Tally, language: Language) -> dict[str, Any]:
    return {
        "engine": language,
        "assignments": tally.total,
        "same": tally.same,
        "differs": tally.differs,
        "cannot_say": dict(tally.unknown),
        "differences": [
            asdict(each) | {"logged": each.logged._asdict(), "again": each.again._asdict()}
            for each in tally.shown
        ],
        "forged_policies": [{"experiment": no, "version": version} for no, version in tally.forged],
    }


_NAMES = {Language.PYTHON: "Python", Language.JAVASCRIPT: "JavaScript", Language.SQL: "SQL"}
_WHY = {
    Unknown.CONFIGURATION: "the document of that revision is not in the archive",
    Unknown.POLICY: "the policy of that version is not in the archive",
    Unknown.UNREADABLE: "this kernel cannot read the document of that revision",
    Unknown.ATTRIBUTES: "the draw is the same; not all attributes that the audience asks for were kept",
    Unknown.AUDIENCE: "the draw is the same; audiences are not judged in SQL",
}
