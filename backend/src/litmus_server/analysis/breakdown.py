"""One metric by the values of one dimension: the report's own effects on parts of its units, and what differs between them.

A slice is a frame of its own: everything that makes an effect is used on it as it is on the whole. It must not know who asks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import chdtrc

from litmus_server.analysis.answers import Answer, Direct
from litmus_server.analysis.effects import measured
from litmus_server.analysis.estimates import estimate_of, linear
from litmus_server.analysis.families import together
from litmus_server.analysis.frame import Frame
from litmus_server.analysis.health import RATIO_ALPHA
from litmus_server.analysis.telling import Found
from litmus_server.domain import breakdown as b
from litmus_server.domain.plan import Correction, Method
from litmus_server.domain.report import Missing
from litmus_server.ports import Sliced, SliceValue
from litmus_server.stats.contrast import LinearContrast, Scale
from litmus_server.stats.sample_ratio import SampleRatio, guilty_slices, sample_ratio
from litmus_server.stats.sheet import Sheet


@dataclass(frozen=True, slots=True)
class _Part:
    """A slice: its frame, what was found of each treatment, and how many of all units it has."""

    value: SliceValue
    frame: Frame
    found: Sequence[Found]
    units: int


def broken_down(sliced: Sliced, dimension: str) -> b.Breakdown:
    """The answer that follows from the sums, and from nothing else."""
    [metric] = sliced.entry["metrics"]
    whole = _frame(sliced, sliced.whole, 1.0)
    units = _units(whole)
    parts = [
        _part(sliced, each.sheet, each.value, units) for each in sliced.slices if _exposed(sliced, each.sheet)
    ]
    method = whole.plan.correction if whole.plan.correction is not Correction.NONE else Correction.HOLM
    after = iter(together([each for part in parts for each in part.found], method, whole.alpha))
    told = [[next(after) for _ in part.found] for part in parts]
    return b.Breakdown(
        experiment_id=sliced.entry["id"],
        experiment_key=sliced.entry["key"],
        dimension=dimension,
        metric=metric["name"],
        computed_at=sliced.now,
        seq=sliced.seq,
        correction=str(method),
        slices=[_slice(part, found, units) for part, found in zip(parts, told, strict=True)],
        heterogeneity=[_heterogeneity(whole, parts, place) for place in range(len(whole.treatments))],
        overall=[_overall(whole, parts, place) for place in range(len(whole.treatments))],
        guilty=_guilty(dimension, parts),
    )


def _frame(sliced: Sliced, sheet: Sheet, part: float) -> Frame:
    """Looks were planned for all units: what is said of some of them holds at any look, unless there is only one.

    Intervals are narrowest where this part of the planned units is there; how large it is says nothing of outcomes.
    """
    entry = sliced.entry
    asked = Frame(entry, sheet, sliced.shares, (), (), sliced.now)
    method = Method.FIXED if asked.method is Method.FIXED else Method.ALWAYS_VALID
    planned = entry.get("planned_units")
    shares = dict(sliced.shares)
    if not asked.adaptive:
        for epoch in sheet.epochs():
            shares.setdefault(epoch, entry["weights"])
    entry = {
        **entry,
        "analysis": {**(entry.get("analysis") or {}), "method": str(method)},
        "planned_units": None if planned is None else max(2, round(planned * part)),
    }
    return Frame(entry, sheet, shares, (), (), sliced.now)


def _part(sliced: Sliced, sheet: Sheet, value: SliceValue, units: int) -> _Part:
    of_slice = _exposed(sliced, sheet)
    frame = _frame(sliced, sheet, of_slice / units)
    # What is believed of a slice depends on all others; beliefs of the whole are in the report.
    [declared] = sliced.entry["metrics"]
    metric = {**declared, "role": "secondary"}
    return _Part(value, frame, [measured(frame, metric, k) for k in frame.treatments], of_slice)


def _exposed(sliced: Sliced, sheet: Sheet) -> int:
    return sum(sheet.exposed(k) for k in range(len(sliced.entry["variants"])))


def _units(frame: Frame) -> int:
    return max(1, sum(frame.sheet.exposed(k) for k in range(len(frame.entry["variants"]))))


def _slice(part: _Part, found: Sequence[Found], units: int) -> b.Slice:
    ratio = sample_ratio(part.frame.drawn(), RATIO_ALPHA)
    return b.Slice(
        kind=_kind(part.value),
        value=part.value.value,
        exposed_units=part.units,
        share=part.units / units,
        variants=[
            b.SliceVariant(each["id"], each["key"], part.frame.sheet.exposed(k))
            for k, each in enumerate(part.frame.entry["variants"])
        ],
        sample_ratio=b.SliceRatio(ratio.mismatch, ratio.p, ratio.largest_deviation)
        if isinstance(ratio, SampleRatio)
        else b.SliceRatio(None, None, None),
        effects=[each.effect for each in found],
    )


def _kind(value: SliceValue) -> b.SliceKind:
    if value.value is not None:
        return b.SliceKind.VALUE
    return b.SliceKind.OTHER if value.other else b.SliceKind.UNKNOWN


def contrast_of(answer: Answer | None) -> LinearContrast | None:
    """What was compared, where its standard error can be trusted: the start rule is open, and both arms vary."""
    return linear(answer.contrast) if isinstance(answer, Direct) else None


def _heterogeneity(whole: Frame, parts: Sequence[_Part], place: int) -> b.Heterogeneity:
    key = whole.entry["variants"][whole.treatments[place]]["key"]
    contrasts = [contrast_of(part.found[place].answer) for part in parts]
    usable = [each for each in contrasts if each is not None]
    left_out = len(contrasts) - len(usable)
    if len(usable) < 2:
        names = ("statistic", "df", "p_value", "i_squared")
        missing = dict.fromkeys(names, Missing.TOO_FEW_UNITS)
        return b.Heterogeneity(key, None, None, None, None, len(usable), left_out, missing)
    statistic, df = cochran(usable)
    spread = max(0.0, 1 - df / statistic) if statistic > 0 else 0.0
    return b.Heterogeneity(key, statistic, df, float(chdtrc(df, statistic)), spread, len(usable), left_out)


def cochran(contrasts: Sequence[LinearContrast]) -> tuple[float, int]:
    """Q = Σ (Δ − Δ̄)² ÷ V of the differences, Δ̄ weighed by 1 ÷ V, and its degrees of freedom.

    Cochran, Biometrics 10 (1954) 101-129.
    """
    differences = np.array([each.treatment - each.control for each in contrasts])
    weights = np.array([1 / each.standard_error**2 for each in contrasts])
    middle = float(weights @ differences / weights.sum())
    return float(weights @ (differences - middle) ** 2), len(contrasts) - 1


def post_stratified(parts: Sequence[tuple[int, LinearContrast]]) -> LinearContrast:
    """Slices' contrasts as one, each counting by its part w of all units.

    τ = Σ wΔ with V = Σ w²V + Σ w(Δ − τ)² ÷ N, the latter because the parts are themselves a sample (Miratrix, Sekhon & Yu, JRSS B 75
    (2013) 369-396); likewise of both means and their covariance, which the lift needs.
    """
    n = np.array([units for units, _ in parts], dtype=np.float64)
    w = n / n.sum()
    t, c = (np.array([getattr(each, name) for _, each in parts]) for name in ("treatment", "control"))
    within = [
        float(w**2 @ np.array([getattr(each, name) for _, each in parts]))
        for name in ("v_treatment", "v_control", "covariance")
    ]
    mean_t, mean_c = float(w @ t), float(w @ c)
    between = [
        float(w @ product) / float(n.sum())
        for product in ((t - mean_t) ** 2, (c - mean_c) ** 2, (t - mean_t) * (c - mean_c))
    ]
    v_t, v_c, covariance = (a + x for a, x in zip(within, between, strict=True))
    squares = np.array(
        [(share * each.standard_error) ** 2 for share, (_, each) in zip(w, parts, strict=True)]
    )
    inverse = float(((squares / squares.sum()) ** 2 / np.array([each.df for _, each in parts])).sum())
    return LinearContrast(mean_t, mean_c, v_t, v_c, covariance, df=1 / inverse if inverse else float("inf"))


def _overall(whole: Frame, parts: Sequence[_Part], place: int) -> b.Overall:
    [declared] = whole.entry["metrics"]
    metric = {**declared, "role": "secondary"}
    treatment = whole.treatments[place]
    found = measured(whole, metric, treatment)
    key = whole.entry["variants"][treatment]["key"]
    contrasts = [contrast_of(part.found[place].answer) for part in parts]
    usable = [(part.found[place].effect, each) for part, each in zip(parts, contrasts, strict=True) if each]
    why = None
    if whole.adaptive or declared["kind"] in {"quantile", "ratio"}:
        why = Missing.NOT_SUPPORTED
    elif not isinstance(found.answer, Direct) or not usable or len(usable) < len(contrasts):
        why = Missing.TOO_FEW_UNITS
    if why is not None:
        return b.Overall(
            key, found.effect, None, None, None, dict.fromkeys(("difference", "lift", "p_value"), why)
        )
    assert isinstance(found.answer, Direct)
    answer = Direct(
        post_stratified([(each.units + each.control_units, c) for each, c in usable]), found.answer.critical
    )
    difference = answer.at(whole.alpha, Scale.DIFFERENCE)
    lift = estimate_of(answer.at(whole.alpha, Scale.LIFT))
    return b.Overall(key, found.effect, estimate_of(difference), lift, difference.p_value)


def _guilty(dimension: str, parts: Sequence[_Part]) -> list[b.Guilty]:
    named = {str(place): part for place, part in enumerate(parts)}
    slices: Mapping[str, Any] = {name: part.frame.drawn() for name, part in named.items()}
    return [
        b.Guilty(
            _kind(named[each.slice].value),
            named[each.slice].value.value,
            each.units,
            each.share_of_units,
            each.largest_deviation,
            each.p,
            each.p_of_the_rest,
        )
        for each in guilty_slices({dimension: slices}, RATIO_ALPHA)
    ]
