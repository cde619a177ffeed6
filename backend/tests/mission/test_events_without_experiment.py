"""A metric event that names no experiment counts for each one that its unit was exposed to before: from the SDK to the report."""

from __future__ import annotations

from functools import partial
from operator import eq

import httpx2
from litmus import ExperimentClient
from mission.printed import Json, eventually
from serving import Served


def made(api: httpx2.Client, name: str) -> str:
    body = {
        "name": name, "type": "thompson_sampling", "primary_metric": "purchase",
        "secondary_metrics": [{"name": "spend", "kind": "mean"}], "variants": [{"name": "a"}, {"name": "b"}],
    }  # fmt: skip
    answer = api.post("/experiments", json=body)
    assert answer.status_code == 200, answer.text
    api.post(f"/experiments/{name}/start").raise_for_status()
    return name


def counted(api: httpx2.Client, name: str) -> Json:
    """What the raw counters and the report say of both metrics, over all variants."""
    raw = api.get(f"/experiments/{name}/metrics").json()["variant_metrics"].values()
    report = api.get(f"/experiments/{name}/report").json()
    return {
        "exposed": report["exposed_units"],
        "purchases": sum(each["conversions"].get("purchase", {}).get("count", 0) for each in raw),
        "spend": sum(each["conversions"].get("spend", {}).get("sum", 0) for each in raw),
        "converted": sum(each["conversions"] for each in report["variants"]),
    }


def test_what_the_client_tracks_counts_where_the_unit_was_exposed_before(
    litmus: Served, api: httpx2.Client
) -> None:
    both, one, never = (made(api, f"tracked-{each}") for each in ("both", "one", "never"))
    with ExperimentClient(base_url=litmus.base_url, api_key="dev-token") as client:
        for unit in ("ada", "bob"):
            for name in (both, one, never):
                client.get_variant(name, unit)
        client.track("spend", "ada", 100)  # before she was exposed to anything
        assert client.flush().sent == 1
        client.log_exposure(both, "ada", client.get_variant(both, "ada").variant_key)
        client.log_exposure(both, "bob", client.get_variant(both, "bob").variant_key)
        client.log_exposure(one, "ada", client.get_variant(one, "ada").variant_key)
        assert client.flush().sent == 3
        client.track("purchase", "ada")
        client.track("spend", "ada", 19.9)
        client.track("spend", "bob", 5)
        client.track("purchase", "nobody")
        assert client.flush().sent == 4
    expected: dict[str, Json] = {
        both: {"exposed": 2, "purchases": 1, "spend": 24.9, "converted": 1},
        one: {"exposed": 1, "purchases": 1, "spend": 19.9, "converted": 1},
        never: {"exposed": 0, "purchases": 0, "spend": 0, "converted": 0},
    }
    for name, counts in expected.items():
        eventually(partial(counted, api, name), partial(eq, counts))
        shown = api.get(f"/experiments/{name}/events", params={"named": "false"}).json()["events"]
        assert sum(each["value"] for each in shown if each["metric_name"] == "spend") == counts["spend"]
    assignments: Json = {each["experiment_key"]: each for each in api.get("/units/ada").json()["assignments"]}
    spend = {name: assignments[name]["metrics"][1] for name in expected}
    assert {name: each["total"] for name, each in spend.items()} == {both: 19.9, one: 19.9, never: 0}
    assert {name: each["before"] for name, each in spend.items()} == {both: 100, one: 100, never: 0}
    assert [assignments[name]["first_exposure"] is None for name in expected] == [False, False, True]
