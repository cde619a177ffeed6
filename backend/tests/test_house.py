"""The rules of the house hold: directions of imports, the map, and what each process may load."""

import ast
import re
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from litmus_server.store.migrate import _config
from litmus_server.store.schema import head

ROOT = Path(__file__).parents[2]
SERVER = ROOT / "backend" / "src" / "litmus_server"
MAP = ROOT / "ARCHITECTURE.md"


def test_imports_go_down_the_stairs() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_a_module_without_a_place_on_the_map_breaks_the_contract(tmp_path: Path) -> None:
    """The contracts are exhaustive: this is what makes the map true, so it is tested that they notice."""
    package = tmp_path / "litmus_server"
    (package / "sub").mkdir(parents=True)
    for file in ("__init__.py", "cli.py", "utils.py"):
        (package / file).write_text('"""."""\n')
    contract = "[importlinter]\nroot_package = litmus_server\n[importlinter:contract:stairs]\n"
    contract += (
        "type = layers\nname = stairs\ncontainers = litmus_server\nexhaustive = True\nlayers =\n    cli\n"
    )
    (tmp_path / ".importlinter").write_text(contract)
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "utils" in done.stdout


def test_the_stairs_on_the_map_are_those_that_the_contract_holds() -> None:
    block = re.search(r"```text\ncli\n(.*?)```", MAP.read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    drawn = [re.split(r"\s{2,}", line)[0] for line in f"cli\n{block[1]}".splitlines() if line]
    contracts = ConfigParser()
    contracts.read(ROOT / ".importlinter", encoding="utf-8")
    held = contracts["importlinter:contract:stairs"]["layers"].split("\n")
    assert drawn == [*filter(None, held), "litmus.decide"]


@pytest.mark.parametrize("module", ["litmus_server.processes.server", "litmus_server.apps"])
def test_the_process_that_decides_loads_no_numerics_and_no_migration_tool(module: str) -> None:
    heavy = {"numpy", "scipy", "sqlalchemy", "alembic", "pandas"}
    script = f"import sys, {module}; print(*sorted(set(sys.modules) & {heavy!r}))"
    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout.split()
    assert loaded == []


def test_the_server_uses_the_kernel_and_nothing_else_of_the_sdk() -> None:
    used = {
        name
        for path in SERVER.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in _imported(node)
        if name.partition(".")[0] == "litmus"
    }
    assert used
    assert [name for name in used if not (name + ".").startswith("litmus.decide.")] == []


def test_the_kernel_loads_the_standard_library_only() -> None:
    script = "import sys; before = set(sys.modules); import litmus.decide; print(*sorted(set(sys.modules) - before))"
    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout.split()
    foreign = {name.partition(".")[0] for name in loaded} - set(sys.stdlib_module_names) - {"litmus"}
    assert foreign == set()


def test_only_the_settings_read_the_environment() -> None:
    """Where a system keeps its run-time folders (XDG_…) is a fact about the machine, not a setting of ours."""
    readers = [
        path.relative_to(SERVER).as_posix()
        for path in SERVER.rglob("*.py")
        if re.search(r"os\.(environ|getenv)(?!\.get\(\"XDG_)", path.read_text(encoding="utf-8"))
    ]
    assert readers == ["settings.py"]


def test_the_newest_migration_is_found_without_the_tool_that_applies_it() -> None:
    assert head() == ScriptDirectory.from_config(_config()).get_current_head()


def test_ci_calls_the_test_command_of_the_readme() -> None:
    commands = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert re.search(r"^make test\b", commands, re.MULTILINE)
    assert "make test" in (ROOT / "README.md").read_text(encoding="utf-8")


def _imported(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [each.name for each in names]
        case ast.ImportFrom(module=str(module), level=0):
            return [module]
        case _:
            return []
