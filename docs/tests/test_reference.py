"""The reference names everything that a caller can meet, and nothing else."""

from __future__ import annotations

import re

from blocks import ROOT
from litmus.decide.kernel import REASONS
from litmus.decide.targeting import OPERATORS
from litmus_server.domain.event import Reason
from litmus_server.domain.metric import MetricKind
from litmus_server.http.problems import STATUSES
from litmus_server.http.v1.control_wire import MetricRequest
from litmus_server.services.decisions import INELIGIBLE

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
    assert _table("errors.md", "Reasons of decisions") == {*REASONS, "stored", INELIGIBLE}


def test_every_operator_of_a_condition_is_documented() -> None:
    assert _table("audiences.md", "Operators") == set(OPERATORS)


def test_every_error_code_is_documented_with_its_status() -> None:
    text = (REFERENCE / "errors.md").read_text()
    missing = [code for status, code in STATUSES.values() if f"| `{code}` | {status} |" not in text]
    assert missing == []


def test_every_field_and_kind_of_a_metric_is_documented() -> None:
    text = (REFERENCE / "metrics.md").read_text()
    fields = text.split("## Fields\n")[1].split("\n## ")[0]
    named = {
        name
        for line in fields.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`(\w+)`", line.split(" | ")[0])
    }
    assert named == set(MetricRequest.model_fields)
    assert _table("metrics.md", "Kinds") == set(MetricKind)


def test_every_test_that_a_promise_rests_on_is_there() -> None:
    page = (ROOT / "docs" / "statistics" / "README.md").read_text()
    named = re.findall(r"\| `(test_\w+)` \|", page)
    there = "".join(file.read_text() for file in (ROOT / "backend" / "tests").rglob("test_*.py"))
    assert len(named) > 10
    assert [name for name in named if f"def {name}(" not in there] == []
