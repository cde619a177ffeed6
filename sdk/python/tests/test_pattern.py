"""Regular expressions: the golden cases, Python's `re` as the judge of random ones, and the bounds."""

import random
import re
from typing import Any

import pytest
from goldens import golden, names
from litmus.decide import pattern as module
from litmus.decide.pattern import MAX_PATTERN, MAX_STATES, MAX_TEXT, OWN_STATES, InvalidPattern, Pattern

GOLDEN = [name for name in names("targeting/patterns") if name != "refused"]
EXPLODING = "no_pattern_explodes"
CHARACTERS = "abzABZ159 _-\n\t.é😀\u2028\u212a"
ATOMS = [
    "a",
    "b",
    "Z",
    "1",
    "é",
    "😀",
    "k",
    "_",
    "-",
    "\\.",
    ".",
    ".",
    "\\n",
    "\\d",
    "\\D",
    "\\w",
    "\\W",
    "\\s",
    "\\S",
]
MEMBERS = ["a", "b-z", "A-Z", "0-a", "é", "\\d", "\\W", "\\S", "\\-", "\\]", ".", "\\n", "😀", "\\t-a"]
QUANTIFIERS = ["?", "*", "+", "{0}", "{1}", "{2}", "{1,}", "{0,2}", "{2,3}"]


def judged(pattern: str, text: str) -> bool:
    """By Python, whose $ also stands before a line feed at the end."""
    python = re.sub(
        r"(\[(?:\\.|[^\]\\])*\]|\\.)|\$", lambda found: found[1] or r"\Z", pattern, flags=re.DOTALL
    )
    return re.search(python, text, re.ASCII) is not None


@pytest.mark.parametrize("name", GOLDEN)
def test_a_pattern_matches_as_the_golden_file_says(name: str) -> None:
    for case in golden(f"targeting/patterns/{name}.json")["patterns"]:
        matches = Pattern(case["pattern"])
        for texts, expected in ((case["matches"], True), (case["misses"], False)):
            for text in texts:
                assert matches(text) is expected, (case["pattern"], text)
                assert name == EXPLODING or judged(case["pattern"], text) is expected, (case["pattern"], text)


@pytest.mark.parametrize("pattern", golden("targeting/patterns/refused.json")["refused"])
def test_what_engines_read_differently_is_refused_with_the_character(pattern: str) -> None:
    with pytest.raises(InvalidPattern, match=r"^at character \d+: \S|^it has at most"):
        Pattern(pattern)


@pytest.mark.parametrize(("lessons", "known"), [(64, 1_000), (0, 1_000), (2, 5)])
def test_random_patterns_match_as_pythons_do_whatever_was_learned(
    lessons: int, known: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LESSONS", lessons)
    monkeypatch.setattr(module, "_KNOWN", known)
    dice = random.Random(20261120)
    matched = searched = 0
    for _ in range(700):
        pattern = dice.choice(["", "", "(?i)"]) + written(dice, 3)
        try:
            matches = Pattern(pattern or "()")
        except InvalidPattern as error:
            assert "at most 200 states" in str(error)  # noqa: PT017
            continue
        for _ in range(12):
            text = "".join(dice.choices(CHARACTERS, k=dice.randint(0, 7)))
            expected = judged(pattern, text)
            assert matches(text) is expected, (pattern, text)
            matched, searched = matched + expected, searched + 1
    assert searched > 8_000
    assert 0.2 < matched / searched < 0.8


def written(dice: random.Random, depth: int) -> str:
    return "|".join(
        "".join(item(dice, depth) for _ in range(dice.randint(0, 3)))
        for _ in range(dice.choice([1, 1, 2, 3]))
    )


def item(dice: random.Random, depth: int) -> str:
    match dice.choice(["atom", "atom", "atom", "class", "anchor", "group"]):
        case "anchor":
            return dice.choice("^$")
        case "class":
            made = f"[{dice.choice(['', '^'])}{''.join(dice.choices(MEMBERS, k=dice.randint(1, 3)))}]"
        case "group" if depth:
            made = f"{dice.choice(['(', '(?:'])}{written(dice, depth - 1)})"
        case _:
            made = dice.choice(ATOMS)
    return made + (dice.choice(QUANTIFIERS) if dice.random() < 0.4 else "")


def test_any_text_is_a_pattern_or_refused() -> None:
    dice = random.Random(20261120)
    understood = 0
    for _ in range(20_000):
        text = "".join(dice.choices("ab1()[]{}|?*+^$.\\,-:=!<dwi", k=dice.randint(1, 8)))
        try:
            matches = Pattern(text)
        except InvalidPattern:
            continue
        understood += 1
        assert matches("ab1-,") is judged(text, "ab1-,"), text
    assert understood > 1_000


def test_the_answer_does_not_depend_on_what_was_searched_before() -> None:
    dice = random.Random(20261120)
    used = Pattern("a.{1,6}b|[^x]{3}y$|^z")
    for _ in range(3_000):
        text = "".join(dice.choices("abxyz😀é" + chr(dice.randint(0x100, 0x2FFF)), k=dice.randint(0, 12)))
        assert used(text) is Pattern("a.{1,6}b|[^x]{3}y$|^z")(text), text


def test_what_is_beyond_a_limit_is_refused_and_what_is_at_it_is_not() -> None:
    assert Pattern("a" * (MAX_STATES - OWN_STATES)).states == MAX_STATES
    assert Pattern("(ab){3,5}").states == OWN_STATES + 12
    assert Pattern(f"[{'a' * (MAX_PATTERN - 2)}]")("a")
    assert Pattern("(" * 50 + "a" + ")" * 50)("a")
    for beyond in (
        "",
        f"[{'a' * (MAX_PATTERN - 1)}]",
        "a{181}",
        "(a{9}){20}b",
        "(){181}",
        "(" * 51 + "a" + ")" * 51,
    ):
        with pytest.raises(InvalidPattern):
            Pattern(beyond)
    assert Pattern("a$")("a" * MAX_TEXT)
    assert not Pattern("a$")("a" * (MAX_TEXT + 1))


@pytest.mark.parametrize("value", [None, 1, True, ["a"], b"a", {"a": 1}])
def test_only_a_text_matches(value: Any) -> None:
    assert not Pattern("a*")(value)


@pytest.mark.parametrize(
    "text", ["(a|b)*a(a|b){50}c", "a.{1,80}c", "(a?){50}a{50}c", "(((a*)*)*)*c", "(.*)(.*)(.*)(.*)(.*)c"]
)
def test_a_text_that_is_made_to_be_slow_is_searched_to_its_end(text: str) -> None:
    dice = random.Random(20261120)
    matches = Pattern(text)
    for _ in range(20):
        subject = "".join(dice.choices("ab", k=MAX_TEXT - 1))
        assert not matches(subject)
        assert matches(subject[:-101] + "a" * 101 + "c")
