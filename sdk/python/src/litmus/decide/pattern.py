r"""Regular expressions that cannot explode: whether a text holds a match, in time linear in the text.

It knows code points; it must not know what a condition is. The syntax is what RE2, ECMAScript (flag `u`) and
Python have in common, and what differs between them is settled:

    literals, and \ before one of ^ $ \ . * + ? ( ) [ ] { } | /    .  any code point but \n
    [abc] [^a-z]: `-` first, last, or escaped; `[` and `]` escaped   |  alternatives, also empty ones
    \d \w \s and \D \W \S: ASCII; \s is \t \n \v \f \r and space     (…) and (?:…) group, nothing is captured
    \t \n \r \f \v                                                   ? * + {m} {m,} {m,n}, one an item
    ^ and $: the ends of the text, never those of a line             (?i) in front: A–Z as a–z, no other letter

There are no back-references, no look-around and no word boundaries.

The simulation is Thompson's ("Regular Expression Search Algorithm", CACM 11(6), 1968). A set of states is the bits
of one integer, and what follows it is looked up eight bits at a time (G. Navarro and M. Raffinot, "Flexible Pattern
Matching in Strings", 2002, chapter 5). The sets that common texts lead to are kept as a lazily built automaton, as
RE2 does (R. Cox, "Regular Expression Matching Can Be Simple And Fast", 2007); what a text of a stranger leads to beyond
that is simulated without it, since building it would cost more.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from operator import xor
from typing import Literal, NamedTuple, TypeAlias

MAX_PATTERN = 1_000
"""Characters of a pattern."""
MAX_STATES = 200
"""Of one condition: what its patterns may cost is this times the length of the text, when the text is made for it."""
OWN_STATES = 20
"""What each pattern counts besides its characters, since it has to read the text, however few they are."""
MAX_TEXT = 2_048
"""Code points of a text that is searched; a longer one does not match."""
MAX_GROUPS = 50
"""How deep groups nest."""

_KNOWN = 1_000
"""Transitions of the automaton that one pattern keeps: texts come from strangers."""
_LESSONS = 64
"""Transitions that one search adds to it."""

Bounds: TypeAlias = tuple[int, ...]
"""A set of code points: where membership changes, ascending. The first number is the first member."""
Ranges: TypeAlias = list[tuple[int, int]]


class InvalidPattern(ValueError):
    """Not a regular expression of this syntax; the message says at which character, and what is meant."""


class Pattern:
    """A compiled regular expression. Safe to share between threads: what it learns, any thread may forget."""

    __slots__ = (
        "_edges",
        "_ends",
        "_entry",
        "_first",
        "_follow",
        "_known",
        "_opening",
        "_readers",
        "_room",
        "states",
    )

    def __init__(self, text: str) -> None:
        """Raises InvalidPattern, quickly, for what is not of the syntax or too large.

        `states` is what it counts: OWN_STATES, one a character or set, one a choice, `?`, `*` or `+`, and all of them
        as often as they may be repeated: `(ab){3,5}` has 20 + 12.
        """
        if not 0 < len(text) <= MAX_PATTERN:
            raise InvalidPattern(f"it has 1 to {MAX_PATTERN} characters")
        node = _Parser(text).whole()
        self.states = OWN_STATES + _size(node)
        if self.states > MAX_STATES:
            raise InvalidPattern(
                f"it has at most {MAX_STATES} states: {OWN_STATES} of its own, and its characters, repetitions counted out"
            )
        automaton = _Automaton(node)
        self._entry = automaton.reach(automaton.entry)  # a match may begin at every place
        self._ends = automaton.ends()
        self._edges, self._readers = automaton.readers()
        self._follow = automaton.follow()
        self._opening = automaton.opening()
        self._forget()

    def __call__(self, value: object) -> bool:
        """Whether the value is a text of at most MAX_TEXT code points that holds a match somewhere."""
        return isinstance(value, str) and len(value) <= MAX_TEXT and self._search(value)

    def _search(self, text: str) -> bool:
        state, lessons = self._first, _LESSONS
        characters = iter(text)
        for character in characters:
            if state.verdict is not None:
                return state.verdict
            after = state.next.get(character)
            if after is None:
                threads = self._read(state.threads, character)
                if not lessons:
                    return self._read(threads, characters) & self._ends != 0
                lessons -= 1
                after = self._learn(state, character, threads)
            state = after
        return state.ends

    def _read(self, threads: int, characters: Iterable[str]) -> int:
        """Where the threads are after these characters; those who find a match or nothing stay there."""
        entry, edges, readers, follow = self._entry, self._edges, self._readers, self._follow
        size = len(follow)
        for character in characters:
            if threads & 1 or not threads:
                break
            read = threads & readers[bisect_right(edges, ord(character))]
            threads = entry
            if read:
                for after, eight in zip(follow, read.to_bytes(size, "little"), strict=False):
                    threads |= after[eight]
        return threads

    def _learn(self, state: "_State", character: str, threads: int) -> "_State":
        after = self._known.get(threads)
        if after is None:
            after = self._known[threads] = _State(threads, threads & self._ends != 0)
        state.next[character] = after
        self._room -= 1
        if self._room < 0:
            self._forget()
        return after

    def _forget(self) -> None:
        """Begin the automaton anew. Who walks on the old one may: it is right, and goes when they are done."""
        self._room = _KNOWN
        self._known: dict[int, _State] = {}
        self._first = _State(*self._opening)


class _State:
    """A state of the lazy automaton: where all threads are."""

    __slots__ = ("ends", "next", "threads", "verdict")

    def __init__(self, threads: int, ends: bool) -> None:
        """`ends`: whether there is a match when the text ends here."""
        self.threads = threads
        self.ends = ends
        self.verdict = True if threads & 1 else None if threads else False
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


class _Automaton:
    """The instructions of a pattern, and sets of them as integers: bit k is the k-th at which a thread waits. The match,
    which is emitted first, is bit 0.
    """

    def __init__(self, node: _Node) -> None:
        self._program = [_Instruction("match", (), ())]
        self.entry = _emit(node, self._program, 0)
        waiting = (place for place, each in enumerate(self._program) if each.kind in {"match", "set", "end"})
        self._bits = {place: 1 << order for order, place in enumerate(waiting)}

    def reach(self, *entries: int, start: bool = False, end: bool = False) -> int:
        """Where the threads wait that begin here and read nothing. `start`, `end`: of the text, is it here?"""
        met: set[int] = set()
        stack = list(entries)
        while stack:
            place = stack.pop()
            if place in met:
                continue
            met.add(place)
            kind, _, to = self._program[place]
            if kind == "split" or (kind == "start" and start) or (kind == "end" and end):
                stack += to
        return sum(self._bits.get(place, 0) for place in met)

    def opening(self) -> tuple[int, bool]:
        """Where the threads wait before anything is read, and whether there is a match if nothing follows."""
        return self.reach(self.entry, start=True), self.reach(self.entry, start=True, end=True) & 1 == 1

    def ends(self) -> int:
        """Those that find a match when the text ends, after something was read."""
        return sum(bit for place, bit in self._bits.items() if self.reach(place, end=True) & 1)

    def readers(self) -> tuple[list[int], list[int]]:
        """Where membership in any set changes, ascending; and those that read a code point before, between, beyond."""
        changes: dict[int, int] = {}
        for place, bit in self._bits.items():
            for bound in self._program[place].bounds:
                changes[bound] = changes.get(bound, 0) ^ bit
        edges = sorted(changes)
        return edges, list(accumulate((changes[edge] for edge in edges), xor, initial=0))

    def follow(self) -> list[list[int]]:
        """What follows a set of those that have read, for each eight bits of it."""
        each = [self.reach(*self._program[place].to) for place in self._bits]
        tables = []
        for low in range(0, len(each), 8):
            table = [0]
            for after in each[low : low + 8]:
                table += [before | after for before in table]
            tables.append(table)
        return tables


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
