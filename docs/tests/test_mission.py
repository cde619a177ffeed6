"""`docs/reference/mission.md` is honest: a row names a test that exists, or a reason, or who will build it."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache

import pytest
from blocks import ROOT

PAGE = ROOT / "docs" / "reference" / "mission.md"
STATES = {"as printed", "equivalent", "not built yet"}
DOCUMENTS = {"A/B testing API", "Experiment worker", "Litmus platform", "Live bandit tutorial", "MAB system"}

_TEST = re.compile(r"`(?P<path>[\w/.-]+\.py)::(?P<name>\w+)`")
_LATER = re.compile(r"^(issue \d+|a later issue: .+)$")


@dataclass(frozen=True, slots=True)
class Row:
    section: str
    number: int
    printed: str
    state: str
    where: str

    def __str__(self) -> str:
        return f"line {self.number}: {self.printed}"


def rows() -> list[Row]:
    found, section = [], ""
    for number, line in enumerate(PAGE.read_text().splitlines(), 1):
        if line.startswith("## "):
            section = line.removeprefix("## ").strip()
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) == 3 and cells[0] != "Printed" and not set(cells[0]) <= set("-: "):
            found.append(Row(section, number, *cells))
    return found


ROWS = rows()


def test_every_document_has_rows() -> None:
    assert {row.section for row in ROWS} == DOCUMENTS


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_row_has_one_of_three_states(row: Row) -> None:
    assert row.state in STATES


@pytest.mark.parametrize("row", [row for row in ROWS if row.state == "as printed"], ids=str)
def test_what_is_as_printed_names_a_test_that_exists(row: Row) -> None:
    named = list(_TEST.finditer(row.where))
    assert named, "no test is named"
    missing = [each[0] for each in named if each["name"] not in _tests(each["path"])]
    assert missing == []


@pytest.mark.parametrize("row", [row for row in ROWS if row.state == "equivalent"], ids=str)
def test_what_is_equivalent_has_a_reason(row: Row) -> None:
    assert len(row.where.split()) >= 4
    missing = [each[0] for each in _TEST.finditer(row.where) if each["name"] not in _tests(each["path"])]
    assert missing == []


@pytest.mark.parametrize("row", [row for row in ROWS if row.state == "not built yet"], ids=str)
def test_what_is_not_built_yet_says_who_builds_it(row: Row) -> None:
    assert _LATER.match(row.where), row.where


@cache
def _tests(path: str) -> frozenset[str]:
    """The names of the test functions of a file; none when there is no such file."""
    file = ROOT / path
    if not file.exists():
        return frozenset()
    tree = ast.parse(file.read_text())
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(
        node.name for node in ast.walk(tree) if isinstance(node, functions) and node.name.startswith("test_")
    )
