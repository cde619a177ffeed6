"""One server for the mission's documents."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import pytest
from serving import Served, serving


@pytest.fixture(scope="session")
def litmus() -> Iterator[Served]:
    with serving() as served:
        yield served


@pytest.fixture
def api(litmus: Served) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=f"{litmus.base_url}/api/v1", timeout=30) as client:
        yield client
