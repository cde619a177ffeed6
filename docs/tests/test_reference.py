"""The reference names everything that a caller can meet, and nothing else."""

from __future__ import annotations

import re

from blocks import ROOT
from litmus.decide.kernel import REASONS
from litmus.decide.targeting import OPERATORS
from litmus_server.domain.event import Reason
from litmus_server.http.problems import STATUSES

REFERENCE = ROOT / "docs" / "reference"

_FIRST_CELL = re.compile(r"^\| `([\w/{}. ]+)` \|", re.MULTILINE)


def _table(page: str, heading: str) -> set[str]:
    """What stands in the first column below this heading."""
    text = (REFERENCE / page).read_text().split(f"## {heading}\n")[1].split("\n## ")[0]
    return set(_FIRST_CELL.findall(text))


def test_every_error_code_is_documented() -> None:
    assert _table("errors.md", "Codes") == {code for _, code in STATUSES.values()} | {"internal"}


def test_every_reason_of_rejection_is_documented() -> None:
    assert _table("errors.md", "Outcomes of events") == {reason.value for reason in Reason}


def test_every_reason_of_a_decision_is_documented() -> None:
    assert _table("errors.md", "Reasons of decisions") == {*REASONS, "stored"}


def test_every_operator_of_a_condition_is_documented() -> None:
    assert _table("audiences.md", "Operators") == set(OPERATORS)


def test_every_error_code_is_documented_with_its_status() -> None:
    text = (REFERENCE / "errors.md").read_text()
    missing = [code for status, code in STATUSES.values() if f"| `{code}` | {status} |" not in text]
    assert missing == []
