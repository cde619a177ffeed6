"""Declaring and changing metrics over HTTP: what goes in comes out, and what changes the fold is folded again."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from drafts import act, bandit, created, draft, rows

BASE = "/api/v1/experiments"
PRIMARY: dict[str, Any] = {
    "name": "revenue", "kind": "mean", "unit": "EUR", "cap": {"quantile": 0.999}, "minimum_effect": 0.01, "window_days": 7,
}  # fmt: skip
SECONDARY: list[dict[str, Any]] = [
    {"name": "order", "kind": "conversion", "description": "paid"},
    {"name": "basket", "kind": "ratio", "numerator": "revenue", "denominator": "order", "covariates": []},
    {"name": "wait", "kind": "quantile", "quantile": 0.9, "role": "guardrail", "margin": 0.05, "direction": "decrease"},
]  # fmt: skip
BODY = draft(primary_metric=PRIMARY, secondary_metrics=SECONDARY)
PLAIN: dict[str, Any] = {
    "role": "secondary", "kind": "mean", "direction": "increase", "window_seconds": 2_592_000, "numerator": None, "denominator": None,
    "quantile": None, "cap": None, "margin": None, "minimum_effect": None, "unit": "", "description": "", "covariates": None,
}  # fmt: skip


async def metrics(client: httpx2.AsyncClient, reference: str) -> list[dict[str, Any]]:
    answer = await client.get(f"{BASE}/{reference}")
    found: list[dict[str, Any]] = answer.json()["metrics"]
    return found


async def test_metrics_of_every_kind_read_back_as_they_were_declared(client: httpx2.AsyncClient) -> None:
    identity = await created(client, BODY)
    cap = {"value": None, "quantile": 0.999, "frozen_at": None}
    expected = [
        PLAIN
        | {"name": "revenue", "role": "primary", "unit": "EUR", "minimum_effect": 0.01, "window_seconds": 604_800, "cap": cap},
        PLAIN | SECONDARY[0],
        PLAIN | SECONDARY[1],
        PLAIN | SECONDARY[2],
    ]  # fmt: skip
    assert await metrics(client, identity) == expected
    clone = await client.post(f"{BASE}/{identity}/clone", json={"name": "again"})
    assert await metrics(client, clone.json()["experiment_id"]) == expected
    document = (await client.get(f"{BASE}/{identity}/definition")).json()
    applied = await client.post("/api/v1/definitions/apply", json=document)
    assert applied.json()["items"][0]["outcome"] == "unchanged"
    await client.delete(f"{BASE}/{identity}")
    other = document | {"key": "other", "name": "other"}
    assert (await client.post("/api/v1/definitions/apply", json=other)).json()["items"][0][
        "outcome"
    ] == "create"
    assert await metrics(client, "other") == expected


async def test_a_changed_cap_of_a_running_experiment_is_folded_again_and_a_changed_word_is_not(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    identity = await created(client, BODY)
    await act(client, identity, "start")
    queued = "select payload from job where kind = 'refold'"
    assert await rows(database_url, queued) == []
    answer = await client.patch(f"{BASE}/{identity}", json={"primary_metric": {"unit": "USD"}})
    assert answer.json()["metrics"][0]["unit"] == "USD"
    assert await rows(database_url, queued) == []
    answer = await client.patch(f"{BASE}/{identity}", json={"primary_metric": {"cap": {"value": 99.5}}})
    assert answer.json()["metrics"][0]["cap"] == {"value": 99.5, "quantile": None, "frozen_at": None}
    assert len(await rows(database_url, queued)) == 1
    [row] = await rows(
        database_url, "select cap, whole from derived_metric where indicator = '{f}' and not sketch"
    )
    assert (int(row["cap"]), row["whole"]) == (99_500_000, False)
    trail = (await client.get(f"{BASE}/{identity}/audit")).json()["entries"][0]
    assert trail["after"]["primary_metric"]["cap"] == {"value": 99.5}


async def test_a_definition_changes_a_running_cap_too(client: httpx2.AsyncClient, database_url: str) -> None:
    identity = await created(client, BODY)
    await act(client, identity, "start")
    document = (await client.get(f"{BASE}/{identity}/definition")).json()
    document["primary_metric"]["cap"] = {"value": 7}
    applied = await client.post("/api/v1/definitions/apply", json=document)
    assert applied.json()["items"][0]["outcome"] == "update", applied.text
    assert (await metrics(client, identity))[0]["cap"]["value"] == 7
    assert len(await rows(database_url, "select from job where kind = 'refold'")) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"primary_metric": {"minimum_effect": 0.5}},
        {"primary_metric": {"direction": "decrease"}},
        {"primary_metric": "order"},
        {"secondary_metrics": [SECONDARY[0], SECONDARY[1] | {"denominator": "revenue"}, SECONDARY[2]]},
        {"secondary_metrics": SECONDARY[:2]},
        {"primary_metric": {"cap": {"value": -1}}},
        {"primary_metric": {"covariates": ["basket"]}},
    ],
)
async def test_what_it_is_judged_by_stays_while_it_runs(
    client: httpx2.AsyncClient, changes: dict[str, Any]
) -> None:
    identity = await created(client, BODY)
    await act(client, identity, "start")
    before = await metrics(client, identity)
    answer = await client.patch(f"{BASE}/{identity}", json=changes)
    assert answer.status_code == 400, answer.text
    assert answer.json()["errors"]
    assert await metrics(client, identity) == before


async def test_a_ratio_can_be_declared_late_and_names_only_what_is_there(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    identity = await created(client, bandit(secondary_metrics=["spend"]))
    await act(client, identity, "start")
    url = f"{BASE}/{identity}/metrics"
    late = {"name": "per order", "kind": "ratio", "numerator": "spend", "denominator": "conversion"}
    wrong = await client.post(url, json=late | {"denominator": "orders"})
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (400, "/denominator")
    answer = await client.post(url, json=late)
    assert answer.json()["metrics"][2] == PLAIN | late
    [row] = await rows(database_url, "select totals, indicator, whole from derived_metric")
    assert dict(row) == {"totals": [2, 1], "indicator": [False, True], "whole": False}
