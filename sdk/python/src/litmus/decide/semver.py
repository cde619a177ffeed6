"""Semantic versions in the order of their precedence.

It knows semver.org 2.0.0 (sections 2, 9 and 11) and nothing else.
"""

import re
from typing import TypeAlias

Precedence: TypeAlias = tuple[tuple[tuple[int, str], ...], int, tuple[tuple[int, int, str], ...]]

_VERSION = re.compile(
    r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)"
    r"(?:-(?P<pre>[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?"
    r"(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)
_DIGITS = re.compile(r"[0-9]+")


def precedence(value: object) -> Precedence | None:
    """What versions are ordered by: less exactly where semver.org says so, equal where only build metadata differ.

    None for what is no text or no version of three numbers; `v1.2.3` and `1.2` are none.
    """
    version = _VERSION.fullmatch(value) if isinstance(value, str) else None
    if version is None:
        return None
    identifiers = version["pre"].split(".") if version["pre"] else []
    if any(_DIGITS.fullmatch(each) and each != "0" and each[0] == "0" for each in identifiers):
        return None
    return (
        tuple(_number(each) for each in version.group(1, 2, 3)),
        0 if identifiers else 1,  # a pre-release precedes its release
        tuple(_identifier(each) for each in identifiers),
    )


def _number(digits: str) -> tuple[int, str]:
    """Ordered as the number, which has no leading zeros and may have more digits than `int` will read."""
    return len(digits), digits


def _identifier(text: str) -> tuple[int, int, str]:
    """Numbers precede words; words are ordered by ASCII."""
    return (0, *_number(text)) if _DIGITS.fullmatch(text) else (1, 0, text)
