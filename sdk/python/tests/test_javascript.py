"""The JavaScript kernel against the Python one: the same documents are refused at the same place, and every decision,
drawn from random snapshots, units and attributes, is the same in all its fields.
"""

import random
from collections import Counter
from collections.abc import Iterator
from math import isfinite
from typing import Any

import pytest
from goldens import golden
from hypothesis import given
from hypothesis import strategies as st
from litmus.decide import InvalidEntry, InvalidUnit, compile_entry, decide
from node import Node, node
from test_pattern import CHARACTERS, written
from test_snapshot import JSON, REFUSED, document
from test_targeting_judge import HAVE, drawn

SNAPSHOTS, UNITS = 1_000, 10


@pytest.fixture(scope="module")
def javascript() -> Iterator[Node]:
    with node() as running:
        yield running


def test_ten_thousand_random_decisions_are_the_same_in_both_languages(javascript: Node) -> None:
    dice = random.Random(20261120)
    reasons: Counter[str] = Counter()
    for number in range(SNAPSHOTS):
        name, entry = str(number), entry_of(dice)
        experiment = compile_entry(entry)
        asked, expected = [], []
        for _ in range(UNITS):
            unit = dice.choice([f"user-{dice.randrange(10**6)}", text(dice), "forced"])
            if entry["ttl_seconds"] is not None:
                unit += dice.choice(["/1", f"/{dice.randrange(10**6)}", ""])
            attributes = {name: dice.choice(values) for name, values in HAVE.items() if dice.random() < 0.8}
            forced = dice.choice([None] * 9 + [0])
            asked.append([name, unit, attributes or None, forced])
            decision = decide(experiment, unit, attributes, forced)
            reasons[decision.reason] += 1
            made = decision._asdict()
            in_experiment = made.pop("in_experiment")
            assert in_experiment is (decision.reason == "assigned")
            expected.append(list(made.values()))
        answer = javascript.ask(forget=True, entries={name: entry}, decisions=asked)
        assert answer["entries"] == {name: None}, entry
        assert answer["decisions"] == expected, entry
    assert sum(reasons.values()) == SNAPSHOTS * UNITS
    assert len(reasons) == 12, reasons
    assert min(reasons.values()) >= 20, reasons


@given(st.text())
def test_any_text_is_a_unit_in_both_or_in_neither(javascript: Node, unit: str) -> None:
    entry = document(traffic=500_000)
    answer = javascript.ask(entries={"any": entry}, decisions=[["any", unit, None, None]])
    try:
        decision = decide(compile_entry(entry), unit)
    except InvalidUnit:
        assert answer["decisions"] == [{"error": "InvalidUnit"}]
    else:
        assert answer["decisions"][0][:4] == [
            decision.variant,
            decision.propensity,
            decision.reason,
            decision.bucket,
        ]


def test_a_document_that_is_no_entry_is_refused_at_the_same_place(javascript: Node) -> None:
    for pointer, edit in REFUSED:
        broken = document()
        edit(broken)
        if broken.get("forced") == {1: 1}:  # JSON knows no such key
            continue
        answer = javascript.ask(entries={"broken": broken})
        assert answer["entries"]["broken"] == {"error": "InvalidEntry", "pointer": pointer}


@given(st.sampled_from(sorted({*document(), "holdout", "forced", "needs_server", "ttl_seconds"})), JSON)
def test_any_document_is_compiled_by_both_or_refused_by_both(
    javascript: Node, field: str, value: Any
) -> None:
    broken = document(**{field: carried(value)})
    expected = None
    try:
        compile_entry(broken)
    except InvalidEntry as error:
        expected = {"error": "InvalidEntry", "pointer": error.pointer}
    assert javascript.ask(entries={"any": broken})["entries"]["any"] == expected


def carried(value: Any) -> Any:
    """What JSON carries to a language with one type of numbers: 1.0 is 1 there, and a revision stays below 2^53."""
    match value:
        case float() if not isfinite(value):
            return None
        case float() if value.is_integer():
            return carried(int(value))
        case int() if abs(value) >= 2**53:
            return 2**53 - 1
        case list():
            return [carried(each) for each in value]
        case dict():
            return {name: carried(each) for name, each in value.items()}
    return value


def test_random_patterns_match_in_both_or_in_neither(javascript: Node) -> None:
    dice = random.Random(20261120)
    for _ in range(300):
        audience = {
            "attribute": "x",
            "operator": "matches",
            "value": (dice.choice(["", "", "(?i)"]) + written(dice, 3)) or "()",
        }
        texts = ["".join(dice.choices(CHARACTERS, k=dice.randint(0, 7))) for _ in range(12)]
        entry = document(audience=audience)
        answer = javascript.ask(
            forget=True, entries={"p": entry}, decisions=[["p", "u", {"x": text}, None] for text in texts]
        )
        if answer["entries"]["p"] is not None:
            with pytest.raises(InvalidEntry, match="states"):
                compile_entry(entry)
            continue
        experiment = compile_entry(entry)
        expected = [decide(experiment, "u", {"x": text}).reason for text in texts]
        assert [made[2] for made in answer["decisions"]] == expected, (audience, texts)


def entry_of(dice: random.Random) -> dict[str, Any]:
    arms = dice.randint(1, 6)
    variants = [
        {
            "id": f"v-{k}",
            "key": dice.choice([f"v{k}", "control"]),
            "name": f"V{k}",
            "ordinal": k,
            "state": "active",
        }
        | ({"is_control": True} if dice.random() < 0.1 else {})
        for k in range(arms)
    ]
    revision = dice.randint(0, 10**6)
    policy = {
        "version": dice.randint(1, 99),
        "revision": revision + dice.choice([0, 0, 0, 1]),
        "propensities": shares(dice, arms),
    }
    start, stop = sorted(dice.choices([0, 100_000, 500_000, 900_000, 1_000_000], k=2))
    base: dict[str, Any] = golden("decide/units_are_compared_byte_by_byte.json")["entry"]
    return base | {
        "revision": revision,
        "epoch": dice.randint(0, 9),
        "status": dice.choice(["running"] * 12 + ["draft", "paused", "completed"]),
        "archived": dice.random() < 0.02,
        "type": dice.choice(["ab", "thompson_sampling", "flag"]),
        "salt": text(dice) or "s",
        "traffic": dice.choice([1_000_000, 1_000_000, dice.randint(0, 1_000_000)]),
        "forced": dice.choice([None, {"forced": dice.randrange(arms)}]),
        "holdout": dice.choice([None, {"salt": text(dice) or "h", "share": dice.randint(0, 300_000)}]),
        "layer": dice.choice([None, None, {"salt": text(dice) or "l", "from": start, "to": stop}]),
        "audience": dice.choice([None, drawn(dice, 3)]),
        "variants": variants,
        "weights": shares(dice, arms),
        "winner": dice.choice([None, dice.randrange(arms)]),
        "policy": dice.choice([None, policy]),
        "needs_server": dice.random() < 0.1,
        "ttl_seconds": dice.choice([None, None, dice.randint(1, 10**7)]),
    }


def shares(dice: random.Random, arms: int) -> list[int]:
    cuts = sorted(dice.choices([0, 1, 250_000, 999_999, dice.randint(0, 10**6)], k=arms - 1))
    return [stop - start for start, stop in zip([0, *cuts], [*cuts, 1_000_000], strict=True)]


def text(dice: random.Random) -> str:
    return "".join(dice.choices("aZ0:é本😀\u0301\u2028\n\x7f", k=dice.randint(0, 80)))
