"""Analysis: reports, computed and kept once for everybody who asks, with the planned looks that were due.

It runs in the worker. It must not know who reads a report, nor what follows from the facts (`litmus_server.analysis`).
"""

import msgspec

from litmus_server.analysis.document import computed
from litmus_server.domain.report import Report
from litmus_server.domain.summary import summary_of
from litmus_server.ports import REPORT, Contexts, KeptReport, ReportBook, Work


class Analysis:
    """Computes and keeps reports."""

    def __init__(self, book: ReportBook, contexts: Contexts) -> None:
        """`book` is where the facts are read and the report is kept."""
        self._book, self._contexts = book, contexts

    async def report(self, experiment: int) -> bool:
        """Compute and keep the report of this moment; False when there was no need, or is no such experiment."""
        if await self._book.is_current(experiment):
            return False
        # What a holdback says is summed by the learner, at its leisure.
        await self._contexts.settle(experiment)
        facts = await self._book.facts(experiment)
        if facts is None:
            return False
        found = computed(facts)
        kept = KeptReport(facts.state, encode(found.report), found.report.changes_at)
        summary = msgspec.json.encode(summary_of(found.report))
        await self._book.keep(experiment, kept, facts.now, found.looks, summary)
        return True

    async def look(self, work: Work) -> int:
        """Ask for the reports of experiments whose planned look may be due, though nobody watches; answers how many."""
        due = await self._book.looking()
        if due:
            await work.ask(REPORT, due)
        return len(due)


def encode(report: Report) -> bytes:
    """The document as it is served."""
    return msgspec.json.encode(report)
