"""The JavaScript kernel in a process that stays: `sdk/javascript/bin/decide.js`, asked from tests."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

JAVASCRIPT = Path(__file__).parents[2] / "javascript"


class Node:
    """One line of JSON in, one line out."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def ask(self, **request: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


@contextmanager
def node() -> Iterator[Node]:
    if not (JAVASCRIPT / "dist" / "index.js").exists():
        raise AssertionError(
            "the JavaScript kernel is not built: `make test` does it, or `npm ci && npm run build` there"
        )
    with subprocess.Popen(
        ["node", str(JAVASCRIPT / "bin" / "decide.js")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as process:
        try:
            yield Node(process)
        finally:
            process.kill()
