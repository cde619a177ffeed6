"""After a bandit: batches of one policy each, and what can be compared although the data chose who was drawn."""

from collections.abc import Mapping
from dataclasses import replace
from math import sqrt
from typing import Any

from litmus.decide import BUCKETS

from litmus_server.analysis.estimates import bare
from litmus_server.analysis.frame import Frame
from litmus_server.bandits.accounts import Saved, Traffic, regret_saved, traffic
from litmus_server.bandits.held_back import Brought, brought, sums_of
from litmus_server.bandits.modes import floor_prices
from litmus_server.bandits.version import needs_sheet, state_of
from litmus_server.domain import report as r
from litmus_server.domain.holdback import Baseline, mixed, parts_of, published_holdback, unmixed
from litmus_server.domain.policy import PolicyState, VariantState, Watermark
from litmus_server.domain.report import Missing
from litmus_server.domain.weights import share_to_ppm
from litmus_server.ports import Facts
from litmus_server.stats.absence import TooFew, Undefined
from litmus_server.stats.adaptive import AfterBandit, SampleMean
from litmus_server.stats.critical import AlwaysValid, Fixed
from litmus_server.stats.moments import Moments
from litmus_server.stats.sheet import EXPOSED
from litmus_server.stats.start import TooSkewed

_WHY = {TooFew: Missing.TOO_FEW_UNITS, TooSkewed: Missing.NOT_OPEN, Undefined: Missing.NO_VARIANCE}


def bandit_report(frame: Frame, facts: Facts, metric: Mapping[str, Any], after: AfterBandit) -> r.AfterBandit:
    """Every arm's mean by inverse propensities, its plain mean and its posterior beside it; and what the bandit has brought.

    Intervals of means hold at one look, that of what was saved at all of them.
    """
    entry, alpha, arms = frame.entry, frame.alpha, []
    active = [each["state"] == "active" for each in entry["variants"]]
    floor = share_to_ppm(entry["parameters"].get("floor", 0), "/parameters/floor")
    parts = parts_of(entry)
    shares = facts.propensities or mixed(entry["weights"], parts)
    split = traffic(unmixed(shares, parts), active, floor)
    known = _known(facts, metric).variants
    for k, variant in enumerate(entry["variants"]):
        found = after.mean(k)
        mean = _absent(1 - alpha) if not isinstance(found, tuple) else _normal(*found, alpha)
        plain = after.sample_mean(k)
        sample = _absent(1 - alpha)
        if isinstance(plain, SampleMean):
            error = plain.standard_error
            if isinstance(error, float):
                sample = _normal(plain.mean, error, alpha)
            else:
                missing = dict.fromkeys(("lower", "upper"), Missing.TOO_FEW_UNITS)
                sample = r.Estimate(plain.mean, None, None, 1 - alpha, missing)
        arms.append(
            r.BanditArm(
                variant["id"],
                variant["key"],
                after.pooled[k].n,
                mean,
                sample,
                _posterior(known[k]),
                isinstance(split, Traffic) and split.at_floor[k],
                known[k].arrived,
                _to_come(known[k]),
                known[k].mean_delay_hours,
                _timeless(known[k]),
            )
        )
    held = _holdback(frame, metric, after)
    absent: dict[str, Missing] = {}
    if not isinstance(split, Traffic):
        absent["exploring"] = Missing.VARIANT_INACTIVE
    if held is None:
        absent["holdback"] = Missing.NO_HOLDBACK
    return r.AfterBandit(
        metric["name"],
        len(after.batches),
        sum(arm.units for arm in arms),
        arms,
        _saved(frame, metric, after),
        held,
        1 - shares[split.leader] / BUCKETS if isinstance(split, Traffic) else None,
        _floor(after, sum(active), floor),
        absent,
    )


def _known(facts: Facts, metric: Mapping[str, Any]) -> PolicyState:
    """What a learner would know now."""
    places = range(len(facts.entry["variants"]))
    units, conversions = (
        [facts.sums.get((k, of), (0, 0))[0] for k in places] for of in (EXPOSED, metric["id"])
    )
    return state_of(
        facts.entry,
        Watermark(facts.state.seq, facts.folded_at),
        units,
        conversions,
        [0] * len(units),
        facts.sheet if needs_sheet(facts.entry) else None,
        facts.now.timestamp(),
    )


def _posterior(known: VariantState) -> r.Estimate:
    if known.expected is None:
        return bare(None, r.LEVEL, Missing.NO_VARIANCE)
    return r.Estimate(known.expected, known.lower, known.upper, r.LEVEL)


def _timeless(known: VariantState) -> dict[str, Missing]:
    told = {"arrived": known.arrived, "to_come": known.arrived, "mean_delay_hours": known.mean_delay_hours}
    return {name: Missing.NO_DELAY for name, value in told.items() if value is None}


def _to_come(known: VariantState) -> float | None:
    if known.arrived is None or known.expected is None:
        return None
    return known.expected * known.n * (1 / known.arrived - 1) if known.arrived > 0 else None


def _holdback(frame: Frame, metric: Mapping[str, Any], after: AfterBandit) -> r.HoldbackReport | None:
    held = published_holdback(frame.entry)
    if held is None:
        return None
    found = _saved(frame, metric, after, frame.control if held.to is Baseline.CONTROL else None)
    others = (1 - held.share / BUCKETS) * after.everybody.n
    return _against(held.share, held.to, found, others)


def _against(share: int, to: Baseline, found: r.Estimate, others: float) -> r.HoldbackReport:
    one = [None if each is None else each / others for each in (found.estimate, found.lower, found.upper)]
    per_unit = replace(found, estimate=one[0], lower=one[1], upper=one[2])
    return r.HoldbackReport(share / BUCKETS, str(to), found, per_unit)


def contextual_report(frame: Frame, facts: Facts, metric: Mapping[str, Any]) -> r.ContextualReport | None:
    """What a policy that decides by features has brought; None where no unit was ever held back.

    Of a holdback that is over the newest figures stay.
    """
    held = published_holdback(frame.entry)
    most = max(facts.held, key=lambda each: each.units, default=None)
    if most is None:
        return None
    to = most.baseline if held is None else held.to
    groups = [each for each in facts.held if each.baseline is to]
    if not groups:
        return None
    sides = [sums_of(groups, held=side) for side in (False, True)]
    units = sum(side.n for side in sides)
    found = brought(
        groups,
        AlwaysValid.of_units(units, frame.planned_units, frame.alpha),
        alpha=frame.alpha,
        binary=metric["kind"] == "conversion",
        higher_is_better=metric["direction"] == "increase",
    )
    if isinstance(found, Brought):
        told, others = r.Estimate(found.estimate, found.lower, found.upper, 1 - frame.alpha), found.others
    else:
        told, others = bare(None, 1 - frame.alpha, _WHY[type(found)]), 1.0
    learned, apart = (_plain_mean(side, frame.alpha) for side in sides)
    report = _against(0 if held is None else held.share, to, told, others)
    return r.ContextualReport(metric["name"], sides[0].n, sides[1].n, learned, apart, report)


def _plain_mean(sums: Moments, alpha: float) -> r.Estimate:
    mean, variance = sums.mean, sums.variance
    if isinstance(mean, float) and isinstance(variance, float):
        return _normal(mean, sqrt(variance / sums.n), alpha)
    return _absent(1 - alpha)


def _saved(
    frame: Frame, metric: Mapping[str, Any], after: AfterBandit, against: int | None = None
) -> r.Estimate:
    found = regret_saved(
        after,
        alpha=frame.alpha,
        critical=AlwaysValid.of_units(after.everybody.n, frame.planned_units, frame.alpha),
        higher_is_better=metric["direction"] == "increase",
        against=against,
    )
    if isinstance(found, Saved):
        return r.Estimate(found.estimate, found.lower, found.upper, 1 - frame.alpha)
    few = isinstance(found, TooFew)
    return bare(None, 1 - frame.alpha, Missing.TOO_FEW_UNITS if few else Missing.NO_VARIANCE)


def _floor(after: AfterBandit, arms: int, floor: int) -> r.FloorReport:
    variance, share = after.everybody.variance, floor / BUCKETS
    width = None
    if isinstance(variance, float) and variance > 0 and arms > 1:
        (price,) = floor_prices(variance, after.everybody.n, arms, (floor,))
        width = price.half_width if isinstance(price.half_width, float) else None
    missing = {"half_width": Missing.NO_VARIANCE if floor else Missing.NO_FLOOR} if width is None else {}
    return r.FloorReport(share, share * max(arms - 1, 0), width, missing)


def _normal(mean: float, error: float, alpha: float) -> r.Estimate:
    q = Fixed().value(alpha)
    return r.Estimate(mean, mean - q * error, mean + q * error, 1 - alpha)


def _absent(level: float) -> r.Estimate:
    names = ("estimate", "lower", "upper")
    return r.Estimate(None, None, None, level, dict.fromkeys(names, Missing.TOO_FEW_UNITS))
