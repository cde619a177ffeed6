"""Experiments whose effect lasts or does not, looked at every day through the functions that reports are made by: what is flagged."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import exp
from typing import Any

import numpy as np
from litmus_server.analysis.ages import judged_by_age
from litmus_server.analysis.cohorts import LEAST_DAYS, Refused, judged
from litmus_server.analysis.frame import Frame
from litmus_server.domain.cohorts import AGES, SECONDS, Pattern
from litmus_server.ports import AgeSums
from litmus_server.stats.moments import MICRO, JointMoments
from litmus_server.stats.sheet import EXPOSED, Measure, Sheet, Strip
from sheets import entry, metric

START = dt.datetime(2026, 10, 5, tzinfo=dt.UTC)  # a Monday
FIRST = int(START.timestamp()) // 3600
WEEKDAYS = (1.0, 1.0, 1.0, 1.0, 0.9, 0.6, 0.5)
"""Of the traffic; the rate goes by its root."""
FLAGS = {Pattern.NOVELTY, Pattern.PRIMACY, Pattern.UNEVEN}


def _none(_: float) -> float:
    return 0.0


def _even(_: float) -> float:
    return 1.0


def _lasts(_: float) -> float:
    return 0.2


def _fades(day: float) -> float:
    return 0.3 * exp(-day / 5)


def _falls(day: float) -> float:
    return 0.4 + 0.6 * exp(-day / 7)


@dataclass(frozen=True)
class Case:
    """`daily` units on a Monday, growing by `growth` a week, `share` of them treated, converting with `rate` × `base`(day) × (1 + `lift`(day)).

    `spend`: their value is exponential instead of 1. `by_age`: days are those after a unit's exposure, over a window of two weeks.
    """

    name: str
    daily: int = 2_000
    days: int = 28
    share: float = 0.5
    rate: float = 0.1
    growth: float = 1.0
    lift: Callable[[float], float] = _none
    base: Callable[[float], float] = _even
    spend: bool = False
    by_age: bool = False
    planned: int | None = None

    @property
    def silent(self) -> bool:
        """Whether nothing is to be found."""
        return not self.name.startswith("fades")


CASES = (
    Case("no effect"),
    Case("no effect, a tenth treated, traffic grows", share=0.1, growth=1.3),
    Case("no effect, 2 in 100 treated", share=0.02, daily=10_000),
    Case("no effect, 9 in 10 treated", share=0.9, growth=1.3),
    Case("no effect, rare conversions", rate=0.01, daily=4_000),
    Case("no effect, few units", daily=150),
    Case("no effect, spending", daily=600, spend=True),
    Case("no effect, spending, a tenth treated", daily=2_000, spend=True, share=0.1),
    Case("no effect, far beyond its plan", daily=4_000, planned=2_000),
    Case("a lift of 20 % of a base that falls", lift=_lasts, base=_falls, daily=6_000),
    Case("a lift of 20 %, a tenth treated", lift=_lasts, share=0.1, growth=1.3),
    Case("fades", lift=_fades, daily=10_000, planned=200_000),
    Case("fades, a tenth treated", lift=_fades, daily=30_000, share=0.1, planned=600_000),
    Case("by age: no effect", by_age=True, daily=400, base=_falls),
    Case("by age: no effect, a tenth treated", by_age=True, daily=2_000, share=0.1, base=_falls),
    Case("by age: a lift of 20 %", by_age=True, daily=400, lift=_lasts, base=_falls),
    Case("by age: no effect, spending", by_age=True, daily=400, spend=True, base=_falls),
    Case("fades by age", by_age=True, daily=1_000, lift=_fades, base=_falls, planned=20_000),
)  # fmt: skip


def flagged(case: Case, seed: int) -> dict[str, int]:
    """Each pattern that was flagged at some day's look, and the first such day."""
    rng = np.random.default_rng([CASES.index(case), seed])
    looks = _by_age(case, rng) if case.by_age else _by_cohort(case, rng)
    found: dict[str, int] = {}
    for day, pattern in looks:
        if pattern in FLAGS:
            found.setdefault(str(pattern), day)
    return found


def _frame(case: Case, sheet: Sheet, window: int, day: int) -> tuple[Frame, Mapping[str, Any]]:
    treated = round(case.share * 1_000_000)
    kind = "mean" if case.spend else "conversion"
    document = entry(
        [metric(kind=kind, window_seconds=window)],
        weights=[1_000_000 - treated, treated],
        planned_units=case.planned,
    )
    now = START + dt.timedelta(days=day, seconds=window)
    return Frame(document, sheet, {1: document["weights"]}, (), (), now), document["metrics"][0]


def _traffic(case: Case, rng: np.random.Generator, day: int) -> tuple[int, int]:
    units = int(rng.poisson(case.daily * WEEKDAYS[day % 7] * case.growth ** (day / 7)))
    treated = int(rng.binomial(units, case.share))
    return units - treated, treated


def _by_cohort(case: Case, rng: np.random.Generator) -> list[tuple[int, Pattern]]:
    rows: dict[tuple[int, int], list[tuple[int, ...]]] = {}
    found = []
    for day in range(case.days):
        for arm, n in enumerate(_traffic(case, rng, day)):
            rate = case.rate * case.base(day) * WEEKDAYS[day % 7] ** 0.5 * (1 + arm * case.lift(day))
            seen = int(rng.binomial(n, rate))
            values = [MICRO] * seen
            if case.spend:
                values = np.round(10 * MICRO * rng.standard_exponential(seen)).astype(np.int64).tolist()
            sums = (seen, sum(values), sum(y * y for y in values), sum(y**3 for y in values), 0, 0, 0)
            rows.setdefault((EXPOSED, arm), []).append((n, *[0] * 6))
            rows.setdefault((1, arm), []).append(sums)
        if day + 1 < LEAST_DAYS:
            continue
        cohorts = tuple(FIRST + 24 * each for each in range(day + 1))
        strips = {key: Strip((1,) * len(cells), cohorts, tuple(cells)) for key, cells in rows.items()}
        sheet = Sheet(24, {1: Measure(binary=not case.spend)}, strips)
        frame, of = _frame(case, sheet, SECONDS, day + 1)
        answer = judged(frame, of)
        assert not isinstance(answer, Refused)
        found.append((day, answer[0].pattern))
    return found


def _by_age(case: Case, rng: np.random.Generator) -> list[tuple[int, Pattern]]:
    """Units of a level of their own, so that what one does at several ages belongs together."""
    starts = np.array([start for start in AGES if start < 14])
    lengths = np.diff([*starts, 14])
    middles = starts + (lengths - 1) / 2
    sums: dict[tuple[int, int], AgeSums] = {}
    exposed: list[list[int]] = [[], []]
    found = []
    for day in range(case.days):
        for arm, n in enumerate(_traffic(case, rng, day)):
            rates = np.array([case.rate * case.base(k) * (1 + arm * case.lift(k)) for k in middles])
            mean = rng.gamma(2.0, 0.5, (n, 1)) * lengths * rates
            events = rng.poisson(mean)
            if case.spend:
                values = np.where(events > 0, rng.gamma(np.maximum(events, 1), 10.0), 0.0)
            else:  # the first one alone, of those who convert at their own hazard
                values = ((events > 0) & (np.cumsum(events > 0, axis=1) == 1)).astype(float)
            micro = np.round(values * 1000).astype(np.int64)
            cross = micro.T @ micro
            upper = [int(cross[i, j]) * 10**6 for i in range(starts.size) for j in range(i, starts.size)]
            mine = AgeSums(
                JointMoments(n, tuple(int(s) * 1000 for s in micro.sum(axis=0)), tuple(upper)),
                tuple(int(count) for count in (micro > 0).sum(axis=0)),
            )
            before = sums.get((arm, 1))
            if before is not None:
                seen = tuple(a + b for a, b in zip(before.seen, mine.seen, strict=True))
                mine = AgeSums(before.units.merge(mine.units), seen)
            sums[arm, 1] = mine
            exposed[arm].append(n)
        cohorts = tuple(FIRST + 24 * each for each in range(day + 1))
        strips = {
            (EXPOSED, arm): Strip((1,) * (day + 1), cohorts, tuple((n, *[0] * 6) for n in exposed[arm]))
            for arm in (0, 1)
        }
        frame, of = _frame(
            case, Sheet(24, {1: Measure(binary=not case.spend)}, strips), 14 * SECONDS, day + 1
        )
        answer = judged_by_age(frame, of, sums)
        assert not isinstance(answer, Refused)
        found.append((day, answer[0].pattern))
    return found
