"""Every command and every piece of code that the documents print is run as printed, or says why it cannot be.

A `json` block below a `bash` block is its answer. Addresses are the test's server's, `<id>` is the last id that the
document's commands have printed, `<admin-token>` one that the server accepts.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

import asyncpg
import httpx2
import pytest
from blocks import ROOT, Block, blocks, documents
from expectation import differences
from serving import Served, serving

RUN = {"bash", "python", "json", "sql"}
PROSE = {"", "text", "mermaid"}  # drawings and formulas: nothing to run

# Blocks that no test can run, by document, with the document's own reason; a new one has to be added here, and so is noticed.
NOT_RUN = {
    "README.md": ["it serves until Ctrl-C", "it is the suite that runs this document"],
    "docs/runbooks/live-bandit-5-model-tutorial.md": [
        "it serves until Ctrl-C; the test has its own server",
        "it serves until Ctrl-C; the test has its own server",
        "it runs until it is stopped",
        "it needs an experiment that was made in the browser",
    ],
}

_ID = re.compile(r'(?:"experiment_id": ?"|\bid )([0-9a-f-]{36})')
_CURL_REFUSED = 22  # curl's exit code for a status of 400 or more
_ROUTE = re.compile(r"^\| `((?:GET|POST|PUT|PATCH|DELETE) /[^`?]*)", re.MULTILINE)

ALL = documents()
NAMES = [str(document.relative_to(ROOT)) for document in ALL]


@pytest.fixture(scope="module")
def litmus() -> Iterator[Served]:
    with serving() as served:
        yield served


@pytest.mark.parametrize("document", ALL, ids=NAMES)
def test_every_block_runs_as_printed(document: Path, litmus: Served) -> None:
    answer = last_id = ""
    runnable = [each for each in blocks(document) if each.reason is None and each.language not in PROSE]
    for block, following in zip_longest(runnable, runnable[1:]):
        if block.language == "json":
            _compare(block, answer)
        else:
            answer = _run(block, litmus, last_id, refused=following is not None and _is_an_error(following))
            last_id = next(iter(_ID.findall(answer)), last_id)


@pytest.mark.parametrize("document", ALL, ids=NAMES)
def test_every_block_is_of_a_language_that_is_run_or_is_prose(document: Path) -> None:
    odd = [block.place for block in blocks(document) if block.language not in RUN | PROSE]
    assert odd == []


def test_what_is_not_run_is_known_and_says_why() -> None:
    skipped: dict[str, list[str]] = {}
    for document in ALL:
        for block in blocks(document):
            if block.reason is not None:
                skipped.setdefault(str(document.relative_to(ROOT)), []).append(block.reason)
    assert skipped == NOT_RUN


def test_every_route_is_in_the_reference(litmus: Served) -> None:
    """The routes of the server's own OpenAPI document, control plane and data plane, and no others."""
    served = httpx2.get(f"{litmus.base_url}/openapi.json").json()
    routes = {f"{method.upper()} {path}" for path, methods in served["paths"].items() for method in methods}
    assert set(_ROUTE.findall((ROOT / "docs" / "reference" / "api.md").read_text())) == routes


def _is_an_error(block: Block) -> bool:
    """Whether the document prints an error as the answer."""
    return block.language == "json" and bool({"error", "errors"} & json.loads(block.text).keys())


def _run(block: Block, litmus: Served, last_id: str, *, refused: bool) -> str:
    if block.language == "sql":
        return asyncio.run(_query(block, litmus))
    command = ["bash", "-euo", "pipefail", "-c"] if block.language == "bash" else [sys.executable, "-c"]
    text = litmus.at(block.text).replace("<admin-token>", "dev-token")
    assert last_id or "<id>" not in text, f"{block.place}: nothing above has printed an id"
    done = subprocess.run(
        [*command, text.replace("<id>", last_id)],
        cwd=ROOT,
        env=_environment(litmus),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == (_CURL_REFUSED if refused else 0), (
        f"{block.place} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
    )
    return done.stdout


def _environment(litmus: Served) -> dict[str, str]:
    """The caller's, with this environment's Python first; and a curl that fails where the answer is an error."""
    home = litmus.data_folder.parent
    (home / ".curlrc").write_text("fail-with-body\n")
    return {
        **os.environ,
        "CURL_HOME": str(home),
        "DATABASE_URL": litmus.database_url,
        "ENV": "development",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }


async def _query(block: Block, litmus: Served) -> str:
    connection = await asyncpg.connect(litmus.database_url)
    try:
        rows = await connection.fetch(block.text)
    finally:
        await connection.close()
    assert rows, f"{block.place} found nothing"
    return json.dumps([dict(row) for row in rows], default=str)


def _compare(block: Block, answer: str) -> None:
    printed = json.loads(block.text)
    if answer:
        found = list(differences(printed, json.loads(answer)))
        assert found == [], f"{block.place}\n" + "\n".join(found) + f"\nwhole answer: {answer}"


def test_curl_is_here() -> None:
    assert shutil.which("curl"), "the documents' commands use curl"
