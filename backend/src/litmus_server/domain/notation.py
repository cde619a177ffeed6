"""JSON and YAML texts as the same values: those that JSON has.

Of YAML it takes what is JSON with less punctuation: the core schema of YAML 1.2 (section 10.3), in which `no` and dates are
texts; no anchors, aliases or tags, so that a text is never larger than it looks and says nothing but data. It must not know
what the values mean.
"""

import json
from collections.abc import Iterable, Iterator
from functools import partial
from math import isfinite
from re import compile as pattern
from typing import Any, NoReturn

import yaml
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    ScalarEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

from litmus_server.domain.errors import Fault, Invalid

MOST_DEPTH = 64
"""Lists and objects within one another, of either notation."""
MOST_YAML = 128 << 10
"""Bytes of YAML that a server reads: it takes a hundred times as long as JSON."""

_TITLE = "Malformed document"
_MOST_DIGITS = 400
_NULLS = {"", "~", "null", "Null", "NULL"}
_FLAGS = {
    name: name.lower() == "true" for word in ("true", "false") for name in (word, word.title(), word.upper())
}
_INTEGER = pattern(r"[-+]?[0-9]+")
_OTHER_BASE = pattern(r"0o[0-7]+|0x[0-9a-fA-F]+")
_NUMBER = pattern(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NO_NUMBER = pattern(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_SURROGATE = pattern(r"[\ud800-\udfff]")
_LEADING_ZERO = pattern(r"[-+]?0[0-9]+")


def read_json(text: str) -> Any:
    """The value of one JSON text. Raises Invalid, also for a key that is there twice, NaN and what nests too deep."""
    try:
        value = json.loads(
            text, object_pairs_hook=_unique, parse_constant=_no_number, parse_float=_finite, parse_int=_whole
        )
    except RecursionError:
        raise _invalid("", f"must not nest deeper than {MOST_DEPTH}") from None
    except json.JSONDecodeError as error:
        raise _invalid("", f"line {error.lineno}, column {error.colno}: {error.msg}") from None
    level: list[object] = [value]
    for _ in range(MOST_DEPTH + 1):
        if any(isinstance(each, str) and _SURROGATE.search(each) for each in level):
            raise _invalid("", "lone surrogates are not taken: they are no characters")
        level = [each for parent in level for each in _within(parent)]
        if not level:
            return value
    raise _invalid("", f"must not nest deeper than {MOST_DEPTH}")


def read_yaml(text: str, most: int = MOST_YAML) -> list[Any]:
    """The values of the documents of a YAML stream of `most` bytes; empty documents do not count. Raises Invalid, with the line."""
    size = len(text.encode(errors="replace"))
    if size > most:
        raise _invalid("", f"YAML may have {most:,} bytes, and this has {size:,}: split it, or write JSON")
    documents: list[Any] = []
    try:
        events = _events(text)
        for event in events:
            if isinstance(event, DocumentStartEvent):
                if event.tags or event.version not in {None, (1, 2)}:
                    _refuse(event, "", "directives are not taken, but for %YAML 1.2")
                first = next(events)
                if not (isinstance(first, ScalarEvent) and first.style is None and first.value == ""):
                    documents.append(_value(events, first, "", 0))
            elif not isinstance(event, StreamStartEvent | StreamEndEvent | DocumentEndEvent):
                _refuse(event, "", "a document has one value")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise _invalid("", f"{where}{error.problem or error}") from None
    except (yaml.YAMLError, ValueError) as error:  # a ValueError: an escape beyond Unicode
        raise _invalid("", " ".join(str(error).split())) from None
    return documents


def write_yaml(documents: Iterable[Any]) -> str:
    """These JSON values as a YAML stream, which `read_yaml`, and any reader of YAML 1.1 or 1.2, reads as they are."""
    return yaml.dump_all(
        documents, Dumper=_Dumper, sort_keys=False, allow_unicode=True, explicit_start=True, width=110
    )


class _Stream(Reader, Scanner, Parser):
    """Events only: nothing is resolved, composed or constructed."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)


def _events(text: str) -> Iterator[Event]:
    stream = _Stream(text)
    while stream.check_event():
        yield stream.get_event()  # type: ignore[no-untyped-call]


def _value(events: Iterator[Event], event: Event, at: str, depth: int) -> Any:
    if isinstance(event, AliasEvent) or getattr(event, "anchor", None) is not None:
        _refuse(event, at, "anchors and aliases are not taken: write it out")
    if getattr(event, "tag", None) is not None:
        _refuse(event, at, "tags are not taken: a value is what it looks like")
    if depth > MOST_DEPTH:
        _refuse(event, at, f"must not nest deeper than {MOST_DEPTH}")
    match event:
        case ScalarEvent():
            return _scalar(event, at)
        case SequenceStartEvent():
            members: list[Any] = []
            while not isinstance(event := next(events), CollectionEndEvent):
                members.append(_value(events, event, f"{at}/{len(members)}", depth + 1))
            return members
        case MappingStartEvent():
            return _mapping(events, at, depth)
        case _:
            return _refuse(event, at, "must be a value")


def _mapping(events: Iterator[Event], at: str, depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    while not isinstance(event := next(events), CollectionEndEvent):
        if not isinstance(event, ScalarEvent | AliasEvent):
            _refuse(event, at, "a key must be a text")
        key = _value(events, event, at, depth)
        if not isinstance(key, str):
            _refuse(
                event, at, f"a key must be a text: put quotes around {getattr(event, 'value', '') or 'it'}"
            )
        if key in found:
            _refuse(event, _below(at, key), "is there twice")
        found[key] = _value(events, next(events), _below(at, key), depth + 1)
    return found


def _scalar(event: ScalarEvent, at: str) -> Any:
    """As the core schema resolves it; quoted or in a block, it is text."""
    text: str = event.value
    if _SURROGATE.search(text):
        _refuse(event, at, "lone surrogates are not taken: they are no characters")
    if event.style is not None:
        return text
    if text in _NULLS:
        return None
    if text in _FLAGS:
        return _FLAGS[text]
    refuse = partial(_refuse, event, at)
    if _NO_NUMBER.fullmatch(text):
        refuse("must not be infinity or no number: JSON has neither")
    if not (_NUMBER.fullmatch(text) or _OTHER_BASE.fullmatch(text)):
        return text
    if len(text) > _MOST_DIGITS:
        refuse(f"must not have more than {_MOST_DIGITS} digits")
    if _LEADING_ZERO.fullmatch(text):
        refuse(
            f"{text} is one number in YAML 1.1 and another in 1.2: put quotes around it, or leave the zero away"
        )
    if _INTEGER.fullmatch(text):
        return int(text)
    if _OTHER_BASE.fullmatch(text):
        return int(text, 0)
    number = float(text)
    return number if isfinite(number) else refuse("is beyond the numbers that can be computed with")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _invalid(_below("", key), f"{_shown(key)} is there twice in one object")
        found[key] = value
    return found


def _no_number(word: str) -> NoReturn:
    raise _invalid("", f"{word} is not JSON")


def _finite(text: str) -> float:
    number = float(text) if len(text) <= _MOST_DIGITS else float("inf")
    if not isfinite(number):
        raise _invalid("", f"{text[:20]}… is beyond the numbers that can be computed with")
    return number


def _whole(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise _invalid("", f"{text[:20]}… has more than {_MOST_DIGITS} digits")
    return int(text)


def _within(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return (*value.keys(), *value.values())
    return value if isinstance(value, list) else ()


def _below(at: str, key: str) -> str:
    return f"{at}/{_shown(key).replace('~', '~0').replace('/', '~1')}"


def _shown(key: str) -> str:
    return key if len(key) <= 100 else f"{key[:100]}…"


def _refuse(event: Event, at: str, message: str) -> NoReturn:
    mark = event.start_mark
    raise _invalid(at, f"line {mark.line + 1}, column {mark.column + 1}: {message}" if mark else message)


def _invalid(at: str, message: str) -> Invalid:
    where = at.removeprefix("/")
    return Invalid(f"{where}: {message}" if where else message, (Fault(at, message),), _TITLE)


class _Dumper(yaml.SafeDumper):
    """Block style, texts of several lines as blocks, and never an alias."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    """A text of several lines as a block, where nothing in it needs quotes; what cannot be seen is escaped."""
    lines = text.split("\n")
    style = None
    if not all(line.isprintable() for line in lines):
        style = '"'
    elif len(lines) > 1:
        style = "|" if all(line == line.strip() for line in lines) else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
# PyYAML puts quotes around what YAML 1.1 would take for something else; these are the others of 1.2.
_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:float", pattern(f"(?:{_NUMBER.pattern}|{_OTHER_BASE.pattern})$"), list("-+.0123456789")
)
