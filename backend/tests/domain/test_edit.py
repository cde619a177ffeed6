"""Edits: a draft takes everything that a new one would, a running experiment what is safe."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litmus.decide import compile_entry
from litmus_server.domain.audit import difference
from litmus_server.domain.draft import parse_draft
from litmus_server.domain.edit import cloned, edited
from litmus_server.domain.errors import Invalid, InvalidTransition
from litmus_server.domain.experiment import Experiment, Shared, Status, begin, definition, describe, entry
from litmus_server.domain.layer import Allocation, Layer
from litmus_server.domain.metric import Metric, MetricKind, Role
from litmus_server.domain.weights import renormalised

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(hours=1)


def begun(**changes: Any) -> Experiment:
    body: dict[str, Any] = {
        "name": "Checkout", "traffic_allocation": 0.5, "primary_metric": "buy", "secondary_metrics": ["revenue"],
        "variants": [{"name": letter, "weight": weight} for letter, weight in zip("abc", (0.5, 0.3, 0.2), strict=True)],
    }  # fmt: skip
    draft = parse_draft(body | changes)
    return begin(draft, uuid4(), tuple(uuid4() for _ in draft.variants), "0123456789abcdef", NOW)


def running(**changes: Any) -> Experiment:
    return begun(**changes).moved(Status.RUNNING, NOW)


def bandit() -> Experiment:
    return running(type="thompson_sampling", variants=[{"name": letter} for letter in "abc"])


def edit(experiment: Experiment, **changes: Any) -> Experiment:
    return edited(experiment, changes, LATER, uuid4)


def refused(experiment: Experiment, **changes: Any) -> dict[str, str]:
    """What is said of each field that is refused."""
    with pytest.raises(Invalid) as caught:
        edit(experiment, **changes)
    return {fault.pointer: fault.message for fault in caught.value.faults}


EVERYTHING: dict[str, Any] = {
    "name": "Basket", "key": "basket", "description": "d", "hypothesis": "h", "owner": "ann", "tags": ["x"],
    "type": "thompson_sampling", "unit_type": "session", "public": True, "traffic_allocation": 0.1,
    "variants": [{"name": "z", "weight": 0.9, "config": [1]}, {"name": "a", "weight": 0.1, "is_control": True}],
    "primary_metric": {"name": "click", "direction": "decrease"}, "secondary_metrics": [{"name": "errors", "role": "guardrail"}],
    "parameters": {"prior_alpha": 3, "floor": 0.01}, "dimensions": ["plan"], "planned_units": 9, "min_sample_size": 8,
    "significance_threshold": 0.9, "auto_promote_winner": True, "audience": {"attribute": "age", "operator": "present"},
    "holdout": False, "forced": {"ann": "a"},
}  # fmt: skip


def test_a_draft_with_everything_changed_is_what_a_new_one_would_be() -> None:
    before = begun()
    after = edit(before, **EVERYTHING)
    assert definition(after) == definition(begun(**EVERYTHING))
    assert (after.id, after.salt, after.created_at, after.updated_at) == (before.id, before.salt, NOW, LATER)
    assert [metric.slot for metric in after.metrics] == [1, 2]
    compile_entry(entry(after))


@pytest.mark.parametrize("start", [begun, running])
def test_true_is_another_value_than_1(start: Callable[..., Experiment]) -> None:
    audience = {"attribute": "age", "operator": "equals", "value": 1}
    variants = [{"key": letter, "name": letter, "weight": 0.5, "config": {"on": 1}} for letter in "ab"]
    before = start(variants=variants, audience=audience)
    changed = [{**each, "config": {"on": True}} for each in variants]
    after = edit(before, variants=changed, audience=audience | {"value": True})
    assert after.audience is not None
    assert after.audience["value"] is True
    assert after.variants[0].config["on"] is True
    assert after.epoch == before.epoch + (before.status is Status.RUNNING)
    was, now = difference(describe(before), describe(after))
    assert was is not None
    assert now is not None
    assert was["variants"]["a"] == {"config": {"on": 1}}
    assert now["variants"]["a"]["config"]["on"] is True
    assert edit(after, variants=changed) is after


@pytest.mark.parametrize("start", [begun, running])
def test_what_is_no_field_is_refused_with_null_too(start: Callable[..., Experiment]) -> None:
    wrong = refused(start(), nmae=None, parameters={"priro": None}, variants=None)
    assert {"/nmae", "/parameters/priro", "/variants"} <= wrong.keys()


@pytest.mark.parametrize("name", EVERYTHING)
def test_one_field_of_a_draft_changes_nothing_else(name: str) -> None:
    before = begun(type="thompson_sampling", parameters={"prior_beta": 4})
    was, now = definition(before), definition(edit(before, **{name: EVERYTHING[name]}))
    differing = {field for field in was if was[field] != now[field]}
    assert differing == ({name} if name != "type" else set())


def test_null_is_the_default_and_an_object_is_merged() -> None:
    before = edit(begun(), **EVERYTHING)
    after = edit(before, description=None, parameters={"floor": 0.02}, primary_metric={"window_days": 1})
    assert (after.description, after.parameters["prior_alpha"], after.parameters["floor"]) == ("", 3, 0.02)
    assert after.primary is not None
    assert (after.primary.name, after.primary.window_seconds, after.cohort_hours) == ("click", 86_400, 1)
    assert "/name" in refused(before, name=None)


def test_a_draft_that_learns_no_more_has_the_parameters_of_its_type() -> None:
    adaptive = begun(type="thompson_sampling", parameters={"prior_alpha": 2, "floor": 0.1})
    assert edit(adaptive, type="ab").parameters == {"prior_alpha": 2, "prior_beta": 1}
    assert "/parameters/floor" in refused(adaptive, type="ab", parameters={"floor": 0.1})


def test_a_draft_of_another_contextual_type_keeps_its_features_and_one_of_another_kind_does_not() -> None:
    features = [{"name": "on", "type": "boolean", "required": False}]
    before = begun(type="linucb", features=features, parameters={"exploration": 2, "ridge": 3})
    after = edit(before, type="lints")
    assert after.features == features
    # Each type explores in a unit of its own.
    assert after.parameters == {"exploration": 0.65, "ridge": 3, "floor": 0.001}
    assert edit(before, type="ab").features is None
    more = [*features, {"name": "new", "type": "boolean"}]
    assert "its models were learned" in refused(before.moved(Status.RUNNING, NOW), features=more)["/features"]


def test_variants_of_a_draft_are_the_whole_list_and_keep_their_ids_by_key() -> None:
    before = begun()
    after = edit(before, variants=[{"name": "new", "weight": 0.5}, {"key": "a", "name": "A!", "weight": 0.5}])
    assert [variant.key for variant in after.variants] == ["new", "a"]
    assert after.variants[1].id == before.variants[0].id
    assert after.variants[0].id not in {variant.id for variant in before.variants}
    assert "/variants" in refused(before, variants=[{"name": "only", "weight": 1}])
    assert "/variants/1/weight" in refused(
        before, variants=[{"name": "a", "weight": 0.5}, {"name": "b", "weight": 0.4}]
    )


@pytest.mark.parametrize("make", [begun, running, bandit])
def test_an_edit_that_changes_nothing_is_the_experiment_itself(make: Callable[..., Experiment]) -> None:
    experiment = make()
    assert edit(experiment) is experiment
    assert edit(experiment, **definition(experiment)) is experiment
    late = experiment.measuring(Metric("late", Role.GUARDRAIL, MetricKind.MEAN), NOW)
    assert edit(late, **definition(late)) is late


def test_a_running_experiment_takes_what_is_safe() -> None:
    before = running()
    safe = {"name": "n", "description": "d", "hypothesis": "h", "owner": "o", "tags": ["t"],
            "min_sample_size": 4, "traffic_allocation": 0.6}  # fmt: skip
    after = edit(before, **safe)
    assert safe.items() <= definition(after).items()
    assert (after.epoch, after.weights, after.metrics) == (1, before.weights, before.metrics)


def test_the_minimum_of_a_rule_that_plans_its_looks_by_it_stays() -> None:
    before = running(type="bayesian_ab", primary_metric="order", min_sample_size=100)
    assert "its looks were planned by it" in refused(before, min_sample_size=200)["/min_sample_size"]


@pytest.mark.parametrize("status", [Status.RUNNING, Status.PAUSED, Status.COMPLETED])
def test_what_is_not_safe_is_refused_with_a_reason_and_what_is_allowed(status: Status) -> None:
    experiment = running() if status is Status.RUNNING else running().moved(status, NOW)
    unsafe = ["key", "type", "unit_type", "public", "primary_metric", "secondary_metrics", "parameters", "dimensions",
              "significance_threshold", "auto_promote_winner", "planned_units"]  # fmt: skip
    if status is Status.COMPLETED:
        unsafe.append("min_sample_size")
    for name in unsafe:
        value = {"prior_alpha": 3} if name == "parameters" else EVERYTHING[name]
        said = refused(experiment, **{name: value})
        assert f"/{name}" in said
        assert str(status) in said[f"/{name}"]
        assert "description" in said[f"/{name}"]
    if status is Status.COMPLETED:
        assert "/traffic_allocation" in refused(experiment, traffic_allocation=0.9)
        assert "/variants" in refused(experiment, variants=[{"key": "a", "name": "other"}])
        assert edit(experiment, owner="bob").owner == "bob"
    else:
        assert "pause it" in refused(experiment, traffic_allocation=0.4)["/traffic_allocation"]


def test_all_that_is_refused_is_refused_at_once() -> None:
    said = refused(running(), key="k", traffic_allocation=0.1, dimensions=[])
    assert set(said) == {"/key", "/traffic_allocation", "/dimensions"}


def test_new_weights_open_an_epoch_and_the_same_ones_do_not() -> None:
    before = running()
    after = edit(
        before, variants=[{"key": "a", "weight": 0.4}, {"id": str(before.variants[1].id), "weight": 0.4}]
    )
    assert (after.weights, after.epoch) == ((400_000, 400_000, 200_000), 2)
    assert edit(after, variants=[{"key": "a", "weight": 0.4}]) is after
    assert edit(after, variants=[{"key": "a", "name": "Alpha", "config": {"x": 1}}]).epoch == 2
    assert (
        "must sum to 1, not 0.8"
        in refused(after, variants=[{"key": "a", "weight": 0.2}])["/variants"].lower()
    )


def test_a_paused_variant_leaves_its_share_to_the_others_and_takes_it_back() -> None:
    before = running()
    without = edit(before, variants=[{"key": "a", "state": "paused"}])
    assert (without.weights, without.epoch) == ((0, 600_000, 400_000), 2)
    assert [variant.weight for variant in without.variants] == [500_000, 300_000, 200_000]
    assert compile_entry(entry(without)).weights == without.weights
    back = edit(without, variants=[{"key": "a", "state": "active"}])
    assert (back.weights, back.epoch) == (before.weights, 3)
    all_of_them = [{"key": key, "state": "paused"} for key in "abc"]
    assert "active" in refused(before, variants=all_of_them)["/variants"]


def test_learned_shares_cannot_be_chosen_but_a_variant_can_be_paused() -> None:
    experiment = bandit()
    assert "learns" in refused(experiment, variants=[{"key": "a", "weight": 0.9}])["/variants/0/weight"]
    paused = edit(experiment, variants=[{"key": "b", "state": "paused"}])
    assert paused.weights == (500_000, 0, 500_000)
    assert paused.epoch == experiment.epoch


def test_a_variant_is_named_by_key_or_id_and_is_one_that_is_there() -> None:
    experiment = running()
    wrong: list[tuple[Any, str]] = [
        ([{"name": "x"}], "/variants/0/key"),
        ([{"key": "d"}], "/variants/0/key"),
        ([{"id": str(uuid4())}], "/variants/0/id"),
        ([{"key": "a", "id": str(experiment.variants[1].id)}], "/variants/0/id"),
        ([{"key": "a"}, {"key": "a"}], "/variants/1"),
        ([{"key": "a", "name": "b"}], "/variants"),
        ([{"key": "a", "state": "retired"}], "/variants/0/state"),
        ([{"key": "b", "is_control": True}], "/variants/0/is_control"),
        ([{"key": "a", "colour": 1}], "/variants/0/colour"),
        (["a"], "/variants/0"),
        ({"a": 1}, "/variants"),
    ]
    for variants, pointer in wrong:
        assert pointer in refused(experiment, variants=variants), variants


def test_an_archived_experiment_is_restored_before_it_is_changed() -> None:
    archived = begun().archived(NOW)
    assert archived.archived(LATER) is archived
    with pytest.raises(Invalid, match="restore"):
        edit(archived, name="x")
    with pytest.raises(Invalid, match="restore"):
        archived.moved(Status.RUNNING, LATER)
    assert edit(archived.restored(LATER), name="x").name == "x"
    for status in (Status.RUNNING, Status.PAUSED):
        with pytest.raises(InvalidTransition) as caught:
            (running() if status is Status.RUNNING else running().moved(status, NOW)).archived(LATER)
        assert caught.value.allowed == ("completed",)


def test_a_clone_says_the_same_under_another_name() -> None:
    original = (
        edit(running(), variants=[{"key": "b", "state": "paused"}]).moved(Status.COMPLETED, NOW).archived(NOW)
    )
    original = replace(original, holdout=False, forced={"u": "a"}, layer=Allocation("page", 0, 5))
    clone = cloned(original, {"name": "Again"}, LATER, uuid4, "fedcba9876543210")
    assert definition(clone) == definition(original) | {"name": "Again", "key": "Again", "layer": None}
    assert (clone.status, clone.archived_at, clone.cloned_from) == (Status.DRAFT, None, original.id)
    assert (clone.holdout, clone.forced, clone.layer) == (False, {"u": "a"}, None)
    assert not {variant.id for variant in clone.variants} & {variant.id for variant in original.variants}
    assert {variant.state for variant in clone.variants} == {"active"}
    other = cloned(original, {"name": "Other", "key": "o", "traffic_allocation": 1}, LATER, uuid4, "f" * 16)
    assert (other.key, other.traffic, other.salt) == ("o", 1_000_000, "f" * 16)
    for wrong in ({}, {"name": ""}, {"name": "x", "colour": 1}):
        with pytest.raises(Invalid):
            cloned(original, wrong, LATER, uuid4, "f" * 16)


def test_the_audit_of_a_paused_variant_names_that_variant_only() -> None:
    before = running()
    was, now = difference(
        describe(before), describe(edit(before, variants=[{"key": "a", "state": "paused"}]))
    )
    assert was == {"epoch": 1, "variants": {"a": {"state": "active"}}}
    assert now == {"epoch": 2, "variants": {"a": {"state": "paused"}}}


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=20).filter(any))
def test_renormalised_weights_are_the_whole_off_by_at_most_a_millionth_and_zero_stays_zero(
    weights: list[int],
) -> None:
    shares = renormalised(weights)
    assert sum(shares) == 10**6
    for weight, share in zip(weights, shares, strict=True):
        assert abs(share - weight * 10**6 / sum(weights)) <= 1
        assert weight or not share
    assert renormalised(shares) == shares


@given(st.data())
def test_whatever_is_sent_an_edit_is_refused_or_whole(data: st.DataObject) -> None:
    values = st.recursive(
        st.none()
        | st.booleans()
        | st.floats(allow_nan=False)
        | st.integers()
        | st.sampled_from(["a", "b", "paused", "ab", ""]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["key", "name", "state", "weight", "floor"]), inner, max_size=4)
        ),
        max_leaves=8,
    )
    before = data.draw(st.sampled_from([begun, running, bandit]))()
    changes = data.draw(st.dictionaries(st.sampled_from([*definition(before), "colour"]), values, max_size=4))
    try:
        after = edited(before, changes, LATER, uuid4)
    except Invalid:
        return
    assert compile_entry(entry(after)).weights == after.weights
    assert edited(after, changes, LATER, uuid4) is after


GERMANS: dict[str, Any] = {"attribute": "country", "operator": "equals", "value": "DE"}
PAGE = Layer("page", "Page", "", "layersalt", 1, NOW, NOW)
SHARED = Shared({"germans": GERMANS, "french": {"not": GERMANS}}, {"page": PAGE})


def test_an_audience_is_replaced_and_never_merged() -> None:
    before = edit(begun(), audience={"all": [GERMANS]})
    after = edit(before, audience={"any": [GERMANS]})
    assert after.audience == {"any": [GERMANS]}
    assert edit(after, audience=None).audience is None


def test_another_audience_opens_an_epoch_and_another_way_to_write_it_does_not() -> None:
    before = edited(running(), {"audience": {"audience": "germans"}}, LATER, uuid4, SHARED)
    assert before.epoch == 2
    same = edited(before, {"audience": GERMANS}, LATER, uuid4, SHARED)
    assert (same.epoch, same.audience) == (2, GERMANS)
    assert edited(same, {"audience": {"audience": "french"}}, LATER, uuid4, SHARED).epoch == 3
    learning = edited(bandit(), {"audience": GERMANS}, LATER, uuid4, SHARED)
    assert learning.epoch == 1  # its policies have versions


def test_what_is_wrong_with_an_audience_is_told_with_its_place() -> None:
    for audience, pointer in (
        ({"all": [GERMANS, {"attribute": "x", "operator": "like", "value": 1}]}, "/audience/all/1/operator"),
        ({"all": []}, "/audience/all"),
        ({"not": {"audience": "nobody"}}, "/audience/not/audience"),
        ({"audience": 7}, "/audience/audience"),
        ([], "/audience"),
        ("germans", "/audience"),
    ):
        for experiment in (begun(), running()):
            assert pointer in refused(experiment, audience=audience), audience


def test_forced_units_are_merged_and_name_variants() -> None:
    before = edit(begun(), forced={"ann": "a", "bob": "b"})
    assert edit(before, forced={"ann": None, "cyd": "c"}).forced == {"bob": "b", "cyd": "c"}
    assert set(refused(before, forced={"ann": "x", "": "a", "n\x00": "a", "e": 1})) == {
        "/forced/ann", "/forced", "/forced/n\x00", "/forced/e",
    }  # fmt: skip
    assert set(refused(before, forced={f"u{k}": "a" for k in range(999)})) == {"/forced"}


def test_a_layer_is_taken_by_a_draft_and_only_grows_afterwards() -> None:
    half = edited(begun(), {"layer": {"key": "page", "share": 0.5}}, LATER, uuid4, SHARED)
    assert half.layer == Allocation("page", 0, 500_000)
    assert edited(half, {"layer": None}, LATER, uuid4, SHARED).layer is None
    started = half.moved(Status.RUNNING, LATER)
    more = edited(started, {"layer": {"share": 0.6}}, LATER, uuid4, SHARED)
    assert more.layer == Allocation("page", 0, 600_000)
    assert more.epoch == started.epoch
    for experiment, changes, pointer in (
        (started, {"share": 0.4}, "/layer/share"),
        (started, {"key": "other"}, "/layer"),
        (started, None, "/layer"),
        (running(), {"key": "page", "share": 0.1}, "/layer"),
        (begun(), {"key": "nowhere", "share": 0.1}, "/layer/key"),
        (begun(), {"key": "page"}, "/layer/share"),
        (begun(), {"key": "page", "share": 0}, "/layer/share"),
        (begun(), {"key": "page", "share": 1.5}, "/layer/share"),
    ):
        with pytest.raises(Invalid) as caught:
            edited(experiment, {"layer": changes}, LATER, uuid4, SHARED)
        assert pointer in [fault.pointer for fault in caught.value.faults], changes


def test_a_bandit_that_runs_gains_a_variant_which_comes_last_and_moves_nobody() -> None:
    before = bandit()
    after = edit(before, variants=[{"key": "d", "name": "D", "config": {"model": 4}}])
    assert after.variants[:3] == before.variants
    new = after.variants[3]
    assert (new.key, new.name, new.ordinal, new.weight, new.state) == ("d", "D", 3, 0, "active")
    assert (new.is_control, new.config, new.created_at, after.epoch) == (
        False,
        {"model": 4},
        LATER,
        before.epoch,
    )
    assert after.weights == (*before.weights, 0)
    compile_entry(entry(after))
    alone = edit(after, variants=[{"key": key, "state": "paused"} for key in "abc"])
    assert alone.weights == (0, 0, 0, 1_000_000)
    compile_entry(entry(alone))


NEW = [{"key": "d", "name": "d"}]


@pytest.mark.parametrize(
    ("before", "variants", "at", "word"),
    [
        (running, NEW, "/variants/0/key", "none can be added under fixed weights"),
        (bandit, [{"key": "d", "state": "paused"}], "/variants/0/key", "needs a key and a name"),
        (bandit, [{"name": "d"}], "/variants/0/key", "to say which variant"),
        (bandit, [*NEW, *NEW], "/variants/1/key", "there twice"),
        (bandit, [{"key": "d", "name": "a"}], "/variants", "a name of its own"),
        (bandit, [{"key": "d", "name": "d", "weight": 0.2}], "/variants/0/weight", "its share is learned"),
        (
            bandit,
            [{"key": "d", "name": "d", "is_control": True}],
            "/variants/0/is_control",
            "the control stays",
        ),
        (
            bandit,
            [{"key": "d", "name": "d", "state": "retired"}],
            "/variants/0/state",
            "must be one of active",
        ),
        (bandit, [{"key": "no key", "name": "d"}], "/variants/0/key", "must match"),
        (bandit, [{"key": f"n{k}", "name": f"n{k}"} for k in range(98)], "/variants", "100 variants"),
        (bandit, [{"key": key, "state": "paused"} for key in "abc"], "/variants", "one has to be active"),
        (bandit, [{"key": "a", "state": "retired"}], "/variants/0/state", "the control is what"),
    ],
)
def test_variants_that_cannot_come_or_go_are_refused_with_the_reason(
    before: Callable[..., Experiment], variants: list[dict[str, Any]], at: str, word: str
) -> None:
    assert word in refused(before(), variants=variants)[at]


def test_the_floors_of_all_that_are_active_leave_room_for_one_another() -> None:
    before = running(type="ucb", variants=[{"name": letter} for letter in "abc"], parameters={"floor": 0.3})
    assert "leaves room for 3 active variants" in refused(before, variants=NEW)["/variants"]
    after = edit(before, variants=[*NEW, {"key": "c", "state": "retired"}])
    assert [variant.state for variant in after.variants] == ["active", "active", "retired", "active"]


@pytest.mark.parametrize("start", [bandit, running])
def test_what_is_retired_stays_retired_and_a_clone_does_without_it(start: Callable[[], Experiment]) -> None:
    after = edit(start(), variants=[{"key": "c", "state": "retired"}])
    assert (after.weights[2], sum(after.weights)) == (0, 1_000_000)
    for state in ("active", "paused"):
        assert "for ever" in refused(after, variants=[{"key": "c", "state": state}])["/variants/0/state"]
    renamed = edit(after, variants=[{"key": "c", "name": "the old one"}])
    assert (renamed.variants[2].state, renamed.variants[2].name) == ("retired", "the old one")
    again = cloned(after, {"name": "again"}, LATER, uuid4, "salt")
    assert [variant.key for variant in again.variants] == ["a", "b"]
    assert sum(again.weights) == 1_000_000


def test_a_clone_of_a_bandit_that_gained_a_variant_begins_with_equal_shares() -> None:
    grown = edit(bandit(), variants=NEW)
    assert cloned(grown, {"name": "again"}, LATER, uuid4, "salt").weights == (250_000,) * 4


@pytest.mark.parametrize("value", [{"share": 0.1}, {"to": "control"}, None, {"share": 0}])
def test_the_holdback_can_be_changed_while_it_runs(value: Any) -> None:
    before = running(mode="earn", variants=[{"name": letter} for letter in "abc"])
    assert before.holdback is not None
    after = edit(before, holdback=value)
    assert after.epoch == before.epoch
    if not value or not value.get("share", 1):
        assert after.holdback is None
    else:
        assert after.holdback is not None
        assert after.holdback.document == {"share": 0.05, "to": "uniform"} | value


def test_a_draft_that_stops_learning_loses_its_holdback() -> None:
    weighed = [{"name": letter, "weight": 0.5} for letter in "ab"]
    before = begun(mode="earn", variants=weighed)
    assert before.holdback is not None
    assert edit(before, type="ab").holdback is None


def test_a_draft_that_learns_otherwise_keeps_its_holdback() -> None:
    before = begun(mode="earn")
    after = edit(before, type="lints", features=[{"name": "on", "type": "boolean"}])
    assert after.holdback == before.holdback is not None
