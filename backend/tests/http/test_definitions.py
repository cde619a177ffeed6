"""Definitions as documents over HTTP: exported, planned, applied as one, and refused as one."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx2
from drafts import ADMIN, WRITER, act, bandit, created, draft, rows
from jsonschema import Draft202012Validator
from litmus_server.domain.notation import read_yaml, write_yaml
from litmus_server.http.v1.definitions import schema

BASE = "/api/v1/definitions"
SCHEMA = Path(__file__).parents[3] / "spec" / "definition.schema.json"
COUNTS = """
select (select count(*) from audit), (select count(*) from configuration), (select revision from configuration_head),
       (select count(*) from experiments), (select count(*) from status_history)
"""
RICH = draft(
    "Rich",
    key="rich",
    hypothesis="two\nlines",
    owner="ada",
    tags=["a", "no"],
    unit_type="session",
    primary_metric={"name": "order", "window_days": 7},
    secondary_metrics=[
        "basket",
        {"name": "failed", "kind": "conversion", "role": "guardrail", "direction": "decrease"},
    ],
    audience={"attribute": "country", "operator": "in", "value": ["DE", "NO"]},
    forced={"tester": "treatment"},
    dimensions=[],
    planned_units=1000,
    significance_threshold=0.9,
    holdout=False,
)


async def document(client: httpx2.AsyncClient, key: str) -> dict[str, Any]:
    answer = await client.get(f"/api/v1/experiments/{key}/definition")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def exports(client: httpx2.AsyncClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.get(BASE)).json()
    return found


async def ask(client: httpx2.AsyncClient, what: str, documents: Any, **options: Any) -> dict[str, Any]:
    answer = await client.post(f"{BASE}/{what}", json=documents, **options)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def faults(client: httpx2.AsyncClient, document: Any) -> dict[str, str]:
    """Why this one document cannot be applied."""
    (item,) = (await ask(client, "plan", document))["items"]
    assert item["outcome"] == "refused", item
    return {each["pointer"]: each["message"] for each in item["errors"]}


def changed(plan: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    (item,) = plan["items"]
    return {each["pointer"]: (each["before"], each["after"]) for each in item["differences"]}


async def remove(client: httpx2.AsyncClient) -> None:
    for each in await exports(client):
        if each["kind"] == "experiment":
            assert (await client.delete(f"/api/v1/experiments/{each['key']}")).status_code == 200


async def test_what_is_exported_and_applied_elsewhere_is_exported_the_same(
    client: httpx2.AsyncClient,
) -> None:
    for body in (RICH, draft(), bandit(parameters={"floor": 0.01})):
        await created(client, body)
    before = await exports(client)
    text = (await client.get(BASE, params={"format": "yaml"})).text
    assert read_yaml(text) == [before]
    await remove(client)
    plan = await ask(client, "apply", before)
    assert [item["outcome"] for item in plan["items"]] == ["create"] * 3
    assert await exports(client) == before
    await remove(client)
    answer = await client.post(f"{BASE}/apply", content=text, headers={"content-type": "application/yaml"})
    assert answer.json()["changes"] == 3
    assert (await client.get(BASE, headers={"accept": "application/yaml"})).text == text
    again = await ask(client, "apply", before)
    assert {item["outcome"] for item in again["items"]} == {"unchanged"}


async def test_what_experiments_share_comes_along_whatever_the_order(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    documents = [
        {"kind": "experiment", "key": "x", **draft("x", audience={"audience": "both"}, layer={"key": "cart", "share": 0.25})},
        {"kind": "audience", "key": "both", "name": "Both", "condition": {"any": [{"audience": "a"}, {"audience": "b"}]}},
        {"kind": "layer", "key": "cart", "name": "Cart", "description": "all of it"},
        {"kind": "audience", "key": "a", "name": "A", "condition": {"attribute": "n", "operator": "equals", "value": 1}},
        {"kind": "audience", "key": "b", "name": "B", "condition": {"attribute": "n", "operator": "equals", "value": 2}},
    ]  # fmt: skip
    before = await rows(database_url, COUNTS)
    assert [item["outcome"] for item in (await ask(client, "plan", documents))["items"]] == ["create"] * 5
    assert await rows(database_url, COUNTS) == before
    await ask(client, "apply", documents)
    found = await exports(client)
    assert [(each["kind"], each["key"]) for each in found] == [
        ("audience", "a"), ("audience", "b"), ("audience", "both"), ("layer", "cart"), ("experiment", "x"),
    ]  # fmt: skip
    assert sorted(found[:4], key=str) == sorted(documents[1:], key=str)
    assert found[4]["layer"] == {"key": "cart", "share": 0.25}
    assert (await ask(client, "plan", found))["changes"] == 0
    validator = Draft202012Validator(json.loads(SCHEMA.read_text()))
    assert [list(validator.iter_errors(each)) for each in found] == [[]] * 5


async def test_another_audience_is_another_for_every_experiment_that_names_it(
    client: httpx2.AsyncClient,
) -> None:
    one = {
        "kind": "audience",
        "key": "a",
        "name": "A",
        "condition": {"attribute": "n", "operator": "equals", "value": 1},
    }
    mine = {"kind": "experiment", "key": "x", **draft("x", audience={"audience": "a"}), "status": "running"}
    await ask(client, "apply", [mine, one])
    other = one | {"condition": {"attribute": "n", "operator": "equals", "value": 2}}
    planned = await client.post(f"{BASE}/plan", json=[other, mine])
    assert [item["outcome"] for item in planned.json()["items"]] == ["update", "unchanged"]
    await created(client, draft("something else"))  # takes a revision, and touches nothing of the plan
    applied = await client.post(
        f"{BASE}/apply", json=[other, mine], headers={"if-match": planned.headers["etag"]}
    )
    assert applied.status_code == 200, applied.text
    assert (await client.get("/api/v1/experiments/x")).json()["epoch"] == 2
    assert changed(await ask(client, "plan", one)) == {"/condition/value": (2, 1)}


async def test_what_names_itself_or_nothing_is_refused_with_all_that_names_it(
    client: httpx2.AsyncClient,
) -> None:
    circle = [
        {"kind": "audience", "key": "a", "name": "A", "condition": {"audience": "b"}},
        {"kind": "audience", "key": "b", "name": "B", "condition": {"audience": "a"}},
        {"kind": "audience", "key": "c", "name": "C"},
        {"kind": "layer", "key": "l", "name": "L", "share": 1},
        {
            "kind": "experiment",
            "key": "x",
            **draft("x", audience={"audience": "a"}, layer={"key": "l", "share": 1}),
        },
    ]
    plan = await ask(client, "plan", circle)
    assert {item["outcome"] for item in plan["items"]} == {"refused"}
    assert (await client.post(f"{BASE}/apply", json=circle)).status_code == 400
    assert await exports(client) == []


async def test_one_definition_is_read_as_json_and_yaml_and_holds_nothing_that_the_server_made(
    client: httpx2.AsyncClient,
) -> None:
    identity = await created(client, RICH)
    found = await document(client, "rich")
    assert (found["kind"], found["key"], found["traffic_allocation"]) == ("experiment", "rich", 0.5)
    assert not found.keys() & {"id", "salt", "epoch", "revision", "status", "created_at"}
    assert [variant["weight"] for variant in found["variants"]] == [0.5, 0.5]
    answer = await client.get(f"/api/v1/experiments/{identity}/definition?format=yaml")
    assert (answer.headers["content-type"].partition(";")[0], read_yaml(answer.text)) == (
        "application/yaml",
        [found],
    )
    assert "\nkey: rich\n" in answer.text
    for path, status in (("nobody/definition", 404), ("rich/definition?format=xml", 400)):
        assert (await client.get(f"/api/v1/experiments/{path}")).status_code == status


async def test_a_plan_writes_nothing_and_says_what_apply_does(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    await created(client)
    mine = await document(client, "lora_boost_test")
    mine |= {"owner": "ada", "traffic_allocation": 0.75, "status": "running"}
    mine["variants"][1]["config"] = {"lora_boost": 0.9}
    before = await rows(database_url, COUNTS)
    plan = await ask(client, "plan", [mine, {"kind": "experiment", "key": "b", **bandit("B")}])
    assert await rows(database_url, COUNTS) == before
    assert [item["outcome"] for item in plan["items"]] == ["update", "create"]
    assert {each["pointer"] for each in plan["items"][0]["differences"]} == {
        "/owner", "/traffic_allocation", "/variants/1/config/lora_boost", "/variants/1/config/algorithm", "/status",
    }  # fmt: skip
    done = await ask(client, "apply", [mine, {"kind": "experiment", "key": "b", **bandit("B")}])
    assert done | {"applied": False} == plan
    shown = (await client.get("/api/v1/experiments/lora_boost_test")).json()
    assert (shown["status"], shown["owner"], shown["traffic_allocation"]) == ("running", "ada", 0.75)


async def test_what_a_document_leaves_out_has_its_default(client: httpx2.AsyncClient) -> None:
    await created(client, RICH)
    bare = {"kind": "experiment", "key": "rich", "name": "Rich", "variants": RICH["variants"]}
    await ask(client, "apply", bare)
    await client.delete("/api/v1/experiments/rich")
    await ask(client, "apply", bare)
    found = await document(client, "rich")
    assert found["dimensions"] == ["country", "device", "browser", "platform"]
    assert not found.keys() & {"owner", "tags", "forced", "audience", "secondary_metrics", "planned_units"}


async def test_a_running_experiment_takes_what_is_safe_and_a_document_that_asks_for_more_is_refused(
    client: httpx2.AsyncClient,
) -> None:
    await created(client)
    await act(client, "lora_boost_test", "start")
    mine = await document(client, "lora_boost_test")
    assert (await ask(client, "plan", mine))["changes"] == 0
    mine["variants"][0] |= {"weight": 0.4, "state": "paused"}
    mine["variants"][1] |= {"weight": 0.6}
    plan = await ask(client, "apply", mine)
    assert changed(plan) == {
        "/variants/0/weight": (0.5, 0.4), "/variants/0/state": ("active", "paused"), "/variants/1/weight": (0.5, 0.6),
    }  # fmt: skip
    assert "state" not in json.dumps(await document(client, "lora_boost_test"))
    unsafe = mine | {"unit_type": "session", "primary_metric": "other", "traffic_allocation": 0.1}
    assert set(await faults(client, unsafe)) == {"/unit_type", "/primary_metric", "/traffic_allocation"}
    a, b = mine["variants"]
    assert "order" in (await faults(client, mine | {"variants": [b, a]}))["/variants"]
    c = {"key": "c", "name": "c", "weight": 0.6}
    assert "cannot be removed" in (await faults(client, mine | {"variants": [a, c]}))["/variants"]
    three = [a, b | {"weight": 0.3}, {"key": "c", "name": "c", "weight": 0.3}]
    assert "/variants/2/key" in await faults(client, mine | {"variants": three})
    assert "/variants/0/is_control" in await faults(
        client, mine | {"variants": [a | {"is_control": False}, b | {"is_control": True}]}
    )


async def test_a_status_is_reached_by_legal_steps_only(client: httpx2.AsyncClient, database_url: str) -> None:
    new = {"kind": "experiment", "key": "s", **draft("S")}
    for status in ("paused", "completed"):
        assert "cannot become" in (await faults(client, new | {"status": status}))["/status"]
    for status, action in (
        ("running", "start"),
        ("paused", "pause"),
        ("running", "resume"),
        ("completed", "stop"),
    ):
        await ask(client, "apply", new | {"status": status}, params={"actor": "ann", "reason": "in git"})
        assert (await ask(client, "plan", new | {"status": status}))["changes"] == 0
        (entry,) = (await client.get("/api/v1/audit?limit=1")).json()["entries"]
        assert (entry["action"], entry["actor"], entry["reason"]) == (action, "ann", "in git")
    assert "final" in (await faults(client, new | {"status": "running"}))["/status"]
    assert (await ask(client, "plan", new))["changes"] == 0
    assert len(await rows(database_url, "select from audit")) == 5
    decided = await client.post("/api/v1/experiments/s/assign", json={"unit_id": "u"})
    assert decided.json()["reason"] == "completed"


async def test_what_a_schedule_or_a_ramp_has_done_is_no_difference(client: httpx2.AsyncClient) -> None:
    ramp = [{"traffic": 0.01, "hours": 24}, {"traffic": 0.5}]
    mine = {"kind": "experiment", "key": "r", **draft("R", ramp=ramp)}
    mine |= {"starts_at": "2126-11-20T12:00:00Z", "ends_at": "2127-11-20T12:00:00Z"}
    await ask(client, "apply", mine)
    assert (await document(client, "r"))["starts_at"] == mine["starts_at"]
    await act(client, "r", "start")
    assert (await client.get("/api/v1/experiments/r")).json()["traffic_allocation"] == 0.01
    assert (await ask(client, "plan", mine))["changes"] == 0
    steps = [{"traffic": 0.01, "hours": 48}, {"traffic": 0.5}]
    assert set(await faults(client, mine | {"ramp": steps})) == {"/ramp"}
    bare = {name: value for name, value in mine.items() if name != "ramp"}
    assert changed(await ask(client, "plan", bare))["/traffic_allocation"] == (0.01, 0.5)
    await act(client, "r", "stop")
    assert (await ask(client, "plan", mine))["changes"] == 0


async def test_factors_and_flags_are_definitions_too(client: httpx2.AsyncClient) -> None:
    factors = [
        {"key": each, "levels": [{"key": "a"}, {"key": "b", "config": {each: 1}}]} for each in ("x", "y")
    ]
    made = [
        {"kind": "experiment", "key": "multi", "name": "multi", "factors": factors},
        {"kind": "experiment", "key": "flag", "name": "flag", "type": "flag"},
    ]
    await ask(client, "apply", made)
    before = await exports(client)
    assert [len(each["variants"]) for each in before] == [2, 4]
    await remove(client)
    await ask(client, "apply", before)
    assert await exports(client) == before
    for each in before:
        await act(client, each["key"], "start")
    assert (await ask(client, "plan", before))["changes"] == (await ask(client, "plan", made))["changes"] == 0
    validator = Draft202012Validator(json.loads(SCHEMA.read_text()))
    assert [list(validator.iter_errors(each)) for each in before] == [[], []]


async def test_one_refused_document_keeps_all_of_them_out(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    await created(client)
    before = await rows(database_url, COUNTS)
    mine = await document(client, "lora_boost_test") | {"owner": "ada"}
    wrong = [
        mine,
        {"kind": "experiment", "key": "new", **draft("new")},
        {"kind": "experiment", "key": "x", **draft("x", variants=[{"name": "a", "weight": 2}])},
        {"kind": "experiment", "key": "y", **draft("y"), "status": "completed", "owner": "z"},
    ]
    answer = await client.post(f"{BASE}/apply", json=wrong)
    assert answer.status_code == 400
    pointers = {each["pointer"] for each in answer.json()["errors"]}
    assert pointers == {"/2/variants", "/2/variants/0/weight", "/3/status"}
    assert "experiment x" in answer.json()["message"]
    assert await rows(database_url, COUNTS) == before
    assert (await ask(client, "plan", wrong))["refused"] == 2


async def test_a_plan_that_was_overtaken_is_a_conflict(client: httpx2.AsyncClient, database_url: str) -> None:
    await created(client)
    mine = await document(client, "lora_boost_test") | {"owner": "ada"}
    planned = await client.post(f"{BASE}/plan", json=mine)
    tag = planned.headers["etag"]
    assert tag == f'"{planned.json()["token"]}"'
    await client.patch("/api/v1/experiments/lora_boost_test", json={"description": "other"})
    before = await rows(database_url, COUNTS)
    for documents in (mine, mine | {"owner": "bob"}):
        answer = await client.post(f"{BASE}/apply", json=documents, headers={"if-match": tag})
        assert (answer.status_code, "plan again" in answer.json()["message"]) == (409, True)
    assert await rows(database_url, COUNTS) == before
    tag = (await client.post(f"{BASE}/plan", json=mine)).headers["etag"]
    applied = await client.post(f"{BASE}/apply", json=mine, headers={"if-match": tag})
    assert (applied.status_code, applied.headers["etag"]) == (200, tag)
    again = await client.post(f"{BASE}/apply", json=mine, headers={"if-match": tag})
    assert again.status_code == 409


async def test_of_two_applies_at_once_each_is_whole(client: httpx2.AsyncClient) -> None:
    def documents(owner: str) -> list[dict[str, Any]]:
        return [{"kind": "experiment", "key": f"k{n}", **draft(f"n{n}", owner=owner)} for n in range(10)]

    answers = await asyncio.gather(*(client.post(f"{BASE}/apply", json=documents(str(n))) for n in range(8)))
    assert {answer.status_code for answer in answers} == {200}
    outcomes = [{item["outcome"] for item in answer.json()["items"]} for answer in answers]
    assert sorted(map(sorted, outcomes)) == [["create"], *[["update"]] * 7]
    assert len({each["owner"] for each in await exports(client)}) == 1
    planned = await client.post(f"{BASE}/plan", json=documents("last"))
    tagged = {"if-match": planned.headers["etag"]}
    answers = await asyncio.gather(
        *(client.post(f"{BASE}/apply", json=documents("last"), headers=tagged) for _ in range(4))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]


async def test_nothing_is_deleted_and_what_is_archived_rests(client: httpx2.AsyncClient) -> None:
    await created(client, draft("old", key="old"))
    await created(client, draft("rest", key="rest"))
    resting = await document(client, "rest")
    await act(client, "rest", "archive")
    await ask(client, "apply", {"kind": "experiment", "key": "new", **draft("new")})
    assert {each["key"] for each in await exports(client)} == {"old", "new"}
    assert (await ask(client, "plan", resting))["changes"] == 0
    assert "restore" in (await faults(client, resting | {"owner": "x"}))[""]


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"kind": "experimant"}, "/kind", "must be one of audience, layer, experiment"),
    ({"kind": None}, "/kind", "is required"),
    ({"kind": 1}, "/kind", "must be one of audience, layer, experiment"),
    ({"key": None}, "/key", "is required"),
    ({"key": "no key"}, "/key", "must match"),
    ({"key": "0" * 8 + "-0000" * 3 + "-" + "0" * 12}, "/key", "id"),
    ({"nmae": "x"}, "/nmae", "unknown field"),
    ({"salt": "x"}, "/salt", "unknown field"),
    ({"actor": "x"}, "/actor", "unknown field"),
    ({"status": "launched"}, "/status", "must be one of draft"),
    ({"status": ["running"]}, "/status", "must be one of draft"),
    ({"variants": "a"}, "/variants", "must be a list"),
    ({"variants": [1, 2]}, "/variants/0", "must be an object"),
    ({"variants": [{"name": "a", "weight": 0.5, "stat": 1}, {"name": "b", "weight": 0.5}]}, "/variants/0/stat", "unknown"),
    ({"variants": [{"name": "a", "weight": 0.5, "state": []}, {"name": "b", "weight": 0.5}]}, "/variants/0/state", "active"),
    ({"variants": [{"name": "a", "weight": 0.5}, {"name": "b", "weight": 0.5, "state": "paused"}]}, "/variants/1/state", "started"),
    ({"audience": {"audience": "nobody"}}, "/audience", "nobody"),
    ({"layer": {"key": "none", "share": 0.5}}, "/layer/key", "there is no layer none"),
    ({"name": "taken"}, "/name", "another key"),
]  # fmt: skip


async def test_a_wrong_document_is_refused_where_it_is_wrong(client: httpx2.AsyncClient) -> None:
    await created(client, draft("taken"))
    for wrong, pointer, why in WRONG:
        said = await faults(client, {"kind": "experiment", "key": "x", **draft("x")} | wrong)
        found = [message for at, message in said.items() if at.startswith(pointer)]
        assert any(why in message for message in found), (wrong, said)


async def test_a_key_that_is_there_twice_is_refused(client: httpx2.AsyncClient) -> None:
    mine = {"kind": "experiment", "key": "x", **draft("x")}
    plan = await ask(client, "plan", [mine, mine | {"name": "y"}])
    assert [item["outcome"] for item in plan["items"]] == ["create", "refused"]
    assert plan["items"][1]["errors"] == [
        {"pointer": "/key", "message": "document 0 defines experiment x already"}
    ]


BODIES: list[tuple[str, str | bytes, int, str]] = [
    ("application/json", "[]", 400, "at least one"),
    ("application/json", "", 400, "line 1"),
    ("application/json", "[1]", 400, "an object"),
    ("application/json", '{"kind": "a", "kind": "b"}', 400, "twice"),
    ("application/json", '"x"', 400, "an object"),
    ("application/json", b"\xff{}", 400, "UTF-8"),
    ("application/json", json.dumps([{}] * 501), 400, "At most 500"),
    ("application/json", "[" + " " * (2 << 20) + "]", 413, "bytes"),
    ("application/yaml", "", 400, "at least one"),
    ("application/yaml", "--- \n---\n", 400, "at least one"),
    ("text/yaml", "a: *b", 400, "aliases"),
    ("application/x-yaml", "a: 1\na: 2", 400, "twice"),
    ("application/vnd.x+yaml", "a: !!str 1", 400, "tags"),
    ("application/yaml", "x" * (200 << 10), 400, "JSON"),
    ("application/yaml", "[" * 100_000, 400, "nest deeper"),
    ("application/x-www-form-urlencoded", "a=1", 415, "application/yaml"),
    ("", "{}", 415, "without a Content-Type"),
]  # fmt: skip


async def test_a_body_that_holds_no_documents_is_told_why(client: httpx2.AsyncClient) -> None:
    for media, body, status, why in BODIES:
        headers = {"content-type": media} if media else {}
        for what in ("plan", "apply"):
            answer = await client.post(f"{BASE}/{what}", content=body, headers=headers)
            assert (answer.status_code, why in answer.json()["message"]) == (status, True), answer.text


async def test_who_may_only_read_may_plan_and_not_apply(guarded: httpx2.AsyncClient) -> None:
    mine = {"kind": "experiment", "key": "x", **draft("x")}
    for token, what, status in (
        (WRITER, "plan", 200), (WRITER, "apply", 403), (ADMIN, "apply", 200), ("unknown-token-0123456789", "plan", 401),
    ):  # fmt: skip
        answer = await guarded.post(f"{BASE}/{what}", json=mine, headers={"authorization": f"Bearer {token}"})
        assert answer.status_code == status, (token, what)


async def test_the_schema_in_spec_is_that_of_the_code_and_admits_every_export(
    client: httpx2.AsyncClient,
) -> None:
    """Written by: json.dumps(schema(), indent=2, ensure_ascii=False) and a newline."""
    printed = json.loads(SCHEMA.read_text())
    assert printed == schema()
    validator = Draft202012Validator(printed)
    for body in (RICH, draft(), bandit()):
        await created(client, body)
    for each in await exports(client):
        assert list(validator.iter_errors(each)) == []
        assert list(validator.iter_errors(each | {"status": "running"})) == []
        assert list(validator.iter_errors(each | {"salt": "x"}))
        assert read_yaml(write_yaml([each])) == [each]
