"""What analysts take away: a report with its sums in three formats, and every unit."""

from __future__ import annotations

import csv
import io
import json
from fractions import Fraction
from typing import Any

import httpx2
import pyarrow.parquet as pq
import pytest
from drafts import ADMIN, WRITER
from litmus_server.domain.export import COLUMNS, Table
from litmus_server.store.units import UnitStore
from units import drawn, shop
from working import worker

pytestmark = pytest.mark.database

PATH = "/api/v1/experiments/shop/export"


async def get(client: httpx2.AsyncClient, path: str = PATH, **query: str) -> httpx2.Response:
    answer = await client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer


def lines(answer: httpx2.Response) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.text)))


async def test_the_document_has_the_report_and_the_sums_of_all_units(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    units = drawn()
    async with worker(database_url) as pool:
        await shop(pool, units)
        found: dict[str, Any] = (await get(client)).json()
        report = (await client.get("/api/v1/experiments/shop/report")).json()
    assert set(found["tables"]) == set(Table)
    assert found["report"]["metrics"] == report["metrics"]
    assert found["report"]["watermark"] == report["watermark"]
    moments = found["tables"]["moments"]
    rows = [dict(zip(moments["columns"], row, strict=True)) for row in moments["rows"]]
    for key, arm in (("model-0", 0), ("model-1", 1)):
        mine = [row for row in rows if row["variant"] == key]
        of_arm = [unit for unit in units if unit.variant == arm]
        assert sum(row["n"] for row in mine if row["metric"] == "") == len(of_arm)
        spent = [round(unit.values.get("spend", 0) * 1_000_000) for unit in of_arm]
        assert sum(int(row["sum_y"]) for row in mine if row["metric"] == "spend") == sum(spent)
        assert sum(int(row["sum_yyy"]) for row in mine if row["metric"] == "spend") == sum(
            y**3 for y in spent
        )
    joint = found["tables"]["joint_moments"]["rows"]
    assert {row[0] for row in joint} == {"basket"}
    sketch = found["tables"]["sketch"]["rows"]
    assert sum(row[3] for row in sketch) == 0  # nobody sent the quantile's metric
    assert found["tables"]["shares"]["rows"] == [[1, "model-0", 500_000], [1, "model-1", 500_000]]


async def test_csv_and_parquet_say_the_same_as_the_document(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    async with worker(database_url) as pool:
        await shop(pool, drawn(200), planned_units=100)
        document = (await get(client)).json()["tables"]
        for table in Table:
            as_csv = await get(client, format="csv", table=table)
            as_parquet = await get(client, format="parquet", table=table)
            rows = document[table]["rows"]
            assert [list(each.values()) for each in lines(as_csv)] == [
                ["" if value is None else str(value) for value in row] for row in rows
            ]
            read = pq.read_table(io.BytesIO(as_parquet.content))
            assert read.column_names == list(COLUMNS[table]) == document[table]["columns"]
            assert [list(each.values()) for each in read.to_pylist()] == rows
            assert as_parquet.headers["content-disposition"] == f'attachment; filename="shop-{table}.parquet"'
            assert as_csv.headers["content-type"].startswith("text/csv")


async def test_every_unit_is_there_once_with_exactly_what_it_did(
    client: httpx2.AsyncClient, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("litmus_server.store.units._PART", 70)
    units = drawn(300)
    async with worker(database_url) as pool:
        await shop(pool, units)
    found = {row["unit_id"]: row for row in lines(await get(client, f"{PATH}/units"))}
    assert set(found) == {unit.name for unit in units}
    for unit in units:
        row = found[unit.name]
        assert row["variant"] == f"model-{unit.variant}"
        assert row["first_exposure_at"] == unit.first_at.isoformat().replace("+00:00", "Z")
        assert int(row["spend.events"]) == len(unit.values) // 2
        assert Fraction(row["spend.sum"]) == Fraction(str(unit.values.get("spend", 0)))
        assert Fraction(row["spend.before"]) == Fraction(str(unit.before.get("spend", 0)))
    assert not any(name.startswith("basket") for name in found["u0"])  # a ratio is of others
    answer = await get(client, f"{PATH}/units", format="ndjson")
    told = {row["unit_id"]: row for row in map(json.loads, answer.text.splitlines())}
    assert told.keys() == found.keys()
    assert all(float(found[name]["spend.sum"]) == row["spend.sum"] for name, row in told.items())


async def test_units_are_read_by_few_at_once_and_let_go_when_somebody_leaves(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    async with worker(database_url) as pool:
        made = await shop(pool, drawn(20))
        found = await UnitStore(pool).units(made.no)
        assert found is not None
        assert [len(part) async for part in found.parts] == [20]
        assert await UnitStore(pool).units(made.no + 1) is None
        for _ in range(5):  # one after the other, each to its end
            await get(client, f"{PATH}/units")


async def test_bad_input_and_nobody_are_told_as_such(client: httpx2.AsyncClient) -> None:
    for query in ({"format": "xlsx"}, {"format": "csv", "table": "units"}):
        answer = await client.get(PATH, params=query)
        assert answer.status_code == 400, answer.text
    for path in ("/export", "/export/units"):
        assert (await client.get(f"/api/v1/experiments/nobody{path}")).status_code == 404


async def test_units_are_for_admins(guarded: httpx2.AsyncClient) -> None:
    for path, token, status in (
        (PATH, None, 401),
        (PATH, WRITER, 404),
        (f"{PATH}/units", WRITER, 403),
        (f"{PATH}/units", ADMIN, 404),
    ):
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        assert (await guarded.get(path, headers=headers)).status_code == status
