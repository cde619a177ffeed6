"""What a contextual policy earns on a stream of units whose rewards under every arm are known.

For tests, calibration and documentation: the product's own vectors, sums, models and refresh rule. It must not know a
database, an event or a real clock: time is counted in decisions, and every outcome is known at once.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
from litmus.decide import BUCKETS
from numpy.typing import NDArray

from litmus_server.bandits.contextual import (
    LINEAR,
    MICRO,
    Model,
    Sums,
    columns_of,
    fit,
    read_model,
    vector_of,
)
from litmus_server.bandits.contextual_linear import Solved, solve
from litmus_server.bandits.refresh import RefreshRule
from litmus_server.domain.features import Feature, FeatureType, Schema
from litmus_server.domain.holdback import Holdback, is_held, mixed

SEGMENT_RATES = np.array([[0.10, 0.12, 0.08, 0.10], [0.10, 0.07, 0.14, 0.09], [0.06, 0.05, 0.06, 0.12]])
"""segments3x4: conversion rates of four arms in three segments."""
SEGMENT_SHARES = (0.5, 0.3, 0.2)
SEGMENT_SCHEMA = Schema((Feature("segment", FeatureType.CATEGORY, levels=("a", "b", "c"), required=True),))


@dataclass(frozen=True, slots=True)
class Stream:
    """Units in their order: which of the `people` each is, what each arm would bring (`rewards`: units × arms, 0 or 1), and
    what each arm is `expected` to bring.
    """

    schema: Schema
    people: Sequence[Mapping[str, Any]]
    units: Sequence[int]
    rewards: NDArray[np.int64]
    expected: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Outcome:
    """`earned`: rewards a decision. `regret`: Σ (expectation of the best arm − of the one that decided), `lost` the same after each
    decision. `on_best`: the share of decisions that an arm made of which the unit could expect most. Of each unit: its `reward`, whether
    it was `held` back, and, added up, what the policy `brought` in truth against all being held back.
    """

    earned: float
    regret: float
    versions: int
    lost: NDArray[np.float64]
    on_best: float
    reward: NDArray[np.bool_]
    held: NDArray[np.bool_]
    brought: NDArray[np.float64]


def segments3x4(seed: int, horizon: int = 20_000) -> Stream:
    """Three segments in which other arms are best; the best single arm costs about 500 (research figures: 60 runs)."""
    rng = np.random.default_rng(seed)
    segments = rng.choice(3, size=horizon, p=SEGMENT_SHARES)
    luck = rng.random(horizon)
    expected = SEGMENT_RATES[segments]
    rewards = (luck[:, None] < expected).astype(np.int64)
    people = [{"segment": name} for name in "abc"]
    return Stream(SEGMENT_SCHEMA, people, segments.tolist(), rewards, expected)


def classification(
    examples: NDArray[np.float64], labels: NDArray[np.int64], high: float, seed: int, passes: int = 1
) -> Stream:
    """Arms are classes, and the right one brings 1: features are columns of `examples`, from 0 to `high`."""
    names = [f"x{k}" for k in range(examples.shape[1])]
    schema = Schema(tuple(Feature(name, FeatureType.NUMBER, 0, high, required=True) for name in names))
    rng = np.random.default_rng(seed)
    order = np.concatenate([rng.permutation(len(labels)) for _ in range(passes)])
    people = [dict(zip(names, row, strict=True)) for row in examples.tolist()]
    expected = np.eye(int(labels.max()) + 1)[labels[order]]
    return Stream(schema, people, order.tolist(), expected.astype(np.int64), expected)


def simulate(
    kind: str,
    parameters: Mapping[str, float],
    stream: Stream,
    rng: np.random.Generator,
    *,
    rule: RefreshRule | None = None,
    horizon: int | None = None,
    holdback: Holdback | None = None,
) -> Outcome:
    """Decide for each unit from the newest model; `rule` says when the next one is due, None: after every outcome.

    The first arm is the control.
    """
    arms = stream.rewards.shape[1]
    vectors = [vector_of(kind, stream.schema, person) for person in stream.people]
    learner = _Learner(kind, parameters, stream.schema, arms)
    model, known = learner.model(), dict[int, tuple[int, ...]]()
    active, due, versions = [True] * arms, 0, 0
    parts = (0,) * arms if holdback is None else holdback.parts(active, 0)
    baseline = np.array(parts) / max(sum(parts), 1)
    horizon = min(horizon or len(stream.units), len(stream.units))
    shortfall, more = np.zeros(horizon), np.zeros(horizon)
    rewards, held = np.zeros(horizon, dtype=bool), np.zeros(horizon, dtype=bool)
    best = stream.expected.max(axis=1)
    for t, draw in enumerate(rng.integers(0, BUCKETS, size=horizon).tolist()):
        if t >= due:
            model, known = learner.model(), {}
            versions += 1
            due = t + 1 if rule is None else rule.outcomes_due(t)
        unit = stream.units[t]
        if unit not in known:
            known[unit] = mixed(model.shares(vectors[unit], active), parts)
        arm = bisect_right(list(accumulate(known[unit])), draw)
        reward = int(stream.rewards[t, arm])
        learner.add(arm, vectors[unit], reward)
        rewards[t] = bool(reward)
        shortfall[t] = best[t] - stream.expected[t, arm]
        if holdback is not None:
            held[t] = is_held(draw, known[unit], parts)
            more[t] = (np.array(known[unit]) / BUCKETS - baseline) @ stream.expected[t]
    lost = shortfall.cumsum()
    earned, on_best = float(rewards.mean()), float((shortfall == 0).mean())
    return Outcome(earned, float(lost[-1]), versions, lost, on_best, rewards, held, more.cumsum())


class _Learner:
    """The sums of all arms; those that have not changed are neither added up nor solved again."""

    def __init__(self, kind: str, parameters: Mapping[str, float], schema: Schema, arms: int) -> None:
        columns = columns_of(kind, schema)
        self._kind, self._parameters, self._schema = kind, parameters, schema
        self._units, self._rewards = [0] * arms, [0] * arms
        self._outer = np.zeros((arms, columns, columns), dtype=np.int64)
        self._cross = np.zeros((arms, columns), dtype=np.int64)
        self._lower = np.tril_indices(columns)
        self._sums = [Sums.none(columns)] * arms
        self._solved: list[Solved] | None = None
        if kind in LINEAR:
            self._solved = [solve(each, parameters["ridge"]) for each in self._sums]
        self._changed: set[int] = set()

    def add(self, arm: int, vector: Sequence[int], reward: int) -> None:
        x = np.array(vector)
        self._units[arm] += 1
        self._rewards[arm] += reward
        self._outer[arm] += x[:, None] * x
        self._cross[arm] += x * (reward * MICRO)
        self._changed.add(arm)

    def model(self) -> Model:
        for arm in self._changed:
            cross = self._cross[arm].tolist()
            squares = self._rewards[arm] * MICRO**2  # a reward is 0 or 1
            self._sums[arm] = Sums(self._units[arm], self._outer[arm][self._lower], cross, squares)
            if self._solved is not None:
                self._solved[arm] = solve(self._sums[arm], self._parameters["ridge"])
        self._changed.clear()
        document = fit(
            self._kind,
            self._parameters,
            self._sums,
            self._schema,
            higher_is_better=True,
            binary=True,
            solved=self._solved,
        )
        return read_model(document, self._kind, self._schema, len(self._sums))
