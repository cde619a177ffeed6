"""Bad input to the control plane: each gets the documented error, and nothing is stored."""

from __future__ import annotations

import json
from typing import Any

import httpx2
from drafts import bandit, created, draft

JSON = {"content-type": "application/json"}
DELETED = object()


def changed(pointer: str, value: Any) -> dict[str, Any]:
    """The printed body with one value replaced, added or (DELETED) removed."""
    body = draft()
    place: Any = body
    *path, last = pointer.strip("/").split("/")
    for step in path:
        place = place[int(step) if isinstance(place, list) else step]
    key: Any = int(last) if isinstance(place, list) else last
    if value is DELETED:
        del place[key]
    else:
        place[key] = value
    return body


WRONG: list[tuple[str, Any]] = [
    ("/name", DELETED),
    ("/name", None),
    ("/name", ""),
    ("/name", "   "),
    ("/name", 7),
    ("/name", "x" * 201),
    ("/name", "a\0b"),
    ("/name", "two\nlines"),
    ("/key", "has space"),
    ("/key", "-starts-badly"),
    ("/key", "k" * 129),
    ("/key", "conversions"),
    ("/key", "550e8400-e29b-41d4-a716-446655440000"),
    ("/description", 1),
    ("/description", "x" * 10_001),
    ("/description", "a\0b"),
    ("/hypothesis", ["x"]),
    ("/owner", "x" * 201),
    ("/tags", "one"),
    ("/tags/0", 5),
    ("/tags", ["x"] * 51),
    ("/type", "roulette"),
    ("/type", 1),
    ("/unit_type", "a unit"),
    ("/public", "yes"),
    ("/traffic_allocation", -0.1),
    ("/traffic_allocation", 1.1),
    ("/traffic_allocation", "0.5"),
    ("/traffic_allocation", True),
    ("/traffic_allocation", 10**400),
    ("/variants", DELETED),
    ("/variants", {}),
    ("/variants", []),
    ("/variants", [{"name": "only", "weight": 1}]),
    ("/variants", [{"name": f"v{k}", "weight": 0.01} for k in range(101)]),
    ("/variants/0", "control"),
    ("/variants/0/name", DELETED),
    ("/variants/1/name", "control"),
    ("/variants/1/key", "control"),
    ("/variants/0/weight", -0.5),
    ("/variants/0/weight", DELETED),
    ("/variants/0/weight", "0.5"),
    ("/variants/1/weight", 0.4),
    ("/variants/1/weight", 0.500002),
    ("/variants/0/is_control", 1),
    ("/variants/0/config", "x" * 100_000),
    ("/variants/0/config", {"a\0": 1}),
    ("/variants/0/config", {"n": 2**70}),
    ("/primary_metric", 5),
    ("/primary_metric", ""),
    ("/primary_metric", "m" * 129),
    ("/primary_metric/kind", "median"),
    ("/primary_metric/role", "secondary"),
    ("/primary_metric/window_days", 0),
    ("/primary_metric/window_days", 366),
    ("/primary_metric/direction", "up"),
    ("/secondary_metrics", "revenue"),
    ("/secondary_metrics", [f"m{k}" for k in range(65)]),
    ("/secondary_metrics/1", "twice"),
    ("/parameters", 3),
    ("/parameters/prior_alpha", 0),
    ("/parameters/prior_beta", -1),
    ("/parameters/c", 2),
    ("/dimensions", ["d"] * 17),
    ("/planned_units", 0),
    ("/planned_units", 1.5),
    ("/min_sample_size", "many"),
    ("/significance_threshold", 1),
    ("/significance_threshold", 0),
    ("/auto_promote_winner", "true"),
    ("/actor", 5),
    ("/reason", "x" * 2001),
    ("/colour", "blue"),
    ("/variants/0/colour", "blue"),
]
HOLDERS: dict[str, Any] = {"tags": ["ok"], "primary_metric": {"name": "m"}, "parameters": {}}


def with_wrong(pointer: str, value: Any) -> dict[str, Any]:
    head, _, rest = pointer.strip("/").partition("/")
    if pointer.startswith("/secondary_metrics/"):
        return draft() | {"secondary_metrics": ["twice", "twice"]}
    if rest and head in HOLDERS:
        return draft() | {head: [value] if head == "tags" else HOLDERS[head] | {rest: value}}
    return changed(pointer, value)


async def test_a_wrong_value_is_named_by_its_pointer_and_makes_nothing(client: httpx2.AsyncClient) -> None:
    for pointer, value in WRONG:
        body = json.dumps(with_wrong(pointer, value)).encode()
        answer = await client.post("/api/v1/experiments", content=body, headers=JSON)
        problem = answer.json()
        assert answer.status_code == 400, (pointer, problem)
        assert answer.headers["content-type"] == "application/problem+json"
        assert problem["error"] == "Invalid experiment configuration"
        pointers = [fault["pointer"] for fault in problem["errors"]]
        # A sum that is wrong is told at the last weight.
        told = "/variants/1/weight" if value == -0.25 else pointer
        assert any(each.startswith(told) for each in pointers), (pointer, pointers)
    assert (await client.get("/api/v1/experiments?status=all")).json()["count"] == 0


async def test_all_faults_are_told_at_once(client: httpx2.AsyncClient) -> None:
    body = {
        "name": "",
        "type": "roulette",
        "traffic_allocation": 2,
        "variants": [{"weight": -1}, {"name": "b"}],
        "x": 1,
    }
    problem = (await client.post("/api/v1/experiments", json=body)).json()
    assert {fault["pointer"] for fault in problem["errors"]} == {
        "/name", "/type", "/traffic_allocation", "/variants/0/name", "/variants/0/weight", "/variants/1/weight", "/x",
    }  # fmt: skip
    assert "ab, thompson_sampling" in json.dumps(problem)


async def test_an_unknown_field_is_told_what_is_allowed(client: httpx2.AsyncClient) -> None:
    problem = (await client.post("/api/v1/experiments", json=draft(traffic=1))).json()
    assert "traffic_allocation" in problem["errors"][0]["message"]


UNREADABLE = {
    "truncated": b'{"name": "x"',
    "empty": b" ",
    "NaN": b'{"name": "x", "traffic_allocation": NaN}',
    "infinity": b'{"name": "x", "traffic_allocation": Infinity}',
    "an overflowing number": b'{"name": "x", "traffic_allocation": 1e999}',
    "invalid UTF-8": b'{"name": "\xff"}',
    "a lone surrogate": b'{"name": "\\ud800"}',
    "two values": b"{} {}",
    "not JSON": b"name=x",
    "deep nesting": b"[" * 100_000,
}


async def test_what_is_not_json_is_refused(client: httpx2.AsyncClient) -> None:
    for name, body in UNREADABLE.items():
        answer = await client.post("/api/v1/experiments", content=body, headers=JSON)
        assert (answer.status_code, answer.json()["error"]) == (400, "Malformed body"), name


async def test_a_body_that_is_no_object_is_refused(client: httpx2.AsyncClient) -> None:
    for body in (b"[]", b"null", b'"text"', b"5", b""):
        answer = await client.post("/api/v1/experiments", content=body, headers=JSON)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid"), body


async def test_a_config_may_be_any_json_and_comes_back_as_it_was(client: httpx2.AsyncClient) -> None:
    configs = [None, False, 1.5, "text \u2028 \U0001f389", [1, [2, {"three": None}]], {"": {}, "ü": -(2**63)}]
    variants = [
        {"name": str(k), "weight": 1 / len(configs), "config": each} for k, each in enumerate(configs)
    ]
    identity = await created(client, draft(variants=variants))
    body = (await client.get(f"/api/v1/experiments/{identity}")).json()
    assert [variant["config"] for variant in body["variants"]] == configs


async def test_a_body_that_is_too_large_is_refused(client: httpx2.AsyncClient) -> None:
    for size in (2 << 20, 50_000_000):
        body = b'{"name": "' + b"x" * size + b'"}'
        answer = await client.post("/api/v1/experiments", content=body, headers=JSON)
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


async def test_another_media_type_is_refused(client: httpx2.AsyncClient) -> None:
    for media in ("text/plain", "application/x-www-form-urlencoded", ""):
        answer = await client.post("/api/v1/experiments", content=b"{}", headers={"content-type": media})
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_type")


async def test_a_taken_name_or_key_is_refused(client: httpx2.AsyncClient) -> None:
    await created(client, draft("taken", key="the-key"))
    for body, pointer in ((draft("taken", key="other"), "/name"), (draft("other", key="the-key"), "/key")):
        answer = await client.post("/api/v1/experiments", json=body)
        assert answer.status_code == 400
        assert "must be unique" in answer.json()["message"]
        assert answer.json()["errors"][0]["pointer"] == pointer


async def test_an_unknown_experiment_is_not_found(client: httpx2.AsyncClient) -> None:
    routes = {"": "GET", "/status": "PUT", "/start": "POST", "/audit": "GET", "/metrics": "POST", "/clone": "POST",
              "/conclude": "POST", "/archive": "POST"}  # fmt: skip
    bodies = {
        "/status": {"status": "running"},
        "/metrics": {"name": "m"},
        "/clone": {"name": "m"},
        "/conclude": {"winner": "a"},
    }
    for reference in ("nope", "with%20space", "%00", "%ED%A0%80", "x" * 500, "a%2Fb"):
        for rest, method in routes.items():
            url = f"/api/v1/experiments/{reference}{rest}"
            answer = await client.request(method, url, json=bodies.get(rest))
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), (method, url)
        for method in ("PATCH", "DELETE"):
            answer = await client.request(method, f"/api/v1/experiments/{reference}", json={})
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), (method, reference)


async def test_a_status_that_is_none_is_refused(client: httpx2.AsyncClient) -> None:
    url = f"/api/v1/experiments/{await created(client)}/status"
    wrong: list[Any] = [None, 1, ["running"], {}, "", "Running", "x" * 10_000, "a\ud800"]
    for status in wrong:
        answer = await client.put(url, content=json.dumps({"status": status}).encode(), headers=JSON)
        assert answer.status_code == 400
        assert len(answer.content) < 2000
        assert answer.json()["error"] in {"Invalid status", "Malformed body"}
    assert (await client.put(url, json={})).json()["error"] == "Invalid status"


async def test_a_change_with_a_wrong_field_changes_nothing(client: httpx2.AsyncClient) -> None:
    url = f"/api/v1/experiments/{await created(client)}"
    for name, value in (
        ("actor", 1),
        ("reason", []),
        ("revision", "1"),
        ("revision", -1),
        ("revision", 1.5),
        ("why", ""),
    ):
        answer = await client.post(f"{url}/start", json={name: value})
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["pointer"] == f"/{name}"
    assert (await client.get(url)).json()["status"] == "draft"


async def test_a_wrong_query_is_refused(client: httpx2.AsyncClient) -> None:
    for query in (
        "limit=0", "limit=201", "limit=x", "order=size", "status=nope", "cursor=x", "cursor=%00", "cursor=WyJhIl0",
        "cursor=WyItY3JlYXRlZF9hdCIsICJ4IiwgInkiXQ", "q=%00", "tag=%00", "owner=%00", "metric=%00", "type=roulette", "archived=maybe",
        "status=draft,nope", "order=-owner",
    ):  # fmt: skip
        answer = await client.get(f"/api/v1/experiments?{query}")
        assert answer.status_code == 400, query
        assert answer.json()["errors"][0]["pointer"] == f"/query/{query.partition('=')[0]}"


async def test_an_adaptive_type_takes_weights_of_all_or_of_none(client: httpx2.AsyncClient) -> None:
    some = bandit(variants=[{"name": "a", "weight": 1}, {"name": "b"}])
    assert (await client.post("/api/v1/experiments", json=some)).status_code == 400
    identity = await created(client, bandit())
    body = (await client.get(f"/api/v1/experiments/{identity}")).json()
    assert [variant["weight"] for variant in body["variants"]] == [0.333333, 0.333334, 0.333333]
    assert body["primary_metric"] == "conversion"


async def test_unknown_paths_and_methods_answer_in_the_same_form(client: httpx2.AsyncClient) -> None:
    missing, wrong = await client.get("/api/v1/nope"), await client.delete("/api/v1/experiments")
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method_not_allowed")
    assert wrong.headers["allow"] == "GET, POST"
