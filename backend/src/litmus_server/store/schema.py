"""Which migration this program needs, found without loading the tool that applies it."""

from functools import cache
from pathlib import Path

_VERSIONS = Path(__file__).parent / "migrations" / "versions"


@cache
def head() -> str:
    """The newest revision: files are named `NNNN_what.py`, and NNNN is the revision's id."""
    return max(path.stem.partition("_")[0] for path in _VERSIONS.glob("[0-9]*.py"))
