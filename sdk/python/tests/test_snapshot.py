"""Entries and tables: what is refused and where, and that a table never goes back."""

from collections.abc import Callable
from typing import Any

import pytest
from goldens import golden
from hypothesis import given
from hypothesis import strategies as st
from litmus.decide import DecisionTable, InvalidEntry, Policy, compile_entry, parse_policy

Edit = Callable[[dict[str, Any]], object]


def document(**changes: Any) -> dict[str, Any]:
    entry: dict[str, Any] = golden("decide/policy_of_this_revision_is_in_force.json")["entry"]
    return entry | changes


REFUSED: list[tuple[str, Edit]] = [
    ("/id", lambda d: d.pop("id")),
    ("/key", lambda d: d.update(key="")),
    ("/salt", lambda d: d.update(salt="a\ud800")),
    ("/revision", lambda d: d.update(revision="12")),
    ("/revision", lambda d: d.update(revision=True)),
    ("/status", lambda d: d.update(status="stopped")),
    ("/archived", lambda d: d.update(archived=1)),
    ("/traffic", lambda d: d.update(traffic=1_000_001)),
    ("/traffic", lambda d: d.update(traffic=0.5)),
    ("/hash", lambda d: d.update(hash="murmur3")),
    ("/hash", lambda d: d.update(hash="")),
    ("/forced", lambda d: d.update(forced={1: 1})),
    ("/layer", lambda d: d.update(layer=[])),
    ("/layer/to", lambda d: d.update(layer={"salt": "x", "from": 500_000, "to": 1})),
    ("/layer/salt", lambda d: d.update(layer={"from": 0, "to": 1})),
    ("/holdout", lambda d: d.update(holdout=0.05)),
    ("/holdout/salt", lambda d: d.update(holdout={"share": 1})),
    ("/holdout/share", lambda d: d.update(holdout={"salt": "x", "share": 1_000_001})),
    ("/forced", lambda d: d.update(forced=["user-1"])),
    ("/forced", lambda d: d.update(forced={"": 1})),
    ("/forced", lambda d: d.update(forced={"a\ud800": 1})),
    ("/forced/a~1b~0", lambda d: d.update(forced={"a/b~": 2})),
    ("/forced/user-1", lambda d: d.update(forced={"user-1": "treatment"})),
    ("/audience/audience", lambda d: d.update(audience={"audience": "a_name_is_not_published"})),
    (
        "/audience/all/0/operator",
        lambda d: d.update(audience={"all": [{"attribute": "x", "operator": "like"}]}),
    ),
    ("/variants", lambda d: d.update(variants=[])),
    ("/variants/1", lambda d: d["variants"].__setitem__(1, "b")),
    ("/variants/1/ordinal", lambda d: d["variants"][1].update(ordinal=0)),
    ("/variants/1/ordinal", lambda d: d["variants"][1].update(ordinal=True)),
    ("/variants/0/state", lambda d: d["variants"][0].update(state="gone")),
    ("/weights", lambda d: d.update(weights=[1_000_000])),
    ("/weights", lambda d: d.update(weights=[1_000_001, -1])),
    ("/weights", lambda d: d.update(weights=[500_000, 499_999])),
    ("/weights", lambda d: d.update(weights=[0.5, 0.5])),
    ("/weights/1", lambda d: d["variants"][1].update(state="retired")),
    ("/winner", lambda d: d.update(winner=2)),
    ("/policy/propensities", lambda d: d["policy"].update(propensities=[1_000_000])),
    ("/policy/version", lambda d: d["policy"].update(version=0)),
]


@pytest.mark.parametrize(("pointer", "edit"), REFUSED)
def test_a_document_that_is_no_entry_is_refused_with_the_place(pointer: str, edit: Edit) -> None:
    broken = document()
    edit(broken)
    with pytest.raises(InvalidEntry) as caught:
        compile_entry(broken)
    assert caught.value.pointer == pointer


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)),
    max_leaves=8,
)


@given(st.sampled_from(sorted({*document(), "holdout", "forced"})), JSON)
def test_any_document_is_compiled_or_refused_with_a_place_in_it(field: str, value: Any) -> None:
    broken = document(**{field: value})
    pointer = ""
    try:
        compile_entry(broken)
    except InvalidEntry as error:
        pointer = error.pointer
    assert pointer == "" or pointer.split("/")[1] in broken


def test_unknown_keys_are_ignored_so_that_old_readers_serve_new_documents() -> None:
    assert compile_entry(document(tomorrow={"new": 1})) == compile_entry(document())


def test_a_table_finds_an_entry_by_id_and_by_key() -> None:
    entry = compile_entry(document())
    table = DecisionTable([entry])
    assert table.get(entry.id) is entry
    assert table.get(entry.key) is entry
    assert table.get("unknown") is None
    assert list(table) == [entry]
    assert len(table) == 1


def test_a_key_that_changed_is_no_longer_found() -> None:
    table = DecisionTable([compile_entry(document())])
    renamed = table.with_entry(compile_entry(document(key="renamed", revision=13)))
    assert renamed.get("golden") is None
    assert renamed.get("renamed") is not None
    assert len(renamed) == 1


def test_an_older_entry_does_not_replace_a_newer_one() -> None:
    table = DecisionTable([compile_entry(document(revision=13))])
    assert table.with_entry(compile_entry(document(revision=12))) is table


def test_an_entry_keeps_the_newer_policy_of_its_revision() -> None:
    newer = DecisionTable([compile_entry(document())]).with_policy(
        document()["id"], Policy(9, 12, (1, 999_999))
    )
    again = newer.with_entry(compile_entry(document(status="paused"))).get("golden")
    assert again is not None
    assert (again.status, again.policy_version, again.propensities) == ("paused", 9, (1, 999_999))


def test_a_policy_swaps_one_entry_and_leaves_the_old_table_as_it_was() -> None:
    old = DecisionTable([compile_entry(document()), compile_entry(document(id="other", key="other"))])
    new = old.with_policy(
        document()["id"], parse_policy({"version": 8, "revision": 12, "propensities": [0, 10**6]})
    )
    before, after = old.get("golden"), new.get("golden")
    assert before is not None
    assert after is not None
    assert (before.policy_version, after.policy_version) == (7, 8)
    assert after.thresholds == (0, 1_000_000)
    assert new.get("other") is old.get("other")


@pytest.mark.parametrize(
    "policy", [Policy(7, 12, (0, 10**6)), Policy(6, 12, (0, 10**6)), Policy(9, 13, (0, 10**6))]
)
def test_a_policy_that_is_not_newer_or_of_another_revision_changes_nothing(policy: Policy) -> None:
    table = DecisionTable([compile_entry(document())])
    assert table.with_policy(document()["id"], policy) is table


def test_a_policy_of_an_unknown_experiment_changes_nothing() -> None:
    table = DecisionTable([compile_entry(document())])
    assert table.with_policy("unknown", Policy(9, 12, (0, 10**6))) is table


def test_a_policy_that_does_not_fit_the_variants_is_refused() -> None:
    table = DecisionTable([compile_entry(document())])
    with pytest.raises(InvalidEntry, match="2 shares"):
        table.with_policy(document()["id"], Policy(9, 12, (0, 0, 10**6)))
