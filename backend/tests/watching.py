"""Simulated experiments that are watched through the report's own functions: what is claimed, and when.

At each look the sums are a sheet, and the effect is that which a report would show. Looks are kept as the worker keeps them. Windows are
closed. Units come by chance to either variant; under a plan in equal numbers, so that all experiments share their boundaries.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from litmus_server.analysis.document import frame_of
from litmus_server.analysis.effects import measured
from litmus_server.domain.look import Look
from litmus_server.stats.moments import MICRO
from litmus_server.stats.sheet import EXPOSED, Measure, Sheet, Strip
from numpy.typing import NDArray
from sheets import TODAY, entry, facts, metric

Integers = NDArray[np.int64]
Draw = Callable[[np.random.Generator, int], NDArray[np.float64]]
CENT = MICRO // 100
COHORT = TODAY - 240
# No method here claims anything before this many standard errors: in between, looks need not be computed.
QUIET = 1.5


@dataclass(frozen=True)
class Law:
    """A rate of conversion, or how the values of units are drawn."""

    name: str
    rate: float | None = None
    draw: Draw | None = None

    @property
    def kind(self) -> str:
        return "mean" if self.rate is None else "conversion"


@dataclass(frozen=True)
class Plan:
    """`looks` evenly spaced reports until `units` are there; `share` of the units get the treatment. `planned` of these looks are, by a plan for all units; `lift` is of a rate."""

    law: Law
    method: str
    units: int
    looks: int
    share: float = 0.5
    planned: int = 0
    lift: float = 0.0


@dataclass(frozen=True)
class Seen:
    """Of one experiment: what claimed an effect, and at which part of the units; whether one look at the end would have."""

    by: str | None
    at: float
    fixed: bool


def watch(plan: Plan, rng: np.random.Generator, *, every: bool = False) -> Seen:
    """One experiment, until the first claim. `every`: compute every look, also those that cannot claim."""
    declared = metric(1, kind=plan.law.kind)
    weights = [round(1e6 * (1 - plan.share)), round(1e6 * plan.share)]
    fields: dict[str, Any] = {"weights": weights, "analysis": {"method": plan.method}}
    if plan.planned:
        fields |= {"planned_units": plan.units}
        fields["analysis"] |= {"looks": plan.planned}
    running, over = (entry([declared], **fields, status=status) for status in ("running", "completed"))
    arms = list(sums(plan, rng))
    fixed = abs(plain(arms[-1])) > 1.959963984540054
    looks: list[Look] = []
    taken = 0
    for k, arm in enumerate(arms):
        fraction = (k + 1) / plan.looks
        due = int(fraction * plan.planned + 1e-9) > taken
        if not (every or due or abs(plain(arm)) >= QUIET):
            continue
        sheet = Sheet(24, {1: Measure(binary=plan.law.kind == "conversion")}, strips(arm))
        document = over if k + 1 == plan.looks else running
        found = measured(frame_of(facts(document, sheet, looks=looks)), declared, 1)
        if found.look is not None:
            looks, taken = [*looks, found.look], found.look.number
        if found.effect.significant:
            return Seen(found.effect.method, fraction, fixed)
    return Seen(None, 1.0, fixed)


def sums(plan: Plan, rng: np.random.Generator) -> Iterator[list[list[int]]]:
    """At each look, of control and treatment: units, those with a value, Σy, Σy², Σy³ in micro-units."""
    batch = np.full(plan.looks, plan.units // plan.looks)
    treated = (
        np.round(batch * plan.share).astype(np.int64) if plan.planned else rng.binomial(batch, plan.share)
    )
    columns = []
    for n, lift in ((batch - treated, 0.0), (treated, plan.lift)):
        if plan.law.rate is not None:
            seen = rng.binomial(n, plan.law.rate * (1 + lift))
            columns.append([n, *[seen] * 4])
            continue
        assert plan.law.draw is not None
        cents = np.round(100 * plan.law.draw(rng, int(n.sum()))).astype(np.int64)
        starts = np.concatenate([[0], np.cumsum(n)[:-1]])
        powers = ((cents != 0).astype(np.int64), cents, cents**2, cents**3)
        columns.append([n, *(np.add.reduceat(np.append(p, 0), starts) * (n > 0) for p in powers)])
    scale = MICRO if plan.law.rate is not None else CENT
    cumulated = [[np.cumsum(c).tolist() for c in of_arm] for of_arm in columns]
    for k in range(plan.looks):
        yield [
            [n[k], m[k], s1[k] * scale, s2[k] * scale**2, s3[k] * scale**3] for n, m, s1, s2, s3 in cumulated
        ]


def plain(arms: list[list[int]]) -> float:
    """The textbook's z of the difference; 0 where there is none."""
    (n0, _, a0, b0, _), (n1, _, a1, b1, _) = arms
    if min(n0, n1) < 2:
        return 0.0
    variance = sum((b - a * a / n) / n**2 for n, a, b in ((n0, a0, b0), (n1, a1, b1)))
    return float((a1 / n1 - a0 / n0) / variance**0.5) if variance > 0 else 0.0


def strips(arms: list[list[int]]) -> dict[tuple[int, int], Strip]:
    found = {}
    for variant, (n, *rest) in enumerate(arms):
        found[EXPOSED, variant] = Strip((1,), (COHORT,), ((n, *[0] * 6),))
        found[1, variant] = Strip((1,), (COHORT,), ((*rest, 0, 0, 0),))
    return found
