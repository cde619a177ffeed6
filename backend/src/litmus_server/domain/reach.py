"""How many of the units that were assigned of late a condition means, as far as the log can say.

The log keeps the attributes that an experiment's dimensions name, and no others: what was not kept is unknown, which is neither a
match nor a refusal. It must not know where assignments are stored.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from litmus.decide import Finding, compile_condition, find

from litmus_server.domain.replay import asked_attributes


class Met(NamedTuple):
    """An assignment of the log: what it keeps of its unit, and the names of what it would have kept had the unit brought it."""

    unit: str
    attributes: Mapping[str, Any] | None
    keeps: frozenset[str]


@dataclass(frozen=True, slots=True)
class Reach:
    """Of `units`, `matching` match for certain, and of `unknown` the log does not keep what would settle it.

    `not_kept`: attributes that the condition asks for, and that no assignment of them keeps.
    """

    units: int
    matching: int
    unknown: int
    not_kept: tuple[str, ...]


def reach(condition: Mapping[str, Any], log: Iterable[Met]) -> Reach:
    """Of these assignments; a unit that has several brings together what all of them know. `condition` names no audience."""
    compiled = compile_condition(condition)
    asked = asked_attributes(condition)
    known: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    ever: set[str] = set()
    for unit, attributes, keeps in log:
        kept = attributes or {}
        of_unit = known[unit]
        ever |= asked & keeps
        for name in asked & (keeps | kept.keys()):
            if of_unit.get(name) is None:  # what another experiment was told of it counts before silence
                of_unit[name] = kept.get(name)
    # Units that are told alike come to the same: each case is looked at once, and a pattern may be slow.
    cases: dict[str, bool | None] = {}
    counts = {True: 0, False: 0, None: 0}
    for of_unit in known.values():
        case = repr(sorted(of_unit.items()))
        if case not in cases:
            cases[case] = _settled(find(compiled, of_unit), [*of_unit])
        counts[cases[case]] += 1
    return Reach(len(known), counts[True], counts[None], tuple(sorted(asked - ever)))


def _settled(finding: Finding, known: Collection[str | None]) -> bool | None:
    """What it comes to whatever the attributes are that are not known; None where it depends on them (Kleene's logic)."""
    if not finding.parts:
        return finding.matched if finding.attribute in known else None
    parts = [_settled(part, known) for part in finding.parts]
    if finding.word == "not":
        return None if parts[0] is None else not parts[0]
    decisive = finding.word == "any"  # one that matches settles any, one that does not settles all
    if decisive in parts:
        return decisive
    return None if None in parts else not decisive
