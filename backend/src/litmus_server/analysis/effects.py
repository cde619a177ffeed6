"""The effect of one variant on one metric: which units, which contrast, which method, and all that is said of it.

Corrections for several questions come afterwards (`families`), since they need all answers. It must not know what is decided.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from litmus_server.analysis.answers import Direct, Exact, Planned
from litmus_server.analysis.contrasts import Asked, Other, Waiting, asked, asked_quantile
from litmus_server.analysis.estimates import bare, estimate_of, reason_of
from litmus_server.analysis.frame import Frame
from litmus_server.analysis.population import Population
from litmus_server.analysis.telling import ALL, Found, absent, answered, sentence
from litmus_server.domain import report as r
from litmus_server.domain.draft import CONTEXTUAL
from litmus_server.domain.look import Look
from litmus_server.domain.plan import Method
from litmus_server.domain.report import Missing
from litmus_server.stats.absence import TooFew, Undefined
from litmus_server.stats.adaptive import AfterBandit, Weighting
from litmus_server.stats.contrast import Contrast, Scale
from litmus_server.stats.critical import RESERVE, UNPLANNED_UNITS, AlwaysValid, Fixed
from litmus_server.stats.estimators import means, proportions
from litmus_server.stats.multinomial import Epoch
from litmus_server.stats.start import LEAST_UNITS, LEAST_VALUES

_ANYTIME = "what holds at every look at once, for ever: wider, because it is paid for"
_NARROW = "batches weighed by the root of their propensity: narrower, if outcomes do not drift; for one look"
_SAMPLE = (
    "plain means of each arm: biased, because a bandit stops looking at arms that began badly; for one look"
)


def measured(frame: Frame, metric: Mapping[str, Any], treatment: int) -> Found:
    """What can be said of this variant and metric."""
    return _Question(frame, metric, treatment).found()


@dataclass(frozen=True)
class _Question(Population):
    """The same, with the ways to an answer."""

    def found(self) -> Found:
        """By the kind of the experiment and of the metric."""
        if not self.strata or not (self.whole.treatment.n or self.whole.control.n):
            return absent(self, Missing.NO_EXPOSURES, "No unit has been exposed to either variant.")
        if self.frame.entry["type"] in CONTEXTUAL:
            return absent(
                self,
                Missing.OWN_SHARES,
                "Features decided who got which variant: the units of two variants differ, and so would their means.",
            )
        if self.metric["kind"] == "quantile":
            return self._of(asked_quantile(self.metric, self.frame.sheet, self.treatment, self.frame.control))
        if self.frame.adaptive and self.metric["kind"] in {"conversion", "mean"}:
            return self._after_bandit()
        if self.frame.adaptive:
            return self._of(asked(self.metric, self.whole, None, self._names), biased=True)
        if self.planned and not self.matured.units:
            if self.metric["kind"] == "conversion":
                exact = self._exact()
                if exact is not None:
                    return exact
            at = self.windows.closes_at
            until = f"; the first does at {at:%Y-%m-%d %H:%M} UTC" if at else ""
            return absent(
                self,
                Missing.WINDOWS_OPEN,
                f"Planned looks count units whose attribution window has closed, and none has yet{until}.",
            )
        return self._of(asked(self.metric, self.counted, self.frame.adjustment, self._names))

    # ── which answer ─────────────────────────────────────────────────────────────────────────────────────────────

    def _of(self, question: Asked, *, biased: bool = False) -> Found:
        contrast = question.contrast
        if isinstance(contrast, Waiting):
            return absent(self, Missing.NO_SUMS, sentence(contrast.reason))
        if isinstance(contrast, TooFew | Undefined):
            return absent(self, reason_of(contrast), sentence(contrast.reason), self._means())
        if self.metric["kind"] == "quantile" or biased or self.frame.method is Method.FIXED:
            others = self._alternatives(question.others, Fixed())
            if not biased and self.metric["kind"] != "quantile" and question.closed is None:
                others = [*others, *self._anytime(contrast)]
            return answered(self, contrast, Direct(contrast, Fixed()), "fixed", others, biased=biased)
        if question.closed is not None and not self.kept:  # what has begun goes on
            if self.metric["kind"] == "conversion":
                exact = self._exact(question.closed.reason)
                if exact is not None:
                    return exact
            return absent(
                self,
                Missing.NOT_OPEN,
                sentence(question.closed.reason),
                (contrast.treatment, contrast.control),
                question.closed.reason,
            )
        anytime = self._mixture()
        others = self._alternatives(question.others, anytime)
        if self.frame.method is Method.ALWAYS_VALID:
            return answered(self, contrast, Direct(contrast, anytime), "always_valid", others)
        return self._looked(contrast, [*others, *self._anytime(contrast)], may_look=question.closed is None)

    @cached_property
    def kept(self) -> list[Look]:
        """The looks that were taken, in their order."""
        mine = (self.metric["id"], self.treatment)
        found = [look for look in self.frame.looks if (look.metric, look.variant) == mine]
        return sorted(found, key=lambda look: look.number)

    def _looked(self, contrast: Contrast, others: Sequence[r.Alternative], *, may_look: bool) -> Found:
        """By planned looks; one is taken now if it is due, and the start rule has nothing against it."""
        frame, before = self.frame, self.kept
        assert self.fraction is not None
        assert frame.planned_units is not None
        due = frame.schedule.due(self.fraction, before, over=self._spends_the_rest)
        look = None
        if due is not None and may_look:
            look = frame.schedule.take(
                contrast,
                due,
                before,
                metric=self.metric["id"],
                variant=self.treatment,
                at=frame.now,
                planned_units=frame.planned_units,
                units=self.counted.units,
                exact_estimate=self.metric["role"] == "primary",
            )
            before = [*before, look]
        reserve = None
        if frame.method is Method.HYBRID:
            reserve = self._mixture(frame.alpha * RESERVE)
        answer = Planned(frame.schedule.kept(before), contrast, reserve)
        return answered(self, contrast, answer, str(frame.method), others, looks=before, look=look)

    @property
    def _spends_the_rest(self) -> bool:
        """Whether a last look uses what is left of alpha: the planned units came, though not their information, and no more will.

        Not of an experiment that was ended earlier: who ends it has seen how it stands, so the estimate would choose the last look.
        """
        frame = self.frame
        exposed = sum(frame.sheet.exposed(k) for k in range(len(frame.entry["variants"])))
        return frame.over(self.metric) and exposed >= (frame.planned_units or 0)

    def _exact(self, closed: str = "") -> Found | None:
        """The conditional test of conversions, which needs no start and no closed window; None before the first conversion."""
        counts = [(c.seen, t.seen) for t, c in self.whole.strata]
        if not any(map(sum, counts)):
            return None
        epochs = []
        for group, of_stratum in zip(self.strata, counts, strict=True):
            shares = self.frame.shares[min(group)]
            t, c = shares[self.treatment], shares[self.frame.control]
            epochs.append(Epoch(of_stratum, (c / (t + c), t / (t + c))))
        answer = Exact(tuple(epochs), RESERVE if self.planned else 1.0)
        rates = proportions(
            self.whole.treatment.seen, self.whole.treatment.n, self.whole.control.seen, self.whole.control.n
        )
        contrast = None if isinstance(rates, TooFew | Undefined) else rates
        why = "it holds from the first conversion on, while other methods wait"
        note = f"The exact test of counts speaks here: {why}{f', because {closed}' if closed else ''}."
        return answered(
            self, contrast, answer, "exact", [], of=ALL, pair_=self.whole, notes=[note], start=closed
        )

    def _after_bandit(self) -> Found:
        frame = self.frame
        after = frame.after_bandit(self.metric)
        if after is None:
            return absent(self, Missing.NO_SUMS, "No policy version of these units is known.")
        found = after.contrast(self.treatment, frame.control)
        if isinstance(found, TooFew | Undefined):
            return absent(self, reason_of(found), sentence(found.reason), self._means())
        closed = self._too_few_for_a_bandit()
        if closed is not None:
            means_ = (found.contrast.treatment, found.contrast.control)
            return absent(self, Missing.NOT_OPEN, sentence(closed), means_, closed)
        planned = (frame.planned_units or UNPLANNED_UNITS) * self._spread(after)
        critical = AlwaysValid.tuned(found.variance_sum, planned, frame.alpha)
        others = []
        narrow = after.contrast(self.treatment, frame.control, Weighting.NARROW)
        if not isinstance(narrow, TooFew | Undefined):
            others += self._alternatives([Other("narrow", narrow.contrast, _NARROW)], Fixed())
        t, c = self.whole.treatment, self.whole.control
        plain = (
            proportions(t.seen, t.n, c.seen, c.n)
            if self.metric["kind"] == "conversion"
            else means(t.raw, c.raw)
        )
        others += self._alternatives([Other("sample_mean", plain, _SAMPLE)], Fixed(), biased=True)
        return answered(
            self,
            found.contrast,
            Direct(found.contrast, critical),
            "after_bandit",
            others,
            of=ALL,
            pair_=self.whole,
        )

    def _too_few_for_a_bandit(self) -> str | None:
        """The floor of the variance does for skew what the start rule does elsewhere; units and values are asked for all the same."""
        for name, arm in zip(self._names, (self.whole.treatment, self.whole.control), strict=True):
            for what, needed, got in (
                ("", LEAST_UNITS, arm.n),
                (", not counting units without a value,", LEAST_VALUES, arm.seen),
            ):
                if got < needed:
                    return TooFew(f"monitoring {name}{what}", needed, got).reason
        return None

    @property
    def _names(self) -> tuple[str, str]:
        variants = self.frame.entry["variants"]
        return variants[self.treatment]["key"], variants[self.frame.control]["key"]

    def _spread(self, after: AfterBandit) -> float:
        """What one unit adds to the variance of summed scores, when all arms are drawn alike: arms · (σ₁² + σ₀²)."""
        total = 0.0
        for place in (self.treatment, self.frame.control):
            variance = after.pooled[place].variance
            total += variance if isinstance(variance, float) else 0.0
        return total * len(after.pooled)

    # ── what is said ─────────────────────────────────────────────────────────────────────────────────────────────

    def _mixture(self, alpha: float | None = None) -> AlwaysValid:
        """Narrowest at the plan's end, for this alpha."""
        planned = self.frame.planned_information(self.treatment)
        return AlwaysValid.tuned(self.counted.information, planned, alpha or self.frame.alpha)

    def _anytime(self, contrast: Contrast) -> list[r.Alternative]:
        """Of the primary metric: what the verdict's "proven" goes by."""
        if self.metric["role"] != "primary":
            return []
        return self._alternatives([Other("always_valid", contrast, _ANYTIME)], self._mixture())

    def _alternatives(
        self, others: Sequence[Other], critical: Fixed | AlwaysValid, *, biased: bool = False
    ) -> list[r.Alternative]:
        alpha = self.frame.alpha
        found = []
        for other in others:
            if isinstance(other.contrast, TooFew | Undefined):
                nothing = bare(None, 1 - alpha, reason_of(other.contrast))
                missing = {"p_value": reason_of(other.contrast)}
                found.append(r.Alternative(other.name, nothing, nothing, None, biased, other.why, missing))
                continue
            answer = Direct(other.contrast, critical)
            difference = answer.at(alpha, Scale.DIFFERENCE)
            found.append(
                r.Alternative(
                    other.name,
                    estimate_of(difference),
                    estimate_of(answer.at(alpha, Scale.LIFT)),
                    difference.p_value,
                    biased,
                    other.why,
                )
            )
        return found

    def _means(self) -> tuple[float, float] | None:
        """What both arms show, where nothing more can be said. None of a quantile: the sums are of means."""
        if self.metric["kind"] == "quantile":
            return None
        found = []
        for arm in (self.counted.treatment, self.counted.control):
            if arm.outcome is None or not isinstance(arm.outcome.means, tuple):
                return None
            first, *rest = arm.outcome.means
            if rest and not rest[0]:
                return None
            found.append(first / rest[0] if rest else first)
        return found[0], found[1]
