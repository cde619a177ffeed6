"""What a document points at is there: links between files, anchors, and the files that ARCHITECTURE.md names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from blocks import ROOT, documents

_LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"(?<![\w/.{*])(?P<path>(?:[\w.-]+/)+[\w.-]*|[\w-]+\.(?:py|sql|md))(?![\w/*}])")
_HEADING = re.compile(r"^#+ (?P<text>.+)$", re.MULTILINE)

ALL = documents()


@pytest.mark.parametrize("document", ALL, ids=[str(each.relative_to(ROOT)) for each in ALL])
def test_every_link_leads_somewhere(document: Path) -> None:
    broken = [
        link["target"]
        for link in _LINK.finditer(_FENCED.sub("", document.read_text()))
        if not _leads(document, link["target"])
    ]
    assert broken == []


def test_every_file_that_the_map_names_exists() -> None:
    """ARCHITECTURE.md is true: a step of an event or of an assignment is in the file that it names."""
    text = (ROOT / "ARCHITECTURE.md").read_text()
    folders = ["", "backend/src/litmus_server", "sdk/python/src"]
    missing = {
        found["path"]
        for found in _FILE.finditer(text)
        if not any((ROOT / folder / found["path"]).exists() for folder in folders)
    }
    assert missing == set()


def _leads(document: Path, target: str) -> bool:
    if "://" in target or target.startswith("mailto:"):
        return True  # the world outside: a test must not need the network
    path, _, anchor = target.partition("#")
    there = (document.parent / path).resolve() if path else document
    if not there.exists():
        return False
    return not anchor or anchor in {_slug(each["text"]) for each in _HEADING.finditer(there.read_text())}


def _slug(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
