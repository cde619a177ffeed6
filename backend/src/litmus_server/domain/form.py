"""A JSON object read strictly, as a form is filled in: every fault is noted with its place, and then raised at once.

It knows JSON; it must not know what the fields mean. Null counts as absent, except where any JSON value is welcome.
"""

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from math import isfinite
from re import Pattern
from re import compile as pattern
from typing import TypeVar

from litmus.decide.instant import instant

from litmus_server.domain.errors import Fault, Invalid

T = TypeVar("T", bound=str)

_MOST_FAULTS = 100
_MOST_DEPTH = 32
_INTEGERS = range(-(2**63), 2**63)
_BROKEN = pattern(r"[\x00\ud800-\udfff]")
"""What PostgreSQL cannot store as text: NUL and lone surrogates."""
_CONTROLS = pattern(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]")


@dataclass(slots=True)
class _Findings:
    faults: list[Fault] = field(default_factory=list)
    forms: list["Form"] = field(default_factory=list)


class Form:
    """One object of the input. Its methods answer something of the right type, whatever is there; `close` raises."""

    __slots__ = ("_asked", "_fields", "_findings", "_void", "at")

    def __init__(self, value: object, at: str = "", findings: _Findings | None = None) -> None:
        """`at` is the JSON pointer of this object in the whole input."""
        self.at = at
        self._findings = findings or _Findings()
        self._findings.forms.append(self)
        self._asked: dict[str, None] = {}
        self._fields: Mapping[str, object] = value if isinstance(value, Mapping) else {}
        self._void = not isinstance(value, Mapping)
        if self._void:
            self._findings.faults.append(Fault(at, "must be an object"))

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def close(self, title: str = Invalid.title) -> None:
        """Raise Invalid with every fault found in this form and the forms within, unknown fields included."""
        faults = self._findings.faults
        for form in self._findings.forms:
            for name in form:
                if name not in form._asked:
                    form.fault(name, f"unknown field; allowed are {', '.join(form._asked) or 'none'}")
        if faults:
            first = faults[0]
            where = first.pointer.removeprefix("/") or "body"
            more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
            raise Invalid(f"{where}: {first.message}{more}", tuple(faults[:_MOST_FAULTS]), title)

    @property
    def noted(self) -> int:
        """Faults so far, in all forms of the same input."""
        return len(self._findings.faults)

    def fault(self, name: str, message: str) -> None:
        """Note what is wrong with this field; "" is the object itself. What is no object has no field to be wrong."""
        if self._void:
            return
        self._findings.faults.append(Fault(self._pointer(name) if name else self.at, message))

    def fault_at(self, name: str, below: str, message: str) -> None:
        """Note what is wrong somewhere in this field; `below` is a JSON pointer from there."""
        if not self._void:
            self._findings.faults.append(Fault(self._pointer(name) + below, message))

    def adopt(self, invalid: Invalid) -> None:
        """Note the faults that another reader found in the same input."""
        self._findings.faults.extend(invalid.faults or (Fault(self.at, str(invalid)),))

    def has(self, name: str) -> bool:
        """Whether the field is there and not null."""
        return self.value(name) is not None

    def value(self, name: str) -> object:
        """Whatever is there, unchecked; None when it is absent."""
        self._asked[name] = None
        return self._fields.get(name)

    def text(
        self,
        name: str,
        most: int,
        default: str | None = None,
        *,
        lines: bool = False,
        shape: Pattern[str] | None = None,
    ) -> str:
        """Text of at most so many characters; required without a default, and then not blank. `lines` allows several."""
        value = self.value(name)
        if value is None and default is not None:
            return default
        problem = self._wrong_text(value, most, blank=default is not None, lines=lines, shape=shape)
        if problem is None and isinstance(value, str):
            return value
        self.fault(name, problem or "must be a text")
        return default or "?"

    def number(self, name: str, low: float, high: float, default: float | None = None) -> float:
        """A finite number within [low, high]; an integer stays one. Required without a default."""
        value = self.value(name)
        if value is None and default is not None:
            return default
        if isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high:
            return value
        self.fault(name, "is required" if value is None else f"must be a number from {low:g} to {high:g}")
        return low if default is None else default

    def integer(self, name: str, low: int, high: int) -> int | None:
        """A whole number within [low, high], or None when it is absent. 5.0 is one, as in JSON Schema."""
        value = self.value(name)
        if value is None:
            return None
        if (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and low <= value <= high
            and value == int(value)
        ):
            return int(value)
        self.fault(name, f"must be a whole number from {low} to {high}")
        return None

    def flag(self, name: str, *, default: bool = False) -> bool:
        """True or false; the default when absent."""
        value = self.value(name)
        if isinstance(value, bool):
            return value
        if value is not None:
            self.fault(name, "must be true or false")
        return default

    def moment(self, name: str) -> dt.datetime | None:
        """A point in time as RFC 3339 with its offset, in UTC; None when it is absent."""
        value = self.value(name)
        if value is None:
            return None
        found = instant(value) if isinstance(value, str) and len(value) > len("2026-11-20") else None
        if found is not None:
            seconds, fraction = found
            with suppress(OverflowError):
                since = dt.timedelta(days=-1, seconds=seconds, microseconds=int(f"{fraction:0<6}"[:6]))
                return dt.datetime(1, 1, 1, tzinfo=dt.UTC) + since
        self.fault(name, "must be a time as RFC 3339 with its offset, such as 2026-11-20T12:00:00Z")
        return None

    def choice(self, name: str, options: Iterable[T], default: T) -> T:
        """One of these words."""
        options = tuple(options)
        value = self.value(name)
        if value is None:
            return default
        for option in options:
            if isinstance(value, str) and option == value:
                return option
        self.fault(name, f"must be one of {', '.join(options)}")
        return default

    def texts(self, name: str, count: int, most: int, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """A list of at most `count` different texts, one line each."""
        if not self.has(name):
            return default
        entries = self.entries(name, count)
        return tuple(dict.fromkeys(entries.text(key, most) for key in entries))

    def json(self, name: str, default: object, most: int) -> object:
        """Any JSON value that PostgreSQL can keep, of at most so many bytes as compact UTF-8 JSON."""
        if name not in self._fields:
            self._asked[name] = None
            return default
        value = self.value(name)
        problem = wrong_json(value, most)
        if problem is None:
            return value
        self.fault(name, problem)
        return default

    def rest(self) -> dict[str, object]:
        """All fields that nobody has asked for yet, unchecked: for somebody who reads them later."""
        rest = {name: value for name, value in self._fields.items() if name not in self._asked}
        self._asked |= dict.fromkeys(rest)
        return rest

    def form(self, name: str) -> "Form":
        """An object; an empty one when it is absent."""
        value = self.value(name)
        return Form({} if value is None else value, self._pointer(name), self._findings)

    def entries(self, name: str, most: int, least: int = 0) -> "Form":
        """A list as a form whose fields are "0", "1", …; an empty one when it is absent."""
        value = self.value(name)
        if value is None:
            if least:
                self.fault(name, f"is required: a list of at least {least}")
            value = []
        elif not isinstance(value, list | tuple):
            self.fault(name, "must be a list")
            value = []
        elif not least <= len(value) <= most:
            self.fault(
                name, f"must have {least} to {most} entries" if least else f"must have at most {most} entries"
            )
            value = value[:most]
        return Form({str(k): each for k, each in enumerate(value)}, self._pointer(name), self._findings)

    def _pointer(self, name: str) -> str:
        shown = name if len(name) <= 100 else f"{name[:100]}…"
        return f"{self.at}/{shown.replace('~', '~0').replace('/', '~1')}"

    @staticmethod
    def _wrong_text(
        value: object, most: int, *, blank: bool, lines: bool, shape: Pattern[str] | None
    ) -> str | None:
        if value is None:
            return "is required"
        if not isinstance(value, str):
            return "must be a text"
        if not blank and not value.strip():
            return "must not be empty"
        if len(value) > most:
            return f"must have at most {most} characters"
        if (_BROKEN if lines else _CONTROLS).search(value):
            return f"must not hold {'NUL' if lines else 'control characters'} or lone surrogates"
        if shape is not None and not shape.fullmatch(value):
            return f"must match {shape.pattern}"
        return None


def wrong_json(value: object, most: int) -> str | None:
    """What keeps a JSON value from being stored and read back as it is, or None. `most` is in bytes."""
    level: list[object] = [value]
    for _ in range(_MOST_DEPTH + 1):
        deeper: list[object] = []
        for each in level:
            problem = _wrong_scalar(each)
            if problem is not None:
                return problem
            if isinstance(each, Mapping):
                deeper.extend(each.keys())
                deeper.extend(each.values())
            elif isinstance(each, list | tuple):
                deeper.extend(each)
        if not deeper:
            size = len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
            return None if size <= most else f"must have at most {most} bytes, and has {size}"
        level = deeper
    return f"must not nest deeper than {_MOST_DEPTH}"


def same(one: object, other: object) -> bool:
    """Whether they are the same JSON: 1 and 1.0 are; 1 and true are not, though Python calls them equal."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other and isinstance(one, bool) is isinstance(other, bool)


def _wrong_scalar(value: object) -> str | None:
    if isinstance(value, str) and _BROKEN.search(value):
        return "must not hold NUL or lone surrogates"
    if isinstance(value, float) and not isfinite(value):
        return "must not hold NaN or infinity"
    if isinstance(value, int) and value not in _INTEGERS:
        return "must not hold integers beyond 64 bits: write them as text"
    return None
