"""The analysis plan: what it is without a word, what it may be, and what of it can still be changed."""

import datetime as dt
import json
from typing import Any
from uuid import uuid4

import pytest
from litmus_server.domain.draft import parse_draft
from litmus_server.domain.edit import edited
from litmus_server.domain.errors import Invalid
from litmus_server.domain.experiment import Experiment, Status, begin, definition
from litmus_server.domain.plan import DEFAULT_PLAN, Method, NamedPrior, NormalPrior, plan_of

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def begun(**fields: Any) -> Experiment:
    body = {"name": "x", "variants": [{"name": "a", "weight": 0.5}, {"name": "b", "weight": 0.5}]}
    draft = parse_draft(body | fields)
    return begin(draft, uuid4(), tuple(uuid4() for _ in draft.variants), "salt", NOW)


def running(**fields: Any) -> Experiment:
    return begun(**fields).moved(Status.RUNNING, NOW)


def edit(experiment: Experiment, **changes: Any) -> Experiment:
    return edited(experiment, changes, NOW, uuid4)


def refused(**fields: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        begun(**fields)
    return {fault.pointer: fault.message for fault in caught.value.faults}


def test_without_a_word_it_is_watched_at_any_time_and_with_a_size_at_planned_looks_too() -> None:
    plan = begun().analysis
    assert plan == DEFAULT_PLAN
    assert plan.method_for(None) is Method.ALWAYS_VALID
    assert plan.method_for(20_000) is Method.HYBRID
    assert plan.prior == NormalPrior(0.0, 0.05)
    assert (plan.looks, plan.power, plan.minimum_days) == (14, 0.8, 7)


def test_its_document_is_what_it_is_read_from() -> None:
    chosen = {
        "method": "group_sequential", "looks": 5, "spending": "pocock", "correction": "benjamini_hochberg",
        "scope": "experiment", "adjustment": "cuped", "minimum_effect": 0.02, "power": 0.9, "minimum_days": 14,
        "prior": "flat",
    }  # fmt: skip
    plan = begun(planned_units=1000, analysis=chosen).analysis
    assert plan.document == chosen
    assert json.loads(json.dumps(plan.document)) == chosen
    assert plan_of(plan.document) == plan
    assert plan.prior is NamedPrior.FLAT
    assert plan_of(begun(analysis={"prior": {"sd": 0.1}}).analysis.document).prior == NormalPrior(0.0, 0.1)


def test_what_cannot_be_is_refused_where_it_stands() -> None:
    assert "planned_units" in refused(analysis={"method": "hybrid"})["/analysis/method"]
    assert "one of hybrid" in refused(analysis={"method": "guess"})["/analysis/method"]
    assert refused(analysis={"prior": "mine"}).keys() == {"/analysis/prior"}
    assert refused(analysis={"prior": {"sd": 0}}).keys() == {"/analysis/prior/sd"}
    assert refused(analysis={"looks": 101, "power": 1, "minimum_effect": 0}).keys() == {
        "/analysis/looks",
        "/analysis/power",
        "/analysis/minimum_effect",
    }
    assert refused(analysis={"peek": True}).keys() == {"/analysis/peek"}


def test_a_draft_takes_any_plan_and_what_has_started_only_how_much_is_worth_waiting_for() -> None:
    assert edit(begun(), analysis={"looks": 3, "prior": "fitted"}).analysis.looks == 3
    before = running(planned_units=1000, analysis={"minimum_effect": 0.05})
    later = edit(before, analysis={"minimum_effect": 0.01, "minimum_days": 3, "power": 0.9}).analysis
    assert (later.minimum_effect, later.minimum_days, later.power) == (0.01, 3, 0.9)
    assert edit(before, analysis={"minimum_effect": None}).analysis.minimum_effect is None
    for change in ({"method": "fixed"}, {"looks": 3}, {"scope": "experiment"}, {"prior": "flat"}):
        with pytest.raises(Invalid) as caught:
            edit(before, analysis=change)
        [fault] = caught.value.faults
        assert fault.pointer == "/analysis"
        assert "minimum_effect" in fault.message
    over = before.moved(Status.COMPLETED, NOW)
    with pytest.raises(Invalid):
        edit(over, analysis={"minimum_days": 1})
    assert edit(over, **definition(over)) is over
