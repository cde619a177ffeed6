"""The code blocks of a Markdown document, and the words by which a document says that one cannot be run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

NOT_RUN = re.compile(r"<!-- not run: (?P<reason>.+?) -->")
_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w*)\s*$")


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block. `reason` says why it is not run; None when it is."""

    document: Path
    line: int
    language: str
    text: str
    reason: str | None

    @property
    def place(self) -> str:
        return f"{self.document.relative_to(ROOT)}:{self.line}"


def documents() -> list[Path]:
    """Every document that people read, in the order of their paths. (`bench/` is for quiet machines, and for hours.)"""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(document: Path) -> list[Block]:
    """All fenced blocks of a document, in order."""
    found: list[Block] = []
    lines = document.read_text().splitlines()
    number = 0
    while number < len(lines):
        fence = _FENCE.match(lines[number])
        if fence is None:
            number += 1
            continue
        end = next(place for place in range(number + 1, len(lines)) if lines[place].strip() == "```")
        body = "\n".join(line.removeprefix(fence["indent"]) for line in lines[number + 1 : end])
        found.append(Block(document, number + 1, fence["language"], body, _reason(lines[:number])))
        number = end + 1
    return found


def _reason(before: list[str]) -> str | None:
    above = next((line for line in reversed(before) if line.strip()), "")
    marker = NOT_RUN.search(above)
    return marker["reason"] if marker else None
