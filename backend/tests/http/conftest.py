"""The whole application on a real database, asked in the same process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from building import application
from drafts import ADMIN, WRITER
from litmus_server.settings import Settings
from litmus_server.wiring import opened_runtime

Opened = Callable[..., AbstractAsyncContextManager[httpx2.AsyncClient]]


@pytest.fixture
def opened(database_url: str, tmp_path: Path) -> Opened:
    """Open the application with these settings; the answer is a client of it."""

    @asynccontextmanager
    async def open_(**settings: Any) -> AsyncIterator[httpx2.AsyncClient]:
        chosen: dict[str, Any] = {
            "env": "development",
            "data_folder": tmp_path,
            "port": 8000,
            "_env_file": None,
            **settings,
        }
        async with opened_runtime(Settings(**chosen), database_url) as runtime:
            transport = httpx2.ASGITransport(app=application(runtime))
            async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
                yield client

    return open_


@pytest.fixture
async def client(opened: Opened) -> AsyncIterator[httpx2.AsyncClient]:
    """In development: nobody needs a token."""
    async with opened() as client:
        yield client


@pytest.fixture
async def guarded(opened: Opened) -> AsyncIterator[httpx2.AsyncClient]:
    """In production, with one token of each kind."""
    async with opened(env="production", write_tokens=(WRITER,), admin_tokens=(ADMIN,)) as client:
        yield client
