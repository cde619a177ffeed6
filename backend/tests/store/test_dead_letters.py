"""Dead letters are kept for thirty days, and a database that takes no writes is seen."""

from typing import Any

import asyncpg
import pytest
from litmus_server.domain.health import concerns
from litmus_server.store.dead_letters import prune
from litmus_server.store.vitals import look

pytestmark = pytest.mark.database


async def test_letters_older_than_a_month_go(connection: "asyncpg.Connection[Any]") -> None:
    await connection.execute(
        """
        insert into dead_letter (received_at, reason, message, door, body)
        select now() - n * interval '1 day', 'clock', 'm', 1, '{}' from generate_series(0, 40) n
        """
    )
    assert await prune(connection) == 11
    assert await connection.fetchval("select count(*) from dead_letter") == 30


async def test_a_read_only_database_is_a_concern(connection: "asyncpg.Connection[Any]") -> None:
    assert (await look(connection)).writable
    await connection.execute("set default_transaction_read_only = on")
    assert concerns(await look(connection))[0].startswith("The database is read-only")
