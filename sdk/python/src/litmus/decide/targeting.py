"""Who is eligible: a condition document becomes a predicate over attributes.

It knows JSON values and nothing else. To add an operator, add one line to `OPERATORS`.

A condition is one of

    {"all": [condition, …]}    {"any": [condition, …]}    {"not": condition}
    {"attribute": "country", "operator": "in", "value": ["DE", "CA"]}

An operator looks only at an attribute that is there: missing or null never matches, not even `not_equals`;
put a `not` around `equals` to say "differs or is missing". Text, number and boolean are three kinds, and
nothing is coerced from one to another. Text is ordered by code point.
"""

import operator
from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, Literal, TypeAlias

Predicate: TypeAlias = Callable[[Mapping[str, object]], bool]
Test: TypeAlias = Callable[[object], bool]
Kind: TypeAlias = Literal["text", "number", "boolean"]

MAX_DEPTH = 20


class InvalidCondition(ValueError):
    """The condition cannot be evaluated as written; `pointer` (RFC 6901) says where."""

    def __init__(self, pointer: str, message: str) -> None:
        """`pointer` is relative to the condition document; "" is its root."""
        super().__init__(f"{message} (at {pointer or 'the root'})")
        self.pointer = pointer
        self.message = message


def compile_condition(document: object) -> Predicate:
    """The predicate that a condition document describes. Raises InvalidCondition; the predicate never raises."""
    return _compile(document, "", 0)


def kind(value: object) -> Kind | None:
    """Which of the three comparable kinds a JSON value is; None for null, lists and objects."""
    if isinstance(value, str):
        return "text"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return None


def _compile(document: object, at: str, depth: int) -> Predicate:
    if not isinstance(document, Mapping):
        raise InvalidCondition(at, "a condition is an object")
    if depth > MAX_DEPTH:
        raise InvalidCondition(at, f"conditions nest at most {MAX_DEPTH} deep")
    match sorted(document):
        case ["all"]:
            return _every(_parts(document["all"], f"{at}/all", depth))
        case ["any"]:
            return _some(_parts(document["any"], f"{at}/any", depth))
        case ["not"]:
            return _no(_compile(document["not"], f"{at}/not", depth + 1))
        case ["attribute", "operator", *_]:
            return _rule(document, at)
        case _:
            raise InvalidCondition(
                at, "a condition is one of all, any, not, or an attribute with an operator"
            )


def _parts(documents: object, at: str, depth: int) -> tuple[Predicate, ...]:
    if not isinstance(documents, list) or not documents:
        raise InvalidCondition(at, "a list of at least one condition is needed")
    return tuple(_compile(document, f"{at}/{index}", depth + 1) for index, document in enumerate(documents))


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


def _rule(document: Mapping[str, object], at: str) -> Predicate:
    name, word = document["attribute"], document["operator"]
    if not isinstance(name, str) or not name:
        raise InvalidCondition(f"{at}/attribute", "the name of an attribute is needed")
    if not isinstance(word, str) or word not in OPERATORS:
        raise InvalidCondition(f"{at}/operator", f"unknown operator {word!r}; one of {', '.join(OPERATORS)}")
    for key in document:
        if key not in {"attribute", "operator", "value"}:
            raise InvalidCondition(f"{at}/{_escaped(key)}", "unknown key")
    try:
        test = OPERATORS[word](document.get("value"))
    except _WrongValueError as wrong:
        raise InvalidCondition(f"{at}/value", f"{word} needs {wrong}") from None

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
    if not isinstance(want, list) or not want:
        raise _WrongValueError("a list of at least one text, number or boolean")
    wanted = frozenset(_scalar(value) for value in want)

    def among(have: object) -> bool:
        of = kind(have)
        return of is not None and (of, have) in wanted

    return among


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[object], Test]:
    def build(want: object) -> Test:
        of, _ = _scalar(want)
        if of == "boolean":
            raise _WrongValueError("a number or a text")
        return lambda have: kind(have) == of and compare(have, want)

    return build


def _negated(build: Callable[[object], Test]) -> Callable[[object], Test]:
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
    return of, value


def _escaped(key: object) -> str:
    return str(key).replace("~", "~0").replace("/", "~1")


OPERATORS: dict[str, Callable[[object], Test]] = {
    "equals": _equal,
    "not_equals": _negated(_equal),
    "in": _among,
    "not_in": _negated(_among),
    "greater": _ordered(operator.gt),
    "greater_or_equal": _ordered(operator.ge),
    "less": _ordered(operator.lt),
    "less_or_equal": _ordered(operator.le),
    "present": _present,
}
