"""The world of the simulation: five forecasting models, the stores that use them, and what each visit does.

A store asks for a suggested order and either accepts it or not. It knows the true rates, which Litmus does not; it
must not know how Litmus is spoken to.
"""

import random
import uuid
from collections import deque
from dataclasses import dataclass
from typing import Any

PRIMARY = "order_accepted"
SECONDARY = ("order_value", {"name": "latency_ms", "direction": "decrease"})


@dataclass(frozen=True, slots=True)
class Model:
    """One variant. `rate` is the share of stores that accept its suggestions, `latency_ms` its usual answer time."""

    key: str
    name: str
    rate: float
    order_value: float
    latency_ms: float


# Near enough that a hundred stores a model cannot tell the best two apart, far enough that a few minutes can.
MODELS = (
    Model("seasonal_naive", "Seasonal naive", 0.62, 1180.0, 4.0),
    Model("smoothing", "Exponential smoothing", 0.66, 1195.0, 7.0),
    Model("boosted_trees", "Boosted trees", 0.70, 1240.0, 19.0),
    Model("deep_ar", "DeepAR", 0.74, 1250.0, 46.0),
    Model("transformer", "Transformer", 0.80, 1255.0, 88.0),
)
BY_KEY = {model.key: model for model in MODELS}

_COUNTRIES = {"CA": 40, "US": 35, "DE": 15, "JP": 10}
_DEVICES = {"desktop": 55, "tablet": 30, "mobile": 15}
_RETURNS = 0.25  # with each new store, the chance that one seen before comes back
_REMEMBERED = 2000  # stores that may come back


@dataclass(frozen=True, slots=True)
class Store:
    """A unit. It accepts a model's suggestions when `taste` is below the model's rate: every time, or never.

    So a returning store adds events but no new outcome, and the rate over stores is exactly the model's.
    """

    unit_id: str
    attributes: dict[str, str]
    taste: float


class Traffic:
    """Stores that arrive, some of them again, and what they do: the same for the same seed."""

    def __init__(self, seed: int | None) -> None:
        """Without a seed every run is another one."""
        self._rng = random.Random(seed)
        self._seen: deque[Store] = deque(maxlen=_REMEMBERED)
        self._count = 0

    def arrivals(self, new: int) -> list[Store]:
        """So many new stores, and beside them those that return."""
        stores: list[Store] = []
        for _ in range(new):
            if self._seen and self._rng.random() < _RETURNS:
                stores.append(self._rng.choice(self._seen))
            stores.append(self._new())
        return stores

    def events(self, store: Store, model: Model) -> list[dict[str, Any]]:
        """What a visit logs: the exposure, how long the model took, and the order if the store accepts it."""
        rng = self._rng
        events: list[dict[str, Any]] = [
            {"type": "exposure", "variant_key": model.key},
            _metric("metric", "latency_ms", rng.lognormvariate(0, 0.25) * model.latency_ms),
        ]
        if store.taste < model.rate:
            events.append(_metric("conversion", PRIMARY, 1))
            events.append(
                _metric("metric", "order_value", rng.lognormvariate(-0.08, 0.4) * model.order_value)
            )
        return [{"event_id": str(uuid.uuid4()), "unit_id": store.unit_id, **event} for event in events]

    def _new(self) -> Store:
        self._count += 1
        store = Store(
            f"store-{self._count}",
            {"country": _draw(self._rng, _COUNTRIES), "device": _draw(self._rng, _DEVICES)},
            self._rng.random(),
        )
        self._seen.append(store)
        return store


def regret(units: dict[str, int]) -> float:
    """Orders lost, in expectation, against giving the best model to every one of these units: Σ n (best − rate)."""
    best = max(model.rate for model in MODELS)
    return sum(count * (best - BY_KEY[key].rate) for key, count in units.items())


def _metric(kind: str, name: str, value: float) -> dict[str, Any]:
    return {"type": kind, "metric_name": name, "value": round(value, 2)}


def _draw(rng: random.Random, weights: dict[str, int]) -> str:
    return rng.choices(list(weights), list(weights.values()))[0]
