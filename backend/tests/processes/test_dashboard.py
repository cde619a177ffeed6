"""`litmus dashboard`, and the wheel that brings the dashboard along."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from launched import LITMUS, environment

ROOT = Path(__file__).parents[3]


def test_the_dashboard_alone_sends_browsers_to_the_api(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [LITMUS, "dashboard", "--port", "0"],
        env=environment(tmp_path, NUXT_PUBLIC_API_BASE="http://api.example:8000/api/v1"),
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        port = next(json.loads(line)["port"] for line in process.stderr if '"listening"' in line)
        with urlopen(f"http://localhost:{port}/experiments/x/results", timeout=30) as answer:
            assert 'content="http://api.example:8000/api/v1"' in answer.read().decode()
            assert (
                "http://api.example:8000 ws://api.example:8000" in answer.headers["content-security-policy"]
            )
        with pytest.raises(HTTPError, match="404"):
            urlopen(f"http://localhost:{port}/api/v1/meta", timeout=30)
    finally:
        process.terminate()
        assert process.wait(30) == 0
        process.stderr.close()


def test_a_wheel_brings_the_dashboard_along(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path],
        cwd=ROOT / "backend", check=True, capture_output=True,
    )  # fmt: skip
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "litmus_server/dashboard/200.html" in names
    assert any(
        name.startswith("litmus_server/dashboard/_nuxt/") and name.endswith(".js.gz") for name in names
    )
