"""The A/B Testing API: what its documentation prints is what a caller gets."""

from __future__ import annotations

from itertools import islice
from typing import Any

import httpx2
import pytest
from mission.printed import Json, commands, document, eventually, fill, run_json, same
from serving import Served

PRINTED = document("ab_testing_api.json")
USER = "750e8400-e29b-41d4-a716-446655440000"


@pytest.fixture(scope="module")
def experiment(litmus: Served) -> Json:
    """The printed experiment `lora_boost_test`, created once and running."""
    with httpx2.Client(base_url=f"{litmus.base_url}/api/v1", timeout=30) as api:
        created = api.post("/experiments", json=PRINTED["create"]["request"])
        assert created.status_code == 200, created.text
        started = api.put(
            f"/experiments/{created.json()['experiment_id']}/status", json=PRINTED["status"]["request"]
        )
    return {"created": created.json(), "started": started, "id": created.json()["experiment_id"]}


def test_create_answers_as_printed(experiment: Json) -> None:
    same(PRINTED["create"]["response"], experiment["created"])


def test_status_answers_as_printed(experiment: Json) -> None:
    assert experiment["started"].status_code == 200
    same(PRINTED["status"]["response"], experiment["started"].json())


def test_get_answers_as_printed(experiment: Json, api: httpx2.Client) -> None:
    same(PRINTED["get"]["response"], api.get(f"/experiments/{experiment['id']}").json())


def test_an_unknown_experiment_answers_404_as_printed(api: httpx2.Client) -> None:
    unknown = "550e8400-e29b-41d4-a716-446655440000"
    answer = api.get(f"/experiments/{unknown}")
    assert answer.status_code == 404
    printed = PRINTED["get"]["not_found"]
    assert {key: answer.json()[key] for key in printed} == printed


def test_list_answers_as_printed(experiment: Json, api: httpx2.Client) -> None:
    answer = api.get("/experiments").json()
    assert answer["count"] == len(answer["experiments"]) >= 1
    mine = [each for each in answer["experiments"] if each["id"] == experiment["id"]]
    same(PRINTED["list"]["response"]["experiments"], mine)
    assert {each["status"] for each in answer["experiments"]} == {"running"}


def test_an_invalid_status_answers_400_as_printed(experiment: Json, api: httpx2.Client) -> None:
    answer = api.put(f"/experiments/{experiment['id']}/status", json={"status": "finished"})
    assert answer.status_code == 400
    same(PRINTED["status"]["invalid"], answer.json())


@pytest.mark.parametrize(
    ("change", "mentions"),
    [
        ({"variants": [{"name": "control", "weight": 1.0}]}, "variants"),
        ({"variants": [{"name": "a", "weight": 0.5}, {"name": "b", "weight": 0.4}]}, "weight"),
        ({"traffic_allocation": 1.5}, "traffic_allocation"),
        ({"name": "lora_boost_test"}, "lora_boost_test"),
    ],
    ids=["two variants", "weights sum to 1", "traffic from 0 to 1", "name is unique"],
)
def test_validation_rules_hold_as_printed(
    experiment: Json, api: httpx2.Client, change: dict[str, Any], mentions: str
) -> None:
    body = {**PRINTED["create"]["request"], "name": f"invalid because of {mentions}", **change}
    answer = api.post("/experiments", json=body)
    assert answer.status_code == 400
    assert mentions in answer.text


def test_a_conversion_answers_as_printed(experiment: Json, api: httpx2.Client) -> None:
    user = _someone_in(api, experiment["id"], "treatment")
    body = {**PRINTED["conversion"]["request"], "experiment_id": experiment["id"], "user_id": user}
    answer = api.post("/experiments/conversions", json=body)
    assert answer.status_code == 200, answer.text
    same(PRINTED["conversion"]["response"], answer.json())


def test_a_conversion_of_a_stranger_answers_400_as_printed(experiment: Json, api: httpx2.Client) -> None:
    body = {**PRINTED["conversion"]["request"], "experiment_id": experiment["id"], "user_id": "a-stranger"}
    answer = api.post("/experiments/conversions", json=body)
    assert answer.status_code == 400
    same(PRINTED["conversion"]["not_in_experiment"], answer.json())


def test_metrics_answer_as_printed_to_the_last_number(api: httpx2.Client) -> None:
    """The printed document's traffic is sent, and its exposures, users, counts, sums, means and rates come back."""
    printed = {
        each["variant_name"]: each for each in PRINTED["metrics"]["response"]["variant_metrics"].values()
    }
    body = {**PRINTED["create"]["request"], "name": "the printed traffic", "traffic_allocation": 1.0}
    experiment = api.post("/experiments", json=body).json()["experiment_id"]
    api.put(f"/experiments/{experiment}/status", json={"status": "running"})
    members = _assign(api, experiment, 2400)
    events: list[Json] = []
    for name, expected in printed.items():
        users = members[name][: expected["unique_users"]]
        assert len(users) == expected["unique_users"]
        again = users[: expected["exposures"] - len(users)]
        events += [{"type": "exposure", "user_id": user} for user in [*users, *again]]
        for metric, conversions in expected["conversions"].items():
            converters = users[: conversions["count"]]
            events += [{"type": "conversion", "user_id": user, "metric_name": metric} for user in converters]
    _send(api, experiment, events)

    answer = eventually(
        lambda: api.get(f"/experiments/{experiment}/metrics").json(),
        lambda seen: _counted(seen) == len(events),
    )
    assert set(answer) >= set(PRINTED["metrics"]["response"])
    found = {each["variant_name"]: each for each in answer["variant_metrics"].values()}
    for name, expected in printed.items():
        for key in ("exposures", "unique_users"):
            assert found[name][key] == expected[key]
        for metric, conversions in expected["conversions"].items():
            got = found[name]["conversions"][metric]
            assert (got["count"], got["sum"], got["mean"]) == (conversions["count"], conversions["sum"], 1.0)
            assert got["conversion_rate"] == conversions["count"] / expected["exposures"]  # printed rounded
            assert got["conversion_rate"] == pytest.approx(conversions["conversion_rate"], abs=5e-3)


def test_the_lifecycle_runs_as_printed(litmus: Served) -> None:
    """The six curl commands; `assign` and its exposure stand in for the recommendations of the third."""
    create, start, recommend, convert, metrics, complete = commands("ab_testing_lifecycle.sh")
    experiment = run_json(create, litmus)["experiment_id"]
    names = {"experiment_id": experiment, "user_id": USER}

    assert run_json(fill(start, **names), litmus)["status"] == "running"

    assert "/recommendations" in recommend
    assign = recommend.replace("/recommendations", f"/experiments/{experiment}/assign")
    assigned = run_json(fill(assign, **names), litmus)
    assert assigned["variant_name"] in {"baseline", "new_algo"}
    exposure = {"event_id": "shown", "type": "exposure", **names}
    assert httpx2.post(f"{litmus.base_url}/api/v1/events", json=exposure).json()["accepted"] == 1

    recorded = run_json(fill(convert, **names), litmus)
    assert recorded == {
        "status": "recorded",
        "experiment_id": experiment,
        "variant": assigned["variant_name"],
        "metric": "watch_completion",
        "value": 1.0,
    } | {
        key: recorded[key]
        for key in recorded.keys() - {"status", "experiment_id", "variant", "metric", "value"}
    }

    mine = assigned["variant_id"]
    seen = eventually(
        lambda: run_json(fill(metrics, **names), litmus)["variant_metrics"][mine],
        lambda each: bool(each["exposures"] and each["conversions"]),
    )
    assert (seen["exposures"], seen["unique_users"]) == (1, 1)
    assert seen["conversions"]["watch_completion"]["conversion_rate"] == 1.0

    assert run_json(fill(complete, **names), litmus)["status"] == "completed"


def _someone_in(api: httpx2.Client, experiment: str, variant: str) -> str:
    for number in range(1000):
        answer = api.post(f"/experiments/{experiment}/assign", json={"user_id": f"someone-{number}"}).json()
        if answer["in_experiment"] and answer["variant_name"] == variant:
            return f"someone-{number}"
    raise AssertionError(f"nobody of 1,000 is in {variant}")


def _assign(api: httpx2.Client, experiment: str, users: int) -> dict[str, list[str]]:
    """Names of users, by the variant that they got."""
    members: dict[str, list[str]] = {}
    for start in range(0, users, 100):
        requests = [
            {"experiment_id": experiment, "unit_id": f"user-{start + number}"} for number in range(100)
        ]
        for answer in api.post("/assignments", json={"requests": requests}).json()["assignments"]:
            members.setdefault(answer["variant_name"], []).append(answer["unit_id"])
    return members


def _send(api: httpx2.Client, experiment: str, events: list[Json]) -> None:
    numbered = (
        {"event_id": f"printed-{number}", "experiment_id": experiment, **event}
        for number, event in enumerate(events)
    )
    while batch := list(islice(numbered, 500)):
        answer = api.post("/events", json={"events": batch}).json()
        assert answer["accepted"] == len(batch), answer


def _counted(metrics: Json) -> int:
    """Every exposure and every conversion that the document holds."""
    variants = metrics["variant_metrics"].values()
    conversions = (each["count"] for variant in variants for each in variant["conversions"].values())
    return int(sum(variant["exposures"] for variant in variants) + sum(conversions))
