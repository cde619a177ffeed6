"""Treatment against control: which cells of a sheet may be compared, in strata of equal shares.

Where weights changed while an outcome drifted, pooled means differ although no variant does anything (Simpson's paradox). So units
are compared within stretches in which the two variants had the same odds, and only where both could be drawn.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from litmus_server.stats.contrast import LinearContrast
from litmus_server.stats.sheet import Arm, Meant, Sheet, among

Shares = Mapping[int, Sequence[int]]
"""Epoch (or policy version) → the share of each variant in ppm."""


@dataclass(frozen=True, slots=True)
class Pair:
    """The sums of one metric: all comparable units together, and by stratum as (treatment, control)."""

    treatment: Arm
    control: Arm
    strata: tuple[tuple[Arm, Arm], ...]

    @property
    def units(self) -> int:
        """Of both arms."""
        return self.treatment.n + self.control.n

    @property
    def information(self) -> float:
        """1 ÷ Σ w²(1/n₁ + 1/n₀) over strata, w the stratum's part of all units: what grows as the variance falls."""
        filled = [(t.n, c.n) for t, c in self.strata if t.n and c.n]
        total = sum(n1 + n0 for n1, n0 in filled)
        if not total:
            return 0.0
        return 1 / sum(((n1 + n0) / total) ** 2 * (1 / n1 + 1 / n0) for n1, n0 in filled)


def comparable(epochs: Sequence[int], shares: Shares, treatment: int, control: int) -> list[frozenset[int]]:
    """The epochs in which both could be drawn, those with the same odds together, oldest first."""
    found: dict[float, set[int]] = {}
    for epoch in epochs:
        of_epoch = shares.get(epoch)
        if of_epoch is None:
            continue
        t, c = of_epoch[treatment], of_epoch[control]
        if t and c:
            found.setdefault(round(t / (t + c), 6), set()).add(epoch)
    return [frozenset(each) for each in found.values()]


def pair(
    sheet: Sheet,
    metric: int,
    treatment: int,
    control: int,
    strata: Sequence[frozenset[int]],
    closed: Meant | None = None,
) -> Pair:
    """The sums of these strata (`comparable`); of the cells that are `closed` only, where that is given."""

    def arms(epochs: frozenset[int]) -> tuple[Arm, Arm]:
        chosen = among(epochs, closed)
        return sheet.arm(metric, treatment, chosen), sheet.arm(metric, control, chosen)

    together = arms(frozenset().union(*strata))
    return Pair(*together, tuple(map(arms, strata)) if len(strata) > 1 else (together,))


def stratified(parts: Sequence[tuple[int, LinearContrast]]) -> LinearContrast:
    """Contrasts of strata as one, each counting by its part of all units (post-stratification, variances as given).

    Degrees of freedom by Satterthwaite's rule. ValueError for no part.
    """
    if not parts:
        raise ValueError("nothing to combine")
    if len(parts) == 1:
        return parts[0][1]
    total = sum(units for units, _ in parts)
    weights = [units / total for units, _ in parts]
    contrasts = [contrast for _, contrast in parts]

    def linear(name: str) -> float:
        return float(sum(w * getattr(each, name) for w, each in zip(weights, contrasts, strict=True)))

    def quadratic(name: str) -> float:
        return float(sum(w * w * getattr(each, name) for w, each in zip(weights, contrasts, strict=True)))

    squares = [(w * each.standard_error) ** 2 for w, each in zip(weights, contrasts, strict=True)]
    # As shares of the sum: squares of tiny variances would vanish.
    inverse = sum((s / sum(squares)) ** 2 / each.df for s, each in zip(squares, contrasts, strict=True))
    return LinearContrast(
        linear("treatment"),
        linear("control"),
        quadratic("v_treatment"),
        quadratic("v_control"),
        quadratic("covariance"),
        df=1 / inverse if inverse else float("inf"),
    )
