"""A folder for a whole Litmus: one that its PostgreSQL may enter when the tests run as root."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def folder() -> Iterator[Path]:
    """For one test."""
    yield from _folder()


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """For all tests of a file."""
    yield from _folder()


def _folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="litmus-test-"))
    path.chmod(0o711)
    try:
        yield path
    finally:
        shutil.rmtree(path)
