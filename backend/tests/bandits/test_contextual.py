"""Contextual policies give exact shares, the same to the last bit wherever they are computed from a version."""

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from litmus_server.bandits.contextual import (
    CONTEXTUAL,
    MICRO,
    ModelMismatch,
    Sums,
    fit,
    read_model,
    rounded,
    vector_of,
)
from litmus_server.bandits.contextual_contest import win_probabilities
from litmus_server.bandits.contextual_linear import LinearModel
from litmus_server.bandits.contextual_simulate import classification, segments3x4, simulate
from litmus_server.bandits.refresh import RefreshRule
from litmus_server.domain.features import ONE, Feature, FeatureType, Schema
from litmus_server.stats.pbest import pbest_beta, pbest_normal
from scipy import stats

PARAMETERS = {"exploration": 0.6, "ridge": 1.0, "floor": 0.001, "prior_alpha": 1.0, "prior_beta": 1.0}
SCHEMA = Schema(
    (
        Feature("age", FeatureType.NUMBER, 0, 100),
        Feature("plan", FeatureType.CATEGORY, levels=("free", "pro")),
    )
)
SEGMENTS = Schema(
    (Feature("plan", FeatureType.CATEGORY, levels=("free", "pro")), Feature("member", FeatureType.BOOLEAN))
)
DIGITS = Path(__file__).parents[3] / "spec" / "bandits" / "digits.csv.gz"


def added(vectors: list[list[int]], rewards: list[int]) -> Sums:
    """Sums by the definition; rewards in micro-units."""
    d = len(vectors[0])
    outer = [sum(v[i] * v[j] for v in vectors) for i in range(d) for j in range(i + 1)]
    cross = [sum(r * v[i] for v, r in zip(vectors, rewards, strict=True)) for i in range(d)]
    return Sums(len(vectors), outer, cross, sum(r * r for r in rewards))


def people(rng: np.random.Generator, count: int, schema: Schema = SCHEMA) -> list[dict[str, Any]]:
    plans = ["free", "pro", "gold", None]
    return [
        {"age": float(rng.uniform(0, 100)), "plan": plans[rng.integers(4)], "member": bool(rng.integers(2))}
        for _ in range(count)
    ]


def learned(kind: str, schema: Schema, *, arms: int = 4, seed: int = 0, count: int = 60) -> list[Sums]:
    rng = np.random.default_rng(seed)
    found = []
    for arm in range(arms):
        vectors = [vector_of(kind, schema, each) for each in people(rng, count)]
        found.append(added(vectors, [MICRO * int(rng.random() < 0.2 + 0.1 * arm) for _ in vectors]))
    return found


def document(kind: str, schema: Schema = SCHEMA, **options: Any) -> dict[str, Any]:
    given = {"higher_is_better": True, "binary": True} | options
    return fit(kind, PARAMETERS, learned(kind, schema), schema, **given)


@pytest.mark.parametrize("kind", ["linucb", "lints", "squarecb"])
def test_a_linear_model_is_the_ridge_regression_of_each_arm(kind: str) -> None:
    sums = learned(kind, SCHEMA)
    model = read_model(
        fit(kind, PARAMETERS, sums, SCHEMA, higher_is_better=True, binary=True), kind, SCHEMA, 4
    )
    assert isinstance(model, LinearModel)
    vector = SCHEMA.encode({"age": 40, "plan": "pro"})
    expected, known = model.scores(vector)
    x, d = np.array(vector) / ONE, len(vector)
    for arm, each in enumerate(sums):
        a = np.zeros((d, d))
        a[np.tril_indices(d)] = np.array(each.outer) / ONE**2
        a = a + np.tril(a, -1).T + np.eye(d)
        assert expected[arm] == pytest.approx(
            x @ np.linalg.solve(a, np.array(each.cross) / (ONE * MICRO)), rel=1e-10
        )
        assert known[arm] == pytest.approx(np.sqrt(x @ np.linalg.solve(a, x)), rel=1e-10)


def test_scores_are_single_operations_in_the_order_of_the_columns_so_every_language_can_repeat_them() -> None:
    model = read_model(json.loads(json.dumps(document("linucb"))), "linucb", SCHEMA, 4)
    assert isinstance(model, LinearModel)
    for person in people(np.random.default_rng(7), 50):
        vector = SCHEMA.encode(person)
        met = []
        for column in range(model._columns.shape[1]):
            total = model._columns[0, column] * vector[0]
            for row in range(1, len(vector)):
                total = total + model._columns[row, column] * vector[row]
            met.append(float(total))
        expected, known = model.scores(vector)
        assert expected == met[-4:]
        for arm in range(4):
            square = met[arm] * met[arm]
            for row in range(1, len(vector)):
                square = square + met[4 * row + arm] * met[4 * row + arm]
            assert known[arm] == square**0.5


@pytest.mark.parametrize("kind", sorted(CONTEXTUAL))
def test_a_model_survives_json_and_gives_the_same_shares_in_another_process(kind: str) -> None:
    schema = SEGMENTS if kind == "segmented_thompson" else SCHEMA
    made = document(kind, schema)
    vectors = [vector_of(kind, schema, each) for each in people(np.random.default_rng(3), 40)]
    active = [True, False, True, True]
    model = read_model(made, kind, schema, 4)
    shares = [list(model.shares(vector, active)) for vector in vectors]
    assert all(
        sum(each) == 1_000_000 and each[1] == 0 and min(each[0], *each[2:]) >= 1_000 for each in shares
    )
    text = json.dumps([made, [each.document for each in schema.features], vectors, active])
    script = (
        "import json, sys\nfrom litmus_server.bandits.contextual import read_model\n"
        "from litmus_server.domain.features import schema_of\n"
        "made, features, vectors, active = json.load(sys.stdin)\n"
        "model = read_model(made, made['type'], schema_of(features), 4)\n"
        "print(json.dumps([model.shares(each, active) for each in vectors]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], input=text, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == shares


def test_lints_gives_each_arm_the_probability_that_it_is_the_best() -> None:
    made = document("lints")
    model = read_model(made, "lints", SCHEMA, 4)
    assert isinstance(model, LinearModel)
    vector = SCHEMA.encode({"age": 70, "plan": "free"})
    expected, known = model.scores(vector)
    draws = np.random.default_rng(1).normal(expected, np.array(known) * made["width"], size=(400_000, 4))
    frequencies = np.bincount(draws.argmax(axis=1), minlength=4) / 400_000
    for share, frequency in zip(model.shares(vector, [True] * 4), frequencies, strict=True):
        assert (share - 1_000) / 996_000 == pytest.approx(frequency, abs=5 * 0.5 / 400_000**0.5)


def test_linucb_gives_all_above_the_floors_to_the_highest_bound_and_shares_ties() -> None:
    made = document("linucb")
    model = read_model(made, "linucb", SCHEMA, 4)
    assert isinstance(model, LinearModel)
    for person in people(np.random.default_rng(5), 30):
        vector = SCHEMA.encode(person)
        expected, known = model.scores(vector)
        bounds = [m + 0.6 * s for m, s in zip(expected, known, strict=True)]
        shares = model.shares(vector, [True] * 4)
        assert sorted(shares) == [1_000, 1_000, 1_000, 997_000]
        assert shares.index(997_000) == bounds.index(max(bounds))
    fresh = fit(
        "linucb", PARAMETERS, [Sums.none(len(SCHEMA.columns))] * 3, SCHEMA, higher_is_better=True, binary=True
    )
    shares = read_model(fresh, "linucb", SCHEMA, 3).shares(SCHEMA.encode({}), [True, True, False])
    assert shares == (500_000, 500_000, 0)


def test_inverse_gap_weighting_takes_scores_from_anywhere() -> None:
    external = Schema(())
    sums = [Sums(100, (ONE * ONE * 100,), (0,), 0)] * 3
    parameters = PARAMETERS | {"exploration": 4.0, "floor": 0.0}
    made = fit("squarecb", parameters, sums, external, higher_is_better=True, binary=True)
    gamma = 4 * (3 * 300) ** 0.5
    assert made["gamma"] == gamma
    model = read_model(made, "squarecb", external, 3)
    p = [1 / (3 + gamma * 0.1), 1 / (3 + gamma * 0.3)]
    shares = model.shares([0.4, 0.5, 0.2], [True] * 3)
    assert shares == pytest.approx([1e6 * p[0], 1e6 * (1 - sum(p)), 1e6 * p[1]], abs=1)
    lower = fit("squarecb", PARAMETERS, sums, external, higher_is_better=False, binary=True)
    assert (
        max(
            range(3),
            key=read_model(lower, "squarecb", external, 3).shares([0.4, 0.5, 0.2], [True] * 3).__getitem__,
        )
        == 2
    )


def test_a_segment_has_the_thompson_shares_of_its_own_units() -> None:
    kind, schema = "segmented_thompson", SEGMENTS
    assert schema.segments == 12
    sums = learned(kind, schema)
    made = document(kind, schema)
    segment = schema.segment({"plan": "pro", "member": True})
    units = [each.outer[segment * (segment + 3) // 2] // ONE**2 for each in sums]
    won = [each.cross[segment] // (ONE * MICRO) for each in sums]
    assert made["segments"][segment]["units"] == units
    best = pbest_beta([1 + s for s in won], [1 + n - s for n, s in zip(units, won, strict=True)]).probability
    shares = read_model(made, kind, schema, 4).shares(
        vector_of(kind, schema, {"plan": "pro", "member": True}), [True] * 4
    )
    assert shares == pytest.approx([1_000 + 996_000 * each for each in best], abs=2)
    fewer = document(kind, schema, higher_is_better=False)["segments"][segment]["shares"]
    assert fewer.index(max(fewer)) != shares.index(max(shares))


@pytest.mark.parametrize("kind", ["linucb", "lints", "squarecb"])
def test_fewer_conversions_are_better_where_the_metric_says_so(kind: str) -> None:
    def shares(sums: list[Sums], *, higher: bool) -> tuple[int, ...]:
        made = fit(kind, PARAMETERS, sums, schema, higher_is_better=higher, binary=True)
        return read_model(made, kind, schema, 2).shares(schema.encode({"on": True}), [True, True])

    schema = Schema((Feature("on", FeatureType.BOOLEAN, required=True),))
    vector = schema.encode({"on": True})
    often, seldom = (added([vector] * 200, [MICRO] * k + [0] * (200 - k)) for k in (120, 40))
    assert shares([often, seldom], higher=True)[0] > 800_000
    assert shares([often, seldom], higher=False)[1] > 800_000


def test_where_less_is_better_the_bound_is_the_lower_one_and_the_gap_is_above_the_least() -> None:
    vector, active = vector_of("linucb", SCHEMA, {"age": 30, "plan": "pro"}), [True, True, False, True]
    told = {}
    for kind in ("linucb", "squarecb"):
        model = read_model(document(kind, higher_is_better=False), kind, SCHEMA, 4)
        told[kind] = model.beliefs(vector, active)
        best = max(range(4), key=model.shares(vector, active).__getitem__)
        mine = [each for each in told[kind] if each is not None]
        by = [each.bound if kind == "linucb" else each.gap for each in mine]
        assert told[kind][best] == mine[int(np.argmin(np.array(by, dtype=float)))]
        assert told[kind][2] is None
    for bound, gap in zip(told["linucb"], told["squarecb"], strict=True):
        if bound is not None and gap is not None:
            assert bound.expected == gap.expected
            assert (bound.bound or 0) < bound.expected
            assert (gap.gap or 0) >= 0


def test_rewards_that_are_numbers_are_explored_in_their_own_unit() -> None:
    rng = np.random.default_rng(2)
    vectors = [SCHEMA.encode(each) for each in people(rng, 200)]
    rewards = [[int(MICRO * v) for v in rng.normal(10 + arm, 4, 200)] for arm in range(3)]
    cents = [[100 * each for each in arm] for arm in rewards]
    for kind in ("linucb", "lints", "squarecb"):
        shown = []
        for unit in (rewards, cents):
            sums = [added(vectors, arm) for arm in unit]
            made = fit(kind, PARAMETERS, sums, SCHEMA, higher_is_better=True, binary=False)
            shown.append(read_model(made, kind, SCHEMA, 3).shares(vectors[0], [True] * 3))
        assert shown[0] == pytest.approx(shown[1], abs=1), kind


@given(st.permutations(range(40)), st.integers(1, 39))
@settings(max_examples=20)
def test_sums_do_not_depend_on_the_order_or_the_parts_in_which_units_came(order: list[int], cut: int) -> None:
    rng = np.random.default_rng(4)
    vectors = [SCHEMA.encode(each) for each in people(rng, 40)]
    rewards = [MICRO * int(each) for each in rng.integers(0, 2, 40)]
    parts = [
        added([vectors[k] for k in part], [rewards[k] for k in part]) for part in (order[:cut], order[cut:])
    ]
    outer, cross = (
        [a + b for a, b in zip(*sides, strict=True)]
        for sides in zip(*((p.outer, p.cross) for p in parts), strict=True)
    )
    assert Sums(40, outer, cross, sum(p.squares for p in parts)) == added(vectors, rewards)


@given(
    st.lists(st.tuples(st.floats(-5, 5), st.floats(1e-6, 10)), min_size=1, max_size=12),
)
@settings(max_examples=150, deadline=None)
def test_the_contest_is_that_of_stats_within_1e_9(arms: list[tuple[float, float]]) -> None:
    means, deviations = zip(*arms, strict=True)
    judged = pbest_normal(means, deviations).probability
    found = win_probabilities(means, deviations)
    assert found == pytest.approx(judged, abs=1e-9)
    assert sum(found) == pytest.approx(1, abs=1e-10)


def test_two_arms_contest_in_closed_form_and_arms_that_are_known_exactly_share() -> None:
    assert win_probabilities([1.0, 0.0], [3.0, 4.0])[0] == pytest.approx(stats.norm.cdf(0.2), abs=1e-15)
    assert win_probabilities([1.0, 1.0, 0.0], [0.0, 0.0, 0.0]) == [0.5, 0.5, 0.0]
    assert win_probabilities([0.0, 0.0], [0.0, 1.0]) == pytest.approx([0.5, 0.5])
    assert win_probabilities([0.0] * 60, [1.0] * 60) == pytest.approx([1 / 60] * 60)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=100), st.integers(0, 10_000))
def test_rounded_shares_sum_to_the_whole_and_none_is_off_by_more_than_one_ppm(
    arms: list[tuple[float, bool]], least: int
) -> None:
    chances = [chance if on else 0.0 for chance, on in arms]
    active = [on for _, on in arms]
    assume(sum(chances) > 1e-6)
    shares = rounded(chances, active, least)
    above = 1_000_000 - sum(active) * least
    assert sum(shares) == 1_000_000
    for share, chance, on in zip(shares, chances, active, strict=True):
        assert share == pytest.approx(above * chance / sum(chances) + (least if on else 0), abs=1.001)


@pytest.mark.parametrize(
    ("kind", "schema", "arms"), [("lints", SCHEMA, 4), ("linucb", SEGMENTS, 4), ("linucb", SCHEMA, 5)]
)
def test_a_model_of_other_features_arms_or_type_is_refused(kind: str, schema: Schema, arms: int) -> None:
    with pytest.raises(ModelMismatch):
        read_model(document("linucb"), kind, schema, arms)


def test_deciding_by_segments_or_scores_from_outside_loads_no_numpy() -> None:
    script = (
        "import sys\nfrom litmus_server.bandits.contextual import *\n"
        "from litmus_server.domain.features import *\n"
        "s = Schema((Feature('on', FeatureType.BOOLEAN),))\n"
        "row = {'shares': [400000, 600000]}\n"
        "m = {'type': 'segmented_thompson', 'schema': s.hash, 'arms': 2, 'floor': 1000, 'segments': [row] * 3}\n"
        "print(read_model(m, m['type'], s, 2).shares(vector_of(m['type'], s, {}), [True, True]))\n"
        "print(InverseGap(10.0, 0).shares([1, 2], [True, True]))\n"
        "print('numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert done.split("\n")[:3] == ["(400000, 600000)", "(83333, 916667)", "False"]


def test_with_default_settings_three_segments_cost_a_fraction_of_the_best_single_arm() -> None:
    """A few runs; all sixty, and the bar, are in bench/calibrate_contextual.py. The best single arm costs about 500."""
    for kind, exploration, most in [
        ("linucb", 0.5, 160),
        ("lints", 0.65, 160),
        ("segmented_thompson", 1, 170),
    ]:
        parameters = PARAMETERS | {"exploration": exploration}
        runs = [
            simulate(kind, parameters, segments3x4(seed), np.random.default_rng(seed), rule=RefreshRule())
            for seed in range(4)
        ]
        assert np.mean([run.regret for run in runs]) < most, kind
        assert max(run.versions for run in runs) < 250


def test_handwritten_digits_are_told_apart_after_a_few_hundred_rewards() -> None:
    with gzip.open(DIGITS) as file:
        examples = np.loadtxt(file, delimiter=",")
    stream = classification(examples[:, :-1], examples[:, -1].astype(np.int64), 16, seed=0)
    for kind, exploration in [("linucb", 0.25), ("lints", 0.4)]:
        parameters = {"exploration": exploration, "ridge": 1.0, "floor": 0.0}
        rng = np.random.default_rng(0)
        assert simulate(kind, parameters, stream, rng, rule=RefreshRule(), horizon=900).earned > 0.6
