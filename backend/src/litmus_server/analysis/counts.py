"""What was counted, and what is believed of each variant by itself: the part of a report that compares nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

from litmus_server.domain import report as r
from litmus_server.domain.report import Missing
from litmus_server.domain.weights import to_fraction
from litmus_server.ports import Facts
from litmus_server.stats.absence import TooFew
from litmus_server.stats.beta import credible_intervals
from litmus_server.stats.moments import MICRO
from litmus_server.stats.pbest import Best, pbest_beta, pbest_normal
from litmus_server.stats.quantiles import Quantile, Sketch, quantile
from litmus_server.stats.sheet import Sheet

_MOST_UNDECLARED = 50
_HINT = (
    "These names are counted as events only. Declare a metric of that name and what the log holds of it is folded again: "
    "then it has units, a rate and an interval."
)


@dataclass(frozen=True, slots=True)
class Contender:
    """One variant in the contest for the best on the primary metric. None: it takes no part, or has no posterior of a rate."""

    posterior: Mapping[str, Any] | None
    win_probability: float | None
    expected_loss: float | None


def contest(facts: Facts, primary: Mapping[str, Any] | None) -> list[Contender]:
    """Of all variants by ordinal: Beta posteriors of rates; of means the normal distribution of each arm's mean."""
    entry = facts.entry
    places = range(len(entry["variants"]))
    if primary is None or primary["kind"] not in {"conversion", "mean"}:
        return [Contender(None, None, None)] * len(places)
    active = [k for k in places if entry["variants"][k]["state"] == "active"]
    higher = primary["direction"] == "increase"
    if primary["kind"] == "mean":
        return _contest_of_means(facts.sheet, primary, active, len(places), higher_is_better=higher)
    alpha, beta = prior_of(entry)
    counts = [(facts.sums.get((k, primary["id"]), (0, 0))[0], _exposed(facts, k)) for k in places]
    posteriors = [(alpha + c, beta + n - c) for c, n in counts]
    best = (
        pbest_beta(*zip(*(posteriors[k] for k in active), strict=True), higher_is_better=higher)
        if active
        else None
    )
    found = _standing(best, active, len(places))
    return [
        Contender({"rate_interval": interval, "alpha": a, "beta": b, "expected_rate": a / (a + b)}, *found[k])
        for k, ((a, b), interval) in enumerate(zip(posteriors, intervals(posteriors), strict=True))
    ]


def _contest_of_means(
    sheet: Sheet, metric: Mapping[str, Any], active: Sequence[int], arms: int, *, higher_is_better: bool
) -> list[Contender]:
    means, errors = [], []
    for k in active:
        outcome = sheet.arm(metric["id"], k).outcome
        mean = None if outcome is None else outcome.marginal(0).mean
        variance = None if outcome is None else outcome.marginal(0).variance
        if outcome is None or not isinstance(mean, float) or not isinstance(variance, float) or not variance:
            return [Contender(None, None, None)] * arms
        means.append(mean)
        errors.append(sqrt(variance / outcome.n))
    best = pbest_normal(means, errors, higher_is_better=higher_is_better) if active else None
    return [Contender(None, *each) for each in _standing(best, active, arms)]


def _standing(best: Best | None, active: Sequence[int], arms: int) -> list[tuple[float | None, float | None]]:
    """(probability of being the best, expected loss) by ordinal."""
    found: list[tuple[float | None, float | None]] = [(None, None)] * arms
    if best is not None:
        for k, probability, loss in zip(active, best.probability, best.expected_loss, strict=True):
            found[k] = (probability, loss)
    return found


def choices(
    facts: Facts, contenders: Sequence[Contender], control: int, mean: float | None
) -> list[r.Choice]:
    """What choosing each variant is expected to cost; `mean` is control's, by which losses become fractions."""
    told = []
    for k, (variant, contender) in enumerate(zip(facts.entry["variants"], contenders, strict=True)):
        loss, missing = contender.expected_loss, {}
        lift = None if loss is None or not mean else loss / abs(mean)
        if loss is None:
            why = Missing.VARIANT_INACTIVE if variant["state"] != "active" else Missing.TOO_FEW_UNITS
            missing = dict.fromkeys(("expected_loss", "expected_loss_lift"), why)
        elif lift is None:
            missing = {"expected_loss_lift": Missing.NO_BASELINE}
        told.append(r.Choice(variant["id"], variant["key"], k == control, loss, lift, missing))
    return told


def variants_of(
    facts: Facts, primary: Mapping[str, Any] | None, contenders: Sequence[Contender]
) -> list[r.VariantReport]:
    """Each variant on the primary metric."""
    entry = facts.entry
    events = {(total.variant, total.metric): total.events for total in facts.totals}
    exposed = [_exposed(facts, k) for k in range(len(entry["variants"]))]
    everybody = sum(exposed)
    shares = facts.propensities or entry["weights"]
    floor = entry["parameters"].get("floor")
    found = []
    for k, variant in enumerate(entry["variants"]):
        missing: dict[str, Missing] = {}
        if not everybody:
            missing["share"] = Missing.NO_EXPOSURES
        if floor is None:
            missing["floor"] = Missing.FIXED_WEIGHTS
        measured = _measured(facts, k, primary, exposed[k], events, missing)
        believed = _believed(contenders[k], variant, primary, missing)
        found.append(
            r.VariantReport(
                variant_id=variant["id"],
                variant_key=variant["key"],
                variant_name=variant["name"],
                is_control=variant["is_control"],
                state=variant["state"],
                exposures=events.get((k, 0), 0),
                exposed_units=exposed[k],
                share=exposed[k] / everybody if everybody else None,
                propensity=to_fraction(shares[k]),
                floor=floor,
                **measured,
                **believed,
                missing=missing,
            )
        )
    return found


def metric_of(facts: Facts, metric: Mapping[str, Any]) -> list[r.VariantMetric]:
    """Each variant on one declared metric."""
    events = {(total.variant, total.metric): total.events for total in facts.totals}
    places = range(len(facts.entry["variants"]))
    exposed = [_exposed(facts, k) for k in places]
    counts = [facts.sums.get((k, metric["id"]), (0, 0))[0] for k in places]
    of_rates = intervals([(1 + c, 1 + n - c) for c, n in zip(counts, exposed, strict=True)])
    variants = []
    for k, variant in enumerate(facts.entry["variants"]):
        missing: dict[str, Missing] = {}
        measured = _measured(facts, k, metric, exposed[k], events, missing)
        variants.append(
            r.VariantMetric(
                variant_id=variant["id"],
                variant_key=variant["key"],
                rate_interval=of_rates[k],
                **(measured | _value_of(facts.sheet, metric, k, missing)),
                missing=missing,
            )
        )
    return variants


def _value_of(
    sheet: Sheet, metric: Mapping[str, Any], variant: int, missing: dict[str, Missing]
) -> dict[str, Any]:
    """The figure of a ratio or a quantile in the place of the mean: its own, not that of its events."""
    if metric["kind"] not in {"ratio", "quantile"}:
        return {}
    value, why = None, Missing.NO_EXPOSURES if "mean" in missing else Missing.NO_SUMS
    if metric["kind"] == "ratio":
        outcome = sheet.arm(metric["id"], variant).outcome
        if outcome is not None and outcome.n:
            value = outcome.first[0] / outcome.first[1] if outcome.first[1] else None
            why = Missing.NO_BASELINE
    elif sheet.exposed(variant):
        found = quantile(Sketch(sheet.sketch(metric["id"], variant)), metric["quantile"])
        value = found.value if isinstance(found, Quantile) else None
        why = Missing.TOO_FEW_UNITS if isinstance(found, TooFew) else Missing.NO_VARIANCE
    if value is not None:
        missing.pop("mean", None)
    else:
        missing["mean"] = why
    return {"mean": value}


def undeclared_of(facts: Facts) -> r.Undeclared:
    """The names that nobody declared."""
    declared = {metric["id"] for metric in facts.entry["metrics"]} | {0}
    ids = [variant["id"] for variant in facts.entry["variants"]]
    names: dict[str, dict[str, int]] = {}
    values: dict[str, int] = {}
    for total in facts.totals:
        if total.metric not in declared and total.name is not None:
            names.setdefault(total.name, {})[ids[total.variant]] = total.events
            values[total.name] = values.get(total.name, 0) + total.value
    found = [
        r.UndeclaredMetric(name, sum(events.values()), values[name] / MICRO, events)
        for name, events in names.items()
    ]
    found.sort(key=lambda metric: (-metric.events, metric.metric_name))
    return r.Undeclared(len(found), found[:_MOST_UNDECLARED], _HINT if found else "")


def leader_of(variants: Sequence[r.VariantReport]) -> r.Leader | None:
    """Who is most probably the best."""
    running = [each for each in variants if each.win_probability is not None]
    if not running:
        return None
    best = max(running, key=lambda each: each.win_probability or 0.0)
    assert best.win_probability is not None
    return r.Leader(
        best.variant_id,
        best.variant_key,
        best.variant_name,
        best.win_probability,
        best.expected_rate,
        {} if best.expected_rate is not None else {"expected_rate": Missing.NOT_A_RATE},
    )


def declaration(metric: Mapping[str, Any]) -> r.MetricDeclaration:
    """As people are told of it."""
    return r.MetricDeclaration(
        name=metric["name"],
        role=metric["role"],
        kind=metric["kind"],
        direction=metric["direction"],
        window_seconds=metric["window_seconds"],
        description=metric.get("description") or "",
        unit=metric.get("unit") or "",
        margin=metric.get("margin"),
    )


def prior_of(entry: Mapping[str, Any]) -> tuple[float, float]:
    """Of the primary metric's rate."""
    parameters = entry["parameters"]
    return parameters.get("prior_alpha", 1.0), parameters.get("prior_beta", 1.0)


def intervals(posteriors: Sequence[tuple[float, float]]) -> list[r.CredibleInterval]:
    """Of rates with these Beta posteriors."""
    lower, upper = credible_intervals([a for a, _ in posteriors], [b for _, b in posteriors], r.LEVEL)
    return [
        r.CredibleInterval(low, high, r.LEVEL)
        for low, high in zip(lower.tolist(), upper.tolist(), strict=True)
    ]


def _exposed(facts: Facts, variant: int) -> int:
    return facts.sums.get((variant, 0), (0, 0))[0]


def _measured(
    facts: Facts,
    variant: int,
    metric: Mapping[str, Any] | None,
    exposed: int,
    events: Mapping[tuple[int, int], int],
    missing: dict[str, Missing],
) -> dict[str, Any]:
    """What was counted of one metric; notes in `missing` what could not be."""
    if metric is None:
        names = ("conversions", "conversion_events", "total_value", "mean", "rate")
        missing |= dict.fromkeys(names, Missing.NO_PRIMARY_METRIC)
        return dict.fromkeys(names)
    conversions, total = facts.sums.get((variant, metric["id"]), (0, 0))
    if not exposed:
        missing |= dict.fromkeys(("mean", "rate"), Missing.NO_EXPOSURES)
    return {
        "conversions": conversions,
        "conversion_events": events.get((variant, metric["id"]), 0),
        "total_value": total / MICRO,
        "mean": total / (exposed * MICRO) if exposed else None,
        "rate": conversions / exposed if exposed else None,
    }


def _believed(
    contender: Contender,
    variant: Mapping[str, Any],
    primary: Mapping[str, Any] | None,
    missing: dict[str, Missing],
) -> dict[str, Any]:
    if contender.posterior is None:
        names = ["rate_interval", "alpha", "beta", "expected_rate"]
        if contender.win_probability is None:
            names.append("win_probability")
        missing |= dict.fromkeys(names, Missing.NO_PRIMARY_METRIC if primary is None else Missing.NOT_A_RATE)
        if contender.win_probability is None and primary is not None and primary["kind"] == "mean":
            active = variant["state"] == "active"
            missing["win_probability"] = Missing.TOO_FEW_UNITS if active else Missing.VARIANT_INACTIVE
        return {**dict.fromkeys(names), "win_probability": contender.win_probability}
    if variant["state"] != "active":
        missing["win_probability"] = Missing.VARIANT_INACTIVE
    return {**contender.posterior, "win_probability": contender.win_probability}
