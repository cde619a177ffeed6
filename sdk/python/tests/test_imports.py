"""What importing the SDK brings along: the server imports the kernel, and services import nothing but httpx2."""

import json
import subprocess
import sys
from importlib.metadata import requires

import litmus


def modules_after(statement: str) -> set[str]:
    script = f"import json, sys; {statement}; print(json.dumps(sorted({{name.split('.')[0] for name in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def test_the_sdk_depends_on_httpx2_and_nothing_else() -> None:
    declared = [each.split(";")[0].strip() for each in requires("litmus-sdk") or []]
    assert [name.split(">")[0] for name in declared] == ["httpx2"]


def test_the_client_imports_nothing_but_httpx2_and_what_that_needs() -> None:
    bare = modules_after("import httpx2")
    assert modules_after("from litmus import ExperimentClient") - bare - sys.stdlib_module_names == {"litmus"}


def test_the_kernel_imports_the_standard_library_only() -> None:
    bare = modules_after("pass")
    assert modules_after("import litmus.decide") - bare - sys.stdlib_module_names == {"litmus"}


def test_every_public_name_can_be_imported() -> None:
    for name in litmus.__all__:
        assert getattr(litmus, name) is not None
        assert name in dir(litmus)
    assert not hasattr(litmus, "SomethingElse")
