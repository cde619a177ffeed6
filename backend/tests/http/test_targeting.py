"""Audiences, layers and the holdout over HTTP: what experiments share, and what happens to them when it changes."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import httpx2
import pytest
from drafts import ADMIN, WRITER, act, bandit, created, draft, rows

BASE = "/api/v1/experiments"
GERMANS = {"attribute": "country", "operator": "equals", "value": "DE"}
ADULTS = {"attribute": "age", "operator": "greater_or_equal", "value": 18}
HEAD = "select (select revision from configuration_head), (select count(*) from audit), (select count(*) from configuration)"


async def done(answer: Any) -> dict[str, Any]:
    found = await answer
    assert found.status_code == 200, found.text
    body: dict[str, Any] = found.json()
    return body


async def refused(answer: Any, pointer: str) -> str:
    found = await answer
    assert found.status_code == 400, found.text
    assert pointer in [each["pointer"] for each in found.json()["errors"]], found.text
    return str(found.json()["message"])


async def named(client: httpx2.AsyncClient, key: str, condition: Any) -> dict[str, Any]:
    return await done(client.post("/api/v1/audiences", json={"name": key, "condition": condition}))


async def layered(client: httpx2.AsyncClient, name: str, share: float) -> str:
    body = draft(name, traffic_allocation=1, layer={"key": "page", "share": share})
    return await created(client, body)


async def published(client: httpx2.AsyncClient) -> dict[str, dict[str, Any]]:
    found = await done(client.get("/api/v1/snapshot"))
    return {each["key"]: each for each in found["experiments"]}


async def test_an_audience_is_made_read_changed_and_removed(client: httpx2.AsyncClient) -> None:
    made = await named(client, "germans", GERMANS)
    assert (made["key"], made["condition"]) == ("germans", GERMANS)
    await named(client, "grown", {"all": [{"audience": "germans"}, ADULTS]})
    listed = await done(client.get("/api/v1/audiences"))
    assert [each["key"] for each in listed["audiences"]] == ["germans", "grown"]
    identity = await created(client, draft(audience={"not": {"audience": "grown"}}))
    shown = await done(client.get("/api/v1/audiences/germans"))
    assert shown["used_by"] == {"experiments": [], "audiences": ["grown"]}
    shown = await done(client.get("/api/v1/audiences/grown"))
    assert [each["experiment_id"] for each in shown["used_by"]["experiments"]] == [identity]
    assert "lora_boost_test" in await refused(client.delete("/api/v1/audiences/grown"), "")
    assert "grown" in await refused(client.delete("/api/v1/audiences/germans"), "")
    await done(client.patch(f"{BASE}/{identity}", json={"audience": None}))
    for key in ("grown", "germans"):
        assert (await done(client.delete(f"/api/v1/audiences/{key}")))["deleted"] is True
        assert (await client.get(f"/api/v1/audiences/{key}")).status_code == 404
    trail = await done(client.get("/api/v1/audit?subject=audience"))
    assert [(each["key"], each["action"]) for each in trail["entries"]] == [
        ("germans", "delete"), ("grown", "delete"), ("grown", "create"), ("germans", "create"),
    ]  # fmt: skip


async def test_a_shared_audience_that_changes_is_published_with_every_running_experiment_that_means_it(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    await named(client, "germans", GERMANS)
    await named(client, "grown", {"all": [{"audience": "germans"}, ADULTS]})
    bodies = {
        "direct": draft("direct", audience={"audience": "germans"}),
        "nested": draft("nested", audience={"any": [{"audience": "grown"}]}),
        "learns": bandit("learns", audience={"audience": "grown"}),
        "waits": draft("waits", audience={"audience": "germans"}),
        "apart": draft("apart", audience=ADULTS),
    }
    for name, body in bodies.items():
        identity = await created(client, body)
        if name != "waits":
            await act(client, identity, "start")
    before = await published(client)
    french = GERMANS | {"value": "FR"}
    change = {"condition": french, "actor": "ann", "reason": "we moved"}
    await done(client.patch("/api/v1/audiences/germans", json=change))
    after = await published(client)
    assert after["direct"]["audience"] == french
    assert after["nested"]["audience"] == {"any": [{"all": [french, ADULTS]}]}
    assert {name: after[name]["epoch"] - before[name]["epoch"] for name in bodies} == {
        "direct": 1, "nested": 1, "learns": 0, "waits": 0, "apart": 0,
    }  # fmt: skip
    changed = {name for name in bodies if after[name]["revision"] != before[name]["revision"]}
    assert changed == {"direct", "nested", "learns"}
    assert after["learns"]["policy"]["revision"] == after["learns"]["revision"]
    (entry, *_) = (await done(client.get(f"{BASE}/direct/audit")))["entries"]
    assert (entry["action"], entry["actor"], entry["after"]) == ("audience", "ann", {"epoch": 2})
    entries = (await done(client.get("/api/v1/audit?subject=audience&action=edit")))["entries"]
    assert [(each["key"], each["reason"], each["before"]) for each in entries] == [
        ("germans", "we moved", {"condition": {"value": "DE"}})
    ]
    await act(client, "waits", "start")
    assert (await published(client))["waits"]["audience"] == french
    revisions = await rows(database_url, HEAD)
    for same in ({"condition": french}, {"name": "germans"}, {}):
        await done(client.patch("/api/v1/audiences/germans", json=same))
    assert await rows(database_url, HEAD) == revisions
    renamed = await done(client.patch("/api/v1/audiences/germans", json={"name": "The French"}))
    assert renamed["name"] == "The French"
    assert (await published(client))["direct"]["revision"] == after["direct"]["revision"]
    for value in (1, True):  # which Python calls equal
        await done(client.patch("/api/v1/audiences/germans", json={"condition": french | {"value": value}}))
        assert (await published(client))["direct"]["audience"]["value"] is value


async def test_what_would_make_no_sense_is_refused_and_nothing_is_written(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    await named(client, "a", GERMANS)
    await named(client, "b", {"audience": "a"})
    long = {"any": [GERMANS | {"value": "x" * 9_000}] * 6}
    await created(client, draft(audience={"all": [{"audience": "b"}, {"audience": "b"}]}))
    before = await rows(database_url, HEAD)
    audiences = "/api/v1/audiences"
    for condition, pointer in (
        ({"audience": "c"}, "/condition/audience"),
        ({"audience": "nobody"}, "/condition/audience"),
        ({"all": []}, "/condition/all"),
        ({"attribute": "x", "operator": "matches", "value": "(a"}, "/condition/value"),
        ({"attribute": "x", "operator": "equals", "value": "x" * 1_000_000}, "/condition"),
        (None, "/condition"),
        ([], "/condition"),
    ):
        await refused(client.post(audiences, json={"name": "c", "condition": condition}), pointer)
    await refused(client.post(audiences, json={"name": "a", "condition": GERMANS}), "/key")
    await refused(client.post(audiences, json={"name": "c", "condition": GERMANS, "x": 1}), "/x")
    said = await refused(
        client.patch(f"{audiences}/a", json={"condition": {"audience": "b"}}), "/condition/audience"
    )
    assert "cannot stand for itself: b → a → b" in said
    said = await refused(client.patch(f"{audiences}/a", json={"condition": long}), "/condition")
    assert "experiment lora_boost_test" in said
    assert await rows(database_url, HEAD) == before
    for path in ("nobody", "no body", "%00"):
        for answer in (client.get(f"{audiences}/{path}"), client.patch(f"{audiences}/{path}", json={})):
            assert (await answer).status_code == 404


async def test_an_audience_is_tried_on_attributes(client: httpx2.AsyncClient) -> None:
    await named(client, "germans", GERMANS)
    body = {
        "audience": {"all": [{"audience": "germans"}, ADULTS]},
        "attributes": {"country": "DE", "age": "18"},
    }
    found = await done(client.post("/api/v1/targeting/test", json=body))
    assert found["matches"] is False
    assert [(part["attribute"], part["matched"], part["found"]) for part in found["finding"]["parts"]] == [
        ("country", True, "DE"), ("age", False, "18"),
    ]  # fmt: skip
    found = await done(
        client.post("/api/v1/targeting/test", json={"key": "germans", "attributes": {"country": "DE"}})
    )
    assert found["matches"] is True
    await refused(client.post("/api/v1/targeting/test", json={}), "/audience")
    await refused(
        client.post("/api/v1/targeting/test", json={"audience": {"audience": "x"}}), "/audience/audience"
    )
    await refused(
        client.post("/api/v1/targeting/test", json={"key": "germans", "attributes": []}), "/attributes"
    )
    assert (await client.post("/api/v1/targeting/test", json={"key": "nobody"})).status_code == 404


async def counted(client: httpx2.AsyncClient, **body: Any) -> dict[str, Any]:
    return await done(client.post("/api/v1/targeting/count", json=body))


async def test_an_audience_is_counted_over_the_units_that_were_assigned_of_late(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    none = await counted(client, audience=GERMANS)
    assert (none["units"], none["matching"], none["unknown"], none["whole"]) == (0, 0, 0, True)
    identity = await created(client, draft(traffic_allocation=1, dimensions=["country"]))
    other = await created(
        client, draft("sessions", traffic_allocation=1, unit_type="session", dimensions=["country", "age"])
    )
    for each in (identity, other):
        await done(act(client, each, "start"))

    async def assign(experiment: str, unit: str, **attributes: Any) -> None:
        body = {"unit_id": unit, "attributes": attributes}
        await done(client.post(f"{BASE}/{experiment}/assign", json=body))

    for number in range(6):
        await assign(identity, f"u{number}", country="DE" if number < 2 else "FR", age=30)
    await assign(other, "s1", country="DE", age=30)
    await assign(other, "s2", age=3)

    await named(client, "germans", GERMANS)
    found = await counted(client, key="germans")
    assert {name: found[name] for name in ("units", "matching", "not_matching", "unknown", "not_kept", "whole")} == {
        "units": 8, "matching": 3, "not_matching": 5, "unknown": 0, "not_kept": [], "whole": True,
    }  # fmt: skip
    found = await counted(client, audience={"all": [{"audience": "germans"}, ADULTS]}, unit_type="user")
    assert (found["units"], found["matching"], found["unknown"], found["not_kept"]) == (6, 0, 2, ["age"])
    found = await counted(client, audience={"all": [{"audience": "germans"}, ADULTS]}, unit_type="session")
    assert (found["units"], found["matching"], found["unknown"], found["not_kept"]) == (2, 1, 0, [])

    await rows(database_url, "update assignment set assigned_at = assigned_at - interval '25 hours'")
    assert (await counted(client, audience=GERMANS))["units"] == 0


async def test_what_is_no_audience_is_not_counted(client: httpx2.AsyncClient) -> None:
    url = "/api/v1/targeting/count"
    await refused(client.post(url, json={}), "/audience")
    await refused(client.post(url, json={"audience": {"audience": "x"}}), "/audience/audience")
    await refused(client.post(url, json={"audience": GERMANS, "unit_type": 3}), "/unit_type")
    await refused(client.post(url, json={"audience": GERMANS, "days": 3}), "/days")
    assert (await client.post(url, json={"key": "nobody"})).status_code == 404


async def test_a_stale_revision_of_what_is_shared_is_a_conflict(client: httpx2.AsyncClient) -> None:
    await named(client, "germans", GERMANS)
    await done(client.post("/api/v1/layers", json={"name": "page"}))
    await done(client.put("/api/v1/holdout", json={"share": 0.1}))
    for method, path, body in (
        ("PATCH", "/api/v1/audiences/germans", {"name": "x"}),
        ("DELETE", "/api/v1/audiences/germans", {}),
        ("PATCH", "/api/v1/layers/page", {"name": "x"}),
        ("DELETE", "/api/v1/layers/page", {}),
        ("PUT", "/api/v1/holdout", {"share": 0.2}),
    ):
        answer = await client.request(method, path, json=body, headers={"if-match": '"999"'})
        assert answer.status_code == 409, path
        shown = await client.get(path)
        assert shown.headers["etag"] == f'"{answer.json()["revision"]}"'


async def test_a_layer_shows_who_has_which_part_and_gives_no_part_twice(client: httpx2.AsyncClient) -> None:
    made = await done(client.post("/api/v1/layers", json={"name": "page", "actor": "ann"}))
    assert (made["free"], made["largest_free"], made["allocations"]) == (1, 1, [])
    for name, share in (("a", 0.25), ("b", 0.5)):
        await layered(client, name, share)
    await act(client, "a", "start")
    shown = await done(client.get("/api/v1/layers/page"))
    assert [
        (each["experiment_key"], each["from"], each["to"], each["share"], each["status"])
        for each in shown["allocations"]
    ] == [("a", 0, 0.25, 0.25, "running"), ("b", 0.25, 0.75, 0.5, "draft")]
    assert shown["free_ranges"] == [{"from": 0.75, "to": 1, "share": 0.25}]
    body = draft("c", layer={"key": "page", "share": 0.3})
    assert "0.25 free, in one piece 0.25" in await refused(client.post(BASE, json=body), "/layer/share")
    await refused(client.patch(f"{BASE}/a", json={"layer": {"share": 0.3}}), "/layer/share")
    await done(client.delete(f"{BASE}/b"))
    grown = await done(client.patch(f"{BASE}/a", json={"layer": {"share": 0.3}}))
    assert grown["layer"] == {"key": "page", "share": 0.3}
    await layered(client, "c", 0.7)
    assert (await done(client.get("/api/v1/layers/page")))["free"] == 0
    await act(client, "a", "stop")
    assert (await done(client.get("/api/v1/layers/page")))["free"] == 0.3
    await act(client, "c", "archive")
    assert (await done(client.get("/api/v1/layers/page")))["free"] == 1
    await layered(client, "d", 0.2)
    await act(client, "c", "restore")
    shown = await done(client.get("/api/v1/layers/page"))
    assert [(each["experiment_key"], each["from"]) for each in shown["allocations"]] == [("d", 0), ("c", 0.2)]
    await act(client, "c", "archive")
    await layered(client, "e", 0.5)
    answer = await act(client, "c", "restore")
    assert (answer.status_code, "does not fit" in answer.json()["message"]) == (400, True)
    assert "a, c, d, e" in await refused(client.delete("/api/v1/layers/page"), "")
    await done(client.post("/api/v1/layers", json={"name": "unused"}))
    await done(client.patch("/api/v1/layers/unused", json={"description": "nobody"}))
    await done(client.delete("/api/v1/layers/unused"))
    listed = await done(client.get("/api/v1/layers"))
    assert [each["key"] for each in listed["layers"]] == ["page"]
    await refused(client.post("/api/v1/layers", json={"name": "page"}), "/key")


async def test_those_who_take_from_a_layer_at_once_never_overlap(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    await done(client.post("/api/v1/layers", json={"name": "page"}))
    bodies = [draft(f"e{k}", layer={"key": "page", "share": 0.13}) for k in range(16)]
    answers = await asyncio.gather(*(client.post(BASE, json=body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [400] * 9
    shown = await done(client.get("/api/v1/layers/page"))
    ranges = [(each["from"], each["to"]) for each in shown["allocations"]]
    assert all(stop <= start for (_, stop), (start, _) in pairwise(ranges))
    with pytest.raises(Exception, match="layer_is_exclusive"):
        await rows(
            database_url,
            "update experiments set layer_from = layer_from + 1, layer_to = layer_to + 1 where key = 'e0'",
        )


async def test_no_unit_is_in_two_experiments_of_a_layer(client: httpx2.AsyncClient) -> None:
    await done(client.post("/api/v1/layers", json={"name": "page"}))
    for name, share in (("a", 0.3), ("b", 0.5)):
        await layered(client, name, share)
        await act(client, name, "start")
    units = [f"u{k}" for k in range(400)]
    requests = [{"experiment_id": key, "unit_id": unit} for unit in units for key in "ab"]
    found = (await done(client.post("/api/v1/assignments", json={"requests": requests})))["assignments"]
    inside: dict[str, int] = dict.fromkeys(units, 0)
    for each in found:
        inside[each["unit_id"]] += each["in_experiment"]
        assert each["reason"] in {"assigned", "layer"}
    assert set(inside.values()) == {0, 1}
    assert 250 < sum(inside.values()) < 390


async def test_the_holdout_keeps_the_same_units_out_of_all_experiments_that_take_part(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    for name, more in (("a", {}), ("b", {}), ("apart", {"holdout": False})):
        await created(client, draft(name, traffic_allocation=1, **more))
        await act(client, name, "start")
    assert (await done(client.get("/api/v1/holdout")))["share"] == 0
    before = await published(client)
    body = {"share": 0.25, "actor": "ann", "reason": "a year without us"}
    put = await done(client.put("/api/v1/holdout", json=body))
    after = await published(client)
    assert after["a"]["holdout"] == after["b"]["holdout"] == {"salt": put["salt"], "share": 250_000}
    assert after["apart"] == before["apart"]
    units = [f"u{k}" for k in range(200)]

    async def held(key: str) -> set[str]:
        requests = [{"experiment_id": key, "unit_id": unit} for unit in units]
        found = (await done(client.post("/api/v1/assignments", json={"requests": requests})))["assignments"]
        return {each["unit_id"] for each in found if each["reason"] == "holdout"}

    out = await held("a")
    assert out == await held("b")
    assert 20 < len(out) < 80
    assert await held("apart") == set()
    again = await rows(database_url, HEAD)
    await done(client.put("/api/v1/holdout", json={"share": 0.25}))
    assert await rows(database_url, HEAD) == again
    lowered = await done(client.put("/api/v1/holdout", json={"share": 0}))
    assert lowered["salt"] == put["salt"]
    assert await held("a") == set()
    trail = (await done(client.get("/api/v1/audit?subject=holdout")))["entries"]
    assert [(each["before"], each["after"], each["reason"]) for each in trail] == [
        ({"share": 0.25}, {"share": 0.0}, None), ({"share": 0.0}, {"share": 0.25}, "a year without us"),
    ]  # fmt: skip
    for share in (-0.1, 1.1, "x", None, True):
        await refused(client.put("/api/v1/holdout", json={"share": share}), "/share")


async def test_changing_what_is_shared_takes_an_admin(guarded: httpx2.AsyncClient) -> None:
    for method, path in (
        ("POST", "/api/v1/audiences"), ("PATCH", "/api/v1/audiences/x"), ("DELETE", "/api/v1/audiences/x"),
        ("POST", "/api/v1/layers"), ("PATCH", "/api/v1/layers/x"), ("DELETE", "/api/v1/layers/x"),
        ("PUT", "/api/v1/holdout"), ("POST", f"{BASE}/x/previews"),
    ):  # fmt: skip
        for token, status in ((None, 401), (WRITER, 403)):
            headers = {} if token is None else {"authorization": f"Bearer {token}"}
            assert (await guarded.request(method, path, json={}, headers=headers)).status_code == status
        headers = {"authorization": f"Bearer {ADMIN}"}
        assert (await guarded.request(method, path, json={}, headers=headers)).status_code in {400, 404}
