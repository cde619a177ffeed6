"""Declaring metrics: what each kind takes, what it names, what is derived of it, and what may change while it is measured."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from litmus_server.domain.draft import parse_draft
from litmus_server.domain.edit import cloned, edited
from litmus_server.domain.errors import Invalid
from litmus_server.domain.experiment import Experiment, Status, begin, definition, describe, entry
from litmus_server.domain.metric import Cap, Derivation, Metric, MetricKind, Role, derivation

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(hours=1)
DAY = 86_400

ORDER = {"name": "order"}
REVENUE: dict[str, Any] = {
    "name": "revenue", "kind": "mean", "unit": "EUR", "description": "Net of VAT", "cap": {"quantile": 0.999},
    "window_days": 7, "minimum_effect": 0.02, "covariates": ["visits"],
}  # fmt: skip
VISITS = {"name": "visits", "kind": "mean", "window_days": 14, "covariates": []}
BASKET = {"name": "basket", "kind": "ratio", "numerator": "revenue", "denominator": "order"}
WAIT = {
    "name": "wait", "kind": "quantile", "quantile": 0.9, "role": "guardrail", "direction": "decrease", "margin": 0.05, "unit": "ms",
}  # fmt: skip


def body(**changes: Any) -> dict[str, Any]:
    return {
        "name": "Checkout",
        "variants": [{"name": "a", "weight": 0.5}, {"name": "b", "weight": 0.5}],
        "primary_metric": ORDER,
        "secondary_metrics": [REVENUE, VISITS, BASKET, WAIT],
    } | changes


def begun(**changes: Any) -> Experiment:
    draft = parse_draft(body(**changes))
    return begin(draft, uuid4(), (uuid4(), uuid4()), "0123456789abcdef", NOW)


def running() -> Experiment:
    return begun().moved(Status.RUNNING, NOW)


def metric(experiment: Experiment, name: str) -> Metric:
    return next(each for each in experiment.metrics if each.name == name)


def faults(document: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        parse_draft(document)
    return {fault.pointer: fault.message for fault in caught.value.faults}


def edit(experiment: Experiment, **changes: Any) -> Experiment:
    return edited(experiment, changes, LATER, uuid4)


def refused(experiment: Experiment, **changes: Any) -> str:
    with pytest.raises(Invalid) as caught:
        edit(experiment, **changes)
    return str(caught.value)


def test_everything_that_is_declared_is_read() -> None:
    experiment = begun()
    assert metric(experiment, "revenue") == Metric(
        "revenue", Role.SECONDARY, MetricKind.MEAN, window_seconds=7 * DAY, slot=2, cap=Cap(quantile=0.999),
        minimum_effect=0.02, unit="EUR", description="Net of VAT", covariates=("visits",),
    )  # fmt: skip
    basket, wait = metric(experiment, "basket"), metric(experiment, "wait")
    assert (basket.numerator, basket.denominator, basket.kind) == ("revenue", "order", MetricKind.RATIO)
    assert (wait.quantile, wait.margin, wait.kind) == (0.9, 0.05, MetricKind.QUANTILE)
    assert metric(experiment, "visits").covariates == ()
    assert metric(experiment, "order").covariates is None


def test_a_ratio_has_the_longer_window_of_its_parts() -> None:
    assert metric(begun(), "basket").window_seconds == 30 * DAY
    short = begun(primary_metric={"name": "order", "window_days": 3})
    assert metric(short, "basket").window_seconds == 7 * DAY


@pytest.mark.parametrize(
    ("declared", "where", "why"),
    [
        ({"kind": "ratio", "denominator": "order"}, "/numerator", "is required"),
        ({"kind": "ratio", "numerator": "order", "denominator": "nothing"}, "/denominator", "which are: order, m2"),
        ({"kind": "ratio", "numerator": "x", "denominator": "order"}, "/numerator", "of kind conversion or mean"),
        ({"kind": "ratio", "numerator": "q", "denominator": "order"}, "/numerator", "of kind conversion or mean"),
        ({"kind": "ratio", "numerator": "order", "denominator": "order"}, "/denominator", "always be 1"),
        ({"kind": "ratio", "numerator": "m2", "denominator": "order", "window_days": 1}, "/window_days", "windows of their own"),
        ({"kind": "ratio", "numerator": "m2", "denominator": "order", "cap": {"value": 1}}, "/cap", "is for kind mean"),
        ({"kind": "ratio", "numerator": "m2", "denominator": "order", "covariates": ["m2"]}, "/covariates/0", "already"),
        ({"numerator": "order"}, "/numerator", "is for kind ratio, and this is mean"),
        ({"kind": "quantile"}, "/quantile", "is required"),
        ({"kind": "quantile", "quantile": 1}, "/quantile", "must be a number from 1e-06 to 0.999999"),
        ({"kind": "quantile", "quantile": 0.5, "covariates": ["m2"]}, "/covariates", "nothing adjusts a quantile"),
        ({"quantile": 0.5}, "/quantile", "is for kind quantile"),
        ({"cap": {}}, "/cap", "one of both"),
        ({"cap": {"value": 1, "quantile": 0.9}}, "/cap", "one of both"),
        ({"cap": {"value": 0}}, "/cap/value", "must be a number from"),
        ({"cap": {"value": 0.1234567}}, "/cap/value", "at most 6 decimal places"),
        ({"cap": {"quantile": 0.4}}, "/cap/quantile", "must be a number from 0.5"),
        ({"cap": 5}, "/cap", "must be an object"),
        ({"kind": "conversion", "cap": {"value": 1}}, "/cap", "is for kind mean, and this is conversion"),
        ({"margin": 0.1}, "/margin", "is for guardrails, and this is secondary"),
        ({"role": "guardrail", "margin": 0}, "/margin", "must be a number from 1e-06"),
        ({"minimum_effect": -1}, "/minimum_effect", "must be a number from"),
        ({"unit": "a very long unit of value"}, "/unit", "at most 16 characters"),
        ({"unit": "a\nb"}, "/unit", "control characters"),
        ({"description": "x" * 1001}, "/description", "at most 1000 characters"),
        ({"covariates": ["x"]}, "/covariates/0", "x is a covariate of it already"),
        ({"covariates": ["nothing"]}, "/covariates/0", "there is no metric nothing"),
        ({"covariates": ["r"]}, "/covariates/0", "other than a ratio"),
        ({"covariates": ["a", "b", "c", "d", "e"]}, "/covariates", "at most 4 entries"),
        ({"covariates": "m2"}, "/covariates", "must be a list"),
        ({"kind": "sum"}, "/kind", "must be one of conversion, mean, ratio, quantile"),
    ],
)  # fmt: skip
def test_what_a_metric_cannot_have_is_said_where_it_stands(
    declared: dict[str, Any], where: str, why: str
) -> None:
    others = [
        {"name": "m2"},
        {"name": "r", "kind": "ratio", "numerator": "m2", "denominator": "order"},
        {"name": "q", "kind": "quantile", "quantile": 0.5},
    ]
    found = faults(body(secondary_metrics=[{"name": "x"} | declared, *others]))
    assert why in found[f"/secondary_metrics/0{where}"]
    assert all(pointer.startswith("/secondary_metrics/0") for pointer in found)


def test_a_metric_that_is_declared_late_may_name_those_that_are_there_and_no_others() -> None:
    experiment = running()
    late = Metric("late", Role.SECONDARY, MetricKind.RATIO, numerator="visits", denominator="order")
    assert metric(experiment.measuring(late, LATER), "late").window_seconds == 30 * DAY
    for wrong in (replace(late, numerator="nothing"), replace(late, denominator="basket")):
        with pytest.raises(Invalid):
            experiment.measuring(wrong, LATER)


def test_a_definition_makes_the_same_metrics_again() -> None:
    experiment = begun()
    document = definition(experiment)
    again = parse_draft(document)
    assert [replace(each, slot=0) for each in experiment.metrics] == list(again.metrics)
    assert document["secondary_metrics"][2] == {
        "name": "basket", "role": "secondary", "kind": "ratio", "direction": "increase", "numerator": "revenue",
        "denominator": "order",
    }  # fmt: skip


def test_what_decides_says_what_is_measured() -> None:
    [_, revenue, visits, basket, wait] = entry(begun())["metrics"]
    assert revenue["cap"] == {"quantile": 0.999, "value": None}
    assert (revenue["unit"], revenue["covariates"], visits["covariates"]) == ("EUR", ["visits"], [])
    assert (basket["numerator"], basket["denominator"], wait["quantile"]) == ("revenue", "order", 0.9)


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ({}, None),
        ({"covariates": []}, None),
        ({"kind": "conversion"}, None),
        ({"kind": "conversion", "covariates": []}, None),
        ({"cap": {"quantile": 0.99}}, None),  # not yet
        ({"cap": {"value": 12.5}}, Derivation((2,), (False,), (2,), 12_500_000)),
        ({"cap": {"value": 12.5}, "covariates": []}, Derivation((2,), (False,), (), 12_500_000)),
        ({"covariates": ["last", "order"]}, Derivation((2,), (False,), (2, 3, 1))),
        ({"kind": "conversion", "covariates": ["last"]}, Derivation((2,), (True,), (2, 3))),
        ({"kind": "quantile", "quantile": 0.5}, Derivation((2,), (False,), sketch=True)),
        (
            {"kind": "ratio", "numerator": "last", "denominator": "order"},
            Derivation((3, 1), (False, True), (3, 1)),
        ),
        (
            {"kind": "ratio", "numerator": "order", "denominator": "last", "covariates": []},
            Derivation((1, 3), (True, False)),
        ),
    ],
)
def test_what_is_derived_follows_from_the_declaration(
    declared: dict[str, Any], expected: Derivation | None
) -> None:
    experiment = begun(secondary_metrics=[{"name": "x"} | declared, "last"])
    assert derivation(metric(experiment, "x"), experiment.metrics) == expected


def changed(**fields: Any) -> list[dict[str, Any]]:
    """The secondary metrics with these fields of revenue."""
    return [
        {name: value for name, value in (REVENUE | fields).items() if value is not None},
        VISITS,
        BASKET,
        WAIT,
    ]


def test_while_it_runs_a_cap_covariates_and_words_may_change_and_nothing_that_it_is_judged_by() -> None:
    before = running()
    after = edit(
        before, secondary_metrics=changed(unit="USD", description="", cap={"value": 9}, covariates=[])
    )
    revenue = metric(after, "revenue")
    assert (revenue.unit, revenue.description, revenue.cap, revenue.covariates) == (
        "USD",
        "",
        Cap(9_000_000),
        (),
    )
    assert (revenue.slot, revenue.id, after.epoch) == (2, metric(before, "revenue").id, before.epoch)
    assert edit(after, secondary_metrics=changed()).metrics == before.metrics
    for fields in (
        {"minimum_effect": 0.5},
        {"window_days": 8},
        {"kind": "conversion", "cap": None},
        {"direction": "decrease"},
    ):
        assert "of metrics unit, description, cap, covariates" in refused(
            before, secondary_metrics=changed(**fields)
        )
    assert refused(before, secondary_metrics=[REVENUE, VISITS, BASKET | {"numerator": "visits"}, WAIT])
    assert refused(before, secondary_metrics=[REVENUE, VISITS, BASKET, WAIT | {"margin": 0.5}])
    assert refused(before, secondary_metrics=[REVENUE, VISITS])
    assert metric(edit(before, primary_metric={"unit": "%"}), "order").unit == "%"


def test_once_it_is_over_only_words_change() -> None:
    over = running().moved(Status.COMPLETED, NOW)
    assert metric(edit(over, secondary_metrics=changed(unit="USD")), "revenue").unit == "USD"
    assert "of metrics unit, description" in refused(over, secondary_metrics=changed(cap={"value": 9}))


def test_a_draft_can_make_another_kind_of_metric_of_one() -> None:
    draft = begun(
        primary_metric={"name": "order", "kind": "mean", "cap": {"value": 5}, "covariates": ["visits"]}
    )
    other = edit(draft, primary_metric={"cap": {"quantile": 0.9}})
    assert metric(other, "order").cap == Cap(quantile=0.9)
    assert metric(edit(draft, primary_metric={"kind": "conversion"}), "order").cap is None
    ratio = edit(draft, secondary_metrics=["revenue", "visits"],
                 primary_metric={"kind": "ratio", "numerator": "revenue", "denominator": "visits"})  # fmt: skip
    assert metric(ratio, "order").covariates is None
    assert metric(edit(draft, primary_metric={"cap": None, "covariates": None}), "order").covariates is None


def test_a_frozen_cap_stays_until_another_is_declared_and_is_no_part_of_what_people_chose() -> None:
    frozen = running().freezing("revenue", 123_456_789, LATER)
    assert metric(frozen, "revenue").cap == Cap(123_456_789, 0.999, LATER)
    assert definition(frozen) == definition(running())
    assert describe(frozen)["frozen_caps"] == {"revenue": 123.456789}
    assert entry(frozen)["metrics"][1]["cap"] == {"quantile": 0.999, "value": 123_456_789}
    assert derivation(metric(frozen, "revenue"), frozen.metrics) == Derivation(
        (2,), (False,), (2, 3), 123_456_789
    )
    assert frozen.freezing("revenue", 5, LATER) is frozen
    assert frozen.freezing("order", 5, LATER) is frozen
    assert metric(edit(frozen, secondary_metrics=changed(unit="USD")), "revenue").cap == Cap(
        123_456_789, 0.999, LATER
    )
    assert metric(edit(frozen, secondary_metrics=changed(cap={"quantile": 0.99})), "revenue").cap == Cap(
        quantile=0.99
    )
    again = cloned(frozen, {"name": "again"}, LATER, uuid4, "0" * 16)
    assert metric(again, "revenue").cap == Cap(quantile=0.999)
