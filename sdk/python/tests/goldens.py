"""The shared truth in `spec/`, as it is read by the tests."""

import json
from pathlib import Path
from typing import Any

SPEC = Path(__file__).parents[3] / "spec"


def golden(path: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((SPEC / path).read_text())
    return document


def names(folder: str) -> list[str]:
    return sorted(path.stem for path in (SPEC / folder).glob("*.json"))
