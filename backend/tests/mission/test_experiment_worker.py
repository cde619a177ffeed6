"""The experiment worker: what its document prints of Bayesian tests and early stopping, at the canonical door, with a real worker."""

from __future__ import annotations

from typing import Any

import httpx2
from mission.printed import eventually

UNITS = [f"u{k}" for k in range(1200)]


def launch(api: httpx2.Client, **body: Any) -> str:
    """The key of a new experiment of two variants that runs."""
    created = api.post("/experiments", json=body)
    assert created.status_code == 200, created.text
    key = str(created.json()["experiment_key"])
    assert api.post(f"/experiments/{key}/start").status_code == 200
    return key


def send(api: httpx2.Client, key: str, metric: str, rates: dict[str, float]) -> None:
    """All units come, and of each variant this part does it."""
    asked = [{"experiment_id": key, "unit_id": unit} for unit in UNITS]
    assigned = []
    for start in range(0, len(asked), 1000):
        answer = api.post("/assignments", json={"requests": asked[start : start + 1000]})
        assigned += answer.json()["assignments"]
    events = []
    seen = dict.fromkeys(rates, 0)
    for each in assigned:
        unit, variant = each["unit_id"], each["variant_key"]
        about = {"experiment_id": key, "unit_id": unit}
        events.append(about | {"event_id": f"{key}:{unit}:e", "type": "exposure"})
        seen[variant] += 1
        if int(seen[variant] * rates[variant]) > int((seen[variant] - 1) * rates[variant]):
            events.append(
                about | {"event_id": f"{key}:{unit}:m", "type": "conversion", "metric_name": metric}
            )
    answer = api.post("/events", json={"events": events})
    assert answer.json()["rejected"] == 0


def test_a_bayesian_ab_test_stops_early_and_promotes_its_winner(api: httpx2.Client) -> None:
    key = launch(
        api,
        name="Checkout Flow Test",
        key="checkout_flow_test",
        type="bayesian_ab",
        primary_metric="purchase",
        traffic_allocation=1.0,
        min_sample_size=1000,
        significance_threshold=0.95,
        auto_promote_winner=True,
        parameters={"prior_alpha": 1, "prior_beta": 1, "early_stopping_threshold": 0.95},
        variants=[
            {"name": "Control", "is_control": True, "weight": 0.5, "config": {"flow": "original"}},
            {"name": "Treatment", "weight": 0.5, "config": {"flow": "simplified"}},
        ],
    )
    variants = api.get(f"/experiments/{key}").json()["variants"]
    control, treatment = (variant["key"] for variant in variants)
    send(api, key, "purchase", {control: 0.1, treatment: 0.3})
    body = eventually(
        lambda: api.get(f"/experiments/{key}").json(), lambda body: body["status"] == "completed", 60
    )
    promotion = body["promotion"]
    assert promotion["variant_key"] == treatment
    assert promotion["confidence"] >= 0.95
    assert promotion["units"] == len(UNITS) >= 1000
    assert body["winner_variant_id"] == promotion["variant_id"]
    (entry,) = (each for each in api.get(f"/experiments/{key}/audit").json()["entries"] if each["evidence"])
    assert (entry["action"], entry["principal"]) == ("promote", "rule:bayesian_ab")
    for variant in api.get(f"/experiments/{key}/report").json()["variants"]:
        interval = variant["rate_interval"]
        assert interval["lower"] < variant["rate"] < interval["upper"]
    decided = api.post(f"/experiments/{key}/assign", json={"unit_id": "somebody new"}).json()
    assert decided["config"] == {"flow": "simplified"}


def test_harm_to_a_guardrail_pauses_within_a_minute(api: httpx2.Client) -> None:
    key = launch(
        api,
        name="Harmful",
        key="harmful",
        secondary_metrics=[
            {"name": "failed", "kind": "conversion", "role": "guardrail", "direction": "decrease"}
        ],
        variants=[{"name": "control", "weight": 0.5}, {"name": "treatment", "weight": 0.5}],
    )
    send(api, key, "failed", {"control": 0.02, "treatment": 0.3})
    eventually(lambda: api.get(f"/experiments/{key}").json(), lambda body: body["status"] == "paused", 60)
    entries = api.get(f"/experiments/{key}/audit?limit=1").json()["entries"]
    assert entries[0]["principal"] == "rule:guardrail"
    assert entries[0]["reason"].startswith("treatment is worse than control on failed")
    assert (
        api.post(f"/experiments/{key}/assign", json={"unit_id": "somebody new"}).json()["reason"] == "paused"
    )


def test_the_required_sample_size_can_be_asked_for(api: httpx2.Client) -> None:
    answer = api.post("/power", json={"baseline_rate": 0.1, "minimum_effect": 0.1, "units_per_day": 3000})
    assert answer.json()["sample_size"]["units"] == 31_695
    assert api.get("/experiments/harmful/power").status_code == 200
