"""schemathesis reads the served document and tries every operation: no server error, nothing undocumented."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from drafts import bandit, draft
from serving import Served, serving

pytestmark = [pytest.mark.slow, pytest.mark.database]

CONFIGURATION = """
[checks]
# Rules that no schema can state (weights that sum to 1, a name that is free) refuse what the schema allows.
positive_data_acceptance.enabled = false
# In development whoever brings no token is let in; test_control_access.py asks a guarded server.
ignored_auth.enabled = false
missing_required_header.enabled = false

# An event that is none is an outcome, not an error of the request.
[[operations]]
include-operation-id = "sendEvents"
checks.negative_data_rejection.enabled = false

# The tool reads one YAML document only: at a stream of several its thread dies, and what comes later is never tried.
[[operations]]
include-operation-id = "listDefinitions"
parameters = { format = "json" }
"""


def test_every_operation_answers_as_documented(tmp_path: Path) -> None:
    configuration = tmp_path / "schemathesis.toml"
    configuration.write_text(CONFIGURATION)
    with serving() as served:
        populate(served)
        tool = Path(sys.executable).with_name("schemathesis")
        command: list[str | Path] = [
            tool, "--config-file", configuration, "run", f"http://127.0.0.1:{served.port}/openapi.json", "--no-color",
            "--phases", "examples,coverage,fuzzing", "--max-examples", "10", "--generation-deterministic",
            "--header", "Authorization: Bearer dev-token", "--suppress-health-check", "all",
        ]  # fmt: skip
        run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert run.returncode == 0, run.stdout[-10_000:] + run.stderr
    counts = dict(re.findall(r"(Selected|Tested): (\d+)", run.stdout))
    assert counts["Tested"] == counts["Selected"], run.stdout[-10_000:] + run.stderr
    assert int(counts["Tested"]) >= 50


def populate(served: Served) -> None:
    """Experiments whose keys are what a generator tries first."""
    base = f"http://127.0.0.1:{served.port}/api/v1/experiments"
    for body in (draft("x"), bandit("0")):
        urlopen(Request(base, json.dumps(body).encode(), {"content-type": "application/json"})).close()
    urlopen(Request(f"{base}/0/start", method="POST")).close()
