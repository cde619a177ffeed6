"""Multivariate experiments over HTTP: factors in, cells out."""

from __future__ import annotations

import httpx2
from drafts import act, created

BASE = "/api/v1/experiments"
FACTORS = [
    {"key": "color", "levels": [{"key": "red", "config": {"color": "#f00"}}, {"key": "blue"}]},
    {"key": "size", "name": "Size", "levels": [{"key": "small"}, {"key": "large", "config": {"px": 20}}]},
]


async def test_a_multivariate_experiment_is_made_changed_run_and_cloned(client: httpx2.AsyncClient) -> None:
    identity = await created(client, {"name": "button", "factors": FACTORS})
    body = (await client.get(f"{BASE}/button")).json()
    assert [(each["key"], each["factors"], each["config"], each["weight"]) for each in body["variants"]] == [
        ("red-small", {"color": "red", "size": "small"}, {"color": "#f00"}, 0.25),
        ("red-large", {"color": "red", "size": "large"}, {"color": "#f00", "px": 20}, 0.25),
        ("blue-small", {"color": "blue", "size": "small"}, {}, 0.25),
        ("blue-large", {"color": "blue", "size": "large"}, {"px": 20}, 0.25),
    ]
    assert [(each["key"], each["name"], len(each["levels"])) for each in body["factors"]] == [
        ("color", "color", 2),
        ("size", "Size", 2),
    ]
    same = await client.patch(f"{BASE}/button", json={"factors": body["factors"]})
    assert same.json() == body
    cells = [{"color": "red", "size": "large"}, {"color": "blue", "size": "small"}]
    fewer = (await client.patch(f"{BASE}/button", json={"cells": cells})).json()
    assert [each["factors"] for each in fewer["variants"]] == cells
    assert fewer["variants"][0]["id"] == body["variants"][1]["id"]
    await act(client, identity, "start")
    said = (await client.post(f"{BASE}/button/assign", json={"unit_id": "ann"})).json()
    assert said["variant_key"] in {"red-large", "blue-small"}
    for changes, pointer in (({"cells": "all"}, "/cells"), ({"factors": FACTORS[::-1]}, "/factors")):
        refused = await client.patch(f"{BASE}/button", json=changes)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, pointer)
    clone = await client.post(f"{BASE}/button/clone", json={"name": "again"})
    assert clone.status_code == 200
    copy = (await client.get(f"{BASE}/again")).json()
    assert (copy["factors"], [each["factors"] for each in copy["variants"]]) == (body["factors"], cells)


async def test_a_factor_with_one_level_and_too_many_cells_make_nothing(client: httpx2.AsyncClient) -> None:
    five = [{"key": f"f{k}", "levels": [{"key": f"l{j}"} for j in range(5)]} for k in range(4)]
    one = [FACTORS[0], {"key": "size", "levels": [{"key": "small"}]}]
    for factors, pointer in ((five, "/cells"), (one, "/factors/1/levels")):
        answer = await client.post(BASE, json={"name": "button", "factors": factors})
        assert (answer.status_code, [each["pointer"] for each in answer.json()["errors"]]) == (400, [pointer])
    assert (await client.get(f"{BASE}?status=all")).json()["count"] == 0
