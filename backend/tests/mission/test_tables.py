"""The tables that the documents name can be queried by these names."""

from __future__ import annotations

import asyncpg
import pytest

NAMES = [
    "experiments",
    "experiment_variants",
    "experiment_assignments",
    "experiment_exposures",
    "experiment_conversions",
    "experiment_observations",
    "experiment_test_results",
]


@pytest.mark.database
@pytest.mark.parametrize("name", NAMES)
async def test_the_printed_table_can_be_queried(database_url: str, name: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        assert await connection.fetch(f"select * from {name}") == []
        columns = await connection.fetch(
            "select column_name from information_schema.columns where table_name = $1", name
        )
    finally:
        await connection.close()
    assert {"id", "experiment_id"} & {each["column_name"] for each in columns}
