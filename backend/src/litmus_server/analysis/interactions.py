"""Does the effect of one experiment depend on the variant of another one that has the same units?

Units in both make cells, one for each pair of variants. What is said of one other experiment counts all others of the same answer.
It must not know who asks, nor where the sums are kept.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from litmus_server.analysis.estimates import estimate_of
from litmus_server.analysis.frame import Frame
from litmus_server.analysis.health import RATIO_ALPHA
from litmus_server.domain import interactions as i
from litmus_server.domain.interactions import InteractionFinding as Finding
from litmus_server.domain.interactions import InteractionRefusal as Refusal
from litmus_server.domain.plan import Correction, Method
from litmus_server.domain.report import Estimate, Missing
from litmus_server.domain.weights import to_fraction
from litmus_server.ports import CrossedSums, CrossedUnits, CrossedWith
from litmus_server.stats.absence import TooFew, Undefined
from litmus_server.stats.critical import UNPLANNED_UNITS, AlwaysValid, Fixed
from litmus_server.stats.estimators import mean_of
from litmus_server.stats.inference import compare
from litmus_server.stats.interaction import (
    Crossed,
    Interaction,
    crossed,
    merged,
    not_open,
    skew_of_contrast,
    skewness_of,
)
from litmus_server.stats.moments import JointMoments
from litmus_server.stats.multinomial import Epoch
from litmus_server.stats.multiplicity import Adjusted, adjust, adjust_evidence
from litmus_server.stats.multiplicity import Method as Adjusting
from litmus_server.stats.sample_ratio import SMALLEST_DEVIATION, FixedTest, SampleRatio, sample_ratio
from litmus_server.stats.sheet import Sheet
from litmus_server.stats.start import MOST_SKEW, TooSkewed

_ORDER = (Finding.DEPENDS, Finding.UNEQUAL_SPLIT, Finding.NOT_SHOWN, Finding.REFUSED)
_UNASKED = frozenset(
    {
        Refusal.OTHER_UNIT_TYPE,
        Refusal.NEVER_TOGETHER,
        Refusal.SAME_LAYER,
        Refusal.NOTHING_EXPOSED,
        Refusal.DRAWN_ANEW,
        Refusal.LEARNED_WEIGHTS,
        Refusal.NO_UNITS_IN_BOTH,
        Refusal.NOT_SUPPORTED,
    }
)
"""Refusals that no unit more could change: such a question was not asked, and does not count in the family."""
_SENTENCES = {
    Refusal.OTHER_UNIT_TYPE: "The two have units of different types.",
    Refusal.NEVER_TOGETHER: "At no time did both run.",
    Refusal.SAME_LAYER: "A layer keeps their units apart: no unit is in both.",
    Refusal.NOTHING_EXPOSED: "One of them is a flag, and flags log no exposure.",
    Refusal.DRAWN_ANEW: "Units of one of them are drawn anew after a while, so a unit there is no unit here.",
    Refusal.LEARNED_WEIGHTS: "One of them learns its weights: how units are split follows the outcome, and their means cannot be compared as "
    "they are.",
    Refusal.NO_UNITS_IN_BOTH: "No unit was exposed to both.",
    Refusal.NO_SUMS: "The metric is being folded anew, or its cap is not known yet.",
    Refusal.NOT_SUPPORTED: "Interactions are told of conversions, means and ratios.",
}
_REASONS = {"the ratio": Refusal.NO_BASELINE, "a standard error": Refusal.NO_VARIANCE}


@dataclass(frozen=True, slots=True)
class _Table:
    """Who takes part, control first; and the cells by [variant][other variant]: of all stretches together, and each by itself."""

    variants: Sequence[int]
    others: Sequence[int]
    grid: Sequence[Sequence[JointMoments]]
    seen: Sequence[Sequence[int]]
    strata: Sequence[Sequence[Sequence[JointMoments]]]
    shares: tuple[Sequence[float], Sequence[float]]
    """Of the first stretch."""
    units: int


@dataclass(frozen=True, slots=True)
class _Pair:
    """What is known of one other experiment, before any correction."""

    told: CrossedWith
    units: int
    split: SampleRatio | None = None
    table: _Table | None = None
    cells: Crossed | None = None
    interaction: Interaction | None = None
    refused: Refusal | None = None
    sentence: str = ""

    @property
    def asked(self) -> bool:
        return self.refused not in _UNASKED


def interactions_of(found: CrossedUnits) -> i.Interactions:
    """The answer that follows from the sums, and from nothing else."""
    frame = Frame(found.entry, Sheet(), found.shares, (), (), found.now)
    method = Method.FIXED if frame.method is Method.FIXED else Method.ALWAYS_VALID
    correction = frame.plan.correction if frame.plan.correction is not Correction.NONE else Correction.HOLM
    pairs = [_pair(found, frame, each) for each in found.others]
    asked = [each for each in pairs if each.asked]
    family = _family(asked, method, correction, frame.alpha)
    splits = _splits(pairs)
    told = []
    for pair, split in zip(pairs, splits, strict=True):
        place = next((k for k, each in enumerate(asked) if each is pair), None)
        told.append(_other(found, frame, pair, split, method, family, place))
    return i.Interactions(
        experiment_id=found.entry["id"],
        experiment_key=found.entry["key"],
        metric=found.entry["metrics"][0]["name"],
        computed_at=found.now,
        method=str(method),
        alpha=frame.alpha,
        correction=str(correction),
        exposed_units=found.exposed,
        not_looked_at=found.not_looked_at,
        others=sorted(told, key=lambda each: (_ORDER.index(each.finding), -each.units)),
    )


# ── one pair ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _pair(found: CrossedUnits, frame: Frame, other: CrossedWith) -> _Pair:
    [metric] = found.entry["metrics"]
    units = sum(each.sums.n for each in other.sums)
    pair = _Pair(other, units)
    why = other.refused
    if why is None:
        if not units:
            why = Refusal.NO_UNITS_IN_BOTH
        elif frame.adaptive or i.learned(other.entry):
            why = Refusal.LEARNED_WEIGHTS
        else:
            pair = replace(pair, split=_ratio(_epochs(found, other), RATIO_ALPHA))
            if metric["kind"] == "quantile":
                why = Refusal.NOT_SUPPORTED
            elif not found.ready:
                why = Refusal.NO_SUMS
    if why is not None:
        return replace(pair, refused=why, sentence=_SENTENCES[why])
    table = _table(found, other)
    if table is None:
        reason = "Of one of them control, or all but control, is not drawn any more."
        return replace(pair, refused=Refusal.TOO_FEW_UNITS, sentence=reason)
    pair = replace(pair, table=table)
    closed = not_open(table.grid, table.seen, binary=metric["kind"] == "conversion")
    if closed is not None:
        why = Refusal.TOO_SKEWED if isinstance(closed, TooSkewed) else Refusal.TOO_FEW_UNITS
        return replace(pair, refused=why, sentence=_sentence(closed.reason))
    cells = crossed(table.strata, table.shares, frame.planned_units or UNPLANNED_UNITS, frame.alpha)
    if not isinstance(cells, Crossed):
        why = Refusal.TOO_FEW_UNITS if isinstance(cells, TooFew) else _REASONS[cells.what]
        return replace(pair, refused=why, sentence=_sentence(cells.reason))
    return replace(pair, cells=cells, interaction=cells.interaction())


def _sentence(reason: str) -> str:
    return f"{reason[0].upper()}{reason[1:]}."


def _drawn(entry: Mapping[str, Any]) -> list[int]:
    """The variants that are drawn, control first; none without control."""
    control = next(k for k, each in enumerate(entry["variants"]) if each["is_control"])
    drawn = [k for k, weight in enumerate(entry["weights"]) if weight]
    return [control, *(k for k in drawn if k != control)] if control in drawn else []


def _odds(
    shares: Mapping[int, Sequence[int]], epoch: int, variants: Sequence[int]
) -> tuple[float, ...] | None:
    """How these variants were drawn, as parts of 1; None where one of them was not."""
    of_epoch = shares.get(epoch)
    if of_epoch is None or not all(of_epoch[k] for k in variants):
        return None
    total = sum(of_epoch[k] for k in variants)
    return tuple(round(of_epoch[k] / total, 6) for k in variants)


def _table(found: CrossedUnits, other: CrossedWith) -> _Table | None:
    """Stretches are the pairs of epochs in which both were drawn by the same odds."""
    variants, others = _drawn(found.entry), _drawn(other.entry)
    if min(len(variants), len(others)) < 2:
        return None
    width = other.sums[0].sums.width
    products = {1: (1, 1, 1), 2: (2, 3, 4)}[width]
    strata: dict[Any, dict[tuple[int, int], list[CrossedSums]]] = defaultdict(lambda: defaultdict(list))
    first: dict[Any, tuple[int, int]] = {}
    for each in other.sums:
        odds = _odds(found.shares, each.epoch, variants), _odds(other.shares, each.other_epoch, others)
        if None in odds or each.variant not in variants or each.other_variant not in others:
            continue
        strata[odds][each.variant, each.other_variant].append(each)
        first[odds] = min(first.get(odds, (each.epoch, each.other_epoch)), (each.epoch, each.other_epoch))
    empty = JointMoments(0, *((0,) * count for count in products))

    def cell(sums: Sequence[CrossedSums]) -> JointMoments:
        return merged([[empty, *(each.sums for each in sums)]])

    def grid(of: Mapping[tuple[int, int], Sequence[CrossedSums]]) -> list[list[JointMoments]]:
        return [[cell(of.get((a, b), ())) for b in others] for a in variants]

    together: dict[tuple[int, int], list[CrossedSums]] = defaultdict(list)
    for of in strata.values():
        for key, sums in of.items():
            together[key] += sums
    even = tuple((1 / len(each),) * len(each) for each in (variants, others))
    return _Table(
        variants,
        others,
        grid(together),
        [[sum(each.seen for each in together.get((a, b), ())) for b in others] for a in variants],
        [grid(of) for of in strata.values()],
        min(first, key=first.__getitem__) if first else (even[0], even[1]),
        sum(each.sums.n for sums in together.values() for each in sums),
    )


def _epochs(found: CrossedUnits, other: CrossedWith, side: int | None = None) -> list[Epoch]:
    """Units in both by the pairs of variants, with the products of both shares; or of one side (0: this, 1: the other) alone."""
    counts: dict[tuple[int, int], np.ndarray[Any, Any]] = {}
    shape = len(found.entry["variants"]), len(other.entry["variants"])
    for each in other.sums:
        at = each.epoch, each.other_epoch
        if at[0] in found.shares and at[1] in other.shares:
            counts.setdefault(at, np.zeros(shape, dtype=np.int64))[each.variant, each.other_variant] += (
                each.sums.n
            )
    told = []
    for (mine, theirs), n in sorted(counts.items()):
        a = np.array([to_fraction(each) for each in found.shares[mine]])
        b = np.array([to_fraction(each) for each in other.shares[theirs]])
        seen, shares = n.ravel(), np.outer(a, b).ravel()
        if side is not None:
            seen, shares = n.sum(axis=1 - side), (a, b)[side]
        told.append(Epoch(tuple(map(int, seen)), tuple(map(float, shares))))
    return told


def _ratio(epochs: Sequence[Epoch], alpha: float) -> SampleRatio | None:
    found = sample_ratio(epochs, alpha)
    return found if isinstance(found, SampleRatio) else None


# ── all of them together ─────────────────────────────────────────────────────────────────────────────────────────────


def _family(asked: Sequence[_Pair], method: Method, correction: Correction, alpha: float) -> Adjusted:
    """One question for each other experiment; those that have no answer yet count all the same. e-BH where evidence may be watched."""
    if correction is Correction.BENJAMINI_HOCHBERG and method is Method.ALWAYS_VALID:
        evidence = [0.0 if each.interaction is None else each.interaction.log_evidence for each in asked]
        return adjust_evidence(evidence, alpha)
    return adjust([_p(each.interaction, method) for each in asked], Adjusting(correction), alpha)


def _p(interaction: Interaction | None, method: Method) -> float:
    if interaction is None:
        return 1.0
    return interaction.p_once if method is Method.FIXED else interaction.p_always


def _splits(pairs: Sequence[_Pair]) -> list[float | None]:
    """The p-values of the joint splits, adjusted by Holm over all of them."""
    known = [each.split.p for each in pairs if each.split is not None]
    after = iter(adjust(known, Adjusting.HOLM, RATIO_ALPHA).p)
    return [None if each.split is None else next(after) for each in pairs]


# ── what is said ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _other(
    found: CrossedUnits,
    frame: Frame,
    pair: _Pair,
    split_p: float | None,
    method: Method,
    family: Adjusted,
    place: int | None,
) -> i.OtherExperiment:
    told = pair.told
    split = None if split_p is None else _split(found, pair, split_p)
    keys = [each["key"] for each in found.entry["variants"]]
    other_keys = [each["key"] for each in told.entry["variants"]]
    test = None
    differences: list[i.EffectDifference] = []
    within: list[i.EffectWithin] = []
    averaged: list[i.AveragedEffect] = []
    finding, sentence, left_out = Finding.REFUSED, pair.sentence, 0
    if pair.table is not None:
        left_out = pair.units - (pair.table.units if pair.cells is None else pair.cells.units)
    if (
        pair.interaction is not None
        and pair.cells is not None
        and pair.table is not None
        and place is not None
    ):
        test = _test(pair.interaction, method, family, place)
        differences = _differences(pair, method, family.interval_alpha, keys, other_keys)
        within, averaged = _effects(frame, pair, method, keys, other_keys)
        finding = Finding.DEPENDS if test.significant else Finding.NOT_SHOWN
        sentence = _finding(found, told, test, differences)
    if split is not None and split.mismatch:
        finding, sentence = Finding.UNEQUAL_SPLIT, _split_sentence(told.entry["name"], split)
    return i.OtherExperiment(
        experiment_id=told.entry["id"],
        experiment_key=told.entry["key"],
        name=told.entry["name"],
        status=told.entry["status"],
        units=pair.units,
        share=pair.units / found.exposed if found.exposed else 0.0,
        left_out=left_out,
        finding=finding,
        refused=pair.refused,
        sentence=sentence,
        split=split,
        cells=_cells(pair, keys, other_keys),
        test=test,
        differences=differences,
        within=within,
        averaged=averaged,
    )


def _split(found: CrossedUnits, pair: _Pair, p: float) -> i.JointSplit:
    ratio = pair.split
    assert ratio is not None
    stray = any(each.stray for each in ratio.variants)
    mismatch = stray or (p <= RATIO_ALPHA and ratio.largest_deviation >= SMALLEST_DEVIATION)
    cause = None
    if mismatch:
        cause = i.SplitCause.DRAWN_TOGETHER
        sides = (i.SplitCause.THIS_REACHES_OTHER, i.SplitCause.OTHER_REACHES_THIS)
        margins = [_ratio(_epochs(found, pair.told, side), RATIO_ALPHA) for side in (0, 1)]
        wrong = [(each.p, side) for each, side in zip(margins, sides, strict=True) if each and each.mismatch]
        if wrong:
            cause = min(wrong)[1]
    fixed = ratio.fixed if isinstance(ratio.fixed, FixedTest) else None
    return i.JointSplit(
        mismatch,
        cause,
        p,
        ratio.largest_deviation,
        None if fixed is None else fixed.statistic,
        None if fixed is None else fixed.degrees,
        None if fixed is None else fixed.p,
    )


def _split_sentence(name: str, split: i.JointSplit) -> str:
    return {
        i.SplitCause.THIS_REACHES_OTHER: f"How many units reach {name} depends on the variant of this experiment, so units in both are not alike, "
        "and nothing else here can be trusted.",
        i.SplitCause.OTHER_REACHES_THIS: f"How many units reach this experiment depends on the variant of {name}, so units in both are not alike, "
        "and nothing else here can be trusted.",
        i.SplitCause.DRAWN_TOGETHER: f"The draws of this experiment and of {name} are not independent: a fault of bucketing. Nothing else here can "
        "be trusted.",
        None: "",
    }[split.cause]


def _test(interaction: Interaction, method: Method, family: Adjusted, place: int) -> i.InteractionTest:
    return i.InteractionTest(
        statistic=interaction.statistic,
        df=interaction.differences.size,
        method=str(method),
        p_value=_p(interaction, method),
        fixed_p_value=interaction.p_once,
        adjusted_p_value=family.p[place],
        family=len(family.p),
        significant=family.rejected[place],
    )


def _differences(
    pair: _Pair, method: Method, alpha: float, keys: Sequence[str], other_keys: Sequence[str]
) -> list[i.EffectDifference]:
    assert pair.interaction is not None
    assert pair.table is not None
    found = pair.interaction
    reach = found.reach_once(alpha) if method is Method.FIXED else found.reach_always(alpha)
    names = [(keys[a], other_keys[b]) for a in pair.table.variants[1:] for b in pair.table.others[1:]]
    return [
        i.EffectDifference(*name, Estimate(middle, middle - far, middle + far, 1 - alpha))
        for name, middle, far in zip(names, found.differences.tolist(), reach.tolist(), strict=True)
    ]


def _effects(
    frame: Frame, pair: _Pair, method: Method, keys: Sequence[str], other_keys: Sequence[str]
) -> tuple[list[i.EffectWithin], list[i.AveragedEffect]]:
    """Effects of each variant where the other has one of its own, and over all of these by the weights in force."""
    table, cells = pair.table, pair.cells
    assert table is not None
    assert cells is not None
    skewness = skewness_of(merged(table.grid))
    units = np.array([[cell.n for cell in row] for row in table.grid], dtype=np.float64)

    def effect(variant: int, weights: Sequence[float]) -> Estimate:
        contrast, ratio = cells.effect(variant, weights)
        critical = Fixed() if method is Method.FIXED else AlwaysValid(ratio)
        coefficients = np.zeros_like(units)
        coefficients[variant], coefficients[0] = weights, [-w for w in weights]
        skewed = skew_of_contrast(skewness, coefficients, units) > MOST_SKEW
        only = Missing.NOT_OPEN if skewed else None
        return estimate_of(compare(contrast, critical, frame.alpha), only=only)

    count = len(table.others)
    in_force = [pair.told.entry["weights"][b] for b in table.others]
    within, averaged = [], []
    for place, a in enumerate(table.variants[1:], 1):
        for column, b in enumerate(table.others):
            alone = [float(k == column) for k in range(count)]
            within.append(i.EffectWithin(keys[a], other_keys[b], effect(place, alone)))
        averaged.append(i.AveragedEffect(keys[a], effect(place, [w / sum(in_force) for w in in_force])))
    return within, averaged


def _cells(pair: _Pair, keys: Sequence[str], other_keys: Sequence[str]) -> list[i.PairCell]:
    """Of all units in both that were drawn by known weights, whatever takes part in the test."""
    if pair.table is None:
        return []
    told = []
    for a, row in zip(pair.table.variants, pair.table.grid, strict=True):
        for b, cell in zip(pair.table.others, row, strict=True):
            mean = mean_of(cell, "a pair of variants")
            value = None if isinstance(mean, TooFew | Undefined) else mean[0]
            told.append(i.PairCell(keys[a], other_keys[b], cell.n, value))
    return told


def _finding(
    found: CrossedUnits, told: CrossedWith, test: i.InteractionTest, differences: Sequence[i.EffectDifference]
) -> str:
    name, metric = told.entry["name"], found.entry["metrics"][0]["name"]
    if not test.significant:
        return (
            f"The effect on {metric} does not differ between the variants of {name} by more than chance explains; the intervals say how large "
            "a difference may have been missed."
        )
    clear = [each for each in differences if not _holds_zero(each.difference)]
    if not clear:
        return (
            f"The effect on {metric} depends on the variant of {name}; which pair it is cannot be told yet."
        )
    most = max(clear, key=lambda each: abs(each.difference.estimate or 0.0))
    size = most.difference.estimate or 0.0
    more = "more" if size > 0 else "less"
    return (
        f"The effect on {metric} depends on the variant of {name}: {most.variant_key} adds {abs(size):.4g} {more} where {name} has "
        f"{most.other_variant_key} than where it has control."
    )


def _holds_zero(estimate: Estimate) -> bool:
    return estimate.lower is None or estimate.upper is None or estimate.lower <= 0 <= estimate.upper
