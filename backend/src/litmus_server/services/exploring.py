"""Exploring: from a question about parts of an experiment to what happened in them.

It runs in the worker. It must not know who asks.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from litmus_server.analysis.breakdown import broken_down
from litmus_server.analysis.export import exported
from litmus_server.analysis.interactions import interactions_of
from litmus_server.analysis.lasting import lasting
from litmus_server.domain import breakdown as b
from litmus_server.domain import cohorts as c
from litmus_server.domain import interactions as i
from litmus_server.domain.errors import Fault, Invalid, NotFound
from litmus_server.ports import CrossingBook, ReportBook, SliceBook


class Exploring:
    """Answers questions."""

    def __init__(self, slices: SliceBook, crossings: CrossingBook, book: ReportBook) -> None:
        """`slices` is where the sums of parts of an experiment are read, `crossings` those of what it shares with others, `book` those of
        the whole.
        """
        self._slices, self._crossings, self._book = slices, crossings, book

    async def export(self, experiment: int) -> dict[str, Any]:
        """{"answer"}: the report of this moment with all that it was computed from."""
        facts = await self._book.facts(experiment)
        if facts is None:
            fault = Fault("", "there is no such experiment any more")
            return {"faults": [{"pointer": fault.pointer, "message": fault.message}]}
        return {"answer": msgspec.to_builtins(await asyncio.to_thread(exported, facts))}

    async def answer(self, experiment: int, document: Mapping[str, Any]) -> dict[str, Any]:
        """{"answer"}, or {"faults"} where the question has none; `document` is a `Question`. Computed beside the loop."""
        question = msgspec.convert(document, b.Question)

        def chosen(entry: Mapping[str, Any]) -> int:
            known = [*entry["dimensions"], b.DAY, b.BUCKET]
            if question.dimension not in known:
                raise _wrong("dimension", f"must be one of {', '.join(dict.fromkeys(known))}")
            number: int = _metric(entry, question.metric)["id"]
            return number

        async def parts() -> b.Breakdown:
            sliced = await self._slices.sliced(experiment, question.dimension, chosen)
            if sliced is None:
                raise _gone()
            return await asyncio.to_thread(broken_down, sliced, question.dimension)

        return await _told(parts)

    async def cohorts(self, experiment: int, document: Mapping[str, Any]) -> dict[str, Any]:
        """The same of a question whether an effect lasts; `document` is a `domain.cohorts.Question`."""
        question = msgspec.convert(document, c.Question)

        async def curves() -> c.Cohorts:
            aged = await self._slices.aged(experiment, lambda entry: _at_age(entry, question))
            if aged is None:
                raise _gone()
            return await asyncio.to_thread(lasting, aged)

        return await _told(curves)

    async def interactions(self, experiment: int, document: Mapping[str, Any]) -> dict[str, Any]:
        """The same of a question which experiments depend on each other; `document` is a `domain.interactions.Question`."""
        question = msgspec.convert(document, i.Question)

        def chosen(entry: Mapping[str, Any]) -> int:
            if question.other in {entry["id"], entry["key"]}:
                raise _wrong("with", "must be another experiment")
            number: int = _metric(entry, question.metric)["id"]
            return number

        async def held() -> i.Interactions:
            try:
                found = await self._crossings.crossed(experiment, question.other, chosen)
            except NotFound:
                raise _wrong("with", "must be the id or the key of an experiment") from None
            if found is None:
                raise _gone()
            return await asyncio.to_thread(interactions_of, found)

        return await _told(held)


async def _told(answer: Callable[[], Awaitable[object]]) -> dict[str, Any]:
    try:
        return {"answer": msgspec.to_builtins(await answer())}
    except Invalid as invalid:
        return {"faults": [{"pointer": each.pointer, "message": each.message} for each in invalid.faults]}


def _at_age(entry: Mapping[str, Any], question: c.Question) -> Mapping[str, Any]:
    """The metric with the window that is asked for. Raises Invalid for one that it does not have."""
    metric = _metric(entry, question.metric)
    if question.age_days is None:
        return metric
    window = question.age_days * c.SECONDS
    if window > metric["window_seconds"]:
        raise _wrong(
            "age_days", f"must be at most the metric's window, {metric['window_seconds'] / c.SECONDS:g} days"
        )
    if metric["kind"] in {"ratio", "quantile"} and window != metric["window_seconds"]:
        raise _wrong(
            "age_days", f"is not for kind {metric['kind']}: its sums are kept at the end of its window alone"
        )
    return {**metric, "window_seconds": window}


def _metric(entry: Mapping[str, Any], name: str | None) -> Mapping[str, Any]:
    """The declared metric that is meant. Raises Invalid."""
    for metric in entry["metrics"]:
        if metric["name"] == name or (name is None and metric["role"] == "primary"):
            found: Mapping[str, Any] = metric
            return found
    declared = ", ".join(metric["name"] for metric in entry["metrics"]) or "none"
    if name is None:
        raise _wrong(
            "metric", f"is required, since the experiment has no primary metric: declared are {declared}"
        )
    raise _wrong("metric", f"must be one that is declared, which are {declared}")


def _gone() -> Invalid:
    return _wrong("id", "there is no such experiment any more")


def _wrong(name: str, message: str) -> Invalid:
    return Invalid(f"{name}: {message}", (Fault(f"/query/{name}", message),), b.TITLE)
