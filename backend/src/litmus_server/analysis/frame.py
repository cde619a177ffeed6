"""What all of a report's effects have in common: the plan, the sums, who is compared with whom, and how far the plan is."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from litmus_server.analysis.looks import Schedule
from litmus_server.analysis.pairs import Shares, comparable
from litmus_server.domain import plan as words
from litmus_server.domain.draft import CONTEXTUAL, ExperimentType
from litmus_server.domain.look import Look
from litmus_server.domain.weights import to_fraction
from litmus_server.stats.adaptive import AfterBandit, Batch
from litmus_server.stats.bayes import NormalBelief, fitted_prior
from litmus_server.stats.critical import RESERVE, UNPLANNED_UNITS, information
from litmus_server.stats.estimators import Adjustment
from litmus_server.stats.group_sequential import Shape, Spending
from litmus_server.stats.moments import Moments, of_ones
from litmus_server.stats.multinomial import Epoch
from litmus_server.stats.sheet import EXPOSED, Sheet, Strip

_NOTHING = (0,) * 7
"""Of an epoch without a cell: n, Σy, Σy², Σy³ and the sums from before the exposure."""


@dataclass(frozen=True)
class Frame:
    """Variants are ordinals. `shares` has every epoch of the sheet; `past` are the (lift, standard error) of past experiments."""

    entry: Mapping[str, Any]
    sheet: Sheet
    shares: Shares
    looks: Sequence[Look]
    past: Sequence[tuple[float, float]]
    now: dt.datetime

    @cached_property
    def plan(self) -> words.AnalysisPlan:
        """How the experiment is judged."""
        return words.plan_of(self.entry.get("analysis"))

    @cached_property
    def method(self) -> words.Method:
        """The method in force: a bandit looks all the time, and moves its weights by what it sees."""
        if self.adaptive:
            return words.Method.ALWAYS_VALID
        return self.plan.method_for(self.entry.get("planned_units"))

    @property
    def alpha(self) -> float:
        """1 − significance_threshold, without the rounding of that subtraction."""
        significance: float = self.entry.get("significance", 0.95)
        return round(1 - significance, 12)

    @property
    def adaptive(self) -> bool:
        """Whether the weights are learned."""
        return ExperimentType(self.entry["type"]).adaptive

    @cached_property
    def control(self) -> int:
        """Who the others are compared with."""
        return next(k for k, each in enumerate(self.entry["variants"]) if each["is_control"])

    @property
    def treatments(self) -> list[int]:
        """All others."""
        return [k for k in range(len(self.entry["variants"])) if k != self.control]

    @cached_property
    def planned_units(self) -> int | None:
        """Those of the first look, where one was taken: whoever moves the plan while looking spends the error twice."""
        if self.looks and self.method.planned:
            return min(self.looks, key=lambda look: (look.taken_at, look.number)).planned_units
        planned: int | None = self.entry.get("planned_units")
        return planned

    @cached_property
    def strata(self) -> Mapping[int, list[frozenset[int]]]:
        """For each treatment the epochs in which it can be compared with control, by odds."""
        epochs = self.sheet.epochs()
        found = {each: comparable(epochs, self.shares, each, self.control) for each in self.treatments}
        if self.adaptive:  # inverse propensities do there what strata do elsewhere
            found = {each: [frozenset().union(*strata)] if strata else [] for each, strata in found.items()}
        return found

    def drawn(self) -> list[Epoch]:
        """Exposed units by variant, of each epoch of weights or version of the policy, with the shares that were in force.

        Nothing where every unit had shares of its own: their counts are of no one multinomial.
        """
        if self.entry["type"] in CONTEXTUAL:
            return []
        exposed = self._exposed
        return [
            Epoch(
                tuple(units.get(epoch, _NOTHING)[0] for units in exposed),
                tuple(map(to_fraction, self.shares[epoch])),
            )
            for epoch in sorted(set().union(*exposed))
            if epoch in self.shares
        ]

    def after_bandit(self, metric: Mapping[str, Any]) -> AfterBandit | None:
        """The batches of a conversion's or a mean's sums, in the order of versions; None before the first unit.

        Units that no propensity allows are left out: the sample ratio tells of them.
        """
        number = metric["id"]
        if number not in self._after_bandit:  # every treatment asks for the same
            self._after_bandit[number] = self._batches(number, binary=metric["kind"] == "conversion")
        return self._after_bandit[number]

    @cached_property
    def _after_bandit(self) -> dict[int, AfterBandit | None]:
        return {}

    def _batches(self, metric: int, *, binary: bool) -> AfterBandit | None:
        exposed, sums = self._exposed, self._by_epoch(metric)
        batches = []
        for epoch in sorted(set().union(*exposed, *sums)):
            shares = self.shares.get(epoch)
            if shares is None:
                continue
            arms = (
                _moments(units.get(epoch, _NOTHING)[0], mine.get(epoch, _NOTHING), binary=binary)
                if share
                else Moments()
                for units, mine, share in zip(exposed, sums, shares, strict=True)
            )
            batches.append(Batch(tuple(arms), tuple(map(to_fraction, shares))))
        return AfterBandit(tuple(batches)) if batches else None

    @cached_property
    def _exposed(self) -> list[Mapping[int, Sequence[int]]]:
        return self._by_epoch(EXPOSED)

    def _by_epoch(self, metric: int) -> list[Mapping[int, Sequence[int]]]:
        """Of each variant, the plain sums of each epoch that has a cell."""
        strips = (self.sheet.plain.get((metric, k), Strip()) for k in range(len(self.entry["variants"])))
        return [strip.totals(lambda epoch, _: epoch) for strip in strips]

    def planned_information(self, treatment: int) -> float:
        """Of the pair at the plan's end, at the shares with which it began."""
        units = self.planned_units or UNPLANNED_UNITS
        shares = self.entry["weights"]
        if self.strata[treatment]:
            shares = self.shares[min(self.strata[treatment][0])]
        t, c = (max(1, round(units * shares[k] / 1e6)) for k in (treatment, self.control))
        return information(t, c)

    @cached_property
    def schedule(self) -> Schedule:
        """Of the planned looks, with their part of alpha."""
        part = 1 - RESERVE if self.method is words.Method.HYBRID else 1.0
        return Schedule(self.plan.looks, Spending(Shape(self.plan.spending)), self.alpha * part)

    @property
    def adjustment(self) -> Adjustment | None:
        """For covariates from before the exposure."""
        chosen = self.plan.adjustment
        return None if chosen is words.Adjustment.NONE else Adjustment(chosen)

    @cached_property
    def prior(self) -> NormalBelief:
        """Of a lift."""
        if isinstance(self.plan.prior, words.NormalPrior):
            return NormalBelief(self.plan.prior.mean, self.plan.prior.sd)
        if self.plan.prior is words.NamedPrior.FLAT:
            return NormalBelief(0.0, float("inf"))
        return fitted_prior([lift for lift, _ in self.past], [error for _, error in self.past])

    def minimum_effect(self, metric: Mapping[str, Any]) -> float | None:
        """The lift that is worth having: the metric's own, else the plan's."""
        own: float | None = metric.get("minimum_effect")
        return self.plan.minimum_effect if own is None else own

    def over(self, metric: Mapping[str, Any]) -> bool:
        """Whether no more units of this metric will come: completed, and every window closed."""
        closes_at = self.sheet.closes_at(metric["window_seconds"], self.now.timestamp())
        return self.entry["status"] == "completed" and closes_at is None


def _moments(n: int, sums: Sequence[int], *, binary: bool) -> Moments:
    seen, s1, s2, s3, *_ = sums
    return Moments(n, *of_ones(seen)) if binary else Moments(n, s1, s2, s3)
