"""What a browser brings of all pages together; that no page brings too much of it is held wherever a test goes to one (`there`)."""

from __future__ import annotations

from pathlib import Path

import pytest
from litmus_server.http.dashboard import built

from .conftest import NewTab, there, weight

ALL = 500_000  # bytes, packed


@pytest.mark.asyncio(loop_scope="module")
async def test_what_a_page_brings_is_seen(tab: NewTab) -> None:
    page = (await tab()).page
    await there(page, "/experiments")
    assert await weight(page) > 100_000


def test_all_script_together_is_light() -> None:
    folder = built()
    assert folder is not None
    assert 0 < sum(_packed(file) for file in folder.rglob("*.js")) <= ALL


def _packed(file: Path) -> int:
    packed = file.with_name(f"{file.name}.gz")
    return (packed if packed.exists() else file).stat().st_size
