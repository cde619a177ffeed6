"""Analysis: from moments and rollups to the report, once for everybody who asks.

It runs in the worker. It must not know who reads a report, nor how moments come about.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from litmus_server.bandits.contest import win_probabilities
from litmus_server.domain import report as r
from litmus_server.domain.report import Missing
from litmus_server.domain.series import Series, Window, build
from litmus_server.domain.weights import to_fraction
from litmus_server.ports import Facts, ReportBook
from litmus_server.stats.beta import credible_intervals
from litmus_server.stats.moments import MICRO

_MOST_UNDECLARED = 50
_HINT = (
    "These names are counted as events only. Declare a metric of that name and what the log holds of it is folded again: "
    "then it has units, a rate and an interval."
)


class Analysis:
    """Computes and keeps reports."""

    def __init__(self, book: ReportBook) -> None:
        """`book` is where the facts are read and the report is kept."""
        self._book = book

    async def report(self, experiment: int) -> bool:
        """Compute and keep the report of this moment; False when there was no need, or is no such experiment."""
        if await self._book.is_current(experiment):
            return False
        facts = await self._book.facts(experiment)
        if facts is None:
            return False
        await self._book.keep(experiment, facts.state, facts.now, encode(report_of(facts)))
        return True


def encode(report: r.Report) -> bytes:
    """The document as it is served."""
    return msgspec.json.encode(report)


def report_of(facts: Facts) -> r.Report:
    """The report that follows from the facts, and from nothing else."""
    entry = facts.entry
    primary = next((each for each in entry["metrics"] if each["role"] == "primary"), None)
    variants = _variants(facts, primary)
    exposed = sum(each.exposed_units for each in variants)
    leader = _leader(variants) if exposed else None
    missing: dict[str, Missing] = {}
    if primary is None:
        missing["primary_metric"] = Missing.NO_PRIMARY_METRIC
    if leader is None:
        missing["leader"] = _why_nobody_leads(primary, exposed)
    if facts.window is None:
        missing["series"] = Missing.NO_EXPOSURES
    if not facts.state.policy_version:
        missing["policy_version"] = (
            Missing.FIXED_WEIGHTS if entry["type"] in {"ab", "flag"} else Missing.NOT_LEARNED
        )
    return r.Report(
        schema_version=r.SCHEMA_VERSION,
        stale=False,
        experiment_id=entry["id"],
        experiment_key=entry["key"],
        name=entry["name"],
        type=entry["type"],
        status=entry["status"],
        archived=entry["archived"],
        unit_type=entry["unit_type"],
        started_at=entry["started_at"],
        completed_at=entry["completed_at"],
        computed_at=facts.now,
        watermark=r.Mark(facts.state.seq, facts.folded_at),
        lag_seconds=facts.lag_seconds,
        revision=facts.state.revision,
        epoch=entry["epoch"],
        policy_version=facts.state.policy_version or None,
        level=r.LEVEL,
        prior=r.Prior(*_prior(entry)),
        primary_metric=primary and _declaration(primary),
        exposures=sum(each.exposures for each in variants),
        exposed_units=exposed,
        leader=leader,
        variants=variants,
        metrics=[_metric(facts, metric) for metric in entry["metrics"]],
        undeclared=_undeclared(facts),
        series=_series(facts, facts.window, primary) if facts.window else None,
        missing=missing,
    )


def _variants(facts: Facts, primary: Mapping[str, Any] | None) -> list[r.VariantReport]:
    entry = facts.entry
    events = {(total.variant, total.metric): total.events for total in facts.totals}
    exposed = [facts.sums.get((k, 0), (0, 0))[0] for k in range(len(entry["variants"]))]
    everybody = sum(exposed)
    shares = facts.propensities or entry["weights"]
    floor = entry["parameters"].get("floor")
    contest = _contest(facts, primary, exposed)
    found = []
    for k, variant in enumerate(entry["variants"]):
        missing: dict[str, Missing] = {}
        if not everybody:
            missing["share"] = Missing.NO_EXPOSURES
        if floor is None:
            missing["floor"] = Missing.FIXED_WEIGHTS
        measured = _measured(facts, k, primary, exposed[k], events, missing)
        believed = _believed(contest[k], variant, primary, missing)
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


def _contest(
    facts: Facts, primary: Mapping[str, Any] | None, exposed: Sequence[int]
) -> list[dict[str, Any] | None]:
    """The posterior of each variant and its chance of being the best; None where there is none."""
    if primary is None or primary["kind"] != "conversion":
        return [None] * len(exposed)
    alpha, beta = _prior(facts.entry)
    conversions = [facts.sums.get((k, primary["id"]), (0, 0))[0] for k in range(len(exposed))]
    posteriors = [(alpha + c, beta + n - c) for c, n in zip(conversions, exposed, strict=True)]
    wins = win_probabilities(
        posteriors,
        [variant["state"] == "active" for variant in facts.entry["variants"]],
        higher_is_better=primary["direction"] == "increase",
    )
    return [
        {
            "rate_interval": interval,
            "alpha": a,
            "beta": b,
            "expected_rate": a / (a + b),
            "win_probability": win,
        }
        for (a, b), interval, win in zip(posteriors, _intervals(posteriors), wins, strict=True)
    ]


def _believed(
    posterior: dict[str, Any] | None,
    variant: Mapping[str, Any],
    primary: Mapping[str, Any] | None,
    missing: dict[str, Missing],
) -> dict[str, Any]:
    if posterior is None:
        names = ("rate_interval", "alpha", "beta", "expected_rate", "win_probability")
        missing |= dict.fromkeys(names, Missing.NO_PRIMARY_METRIC if primary is None else Missing.NOT_A_RATE)
        return dict.fromkeys(names)
    if variant["state"] != "active":
        missing["win_probability"] = Missing.VARIANT_INACTIVE
    return posterior


def _metric(facts: Facts, metric: Mapping[str, Any]) -> r.MetricReport:
    events = {(total.variant, total.metric): total.events for total in facts.totals}
    places = range(len(facts.entry["variants"]))
    exposed = [facts.sums.get((k, 0), (0, 0))[0] for k in places]
    counts = [facts.sums.get((k, metric["id"]), (0, 0))[0] for k in places]
    intervals = _intervals([(1 + c, 1 + n - c) for c, n in zip(counts, exposed, strict=True)])
    variants = []
    for k, variant in enumerate(facts.entry["variants"]):
        missing: dict[str, Missing] = {}
        measured = _measured(facts, k, metric, exposed[k], events, missing)
        variants.append(
            r.VariantMetric(
                variant_id=variant["id"],
                variant_key=variant["key"],
                rate_interval=intervals[k],
                **measured,
                missing=missing,
            )
        )
    return r.MetricReport(_declaration(metric), variants)


def _undeclared(facts: Facts) -> r.Undeclared:
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


def _leader(variants: Sequence[r.VariantReport]) -> r.Leader | None:
    running = [each for each in variants if each.win_probability is not None]
    if not running:
        return None
    best = max(running, key=lambda each: each.win_probability or 0.0)
    assert best.win_probability is not None
    assert best.expected_rate is not None
    return r.Leader(
        best.variant_id, best.variant_key, best.variant_name, best.win_probability, best.expected_rate
    )


def _why_nobody_leads(primary: Mapping[str, Any] | None, exposed: int) -> Missing:
    if not exposed:
        return Missing.NO_EXPOSURES
    if primary is None:
        return Missing.NO_PRIMARY_METRIC
    return Missing.VARIANT_INACTIVE if primary["kind"] == "conversion" else Missing.NOT_A_RATE


def _series(facts: Facts, shown: Window, primary: Mapping[str, Any] | None) -> Series:
    return build(
        shown,
        None if primary is None else (primary["id"], primary["name"]),
        [(variant["id"], variant["key"]) for variant in facts.entry["variants"]],
        facts.strips,
        declared=primary is not None,
    )


def _intervals(posteriors: Sequence[tuple[float, float]]) -> list[r.CredibleInterval]:
    lower, upper = credible_intervals([a for a, _ in posteriors], [b for _, b in posteriors], r.LEVEL)
    return [
        r.CredibleInterval(low, high, r.LEVEL)
        for low, high in zip(lower.tolist(), upper.tolist(), strict=True)
    ]


def _declaration(metric: Mapping[str, Any]) -> r.MetricDeclaration:
    return r.MetricDeclaration(
        metric["name"], metric["role"], metric["kind"], metric["direction"], metric["window_seconds"]
    )


def _prior(entry: Mapping[str, Any]) -> tuple[float, float]:
    parameters = entry["parameters"]
    return parameters.get("prior_alpha", 1.0), parameters.get("prior_beta", 1.0)
