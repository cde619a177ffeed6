"""The mission's commands and documents, as they are printed, and what has to be filled in to run them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from expectation import differences
from serving import Served

ROOT = Path(__file__).parents[3]
PRINTED = ROOT / "spec" / "http" / "mission"

Json = dict[str, Any]


def document(name: str) -> Json:
    """A printed JSON document."""
    read: Json = json.loads((PRINTED / name).read_text())
    return read


def commands(name: str) -> list[str]:
    """The commands of a printed script, one text each: a line that ends in a backslash or an open quote goes on."""
    found = [""]
    for line in (PRINTED / name).read_text().splitlines():
        if not found[-1] and (not line.strip() or line.startswith("#")):
            continue
        found[-1] += line + "\n"
        if not line.endswith("\\") and found[-1].count("'") % 2 == 0:
            found.append("")
    return [command for command in found if command]


def run(command: str, litmus: Served, seconds: float = 300) -> str:
    """What the command prints, run by a shell at the root of the repository; curl fails where the answer is an error."""
    home = litmus.data_folder.parent
    (home / ".curlrc").write_text("silent\nshow-error\nfail-with-body\n")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", litmus.at(command).replace("<admin-token>", "dev-token")],
        cwd=ROOT,
        env={**os.environ, "CURL_HOME": str(home), "PATH": path},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, f"{command}\nended with {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def run_json(command: str, litmus: Served) -> Json:
    """The JSON object that the command prints."""
    answer: Json = json.loads(run(command, litmus))
    return answer


def same(printed: object, answer: object) -> None:
    """Fail with every place where the answer is not what is printed."""
    found = list(differences(printed, answer))
    assert found == [], "\n".join(found)


def fill(command: str, **fields: str) -> str:
    """Fill `{id}` in paths, and `"..."` where a body's field is called so."""
    command = command.replace("{id}", fields["experiment_id"])
    for name, value in fields.items():
        command = re.sub(rf'"{name}": "\.\.\."', f'"{name}": "{value}"', command)
    assert "..." not in command, command
    return command


def eventually(read: Callable[[], Json], held: Callable[[Json], bool], seconds: float = 30.0) -> Json:
    """The first answer for which this holds; what was written before is promised within two seconds."""
    deadline = time.monotonic() + seconds
    while not held(answer := read()):
        assert time.monotonic() < deadline, f"not within {seconds:g} s; the last answer: {answer}"
        time.sleep(0.1)
    return answer
