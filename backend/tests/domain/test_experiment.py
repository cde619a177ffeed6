"""Experiments: the lifecycle, and the document that decides."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litmus.decide import InvalidCondition, Policy, compile_entry, decide
from litmus_server.domain.audit import difference
from litmus_server.domain.draft import parse_draft
from litmus_server.domain.errors import Invalid, InvalidTransition
from litmus_server.domain.experiment import (
    TRANSITIONS,
    Experiment,
    InvalidStatus,
    Shared,
    Status,
    begin,
    describe,
    entry,
    read_status,
    rfc3339,
)
from litmus_server.domain.layer import Allocation, Layer
from litmus_server.domain.metric import Metric, MetricKind, Role

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


def begun(**changes: Any) -> Experiment:
    body = {"name": "x", "type": "thompson_sampling", "variants": [{"name": "a"}, {"name": "b"}]} | changes
    return begin(parse_draft(body), UUID(int=1), (UUID(int=2), UUID(int=3)), "0123456789abcdef", NOW)


@given(st.lists(st.tuples(st.sampled_from(Status), st.timedeltas(-HOUR, HOUR)), max_size=30))
def test_history_is_what_happened_in_strict_order_whatever_the_clock_says(
    wishes: list[tuple[Status, dt.timedelta]],
) -> None:
    experiment, expected = begun(), [Status.DRAFT]
    for status, offset in wishes:
        if status in TRANSITIONS[experiment.status]:
            experiment = experiment.moved(status, NOW + offset)
            expected.append(status)
        else:
            with pytest.raises(InvalidTransition) as caught:
                experiment.moved(status, NOW)
            assert caught.value.allowed == TRANSITIONS[experiment.status]
    assert [status for _, status in experiment.history] == expected
    assert all(earlier < later for (earlier, _), (later, _) in pairwise(experiment.history))
    assert experiment.updated_at == experiment.history[-1][0]
    starts = [at for at, status in experiment.history if status is Status.RUNNING]
    assert experiment.started_at == (starts[0] if starts else None)
    ended = experiment.history[-1][0] if experiment.status is Status.COMPLETED else None
    assert experiment.completed_at == ended
    assert experiment.learning == (experiment.status is Status.RUNNING)


@pytest.mark.parametrize("value", ["Running", "", None, 1, ["running"], {"a": 1}, "archived"])
def test_a_status_is_one_of_four_words(value: object) -> None:
    with pytest.raises(InvalidStatus):
        read_status(value)


def test_the_document_is_what_the_kernel_decides_from() -> None:
    running = replace(begun().moved(Status.RUNNING, NOW + HOUR), revision=7)
    assert compile_entry(entry(running)).propensities == (500_000, 500_000)
    policy = Policy(3, running.revision, (1_000_000, 0))
    compiled = compile_entry(entry(running, policy))
    assert (compiled.policy_version, compiled.propensities) == (3, (1_000_000, 0))
    assert {decide(compiled, f"unit-{k}").variant for k in range(50)} == {0}
    stale = compile_entry(entry(running, Policy(3, running.revision - 1, (1_000_000, 0))))
    assert (stale.policy_version, stale.propensities) == (None, (500_000, 500_000))


def test_the_document_tells_the_server_metrics_and_history() -> None:
    document = entry(begun(secondary_metrics=["revenue"]).moved(Status.RUNNING, NOW + HOUR))
    assert document["history"] == [["2026-03-01T12:00:00Z", "draft"], ["2026-03-01T13:00:00Z", "running"]]
    assert document["started_at"] == "2026-03-01T13:00:00Z"
    assert [(each["name"], each["slot"], each["role"]) for each in document["metrics"]] == [
        ("conversion", 1, "primary"), ("revenue", 2, "secondary"),
    ]  # fmt: skip


def test_the_document_has_what_experiments_share() -> None:
    experiment = replace(
        begun(), audience={"all": [{"audience": "germans"}]}, forced={"ann": "b", "bob": "gone"},
        layer=Allocation("page", 0, 500_000),
    )  # fmt: skip
    germans = {"attribute": "country", "operator": "equals", "value": "DE"}
    layer = Layer("page", "Page", "", "layersalt", 1, NOW, NOW)
    shared = Shared({"germans": germans}, {"page": layer}, {"salt": "holdoutsalt", "share": 20_000})
    document = entry(experiment, shared=shared)
    assert document["layer"] == {"salt": "layersalt", "from": 0, "to": 500_000}
    assert document["audience"] == {"all": [germans]}
    assert document["forced"] == {"ann": 1}
    assert document["holdout"] == {"salt": "holdoutsalt", "share": 20_000}
    assert entry(replace(experiment, holdout=False), shared=shared)["holdout"] is None
    compile_entry(document)
    with pytest.raises(InvalidCondition):
        entry(replace(experiment, layer=None))


def test_a_late_metric_takes_the_next_slot_and_may_shorten_the_cohorts() -> None:
    experiment = begun()
    assert experiment.cohort_hours == 24
    later = experiment.measuring(
        Metric("fast", Role.SECONDARY, MetricKind.MEAN, window_seconds=3600), NOW + HOUR
    )
    assert [metric.slot for metric in later.metrics] == [1, 2]
    assert later.cohort_hours == 1
    for role, name in ((Role.SECONDARY, "fast"), (Role.PRIMARY, "another")):
        with pytest.raises(Invalid):
            later.measuring(Metric(name, role, MetricKind.MEAN), NOW)


def test_the_audit_holds_only_what_differs() -> None:
    draft = begun()
    before, after = difference(describe(draft), describe(draft.moved(Status.RUNNING, NOW)))
    assert (before, after) == ({"status": "draft"}, {"status": "running"})
    nothing, everything = difference(None, describe(draft))
    assert nothing is None
    assert everything == describe(draft)


def test_times_are_written_in_utc_with_z() -> None:
    east = dt.timezone(dt.timedelta(hours=5, minutes=30))
    assert rfc3339(dt.datetime(2026, 1, 1, 3, 0, 0, 5, tzinfo=east)) == "2025-12-31T21:30:00.000005Z"
