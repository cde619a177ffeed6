"""Random conditions and attributes against an evaluator that shares nothing with ours: it reads the document
as it stands, with Python's `datetime` and `re`, and semver.org's own regular expression and rules.
"""

import random
import re
from collections import Counter
from datetime import UTC, datetime
from itertools import zip_longest
from typing import Any

from litmus.decide import compile_condition, find

PAIRS = 10_000
TEXTS = ["DE", "CA", "de", "1", "", "Ünder", "😀", "DECA", "a\nDE", "true"]
NUMBERS = [0, 1, 2, -1, 1.0, 1.5, 10**20, -0.0]
VERSIONS = [
    "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1",
    "1.0.0", "1.0.0+a", "1.0.1", "1.10.0", "1.9.0", "10.0.0", "2.0.0--", "2.0.0-0", "2.0.0-A", "2.0.0-a",
]  # fmt: skip
NO_VERSIONS = ["1.0", "v1.0.0", "1.0.0-01", "1.0.0+", "01.0.0", "1.0.0 "]
MOMENTS = [
    "2026-11-20", "2026-11-19", "2026-11-20T00:00:00Z", "2026-11-20T01:00:00+01:00", "2026-11-19T23:30:00-00:30",
    "2026-11-20T00:00:00.5Z", "2026-11-20T00:00:00.50z", "2026-11-20t00:00:00.499999Z", "2024-02-29T12:00:00Z", "2024-03-01",
]  # fmt: skip
NO_MOMENTS = [
    "2026-02-29",
    "2026-11-20T00:00:00",
    "20261120",
    "2026-11-20 00:00:00Z",
    "2026-11-20T24:00:00Z",
    "now",
]
PATTERNS = [
    "^DE$",
    "(?i)^de",
    "[0-9]+",
    "DE|CA",
    "^(D|C).$",
    "\\d\\.\\d+\\.0(-[a-z]+)?$",
    "^$",
    "[^a-z]{2}",
    "T.*Z$",
]
SCALARS = [*TEXTS, *NUMBERS, True, False]
HAVE: dict[str, list[Any]] = {
    "country": SCALARS,
    "version": [*VERSIONS, *NO_VERSIONS],
    "when/at": [*MOMENTS, *NO_MOMENTS],
    "x": [*SCALARS, *VERSIONS, *NO_VERSIONS, *MOMENTS, *NO_MOMENTS, None, ["DE"], {"a": 1}],
}

SEMVER = re.compile(  # as semver.org prints it
    r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)"
    r"(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?$"
)


def test_ten_thousand_random_pairs_match_as_an_independent_evaluator_says() -> None:
    dice = random.Random(20261120)
    shown: Counter[tuple[str, bool]] = Counter()
    for _ in range(PAIRS):
        condition = drawn(dice, 3)
        attributes = {name: dice.choice(values) for name, values in HAVE.items() if dice.random() < 0.8}
        if dice.random() < 0.1:  # the bound itself, which is rarely met by chance
            attributes[condition.get("attribute", "x")] = condition.get("value")
        expected = judged(condition, attributes)
        compiled = compile_condition(condition)
        assert compiled.matches(attributes) is expected, (condition, attributes)
        assert find(compiled, attributes).matched is expected, (condition, attributes)
        shown[condition.get("operator", "combined"), expected] += 1
    assert {word for word, _ in shown} == {*WANTED, "combined"}
    assert all(shown[word, answer] >= 10 for word in WANTED for answer in (True, False)), shown


def drawn(dice: random.Random, depth: int) -> dict[str, Any]:
    word = dice.choice(["all", "any", "not", "rule", "rule", "rule"]) if depth else "rule"
    if word == "not":
        return {"not": drawn(dice, depth - 1)}
    if word != "rule":
        return {word: [drawn(dice, depth - 1) for _ in range(dice.randint(1, 3))]}
    operator = dice.choice(list(WANTED))
    fitting = "version" if operator.startswith("semver") else "when/at" if operator in DATES else "country"
    rule = {"operator": operator, "attribute": dice.choice([fitting, *HAVE]), "value": WANTED[operator](dice)}
    if operator == "present":
        del rule["value"]
    return rule


def one(*lists: list[Any]) -> Any:
    return lambda dice: dice.choice([each for values in lists for each in values])


DATES = {
    "before": "less",
    "on_or_before": "less_or_equal",
    "after": "greater",
    "on_or_after": "greater_or_equal",
}
WANTED: dict[str, Any] = {
    **dict.fromkeys(["equals", "not_equals"], one(SCALARS)),
    **dict.fromkeys(["in", "not_in"], lambda dice: dice.choices([*SCALARS, *VERSIONS], k=dice.randint(1, 8))),
    **dict.fromkeys(["greater", "greater_or_equal", "less", "less_or_equal"], one(TEXTS, NUMBERS, VERSIONS)),
    "present": one([None]),
    "starts_with": one(["D", "1", "2026", "Ü"]),
    "ends_with": one(["E", "0", "A", "Z"]),
    "contains": one(["E", ".0", "-", "11"]),
    "matches": one(PATTERNS),
    **dict.fromkeys(
        ["semver_equals", "semver_greater", "semver_greater_or_equal", "semver_less", "semver_less_or_equal"],
        one(VERSIONS),
    ),
    **dict.fromkeys(DATES, one(MOMENTS)),
}


def judged(condition: dict[str, Any], attributes: dict[str, Any]) -> bool:
    if "all" in condition:
        return all(judged(part, attributes) for part in condition["all"])
    if "any" in condition:
        return any(judged(part, attributes) for part in condition["any"])
    if "not" in condition:
        return not judged(condition["not"], attributes)
    have, want, word = attributes.get(condition["attribute"]), condition.get("value"), condition["operator"]
    if have is None:
        return False
    if word == "present":
        return True
    if word in {"equals", "in"}:
        return any(same(have, each) for each in (want if isinstance(want, list) else [want]))
    if word in {"not_equals", "not_in"}:
        return not any(same(have, each) for each in (want if isinstance(want, list) else [want]))
    if word in {"greater", "greater_or_equal", "less", "less_or_equal"}:
        comparable = same_kind(have, want) and not isinstance(have, (bool, list, dict))
        return comparable and holds(word, (have > want) - (have < want))
    if not isinstance(have, str) or not isinstance(want, str):
        return False
    if word.startswith("semver"):
        one, other = SEMVER.search(have), SEMVER.search(want)
        return bool(one and other) and holds(word.removeprefix("semver_"), compared(one, other))
    if word in DATES:
        moment, bound = read(have), read(want)
        if moment is None or bound is None:
            return False
        known = {
            "before": "less",
            "on_or_before": "less_or_equal",
            "after": "greater",
            "on_or_after": "greater_or_equal",
        }
        return holds(known[word], (moment > bound) - (moment < bound))
    if word == "matches":
        return re.search(want.replace("$", r"\Z"), have, re.ASCII) is not None
    return {
        "starts_with": have[: len(want)] == want,
        "ends_with": have[len(have) - len(want) :] == want,
        "contains": have.find(want) >= 0,
    }[word]


def same_kind(have: object, want: object) -> bool:
    return isinstance(have, str) == isinstance(want, str) and isinstance(have, bool) == isinstance(want, bool)


def same(have: object, want: object) -> bool:
    return not isinstance(have, (list, dict)) and same_kind(have, want) and have == want


def holds(word: str, sign: int) -> bool:
    return {
        "equals": sign == 0,
        "greater": sign > 0,
        "greater_or_equal": sign >= 0,
        "less": sign < 0,
        "less_or_equal": sign <= 0,
    }[word]


def compared(one: Any, other: Any) -> int:
    """The rules of semver.org, section 11, one after the other."""
    for place in (1, 2, 3):
        if int(one[place]) != int(other[place]):
            return 1 if int(one[place]) > int(other[place]) else -1
    if not one[4] or not other[4]:
        return bool(other[4]) - bool(one[4])
    for mine, theirs in zip_longest(one[4].split("."), other[4].split(".")):
        if mine == theirs:
            continue
        if mine is None or theirs is None:
            return -1 if mine is None else 1
        if mine.isdigit() and theirs.isdigit():
            return 1 if int(mine) > int(theirs) else -1
        if mine.isdigit() or theirs.isdigit():
            return -1 if mine.isdigit() else 1
        return 1 if mine > theirs else -1
    return 0


def read(text: str) -> datetime | None:
    """By the standard library, which reads more than RFC 3339: what only it reads is named."""
    if re.search(r" |T24|^\d{8}$", text):
        return None
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError:
        return None
    if len(text) == len("2026-11-20"):
        return moment.replace(tzinfo=UTC)
    return moment if moment.tzinfo is not None else None
