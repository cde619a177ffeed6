"""An explanation says what the kernel decided, and shows what each step looked at."""

from typing import Any

import pytest
from goldens import golden, names
from hypothesis import given
from hypothesis import strategies as st
from litmus.decide import BUCKETS, Finding, Step, bucket, compile_entry, decide, explain
from litmus.decide.explanation import STEPS

ENTRY: dict[str, Any] = golden("decide/units_are_compared_byte_by_byte.json")["entry"]
AUDIENCE: dict[str, Any] = {
    "any": [
        {"not": {"attribute": "country", "operator": "in", "value": ["DE", "AT"]}},
        {"all": [{"attribute": "age", "operator": "greater", "value": 17}]},
    ]
}
SHARES = st.integers(0, BUCKETS)
ENTRIES = st.fixed_dictionaries(
    {
        "status": st.sampled_from(["running", "running", "running", "draft", "paused", "completed"]),
        "archived": st.sampled_from([False, False, False, True]),
        "type": st.sampled_from(["ab", "flag"]),
        "winner": st.sampled_from([None, 1]),
        "traffic": st.one_of(st.just(BUCKETS), SHARES),
        "forced": st.sampled_from([None, {}, {"unit-1": 1}]),
        "holdout": st.one_of(st.none(), st.builds(lambda share: {"salt": "h", "share": share}, SHARES)),
        "layer": st.one_of(st.none(), st.builds(lambda stop: {"salt": "l", "from": 0, "to": stop}, SHARES)),
        "audience": st.sampled_from([None, AUDIENCE]),
        "needs_server": st.sampled_from([False, False, True]),
        "ttl_seconds": st.sampled_from([None, 60]),
    }
)
ATTRIBUTES = st.fixed_dictionaries(
    {}, optional={"country": st.sampled_from(["DE", "FR"]), "age": st.integers(16, 19)}
)


def settled(steps: tuple[Step, ...]) -> Step:
    (step,) = [step for step in steps if step.outcome == "settled"]
    return step


@given(
    ENTRIES,
    st.sampled_from(["unit-1", "unit-2", "ü", "unit-1/2", "unit-2/1"]),
    ATTRIBUTES,
    st.sampled_from([None, None, 0, 1]),
)
def test_the_step_that_settled_it_says_what_the_kernel_says(
    changes: dict[str, Any], unit: str, attributes: dict[str, Any], forced: int | None
) -> None:
    experiment = compile_entry(ENTRY | changes)
    steps = explain(experiment, unit, attributes, forced)
    decision, last = decide(experiment, unit, attributes, forced), settled(steps)
    assert (last.reason, last.variant, last.propensity, last.bucket) == (
        decision.reason,
        decision.variant,
        decision.propensity,
        decision.bucket,
    )


@given(
    ENTRIES, st.sampled_from(["unit-1", "unit-2", "ü", "unit-1/2", "unit-2/1"]), ATTRIBUTES, st.sampled_from([None, 0, 1]), st.sampled_from([None, 0, 1])
)  # fmt: skip
def test_every_step_shows_why_it_passed_or_settled(
    changes: dict[str, Any], unit: str, attributes: dict[str, Any], forced: int | None, stored: int | None
) -> None:
    experiment = compile_entry(ENTRY | changes)
    steps = explain(experiment, unit, attributes, forced, stored)
    assert tuple(step.name for step in steps) == STEPS
    place = steps.index(settled(steps))
    for number, step in enumerate(steps):
        absent = not changes.get(step.name) if step.name in {"holdout", "layer", "audience"} else None
        if absent is not None:
            assert (step.outcome == "not_set") is absent
        if step.outcome != "not_set":
            assert step.outcome == (
                "passed" if number < place else "settled" if number == place else "not_reached"
            )
        if step.outcome == "not_reached":
            assert step == Step(step.name, "not_reached")
        if step.outcome in {"passed", "settled"} and step.name in {"holdout", "layer", "traffic"}:
            assert step.bucket is not None
            assert step.start is not None
            assert step.stop is not None
            salt = {"holdout": "h", "layer": "l"}.get(step.name, ENTRY["salt"])
            asked = unit if changes["ttl_seconds"] is None else unit.rpartition("/")[0]
            assert step.bucket == bucket(f"{step.name}:{salt}", asked)
            assert (step.start <= step.bucket < step.stop) is (step.outcome == "passed")
        if step.name == "audience" and step.outcome in {"passed", "settled"}:
            assert step.finding is not None
            assert step.finding.matched is (step.outcome == "passed")
    last = steps[-1]
    if last.reason == "needs_server":  # the draw is the server's, so there is no range to show
        assert (last.bucket, last.start, last.stop) == (None, None, None)
    elif last.outcome == "settled":
        assert last.bucket is not None
        assert last.start is not None
        assert last.stop is not None
        assert last.start <= last.bucket < last.stop
        assert last.stop - last.start == last.propensity


@pytest.mark.parametrize("name", names("decide"))
def test_the_golden_decisions_are_explained(name: str) -> None:
    document = golden(f"decide/{name}.json")
    experiment = compile_entry(document["entry"])
    for case in document["cases"]:
        last = settled(explain(experiment, case["unit"], case.get("attributes"), case.get("forced")))
        expect = case["expect"]
        assert (last.reason, last.variant, last.bucket) == (
            expect["reason"],
            expect["variant"],
            expect["bucket"],
        )


def test_the_tree_of_an_audience_shows_every_condition_with_the_value_that_was_looked_at() -> None:
    steps = explain(compile_entry(ENTRY | {"audience": AUDIENCE}), "unit-1", {"country": "FR", "name": "Ada"})
    (audience,) = [step for step in steps if step.name == "audience"]
    assert audience.finding == Finding(
        "any",
        True,
        parts=(
            Finding("not", True, parts=(Finding("in", False, "country", ["DE", "AT"], "FR"),)),
            Finding("all", False, parts=(Finding("greater", False, "age", 17, None),)),
        ),
    )


def test_a_stored_assignment_comes_after_forced_and_before_everything_that_draws() -> None:
    closed = ENTRY | {"traffic": 0, "holdout": {"salt": "h", "share": BUCKETS}, "forced": {"qa": 1}}
    running, paused = compile_entry(closed), compile_entry(closed | {"status": "paused"})
    last = settled(explain(running, "unit-1", stored=1))
    assert (last.name, last.reason, last.variant) == ("stored", "stored", 1)
    assert settled(explain(running, "qa", stored=0)).name == "forced"
    assert settled(explain(running, "unit-1", forced=0, stored=1)).name == "forced"
    assert settled(explain(paused, "unit-1", stored=1)).reason == "paused"


def test_a_forced_ordinal_that_does_not_exist_is_an_error_here_too() -> None:
    with pytest.raises(ValueError, match="no variant with ordinal"):
        explain(compile_entry(ENTRY), "unit-1", forced=7)
