"""The platform's README: its smoke test, its endpoints and its SDK quickstart, as printed."""

from __future__ import annotations

import subprocess
import sys

import httpx2
import pytest
from mission.printed import PRINTED, Json, commands, eventually, run
from serving import Served

_COMPOSE, SMOKE, SMOKE_WITH_TOKEN, _SIMULATE = commands("litmus_platform.sh")

STEPS = [
    "health",
    "readiness",
    "create",
    "launch",
    "assignment",
    "exposure and metric",
    "results",
    "pause",
    "stop",
]


@pytest.mark.parametrize("command", [SMOKE, SMOKE_WITH_TOKEN], ids=["open", "with a token"])
def test_the_smoke_test_passes_as_printed(litmus: Served, command: str) -> None:
    lines = run(command, litmus).splitlines()
    assert [line[9:29].strip() for line in lines if line.startswith("ok")] == STEPS
    assert lines[-1].startswith("passed")


def test_the_smoke_test_fails_where_nothing_answers() -> None:
    script = ["scripts/smoke_self_serve.py", "--base-url", "http://localhost:9"]
    done = subprocess.run([sys.executable, *script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stdout.startswith("failed   health")
    assert "no answer from http://localhost:9" in done.stdout


@pytest.mark.parametrize("path", ["/health", "/ready", "/metrics"])
def test_the_printed_endpoints_answer(litmus: Served, path: str) -> None:
    assert httpx2.get(f"{litmus.base_url}{path}").status_code == 200


def test_health_checks_the_database_and_the_system(litmus: Served) -> None:
    checks = httpx2.get(f"{litmus.base_url}/health").json()["checks"]
    assert checks["database"]["status"] == "ok"
    assert checks["system"]["memory_bytes"] > 0
    assert checks["system"]["disk_free_bytes"] > 0


def test_the_interactive_documentation_answers(litmus: Served) -> None:
    assert httpx2.get(f"{litmus.base_url}/docs").status_code == 200


def test_the_sdk_quickstart_runs_as_printed(litmus: Served) -> None:
    """Its metric comes back from the results, in the variant that the client was told."""
    base = f"{litmus.base_url}/api/v1/experiments"
    variants = [{"name": "control", "weight": 0.5}, {"name": "treatment", "weight": 0.5}]
    httpx2.post(base, json={"name": "suggested_order_v4", "variants": variants}).raise_for_status()
    httpx2.post(f"{base}/suggested_order_v4/launch").raise_for_status()
    code = litmus.at((PRINTED / "sdk_quickstart.py").read_text())
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr

    def seen() -> Json:
        answer = httpx2.get(f"{base}/suggested_order_v4/metrics").json()
        return {
            each["variant_name"]: (each["exposures"], each["unique_users"], each["conversions"])
            for each in answer["variant_metrics"].values()
            if each["exposures"]
        }

    got = httpx2.get(f"{base}/suggested_order_v4/assignments/store-123").json()
    ((variant, (exposures, users, conversions)),) = eventually(seen, lambda counted: bool(counted)).items()
    assert (variant, exposures, users) == (got["variant_name"], 1, 1)
    assert (conversions["order_value"]["count"], conversions["order_value"]["sum"]) == (1, 1250.3)


def test_the_sdk_quickstart_survives_a_server_that_is_away() -> None:
    """Fail-safe: without a backend it takes the control path, and ends."""
    code = (PRINTED / "sdk_quickstart.py").read_text().replace("localhost:8000", "localhost:9")
    code += "\nassert assignment.variant_key == 'control', assignment\n"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
