"""The simulated world is what it says: known rates, returning stores, arithmetic that can be checked."""

from __future__ import annotations

import io
from collections import Counter
from typing import Any

import pytest
from five_models import MODELS, PRIMARY, Traffic, regret
from simulation_screen import Screen, summary


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.key)
def test_the_share_of_stores_that_accept_is_the_models_rate(model: Any) -> None:
    """Over 20,000 stores, within five standard errors; a store that returns does what it did before."""
    traffic = Traffic(seed=7)
    accepted: dict[str, bool] = {}
    for store in traffic.arrivals(20_000):
        accepts = any(event.get("metric_name") == PRIMARY for event in traffic.events(store, model))
        assert accepted.setdefault(store.unit_id, accepts) == accepts
    rate = sum(accepted.values()) / len(accepted)
    assert len(accepted) == 20_000
    assert rate == pytest.approx(model.rate, abs=5 * (model.rate * (1 - model.rate) / 20_000) ** 0.5)


def test_some_stores_return_with_the_same_attributes() -> None:
    stores = Traffic(seed=1).arrivals(2_000)
    visits = Counter(store.unit_id for store in stores)
    assert len(visits) == 2_000
    assert len(stores) > 2_300
    assert len({(store.unit_id, *store.attributes.values()) for store in stores}) == 2_000


def test_the_same_seed_brings_the_same_stores_and_orders() -> None:
    def story(seed: int) -> list[Any]:
        traffic = Traffic(seed)
        return [
            [(store.unit_id, event["type"], event.get("value")) for event in traffic.events(store, MODELS[0])]
            for store in traffic.arrivals(50)
        ]

    assert story(3) == story(3)
    assert story(3) != story(4)


def test_every_event_of_a_visit_has_an_id_of_its_own_and_the_exposure_comes_first() -> None:
    traffic = Traffic(seed=2)
    visits = [traffic.events(store, MODELS[4]) for store in traffic.arrivals(100)]
    ids = [event["event_id"] for events in visits for event in events]
    assert len(set(ids)) == len(ids)
    assert all(events[0]["type"] == "exposure" for events in visits)


def test_regret_is_zero_for_the_best_model_and_counts_units() -> None:
    assert regret({"transformer": 1_000}) == 0
    assert regret({"seasonal_naive": 100, "deep_ar": 50}) == pytest.approx(100 * 0.18 + 50 * 0.06)


def test_the_summary_compares_with_an_equal_split() -> None:
    """An equal split of 1,000 units loses 1000 × (0.80 − mean rate) = 96 orders."""
    units = {model.key: 0 for model in MODELS} | {"transformer": 900, "boosted_trees": 100}
    lines = summary(units, converged_after=400)
    assert lines[0].startswith("converged  after 400 units; 900 of 1000 units")
    assert lines[1].startswith("saved      86 orders: an equal split of 1000 units loses 96 ")
    assert lines[1].endswith("the bandit lost 10")


BANDIT = {
    "variants": [
        {"variant_key": model.key, "propensity": 0.2, "exposed_units": 10, "win_probability": 0.2}
        | {"expected_rate": 0.7, "alpha": 8, "beta": 4}
        for model in MODELS
    ]
}


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_the_table_is_drawn_again_in_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    out = _Terminal()
    screen = Screen(out)
    screen.table(BANDIT)
    height = out.getvalue().count("\n")
    assert all(model.key in out.getvalue() for model in MODELS)
    screen.line("live_snapshot")
    assert f"\x1b[{height}A\x1b[Jlive_snapshot\n" in out.getvalue()


def test_elsewhere_there_are_only_lines() -> None:
    out = io.StringIO()
    screen = Screen(out)
    screen.table(BANDIT)
    screen.line("live_snapshot")
    assert out.getvalue() == "live_snapshot\n"
