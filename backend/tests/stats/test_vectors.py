"""Every golden number of the study is matched, in the file of its subject, or is named with the reason why Litmus gives another."""

import json
import re
from pathlib import Path

from stats.vectors import DIFFERS, SPEC

PAGE = Path(__file__).parents[3] / "docs" / "statistics" / "vectors.md"
GOLDEN: list[str] = json.loads((SPEC / "differs.json").read_text())["golden"]


def in_files() -> set[str]:
    """The ids that the cases of spec/stats are from."""
    found = set()
    for file in SPEC.glob("*.json"):
        for case in json.loads(file.read_text()).get("cases", []):
            found.add(case.get("id") or case.get("from", "").split(":")[0])
    return found


def test_every_golden_number_is_matched_or_differs_for_a_reason() -> None:
    assert len(GOLDEN) == len(set(GOLDEN)) > 100
    assert set(GOLDEN) - in_files() - set(DIFFERS) == set()
    assert set(DIFFERS) <= set(GOLDEN)
    assert all(len(reason) > 20 for reason in DIFFERS.values())


def test_the_page_lists_exactly_those_that_differ() -> None:
    rows = re.findall(r"^\| `(.+?)` \| (.+) \|$", PAGE.read_text(), re.MULTILINE)
    assert dict(rows) == DIFFERS
