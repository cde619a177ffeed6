"""Folders for a whole Litmus."""

from collections.abc import Iterator
from pathlib import Path

import launched
import pytest


@pytest.fixture
def folder() -> Iterator[Path]:
    """For one test."""
    with launched.home() as path:
        yield path


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """For all tests of a file."""
    with launched.home() as path:
        yield path
