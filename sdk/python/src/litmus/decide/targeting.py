"""Who is eligible: a condition document becomes a predicate over attributes.

It knows JSON values and nothing else. To add an operator, add one line to `OPERATORS`.

A condition is one of

    {"all": [condition, …]}    {"any": [condition, …]}    {"not": condition}
    {"attribute": "country", "operator": "in", "value": ["DE", "CA"]}
    {"audience": "key"}: the condition that is known by this name; only before it is published, see `expand`

An operator looks only at an attribute that is there: missing or null never matches, not even `not_equals`;
put a `not` around `equals` to say "differs or is missing". Text, number and boolean are three kinds, and
nothing is coerced from one to another. Text is ordered by code point. Operators of versions, dates and text
match texts only, and of these only those that are a version or a date.
"""

import json
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Literal, TypeAlias

from litmus.decide.document import escaped, has_utf8
from litmus.decide.instant import instant
from litmus.decide.pattern import MAX_STATES, InvalidPattern, Pattern
from litmus.decide.semver import precedence

Predicate: TypeAlias = Callable[[Mapping[str, object]], bool]
Test: TypeAlias = Callable[[object], bool]
Build: TypeAlias = Callable[[object], Test]
Kind: TypeAlias = Literal["text", "number", "boolean"]

MAX_DEPTH = 20
MAX_NODES = 1_000
"""Conditions within a condition, itself included, with all names replaced by what they stand for."""
MAX_LIST = 10_000
"""Values of one list."""
MAX_PLACED = 255
"""Code points of a version or a date, in a condition and in an attribute; a longer text is none."""
MAX_BITS = 4_096
"""Size of an integer."""
MAX_BYTES = 65_536
"""Size as compact JSON in UTF-8, with all names replaced by what they stand for."""


class InvalidCondition(ValueError):
    """The condition cannot be evaluated as written; `pointer` (RFC 6901) says where."""

    def __init__(self, pointer: str, message: str) -> None:
        """`pointer` is relative to the condition document; "" is its root."""
        super().__init__(f"{message} (at {pointer or 'the root'})")
        self.pointer = pointer
        self.message = message


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that can be evaluated. Two are equal when their documents are."""

    document: Mapping[str, Any]
    """As it is published: without names."""
    word: str = field(compare=False)
    """`all`, `any`, `not`, or the operator."""
    parts: tuple["Condition", ...] = field(compare=False)
    matches: Predicate = field(compare=False, repr=False)
    """It never raises."""


def compile_condition(document: object, audiences: Mapping[str, object] | None = None) -> Condition:
    """The condition that a document describes, its names looked up in `audiences` (key → condition document).

    Raises InvalidCondition, quickly also for what is far beyond the limits. What is wrong inside a named
    condition is told with the pointer of the name.
    """
    return _Compiler(audiences or {}).condition(document, "", 0)


def expand(document: object, audiences: Mapping[str, object]) -> Mapping[str, Any]:
    """The same condition with each name replaced by what it stands for. Raises InvalidCondition."""
    return compile_condition(document, audiences).document


def names(document: object) -> set[str]:
    """The names that stand in a condition document itself, not those in what they stand for. It never raises."""
    found: set[str] = set()
    stack = [document]
    while stack:
        match stack.pop():
            case {"audience": str(name)}:
                found.add(name)
            case {"all": list(parts)} | {"any": list(parts)}:
                stack += parts
            case {"not": part}:
                stack.append(part)
    return found


def kind(value: object) -> Kind | None:
    """Which of the three comparable kinds a JSON value is; None for null, lists and objects."""
    if isinstance(value, str):
        return "text"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return None


class _Compiler:
    """One walk over one document. It counts what it meets, so that no document costs more than the limits."""

    def __init__(self, audiences: Mapping[str, object]) -> None:
        self._audiences = audiences
        self._open: list[str] = []
        self._nodes = self._bytes = self._states = 0

    def condition(self, document: object, at: str, depth: int) -> Condition:
        if not isinstance(document, Mapping) or not all(isinstance(key, str) for key in document):
            raise InvalidCondition(at, "a condition is an object")
        if depth > MAX_DEPTH:
            raise InvalidCondition(at, f"conditions nest at most {MAX_DEPTH} deep")
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise InvalidCondition(at, f"at most {MAX_NODES} conditions stand in one")
        match sorted(document):
            case ["all"]:
                parts = self._parts(document["all"], f"{at}/all", depth)
                return _group("all", parts, _every)
            case ["any"]:
                parts = self._parts(document["any"], f"{at}/any", depth)
                return _group("any", parts, _some)
            case ["not"]:
                self._weigh(len('{"not":}'), at)
                part = self.condition(document["not"], f"{at}/not", depth + 1)
                return Condition({"not": part.document}, "not", (part,), _no(part.matches))
            case ["audience"]:
                return self._named(document["audience"], f"{at}/audience", depth)
            case ["attribute", "operator", *_]:
                return self._rule(document, at)
            case _:
                raise InvalidCondition(
                    at, "a condition is one of all, any, not, audience, or an attribute with an operator"
                )

    def _parts(self, documents: object, at: str, depth: int) -> tuple[Condition, ...]:
        if not isinstance(documents, list) or not documents:
            raise InvalidCondition(at, "a list of at least one condition is needed")
        self._weigh(len('{"all":[]}') + len(documents) - 1, at)
        return tuple(
            self.condition(document, f"{at}/{index}", depth + 1) for index, document in enumerate(documents)
        )

    def _named(self, name: object, at: str, depth: int) -> Condition:
        if not isinstance(name, str) or name not in self._audiences:
            raise InvalidCondition(at, f"there is no audience {_shown(name)}")
        if name in self._open:
            cycle = " → ".join([*self._open[self._open.index(name) :], name])
            raise InvalidCondition(at, f"an audience cannot stand for itself: {cycle}")
        self._open.append(name)
        self._nodes -= 1  # the name is no condition of its own
        try:
            found = self.condition(self._audiences[name], "", depth + 1)
        except InvalidCondition as error:
            where = f" at {error.pointer}" if error.pointer else ""
            raise InvalidCondition(at, f"audience {name!r}{where}: {error.message}") from None
        self._open.pop()
        return found

    def _rule(self, document: Mapping[str, Any], at: str) -> Condition:
        name, word = document["attribute"], document["operator"]
        if not isinstance(name, str) or not name or not _can_be_kept(name):
            raise InvalidCondition(f"{at}/attribute", "the name of an attribute is needed")
        if not isinstance(word, str) or word not in OPERATORS:
            raise InvalidCondition(
                f"{at}/operator", f"unknown operator {_shown(word)}; one of {', '.join(OPERATORS)}"
            )
        for key in document:
            if key not in {"attribute", "operator", "value"}:
                raise InvalidCondition(f"{at}/{escaped(key)}", "unknown key")
        try:
            test = OPERATORS[word](document.get("value"))
        except _WrongValueError as wrong:
            raise InvalidCondition(f"{at}/value", f"{word} needs {wrong}") from None
        self._weigh(len(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()), at)
        if isinstance(test, Pattern):
            self._states += test.states
            if self._states > MAX_STATES:
                raise InvalidCondition(
                    f"{at}/value", f"all regular expressions together have at most {MAX_STATES} states"
                )
        return Condition(document, word, (), _looking(name, test))

    def _weigh(self, size: int, at: str) -> None:
        self._bytes += size
        if self._bytes > MAX_BYTES:
            raise InvalidCondition(at, f"a condition has at most {MAX_BYTES} bytes as compact JSON")


def _group(
    word: str, parts: tuple[Condition, ...], join: Callable[[tuple[Predicate, ...]], Predicate]
) -> Condition:
    return Condition(
        {word: [part.document for part in parts]}, word, parts, join(tuple(part.matches for part in parts))
    )


def _every(parts: tuple[Predicate, ...]) -> Predicate:
    def every(attributes: Mapping[str, object]) -> bool:
        # the hot path: `all(…)` over a generator costs a third more
        for part in parts:  # noqa: SIM110
            if not part(attributes):
                return False
        return True

    return every


def _some(parts: tuple[Predicate, ...]) -> Predicate:
    return lambda attributes: any(part(attributes) for part in parts)


def _no(part: Predicate) -> Predicate:
    return lambda attributes: not part(attributes)


def _looking(name: str, test: Test) -> Predicate:
    def matches(attributes: Mapping[str, object]) -> bool:
        have = attributes.get(name)
        return have is not None and test(have)

    return matches


class _WrongValueError(Exception):
    """What the operator needs in the condition's `value`."""


def _equal(want: object) -> Test:
    of, _ = _scalar(want)
    return lambda have: kind(have) == of and have == want


def _among(want: object) -> Test:
    if not isinstance(want, list) or not 0 < len(want) <= MAX_LIST:
        raise _WrongValueError(f"a list of 1 to {MAX_LIST} texts, numbers or booleans")
    wanted = frozenset(_scalar(value) for value in want)

    def among(have: object) -> bool:
        of = kind(have)
        return of is not None and (of, have) in wanted

    return among


def _ordered(compare: Callable[[Any, Any], bool]) -> Build:
    def build(want: object) -> Test:
        of, _ = _scalar(want)
        if of == "boolean":
            raise _WrongValueError("a number or a text")
        return lambda have: kind(have) == of and compare(have, want)

    return build


def _versions(compare: Callable[[Any, Any], bool]) -> Build:
    return _placed(precedence, compare, "a semantic version, like 2.10.0 or 2.10.0-rc.1")


def _instants(compare: Callable[[Any, Any], bool]) -> Build:
    return _placed(
        instant, compare, "a date or a date-time with its offset, like 2026-11-20 or 2026-11-20T14:00:00Z"
    )


def _placed(
    place: Callable[[object], tuple[Any, ...] | None], compare: Callable[[Any, Any], bool], needed: str
) -> Build:
    """Compare texts by what they mean; what has no such meaning does not match."""

    def found(value: object) -> tuple[Any, ...] | None:
        return place(value) if isinstance(value, str) and len(value) <= MAX_PLACED else None

    def build(want: object) -> Test:
        bound = found(want)
        if bound is None:
            raise _WrongValueError(needed)

        def test(have: object) -> bool:
            placed = found(have)
            return placed is not None and compare(placed, bound)

        return test

    return build


def _textual(holds: Callable[[str, str], bool]) -> Build:
    def build(want: object) -> Test:
        part = _text(want)
        return lambda have: isinstance(have, str) and holds(have, part)

    return build


def _matching(want: object) -> Test:
    try:
        return Pattern(_text(want))
    except InvalidPattern as wrong:
        raise _WrongValueError(f"a regular expression that is not beyond RE2's: {wrong}") from None


def _negated(build: Build) -> Build:
    def negated(want: object) -> Test:
        test = build(want)
        return lambda have: not test(have)

    return negated


def _present(want: object) -> Test:
    if want is not None:
        raise _WrongValueError("no value")
    return lambda _: True


def _scalar(value: object) -> tuple[Kind, object]:
    of = kind(value)
    if of is None or (isinstance(value, float) and not isfinite(value)):
        raise _WrongValueError("a text, a finite number or a boolean")
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        raise _WrongValueError(f"an integer of at most {MAX_BITS} bits")
    if isinstance(value, str) and not _can_be_kept(value):
        raise _WrongValueError("a text without NUL and lone surrogates")
    return of, value


def _text(value: object) -> str:
    if not isinstance(value, str) or not value or not _can_be_kept(value):
        raise _WrongValueError("a text that is not empty, without NUL and lone surrogates")
    return value


def _shown(name: object) -> str:
    """For a message. Only a text, since Python cannot print every number, nor what is nested too deep."""
    return f"{name!r:.140}" if isinstance(name, str) else "that is no text"


def _can_be_kept(text: str) -> bool:
    """PostgreSQL's JSON, too, holds any text but these."""
    return "\x00" not in text and has_utf8(text)


OPERATORS: dict[str, Build] = {
    "equals": _equal,
    "not_equals": _negated(_equal),
    "in": _among,
    "not_in": _negated(_among),
    "greater": _ordered(operator.gt),
    "greater_or_equal": _ordered(operator.ge),
    "less": _ordered(operator.lt),
    "less_or_equal": _ordered(operator.le),
    "present": _present,
    "starts_with": _textual(str.startswith),
    "ends_with": _textual(str.endswith),
    "contains": _textual(operator.contains),
    "matches": _matching,
    "semver_equals": _versions(operator.eq),
    "semver_greater": _versions(operator.gt),
    "semver_greater_or_equal": _versions(operator.ge),
    "semver_less": _versions(operator.lt),
    "semver_less_or_equal": _versions(operator.le),
    "before": _instants(operator.lt),
    "on_or_before": _instants(operator.le),
    "after": _instants(operator.gt),
    "on_or_after": _instants(operator.ge),
}
