"""Fixtures of the SDK's tests: a scripted server, and clients of it that are closed in the end."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from litmus import ExperimentClient
from scripted_server import ScriptedServer, scripted_server

MakeClient = Callable[..., ExperimentClient]


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        yield running


@pytest.fixture
def make_client(server: ScriptedServer) -> Iterator[MakeClient]:
    """Clients of the scripted server whose background thread stays out of the way."""
    made: list[ExperimentClient] = []

    def make(**options: Any) -> ExperimentClient:
        given: dict[str, Any] = {
            "base_url": server.url,
            "api_key": "dev-token",
            "flush_interval_seconds": 60.0,
        }
        client = ExperimentClient(**{**given, **options})
        made.append(client)
        return client

    yield make
    server.released.set()
    for client in made:
        client.close(timeout=0)


@pytest.fixture
def client(make_client: MakeClient) -> ExperimentClient:
    return make_client()
