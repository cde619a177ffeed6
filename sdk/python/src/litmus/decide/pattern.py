r"""Regular expressions that cannot explode: whether a text holds a match, in time linear in the text.

It knows code points; it must not know what a condition is. The syntax is what RE2, ECMAScript (flag `u`) and
Python have in common, and what differs between them is settled:

    literals, and \ before one of ^ $ \ . * + ? ( ) [ ] { } | /    .  any code point but \n
    [abc] [^a-z]: `-` first, last, or escaped; `[` and `]` escaped   |  alternatives, also empty ones
    \d \w \s and \D \W \S: ASCII; \s is \t \n \v \f \r and space     (…) and (?:…) group, nothing is captured
    \t \n \r \f \v                                                   ? * + {m} {m,} {m,n}, one an item
    ^ and $: the ends of the text, never those of a line             (?i) in front: A–Z as a–z, no other letter

There are no back-references, no look-around and no word boundaries. A repetition counts as often as it may be
repeated: `(ab){3,5}` has twelve states.

The simulation is Thompson's ("Regular Expression Search Algorithm", CACM 11(6), 1968), with the sets of states
kept as the states of a lazily built automaton, as RE2 does (R. Cox, "Regular Expression Matching Can Be Simple
And Fast", 2007).
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple, TypeAlias

MAX_PATTERN = 1_000
"""Characters of a pattern."""
MAX_STATES = 1_000
"""States of an automaton, repetitions counted out."""
MAX_TEXT = 2_048
"""Code points of a text that is searched; a longer one does not match."""
MAX_GROUPS = 50
"""How deep groups nest."""

_MEMORY = 2_000
"""How much of the automaton one pattern keeps, in transitions and threads: texts come from strangers."""

Bounds: TypeAlias = tuple[int, ...]
"""A set of code points: where membership changes, ascending. The first number is the first member."""
Ranges: TypeAlias = list[tuple[int, int]]


class InvalidPattern(ValueError):
    """Not a regular expression of this syntax; the message says at which character, and what is meant."""


class Pattern:
    """A compiled regular expression. Safe to share between threads: what it learns, any thread may forget."""

    __slots__ = ("_entry", "_first", "_known", "_program", "_room", "states")

    def __init__(self, text: str) -> None:
        """Raises InvalidPattern, quickly, for what is not of the syntax or too large."""
        if not 0 < len(text) <= MAX_PATTERN:
            raise InvalidPattern(f"it has 1 to {MAX_PATTERN} characters")
        node = _Parser(text).whole()
        self.states = _size(node)
        if self.states > MAX_STATES:
            raise InvalidPattern(f"it has at most {MAX_STATES} states, repetitions counted out")
        self._program: list[_Instruction] = [_Instruction("match", (), ())]
        self._entry = _emit(node, self._program, 0)
        self._forget()

    def __call__(self, value: object) -> bool:
        """Whether the value is a text of at most MAX_TEXT code points that holds a match somewhere."""
        return isinstance(value, str) and len(value) <= MAX_TEXT and self._search(value)

    def _search(self, text: str) -> bool:
        state = self._first
        for character in text:
            if state.verdict is not None:
                return state.verdict
            state = state.next.get(character) or self._step(state, character)
        return state.ends

    def _step(self, state: "_State", character: str) -> "_State":
        code, entries = ord(character), [self._entry]  # a match may begin at every place
        for thread in state.threads:
            _, bounds, to = self._program[thread]
            if bisect_right(bounds, code) & 1:
                entries += to
        threads = self._reach(entries)
        after = self._known.get(threads)
        if after is None:
            after = self._known[threads] = self._state(threads, start=False)
            self._room -= len(threads)
        state.next[character] = after
        self._room -= 1
        if self._room < 0:
            self._forget()
        return after

    def _forget(self) -> None:
        """Begin the automaton anew. Who walks on the old one may: it is right, and goes when they are done."""
        self._room = _MEMORY
        self._known: dict[frozenset[int], _State] = {}
        self._first = self._state(self._reach([self._entry], start=True), start=True)

    def _state(self, threads: frozenset[int], *, start: bool) -> "_State":
        at_the_end = [thread for thread in threads if self._program[thread].kind == "end"]
        return _State(threads, 0 in threads or 0 in self._reach(at_the_end, start=start, end=True))

    def _reach(self, entries: Iterable[int], *, start: bool = False, end: bool = False) -> frozenset[int]:
        """Where the threads are that begin here and read nothing. `start`, `end`: of the text, is it here?"""
        passed: set[int] = set()
        waiting: set[int] = set()
        stack = list(entries)
        while stack:
            place = stack.pop()
            if place in waiting or place in passed:
                continue
            kind, _, to = self._program[place]
            if kind == "split" or (kind == "start" and start) or (kind == "end" and end):
                passed.add(place)
                stack += to
            elif kind != "start":
                waiting.add(place)
        return frozenset(waiting)


class _State:
    """A state of the lazy automaton: where all threads are."""

    __slots__ = ("ends", "next", "threads", "verdict")

    def __init__(self, threads: frozenset[int], ends: bool) -> None:
        """`ends`: whether there is a match when the text ends here."""
        self.threads = threads
        self.ends = ends
        self.verdict = True if 0 in threads else None if threads else False
        """The answer, when it does not depend on the rest of the text."""
        self.next: dict[str, _State] = {}


class _Instruction(NamedTuple):
    kind: Literal["match", "set", "start", "end", "split"]
    bounds: Bounds
    to: tuple[int, ...]


class _One(NamedTuple):
    """One code point of a set, or a place: the start or the end of the text."""

    kind: Literal["set", "start", "end"]
    bounds: Bounds = ()


class _Sequence(NamedTuple):
    parts: "Sequence[_Node]"


class _Choice(NamedTuple):
    parts: "Sequence[_Node]"


class _Repeat(NamedTuple):
    part: "_Node"
    least: int
    most: int | None


_Node: TypeAlias = _One | _Sequence | _Choice | _Repeat


def _size(node: _Node) -> int:
    """How many instructions `_emit` makes; one for nothing, so that it bounds the work of repeating nothing."""
    match node:
        case _One():
            return 1
        case _Sequence(parts):
            return max(1, sum(map(_size, parts)))
        case _Choice(parts):
            return 1 + sum(map(_size, parts))
        case _Repeat(part, least, most):
            optional = 1 if most is None else most - least
            return max(1, least * _size(part) + optional * (_size(part) + 1))


def _emit(node: _Node, program: list[_Instruction], after: int) -> int:
    """Append the node's instructions, which go on at `after`; where they begin."""
    match node:
        case _One(kind, bounds):
            return _add(program, _Instruction(kind, bounds, (after,)))
        case _Sequence(parts):
            for part in reversed(parts):
                after = _emit(part, program, after)
            return after
        case _Choice(parts):
            return _add(program, _split(*(_emit(part, program, after) for part in parts)))
        case _Repeat(part, least, most):
            out = after
            if most is None:
                after = _add(program, _split(out))
                program[after] = _split(_emit(part, program, after), out)
            for _ in range((most or least) - least):
                after = _add(program, _split(_emit(part, program, after), out))
            for _ in range(least):
                after = _emit(part, program, after)
            return after


def _add(program: list[_Instruction], instruction: _Instruction) -> int:
    program.append(instruction)
    return len(program) - 1


def _split(*to: int) -> _Instruction:
    return _Instruction("split", (), to)


_CLASSES: dict[str, Ranges] = {
    "d": [(48, 57)],
    "w": [(48, 57), (65, 90), (95, 95), (97, 122)],
    "s": [(9, 13), (32, 32)],
}
_CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "v": "\v"}
_SYNTAX = "^$\\.*+?()[]{}|/"
_QUANTIFIERS = "*+?{"


class _Parser:
    """Recursive descent over one pattern."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._folds = text.startswith("(?i)")
        self._at = 4 if self._folds else 0
        self._depth = 0

    def whole(self) -> _Node:
        """The tree of the whole pattern. Raises InvalidPattern."""
        node = self._choice()
        if self._at < len(self._text):
            raise self._wrong("this ) closes nothing; a literal one is \\)")
        return node

    def _choice(self) -> _Node:
        parts = [self._sequence()]
        while self._took("|"):
            parts.append(self._sequence())
        return _Choice(parts) if len(parts) > 1 else parts[0]

    def _sequence(self) -> _Node:
        parts: list[_Node] = []
        while self._peek() not in {"", "|", ")"}:
            parts.append(self._quantified(self._item()))
        return _Sequence(parts)

    def _item(self) -> _Node:
        match self._next():
            case "(":
                return self._group()
            case "[":
                return self._class()
            case "^":
                return _One("start")
            case "$":
                return _One("end")
            case ".":
                return _One("set", _complement((10, 11)))
            case "\\":
                return self._set(self._escape(also=""))
            case character if character in "*+?{}]":
                raise self._wrong(f"a literal {character} is \\{character}", back=1)
            case character:
                return self._set([(ord(character), ord(character))])

    def _group(self) -> _Node:
        if self._took("?") and not self._took(":"):
            raise self._wrong("groups are (…) and (?:…): no look-around, no names, and (?i) only in front")
        self._depth += 1
        if self._depth > MAX_GROUPS:
            raise self._wrong(f"groups nest at most {MAX_GROUPS} deep")
        node = self._choice()
        if not self._took(")"):
            raise self._wrong("a ) is missing")
        self._depth -= 1
        return node

    def _quantified(self, item: _Node) -> _Node:
        if self._peek() == "" or self._peek() not in _QUANTIFIERS:
            return item
        if isinstance(item, _One) and item.kind != "set":
            raise self._wrong("^ and $ cannot be repeated")
        match self._next():
            case "?":
                node = _Repeat(item, 0, 1)
            case "*":
                node = _Repeat(item, 0, None)
            case "+":
                node = _Repeat(item, 1, None)
            case _:
                node = self._counted(item)
        if self._peek() != "" and self._peek() in _QUANTIFIERS:
            raise self._wrong(
                "one quantifier an item: greedy or lazy is the same where only a match is asked for"
            )
        return node

    def _counted(self, item: _Node) -> _Repeat:
        least = self._number()
        most: int | None = least
        if self._took(","):
            most = None if self._peek() == "}" else self._number()
        if not self._took("}"):
            raise self._wrong("a repetition is {m}, {m,} or {m,n}; a literal { is \\{")
        if most is not None and most < least:
            raise self._wrong("a repetition {m,n} has m of at most n", back=1)
        return _Repeat(item, least, most)

    def _number(self) -> int:
        digits = ""
        while self._peek() != "" and self._peek() in "0123456789":
            digits += self._next()
        if not digits or len(digits) > 4:
            raise self._wrong("a repetition is {m}, {m,} or {m,n}, of at most 4 digits; a literal { is \\{")
        return int(digits)

    def _class(self) -> _Node:
        negated = self._took("^")
        ranges: Ranges = []
        first = True
        while not self._took("]"):
            low = self._member(first=first)
            first = False
            if self._peek() == "-" and self._peek(1) not in {"]", ""}:
                self._next()
                high = self._member(first=False)
                if len(low) > 1 or len(high) > 1 or low[0][0] != low[0][1] or high[0][0] != high[0][1]:
                    raise self._wrong("a range goes from one character to another")
                if high[0][0] < low[0][0]:
                    raise self._wrong("a range goes upwards")
                low = [(low[0][0], high[0][0])]
            ranges += low
        if not ranges:
            raise self._wrong("a class has at least one member; a literal ] is \\]", back=1)
        node = self._set(ranges)
        return _One("set", _complement(node.bounds)) if negated else node

    def _member(self, *, first: bool) -> Ranges:
        match self._next():
            case "":
                raise self._wrong("a ] is missing")
            case "\\":
                return self._escape(also="-")
            case "[":
                raise self._wrong("a literal [ in a class is \\[", back=1)
            case "-" if not (first or self._peek() == "]") or (first and self._peek() == "-"):
                raise self._wrong("a literal - in a class is first, last, or \\-", back=1)
            case character:
                return [(ord(character), ord(character))]

    def _escape(self, *, also: str) -> Ranges:
        character = self._next()
        if character.lower() in _CLASSES:
            ranges = _CLASSES[character.lower()]
            return ranges if character.islower() else _ranges(_complement(_bounds(ranges)))
        character = _CONTROLS.get(character, character if character in _SYNTAX + also else "")
        if character:
            return [(ord(character), ord(character))]
        raise self._wrong(
            "\\ stands before d D w W s S t n r f v or a character of the syntax: "
            "no back-references, no word boundaries, no code points",
            back=1,
        )

    def _set(self, ranges: Ranges) -> _One:
        return _One("set", _bounds(_folded(ranges) if self._folds else ranges))

    def _peek(self, ahead: int = 0) -> str:
        return self._text[self._at + ahead : self._at + ahead + 1]

    def _next(self) -> str:
        character = self._peek()
        self._at += len(character)
        return character

    def _took(self, character: str) -> bool:
        if self._peek() != character:
            return False
        self._at += 1
        return True

    def _wrong(self, message: str, *, back: int = 0) -> InvalidPattern:
        return InvalidPattern(f"at character {self._at - back + 1}: {message}")


def _folded(ranges: Ranges) -> Ranges:
    """With the other case of each ASCII letter."""
    more: Ranges = []
    for low, high in ranges:
        for first, last, shift in ((65, 90, 32), (97, 122, -32)):
            if max(low, first) <= min(high, last):
                more.append((max(low, first) + shift, min(high, last) + shift))
    return ranges + more


def _bounds(ranges: Ranges) -> Bounds:
    bounds: list[int] = []
    for low, high in sorted(ranges):
        if bounds and low <= bounds[-1]:
            bounds[-1] = max(bounds[-1], high + 1)
        else:
            bounds += (low, high + 1)
    return tuple(bounds)


def _complement(bounds: Bounds) -> Bounds:
    return bounds[1:] if bounds[:1] == (0,) else (0, *bounds)


def _ranges(bounds: Bounds) -> Ranges:
    ends = bounds if len(bounds) % 2 == 0 else (*bounds, 0x110000)
    return [(low, end - 1) for low, end in zip(ends[::2], ends[1::2], strict=True)]
