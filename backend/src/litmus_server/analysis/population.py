"""Who is compared: the units of one variant and of control that count for one metric, and how far that is."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from litmus_server.analysis.frame import Frame
from litmus_server.analysis.pairs import Pair, pair
from litmus_server.domain import report as r


@dataclass(frozen=True)
class Population:
    """One variant and one metric of a frame."""

    frame: Frame
    metric: Mapping[str, Any]
    treatment: int

    @property
    def planned(self) -> bool:
        """Whether only closed windows count."""
        return self.frame.method.planned and self.metric["kind"] != "quantile"

    @property
    def strata(self) -> list[frozenset[int]]:
        """The epochs in which both could be drawn, by odds."""
        return self.frame.strata[self.treatment]

    @cached_property
    def whole(self) -> Pair:
        """All comparable units."""
        return self._pair(closed=False)

    @cached_property
    def matured(self) -> Pair:
        """Those whose window has closed."""
        return self._pair(closed=True)

    @property
    def counted(self) -> Pair:
        """Those that count under the method."""
        return self.matured if self.planned else self.whole

    def _pair(self, *, closed: bool) -> Pair:
        sheet, frame = self.frame.sheet, self.frame
        cells = sheet.closed(self.metric["window_seconds"], frame.now.timestamp()) if closed else None
        return pair(sheet, self.metric["id"], self.treatment, frame.control, self.strata, cells)

    @cached_property
    def windows(self) -> r.Windows:
        """How many units' windows have closed."""
        frame = self.frame
        window, now = self.metric["window_seconds"], frame.now.timestamp()
        closes_at = frame.sheet.closes_at(window, now)
        if not self.strata:
            return r.Windows(0, 0, None)
        matured = self.matured.units if self.planned or closes_at is not None else self.whole.units
        return r.Windows(
            matured,
            self.whole.units - matured,
            None if closes_at is None else dt.datetime.fromtimestamp(closes_at, dt.UTC),
        )

    @cached_property
    def fraction(self) -> float | None:
        """Of the planned information."""
        frame = self.frame
        if frame.planned_units is None or not self.strata:
            return None
        if frame.adaptive:
            return self.whole.units / frame.planned_units
        return self.counted.information / frame.planned_information(self.treatment)
