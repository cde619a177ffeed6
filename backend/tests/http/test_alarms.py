"""Alarms over the API: what stands and what stood, and a person who bears with one of them."""

from __future__ import annotations

from typing import Any

import asyncpg
import httpx2
import pytest
from drafts import act, created, draft

pytestmark = pytest.mark.database

GUARDED: dict[str, Any] = {
    "secondary_metrics": [
        {"name": "failed", "kind": "conversion", "role": "guardrail", "direction": "decrease"}
    ]
}


async def raised(
    database_url: str, kind: str = "sample_ratio", metric: str | None = None, cleared: bool = False
) -> int:
    """An alarm of the only experiment, as the rules write it; its id."""
    connection = await asyncpg.connect(database_url)
    found: int = await connection.fetchval(
        """
        insert into alarm (experiment, kind, metric, message, evidence, cleared_at)
        select no, $1, (select id from metric where name = $2), 'it is off', '{"p_value": 0.001}', case when $3 then now() end
        from experiments
        returning id
        """,
        kind, metric, cleared,
    )  # fmt: skip
    await connection.close()
    return found


async def test_alarms_are_listed_newest_first_page_by_page(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    experiment = await created(client, draft(**GUARDED))
    assert (await client.get(f"/api/v1/experiments/{experiment}/alarms")).json()["alarms"] == []
    ids = [await raised(database_url, cleared=True), await raised(database_url, "guardrail", "failed")]
    page = (await client.get(f"/api/v1/experiments/{experiment}/alarms?limit=1")).json()
    (first,) = page["alarms"]
    assert (first["id"], first["kind"], first["metric"], first["message"]) == (
        ids[1],
        "guardrail",
        "failed",
        "it is off",
    )
    assert (first["evidence"], first["cleared_at"], first["acknowledged_by"]) == (
        {"p_value": 0.001},
        None,
        None,
    )
    rest = (await client.get(f"/api/v1/experiments/{experiment}/alarms?cursor={page['next_cursor']}")).json()
    assert ([each["id"] for each in rest["alarms"]], rest["next_cursor"]) == ([ids[0]], None)
    assert rest["alarms"][0]["cleared_at"] is not None
    refused = await client.get(f"/api/v1/experiments/{experiment}/alarms?cursor=nonsense")
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/query/cursor")


async def test_who_acknowledges_is_named_in_the_alarm_and_the_audit_once(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    experiment = await created(client, draft())
    await act(client, experiment, "start")
    alarm = await raised(database_url)
    path = f"/api/v1/experiments/{experiment}/alarms/{alarm}/acknowledge"
    body = {"actor": "ada", "reason": "the crawler is known"}
    first = (await client.post(path, json=body)).json()
    again = (await client.post(path, json=body)).json()
    assert first["revision"] == again["revision"]
    (found,) = (await client.get(f"/api/v1/experiments/{experiment}/alarms")).json()["alarms"]
    assert found["acknowledged_by"] == "ada"
    assert found["cleared_at"] is not None
    entries = (await client.get(f"/api/v1/experiments/{experiment}/audit")).json()["entries"]
    assert [each["action"] for each in entries] == ["acknowledge_alarm", "start", "create"]
    assert (entries[0]["actor"], entries[0]["reason"]) == ("ada", "the crawler is known")
    assert entries[0]["evidence"] == {"alarm": alarm, "kind": "sample_ratio", "message": "it is off"}


async def test_only_an_alarm_of_the_experiment_that_stands_can_be_acknowledged(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    experiment = await created(client, draft())
    over = await raised(database_url, cleared=True)
    other = await created(client, draft(name="other"))
    stale = await client.post(
        f"/api/v1/experiments/{experiment}/alarms/{over}/acknowledge", json={"revision": 999}
    )
    assert stale.status_code == 409
    path = "/api/v1/experiments/{}/alarms/{}/acknowledge"
    answers = [
        await client.post(path.format(experiment, over)),
        await client.post(path.format(other, over)),
        await client.post(path.format(experiment, 999_999)),
        await client.post(path.format(experiment, "x")),
        await client.post(path.format(experiment, 0)),
    ]
    assert [each.status_code for each in answers] == [400, 404, 404, 400, 400]
    assert "it became right by itself at" in answers[0].json()["detail"]
