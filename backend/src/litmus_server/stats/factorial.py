"""Multivariate experiments: what each factor does by itself, and which pairs of factors do more, or less, than both.

Every unit informs every factor, so a factor's main effect has the precision of the whole experiment; cells compared one by
one have that of two cells. Effects are contrasts of cell means (Box, Hunter & Hunter, Statistics for Experimenters, 2nd
edition, chapter 5; Montgomery, Design and Analysis of Experiments, chapter 5), each combination of the other factors
counting alike, whatever its traffic was. Nothing is assumed of higher interactions.

It must not know how variants are named; a cell is the levels of its factors.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product

from litmus_server.stats.absence import Absence, TooFew, Undefined
from litmus_server.stats.contrast import LinearContrast
from litmus_server.stats.critical import Critical
from litmus_server.stats.inference import Comparison, compare
from litmus_server.stats.moments import Moments
from litmus_server.stats.multiplicity import Method, adjust


@dataclass(frozen=True, slots=True)
class Change:
    """One factor at `level` instead of at `base`."""

    factor: str
    level: str
    base: str


@dataclass(frozen=True, slots=True)
class FactorEffect:
    """The main effect of one change, or the interaction of two: how much the first one's effect differs where the second is made.

    `comparison` is on the difference, in the metric's units, at the level that agrees with `rejected`; `p_adjusted` counts all
    effects of the experiment as one family. `combinations` of the other factors are averaged over.
    """

    changes: tuple[Change, ...]
    contrast: LinearContrast
    comparison: Comparison
    p_adjusted: float
    rejected: bool
    combinations: int


@dataclass(frozen=True, slots=True)
class NoEffect:
    """An effect that cannot be estimated, and why."""

    changes: tuple[Change, ...]
    absence: Absence


Cells = Mapping[tuple[str, ...], Moments]


def factor_effects(
    factors: Sequence[str],
    cells: Cells,
    base: Sequence[str],
    critical: Critical,
    alpha: float = 0.05,
    method: Method = Method.HOLM,
) -> tuple[FactorEffect | NoEffect, ...]:
    """All main effects, then all two-way interactions, in the order of `factors` and of levels in `cells`.

    `cells` maps the levels of all factors, in their order, to the metric's moments; `base` are control's levels. A cell that
    does not exist, or has fewer than two units, leaves out the combinations that need it: a fraction of a design gives what
    it can. ValueError for cells or a base of other factors.
    """
    if any(len(cell) != len(factors) for cell in (*cells, tuple(base))) or len(set(factors)) != len(factors):
        raise ValueError(f"every cell and the base need one level of each of {list(factors)}")
    made = [
        [
            Change(factor, level, base[i])
            for level in dict.fromkeys(cell[i] for cell in cells)
            if level != base[i]
        ]
        for i, factor in enumerate(factors)
    ]
    wanted: list[tuple[Change, ...]] = [(change,) for changes in made for change in changes]
    for first, second in combinations(range(len(factors)), 2):
        wanted += list(product(made[first], made[second]))
    estimates = [(changes, _estimate(factors, cells, changes)) for changes in wanted]
    found = [(changes, *each) for changes, each in estimates if isinstance(each, tuple)]
    p = [compare(contrast, critical, alpha).p_value for _, contrast, _ in found]
    adjusted = adjust(p, method, alpha)
    effects = {
        changes: FactorEffect(
            changes,
            contrast,
            compare(contrast, critical, adjusted.interval_alpha),
            p_adjusted,
            rejected,
            count,
        )
        for (changes, contrast, count), p_adjusted, rejected in zip(
            found, adjusted.p, adjusted.rejected, strict=True
        )
    }
    return tuple(
        NoEffect(changes, each) if not isinstance(each, tuple) else effects[changes]
        for changes, each in estimates
    )


def _estimate(
    factors: Sequence[str], cells: Cells, changes: tuple[Change, ...]
) -> tuple[LinearContrast, int] | Absence:
    """The contrast and the number of combinations of the other factors in which every cell that it needs has two units."""
    places = [factors.index(change.factor) for change in changes]
    others = dict.fromkeys(tuple(level for i, level in enumerate(cell) if i not in places) for cell in cells)
    corners = list(product(*((change.base, change.level) for change in changes)))
    usable: list[list[Moments]] = []
    most = 0
    for rest in others:
        needed = [cells.get(_cell(places, corner, rest), Moments()) for corner in corners]
        smallest = min(moments.n for moments in needed)
        most = max(most, smallest)
        if smallest >= 2:
            usable.append(needed)
    if not usable:
        return TooFew("a factor's effect in any combination of the others", 2, most)
    # The last corner has all changes; signs alternate with the number of changes that are missing.
    signs = [
        (-1) ** sum(level == change.base for level, change in zip(corner, changes, strict=True))
        for corner in corners
    ]
    sides: dict[bool, tuple[float, float, list[tuple[float, int]]]] = {}
    for made in (True, False):
        mean, variance, parts = 0.0, 0.0, []
        for needed in usable:
            for corner, sign, moments in zip(corners, signs, needed, strict=True):
                if (corner[-1] == changes[-1].level) is not made:
                    continue
                m, v = moments.mean, moments.variance
                assert isinstance(m, float)
                assert isinstance(v, float)
                part = v / moments.n / len(usable) ** 2
                mean += (sign if made else -sign) * m / len(usable)
                variance += part
                parts.append((part, moments.n - 1))
        sides[made] = mean, variance, parts
    total = sides[True][1] + sides[False][1]
    if not total > 0:
        return Undefined("a factor's effect", "no unit of a cell differs from another")
    df = total**2 / sum(part**2 / degrees for _, _, parts in sides.values() for part, degrees in parts)
    (treatment, v1, _), (control, v0, _) = sides[True], sides[False]
    return LinearContrast(treatment, control, v1, v0, df=df), len(usable)


def _cell(places: Sequence[int], corner: tuple[str, ...], rest: tuple[str, ...]) -> tuple[str, ...]:
    given, others = dict(zip(places, corner, strict=True)), iter(rest)
    return tuple(given[i] if i in given else next(others) for i in range(len(corner) + len(rest)))
