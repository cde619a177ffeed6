"""The notebook of `examples/`, run: every cell, in an empty namespace, on an export."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from unittest.mock import patch

NOTEBOOK = Path(__file__).parents[2] / "examples" / "recompute_report.ipynb"


def cells() -> str:
    """Its code."""
    found = json.loads(NOTEBOOK.read_text())["cells"]
    return "\n\n".join("".join(cell["source"]) for cell in found if cell["cell_type"] == "code")


def recomputed(export: bytes, folder: Path) -> dict[str, Any]:
    """What its cells have defined at the end. It raises AssertionError where a number is not the report's, or nobody knows it."""
    file = folder / "export.json"
    file.write_bytes(export)
    found: dict[str, Any] = {"__name__": "notebook"}
    with patch.dict(os.environ, LITMUS_EXPORT=str(file), LITMUS_QUIET="1"):
        exec(compile(cells(), str(NOTEBOOK), "exec"), found)
    return found
