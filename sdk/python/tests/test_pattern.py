"""Regular expressions: the golden cases, Python's `re` as the judge of random ones, and the bounds."""

import random
import re
import time
from typing import Any

import pytest
from goldens import golden, names
from litmus.decide.pattern import MAX_PATTERN, MAX_STATES, MAX_TEXT, InvalidPattern, Pattern

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


def test_random_patterns_match_as_pythons_do() -> None:
    dice = random.Random(20261120)
    matched = searched = 0
    for _ in range(1_500):
        pattern = dice.choice(["", "", "(?i)"]) + written(dice, 3)
        matches = Pattern(pattern or "()")
        for _ in range(12):
            text = "".join(dice.choices(CHARACTERS, k=dice.randint(0, 7)))
            expected = judged(pattern, text)
            assert matches(text) is expected, (pattern, text)
            matched, searched = matched + expected, searched + 1
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
    assert Pattern("a" * MAX_PATTERN).states == MAX_STATES
    assert Pattern("(ab){3,5}").states == 12
    assert Pattern("(" * 50 + "a" + ")" * 50)("a")
    for beyond in ("", "|" * (MAX_PATTERN + 1), "(a{10}){101}", "(){1001}", "(" * 51 + "a" + ")" * 51):
        with pytest.raises(InvalidPattern):
            Pattern(beyond)
    assert Pattern("a$")("a" * MAX_TEXT)
    assert not Pattern("a$")("a" * (MAX_TEXT + 1))


@pytest.mark.parametrize("value", [None, 1, True, ["a"], b"a", {"a": 1}])
def test_only_a_text_matches(value: Any) -> None:
    assert not Pattern("a*")(value)


def test_hostile_patterns_and_texts_end() -> None:
    dice = random.Random(20261120)
    started = time.process_time()
    for text in (
        "(a|b)*a(a|b){150}",
        "a.{1,200}b",
        "(a?){150}a{150}",
        "(((a*)*)*)*b",
        "(.*)(.*)(.*)(.*)(.*)x",
    ):
        matches = Pattern(text)
        for subject in ("a" * MAX_TEXT, "".join(dice.choices("ab", k=MAX_TEXT))):
            matches(subject)
    assert time.process_time() - started < 60  # a hang, not a measurement
