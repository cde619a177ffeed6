"""`litmus apply` and `litmus export` against a server that runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from drafts import draft
from litmus_server.cli import app
from litmus_server.domain.notation import read_yaml, write_yaml
from serving import Served, serving
from typer.testing import CliRunner, Result

AUDIENCE = {
    "kind": "audience", "key": "dach", "name": "DACH",
    "condition": {"attribute": "country", "operator": "in", "value": ["DE", "AT", "CH"]},
}  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with serving() as served:
        yield served


def run(server: Served, *arguments: object) -> Result:
    url = ["--url", f"http://127.0.0.1:{server.port}"]
    return CliRunner().invoke(app, [*map(str, arguments), *url])


def experiment(key: str, **changes: Any) -> dict[str, Any]:
    return {"kind": "experiment", "key": key, **draft(f"Name of {key}", **changes)}


def audited(server: Served) -> dict[str, Any]:
    with urlopen(f"http://127.0.0.1:{server.port}/api/v1/audit?limit=1") as answer:
        found: dict[str, Any] = json.load(answer)["entries"][0]
        return found


def test_files_are_planned_applied_exported_and_the_same_again(server: Served, tmp_path: Path) -> None:
    files = tmp_path / "experiments"
    (files / "deep").mkdir(parents=True)
    (files / "deep" / "two.yml").write_text(
        write_yaml([AUDIENCE, experiment("one", audience={"audience": "dach"})])
    )
    (files / "three.json").write_text(json.dumps([experiment("three")]))
    (files / "notes.txt").write_text("not a document")
    planned = run(server, "apply", files, "--plan")
    assert planned.exit_code == 2, planned.output
    assert "+ audience dach  create" in planned.stdout
    assert "two.yml, document 2" in planned.stdout
    assert "3 of 3 documents would change something" in planned.stdout
    applied = run(server, "apply", files, "--actor", "ann", "--reason", "merged")
    assert (applied.exit_code, "applied: 3 of 3" in applied.stdout) == (0, True), applied.output
    assert (audited(server)["actor"], audited(server)["reason"]) == ("ann", "merged")
    assert run(server, "apply", files, "--plan").exit_code == 0

    out = tmp_path / "out"
    exported = run(server, "export", "--out", out)
    assert sorted(exported.stdout.split()) == sorted(
        str(out / each) for each in ("audiences/dach.yaml", "experiments/one.yaml", "experiments/three.yaml")
    )
    again = run(server, "apply", out, "--plan")
    assert (again.exit_code, "0 of 3" in again.stdout) == (0, True), again.output
    (document,) = read_yaml(run(server, "export", "three").stdout)
    assert document["name"] == "Name of three"
    assert len(read_yaml(run(server, "export").stdout)) == 3


def test_a_change_is_shown_value_by_value(server: Served, tmp_path: Path) -> None:
    file = tmp_path / "four.yaml"
    file.write_text(write_yaml([experiment("four")]))
    assert run(server, "apply", file).exit_code == 0
    file.write_text(write_yaml([experiment("four", traffic_allocation=0.25, owner="ada")]))
    shown = run(server, "apply", file, "--plan").stdout
    assert "~ experiment four  update" in shown
    assert "/traffic_allocation: 0.5 → 0.25" in shown
    assert '/owner: "" → "ada"' in shown


def test_a_refused_document_is_named_with_file_number_and_pointer(server: Served, tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(
        write_yaml([experiment("fine"), experiment("wrong", layer={"key": "none", "share": 0.5})])
    )
    for more in ([], ["--plan"]):
        refused = run(server, "apply", file, *more)
        assert refused.exit_code == 1
        assert f"{file}, document 2: /layer/key: there is no layer none" in refused.stdout
        assert "nothing was applied" in refused.stderr
    missing = run(server, "export", "fine")
    assert (missing.exit_code, "404" in missing.stderr) == (1, True)


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("a.yaml", "a: 1\nb: *x\n", "a.yaml: b: line 2, column 4: anchors and aliases"),
        ("a.json", '{"a": 1, "a": 2}', "twice"),
        ("a.json", "{", "line 1"),
        ("a.yaml", "- 1\n", "document 1: must be an object"),
        ("a.yaml", "", "no documents"),
        ("a.toml", "", "files end in .yaml, .yml, .json"),
        ("a.yaml", None, "No such file"),
        ("a.yaml", b"\xff", "not UTF-8"),
    ],
    ids=str,
)
def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, name: str, text: str | bytes | None, why: str
) -> None:
    file = tmp_path / name
    if text is not None:
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
    said = CliRunner().invoke(app, ["apply", str(file), "--url", "http://127.0.0.1:9"])
    assert (said.exit_code, why in said.stderr) == (1, True), said.output


def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(write_yaml([experiment("a")]))
    for url, why in (
        ("http://127.0.0.1:9", "does not answer"),
        ("file:///etc", "no address"),
        ("localhost", "no address"),
    ):
        said = CliRunner().invoke(app, ["apply", str(file), "--url", url])
        assert (said.exit_code, why in said.stderr) == (1, True), said.output


def test_what_changed_between_plan_and_apply_is_not_applied(
    server: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from litmus_server.processes import apply

    file = tmp_path / "five.yaml"
    file.write_text(write_yaml([experiment("five")]))
    assert run(server, "apply", file).exit_code == 0
    file.write_text(write_yaml([experiment("five", owner="ada")]))
    plan = apply.Server.plan

    def overtaken(self: apply.Server, documents: Any) -> dict[str, Any]:
        found = plan(self, documents)
        body = json.dumps({"description": "somebody else"}).encode()
        request = Request(f"http://127.0.0.1:{server.port}/api/v1/experiments/five", body, method="PATCH")
        request.add_header("Content-Type", "application/json")
        urlopen(request).close()
        return found

    monkeypatch.setattr(apply.Server, "plan", overtaken)
    said = run(server, "apply", file)
    assert (said.exit_code, "409" in said.stderr, "plan again" in said.stderr) == (1, True, True), said.output
